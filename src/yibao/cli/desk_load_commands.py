"""`yibao desk load`: claims of the past into the books, all or none."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yibao.cli.agency_run import Actor, Rejects
from yibao.cli.db_commands import Place
from yibao.cli.options import AcceptGrade, AsJson, Lang, Overlays, default_language, parse_text
from yibao.cli.settle_commands import EncodingName, PolicyName

_LANGUAGE = default_language()


def register(desk: typer.Typer) -> None:
    """Add the command to `yibao desk`."""
    desk.command()(load)


def load(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Claims as `settle` reads them, with institution_id."),
    ],
    *,
    policy: PolicyName,
    load_id: Annotated[
        str,
        typer.Option("--id", metavar="ID", parser=parse_text, help="Names the load; used once."),
    ],
    rejects: Rejects = None,
    encoding: EncodingName = None,
    overlay: Overlays = None,
    accept_grade: AcceptGrade = "C",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Settle and book claims of the past, all or none.

    They are settled in the order of `settled_at`; afterwards the desk goes on as if it had settled
    them itself. Persons and when they are insured are those of the register; facts of institutions
    are those of the file. Where a row is refused nothing is loaded, and every such row goes to a
    rejects file. The same load again changes nothing.

    \b
    Example: yibao desk load claims-2025.parquet --policy tianjin --id 2025
    """
    from yibao.cli import desk_load

    how = desk_load.How(policy, overlay or [], accept_grade, encoding, rejects, actor, load_id)
    desk_load.load_files(files, how, database, lang, as_json=as_json)

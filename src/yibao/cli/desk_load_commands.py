"""`yibao desk load`: claims of the past into the books, all or none."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yibao.cli.agency_run import Rejects
from yibao.cli.options import parse_text
from yibao.cli.settle_commands import EncodingName
from yibao.cli.sharing import At, sharing


def register(desk: typer.Typer) -> None:
    """Add the command to `yibao desk`."""
    desk.command()(load)


@sharing("rules", "actor", "json")
def load(
    at: At,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Claims as `settle` reads them, with institution_id."),
    ],
    *,
    load_id: Annotated[
        str,
        typer.Option("--id", metavar="ID", parser=parse_text, help="Names the load; used once."),
    ],
    rejects: Rejects = None,
    encoding: EncodingName = None,
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

    desk_load.load_files(at, files, load_id, rejects, encoding)

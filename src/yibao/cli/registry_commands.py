"""`yibao registry …`: registers in, out and to be looked at; agreements and designation."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from yibao.cli import agreement_commands, designation_commands
from yibao.cli.agency_run import Actor
from yibao.cli.db_commands import Place
from yibao.cli.options import AsJson, Day, Lang, default_language, parse_date, parse_text
from yibao.cli.settle_commands import EncodingName
from yibao.cli.sharing import Work, reads

_LANGUAGE = default_language()

Kind = Annotated[
    str, typer.Argument(metavar="KIND", help="A register; `yibao registry kinds` lists them.")
]
OnDay = Annotated[
    date | None,
    typer.Option("--date", metavar="DATE", parser=parse_date, help="Only what holds on this day."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    registry = typer.Typer(
        help="Institutions, practitioners, catalogues, agreements.", no_args_is_help=True
    )
    registry.command()(kinds)
    registry.command()(columns)
    registry.command()(template)
    registry.command("import")(import_)
    registry.command("list")(list_)
    registry.command()(show)
    registry.command()(export)
    registry.command()(supplements)
    reads(registry, "without-agreement")(without_agreement)
    reads(registry, "draw-experts")(draw_experts)
    agreement_commands.register(registry)
    designation_commands.register(registry)
    app.add_typer(registry, name="registry")


def kinds(as_json: AsJson = False, lang: Lang = _LANGUAGE) -> None:
    """List the registers, in the order of filling them.

    \b
    Example: yibao registry kinds
    """
    from yibao.cli import registry_run

    registry_run.kinds(lang, as_json=as_json)


def columns(kind: Kind, *, as_json: AsJson = False, lang: Lang = _LANGUAGE) -> None:
    """Show the columns of a register's file and their codes.

    \b
    Example: yibao registry columns drug
    """
    from yibao.cli import registry_run

    registry_run.columns(kind, lang, as_json=as_json)


def template(
    kind: Kind,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".csv or .xlsx.")],
    lang: Lang = _LANGUAGE,
) -> None:
    """Write an empty table to fill in; in Excel a second sheet explains the columns.

    \b
    Example: yibao registry template institution institutions.xlsx
    """
    from yibao.cli import registry_run

    registry_run.template(kind, file, lang)


def import_(
    kind: Kind,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help=".csv, .csv.gz, .parquet or .xlsx files."),
    ],
    *,
    release: Annotated[
        date | None,
        typer.Option(
            "--release",
            metavar="DATE",
            parser=parse_date,
            help="The files are all that holds from this day on: what they lack ends before it.",
        ),
    ] = None,
    correct: Annotated[
        bool, typer.Option("--correct", help="Replace content that began on the same day.")
    ] = False,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Write rows that did not land, with why.")
    ] = None,
    changes: Annotated[
        Path | None,
        typer.Option("--changes", help="Write what was added, changed and ended, with before."),
    ] = None,
    actor: Actor = None,
    encoding: EncodingName = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Bring files into a register: good rows land, the others come back with the reason.

    A row says what holds from its day on; it ends the version before on the day before. The same
    file again changes nothing.

    \b
    Example: yibao registry import disease examples/jining/diseases.csv --rejects rejects.csv
             yibao registry import drug drugs-2021.csv --release 2021-03-01 --changes changes.xlsx
    """
    from yibao.cli import registry_run

    registry_run.import_files(
        database,
        kind,
        files,
        registry_run.How(actor, encoding, release, correct=correct),
        rejects=rejects,
        changes=changes,
        language=lang,
        as_json=as_json,
    )


def list_(
    kind: Kind,
    *,
    day: OnDay = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """List the entries of a register, with every version unless --date is given.

    \b
    Example: yibao registry list institution --date 2021-07-01
    """
    from yibao.cli import registry_run

    registry_run.show(database, kind, (), day, lang, as_json=as_json)


def show(
    kind: Kind,
    key: Annotated[
        list[str],
        typer.Argument(metavar="CODE…", help="The columns of its key, or the first of them."),
    ],
    *,
    day: OnDay = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show an entry: every version, or the one in force on --date.

    \b
    Example: yibao registry show institution H12010100001 --date 2021-07-01
    """
    from yibao.cli import registry_run

    registry_run.show(database, kind, key, day, lang, as_json=as_json)


def export(
    kind: Kind,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".csv, .csv.gz, .parquet or .xlsx.")],
    *,
    day: OnDay = None,
    database: Place = None,
) -> None:
    """Write a register as a file that its import reads back.

    \b
    Example: yibao registry export drug drugs.parquet --date 2021-07-01
    """
    from yibao.cli import registry_run

    registry_run.export(database, kind, file, day)


def supplements(
    day: Annotated[
        date, typer.Option("--date", metavar="DATE", parser=parse_date, help="As of this day.")
    ],
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show how far the removal of local drugs has come, batch by batch.

    \b
    Example: yibao registry supplements --date 2022-01-01
    """
    from yibao.cli import registry_run

    registry_run.supplements(database, day, lang, as_json=as_json)


def without_agreement(
    *,
    day: Day,
    tcm: Annotated[bool, typer.Option("--tcm", help="Only those of Chinese medicine.")] = False,
) -> Work:
    """List the institutions that have no agreement on a day.

    \b
    Example: yibao registry without-agreement --date 2022-01-01 --tcm
    """
    from yibao.registry import agreements

    return lambda connection, _: {
        "without_agreement": [
            {"institution": at} for at in agreements.without_agreement(connection, day, tcm=tcm)
        ]
    }


def draw_experts(
    field: Annotated[
        str, typer.Argument(metavar="FIELD", parser=parse_text, help="Such as pharmacy.")
    ],
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="How many.")],
    *,
    concerned: Annotated[
        str,
        typer.Option("--for", metavar="INSTITUTION", parser=parse_text, help="None of its own."),
    ],
    day: Day,
    seed: Annotated[int, typer.Option(help="The same draws the same, so the draw can be shown.")],
) -> Work:
    """Draw experts of a field by lot, none of the institution that is concerned.

    \b
    Example: yibao registry draw-experts pharmacy 3 --for H12010100001 --date 2022-01-01 --seed 7
    """
    from yibao.registry import find

    return lambda connection, _: {
        "seed": seed,
        "experts": [
            {"expert": name}
            for name in find.draw_experts(connection, field, number, concerned, day, seed=seed)
        ],
    }

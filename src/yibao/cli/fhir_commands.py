"""`yibao fhir`: settlements as FHIR R4 resources, and resources as rows of our own files."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from yibao.cli.options import AsJson, Lang, default_language, parse_date, parse_text
from yibao.cli.sharing import At, sharing

_LANGUAGE = default_language()

fhir = typer.Typer(
    help="FHIR R4: settlements as resources, resources as bills.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(fhir, name="fhir")


@fhir.command()
@sharing("actor", "json")
def export(
    at: At,
    *,
    settlements: Annotated[
        list[int] | None,
        typer.Option(
            "--settlement", metavar="NUMBER", min=1, max=2**63 - 1, help="May be given many times."
        ),
    ] = None,
    institution: Annotated[
        str | None,
        typer.Option("--institution", metavar="ID", parser=parse_text, help="With --day."),
    ] = None,
    day: Annotated[
        date | None,
        typer.Option("--day", metavar="DATE", parser=parse_date, help="Day of the books."),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The Bundle, a .json file.")],
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="REGION", help="Explain step by step (processNote)."),
    ] = None,
    unmask: Annotated[
        bool,
        typer.Option(
            "--unmask", help="Names, birth dates, identity numbers in full; the audit keeps it."
        ),
    ] = False,
) -> None:
    """Write settlements as a Bundle of Patient, Coverage, Claim, ClaimResponse, EOB.

    Amounts are exact, in CNY. A reversal is a ClaimResponse and an ExplanationOfBenefit of its own
    with all amounts below zero. With --policy these say how each amount comes about, with cites.

    \b
    Examples: yibao fhir export --settlement 17 -o bundle.json
              yibao fhir export --institution H12010100001 --day 2026-03-02 --policy tianjin
                -o bundle.json
    """
    from yibao.cli import fhir_run

    one_day = institution is not None and day is not None
    if bool(settlements) == one_day or (institution is None) != (day is None):
        told = "give --settlement, or --institution with --day / 请给出结算编号，或机构和日期"
        raise typer.BadParameter(told)
    wanted = fhir_run.Wanted(settlements or [], institution, day, unmask=unmask)
    fhir_run.export(at.under(policy), wanted, output)


@fhir.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="A Bundle or a resource each, as JSON.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where the tables go.")
    ],
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Turn resources into tables of our own.

    \b
    Coverage, Patient            persons.csv       yibao enrol import persons
    Claim                        bills.csv         yibao desk settle bills.csv --lines lines.csv
      its items                  lines.csv
    ClaimResponse, EOB           booked.ID.csv     yibao reconcile ID booked.ID.csv
    what is wrong                problems.csv

    A resource with a problem gives no rows, the others do. Nothing is written to a database. Exit
    code 1 where there are problems. The systems of codes and identifiers are in docs/fhir.md.

    \b
    Examples: yibao fhir import bundle.json -o tables
              yibao fhir import patient.json coverage.json claim.json -o tables
    """
    from yibao.cli import fhir_run

    fhir_run.import_(files, output, lang, as_json=as_json)

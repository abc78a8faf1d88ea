"""`yibao desk`: settle bills from files, take them back, look at what stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from yibao.cli import desk_load_commands
from yibao.cli.agency_run import Rejects
from yibao.cli.options import parse_date
from yibao.cli.settle_commands import EncodingName
from yibao.cli.sharing import At, sharing

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE…", help="Bills, a row each: .csv, .csv.gz, .parquet or .xlsx."),
]
Lines = Annotated[
    list[Path] | None,
    typer.Option("--lines", help="Item lines of the bills, a row each; may be given several times"),
]
Invoices = Annotated[
    list[Path], typer.Option("--invoices", help="Paper invoices of the bills, a row each.")
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="What each bill was settled as, as `settle` writes it."),
]
Number = Annotated[
    int, typer.Argument(metavar="NUMBER", min=1, max=2**63 - 1, help="Number of the settlement.")
]

desk = typer.Typer(help="Settle bills, take them back, look at them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    desk_load_commands.register(desk)
    app.add_typer(desk, name="desk")


@desk.command()
@sharing("rules", "actor", "json")
def settle(
    at: At,
    files: Files,
    *,
    lines: Lines = None,
    output: Output = None,
    rejects: Rejects = None,
    encoding: EncodingName = None,
) -> None:
    """Settle bills, each person's by day, each bill by itself.

    The good ones land. What is refused goes to a rejects file with the reason; corrected there, it
    can be settled as it is. Settling a file again changes nothing.

    Columns: yibao schema bills|lines --policy REGION.

    \b
    Example: yibao desk settle bills.csv --lines lines.csv --policy tianjin -o settled.csv
    """
    from yibao.cli import desk_run

    given = desk_run.Given(files, {"lines": lines or []}, encoding)
    desk_run.settle(given, at, output, rejects)


@desk.command("pre-settle")
@sharing("rules", "json")
def pre_settle(
    at: At,
    files: Files,
    *,
    lines: Lines = None,
    output: Output = None,
    rejects: Rejects = None,
    encoding: EncodingName = None,
) -> None:
    """Show who would pay what of bills, each after those before it.

    Nothing is settled.

    \b
    Example: yibao desk pre-settle bills.csv --lines lines.csv --policy tianjin
    """
    from yibao.cli import desk_run

    given = desk_run.Given(files, {"lines": lines or []}, encoding)
    desk_run.pre_settle(given, at, output, rejects)


@desk.command()
@sharing("rules", "actor", "json")
def reimburse(
    at: At,
    files: Files,
    *,
    invoices: Invoices,
    lines: Lines = None,
    output: Output = None,
    rejects: Rejects = None,
    encoding: EncodingName = None,
) -> None:
    """Settle bills that persons have paid, against their paper invoices (手工报销).

    The invoices of a bill add up to it; each stands behind one settlement. The funds then owe the
    person. What no register knows of an institution elsewhere stands in the file, as its level.

    Columns: yibao schema bills|lines|invoices --policy REGION.

    \b
    Example: yibao desk reimburse paper.csv --invoices invoices.csv --policy tianjin
    """
    from yibao.cli import desk_run

    given = desk_run.Given(files, {"lines": lines or [], "invoices": invoices}, encoding)
    desk_run.settle(given, at, output, rejects)


@desk.command()
@sharing("rules", "actor", "json")
def correct(
    at: At,
    number: Number,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The one bill that takes its place.")
    ],
    *,
    lines: Lines = None,
    invoices: Annotated[
        list[Path] | None, typer.Option("--invoices", help="Its paper invoices, where it has some.")
    ] = None,
    encoding: EncodingName = None,
) -> None:
    """Take a settlement back and settle another bill in its place, both or neither.

    So a part is refunded (the bill without it), or the right person takes the wrong one's place.
    The bill has a number of its own.

    \b
    Example: yibao desk correct 17 corrected.csv --policy tianjin
    """
    from yibao.cli import desk_run

    given = desk_run.Given([file], {"lines": lines or [], "invoices": invoices or []}, encoding)
    desk_run.correct(number, given, at)


@desk.command()
@sharing("region", "actor", "json")
def reverse(
    at: At,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="[NUMBER]…", min=1, max=2**63 - 1, help="Numbers of settlements."),
    ] = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="A file with the column settlement_id instead."),
    ] = None,
    rejects: Rejects = None,
    encoding: EncodingName = None,
) -> None:
    """Take settlements back: money, account and year are as they would be without them.

    \b
    Example: yibao desk reverse 17 18 --policy tianjin
             yibao desk reverse --file wrong.csv --policy tianjin
    """
    from yibao.cli import desk_reverse

    if bool(numbers) == (file is not None):
        raise typer.BadParameter("give NUMBERs or --file / 请给出编号或 --file 其中一个")
    if file is None:
        desk_reverse.reverse(numbers or [], at)
    else:
        desk_reverse.reverse_file(file, at, rejects, encoding)


@desk.command()
@sharing("json")
def show(at: At, number: Number) -> None:
    """Show a settlement or reversal as it stands: who pays, its lines, what was posted.

    \b
    Example: yibao desk show 17
    """
    from yibao.cli import desk_look

    desk_look.show(number, at)


@desk.command("list")
@sharing("json")
def list_(
    at: At,
    *,
    person: Annotated[str | None, typer.Option(help="Of this person.")] = None,
    institution: Annotated[str | None, typer.Option(help="Of this institution.")] = None,
    first: Annotated[
        date | None,
        typer.Option(
            "--from", metavar="DATE", parser=parse_date, help="From this day of the books on."
        ),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", metavar="DATE", parser=parse_date, help="Up to this day, included."),
    ] = None,
    after: Annotated[
        int, typer.Option(metavar="NUMBER", min=0, help="Only numbers above this one.")
    ] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
) -> None:
    """List settlements and reversals of a person, an institution or days, by number.

    \b
    Example: yibao desk list --institution H12010100001 --from 2026-03-01 --to 2026-03-31
    """
    from yibao.agency.desk.find import Wanted
    from yibao.cli import desk_look

    if all(given is None for given in (person, institution, first, last)):
        told = "give --person, --institution, --from or --to / 请给出人员、机构或日期"
        raise typer.BadParameter(told)
    if first is not None and last is not None:
        _require_order(first, last)
    wanted = Wanted(person, institution, first, last, after)
    desk_look.list_(wanted, limit, at)


@desk.command()
@sharing("json")
def connections(
    at: At,
    *,
    first: Annotated[
        date, typer.Option("--from", metavar="DATE", parser=parse_date, help="From this day on.")
    ],
    last: Annotated[
        date,
        typer.Option("--to", metavar="DATE", parser=parse_date, help="Up to this day, included."),
    ],
) -> None:
    """Show which institutions settle directly since when, and how much is brought on paper.

    Bills that stand count, by the day of the books; what was taken back does not.

    \b
    Example: yibao desk connections --from 2026-01-01 --to 2026-12-31
    """
    from yibao.cli import desk_connections

    _require_order(first, last)
    desk_connections.connected(first, last, at)


@desk.command()
@sharing("region", "json")
def explain(
    at: At,
    number: Number,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Steps that changed nothing too, and every alternative.")
    ] = False,
) -> None:
    """Explain a settlement step by step, from what was kept of it.

    Refused where other rules settled it than those loaded.

    \b
    Example: yibao desk explain 17 --policy tianjin
    """
    from yibao.cli import desk_explain

    desk_explain.explain(number, replace(at, accept_grade="D"), full=full)


@desk.command()
@sharing("region")
def sheet(
    at: At,
    number: Number,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="An .xlsx file.")],
) -> None:
    """Write a settlement as a workbook: what was settled, its lines, every step.

    \b
    Example: yibao desk sheet 17 --policy tianjin -o 17.xlsx
    """
    from yibao.cli import desk_explain

    if output.suffix.lower() != ".xlsx":
        raise typer.BadParameter("an .xlsx file is needed / 应为 .xlsx 文件")
    desk_explain.sheet(number, replace(at, accept_grade="D"), output)


def _require_order(first: date, last: date) -> None:
    if last < first:
        raise typer.BadParameter(f"--to {last} is before --from {first} / 起止日期颠倒")

"""`yibao contributions`: bills, receipts, arrears, and taking back what was a mistake.

`quote` and `coverage`, which only say what the rules do, are in `procedure_commands`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from yibao.cli.agency_run import Rejects
from yibao.cli.options import (
    BookDay,
    BookDayOrFirst,
    Reference,
    Why,
    YuanOrAll,
    parse_date,
    parse_month,
)
from yibao.cli.settle_commands import EncodingName
from yibao.cli.sharing import At, sharing

if TYPE_CHECKING:
    from yibao.agency.runs import Run

Month = Annotated[
    date | None, typer.Option(metavar="MONTH", parser=parse_month, help="Such as 2022-09.")
]
Year = Annotated[int | None, typer.Option(metavar="YEAR", min=1990, max=2100, help="Such as 2022.")]
Refused = Annotated[
    Path | None, typer.Option("-o", "--output", help="Write who was refused, and why.")
]
BillNumber = Annotated[int, typer.Argument(metavar="BILL", help="As `enrol show` has it.")]

contributions = typer.Typer(
    help="Contributions: what is due, bills, receipts, corrections.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(contributions, name="contributions")


@contributions.command()
@sharing("rules", "actor", "json")
def bill(
    at: At,
    *,
    month: Month = None,
    year: Year = None,
    scheme: Annotated[
        Literal["resident", "employee"], typer.Option(help="With --year: whom to bill.")
    ] = "resident",
    item: Annotated[
        Literal["basic", "large_expense"], typer.Option(help="With --year: what for.")
    ] = "basic",
    on_day: BookDayOrFirst = None,
    output: Refused = None,
) -> None:
    """Bill a month of all employees, a year of all residents.

    Doing it again changes nothing.

    \b
    Example: yibao contributions bill --policy tianjin --month 2022-09
             yibao contributions bill --policy tianjin --year 2022
    """
    from yibao.cli import contributions_run

    def run() -> Run:
        return contributions_run.bill(
            at, month=month, year=year, scheme=scheme, item=item, on_day=on_day
        )

    contributions_run.over_all(at, run, output)


@contributions.command()
@sharing("rules", "actor", "json")
def receive(
    at: At,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="The bank's: .csv, .parquet or .xlsx.")
    ],
    *,
    rejects: Rejects = None,
    encoding: EncodingName = None,
) -> None:
    """Enter receipts of the bank.

    The oldest months are paid first, and cover follows.

    Columns: reference, payer (a person, an employer, household:ID, finance …), received_on, amount.

    \b
    Example: yibao contributions receive bank-2022-09.csv --policy tianjin
    """
    from yibao.cli import contributions_run

    contributions_run.receive(files, rejects, encoding, at)


@contributions.command()
@sharing("actor", "json")
def arrears(
    at: At,
    *,
    day: Annotated[
        date, typer.Option("--date", metavar="DATE", parser=parse_date, help="Owed by this day.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help=".csv, .parquet or .xlsx.")],
) -> None:
    """List what is owed for months begun by a day.

    \b
    Example: yibao contributions arrears --date 2022-12-31 -o arrears.xlsx
    """
    from yibao.cli import contributions_run

    contributions_run.arrears(day, output, at)


@contributions.command()
@sharing("rules", "actor", "json")
def surcharge(
    at: At,
    *,
    day: Annotated[
        date,
        typer.Option("--date", metavar="DATE", parser=parse_date, help="What came by this day."),
    ],
    payer: Annotated[str, typer.Option(metavar="EMPLOYER", help="Of this employer alone.")] = "",
) -> None:
    """Charge employers for what came late, at the rate in force.

    Each receipt is charged once. A surcharge is waived by cancelling its bill.

    \b
    Example: yibao contributions surcharge --policy tianjin --date 2022-12-31
    """
    from yibao.cli import contributions_run

    contributions_run.surcharge(at, day, payer)


@contributions.command()
@sharing("rules", "actor", "json")
def cancel(at: At, number: BillNumber, *, reason: Why, on_day: BookDay) -> None:
    """Take back a bill; it can be made anew then.

    What has come for it is held for who paid: it pays the next bill, or is refunded.

    \b
    Example: yibao contributions cancel 17 --policy tianjin --on 2022-09-02 --reason "wrong person"
    """
    from yibao.agency.corrections.bills import Correction
    from yibao.cli import contributions_run

    contributions_run.cancel(at, Correction(number, on_day, reason))


@contributions.command()
@sharing("rules", "actor", "json")
def rebill(at: At, number: BillNumber, *, reason: Why, on_day: BookDay) -> None:
    """Make a bill anew by what is known now, such as another wage.

    What has come pays for it; what is too much is held for who paid.

    \b
    Example: yibao contributions rebill 17 --policy tianjin --on 2022-10-02 --reason "wrong wage"
    """
    from yibao.agency.corrections.bills import Correction
    from yibao.cli import contributions_run

    contributions_run.rebill(at, Correction(number, on_day, reason))


@contributions.command("give-up")
@sharing("rules", "actor", "json")
def give_up(
    at: At,
    number: BillNumber,
    *,
    because: Annotated[
        Literal["death", "elsewhere", "other_scheme"],
        typer.Option(help="Why; it must stand in the register."),
    ],
    since: Annotated[
        date,
        typer.Option("--since", metavar="DATE", parser=parse_date, help="The day it came about."),
    ],
    reason: Why,
    on_day: BookDay,
) -> None:
    """Give back months of a bill after a death or a double enrolment.

    Of the employees every month that begins later; a year of the residents only as a whole, when
    the reason came about before its benefit period began. The money is held for who paid.

    \b
    Example: yibao contributions give-up 17 --policy tianjin --because death --since 2021-12-30
               --on 2022-01-10 --reason "certificate 881"
    """
    from yibao.agency.corrections.bills import Correction
    from yibao.cli import contributions_run

    contributions_run.give_up(at, Correction(number, on_day, reason), because, since)


@contributions.command()
@sharing("actor", "json")
def refund(
    at: At,
    payer: Annotated[str, typer.Argument(metavar="PAYER", help="As `receive` names payers.")],
    *,
    reference: Reference,
    amount: YuanOrAll = None,
    reason: Why,
    on_day: BookDay,
) -> None:
    """Pay back what is held for a payer.

    \b
    Example: yibao contributions refund U-1001 --reference T-31 --on 2022-10-09 --reason overpaid
    """
    from yibao.agency.contributions.held import Refund
    from yibao.cli import contributions_run

    contributions_run.refund(at, Refund(reference, payer, on_day, reason, amount or 0))


@contributions.command("take-back")
@sharing("rules", "actor", "json")
def take_back(
    at: At,
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="The receipt's.")],
    *,
    reason: Why,
    on_day: BookDay,
) -> None:
    """Take back a receipt entered by mistake, with the cover and credits that followed.

    Where claims, a refund or a spent credit stand in the way it is refused and they are named.

    \b
    Example: yibao contributions take-back B-7781 --policy tianjin --on 2022-09-12
               --reason "file of another city"
    """
    from yibao.agency.contributions.takeback import Mistake
    from yibao.cli import contributions_run

    contributions_run.take_back(at, Mistake(reference, on_day, reason))

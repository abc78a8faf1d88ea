"""`yibao clearing`: pay institutions month by month; advances, deposits, reserves."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from yibao.cli.database import Actor
from yibao.cli.db_commands import Place
from yibao.cli.options import (
    AsJson,
    Lang,
    default_language,
    parse_amount,
    parse_date,
    parse_month,
    parse_text,
)
from yibao.cli.settle_commands import EncodingName

_LANGUAGE = default_language()

clearing = typer.Typer(
    help="Pay institutions by month; deposits, reserves.",
    no_args_is_help=True,
)


def _rate(text: str) -> Fraction:
    from yibao.errors import MoneyError
    from yibao.money import parse_rate

    try:
        found = parse_rate(text)
    except MoneyError as error:
        raise typer.BadParameter(str(error)) from None
    if found > 1:
        raise typer.BadParameter(f"{text!r} is above 100%")
    return found


Institution = Annotated[
    str,
    typer.Argument(metavar="INSTITUTION", parser=parse_text, help="The institution's id."),
]
Number = Annotated[
    int, typer.Argument(metavar="DEDUCTION", min=1, max=2**63 - 1, help="Its number; see show.")
]
Month = Annotated[
    date, typer.Argument(metavar="MONTH", parser=parse_month, help="A month such as 2026-03.")
]
Year = Annotated[int, typer.Argument(metavar="YEAR", min=2015, max=2100)]
Fund = Annotated[str, typer.Argument(metavar="FUND", help="Such as pool_pay.")]
Yuan = Annotated[int, typer.Argument(metavar="YUAN", parser=parse_amount, help="As 80000.00.")]
Region = Annotated[
    str,
    typer.Argument(metavar="REGION", parser=parse_text, help="Its division code, as 130000."),
]
Day = Annotated[
    date | None,
    typer.Option("--day", metavar="DATE", parser=parse_date, help="Day of the books; else today."),
]
Cite = Annotated[
    str | None,
    typer.Option(
        "--cite", metavar="TEXT", parser=parse_text, help="Where the figure is laid down."
    ),
]
PolicyOf = Annotated[
    str | None,
    typer.Option("--policy", metavar="REGION", help="Take the figure from a region's documents."),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", parser=parse_text, help="Why.")]
Share = Annotated[Fraction, typer.Option("--rate", metavar="RATE", parser=_rate, help="As 2%.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(clearing, name="clearing")


@clearing.command()
def apply(
    institution: Institution,
    month: Month,
    *,
    by: Actor,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Apply for a month of an institution.

    For all that was settled by its last day and not applied for yet. Once for each institution and
    month. What comes later falls into the next month.

    \b
    Example: yibao clearing apply H12010000001 2026-03 --by "Li Ming"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    clearing_run.apply(run, institution, month)


@clearing.command()
def audit(
    institution: Institution,
    month: Month,
    *,
    by: Actor,
    deductions: Annotated[
        Path | None,
        typer.Option(
            "--deductions",
            metavar="FILE",
            help="fund, visit, amount, reason, claim_no; .csv, .csv.gz, .parquet or .xlsx.",
        ),
    ] = None,
    policy: PolicyOf = None,
    deposit_rate: Annotated[
        Fraction | None,
        typer.Option(
            "--deposit-rate", metavar="RATE", parser=_rate, help="Instead of --policy, with --cite."
        ),
    ] = None,
    cite: Cite = None,
    day: Day = None,
    encoding: EncodingName = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Deduct what an audit found, and withhold the deposit.

    The deposit's rate comes from a region's documents or is given with its source; there is no
    other. A file with a wrong row changes nothing.

    \b
    Examples: yibao clearing audit H12010000001 2026-03 --policy jining --by "Wang Fang"
              yibao clearing audit H12010000001 2026-03 --deductions deductions.csv
                --deposit-rate 5% --cite "agreement 2026, 12" --by "Wang Fang"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    rate = clearing_run.deposit_rate(policy, deposit_rate, cite)
    clearing_run.audit(run, (institution, month), rate, deductions, encoding)


@clearing.command()
def pay(
    institution: Institution,
    month: Month,
    *,
    by: Actor,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Pay an audited month.

    Once, by somebody else than who audited it. What the institution owes is taken off first;
    December settles working capital.

    \b
    Example: yibao clearing pay H12010000001 2026-03 --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    clearing_run.pay(run, institution, month)


@clearing.command("list")
def list_(
    *,
    institution: Annotated[
        str | None,
        typer.Option("--institution", parser=parse_text, help="Only its months."),
    ] = None,
    month: Annotated[
        date | None,
        typer.Option("--month", metavar="MONTH", parser=parse_month, help="Only this month."),
    ] = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """List the months applied for.

    \b
    Example: yibao clearing list --month 2026-03
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, "", None, lang, as_json=as_json)
    clearing_run.list_(run, institution, month)


@clearing.command()
def show(
    institution: Institution,
    month: Month,
    *,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show a month, with the numbers of its deductions.

    \b
    Example: yibao clearing show H12010000001 2026-03
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, "", None, lang, as_json=as_json)
    clearing_run.show(run, institution, month)


@clearing.command()
def appeal(
    deduction: Number,
    *,
    reason: Reason,
    by: Actor,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Appeal against a deduction, once. It stands until it is decided.

    \b
    Example: yibao clearing appeal 17 --reason "the record shows both" --by "Hospital 3"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    clearing_run.appeal(run, deduction, reason)


@clearing.command()
def decide(
    deduction: Number,
    *,
    upheld: Annotated[
        bool, typer.Option("--uphold/--give-back", help="The deduction stands, or not.")
    ],
    reason: Reason,
    by: Actor,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Decide an appeal, once. What is given back is paid with the next month.

    \b
    Example: yibao clearing decide 17 --give-back --reason "found in the record" --by "Sun Yu"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    clearing_run.decide(run, deduction, upheld=upheld, reason=reason)


@clearing.command()
def advance(
    institution: Institution,
    year: Year,
    *,
    by: Actor,
    policy: PolicyOf = None,
    months: Annotated[
        int | None,
        typer.Option("--months", min=1, max=12, help="Instead of --policy, with --cite."),
    ] = None,
    cite: Cite = None,
    months_of: Annotated[
        int,
        typer.Option(
            "--months-of", min=1, max=12, help="Months under agreement in the year before."
        ),
    ] = 12,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Advance working capital for a year.

    So many months' average of the year before. It is settled with the payment of December.

    \b
    Example: yibao clearing advance H37080000001 2022 --policy jining --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    laid_down = clearing_run.working_capital(run, policy, months, cite)
    clearing_run.advance(run, (institution, year), laid_down, months_of)


@clearing.command()
def repay(
    institution: Institution,
    year: Year,
    *,
    by: Actor,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Book working capital that is paid back.

    What is left of it after the year's last payment.

    \b
    Example: yibao clearing repay H12010000001 2026 --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    clearing_run.repay(run, institution, year)


@clearing.command()
def release(
    institution: Institution,
    year: Year,
    *,
    rate: Share,
    reason: Reason,
    by: Actor,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Return a year's deposits.

    As much of them as the assessment says; the rest is kept.

    \b
    Example: yibao clearing release H12010000001 2026 --rate 90%
               --reason "assessed at 90 points" --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    clearing_run.release(run, (institution, year), rate, reason)


@clearing.command("set-aside")
def set_aside(
    fund: Fund,
    year: Year,
    *,
    rate: Share,
    cite: Annotated[
        str,
        typer.Option("--cite", metavar="TEXT", parser=parse_text, help="Where it is laid down."),
    ],
    by: Actor,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Set a share of a year's income aside as reserve.

    Once for each fund and year.

    \b
    Example: yibao clearing set-aside pool_pay 2026 --rate 2% --cite "measures of 2020, 3"
               --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    clearing_run.set_aside(run, (fund, year), rate, cite)


@clearing.command()
def draw(
    fund: Fund,
    amount: Yuan,
    *,
    reason: Reason,
    by: Actor,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Draw on a fund's risk reserve.

    At most what it holds goes back to the fund's balance.

    \b
    Example: yibao clearing draw pool_pay 80000.00 --reason "deficit of 2026" --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    clearing_run.draw(run, fund, amount, reason)


@clearing.command("region-advance")
def region_advance(
    region: Region,
    fund: Fund,
    amount: Yuan,
    *,
    by: Actor,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Pay another region ahead of bills.

    \b
    Example: yibao clearing region-advance 130000 pool_pay 1000000.00 --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    clearing_run.region_advance(run, region, fund, amount)


@clearing.command("region-clear")
def region_clear(
    region: Region,
    month: Month,
    fund: Fund,
    amount: Yuan,
    *,
    reserve_first: Annotated[
        bool,
        typer.Option("--reserve-first", help="The risk reserve bears it until it is empty."),
    ] = False,
    by: Actor,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Book and pay another region's month.

    What the bills of our insured there came to, once for each month and fund. What was paid ahead
    is taken off first.

    \b
    Example: yibao clearing region-clear 370800 2022-03 pool_pay 120000.00 --reserve-first
               --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    clearing_run.region_clear(run, (region, month), (fund, amount), reserve_first=reserve_first)


@clearing.command("region-return")
def region_return(
    region: Region,
    *,
    by: Actor,
    day: Day = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Book what a region returns of money paid ahead.

    \b
    Example: yibao clearing region-return 130000 --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    run = clearing_run.Run(database, by, day, lang, as_json=as_json)
    clearing_run.region_return(run, region)

"""`yibao clearing`: pay institutions month by month; for what spans a year, `clearing_year`."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from yibao.cli import clearing_year_commands
from yibao.cli.clearing_options import (
    Cite,
    Institution,
    Month,
    Number,
    PolicyOf,
    Reason,
    parse_rate,
)
from yibao.cli.options import parse_month, parse_text
from yibao.cli.settle_commands import EncodingName
from yibao.cli.sharing import At, sharing

clearing = typer.Typer(
    help="Pay institutions by month; deposits, reserves.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    clearing_year_commands.register(clearing)
    app.add_typer(clearing, name="clearing")


@clearing.command()
@sharing("by", "day", "json")
def apply(
    at: At,
    institution: Institution,
    month: Month,
    *,
    early: Annotated[
        bool, typer.Option("--early", help="Close the month before it is over; with --day.")
    ] = False,
) -> None:
    """Apply for a month of an institution.

    For all that was settled by its last day and not applied for yet. Once for each institution and
    month, when it is over. What comes later falls into the next month.

    \b
    Example: yibao clearing apply H12010000001 2026-03 --by "Li Ming"
    """
    from yibao.cli import clearing_run

    clearing_run.apply(at, institution, month, early=early)


@clearing.command()
@sharing("by", "day", "json")
def audit(
    at: At,
    institution: Institution,
    month: Month,
    *,
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
            "--deposit-rate",
            metavar="RATE",
            parser=parse_rate,
            help="Instead of --policy, with --cite.",
        ),
    ] = None,
    cite: Cite = None,
    encoding: EncodingName = None,
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

    rate = clearing_run.deposit_rate(policy, deposit_rate, cite)
    clearing_run.audit(at.under(policy), (institution, month), rate, deductions, encoding)


@clearing.command()
@sharing("by", "day", "json")
def pay(at: At, institution: Institution, month: Month) -> None:
    """Pay an audited month.

    Once, by somebody else than who audited it. What the institution owes is taken off first;
    December settles working capital.

    \b
    Example: yibao clearing pay H12010000001 2026-03 --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    clearing_run.pay(at, institution, month)


@clearing.command("list")
@sharing("json")
def list_(
    at: At,
    *,
    institution: Annotated[
        str | None,
        typer.Option("--institution", parser=parse_text, help="Only its months."),
    ] = None,
    month: Annotated[
        date | None,
        typer.Option("--month", metavar="MONTH", parser=parse_month, help="Only this month."),
    ] = None,
) -> None:
    """List the months applied for.

    \b
    Example: yibao clearing list --month 2026-03
    """
    from yibao.cli import clearing_run

    clearing_run.list_(at, institution, month)


@clearing.command()
@sharing("json")
def show(at: At, institution: Institution, month: Month) -> None:
    """Show a month, with the numbers of its deductions.

    \b
    Example: yibao clearing show H12010000001 2026-03
    """
    from yibao.cli import clearing_run

    clearing_run.show(at, institution, month)


@clearing.command()
@sharing("by", "day", "json")
def appeal(at: At, deduction: Number, *, reason: Reason) -> None:
    """Appeal against a deduction, once. It stands until it is decided.

    \b
    Example: yibao clearing appeal 17 --reason "the record shows both" --by "Hospital 3"
    """
    from yibao.cli import clearing_run

    clearing_run.appeal(at, deduction, reason)


@clearing.command()
@sharing("by", "day", "json")
def decide(
    at: At,
    deduction: Number,
    *,
    upheld: Annotated[
        bool, typer.Option("--uphold/--give-back", help="The deduction stands, or not.")
    ],
    reason: Reason,
) -> None:
    """Decide an appeal, once. What is given back is paid with the next month.

    \b
    Example: yibao clearing decide 17 --give-back --reason "found in the record" --by "Sun Yu"
    """
    from yibao.cli import clearing_run

    clearing_run.decide(at, deduction, upheld=upheld, reason=reason)

"""`yibao clearing`: what spans a year, reserves, other regions."""

from __future__ import annotations

from typing import Annotated

import typer

from yibao.cli.clearing_options import (
    Cite,
    Fund,
    Institution,
    Month,
    PolicyOf,
    Reason,
    Region,
    Share,
    Year,
    Yuan,
)
from yibao.cli.options import parse_text
from yibao.cli.sharing import At, sharing


def register(clearing: typer.Typer) -> None:
    """Add the commands to `yibao clearing`."""
    clearing.command()(advance)
    clearing.command()(repay)
    clearing.command()(release)
    clearing.command("set-aside")(set_aside)
    clearing.command()(draw)
    clearing.command("region-advance")(region_advance)
    clearing.command("region-clear")(region_clear)
    clearing.command("region-return")(region_return)


@sharing("by", "day", "json")
def advance(
    at: At,
    institution: Institution,
    year: Year,
    *,
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
) -> None:
    """Advance working capital for a year.

    So many months' average of the year before. It is settled with the payment of December.

    \b
    Example: yibao clearing advance H37080000001 2022 --policy jining --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    laid_down = clearing_run.working_capital(at, policy, months, cite)
    clearing_run.advance(at.under(policy), (institution, year), laid_down, months_of)


@sharing("by", "day", "json")
def repay(at: At, institution: Institution, year: Year) -> None:
    """Book working capital that is paid back.

    What is left of it after the year's last payment.

    \b
    Example: yibao clearing repay H12010000001 2026 --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    clearing_run.repay(at, institution, year)


@sharing("by", "day", "json")
def release(at: At, institution: Institution, year: Year, *, rate: Share, reason: Reason) -> None:
    """Return a year's deposits.

    As much of them as the assessment says; the rest is kept.

    \b
    Example: yibao clearing release H12010000001 2026 --rate 90%
               --reason "assessed at 90 points" --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    clearing_run.release(at, (institution, year), rate, reason)


@sharing("by", "day", "json")
def set_aside(
    at: At,
    fund: Fund,
    year: Year,
    *,
    rate: Share,
    cite: Annotated[
        str,
        typer.Option("--cite", metavar="TEXT", parser=parse_text, help="Where it is laid down."),
    ],
) -> None:
    """Set a share of a year's income aside as reserve.

    Once for each fund and year.

    \b
    Example: yibao clearing set-aside resident.pool_pay 2026 --rate 2% --cite "measures of 2020, 3"
               --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    clearing_run.set_aside(at, (fund, year), rate, cite)


@sharing("by", "day", "json")
def draw(at: At, fund: Fund, amount: Yuan, *, reason: Reason) -> None:
    """Draw on a fund's risk reserve.

    At most what it holds goes back to the fund's balance.

    \b
    Example: yibao clearing draw resident.pool_pay 80000.00 --reason "deficit" --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    clearing_run.draw(at, fund, amount, reason)


@sharing("by", "day", "json")
def region_advance(at: At, region: Region, fund: Fund, amount: Yuan) -> None:
    """Pay another region ahead of bills.

    \b
    Example: yibao clearing region-advance 130000 resident.pool_pay 1000000.00 --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    clearing_run.region_advance(at, region, fund, amount)


@sharing("by", "day", "json")
def region_clear(
    at: At,
    region: Region,
    month: Month,
    fund: Fund,
    amount: Yuan,
    *,
    reserve_first: Annotated[
        bool,
        typer.Option("--reserve-first", help="The risk reserve bears it until it is empty."),
    ] = False,
) -> None:
    """Book and pay another region's month.

    What the bills of our insured there came to, once for each month and fund. What was paid ahead
    is taken off first.

    \b
    Example: yibao clearing region-clear 370800 2022-03 resident.pool_pay 120000.00 --reserve-first
               --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    clearing_run.region_clear(at, (region, month), (fund, amount), reserve_first=reserve_first)


@sharing("by", "day", "json")
def region_return(at: At, region: Region) -> None:
    """Book what a region returns of money paid ahead.

    \b
    Example: yibao clearing region-return 130000 --by "Zhao Lei"
    """
    from yibao.cli import clearing_run

    clearing_run.region_return(at, region)

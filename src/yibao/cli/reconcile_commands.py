"""`yibao reconcile`: an institution's days against the desk and the ledger."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from yibao.cli.options import parse_date, parse_text
from yibao.cli.settle_commands import EncodingName
from yibao.cli.sharing import At, sharing


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(reconcile)


@sharing("json")
def reconcile(
    at: At,
    institution: Annotated[
        str, typer.Argument(metavar="INSTITUTION", parser=parse_text, help="Its id.")
    ],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help="What it has booked: .csv, .csv.gz, .parquet or .xlsx."
        ),
    ],
    *,
    day: Annotated[
        date | None,
        typer.Option("--day", metavar="DATE", parser=parse_date, help="The day to reconcile."),
    ] = None,
    first: Annotated[
        date | None,
        typer.Option("--from", metavar="DATE", parser=parse_date, help="Or several days: from"),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", metavar="DATE", parser=parse_date, help="and to this day."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write every difference: .xlsx, .csv or .parquet."),
    ] = None,
    encoding: EncodingName = None,
) -> None:
    """Compare an institution, the desk and the ledger.

    FILE has one row for each settlement and refund: claim_no, person_id, kind (settle or refund),
    scheme (may be empty), total, fund_pay, account_pay, cash_pay, settled_at. Every difference is
    told with its class and with what it makes the sums differ by: missing on one side, taken back
    on one side only, booked twice, another amount, day, scheme or person. Exit code 1 where there
    are differences or rows that cannot be read.

    \b
    Examples: yibao reconcile H12010000001 2026-03-02.csv --day 2026-03-02
              yibao reconcile H12010000001 week.xlsx --from 2026-08-08 --to 2026-08-13
                -o differences.xlsx
    """
    from yibao.cli import reconcile_run

    if (day is None) == (first is None and last is None) or (first is None) != (last is None):
        raise typer.BadParameter("--day, or --from and --to, is needed / 请给出 --day 或起止日期")
    period = (first or day, last or day)
    assert period[0] is not None
    assert period[1] is not None
    if period[1] < period[0]:
        raise typer.BadParameter(f"--to {period[1]} is before --from {period[0]} / 起止日期颠倒")
    run = reconcile_run.Run(institution, (period[0], period[1]), files, encoding, output)
    reconcile_run.reconcile(at, run)

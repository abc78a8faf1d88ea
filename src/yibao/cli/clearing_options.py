"""Arguments and options that the clearing commands share."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Annotated

import typer

from yibao.cli.options import parse_amount, parse_month, parse_text


def parse_rate(text: str) -> Fraction:
    from yibao import money
    from yibao.errors import MoneyError

    try:
        found = money.parse_rate(text)
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
Fund = Annotated[str, typer.Argument(metavar="FUND", help="Such as resident.pool_pay.")]
Yuan = Annotated[int, typer.Argument(metavar="YUAN", parser=parse_amount, help="As 80000.00.")]
Region = Annotated[
    str,
    typer.Argument(metavar="REGION", parser=parse_text, help="Its division code, as 130000."),
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
Share = Annotated[
    Fraction, typer.Option("--rate", metavar="RATE", parser=parse_rate, help="As 2%.")
]

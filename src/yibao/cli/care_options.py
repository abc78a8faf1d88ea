"""Options that the commands around the desk share."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from yibao.cli.options import parse_date, parse_text


def parse_time(text: str) -> datetime:
    """Return a time such as 2022-03-01T09:30; without a zone it is that of China."""
    from yibao.agency.dispensing.prescriptions import ZONE

    try:
        at = datetime.fromisoformat(text)
        parse_date(at.date().isoformat())
    except (ValueError, typer.BadParameter):
        raise typer.BadParameter(f"{text!r} is not a time such as 2022-03-01T09:30") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=ZONE)


def parse_remark(text: str) -> str:
    """Return a text given on the command line, which may be empty."""
    return text and parse_text(text)


PersonId = Annotated[
    str, typer.Argument(metavar="PERSON", parser=parse_text, help="The person's id.")
]
Disease = Annotated[
    str, typer.Argument(metavar="DISEASE", parser=parse_text, help="Code of the disease.")
]
Institution = Annotated[
    str,
    typer.Option("--at", metavar="INSTITUTION", parser=parse_text, help="Which institution."),
]
Day = Annotated[
    date, typer.Option("--date", metavar="DATE", parser=parse_date, help="The day on which.")
]
First = Annotated[
    date, typer.Option("--from", metavar="DATE", parser=parse_date, help="First day, inclusive.")
]
Last = Annotated[
    date | None,
    typer.Option("--to", metavar="DATE", parser=parse_date, help="Last day, inclusive; else open."),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", parser=parse_text, help="Why.")]
Remark = Annotated[str, typer.Option("--reason", metavar="TEXT", parser=parse_remark, help="Why.")]
At = Annotated[
    datetime,
    typer.Option("--time", metavar="TIME", parser=parse_time, help="When: 2022-03-01T09:30."),
]
Cite = Annotated[
    str, typer.Option(metavar="TEXT", parser=parse_text, help="Where it is laid down.")
]

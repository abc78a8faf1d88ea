"""Options that commands share, so that they are named and explained alike everywhere."""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Annotated, Literal

import typer

from yibao.errors import MoneyError
from yibao.money import parse_yuan

Language = Literal["zh", "en"]
GradeName = Literal["A", "B", "C", "D"]

CHINA = timezone(timedelta(hours=8))
"""The time of China, which has had no other since 1992."""


def default_language() -> Language:
    """Return the language of YIBAO_LANG, else English where LANG asks for it, else Chinese."""
    match os.environ.get("YIBAO_LANG"):
        case "zh" | "en" as chosen:
            return chosen
    return "en" if os.environ.get("LANG", "").lower().startswith("en") else "zh"


def parse_date(text: str) -> date:
    """Return the day of an ISO date given on the command line."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.max
    if day.year > 2999:  # nothing that counts days on from it may leave the calendar
        raise typer.BadParameter(f"{text!r} is not a day such as 2021-06-22")
    return day


def parse_month(text: str) -> date:
    """Return the first day of a month given on the command line as 2026-03."""
    try:
        return parse_date(f"{text}-01")
    except typer.BadParameter:
        raise typer.BadParameter(f"{text!r} is not a month such as 2026-03") from None


def parse_time(text: str) -> datetime:
    """Return the instant of a local time given on the command line; a day alone is its end."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time such as 2026-03-31T18:00") from None
    if day is not None:
        found = datetime.combine(day, time.max)
    return found if found.tzinfo else found.replace(tzinfo=CHINA)


def parse_text(text: str) -> str:
    """Return a text given on the command line, such as an id or a reason: it says something."""
    if not text.strip() or not text.isprintable():
        raise typer.BadParameter(f"{text!a}: a printable text is needed / 应为可见的文字")
    return text.strip()


def parse_amount(text: str) -> int:
    """Return the fen of an amount in yuan given on the command line."""
    try:
        return parse_yuan(text)
    except MoneyError as error:
        raise typer.BadParameter(str(error)) from None


RegionName = Annotated[
    str, typer.Argument(metavar="REGION", help="A region of `policy list`, or a pack's folder.")
]
RegionNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="[REGION]…", help="Regions or folders of packs; else all that ship."),
]
Overlays = Annotated[
    list[Path] | None,
    typer.Option("--overlay", metavar="DIR", help="A further document folder; repeatable."),
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="DOC", help="Leave this document out; repeatable."),
]
AcceptGrade = Annotated[
    GradeName, typer.Option("--accept-grade", help="The worst grade of figure that may be used.")
]
Known = Annotated[
    date | None,
    typer.Option(
        "--known", metavar="DATE", parser=parse_date, help="Only what was published by that day."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Lang = Annotated[
    Language, typer.Option("--lang", envvar="YIBAO_LANG", help="Language of texts and messages.")
]


# --- of the agency's commands ---------------------------------------------------------------------


def parse_remark(text: str) -> str:
    """Return a text given on the command line, which may be empty."""
    return text and parse_text(text)


def parse_moment(text: str) -> datetime:
    """Return a time such as 2022-03-01T09:30; without a zone it is that of China."""
    try:
        at = datetime.fromisoformat(text)
        parse_date(at.date().isoformat())
    except (ValueError, typer.BadParameter):
        raise typer.BadParameter(f"{text!r} is not a time such as 2022-03-01T09:30") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=CHINA)


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
Moment = Annotated[
    datetime,
    typer.Option("--time", metavar="TIME", parser=parse_moment, help="When: 2022-03-01T09:30."),
]
Cite = Annotated[
    str, typer.Option(metavar="TEXT", parser=parse_text, help="Where it is laid down.")
]
BookDay = Annotated[
    date, typer.Option("--on", metavar="DATE", parser=parse_date, help="The day of the books.")
]
BookDayOrFirst = Annotated[
    date | None,
    typer.Option(
        "--on", metavar="DATE", parser=parse_date, help="The day of the books; else the first."
    ),
]
Why = Annotated[str, typer.Option("--reason", parser=parse_text, help="Why, for the audit.")]
Reference = Annotated[
    str, typer.Option(parser=parse_text, help="A number of its own: it happens once.")
]
Yuan = Annotated[
    int, typer.Option("--amount", metavar="YUAN", parser=parse_amount, help="Such as 320.00.")
]
YuanOrAll = Annotated[
    int | None,
    typer.Option(
        "--amount", metavar="YUAN", parser=parse_amount, help="Such as 320.00; else all of it."
    ),
]

Unmask = Annotated[
    bool,
    typer.Option("--unmask", help="Names, identity numbers, telephones in full; the audit has it."),
]

"""One cell of text in, one exact value out, or the rule that it breaks.

Amounts are yuan with at most two decimals and become fen. Dates are year-month-day with "-" or "/",
months year-month or six digits.
A code may be given by its Chinese name. Nothing is guessed: full-width digits, thousands
separators, signs, exponents and time zones are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from typing import Any

from yibao.errors import CodeError
from yibao.interop.files.columns import Column
from yibao.interop.files.output import FORMULA
from yibao.interop.files.rows import MAX_CELL
from yibao.interop.files.rules import reason
from yibao.money import MAX_CLAIM, MAX_INPUT_COUNT, format_yuan
from yibao.policy.model import Text, Value
from yibao.text import is_one_spelling, one_spelling

Parse = Callable[[str], Any]

_AMOUNT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,2}))?")
_SIGNED = re.compile(r"-[0-9]+(\.[0-9]+)?")
_DECIMALS = re.compile(r"[0-9]+\.([0-9]{2})[0-9]+")
_DIGITS = re.compile(r"[0-9]{16,}(\.[0-9]{1,2})?")
_MOMENT = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})-([0-9]{2})|/([0-9]{1,2})/([0-9]{1,2}))"
    r"(?:[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6})0*)?)?)?"
)
_DAY = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})|[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?)")
_NO_SUCH_DAY = Text("没有这一天", "there is no such day")
_NO_SUCH_TIME = Text("没有这个时刻", "there is no such time")
_FORM = Text("写法不对", "not the right form")
_MONTH = re.compile(r"([0-9]{4})(?:-([0-9]{2})|/([0-9]{1,2})|([0-9]{2}))")
_COUNT = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?")
_RATE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,6}))?(%?)")
_FLAGS = {"true": True, "false": False, "1": True, "0": False, "是": True, "否": False}
_SEPARATORS = re.compile(r"[;|；]")


class BadCell(Exception):
    """A cell that breaks a rule."""

    def __init__(self, rule: str, **facts: object) -> None:
        self.rule = rule
        self.message: Text = reason(rule, **facts)
        super().__init__(self.message.en)


def clean(cell: str, longest: int = MAX_CELL) -> str:
    """Return a cell without blanks around it; raises BadCell on what no column may hold."""
    cell = cell.strip(" \t\u3000\u00a0")
    if len(cell) > longest:
        raise BadCell("cell_length", found=len(cell), limit=longest)
    if not cell.isprintable():
        bad = next(c for c in cell if not c.isprintable())
        raise BadCell("control_character", found=f"U+{ord(bad):04X}")
    return cell


def amount(cell: str) -> int:
    """Return the fen of a cell in yuan."""
    match = _AMOUNT.fullmatch(cell)
    if match is None:
        raise BadCell(_amount_rule(cell), limit=format_yuan(MAX_CLAIM))
    yuan, cents = match.groups(default="")
    fen = int(yuan) * 100 + int(cents.ljust(2, "0"))
    if fen > MAX_CLAIM:
        raise BadCell("max_amount", limit=format_yuan(MAX_CLAIM))
    return fen


def _amount_rule(cell: str) -> str:
    if _SIGNED.fullmatch(cell):
        return "not_negative"
    if _DECIMALS.fullmatch(cell):
        return "two_decimals"
    return "max_amount" if _DIGITS.fullmatch(cell) else "amount"


@lru_cache(maxsize=65_536)
def day(cell: str) -> date:
    """Return the date of a cell; a time of day other than midnight is refused."""
    moment = _moment(cell)
    if moment is None or moment.time() != datetime.min.time():
        raise _bad_moment("date", cell, _NO_SUCH_DAY)
    return moment.date()


@lru_cache(maxsize=65_536)
def time(cell: str) -> datetime:
    """Return the time of a cell; a date alone is its midnight."""
    moment = _moment(cell)
    if moment is None:
        raise _bad_moment("time", cell, _NO_SUCH_TIME)
    return moment


def _bad_moment(rule: str, cell: str, missing: Text) -> BadCell:
    """Say whether the form is wrong or there is no such day; show the day in the right form."""
    parts = _DAY.fullmatch(cell)
    meant = "-".join(p.rjust(2, "0") for p in parts.groups() if p) if parts else ""
    exists = _moment(meant) is not None
    right_form = _MOMENT.fullmatch(cell) is not None
    none = (parts is not None and not exists) or (right_form and _moment(cell) is None)
    return BadCell(rule, why=missing if none else _FORM, example=meant if exists else "2017-03-01")


def _moment(cell: str) -> datetime | None:
    match = _MOMENT.fullmatch(cell)
    if match is None:
        return None
    year, m1, d1, m2, d2, hour, minute, second, fraction = match.groups()
    micro = (fraction or "").ljust(6, "0")
    try:
        return datetime(  # noqa: DTZ001 (local time of the place; files carry no zone)
            int(year),
            int(m1 or m2),
            int(d1 or d2),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int(micro),
        )
    except ValueError:
        return None


@lru_cache(maxsize=65_536)
def month(cell: str) -> date:
    """Return the first day of a month such as 2021-05 or 202105."""
    match = _MONTH.fullmatch(cell)
    year, *parts = match.groups() if match else ("0",)
    number = int("".join(p for p in parts if p) or 0)
    if not (1 <= number <= 12 and 1900 <= int(year) <= 2999):
        raise BadCell("month")
    return date(int(year), number, 1)


def count(cell: str) -> int:
    """Return a count."""
    if _COUNT.fullmatch(cell) is None or int(cell) > MAX_INPUT_COUNT:
        raise BadCell(
            "count" if _COUNT.fullmatch(cell) is None else "max_count", limit=MAX_INPUT_COUNT
        )
    return int(cell)


def identifier(cell: str) -> str:
    """Return an id: a letter or a digit first, and one spelling of it (`text.is_one_spelling`)."""
    if cell and not cell[0].isalnum():
        raise BadCell("identifier")
    if not is_one_spelling(cell):
        raise BadCell("one_spelling", expected=one_spelling(cell))
    return cell


def text(cell: str) -> str:
    """Return a name or remark; one that a spreadsheet would take for a formula is refused."""
    if cell[:1] in FORMULA:
        raise BadCell("formula")
    return cell


def decimal(cell: str) -> Fraction:
    """Return an exact number such as a quantity or a price per unit."""
    if _DECIMAL.fullmatch(cell) is None:
        raise BadCell("decimal")
    return Fraction(cell)


def rate(cell: str) -> Fraction:
    """Return the exact rate of a percentage such as 12.5% or of a decimal such as 0.125."""
    match = _RATE.fullmatch(cell)
    whole, decimals, percent = match.groups(default="") if match else ("2", "", "")
    found = Fraction(int(whole + decimals), 10 ** len(decimals) * (100 if percent else 1))
    if found > 1:
        raise BadCell("rate")
    return found


def flag(cell: str) -> bool:
    """Return a yes or no."""
    value = _FLAGS.get(cell)
    if value is None:
        value = _FLAGS.get(cell.lower())
    if value is None:
        raise BadCell("flag")
    return value


def code(cell: str, codes: Mapping[str, Text]) -> str:
    """Return a code of a closed list, given as the code or by its Chinese name."""
    if cell in codes:
        return cell
    by_title = {title.zh: name for name, title in codes.items()}
    if cell in by_title:
        return by_title[cell]
    near = [title for title in by_title if title.startswith(cell)]
    near = near or get_close_matches(cell, [*codes, *by_title], n=1, cutoff=0.6)
    found = by_title.get(near[0], near[0]) if near else ""
    hint = Text(f"，是不是 {found}？", f"; did you mean {found}?") if near else Text("", "")
    raise BadCell("known_code", hint=hint, expected=", ".join(codes) or "—")


def codes_of(cell: str, codes: Mapping[str, Text]) -> frozenset[str]:
    """Return a set of codes, separated by ; or |."""
    return frozenset(code(part.strip(), codes) for part in _SEPARATORS.split(cell) if part.strip())


def parser(column: Column) -> Parse:
    """Return the function that reads a column's cells once they are clean and filled."""
    codes = column.codes or {}
    parsers: dict[str, Parse] = {
        "id": identifier,
        "text": text,
        "date": day,
        "time": time,
        "month": month,
        "amount": amount,
        "decimal": decimal,
        "rate": rate,
        "count": count,
        "flag": flag,
        "code": lambda cell: code(cell, codes),
        "set": lambda cell: codes_of(cell, codes),
    }
    parse, form = parsers[column.kind], column.form
    return parse if form is None else lambda cell: _formed(parse(cell), form)


def _formed(value: Any, form: Parse) -> Any:
    try:
        return form(value)
    except CodeError as error:
        raise BadCell("code_form", why=error.text) from None


_NOTHING: Mapping[str, Value] = {"id": "", "text": "", "set": frozenset()}


def absent_value(column: Column) -> Value | None:
    """Return what an empty cell of an optional column means, None where that is "nothing"."""
    if not column.absent:
        return None if column.absent is None else _NOTHING.get(column.kind)
    value: Value = parser(column)(column.absent)
    return value

"""The fields of requests and replies: strict on the way in, one form on the way out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from yibao.errors import MoneyError
from yibao.interop.files.cells import BadCell
from yibao.interop.files.cells import text as text_cell
from yibao.ledger.funds import PERSONAL, funds
from yibao.money import MAX_CLAIM, format_rate, format_yuan, parse_rate, parse_yuan
from yibao.policy.vocabulary import vocabulary
from yibao.text import Text, is_one_spelling

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader reads exactly."""

NAMES = r"^[\p{L}\p{N}][^\p{C}\p{Z}]*$"
"""An id: a letter or digit, then anything that is seen; no blank, no control character."""

IN_ADDRESSES = r"^[\p{L}\p{N}][^\p{C}\p{Z}/]*$"
"""An id that will stand in an address, which a slash would cut in two."""

YUAN = r"^(0|[1-9][0-9]{0,9})\.[0-9]{2}$"
"""An amount that a request may bring."""


class Strict(BaseModel):
    """What a request may bring: nothing but the fields named, of their own types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Told(BaseModel):
    """What a reply holds: built by us, so not checked again."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def example(**fields: Any) -> ConfigDict:
    """Return the configuration of a request with an example of it."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


def _fen(given: Any) -> int:
    if isinstance(given, str) and len(given) >= 4 and given[-3] == ".":
        try:
            fen = parse_yuan(given)
        except MoneyError:
            fen = MAX_CLAIM + 1
        if fen <= MAX_CLAIM and (given[0] != "0" or given[1] == "."):
            return fen
    raise PydanticCustomError(
        "amount", "expected yuan with two decimals as text, from 0.00 to 1000000000.00"
    )


Amount = Annotated[
    int,
    BeforeValidator(_fen),
    PlainSerializer(format_yuan, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": YUAN,
            "title": "Yuan",
            "examples": ["10000.00"],
        }
    ),
]
"""Yuan with two decimals as text outside, fen inside; what a bill may bring."""

Yuan = Annotated[
    int,
    PlainSerializer(format_yuan, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^-?(0|[1-9][0-9]*)\.[0-9]{2}$",
            "title": "Yuan",
            "examples": ["10000.00"],
        }
    ),
]
"""Fen that leave as yuan with two decimals; may be below zero."""


def _date(given: Any) -> date:
    if isinstance(given, str) and len(given) == 10 and given[4] == given[7] == "-":
        try:
            day = date.fromisoformat(given)
        except ValueError:
            day = date.min
        if 1900 <= day.year <= 2999:
            return day
    raise PydanticCustomError("date", "expected a day such as 2023-03-01, of 1900 to 2999")


Day = Annotated[
    date,
    BeforeValidator(_date),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2023-03-01"]}),
]


def _month(given: Any) -> date:
    if isinstance(given, str) and len(given) == 7:
        try:
            return _date(f"{given}-01")
        except PydanticCustomError:
            pass
    raise PydanticCustomError("month", "expected a month such as 2023-03, of 1900 to 2999")


Month = Annotated[
    date,
    BeforeValidator(_month),
    PlainSerializer(lambda month: f"{month:%Y-%m}", return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])$", "examples": ["2023-03"]}
    ),
]
"""A month outside, its first day inside."""


def _rate(given: Any) -> Fraction:
    if isinstance(given, str) and len(given) <= 10:
        try:
            rate = parse_rate(given)
        except MoneyError:
            rate = Fraction(2)
        if rate <= 1:
            return rate
    raise PydanticCustomError("rate", "expected a percentage such as 2.5%, from 0% to 100%")


Rate = Annotated[
    Fraction,
    BeforeValidator(_rate),
    PlainSerializer(format_rate, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?%$", "examples": ["5%"]}),
]
"""A percentage as text outside, exact inside."""


def _instant(given: Any) -> datetime:
    if isinstance(given, str) and len(given) <= 40:
        try:
            found = datetime.fromisoformat(given)
        except ValueError:
            found = None
        if found is not None and found.utcoffset() is not None and 1900 <= found.year <= 2999:
            return found
    raise PydanticCustomError("instant", "expected a time such as 2023-03-01T09:00:00+08:00")


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2023-03-01T09:00:00+08:00"]}
    ),
]


def one_spelling(given: str) -> str:
    """Return a text unless it has variants of characters that have a plain form."""
    if not is_one_spelling(given):
        raise PydanticCustomError(
            "one_spelling", "expected no full-width or other variants of characters (NFKC)"
        )
    return given


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=NAMES),
    AfterValidator(one_spelling),
]
"""An id of a person, an institution, a claim: one spelling of it; case counts."""

Addressed = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=IN_ADDRESSES),
    AfterValidator(one_spelling),
]
"""A new id of what is asked for by its id later, in an address: as `Name`, without a slash."""

NameOrNone = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^([\p{L}\p{N}][^\p{C}\p{Z}]*)?$"),
    AfterValidator(one_spelling),
]
"""An id or nothing."""


def no_formula(given: str) -> str:
    """Return a text unless a spreadsheet takes it for a formula, as files have it."""
    try:
        return text_cell(given)
    except BadCell:
        raise PydanticCustomError(
            "formula", "expected no =, +, - or @ first: a spreadsheet takes it for a formula"
        ) from None


Said = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=200, pattern=r"^[^\p{C}\p{Z}]([^\p{C}]*[^\p{C}\p{Z}])?$"
    ),
    AfterValidator(no_formula),
]
"""A reason, a source: one line in words."""


Remark = Annotated[
    str,
    StringConstraints(max_length=200, pattern=r"^([^\p{C}\p{Z}]([^\p{C}]*[^\p{C}\p{Z}])?)?$"),
    AfterValidator(no_formula),
]
"""One line in words, or nothing."""

Number = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
"""Our number of something."""

PersonId = Annotated[Name, Path(description="person_id / 人员编号")]
OfPerson = Annotated[Name, Query(alias="person_id", description="whose / 人员编号")]


def number_in_path(text: str) -> Any:
    """Return the parameter of a path that is our number of something."""
    return Path(ge=1, le=MAX_INTEGER, description=text)


def code_of(attribute: str) -> Any:
    """Return a field of the codes that the vocabulary has for an attribute."""
    found = vocabulary().attributes[attribute]
    title = f"{found.title.en} / {found.title.zh}"
    return Field(pattern=f"^({'|'.join(found.codes or ())})$", description=title)


def either(names: Iterable[str]) -> str:
    """Return a pattern of just these names."""
    return "|".join(map(re.escape, names))


Fund = Annotated[
    str,
    Field(
        pattern=f"^({either(fund for fund in funds() if fund != PERSONAL)})$",
        description="a fund / 基金",
        examples=["resident.pool_pay"],
    ),
]


class Words(Told):
    """A text in Chinese and English."""

    zh: str
    en: str


def words(text: Text) -> Words:
    """Return a text as a reply has it."""
    return Words(zh=text.zh, en=text.en)

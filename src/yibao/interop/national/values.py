"""One field's value: from what a system sent to an exact value, and back to what is sent.

Systems send numbers as text and codes as numbers, a time where a day is asked and a day where a
time is. What is unambiguous is taken; what is not is refused in words. Nothing and "" are absent.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from yibao.interop.national.model import CodeTable, Field

Value = str | bytes | Decimal | date | datetime | list[Any] | dict[str, Any]
Codes = Mapping[str, CodeTable]

_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_LARGEST = 20
"""Most digits of a number before its point, and most after it."""
_WIDE_BLANK = "\u3000"
"""The blank of Chinese text: hospitals write it within names of two characters."""
_TIMES = (
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "%Y-%m-%d"),
)
_SHOWN = 40
"""Characters of a wrong value that an error repeats."""


class Wrong(ValueError):
    """A value that a field cannot hold; its text says in Chinese what it should be."""


def absent(given: Any) -> bool:
    """Tell whether a field says nothing."""
    return given is None or (isinstance(given, str) and not given.strip())


def parsed(field: Field, given: Any, codes: Codes) -> Value:
    """Return what a field that is not absent holds; raises Wrong.

    `given` is of JSON that was read with `parse_float=Decimal`: no float reaches this.
    """
    match field.kind:
        case "number":
            return _number(field, given)
        case "date" | "datetime":
            return _time(field, given)
        case "list" | "object" | "data":
            return _held(field, given)
        case "bytes":
            return _bytes(given)
        case "code":
            return _code(field, _text(field, given), codes)
        case _:
            return _text(field, given)


def _text(field: Field, given: Any) -> str:
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str):
        raise Wrong(_not(given, "应为文本"))
    if not given.replace(_WIDE_BLANK, "").isprintable():
        raise Wrong("含有控制字符")
    if field.length and len(given) > field.length:
        raise Wrong(f"最长{field.length}个字符，收到{len(given)}个")
    return given


def _code(field: Field, given: str, codes: Codes) -> str:
    """Return a code as its table writes it: provinces write some with one digit, some with two."""
    table = codes[field.table]
    for written_so in (given, given.lstrip("0"), given.zfill(2)):
        if written_so in table.values:
            return written_so
    raise Wrong(_not(given, f"应为代码表“{table.zh}”({table.name})中的代码"))


def _number(field: Field, given: Any) -> Decimal:
    text = _plain(given) if isinstance(given, Decimal) else str(given)
    if isinstance(given, bool) or not _NUMBER.fullmatch(text):
        raise Wrong(_not(given, f"应为{_shape(field)}"))
    whole, _, part = text.lstrip("-").partition(".")
    whole, part = whole.lstrip("0"), part.rstrip("0")
    fits = len(whole) <= field.length - field.decimals and len(part) <= field.decimals
    if field.length and not fits:
        raise Wrong(_not(given, f"应为{_shape(field)}"))
    return Decimal(text)


def _plain(given: Decimal) -> str:
    """Return a number without an exponent; with one where it would be written with many digits.

    A few characters may stand for a number of gigabytes, which is why it is not written first.
    """
    return format(given, "f") if -_LARGEST <= given.adjusted() < _LARGEST else str(given)


def _shape(field: Field) -> str:
    if not field.length:
        return "数字"
    whole = f"整数部分至多{field.length - field.decimals}位"
    return f"数字，{whole}，小数至多{field.decimals}位"


def _time(field: Field, given: Any) -> date | datetime:
    if isinstance(given, str):
        for pattern, shape in _TIMES:
            if pattern.fullmatch(given):
                try:
                    found = datetime.strptime(given, shape)  # noqa: DTZ007 (local time)
                except ValueError:
                    break
                return found if field.kind == "datetime" else found.date()
    expected = "yyyy-MM-dd HH:mm:ss" if field.kind == "datetime" else "yyyy-MM-dd"
    raise Wrong(_not(given, f"应为{expected}的时间"))


def _held(field: Field, given: Any) -> list[Any] | dict[str, Any]:
    if field.kind != "object" and isinstance(given, list):
        return given
    if field.kind != "list" and isinstance(given, dict):
        return given
    expected = {"list": "应为数组", "object": "应为对象"}
    raise Wrong(_not(given, expected.get(field.kind, "应为对象或数组")))


def _bytes(given: Any) -> bytes:
    """Return bytes: text in Base64, or numbers, from -128 where they have a sign."""
    try:
        if isinstance(given, str):
            return base64.b64decode(given, validate=True)
        if isinstance(given, list) and not any(isinstance(one, bool) for one in given):
            return bytes(one + 256 if one < 0 else one for one in given)
    except (binascii.Error, TypeError, ValueError):
        pass
    raise Wrong("应为字节数组或Base64文本")


def _not(given: Any, expected: str) -> str:
    text = str(given)
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"{expected}，收到“{shown}”"


def written(value: Value | int | None) -> Any:
    """Return what is sent for a value: times as text, numbers as they are, nothing as null."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return value

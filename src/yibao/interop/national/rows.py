"""Values of a row that has been checked, each as the type that its field says it is."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from yibao.interop.national import coding
from yibao.interop.national.check import Row


def text(row: Row, name: str) -> str:
    """Return a text or a code, "" where it is absent."""
    value = row.get(name, "")
    assert isinstance(value, str), name
    return value


def number(row: Row, name: str) -> Decimal | None:
    """Return a number, None where it is absent."""
    value = row.get(name)
    assert value is None or isinstance(value, Decimal), name
    return value


def fen(row: Row, name: str) -> int:
    """Return the fen of an amount in yuan, 0 where it is absent."""
    return coding.fen(number(row, name) or Decimal(0))


def day(row: Row, name: str) -> date | None:
    """Return a day, or that of a time; None where it is absent."""
    value = row.get(name)
    assert value is None or isinstance(value, date), name
    return value.date() if isinstance(value, datetime) else value


def time(row: Row, name: str) -> datetime | None:
    """Return a local time, None where it is absent."""
    value = row.get(name)
    assert value is None or isinstance(value, datetime), name
    return value

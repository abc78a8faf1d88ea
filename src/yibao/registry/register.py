"""What a register is: its columns, its key, where it lies. Everything else follows from that.

From one definition come the template to fill in, the import, the export, and what is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from yibao.interop.files.columns import Column
from yibao.interop.files.output import Cell, OutKind
from yibao.interop.files.rowreader import Fault, Values
from yibao.money import format_rate
from yibao.text import Text

Check = Callable[[Values, Fault], None]
"""Adds an error to a row whose cells are right one by one but not together; may fill in values."""

FIRST = Column("from", "date", Text("生效日期", "First day in force"))
LAST = Column(
    "to",
    "date",
    Text("失效日期", "Last day in force"),
    Text("含当日；空为直到另有规定", "inclusive; empty: until further notice"),
    absent="",
)


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns of a register that name an entry of another, which must be in force.

    `columns` gives, for each of them, the column of `table`; `fixed` are values there.
    """

    table: str
    columns: Mapping[str, str]
    fixed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Register:
    """A register: entries told apart by the first `keys` of its columns, in versions by validity.

    `fixed` are columns of the table that are the same for all its entries. What stands in the
    column `owned` belongs to one entry alone, at any time. With `by_acts` a file brings new entries
    only: those that are there are changed by acts with rules of their own.
    """

    name: str
    title: Text
    table: str
    keys: int
    columns: tuple[Column, ...]
    fixed: Mapping[str, str] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    checks: tuple[Check, ...] = ()
    owned: str = ""
    by_acts: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the columns that tell entries apart."""
        return tuple(c.name for c in self.columns[: self.keys])

    @property
    def content(self) -> tuple[str, ...]:
        """The names of the columns that may differ from version to version."""
        return tuple(c.name for c in self.columns[self.keys :])

    @property
    def file_columns(self) -> tuple[Column, ...]:
        """The columns of its files: its own, and the period."""
        return (*self.columns, FIRST, LAST)


# --- values, as the database has them and as files have them --------------------------------------


def stored(value: Any) -> Any:
    """Return a cell's value as the database holds it."""
    kind = type(value)
    if kind is Fraction:
        return Decimal(value.numerator) / Decimal(value.denominator)
    return sorted(value) if kind is frozenset else value


def written(column: Column, value: Any) -> Cell:
    """Return a value of the database as the cell of a file that reads back to it."""
    if value is None or isinstance(value, date):
        return value
    if column.kind == "rate":
        return format_rate(Fraction(value))
    if column.kind == "flag":
        return "true" if value else "false"
    if column.kind == "set":
        return ";".join(value)
    return value  # type: ignore[no-any-return]


OUT_KINDS: Mapping[str, OutKind] = {"amount": "money", "count": "count", "date": "date"}


def out_kind(column: Column) -> OutKind:
    """Return how a column is written."""
    return OUT_KINDS.get(column.kind, "text")

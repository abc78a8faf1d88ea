"""One table as data, whatever it is shown in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from yibao.macro.simulation.report import show
from yibao.text import Text

Kind = Literal[
    "text", "money", "change", "count", "count_change", "share", "growth", "points", "index"
]
"""Money and changes of it are fen (int, or Fraction where they are expected values); shares, growth
(a share of what was), percentage points (1/100 is one) and indices are Fractions."""


class Of(NamedTuple):
    """A value of another kind than its column."""

    value: int | Fraction
    kind: Kind


Cell = Text | str | int | Fraction | Of | None
"""None: there is nothing to tell, such as a share of nothing."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name for programs, its title for readers, what its cells are."""

    name: str
    title: Text
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `note` says what has to be known to read it. Rows in `strong` are sums."""

    name: str
    title: Text
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: Text | None = None
    strong: frozenset[int] = frozenset()


def cell(value: Cell, kind: Kind, language: str) -> str:
    """Return a cell as a reader sees it."""
    if value is None:
        return show.NONE
    if isinstance(value, Text):
        return value.pick(language)
    if isinstance(value, str):
        return value
    if isinstance(value, Of):
        return cell(value.value, value.kind, language)
    if kind == "points":
        return show.points(Fraction(value), language)
    return _SHOWN[kind](Fraction(value))


_SHOWN: Mapping[Kind, Callable[[Fraction], str]] = {
    "text": lambda value: show.rounded(value, 0),
    "money": show.yuan,
    "change": lambda value: show.signed(show.yuan(value)),
    "count": lambda value: show.rounded(value, 0),
    "count_change": lambda value: show.signed(show.rounded(value, 0)),
    "share": show.percent,
    "growth": lambda value: show.signed(show.percent(value)),
    "index": lambda value: show.rounded(value, 4),
}


def plain(value: Cell, kind: Kind) -> object:
    """Return a cell for programs: money as yuan with two decimals, ratios with nine."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, Of):
        return plain(value.value, value.kind)
    exact = Fraction(value)
    if kind in ("money", "change"):
        return _decimal(exact / 100, 2)
    if kind == "points":
        return show.trimmed(exact * 100).replace(show.MINUS, "-")
    if kind in ("share", "growth", "index"):
        return _decimal(exact, 9)
    return int(exact)


def _decimal(value: Fraction, places: int) -> str:
    return show.rounded(value, places).replace(",", "").replace(show.MINUS, "-")

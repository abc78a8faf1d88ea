"""The points that a table must answer for, and the periods between two changes.

A point gives each key of a table one value. For a number key the values are the lower bounds that
the table declares and the edges that its rows add; for a set key, each code alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise, product
from math import prod
from typing import NamedTuple, Protocol

from yibao.policy.model import Between, Condition, Row, Table, Value
from yibao.policy.vocabulary import vocabulary

Point = Mapping[str, Value]
Box = Mapping[str, tuple[Value, ...]]
"""A set of points: the product of the values of each key."""


class Dated(Protocol):
    """What holds from one day to another, such as a provision or a waiver."""

    @property
    def first(self) -> date | None:
        """The first day; None for what never holds."""

    @property
    def last(self) -> date | None:
        """The last day; None where it is open."""


class Period(NamedTuple):
    """Days between two changes, inclusive; `last` None: until further notice."""

    first: date
    last: date | None


_Runs = dict[Period, list[int]]


def points(table: Table) -> list[Point]:
    """Return the product of a table's keys; one empty point for a table without keys."""
    axes = [[(key, value) for value in values] for key, values in axes_of(table).items()]
    return [dict(point) for point in product(*axes)]


def axes_of(table: Table) -> Box:
    """Return the values of each key of a table."""
    return {key: _axis(table, key, codes) for key, codes in table.keys.items()}


def _axis(table: Table, key: str, codes: tuple[Value, ...]) -> tuple[Value, ...]:
    known = vocabulary().attributes.get(key)
    kind = known.kind if known else "code"
    if kind == "set":
        return tuple(frozenset({str(code)}) for code in codes)
    if kind != "number":
        return codes
    bounds = {int(code) for code in codes if isinstance(code, int)}
    edges = (e for row in table.rows for e in _edges(row, key))
    return tuple(sorted(bounds | {edge for edge in edges if edge > min(bounds)}))


def _edges(row: Row, key: str) -> Iterable[int]:
    for condition in row.conditions:
        if isinstance(condition, Between) and condition.attribute == key:
            yield from (e for e in (condition.first, condition.below) if e is not None)


def reaches(table: Table) -> list[tuple[int, ...]]:
    """Return for each row the numbers of the points at which its conditions hold.

    They are found along the keys, so that a table of many rows is not asked at every point.
    """
    axes = axes_of(table)
    sizes = [len(values) for values in axes.values()]
    strides = [prod(sizes[n + 1 :]) for n in range(len(sizes))]
    known: dict[Condition, frozenset[int]] = {}

    def held(condition: Condition) -> frozenset[int]:
        if condition not in known:
            values = enumerate(axes[condition.attribute])
            known[condition] = frozenset(n for n, value in values if condition.holds(value))
        return known[condition]

    def reach(row: Row) -> tuple[int, ...]:
        found = [0]
        for (name, values), stride in zip(axes.items(), strides, strict=True):
            here = [held(c) for c in row.conditions if c.attribute == name]
            chosen = sorted(frozenset.intersection(*here)) if here else range(len(values))
            found = [number + n * stride for number in found for n in chosen]
        return tuple(found)

    return [reach(row) for row in table.rows]


def answers(row: Row, point: Point) -> bool:
    """Tell whether a row's conditions hold at a point."""
    return all(condition.holds(point[condition.attribute]) for condition in row.conditions)


def held(table: Table, period: Period) -> list[Row]:
    """Return the rows of a table in force in a period, the winner of any two first."""
    rows = [row for row in table.rows if row.origin.in_force(period.first, None)]
    return sorted(rows, key=lambda row: row.origin.rank(), reverse=True)


def answer(rows: Iterable[Row], point: Point) -> Row | None:
    """Return the first row that answers at a point."""
    return next((row for row in rows if answers(row, point)), None)


def boxes(axes: Box, chosen: Iterable[Point]) -> list[Box]:
    """Return points of a table's axes as few boxes, without keys of which a box has every value."""
    merged: list[dict[str, tuple[Value, ...]]] = [
        {k: (v,) for k, v in point.items()} for point in chosen
    ]
    for key in axes:
        groups: dict[tuple[object, ...], dict[str, tuple[Value, ...]]] = {}
        for box in merged:
            rest = tuple(values for name, values in box.items() if name != key)
            held = groups.setdefault(rest, {**box, key: ()})
            held[key] = (*held[key], *box[key])
        merged = list(groups.values())
    return [{k: v for k, v in box.items() if len(v) < len(axes[k])} for box in merged]


def periods(origins: Iterable[Dated]) -> list[Period]:
    """Return the periods from the first day on which one of the origins holds to the last."""
    live = [(o.first, o.last) for o in origins if o.first is not None]
    live = [(first, last) for first, last in live if last is None or first <= last]
    if not live:
        return []
    starts = {first for first, _ in live} | {
        last + timedelta(days=1) for _, last in live if last is not None
    }
    days = sorted(starts)
    found = [Period(a, b - timedelta(days=1)) for a, b in pairwise(days)]
    return found if all(last for _, last in live) else [*found, Period(days[-1], None)]


def runs(life: Sequence[Period], where: Callable[[Period], Collection[int]]) -> _Runs:
    """Return the unbroken runs of adjacent periods in which `where` names the same numbers."""
    going: dict[int, Period] = {}
    ended: _Runs = {}
    for period in life:
        named = set(where(period))
        for number in going.keys() - named:
            ended.setdefault(going.pop(number), []).append(number)
        for number in named:
            first = going[number].first if number in going else period.first
            going[number] = Period(first, period.last)
    for number, run in going.items():
        ended.setdefault(run, []).append(number)
    return {run: sorted(ended[run]) for run in sorted(ended, key=lambda r: r.first)}

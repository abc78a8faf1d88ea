"""A parameter over time: for each of its keys, which document gave which figure from when to when.

Enters: a table of a region. Leaves: lines of cells. A cell is the row that answered in one or more
periods, with the rows that it beat there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from yibao.policy.checking.points import (
    Box,
    Period,
    Point,
    answers,
    axes_of,
    boxes,
    periods,
    points,
)
from yibao.policy.model import Between, Origin, Row, Table, Value
from yibao.policy_book.naming import Naming, between, join
from yibao.policy_book.provisions import by_origin
from yibao.text import Text

_Held = tuple[Row, ...]
"""The rows that would answer, the winner first; empty where there is no rule."""

Standing = Literal["wins", "beaten"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What answered from `first` to `last`: a row, or none; and the rows that it beat."""

    span: int
    period: Period
    row: Row | None
    beaten: tuple[tuple[Row, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of some keys of a table over time."""

    key: tuple[Text, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One document's provision of a table; `spells` tells when it wins and when it is beaten."""

    origin: Origin
    rows: tuple[Row, ...]
    spells: tuple[tuple[Period, Standing], ...]


@dataclass(frozen=True, slots=True)
class History:
    """All versions of a table, and what was in force when."""

    table: Table
    columns: tuple[str, ...]
    periods: tuple[Period, ...]
    lines: tuple[Line, ...]
    versions: tuple[Version, ...]


def history(table: Table, naming: Naming) -> History:
    """Return a table over time."""
    life = periods(row.origin for row in table.rows)
    by_rank = sorted(table.rows, key=lambda row: row.origin.rank(), reverse=True)
    groups: dict[tuple[tuple[int, ...], ...], tuple[list[Point], list[_Held]]] = {}
    for point in points(table):
        matching = [row for row in by_rank if answers(row, point)]
        held = [tuple(r for r in matching if r.origin.in_force(p.first, None)) for p in life]
        key = tuple(tuple(map(id, rows)) for rows in held)
        groups.setdefault(key, ([], held))[0].append(point)
    axes = axes_of(table)
    named = [(box, held) for where, held in groups.values() for box in boxes(axes, where)]
    columns = tuple(key for key in table.keys if any(key in box for box, _ in named))
    return History(
        table=table,
        columns=columns,
        periods=tuple(life),
        lines=tuple(
            Line(
                tuple(axis_text(table, key, box, naming) for key in columns),
                tuple(_cells(life, held)),
            )
            for box, held in sorted(named, key=lambda one: _order(table, one[0]))
        ),
        versions=_versions(table, life, [held for _, held in groups.values()]),
    )


def _order(table: Table, box: Box) -> tuple[int, ...]:
    axes = axes_of(table)
    return tuple(axes[key].index(box[key][0]) if key in box else -1 for key in axes)


def _cells(life: Sequence[Period], held: Sequence[_Held]) -> Iterator[Cell]:
    for _, run in groupby(zip(life, held, strict=True), key=lambda one: tuple(map(id, one[1]))):
        spell = list(run)
        rows = spell[0][1]
        yield Cell(
            span=len(spell),
            period=Period(spell[0][0].first, spell[-1][0].last),
            row=rows[0] if rows else None,
            beaten=tuple((row, _why(row.origin, rows[0].origin)) for row in rows[1:]),
        )


def _why(loser: Origin, winner: Origin) -> str:
    lower = loser.document.authority < winner.document.authority
    return "outranked" if lower else "superseded"


def _versions(
    table: Table, life: Sequence[Period], histories: Iterable[Sequence[_Held]]
) -> tuple[Version, ...]:
    wins: set[tuple[int, int]] = set()
    for held in histories:
        wins |= {(id(rows[0].origin), n) for n, rows in enumerate(held) if rows}
    found = [
        Version(rows[0].origin, tuple(rows), tuple(_spells(rows[0].origin, life, wins)))
        for rows in by_origin(table.rows).values()
    ]
    return tuple(sorted(found, key=lambda v: v.origin.first or v.origin.document.first))


def _spells(
    origin: Origin, life: Sequence[Period], wins: set[tuple[int, int]]
) -> Iterator[tuple[Period, Standing]]:
    live = [(n, p) for n, p in enumerate(life) if origin.in_force(p.first, None)]
    for won, run in groupby(live, key=lambda one: (id(origin), one[0]) in wins):
        spell = [period for _, period in run]
        yield Period(spell[0].first, spell[-1].last), "wins" if won else "beaten"


def axis_text(table: Table, key: str, box: Box, naming: Naming) -> Text:
    """Return the codes that a box has for a key, numbers as ranges; any where it has no key."""
    codes = box.get(key)
    if codes is None:
        return Text("不限", "any")
    known = naming.words.attributes.get(key)
    if known is not None and known.kind == "number":
        return join(_ranges(axes_of(table)[key], codes, key), "、", ", ")
    return join((naming.code(key, code) for code in codes), "、", ", ")


def _ranges(axis: Sequence[Value], codes: Sequence[Value], key: str) -> Iterator[Text]:
    """Yield the ranges that numbers begin, each up to the next number of the axis."""
    points_ = [point for point in axis if isinstance(point, int)]
    first: int | None = None
    for n, point in enumerate(points_):
        if point in codes and first is None:
            first = point
        ends = n + 1 == len(points_) or points_[n + 1] not in codes
        if point in codes and ends and first is not None:
            below = None if n + 1 == len(points_) else points_[n + 1]
            yield between(Between(key, first, below), years=key.startswith("age"))
            first = None

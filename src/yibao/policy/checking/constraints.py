"""Check the relations between figures that documents demand (`constraints` of a pack).

Enters: a loaded region. Leaves: findings, at the provision whose figure breaks the relation.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import ge, gt, le, lt
from typing import NamedTuple

from yibao.policy import words
from yibao.policy.checking.finding import Finding, error
from yibao.policy.checking.points import Period, Point, answer, held, periods, points
from yibao.policy.model import Constraint, Region, Row, Table

_RELATIONS = {"above": gt, "below": lt, "at_least": ge, "at_most": le}


class _Pair(NamedTuple):
    """When and where two rows are compared: the one that must obey, and the other."""

    period: Period
    point: Point
    row: Row | None
    other: Row | None


def constraints(region: Region) -> Iterator[Finding]:
    """Find figures that break a constraint in force; what is missing is not compared."""
    for constraint in region.constraints:
        table = region.tables[constraint.table]
        compared = _versions if constraint.key is None else _codes
        told: set[tuple[int, int]] = set()
        for pair in compared(constraint, table):
            rows = (id(pair.row), id(pair.other))
            finding = None if rows in told else _finding(constraint, table, pair)
            if finding is not None:
                told.add(rows)
                yield finding


def _finding(constraint: Constraint, table: Table, pair: _Pair) -> Finding | None:
    row, other = pair.row, pair.other
    if row is None or row.value is None or other is None or other.value is None:
        return None
    if _RELATIONS[constraint.must_be](row.value, other.value):
        return None
    value, against = (words.figure(v, table.unit) for v in (row.value, other.value))
    where = words.box({key: (code,) for key, code in pair.point.items()})
    demand = constraint.must_be.replace("_", " ")
    return error(
        "constraint",
        row.origin,
        f"{table.name} {value} for {where}, {words.period(*pair.period)}",
        f"{demand} {against} ({other.origin.document.id} {other.origin.cite}): {constraint.id} of "
        f"{constraint.origin.document.id} {constraint.origin.cite}",
    )


def _codes(constraint: Constraint, table: Table) -> Iterator[_Pair]:
    """Yield the row at the constraint's code with the row at each other code."""
    assert constraint.key is not None
    for period in periods([constraint.origin, *(row.origin for row in table.rows)]):
        if not constraint.origin.in_force(period.first, None):
            continue
        rows = held(table, period)
        for point in _points(constraint, table):
            if point[constraint.key] == constraint.code:
                row = answer(rows, point)
                for code in constraint.others:
                    other = answer(rows, {**point, constraint.key: code})
                    yield _Pair(period, point, row, other)


def _versions(constraint: Constraint, table: Table) -> Iterator[_Pair]:
    """Yield each row with the one that answered for the same point before it."""
    for point in _points(constraint, table):
        before: Row | None = None
        for period in periods(row.origin for row in table.rows):
            row = answer(held(table, period), point)
            if row is not before and constraint.origin.in_force(period.first, None):
                yield _Pair(period, point, row, before)
            if row is not None and row.value is not None:
                before = row


def _points(constraint: Constraint, table: Table) -> list[Point]:
    return [
        point
        for point in points(table)
        if all(c.holds(point[c.attribute]) for c in constraint.conditions)
    ]

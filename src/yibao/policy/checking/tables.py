"""Checks of tables: gaps in keys and in time, overlaps, rows that no key reaches.

Enters: a loaded region. Leaves: findings. Each check is a pure function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import combinations
from math import prod

from yibao.policy import words
from yibao.policy.checking.finding import Finding, error, warning
from yibao.policy.checking.points import Period, axes_of, boxes, periods, points, reaches, runs
from yibao.policy.model import Origin, Region, Table

MAX_POINTS = 100_000
"""The most combinations of its keys that a table may have: each of them is looked at."""


def oversized(region: Region) -> Iterator[Finding]:
    """Find tables with more combinations of keys than can be looked at."""
    for table in region.tables.values():
        size = prod(map(len, axes_of(table).values()))
        if size > MAX_POINTS and table.rows:
            found = f"{table.name} with {size} combinations of its keys"
            expected = f"at most {MAX_POINTS}; cut the table by one of its keys"
            yield error("size", table.rows[0].origin, found, expected)


# --- coverage -----------------------------------------------------------------------------------


def coverage(region: Region) -> Iterator[Finding]:
    """Find key points without a row in some period between a table's first day and its last.

    A row that says that its figure is missing covers its points: the gap is known.
    """
    for table in region.tables.values():
        every, axes = points(table), axes_of(table)
        life = periods(row.origin for row in table.rows)
        reach = [
            (row.origin, set(numbers))
            for row, numbers in zip(table.rows, reaches(table), strict=True)
        ]
        for run, numbers in runs(life, partial(_open, reach, len(every))).items():
            keys = "; ".join(map(words.box, boxes(axes, (every[n] for n in numbers))))
            yield error(
                "coverage",
                _before(table, run),
                f"no row of {table.name} for {keys}, {words.period(*run)}",
                "a row for every key, or one that says why the figure is missing",
            )


def _open(reach: Sequence[tuple[Origin, set[int]]], size: int, period: Period) -> set[int]:
    covered = [numbers for origin, numbers in reach if origin.in_force(period.first, None)]
    return set(range(size)).difference(*covered)


def rows_without_point(region: Region) -> Iterator[Finding]:
    """Find rows whose conditions hold at no point of the keys that their table declares."""
    for table in region.tables.values():
        for row, numbers in zip(table.rows, reaches(table), strict=True):
            if not numbers:
                found = f"the row {words.conditions(row.conditions)} of {table.name}"
                yield warning("coverage", row.origin, found, "a row that some declared key reaches")


def _before(table: Table, run: Period) -> Origin:
    """Return the provision nearest before a gap, where an author would look for it."""

    def nearness(origin: Origin) -> tuple[bool, date]:
        assert origin.first is not None
        return origin.first <= run.first, origin.first

    return max((row.origin for row in table.rows if row.origin.first is not None), key=nearness)


# --- overlaps -----------------------------------------------------------------------------------


Rivalry = Callable[[Origin, Origin], bool]
"""Whether two provisions for one address are in each other's way."""


def overlaps(region: Region) -> Iterator[Finding]:
    """Find provisions that hold at one time and address without one beating the other.

    Within one document nothing may overlap; between documents, nothing of the same rank.
    """
    return _overlaps(region, _rivals)


def ambiguous(region: Region) -> Iterator[Finding]:
    """Find provisions of one rank for one address: which of them counts, nothing says.

    A region in which there are any is not loaded.
    """
    return _overlaps(region, _alike)


def _overlaps(region: Region, rivals: Rivalry) -> Iterator[Finding]:
    for table in region.tables.values():
        yield from _row_overlaps(table, rivals)
    for name, classification in region.classifications.items():
        for ahead, what in ((False, "the classification"), (True, "rows ahead of")):
            versions = [p.origin for p in classification.provisions if p.ahead == ahead]
            yield from _version_overlaps(f"{what} {name}", versions, rivals)
    steps: dict[str, list[Origin]] = {}
    for step in region.steps:
        steps.setdefault(step.id, []).append(step.origin)
    for name, versions in steps.items():
        yield from _version_overlaps(f"the step {name}", versions, rivals)
    layers = [layers.origin for layers in region.layers if layers.place == "order"]
    yield from _version_overlaps("the layers", layers, rivals)


def _row_overlaps(table: Table, rivals: Rivalry) -> Iterator[Finding]:
    """Find for each row and point the first row before it that is in its way."""
    at: dict[int, list[int]] = {}
    pairs: dict[tuple[int, int], list[int]] = {}
    for b, numbers in enumerate(reaches(table)):
        origin = table.rows[b].origin
        for number in numbers:
            before = at.setdefault(number, [])
            a = next((a for a in before if rivals(table.rows[a].origin, origin)), None)
            if a is not None:
                pairs.setdefault((a, b), []).append(number)
            before.append(b)
    every, axes = points(table) if pairs else [], axes_of(table)
    for (a, b), shared in sorted(pairs.items()):
        one, other = table.rows[a].origin, table.rows[b].origin
        keys = "; ".join(map(words.box, boxes(axes, (every[n] for n in shared))))
        found = f"two rows of {table.name} for {keys}, {_both(one, other)}"
        yield error("overlap", other, found, _one("row for a key", one, other))


def _version_overlaps(what: str, versions: Sequence[Origin], rivals: Rivalry) -> Iterator[Finding]:
    for one, other in combinations(versions, 2):
        if rivals(one, other):
            found = f"{what} twice, {_both(one, other)}"
            yield error("overlap", other, found, _one("version", one, other))


def _one(what: str, one: Origin, other: Origin) -> str:
    """Return what is expected instead of two: one, or a word on which document goes first."""
    if one.document.id == other.document.id:
        return f"one {what} at a time"
    return f"one {what} at a time, or `over: [{one.document.id}]` in {other.document.id}"


def _rivals(one: Origin, other: Origin) -> bool:
    alike = one.document == other.document or one.rank() == other.rank()
    return alike and _shared(one, other) is not None


def _alike(one: Origin, other: Origin) -> bool:
    return one.rank() == other.rank() and _shared(one, other) is not None


def _shared(one: Origin, other: Origin) -> Period | None:
    if one.first is None or other.first is None:
        return None
    first = max(one.first, other.first)
    last = min((o.last for o in (one, other) if o.last is not None), default=None)
    return None if last is not None and last < first else Period(first, last)


def _both(one: Origin, other: Origin) -> str:
    shared = _shared(one, other)
    assert shared is not None
    return f"{words.period(*shared)} (also {one.document.id} {one.cite}, line {one.line})"

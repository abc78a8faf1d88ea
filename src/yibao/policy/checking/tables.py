"""Checks of tables: gaps in keys and in time, overlaps, rows that no key reaches.

Enters: a loaded region. Leaves: findings. Each check is a pure function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import combinations

from yibao.policy import words
from yibao.policy.checking.finding import Finding, error, warning
from yibao.policy.checking.points import Period, Point, answers, boxes, held, periods, points, runs
from yibao.policy.model import Origin, Region, Table

# --- coverage -----------------------------------------------------------------------------------


def coverage(region: Region) -> Iterator[Finding]:
    """Find key points without a row in some period between a table's first day and its last.

    A row that says that its figure is missing covers its points: the gap is known.
    """
    for table in region.tables.values():
        every = points(table)
        life = periods(row.origin for row in table.rows)
        for run, numbers in runs(life, partial(_open, table, every)).items():
            keys = "; ".join(map(words.box, boxes(table, (every[n] for n in numbers))))
            yield error(
                "coverage",
                _before(table, run),
                f"no row of {table.name} for {keys}, {words.period(*run)}",
                "a row for every key, or one that says why the figure is missing",
            )


def _open(table: Table, every: Sequence[Point], period: Period) -> list[int]:
    rows = held(table, period)
    return [n for n, point in enumerate(every) if not any(answers(row, point) for row in rows)]


def rows_without_point(region: Region) -> Iterator[Finding]:
    """Find rows whose conditions hold at no point of the keys that their table declares."""
    for table in region.tables.values():
        every = points(table)
        for row in table.rows:
            if not any(answers(row, point) for point in every):
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
        versions = [p.origin for p in classification.provisions]
        yield from _version_overlaps(f"the classification {name}", versions, rivals)
    steps: dict[str, list[Origin]] = {}
    for step in region.steps:
        steps.setdefault(step.id, []).append(step.origin)
    for name, versions in steps.items():
        yield from _version_overlaps(f"the step {name}", versions, rivals)
    layers = [layers.origin for layers in region.layers]
    yield from _version_overlaps("the layers", layers, rivals)


def _row_overlaps(table: Table, rivals: Rivalry) -> Iterator[Finding]:
    every = points(table)
    reach = [{n for n, p in enumerate(every) if answers(row, p)} for row in table.rows]
    for (a, row), (b, other) in combinations(enumerate(table.rows), 2):
        shared = reach[a] & reach[b]
        if shared and rivals(row.origin, other.origin):
            keys = "; ".join(map(words.box, boxes(table, (every[n] for n in sorted(shared)))))
            found = f"two rows of {table.name} for {keys}, {_both(row.origin, other.origin)}"
            expected = _one("row for a key", row.origin, other.origin)
            yield error("overlap", other.origin, found, expected)


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

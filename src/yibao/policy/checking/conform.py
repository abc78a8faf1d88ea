"""Does a region keep what higher documents demand of it? A table, limit by limit.

Enters: a loaded region, with the documents of the regions above it. Leaves: comparisons: the limit,
the region's figure, what is required, and the verdict, for every period or for one day.

A figure is compared when some person and claim exist to whom both the figure and the limit apply.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Literal, NamedTuple

from yibao.policy.checking.concern import Concern
from yibao.policy.checking.points import (
    Box,
    Dated,
    Period,
    Point,
    answer,
    answers,
    axes_of,
    boxes,
    held,
    periods,
    points,
    runs,
)
from yibao.policy.model import Document, Limit, Number, Origin, Region, Row, Table, Waiver

Verdict = Literal["pass", "breach", "waived", "departs", "no_figure"]


class Grant(NamedTuple):
    """A waiver with the document that records it."""

    document: Document
    waiver: Waiver


@dataclass(frozen=True, slots=True)
class Comparison:
    """One limit against one figure of the region.

    `table` is None where the region has no table of the measure, `row` where none answers for the
    key. `required` holds what is demanded, worked out exactly; it is empty where `base`, the figure
    that it is a share of, is not known.
    """

    limit: Limit
    table: Table | None
    key: Box
    period: Period
    row: Row | None
    required: tuple[Number, ...]
    base: Row | None
    verdict: Verdict
    grant: Grant | None = None

    @property
    def overrides(self) -> bool:
        """Whether the figure stands under a higher document's own figure, which is the limit."""
        return self.base is not None and self.limit.of is None


def conform(region: Region, day: date | None = None) -> list[Comparison]:
    """Return every comparison of a region, in the order of its limits; with `day`, of that day."""
    found = [*_limited(region), *_uniform(region)]
    return [c for c in found if day is None or _covers(c.period, day)]


def _covers(period: Period, day: date) -> bool:
    return period.first <= day and (period.last is None or day <= period.last)


# --- limits ---------------------------------------------------------------------------------------


def _limited(region: Region) -> Iterator[Comparison]:
    concern = Concern(region)
    for name in dict.fromkeys(limit.id for limit in region.limits):
        versions = [limit for limit in region.limits if limit.id == name]
        measures = {limit.measure for limit in versions}
        tables = [table for table in region.tables.values() if table.measure in measures]
        life = _life(region, versions, tables)
        for table in tables:
            yield from _of_table(region, table, versions, life, concern)
        yield from _unmeasured(versions, {table.measure for table in tables}, life)


def _life(region: Region, versions: Sequence[Limit], tables: Sequence[Table]) -> list[Period]:
    """Return the periods in which nothing changes that a comparison looks at."""
    changes: list[Dated] = [limit.origin for limit in versions]
    if tables:
        bases = {limit.of for limit in versions}
        looked = [*tables, *(t for t in region.tables.values() if t.measure in bases)]
        changes += [row.origin for table in looked for row in table.rows]
        changes += [p.origin for c in region.classifications.values() for p in c.provisions]
        changes += [waiver for document in region.documents for waiver in document.waives]
    return periods(changes)


def _in_force(versions: Iterable[Limit], period: Period) -> Limit | None:
    found = [limit for limit in versions if limit.origin.in_force(period.first, None)]
    return max(found, key=lambda limit: limit.origin.rank(), default=None)


def _unmeasured(
    versions: Sequence[Limit], measured: Collection[str | None], life: Sequence[Period]
) -> Iterator[Comparison]:
    """Yield the limits on a measure that no table of the region holds."""
    for n, limit in enumerate(versions):
        if limit.measure not in measured:
            where = {period: [n] for period in life if _in_force(versions, period) is limit}
            for run in runs(life, partial(_at, where)):
                yield Comparison(limit, None, {}, run, None, (), None, "no_figure")


def _of_table(
    region: Region,
    table: Table,
    versions: Sequence[Limit],
    life: Sequence[Period],
    concern: Concern,
) -> Iterator[Comparison]:
    def compared(period: Period, rows: list[Row], point: Point) -> Iterator[Comparison]:
        limit = _in_force(versions, period)
        if limit is None or limit.measure != table.measure:
            return
        if concern.applies(limit, table, point, period.first):
            yield _compare(region, limit, table, answer(rows, point), period)

    return _merged(table, life, compared)


_Compared = Callable[[Period, list[Row], Point], Iterator[Comparison]]
"""Gives the comparisons at a point of a table in a period, from the rows that hold there."""


def _merged(table: Table, life: Sequence[Period], compared: _Compared) -> Iterator[Comparison]:
    """Yield comparisons with one outcome together: as few keys and periods as say the same."""
    every, axes = points(table), axes_of(table)
    told: dict[Hashable, Comparison] = {}
    where: dict[Hashable, dict[Period, list[int]]] = {}
    for period in life:
        rows = held(table, period)
        for n, point in enumerate(every):
            for one in compared(period, rows, point):
                origin, row = one.limit.origin, one.row
                alike: Hashable = (id(origin), id(row), one.required, one.verdict, one.grant)
                told.setdefault(alike, one)
                where.setdefault(alike, {}).setdefault(period, []).append(n)
    for alike, one in told.items():
        for run, numbers in runs(life, partial(_at, where[alike])).items():
            for key in boxes(axes, (every[n] for n in numbers)):
                yield replace(one, key=key, period=run)


def _at(where: Mapping[Period, list[int]], period: Period) -> list[int]:
    return where.get(period, [])


def _compare(
    region: Region, limit: Limit, table: Table, row: Row | None, period: Period
) -> Comparison:
    base = _base(region, limit, period)
    required = _required(limit, base)
    verdict: Verdict = "no_figure"
    grant = None
    if row is not None and row.value is not None and required:
        verdict = "pass"
        if not _keeps(limit, row.value, required):
            grant = _grant(region, limit, period)
            verdict = "waived" if grant else "breach" if limit.strength == "must" else "departs"
    return Comparison(limit, table, {}, period, row, required, base, verdict, grant)


def _keeps(limit: Limit, value: Number, required: Sequence[Number]) -> bool:
    match limit.must_be:
        case "at_least":
            return value >= max(required)
        case "at_most":
            return value <= min(required)
        case _:
            return value in required


def _base(region: Region, limit: Limit, period: Period) -> Row | None:
    """Return the figure that the limit is a share of; a table with keys gives none."""
    tables = (t for t in region.tables.values() if limit.of is not None and t.measure == limit.of)
    rows = (answer(held(t, period), {}) for t in tables if not t.keys)
    return next((row for row in rows if row is not None), None)


def _required(limit: Limit, base: Row | None) -> tuple[Number, ...]:
    if limit.factor is None:
        return limit.values
    if base is None or base.value is None:
        return ()
    required = limit.factor * base.value
    return (int(required) if required.denominator == 1 else required,)


def _grant(region: Region, limit: Limit, period: Period) -> Grant | None:
    return next(
        (
            Grant(document, waiver)
            for document in region.documents
            for waiver in document.waives
            if (waiver.limit, waiver.document) == (limit.id, limit.origin.document.id)
            and waiver.holds(period.first)
        ),
        None,
    )


# --- figures that stand above ---------------------------------------------------------------------


def _uniform(region: Region) -> Iterator[Comparison]:
    """Compare what a lower document sets under a higher one's figure, which it cannot replace.

    A figure that was there before the higher one came is no breach: it was replaced.
    """
    for table in region.tables.values():
        if len({row.origin.document.authority for row in table.rows}) > 1:
            life = periods(row.origin for row in table.rows)
            yield from _merged(table, life, partial(_under, table))


def _under(table: Table, period: Period, rows: list[Row], point: Point) -> Iterator[Comparison]:
    answering = [row for row in rows if answers(row, point)]
    winner = answering[0] if answering else None
    if winner is None or winner.value is None or winner.origin.yields:
        return
    told = {winner.origin.document.authority}
    for row in answering:
        authority = row.origin.document.authority
        made_under = _day(row.origin) >= _day(winner.origin)
        if authority not in told and made_under and row.value is not None:
            verdict: Verdict = "pass" if row.value == winner.value else "breach"
            limit = _equal(table, winner)
            yield Comparison(limit, table, {}, period, row, limit.values, winner, verdict)
        told.add(authority)


def _day(origin: Origin) -> date:
    assert origin.first is not None
    return origin.first


def _equal(table: Table, above: Row) -> Limit:
    """Return the limit that a figure of a higher document is by itself."""
    assert above.value is not None
    return Limit(
        id=table.name,
        measure=table.measure or table.name,
        conditions=(),
        must_be="equal",
        values=(above.value,),
        factor=None,
        of=None,
        strength="must",
        origin=above.origin,
    )

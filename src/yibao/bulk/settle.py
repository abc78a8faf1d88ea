"""Settle one bucket: the engine for almost everybody, the scalar book for what only it can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.bulk import refused
from yibao.bulk.booked import Booked, Sums, Words, merged, of_entries, of_result
from yibao.bulk.bucket import ASIDE, Bucket, Loaded, items_of, statuses_of
from yibao.bulk.order import exact_order_of
from yibao.bulk.rejected import Rejected, of_reject
from yibao.bulk.scalar import Back, Opening, of_persons
from yibao.errors import PackDefect, YibaoError
from yibao.interop.files.arrays.columns import day_of, hash_texts
from yibao.interop.files.claims import Claims, Origin, check_reversed_persons
from yibao.interop.files.reasons import rejects_of
from yibao.interop.files.results import differences_sheet, settlement_figures
from yibao.interop.files.states import carried
from yibao.policy.policy import Policy
from yibao.settlement.batch import Batch, Item, in_order, settle_all, standing
from yibao.settlement.book import Book, Difference
from yibao.settlement.columnar import data
from yibao.settlement.columnar.data import Result
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.executor import Executor

Closing = tuple[list[str], npt.NDArray[np.int64]]
"""Persons, and the values with which each enters the closing year."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """All that came of a bucket.

    `differences` are rows of the differences file, `closing` persons and the values with which
    they enter the closing year, `begins` counts persons with standing claims by the year in which
    they were first insured, those with a given opening left out.
    """

    booked: Booked
    rejects: Sequence[Rejected]
    person_rejects: Sequence[Rejected]
    differences: Sequence[Sequence[Any]]
    closing: Closing
    begins: Counter[int]
    sums: Sums = field(default_factory=Sums)

    def with_more(self, more: Outcome, *, by_id: bool) -> Outcome:
        """Return this with all that came of other persons of the bucket."""
        return replace(
            self,
            booked=merged(self.booked, more.booked, by_id=by_id),
            rejects=[*self.rejects, *more.rejects],
            differences=[*self.differences, *more.differences],
            closing=_together(self.closing, more.closing, by_id=by_id),
            begins=self.begins + more.begins,
        )

    def with_rows_of(self, apart: Outcome, bucket: int, buckets: int) -> Outcome:
        """Return this with the rows of persons of this bucket that were settled apart."""
        names, values = apart.closing
        own = np.flatnonzero(_bucket_of(pa.array(names, pa.string()), buckets) == bucket)
        closing = ([names[at] for at in own.tolist()], values[own])
        rows = np.flatnonzero(_bucket_of(apart.booked.person_id, buckets) == bucket)
        return replace(
            self,
            booked=merged(self.booked, apart.booked.take(rows)),
            closing=_together(self.closing, closing, by_id=False),
        )

    def without_rows(self) -> Outcome:
        """Return this without what was booked."""
        return replace(self, booked=self.booked.take(np.zeros(0, np.int64)))


def _together(one: Closing, more: Closing, *, by_id: bool) -> Closing:
    """Return closing states in the order of persons."""
    names = [*one[0], *more[0]]
    if not more[0]:
        return one
    values = np.concatenate([one[1].reshape(-1, more[1].shape[1]), more[1]])
    texts = pa.array(names, pa.string())
    zero = np.zeros(len(names), np.int64)
    hashes = zero.astype(np.uint64) if by_id else hash_texts(texts)
    at = exact_order_of(hashes, texts, zero, texts, zero)
    return [names[place] for place in at.tolist()], values[at]


def _bucket_of(persons: Any, buckets: int) -> npt.NDArray[np.uint64]:
    return (hash_texts(persons) >> np.uint64(32)) * np.uint64(buckets) >> np.uint64(32)


@dataclass(frozen=True, slots=True, eq=False)
class Settler:
    """Settles buckets under one policy; several threads may use it.

    `by_id`: persons come in the order of their ids rather than of the hashes.
    """

    policy: Policy
    engine: Any
    words: Words
    back: Back
    persons_files: Sequence[Path]
    opening: Opening
    closing_year: int | None
    executor: Executor
    by_id: bool = False
    lock: Lock = field(default_factory=Lock)

    def settle(self, loaded: Loaded) -> Outcome:
        """Settle a bucket."""
        bucket = loaded.bucket
        rejects = [*loaded.rejects]
        rejects += refused.before_settling(bucket, loaded.bad, self._by_discharge)
        result = self._result(bucket)
        answers = self.engine.answers
        refusals = refused.Refusals(self.back, answers)
        known = self._explained(bucket, refusals.unexplained(bucket, result))
        rejects += refusals.of(bucket, result, known)
        booked = of_result(bucket, result, answers, self.engine, self.words)
        outcome = Outcome(
            booked=booked,
            rejects=rejects,
            person_rejects=loaded.person_rejects,
            differences=self._differences(bucket, result),
            closing=self._closing(bucket, result),
            begins=self._begins(bucket, result),
        )
        tied = np.flatnonzero(bucket.aside & ~loaded.elsewhere)
        if len(tied):
            apart = settle_apart(self, [(bucket, tied.tolist())])
            outcome = outcome.with_more(apart, by_id=self.by_id)
        outcome.sums.add(outcome.booked, self.words)
        return outcome

    def _result(self, bucket: Bucket) -> Result:
        items, statuses = items_of(bucket), statuses_of(bucket)
        ends = self.closing_year is not None and len(statuses.first)
        if not ends and (items.facts == data.NONE).all():
            return _nothing_settled(bucket)
        return cast(
            Result,
            self.engine.settle(items, statuses, self._opening(bucket), self.closing_year),
        )

    @property
    def _by_discharge(self) -> bool:
        return self.policy.region.stays_by == "discharge"

    # --- the scalar book ----------------------------------------------------------------------

    def book(self, bucket: Bucket, person: int) -> tuple[Book, Sequence[Any]]:
        """Return a new book for one person, and their items."""
        return self.back.book(self.policy, self.executor, bucket, person, self.opening)

    def _explained(self, bucket: Bucket, rows: Sequence[int]) -> dict[int, YibaoError]:
        """Let the scalar book say why it refuses rows; raises PackDefect as it does."""
        found: dict[int, YibaoError] = {}
        person = bucket.person_of_rows()
        for one in dict.fromkeys(person[rows].tolist()):
            with self.lock:
                book, items = self.book(bucket, one)
                batch = settle_all(book, items)
            errors = {id(r.item): r.error for r in batch.rejections}
            mine = [int(bucket.start[one]) + at for at in range(len(items))]
            fine = np.flatnonzero(bucket.state[bucket.start[one] : bucket.start[one + 1]] == 0)
            for at, item in zip(fine.tolist(), items, strict=True):
                if id(item) in errors:
                    found[mine[0] + at] = errors[id(item)]
        missing = [row for row in rows if row not in found]
        if missing:
            claim = bucket.claims["claim_id"][missing[0]].as_py()
            raise PackDefect(f"{claim}: the two executors do not agree on this claim")
        return found

    def _differences(self, bucket: Bucket, result: Result) -> list[Sequence[Any]]:
        found: list[Difference] = []
        for person in np.flatnonzero(result.replay).tolist():
            with self.lock:
                book, items = self.book(bucket, person)
                found += settle_all(book, items).differences
        return list(differences_sheet(found).rows) if found else []

    # --- years --------------------------------------------------------------------------------

    def _opening(self, bucket: Bucket) -> data.Opening | None:
        if not self.opening:
            return None
        states = [value.name for value in carried(self.policy.region)]
        start, years, values = [0], [], []
        for name in bucket.names(range(bucket.persons)):
            for year, given in sorted(self.opening.get(name, {}).items()):
                years.append(year)
                values.append([given.get(state, 0) for state in states])
            start.append(len(years))
        return data.Opening(
            np.array(start, np.int64),
            np.array(years, np.int16),
            np.array(values, np.int64).reshape(len(values), len(states)),
        )

    def _closing(self, bucket: Bucket, result: Result) -> Closing:
        """Return who enters the closing year, and with which values."""
        year = self.closing_year
        if year is None:
            return [], np.zeros((0, 0), np.int64)
        insured = np.zeros(bucket.persons, np.bool_)
        has = (bucket.of[:-1] < bucket.of[1:]) & ~bucket.invalid & ~bucket.aside
        firsts = bucket.statuses["first"][bucket.of[:-1][has]]
        insured[has] = firsts.astype("M8[D]").astype("M8[Y]").astype(np.int64) + 1970 < year
        persons = np.flatnonzero(insured)
        values = result.closing[persons]
        names = bucket.names(persons.tolist())
        for at, person in enumerate(persons.tolist()):
            if not result.closed[person]:
                with self.lock:  # the scalar book says why
                    book, items = self.book(bucket, person)
                    settle_all(book, items)
                    values[at] = book.opening(names[at], year)
        return names, values

    def _begins(self, bucket: Bucket, result: Result) -> Counter[int]:
        """Count persons with standing claims by the year in which they were first insured."""
        person = bucket.person_of_rows()
        standing = np.bincount(person[result.code == data.SETTLED], minlength=bucket.persons)
        standing -= np.bincount(person[result.code == data.REVERSED], minlength=bucket.persons)
        persons = np.flatnonzero(standing > 0)
        if self.opening:
            new = [name not in self.opening for name in bucket.names(persons.tolist())]
            persons = persons[np.array(new, np.bool_)]
        return begins_of(bucket.statuses["first"][bucket.of[persons]])


def _nothing_settled(bucket: Bucket) -> Result:
    """Return what the engine would say of items that are no claims: there is nothing to reverse."""
    count = len(bucket.claims)
    none = np.full(count, data.NONE, np.int32)
    zero = np.zeros(count, np.int64)
    return Result(
        code=np.full(count, data.NOT_SETTLED, np.int8),
        answer=none,
        scheme=none.astype(np.int8),
        day=none,
        claim=none.astype(np.int64),
        figures=dict.fromkeys(settlement_figures(), zero),
        replay=np.zeros(bucket.persons, np.bool_),
        closing=np.zeros((bucket.persons, 0), np.int64),
        closed=np.zeros(bucket.persons, np.bool_),
    )


def begins_of(firsts: Iterable[int]) -> Counter[int]:
    """Count days by year."""
    days, counts = np.unique(np.asarray(firsts, np.int32), return_counts=True)
    found: Counter[int] = Counter()
    for day, count in zip(days.tolist(), counts.tolist(), strict=True):
        found[day_of(day).year] += count
    return found


# --- persons apart --------------------------------------------------------------------------------


def settle_apart(settler: Settler, persons: Sequence[tuple[Bucket, Sequence[int]]]) -> Outcome:
    """Let the scalar book settle persons together, exactly as it settles files.

    Whose claims share an id, or name another's, cannot be settled one without the other.
    """
    items, enrolment, names = [], Enrolment(), []
    for bucket, own in persons:
        items += settler.back.items(bucket, own, (ASIDE,))
        names += bucket.names(own)
        for status in settler.back.standing(bucket, own):
            enrolment.add(status)
    files = {file: number for number, file in enumerate(settler.back.files)}
    items.sort(key=lambda item: _place(item, files))
    claims = Claims(items)
    check_reversed_persons(claims)
    opening = of_persons(settler.opening, names)
    with settler.lock:
        book = Book(settler.policy, enrolment, opening, settler.executor)
        batch = settle_all(book, in_order(claims.items))
        closing = _closing_of(settler, book)
    rejects = [*claims.rejects, *rejects_of(batch)]
    return Outcome(
        booked=of_entries(batch.entries, settler.words),
        rejects=[of_reject(files[r.record.file], r) for r in rejects],
        person_rejects=(),
        differences=list(differences_sheet(batch.differences).rows),
        closing=closing,
        begins=_begins_of(batch, enrolment, {name for name, _ in opening}),
    )


def _place(item: Item, files: Mapping[Path, int]) -> tuple[int, int]:
    source = item.source
    assert isinstance(source, Origin)
    return files[source.record.file], source.record.row


def _closing_of(settler: Settler, book: Book) -> Closing:
    year = settler.closing_year
    width = len(carried(settler.policy.region))
    if year is None:
        return [], np.zeros((0, width), np.int64)
    names = [n for n in book.enrolment.persons() if book.enrolment.statuses(n)[0].first.year < year]
    values = [book.opening(name, year) for name in names]
    return names, np.array(values, np.int64).reshape(len(names), width)


def _begins_of(batch: Batch, enrolment: Enrolment, opened: Set[str]) -> Counter[int]:
    persons = {s.claim.person_id for s in standing(batch.entries)} - opened
    return Counter(enrolment.statuses(person)[0].first.year for person in persons)

"""Settle files of any size: divide them into pieces, settle bucket by bucket, write in order."""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from yibao.bulk.booked import Sums, Words
from yibao.bulk.manifest import WorkFolder, stamp
from yibao.bulk.memory import DEFAULT, Plan, plan_for
from yibao.bulk.partition import Given, put_claims, put_persons
from yibao.bulk.rejects import Rejects
from yibao.bulk.scalar import by_person
from yibao.bulk.settle import Outcome, Settler, settle_apart
from yibao.bulk.shared_ids import persons_who_share
from yibao.bulk.spill import DiskShelf, Shelf, open_piece, part_file
from yibao.bulk.store import Hashes, Store
from yibao.bulk.tables import closing_table, settlements_table
from yibao.bulk.writing import TableWriter, writing
from yibao.errors import CannotRead
from yibao.interop.files.arrays.claims import ClaimBlocks
from yibao.interop.files.arrays.columns import day_of
from yibao.interop.files.arrays.persons import PersonBlocks
from yibao.interop.files.arrays.source import Block, Source, open_source
from yibao.interop.files.columns import claim_columns, person_columns
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.results import settlement_columns
from yibao.interop.files.states import states_columns
from yibao.policy.policy import Policy
from yibao.settlement.executor import Executor

Opening = Mapping[tuple[str, int], Mapping[str, int]]

T = TypeVar("T")
R = TypeVar("R")

MOST_APART = 200_000
"""So many claims of persons that are entangled with each other are settled by the scalar book."""


class TooEntangled(CannotRead):
    """More persons share claim ids than can be settled together."""

    def __init__(self, claims: int) -> None:
        super().__init__(
            f"{claims:,} claims are of persons who share a claim id with another person, or whose "
            f"reversals name another's claim or give no person_id; at most {MOST_APART:,} can be "
            "settled together. Make claim ids unique over all files, and give person_id in "
            "reversals / 过多的结算编号为多人共用，或冲正未写 person_id"
        )


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. `buckets` and `block` override what follows from the memory."""

    threads: int = 2
    memory: int = DEFAULT
    work: Path | None = None
    buckets: int | None = None
    block: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What to settle and where to write it."""

    policy: Policy
    claims: Sequence[Path]
    persons: Sequence[Path]
    output: Path
    closing: Path | None = None
    opening: Opening = field(default_factory=dict)
    opening_file: Path | None = None
    encoding: Encoding | None = None
    key: str = ""

    @property
    def inputs(self) -> list[Path]:
        """Every file of rows that is read."""
        return [*self.claims, *self.persons]


Progress = Callable[[str, int, int], None]
"""Told of a stage, how many rows of it are done, and how many there are (0: not known)."""


@dataclass(slots=True)
class Totals:
    """What a run comes to."""

    claims_rows: int = 0
    persons_rows: int = 0
    sums: Sums = field(default_factory=Sums)
    begins: Counter[int] = field(default_factory=Counter)
    differences: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


class Run:
    """One run: `partition` and `settle` in that order, then what is to be written besides.

    Use as a context; files that were begun and not published are removed when it is left.
    """

    def __init__(self, job: Job, engine: Any, options: Options, progress: Progress | None = None):
        """Check the files; raises InputError, WorkInUse."""
        self.job, self.engine, self.options = job, engine, options
        self._progress = progress or (lambda stage, done, of: None)
        region = job.policy.region
        claims, persons = claim_columns(region), person_columns(region)
        self.persons = [
            open_source(f, "persons", persons, ("claims", claims), job.encoding)
            for f in job.persons
        ]
        self.claims = [
            open_source(f, "claims", claims, ("persons", persons), job.encoding) for f in job.claims
        ]
        self.plan = self._planned()
        folder = options.work or job.output.with_name(f".{job.output.name}.work")
        self.work = WorkFolder(folder, self._asked())
        self.totals = Totals()
        self._stack = ExitStack()
        self.claim_rejects = Rejects(folder / "rejects-claims", self.claims)
        self.person_rejects = Rejects(folder / "rejects-persons", self.persons)
        self._stack.callback(self.claim_rejects.close)
        self._stack.callback(self.person_rejects.close)
        self.writers: list[TableWriter] = []
        self._differences: Path = folder / "differences"

    def _planned(self) -> Plan:
        options = self.options
        plan = plan_for(self.claims, self.persons, options.memory, options.threads)
        return Plan(options.buckets or plan.buckets, options.block or plan.block)

    def _asked(self) -> dict[str, Any]:
        """Return all that the pieces depend on."""
        return {
            "inputs": [stamp(file) for file in self.job.inputs],
            "rules": self.job.key,
            "encoding": self.job.encoding,
            "division": [self.plan.buckets, self.plan.block],
        }

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let everything go; the work stays, unless the input has to be changed first."""
        for writer in self.writers:
            writer.abandon()
        self._stack.close()
        if kind is not None and issubclass(kind, CannotRead):
            self.work.remove()

    # --- pieces -------------------------------------------------------------------------------

    def partition(self) -> None:
        """Read every file into pieces, those left by a run that was stopped excepted."""
        begin = time.perf_counter()
        region = self.job.policy.region
        columns = frozenset(name for source in self.persons for name in source.columns)

        def persons(shelf: Shelf, given: Given) -> int:
            return put_persons(shelf, given, PersonBlocks(given.source.columns, region), region)

        def claims(shelf: Shelf, given: Given) -> int:
            return put_claims(shelf, given, ClaimBlocks(given.source.columns, region, columns))

        self._pieces("persons", self.persons, persons)
        self._pieces("claims", self.claims, claims)
        self.totals.seconds["partition"] = time.perf_counter() - begin

    def _pieces(
        self,
        kind: str,
        sources: Sequence[Source],
        put: Callable[[Shelf, Given], int],
    ) -> None:
        done, total = 0, sum(source.count() or 0 for source in sources)
        for file, source in enumerate(sources):
            there = {int(p.stem.rpartition("-")[2]) for p in self.work.pieces(kind, file)}
            blocks = source.blocks(self.plan.block, there.__contains__)

            work = partial(self._piece, kind, file, source, put)
            for rows in in_turn(work, blocks, self.options.threads):
                done += rows
                self._progress(kind, done, total)

    def _piece(
        self,
        kind: str,
        file: int,
        source: Source,
        put: Callable[[Shelf, Given], int],
        block: Block,
    ) -> int:
        target = self.work.piece(kind, file, block.number)
        return put(DiskShelf(target, self.plan.buckets), Given(file, source, block))

    # --- settling -----------------------------------------------------------------------------

    def settle(self) -> None:
        """Settle the pieces and write the settlements and closing states, under hidden names."""
        pieces = [
            [piece for file in range(len(sources)) for piece in self.work.pieces(kind, file)]
            for kind, sources in (("claims", self.claims), ("persons", self.persons))
        ]
        store = Store(
            self.job.policy.region,
            self.engine,
            (self.claims, [open_piece(file) for file in pieces[0]]),
            (self.persons, [open_piece(file) for file in pieces[1]]),
            [open_piece(s) for file in pieces[0] if (s := part_file(file, "slow")).exists()],
        )
        self.totals.claims_rows, self.totals.persons_rows = store.counts()
        begin = time.perf_counter()
        self._progress("ids", 0, 0)
        aside = persons_who_share((part_file(f, "ids") for f in pieces[0]), self.plan.buckets)
        self.totals.seconds["ids"] = time.perf_counter() - begin
        begin = time.perf_counter()
        year = self._closing_year(store)
        self._settle(store, aside, year)
        actual = self.totals.sums.last_year
        if self.job.closing is not None and actual is not None and actual + 1 != year:
            self._settle(store, aside, actual + 1)  # no claim of the year before was settled
        self.totals.seconds["settle"] = time.perf_counter() - begin

    def _closing_year(self, store: Store) -> int | None:
        """Return the year after the last one in which a claim may be settled."""
        day = store.last_day()
        return None if self.job.closing is None or day is None else day_of(day).year + 1

    def _settle(self, store: Store, aside: Hashes, year: int | None) -> None:
        job, totals = self.job, self.totals
        totals.sums, totals.begins, totals.differences = Sums(), Counter(), 0
        for writer in self.writers:
            writer.abandon()
        for rejects, found in zip(
            (self.claim_rejects, self.person_rejects), store.rejects(), strict=True
        ):
            rejects.clear()
            rejects.add(found)
        words = Words(job.policy.region, self.engine.schemes)
        settler = Settler(
            job.policy, self.engine, words, store.back, [s.file for s in self.persons],
            by_person(job.opening), year, Executor(job.policy),
        )  # fmt: skip
        apart = self._apart(store, settler, aside)
        settlements = TableWriter(job.output, settlement_columns())
        self.writers = [settlements]
        closing = None
        if job.closing is not None and year is not None:
            closing = TableWriter(job.closing, states_columns(job.policy.region))
            self.writers.append(closing)

        def one(bucket: int) -> tuple[Outcome, Any]:
            outcome = settler.settle(store.load(bucket, aside))
            if apart is not None:
                outcome = outcome.with_rows_of(apart, bucket, self.plan.buckets)
            table = settlements_table(outcome.booked, words)
            return outcome.without_rows(), table

        done = 0
        with writing(self.work.folder), self._differences.open("w") as differences:
            for outcome, table in in_turn(one, range(self.plan.buckets), self.options.threads):
                settlements.write(table)
                if closing is not None and year is not None:
                    closing.write(closing_table(outcome.closing, year, job.policy.region))
                self._keep(outcome, differences)
                done += len(table)
                self._progress("settle", done, totals.claims_rows)
            if apart is not None:
                self._keep(apart.without_rows(), differences)
        for writer in self.writers:
            writer.close()

    def _keep(self, outcome: Outcome, differences: Any) -> None:
        self.claim_rejects.add(outcome.rejects)
        self.person_rejects.add(outcome.person_rejects)
        for row in outcome.differences:
            differences.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.totals.differences += len(outcome.differences)
        self.totals.begins += outcome.begins
        self.totals.sums.merge(outcome.sums)

    def _apart(self, store: Store, settler: Settler, aside: Hashes) -> Outcome | None:
        """Settle the persons who share ids with others."""
        if not len(aside):
            return None
        buckets = np.unique(
            (aside >> np.uint64(32)) * np.uint64(self.plan.buckets) >> np.uint64(32)
        )
        found, claims = [], 0
        for bucket in buckets.tolist():
            loaded = store.load(int(bucket), aside)
            own = np.flatnonzero(loaded.elsewhere)
            claims += int(np.diff(loaded.bucket.start)[own].sum())
            if claims > MOST_APART:
                raise TooEntangled(claims)
            found.append((loaded.bucket, own.tolist()))
        apart = settle_apart(settler, found)
        apart.sums.add(apart.booked, settler.words)
        return apart

    def differences(self) -> Iterator[list[Any]]:
        """Yield the rows of the differences file."""
        with self._differences.open() as stream:
            for line in stream:
                yield json.loads(line)


def in_turn(work: Callable[[T], R], inputs: Iterable[T], threads: int) -> Iterator[R]:
    """Do work on inputs, some at a time, and yield what comes of it in their order.

    No more inputs are asked for than are worked on.
    """
    if threads < 2:
        yield from map(work, inputs)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[R]] = deque()
        for one in inputs:
            waiting.append(pool.submit(work, one))
            if len(waiting) == threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

"""Settle files of any size: divide them into pieces, settle bucket by bucket, write in order."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from yibao.bulk.booked import Sums, Words
from yibao.bulk.job import (
    MOST_APART,
    MOST_SLICE,
    Job,
    Options,
    Progress,
    TooEntangled,
    Totals,
    in_turn,
)
from yibao.bulk.manifest import WorkFolder, stamp
from yibao.bulk.memory import Plan, give_back_memory, keep_freed_memory, plan_for
from yibao.bulk.partition import Given, put_claims, put_persons
from yibao.bulk.parts import Divided, Parts, Ready, Streamed
from yibao.bulk.rejects import Rejects
from yibao.bulk.scalar import by_person
from yibao.bulk.settle import Outcome, Settler, settle_apart
from yibao.bulk.shared_ids import persons_who_share
from yibao.bulk.spill import DiskShelf, Shelf, open_piece, part_file
from yibao.bulk.store import Hashes, Store
from yibao.bulk.stream import Pair, pairs_of, put_stream_ids
from yibao.bulk.tables import closing_table, settlements_table
from yibao.bulk.writing import TableWriter, writing
from yibao.errors import CannotRead
from yibao.interop.files.arrays.claims import ClaimBlocks
from yibao.interop.files.arrays.columns import day_of
from yibao.interop.files.arrays.persons import PersonBlocks
from yibao.interop.files.arrays.source import Block, Source, open_source
from yibao.interop.files.columns import claim_columns, person_columns
from yibao.interop.files.results import settlement_columns
from yibao.interop.files.states import states_columns
from yibao.settlement.executor import Executor


class Run:
    """One run: `partition` and `settle` in that order, then what is to be written besides.

    Use as a context; files that were begun and not published are removed when it is left.
    """

    def __init__(self, job: Job, engine: Any, options: Options, progress: Progress | None = None):
        """Check the files; raises InputError, WorkInUse."""
        keep_freed_memory()
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
        folder = self.work.folder
        self.totals = Totals()
        self._stack = ExitStack()
        self.claim_rejects = Rejects(folder / "rejects-claims", self.claims)
        self.person_rejects = Rejects(folder / "rejects-persons", self.persons)
        self._stack.callback(self.claim_rejects.close)
        self._stack.callback(self.person_rejects.close)
        self.writers: list[TableWriter] = []
        self._pairs: list[Pair] | None = None
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
        self.work.close()
        give_back_memory()

    # --- pieces -------------------------------------------------------------------------------

    def partition(self) -> None:
        """Look whether the files lie in order; if not, divide them into pieces.

        Pieces that a run which was stopped has left are not made again.
        """
        begin = time.perf_counter()
        if not self.work.pieces("claims", 0):
            self._pairs = self._in_order()
        self.totals.seconds["look"] = time.perf_counter() - begin
        if self._pairs is None:
            self._divide()

    def _in_order(self) -> list[Pair] | None:
        """Return the pairs of files that lie in order, with the hashes of their ids on disk."""
        pairs = pairs_of(self.claims, self.persons)
        if pairs is None:
            return None
        done, total = 0, sum(source.count() or 0 for source in self.claims)
        for file, source in enumerate(self.claims):
            names = [n for n in ("claim_id", "person_id", "reverses") if n in source.columns]
            for number, batch in enumerate(source.some(names)):
                shelf = DiskShelf(self.work.piece("stream", file, number), self.plan.buckets)
                if not put_stream_ids(shelf, batch):
                    return None
                done += len(batch)
                self._progress("look", done, total)
        return pairs

    def _divide(self) -> None:
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
        """Settle everything; write settlements and closing states under hidden names."""
        begin = time.perf_counter()
        self._progress("ids", 0, 0)
        if self._pairs is not None and len(self._sharing("stream")):
            self._pairs = None  # whose claim ids are shared can be anywhere
            self._divide()
        aside = np.zeros(0, np.uint64) if self._pairs else self._sharing("claims")
        self.totals.seconds["ids"] = time.perf_counter() - begin
        begin = time.perf_counter()
        store = self._store() if self._pairs is None else None
        parts: Parts
        if store is not None:
            parts = Divided(store, self.plan.buckets, aside)
            self.totals.claims_rows, self.totals.persons_rows = store.counts()
        else:
            region, block = self.job.policy.region, min(self.plan.block, MOST_SLICE)
            pairs = self._pairs or []
            parts = Streamed(
                region, self.engine, self.claims, self.persons, pairs=pairs, size=block
            )
        year = self._closing_year(store)
        self._settle(parts, store, aside, year)
        actual = self.totals.sums.last_year
        if self.job.closing is not None and actual is not None and actual + 1 != year:
            self._settle(parts, store, aside, actual + 1)
        elif actual is None:
            for writer in self.writers[1:]:  # nothing was settled: no year can be closed
                writer.abandon()
            del self.writers[1:]
        self.totals.seconds["settle"] = time.perf_counter() - begin

    def _sharing(self, kind: str) -> Hashes:
        """Return the hashes of persons who share claim ids."""
        files = sorted(self.work.folder.glob(f"{kind}-*.ids"))
        return persons_who_share(files, self.plan.buckets)

    def _store(self) -> Store:
        """Open the pieces."""
        claims, persons = (
            [piece for file in range(len(sources)) for piece in self.work.pieces(kind, file)]
            for kind, sources in (("claims", self.claims), ("persons", self.persons))
        )
        return Store(
            self.job.policy.region,
            self.engine,
            (self.claims, [open_piece(file) for file in claims]),
            (self.persons, [open_piece(file) for file in persons]),
            slow=[open_piece(s) for file in claims if (s := part_file(file, "slow")).exists()],
        )

    def _closing_year(self, store: Store | None) -> int | None:
        """Return the year after the last one in which a claim may be settled, as far as known."""
        if self.job.closing is None:
            return None
        days = [source.last_day() for source in self.claims]
        day = max((d for d in days if d is not None), default=None)
        if store is not None:
            day = store.last_day()
        return None if day is None else day_of(day).year + 1

    def _settle(self, parts: Parts, store: Store | None, aside: Hashes, year: int | None) -> None:
        job, totals = self.job, self.totals
        totals.sums, totals.begins, totals.differences = Sums(), Counter(), 0
        if store is None:
            totals.claims_rows = totals.persons_rows = 0
        for writer in self.writers:
            writer.abandon()
        for rejects, found in zip(
            (self.claim_rejects, self.person_rejects), parts.rejects(), strict=True
        ):
            rejects.clear()
            rejects.add(found)
        words = Words(job.policy.region, self.engine.schemes)
        settler = Settler(
            policy=job.policy,
            engine=self.engine,
            words=words,
            back=parts.back,
            persons_files=[source.file for source in self.persons],
            opening=by_person(job.opening),
            closing_year=year,
            executor=Executor(job.policy),
            by_id=parts.by_id,
        )
        apart = None if store is None else self._apart(store, settler, aside)
        self.writers = [TableWriter(job.output, settlement_columns())]
        if job.closing is not None and year is not None:
            self.writers.append(TableWriter(job.closing, states_columns(job.policy.region)))

        def one(numbered: tuple[int, Any]) -> tuple[Outcome, list[Any], Ready]:
            number, part = numbered
            ready = parts.load(part)
            assert ready.loaded is not None
            outcome = settler.settle(ready.loaded)
            if apart is not None:
                outcome = outcome.with_rows_of(apart, number, self.plan.buckets)
            tables = [settlements_table(outcome.booked, words)]
            if year is not None:
                tables.append(closing_table(outcome.closing, year, job.policy.region))
            return outcome.without_rows(), tables, replace(ready, loaded=None)

        total = sum(source.count() or 0 for source in self.claims)
        done = 0
        with writing(self.work.folder), self._differences.open("w") as differences:
            for outcome, tables, ready in in_turn(
                one, enumerate(parts.inputs()), self.options.threads
            ):
                for writer, table in zip(self.writers, tables, strict=True):
                    writer.write(table)
                self._keep(outcome, differences)
                totals.claims_rows += ready.claims
                totals.persons_rows += ready.persons
                done += len(tables[0])
                self._progress("settle", done, total)
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

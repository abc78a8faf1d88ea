"""The driver of a run on Spark: which buckets there are, the jobs, what they come to.

Bucketed input: `claims-X.parquet` beside `persons-X.parquet`, each pair with all claims of its
persons. The names only suggest that; a first job looks at all ids. Pairs that share a claim id or a
person are settled by one task; where that would be too many rows for one, and for all other input,
Spark divides the rows: cut by bucket, `repartition`, sort, `mapInArrow`.
"""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from yibao.bulk.job import MOST_APART, Job, Progress, TooEntangled, Totals
from yibao.bulk.manifest import WorkFolder, stamp
from yibao.bulk.memory import DEFAULT, rows_at_once, rows_of
from yibao.bulk.rejects import Rejects
from yibao.bulk.spark.folders import FolderWriter, check_devices, check_folder
from yibao.bulk.spark.jobs import check, owners_tied, watched
from yibao.bulk.spark.rules import Rules
from yibao.bulk.spark.tasks import (
    SPLIT,
    Common,
    Failed,
    cut_split,
    keys_of_pair,
    keys_of_split,
    settle_cut,
    settle_files,
    settle_part,
)
from yibao.bulk.spark.told import read_told
from yibao.bulk.writing import writing
from yibao.errors import CannotRead, YibaoError
from yibao.interop.files.arrays.columns import day_of
from yibao.interop.files.arrays.source import Source, groups_of, open_source
from yibao.interop.files.columns import claim_columns, person_columns
from yibao.interop.files.parquet import open_parquet
from yibao.interop.files.tabular import format_of

T = TypeVar("T")

_KEYS = 4_000_000
"""So many keys of ids are compared by one task."""

Group = tuple[int, tuple[int, ...], tuple[int, ...]]
"""A part of bucketed input: its number, files of claims, files of persons."""


@dataclass(frozen=True, slots=True)
class SparkOptions:
    """How to run: the bytes that one task may use, and where to work."""

    memory: int = DEFAULT
    work: Path | None = None


class SparkRun:
    """One run: `settle`, then `finish.publish`. Use as a context."""

    def __init__(
        self,
        spark: Any,
        job: Job,
        rules: Rules,
        options: SparkOptions,
        progress: Progress | None = None,
    ) -> None:
        """Check the files; raises InputError, OutputError, WorkInUse."""
        self.job, self.options = job, options
        self._spark, self._rules = spark, rules
        self._progress = progress or (lambda stage, done, of: None)
        region = job.policy.region
        claims, persons = claim_columns(region), person_columns(region)
        self.persons = tuple(
            open_source(f, "persons", persons, ("claims", claims), job.encoding)
            for f in job.persons
        )
        self.claims = tuple(
            open_source(f, "claims", claims, ("persons", persons), job.encoding) for f in job.claims
        )
        for target in (job.output, job.closing):
            if target is not None:
                check_folder(target)
        folder = options.work or job.output.with_name(f".{job.output.name}.work")
        self.work = WorkFolder(folder, self._asked())
        check_devices(folder, [job.output, *([job.closing] if job.closing else [])])
        self.totals = Totals()
        self.bucketed = False
        self.parts = 0
        self.task_seconds, self.peak = 0.0, 0
        self.writers: list[FolderWriter] = []
        self._stack = ExitStack()
        self.claim_rejects = Rejects(folder / "rejects-claims", self.claims)
        self.person_rejects = Rejects(folder / "rejects-persons", self.persons)
        self._stack.callback(self.claim_rejects.close)
        self._stack.callback(self.person_rejects.close)
        self._differences = folder / "differences"

    def _asked(self) -> dict[str, Any]:
        """Return all that the parts depend on."""
        return {
            "inputs": [stamp(file) for file in self.job.inputs],
            "rules": [self.job.key, self._rules.digest],
            "encoding": self.job.encoding,
            "division": ["spark", self.options.memory],
        }

    def __enter__(self) -> SparkRun:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let everything go; the work stays, unless the input has to be changed first."""
        self._stack.close()
        if kind is not None and issubclass(kind, CannotRead):
            self.work.remove()
        self.work.close()

    # --- the whole ----------------------------------------------------------------------------

    def settle(self) -> None:
        """Settle everything; raises InputError, PackDefect, SparkFailed and the like."""
        begin = time.perf_counter()
        groups = self._groups()
        self.bucketed = groups is not None
        self.totals.seconds["look"] = time.perf_counter() - begin
        begin = time.perf_counter()
        year = self._likely_year()
        while True:
            common = self._common(year)
            self._settle(common, groups)
            self._sum_up(common)
            last = self.totals.sums.last_year
            if self.job.closing is None or last is None or last + 1 == year:
                break
            year = last + 1  # only now it is known which year is to be closed
        self.totals.seconds["settle"] = time.perf_counter() - begin
        self.writers = [FolderWriter(common.folder / "settlements", self.job.output)]
        if self.job.closing is not None and last is not None:
            self.writers.append(FolderWriter(common.folder / "closing", self.job.closing))

    def _likely_year(self) -> int | None:
        """Return the year after the last claim's, as far as the files' statistics tell it."""
        if self.job.closing is None:
            return None
        days = [source.last_day() for source in self.claims]
        day = max((d for d in days if d is not None), default=None)
        return None if day is None else day_of(day).year + 1

    def _common(self, year: int | None) -> Common:
        folder = self.work.folder.resolve() / ("parts" if year is None else f"parts-{year}")
        with writing(folder):
            for name in ("settlements", "closing", "told"):
                (folder / name).mkdir(parents=True, exist_ok=True)
        resolved = [
            tuple(replace(source, file=source.file.resolve()) for source in sources)
            for sources in (self.claims, self.persons)
        ]
        return Common(self._rules, resolved[0], resolved[1], folder, self.job.opening, year)

    def _settle(self, common: Common, groups: Sequence[Group] | None) -> None:
        if groups is None:
            self._divide_and_settle(common)
        else:
            self._settle_groups(common, groups)
        if not any((common.folder / "told").glob("part-*.json")):  # there was not one row
            check([settle_part(common, 0, {}, {})])

    # --- input that lies in buckets -----------------------------------------------------------

    def _pairs(self) -> list[tuple[int, int, int]] | None:
        """Return the pairs of files that their names suggest: number, claims, persons."""
        persons = {source.file.resolve(): at for at, source in enumerate(self.persons)}
        found: list[tuple[int, int, int]] = []
        for at, source in enumerate(self.claims):
            file = source.file.resolve()
            name = file.name
            other = persons.pop(file.with_name(f"persons{name.removeprefix('claims')}"), None)
            if other is None or not name.startswith("claims") or format_of(file) != ".parquet":
                return None
            found.append((len(found), at, other))
        return None if persons or not found else found

    def _groups(self) -> list[Group] | None:
        """Return which files are settled together; None where rows have to be divided first."""
        pairs, room = self._pairs(), rows_at_once(self.options.memory)
        if pairs is None:
            return None
        rows = [self._rows(claims, persons) for _, claims, persons in pairs]
        if max(rows) > room:
            return None
        ranges = max(1, -(-3 * sum(rows) // _KEYS))
        common = self._shared(self._common(None))

        def keys(pair: tuple[int, int, int]) -> Iterator[Any]:
            return keys_of_pair(common.value, pair, ranges)

        self._progress("look", 0, 0)
        context = self._spark.sparkContext
        together = set(owners_tied(context.parallelize(pairs, len(pairs)).flatMap(keys), ranges))
        if sum(rows[number] for number in together) > room:
            return None
        groups: list[Group] = [
            (number, (claims,), (persons,))
            for number, claims, persons in pairs
            if number not in together
        ]
        if together:
            own = [pair for pair in pairs if pair[0] in together]
            claims, persons = (tuple(pair[at] for pair in own) for at in (1, 2))
            groups.append((own[0][0], claims, persons))
        return sorted(groups)

    def _rows(self, claims: int, persons: int) -> int:
        return rows_of(self.claims[claims].file) + rows_of(self.persons[persons].file) // 4

    def _settle_groups(self, common: Common, groups: Sequence[Group]) -> None:
        shared = self._shared(common)
        todo = [group for group in groups if not common.file("told", group[0]).exists()]

        def one(group: Group) -> Failed | None:
            return settle_files(shared.value, *group)

        rdd = self._spark.sparkContext.parallelize(todo, max(len(todo), 1)).map(one)
        check(self._watched(rdd.collect, common, len(groups)))

    # --- input that has to be divided ---------------------------------------------------------

    def _buckets(self) -> int:
        rows = sum(rows_of(f) for f in self.job.claims)
        rows += sum(rows_of(f) for f in self.job.persons) // 4
        return max(1, -(-rows // rows_at_once(self.options.memory)))

    def _splits(self, sources: Sequence[Source], kind: str) -> list[tuple[str, int, int]]:
        found = []
        for file, source in enumerate(sources):
            if format_of(source.file) == ".parquet":
                metadata = open_parquet(source.file).metadata
                blocks = sum(-(-rows // SPLIT) for _, _, rows in groups_of(metadata, SPLIT))
                found += [(kind, file, block) for block in range(blocks)]
            else:
                found.append((kind, file, -1))
        return found

    def _divide_and_settle(self, common: Common) -> None:
        shared = self._shared(common)
        buckets = self._buckets()
        splits = self._splits(self.claims, "claims")
        together = self._sharing(shared, splits)
        if len(together) > MOST_APART:
            raise TooEntangled(len(together))
        splits += self._splits(self.persons, "persons")
        done = {int(told.stem[5:]) for told in (common.folder / "told").glob("part-*.json")}

        def cut(batches: Iterable[Any]) -> Iterator[Any]:
            for batch in batches:
                for row in batch.to_pylist():
                    kind, file, number = row["kind"], row["file"], row["block"]
                    try:
                        split = (kind, file, number)
                        for bucket, block, data in cut_split(
                            shared.value, split, buckets, together
                        ):
                            if bucket not in done:
                                yield _row(bucket, kind, file, block, data)
                    except YibaoError as error:
                        yield _row(-1, kind, file, number, pickle.dumps(Failed.of(error)))

        def settle(batches: Iterable[Any]) -> Iterator[Any]:
            rows = (row for batch in batches for row in batch.to_pylist())
            for bucket, own in groupby(rows, lambda row: row["bucket"]):
                if bucket < 0:
                    failed = [pickle.loads(row["data"]) for row in own]
                else:
                    found: dict[tuple[str, int], list[bytes]] = {}
                    for row in own:
                        found.setdefault((row["kind"], row["file"]), []).append(row["data"])
                    failed = [settle_cut(shared.value, bucket, found)]
                yield pa.record_batch(
                    {"failed": pa.array([pickle.dumps(f) for f in failed if f], pa.binary())}
                )

        context = self._spark.sparkContext
        schema = "kind string, file int, block int"
        rows = context.parallelize(splits, max(len(splits), 1))
        frame = (
            self._spark.createDataFrame(rows, schema)
            .mapInArrow(cut, "bucket int, kind string, file int, block int, data binary")
            .repartition(buckets, "bucket")
            .sortWithinPartitions("bucket", "kind", "file", "block")
            .mapInArrow(settle, "failed binary")
        )
        found = self._watched(frame.collect, common, buckets)
        check([pickle.loads(row.failed) for row in found])

    def _sharing(self, shared: Any, splits: Sequence[tuple[str, int, int]]) -> Any:
        """Return the hashes of persons who share claim ids."""
        rows = sum(rows_of(source.file) for source in self.claims)
        ranges = max(1, -(-rows // _KEYS))

        def keys(split: tuple[str, int, int]) -> Iterator[Any]:
            return keys_of_split(shared.value, split[1], split[2], ranges)

        self._progress("ids", 0, 0)
        rdd = self._spark.sparkContext.parallelize(splits, max(len(splits), 1)).flatMap(keys)
        return np.array(sorted(owners_tied(rdd, ranges)), np.uint64)

    # --- jobs ---------------------------------------------------------------------------------

    def _shared(self, common: Common) -> Any:
        return self._spark.sparkContext.broadcast(common)

    def _watched(self, action: Callable[[], T], common: Common, parts: int) -> T:
        """Run a job, and tell how many parts are finished meanwhile."""
        total = sum(rows_of(source.file) for source in self.claims)

        def tell() -> None:
            done = sum(1 for _ in (common.folder / "told").glob("part-*.json"))
            self._progress("settle", total * done // max(parts, 1), total)

        return watched(self._spark, action, tell)

    # --- what it comes to ---------------------------------------------------------------------

    def _sum_up(self, common: Common) -> None:
        """Add up what the parts tell, in their order."""
        self.totals = Totals(seconds=self.totals.seconds)
        totals = self.totals
        self.claim_rejects.clear()
        self.person_rejects.clear()
        files = sorted((common.folder / "told").glob("part-*.json"))
        self.parts, self.task_seconds, self.peak = len(files), 0.0, 0
        with writing(self.work.folder), self._differences.open("w") as differences:
            for file in files:
                told = read_told(file)
                totals.claims_rows += told.claims
                totals.persons_rows += told.persons
                totals.sums.merge(told.sums)
                totals.begins += told.begins
                self.claim_rejects.add(told.rejects)
                self.person_rejects.add(told.person_rejects)
                totals.differences += len(told.differences)
                for row in told.differences:
                    differences.write(json.dumps(row, ensure_ascii=False) + "\n")
                self.task_seconds += told.seconds
                self.peak = max(self.peak, told.peak)

    def differences(self) -> Iterator[list[Any]]:
        """Yield the rows of the differences file."""
        with self._differences.open() as stream:
            for line in stream:
                yield json.loads(line)


def _row(bucket: int, kind: str, file: int, block: int, data: bytes) -> Any:
    return pa.record_batch(
        {
            "bucket": pa.array([bucket], pa.int32()),
            "kind": [kind],
            "file": pa.array([file], pa.int32()),
            "block": pa.array([block], pa.int32()),
            "data": pa.array([data], pa.binary()),
        }
    )

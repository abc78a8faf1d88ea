"""What Spark's tasks do: look at ids, cut files, settle a bucket. Nothing here knows of Spark."""

from __future__ import annotations

import os
import resource
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from yibao.bulk.in_memory import SettledRows, settle_sources
from yibao.bulk.job import Opening
from yibao.bulk.rejected import Rejected, file_and_row, place_of
from yibao.bulk.shared_ids import shared_by
from yibao.bulk.spark.fragments import clean_ids, cut, fragments, person_hashes
from yibao.bulk.spark.rules import Rules, engine_of
from yibao.bulk.spark.told import Told
from yibao.bulk.writing import TableWriter, writing
from yibao.errors import YibaoError
from yibao.interop.files.arrays.columns import hash_texts
from yibao.interop.files.arrays.source import Block, Source
from yibao.interop.files.results import settlement_columns
from yibao.interop.files.rows import InputError, OutputError, RowError
from yibao.interop.files.states import states_columns

Hashes = npt.NDArray[np.uint64]

SPLIT = 1 << 18
"""Rows of a file that one task cuts."""

_PERSON = np.uint64(0x9E3779B97F4A7C15)
"""Makes the hash of a person's id another than that of a claim with the same id."""


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """What all tasks of a run need; the numbers of files are their places here."""

    rules: Rules
    claims: tuple[Source, ...]
    persons: tuple[Source, ...]
    folder: Path
    opening: Opening
    closing_year: int | None

    def file(self, what: str, part: int) -> Path:
        """Return where a part lies: of "settlements", "closing" or "told"."""
        suffix = "json" if what == "told" else "parquet"
        return self.folder / what / f"part-{part:05d}.{suffix}"

    def sources(self, kind: str) -> tuple[Source, ...]:
        """Return the files of claims or of persons."""
        return self.claims if kind == "claims" else self.persons


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a task cannot be done, and would not be the second time: an input or the rules."""

    text: str
    kind: str
    problems: tuple[RowError, ...] = ()

    @classmethod
    def of(cls, error: YibaoError) -> Failed:
        """Return an error as a value that can be sent."""
        problems = error.problems if isinstance(error, InputError) else ()
        return cls(str(error), type(error).__name__, problems)


# --- ids ------------------------------------------------------------------------------------------

Keyed = tuple[int, tuple[bytes, bytes] | Failed]
"""A range of keys, with keys and their owners."""


def keys_of_pair(common: Common, pair: tuple[int, int, int], ranges: int) -> Iterator[Keyed]:
    """Yield the keys of a pair of files, each once: its claim ids, and its persons.

    The owner is the number of the pair. What two pairs own, ties them together.
    """
    number, claims, persons = pair
    try:
        found = [*_person_keys(common.persons[persons])]
        for names, batch in _ids(common.claims[claims]):
            columns = dict(zip(names, batch, strict=True))
            found += [_hashes(c) for n, c in columns.items() if n != "person_id"]
            found.append(_hashes(columns["person_id"]) ^ _PERSON)
        keys = np.unique(np.concatenate([np.zeros(0, np.uint64), *found]))
        yield from _by_range(keys, np.full(len(keys), number, np.uint64), ranges)
    except YibaoError as error:
        yield 0, Failed.of(error)


def _person_keys(source: Source) -> Iterator[Hashes]:
    for _, (persons,) in _ids(source, ("person_id",)):
        yield _hashes(persons) ^ _PERSON


def _ids(
    source: Source, wanted: Sequence[str] = ("claim_id", "person_id", "reverses")
) -> Iterator[tuple[Sequence[str], Sequence[Any]]]:
    """Yield the ids of a Parquet file."""
    names = [name for name in wanted if name in source.columns]
    for batch in source.some(names):
        yield names, [clean_ids(column) for column in batch.columns]


def _hashes(texts: Any) -> Hashes:
    """Return the hashes of texts that are not empty."""
    return hash_texts(texts)[_filled(texts)]


def _filled(texts: Any) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.asarray(pc.binary_length(texts)) > 0)


def keys_of_split(common: Common, file: int, block: int, ranges: int) -> Iterator[Keyed]:
    """Yield the claim ids that rows have or name, with the hashes of their persons."""
    try:
        source = common.claims[file]
        for one in split_of(source, block):
            persons = person_hashes(source, one)
            for name in {"claim_id", "reverses"} & {*source.columns}:
                texts = clean_ids(one.columns[source.columns.index(name)])
                there = _filled(texts)
                yield from _by_range(hash_texts(texts)[there], persons[there], ranges)
    except YibaoError as error:
        yield 0, Failed.of(error)


def _by_range(keys: Hashes, owners: Hashes, ranges: int) -> Iterator[Keyed]:
    own = ((keys >> np.uint64(32)) * np.uint64(ranges) >> np.uint64(32)).astype(np.int64)
    order = np.argsort(own, kind="stable")
    starts = np.searchsorted(own[order], np.arange(ranges + 1))
    for number in range(ranges):
        at = order[starts[number] : starts[number + 1]]
        if len(at):
            yield number, (keys[at].tobytes(), owners[at].tobytes())


def tied(found: Iterable[tuple[bytes, bytes] | Failed]) -> list[int | Failed]:
    """Return the owners that share a key with another, of one range of keys."""
    keys, owners, failed = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint64)], []
    for one in found:
        if isinstance(one, Failed):
            failed.append(one)
        else:
            keys.append(np.frombuffer(one[0], np.uint64))
            owners.append(np.frombuffer(one[1], np.uint64))
    return [*failed, *shared_by(np.concatenate(keys), np.concatenate(owners)).tolist()]


# --- cutting --------------------------------------------------------------------------------------


def split_of(source: Source, block: int) -> Iterator[Block]:
    """Read a block of a file; -1 stands for all of it."""
    return source.blocks(SPLIT, lambda number: block not in (-1, number))


def cut_split(
    common: Common, split: tuple[str, int, int], buckets: int, together: Hashes
) -> Iterator[tuple[int, int, bytes]]:
    """Yield the buckets that rows of a split fall into, the number of the block, the rows."""
    kind, file, number = split
    source = common.sources(kind)[file]
    for block in split_of(source, number):
        for bucket, data in cut(source, block, buckets, together):
            yield bucket, block.number, data


# --- settling -------------------------------------------------------------------------------------

Cut = Mapping[tuple[str, int], Sequence[bytes]]
"""Fragments by kind and number of file."""


def settle_cut(common: Common, bucket: int, rows: Cut) -> Failed | None:
    """Settle what was cut for a bucket."""
    found = {key: fragments(common.sources(key[0])[key[1]], rows[key]) for key in sorted(rows)}
    return settle_part(
        common,
        bucket,
        {file: source for (kind, file), source in found.items() if kind == "claims"},
        {file: source for (kind, file), source in found.items() if kind == "persons"},
    )


def settle_files(
    common: Common, part: int, claims: Sequence[int], persons: Sequence[int]
) -> Failed | None:
    """Settle whole files as one bucket."""
    return settle_part(
        common,
        part,
        {file: common.claims[file] for file in claims},
        {file: common.persons[file] for file in persons},
    )


def settle_part(
    common: Common, part: int, claims: Mapping[int, Source], persons: Mapping[int, Source]
) -> Failed | None:
    """Settle one part and write it, unless that was done before.

    Each file appears whole under its name, what the part tells last of all, and two tasks of one
    part write the same: so a task may be killed, tried again, or run twice at once.
    """
    if common.file("told", part).exists():
        return None
    begin = time.process_time()
    try:
        policy, engine = engine_of(common.rules)
        columns = {source.columns: source for source in common.persons}
        for source in persons.values():
            columns.pop(source.columns, None)
        found = settle_sources(
            policy,
            # which columns persons files have is known everywhere, as in a local run
            [*persons.values(), *(fragments(source, ()) for source in columns.values())],
            list(claims.values()),
            engine=engine,
            opening=common.opening,
            closing_year=common.closing_year,
        )
    except OutputError:
        raise  # another try may find room
    except YibaoError as error:
        return Failed.of(error)
    _write(common.file("settlements", part), settlement_columns(), found.settlements)
    if found.closing is not None:
        _write(common.file("closing", part), states_columns(policy.region), found.closing)
    told = _told(found, list(claims), list(persons), time.process_time() - begin)
    with writing(common.folder):
        told.write(common.file("told", part))
    return None


def _told(
    found: SettledRows, claims: Sequence[int], persons: Sequence[int], seconds: float
) -> Told:
    outcome = found.outcome
    per_unit = 1 if sys.platform == "darwin" else 1024
    return Told(
        claims=found.claims,
        persons=found.persons,
        settled=len(found.settlements),
        sums=outcome.sums,
        begins=outcome.begins,
        rejects=[_placed(reject, claims) for reject in outcome.rejects],
        person_rejects=[_placed(reject, persons) for reject in outcome.person_rejects],
        differences=outcome.differences,
        seconds=seconds,
        peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * per_unit,
    )


def _placed(reject: Rejected, files: Sequence[int]) -> Rejected:
    """Return a reject with the number that its file has in the whole run."""
    file, row = file_and_row(reject.place)
    return replace(reject, place=place_of(files[file], row))


def _write(target: Path, columns: Any, table: Any) -> None:
    writer = TableWriter(target.with_name(f".{secrets.token_hex(8)}-{target.name}"), columns)
    try:
        writer.write(table)
        writer.close()
        with writing(target):
            os.replace(writer.part, target)
    finally:
        writer.abandon()

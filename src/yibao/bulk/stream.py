"""Input that already lies person by person: settled as it is read, without dividing it first.

It is recognised from the data: as many Parquet files of claims as of persons, in each the persons
in ascending order of their ids' bytes, no range of persons in two files. Of each person the claims
may come in any order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from yibao.bulk.order import ascending
from yibao.bulk.partition import Given
from yibao.bulk.spill import Shelf
from yibao.interop.files.arrays.columns import as_texts, hash_texts, read_ids
from yibao.interop.files.arrays.kernels import CERTAIN, EMPTY
from yibao.interop.files.arrays.source import Block, Source
from yibao.interop.files.tabular import format_of

_PER_PERSON = 4
"""So many times as many rows of claims as of persons are read at once."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The claims and the persons of a range of ids: the numbers of their files."""

    claims: int
    persons: int


@dataclass(frozen=True, slots=True)
class _Range:
    first: bytes
    last: bytes


def pairs_of(claims: Sequence[Source], persons: Sequence[Source]) -> list[Pair] | None:
    """Return files in the order of their persons, or None where input must be divided first."""
    if len(claims) != len(persons) or any(
        format_of(source.file) != ".parquet" for source in (*claims, *persons)
    ):
        return None
    ranges: list[list[tuple[_Range, int]]] = []
    for sources in (claims, persons):  # claims first: the first of them mostly tell
        found = []
        for number, source in enumerate(sources):
            span = _range(source)
            if span is None:
                return None
            found.append((span, number))
        ranges.append(sorted(found, key=lambda pair: pair[0].first))
    bills, people = ranges
    for at, (span, _) in enumerate(bills):
        before = people[at - 1][0].last if at else b""
        after = people[at + 1][0].first if at + 1 < len(people) else None
        if span.first <= before or (after is not None and span.last >= after):
            return None
    if any(one.last >= other.first for (one, _), (other, _) in pairwise(people)):
        return None
    return [Pair(c, p) for (_, c), (_, p) in zip(bills, people, strict=True)]


def _range(source: Source) -> _Range | None:
    """Return the first and last person of a file; None where they are not in order."""
    first = last = None
    for batch in source.some(["person_id"]):
        if len(batch):
            ids = as_texts(batch.column(0))
            low, high = ids[0].as_py().encode(), ids[len(ids) - 1].as_py().encode()
            known = (read_ids(ids).said == CERTAIN).all()
            if not known or not ascending(ids) or (last is not None and low < last):
                return None
            first, last = low if first is None else first, high
    return None if first is None or last is None else _Range(first, last)


def put_stream_ids(shelf: Shelf, batch: Any) -> bool:
    """Put the hashes of claim ids and of those that reversals name on a shelf.

    Returns False where an id needs a closer look, so that the input has to be divided.
    """
    names = batch.schema.names
    cells = {name: read_ids(batch.column(at)) for at, name in enumerate(names)}
    if any((read.said > CERTAIN).any() for read in cells.values()):
        return False
    person = hash_texts(cells["person_id"].values)
    ids, persons = [hash_texts(cells["claim_id"].values)], [person]
    if "reverses" in cells and (cells["reverses"].said != EMPTY).any():
        at = np.flatnonzero(cells["reverses"].said != EMPTY)
        ids.append(hash_texts(cells["reverses"].values.take(pa.array(at))))
        persons.append(person[at])
    found = np.concatenate(ids)
    shelf.put("ids", pa.record_batch({"id": found, "person": np.concatenate(persons)}), found, {})
    return True


# --- slices ---------------------------------------------------------------------------------------


def slices(
    pair: Pair, claims: Sequence[Source], persons: Sequence[Source], size: int
) -> Iterator[tuple[Given, Given]]:
    """Yield claims and the statuses of their persons, about `size` claims at a time.

    A person is never divided; persons without claims come along.
    """
    source, people = claims[pair.claims], _Reader(persons[pair.persons], size // _PER_PERSON)

    def both(block: Block, statuses: Block) -> tuple[Given, Given]:
        return Given(pair.claims, source, block), Given(pair.persons, people.source, statuses)

    held: Block | None = None
    for block in source.blocks(size):
        held = block if held is None else _joined([held, block])
        ids = _Ids(held, source)
        cut = bisect_left(range(len(ids)), ids[len(ids) - 1], key=ids.__getitem__)
        if cut:
            yield both(_part(held, 0, cut), people.up_to(ids[cut - 1]))
            held = _part(held, cut, len(ids))
    rest = people.up_to(None)
    if held is not None or len(rest.rows):
        yield both(held if held is not None else _none(source), rest)


class _Ids:
    """The persons of a block's rows, as bytes."""

    def __init__(self, block: Block, source: Source) -> None:
        self._texts = as_texts(block.columns[source.columns.index("person_id")])

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, at: int) -> bytes:
        found: bytes = self._texts[at].as_py().encode()
        return found


class _Reader:
    """Reads a persons file in step with the claims."""

    def __init__(self, source: Source, size: int) -> None:
        self.source = source
        self._blocks = source.blocks(max(size, 1))
        self._held: list[Block] = []

    def up_to(self, person: bytes | None) -> Block:
        """Return the rows of persons up to one, or all that are left."""
        while person is None or not self._held or _last(self._held[-1], self.source) <= person:
            block = next(self._blocks, None)
            if block is None:
                break
            self._held.append(block)
        if not self._held:
            return _none(self.source)
        held = _joined(self._held)
        ids = _Ids(held, self.source)
        cut = len(ids)
        if person is not None:
            cut = bisect_right(range(len(ids)), person, key=ids.__getitem__)
        self._held = [_part(held, cut, len(ids))] if cut < len(ids) else []
        return _part(held, 0, cut)


def _last(block: Block, source: Source) -> bytes:
    ids = _Ids(block, source)
    return ids[len(ids) - 1]


def _joined(blocks: Sequence[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    columns = [
        pa.chunked_array([block.columns[at] for block in blocks]).combine_chunks()
        for at in range(len(blocks[0].columns))
    ]
    return Block(0, columns, np.concatenate([block.rows for block in blocks]))


def _part(block: Block, begin: int, end: int) -> Block:
    columns = [column.slice(begin, end - begin) for column in block.columns]
    return Block(0, columns, block.rows[begin:end])


def _none(source: Source) -> Block:
    """Return no rows of a file."""
    columns = [pa.array([], pa.string()) for _ in source.columns]
    return Block(0, columns, np.zeros(0, np.int64))

"""From files to pieces: each block of rows is read, divided by person, and put on disk.

A piece holds the block's rows as numbers and ids, bucket by bucket; the rows that need a closer
look, as text; and the hashes of its claim ids. It is finished when the last of its files is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.bulk.rejected import FILE_SHIFT, of_reject
from yibao.bulk.spill import Shelf, facts_texts
from yibao.interop.files import cells
from yibao.interop.files.arrays.claims import ClaimBlocks, ClaimRows
from yibao.interop.files.arrays.columns import buffers, day_number, hash_texts
from yibao.interop.files.arrays.facts import FactsTable
from yibao.interop.files.arrays.persons import PersonBlocks, PersonRows
from yibao.interop.files.arrays.source import Block, Source
from yibao.interop.files.persons import PersonReader, place
from yibao.interop.files.rowreader import cell_of
from yibao.interop.files.rows import Record, Reject
from yibao.policy.model import Region
from yibao.settlement.columnar.data import FOREVER, NONE
from yibao.settlement.model import Status

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A block of a file: the number of the file, the file, the block."""

    file: int
    source: Source
    block: Block

    @property
    def rows(self) -> int:
        """How many rows there are, damaged ones among them."""
        return len(self.block.rows) + len(self.block.damaged)

    def places(self, rows: Int64) -> Int64:
        """Return the places of rows of the file."""
        return rows + (self.file << FILE_SHIFT)

    def records(self, at: Int64) -> list[Record]:
        """Return rows of the block as text cells."""
        return list(self.block.records(self.source.file, at))

    def damaged(self) -> list[Reject]:
        """Return the rejects of damaged rows."""
        return [
            Reject(record, self.source.columns, (record.problem,))
            for record in self.block.damaged
            if record.problem is not None
        ]


AMOUNT = "amount_"
"""Begins the names of the columns of amounts in a piece."""


def _numbered(*columns: Any) -> tuple[list[str], list[npt.NDArray[np.int32]]]:
    """Return the texts of columns, each once, and for every row the number of its text or NONE."""
    if all(map(_is_empty, columns)):
        return [], [np.full(len(column), NONE, np.int32) for column in columns]
    both = pa.chunked_array(list(columns)).combine_chunks() if len(columns) > 1 else columns[0]
    encoded = both.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    numbers = encoded.indices.to_numpy(zero_copy_only=False)
    if "" in names:
        empty = names.index("")
        own = np.array([NONE if n == empty else n - (n > empty) for n in range(len(names))])
        numbers = own[numbers]
        names.remove("")
    parts = np.split(numbers.astype(np.int32), np.cumsum([len(c) for c in columns])[:-1])
    return names, parts


# --- persons --------------------------------------------------------------------------------------


def put_persons(shelf: Shelf, given: Given, reader: PersonBlocks, region: Region) -> int:
    """Put the piece of a block of a persons file on a shelf; return how many rows there were."""
    facts = FactsTable()
    rows, slow = reader.read(given.block, facts)
    rejects = given.damaged()
    if len(slow):
        rows, more = _read_slowly(given, slow, rows, facts, region)
        rejects = sorted([*rejects, *more], key=lambda reject: reject.record.row)
    invalid: dict[str, str] = {}
    for reject in rejects:
        person = cell_of(given.source.columns, reject.record, "person_id").strip()
        if person:
            invalid.setdefault(person, place(reject.record))
    names, (chosen, contracted) = _numbered(rows.chosen_institution, rows.contracted_institution)
    batch = pa.record_batch(
        {
            "person_id": rows.person_id,
            "first": rows.first,
            "last": rows.last,
            "birth": rows.birth,
            "facts": rows.facts,
            "chosen": chosen,
            "contracted": contracted,
            "place": rows.row,
        }
    )
    told: dict[str, Any] = {
        "facts": [facts_texts(f) for f in facts.tuples],
        "institutions": names,
        "count": given.rows,
        "rejects": [of_reject(given.file, reject).as_data() for reject in rejects],
        "invalid": invalid,
        "file": given.file,
    }
    shelf.put("rows", batch, rows.person_hash, told)
    return given.rows


def _read_slowly(
    given: Given, slow: Int64, rows: PersonRows, facts: FactsTable, region: Region
) -> tuple[PersonRows, list[Reject]]:
    """Read rows one by one; return `rows` with the good ones among them, and the rejects."""
    reader = PersonReader(region)
    reader.add(replace(given.source.table, records=iter(given.records(slow))))
    held = [pair for pairs in reader.held.values() for pair in pairs]
    found = [(status, fault.record.row) for status, fault in held]
    return _with(rows, found, facts), reader.persons.rejects


def _with(rows: PersonRows, found: Sequence[tuple[Status, int]], facts: FactsTable) -> PersonRows:
    person = pa.array([s.person_id for s, _ in found], pa.string())

    def days(values: Iterator[int]) -> npt.NDArray[np.int32]:
        return np.fromiter(values, np.int32, len(found))

    def both(one: Any, more: Any) -> Any:
        return pa.concat_arrays([one, pa.array(more, pa.string())])

    return PersonRows(
        person_id=pa.concat_arrays([rows.person_id, person]),
        person_hash=np.concatenate([rows.person_hash, hash_texts(person)]),
        chosen_institution=both(rows.chosen_institution, [s.chosen_institution for s, _ in found]),
        contracted_institution=both(
            rows.contracted_institution, [s.contracted_institution for s, _ in found]
        ),
        first=np.concatenate([rows.first, days(day_number(s.first) for s, _ in found)]),
        last=np.concatenate(
            [rows.last, days(FOREVER if s.last is None else day_number(s.last) for s, _ in found)]
        ),
        birth=np.concatenate([rows.birth, days(day_number(s.birth_date) for s, _ in found)]),
        facts=np.concatenate([rows.facts, days(facts.code(s.facts) for s, _ in found)]),
        row=np.concatenate([rows.row, np.fromiter((r for _, r in found), np.int64, len(found))]),
    )


# --- claims ---------------------------------------------------------------------------------------


def put_claims(shelf: Shelf, given: Given, reader: ClaimBlocks, *, with_ids: bool = True) -> int:
    """Put the piece of a block of a claims file on a shelf; return how many rows there were."""
    facts = FactsTable()
    rows, slow = reader.read(given.block, facts)
    if len(slow):
        _put_slow(shelf, given, slow)
    if with_ids:
        _put_ids(shelf, rows, given, slow)
    batch, names = claims_batch(rows)
    told: dict[str, Any] = {
        "facts": [facts_texts(f) for f in facts.tuples],
        "institutions": names,
        "count": given.rows,
        "rejects": [of_reject(given.file, reject).as_data() for reject in given.damaged()],
        "slow": len(slow),
        "claims": _span(rows),
        "file": given.file,
    }
    shelf.put("rows", batch, rows.person_hash, told)
    return given.rows


def _span(rows: ClaimRows) -> list[int]:
    """Return the last day of the rows, if there are any."""
    days = rows.discharged[rows.facts != NONE]
    return [int(days.max())] if len(days) else []


def claims_batch(rows: ClaimRows) -> tuple[Any, list[str]]:
    """Return rows as a batch, and the institutions that it numbers.

    A column with nothing in it is left out; `stay` is the days from admission to discharge.
    """
    names, (institution,) = _numbered(rows.institution_id)
    columns = {
        "claim_id": rows.claim_id,
        "person_id": rows.person_id,
        "reverses": rows.reverses,
        "episode": rows.episode,
        "institution": institution,
        "settled_at": rows.settled_at,
        "admitted": rows.admitted,
        "stay": (rows.discharged - rows.admitted).astype(np.int32),
        "facts": rows.facts,
        "flags": rows.flags,
        "account_available": rows.account_available,
        "place": rows.row,
    }
    columns |= {AMOUNT + name: values for name, values in rows.amounts.items()}
    return pa.record_batch({n: c for n, c in columns.items() if not _is_nothing(n, c)}), names


def _is_empty(texts: Any) -> bool:
    offsets, _ = buffers(texts)
    return bool(offsets[0] == offsets[-1])


def _is_nothing(name: str, column: Any) -> bool:
    """Tell whether a column need not be written: nothing is in it."""
    if name in {"reverses", "episode"}:
        return _is_empty(column)
    if name == "institution":
        return bool((column == NONE).all())
    return name not in {"claim_id", "person_id", "facts", "place"} and not column.any()


def _identifier(record: Record, columns: Sequence[str], name: str) -> str:
    """Return an id as the reader of rows will read it, empty where that refuses it."""
    try:
        return cells.identifier(cells.clean(cell_of(columns, record, name)))
    except cells.BadCell:
        return ""


def _slow_ids(given: Given, slow: Int64, name: str) -> Any:
    columns = given.source.columns
    found = [_identifier(record, columns, name) for record in given.records(slow)]
    return pa.array(found, pa.string())


def _put_slow(shelf: Shelf, given: Given, slow: Int64) -> None:
    person = _slow_ids(given, slow, "person_id")
    records = given.records(slow)
    hashes = hash_texts(person)
    batch = pa.record_batch(
        {
            "person_hash": hashes,
            "place": given.places(given.block.rows[slow]),
            "cells": pa.array([json.dumps(list(r.cells)) for r in records], pa.string()),
        }
    )
    shelf.put("slow", batch, hashes, {})


def _put_ids(shelf: Shelf, rows: ClaimRows, given: Given, slow: Int64) -> None:
    """Put pairs of hashes: of every claim id that a row has or names, and of its person's id."""
    own, person = [hash_texts(rows.claim_id)], [rows.person_hash]
    back = np.flatnonzero(rows.facts == NONE)
    if len(back):
        own.append(hash_texts(rows.reverses.take(pa.array(back))))
        person.append(rows.person_hash[back])
    if len(slow):
        of = hash_texts(_slow_ids(given, slow, "person_id"))
        for name in ("claim_id", "reverses"):
            texts = _slow_ids(given, slow, name)
            there = np.flatnonzero(np.asarray(pa.compute.binary_length(texts)) > 0)
            own.append(hash_texts(texts)[there])
            person.append(of[there])
    ids, persons = (
        found[0] if len(found) == 1 else np.concatenate(found) for found in (own, person)
    )
    shelf.put("ids", pa.record_batch({"id": ids, "person": persons}), ids, {})

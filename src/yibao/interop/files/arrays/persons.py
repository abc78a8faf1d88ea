"""Blocks of a persons file as arrays: the rows that are certainly right, and which are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.interop.files.arrays.claims import Mask, Rows, _filled, _texts
from yibao.interop.files.arrays.columns import Cells, Closed, hash_texts, read_ids
from yibao.interop.files.arrays.facts import FactsTable
from yibao.interop.files.arrays.kernels import UNCERTAIN
from yibao.interop.files.arrays.source import Block
from yibao.interop.files.columns import person_columns
from yibao.policy.model import Region
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.columnar.data import FOREVER


@dataclass(frozen=True, slots=True, eq=False)
class PersonRows:
    """Statuses, m rows, as `settlement.columnar.data.Statuses` but in the order of the file.

    Texts are Arrow texts, empty where nothing is given; `facts` number tuples of a FactsTable;
    `row` is the row's number in its file.
    """

    person_id: Any
    person_hash: npt.NDArray[np.uint64]
    chosen_institution: Any
    contracted_institution: Any
    first: npt.NDArray[np.int32]
    last: npt.NDArray[np.int32]
    birth: npt.NDArray[np.int32]
    facts: npt.NDArray[np.int32]
    row: Rows

    def __len__(self) -> int:
        return len(self.row)


class PersonBlocks:
    """Reads the blocks of one persons file."""

    def __init__(self, columns: tuple[str, ...], region: Region) -> None:
        self._names = columns
        expected = {c.name: c for c in person_columns(region)}
        self._kinds = {name: expected[name].kind for name in columns}
        self._facts = [a.name for a in vocabulary().of("person") if a.kind != "number"]
        needed = {*self._facts, "from", "to", "birth_date"}
        self._closed = {name: Closed(expected[name]) for name in needed}
        self._needed = [c.name for c in expected.values() if c.absent is None]

    def read(self, block: Block, facts: FactsTable) -> tuple[PersonRows, Rows]:
        """Return the rows that are certainly right, and where in the block the others are."""
        count = len(block.rows)
        cells = {
            name: read_ids(column) if self._kinds[name] == "id" else self._closed[name].read(column)
            for name, column in zip(self._names, block.columns, strict=True)
        }
        first, birth = (cells[name].values for name in ("from", "birth_date"))
        last = np.full(count, FOREVER, np.int32)
        if "to" in cells:
            last = np.where(cells["to"].filled, cells["to"].values, last)
        good: Mask = (last >= first) & (birth <= first)
        for read in cells.values():
            good &= read.said != UNCERTAIN
        for name in self._needed:
            good &= _filled(cells, name, count)
        person = cells["person_id"].values
        rows = PersonRows(
            person_id=person,
            person_hash=hash_texts(person),
            chosen_institution=_texts(cells, "chosen_institution", count),
            contracted_institution=_texts(cells, "contracted_institution", count),
            first=first,
            last=last,
            birth=birth,
            facts=facts.codes([(self._closed[n], _codes(cells, n)) for n in self._facts], count),
            row=block.rows,
        )
        if good.all():
            return rows, np.zeros(0, np.int64)
        return take(rows, np.flatnonzero(good)), np.flatnonzero(~good)


def _codes(cells: Mapping[str, Cells], name: str) -> npt.NDArray[np.int32] | None:
    return np.maximum(cells[name].values, 0) if name in cells else None


def take(rows: PersonRows, at: Rows) -> PersonRows:
    """Return some of the rows."""
    where = pa.array(at)
    values = {field.name: getattr(rows, field.name) for field in fields(rows)}
    return PersonRows(
        **{
            name: value[at] if isinstance(value, np.ndarray) else value.take(where)
            for name, value in values.items()
        }
    )

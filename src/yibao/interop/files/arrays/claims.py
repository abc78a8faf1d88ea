"""Blocks of a claims file as arrays: the rows that are certainly right, and which are not.

What is checked here is what a row alone can show (`interop.files.claims` says what a row means);
whether the person is insured, and whether flags agree with the persons file, is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.interop.files.arrays.columns import (
    Cells,
    Closed,
    hash_texts,
    read_amounts,
    read_ids,
    read_times,
)
from yibao.interop.files.arrays.facts import FactsTable
from yibao.interop.files.arrays.kernels import CERTAIN, EMPTY, UNCERTAIN
from yibao.interop.files.arrays.source import Block
from yibao.interop.files.columns import DERIVED, claim_columns
from yibao.policy.model import Region
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.columnar.data import NONE

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

_DAY_US = 86_400_000_000
_REVERSAL = frozenset({"claim_id", "person_id", "settled_at", "reverses"})

FOLLOWS, FILLED, BY_DATE = 1, 4, 16
"""Bits of `ClaimRows.flags`. FOLLOWS << i: derived flag i follows from the institution.
FILLED << i: it is filled and must agree with the persons file. BY_DATE: `date` gives both days."""

DERIVED_FLAGS = tuple(DERIVED)


@dataclass(frozen=True, slots=True, eq=False)
class ClaimRows:
    """Claims and reversals, n rows, as `settlement.columnar.data.Items` but for the links.

    Texts are Arrow texts, empty where nothing is given. `facts` number tuples of a FactsTable, NONE
    for reversals; `amounts` has those that the file has; `flags` see above; `row` is the row's
    number in its file.
    """

    claim_id: Any
    person_id: Any
    person_hash: npt.NDArray[np.uint64]
    reverses: Any
    episode: Any
    institution_id: Any
    settled_at: Rows
    admitted: npt.NDArray[np.int32]
    discharged: npt.NDArray[np.int32]
    facts: npt.NDArray[np.int32]
    flags: npt.NDArray[np.int8]
    amounts: Mapping[str, Rows]
    account_available: Rows
    row: Rows

    def __len__(self) -> int:
        return len(self.row)


class ClaimBlocks:
    """Reads the blocks of one claims file."""

    def __init__(self, columns: tuple[str, ...], region: Region, given: frozenset[str]) -> None:
        """Prepare for a header; `given` are the columns of the persons files."""
        self._names = columns
        expected = {c.name: c for c in claim_columns(region)}
        self._kinds = {name: expected[name].kind for name in columns}
        self._facts = [a.name for a in vocabulary().of("claim")]
        needed = {*self._facts, "date", "admitted_on", "discharged_on"}
        self._closed = {name: Closed(expected[name]) for name in needed}
        self._amounts = vocabulary().amounts
        self._needed = [c.name for c in expected.values() if c.absent is None and not c.unless]
        self._derived = [
            flag if "institution_id" in columns and column in given else ""
            for flag, column in DERIVED.items()
        ]

    def read(self, block: Block, facts: FactsTable) -> tuple[ClaimRows, Rows]:
        """Return the rows that are certainly right, and where in the block the others are."""
        count = len(block.rows)
        cells = {
            name: self._cells(name, column)
            for name, column in zip(self._names, block.columns, strict=True)
        }
        good = self._good(cells, count)
        rows = self._rows(cells, block, facts)
        if good.all():
            return rows, np.zeros(0, np.int64)
        return take(rows, np.flatnonzero(good)), np.flatnonzero(~good)

    def _cells(self, name: str, column: Any) -> Cells:
        kind = self._kinds[name]
        if kind == "id":
            return read_ids(column)
        if kind == "time":
            return read_times(column)
        return read_amounts(column) if kind == "amount" else self._closed[name].read(column)

    # --- checks -------------------------------------------------------------------------------

    def _good(self, cells: Mapping[str, Cells], count: int) -> Mask:
        """Tell which rows are certainly right."""
        good = np.ones(count, np.bool_)
        for read in cells.values():
            good &= read.said != UNCERTAIN
        reversal = _filled(cells, "reverses", count)
        claim = good & self._days(cells, count) & self._bill(cells, count)
        for name in self._needed:
            claim &= _filled(cells, name, count)
        if not reversal.any():
            return claim
        at = np.flatnonzero(reversal)
        taken = np.ones(len(at), np.bool_)
        for name, read in cells.items():
            if name not in _REVERSAL:
                taken &= read.said[at] == EMPTY
        for name in ("claim_id", "settled_at"):
            taken &= _filled(cells, name, count)[at]
        if "claim_id" in cells:
            own, target = (hash_texts(cells[n].values.take(pa.array(at))) for n in _OWN_AND_TARGET)
            taken &= own != target
        good[at] &= taken
        return np.where(reversal, good, claim)

    def _days(self, cells: Mapping[str, Cells], count: int) -> Mask:
        by_date = _filled(cells, "date", count)
        admitted, discharged = self._both_days(cells, count)
        filled = [_filled(cells, name, count) for name in ("admitted_on", "discharged_on")]
        good = np.where(by_date, ~(filled[0] | filled[1]), filled[0] & filled[1])
        good &= admitted <= discharged
        settled = cells["settled_at"].values if "settled_at" in cells else np.zeros(count, np.int64)
        good &= settled >= discharged.astype(np.int64) * _DAY_US
        return good

    def _both_days(self, cells: Mapping[str, Cells], count: int) -> list[npt.NDArray[np.int32]]:
        found = []
        for name in ("admitted_on", "discharged_on"):
            own = cells[name].values if name in cells else np.zeros(count, np.int32)
            if "date" in cells:
                own = np.where(cells["date"].said == CERTAIN, cells["date"].values, own)
            found.append(own)
        return found

    def _bill(self, cells: Mapping[str, Cells], count: int) -> Mask:
        """Tell where parts add up to their whole and portions lie within theirs."""
        zero = np.zeros(count, np.int64)
        good = np.ones(count, np.bool_)

        def values(name: str) -> Rows:
            found: Rows = cells[name].values if name in cells else zero
            return found

        for amount in self._amounts.values():
            if amount.parts:
                total = zero.copy()
                for part in amount.parts:
                    if part in cells:
                        total += values(part)
                good &= total == values(amount.name)
            elif amount.portion_of and amount.name in cells:
                good &= values(amount.name) <= values(amount.portion_of)
        return good

    # --- columns ------------------------------------------------------------------------------

    def _rows(self, cells: Mapping[str, Cells], block: Block, facts: FactsTable) -> ClaimRows:
        count = len(block.rows)
        reversal = _filled(cells, "reverses", count)
        days = self._both_days(cells, count)
        codes = [(self._closed[n], self._codes(cells, n)) for n in self._facts]
        numbers = facts.codes(codes, count)
        if reversal.any():
            numbers[reversal] = NONE
        account = cells.get("account_available")
        person = _texts(cells, "person_id", count)
        return ClaimRows(
            claim_id=_texts(cells, "claim_id", count),
            person_id=person,
            person_hash=hash_texts(person),
            reverses=_texts(cells, "reverses", count),
            episode=_texts(cells, "episode", count),
            institution_id=_texts(cells, "institution_id", count),
            settled_at=cells["settled_at"].values,
            admitted=days[0],
            discharged=days[1],
            facts=numbers,
            flags=self._flags(cells, count),
            amounts={name: cells[name].values for name in self._amounts if name in cells},
            account_available=np.zeros(count, np.int64) if account is None else account.values,
            row=block.rows,
        )

    @staticmethod
    def _codes(cells: Mapping[str, Cells], name: str) -> npt.NDArray[np.int32] | None:
        if name not in cells:
            return None
        found: npt.NDArray[np.int32] = np.maximum(cells[name].values, 0)
        return found

    def _flags(self, cells: Mapping[str, Cells], count: int) -> npt.NDArray[np.int8]:
        flags = np.zeros(count, np.int8)
        at_one = _filled(cells, "institution_id", count)
        for bit, flag in enumerate(self._derived):
            if flag:
                filled = _filled(cells, flag, count)
                flags[at_one & ~filled] |= FOLLOWS << bit
                flags[at_one & filled] |= FILLED << bit
        flags[_filled(cells, "date", count)] |= BY_DATE
        return flags


_OWN_AND_TARGET = ("claim_id", "reverses")


def _filled(cells: Mapping[str, Cells], name: str, count: int) -> Mask:
    return cells[name].filled if name in cells else np.zeros(count, np.bool_)


def no_texts(count: int) -> Any:
    """Return empty texts."""
    offsets = pa.py_buffer(np.zeros(count + 1, np.int32))
    return pa.StringArray.from_buffers(count, offsets, pa.py_buffer(b""))


def _texts(cells: Mapping[str, Cells], name: str, count: int) -> Any:
    return cells[name].values if name in cells else no_texts(count)


def take(rows: ClaimRows, at: Rows) -> ClaimRows:
    """Return some of the rows."""
    where = pa.array(at)
    texts = ("claim_id", "person_id", "reverses", "episode", "institution_id")
    arrays = (
        "person_hash",
        "settled_at",
        "admitted",
        "discharged",
        "facts",
        "flags",
        "account_available",
        "row",
    )
    return ClaimRows(
        **{name: getattr(rows, name).take(where) for name in texts},
        **{name: getattr(rows, name)[at] for name in arrays},
        amounts={name: values[at] for name, values in rows.amounts.items()},
    )

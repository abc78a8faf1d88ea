"""Why rows of a bucket were not booked, in the words of the readers and of the scalar book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from yibao.bulk.bucket import DISAGREES, NOT_INSURED, NOT_KNOWN, NOT_VALID, Bucket, Rows
from yibao.bulk.rejected import Rejected, Wrong, file_and_row, of_reject
from yibao.bulk.scalar import Back
from yibao.errors import ClaimError, PolicyError, YibaoError
from yibao.interop.files.arrays.claims import DERIVED_FLAGS
from yibao.interop.files.arrays.columns import day_of
from yibao.interop.files.columns import DERIVED
from yibao.interop.files.persons import overlapping
from yibao.interop.files.reasons import row_error
from yibao.interop.files.rowreader import Fault
from yibao.interop.files.rows import Record, Reject, Table
from yibao.interop.files.rules import reason
from yibao.settlement.batch import Rejection
from yibao.settlement.columnar import data
from yibao.settlement.columnar.data import NONE, Result
from yibao.settlement.executor import claim_attributes
from yibao.settlement.model import Claim, Status

Errors = Mapping[int, YibaoError]
"""Why the scalar book refuses rows, where only it can tell."""


def before_settling(
    bucket: Bucket, bad: Mapping[str, str], by_discharge: bool
) -> Iterator[Rejected]:
    """Yield the rows that the persons file forbids; `bad` says where persons' bad rows are."""
    claims = bucket.claims
    person = bucket.person_of_rows()
    day = claims["discharged" if by_discharge else "admitted"]
    for row in np.flatnonzero((bucket.state >= NOT_KNOWN) & (bucket.state <= DISAGREES)).tolist():
        state = bucket.state[row]
        if state == NOT_KNOWN:
            wrong = [_wrong("person_id", "known_person")]
        elif state == NOT_VALID:
            (name,) = bucket.names([int(person[row])])
            wrong = [_wrong("person_id", "person_rows_valid", found=bad[name])]
        elif state == NOT_INSURED:
            wrong = [_wrong("person_id", "insured_on_day", day=day_of(int(day[row])))]
        else:
            wrong = list(_contradicting(bucket, row))
        yield Rejected(int(claims["place"][row]), tuple(wrong))


def _wrong(column: str, rule: str, **facts: object) -> Wrong:
    return Wrong(column, None, rule, reason(rule, **facts))


def _contradicting(bucket: Bucket, row: int) -> Iterator[Wrong]:
    for bit, flag in enumerate(DERIVED_FLAGS):
        if bucket.disagrees[row] >> bit & 1:
            yield _wrong(flag, "agrees_with_persons", found=DERIVED[flag])


@dataclass(frozen=True, slots=True, eq=False)
class Refusals:
    """Turns the engine's codes into errors of rows."""

    back: Back
    answers: Sequence[Any]

    def of(self, bucket: Bucket, result: Result, known: Errors) -> Iterator[Rejected]:
        """Yield the fine rows that the engine refused."""
        rows = np.flatnonzero((bucket.state == 0) & (result.code > data.REVERSED)).tolist()
        used = [row for row in rows if result.code[row] == data.ID_USED]
        first = self._first(bucket, result, used)
        for row in rows:
            item = self.back.item(bucket, row)
            error = known.get(row) or self._error(bucket, result, row)
            source = self.back.origin(bucket.claims, row)
            found = row_error(Rejection(item, error), source, first)
            wrong = Wrong(found.column, found.value, found.rule, found.message)
            yield Rejected(int(bucket.claims["place"][row]), (wrong,))

    def unexplained(self, bucket: Bucket, result: Result) -> list[int]:
        """Return the rows that only the scalar book can explain."""
        refused = (result.code >= data.YEAR_END_REFUSES) | (
            (result.code == data.RULES_REFUSE) & (result.answer == NONE)
        )
        return np.flatnonzero((bucket.state == 0) & refused).tolist()

    def _first(self, bucket: Bucket, result: Result, used: Sequence[int]) -> dict[str, str]:
        """Return where ids that came again were used first."""
        if not used:
            return {}
        own = bucket.links.own_id
        again = np.isin(own, own[used]) & (result.code <= data.REVERSED) & (own != NONE)
        found = {}
        for row in np.flatnonzero(again).tolist():
            file, number = file_and_row(int(bucket.claims["place"][row]))
            found[bucket.claims["claim_id"][row].as_py()] = f"{self.back.files[file].name}:{number}"
        return found

    def _error(self, bucket: Bucket, result: Result, row: int) -> YibaoError:
        code, claims = result.code[row], bucket.claims
        if code == data.ID_USED:
            own = claims["claim_id"][row].as_py()
            return ClaimError("claim_id", own, "unique claim id", "an id not used before")
        if code in (data.NOT_SETTLED, data.TAKEN_BACK):
            target = claims["reverses"][row].as_py()
            if code == data.NOT_SETTLED:
                rule, wanted = "reversal of a settled claim", "a settled claim"
            else:
                rule, wanted = "one reversal of a claim", "a claim that stands"
            return ClaimError("reverses", target, rule, wanted)
        answer = self.answers[int(result.answer[row])]
        day = day_of(int(result.day[row]))
        at = int(bucket.status[row])
        (status,) = self.back.statuses(bucket.statuses, at, at + 1)
        claim = self.back.item(bucket, row).what
        assert isinstance(claim, Claim)
        error = answer.decision.refusal(day, claim_attributes(status, claim.facts, day))
        assert isinstance(error, PolicyError)
        return error


def overlaps(
    statuses: Rows, of: Any, persons: Iterable[int], back: Back, files: Sequence[Path]
) -> Iterator[tuple[str, Rejected, str]]:
    """Yield the rows of persons whose periods overlap: person, reject, and where it is."""
    for person in persons:
        rows = range(int(of[person]), int(of[person + 1]))
        held: list[tuple[Status, Fault]] = []
        numbers: dict[int, int] = {}
        for row in sorted(rows, key=lambda row: int(statuses["place"][row])):
            file, number = file_and_row(int(statuses["place"][row]))
            record = Record(files[file], number, ())
            fault = Fault(Table(files[file], (), iter(())), record)
            numbers[id(fault)] = file
            held.append((back.statuses(statuses, row, row + 1)[0], fault))
        for fault in overlapping(held):
            record = fault.record
            reject = Reject(record, (), tuple(fault.errors))
            rejected = of_reject(numbers[id(fault)], reject, with_cells=False)
            yield held[0][0].person_id, rejected, f"{record.file.name}:{record.row}"

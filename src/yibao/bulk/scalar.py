"""Back from arrays to claims and statuses, for persons whom the scalar book has to settle.

These are few: persons whose claims are entangled with another's, and those of whom a reversal or a
late claim may have changed what stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from yibao.bulk.bucket import FINE, Bucket, Rows
from yibao.bulk.partition import AMOUNT
from yibao.bulk.rejected import file_and_row
from yibao.interop.files.arrays.claims import BY_DATE, DERIVED_FLAGS, FOLLOWS
from yibao.interop.files.arrays.columns import day_of
from yibao.interop.files.claims import Origin
from yibao.interop.files.rows import Record
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import Item
from yibao.settlement.book import Book
from yibao.settlement.columnar.data import FOREVER, NONE
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.executor import Executor
from yibao.settlement.model import Claim, Facts, Reversal, Status

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (local time of the place)

Opening = Mapping[str, Mapping[int, Mapping[str, int]]]
"""By person and year the state values with which the year opens."""


def by_person(opening: Mapping[tuple[str, int], Mapping[str, int]]) -> Opening:
    """Return opening states by person."""
    found: dict[str, dict[int, Mapping[str, int]]] = {}
    for (person, year), values in opening.items():
        found.setdefault(person, {})[year] = values
    return found


def of_persons(opening: Opening, names: Iterable[str]) -> dict[tuple[str, int], Mapping[str, int]]:
    """Return the opening states of some persons, as a book takes them."""
    return {
        (name, year): values for name in names for year, values in opening.get(name, {}).items()
    }


def moment_of(microseconds: int) -> datetime:
    """Return a moment from its microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


@dataclass(frozen=True, slots=True, eq=False)
class Back:
    """Makes claims and statuses of a bucket's rows.

    `claim_facts` and `person_facts` are what the engine numbers, `institutions` the names of
    institutions, `files` the claims files.
    """

    claim_facts: Any
    person_facts: Any
    institutions: Sequence[str]
    files: Sequence[Path]

    def items(self, bucket: Bucket, persons: Iterable[int], states: Sequence[int]) -> list[Item]:
        """Return the claims and reversals of persons that are in one of these states."""
        found = []
        for person in persons:
            for row in range(int(bucket.start[person]), int(bucket.start[person + 1])):
                if bucket.state[row] in states:
                    found.append(self.item(bucket, row))
        return found

    def item(self, bucket: Bucket, row: int) -> Item:
        """Return one row as a claim or reversal, with where it was read."""
        claims = bucket.claims
        what: Claim | Reversal
        if claims["facts"][row] == NONE:
            what = Reversal(
                claims["claim_id"][row].as_py(),
                claims["reverses"][row].as_py(),
                moment_of(int(claims["settled_at"][row])),
            )
        else:
            what = self._claim(bucket, row)
        return Item(what, self.origin(claims, row))

    def origin(self, claims: Rows, row: int) -> Origin:
        """Return where a row was read: of its cells only whether there is a `date`."""
        file, number = file_and_row(int(claims["place"][row]))
        by_date = "-" if claims["flags"][row] & BY_DATE else ""
        record = Record(self.files[file], number, (by_date,))
        return Origin(record, ("date",), claims["person_id"][row].as_py())

    def _claim(self, bucket: Bucket, row: int) -> Claim:
        claims = bucket.claims
        institution = int(claims["institution"][row])
        amounts = [claims.arrays.get(AMOUNT + name) for name in vocabulary().amounts]
        return Claim(
            claim_id=claims["claim_id"][row].as_py(),
            person_id=claims["person_id"][row].as_py(),
            admitted=day_of(int(claims["admitted"][row])),
            discharged=day_of(int(claims["discharged"][row])),
            settled_at=moment_of(int(claims["settled_at"][row])),
            facts=self._facts(bucket, row),
            amounts=tuple(0 if values is None else int(values[row]) for values in amounts),
            episode=claims["episode"][row].as_py(),
            account_available=int(claims["account_available"][row]),
            institution_id="" if institution == NONE else self.institutions[institution],
        )

    def _facts(self, bucket: Bucket, row: int) -> Facts:
        """Return a claim's facts with the flags that follow from the institution."""
        claims = bucket.claims
        facts: Facts = self.claim_facts[int(claims["facts"][row])]
        flags, status = int(claims["flags"][row]), int(bucket.status[row])
        names = [a.name for a in vocabulary().of("claim")]
        for bit, (flag, column) in enumerate(
            zip(DERIVED_FLAGS, ("chosen", "contracted"), strict=True)
        ):
            if flags & FOLLOWS << bit and status != NONE:
                at = names.index(flag)
                own = bool(claims["institution"][row] == bucket.statuses[column][status])
                facts = (*facts[:at], own, *facts[at + 1 :])
        return facts

    def statuses(self, statuses: Rows, begin: int, end: int) -> list[Status]:
        """Return rows of statuses."""
        return [self._status(statuses, row) for row in range(begin, end)]

    def _status(self, statuses: Rows, row: int) -> Status:
        last = int(statuses["last"][row])
        chosen, contracted = (int(statuses[name][row]) for name in ("chosen", "contracted"))
        return Status(
            person_id=statuses["person_id"][row].as_py(),
            first=day_of(int(statuses["first"][row])),
            last=None if last == FOREVER else day_of(last),
            birth_date=day_of(int(statuses["birth"][row])),
            facts=self.person_facts[int(statuses["facts"][row])],
            chosen_institution="" if chosen == NONE else self.institutions[chosen],
            contracted_institution="" if contracted == NONE else self.institutions[contracted],
        )

    def standing(self, bucket: Bucket, persons: Iterable[int]) -> list[Status]:
        """Return the statuses of persons; of those with a bad row there are none."""
        found: list[Status] = []
        for person in persons:
            if not bucket.invalid[person]:
                begin, end = int(bucket.of[person]), int(bucket.of[person + 1])
                found += self.statuses(bucket.statuses, begin, end)
        return found

    def book(
        self,
        policy: Policy,
        executor: Executor,
        bucket: Bucket,
        person: int,
        opening: Opening,
    ) -> tuple[Book, list[Item]]:
        """Return a new book for one person, and the items of theirs that are fine, in order."""
        own = of_persons(opening, bucket.names([person]))
        book = Book(policy, Enrolment(self.standing(bucket, [person])), own, executor)
        return book, self.items(bucket, [person], (FINE,))

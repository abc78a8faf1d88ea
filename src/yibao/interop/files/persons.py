"""The persons file: who is insured when, with which attributes.

One row per person and period. Of two rows that overlap neither is believed, and the claims of a
person with a bad row wait until it is corrected: which row is right would be a guess, and a missing
period would change deductibles and streaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from yibao.interop.files.columns import claim_columns, person_columns
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.rowreader import Fault, RowReader, Values, cell_of
from yibao.interop.files.rows import Record, Reject, Table
from yibao.interop.files.tabular import OpenTable, check_columns, open_table
from yibao.policy.model import Region, Text
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Facts, Status


@dataclass(slots=True)
class Persons:
    """What the persons files hold.

    `invalid` gives, for each person with a bad row, where it is; `given` are the columns that at
    least one file has.
    """

    enrolment: Enrolment = field(default_factory=Enrolment)
    rejects: list[Reject] = field(default_factory=list)
    invalid: dict[str, str] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    rows: int = 0


def read_persons(
    files: Iterable[Path],
    region: Region,
    *,
    encoding: Encoding | None = None,
    open_file: OpenTable = open_table,
) -> Persons:
    """Read persons files; raises InputError when a file as a whole cannot be used."""
    reader = PersonReader(region)
    columns, other = person_columns(region), ("claims", claim_columns(region))
    for file in files:
        reader.add(check_columns(open_file(file, "persons", encoding), columns, other))
    return reader.finish()


class PersonReader:
    """Reads persons tables, whose columns have been checked."""

    def __init__(self, region: Region) -> None:
        self.columns = person_columns(region)
        self.names = [a.name for a in vocabulary().of("person") if a.kind != "number"]
        self.persons = Persons()
        self.held: dict[str, list[tuple[Status, Fault]]] = {}
        self.facts: dict[Facts, Facts] = {}

    def add(self, table: Table) -> None:
        """Read every row of a table: `held` has the good ones by person, `persons` the others."""
        self.persons.given |= frozenset(table.columns)
        reader = RowReader(table, self.columns)
        for record, values, fault in reader.rows():
            self.persons.rows += 1
            status = self._status(reader, values, fault) if values else None
            if status is None:
                self._reject(fault, cell_of(table.columns, record, "person_id").strip())
            else:
                self.held.setdefault(status.person_id, []).append((status, fault))

    def _status(self, reader: RowReader, values: Values, fault: Fault) -> Status | None:
        reader.require(values, fault)
        if fault.errors:
            return None
        first, last, birth = values["from"], values["to"], values["birth_date"]
        if last is not None and last < first:
            fault.add("to", "period", first=first)
        if birth > first:
            fault.add("birth_date", "born_before", first=first)
        if fault.errors:
            return None
        facts = tuple(values[name] for name in self.names)
        return Status(
            person_id=values["person_id"],
            first=first,
            last=last,
            birth_date=birth,
            facts=self.facts.setdefault(facts, facts),
            chosen_institution=values["chosen_institution"] or "",
            contracted_institution=values["contracted_institution"] or "",
        )

    def _reject(self, fault: Fault, person: str) -> None:
        reject = fault.reject()
        self.persons.rejects.append(reject)
        if person:
            self.persons.invalid.setdefault(person, place(reject.record))

    def finish(self) -> Persons:
        """Look for periods that overlap, and return what is believed."""
        for person, held in self.held.items():
            for fault in overlapping(held):
                self._reject(fault, person)
        for person, held in self.held.items():
            if person not in self.persons.invalid:
                for status, _ in held:
                    self.persons.enrolment.add(status)
        self.persons.rejects.sort(key=lambda r: (str(r.record.file), r.record.row))
        return self.persons


def overlapping(held: Sequence[tuple[Status, Fault]]) -> list[Fault]:
    """Add an error to each row that overlaps another of the same person; return those rows.

    Of the rows before one, only that which lasts longest is looked at: if that does not reach it,
    none does.
    """
    found: dict[int, Fault] = {}
    first, *others = sorted(held, key=lambda pair: pair[0].first)
    longest = first
    for one in others:
        if longest[0].last is None or one[0].first <= longest[0].last:
            for (_, mine), (status, theirs) in ((longest, one), (one, longest)):
                if id(mine) not in found:
                    mine.add("from", "one_status", found=_period(status, theirs.record))
                    found[id(mine)] = mine
        longest = max(longest, one, key=lambda pair: pair[0].last or date.max)
    return list(found.values())


def _period(status: Status, record: Record) -> Text:
    zh = f"{status.first} 至 {status.last or '今'}（{place(record)}）"
    en = f"{status.first} to {status.last or 'further notice'} ({place(record)})"
    return Text(zh, en)


def place(record: Record) -> str:
    """Return where a row stands: file name and row."""
    return f"{record.file.name}:{record.row}"

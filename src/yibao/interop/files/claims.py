"""The claims files: one row per claim or reversal, ready to be settled.

`at_chosen_institution` and `at_contracted_institution` may be left out: where the claims have
`institution_id` and the persons file has `chosen_institution` (`contracted_institution`), the flag
is whether the two are the same under the person's status on the claim's day. A cell that
contradicts that is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from yibao.interop.files.columns import DERIVED, claim_columns, person_columns
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.persons import Persons
from yibao.interop.files.rowreader import BAD, Fault, RowReader, Values
from yibao.interop.files.rows import Record, Reject, RowError, Table
from yibao.interop.files.rules import reason
from yibao.interop.files.tabular import OpenTable, check_columns, open_table
from yibao.money import format_yuan
from yibao.policy.model import Region
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import Item
from yibao.settlement.model import Claim, Facts, Reversal, Status

_REVERSAL = frozenset({"claim_id", "person_id", "settled_at", "reverses"})


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where an item was read: its row, the columns of its file, and the person it names."""

    record: Record
    columns: tuple[str, ...]
    person_id: str


@dataclass(slots=True)
class Claims:
    """What the claims files hold: items whose `source` is an `Origin`, and the rejected rows."""

    items: list[Item] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rows: int = 0


def read_claims(
    files: Iterable[Path],
    region: Region,
    persons: Persons,
    *,
    encoding: Encoding | None = None,
    open_file: OpenTable = open_table,
) -> Claims:
    """Read claims files; raises InputError when a file as a whole cannot be used."""
    claims = Claims()
    columns, other = claim_columns(region), ("persons", person_columns(region))
    for file in files:
        table = check_columns(open_file(file, "claims", encoding), columns, other)
        ClaimReader(table, region, persons).read_into(claims)
    check_reversed_persons(claims)
    return claims


class ClaimReader:
    """Reads the rows of one claims table, whose columns have been checked."""

    def __init__(self, table: Table, region: Region, persons: Persons) -> None:
        self.table = table
        self.reader = RowReader(table, claim_columns(region))
        self.persons = persons
        self.by_discharge = region.stays_by == "discharge"
        self.names = [a.name for a in vocabulary().of("claim")]
        self.amounts = vocabulary().amounts
        self.facts: dict[Facts, Facts] = {}
        self.derived = {
            flag: column
            for flag, column in DERIVED.items()
            if "institution_id" in self.table.columns and column in persons.given
        }

    def read_into(self, claims: Claims) -> None:
        """Read every row as an item or a reject."""
        for record, values, fault in self.reader.rows():
            claims.rows += 1
            what = self._item(record, values, fault) if values else None
            if what is None or fault.errors:
                claims.rejects.append(fault.reject())
            else:
                person = values["person_id"] or ""
                claims.items.append(Item(what, Origin(record, self.table.columns, person)))

    def _item(self, record: Record, values: Values, fault: Fault) -> Claim | Reversal | None:
        if values["reverses"]:
            return self._reversal(record, values, fault)
        return self._claim(values, fault)

    # --- reversals ----------------------------------------------------------------------------

    def _reversal(self, record: Record, values: Values, fault: Fault) -> Reversal | None:
        self.reader.require(values, fault, ["claim_id", "settled_at"])
        for name, cell in zip(self.table.columns, record.cells, strict=True):
            if name not in _REVERSAL and cell.strip():
                fault.add(name, "empty")
        if values["reverses"] is not BAD and values["reverses"] == values["claim_id"]:
            fault.add("reverses", "reversal_not_itself")
        if fault.errors:
            return None
        return Reversal(values["claim_id"], values["reverses"], values["settled_at"])

    # --- claims -------------------------------------------------------------------------------

    def _claim(self, values: Values, fault: Fault) -> Claim | None:
        check_days(self.reader, values, fault)
        discharged, at = values["discharged_on"], values["settled_at"]
        if known(discharged, at) and at.date() < discharged:
            fault.add("settled_at", "settled_after_discharge", discharged=discharged)
        self.reader.require(values, fault)
        check_amounts(values, fault)
        status = self._status(values, fault)
        if fault.errors or status is None:
            return None
        self._derive(values, status, fault)
        facts = tuple(values[name] for name in self.names)
        return Claim(
            claim_id=values["claim_id"],
            person_id=values["person_id"],
            admitted=values["admitted_on"],
            discharged=values["discharged_on"],
            settled_at=values["settled_at"],
            facts=self.facts.setdefault(facts, facts),
            amounts=tuple([values[name] for name in self.amounts]),
            episode=values["episode"],
            account_available=values["account_available"],
            institution_id=values["institution_id"],
        )

    def _status(self, values: Values, fault: Fault) -> Status | None:
        person = values["person_id"]
        day: date | None = values["discharged_on" if self.by_discharge else "admitted_on"]
        if person is BAD or not person:
            return None
        if person in self.persons.invalid:
            fault.add("person_id", "person_rows_valid", found=self.persons.invalid[person])
        elif person not in self.persons.enrolment:
            fault.add("person_id", "known_person")
        elif known(day) and day is not None:
            status = self.persons.enrolment.status(person, day)
            if status is None:
                fault.add("person_id", "insured_on_day", day=day)
            return status
        return None

    def _derive(self, values: Values, status: Status, fault: Fault) -> None:
        """Work out the flags that follow from the institution; a contradicting cell is an error."""
        institution = values["institution_id"]
        for flag, column in self.derived.items():
            if not institution:
                continue
            own = institution == getattr(status, column)
            if flag in self.table.columns and self._filled(fault.record, flag):
                if values[flag] != own:
                    fault.add(flag, "agrees_with_persons", found=column)
            else:
                values[flag] = own

    def _filled(self, record: Record, column: str) -> bool:
        return bool(record.cells[self.table.columns.index(column)].strip())


def check_days(reader: RowReader, values: Values, fault: Fault) -> None:
    """Let `date` stand for both days of a visit, and check their order."""
    both = ("admitted_on", "discharged_on")
    if values["date"] is not None:
        for name in both:
            if values[name] is not None:
                fault.add(name, "one_date")
        values.update(dict.fromkeys(both, values["date"]))
    else:
        reader.require(values, fault, both)
    admitted, discharged = (values[name] for name in both)
    if known(admitted, discharged) and discharged < admitted:
        fault.add("discharged_on", "discharge_after_admission", admitted=admitted)


def check_amounts(values: Values, fault: Fault) -> None:
    """Check that parts of a bill add up to their whole and portions lie within theirs."""
    for amount in vocabulary().amounts.values():
        own = values[amount.name]
        if amount.parts:
            parts = [values[p] for p in amount.parts]
            if known(own, *parts) and sum(parts) != own:
                found = format_yuan(sum(parts))
                fault.add(amount.name, "parts_add_up", found=found, expected=format_yuan(own))
        elif amount.portion_of:
            whole = values[amount.portion_of]
            if known(own, whole) and own > whole:
                limit = format_yuan(whole)
                fault.add(amount.name, "portion_within", whole=amount.portion_of, limit=limit)


def known(*values: object) -> bool:
    """Tell whether cells have been read, all of them."""
    return all(v is not None and v is not BAD for v in values)


def check_reversed_persons(claims: Claims) -> None:
    """Reject a reversal that names another person than the claim that it reverses."""
    owners = {i.what.claim_id: i.what.person_id for i in claims.items if isinstance(i.what, Claim)}
    kept = []
    for item in claims.items:
        source = item.source
        assert isinstance(source, Origin)
        owner = owners.get(item.what.reverses) if isinstance(item.what, Reversal) else None
        if owner is not None and source.person_id not in {"", owner}:
            claims.rejects.append(reject(source, "person_id", source.person_id, "reversal_person"))
        else:
            kept.append(item)
    claims.items = kept


def reject(source: Origin, column: str, value: str, rule: str, **facts: object) -> Reject:
    """Return the rejection of a row that was read well but cannot be settled."""
    record = source.record
    error = RowError(record.file, record.row, column, value, rule, reason(rule, **facts))
    return Reject(record, source.columns, (error,))

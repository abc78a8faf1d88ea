"""Settle a bill, in one transaction: lock the person, settle, write everything, commit.

What a person's year remembers, the ledger and the reply under the key change together or not at
all. The person stays locked until the transaction ends, so bills of one person are settled one
after the other, whoever sends them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Literal

from psycopg import errors as pg
from psycopg.types.json import Jsonb
from pydantic_core import to_json

from yibao.agency.desk.model import Ask, DeskError, Key, KeyUsed, Replayed, Settled
from yibao.agency.desk.office import NOTHING, Office
from yibao.agency.desk.postings import shares, transfers_of
from yibao.agency.desk.state import opening_rows, record_of, stored, year_row
from yibao.money import format_yuan
from yibao.policy.model import Value
from yibao.policy.vocabulary import Attribute, vocabulary
from yibao.settlement.book import Book, Record
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Claim, Facts, Settlement, Status
from yibao.store.database import Connection

Tell = Callable[[Settled], tuple[int, str]]
"""What a settlement is answered with: a status and a body, which are kept under the key."""

Opened = Mapping[str, Any]


def open_person(connection: Connection, person: str, key: Key | None) -> Opened | Replayed:
    """Lock a person until the transaction ends; return what the desk must know.

    Returns the earlier reply where the key has been used for the same request. Raises DeskError for
    a person who is not registered, KeyUsed for a key that stands for another request.
    """
    return _open(connection, person, key, (None, None, None, None))


def open_bill(
    connection: Connection, office: Office, ask: Ask, key: Key | None
) -> Opened | Replayed:
    """Do what `open_person` does, and ask the registers of the bill at the same time."""
    bill = (ask.institution_id, ask.visit, office.day(ask), ask.admitted)
    return _open(connection, ask.person_id, key, bill)


def _open(
    connection: Connection, person: str, key: Key | None, bill: Sequence[object]
) -> Opened | Replayed:
    caller, name = (key.caller, key.key) if key else ("", "")
    row = connection.execute(
        "SELECT desk.open(%s, %s, %s, %s, %s, %s, %s)", (person, caller, name, *bill)
    ).fetchone()
    opened: Opened | None = row[0] if row else None
    if opened is None:
        raise DeskError("known_person", "person_id", person, "a person who is registered")
    earlier = opened["request"]
    if key is None or earlier is None:
        return opened
    if earlier["digest"] != key.digest:
        raise key_used(key.key)
    return Replayed(earlier["status"], earlier["reply"])


def key_used(key: str) -> KeyUsed:
    """Return the error of a key that stands for another request."""
    return KeyUsed("key_used", "idempotency key", key, "a key not used for another request")


def presettle(
    connection: Connection, office: Office, ask: Ask, *, opened: Opened | None = None
) -> Settled:
    """Return what a bill would be settled as now. Nothing is written.

    Raises as `settle` does.
    """
    if opened is None:
        found = open_bill(connection, office, ask, None)
        assert not isinstance(found, Replayed)
        opened = found
    made = _settle(connection, office, ask, opened)
    balance = opened["account_balance"] - made.settlement.account_pay
    return Settled(0, made.settlement, balance, ask.bill)


def settle(
    connection: Connection,
    office: Office,
    ask: Ask,
    *,
    actor: str,
    key: Key | None = None,
    tell: Tell | None = None,
    opened: Opened | None = None,
) -> Settled | Replayed:
    """Settle a bill; with a `key`, `tell` says what to answer and to keep under it.

    `opened` is what `open_bill` told of the person since anything of them changed, if it did.
    Raises DeskError for what the registers or the desk refuse, ClaimError for a bill that cannot
    be, PolicyError where the rules do not answer; the transaction must then be given up.
    """
    if opened is None:
        found = open_bill(connection, office, ask, key)
        if isinstance(found, Replayed):
            return found
        opened = found
    made = _settle(connection, office, ask, opened)
    account_pay = made.settlement.account_pay
    balance = opened["account_balance"] - account_pay
    settled = Settled(opened["settlement_id"], made.settlement, balance, ask.bill)
    document = _document(office, ask, opened, made, actor)
    transfers = transfers_of(document["settlement"])
    document["transfers"] = office.transfer_rows(connection, transfers)
    if account_pay:
        document["account_balance"] = balance
    if key is not None:
        assert tell is not None
        document["request"] = request_row(key, *tell(settled))
    write(connection, document)
    return settled


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A settlement, the status it was made under, and the person's record after it."""

    settlement: Settlement
    status: Status
    record: Record


def _settle(connection: Connection, office: Office, ask: Ask, opened: Opened) -> Made:
    person = ask.person_id
    record = record_of(office.names, opened["years"], opened["openings"])
    told = opened.get("registers") or NOTHING
    enrolment = Enrolment(office.registers.statuses(connection, person, told=told))
    claim = _claim(connection, office, ask, opened, enrolment)
    book = Book(office.policy, enrolment, executor=office.executor, records={person: record})
    settlement = book.settle(claim)
    status = enrolment.status(person, settlement.day)
    assert status is not None
    return Made(settlement, status, record)


def _claim(
    connection: Connection, office: Office, ask: Ask, opened: Opened, enrolment: Enrolment
) -> Claim:
    now = datetime.fromisoformat(opened["now"])
    if not ask.admitted <= ask.discharged <= now.date():
        days = f"{ask.admitted}..{ask.discharged}"
        raise DeskError("days", "discharged_on", days, f"a day from admission to {now.date()}")
    _check_invoices(ask)
    facts = _facts(connection, office, ask, opened, enrolment)
    return Claim(
        claim_id=str(opened["settlement_id"]),
        person_id=ask.person_id,
        admitted=ask.admitted,
        discharged=ask.discharged,
        settled_at=now,
        facts=tuple(facts.values()),
        amounts=tuple(ask.bill.amounts.get(name, 0) for name in vocabulary().amounts),
        episode=ask.episode,
        account_available=min(ask.from_account, opened["account_balance"]),
        institution_id=ask.institution_id,
    )


def _check_invoices(ask: Ask) -> None:
    """Refuse invoices that do not add up to the bill, or a bill that is paid in two ways."""
    total = ask.bill.amounts.get("total", 0)
    invoiced = sum(invoice.fen for invoice in ask.invoices)
    if ask.invoices and invoiced != total:
        expected = f"invoices of {format_yuan(total)} yuan, as the bill"
        raise DeskError("invoiced", "invoices", format_yuan(invoiced), expected)
    if ask.invoices and ask.from_account:
        found = format_yuan(ask.from_account)
        raise DeskError("paid", "from_account", found, "0.00: the person has paid the bill")


def _facts(
    connection: Connection, office: Office, ask: Ask, opened: Opened, enrolment: Enrolment
) -> dict[str, Value]:
    """Return the claim's facts in the vocabulary's order: from the registers, else as given."""
    day, told = office.day(ask), opened.get("registers") or NOTHING
    status = enrolment.status(ask.person_id, day)
    scheme = "" if status is None else enrolment.scheme(status)
    try:
        at = office.registers.institution(
            connection, ask.institution_id, day, ask.visit, scheme, told=told
        )
    except DeskError:
        if ask.payee == "institution":
            raise
        at = {}  # a bill from elsewhere, which the person has paid: what is known is on the paper
    known: dict[str, Value] = {**at, "visit": ask.visit}
    if status is not None:
        treated_at = ask.prescribed_by or ask.institution_id
        known["at_chosen_institution"] = treated_at == status.chosen_institution
        known["at_contracted_institution"] = treated_at == status.contracted_institution
    attributes = _claim_attributes()
    for name, value in ask.facts.items():
        if name not in attributes or name in known:
            raise DeskError("asked_fact", name, str(value), "a fact that no register knows")
    facts: dict[str, Value] = {}
    for name, attribute in attributes.items():
        found = _first(known.get(name), ask.facts.get(name), attribute.absent)
        if found is None:
            raise DeskError("required", name, "", "a value")
        facts[name] = found
    return facts


@cache
def _claim_attributes() -> Mapping[str, Attribute]:
    return {a.name: a for a in vocabulary().of("claim")}


def _first(*values: Value | None) -> Value | None:
    return next((value for value in values if value is not None), None)


# --- what is written ------------------------------------------------------------------------------


def _document(office: Office, ask: Ask, opened: Opened, made: Made, actor: str) -> dict[str, Any]:
    """Return what `desk.record` writes, but for the transfers."""
    settlement, record = made.settlement, made.record
    year = settlement.day.year
    row = settlement_row(
        office,
        settlement,
        made.status,
        entry_id=opened["entry_id"],
        claim_no=ask.claim_no,
        payee=ask.payee,
        actor=actor,
    )
    state = record.years[settlement.scheme, year]
    document: dict[str, Any] = {
        "settlement": row,
        "lines": [
            {**line, "settlement_id": row["settlement_id"], "settled_on": row["settled_on"]}
            for line in ask.bill.lines
        ],
        "years": [year_row(office.names, ask.person_id, settlement.scheme, year, state)],
    }
    if ask.invoices:
        document["invoices"] = [
            {"invoice_code": i.code, "invoice_no": i.number, "fen": i.fen} for i in ask.invoices
        ]
    openings = opening_rows(office.names, ask.person_id, record)
    if openings != _stored_openings(opened, ask.person_id):
        document["openings"] = openings
    return document


def _stored_openings(opened: Opened, person: str) -> list[dict[str, Any]]:
    rows = [{"person_id": person, **row} for row in opened["openings"] if not row["given"]]
    return sorted(rows, key=lambda row: int(row["year"]))


def settlement_row(
    office: Office,
    settlement: Settlement,
    status: Status,
    *,
    entry_id: int,
    claim_no: str,
    payee: str,
    actor: str,
) -> dict[str, Any]:
    """Return the row of desk.settlement; the claim's id is the number of its settlement."""
    claim = settlement.claim
    told = _told("claim", claim.facts)
    return {
        "settlement_id": int(claim.claim_id),
        "settled_on": claim.settled_at.date().isoformat(),
        "settled_at": claim.settled_at.isoformat(),
        "kind": "settlement",
        "payee": payee,
        "entry_id": entry_id,
        "claim_no": claim_no,
        "institution_id": claim.institution_id,
        "person_id": claim.person_id,
        "scheme": settlement.scheme,
        "visit": told["visit"],
        "admitted": claim.admitted.isoformat(),
        "discharged": claim.discharged.isoformat(),
        "day": settlement.day.isoformat(),
        "episode": claim.episode,
        "person_facts": {
            "birth_date": status.birth_date.isoformat(),
            **_told("person", status.facts),
        },
        "claim_facts": told,
        "amounts": stored(vocabulary().amounts, claim.amounts),
        "total": settlement.total,
        "in_scope": settlement.figure("in_scope"),
        **shares(settlement),
        "added": stored(office.names.all, office.executor.delta(settlement)),
        "numbers_admission": settlement.program.structure.numbers_admission,
        "rules": office.rules,
        "memory": settlement.memory,
        "actor": actor,
    }


@lru_cache(1 << 12)
def _told(of: Literal["person", "claim"], facts: Facts) -> dict[str, Any]:
    """Return facts by name, as JSON can hold them; those that say nothing are left out."""
    names = [a for a in vocabulary().of(of) if a.kind != "number"]
    return {
        a.name: sorted(value) if isinstance(value, frozenset) else value
        for a, value in zip(names, facts, strict=True)
        if value != a.absent
    }


def request_row(key: Key, status: int, reply: str) -> dict[str, Any]:
    """Return the row of ops.request."""
    return {**asdict(key), "status": status, "reply": reply}


def write(connection: Connection, document: Mapping[str, Any]) -> None:
    """Write a settlement or reversal with all that belongs to it.

    Raises DeskError for a number of the institution that is used, and for a settlement taken back
    before; KeyUsed for a key that another request has used meanwhile.
    """
    row = document["settlement"]
    try:
        connection.execute("SELECT desk.record(%s)", (Jsonb(document, dumps=to_json),))
    except pg.UniqueViolation as error:
        table = error.diag.table_name
        if table == "request":
            raise key_used(document["request"]["key"]) from None
        if table == "reversed":
            raise already_reversed(row["reverses"]) from None
        if table == "invoice_held":
            expected = "an invoice that has not been settled / 发票已报销"
            raise DeskError("invoice_used", "invoices", _invoices(document), expected) from None
        if table != "claim_no":
            raise
        expected = "a number that the institution has not used"
        raise DeskError("claim_no_used", "claim_no", row["claim_no"], expected) from None


def _invoices(document: Mapping[str, Any]) -> str:
    return ", ".join(f"{i['invoice_code']} {i['invoice_no']}" for i in document["invoices"])


def already_reversed(settlement: int) -> DeskError:
    """Return the error of a settlement that was taken back before."""
    return DeskError("reversed", "settlement_id", str(settlement), "a settlement that stands")

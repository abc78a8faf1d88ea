"""Prescriptions that circulate: issued, audited by a pharmacist, good for some hours.

Times have a zone. What a prescription is for is handed out once; which settlement took it stands in
`dispensing.dispensed`, and one that is taken back frees it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, get_args
from zoneinfo import ZoneInfo

from psycopg import errors as pg

from yibao.agency.ceilings import ceiling
from yibao.agency.desk.bill import decimal
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import AUDITED
from yibao.errors import CodeError
from yibao.registry.find import REASONS, Institution, ItemKind, institution, practitioner_refusal
from yibao.registry.find import disease as find_disease
from yibao.store.database import Connection
from yibao.store.sight import beyond
from yibao.store.vault import vault
from yibao.text import Text

ZONE = ZoneInfo("Asia/Shanghai")


def day_of(at: datetime) -> date:
    """Return the day of a time, where the insurance is."""
    return at.astimezone(ZONE).date()


@dataclass(frozen=True, slots=True)
class Item:
    """An item with how many of its units, such as boxes."""

    kind: str
    code: str
    quantity: Fraction


def item(text: str) -> Item:
    """Return an item written as KIND:CODE=COUNT, such as drug:XA10BA=3; raises CodeError."""
    kind, _, rest = text.strip().partition(":")
    code, _, number = rest.partition("=")
    if not (kind and code and _COUNT.fullmatch(number)):
        wanted = "drug:XA10BA=3"
        raise CodeError(
            f"{text!r} 不是 {wanted} 这样的项目", f"{text!r} is no item such as {wanted}"
        )
    return Item(kind, code, Fraction(number))


_COUNT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Prescription:
    """A prescription as its institution issues it, under a number of its own.

    `days` are those that it lasts; `disease` is the special disease that it is for, else "none".
    """

    institution_id: str
    number: str
    person_id: str
    practitioner_id: str
    issued_at: datetime
    items: tuple[Item, ...]
    days: int
    long_term: bool = False
    disease: str = "none"


@dataclass(frozen=True, slots=True)
class Issued:
    """A prescription as kept: the institution's level then, what the pharmacist said (None: not
    yet), whether it has been filled or is on its way."""

    prescription_id: int
    prescription: Prescription
    level: str
    approved: bool | None
    taken: bool


def issue(connection: Connection, prescription: Prescription, *, actor: str) -> int:
    """Keep a prescription; return our number of it. Raises Refusal.

    Refused are a time to come, a practitioner who does not practise there, a supply of more days
    than laid down, a long-term one from an institution that is not primary, a number that is used.
    """
    locked(connection, prescription.person_id)
    if prescription.issued_at > datetime.now(UTC):
        raise Refusal("issued", "开具时间未到", "issued at a time to come", column="issued_at")
    day = day_of(prescription.issued_at)
    at = institution(connection, prescription.institution_id, day)
    if at is None:
        raise Refusal(
            "known_institution",
            f"{day} 没有机构 {prescription.institution_id}",
            f"there is no institution {prescription.institution_id} on {day}",
            column="institution_id",
        )
    rule = practitioner_refusal(
        connection, prescription.practitioner_id, prescription.institution_id, day
    )
    if rule is not None:
        zh, en = REASONS[rule].zh, REASONS[rule].en
        raise Refusal(rule, zh, en, column="practitioner_id")
    if prescription.disease != "none" and not find_disease(connection, prescription.disease, day):
        raise Refusal(
            "unknown_disease",
            f"{day} 没有病种 {prescription.disease}",
            f"there is no disease {prescription.disease} on the list on {day}",
            column="disease",
        )
    _items(prescription.items)
    _supply(connection, prescription, at, day)
    number = _insert(connection, prescription, at.level)
    says = {"person": prescription.person_id, "days": prescription.days}
    note(connection, actor, "prescribe", f"prescription:{number}", **says)
    return number


def _items(items: Sequence[Item]) -> None:
    pairs = {(i.kind, i.code) for i in items}
    known = all(i.kind in get_args(ItemKind) and i.quantity > 0 for i in items)
    if not items or len(pairs) < len(items) or not known:
        raise Refusal(
            "items",
            f"至少一项，类别为 {'、'.join(get_args(ItemKind))}，每项一次，数量大于零",
            f"at least one item of a kind among {', '.join(get_args(ItemKind))}, each once, with "
            "quantities above zero",
            column="items",
        )


def _supply(connection: Connection, prescription: Prescription, at: Institution, day: date) -> None:
    """Refuse a supply of more days than laid down for such a prescription.

    Only primary institutions issue long-term ones; where none is laid down, none goes further than
    an ordinary one.
    """
    if prescription.long_term and not at.primary_institution:
        raise Refusal(
            "long_term",
            "长期处方由基层医疗卫生机构开具",
            "long-term prescriptions are those of primary institutions",
            column="long_term",
        )
    if prescription.days < 1:
        raise Refusal("days", "天数应大于零", "a supply of at least a day", column="days")
    most = ceiling(connection, "prescription_days", day)
    if prescription.long_term:
        most = ceiling(connection, "long_prescription_days", day) or most
    if most is not None and prescription.days > most.value:
        cited = most.cited
        raise Refusal(
            "over_supply",
            f"最多 {most.value} 天（{cited.zh}），处方为 {prescription.days} 天",
            f"a supply of at most {most.value} days ({cited.en}), not of {prescription.days}",
            column="days",
        )


def _insert(connection: Connection, prescription: Prescription, level: str) -> int:
    try:
        with connection.transaction():
            row = connection.execute(
                "INSERT INTO dispensing.prescription (institution_id, number, person_id, "
                "practitioner_id, issued_at, level, long_term, days, disease) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING prescription_id",
                (
                    prescription.institution_id,
                    prescription.number,
                    prescription.person_id,
                    prescription.practitioner_id,
                    prescription.issued_at,
                    level,
                    prescription.long_term,
                    prescription.days,
                    prescription.disease,
                ),
            ).fetchone()
    except pg.UniqueViolation:
        raise Refusal(
            "number_used",
            f"{prescription.institution_id} 已用过处方号 {prescription.number}",
            f"{prescription.institution_id} has used the number {prescription.number}",
            column="number",
        ) from None
    assert row is not None
    connection.execute(
        "INSERT INTO dispensing.prescribed (prescription_id, kind, code, quantity) "
        "SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::numeric[])",
        (
            row[0],
            [i.kind for i in prescription.items],
            [i.code for i in prescription.items],
            [decimal(i.quantity) for i in prescription.items],
        ),
    )
    return int(row[0])


def audit(
    connection: Connection,
    number: int,
    pharmacist_id: str,
    *,
    approved: bool,
    reason: str = "",
    actor: str,
) -> bool:
    """Write down what a pharmacist says of a prescription, once; False when just that stands there.

    Raises Refusal where something else does.
    """
    locked(connection, prescription_of(connection, number).prescription.person_id)
    safe = vault(connection)
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO dispensing.audited (prescription_id, pharmacist_id, approved, reason) "
                "VALUES (%s, %s, %s, %s)",
                (number, pharmacist_id, approved, AUDITED.seal(safe, "reason", number, reason)),
            )
    except pg.UniqueViolation:
        stands = connection.execute(
            "SELECT pharmacist_id, approved, reason FROM dispensing.audited "
            "WHERE prescription_id = %s",
            (number,),
        ).fetchone()
        assert stands is not None
        told = AUDITED.open(safe, "reason", number, stands[2])
        if (*stands[:2], told) == (pharmacist_id, approved, reason):
            return False
        raise Refusal(
            "audited",
            f"{number} 号处方已审核",
            f"prescription {number} has been audited",
            column="prescription",
        ) from None
    says = {"pharmacist": pharmacist_id, "approved": approved}
    note(connection, actor, "audit-prescription", f"prescription:{number}", **says)
    return True


def prescription_of(connection: Connection, number: int) -> Issued:
    """Return a prescription by our number; raises Refusal where there is none."""
    row = connection.execute(f"{_ISSUED} WHERE prescription_id = %s", (number,)).fetchone()
    if row is None:
        raise Refusal(
            "known_prescription",
            f"没有 {number} 号处方",
            f"there is no prescription {number}",
            column="prescription",
        )
    return _issued(row)


def brought(connection: Connection, number: int) -> Issued:
    """Return a prescription that a patient brings, whoever has issued it; raises Refusal."""
    with beyond(connection, "a patient takes a prescription to a pharmacy of their choice"):
        return prescription_of(connection, number)


def prescriptions(connection: Connection, person_id: str) -> list[Issued]:
    """Return the prescriptions of a person in the order in which they came."""
    rows = connection.execute(f"{_ISSUED} WHERE person_id = %s ORDER BY 1", (person_id,))
    return [_issued(row) for row in rows]


def same(connection: Connection, prescription: Prescription) -> int | None:
    """Return our number of a prescription that stands just so, None where none does."""
    found = connection.execute(
        f"{_ISSUED} WHERE (institution_id, number) = (%s, %s)",
        (prescription.institution_id, prescription.number),
    ).fetchone()
    issued = None if found is None else _issued(found)
    if issued is None or replace(issued.prescription, items=()) != replace(prescription, items=()):
        return None
    here, there = (frozenset(p.items) for p in (prescription, issued.prescription))
    return issued.prescription_id if here == there else None


_ISSUED = """
SELECT prescription_id,
       (SELECT array_agg(ARRAY[kind, code, quantity::text] ORDER BY kind, code)
        FROM dispensing.prescribed AS i WHERE i.prescription_id = p.prescription_id),
       institution_id, number, person_id, practitioner_id, issued_at, days, long_term, disease,
       level,
       (SELECT approved FROM dispensing.audited AS a WHERE a.prescription_id = p.prescription_id),
       dispensing.taken(prescription_id)
FROM dispensing.prescription AS p
"""


def _issued(row: Sequence[Any]) -> Issued:
    number, lines, *cells, days, long_term, disease, level, approved, taken = row
    items = tuple(Item(kind, code, Fraction(quantity)) for kind, code, quantity in lines)
    at, own, person, practitioner, issued = cells
    prescription = Prescription(
        at, own, person, practitioner, issued, items, days, long_term, disease
    )
    return Issued(number, prescription, level, approved, taken)


def fillable(connection: Connection, issued: Issued, at: datetime) -> None:
    """Refuse a prescription that may not be filled at a time.

    It was filled or is on its way, was not approved, or is older than laid down.
    """
    number, since = issued.prescription_id, issued.prescription.issued_at
    if issued.taken:
        raise Refusal(
            "dispensed",
            f"{number} 号处方已配药或正在配送",
            f"prescription {number} has been filled or is on its way",
            column="prescription",
        )
    if not issued.approved:
        raise Refusal(
            "approved",
            f"{number} 号处方未经药师审核通过",
            f"prescription {number} has not been approved by a pharmacist",
            column="prescription",
        )
    good = ceiling(connection, "prescription_hours", day_of(since))
    if at < since or (good is not None and at - since > timedelta(hours=good.value)):
        term = Text("", "") if good is None else good.cited
        hours = "" if good is None else f" {good.value} h"
        raise Refusal(
            "expired",
            f"{number} 号处方自开具起{hours} 有效（{term.zh}），已过期或尚未开具",
            f"prescription {number} is good for{hours} from when it was issued ({term.en})",
            column="at",
        )

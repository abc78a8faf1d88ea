"""Prescriptions that circulate: issued, audited by a pharmacist, good for some hours.

Times have a zone. What a prescription is for is handed out once; which settlement took it stands in
`dispensing.dispensed`, and one that is taken back frees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import errors as pg

from yibao.agency.desk.bill import decimal
from yibao.agency.dispensing.ceilings import Name, ceiling
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.registry.find import REASONS, Institution, institution, practitioner_refusal
from yibao.store.database import Connection

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

    Refused are a practitioner who does not practise there, a supply of more days than laid down, a
    long-term one from an institution that is not primary, a number that is used.
    """
    locked(connection, prescription.person_id)
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
    _items(prescription.items)
    _supply(connection, prescription, at, day)
    number = _insert(connection, prescription, at.level)
    says = {"person": prescription.person_id, "days": prescription.days}
    note(connection, actor, "prescribe", f"prescription:{number}", **says)
    return number


def _items(items: Sequence[Item]) -> None:
    pairs = {(i.kind, i.code) for i in items}
    if not items or len(pairs) < len(items) or any(i.quantity <= 0 for i in items):
        raise Refusal(
            "items",
            "至少一项，每项一次，数量大于零",
            "at least one item, each once, with quantities above zero",
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
    ordinary: Name = "prescription_days"
    most = ceiling(connection, ordinary, day)
    if prescription.long_term:
        most = ceiling(connection, "long_prescription_days", day) or most
    if most is not None and prescription.days > most.value:
        raise Refusal(
            "over_supply",
            f"最多 {most.value} 天（{most.cite}），处方为 {prescription.days} 天",
            f"a supply of at most {most.value} days ({most.cite}), not of {prescription.days}",
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
) -> None:
    """Write down what a pharmacist says of a prescription, once; raises Refusal."""
    locked(connection, prescription_of(connection, number).prescription.person_id)
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO dispensing.audited (prescription_id, pharmacist_id, approved, reason) "
                "VALUES (%s, %s, %s, %s)",
                (number, pharmacist_id, approved, reason),
            )
    except pg.UniqueViolation:
        raise Refusal(
            "audited",
            f"{number} 号处方已审核",
            f"prescription {number} has been audited",
            column="prescription",
        ) from None
    says = {"pharmacist": pharmacist_id, "approved": approved}
    note(connection, actor, "audit-prescription", f"prescription:{number}", **says)


def prescription_of(connection: Connection, number: int) -> Issued:
    """Return a prescription by our number; raises Refusal where there is none."""
    row = connection.execute(
        """
        SELECT institution_id, number, person_id, practitioner_id, issued_at, days, long_term,
               disease, level,
               (SELECT approved FROM dispensing.audited AS a
                WHERE a.prescription_id = p.prescription_id),
               dispensing.taken(prescription_id)
        FROM dispensing.prescription AS p WHERE prescription_id = %s
        """,
        (number,),
    ).fetchone()
    if row is None:
        raise Refusal(
            "known_prescription",
            f"没有 {number} 号处方",
            f"there is no prescription {number}",
            column="prescription",
        )
    rows = connection.execute(
        "SELECT kind, code, quantity FROM dispensing.prescribed WHERE prescription_id = %s "
        "ORDER BY kind, code",
        (number,),
    )
    items = tuple(Item(kind, code, Fraction(quantity)) for kind, code, quantity in rows)
    return _issued(number, row, items)


def _issued(number: int, row: Sequence[Any], items: tuple[Item, ...]) -> Issued:
    at, own, person, practitioner, issued, days, long_term, disease, *state = row
    prescription = Prescription(
        at, own, person, practitioner, issued, items, days, long_term, disease
    )
    return Issued(number, prescription, *state)


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
        hours = "" if good is None else f" {good.value} h ({good.cite})"
        raise Refusal(
            "expired",
            f"{number} 号处方自开具起{hours} 有效，已过期或尚未开具",
            f"prescription {number} is good for{hours} from when it was issued",
            column="at",
        )

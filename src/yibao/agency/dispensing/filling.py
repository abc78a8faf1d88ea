"""Fill a prescription, once: what is handed out is settled in the same transaction.

At a pharmacy the prescriber's level and purpose decide, as if it had been handed out there
(双通道): so a negotiated drug costs the same on both ways.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from psycopg import errors as pg

from yibao.agency.desk.model import Ask, Key, Replayed, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.settle import Tell, open_bill
from yibao.agency.dispensing.prescriptions import Issued, brought, day_of, fillable
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.filing import intake
from yibao.agency.filing.intake import NO_PAPERS, Papers, priced, settle, with_facts
from yibao.agency.qualification.sites import Site, qualifies
from yibao.policy.model import Value
from yibao.store.database import Connection


def fill(
    connection: Connection,
    office: Office,
    number: int,
    ask: Ask,
    papers: Papers = NO_PAPERS,
    *,
    at: datetime,
    actor: str,
    key: Key | None = None,
    tell: Tell | None = None,
) -> Settled | Replayed:
    """Hand out over a counter what a prescription is for, and settle it.

    `at` is when; the bill is of that day. Of its papers the lines count: the practitioner is who
    prescribed. Raises Refusal for a prescription that may not be filled, or not with this bill, and
    what the desk raises.
    """
    opened = open_bill(connection, office, ask, key)
    if isinstance(opened, Replayed):
        return opened
    issued = brought(connection, number)
    fillable(connection, issued, at)
    ask = priced(connection, office, ask, papers, opened["registers"])
    return hand_out(connection, office, issued, ask, at=at, actor=actor, key=key, tell=tell)


def presettle(
    connection: Connection,
    office: Office,
    number: int,
    ask: Ask,
    papers: Papers = NO_PAPERS,
    *,
    at: datetime,
) -> Settled:
    """Return what filling a prescription would be settled as. Nothing is written. Raises so too."""
    opened = open_bill(connection, office, ask, None)
    assert not isinstance(opened, Replayed)
    issued = brought(connection, number)
    fillable(connection, issued, at)
    ask = priced(connection, office, ask, papers, opened["registers"])
    return intake.presettle(connection, office, *_known(connection, issued, ask, at))


def hand_out(
    connection: Connection,
    office: Office,
    issued: Issued,
    ask: Ask,
    *,
    at: datetime,
    delivery: int | None = None,
    actor: str,
    key: Key | None,
    tell: Tell | None,
) -> Settled:
    """Settle what is handed out, its lines priced; write down what took the prescription."""
    known = _known(connection, issued, ask, at)
    found = settle(connection, office, *known, actor=actor, key=key, tell=tell)
    assert isinstance(found, Settled)
    number = issued.prescription_id
    try:
        connection.execute(
            "INSERT INTO dispensing.dispensed (settlement_id, prescription_id, institution_id, "
            "delivery_id, at) VALUES (%s, %s, %s, %s, %s)",
            (found.settlement_id, number, ask.institution_id, delivery, at),
        )
    except pg.UniqueViolation:
        raise Refusal(
            "dispensed",
            f"{number} 号处方已配药",
            f"prescription {number} has been filled",
            column="prescription",
        ) from None
    return found


def _known(connection: Connection, issued: Issued, ask: Ask, at: datetime) -> tuple[Ask, Papers]:
    """Return a bill that fits a prescription, as the prescription has it to be settled."""
    _fits(issued, ask, at)
    known = _as_prescribed(connection, issued, ask) if ask.visit == "pharmacy" else ask
    return known, Papers(practitioner_id=issued.prescription.practitioner_id)


def _fits(issued: Issued, ask: Ask, at: datetime) -> None:
    if issued.prescription.person_id != ask.person_id:
        raise Refusal(
            "of_person",
            f"{issued.prescription_id} 号处方是另一人的",
            f"prescription {issued.prescription_id} is another person's",
        )
    if not ask.admitted == ask.discharged == day_of(at):
        raise Refusal(
            "on_day",
            f"账单日应为配药日 {day_of(at)}",
            f"the bill is of the day on which it was handed out, {day_of(at)}",
            column="served_on",
        )
    prescribed = {(i.kind, i.code): i.quantity for i in issued.prescription.items}
    billed: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for line in ask.bill.lines:
        billed[line["item_kind"], line["code"]] += Fraction(line["quantity"])
    over = [code for (kind, code), n in billed.items() if n > prescribed.get((kind, code), 0)]
    if over or not billed:
        raise Refusal(
            "prescribed",
            f"处方没有或数量不足：{'、'.join(over)}" if over else "配药须有明细",
            f"not prescribed, or not so many: {', '.join(over)}" if over else "lines are needed",
            column="lines",
        )


def _as_prescribed(connection: Connection, issued: Issued, ask: Ask) -> Ask:
    """Return a pharmacy's bill under the rules of whoever prescribed."""
    prescription = issued.prescription
    disease, at = (
        prescription.disease,
        Site(prescription.institution_id, prescription.practitioner_id),
    )
    facts: dict[str, Value] = {"prescriber_level": issued.level, "prescribed_for": "outpatient"}
    if disease != "none" and qualifies(connection, ask.person_id, disease, ask.admitted, at):
        facts |= {"prescribed_for": "special_outpatient", "disease": disease}
    return replace(with_facts(ask, facts), prescribed_by=prescription.institution_id)

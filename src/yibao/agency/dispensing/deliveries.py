"""Medicines brought home to chronic patients: ordered, dispatched, received, settled on receipt.

Who may order has a registered disease, a stable medication and reasons not to come. An order takes
its prescription; one that is cancelled frees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import errors as pg

from yibao.agency.desk.model import Ask, Key, Replayed, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.settle import Tell, open_bill
from yibao.agency.dispensing.filling import hand_out
from yibao.agency.dispensing.prescriptions import brought, day_of, fillable, prescription_of
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import DELIVERY, STEP, numbers
from yibao.agency.filing.intake import NO_PAPERS, Papers, priced
from yibao.agency.qualification.diseases import is_registered
from yibao.registry.find import institution
from yibao.store.database import Connection
from yibao.store.vault import Vault, vault

Channel = Literal["web", "phone"]
Step = Literal["dispatched", "received", "cancelled"]


@dataclass(frozen=True, slots=True)
class Order:
    """An order: who delivers, how it came, why the patient may order, where it goes."""

    prescription_id: int
    institution_id: str
    channel: Channel
    ordered_at: datetime
    stable: str
    immobile: str
    address: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """An order with the time of each step taken."""

    delivery_id: int
    order: Order
    person_id: str
    steps: dict[str, datetime]


def order(connection: Connection, wanted: Order, *, actor: str) -> int:
    """Take an order; return its number. Raises Refusal.

    Refused are prescriptions that may not be filled then, and who has no registered disease or does
    not say why the medication is stable and why nobody can come.
    """
    issued = brought(connection, wanted.prescription_id)
    prescription = issued.prescription
    locked(connection, prescription.person_id)
    fillable(connection, brought(connection, wanted.prescription_id), wanted.ordered_at)
    day, disease = day_of(wanted.ordered_at), prescription.disease
    if institution(connection, wanted.institution_id, day) is None:
        raise Refusal(
            "known_institution",
            f"{day} 没有机构 {wanted.institution_id}",
            f"there is no institution {wanted.institution_id} on {day}",
            column="institution_id",
        )
    if not is_registered(connection, prescription.person_id, disease, day):
        raise Refusal(
            "registered",
            f"{day} 没有 {disease} 的登记",
            f"{disease} is not registered on {day}",
            column="disease",
        )
    for name in DELIVERY.columns:
        if not getattr(wanted, name):
            raise Refusal("required", f"{name} 必填", f"{name} is needed", column=name)
    safe, (number,) = vault(connection), numbers(connection, DELIVERY)
    told = [DELIVERY.seal(safe, n, number, getattr(wanted, n)) for n in DELIVERY.columns]
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO dispensing.delivery (delivery_id, prescription_id, institution_id, "
                "channel, ordered_at, stable, immobile, address) OVERRIDING SYSTEM VALUE "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    *(number, wanted.prescription_id, wanted.institution_id, wanted.channel),
                    *(wanted.ordered_at, *told),
                ),
            )
    except pg.UniqueViolation:
        raise Refusal(
            "dispensed",
            f"{wanted.prescription_id} 号处方已配药或正在配送",
            f"prescription {wanted.prescription_id} has been filled or is on its way",
            column="prescription",
        ) from None
    note(connection, actor, "order-delivery", f"delivery:{number}", person=prescription.person_id)
    return number


def dispatch(
    connection: Connection, number: int, at: datetime, carrier: str, *, actor: str
) -> None:
    """Send an order on its way; raises Refusal where that was done or the order has ended."""
    delivery = _locked(connection, number)
    _open(delivery)
    _step(connection, delivery, "dispatched", at, carrier)
    note(connection, actor, "dispatch-delivery", f"delivery:{number}")


def cancel(connection: Connection, number: int, at: datetime, reason: str, *, actor: str) -> None:
    """End an order that was not received, before or after it was sent; raises Refusal."""
    delivery = _locked(connection, number)
    _open(delivery)
    _step(connection, delivery, "cancelled", at, reason)
    note(connection, actor, "cancel-delivery", f"delivery:{number}")


def receive(
    connection: Connection,
    office: Office,
    number: int,
    ask: Ask,
    papers: Papers = NO_PAPERS,
    *,
    at: datetime,
    signed_by: str,
    actor: str,
    key: Key | None = None,
    tell: Tell | None = None,
) -> Settled | Replayed:
    """Write down who signed for an order, and settle it, once.

    Raises Refusal: not dispatched, received or cancelled before, a bill that does not fit; and what
    the desk raises.
    """
    opened = open_bill(connection, office, ask, key)
    if isinstance(opened, Replayed):
        return opened
    delivery = delivery_of(connection, number)
    _open(delivery)
    if "dispatched" not in delivery.steps:
        raise Refusal(
            "dispatched",
            f"{number} 号订单未发出",
            f"order {number} was not sent",
            column="delivery",
        )
    if ask.institution_id != delivery.order.institution_id:
        raise Refusal(
            "delivered_by",
            f"{number} 号订单由 {delivery.order.institution_id} 配送",
            f"order {number} is delivered by {delivery.order.institution_id}",
            column="institution_id",
        )
    _step(connection, delivery, "received", at, signed_by)
    issued = prescription_of(connection, delivery.order.prescription_id)
    return hand_out(
        *(connection, office, issued),
        priced(connection, office, ask, papers, opened["registers"]),
        at=at,
        delivery=number,
        actor=actor,
        key=key,
        tell=tell,
    )


def delivery_of(connection: Connection, number: int) -> Delivery:
    """Return an order; raises Refusal where there is none."""
    row = connection.execute(f"{_DELIVERIES} WHERE delivery_id = %s", (number,)).fetchone()
    if row is None:
        raise Refusal(
            "known_delivery",
            f"没有 {number} 号订单",
            f"there is no order {number}",
            column="delivery",
        )
    return _delivery(vault(connection), row)


def deliveries(connection: Connection, person_id: str) -> list[Delivery]:
    """Return the orders of a person in the order in which they came."""
    rows = connection.execute(f"{_DELIVERIES} WHERE person_id = %s ORDER BY 1", (person_id,))
    safe = vault(connection)
    return [_delivery(safe, row) for row in rows]


_DELIVERIES = """
SELECT delivery_id, person_id,
       (SELECT array_agg(step ORDER BY at) FROM dispensing.delivery_step AS s
        WHERE s.delivery_id = d.delivery_id),
       (SELECT array_agg(at ORDER BY at) FROM dispensing.delivery_step AS s
        WHERE s.delivery_id = d.delivery_id),
       prescription_id, d.institution_id, channel, ordered_at, stable, immobile, address
FROM dispensing.delivery AS d JOIN dispensing.prescription USING (prescription_id)
"""


def _delivery(safe: Vault, row: Sequence[Any]) -> Delivery:
    number, person_id, steps, times, *cells = row
    *plain, stable, immobile, address = cells
    sealed = zip(DELIVERY.columns, (stable, immobile, address), strict=True)
    told = [DELIVERY.open(safe, name, number, box) for name, box in sealed]
    taken = dict(zip(steps or (), times or (), strict=True))
    return Delivery(number, Order(*plain, *told), person_id, taken)


def _locked(connection: Connection, number: int) -> Delivery:
    locked(connection, delivery_of(connection, number).person_id)
    return delivery_of(connection, number)  # as it is now that nobody else can change it


def _open(delivery: Delivery) -> None:
    for step in ("received", "cancelled"):
        if step in delivery.steps:
            zh = {"received": "已签收", "cancelled": "已取消"}[step]
            raise Refusal(
                step,
                f"{delivery.delivery_id} 号订单{zh}",
                f"order {delivery.delivery_id} was {step} before",
                column="delivery",
            )


def _step(
    connection: Connection, delivery: Delivery, step: Step, at: datetime, told_by: str
) -> None:
    since = max([delivery.order.ordered_at, *delivery.steps.values()])
    if not told_by or at < since:
        raise Refusal(
            "step",
            f"须写明由谁（何故），且不早于 {since.isoformat()}",
            f"say by whom or why, and a time not before {since.isoformat()}",
            column="at",
        )
    owner = f"{delivery.delivery_id} {step}"
    sealed = STEP.seal(vault(connection), "told_by", owner, told_by)
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO dispensing.delivery_step (delivery_id, step, at, told_by) "
                "VALUES (%s, %s, %s, %s)",
                (delivery.delivery_id, step, at, sealed),
            )
    except pg.UniqueViolation:
        raise Refusal(
            step,
            f"{delivery.delivery_id} 号订单此步已办",
            f"order {delivery.delivery_id} was {step} before",
            column="delivery",
        ) from None

"""Deliveries over HTTP: ordered, sent, cancelled. They are settled when signed for, at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field

from yibao.agency.dispensing import deliveries
from yibao.agency.dispensing.deliveries import Delivery, Order
from yibao.api.calls import MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.fields import (
    Instant,
    Name,
    Number,
    OfPerson,
    Said,
    Strict,
    Told,
    example,
    number_in_path,
)
from yibao.api.paging import Cursor, Limit, page_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.clock import CHINA
from yibao.store.database import Connection

router = Router(prefix="/deliveries", tags=["prescriptions"])

DeliveryNumber = Annotated[int, number_in_path("delivery_id / 订单编号")]


class NewDelivery(Strict):
    """Who delivers, how the order came, why the patient may order, where it goes."""

    model_config = example(
        prescription=17,
        institution_id="H12010100003",
        channel="phone",
        ordered_at="2023-03-01T10:00:00+08:00",
        stable="two years on it",
        immobile="bedridden",
        address="1 First Street",
    )

    prescription: Number = Field(description="our number of it / 处方编号")
    institution_id: Name
    channel: Literal["web", "phone"]
    ordered_at: Instant
    stable: Said = Field(description="how it is known that the medication is stable / 病情稳定依据")
    immobile: Said = Field(description="why nobody can come / 行动不便原因")
    address: Said


class DeliveryDispatch(Strict):
    """When an order was sent, and who carries it."""

    model_config = example(at="2023-03-01T15:00:00+08:00", carrier="SF")

    at: Instant
    carrier: Said


class DeliveryCancellation(Strict):
    """When an order was given up, and why."""

    model_config = example(at="2023-03-01T15:00:00+08:00", reason="nobody was there")

    at: Instant
    reason: Said


class DeliveryTold(Told):
    """An order with the steps that were taken; null: not yet."""

    delivery_id: int
    prescription: int
    person_id: str
    institution_id: str
    channel: str
    ordered_at: datetime
    stable: str
    immobile: str
    address: str
    dispatched: datetime | None
    received: datetime | None
    cancelled: datetime | None


class Deliveries(Told):
    """Orders by number; `next` is the cursor of the page after, null at the end."""

    deliveries: Sequence[DeliveryTold]
    next: str | None


@router.post(
    "",
    operation_id="orderDelivery",
    summary="Order medicines to be brought home / 预约送药",
    status_code=201,
    response_model=DeliveryTold,
    responses=MAKES,
)
def post_delivery(body: NewDelivery, write: Write) -> Response:
    """Take an order; its prescription is not filled otherwise meanwhile."""
    wanted = Order(**{"prescription_id" if k == "prescription" else k: v for k, v in body})

    def work(connection: Connection) -> DeliveryTold:
        return _told(connection, deliveries.order(connection, wanted, actor=write.actor))

    return write.once(body, work)


@router.post(
    "/{delivery}/dispatch",
    operation_id="dispatchDelivery",
    summary="Send an order on its way, once / 发出",
    status_code=201,
    response_model=DeliveryTold,
    responses=MAKES_OF_ONE,
)
def post_dispatch(delivery: DeliveryNumber, body: DeliveryDispatch, write: Write) -> Response:
    """Write down that an order was sent."""

    def work(connection: Connection) -> DeliveryTold:
        deliveries.dispatch(connection, delivery, body.at, body.carrier, actor=write.actor)
        return _told(connection, delivery)

    return write.once(body, work)


@router.post(
    "/{delivery}/cancellation",
    operation_id="cancelDelivery",
    summary="End an order that was not received, once / 取消订单",
    status_code=201,
    response_model=DeliveryTold,
    responses=MAKES_OF_ONE,
)
def post_cancellation(
    delivery: DeliveryNumber, body: DeliveryCancellation, write: Write
) -> Response:
    """End an order; its prescription may be filled otherwise."""

    def work(connection: Connection) -> DeliveryTold:
        deliveries.cancel(connection, delivery, body.at, body.reason, actor=write.actor)
        return _told(connection, delivery)

    return write.once(body, work)


@router.get(
    "/{delivery}",
    operation_id="getDelivery",
    summary="An order with its steps / 查询订单",
    response_model=DeliveryTold,
    responses=READS_ONE,
)
def get_delivery(delivery: DeliveryNumber, read: One) -> Response:
    """Return an order with its entity tag."""
    return read.one(lambda connection: _told(connection, delivery))


@router.get(
    "",
    operation_id="listDeliveries",
    summary="Orders of a person, by number / 订单列表",
    response_model=Deliveries,
    responses=documented(),
)
def list_deliveries(
    person_id: OfPerson, read: All, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Return a page of a person's orders."""

    def work(connection: Connection) -> Deliveries:
        rows = deliveries.deliveries(connection, person_id)
        page, after = page_of(rows, lambda d: d.delivery_id, cursor, limit)
        return Deliveries.model_construct(deliveries=[_as_told(d) for d in page], next=after)

    return read.all(work)


def _told(connection: Connection, number: int) -> DeliveryTold:
    return _as_told(deliveries.delivery_of(connection, number))


def _as_told(found: Delivery) -> DeliveryTold:
    order = found.order
    steps = {step: at.astimezone(CHINA) for step, at in found.steps.items()}
    return DeliveryTold.model_construct(
        delivery_id=found.delivery_id,
        prescription=order.prescription_id,
        person_id=found.person_id,
        institution_id=order.institution_id,
        channel=order.channel,
        ordered_at=order.ordered_at.astimezone(CHINA),
        stable=order.stable,
        immobile=order.immobile,
        address=order.address,
        dispatched=steps.get("dispatched"),
        received=steps.get("received"),
        cancelled=steps.get("cancelled"),
    )

"""Receipts and refunds over HTTP."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Path, Query, Response

from yibao.agency.contributions import find, held
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.receipts import Receipt, receive
from yibao.agency.contributions.takeback import Mistake
from yibao.agency.corrections.receipts import take_back
from yibao.api import contributions_models as models
from yibao.api.calls import MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.contributions import each
from yibao.api.fields import IN_ADDRESSES, NAMES
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.store.database import Connection

router = Router(prefix="/contributions", tags=["contributions"])

Reference = Annotated[str, Path(max_length=128, pattern=IN_ADDRESSES, description="流水号")]


@router.post(
    "/receipts",
    operation_id="enterReceipt",
    summary="Enter a receipt; cover follows / 到账",
    status_code=201,
    response_model=models.Entered,
    responses=MAKES,
)
def post_receipt(body: models.NewReceipt, write: Write) -> Response:
    """Pay the payer's bills, the oldest months first."""
    return write.once(body, lambda connection: _enter(connection, body, write))


@router.post(
    "/receipt-batches",
    operation_id="enterReceipts",
    summary="Enter receipts of a file of the bank / 批量到账",
    status_code=201,
    response_model=models.EnteredBatch,
    responses=MAKES,
)
def post_receipts(body: models.NewReceipts, write: Write) -> Response:
    """Enter each receipt by itself: those that are refused are told, the others land."""

    def work(connection: Connection) -> models.EnteredBatch:
        done = [
            each(connection, one.reference, partial(_enter, connection, one, write))
            for one in body.receipts
        ]
        return models.EnteredBatch(
            entered=[one for one in done if isinstance(one, models.Entered)],
            failures=[one for one in done if isinstance(one, models.LeftOut)],
        )

    return write.once(body, work)


def _enter(connection: Connection, body: models.NewReceipt, write: Write) -> models.Entered:
    receipt = Receipt(body.reference, body.payer, body.received_on, body.amount)
    persons = receive(connection, receipt, actor=write.actor)
    for person in persons or ():
        cover(connection, write.service.procedures, person, actor=write.actor)
    new = persons is not None
    return models.Entered(reference=body.reference, new=new, persons=persons or [])


@router.get(
    "/receipts/{reference}",
    operation_id="getReceipt",
    summary="A receipt and what became of it / 到账情况",
    response_model=models.ReceiptStands,
    responses=READS_ONE,
)
def get_receipt(reference: Reference, one: One) -> Response:
    """Return what of a receipt pays for bills, is held, was refunded, or that it was taken back."""

    def work(connection: Connection) -> models.ReceiptStands:
        found = find.receipt(connection, reference)
        names = [name for name in find.Received.__dataclass_fields__ if name != "fen"]
        about = {name: getattr(found, name) for name in names}
        return models.ReceiptStands.model_construct(**about, amount=found.fen)

    return one.one(work)


@router.post(
    "/receipts/{reference}/take-back",
    operation_id="takeReceiptBack",
    summary="Take a receipt back with what followed / 撤销到账",
    status_code=201,
    response_model=models.ReceiptTakenBack,
    responses=MAKES_OF_ONE,
)
def post_take_back(reference: Reference, body: models.TakingBack, write: Write) -> Response:
    """Take a receipt back; where something stands in the way it is named."""
    mistake = Mistake(reference, body.on_day, body.reason)

    def work(connection: Connection) -> models.ReceiptTakenBack:
        persons = take_back(connection, write.service.procedures, mistake, actor=write.actor)
        return models.ReceiptTakenBack(reference=reference, persons=persons)

    return write.once(body, work)


@router.post(
    "/refunds",
    operation_id="refund",
    summary="Pay back what is held for a payer / 退费",
    status_code=201,
    response_model=models.Refunded,
    responses=MAKES,
)
def post_refund(body: models.NewRefund, write: Write) -> Response:
    """Pay back what bills that were taken back had been paid with."""
    wanted = held.Refund(body.reference, body.payer, body.on_day, body.reason, body.amount or 0)

    def work(connection: Connection) -> models.Refunded:
        paid = held.refund(connection, wanted, actor=write.actor)
        return models.Refunded(
            reference=body.reference,
            payer=body.payer,
            amount=paid or held.refunded(connection, body.reference),
            new=bool(paid),
        )

    return write.once(body, work)


@router.get(
    "/held",
    operation_id="getHeld",
    summary="What is held for a payer / 暂存款",
    response_model=models.Held,
    responses=documented(),
)
def get_held(
    every: All,
    payer: Annotated[str, Query(min_length=1, max_length=80, pattern=NAMES, description="缴费人")],
) -> Response:
    """Return what may be refunded to a payer."""
    return every.all(lambda c: models.Held(payer=payer, amount=held.held_for(c, payer)))

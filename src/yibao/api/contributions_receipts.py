"""Receipts and refunds over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from yibao.agency.contributions import find, held
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.receipts import Receipt, receive
from yibao.agency.contributions.takeback import Mistake
from yibao.agency.corrections.receipts import take_back
from yibao.api import contributions_models as models
from yibao.api.contributions import each
from yibao.api.headers import (
    ETAG,
    NOT_MODIFIED,
    Actor,
    IdempotencyKey,
    IfNoneMatch,
    as_json,
    key_of,
    tagged,
)
from yibao.api.once import once
from yibao.api.problems import documented
from yibao.api.service import Service, service_of
from yibao.store.database import Connection

router = APIRouter(prefix="/contributions", tags=["contributions"])

Reference = Annotated[
    str,
    Path(max_length=128, pattern=r"^[\p{L}\p{N}][^\p{C}\p{Z}/]*$", description="流水号"),
]


@router.post(
    "/receipts",
    operation_id="enterReceipt",
    summary="Enter a receipt; cover follows / 到账",
    status_code=201,
    response_model=models.Entered,
    responses=documented(400, 409, 413),
)
def post_receipt(
    body: models.NewReceipt, actor: Actor, key: IdempotencyKey, request: Request
) -> Response:
    """Pay the payer's bills, the oldest months first."""
    service = service_of(request)

    def work(connection: Connection) -> tuple[int, str]:
        return 201, _enter(connection, service, body, actor).model_dump_json()

    return once(service.database, key_of(actor, key, request, body), work)


@router.post(
    "/receipt-batches",
    operation_id="enterReceipts",
    summary="Enter receipts of a file of the bank / 批量到账",
    status_code=201,
    response_model=models.EnteredBatch,
    responses=documented(400, 409, 413),
)
def post_receipts(
    body: models.NewReceipts, actor: Actor, key: IdempotencyKey, request: Request
) -> Response:
    """Enter each receipt by itself: those that are refused are told, the others land."""
    service = service_of(request)

    def work(connection: Connection) -> tuple[int, str]:
        found = models.EnteredBatch(entered=[], failures=[])
        done = [
            each(
                connection,
                one.reference,
                lambda one=one: _enter(connection, service, one, actor),  # type: ignore[misc]
            )
            for one in body.receipts
        ]
        found = models.EnteredBatch(
            entered=[one for one in done if isinstance(one, models.Entered)],
            failures=[one for one in done if isinstance(one, models.LeftOut)],
        )
        return 201, found.model_dump_json()

    return once(service.database, key_of(actor, key, request, body), work)


def _enter(
    connection: Connection, service: Service, body: models.NewReceipt, actor: str
) -> models.Entered:
    receipt = Receipt(body.reference, body.payer, body.received_on, body.amount)
    persons = receive(connection, receipt, actor=actor)
    for person in persons:
        cover(connection, service.procedures, person, actor=actor)
    return models.Entered(reference=body.reference, new=bool(persons), persons=persons)


@router.get(
    "/receipts/{reference}",
    operation_id="getReceipt",
    summary="A receipt and what became of it / 到账情况",
    response_model=models.ReceiptStands,
    responses={200: {"headers": ETAG}, **NOT_MODIFIED, **documented(404)},
)
def get_receipt(
    reference: Reference, request: Request, if_none_match: IfNoneMatch = None
) -> Response:
    """Return what of a receipt pays for bills, is held, was refunded, or that it was taken back."""
    found = service_of(request).database.run(lambda c: find.receipt(c, reference))
    names = [name for name in find.Received.__dataclass_fields__ if name != "fen"]
    about = {name: getattr(found, name) for name in names}
    told = models.ReceiptStands.model_construct(**about, amount=found.fen)
    return tagged(told.model_dump_json(), if_none_match)


@router.post(
    "/receipts/{reference}/take-back",
    operation_id="takeReceiptBack",
    summary="Take a receipt back with what followed / 撤销到账",
    status_code=201,
    response_model=models.ReceiptTakenBack,
    responses=documented(400, 404, 409, 413),
)
def post_take_back(
    reference: Reference,
    body: models.TakingBack,
    actor: Actor,
    key: IdempotencyKey,
    request: Request,
) -> Response:
    """Take a receipt back; where something stands in the way it is named."""
    service = service_of(request)
    mistake = Mistake(reference, body.on_day, body.reason)

    def work(connection: Connection) -> tuple[int, str]:
        persons = take_back(connection, service.procedures, mistake, actor=actor)
        told = models.ReceiptTakenBack(reference=reference, persons=persons)
        return 201, told.model_dump_json()

    return once(service.database, key_of(actor, key, request, body), work)


@router.post(
    "/refunds",
    operation_id="refund",
    summary="Pay back what is held for a payer / 退费",
    status_code=201,
    response_model=models.Refunded,
    responses=documented(400, 409, 413),
)
def post_refund(
    body: models.NewRefund, actor: Actor, key: IdempotencyKey, request: Request
) -> Response:
    """Pay back what bills that were taken back had been paid with."""
    wanted = held.Refund(body.reference, body.payer, body.on_day, body.reason, body.amount or 0)

    def work(connection: Connection) -> tuple[int, str]:
        paid = held.refund(connection, wanted, actor=actor)
        told = models.Refunded(
            reference=body.reference,
            payer=body.payer,
            amount=paid or held.refunded(connection, body.reference),
            new=bool(paid),
        )
        return 201, told.model_dump_json()

    return once(service_of(request).database, key_of(actor, key, request, body), work)


@router.get(
    "/held",
    operation_id="getHeld",
    summary="What is held for a payer / 暂存款",
    response_model=models.Held,
    responses=documented(),
)
def get_held(
    request: Request,
    payer: Annotated[
        str, Query(min_length=1, max_length=80, pattern=models.PAYERS, description="缴费人")
    ],
) -> Response:
    """Return what may be refunded to a payer."""
    fen = service_of(request).database.run(lambda c: held.held_for(c, payer))
    return as_json(models.Held(payer=payer, amount=fen).model_dump_json())

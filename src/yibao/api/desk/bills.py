"""Bills that come to the claims desk: settled, corrected, taken back. Each is one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Request, Response

from yibao.agency.desk import find
from yibao.agency.desk.correct import Corrected as Replaced
from yibao.agency.desk.correct import Tell as TellCorrected
from yibao.agency.desk.model import DeskError, Key, Replayed
from yibao.agency.desk.model import Settled as Made
from yibao.agency.desk.reverse import TakenBack as Taken
from yibao.agency.dispensing import door
from yibao.agency.dispensing.door import Received
from yibao.agency.filing import intake
from yibao.api.desk import lines, replies
from yibao.api.desk.bill import check_codes
from yibao.api.desk.models import (
    Bill,
    Care,
    Corrected,
    PreSettled,
    Reimbursement,
    Settled,
    TakenBack,
)
from yibao.api.fields import MAX_INTEGER
from yibao.api.headers import Actor, IdempotencyKey, IfMatch, as_json, key_of, require_match
from yibao.api.problems import documented
from yibao.api.service import Service, service_of
from yibao.store.database import Connection

router = APIRouter(prefix="/desk", tags=["desk"])

LARGER = {
    re.compile(
        "/desk/(pre-settlements|(settlements|reimbursements)(/[0-9]+/correction)?)"
    ): lines.MAX_BODY
}
"""Addresses that take lines, and how large a body with them may be."""

SettlementId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="settlement_id / 结算编号")]

Done = TypeVar("Done", Made, Taken, Replaced)


@dataclass(frozen=True, slots=True)
class _Write:
    """A write that is asked for: by whom, under which key, of a settlement seen how."""

    service: Service
    actor: str
    key: Key
    if_match: str | None = None

    def once(
        self,
        work: Callable[[Connection, Callable[[Done], tuple[int, str]]], Done | Replayed],
        reply: Callable[[Done], str],
    ) -> Response:
        """Do it in a transaction; answer with its reply, or with what stands under its key.

        The reply is kept with what was done, so it is made before the transaction ends.
        """
        told: list[str] = []

        def tell(done: Done) -> tuple[int, str]:
            told.append(reply(done))
            return 201, told[-1]

        done = self.service.database.run(lambda connection: work(connection, tell))
        if isinstance(done, Replayed):
            return as_json(done.reply, done.status)
        return as_json(told[-1], 201)

    def matched(
        self, connection: Connection, number: int, work: Callable[[int], Done | Replayed]
    ) -> Done | Replayed:
        """Do it to a settlement that is as the client has seen it; raises DeskError."""
        seen = "" if self.if_match is None else replies.stands(find.found(connection, number))
        done = work(number)
        if not isinstance(done, Replayed):  # whose reply is given, whatever has become of it
            require_match(self.if_match, seen)
        return done


@router.post(
    "/pre-settlements",
    operation_id="preSettle",
    summary="What a bill would be settled as now; nothing is written / 预结算",
    response_model=PreSettled,
    responses=documented(400, 409, 413),
)
def pre_settle(bill: Bill, request: Request) -> Response:
    """Work a bill out as it would be settled now. An order is settled when it is received."""
    service = service_of(request)
    check_codes(service.codes, bill.facts)
    ask, papers, handed = replies.asked_of(bill)
    if isinstance(handed, Received):
        raise DeskError("not_received", "delivery", str(handed.delivery), "no order, or none yet")
    made = service.database.run(
        lambda connection: door.presettle(connection, service.office, ask, papers, handed)
    )
    return as_json(replies.presettled(bill, made))


@router.post(
    "/settlements",
    operation_id="settle",
    summary="Settle a bill, once for each key / 结算",
    status_code=201,
    response_model=Settled,
    responses=documented(400, 409, 413),
)
def post_settlement(bill: Bill, actor: Actor, key: IdempotencyKey, request: Request) -> Response:
    """Settle a bill, with the prescription or the order that it fills, where it names one."""
    service = service_of(request)
    return _settle(bill, _Write(service, actor, key_of(actor, key, request, bill)))


@router.post(
    "/reimbursements",
    operation_id="reimburse",
    summary="Settle a bill that the person has paid, with its invoices / 手工报销",
    status_code=201,
    response_model=Settled,
    responses=documented(400, 409, 413),
)
def post_reimbursement(
    bill: Reimbursement, actor: Actor, key: IdempotencyKey, request: Request
) -> Response:
    """Pay to the person what the funds owe; lines are priced by our own catalogue."""
    service = service_of(request)
    return _settle(bill, _Write(service, actor, key_of(actor, key, request, bill)))


def _settle(bill: Care, write: _Write) -> Response:
    check_codes(write.service.codes, bill.facts)
    asked = replies.asked_of(bill)
    return write.once(
        lambda connection, tell: door.settle(
            *(connection, write.service.office, *asked),
            actor=write.actor,
            key=write.key,
            tell=tell,
        ),
        lambda made: replies.settled(bill, made),
    )


@router.post(
    "/settlements/{settlement_id}/reversal",
    operation_id="takeBack",
    summary="Take a settlement back, once / 冲正",
    status_code=201,
    response_model=TakenBack,
    responses=documented(404, 409, 412),
)
def post_reversal(
    settlement_id: SettlementId,
    actor: Actor,
    key: IdempotencyKey,
    request: Request,
    if_match: IfMatch = None,
) -> Response:
    """Take a settlement back: money, account and state are as they would be without it."""
    service = service_of(request)
    write = _Write(service, actor, key_of(actor, key, request, None), if_match)
    reverse = partial(intake.reverse, actor=actor, key=write.key)
    return write.once(
        lambda connection, tell: write.matched(
            connection,
            settlement_id,
            lambda number: reverse(connection, service.office, number, tell=tell),
        ),
        lambda taken: replies.taken_back(settlement_id, taken),
    )


@router.post(
    "/settlements/{settlement_id}/correction",
    operation_id="correct",
    summary="Take a settlement back and settle another bill in its place / 更正",
    status_code=201,
    response_model=Corrected,
    responses=documented(400, 404, 409, 412, 413),
)
def post_correction(
    *,
    settlement_id: SettlementId,
    bill: Bill,
    actor: Actor,
    key: IdempotencyKey,
    request: Request,
    if_match: IfMatch = None,
) -> Response:
    """Do both or neither. The bill has a number of its own, and may be of another person."""
    own = key_of(actor, key, request, bill)
    return _correct(settlement_id, bill, _Write(service_of(request), actor, own, if_match))


@router.post(
    "/reimbursements/{settlement_id}/correction",
    operation_id="correctReimbursement",
    summary="Take a reimbursement back and settle another bill in its place / 更正手工报销",
    status_code=201,
    response_model=Corrected,
    responses=documented(400, 404, 409, 412, 413),
)
def post_correction_of_reimbursement(
    *,
    settlement_id: SettlementId,
    bill: Reimbursement,
    actor: Actor,
    key: IdempotencyKey,
    request: Request,
    if_match: IfMatch = None,
) -> Response:
    """Do both or neither. The invoices of the first are free for the second."""
    own = key_of(actor, key, request, bill)
    return _correct(settlement_id, bill, _Write(service_of(request), actor, own, if_match))


def _correct(number: int, bill: Care, write: _Write) -> Response:
    check_codes(write.service.codes, bill.facts)
    ask, papers, handed = replies.asked_of(bill)

    def correct(connection: Connection, number: int, tell: TellCorrected) -> Replaced | Replayed:
        paid = find.found(connection, number)["payee"]
        if paid != ask.payee:  # what a person has paid is not to become owed to a hospital
            raise DeskError("payee", "settlement_id", str(number), f"a bill paid to the {paid}")
        return door.correct(
            *(connection, write.service.office, number, ask, papers),
            handed=handed,
            actor=write.actor,
            key=write.key,
            tell=tell,
        )

    return write.once(
        lambda connection, tell: write.matched(
            connection, number, lambda number: correct(connection, number, tell)
        ),
        lambda done: replies.corrected(number, bill, done),
    )

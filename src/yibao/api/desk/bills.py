"""Bills that come to the claims desk: settled, corrected, taken back. Each is one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Request, Response

from yibao.agency.desk import find
from yibao.agency.desk.correct import Corrected as Replaced
from yibao.agency.desk.correct import Tell as TellCorrected
from yibao.agency.desk.model import DeskError, Replayed
from yibao.agency.desk.model import Settled as Made
from yibao.agency.desk.reverse import TakenBack as Taken
from yibao.agency.dispensing import door
from yibao.agency.dispensing.door import Received
from yibao.agency.filing import intake
from yibao.api.calls import ACTS_ON_ONE, MAKES, Write
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
from yibao.api.fields import number_in_path
from yibao.api.headers import IfMatch, as_json, require_match
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.api.service import service_of
from yibao.store.database import Connection

router = Router(prefix="/desk", tags=["desk"])

LARGER = {
    re.compile(
        "/desk/(pre-settlements|(settlements|reimbursements)(/[0-9]+/correction)?)"
    ): lines.MAX_BODY
}
"""Addresses that take lines, and how large a body with them may be."""

SettlementId = Annotated[int, number_in_path("settlement_id / 结算编号")]

Done = TypeVar("Done", Made, Taken, Replaced)


def _once(
    write: Write,
    work: Callable[[Connection, Callable[[Done], tuple[int, str]]], Done | Replayed],
    reply: Callable[[Done], str],
) -> Response:
    """Do it in a transaction; answer with its reply, or with what stands under its key.

    The desk keeps the reply with what was done, so it is made before the transaction ends.
    """
    told: list[str] = []

    def tell(done: Done) -> tuple[int, str]:
        told.append(reply(done))
        return 201, told[-1]

    done = write.service.database.run(lambda connection: work(connection, tell))
    if isinstance(done, Replayed):
        return as_json(done.reply, done.status)
    return as_json(told[-1], 201)


def _matched(
    connection: Connection, number: int, if_match: str | None, work: Callable[[], Done | Replayed]
) -> Done | Replayed:
    """Do it to a settlement that is as the client has seen it; raises DeskError."""
    seen = "" if if_match is None else replies.stands(find.found(connection, number))
    done = work()
    if not isinstance(done, Replayed):  # whose reply is given, whatever has become of it
        require_match(if_match, seen)
    return done


@router.post(
    "/pre-settlements",
    operation_id="preSettle",
    summary="What a bill would be settled as now; nothing is written / 预结算",
    response_model=PreSettled,
    responses=MAKES,
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
    responses=MAKES,
)
def post_settlement(bill: Bill, write: Write) -> Response:
    """Settle a bill, with the prescription or the order that it fills, where it names one."""
    return _settle(bill, write)


@router.post(
    "/reimbursements",
    operation_id="reimburse",
    summary="Settle a bill that the person has paid, with its invoices / 手工报销",
    status_code=201,
    response_model=Settled,
    responses=MAKES,
)
def post_reimbursement(bill: Reimbursement, write: Write) -> Response:
    """Pay to the person what the funds owe; lines are priced by our own catalogue."""
    return _settle(bill, write)


def _settle(bill: Care, write: Write) -> Response:
    check_codes(write.service.codes, bill.facts)
    asked, key = replies.asked_of(bill), write.own(bill)
    return _once(
        write,
        lambda connection, tell: door.settle(
            *(connection, write.service.office, *asked), actor=write.actor, key=key, tell=tell
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
def post_reversal(settlement_id: SettlementId, write: Write, if_match: IfMatch = None) -> Response:
    """Take a settlement back: money, account and state are as they would be without it."""
    key = write.own(None)

    def reverse(
        connection: Connection, tell: Callable[[Taken], tuple[int, str]]
    ) -> Taken | Replayed:
        return intake.reverse(
            *(connection, write.service.office, settlement_id),
            actor=write.actor,
            key=key,
            tell=tell,
        )

    return _once(
        write,
        lambda connection, tell: _matched(
            connection, settlement_id, if_match, lambda: reverse(connection, tell)
        ),
        lambda taken: replies.taken_back(settlement_id, taken),
    )


@router.post(
    "/settlements/{settlement_id}/correction",
    operation_id="correct",
    summary="Take a settlement back and settle another bill in its place / 更正",
    status_code=201,
    response_model=Corrected,
    responses=ACTS_ON_ONE,
)
def post_correction(
    settlement_id: SettlementId, bill: Bill, write: Write, if_match: IfMatch = None
) -> Response:
    """Do both or neither. The bill has a number of its own, and may be of another person."""
    return _correct(settlement_id, bill, write, if_match)


@router.post(
    "/reimbursements/{settlement_id}/correction",
    operation_id="correctReimbursement",
    summary="Take a reimbursement back and settle another bill in its place / 更正手工报销",
    status_code=201,
    response_model=Corrected,
    responses=ACTS_ON_ONE,
)
def post_correction_of_reimbursement(
    settlement_id: SettlementId, bill: Reimbursement, write: Write, if_match: IfMatch = None
) -> Response:
    """Do both or neither. The invoices of the first are free for the second."""
    return _correct(settlement_id, bill, write, if_match)


def _correct(number: int, bill: Care, write: Write, if_match: str | None) -> Response:
    check_codes(write.service.codes, bill.facts)
    (ask, papers, handed), key = replies.asked_of(bill), write.own(bill)

    def correct(connection: Connection, tell: TellCorrected) -> Replaced | Replayed:
        paid = find.found(connection, number)["payee"]
        if paid != ask.payee:  # what a person has paid is not to become owed to a hospital
            raise DeskError("payee", "settlement_id", str(number), f"a bill paid to the {paid}")
        return door.correct(
            *(connection, write.service.office, number, ask, papers),
            handed=handed,
            actor=write.actor,
            key=key,
            tell=tell,
        )

    return _once(
        write,
        lambda connection, tell: _matched(
            connection, number, if_match, lambda: correct(connection, tell)
        ),
        lambda done: replies.corrected(number, bill, done),
    )

"""The routes of the claims desk. Each is one transaction."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from yibao.agency.desk import find
from yibao.agency.desk.model import DeskError, Replayed
from yibao.agency.desk.model import Settled as Made
from yibao.agency.desk.recall import recall
from yibao.agency.desk.reverse import TakenBack as Taken
from yibao.agency.desk.reverse import settlement_of
from yibao.agency.filing.intake import Papers, presettle, reverse, settle
from yibao.api.desk import replies
from yibao.api.desk.bill import check_codes
from yibao.api.desk.models import (
    Bill,
    Booked,
    Explanation,
    Page,
    PreSettled,
    Settled,
    TakenBack,
)
from yibao.api.fields import MAX_INTEGER, Day, Name
from yibao.api.headers import (
    ETAG,
    NOT_MODIFIED,
    Actor,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    as_json,
    key_of,
    require_match,
    tagged,
)
from yibao.api.paging import Cursor, Limit, cursor_after, number_of
from yibao.api.problems import documented
from yibao.api.service import service_of
from yibao.settlement.explain_data import as_json as explained
from yibao.store.database import Connection

router = APIRouter(prefix="/desk", tags=["desk"])

SettlementId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="settlement_id / 结算编号")]


@router.post(
    "/pre-settlements",
    operation_id="preSettle",
    summary="What a bill would be settled as now; nothing is written / 预结算",
    response_model=PreSettled,
    responses=documented(400, 413),
)
def pre_settle(bill: Bill, request: Request) -> Response:
    """Work a bill out as it would be settled now."""
    service = service_of(request)
    check_codes(service.codes, bill.facts)
    ask, papers = replies.ask_of(bill), Papers(bill.referral, bill.practitioner_id)
    made = service.database.run(
        lambda connection: presettle(connection, service.office, ask, papers)
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
    """Settle a bill; the same request under the same key gets the same reply, to the byte."""
    service = service_of(request)
    check_codes(service.codes, bill.facts)
    ask, papers = replies.ask_of(bill), Papers(bill.referral, bill.practitioner_id)
    own = key_of(actor, key, request, bill)
    told: list[str] = []

    def tell(made: Made) -> tuple[int, str]:
        told.append(replies.settled(bill, made))
        return 201, told[-1]

    def work(connection: Connection) -> Made | Replayed:
        return settle(connection, service.office, ask, papers, actor=actor, key=own, tell=tell)

    made = service.database.run(work)
    if isinstance(made, Replayed):
        return as_json(made.reply, made.status)
    return as_json(told[-1], 201)


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
    own = key_of(actor, key, request, None)
    told: list[str] = []

    def tell(taken: Taken) -> tuple[int, str]:
        reply = TakenBack(
            settlement_id=taken.settlement_id,
            reverses=settlement_id,
            account_balance=taken.account_balance,
        )
        told.append(reply.model_dump_json())
        return 201, told[-1]

    def work(connection: Connection) -> Taken | Replayed:
        seen = "" if if_match is None else _booked(connection, settlement_id)
        taken = reverse(connection, service.office, settlement_id, actor=actor, key=own, tell=tell)
        if not isinstance(taken, Replayed):
            require_match(if_match, seen)
        return taken

    taken = service.database.run(work)
    if isinstance(taken, Replayed):
        return as_json(taken.reply, taken.status)
    return as_json(told[-1], 201)


@router.get(
    "/settlements/{settlement_id}",
    operation_id="getSettlement",
    summary="A settlement or reversal as it stands / 查询结算",
    response_model=Booked,
    responses={
        200: {"headers": ETAG},
        **NOT_MODIFIED,
        **documented(404),
    },
)
def get_settlement(
    settlement_id: SettlementId, request: Request, if_none_match: IfNoneMatch = None
) -> Response:
    """Return a settlement with its entity tag."""
    text = service_of(request).database.run(lambda connection: _booked(connection, settlement_id))
    return tagged(text, if_none_match)


def _booked(connection: Connection, number: int) -> str:
    return replies.booked(find.found(connection, number)).model_dump_json()


@router.get(
    "/settlements",
    operation_id="listSettlements",
    summary="Settlements of a person or an institution, by number / 结算列表",
    response_model=Page,
    responses=documented(),
)
def list_settlements(
    request: Request,
    *,
    person_id: Annotated[Name | None, Query()] = None,
    institution_id: Annotated[Name | None, Query()] = None,
    first: Annotated[Day | None, Query(description="day of the books, from / 记账日起")] = None,
    last: Annotated[Day | None, Query(description="day of the books, to / 记账日止")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of settlements and reversals; of somebody, for all would be too many."""
    if person_id is None and institution_id is None:
        raise DeskError("required", "person_id", "", "person_id or institution_id")
    wanted = find.Wanted(person_id, institution_id, first, last, number_of(cursor))
    rows = service_of(request).database.run(
        lambda connection: find.find(connection, wanted, limit + 1)
    )
    page = Page.model_construct(
        settlements=[replies.booked(row) for row in rows[:limit]],
        next=cursor_after(rows[limit - 1]["settlement_id"]) if len(rows) > limit else None,
    )
    return as_json(page.model_dump_json())


@router.get(
    "/settlements/{settlement_id}/explanation",
    operation_id="explainSettlement",
    summary="Every step of a settlement, from what was kept of it / 逐步解释",
    response_model=Explanation,
    responses=documented(404, 409),
)
def get_explanation(settlement_id: SettlementId, request: Request) -> Response:
    """Explain a settlement; refused where other rules settled it than those loaded."""
    service = service_of(request)
    row = service.database.run(lambda connection: settlement_of(connection, settlement_id))
    explanation = service.explainer.explain(recall(service.office, row))
    return as_json(json.dumps(explained(explanation), ensure_ascii=False))

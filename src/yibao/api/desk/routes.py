"""What stands in the books of the claims desk."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import Query, Response

from yibao.agency.desk import find
from yibao.agency.desk.model import DeskError
from yibao.agency.desk.recall import recall
from yibao.agency.desk.reverse import settlement_of
from yibao.api.calls import READS_ONE, All, One
from yibao.api.desk import replies
from yibao.api.desk.lines import LinePage, line_told
from yibao.api.desk.models import Booked, Explanation, Page
from yibao.api.fields import Day, Name, number_in_path
from yibao.api.headers import as_json
from yibao.api.paging import Cursor, Limit, cursor_after, cut, number_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.settlement.explain_data import as_json as explained
from yibao.store.database import Connection

router = Router(prefix="/desk", tags=["desk"])

SettlementId = Annotated[int, number_in_path("settlement_id / 结算编号")]


@router.get(
    "/settlements/{settlement_id}",
    operation_id="getSettlement",
    summary="A settlement or reversal as it stands / 查询结算",
    response_model=Booked,
    responses=READS_ONE,
)
def get_settlement(settlement_id: SettlementId, one: One) -> Response:
    """Return a settlement with its entity tag."""
    return one.one(lambda connection: replies.booked(find.found(connection, settlement_id)))


@router.get(
    "/settlements",
    operation_id="listSettlements",
    summary="Settlements of a person or an institution, by number / 结算列表",
    response_model=Page,
    responses=documented(),
)
def list_settlements(
    every: All,
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

    def work(connection: Connection) -> Page:
        found = find.find(connection, wanted, limit + 1)
        page, following = cut(found, limit, lambda row: cursor_after(row["settlement_id"]))
        return Page.model_construct(
            settlements=[replies.booked(row) for row in page], next=following
        )

    return every.all(work)


@router.get(
    "/settlements/{settlement_id}/lines",
    operation_id="listLines",
    summary="The lines of a settlement as they were priced / 结算明细",
    response_model=LinePage,
    responses=documented(404),
)
def list_lines(
    settlement_id: SettlementId, every: All, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Return a page of lines by number; a bill of amounts has none."""
    after = number_of(cursor)

    def work(connection: Connection) -> LinePage:
        found = find.lines(connection, settlement_id, after, limit + 1)
        page, following = cut(found, limit, lambda row: cursor_after(row["number"]))
        return LinePage.model_construct(lines=[line_told(row) for row in page], next=following)

    return every.all(work)


@router.get(
    "/settlements/{settlement_id}/explanation",
    operation_id="explainSettlement",
    summary="Every step of a settlement, from what was kept of it / 逐步解释",
    response_model=Explanation,
    responses=documented(404, 409),
)
def get_explanation(settlement_id: SettlementId, read: All) -> Response:
    """Explain a settlement; refused where other rules settled it than those loaded."""
    service = read.service
    row = service.database.run(lambda connection: settlement_of(connection, settlement_id))
    explanation = service.explainer.explain(recall(service.office, row))
    return as_json(json.dumps(explained(explanation), ensure_ascii=False))

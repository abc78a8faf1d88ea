"""Reconciliation over HTTP: an institution's rows against the desk and the ledger, kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import Query, Response
from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from yibao.agency.reconcile.day import reconcile
from yibao.agency.reconcile.file import Booked
from yibao.agency.reconcile.kept import Kept, keep, kept, page
from yibao.agency.reconcile.model import Flow, Kind, Money, Row, Side
from yibao.api.calls import MAKES, READS_ONE, All, One, Write
from yibao.api.fields import (
    Amount,
    Day,
    Instant,
    Name,
    Strict,
    Told,
    code_of,
    example,
    number_in_path,
)
from yibao.api.paging import Cursor, Limit, cursor_after, cut, number_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.clock import CHINA
from yibao.store.database import Connection

router = Router(prefix="/reconciliations", tags=["reconciliation"])

MAX_ROWS = 5_000
MAX_DAYS = 31

_ROW: Any = {
    "claim_no": "A-2023-000017",
    "person_id": "P-17",
    "kind": "settle",
    "scheme": "resident",
    "total": "10000.00",
    "fund_pay": "6000.00",
    "account_pay": "0.00",
    "cash_pay": "4000.00",
    "settled_at": "2023-03-08T10:12:00+08:00",
}


class BookedRow(Strict):
    """What an institution has booked; a refund has the amounts of what it takes back."""

    claim_no: Name
    person_id: Name
    kind: Flow = "settle"
    scheme: Annotated[str, code_of("scheme")] | None = Field(
        None, description="null: not compared / 空为不比较"
    )
    total: Amount
    fund_pay: Amount
    account_pay: Amount
    cash_pay: Amount
    settled_at: Instant


class NewReconciliation(Strict):
    """An institution's days, and every row that it has of them."""

    model_config = example(
        institution_id="H12010100001", first="2023-03-08", last="2023-03-08", rows=[_ROW]
    )

    institution_id: Name
    first: Day
    last: Day
    rows: Annotated[list[BookedRow], Field(max_length=MAX_ROWS)]

    @model_validator(mode="after")
    def _days(self) -> Self:
        if not 0 <= (self.last - self.first).days < MAX_DAYS:
            facts = {"most": MAX_DAYS}
            raise PydanticCustomError("days", "last: expected 1 to {most} days from first", facts)
        return self


YuanText = Annotated[str, Field(pattern=r"^-?(0|[1-9][0-9]*)\.[0-9]{2}$", examples=["10.00"])]


class Amounts(Told):
    """The four amounts that are reconciled."""

    total: YuanText
    fund_pay: YuanText
    account_pay: YuanText
    cash_pay: YuanText


class SideTold(Told):
    """What one side tells; `place` is a row of the request, a settlement, an entry."""

    claim_no: str
    flow: Flow
    person_id: str
    scheme: str
    day: Day
    money: Amounts
    place: str


class Difference(Told):
    """One difference, by its class; `effect` is what it makes our sums larger by."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    class_: Kind = Field(alias="class")
    claim_no: str
    flow: Flow
    lacking: Side | None
    ours: SideTold | None
    theirs: SideTold | None
    columns: Sequence[str]
    effect: Amounts


class Part(Told):
    """Settlements or refunds of a scheme where the sides differ; `rows` are ours and theirs."""

    scheme: str
    flow: Flow
    rows: tuple[int, int]
    gap: Amounts


class Comparison(Told):
    """Two sides: their sums, where they differ, and why. The effects add up to the gap."""

    sides: tuple[Side, Side]
    rows: tuple[int, int]
    sums: tuple[Amounts, Amounts]
    gap: Amounts
    parts: Sequence[Part]
    differences: Sequence[Difference]


class Summary(Told):
    """A reconciliation that was made."""

    reconciliation_id: int
    institution_id: str
    first: Day
    last: Day
    agrees: bool
    actor: str
    made_at: datetime


class Reconciliation(Summary):
    """A reconciliation and all that was found: desk with institution, desk with ledger."""

    comparisons: tuple[Comparison, Comparison]
    not_compared: Sequence[str]
    outside: int


class Reconciliations(Told):
    """Reconciliations by number; `next` is the cursor of the page after, null at the end."""

    reconciliations: Sequence[Summary]
    next: str | None


def _row(at: int, row: BookedRow) -> Row:
    return Row(
        row.claim_no,
        row.kind,
        row.person_id,
        row.scheme or "",
        row.settled_at.astimezone(CHINA).date(),
        Money(row.total, row.fund_pay, row.account_pay, row.cash_pay),
        f"rows.{at}",
    )


def _summary(found: Kept) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Summary.model_fields}


def _told(found: Kept) -> Reconciliation:
    return Reconciliation.model_construct(
        **_summary(found),
        comparisons=tuple(Comparison.model_validate(one) for one in found.found["comparisons"]),
        not_compared=found.found["not_compared"],
        outside=found.found["outside"],
    )


@router.post(
    "",
    operation_id="reconcile",
    summary="Compare an institution's rows with desk and ledger; keep what was found / 对账",
    status_code=201,
    response_model=Reconciliation,
    responses=MAKES,
)
def post_reconciliation(body: NewReconciliation, write: Write) -> Response:
    """Compare at one instant; that differences are found is no error."""
    booked = Booked([_row(at, row) for at, row in enumerate(body.rows)])
    period = (body.first, body.last)
    found = write.service.database.run(lambda c: reconcile(c, body.institution_id, period, booked))
    return write.once(body, lambda c: _told(keep(c, found, actor=write.actor)))


@router.get(
    "/{reconciliation_id}",
    operation_id="getReconciliation",
    summary="What a reconciliation found / 查询对账结果",
    response_model=Reconciliation,
    responses=READS_ONE,
)
def get_reconciliation(
    reconciliation_id: Annotated[int, number_in_path("reconciliation_id / 对账编号")],
    one: One,
) -> Response:
    """Return what was found then, with an entity tag."""
    return one.one(lambda c: _told(kept(c, reconciliation_id)))


@router.get(
    "",
    operation_id="listReconciliations",
    summary="Reconciliations by number / 对账列表",
    response_model=Reconciliations,
    responses=documented(),
)
def list_reconciliations(
    every: All,
    *,
    institution_id: Annotated[Name | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of reconciliations without what was found."""

    def work(connection: Connection) -> Reconciliations:
        found = page(connection, institution_id, number_of(cursor), limit + 1)
        rows, after = cut(found, limit, lambda row: cursor_after(row.reconciliation_id))
        told = [Summary.model_construct(**_summary(row)) for row in rows]
        return Reconciliations.model_construct(reconciliations=told, next=after)

    return every.all(work)

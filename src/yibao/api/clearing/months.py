"""The routes of an institution's months: applied for, audited, paid; appeals."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Response

from yibao.agency.clearing import audit as audits
from yibao.agency.clearing import read
from yibao.agency.clearing import terms as laid_down
from yibao.agency.clearing.apply import apply
from yibao.agency.clearing.deductions import with_bills
from yibao.agency.clearing.model import Act
from yibao.agency.clearing.model import Application as Found
from yibao.agency.clearing.model import Deduction as Made
from yibao.agency.clearing.pay import pay
from yibao.api.calls import ACTS_ON_ONE, MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.clearing.models import (
    Application,
    ApplicationLine,
    Applications,
    Contested,
    Deducted,
    NewAppeal,
    NewApplication,
    NewAudit,
    NewDecision,
    NewPayment,
    Paid,
    Withheld,
)
from yibao.api.fields import Day, Month, Name, number_in_path
from yibao.api.headers import IfMatch, require_match
from yibao.api.paging import Cursor, Limit, cursor_after, cut, number_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.clock import today
from yibao.store.database import Connection

router = Router(prefix="/clearing", tags=["clearing"])

ApplicationId = Annotated[int, number_in_path("application_id / 申报编号")]
DeductionId = Annotated[int, number_in_path("deduction_id / 扣款编号")]


def act(write: Write, day: Day | None) -> Act:
    """Return who does something on which day of the books."""
    return Act(write.actor, day or today())


def told(found: Found) -> Application:
    """Return an application as a reply has it."""
    return Application.model_construct(
        application_id=found.application_id,
        institution_id=found.institution_id,
        month=found.month,
        state=found.state,
        due=found.due,
        deducted=found.deducted,
        withheld=found.withheld,
        lines=[ApplicationLine.model_construct(**line._asdict()) for line in found.lines],
        deductions=[
            Deducted.model_construct(deduction_id=number, **_deduction(one))
            for number, one in found.deductions
        ],
        deposits=[
            Withheld.model_construct(
                fund=d.fund,
                visit=d.visit,
                base=d.base,
                rate=d.rate.value,
                cite=d.rate.cite,
                amount=d.fen,
            )
            for d in found.deposits
        ],
        paid={fund: Paid.model_construct(**asdict(one)) for fund, one in found.paid.items()},
    )


def _deduction(one: Made) -> dict[str, Any]:
    return {
        "fund": one.fund,
        "visit": one.visit,
        "amount": one.fen,
        "reason": one.reason,
        "settlement_id": one.settlement_id,
    }


def _seen(connection: Connection, number: int, if_match: str | None) -> Found:
    """Return an application that the client has seen as it is; raises DeskError."""
    found = read.numbered(connection, number)
    if if_match is not None:
        require_match(if_match, told(found).model_dump_json())
    return found


def _applied(connection: Connection, body: NewApplication, by: Act) -> Found:
    return apply(connection, body.institution_id, body.month, by, early=body.early)


@router.post(
    "/applications",
    operation_id="applyForMonth",
    summary="Apply for a month of an institution, once / 月度申报",
    status_code=201,
    response_model=Application,
    responses=MAKES,
)
def post_application(body: NewApplication, write: Write) -> Response:
    """Apply for all that was settled by the month's end and not applied for yet."""
    by = act(write, body.day)
    return write.once(body, lambda c: told(_applied(c, body, by)))


@router.post(
    "/applications/{application_id}/audit",
    operation_id="auditApplication",
    summary="Deduct what an audit found, withhold the deposit, once / 审核",
    status_code=201,
    response_model=Application,
    responses=ACTS_ON_ONE,
)
def post_audit(
    application_id: ApplicationId, body: NewAudit, write: Write, if_match: IfMatch = None
) -> Response:
    """Audit an application; a deduction that is wrong changes nothing."""
    by = act(write, body.day)
    if body.deposit is None:
        rate = laid_down.deposit_rate(write.service.office.policy)
    else:
        rate = laid_down.told(body.deposit.rate, body.deposit.cite)
    asked = [(Made(d.fund, d.visit, d.amount, d.reason), d.claim_no or "") for d in body.deductions]

    def work(connection: Connection) -> Application:
        found = _seen(connection, application_id, if_match)
        whose, month = found.institution_id, found.month
        deductions = with_bills(connection, whose, asked)
        return told(audits.audit(connection, whose, month, by, deductions=deductions, rate=rate))

    return write.once(body, work)


@router.post(
    "/applications/{application_id}/payment",
    operation_id="payApplication",
    summary="Pay an audited month, once, by somebody else than who audited it / 拨付",
    status_code=201,
    response_model=Application,
    responses=ACTS_ON_ONE,
)
def post_payment(
    application_id: ApplicationId, body: NewPayment, write: Write, if_match: IfMatch = None
) -> Response:
    """Pay: first what the institution owes, then working capital, then the bank."""
    by = act(write, body.day)

    def work(connection: Connection) -> Application:
        found = _seen(connection, application_id, if_match)
        return told(pay(connection, found.institution_id, found.month, by))

    return write.once(body, work)


@router.get(
    "/applications/{application_id}",
    operation_id="getApplication",
    summary="A month as it stands / 查询申报",
    response_model=Application,
    responses=READS_ONE,
)
def get_application(application_id: ApplicationId, one: One) -> Response:
    """Return an application with its entity tag."""
    return one.one(lambda c: told(read.numbered(c, application_id)))


@router.get(
    "/applications",
    operation_id="listApplications",
    summary="Months applied for, by number / 申报列表",
    response_model=Applications,
    responses=documented(),
)
def list_applications(
    every: All,
    *,
    institution_id: Annotated[Name | None, Query()] = None,
    month: Annotated[Month | None, Query()] = None,
    state: Annotated[read.State | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of applications."""
    wanted = read.Wanted(institution_id, month, state, number_of(cursor))

    def work(connection: Connection) -> Applications:
        rows, after = cut(
            read.page(connection, wanted, limit + 1),
            limit,
            lambda row: cursor_after(row.application_id),
        )
        return Applications.model_construct(applications=[told(row) for row in rows], next=after)

    return every.all(work)


# --- appeals --------------------------------------------------------------------------------------


def _contested(connection: Connection, number: int) -> Contested:
    found = read.deduction(connection, number)
    return Contested.model_construct(
        deduction_id=number,
        application_id=found.application_id,
        appeal=found.appeal,
        upheld=found.upheld,
        decision=found.decision,
        **_deduction(found.deduction),
    )


@router.get(
    "/deductions/{deduction_id}",
    operation_id="getDeduction",
    summary="A deduction, and what became of an appeal / 查询扣款",
    response_model=Contested,
    responses=READS_ONE,
)
def get_deduction(deduction_id: DeductionId, one: One) -> Response:
    """Return a deduction with its entity tag."""
    return one.one(lambda c: _contested(c, deduction_id))


@router.post(
    "/deductions/{deduction_id}/appeal",
    operation_id="appealDeduction",
    summary="Appeal against a deduction, once / 申诉",
    status_code=201,
    response_model=Contested,
    responses=MAKES_OF_ONE,
)
def post_appeal(deduction_id: DeductionId, body: NewAppeal, write: Write) -> Response:
    """Appeal; the deduction stands until it is decided."""

    def work(connection: Connection) -> Contested:
        audits.appeal(connection, deduction_id, body.reason, act(write, body.day))
        return _contested(connection, deduction_id)

    return write.once(body, work)


@router.post(
    "/deductions/{deduction_id}/decision",
    operation_id="decideAppeal",
    summary="Decide an appeal, once / 申诉决定",
    status_code=201,
    response_model=Contested,
    responses=MAKES_OF_ONE,
)
def post_decision(deduction_id: DeductionId, body: NewDecision, write: Write) -> Response:
    """Decide; what is given back is due again and comes with the next application."""

    def work(connection: Connection) -> Contested:
        by = act(write, body.day)
        audits.decide(connection, deduction_id, by, upheld=body.upheld, reason=body.reason)
        return _contested(connection, deduction_id)

    return write.once(body, work)

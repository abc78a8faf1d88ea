"""The routes of what spans a year: working capital, deposits, risk reserves, other regions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Path, Response

from yibao.agency.clearing import region as regions
from yibao.agency.clearing import reserve, year
from yibao.agency.clearing.model import Rate
from yibao.agency.clearing.pay import balances
from yibao.agency.clearing.terms import working_capital_months
from yibao.agency.filing.places import require_other
from yibao.api.calls import MAKES, MAKES_OF_ONE, READS_ONE, One, Write
from yibao.api.clearing.models import (
    ByFund,
    Cleared,
    ClearedByFund,
    NewAdvance,
    NewDraw,
    NewRegionAdvance,
    NewRegionMonth,
    NewRelease,
    NewRepayment,
    NewReturn,
    NewSetAside,
    Released,
    ReleasedByFund,
    Standing,
)
from yibao.api.clearing.months import act
from yibao.api.fields import Fund, Name
from yibao.api.routing import Router
from yibao.ledger.balance import balance
from yibao.ledger.chart import CHART, Account, Party
from yibao.store.database import Connection

router = Router(prefix="/clearing", tags=["clearing"])

FundOf = Annotated[Fund, Path()]
RegionId = Annotated[
    str, Path(pattern="^[0-9]{6}$", description="a region's division / 行政区划代码")
]
InstitutionId = Annotated[Name, Path(description="institution_id / 机构编号")]


def _home(write: Write) -> str:
    return write.service.office.policy.region.division


def _by_fund(funds: Mapping[str, int]) -> ByFund:
    return ByFund.model_construct(funds=funds)


# --- a year with an institution -------------------------------------------------------------------


@router.post(
    "/advances",
    operation_id="advanceWorkingCapital",
    summary="Advance working capital for a year, once / 预拨周转金",
    status_code=201,
    response_model=ByFund,
    responses=MAKES,
)
def post_advance(body: NewAdvance, write: Write) -> Response:
    """Advance so many months' average of the year before."""
    by = act(write, body.day)
    if body.months is None or body.cite is None:
        months, cite = working_capital_months(write.service.office.policy, by.day)
    else:
        months, cite = body.months, body.cite

    def work(connection: Connection) -> ByFund:
        found = year.advance(
            *(connection, body.institution_id, body.year, by),
            months=months,
            months_of=body.months_of,
            cite=cite,
        )
        return _by_fund(found)

    return write.once(body, work)


@router.post(
    "/repayments",
    operation_id="repayWorkingCapital",
    summary="Book working capital that is paid back / 收回周转金",
    status_code=201,
    response_model=ByFund,
    responses=MAKES,
)
def post_repayment(body: NewRepayment, write: Write) -> Response:
    """Book what is left after the year's last payment."""
    by = act(write, body.day)
    return write.once(body, lambda c: _by_fund(year.repay(c, body.institution_id, body.year, by)))


@router.post(
    "/deposit-releases",
    operation_id="releaseDeposits",
    summary="Return a year's deposits by the assessment, once / 返还保证金",
    status_code=201,
    response_model=ReleasedByFund,
    responses=MAKES,
)
def post_release(body: NewRelease, write: Write) -> Response:
    """Return as much of the deposits as the assessment says; the rest is kept."""

    def work(connection: Connection) -> ReleasedByFund:
        rate, by = Rate(body.rate, body.reason), act(write, body.day)
        found = year.release(connection, body.institution_id, body.year, rate, by)
        return ReleasedByFund.model_construct(
            funds={
                fund: Released.model_construct(returned=returned, kept=kept)
                for fund, (returned, kept) in found.items()
            }
        )

    return write.once(body, work)


@router.get(
    "/institutions/{institution_id}",
    operation_id="getInstitutionStanding",
    summary="What stands between the agency and an institution, by fund / 机构清算余额",
    response_model=Standing,
    responses=READS_ONE,
)
def get_institution(institution_id: InstitutionId, one: One) -> Response:
    """Return what is payable, applied for, withheld, advanced and to be recovered."""
    return one.one(lambda c: _standing(c, "institution", institution_id))


def _standing(connection: Connection, party: Party, whose: str) -> Standing:
    heads = [name for name, head in CHART.items() if head.party == party and head.of_fund]
    found = {head: balances(connection, head, whose) for head in heads}
    heads_told = {head: funds for head, funds in found.items() if funds}
    return Standing.model_construct(party=whose, heads=heads_told)


# --- reserves -------------------------------------------------------------------------------------


@router.get(
    "/reserves/{fund}",
    operation_id="getReserve",
    summary="What a fund's risk reserve holds / 风险储备金余额",
    response_model=ByFund,
    responses=READS_ONE,
)
def get_reserve(fund: FundOf, one: One) -> Response:
    """Return the reserve of a fund."""
    return one.one(lambda c: _by_fund({fund: -balance(c, Account("risk_reserve", fund))}))


@router.post(
    "/reserves/{fund}/set-asides",
    operation_id="setAside",
    summary="Set a share of a year's income aside, once / 提取风险储备金",
    status_code=201,
    response_model=ByFund,
    responses=MAKES_OF_ONE,
)
def post_set_aside(fund: FundOf, body: NewSetAside, write: Write) -> Response:
    """Set aside; the reply is what was moved."""
    rate, by = Rate(body.rate, body.cite), act(write, body.day)
    return write.once(
        body, lambda c: _by_fund({fund: reserve.set_aside(c, fund, body.year, rate, by)})
    )


@router.post(
    "/reserves/{fund}/draws",
    operation_id="drawReserve",
    summary="Draw on a fund's reserve / 动用风险储备金",
    status_code=201,
    response_model=ByFund,
    responses=MAKES_OF_ONE,
)
def post_draw(fund: FundOf, body: NewDraw, write: Write) -> Response:
    """Draw; the reply is what is left."""
    by = act(write, body.day)
    return write.once(
        body, lambda c: _by_fund({fund: reserve.draw(c, fund, body.amount, body.reason, by)})
    )


# --- other regions --------------------------------------------------------------------------------


@router.get(
    "/regions/{region}",
    operation_id="getRegionStanding",
    summary="What stands between the agency and a region, by fund / 异地清算余额",
    response_model=Standing,
    responses=READS_ONE,
)
def get_region(region: RegionId, one: One) -> Response:
    """Return what was paid ahead and what is due."""
    return one.one(lambda c: _standing(c, "region", region))


@router.post(
    "/regions/{region}/advances",
    operation_id="payRegionAhead",
    summary="Pay another region ahead of bills / 预付异地清算资金",
    status_code=201,
    response_model=ByFund,
    responses=MAKES_OF_ONE,
)
def post_region_advance(region: RegionId, body: NewRegionAdvance, write: Write) -> Response:
    """Pay ahead; the reply is all that the region holds."""

    def work(connection: Connection) -> ByFund:
        require_other(_home(write), region)
        regions.pay_ahead(connection, region, body.fund, body.amount, act(write, body.day))
        return _by_fund(balances(connection, "region_receivable", region))

    return write.once(body, work)


@router.post(
    "/regions/{region}/months",
    operation_id="clearRegion",
    summary="Book and pay another region's month, once for each fund / 异地月度清算",
    status_code=201,
    response_model=ClearedByFund,
    responses=MAKES_OF_ONE,
)
def post_region_month(region: RegionId, body: NewRegionMonth, write: Write) -> Response:
    """Clear a month; what was paid ahead is taken off first."""

    def work(connection: Connection) -> ClearedByFund:
        require_other(_home(write), region)
        found = regions.clear(
            *(connection, region, body.month, body.funds, act(write, body.day)),
            reserve_first=body.reserve_first,
        )
        funds = {fund: Cleared.model_construct(**one._asdict()) for fund, one in found.items()}
        return ClearedByFund.model_construct(funds=funds)

    return write.once(body, work)


@router.post(
    "/regions/{region}/returns",
    operation_id="returnFromRegion",
    summary="Book what a region returns of money paid ahead / 收回预付金",
    status_code=201,
    response_model=ByFund,
    responses=MAKES_OF_ONE,
)
def post_return(region: RegionId, body: NewReturn, write: Write) -> Response:
    """Book the return of all that it holds."""
    return write.once(body, lambda c: _by_fund(regions.take_back(c, region, act(write, body.day))))

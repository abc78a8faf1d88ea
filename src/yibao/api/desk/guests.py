"""Who is insured elsewhere and treated here: what their region settled, paid here and claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from yibao.agency.desk.model import DeskError
from yibao.agency.filing.elsewhere import (
    Guest,
    Kept,
    Wanted,
    guest_of,
    guests,
    record_guest,
    take_guest_back,
)
from yibao.agency.filing.places import require_other
from yibao.api.calls import MAKES, READS_ONE, All, One, Write
from yibao.api.fields import YUAN, Addressed, Amount, Day, Name, Strict, Told, Yuan, example
from yibao.api.headers import IfMatch, require_match
from yibao.api.paging import Cursor, Limit, cursor_after, cut, number_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.api.service import Service
from yibao.clock import today
from yibao.ledger.funds import funds
from yibao.store.database import Connection

router = Router(prefix="/desk/guests", tags=["desk"])

_CODE = StringConstraints(pattern=r"^[1-9][0-9]{5}$")
Region = Annotated[str, _CODE, Path(description="division of the city that insures / 参保地")]
Reference = Annotated[Name, Path(description="the other region's number / 对方结算编号")]


def _known_funds(given: Any) -> Any:
    if isinstance(given, dict):
        for name in given:
            if name not in funds():
                raise PydanticCustomError("known_fund", f"expected some of {', '.join(funds())}")
    return given


FundAmounts = Annotated[
    dict[str, Amount],
    BeforeValidator(_known_funds),
    WithJsonSchema(
        {
            "type": "object",
            "description": "yuan that each fund of the ledger pays; not all are 0.00 / 各基金支付",
            "properties": {name: {"type": "string", "pattern": YUAN} for name in funds()},
            "additionalProperties": False,
            "examples": [{"resident.pool_pay": "7125.00"}],
        }
    ),
]


class GuestBrought(Strict):
    """A settlement of another region for its person, treated by an institution of ours."""

    model_config = example(
        region="130100",
        reference="S-2023-000017",
        institution_id="H12010100001",
        claim_no="A-2023-000018",
        on_day="2023-03-08",
        funds={"resident.pool_pay": "7125.00"},
    )

    region: Annotated[str, _CODE] = Field(description="division of the city that insures / 参保地")
    reference: Addressed = Field(description="the other region's number, used once / 对方结算编号")
    institution_id: Name
    claim_no: Name = Field(description="the institution's own number, used once / 单据号")
    on_day: Day = Field(description="day of the books, not one to come / 记账日")
    funds: FundAmounts


class GuestRecorded(Told):
    """Whether it was new: what is told again changes nothing."""

    region: str
    reference: str
    new: bool


class GuestTold(Told):
    """A settlement of another region as recorded."""

    region: str
    reference: str
    institution_id: str
    claim_no: str
    on_day: Day
    funds: Mapping[str, Yuan]
    total: Yuan = Field(description="owed to the institution and by the region / 合计")
    taken_back_on: Day | None = Field(description="null: it stands / 空：未冲正")


class GuestPage(Told):
    """Settlements as they were recorded; `next` is the cursor of the next page, null at the end."""

    guests: Sequence[GuestTold]
    next: str | None


def _told(kept: Kept) -> GuestTold:
    guest = kept.guest
    names = ("region", "reference", "institution_id", "claim_no", "on_day", "funds")
    return GuestTold.model_construct(
        **{name: getattr(guest, name) for name in names},
        total=sum(guest.funds.values()),
        taken_back_on=kept.taken_back_on,
    )


def _check(service: Service, brought: GuestBrought) -> None:
    require_other(service.office.policy.region.division, brought.region)
    if brought.on_day > today():
        raise DeskError("days", "on_day", brought.on_day.isoformat(), f"a day up to {today()}")


@router.post(
    "",
    operation_id="recordGuest",
    summary="Pay an institution of ours for another region / 记录异地人员本地就医结算",
    status_code=201,
    response_model=GuestRecorded,
    responses=MAKES,
)
def post_guest(brought: GuestBrought, write: Write) -> Response:
    """Owe to the institution what the other region's funds pay, and claim it from that region."""
    _check(write.service, brought)
    guest = Guest(
        brought.region,
        brought.reference,
        brought.institution_id,
        brought.claim_no,
        brought.on_day,
        brought.funds,
    )

    def work(connection: Connection) -> GuestRecorded:
        new = record_guest(connection, guest, actor=write.actor)
        return GuestRecorded(region=guest.region, reference=guest.reference, new=new)

    return write.once(brought, work)


@router.post(
    "/{region}/{reference}/reversal",
    operation_id="takeGuestBack",
    summary="Take back what another region has taken back, once / 异地结算冲正",
    status_code=201,
    response_model=GuestTold,
    responses=documented(404, 409, 412),
)
def post_guest_reversal(
    region: Region, reference: Reference, write: Write, if_match: IfMatch = None
) -> Response:
    """Owe and claim no more what was recorded; the day of the books is today."""

    def work(connection: Connection) -> GuestTold:
        seen = _told(guest_of(connection, region, reference))
        require_match(if_match, seen.model_dump_json())
        take_guest_back(connection, region, reference, today(), actor=write.actor)
        return _told(guest_of(connection, region, reference))

    return write.once(None, work)


@router.get(
    "/{region}/{reference}",
    operation_id="getGuest",
    summary="A settlement of another region as recorded / 查询异地人员结算",
    response_model=GuestTold,
    responses=READS_ONE,
)
def get_guest(region: Region, reference: Reference, one: One) -> Response:
    """Return it with its entity tag."""
    return one.one(lambda connection: _told(guest_of(connection, region, reference)))


@router.get(
    "",
    operation_id="listGuests",
    summary="Settlements of other regions, as they were recorded / 异地人员结算列表",
    response_model=GuestPage,
    responses=documented(),
)
def list_guests(
    every: All,
    *,
    region: Annotated[str | None, _CODE, Query()] = None,
    institution_id: Annotated[Name | None, Query()] = None,
    first: Annotated[Day | None, Query(description="day of the books, from / 记账日起")] = None,
    last: Annotated[Day | None, Query(description="day of the books, to / 记账日止")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of settlements, those that were taken back too."""
    wanted = Wanted(region, institution_id, first, last, number_of(cursor))

    def work(connection: Connection) -> GuestPage:
        found = guests(connection, wanted, limit + 1)
        page, following = cut(found, limit, lambda row: cursor_after(row.entry_id))
        return GuestPage.model_construct(guests=[_told(row) for row in page], next=following)

    return every.all(work)

"""Bills over HTTP: make them, look them up, take them back, charge lateness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response

from yibao.agency.contributions import find
from yibao.agency.contributions.bills import Wanted, bill
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.receipts import Open
from yibao.agency.contributions.surcharges import charge
from yibao.agency.corrections import bills as corrections
from yibao.agency.corrections.bills import Correction
from yibao.agency.imports import told
from yibao.api import contributions_models as models
from yibao.api.fields import MAX_INTEGER, Day
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
from yibao.api.paging import Cursor, Limit, cursor_after, number_of
from yibao.api.problems import documented
from yibao.api.service import Service, service_of
from yibao.errors import ClaimError, PolicyError
from yibao.money import format_rate
from yibao.settlement.coverage import month_of
from yibao.store.database import Connection

Done = TypeVar("Done")

router = APIRouter(prefix="/contributions", tags=["contributions"])

BillId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="bill_id / 核定号")]
PayerAsked = Annotated[
    str, Query(max_length=80, pattern=r"^([\p{L}\p{N}][^\p{C}\p{Z}]*)?$", description="缴费人")
]
PersonAsked = Annotated[
    str, Query(max_length=64, pattern=r"^([\p{L}\p{N}][^\p{C}\p{Z}]*)?$", description="人员编号")
]


@router.post(
    "/bills",
    operation_id="makeBills",
    summary="Bill months of a person, a payer's persons or a scheme / 核定应缴",
    status_code=201,
    response_model=models.Billed,
    responses=documented(400, 409, 413),
)
def post_bills(
    body: models.NewBills, actor: Actor, key: IdempotencyKey, request: Request
) -> Response:
    """Bill a person, or at most 200 persons at once: who is refused is told, the others land."""
    service = service_of(request)

    def work(connection: Connection) -> tuple[int, str]:
        found = _billed(connection, service, body, actor)
        return 201, found.model_dump_json()

    return once(service.database, key_of(actor, key, request, body), work)


def _billed(
    connection: Connection, service: Service, body: models.NewBills, actor: str
) -> models.Billed:
    months = month_of(body.first_month), month_of(body.last_month)

    def one(person: str) -> list[int]:
        wanted = Wanted(person, *months, body.billed_on, body.item, body.scheme)
        made = bill(connection, service.procedures, wanted, actor=actor)
        if made:
            cover(connection, service.procedures, person, actor=actor)
        return made

    if body.person_id:
        made = one(body.person_id)
        return models.Billed(bills=made, unchanged=not made, failures=[], next=None)
    after, payer = number_of(body.cursor), body.payer or ""
    persons = find.members_of(
        connection, body.scheme, months, payer=payer, after=after, limit=models.MAX_BATCH
    )
    numbers: list[int] = []
    failures, unchanged = [], 0
    for _, person in persons:
        done = each(connection, person, lambda person=person: one(person))  # type: ignore[misc]
        if isinstance(done, models.LeftOut):
            failures.append(done)
        else:
            numbers += done
            unchanged += not done
    full = len(persons) == models.MAX_BATCH
    following = cursor_after(persons[-1][0]) if full else None
    return models.Billed(bills=numbers, unchanged=unchanged, failures=failures, next=following)


def each(connection: Connection, what: str, work: Callable[[], Done]) -> Done | models.LeftOut:
    """Do one of many things: where it is refused it leaves nothing, and that is told."""
    try:
        with connection.transaction():
            return work()
    except (PolicyError, ClaimError) as error:
        _, rule, why = told(error)
        return models.LeftOut(what=what, rule=rule, detail=why.en, detail_zh=why.zh)


@router.get(
    "/bills/{bill_id}",
    operation_id="getBill",
    summary="A bill as it stands / 核定",
    response_model=models.ContributionBill,
    responses={200: {"headers": ETAG}, **NOT_MODIFIED, **documented(404)},
)
def get_bill(bill_id: BillId, request: Request, if_none_match: IfNoneMatch = None) -> Response:
    """Return a bill with its parts and what has come of them."""
    found = service_of(request).database.run(lambda c: find.bill(c, bill_id))
    return tagged(_bill(found).model_dump_json(), if_none_match)


@router.get(
    "/bills",
    operation_id="listBills",
    summary="Bills of a person or payer, page by page / 核定列表",
    response_model=models.ContributionBills,
    responses=documented(),
)
def get_bills(
    request: Request,
    person_id: PersonAsked = "",
    payer: PayerAsked = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return bills by number, those taken back too."""
    after = number_of(cursor)
    found = service_of(request).database.run(
        lambda c: find.bills(c, person_id=person_id, payer=payer, after=after, limit=limit)
    )
    following = cursor_after(found[-1].bill_id) if len(found) == limit else None
    told_ = models.ContributionBills(bills=[_bill(one) for one in found], next=following)
    return as_json(told_.model_dump_json())


def _bill(found: find.Bill) -> models.ContributionBill:
    parts = [
        models.BillPart(name=p.name, payer=p.payer, amount=p.fen, received=p.received)
        for p in found.parts
    ]
    names = [name for name in find.Bill.__dataclass_fields__ if name != "parts"]
    about = {name: getattr(found, name) for name in names}
    return models.ContributionBill.model_construct(**about, parts=parts)


# --- corrections ----------------------------------------------------------------------------------


@router.post(
    "/bills/{bill_id}/cancellation",
    operation_id="cancelBill",
    summary="Take a bill back; what came is held / 撤销核定",
    status_code=201,
    response_model=models.BillTakenBack,
    responses=documented(400, 404, 409, 413),
)
def post_cancellation(
    bill_id: BillId, body: models.TakingBack, actor: Actor, key: IdempotencyKey, request: Request
) -> Response:
    """Take a bill back with the cover and credits that followed, or waive a surcharge."""
    service = service_of(request)
    asked = Correction(bill_id, body.on_day, body.reason)

    def work(connection: Connection) -> tuple[int, str]:
        corrections.cancel(connection, service.procedures, asked, actor=actor)
        return _in_place_of(bill_id, [])

    return once(service.database, key_of(actor, key, request, body), work)


@router.post(
    "/bills/{bill_id}/renewal",
    operation_id="renewBill",
    summary="Make a bill anew by what is known now / 重新核定",
    status_code=201,
    response_model=models.BillTakenBack,
    responses=documented(400, 404, 409, 413),
)
def post_renewal(
    bill_id: BillId, body: models.TakingBack, actor: Actor, key: IdempotencyKey, request: Request
) -> Response:
    """Make a bill anew; what came for it pays, and what is too much is held."""
    service = service_of(request)
    asked = Correction(bill_id, body.on_day, body.reason)

    def work(connection: Connection) -> tuple[int, str]:
        made = corrections.again(connection, service.procedures, asked, actor=actor)
        return _in_place_of(bill_id, made)

    return once(service.database, key_of(actor, key, request, body), work)


@router.post(
    "/bills/{bill_id}/giving-up",
    operation_id="giveUpMonths",
    summary="Give back months after a death or a double enrolment / 退还月份",
    status_code=201,
    response_model=models.BillTakenBack,
    responses=documented(400, 404, 409, 413),
)
def post_giving_up(
    bill_id: BillId, body: models.GivenUp, actor: Actor, key: IdempotencyKey, request: Request
) -> Response:
    """Give back the months of a bill that begin after a reason that the register bears out."""
    service = service_of(request)
    asked = Correction(bill_id, body.on_day, body.reason)

    def work(connection: Connection) -> tuple[int, str]:
        made = corrections.give_up(
            connection, service.procedures, asked, body.because, body.since, actor=actor
        )
        return _in_place_of(bill_id, made)

    return once(service.database, key_of(actor, key, request, body), work)


def _in_place_of(bill_id: int, made: Sequence[int]) -> tuple[int, str]:
    return 201, models.BillTakenBack(bill_id=bill_id, bills=made).model_dump_json()


# --- what is owed ---------------------------------------------------------------------------------


@router.get(
    "/arrears",
    operation_id="listArrears",
    summary="What is owed for months that have begun / 欠费",
    response_model=models.Arrears,
    responses=documented(),
)
def get_arrears(
    request: Request,
    day: Annotated[Day, Query(description="owed by this day / 截至")],
    payer: PayerAsked = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return what is owed of as many bills as `limit` says, with all their open parts."""
    after = number_of(cursor)
    found = service_of(request).database.run(
        lambda c: find.owed(c, day, payer=payer, after=after, limit=limit)
    )
    bills = {part.bill_id for part in found}
    following = cursor_after(found[-1].bill_id) if len(bills) == limit else None
    told_ = models.Arrears(parts=[_owed(part) for part in found], next=following)
    return as_json(told_.model_dump_json())


def _owed(part: Open) -> models.Owed:
    names = ("bill_id", "person_id", "name", "payer", "item", "first", "last", "received")
    about = {name: getattr(part, name) for name in names}
    return models.Owed.model_construct(**about, amount=part.fen, owed=part.left)


@router.post(
    "/surcharges",
    operation_id="chargeLateness",
    summary="Charge employers for what came late / 加收滞纳金",
    status_code=201,
    response_model=models.Surcharges,
    responses=documented(400, 409, 413),
)
def post_surcharges(
    body: models.Surcharging, actor: Actor, key: IdempotencyKey, request: Request
) -> Response:
    """Charge each receipt that came late by a day, once, at the rate in force."""
    service = service_of(request)
    policy = service.procedures.policy

    def work(connection: Connection) -> tuple[int, str]:
        made = charge(connection, policy, body.until, payer=body.payer or "", actor=actor)
        listed = [
            models.Surcharge.model_construct(
                **{n: getattr(s, n) for n in ("bill_id", "payer", "reference", "received_on")},
                amount=s.fen,
                rate=format_rate(s.rate),
                cite=s.cite,
            )
            for s in made
        ]
        return 201, models.Surcharges(surcharges=listed).model_dump_json()

    return once(service.database, key_of(actor, key, request, body), work)

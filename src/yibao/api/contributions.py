"""Bills over HTTP: make them, look them up, take them back, charge lateness."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

from fastapi import Query, Response

from yibao.agency.contributions import find
from yibao.agency.contributions.bills import Wanted, bill
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.receipts import Open
from yibao.agency.contributions.surcharges import charge
from yibao.agency.corrections import bills as corrections
from yibao.agency.corrections.bills import Correction
from yibao.agency.imports import told
from yibao.api import contributions_models as models
from yibao.api.calls import MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.fields import Day, NameOrNone, number_in_path
from yibao.api.paging import Cursor, Limit, cursor_after, cut, number_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.errors import ClaimError, PolicyError
from yibao.money import format_rate
from yibao.settlement.coverage import month_of
from yibao.store.database import Connection

Done = TypeVar("Done")

router = Router(prefix="/contributions", tags=["contributions"])

BillId = Annotated[int, number_in_path("bill_id / 核定号")]
PayerAsked = Annotated[
    str, Query(max_length=80, pattern=r"^([\p{L}\p{N}][^\p{C}\p{Z}]*)?$", description="缴费人")
]
PersonAsked = Annotated[NameOrNone, Query(description="人员编号")]


@router.post(
    "/bills",
    operation_id="makeBills",
    summary="Bill months of a person, a payer's persons or a scheme / 核定应缴",
    status_code=201,
    response_model=models.Billed,
    responses=MAKES,
)
def post_bills(body: models.NewBills, write: Write) -> Response:
    """Bill a person, or at most 200 persons at once: who is refused is told, the others land."""
    return write.once(body, lambda connection: _billed(connection, body, write))


def _billed(connection: Connection, body: models.NewBills, write: Write) -> models.Billed:
    months = month_of(body.first_month), month_of(body.last_month)
    office, actor = write.service.procedures, write.actor

    def one(person: str) -> list[int]:
        wanted = Wanted(person, *months, body.billed_on, body.item, body.scheme)
        made = bill(connection, office, wanted, actor=actor)
        if made:
            cover(connection, office, person, actor=actor)
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
        done = each(connection, person, partial(one, person))
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
    responses=READS_ONE,
)
def get_bill(bill_id: BillId, one: One) -> Response:
    """Return a bill with its parts and what has come of them."""
    return one.one(lambda connection: _bill(find.bill(connection, bill_id)))


@router.get(
    "/bills",
    operation_id="listBills",
    summary="Bills of a person or payer, page by page / 核定列表",
    response_model=models.ContributionBills,
    responses=documented(),
)
def get_bills(
    every: All,
    person_id: PersonAsked = "",
    payer: PayerAsked = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return bills by number, those taken back too."""
    after = number_of(cursor)

    def work(connection: Connection) -> models.ContributionBills:
        found = find.bills(
            connection, person_id=person_id, payer=payer, after=after, limit=limit + 1
        )
        page, following = cut(found, limit, lambda one: cursor_after(one.bill_id))
        return models.ContributionBills(bills=[_bill(one) for one in page], next=following)

    return every.all(work)


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
    responses=MAKES_OF_ONE,
)
def post_cancellation(bill_id: BillId, body: models.TakingBack, write: Write) -> Response:
    """Take a bill back with the cover and credits that followed, or waive a surcharge."""
    asked = Correction(bill_id, body.on_day, body.reason)

    def work(connection: Connection) -> models.BillTakenBack:
        corrections.cancel(connection, write.service.procedures, asked, actor=write.actor)
        return models.BillTakenBack(bill_id=bill_id, bills=[])

    return write.once(body, work)


@router.post(
    "/bills/{bill_id}/renewal",
    operation_id="renewBill",
    summary="Make a bill anew by what is known now / 重新核定",
    status_code=201,
    response_model=models.BillTakenBack,
    responses=MAKES_OF_ONE,
)
def post_renewal(bill_id: BillId, body: models.TakingBack, write: Write) -> Response:
    """Make a bill anew; what came for it pays, and what is too much is held."""
    asked = Correction(bill_id, body.on_day, body.reason)

    def work(connection: Connection) -> models.BillTakenBack:
        made = corrections.again(connection, write.service.procedures, asked, actor=write.actor)
        return models.BillTakenBack(bill_id=bill_id, bills=made)

    return write.once(body, work)


@router.post(
    "/bills/{bill_id}/giving-up",
    operation_id="giveUpMonths",
    summary="Give back months after a death or a double enrolment / 退还月份",
    status_code=201,
    response_model=models.BillTakenBack,
    responses=MAKES_OF_ONE,
)
def post_giving_up(bill_id: BillId, body: models.GivenUp, write: Write) -> Response:
    """Give back the months of a bill that begin after a reason that the register bears out."""
    asked = Correction(bill_id, body.on_day, body.reason)

    def work(connection: Connection) -> models.BillTakenBack:
        made = corrections.give_up(
            *(connection, write.service.procedures, asked, body.because, body.since),
            actor=write.actor,
        )
        return models.BillTakenBack(bill_id=bill_id, bills=made)

    return write.once(body, work)


# --- what is owed ---------------------------------------------------------------------------------


@router.get(
    "/arrears",
    operation_id="listArrears",
    summary="What is owed for months that have begun / 欠费",
    response_model=models.Arrears,
    responses=documented(),
)
def get_arrears(
    every: All,
    day: Annotated[Day, Query(description="owed by this day / 截至")],
    payer: PayerAsked = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return what is owed of as many bills as `limit` says, with all their open parts."""
    after = number_of(cursor)

    def work(connection: Connection) -> models.Arrears:
        found = find.owed(connection, day, payer=payer, after=after, limit=limit)
        bills = {part.bill_id for part in found}
        following = cursor_after(found[-1].bill_id) if len(bills) == limit else None
        return models.Arrears(parts=[_owed(part) for part in found], next=following)

    return every.all(work)


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
    responses=MAKES,
)
def post_surcharges(body: models.Surcharging, write: Write) -> Response:
    """Charge each receipt that came late by a day, once, at the rate in force."""
    policy = write.service.procedures.policy

    def work(connection: Connection) -> models.Surcharges:
        made = charge(connection, policy, body.until, payer=body.payer or "", actor=write.actor)
        listed = [
            models.Surcharge.model_construct(
                **{n: getattr(s, n) for n in ("bill_id", "payer", "reference", "received_on")},
                amount=s.fen,
                rate=format_rate(s.rate),
                cite=s.cite,
            )
            for s in made
        ]
        return models.Surcharges(surcharges=listed)

    return write.once(body, work)

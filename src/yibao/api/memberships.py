"""Membership over HTTP: enrol, end, pause, resume; moves between regions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field

from yibao.agency.accounts.moves import Slip, move_in, move_out, slips
from yibao.agency.accounts.uses import Closing
from yibao.agency.enrolment.memberships import Enrolment, end, enrol, resume
from yibao.agency.enrolment.profile import Membership
from yibao.agency.filing.places import require_other
from yibao.api.calls import MAKES_OF_ONE, READS_ONE, One, Write
from yibao.api.fields import (
    Amount,
    Day,
    Name,
    NameOrNone,
    PersonId,
    Said,
    Strict,
    Told,
    Yuan,
    code_of,
    example,
)
from yibao.api.persons import require
from yibao.api.routing import Router
from yibao.store.database import Connection

router = Router(prefix="/persons", tags=["persons"])

Division = Annotated[str, Field(pattern="^[0-9]{6}$", examples=["130100"])]


class Terms(Strict):
    """Membership of a scheme, from a day on, to a day or until further notice."""

    scheme: Annotated[str, code_of("scheme")]
    category: Annotated[str, code_of("category")]
    contribution_tier: Annotated[str, code_of("contribution_tier")] = "none"
    contributor: Annotated[str, code_of("contributor")] = "none"
    household_register: Annotated[str, code_of("household_register")] = "local"
    permit_until: Day | None = None
    county: Annotated[str, Field(max_length=64, pattern=r"^[0-9a-z_]+$")] = "none"
    pays_every: Annotated[Literal[1, 3, 12], Field(description="months / 月数")] = 1
    newborn: bool = False
    pension: Amount | None = None
    within_collection_period: bool = True
    first: Day
    last: Day | None = None


def membership_of(terms: Terms, household_id: str) -> Membership:
    """Return the membership that somebody asks for."""
    names = Membership.__dataclass_fields__.keys() - {"household_id"}
    said = {name: getattr(terms, name) for name in names}
    return Membership(household_id=household_id, **said)


class NewEnrolment(Terms):
    """Membership of a scheme, from a day on, to a day or until further notice."""

    model_config = example(
        scheme="resident",
        category="adult",
        contribution_tier="high",
        first="2026-01-01",
        last="2026-12-31",
    )

    household_id: NameOrNone = ""


class Enrolled(Told):
    """An enrolment that stands; `new` says whether by this request."""

    person_id: str
    first: Day
    last: Day | None
    new: bool


class NewEnd(Strict):
    """The last day of membership, employment and coverage."""

    model_config = example(last="2022-08-31", reason="moved away")

    last: Day
    reason: Said
    died: bool = Field(False, description="the person died on that day / 死亡")


class NewPause(Strict):
    """Membership, employment and coverage end after `last` and go on from `resumes`."""

    model_config = example(last="2022-08-31", resumes="2023-01-01", reason="abroad")

    last: Day
    resumes: Day
    reason: Said


class NewResumption(Strict):
    """Membership goes on from a day as it was when it ended."""

    model_config = example(first="2023-01-01")

    first: Day


class Changed(Told):
    """Whether anything changed by this request."""

    person_id: str
    changed: bool


@router.post(
    "/{person_id}/enrolments",
    operation_id="enrol",
    summary="Enrol a person in a scheme / 参保登记",
    status_code=201,
    response_model=Enrolled,
    responses=MAKES_OF_ONE,
)
def post_enrolment(person_id: PersonId, body: NewEnrolment, write: Write) -> Response:
    """Enrol a person, where the rules of contribution allow it."""
    asked = Enrolment(person_id, membership_of(body, body.household_id), body.first, body.last)

    def work(connection: Connection) -> Enrolled:
        require(connection, person_id)
        new = enrol(connection, asked, actor=write.actor, office=write.service.procedures)
        return Enrolled.model_construct(
            person_id=person_id, first=body.first, last=body.last, new=new
        )

    return write.once(body, work)


@router.post(
    "/{person_id}/ends",
    operation_id="endMembership",
    summary="End membership, employment and coverage after a day / 停保、注销",
    status_code=201,
    response_model=Changed,
    responses=MAKES_OF_ONE,
)
def post_end(person_id: PersonId, body: NewEnd, write: Write) -> Response:
    """End what goes on; the personal account stays."""

    def work(connection: Connection) -> Changed:
        require(connection, person_id)
        asked = (person_id, body.last)
        done = end(connection, *asked, actor=write.actor, reason=body.reason, died=body.died)
        return Changed(person_id=person_id, changed=done)

    return write.once(body, work)


@router.post(
    "/{person_id}/pauses",
    operation_id="pauseMembership",
    summary="Pause membership, employment and coverage / 暂停",
    status_code=201,
    response_model=Changed,
    responses=MAKES_OF_ONE,
)
def post_pause(person_id: PersonId, body: NewPause, write: Write) -> Response:
    """Pause; what holds from the day on which it resumes stays."""

    def work(connection: Connection) -> Changed:
        require(connection, person_id)
        done = end(
            *(connection, person_id, body.last),
            actor=write.actor,
            reason=body.reason,
            resumes=body.resumes,
        )
        return Changed(person_id=person_id, changed=done)

    return write.once(body, work)


@router.post(
    "/{person_id}/resumptions",
    operation_id="resumeMembership",
    summary="Go on from a day as it was when it ended / 恢复参保",
    status_code=201,
    response_model=Changed,
    responses=MAKES_OF_ONE,
)
def post_resumption(person_id: PersonId, body: NewResumption, write: Write) -> Response:
    """Enrol again as before, where the rules of contribution allow it."""

    def work(connection: Connection) -> Changed:
        require(connection, person_id)
        office = write.service.procedures
        done = resume(connection, person_id, body.first, actor=write.actor, office=office)
        return Changed(person_id=person_id, changed=done)

    return write.once(body, work)


# --- moves between regions ------------------------------------------------------------------------


class NewMoveOut(Strict):
    """A move to another region; `reference` is the slip's number."""

    model_config = example(region="130100", reference="S1", last="2022-08-31")

    region: Division
    reference: Name
    last: Day = Field(description="last day here / 在本地的最后一日")
    closing: Closing = "moved"


class NewMoveIn(Strict):
    """What came along from another region."""

    model_config = example(
        region="130100", reference="S1", on_day="2022-09-05", months=96, balance="1234.50"
    )

    region: Division
    reference: Name
    on_day: Day = Field(description="day of the books / 记账日")
    months: Annotated[int, Field(ge=0, le=1200, description="of contribution / 缴费月数")]
    balance: Amount


class Moved(Told):
    """A slip: what goes along with a person."""

    person_id: str
    direction: Literal["in", "out"]
    region: str
    reference: str
    on_day: Day
    months: int
    balance: Yuan


class Moves(Told):
    """Every slip of a person, in the order in which they were written."""

    person_id: str
    moves: Sequence[Moved]


def _moved(direction: str, slip: Slip) -> Moved:
    said = {name: getattr(slip, name) for name in Slip.__dataclass_fields__}
    return Moved.model_construct(direction=direction, **said)


@router.post(
    "/{person_id}/moves-out",
    operation_id="moveOut",
    summary="Let a person move to another region; the same slip again is the same / 转出",
    status_code=201,
    response_model=Moved,
    responses=MAKES_OF_ONE,
)
def post_move_out(person_id: PersonId, body: NewMoveOut, write: Write) -> Response:
    """End what is here; the months of contribution and the account go along."""

    def work(connection: Connection) -> Moved:
        require(connection, person_id)
        slip = move_out(
            *(connection, write.service.procedures, person_id),
            region=body.region,
            reference=body.reference,
            last=body.last,
            reason=body.closing,
            actor=write.actor,
        )
        return _moved("out", slip)

    return write.once(body, work)


@router.post(
    "/{person_id}/moves-in",
    operation_id="moveIn",
    summary="Take in the months and the account of who moved here / 转入",
    status_code=201,
    response_model=Moved,
    responses=MAKES_OF_ONE,
)
def post_move_in(person_id: PersonId, body: NewMoveIn, write: Write) -> Response:
    """Take a slip in, once; enrolling is a step of its own."""
    slip = Slip(person_id, body.region, body.reference, body.on_day, body.months, body.balance)

    def work(connection: Connection) -> Moved:
        require(connection, person_id)
        require_other(write.service.office.policy.region.division, slip.region)
        move_in(connection, slip, actor=write.actor)
        return _moved("in", slip)

    return write.once(body, work)


@router.get(
    "/{person_id}/moves",
    operation_id="listMoves",
    summary="The slips of a person / 转移接续记录",
    response_model=Moves,
    responses=READS_ONE,
)
def get_moves(person_id: PersonId, one: One) -> Response:
    """Return what moved in and out with a person."""

    def work(connection: Connection) -> Moves:
        require(connection, person_id)
        found = [_moved(*slip) for slip in slips(connection, person_id)]
        return Moves.model_construct(person_id=person_id, moves=found)

    return one.one(work)

"""Employers and households over HTTP: several persons enrolled at once, all or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, TypeVar

from fastapi import Path, Query, Response
from pydantic import Field

from yibao.agency.desk.model import DeskError
from yibao.agency.enrolment import employers
from yibao.agency.enrolment.memberships import Enrolment, enrol, hire
from yibao.agency.enrolment.persons import employer
from yibao.agency.enrolment.refusal import Refusal
from yibao.api.calls import MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.fields import (
    Addressed,
    Amount,
    Day,
    Name,
    Said,
    Strict,
    Told,
    Yuan,
    code_of,
    example,
)
from yibao.api.memberships import Changed, Enrolled, Terms, membership_of
from yibao.api.paging import Cursor, Limit, cursor_after, cut, number_of
from yibao.api.persons import Division
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.clock import today
from yibao.store.database import Connection
from yibao.store.sight import beyond

router = Router(prefix="/employers", tags=["employers"])
households = Router(prefix="/households", tags=["persons"])

MOST_AT_ONCE = 200
"""Most persons of one request: nobody waits long for one who is locked by it."""

EmployerId = Annotated[Name, Path(description="employer_id / 单位编号")]
HouseholdId = Annotated[Name, Path(description="household_id / 家庭编号")]


class NewEmployer(Strict):
    """An employer to be registered or changed."""

    model_config = example(
        employer_id="E-1", name="first works", kind="enterprise", division="120101"
    )

    employer_id: Addressed
    name: Said
    kind: Annotated[str, code_of("employer_kind")]
    division: Division = ""


class EmployerTold(Told):
    """An employer as registered."""

    employer_id: str
    name: str
    kind: str
    division: str


class Hired(Strict):
    """Who works from when at which wage a month."""

    person_id: Name
    wage: Amount
    first: Day
    last: Day | None = None


class NewStaff(Strict):
    """Staff of an employer. Whoever is not among the employees yet is enrolled."""

    model_config = example(staff=[{"person_id": "P-17", "wage": "8000.00", "first": "2026-01-01"}])

    staff: Annotated[list[Hired], Field(min_length=1, max_length=MOST_AT_ONCE)]


class AllChanged(Told):
    """For each person whether anything changed by this request."""

    persons: Sequence[Changed]


class Working(Told):
    """Who works from when to when at which wage a month."""

    person_id: str
    first: Day
    last: Day | None
    wage: Yuan


class Staff(Told):
    """Staff of a day; `next` is the cursor of the page after, null at the end."""

    staff: Sequence[Working]
    next: str | None


class Member(Terms):
    """A member of a household, and as whom."""

    person_id: Name


class NewHousehold(Strict):
    """Members of a household who enrol together."""

    model_config = example(
        members=[
            {
                "person_id": "P-17",
                "scheme": "resident",
                "category": "adult",
                "contribution_tier": "high",
                "first": "2026-01-01",
                "last": "2026-12-31",
            }
        ]
    )

    members: Annotated[list[Member], Field(min_length=1, max_length=MOST_AT_ONCE)]


class AllEnrolled(Told):
    """The enrolments that stand."""

    household_id: str
    members: Sequence[Enrolled]


Asked = TypeVar("Asked", Hired, Member)
Done = TypeVar("Done")


def _each(field: str, asked: Sequence[Asked], work: Callable[[Asked], Done]) -> Sequence[Done]:
    """Do something for each person, locked in one order whoever asks; return it as asked."""
    done: dict[int, Done] = {}
    for at, one in sorted(enumerate(asked), key=lambda pair: (pair[1].person_id, pair[0])):
        with _told_of(f"{field}.{at}"):
            done[at] = work(one)
    return [done[at] for at in range(len(asked))]


@contextmanager
def _told_of(place: str) -> Iterator[None]:
    """Say of a refusal whose it is."""
    try:
        yield
    except Refusal as error:
        column = f"{place}.{error.column}"
        raise Refusal(error.name, error.text.zh, error.text.en, column=column) from None


@router.post(
    "",
    operation_id="registerEmployer",
    summary="Register an employer or change it / 单位登记",
    status_code=201,
    response_model=EmployerTold,
    responses=MAKES,
)
def post_employer(body: NewEmployer, write: Write) -> Response:
    """Write an employer; what it was is in the audit."""
    said = (body.employer_id, body.name, body.kind, body.division)

    def work(connection: Connection) -> EmployerTold:
        employer(connection, *said, actor=write.actor)
        return _employer(connection, body.employer_id)

    return write.once(body, work)


def _employer(connection: Connection, employer_id: str) -> EmployerTold:
    found = employers.find(connection, employer_id)
    if found is None:
        expected = "an employer that is registered"
        raise DeskError("known_employer_id", "employer_id", employer_id, expected)
    return EmployerTold(
        employer_id=found.employer_id,
        name=found.name,
        kind=found.kind,
        division=found.division,
    )


@router.get(
    "/{employer_id}",
    operation_id="getEmployer",
    summary="An employer as registered / 查询单位",
    response_model=EmployerTold,
    responses=READS_ONE,
)
def get_employer(employer_id: EmployerId, one: One) -> Response:
    """Return an employer with its entity tag."""
    return one.one(lambda c: _employer(c, employer_id))


@router.post(
    "/{employer_id}/staff",
    operation_id="hireStaff",
    summary="Write who works where from when at which wage; all or none / 单位增员、申报工资",
    status_code=201,
    response_model=AllChanged,
    responses=MAKES_OF_ONE,
)
def post_staff(employer_id: EmployerId, body: NewStaff, write: Write) -> Response:
    """Write employments; with `last` they end, membership goes on."""

    def work(connection: Connection) -> AllChanged:
        _employer(connection, employer_id)

        def one(hired: Hired) -> Changed:
            made = hire(
                *(connection, hired.person_id, employer_id, hired.first),
                wage=hired.wage,
                last=hired.last,
                actor=write.actor,
                office=write.service.procedures,
            )
            return Changed(person_id=hired.person_id, changed=made)

        with beyond(connection, "who is hired leaves the employer where they were"):
            return AllChanged(persons=_each("staff", body.staff, one))

    return write.once(body, work)


@router.get(
    "/{employer_id}/staff",
    operation_id="listStaff",
    summary="Who works for an employer on a day / 单位职工列表",
    response_model=Staff,
    responses=documented(404),
)
def list_staff(
    employer_id: EmployerId,
    every: All,
    *,
    day: Annotated[Day | None, Query(description="else today / 日期")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of staff."""

    def work(connection: Connection) -> Staff:
        _employer(connection, employer_id)
        found = employers.staff(
            connection, employer_id, day or today(), number_of(cursor), limit + 1
        )
        rows, after = cut(found, limit, lambda row: cursor_after(row.person_no))
        told = [
            Working.model_construct(
                person_id=row.person_id, first=row.first, last=row.last, wage=row.wage
            )
            for row in rows
        ]
        return Staff.model_construct(staff=told, next=after)

    return every.all(work)


@households.post(
    "/{household_id}/enrolments",
    operation_id="enrolHousehold",
    summary="Enrol members of a household; all or none / 家庭参保登记",
    status_code=201,
    response_model=AllEnrolled,
    responses=MAKES_OF_ONE,
)
def post_household(household_id: HouseholdId, body: NewHousehold, write: Write) -> Response:
    """Enrol each, where the rules of contribution allow it."""

    def work(connection: Connection) -> AllEnrolled:
        def one(member: Member) -> Enrolled:
            terms = membership_of(member, household_id)
            asked = Enrolment(member.person_id, terms, member.first, member.last)
            new = enrol(connection, asked, actor=write.actor, office=write.service.procedures)
            return Enrolled.model_construct(
                person_id=member.person_id, first=member.first, last=member.last, new=new
            )

        return AllEnrolled.model_construct(
            household_id=household_id, members=_each("members", body.members, one)
        )

    return write.once(body, work)

"""Persons over HTTP: register, enrol, and when they are covered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path, Request, Response
from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from yibao.agency.desk.model import DeskError
from yibao.agency.enrolment.memberships import Enrolment, enrol
from yibao.agency.enrolment.persons import Person, find, register
from yibao.agency.enrolment.profile import Membership
from yibao.agency.enrolment.statuses import statuses
from yibao.api.fields import Amount, Day, Name, NameOrNone, Strict, Told, code_of
from yibao.api.headers import (
    ETAG,
    NOT_MODIFIED,
    Actor,
    IdempotencyKey,
    IfNoneMatch,
    key_of,
    tagged,
)
from yibao.api.once import once
from yibao.api.problems import documented
from yibao.api.service import service_of
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.model import Status
from yibao.store.database import Connection

router = APIRouter(prefix="/persons", tags=["persons"])

PersonId = Annotated[Name, Path(description="person_id / 人员编号")]


class NewPerson(Strict):
    """A person to be registered. A resident's number must agree with birth date and sex."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "person_id": "P-17",
                    "birth_date": "1990-03-07",
                    "name": "王芳",
                    "identity_type": "resident_id",
                    "identity_number": "110105199003070025",
                }
            ]
        }
    )

    person_id: Name
    birth_date: Day
    name: Annotated[str, Field(max_length=64, pattern=r"^[^\p{C}]*$")] = ""
    identity_type: Annotated[
        str, Field(pattern="^(resident_id|passport|permit_hk_mo|permit_tw|other|none)$")
    ] = "none"
    identity_number: Name | None = None
    sex: Annotated[str, Field(pattern="^(male|female)?$")] = ""
    division: Annotated[str, Field(pattern="^([0-9]{6})?$")] = ""
    phone: Annotated[str, Field(max_length=32, pattern=r"^[0-9+ ()-]*$")] = ""

    @model_validator(mode="after")
    def _number_of_a_type(self) -> Self:
        if (self.identity_type == "none") != (self.identity_number is None):
            raise PydanticCustomError(
                "identity_number", "identity_number: expected one unless identity_type is none"
            )
        return self


class Registered(Told):
    """A person who is registered; `new` says whether by this request."""

    person_id: str
    new: bool


class NewEnrolment(Strict):
    """Membership of a scheme, from a day on, to a day or until further notice."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "scheme": "resident",
                    "category": "adult",
                    "contribution_tier": "high",
                    "first": "2026-01-01",
                    "last": "2026-12-31",
                }
            ]
        }
    )

    scheme: Annotated[str, code_of("scheme")]
    category: Annotated[str, code_of("category")]
    contribution_tier: Annotated[str, code_of("contribution_tier")] = "none"
    contributor: Annotated[str, code_of("contributor")] = "none"
    household_id: NameOrNone = ""
    household_register: Annotated[str, code_of("household_register")] = "local"
    permit_until: Day | None = None
    county: Annotated[str, Field(max_length=64, pattern=r"^[0-9a-z_]+$")] = "none"
    pays_every: Annotated[Literal[1, 3, 12], Field(description="months / 月数")] = 1
    newborn: bool = False
    pension: Amount | None = None
    within_collection_period: bool = True
    first: Day
    last: Day | None = None


class Enrolled(Told):
    """An enrolment that stands; `new` says whether by this request."""

    person_id: str
    first: Day
    last: Day | None
    new: bool


class Covered(Told):
    """What holds of a person through a period in which there are benefits."""

    first: Day
    last: Day | None
    facts: Mapping[str, str | bool | Sequence[str]]
    chosen_institution: str
    contracted_institution: str


class Coverage(Told):
    """The periods in which a person has benefits, in order."""

    person_id: str
    periods: Sequence[Covered]


@router.post(
    "",
    operation_id="registerPerson",
    summary="Register a person / 登记人员",
    status_code=201,
    response_model=Registered,
    responses=documented(400, 409, 413),
)
def post_person(body: NewPerson, actor: Actor, key: IdempotencyKey, request: Request) -> Response:
    """Register a person; one who is registered just so stays so."""

    def work(connection: Connection) -> tuple[int, str]:
        new = register(connection, Person(**dict(body)), actor=actor)
        return 201, Registered(person_id=body.person_id, new=new).model_dump_json()

    return once(service_of(request).database, key_of(actor, key, request, body), work)


@router.post(
    "/{person_id}/enrolments",
    operation_id="enrol",
    summary="Enrol a person in a scheme / 参保登记",
    status_code=201,
    response_model=Enrolled,
    responses=documented(400, 404, 409, 413),
)
def post_enrolment(
    person_id: PersonId, body: NewEnrolment, actor: Actor, key: IdempotencyKey, request: Request
) -> Response:
    """Enrol a person, where the rules of contribution allow it."""
    service = service_of(request)
    names = Membership.__dataclass_fields__
    membership = Membership(**{name: getattr(body, name) for name in names})

    def work(connection: Connection) -> tuple[int, str]:
        _require(connection, person_id)
        asked = Enrolment(person_id, membership, body.first, body.last)
        new = enrol(connection, asked, actor=actor, office=service.procedures)
        told = Enrolled.model_construct(
            person_id=person_id, first=body.first, last=body.last, new=new
        )
        return 201, told.model_dump_json()

    return once(service.database, key_of(actor, key, request, body), work)


@router.get(
    "/{person_id}/coverage",
    operation_id="getCoverage",
    summary="When a person has benefits, and as whom / 待遇享受期",
    response_model=Coverage,
    responses={200: {"headers": ETAG}, **NOT_MODIFIED, **documented(404)},
)
def get_coverage(
    person_id: PersonId, request: Request, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the periods of a person's coverage, with an entity tag."""

    def work(connection: Connection) -> list[Status]:
        _require(connection, person_id)
        return statuses(connection, person_id)

    found = service_of(request).database.run(work)
    told = Coverage.model_construct(person_id=person_id, periods=[_covered(s) for s in found])
    return tagged(told.model_dump_json(), if_none_match)


def _require(connection: Connection, person_id: str) -> None:
    if find(connection, person_id) is None:
        raise DeskError("known_person_id", "person_id", person_id, "a person who is registered")


def _covered(status: Status) -> Covered:
    names = [a.name for a in vocabulary().of("person") if a.kind != "number"]
    facts = zip(names, status.facts, strict=True)
    return Covered.model_construct(
        first=status.first,
        last=status.last,
        facts={n: sorted(v) if isinstance(v, frozenset) else v for n, v in facts},
        chosen_institution=status.chosen_institution,
        contracted_institution=status.contracted_institution,
    )

"""Registered diseases of a person over HTTP: read, treated where, looked at again, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from yibao.agency.qualification import diseases, sites
from yibao.agency.qualification.diseases import Finding
from yibao.agency.qualification.sites import Site
from yibao.api.calls import MAKES_OF_ONE, READS_ONE, One, Write
from yibao.api.fields import Day, Name, NameOrNone, PersonId, Remark, Said, Strict, Told, example
from yibao.api.routing import Router
from yibao.store.database import Connection

router = Router(prefix="/qualification/persons/{person_id}", tags=["qualification"])

Disease = Annotated[Name, Path(description="of the register of diseases / 病种代码")]
_REVIEW: dict[str, Any] = {"institution_id": "H12010100002", "on": "2024-03-01", "confirmed": True}
_REVOCATION: dict[str, Any] = {"first": "2024-06-01", "reason": "forged papers"}


class SiteGiven(Strict):
    """An institution, and where cover is by name the practitioner."""

    institution_id: Name
    practitioner_id: NameOrNone = ""


class NewSites(Strict):
    """Where a disease is treated, and nowhere else, from a day on."""

    model_config = example(
        sites=[{"institution_id": "H12010100003"}],
        first="2023-04-01",
    )

    sites: Annotated[list[SiteGiven], Field(min_length=1, max_length=20)]
    first: Day
    last: Day | None = None


class Reexamination(Strict):
    """What a centre found on looking again; not confirmed: it ends the day before."""

    model_config = example(**_REVIEW)

    institution_id: Name = Field(description="the centre / 复查中心")
    on: Day
    confirmed: bool
    reason: Remark = ""


class Revocation(Strict):
    """From which day on it is registered no longer, and why."""

    model_config = example(**_REVOCATION)

    first: Day
    reason: Said


class Registration(Told):
    """A disease and the days for which it is registered, both included."""

    disease: str
    first: Day
    last: Day | None


class SitePeriod(Told):
    """A site of a disease and the days on which it is one."""

    disease: str
    institution_id: str
    practitioner_id: str
    first: Day
    last: Day | None


class Registrations(Told):
    """What is registered of a person, and where it is treated, in order of time."""

    person_id: str
    registrations: Sequence[Registration]
    sites: Sequence[SitePeriod]


@router.get(
    "",
    operation_id="getRegistrations",
    summary="Registered diseases of a person, and their sites / 查询登记病种与定点",
    response_model=Registrations,
    responses=READS_ONE,
)
def get_registrations(person_id: PersonId, read: One) -> Response:
    """Return what is registered of a person, with an entity tag."""
    return read.one(lambda connection: _told(connection, person_id))


@router.post(
    "/{disease}/sites",
    operation_id="chooseSites",
    summary="Choose where a registered disease is treated / 选定治疗机构",
    status_code=201,
    response_model=Registrations,
    responses=MAKES_OF_ONE,
)
def post_sites(person_id: PersonId, disease: Disease, body: NewSites, write: Write) -> Response:
    """Treat a disease at these sites and no others from a day on."""
    chosen = [Site(site.institution_id, site.practitioner_id) for site in body.sites]

    def work(connection: Connection) -> Registrations:
        sites.choose(
            *(connection, person_id, disease, chosen, body.first),
            last=body.last,
            actor=write.actor,
        )
        return _told(connection, person_id)

    return write.once(body, work)


@router.post(
    "/{disease}/re-examinations",
    operation_id="reExamine",
    summary="Look at a registration again / 复查",
    status_code=201,
    response_model=Registrations,
    responses=MAKES_OF_ONE,
)
def post_review(
    person_id: PersonId, disease: Disease, body: Reexamination, write: Write
) -> Response:
    """Write down what a centre found; what it does not confirm ends."""
    found = Finding(body.institution_id, body.on, body.confirmed, reason=body.reason)

    def work(connection: Connection) -> Registrations:
        diseases.re_examine(connection, person_id, disease, found, actor=write.actor)
        return _told(connection, person_id)

    return write.once(body, work)


@router.post(
    "/{disease}/revocation",
    operation_id="revokeRegistration",
    summary="End a registration from a day on / 撤销登记",
    status_code=201,
    response_model=Registrations,
    responses=MAKES_OF_ONE,
)
def post_revocation(
    person_id: PersonId, disease: Disease, body: Revocation, write: Write
) -> Response:
    """Revoke what is registered; what was settled before stands."""

    def work(connection: Connection) -> Registrations:
        values = (connection, person_id, disease, body.first, body.reason)
        diseases.revoke(*values, actor=write.actor)
        return _told(connection, person_id)

    return write.once(body, work)


def _told(connection: Connection, person_id: str) -> Registrations:
    return Registrations.model_construct(
        person_id=person_id,
        registrations=[
            Registration.model_construct(
                disease=held.says["value"], first=held.first, last=held.last
            )
            for held in diseases.registrations(connection, person_id)
        ],
        sites=[
            SitePeriod.model_construct(**held.says, first=held.first, last=held.last)
            for held in sites.periods_of(connection, person_id)
        ],
    )

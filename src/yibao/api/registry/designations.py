"""The routes of designation: apply, assess, negotiate, sign; no step is skipped."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response

from yibao.api.calls import MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.fields import Day, Name
from yibao.api.paging import KeyCursor, Limit, cursor_at, cut, key_at
from yibao.api.problems import documented
from yibao.api.registry.agreements import agreement, event
from yibao.api.registry.models import (
    Agreement,
    Designation,
    DesignationListed,
    Designations,
    NewDesignation,
    NewRefusal,
    NewSignature,
    NewStep,
    Places,
    Quotas,
)
from yibao.api.routing import Router
from yibao.clock import today
from yibao.registry import designation
from yibao.registry.agreements import Terms
from yibao.store.database import Connection

router = Router(prefix="/designations", tags=["designation"])
places = Router(prefix="/quotas", tags=["designation"])

ApplicationId = Annotated[Name, Path(description="application_id / 申请编号")]
OnDay = Annotated[Day | None, Query(description="the day asked for; else today / 日期")]


def _told(found: designation.Application) -> Designation:
    said = {name: getattr(found, name) for name in Designation.model_fields}
    return Designation.model_construct(**said | {"events": [event(one) for one in found.events]})


@router.post(
    "",
    operation_id="applyForDesignation",
    summary="Take in an application for designation / 定点申请",
    status_code=201,
    response_model=Designation,
    responses=MAKES,
)
def post_designation(body: NewDesignation, write: Write) -> Response:
    """Take it in; perhaps it waits for a place."""
    asked = (body.application_id, body.institution_id, body.day)
    return write.once(body, lambda c: _told(designation.apply(c, *asked, actor=write.actor)))


@router.post(
    "/{application_id}/steps",
    operation_id="takeStep",
    summary="Record that an application has passed a step / 评估、协商",
    status_code=201,
    response_model=Designation,
    responses=MAKES_OF_ONE,
)
def post_step(application_id: ApplicationId, body: NewStep, write: Write) -> Response:
    """Take the next step; one that comes late is recorded as late."""
    asked = (application_id, body.step, body.day)
    return write.once(body, lambda c: _told(designation.step(c, *asked, actor=write.actor)))


@router.post(
    "/{application_id}/refusal",
    operation_id="refuseDesignation",
    summary="Refuse an application, with the reason / 不予定点",
    status_code=201,
    response_model=Designation,
    responses=MAKES_OF_ONE,
)
def post_refusal(application_id: ApplicationId, body: NewRefusal, write: Write) -> Response:
    """Refuse; the application is over."""

    def work(connection: Connection) -> Designation:
        asked = (application_id, body.day, body.reason)
        designation.refuse(connection, *asked, actor=write.actor)
        return _told(designation.application(connection, application_id, body.day))

    return write.once(body, work)


@router.post(
    "/{application_id}/agreement",
    operation_id="signAgreement",
    summary="Sign the agreement, the last step of designation / 签订协议",
    status_code=201,
    response_model=Agreement,
    responses=MAKES_OF_ONE,
)
def post_agreement(application_id: ApplicationId, body: NewSignature, write: Write) -> Response:
    """Sign; terms that are refused leave the step to be taken."""
    terms = Terms(body.agreement_id, "", body.first, body.last, body.visits, body.schemes)

    def work(connection: Connection) -> Agreement:
        designation.sign(connection, application_id, terms, body.day, actor=write.actor)
        return agreement(connection, body.agreement_id)

    return write.once(body, work)


@router.get(
    "/{application_id}",
    operation_id="getDesignation",
    summary="How an application stands on a day / 查询定点申请",
    response_model=Designation,
    responses=READS_ONE,
)
def get_designation(application_id: ApplicationId, one: One, day: OnDay = None) -> Response:
    """Return an application: the next step, its limit, the waiting list."""
    return one.one(lambda c: _told(designation.application(c, application_id, day or today())))


@router.get(
    "",
    operation_id="listDesignations",
    summary="Applications for designation, by number / 定点申请列表",
    response_model=Designations,
    responses=documented(),
)
def list_designations(
    every: All,
    *,
    institution_id: Annotated[Name | None, Query()] = None,
    cursor: KeyCursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of applications with the last step of each."""
    (after,) = key_at(cursor, 1) or ("",)

    def work(connection: Connection) -> Designations:
        found = designation.page(connection, limit + 1, after=after, institution=institution_id)
        rows, following = cut(found, limit, lambda row: cursor_at([row.application_id]))
        names = DesignationListed.model_fields
        told = [
            DesignationListed.model_construct(**{name: getattr(row, name) for name in names})
            for row in rows
        ]
        return Designations.model_construct(designations=told, next=following)

    return every.all(work)


@places.get(
    "",
    operation_id="listQuotas",
    summary="The places of each division: planned, used, available / 定点名额",
    response_model=Quotas,
    responses=documented(),
)
def list_quotas(every: All, day: OnDay = None) -> Response:
    """Return the places of a day."""

    def work(connection: Connection) -> Quotas:
        names = Places.model_fields
        return Quotas(
            quotas=[
                Places(**{name: getattr(quota, name) for name in names})
                for quota in designation.quotas(connection, day or today())
            ]
        )

    return every.all(work)

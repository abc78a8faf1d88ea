"""Applications for special and chronic diseases over HTTP. To renew is to apply again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field

from yibao.agency.qualification import diseases
from yibao.agency.qualification.diseases import Application, Finding
from yibao.api.calls import MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.fields import (
    Day,
    Name,
    OfPerson,
    Remark,
    Said,
    Strict,
    Told,
    example,
    number_in_path,
)
from yibao.api.paging import Cursor, Limit, page_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.store.database import Connection

router = Router(prefix="/qualification/applications", tags=["qualification"])

ApplicationNumber = Annotated[int, number_in_path("application_id / 申请编号")]


class NewDiseaseApplication(Strict):
    """An application, the first one or to renew."""

    model_config = example(
        person_id="P-17",
        disease="diabetes",
        applied_on="2023-03-01",
    )

    person_id: Name
    disease: Name = Field(description="of the register of diseases / 病种代码")
    applied_on: Day


class Assessment(Strict):
    """What an appraisal centre found; what it grants has a first day."""

    model_config = example(
        institution_id="H12010100001",
        decided_on="2023-03-10",
        granted=True,
        first="2023-04-01",
        last="2025-03-31",
    )

    institution_id: Name = Field(description="the centre / 鉴定中心")
    decided_on: Day
    granted: bool
    first: Day | None = None
    last: Day | None = Field(None, description="inclusive; null: until further notice / 含末日")
    reason: Remark = ""


class ApplicationWithdrawal(Strict):
    """The applicant does not want it any more."""

    model_config = example(on="2023-03-08", reason="moved away")

    on: Day
    reason: Remark = ""


class ApplicationCancellation(Strict):
    """The application was a mistake: why."""

    model_config = example(on="2023-03-08", reason="of another person")

    on: Day
    reason: Said


class DiseaseApplicationTold(Told):
    """An application with what became of it."""

    application_id: int
    person_id: str
    disease: str
    applied_on: Day
    outcome: Literal["open", "granted", "refused", "withdrawn", "cancelled"]
    decided_on: Day | None
    institution_id: str = Field(description="the centre that decided, else empty / 鉴定中心")
    first: Day | None
    last: Day | None
    reason: str


class DiseaseApplications(Told):
    """Applications by number; `next` is the cursor of the page after, null at the end."""

    applications: Sequence[DiseaseApplicationTold]
    next: str | None


@router.post(
    "",
    operation_id="applyForDisease",
    summary="Apply for a special or chronic disease, or to renew / 申请门诊特殊病、慢性病",
    status_code=201,
    response_model=DiseaseApplicationTold,
    responses=MAKES,
)
def post_application(body: NewDiseaseApplication, write: Write) -> Response:
    """File an application; one for the disease may be open already."""

    def work(connection: Connection) -> DiseaseApplicationTold:
        values = (body.person_id, body.disease, body.applied_on)
        return _told(connection, diseases.apply(connection, *values, actor=write.actor))

    return write.once(body, work)


@router.post(
    "/{application}/assessment",
    operation_id="assessDiseaseApplication",
    summary="Decide an application by what a centre found, once / 鉴定",
    status_code=201,
    response_model=DiseaseApplicationTold,
    responses=MAKES_OF_ONE,
)
def post_assessment(application: ApplicationNumber, body: Assessment, write: Write) -> Response:
    """Decide an application; what is granted is registered."""
    found = Finding(
        body.institution_id, body.decided_on, body.granted, body.first, body.last, body.reason
    )

    def work(connection: Connection) -> DiseaseApplicationTold:
        diseases.assess(connection, application, found, actor=write.actor)
        return _told(connection, application)

    return write.once(body, work)


@router.post(
    "/{application}/withdrawal",
    operation_id="withdrawDiseaseApplication",
    summary="Withdraw an application for the applicant / 撤回申请",
    status_code=201,
    response_model=DiseaseApplicationTold,
    responses=MAKES_OF_ONE,
)
def post_withdrawal(
    application: ApplicationNumber, body: ApplicationWithdrawal, write: Write
) -> Response:
    """End an application that nobody has decided."""

    def work(connection: Connection) -> DiseaseApplicationTold:
        diseases.withdraw(connection, application, body.on, body.reason, actor=write.actor)
        return _told(connection, application)

    return write.once(body, work)


@router.post(
    "/{application}/cancellation",
    operation_id="cancelDiseaseApplication",
    summary="Cancel an application that was a mistake / 取消误办的申请",
    status_code=201,
    response_model=DiseaseApplicationTold,
    responses=MAKES_OF_ONE,
)
def post_cancellation(
    application: ApplicationNumber, body: ApplicationCancellation, write: Write
) -> Response:
    """End an application that nobody has decided and that should not have been made."""

    def work(connection: Connection) -> DiseaseApplicationTold:
        diseases.cancel(connection, application, body.on, body.reason, actor=write.actor)
        return _told(connection, application)

    return write.once(body, work)


@router.get(
    "/{application}",
    operation_id="getDiseaseApplication",
    summary="An application as it stands / 查询申请",
    response_model=DiseaseApplicationTold,
    responses=READS_ONE,
)
def get_application(application: ApplicationNumber, read: One) -> Response:
    """Return an application with its entity tag."""
    return read.one(lambda connection: _told(connection, application))


@router.get(
    "",
    operation_id="listDiseaseApplications",
    summary="Applications of a person, by number / 申请列表",
    response_model=DiseaseApplications,
    responses=documented(),
)
def list_applications(
    person_id: OfPerson, read: All, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Return a page of what a person has applied for."""

    def work(connection: Connection) -> DiseaseApplications:
        rows = diseases.applications(connection, person_id)
        page, after = page_of(rows, lambda a: a.application_id, cursor, limit)
        return DiseaseApplications.model_construct(
            applications=[_as_told(a) for a in page], next=after
        )

    return read.all(work)


def _told(connection: Connection, number: int) -> DiseaseApplicationTold:
    return _as_told(diseases.application_of(connection, number))


def _as_told(found: Application) -> DiseaseApplicationTold:
    return DiseaseApplicationTold.model_construct(
        application_id=found.application_id,
        person_id=found.person_id,
        disease=found.disease,
        applied_on=found.on_day,
        outcome=found.outcome,
        decided_on=found.decided_on,
        institution_id=found.institution_id,
        first=found.first,
        last=found.last,
        reason=found.reason,
    )

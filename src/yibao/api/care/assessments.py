"""Assessments for long-term care over HTTP: points of the national scale, the grade, its days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Response
from pydantic import Field, WithJsonSchema

from yibao.agency.care import assessments
from yibao.agency.care.assessments import Assessment, Finding
from yibao.agency.care.scale import ITEMS
from yibao.agency.enrolment.persons import find, unknown
from yibao.api.calls import MAKES_OF_ONE, READS_ONE, One, Write
from yibao.api.fields import Day, Name, PersonId, Said, Strict, Told, either, example
from yibao.api.routing import Router
from yibao.store.database import Connection

router = Router(prefix="/care/persons/{person_id}/assessments", tags=["care"])


def _schema_of_points() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "of every item of the scale / 各项得分",
        "properties": {
            name: {
                "type": "integer",
                "minimum": 0,
                "maximum": item.most,
                "multipleOf": item.step,
                "description": f"{item.title.en} / {item.title.zh}",
            }
            for name, item in ITEMS.items()
        },
        "required": list(ITEMS),
        "additionalProperties": False,
    }


Points = Annotated[
    dict[Annotated[str, Field(pattern=f"^({either(ITEMS)})$")], int],
    WithJsonSchema(_schema_of_points()),
]
_EXAMPLE = {name: item.most for name, item in ITEMS.items()} | {
    "walking": 0,
    "transfer": 0,
    "stairs": 0,
}


class NewCareAssessment(Strict):
    """What an assessor found. Where the rules give no grade the institution has to state it."""

    model_config = example(
        institution_id="H12010100001",
        assessor="D120101000001",
        on="2023-05-20",
        points=_EXAMPLE,
        grade=3,
    )

    institution_id: Name
    assessor: Said = Field(description="who assessed / 评估人")
    on: Day
    points: Points
    grade: Annotated[int, Field(ge=0, le=5)] | None = Field(
        None, description="the institution's own / 评估机构给出的等级"
    )
    months: Annotated[int, Field(ge=1, le=1200)] | None = Field(
        None, description="good for so many; null: the most that is laid down / 有效月数"
    )


class CareAssessmentTold(Told):
    """An assessment as kept. `computed`: the rules gave the grade; `severe`: there is care."""

    assessment_id: int
    person_id: str
    institution_id: str
    assessor: str
    on: Day
    points: Mapping[str, int]
    grade: int
    severe: bool
    computed: bool
    first: Day
    last: Day


class CareAssessments(Told):
    """The assessments of a person, the earliest first."""

    person_id: str
    assessments: Sequence[CareAssessmentTold]


@router.post(
    "",
    operation_id="assessForCare",
    summary="Take in an assessment for long-term care / 失能评估",
    status_code=201,
    response_model=CareAssessmentTold,
    responses=MAKES_OF_ONE,
)
def post_assessment(person_id: PersonId, body: NewCareAssessment, write: Write) -> Response:
    """Take in an assessment; from grade 3 on there is care from the next month."""
    found = Finding(
        *(body.institution_id, body.assessor, body.on, body.points, body.grade, body.months)
    )

    def work(connection: Connection) -> CareAssessmentTold:
        rules = write.service.procedures
        return _told(assessments.assess(connection, rules, person_id, found, actor=write.actor))

    return write.once(body, work)


@router.get(
    "",
    operation_id="getCareAssessments",
    summary="Assessments of a person for long-term care / 查询失能评估",
    response_model=CareAssessments,
    responses=READS_ONE,
)
def get_assessments(person_id: PersonId, read: One) -> Response:
    """Return a person's assessments with an entity tag."""

    def work(connection: Connection) -> CareAssessments:
        if find(connection, person_id) is None:
            raise unknown(person_id)
        rows = assessments.assessments(connection, person_id)
        return CareAssessments.model_construct(
            person_id=person_id, assessments=[_told(a) for a in rows]
        )

    return read.one(work)


def _told(kept: Assessment) -> CareAssessmentTold:
    same = {name: getattr(kept, name) for name in CareAssessmentTold.model_fields if name != "on"}
    return CareAssessmentTold.model_construct(**same, on=kept.on_day)

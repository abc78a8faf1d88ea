"""The file of applications for special and chronic diseases, with their decisions."""

from __future__ import annotations

from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.imports import RowFile
from yibao.agency.qualification import diseases
from yibao.agency.qualification.diseases import Finding
from yibao.interop.files.columns import Column
from yibao.interop.files.rowreader import Values
from yibao.store.database import Connection
from yibao.text import Text

_DECIDED = ("institution_id", "on")
"""What a decision is not one without."""


def _write(connection: Connection, values: Values, actor: str) -> bool:
    """File the application of a row unless it is there, and decide it where the row does."""
    person, disease, day = values["person_id"], values["disease"], values["applied_on"]
    locked(connection, person)
    there = [
        a.application_id
        for a in diseases.applications(connection, person)
        if (a.disease, a.on_day) == (disease, day)
    ]
    number = there[-1] if there else diseases.apply(connection, person, disease, day, actor=actor)
    if not values["outcome"]:
        return not there
    for name in _DECIDED:
        if not values[name]:
            raise Refusal("required", "有结论时必填", "needed with an outcome", column=name)
    finding = Finding(
        values["institution_id"],
        values["on"],
        values["outcome"] == "granted",
        values["from"],
        values["to"],
        values["reason"],
    )
    return diseases.assess(connection, number, finding, actor=actor) or not there


_WITH_OUTCOME = Text("有结论时必填", "needed with an outcome")
_WHEN_GRANTED = Text("通过时填写", "where it was granted")

APPLICATIONS = RowFile(
    "applications",
    (
        Column("person_id", "id", Text("人员编号", "Person")),
        Column("disease", "id", Text("病种", "Disease")),
        Column("applied_on", "date", Text("申请日", "Day of the application")),
        Column(
            "outcome",
            "code",
            Text("鉴定结论", "Outcome"),
            Text("空为未鉴定", "empty: not decided yet"),
            absent="",
            codes={"granted": Text("通过", "granted"), "refused": Text("不通过", "refused")},
        ),
        Column("institution_id", "id", Text("鉴定机构", "Centre"), _WITH_OUTCOME, absent=""),
        Column("on", "date", Text("鉴定日", "Day of the decision"), _WITH_OUTCOME, absent=""),
        Column("from", "date", Text("有效期起日", "First day"), _WHEN_GRANTED, absent=""),
        Column(
            "to",
            "date",
            Text("有效期止日", "Last day"),
            Text("空为长期", "empty: until further notice"),
            absent="",
        ),
        Column("reason", "text", Text("理由", "Reason"), absent=""),
    ),
    _write,
)
"""Applications; one for a disease on a day is there once, whatever became of it."""

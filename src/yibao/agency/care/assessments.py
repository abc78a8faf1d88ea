"""Assessments for long-term care: points, grade, assessor, and until when they are good.

The rules give the grade where they can. Where they refuse (a table that is missing or not accepted)
the grade is the institution's, and the points are kept for when the rules can. A grade of SEVERE or
more makes the person severely disabled from the next month on, which the rules of care look at.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from psycopg import errors as pg
from psycopg.types.json import Jsonb
from psycopg.types.range import DateRange

from yibao.agency.care.scale import sums
from yibao.agency.enrolment import facts
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.errors import PolicyError
from yibao.policy.model import Value
from yibao.registry.find import institution
from yibao.settlement.procedure import Office, Request
from yibao.store.database import Connection

ATTRIBUTE = "severe_disability"
SEVERE = 3
"""The least grade that is severe."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an assessor found; `grade` is the institution's own, where it states one.

    `months` is for how long it is good; None: as long as may be.
    """

    institution_id: str
    assessor: str
    on_day: date
    points: Mapping[str, int]
    grade: int | None = None
    months: int | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """An assessment as kept. `computed`: the rules gave the grade, else the institution did."""

    assessment_id: int
    person_id: str
    on_day: date
    institution_id: str
    assessor: str
    points: Mapping[str, int]
    grade: int
    computed: bool
    first: date
    last: date

    @property
    def severe(self) -> bool:
        """Whether it gives a right to care."""
        return self.grade >= SEVERE


def assess(
    connection: Connection, rules: Office, person_id: str, finding: Finding, *, actor: str
) -> Assessment:
    """Take in an assessment; what was severe before and is not any more ends when it begins.

    Raises Refusal: nobody of that id, no such institution, points that cannot be, a grade that the
    rules do not give, none where the rules give none either, longer than is laid down, one of that
    day.
    """
    locked(connection, person_id)
    if institution(connection, finding.institution_id, finding.on_day) is None:
        raise Refusal(
            "known_institution",
            f"{finding.on_day} 没有机构 {finding.institution_id}",
            f"there is no institution {finding.institution_id} on {finding.on_day}",
            column="institution_id",
        )
    computed = grade_of(rules, finding.points, finding.on_day)
    grade = _grade(computed, finding.grade)
    first, last = _period(connection, finding)
    days = DateRange(first, last, "[]")
    number = _insert(connection, person_id, finding, grade, computed is not None, days)
    source = f"assessment:{number}"
    if grade >= SEVERE:
        facts.hold(
            connection,
            person_id,
            ATTRIBUTE,
            facts.TRUE,
            first,
            last=last,
            source=source,
            actor=actor,
        )
    else:
        before = first - timedelta(days=1)
        facts.end(connection, person_id, ATTRIBUTE, facts.TRUE, before, actor=actor)
    note(connection, actor, "care-assess", f"person:{person_id}", grade=grade, number=number)
    return next(a for a in assessments(connection, person_id) if a.assessment_id == number)


def grade_of(rules: Office, points: Mapping[str, int], day: date) -> int | None:
    """Return the grade that the rules give for points, None where they refuse. Raises Refusal."""
    looked_at: dict[str, Value] = {**sums(points)}
    try:
        return rules.run(Request("care_grade", day, looked_at)).figure("grade_of_disability")
    except PolicyError:
        return None


def assessments(connection: Connection, person_id: str) -> list[Assessment]:
    """Return the assessments of a person, the earliest first."""
    rows = connection.execute(
        "SELECT assessment_id, person_id, on_day, institution_id, assessor, points, grade, "
        "computed, lower(valid), upper(valid) - 1 FROM care.assessment WHERE person_id = %s "
        "ORDER BY on_day",
        (person_id,),
    )
    return [Assessment(*row) for row in rows]


def longest(connection: Connection, day: date) -> int:
    """Return for how many months an assessment of a day is good at the most; raises Refusal."""
    row = connection.execute(
        "SELECT months FROM care.term WHERE name = 'assessment_months' AND valid @> %s::date",
        (day,),
    ).fetchone()
    if row is None:
        raise Refusal(
            "term", f"{day} 没有评估有效期的规定", f"no term is laid down on {day}", column="on"
        )
    return int(row[0])


_MOST_MONTHS = 1200


def set_longest(connection: Connection, months: int, cite: str, first: date, *, actor: str) -> None:
    """Lay another longest term down from a day on; raises Refusal.

    Nothing may have been laid down for that or a later day.
    """
    if not 0 < months <= _MOST_MONTHS or not cite:
        raise Refusal(
            "term",
            f"月数应在 1 至 {_MOST_MONTHS} 之间并写明出处",
            f"months from 1 to {_MOST_MONTHS}, and a cite",
            column="months",
        )
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('care.term', 0))")
    row = connection.execute(
        "SELECT max(lower(valid)) FROM care.term WHERE name = 'assessment_months'"
    ).fetchone()
    if row is not None and row[0] is not None and row[0] >= first:
        raise Refusal(
            "later",
            f"已有自 {row[0]} 起的规定",
            f"a term is laid down from {row[0]} already",
            column="from",
        )
    connection.execute(
        "UPDATE care.term SET valid = valid * daterange(NULL, %s) WHERE valid @> %s::date",
        (first, first),
    )
    connection.execute(
        "INSERT INTO care.term (name, months, cite, valid) "
        "VALUES ('assessment_months', %s, %s, daterange(%s, NULL))",
        (months, cite, first),
    )
    note(connection, actor, "care-term", "care:term", months=months, cite=cite, first=first)


def _grade(computed: int | None, given: int | None) -> int:
    if computed is None and given is None:
        raise Refusal(
            "grade",
            "规则不能得出等级，须由评估机构给出",
            "the rules give no grade: the institution has to state it",
            column="grade",
        )
    if None not in {computed, given} and computed != given:
        raise Refusal(
            "grade_differs",
            f"按得分应为{computed}级，评估机构给出{given}级",
            f"the points come to grade {computed}, the institution says {given}",
            column="grade",
        )
    found = given if computed is None else computed
    assert found is not None
    return found


def _period(connection: Connection, finding: Finding) -> tuple[date, date]:
    """Return the days for which it is good: from the next month on, for so many months."""
    most = longest(connection, finding.on_day)
    months = most if finding.months is None else finding.months
    if not 0 < months <= most:
        raise Refusal(
            "term", f"有效期为1至{most}个月", f"good for 1 to {most} months", column="months"
        )
    first = _months_later(finding.on_day.replace(day=1), 1)
    return first, _months_later(first, months) - timedelta(days=1)


def _months_later(first: date, months: int) -> date:
    day = first
    for _ in range(months):
        day += timedelta(days=monthrange(day.year, day.month)[1])
    return day


def _insert(connection: Connection, person_id: str, finding: Finding, *says: object) -> int:
    """Write an assessment; `says` are the grade, whether it was computed, and its days."""
    values = (
        person_id,
        finding.on_day,
        finding.institution_id,
        finding.assessor,
        Jsonb(dict(finding.points)),
        *says,
    )
    try:
        with connection.transaction():
            row = connection.execute(
                "INSERT INTO care.assessment (person_id, on_day, institution_id, assessor, points, "
                "grade, computed, valid) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) "
                "RETURNING assessment_id",
                values,
            ).fetchone()
    except pg.UniqueViolation:
        raise Refusal(
            "assessed",
            f"{person_id} 在 {finding.on_day} 已有评估",
            f"{person_id} was assessed on {finding.on_day}",
            column="on",
        ) from None
    assert row is not None
    return int(row[0])

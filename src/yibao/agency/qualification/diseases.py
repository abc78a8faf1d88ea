"""Registration of special and chronic diseases: apply, assess, renew, re-examine, revoke.

An application ends once: a centre grants or refuses it, the applicant withdraws it, or the agency
cancels what was a mistake.

A centre that is authorised for the disease assesses; a hospital that is none is refused, even where
it treats the patient. What is granted holds from and to a day, inclusive, and is a fact of the
person (`registered_diseases`), so a claim outside those days is one of ordinary outpatient care.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Literal

from psycopg import errors as pg
from psycopg.types.range import DateRange

from yibao.agency.enrolment import facts, periods
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.periods import Period
from yibao.agency.enrolment.persons import Known, Person, find, locked, unknown
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import DECISION, REVIEW, numbers
from yibao.agency.enrolment.statuses import statuses
from yibao.policy.vocabulary import vocabulary
from yibao.registry.find import REASONS, disease_refusal, is_centre
from yibao.store.database import Connection
from yibao.store.vault import Vault, vault

ATTRIBUTE = "registered_diseases"

Role = Literal["assessment", "re_examination"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a centre found; `first` and `last` are the days for which it grants a registration."""

    institution_id: str
    on_day: date
    granted: bool
    first: date | None = None
    last: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """An application with its decision; `outcome` is open until there is one.

    `institution_id` is the centre that decided, "" where none did; `first` and `last` are the days
    that were granted.
    """

    application_id: int
    person_id: str
    disease: str
    on_day: date
    outcome: str
    decided_on: date | None
    institution_id: str
    first: date | None
    last: date | None
    reason: str


def apply(connection: Connection, person_id: str, disease: str, on_day: date, *, actor: str) -> int:
    """File an application, the first one or to renew; return its number.

    Raises Refusal: nobody of that id; no such disease, or not one of this scheme, of this age, or
    without a standard so far; an application for it is open.
    """
    person = locked(connection, person_id).person
    _check_listed(connection, person, disease, on_day)
    waiting = [
        a
        for a in applications(connection, person_id)
        if (a.disease, a.outcome) == (disease, "open")
    ]
    if waiting:
        number = waiting[0].application_id
        raise Refusal(
            "one_application",
            f"{disease} 已有未办结的 {number} 号申请",
            f"application {number} for {disease} is open",
            column="disease",
        )
    row = connection.execute(
        "INSERT INTO qualification.application (person_id, disease, on_day) VALUES (%s, %s, %s) "
        "RETURNING application_id",
        (person.person_id, disease, on_day),
    ).fetchone()
    assert row is not None
    note(connection, actor, "qualify-apply", f"application:{row[0]}", person=person_id)
    return int(row[0])


def _check_listed(connection: Connection, person: Person, disease: str, on_day: date) -> None:
    held = [s for s in statuses(connection, person.person_id) if s.holds(on_day)]
    scheme = str(held[0].facts[_scheme_index()]) if held else None
    rule = disease_refusal(connection, disease, scheme, person.birth_date, on_day)
    if rule is not None:
        why = REASONS[rule]
        raise Refusal(
            rule,
            f"{on_day} {disease}：{why.zh}",
            f"{disease} on {on_day}: {why.en}",
            column="disease",
        )


@cache
def _scheme_index() -> int:
    return [a.name for a in vocabulary().of("person")].index("scheme")


def assess(connection: Connection, number: int, finding: Finding, *, actor: str) -> bool:
    """Decide an application by what a centre found; return False when that stands there already.

    What is granted is held from then on, over what was registered on the same days. Raises Refusal:
    no such application, decided before, no centre for the disease, days that cannot be.
    """
    application = application_of(connection, number)
    locked(connection, application.person_id)
    _centre(connection, finding, application.disease, "assessment")
    _days(finding, application)
    valid = DateRange(finding.first, finding.last, "[]") if finding.granted else None
    outcome = "granted" if finding.granted else "refused"
    values = (outcome, finding.institution_id, finding.on_day, valid, finding.reason)
    if not _decide(connection, number, values):
        return False
    if finding.granted:
        assert finding.first is not None
        facts.hold(
            connection,
            application.person_id,
            ATTRIBUTE,
            application.disease,
            finding.first,
            last=finding.last,
            source=f"application:{number}",
            actor=actor,
        )
    says = {"outcome": outcome, "centre": finding.institution_id}
    note(connection, actor, "qualify-assess", f"application:{number}", **says)
    return True


def withdraw(connection: Connection, number: int, on_day: date, reason: str, *, actor: str) -> bool:
    """Withdraw an application for the applicant; return False when it was withdrawn so already.

    Raises Refusal: no such application, decided before.
    """
    return _close(connection, number, "withdrawn", on_day, reason, actor=actor)


def cancel(connection: Connection, number: int, on_day: date, reason: str, *, actor: str) -> bool:
    """Cancel an application that was a mistake; return False when it was cancelled so already.

    Raises Refusal: no such application, decided before, no reason given.
    """
    if not reason:
        raise Refusal("reason", "取消须写明理由", "to cancel takes a reason", column="reason")
    return _close(connection, number, "cancelled", on_day, reason, actor=actor)


def _close(
    connection: Connection,
    number: int,
    outcome: Literal["withdrawn", "cancelled"],
    on_day: date,
    reason: str,
    *,
    actor: str,
) -> bool:
    """End an application that no centre has decided; the audit has who did."""
    application = application_of(connection, number)
    locked(connection, application.person_id)
    _not_before(on_day, application)
    made = _decide(connection, number, (outcome, "", on_day, None, reason))
    if made:
        action = {"withdrawn": "qualify-withdraw", "cancelled": "qualify-cancel"}[outcome]
        note(connection, actor, action, f"application:{number}")
    return made


def re_examine(
    connection: Connection, person_id: str, disease: str, finding: Finding, *, actor: str
) -> None:
    """Look at a registration again; where a centre does not confirm it, it ends the day before.

    Raises Refusal: nothing is registered on that day, no centre for re-examination.
    """
    person = locked(connection, person_id).person
    _registered(connection, person, disease, finding.on_day)
    _centre(connection, finding, disease, "re_examination")
    review = ("re_examination", finding.institution_id, finding.on_day, finding.granted)
    _review(connection, person, disease, (*review, finding.reason))
    if not finding.granted:
        _end(connection, person, disease, finding.on_day, actor)
    says = {"disease": disease, "confirmed": finding.granted, "centre": finding.institution_id}
    note(connection, actor, "qualify-re-examine", f"person:{person_id}", **says)


def revoke(
    connection: Connection, person_id: str, disease: str, from_day: date, reason: str, *, actor: str
) -> None:
    """End a registration from a day on, that day included; what was settled before stands.

    Raises Refusal where nothing is registered on that day or later, or no reason is given.
    """
    if not reason:
        raise Refusal("reason", "撤销须写明理由", "to revoke takes a reason", column="reason")
    person = locked(connection, person_id).person
    later = [r for r in registrations(connection, person_id) if r.says["value"] == disease]
    if not any(r.last is None or r.last >= from_day for r in later):
        raise _not_registered(disease, from_day)
    _review(connection, person, disease, ("revocation", "", from_day, False, reason))
    _end(connection, person, disease, from_day, actor)
    note(connection, actor, "qualify-revoke", f"person:{person_id}", disease=disease)


def registrations(connection: Connection, person_id: str) -> list[Period]:
    """Return what is registered of a person, in order of time; `says` has the disease as value."""
    person = find(connection, person_id)
    if person is None:
        raise unknown(person_id)
    where = {"attribute": ATTRIBUTE}
    return periods.read(connection, "enrolment.fact", person.person_no, where)


def is_registered(connection: Connection, person_id: str, disease: str, day: date) -> bool:
    """Tell whether a person is registered with a disease on a day."""
    held = registrations(connection, person_id)
    return any(r.says["value"] == disease and r.holds(day) for r in held)


def applications(connection: Connection, person_id: str) -> list[Application]:
    """Return the applications of a person in the order in which they came."""
    rows = connection.execute(f"{_APPLICATIONS} WHERE person_id = %s ORDER BY 1", (person_id,))
    safe = vault(connection)
    return [_application(safe, row) for row in rows]


def application_of(connection: Connection, number: int) -> Application:
    """Return an application; raises Refusal where there is none."""
    query = f"{_APPLICATIONS} WHERE application_id = %s"
    row = connection.execute(query, (number,)).fetchone()
    if row is None:
        raise Refusal(
            "known_application",
            f"没有 {number} 号申请",
            f"there is no application {number}",
            column="application",
        )
    return _application(vault(connection), row)


def _application(safe: Vault, row: Sequence[Any]) -> Application:
    cells = list(row)
    cells[-1] = DECISION.open(safe, "reason", cells[0], cells[-1])
    return Application(*cells)


_APPLICATIONS = (
    "SELECT application_id, person_id, disease, a.on_day, coalesce(outcome, 'open'), d.on_day, "
    "coalesce(institution_id, ''), lower(valid), upper(valid) - 1, coalesce(reason, '') "
    "FROM qualification.application AS a LEFT JOIN qualification.decision AS d "
    "USING (application_id)"
)


def _centre(connection: Connection, finding: Finding, disease: str, role: Role) -> None:
    if not is_centre(connection, finding.institution_id, disease, role, finding.on_day):
        zh = {"assessment": "鉴定中心", "re_examination": "复查中心"}[role]
        raise Refusal(
            "centre",
            f"{finding.institution_id} 当日不是 {disease} 的{zh}",
            f"{finding.institution_id} is no centre for {role} of {disease} on {finding.on_day}",
            column="institution_id",
        )


def _not_before(day: date, application: Application) -> None:
    """Refuse a decision of a day before the application's."""
    if day < application.on_day:
        raise Refusal(
            "assessed_after",
            f"申请日是 {application.on_day}",
            f"applied for on {application.on_day}, after it was decided",
            column="on",
        )


def _days(finding: Finding, application: Application) -> None:
    _not_before(finding.on_day, application)
    if not finding.granted:
        return
    if finding.first is None:
        raise Refusal("from", "通过的须写明起日", "what is granted has a first day", column="from")
    periods.ordered(finding.first, finding.last)


def _decide(connection: Connection, number: int, values: Sequence[object]) -> bool:
    """Write a decision; return False when just that was decided. Raises Refusal for another.

    The last of the values is why.
    """
    safe, (*told, reason) = vault(connection), values
    sealed = DECISION.seal(safe, "reason", number, str(reason))
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO qualification.decision "
                "(application_id, outcome, institution_id, on_day, valid, reason) "
                "VALUES (%s, %s, %s, %s, %s, %s)",
                (number, *told, sealed),
            )
    except pg.UniqueViolation:
        row = connection.execute(
            "SELECT (outcome, institution_id, on_day, valid) IS NOT DISTINCT FROM "
            "(%s, %s, %s::date, %s::daterange), outcome, reason "
            "FROM qualification.decision WHERE application_id = %s",
            (*told, number),
        ).fetchone()
        assert row is not None
        if row[0] and DECISION.open(safe, "reason", number, row[2]) == reason:
            return False
        raise Refusal(
            "decided",
            f"{number} 号申请已办结（{row[1]}）",
            f"application {number} has been decided: {row[1]}",
            column="application",
        ) from None
    return True


def _registered(connection: Connection, person: Known, disease: str, day: date) -> None:
    if not is_registered(connection, person.person_id, disease, day):
        raise _not_registered(disease, day)


def _not_registered(disease: str, day: date) -> Refusal:
    return Refusal(
        "registered",
        f"{day} 没有 {disease} 的登记",
        f"{disease} is not registered on {day}",
        column="disease",
    )


def _review(connection: Connection, person: Known, disease: str, values: Sequence[object]) -> None:
    """Write a review; the last of the values is why."""
    (number,) = numbers(connection, REVIEW)
    *told, reason = values
    connection.execute(
        "INSERT INTO qualification.review "
        "(review_id, person_id, disease, kind, institution_id, on_day, confirmed, reason) "
        "OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(number, person.person_id, disease, *told),
            REVIEW.seal(vault(connection), "reason", number, str(reason)),
        ),
    )


def _end(connection: Connection, person: Known, disease: str, day: date, actor: str) -> None:
    """End what is registered, so that it does not hold on `day` and after."""
    last = day - timedelta(days=1)
    facts.end(connection, person.person_id, ATTRIBUTE, disease, last, actor=actor)

"""Membership of a scheme and employment: enrol, change, pause, end. Days are inclusive.

Whether somebody may enrol is asked of the rules: what a policy refuses to bill it does not enrol.
One person is in one scheme at a time, here and as far as other regions report.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from yibao.agency.enrolment import periods
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.periods import Period
from yibao.agency.enrolment.persons import Known, locked
from yibao.agency.enrolment.persons import change as change_person
from yibao.agency.enrolment.profile import Membership, bill_facts, on_day
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import identity_index
from yibao.errors import PolicyError, Refused
from yibao.policy.model import Value
from yibao.settlement.procedure import Office, Request
from yibao.store.database import Connection

PAYS_EVERY = (1, 3, 12)
"""For how many months at once one may pay."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Membership of a person from `first` to `last`."""

    person_id: str
    membership: Membership
    first: date
    last: date | None = None


def enrol(
    connection: Connection, enrolment: Enrolment, *, actor: str, office: Office | None = None
) -> bool:
    """Enrol a person; return False when that stands there already.

    Raises Refusal: unknown or unborn, in a scheme already, enrolled in another region, an identity
    number that is lacking there; Refused where the rules of `office` refuse.
    """
    person, first = locked(connection, enrolment.person_id).person, enrolment.first
    periods.ordered(first, enrolment.last)
    _alive(person, first)
    says = asdict(enrolment.membership)
    if says["pays_every"] not in PAYS_EVERY:
        raise Refusal(
            "pays_every",
            f"缴费周期 {says['pays_every']} 个月不可用",
            f"one pays for 1, 3 or 12 months at once, not for {says['pays_every']}",
            column="pays_every",
        )
    period = Period(first, enrolment.last, says)
    if periods.there(connection, "enrolment.membership", person.person_no, period):
        return False
    _not_elsewhere(connection, person, enrolment)
    if office is not None:
        _eligible(connection, person, enrolment, office)
    periods.insert(connection, "enrolment.membership", person.person_no, period)
    detail = audited(says) | {"first": first, "last": enrolment.last}
    note(connection, actor, "enrol", f"person:{person.person_id}", **detail)
    return True


def change(connection: Connection, person_id: str, day: date, *, actor: str, **new: Any) -> bool:
    """Change a membership from a day on, until it ends; return False when nothing changes.

    What was stated of coverage follows; what follows from payments does with the next of them.
    """
    person = locked(connection, person_id).person
    old = _membership(connection, person, day)
    membership = replace(Membership(**old.says), **new)
    if membership == Membership(**old.says):
        return False
    period = Period(day, old.last, asdict(membership))
    periods.hold(connection, "enrolment.membership", person.person_no, period, over=True)
    for stated in _stated(connection, person):
        if stated.last is None or stated.last >= day:
            says = {**stated.says, **_coverage_facts(membership)}
            later = Period(max(day, stated.first), stated.last, says)
            periods.hold(connection, "enrolment.coverage", person.person_no, later, over=True)
    note(connection, actor, "change-membership", f"person:{person_id}", day=day, **audited(new))
    return True


def end(
    connection: Connection,
    person_id: str,
    last: date,
    *,
    actor: str,
    reason: str,
    resumes: date | None = None,
    died: bool = False,
) -> bool:
    """End membership, employment and coverage after a day; return False when none went on.

    With `resumes` it is a pause: what holds from then on stays. `died`: on that day, so that
    nothing can be enrolled after it.
    """
    if resumes is not None and resumes <= last + timedelta(days=1):
        raise Refusal(
            "pause",
            f"恢复日 {resumes} 应晚于 {last} 的次日",
            f"a pause that begins after {last} cannot end on {resumes}",
            column="to",
        )
    person = locked(connection, person_id).person
    first, until = last + timedelta(days=1), None
    if resumes is not None:
        until = resumes - timedelta(days=1)
    tables: tuple[periods.Table, ...] = (
        "enrolment.membership",
        "enrolment.employment",
        "enrolment.coverage",
    )
    number = person.person_no
    ended = sum(periods.cut(connection, table, number, first, until) for table in tables)
    if died:
        ended += change_person(connection, person_id, actor=actor, died_on=last)
    if ended:
        detail = {"last": last, "resumes": resumes, "reason": reason}
        note(connection, actor, "end", f"person:{person_id}", **detail)
    return bool(ended)


def resume(
    connection: Connection,
    person_id: str,
    first: date,
    *,
    actor: str,
    office: Office | None = None,
) -> bool:
    """Enrol again from a day on, as it was when it last ended; False when that stands there.

    What was stated of coverage and ended with it goes on too; an employment is for the employer to
    report. Raises Refusal, and Refused where the rules of `office` refuse.
    """
    person = locked(connection, person_id).person
    held = periods.read(connection, "enrolment.membership", person.person_no)
    ended = [p for p in held if p.last is not None and p.last < first]
    if not ended:
        raise Refusal(
            "ended_before",
            f"{first} 之前没有终止的参保登记",
            f"no membership ended before {first}",
            column="from",
        )
    last = ended[-1].last
    enrolment = Enrolment(person_id, Membership(**ended[-1].says), first)
    made = enrol(connection, enrolment, actor=actor, office=office)
    for stated in _stated(connection, person):
        if stated.last == last:
            again = Period(first, None, stated.says)
            made |= periods.hold(connection, "enrolment.coverage", person.person_no, again)
    return made


def hire(
    connection: Connection,
    person_id: str,
    employer_id: str,
    first: date,
    *,
    wage: int,
    last: date | None = None,
    actor: str,
    office: Office,
) -> bool:
    """Write an employment, enrolling whoever is not yet among the employees; see `employ`."""
    made = employ(connection, person_id, employer_id, first, wage=wage, last=last, actor=actor)
    enrolled = connection.execute(
        "SELECT FROM enrolment.membership JOIN enrolment.person USING (person_no) "
        "WHERE person_id = %s AND upper_inf(known) AND scheme = 'employee' AND valid @> %s",
        (person_id, first),
    ).fetchone()
    if enrolled is None:
        wanted = Enrolment(person_id, Membership("employee", "in_service"), first)
        made |= enrol(connection, wanted, actor=actor, office=office)
    if last is not None:
        made |= leave(connection, person_id, last, actor=actor)
    return made


def employ(
    connection: Connection,
    person_id: str,
    employer_id: str,
    first: date,
    *,
    wage: int,
    actor: str,
    last: date | None = None,
) -> bool:
    """Write an employment with its declared wage, fen a month, over what was there before.

    A new wage from a month on is a new period. Return False when it stands there already.
    """
    person = locked(connection, person_id).person
    _alive(person, first)
    found = connection.execute(
        "SELECT 1 FROM enrolment.employer WHERE employer_id = %s", (employer_id,)
    ).fetchone()
    if found is None:
        raise Refusal(
            "known_employer",
            f"没有登记 {employer_id} 这个单位",
            f"there is no employer {employer_id}",
            column="employer_id",
        )
    period = Period(first, last, {"employer_id": employer_id, "wage": wage})
    if not periods.hold(connection, "enrolment.employment", person.person_no, period, over=True):
        return False
    detail = {"employer": employer_id, "wage": wage, "first": first, "last": last}
    note(connection, actor, "employ", f"person:{person_id}", **detail)
    return True


def leave(connection: Connection, person_id: str, last: date, *, actor: str) -> bool:
    """End the employment after a day; membership goes on. Return False when there was none."""
    person = locked(connection, person_id).person
    first = last + timedelta(days=1)
    ended = periods.cut(connection, "enrolment.employment", person.person_no, first)
    if ended:
        note(connection, actor, "leave-employer", f"person:{person_id}", last=last)
    return bool(ended)


def state_coverage(
    connection: Connection,
    person_id: str,
    membership: Membership,
    first: date,
    last: date | None,
    *,
    actor: str,
) -> bool:
    """State when a person is covered, as who kept the register before says.

    Return False when that stands there already.
    """
    person = locked(connection, person_id).person
    _alive(person, first)
    says = {**_coverage_facts(membership), "reason": "stated"}
    made = periods.hold(
        connection, "enrolment.coverage", person.person_no, Period(first, last, says)
    )
    if made:
        note(connection, actor, "state-coverage", f"person:{person_id}", first=first, last=last)
    return made


def audited(says: dict[str, Any]) -> dict[str, Any]:
    """Return what differs from an ordinary membership: the audit is read by people."""
    usual = asdict(Membership("", ""))
    return {name: value for name, value in says.items() if value != usual.get(name)}


def _coverage_facts(membership: Membership) -> dict[str, str]:
    names = ("scheme", "category", "contribution_tier")
    return {name: getattr(membership, name) for name in names}


def _stated(connection: Connection, person: Known) -> list[Period]:
    where = {"reason": "stated"}
    return periods.read(connection, "enrolment.coverage", person.person_no, where)


def _membership(connection: Connection, person: Known, day: date) -> Period:
    for period in periods.read(connection, "enrolment.membership", person.person_no):
        if period.holds(day):
            return period
    raise Refusal("enrolled_on_day", f"{day} 没有参保登记", f"not enrolled on {day}", column="from")


def _alive(person: Known, first: date) -> None:
    if first < person.birth_date:
        raise Refusal(
            "born_before",
            f"出生日期 {person.birth_date} 晚于起日 {first}",
            f"born on {person.birth_date}, after it begins on {first}",
            column="from",
        )
    if person.died_on is not None and first > person.died_on:
        raise Refusal(
            "alive", f"此人已于 {person.died_on} 死亡", f"the person died on {person.died_on}"
        )


def _not_elsewhere(connection: Connection, person: Known, enrolment: Enrolment) -> None:
    """Refuse who is enrolled in another region or scheme on one of the days, by identity number."""
    row = connection.execute(
        "SELECT region, scheme, first, last FROM enrolment.elsewhere WHERE identity_index = %s "
        "AND daterange(first, last, '[]') && daterange(%s, %s, '[]') ORDER BY first LIMIT 1",
        (identity_index(connection, person.identity_number), enrolment.first, enrolment.last),
    ).fetchone()
    if row is not None:
        region, scheme, first, last = row
        until = last or "…"
        raise Refusal(
            "enrolled_elsewhere",
            f"已在 {region} 参加 {scheme}（{first} 至 {until}），先在当地停保",
            f"enrolled in {region} ({scheme}) from {first} to {until}: it has to end there first",
        )


def _eligible(connection: Connection, person: Known, enrolment: Enrolment, office: Office) -> None:
    """Refuse whom the rules of contribution refuse on the first day.

    What they cannot answer for want of a figure is not the person's fault: that comes up when the
    bill is made.
    """
    day = enrolment.first
    profile = on_day(connection, person, day, enrolment.membership)
    facts: dict[str, Value] = {**bill_facts(profile), "bill_scope": "person"}
    try:
        office.prepare(Request("contribution", day, facts, {}, person.birth_date))
    except Refused:
        raise
    except PolicyError:
        return

"""Visits: begun, described, ended, withdrawn. A visit is its institution's alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal, LiteralString

from psycopg import errors as pg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from yibao.agency.desk.office import NOTHING, Office
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import VISIT, numbers
from yibao.agency.filing.intake import SPECIAL
from yibao.agency.visits.steps import Kind, State, Step, after, fits
from yibao.clock import CHINA, today
from yibao.policy.model import Value
from yibao.settlement.enrolment import Enrolment
from yibao.store.database import Connection
from yibao.store.vault import vault

Says = Mapping[str, Any]
"""What an institution tells that no rule looks at: departments, beds, under the teller's names."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A visit as it begins. `scheme` is the one that the institution takes the person to be in."""

    kind: Kind
    institution_id: str
    person_id: str
    scheme: str
    number: str
    begun_at: datetime
    visit: str = ""
    facts: Mapping[str, Value] = field(default_factory=dict)
    says: Says = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visit(Begun):
    """A visit as it is. Times are local ones; `settled` are the settlements that stand."""

    visit_id: int = 0
    ended_at: datetime | None = None
    state: State = "open"
    settled: tuple[int, ...] = ()
    interim: tuple[int, ...] = ()

    def last_day(self) -> date:
        """Return the last day on which something may have been done: of the visit or today."""
        return self.ended_at.date() if self.ended_at else today()


@dataclass(frozen=True, slots=True)
class Of:
    """Which visit is meant: of which institution and person, so that nobody touches another's."""

    visit_id: int
    institution_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A diagnosis; `number` is its place in the list of its kind. Not `valid`: it was a mistake."""

    kind: Literal["western", "tcm_disease", "tcm_syndrome"]
    number: str
    code: str
    name: str
    main: bool
    department: str
    practitioner_id: str
    diagnosed_at: datetime
    valid: bool = True


def now() -> datetime:
    """Return the local time, without a zone, as visits have it."""
    return datetime.now(CHINA).replace(tzinfo=None)


def begin(connection: Connection, office: Office, begun: Begun, *, actor: str) -> int:
    """Begin a visit; return its number.

    Raises Refusal: a time to come, who is not insured so on that day, who is in hospital already.
    """
    locked(connection, begun.person_id)
    _not_to_come(begun.begun_at)
    _insured(connection, office, begun)
    _may_serve(connection, office, begun)
    (number,) = numbers(connection, VISIT)
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO visits.visit (visit_id, kind, institution_id, person_id, scheme, "
                "number, begun_at, visit, facts, says, state) OVERRIDING SYSTEM VALUE "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'open')",
                (
                    *(number, begun.kind, begun.institution_id, begun.person_id, begun.scheme),
                    *(begun.number, begun.begun_at, begun.visit, Jsonb(begun.facts)),
                    VISIT.seal_told(vault(connection), number, begun.says),
                ),
            )
    except pg.UniqueViolation:
        raise Refusal(
            "in_hospital",
            f"{begun.person_id} 正在住院，未办出院",
            f"{begun.person_id} is in hospital and has not been discharged",
        ) from None
    says = {"person": begun.person_id, "kind": begun.kind, "number": begun.number}
    note(connection, actor, "begin_visit", f"visit:{number}", **says)
    return number


def describe(
    connection: Connection,
    office: Office,
    of: Of,
    *,
    begun_at: datetime,
    visit: str,
    facts: Mapping[str, Value],
    says: Says,
    actor: str,
) -> None:
    """Say of a visit what it is; what was said before is replaced. Raises Refusal.

    What is settled of it was settled as what it was, so then its care, its facts and its first day
    stay.
    """
    held = taken(connection, of, "describe")
    told = (visit, dict(facts), begun_at.date())
    if held.settled and told != (held.visit, dict(held.facts), held.begun_at.date()):
        raise _settled(held)
    _not_to_come(begun_at)
    if held.ended_at is not None and begun_at > held.ended_at:
        raise _days(f"就诊于 {held.ended_at} 结束", f"it ended on {held.ended_at}")
    as_told = replace(held, begun_at=begun_at, visit=visit)
    _may_serve(connection, office, as_told)
    if begun_at.date() != held.begun_at.date():
        _insured(connection, office, as_told)
        _charged_within(connection, held, begun_at.date(), held.last_day())
    replaced = sorted(facts.keys() - {"outcome"})  # how it ended, the discharge has said
    connection.execute(
        "UPDATE visits.visit SET begun_at = %s, visit = %s, facts = %s, "
        "left_with = left_with - %s::text[], says = %s WHERE visit_id = %s",
        (begun_at, visit, Jsonb(facts), replaced, _more(connection, held, says), held.visit_id),
    )
    note(connection, actor, "describe_visit", f"visit:{held.visit_id}", visit=visit)


def discharge(
    connection: Connection,
    of: Of,
    *,
    ended_at: datetime,
    facts: Mapping[str, Value],
    says: Says,
    actor: str,
) -> None:
    """End a stay; `facts` hold besides those of before, until it is undone. Raises Refusal."""
    held = taken(connection, of, "discharge")
    _not_to_come(ended_at)
    if ended_at < held.begun_at:
        raise _days(f"入院于 {held.begun_at}", f"it began on {held.begun_at}")
    _charged_within(connection, held, held.begun_at.date(), ended_at.date())
    connection.execute(
        "UPDATE visits.visit SET ended_at = %s, left_with = %s, says = %s, "
        "state = 'discharged' WHERE visit_id = %s",
        (ended_at, Jsonb(facts), _more(connection, held, says), held.visit_id),
    )
    note(connection, actor, "discharge", f"visit:{held.visit_id}", ended_at=ended_at)


def _more(connection: Connection, held: Visit, says: Says) -> bytes:
    """Return what was told of a visit together with what is told now, sealed."""
    return VISIT.seal_told(vault(connection), held.visit_id, {**held.says, **says})


def undo_discharge(connection: Connection, of: Of, *, actor: str) -> None:
    """Let a stay go on that was ended by mistake; raises Refusal."""
    held = taken(connection, of, "undo_discharge")
    try:
        with connection.transaction():
            connection.execute(
                "UPDATE visits.visit SET ended_at = NULL, left_with = '{}', state = 'open' "
                "WHERE visit_id = %s",
                (held.visit_id,),
            )
    except pg.UniqueViolation:
        raise Refusal(
            "in_hospital",
            f"{held.person_id} 已另行入院",
            f"{held.person_id} has been admitted again since",
        ) from None
    note(connection, actor, "undo_discharge", f"visit:{held.visit_id}")


def withdraw(connection: Connection, of: Of, *, actor: str) -> None:
    """Withdraw a visit that was registered by mistake.

    Raises Refusal where something of it is settled or charged: that is taken back first.
    """
    held = taken(connection, of, "withdraw")
    if held.settled:
        raise _settled(held)
    charged = connection.execute(
        "SELECT FROM visits.fee WHERE visit_id = %s AND NOT withdrawn LIMIT 1", (held.visit_id,)
    ).fetchone()
    if charged is not None:
        raise Refusal(
            "charged",
            "有未撤销的费用明细，请先撤销明细",
            "it has charges: withdraw them first",
            column="visit_id",
        )
    close(connection, held, actor=actor)


def close(connection: Connection, held: Visit, *, actor: str) -> None:
    """Write a visit down as withdrawn."""
    connection.execute(
        "UPDATE visits.visit SET state = 'withdrawn' WHERE visit_id = %s", (held.visit_id,)
    )
    note(connection, actor, "withdraw_visit", f"visit:{held.visit_id}")


def diagnose(
    connection: Connection,
    visit_id: int,
    made_at: Literal["visit", "admission", "discharge"],
    diagnoses: Sequence[Diagnosis],
) -> None:
    """Write diagnoses down; one that has the place of another in the list replaces it."""
    for one in diagnoses:
        key = (visit_id, made_at, one.kind, one.number)
        connection.execute(
            "DELETE FROM visits.diagnosis WHERE (visit_id, made_at, kind, number) = "
            "(%s, %s, %s, %s)",
            key,
        )
        if one.valid:
            connection.execute(
                "INSERT INTO visits.diagnosis VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    *(*key, one.code, one.name, one.main),
                    *(one.department, one.practitioner_id, one.diagnosed_at),
                ),
            )


# --- looking ------------------------------------------------------------------------------------


def taken(connection: Connection, of: Of, step: Step) -> Visit:
    """Return a visit for a step, locked until the transaction ends; raises Refusal."""
    found = held(connection, of)
    after(found.kind, found.state, step)
    return found


COLUMNS = ", ".join(
    "facts || left_with AS facts" if name == "facts" else name
    for name in (*Begun.__dataclass_fields__, "visit_id", "ended_at", "state")
)
"""What is read of a visit's row; `state` is never `settled` there."""


def read(connection: Connection, where: LiteralString, given: Sequence[Any]) -> list[Visit]:
    """Return the visits that a condition is true of, without their settlements, opened."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {COLUMNS} FROM visits.visit WHERE {where}".encode(), given
        ).fetchall()
    if not rows:
        return []
    safe = vault(connection)
    return [
        Visit(**{**row, "says": VISIT.open_told(safe, row["visit_id"], row["says"])})
        for row in rows
    ]


def unknown_visit(person_id: str, number: int) -> Refusal:
    """Return the refusal of a visit that the institution does not have of the person."""
    return Refusal(
        "known_visit",
        f"本机构没有 {person_id} 的 {number} 号就诊",
        f"the institution has no visit {number} of {person_id}",
        column="visit_id",
    )


def held(connection: Connection, of: Of) -> Visit:
    """Return a visit as it is, locked until the transaction ends.

    The person is locked first, as whoever settles does. Raises Refusal where the institution has no
    such visit of the person.
    """
    locked(connection, of.person_id)
    found = read(
        connection,
        "(visit_id, institution_id, person_id) = (%s, %s, %s) FOR UPDATE",
        (of.visit_id, of.institution_id, of.person_id),
    )
    if not found:
        raise unknown_visit(of.person_id, of.visit_id)
    settled = connection.execute(
        "SELECT settlement_id, interim FROM visits.settled AS s WHERE visit_id = %s AND NOT EXISTS "
        "(SELECT FROM desk.reversed AS r WHERE r.settlement_id = s.settlement_id) "
        "ORDER BY settlement_id",
        (of.visit_id,),
    ).fetchall()
    final = [number for number, in_between in settled if not in_between]
    state = found[0].state
    return replace(
        found[0],
        state="settled" if state == "discharged" and final else state,
        settled=tuple(number for number, _ in settled),
        interim=tuple(number for number, in_between in settled if in_between),
    )


# --- what is refused ----------------------------------------------------------------------------


def _may_serve(connection: Connection, office: Office, begun: Begun) -> None:
    """Refuse care that one does not come for so, or that the institution has no agreement for.

    It is refused again when it is settled; here the patient has not been treated yet. Special care
    may come to be settled as ordinary care, so that is for the settlement alone.
    """
    if not begun.visit:
        return
    fits(begun.kind, begun.visit)
    if begun.visit not in SPECIAL:
        told = (begun.institution_id, begun.begun_at.date(), begun.visit, begun.scheme)
        office.registers.institution(connection, *told, told=NOTHING)


def _insured(connection: Connection, office: Office, begun: Begun) -> None:
    """Refuse who is not insured under the scheme on the day on which the visit begins."""
    day = begun.begun_at.date()
    enrolment = Enrolment(office.registers.statuses(connection, begun.person_id, told=NOTHING))
    status = enrolment.status(begun.person_id, day)
    if status is None or enrolment.scheme(status) != begun.scheme:
        raise Refusal(
            "insured",
            f"{begun.person_id} 于 {day} 没有该险种的待遇",
            f"{begun.person_id} has no benefits under the scheme {begun.scheme} on {day}",
        )


def _charged_within(connection: Connection, held: Visit, first: date, last: date) -> None:
    """Refuse days of a visit outside of which something was charged."""
    row = connection.execute(
        "SELECT charged_at::date FROM visits.fee WHERE visit_id = %s AND NOT withdrawn "
        "AND NOT charged_at::date BETWEEN %s AND %s LIMIT 1",
        (held.visit_id, first, last),
    ).fetchone()
    if row is not None:
        raise _days(f"已有 {row[0]} 的费用", f"something was charged on {row[0]}")


def _not_to_come(at: datetime) -> None:
    if at.date() > today():  # by the day, as no two clocks are the same
        raise _days(f"{at} 未到", f"{at} is to come")


def _days(zh: str, en: str) -> Refusal:
    return Refusal("days", f"时间不符：{zh}", f"the times do not fit: {en}", column="begun_at")


def _settled(visit: Visit) -> Refusal:
    numbers = ", ".join(map(str, visit.settled))
    return Refusal(
        "visit_settled",
        f"就诊已有结算 {numbers}，请先撤销结算",
        f"settled as {numbers}: take that back first",
        column="visit_id",
    )

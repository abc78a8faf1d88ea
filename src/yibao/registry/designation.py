"""Designation: an institution applies, is assessed, negotiates, signs; no step is skipped.

Each step but the first has a time limit (register `step_limit`), counted from the step before.
A division has places by kind of institution (register `quota`); who applies when they are taken
waits, in the order of applications. Institutions of Chinese medicine need not wait: that there is
no place is no reason to refuse them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Literal

from psycopg.types.json import Jsonb

from yibao.errors import Refused
from yibao.registry import find
from yibao.registry.agreements import Event, Terms, open_agreement
from yibao.store.audit import audit
from yibao.store.database import Connection
from yibao.text import Text

Step = Literal["apply", "assess", "negotiate", "sign"]

STEPS: tuple[Step, ...] = ("apply", "assess", "negotiate", "sign")

TITLES = MappingProxyType(
    {
        "apply": Text("申请", "apply"),
        "assess": Text("评估", "assess"),
        "negotiate": Text("协商", "negotiate"),
        "sign": Text("签约", "sign"),
        "refuse": Text("不予定点", "refuse"),
    }
)

REFUSALS = MappingProxyType(
    {
        "qualification": Text("资质不符", "not qualified"),
        "documents": Text("材料不全", "documents are lacking"),
        "assessment": Text("评估不合格", "the assessment was not passed"),
        "negotiation": Text("协商不成", "no terms were agreed"),
        "capacity": Text("名额已满", "there is no place"),
    }
)
"""Why an application may be refused."""


@dataclass(frozen=True, slots=True)
class Application:
    """An application as it stands on a day.

    `next` is the step to take, None when it is over; `due` the last day for that; `waiting` the
    number on the waiting list, 0 where it need not wait.
    """

    application_id: str
    institution_id: str
    events: tuple[Event, ...]
    next: Step | None
    due: date | None
    overdue: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class Quota:
    """Places of a division for a kind of institution, and how many are taken.

    A place is taken from the day on which the agreement is signed, though it holds later.
    """

    division: str
    kind: str
    places: int
    used: int

    @property
    def available(self) -> int:
        """How many places are free."""
        return max(0, self.places - self.used)


# --- reading --------------------------------------------------------------------------------------


def application(connection: Connection, application_id: str, day: date) -> Application:
    """Return an application as it stands on a day; raises Refused where there is none."""
    row = connection.execute(
        "SELECT institution_id FROM registry.application WHERE application_id = %s",
        (application_id,),
    ).fetchone()
    if row is None:
        raise Refused(
            "unknown_application",
            Text(f"没有申请 {application_id}", f"no application {application_id}"),
        )
    events = _events(connection, application_id)
    following = _next(events)
    due = None if following is None else _due(connection, following, events[-1].on_day)
    waiting = 0
    if following == "assess":
        waiting = _waiting(connection, application_id, row[0], day)
    overdue = due is not None and day > due and not waiting
    return Application(application_id, row[0], events, following, due, overdue, waiting)


@dataclass(frozen=True, slots=True)
class Listed:
    """An application with the last step that was taken."""

    application_id: str
    institution_id: str
    step: str
    on_day: date


def page(
    connection: Connection, limit: int, *, after: str = "", institution: str | None = None
) -> list[Listed]:
    """Return at most so many applications by number, those after one; all, or an institution's."""
    rows = connection.execute(
        "SELECT application_id, institution_id, step, on_day FROM registry.application "
        "JOIN LATERAL (SELECT step, on_day FROM registry.application_event AS e "
        "  WHERE e.application_id = application.application_id ORDER BY number DESC LIMIT 1) AS e "
        "ON true WHERE application_id > %(after)s "
        "AND (%(whose)s::text IS NULL OR institution_id = %(whose)s) "
        "ORDER BY application_id LIMIT %(limit)s",
        {"after": after, "whose": institution, "limit": limit},
    )
    return [Listed(*row) for row in rows]


def quotas(connection: Connection, day: date) -> list[Quota]:
    """Return the places of every division and kind."""
    rows = connection.execute(
        "SELECT q.division, q.kind, q.places, count(DISTINCT a.institution_id) "
        "FROM registry.quota q "
        "LEFT JOIN registry.institution i "
        "ON i.division = q.division AND i.kind = q.kind AND i.valid @> %(day)s::date "
        "LEFT JOIN registry.agreement a "
        "ON a.institution_id = i.institution_id AND a.valid && daterange(%(day)s, NULL) "
        "WHERE q.valid @> %(day)s::date GROUP BY 1, 2, 3 ORDER BY 1, 2",
        {"day": day},
    )
    return [Quota(*row) for row in rows]


def _events(connection: Connection, application_id: str) -> tuple[Event, ...]:
    rows = connection.execute(
        "SELECT on_day, step, detail, actor FROM registry.application_event "
        "WHERE application_id = %s ORDER BY number",
        (application_id,),
    )
    return tuple(Event(*row) for row in rows)


def _next(events: tuple[Event, ...]) -> Step | None:
    if events[-1].kind == "refuse" or len(events) == len(STEPS):
        return None
    return STEPS[len(events)]


def _due(connection: Connection, step: str, since: date) -> date | None:
    row = connection.execute(
        "SELECT days FROM registry.step_limit WHERE step = %s AND valid @> %s::date", (step, since)
    ).fetchone()
    return None if row is None else since + timedelta(row[0])


def _waiting(connection: Connection, application_id: str, institution_id: str, day: date) -> int:
    """Return how many more places are needed until it is this application's turn."""
    found = find.institution(connection, institution_id, day)
    if found is None or found.tcm_institution:
        return 0
    places = [
        q for q in quotas(connection, day) if (q.division, q.kind) == (found.division, found.kind)
    ]
    if not places:
        return 0
    row = connection.execute(
        "SELECT count(*) FROM registry.application_event mine "
        "JOIN registry.application_event e ON e.step = 'apply' "
        "AND (e.on_day, e.recorded_at) <= (mine.on_day, mine.recorded_at) "
        "JOIN registry.application a ON a.application_id = e.application_id "
        "JOIN registry.institution i ON i.institution_id = a.institution_id "
        "AND i.valid @> %(day)s::date AND i.division = %(division)s AND i.kind = %(kind)s "
        "AND NOT i.tcm_institution "
        "WHERE mine.application_id = %(id)s AND mine.step = 'apply' AND NOT EXISTS ("
        "SELECT FROM registry.application_event over WHERE over.application_id = a.application_id "
        "AND over.step IN ('sign', 'refuse'))",
        {"id": application_id, "day": day, "division": found.division, "kind": found.kind},
    ).fetchone()
    assert row is not None
    return max(0, int(row[0]) - places[0].available)


# --- acts -----------------------------------------------------------------------------------------


def apply(
    connection: Connection, application_id: str, institution_id: str, day: date, *, actor: str
) -> Application:
    """Take in an application; return how it stands, perhaps on the waiting list."""
    if find.institution(connection, institution_id, day) is None:
        raise Refused(
            "unknown_institution",
            Text(
                f"{day} 没有登记机构 {institution_id}",
                f"{institution_id} is not in the register on {day}",
            ),
        )
    _lock(connection)
    made = connection.execute(
        "INSERT INTO registry.application (application_id, institution_id) VALUES (%s, %s) "
        "ON CONFLICT DO NOTHING RETURNING 1",
        (application_id, institution_id),
    ).fetchone()
    if made is None:
        raise Refused(
            "application_exists",
            Text(f"申请 {application_id} 已存在", f"{application_id} is there already"),
        )
    _record(connection, application_id, 1, Event(day, "apply", {}, actor))
    return application(connection, application_id, day)


def step(
    connection: Connection,
    application_id: str,
    which: Literal["assess", "negotiate"],
    day: date,
    *,
    actor: str,
) -> Application:
    """Take the next step; one that comes late is recorded as late."""
    _take(connection, application_id, which, day, actor=actor, detail={})
    return application(connection, application_id, day)


def sign(
    connection: Connection, application_id: str, terms: Terms, day: date, *, actor: str
) -> None:
    """Take the last step: the agreement is signed on a day and holds from `terms.first` on."""
    detail = {"agreement_id": terms.agreement_id}
    with connection.transaction():  # terms that are refused leave the step to be taken
        found = _take(connection, application_id, "sign", day, actor=actor, detail=detail)
        agreed = replace(terms, institution_id=found.institution_id)
        open_agreement(connection, agreed, actor=actor, detail={"application_id": application_id})


def refuse(
    connection: Connection, application_id: str, day: date, reason: str, *, actor: str
) -> None:
    """End an application for one of `REFUSALS`."""
    _lock(connection)
    found = application(connection, application_id, day)
    if found.next is None:
        raise _over(found)
    where = find.institution(connection, found.institution_id, day)
    if reason == "capacity" and where is not None and where.tcm_institution:
        raise Refused(
            "capacity_no_reason",
            Text(
                "符合条件的中医医疗机构不得以名额为由拒绝",
                "an institution of Chinese medicine is not refused for want of a place",
            ),
        )
    number = len(found.events) + 1
    _record(connection, application_id, number, Event(day, "refuse", {"reason": reason}, actor))


def _take(
    connection: Connection,
    application_id: str,
    which: Step,
    day: date,
    *,
    actor: str,
    detail: Mapping[str, Any],
) -> Application:
    _lock(connection)
    found = application(connection, application_id, day)
    if found.next is None:
        raise _over(found)
    if found.next != which:
        needed = TITLES[found.next]
        raise Refused(
            "step_skipped",
            Text(f"下一步应为{needed.zh}", f"the next step is to {needed.en}: none may be skipped"),
        )
    if day < found.events[-1].on_day:
        raise Refused(
            "step_before",
            Text(
                f"早于上一步 {found.events[-1].on_day}",
                f"before the last step on {found.events[-1].on_day}",
            ),
        )
    if found.waiting:
        raise Refused(
            "waiting",
            Text(
                f"名额已满，候补第 {found.waiting} 位",
                f"number {found.waiting} on the waiting list",
            ),
        )
    late = {"late": True} if found.overdue else {}
    number = len(found.events) + 1
    _record(connection, application_id, number, Event(day, which, {**detail, **late}, actor))
    return found


def _over(found: Application) -> Refused:
    last = TITLES[found.events[-1].kind]
    return Refused("over", Text(f"已办结：{last.zh}", f"it is over: {last.en}"))


def _lock(connection: Connection) -> None:
    """Let one transaction at a time take a step: places are counted."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('registry.application', 0))")


def _record(
    connection: Connection,
    application_id: str,
    number: int,
    event: Event,
) -> None:
    values = (
        application_id,
        number,
        event.kind,
        event.on_day,
        Jsonb(dict(event.detail)),
        event.actor,
    )
    connection.execute(
        "INSERT INTO registry.application_event "
        "(application_id, number, step, on_day, detail, actor) VALUES (%s, %s, %s, %s, %s, %s)",
        values,
    )
    told = {"on": event.on_day.isoformat(), **event.detail}
    audit(connection, event.actor, f"designation.{event.kind}", application_id, told)

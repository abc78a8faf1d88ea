"""Service agreements: signed, renewed, amended, suspended, resumed, terminated, assessed.

Each act holds from a day on and begins a new version; one act a day. What was agreed for an
earlier day stays to be found. Refused acts raise `Refused`, whose `name` is the rule.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from psycopg.types.json import Jsonb

from yibao.errors import Refused
from yibao.registry import find
from yibao.registry.importing import lock
from yibao.registry.registers import REGISTERS
from yibao.registry.versions import ONE, last_day, span
from yibao.store.audit import audit
from yibao.store.database import Connection
from yibao.text import Text

PASS_MARK = 60
"""Score from which a yearly assessment is passed, out of 100, unless another is given."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed: for whom, from when to when, which visits of which schemes."""

    agreement_id: str
    institution_id: str
    first: date
    last: date
    visits: Collection[str]
    schemes: Collection[str]


@dataclass(frozen=True, slots=True)
class Agreement:
    """What holds of an agreement on a day; `last` is the last day of the agreement as it stands."""

    agreement_id: str
    institution_id: str
    visits: tuple[str, ...]
    schemes: tuple[str, ...]
    suspended: bool
    first: date
    last: date | None
    number: int


@dataclass(frozen=True, slots=True)
class Event:
    """One act on an agreement."""

    on_day: date
    kind: str
    detail: Mapping[str, Any]
    actor: str


# --- reading --------------------------------------------------------------------------------------


def agreement(connection: Connection, agreement_id: str, day: date) -> Agreement | None:
    """Return what holds of an agreement on a day, None where it is not in force."""
    return next((v for v in versions(connection, agreement_id) if _on(v, day)), None)


def versions(connection: Connection, agreement_id: str) -> list[Agreement]:
    """Return all that has held of an agreement, in order of time."""
    rows = connection.execute(
        "SELECT agreement_id, institution_id, visits, schemes, suspended, lower(valid), "
        "upper(valid), version_id "
        "FROM registry.agreement WHERE agreement_id = %s ORDER BY lower(valid)",
        (agreement_id,),
    )
    return [
        Agreement(
            of, institution, tuple(visits), tuple(schemes), paused, first, last_day(upper), number
        )
        for of, institution, visits, schemes, paused, first, upper, number in rows
    ]


def events(connection: Connection, agreement_id: str) -> list[Event]:
    """Return what was done with an agreement, in the order in which it was recorded."""
    rows = connection.execute(
        "SELECT on_day, kind, detail, actor FROM registry.agreement_event "
        "WHERE agreement_id = %s ORDER BY event_id",
        (agreement_id,),
    )
    return [Event(*row) for row in rows]


def without_agreement(connection: Connection, day: date, *, tcm: bool = False) -> list[str]:
    """Return the institutions, or those of Chinese medicine, that have no agreement on a day."""
    rows = connection.execute(
        "SELECT institution_id FROM registry.institution i WHERE valid @> %s::date "
        "AND (tcm_institution OR NOT %s) AND NOT EXISTS (SELECT FROM registry.agreement a "
        "WHERE a.institution_id = i.institution_id AND a.valid @> %s::date) ORDER BY 1",
        (day, tcm, day),
    )
    return [institution_id for (institution_id,) in rows]


# --- acts -----------------------------------------------------------------------------------------


def open_agreement(
    connection: Connection, terms: Terms, *, actor: str, detail: Mapping[str, Any]
) -> None:
    """Put an agreement in force; who may be given one is for `designation` and `renew` to say."""
    if not terms.first <= terms.last < date.max:
        raise Refused(
            "period",
            Text(
                "协议须有止日，且不早于起日",
                "an agreement has a last day, not before its first",
            ),
        )
    _check_scope(terms)
    if find.institution(connection, terms.institution_id, terms.first) is None:
        raise Refused(
            "unknown_institution",
            Text(
                f"{terms.first} 没有登记机构 {terms.institution_id}",
                f"{terms.institution_id} is not in the register on {terms.first}",
            ),
        )
    lock(connection, REGISTERS["agreement"])
    if versions(connection, terms.agreement_id):
        raise Refused(
            "agreement_exists",
            Text(f"协议 {terms.agreement_id} 已存在", f"{terms.agreement_id} is there already"),
        )
    _refuse_second(connection, terms)
    _insert(connection, terms, span(terms.first, terms.last), suspended=False)
    told = {
        "institution_id": terms.institution_id,
        "last": terms.last.isoformat(),
        "visits": sorted(terms.visits),
        "schemes": sorted(terms.schemes),
        **detail,
    }
    _record(connection, terms.agreement_id, "sign", terms.first, actor=actor, detail=told)


def renew(
    connection: Connection,
    previous: str,
    terms: Terms,
    actor: str,
    detail: Mapping[str, Any] = {},
) -> None:
    """Sign the next agreement of an institution, for when the previous one ends.

    Refused where there is a day between the two, or the latest yearly assessment was not passed.
    """
    lock(connection, REGISTERS["agreement"])  # nobody terminates it meanwhile
    held = versions(connection, previous)
    if not held:
        raise _unknown(previous)
    last = held[-1].last
    if held[-1].institution_id != terms.institution_id or last is None or last + ONE != terms.first:
        raise Refused(
            "not_a_renewal",
            Text(
                f"续签须接续：{previous} 到 {last} 止",
                f"{previous} ends on {last}: begin after that",
            ),
        )
    if _terminated(connection, previous):
        raise Refused(
            "terminated",
            Text(
                "已解除的协议不能续签，须重新申请", "it was terminated: apply for designation anew"
            ),
        )
    assessed = [e for e in events(connection, previous) if e.kind == "assess"]
    if assessed and not assessed[-1].detail["passed"]:
        raise Refused(
            "assessment_failed",
            Text("年度考核不合格，不予续签", "the yearly assessment was not passed: no renewal"),
        )
    open_agreement(connection, terms, actor=actor, detail={"renews": previous})


Act = Literal["amend", "suspend", "resume", "terminate"]


def act(
    connection: Connection,
    agreement_id: str,
    kind: Act,
    day: date,
    *,
    actor: str,
    reason: str = "",
    visits: Collection[str] | None = None,
    schemes: Collection[str] | None = None,
) -> None:
    """Amend (visits, schemes), suspend, resume or terminate an agreement from a day on.

    One that has been terminated, with effect from whatever day, is left as it is.
    """
    lock(connection, REGISTERS["agreement"])
    held = versions(connection, agreement_id)
    current = next((v for v in held if _on(v, day)), None)
    if current is None:
        raise _unknown(agreement_id, day)
    if _terminated(connection, agreement_id):
        raise Refused(
            "terminated",
            Text(
                f"协议已解除，自 {held[-1].last} 次日起失效",
                f"it was terminated: its last day is {held[-1].last}",
            ),
        )
    if current is not held[-1] or current.first == day:
        raise Refused(
            "not_the_latest",
            Text(
                f"{max(day, held[-1].first)} 已有变更生效，请写更晚的日期",
                f"another act holds from {max(day, held[-1].first)}: give a later day",
            ),
        )
    if kind in {"suspend", "resume"} and current.suspended == (kind == "suspend"):
        raise Refused(
            f"cannot_{kind}",
            Text(
                "协议已处于暂停" if current.suspended else "协议没有暂停",
                "it is suspended already" if current.suspended else "it is not suspended",
            ),
        )
    terms = Terms(
        agreement_id,
        current.institution_id,
        day,
        day,
        current.visits if visits is None else visits,
        current.schemes if schemes is None else schemes,
    )
    _check_scope(terms)
    connection.execute(
        "UPDATE registry.agreement SET valid = %s WHERE version_id = %s",
        (span(current.first, day - ONE), current.number),
    )
    if kind != "terminate":
        suspended = kind == "suspend" or (kind == "amend" and current.suspended)
        _insert(connection, terms, span(day, current.last), suspended=suspended)
    detail: dict[str, Any] = {"reason": reason} if reason else {}
    if visits is not None:
        detail["visits"] = sorted(visits)
    if schemes is not None:
        detail["schemes"] = sorted(schemes)
    _record(connection, agreement_id, kind, day, actor=actor, detail=detail)


def assess(
    connection: Connection,
    agreement_id: str,
    day: date,
    year: int,
    score: int,
    *,
    actor: str,
    pass_mark: int = PASS_MARK,
) -> bool:
    """Record the assessment of a year, out of 100; return whether it was passed."""
    if not 0 <= score <= 100:
        raise Refused("score", Text("分数应在 0 到 100 之间", "a score is from 0 to 100"))
    if agreement(connection, agreement_id, day) is None:
        raise _unknown(agreement_id, day)
    lock(connection, REGISTERS["agreement"])
    if any(
        e.kind == "assess" and e.detail["year"] == year for e in events(connection, agreement_id)
    ):
        raise Refused(
            "assessed", Text(f"{year} 年度已考核", f"the year {year} has been assessed already")
        )
    passed = score >= pass_mark
    detail = {"year": year, "score": score, "pass_mark": pass_mark, "passed": passed}
    _record(connection, agreement_id, "assess", day, actor=actor, detail=detail)
    return passed


def breach(connection: Connection, agreement_id: str, day: date, what: str, *, actor: str) -> None:
    """Record a breach of an agreement."""
    if agreement(connection, agreement_id, day) is None:
        raise _unknown(agreement_id, day)
    _record(connection, agreement_id, "breach", day, actor=actor, detail={"what": what})


# --- shared ---------------------------------------------------------------------------------------


def _on(version: Agreement, day: date) -> bool:
    return version.first <= day and (version.last is None or day <= version.last)


def _terminated(connection: Connection, agreement_id: str) -> bool:
    return any(event.kind == "terminate" for event in events(connection, agreement_id))


def _check_scope(terms: Terms) -> None:
    if not terms.visits or not terms.schemes:
        raise Refused(
            "no_scope",
            Text("协议须写明就医类别和险种", "an agreement covers some visit and scheme"),
        )


def _unknown(agreement_id: str, day: date | None = None) -> Refused:
    if day is None:
        return Refused(
            "unknown_agreement", Text(f"没有协议 {agreement_id}", f"no agreement {agreement_id}")
        )
    return Refused(
        "not_in_force",
        Text(f"协议 {agreement_id} 在 {day} 无效", f"{agreement_id} is not in force on {day}"),
    )


def _refuse_second(connection: Connection, terms: Terms) -> None:
    row = connection.execute(
        "SELECT agreement_id FROM registry.agreement WHERE institution_id = %s AND valid && %s",
        (terms.institution_id, span(terms.first, terms.last)),
    ).fetchone()
    if row is not None:
        raise Refused(
            "agreement_overlaps",
            Text(
                f"该机构这一时段已有协议 {row[0]}",
                f"the institution has agreement {row[0]} in these days",
            ),
        )


def _insert(connection: Connection, terms: Terms, valid: object, *, suspended: bool) -> None:
    connection.execute(
        "INSERT INTO registry.agreement "
        "(institution_id, agreement_id, visits, schemes, suspended, valid) "
        "VALUES (%s, %s, %s, %s, %s, %s)",
        (
            terms.institution_id,
            terms.agreement_id,
            sorted(terms.visits),
            sorted(terms.schemes),
            suspended,
            valid,
        ),
    )


def _record(
    connection: Connection,
    agreement_id: str,
    kind: str,
    day: date,
    *,
    actor: str,
    detail: Mapping[str, Any],
) -> None:
    connection.execute(
        "INSERT INTO registry.agreement_event (agreement_id, on_day, kind, detail, actor) "
        "VALUES (%s, %s, %s, %s, %s)",
        (agreement_id, day, kind, Jsonb(detail), actor),
    )
    audit(connection, actor, f"agreement.{kind}", agreement_id, {"on": day.isoformat(), **detail})

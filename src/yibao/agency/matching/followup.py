"""Gaps of insurance until they are resolved: whom a population file shows, what became of each.

    open ── called, visited ── elsewhere (with proof) | exempt | enrolled
      └───────────────────────┘

A gap closes by itself when there is cover. A newer population file adds gaps, brings the
particulars up to date and keeps what was done; whoever has a gap again after it was closed by
cover is open again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal, LiteralString

from yibao.agency.enrolment.audit import note as audit
from yibao.agency.enrolment.gaps import GAPS, Found
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.imports import Write
from yibao.interop.files.columns import Column
from yibao.interop.files.rowreader import Values
from yibao.store.database import Connection
from yibao.text import Text

State = Literal["open", "called", "visited", "elsewhere", "exempt", "enrolled"]

STATES: Mapping[State, Text] = {
    "open": Text("待办", "open"),
    "called": Text("已电话联系", "called"),
    "visited": Text("已上门", "visited"),
    "elsewhere": Text("已在外地参保", "insured elsewhere"),
    "exempt": Text("无需参保", "exempt"),
    "enrolled": Text("已参保", "enrolled"),
}
WORKED: tuple[State, ...] = ("open", "called", "visited", "elsewhere", "exempt")
"""What somebody may write down; that cover has appeared is seen, not told."""
CLOSED: frozenset[State] = frozenset({"elsewhere", "exempt", "enrolled"})
REPORTED = "reported by that region / 对方参保地报告"
"""The proof of who is closed because another region reports them."""
NOTE = 2_000
"""Longest note, in characters."""


@dataclass(frozen=True, slots=True)
class Step:
    """What was done about a gap: what was said, why exempt, where insured and by which proof."""

    state: State
    on_day: date
    note: str = ""
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap and its newest step."""

    identity_number: str
    name: str
    division: str
    street: str
    group: str
    kind: str
    seen_on: date
    step: Step
    actor: str
    gap_id: int


_NOW: LiteralString = """
    SELECT g.gap_id, identity_number, name, division, street, people, kind, seen_on,
           s.state, s.on_day, s.note, s.proof, s.actor
    FROM matching.gap AS g CROSS JOIN LATERAL (
      SELECT * FROM matching.gap_step AS s WHERE s.gap_id = g.gap_id
      ORDER BY step_id DESC LIMIT 1
    ) AS s
"""


# --- from a population ----------------------------------------------------------------------------


@dataclass(slots=True)
class Taken:
    """What a population changed: gaps that are new, open again, closed, and still there."""

    new: int = 0
    again: int = 0
    closed: int = 0
    kept: int = 0


def take(connection: Connection, found: Iterable[Found], day: date, *, actor: str) -> Taken:
    """Take in the gaps that a population file shows on a day; again, it changes nothing.

    Those of earlier files who are insured now are closed; what was done about the others is kept.
    """
    _one_at_a_time(connection)
    known: dict[str, State] = {gap.identity_number: gap.step.state for gap in _gaps(connection)}
    taken = Taken()
    for one in found:
        number = one.resident.identity_number.upper()
        was = known.get(number)
        if one.state in GAPS:
            _seen(connection, one, number, day)
            if was is None:
                taken.new += 1
                _write(connection, number, Step("open", day), actor)
            elif was == "enrolled":
                taken.again += 1
                _write(connection, number, Step("open", day), actor)
            else:
                taken.kept += 1
        elif was is not None and was not in CLOSED:
            taken.closed += 1
            ends = Step("enrolled", day)
            if one.state == "elsewhere":
                ends = Step("elsewhere", day, one.elsewhere, REPORTED)
            _write(connection, number, ends, actor)
    if taken.new or taken.again or taken.closed:
        counted = {"new": taken.new, "again": taken.again, "closed": taken.closed}
        audit(connection, actor, "take-gaps", "gaps", day=day, **counted)
    return taken


def _seen(connection: Connection, one: Found, number: str, day: date) -> None:
    who = one.resident
    connection.execute(
        "INSERT INTO matching.gap (identity_number, name, division, street, people, kind, seen_on) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (identity_number) DO UPDATE SET "
        "name = EXCLUDED.name, division = EXCLUDED.division, street = EXCLUDED.street, "
        "people = EXCLUDED.people, kind = EXCLUDED.kind, seen_on = EXCLUDED.seen_on "
        "WHERE gap.seen_on <= EXCLUDED.seen_on",
        (number, who.name, who.division, who.street, who.group, one.state, day),
    )


def close_covered(connection: Connection, day: date, *, actor: str) -> int:
    """Close the gaps of those who have cover here on a day; return how many.

    Who is insured twice has cover as it is: that is closed by a newer population file.
    """
    _one_at_a_time(connection)
    rows = connection.execute(
        f"SELECT identity_number FROM ({_NOW}) AS now "
        "JOIN enrolment.person USING (identity_number) WHERE now.kind <> 'duplicate' "
        "AND NOT state = ANY(%(closed)s) AND EXISTS (SELECT FROM enrolment.coverage AS c "
        "WHERE c.person_no = person.person_no AND upper_inf(known) AND valid @> %(day)s::date)",
        {"closed": sorted(CLOSED), "day": day},
    ).fetchall()
    for (number,) in rows:
        _write(connection, number, Step("enrolled", day), actor)
        audit(connection, actor, "close-gap", f"gap:{number}", state="enrolled", day=day)
    return len(rows)


def _one_at_a_time(connection: Connection) -> None:
    """Let two who look at all gaps not open or close one twice."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('matching.gap'))")


# --- what is done about one -----------------------------------------------------------------------


def step(connection: Connection, number: str, made: Step, *, actor: str) -> bool:
    """Write down what was done about a gap; return False when that is its newest step already.

    Raises Refusal: no gap, closed by cover, a note or proof that is lacking.
    """
    number = number.upper()
    locked = connection.execute(
        "SELECT FROM matching.gap WHERE identity_number = %s FOR NO KEY UPDATE", (number,)
    ).fetchone()
    if locked is None:
        raise Refusal(
            "known_gap",
            f"缺口清单里没有 {number}",
            f"there is no gap of {number}",
            column="identity_number",
        )
    now = _gaps(connection, "WHERE identity_number = %(number)s", {"number": number})[0].step
    if now == made:
        return False
    _may_follow(now, made)
    _write(connection, number, made, actor)
    audit(connection, actor, "gap", f"gap:{number}", **asdict(made))
    return True


def _may_follow(now: Step, made: Step) -> None:
    if now.state == "enrolled":
        raise Refusal(
            "enrolled",
            f"{now.on_day} 已参保，无需再办",
            f"closed by cover on {now.on_day}: nothing is left to do",
            column="state",
        )
    if made.on_day < now.on_day:
        raise Refusal(
            "step_order",
            f"{now.on_day} 已有后来的记录",
            f"a later step stands there, of {now.on_day}",
            column="on",
        )
    if made.state != "open" and not made.note:
        raise Refusal("required", "须写明情况", "say what was found", column="note")
    if made.state == "elsewhere" and not made.proof:
        raise Refusal("required", "须有参保凭证", "proof of it is needed", column="proof")


def _write(connection: Connection, number: str, made: Step, actor: str) -> None:
    connection.execute(
        "INSERT INTO matching.gap_step (gap_id, state, on_day, note, proof, actor) "
        "SELECT gap_id, %s, %s, %s, %s, %s FROM matching.gap WHERE identity_number = %s",
        (made.state, made.on_day, made.note, made.proof, actor, number),
    )


# --- lists ----------------------------------------------------------------------------------------

_WANTED: LiteralString = (
    "WHERE state = ANY(%(states)s) AND starts_with(division, %(division)s) "
    "AND %(street)s IN ('', street)"
)


def gaps(
    connection: Connection,
    *,
    states: Sequence[str] = ("open", "called", "visited"),
    division: str = "",
    street: str = "",
) -> list[Gap]:
    """Return the gaps in some states, of a division (or the beginning of its code) or street."""
    return _gaps(
        connection,
        f"{_WANTED} ORDER BY division, street, identity_number",
        {"states": list(states), "division": division, "street": street},
    )


def page(
    connection: Connection,
    *,
    states: Sequence[str],
    division: str,
    street: str,
    after: int,
    limit: int,
) -> list[Gap]:
    """Return at most `limit` such gaps by our number, those after a number."""
    wanted = {"states": list(states), "division": division, "street": street}
    return _gaps(
        connection,
        f"{_WANTED} AND gap_id > %(after)s ORDER BY gap_id LIMIT %(limit)s",
        {**wanted, "after": after, "limit": limit},
    )


def _gaps(
    connection: Connection, where: LiteralString = "", values: Mapping[str, object] | None = None
) -> list[Gap]:
    rows = connection.execute(f"SELECT * FROM ({_NOW}) AS now {where}", values)
    return [_gap(row) for row in rows]


def _gap(row: tuple[Any, ...]) -> Gap:
    gap_id, number, name, division, street, group, kind, seen_on, *step, actor = row
    return Gap(number, name, division, street, group, kind, seen_on, Step(*step), actor, gap_id)


def counts(
    connection: Connection, by: Literal["division", "street"]
) -> dict[tuple[str, ...], Counter[State]]:
    """Count all gaps by state, of each division or each of its streets."""
    wanted: Callable[[Gap], tuple[str, ...]] = {
        "division": lambda gap: (gap.division,),
        "street": lambda gap: (gap.division, gap.street),
    }[by]
    counted: dict[tuple[str, ...], Counter[State]] = {}
    for gap in gaps(connection, states=tuple(STATES)):
        counted.setdefault(wanted(gap), Counter())[gap.step.state] += 1
    return counted


# --- files of those who go and see ----------------------------------------------------------------


def columns() -> tuple[Column, ...]:
    """Return the columns of the list that grid workers get and bring back filled in.

    What tells of the gap is there for them; only the number and the last four are read.
    """
    return (
        Column("identity_number", "id", Text("证件号码", "Identity number")),
        Column("name", "text", Text("姓名", "Name"), absent=""),
        Column("division", "id", Text("行政区划", "Division"), absent=""),
        Column("street", "text", Text("街道", "Street or township"), absent=""),
        Column("group", "text", Text("人群", "Group"), absent=""),
        Column("gap", "text", Text("缺口", "Gap"), absent=""),
        Column("so_far", "text", Text("已办情况", "So far"), absent="", longest=NOTE),
        Column(
            "state",
            "code",
            Text("结果", "Result"),
            Text("空着为没有新情况", "empty: nothing new"),
            absent="",
            codes={state: STATES[state] for state in WORKED},
        ),
        Column("on", "date", Text("日期", "Day"), absent=""),
        Column("note", "text", Text("情况", "What was found"), absent="", longest=NOTE),
        Column(
            "proof",
            "text",
            Text("凭证", "Proof"),
            Text("外地参保必填", "needed of insurance elsewhere"),
            absent="",
            longest=NOTE,
        ),
    )


def writer(actor: str) -> Write:
    """Return what writes a row of such a file; one without anything new changes nothing."""

    def write(connection: Connection, values: Values) -> bool:
        state, day, note, proof = (values[name] for name in ("state", "on", "note", "proof"))
        if not any((state, day, note, proof)):
            return False
        for name, value in (("state", state), ("on", day)):
            if not value:
                raise Refusal("required", "不能为空", "the cell must be filled", column=name)
        number = values["identity_number"]
        return step(connection, number, Step(state, day, note, proof), actor=actor)

    return write

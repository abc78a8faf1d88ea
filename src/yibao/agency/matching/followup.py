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
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, LiteralString

from yibao.agency.enrolment.audit import note as audit
from yibao.agency.enrolment.gaps import GAPS, Found
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import GAP, GAP_STEP, index_of, numbers
from yibao.agency.imports import Write
from yibao.interop.files.columns import Column
from yibao.interop.files.rowreader import Values
from yibao.masking import masked_number
from yibao.store.database import Connection
from yibao.store.vault import Vault, vault
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
    SELECT g.gap_id, identity_index, identity_number, name, division, street, people, kind, seen_on,
           s.state, s.on_day, s.note, s.proof, s.actor, s.step_id
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
    safe = vault(connection)
    known: dict[bytes, State] = dict(
        connection.execute(f"SELECT identity_index, state FROM ({_NOW}) AS now").fetchall()
    )
    taken = Taken()
    for one in found:
        index = index_of(safe, one.resident.identity_number)
        was = known.get(index)
        if one.state in GAPS:
            _seen(connection, safe, one, index, day)
            if was is None:
                taken.new += 1
                _write(connection, index, Step("open", day), actor)
            elif was == "enrolled":
                taken.again += 1
                _write(connection, index, Step("open", day), actor)
            else:
                taken.kept += 1
        elif was is not None and was not in CLOSED:
            taken.closed += 1
            ends = Step("enrolled", day)
            if one.state == "elsewhere":
                ends = Step("elsewhere", day, one.elsewhere, REPORTED)
            _write(connection, index, ends, actor)
    if taken.new or taken.again or taken.closed:
        counted = {"new": taken.new, "again": taken.again, "closed": taken.closed}
        audit(connection, actor, "take-gaps", "gaps", day=day, **counted)
    return taken


def _seen(connection: Connection, safe: Vault, one: Found, index: bytes, day: date) -> None:
    who = one.resident
    sealed = (
        GAP.seal(safe, "identity_number", index, who.identity_number.upper()),
        GAP.seal(safe, "name", index, who.name),
    )
    connection.execute(
        "INSERT INTO matching.gap (identity_index, identity_number, name, division, street, "
        "people, kind, seen_on) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) "
        "ON CONFLICT (identity_index) DO UPDATE SET "
        "name = EXCLUDED.name, division = EXCLUDED.division, street = EXCLUDED.street, "
        "people = EXCLUDED.people, kind = EXCLUDED.kind, seen_on = EXCLUDED.seen_on "
        "WHERE gap.seen_on <= EXCLUDED.seen_on",
        (index, *sealed, who.division, who.street, who.group, one.state, day),
    )


def close_covered(connection: Connection, day: date, *, actor: str) -> int:
    """Close the gaps of those who have cover here on a day; return how many.

    Who is insured twice has cover as it is: that is closed by a newer population file.
    """
    _one_at_a_time(connection)
    rows = connection.execute(
        f"SELECT gap_id, identity_index FROM ({_NOW}) AS now "
        "JOIN enrolment.person USING (identity_index) WHERE now.kind <> 'duplicate' "
        "AND NOT state = ANY(%(closed)s) AND EXISTS (SELECT FROM enrolment.coverage AS c "
        "WHERE c.person_no = person.person_no AND upper_inf(known) AND valid @> %(day)s::date)",
        {"closed": sorted(CLOSED), "day": day},
    ).fetchall()
    for gap_id, index in rows:
        _write(connection, index, Step("enrolled", day), actor)
        audit(connection, actor, "close-gap", f"gap:{gap_id}", state="enrolled", day=day)
    return len(rows)


def _one_at_a_time(connection: Connection) -> None:
    """Let two who look at all gaps not open or close one twice."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('matching.gap'))")


# --- what is done about one -----------------------------------------------------------------------


def step(connection: Connection, number: str, made: Step, *, actor: str) -> bool:
    """Write down what was done about a gap; return False when that is its newest step already.

    Raises Refusal: no gap, closed by cover, a note or proof that is lacking.
    """
    index = index_of(vault(connection), number)
    locked = connection.execute(
        "SELECT FROM matching.gap WHERE identity_index = %s FOR NO KEY UPDATE", (index,)
    ).fetchone()
    if locked is None:
        raise Refusal(
            "known_gap",
            f"缺口清单里没有 {masked_number(number)}",
            f"there is no gap of {masked_number(number)}",
            column="identity_number",
        )
    (gap,) = _gaps(connection, "WHERE identity_index = %(index)s", {"index": index})
    if gap.step == made:
        return False
    _may_follow(gap.step, made)
    _write(connection, index, made, actor)
    audit(connection, actor, "gap", f"gap:{gap.gap_id}", state=made.state, on_day=made.on_day)
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


def _write(connection: Connection, index: bytes, made: Step, actor: str) -> None:
    safe, (number,) = vault(connection), numbers(connection, GAP_STEP)
    told = [GAP_STEP.seal(safe, n, number, getattr(made, n)) for n in GAP_STEP.columns]
    connection.execute(
        "INSERT INTO matching.gap_step (step_id, gap_id, state, on_day, note, proof, actor) "
        "OVERRIDING SYSTEM VALUE "
        "SELECT %s, gap_id, %s, %s, %s, %s, %s FROM matching.gap WHERE identity_index = %s",
        (number, made.state, made.on_day, *told, actor, index),
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
        f"{_WANTED} ORDER BY division, street, gap_id",
        {"states": list(states), "division": division, "street": street},
    )


def find(connection: Connection, gap_id: int) -> Gap | None:
    """Return a gap by our number."""
    found = _gaps(connection, "WHERE gap_id = %(gap_id)s", {"gap_id": gap_id})
    return found[0] if found else None


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
    safe = vault(connection)
    return [_gap(safe, row) for row in rows]


def _gap(safe: Vault, row: tuple[Any, ...]) -> Gap:
    gap_id, index, *sealed, division, street, group, kind, seen_on = row[:9]
    state, on_day, note, proof, actor, step_id = row[9:]
    told = zip(GAP_STEP.columns, (note, proof), strict=True)
    step = Step(state, on_day, *(GAP_STEP.open(safe, n, step_id, s) for n, s in told))
    names = ("identity_number", "name")
    number, name = (GAP.open(safe, n, index, s) for n, s in zip(names, sealed, strict=True))
    return Gap(number, name, division, street, group, kind, seen_on, step, actor, gap_id)


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

"""What a clerk decides about a pair of records: one person or two, and what follows.

Of one person who is registered twice one registration is kept; the other's membership, employment
and cover end. What money is then in the wrong place is told, for a clerk to put right: nothing is
refunded, moved or merged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Literal

from psycopg.types.json import Jsonb

from yibao.agency.contributions.bills import bills_of
from yibao.agency.enrolment import memberships, persons
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import PAIR, numbers
from yibao.agency.matching.pairs import Pair
from yibao.agency.matching.records import blind_key
from yibao.store.database import Connection
from yibao.store.vault import Vault, vault
from yibao.text import Text

Outcome = Literal["same", "different"]
Keys = tuple[str, str]
OURS = "person:"
"""Begins the key of a record of our register."""

TASKS: Mapping[str, Text] = {
    "refund": Text("退还已收缴费", "refund what was received"),
    "cancel_bill": Text("撤销未到账的核定", "take back the bill"),
    "move_balance": Text("转移个人账户余额", "move the balance of the personal account"),
    "settle_anew": Text("核对停保后的结算", "look at what was settled after the last day"),
    "tell_region": Text("通知对方参保地", "tell the other region"),
}


@dataclass(frozen=True, slots=True)
class Task:
    """Something left to do: a kind of `TASKS`, what it is about, and the fen concerned."""

    kind: str
    subject: str
    fen: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of a pair; `kept` and `last` where it is one person."""

    left: str
    right: str
    outcome: Outcome
    kept: str | None
    last: date | None
    left_to_do: tuple[Task, ...]
    reason: str
    actor: str
    decided_at: str
    decision_id: int = 0


def undecided(connection: Connection, found: Iterable[Pair]) -> list[Pair]:
    """Return the pairs about which nothing was decided yet."""
    rows = connection.execute("SELECT DISTINCT left_key, right_key FROM matching.decision")
    known = {(left, right) for left, right in rows}
    return [pair for pair in found if pair.keys not in known]


def decisions(
    connection: Connection, key: str | None = None, *, after: int = 0, limit: int | None = None
) -> list[Decision]:
    """Return what was decided after a number, of one record or of all, in order of time."""
    rows = connection.execute(
        "SELECT left_key, right_key, outcome, kept, last, left_to_do, reason, actor, "
        "decided_at::text, decision_id FROM matching.decision "
        "WHERE decision_id > %(after)s "
        "AND (%(key)s::text IS NULL OR %(key)s IN (left_key, right_key)) "
        "ORDER BY decision_id LIMIT %(limit)s",
        {"key": key, "after": after, "limit": limit},
    )
    safe = vault(connection)
    return [_decision(safe, row) for row in rows]


def _decision(safe: Vault, row: tuple[Any, ...]) -> Decision:
    left, right, outcome, kept, last, tasks, sealed, actor, decided_at, number = row
    left_to_do = tuple(Task(**task) for task in tasks)
    reason = PAIR.open(safe, "reason", number, sealed)
    pair = (left, right, outcome, kept, last, left_to_do)
    return Decision(*pair, reason, actor, decided_at, number)


def different(connection: Connection, one: str, other: str, *, reason: str, actor: str) -> bool:
    """Decide that two records are two persons'; return False when that was decided before.

    Raises Refusal: a person who is not registered, one record twice, or decided to be one person.
    """
    one, other = (blind_key(vault(connection), key) for key in (one, other))
    keys = _locked(connection, one, other)
    known = newest(connection, keys)
    if known is not None:
        _not_one(known)
        return False
    _write(connection, Decision(*keys, "different", None, None, (), reason, actor, ""))
    return True


def same(
    connection: Connection,
    kept: str,
    ended: str,
    last: date,
    *,
    reason: str,
    actor: str,
    take_number: bool = False,
) -> Decision:
    """Decide that two records are one person's: `kept` stays, what `ended` has ends after `last`.

    `take_number`: the person kept gets the identity document of the one that ends. Returns the
    decision with what is left to do; the one that stands where it was decided just so before.
    Raises Refusal.
    """
    kept, ended = (blind_key(vault(connection), key) for key in (kept, ended))
    keys = _locked(connection, kept, ended)
    known = newest(connection, keys)
    if known is not None and known.outcome == "same":
        if (known.kept, known.last) != (kept, last):
            _not_one(known)
        return known
    person = ended.removeprefix(OURS)
    if take_number:
        _take_number(connection, kept, ended, actor)
    if ended.startswith(OURS):
        tasks = tuple(_left(connection, person, last))
        memberships.end(connection, person, last, actor=actor, reason=reason)
    else:
        tasks = (Task("tell_region", ended),)
    return _write(connection, Decision(*keys, "same", kept, last, tasks, reason, actor, ""))


def _take_number(connection: Connection, kept: str, ended: str, actor: str) -> None:
    if not (kept.startswith(OURS) and ended.startswith(OURS)):
        raise Refusal(
            "two_of_ours",
            "只有本地登记的两条记录之间可以换用证件号码",
            "a number is taken over only between two registrations of ours",
        )
    gives = persons.locked(connection, ended.removeprefix(OURS)).person
    if gives.identity_number is None:
        raise Refusal(
            "has_number",
            f"{gives.person_id} 没有证件号码",
            f"{gives.person_id} has no identity number to take",
        )
    persons.change(
        connection, gives.person_id, actor=actor, identity_type="none", identity_number=None
    )
    persons.change(
        *(connection, kept.removeprefix(OURS)),
        actor=actor,
        identity_type=gives.identity_type,
        identity_number=gives.identity_number,
    )


def _left(connection: Connection, person_id: str, last: date) -> Iterator[Task]:
    """Yield what money is in the wrong place once a registration has ended after a day."""
    for bill in bills_of(connection, person_id):
        if bill.last <= last:
            continue
        months = f"bill:{bill.bill_id} {bill.item} {bill.first:%Y-%m}..{bill.last:%Y-%m}"
        received = [part for part in bill.parts if part.received]
        if not received:
            yield Task("cancel_bill", months, sum(part.fen for part in bill.parts))
        for part in received:
            yield Task("refund", f"{months} {part.payer}", part.received)
    balance = persons.locked(connection, person_id).balance
    if balance:
        yield Task("move_balance", f"{OURS}{person_id}", balance)
    row = connection.execute(
        "SELECT settlement_id, fund_pay FROM desk.settlement AS s WHERE person_id = %s "
        "AND kind = 'settlement' AND day > %s AND NOT EXISTS (SELECT FROM desk.reversed AS r "
        "WHERE r.settlement_id = s.settlement_id) ORDER BY settlement_id",
        (person_id, last),
    )
    for number, fen in row:
        yield Task("settle_anew", f"settlement:{number}", fen)


def _locked(connection: Connection, one: str, other: str) -> Keys:
    """Lock the persons of a pair in the order of its keys; refuse what is no pair."""
    left, right = sorted((one, other))
    if left == right or not (left.startswith(OURS) or right.startswith(OURS)):
        raise Refusal(
            "pair",
            "应为两条不同的记录，其中至少一条在本地（person:编号）",
            "two records are needed, one of them at least of ours (person:ID)",
        )
    for key in (left, right):
        if key.startswith(OURS):
            persons.locked(connection, key.removeprefix(OURS))
        elif not all(key.partition(":")):
            raise Refusal(
                "key",
                f"{key} 应为 地区:号码",
                f"{key} should be REGION:NUMBER",
            )
    return left, right


def between(connection: Connection, one: str, other: str) -> Decision | None:
    """Return the decision that counts of two records, whoever is named first and however."""
    left, right = sorted(blind_key(vault(connection), key) for key in (one, other))
    return newest(connection, (left, right))


def newest(connection: Connection, keys: Keys) -> Decision | None:
    """Return the decision that counts of a pair, the smaller key first, if there is one."""
    about = [d for d in decisions(connection, keys[0]) if (d.left, d.right) == keys]
    return about[-1] if about else None


def _not_one(known: Decision) -> None:
    """Refuse to decide otherwise of who was decided to be one person."""
    if known.outcome == "same":
        raise Refusal(
            "decided",
            f"已由 {known.actor} 认定为同一人，保留 {known.kept}，{known.last} 停保",
            f"{known.actor} decided that they are one person: {known.kept} is kept, the other "
            f"ended on {known.last}",
        )


def _write(connection: Connection, made: Decision) -> Decision:
    """Write a decision, and return it with when it was written."""
    (number,) = numbers(connection, PAIR)
    names = ("left", "right", "outcome", "kept", "last", "actor")
    row = connection.execute(
        "INSERT INTO matching.decision (decision_id, left_key, right_key, outcome, kept, last, "
        "actor, reason, left_to_do) OVERRIDING SYSTEM VALUE "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING decided_at::text",
        (
            *(number, *(getattr(made, n) for n in names)),
            PAIR.seal(vault(connection), "reason", number, made.reason),
            Jsonb([asdict(task) for task in made.left_to_do]),
        ),
    ).fetchone()
    assert row is not None
    detail = {"outcome": made.outcome, "kept": made.kept, "last": made.last}
    for key, other in ((made.left, made.right), (made.right, made.left)):
        if key.startswith(OURS):
            note(connection, made.actor, "decide-pair", key, other=other, **detail)
    return replace(made, decided_at=row[0], decision_id=number)

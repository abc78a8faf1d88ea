"""What moves a personal account: one posting, one row, the balance, in one transaction.

A movement has a kind and a period (a month, a year, a reference): the same happens once, unless it
is taken back. The balance on the person's locked row equals that of the ledger. Amounts are fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from yibao.agency.enrolment import periods
from yibao.agency.enrolment.audit import note, plain
from yibao.agency.enrolment.persons import Known, Locked
from yibao.agency.enrolment.profile import Membership, on_day, person_facts
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post, reverse
from yibao.ledger.funds import PERSONAL
from yibao.money import format_yuan
from yibao.policy.model import Value
from yibao.store.database import Connection

BANK = Account("bank", PERSONAL)
"""Where the money of personal accounts lies."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What moved an account; `balance` is that afterwards, `detail` what it was about."""

    kind: str
    period: str
    on_day: date
    came_in: int
    went_out: int
    balance: int
    detail: Mapping[str, Any]
    movement_id: int = 0
    taken_back: bool = False


def account_of(person_id: str) -> Account:
    """Return a person's account in the ledger."""
    return Account("account_balance", PERSONAL, person_id)


def movements(connection: Connection, person_id: str) -> list[Movement]:
    """Return what moved a person's account, in the order in which it was written."""
    return _read(connection, "person_id = %s ORDER BY movement_id", (person_id,))


def before(connection: Connection, person_id: str, kind: str, period: str) -> Movement | None:
    """Return the movement of a kind and period when it has happened and stands."""
    done = latest(connection, person_id, kind, period)
    return None if done is None or done.taken_back else done


def latest(connection: Connection, person_id: str, kind: str, period: str) -> Movement | None:
    """Return the last movement of a kind and period, which may have been taken back."""
    where = "(person_id, kind, period) = (%s, %s, %s) ORDER BY turn DESC LIMIT 1"
    return next(iter(_read(connection, where, (person_id, kind, period))), None)


def numbered(connection: Connection, person_id: str, number: int) -> Movement | None:
    """Return a person's movement by its number."""
    return next(
        iter(_read(connection, "(person_id, movement_id) = (%s, %s)", (person_id, number))), None
    )


def _read(connection: Connection, where: str, values: Sequence[object]) -> list[Movement]:
    with connection.cursor(row_factory=class_row(Movement)) as cursor:
        query = (
            "SELECT kind, period, on_day, came_in, went_out, balance, detail, movement_id, "
            "EXISTS (SELECT FROM accounts.taken_back AS t WHERE t.movement_id = m.movement_id) "
            f"AS taken_back FROM accounts.movement AS m WHERE {where}"
        )
        return cursor.execute(query.encode(), values).fetchall()


def move(
    connection: Connection,
    holder: Locked,
    kind: str,
    period: str,
    *,
    on_day: date,
    transfers: Sequence[Transfer],
    detail: Mapping[str, object],
    actor: str,
) -> Movement:
    """Post transfers, some of which debit or credit the holder's account, and write the movement.

    The holder must be locked, and the movement must not have happened (`before`).
    """
    person_id = holder.person.person_id
    account = account_of(person_id)
    came_in = sum(t.fen for t in transfers if t.credit == account)
    went_out = sum(t.fen for t in transfers if t.debit == account)
    balance = holder.balance + came_in - went_out
    subject = f"account:{person_id}:{kind}:{period}"
    entry = post(connection, Entry(on_day, f"account_{kind}", subject, actor, transfers))
    made = Movement(kind, period, on_day, came_in, went_out, balance, plain(detail))
    return _write(connection, person_id, made, entry, actor)


def take_back(
    connection: Connection,
    holder: Locked,
    done: Movement,
    *,
    on_day: date,
    reason: str,
    actor: str,
) -> Movement:
    """Take a movement back; the same may happen again then, but for a use under its reference.

    The holder must be locked. Raises Refusal: it is of a kind that stays, was taken back before,
    was passed on to a bank account, or has been spent.
    """
    person_id = holder.person.person_id
    if done.kind not in TAKEN_BACK:
        raise Refusal(
            "movement_stays",
            f"{done.kind} 不能撤销",
            f"a movement of kind {done.kind} is not taken back",
            column="movement",
        )
    if done.taken_back:
        raise Refusal(
            "taken_back_once", "已经撤销过", "it has been taken back before", column="movement"
        )
    if done.kind == "credit" and done.went_out:
        raise Refusal(
            "passed_on",
            f"{done.period} 的记入已有 {format_yuan(done.went_out)} 元划入银行账户",
            f"of the credit of {done.period}, {format_yuan(done.went_out)} yuan went on to "
            f"{person_id}'s bank account",
            column="movement",
        )
    balance = holder.balance + done.went_out - done.came_in
    if balance < 0:
        raise Refusal(
            "balance_spent",
            f"{person_id} 的账户只有 {format_yuan(holder.balance)} 元，"
            f"不能收回 {done.kind} {done.period} 的 {format_yuan(done.came_in)} 元",
            f"{person_id}'s account holds {format_yuan(holder.balance)} yuan: the "
            f"{format_yuan(done.came_in)} of {done.kind} {done.period} have been spent",
            column="movement",
        )
    row = connection.execute(
        "SELECT entry_id FROM accounts.movement WHERE movement_id = %s", (done.movement_id,)
    ).fetchone()
    assert row is not None
    subject = f"account:{person_id}:take_back:{done.movement_id}"
    entry = reverse(connection, row[0], on_day=on_day, subject=subject, actor=actor)
    detail = {"kind": done.kind, "period": done.period, "reason": reason}
    ways = done.went_out, done.came_in
    made = Movement("take_back", str(done.movement_id), on_day, *ways, balance, detail)
    made = _write(connection, person_id, made, entry, actor)
    connection.execute(
        "INSERT INTO accounts.taken_back (movement_id, by_movement) VALUES (%s, %s)",
        (done.movement_id, made.movement_id),
    )
    return made


TAKEN_BACK = frozenset({"credit", "interest", "use", "withdrawal"})
"""Kinds of movements that can be taken back; moves between regions and closings stay."""


def _write(
    connection: Connection, person_id: str, made: Movement, entry: int, actor: str
) -> Movement:
    """Write a movement that has been posted, and the balance; return it with its number."""
    connection.execute(
        "UPDATE enrolment.person_lock SET account_balance = %s WHERE person_id = %s",
        (made.balance, person_id),
    )
    row = connection.execute(
        "INSERT INTO accounts.movement (person_id, kind, period, on_day, came_in, went_out, "
        "balance, detail, entry_id, turn) VALUES (%(person)s, %(kind)s, %(period)s, %(on_day)s, "
        "%(came_in)s, %(went_out)s, %(balance)s, %(detail)s, %(entry)s, "
        "(SELECT count(*) FROM accounts.movement "
        "WHERE (person_id, kind, period) = (%(person)s, %(kind)s, %(period)s))) "
        "RETURNING movement_id",
        {
            **{name: getattr(made, name) for name in ("kind", "period", "on_day", "balance")},
            "came_in": made.came_in,
            "went_out": made.went_out,
            "person": person_id,
            "detail": Jsonb(made.detail),
            "entry": entry,
        },
    ).fetchone()
    assert row is not None
    told = {"period": made.period, "came_in": made.came_in, "went_out": made.went_out}
    note(connection, actor, f"account-{made.kind}", f"person:{person_id}", **told)
    return replace(made, movement_id=row[0])


def same(made: Movement, detail: Mapping[str, object], period: str) -> Movement:
    """Return a movement that happened before; raises Refusal when it was about something else."""
    if made.detail != plain(detail):
        raise Refusal(
            "reference_taken",
            f"业务号 {period} 已用过，内容不同",
            f"reference {period} was used before, for something else",
            column="reference",
        )
    return made


def holder_facts(connection: Connection, person: Known, day: date) -> dict[str, Value]:
    """Return the facts that the rules of accounts may look at.

    An account outlives membership, so the last of it before the day counts; raises Refusal for who
    never had any.
    """
    number = person.person_no
    held = [
        period
        for table in ("enrolment.coverage", "enrolment.membership")
        for period in periods.read(connection, table, number)
        if period.first <= day
    ]
    if not held:
        raise Refusal("enrolled_on_day", f"{day} 之前没有参保", f"never enrolled before {day}")
    says = max(held, key=lambda period: period.first).says
    names = ("scheme", "category", "contribution_tier")
    membership = Membership(**{name: says[name] for name in names})
    return person_facts(on_day(connection, person, day, membership))


def free_balance(connection: Connection, person_id: str) -> int:
    """Return what can be paid from an account now, in fen; nobody waits for it. 0 for none such."""
    row = connection.execute(
        "SELECT account_balance FROM enrolment.person_lock WHERE person_id = %s", (person_id,)
    ).fetchone()
    return 0 if row is None else int(row[0])


def balance_on(connection: Connection, person_id: str, day: date) -> int:
    """Return what an account held at the end of a day, in fen, what is frozen of it included."""
    row = connection.execute(
        "SELECT coalesce(-sum(fen), 0)::bigint FROM ledger.posting "
        "JOIN ledger.account USING (account_id) "
        "WHERE head IN ('account_balance', 'account_frozen') AND (fund, party) = (%s, %s) "
        "AND on_day <= %s",
        (PERSONAL, person_id, day),
    ).fetchone()
    assert row is not None
    return int(row[0])

"""What moves a personal account: one posting, one row, the balance, in one transaction.

A movement has a kind and a period (a month, a year, a reference): the same happens once. The
balance on the person's locked row equals that of the ledger. Amounts are fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from yibao.agency.enrolment import periods
from yibao.agency.enrolment.audit import note, plain
from yibao.agency.enrolment.persons import Known, Locked
from yibao.agency.enrolment.profile import Membership, on_day, person_facts
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.chart import PERSONAL, Account
from yibao.ledger.entries import Entry, Transfer, post
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


def account_of(person_id: str) -> Account:
    """Return a person's account in the ledger."""
    return Account("account_balance", PERSONAL, person_id)


def movements(connection: Connection, person_id: str) -> list[Movement]:
    """Return what moved a person's account, in the order in which it was written."""
    return _read(connection, "person_id = %s ORDER BY movement_id", (person_id,))


def before(connection: Connection, person_id: str, kind: str, period: str) -> Movement | None:
    """Return the movement of a kind and period when it has happened."""
    where = "(person_id, kind, period) = (%s, %s, %s)"
    return next(iter(_read(connection, where, (person_id, kind, period))), None)


def _read(connection: Connection, where: str, values: Sequence[str]) -> list[Movement]:
    with connection.cursor(row_factory=class_row(Movement)) as cursor:
        query = (
            "SELECT kind, period, on_day, came_in, went_out, balance, detail "
            f"FROM accounts.movement WHERE {where}"
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
    connection.execute(
        "UPDATE enrolment.person_lock SET account_balance = %s WHERE person_id = %s",
        (balance, person_id),
    )
    made = Movement(kind, period, on_day, came_in, went_out, balance, plain(detail))
    connection.execute(
        "INSERT INTO accounts.movement (person_id, kind, period, on_day, came_in, went_out, "
        "balance, detail, entry_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(person_id, kind, period, on_day, came_in, went_out, balance),
            *(Jsonb(made.detail), entry),
        ),
    )
    told = {"period": period, "came_in": came_in, "went_out": went_out}
    note(connection, actor, f"account-{kind}", f"person:{person_id}", **told)
    return made


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


def balance_on(connection: Connection, person_id: str, day: date) -> int:
    """Return what an account held at the end of a day, in fen."""
    row = connection.execute(
        "SELECT coalesce(-sum(fen), 0)::bigint FROM ledger.posting "
        "JOIN ledger.account USING (account_id) "
        "WHERE (head, fund, party) = (%s, %s, %s) AND on_day <= %s",
        (*account_of(person_id), day),
    ).fetchone()
    assert row is not None
    return int(row[0])

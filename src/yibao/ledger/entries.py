"""Entries: what happened, with the fen that it moved. Append-only; a mistake is taken back.

All amounts are fen, above zero. A transfer debits one account and credits another, so an entry
cannot be out of balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from psycopg import errors as pg

from yibao.clock import today
from yibao.errors import Refused, YibaoError
from yibao.ledger.accounts import numbers
from yibao.ledger.chart import Account
from yibao.store.database import Connection
from yibao.text import Text


class AlreadyReversed(YibaoError):
    """An entry that was taken back before: money returns once."""


class Transfer(NamedTuple):
    """Fen from one account to another."""

    debit: Account
    credit: Account
    fen: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened on a day, to what, by whom; `transfers` are what it moved."""

    on_day: date
    kind: str
    subject: str
    actor: str
    transfers: Sequence[Transfer]


FIRST_DAY = date(2000, 1, 1)
AHEAD = timedelta(days=366)


def check_day(day: date) -> None:
    """Refuse a day of the books (`books_day`) before 2000 or more than 366 days from today."""
    last = today() + AHEAD
    if not FIRST_DAY <= day <= last:
        raise Refused(
            "books_day",
            Text(
                f"记账日 {day} 应在 {FIRST_DAY} 至 {last} 之间",
                f"the day of the books is {day}, expected a day from {FIRST_DAY} to {last}",
            ),
        )


def post(connection: Connection, entry: Entry) -> int:
    """Write an entry; return its number. One that moves nothing is written too.

    Raises Refused for a day that cannot be one of the books.
    """
    check_day(entry.on_day)
    ids = numbers(connection, (a for t in entry.transfers for a in (t.debit, t.credit)))
    row = connection.execute(
        "SELECT ledger.post(%s, %s, %s, %s, %s::int[], %s::int[], %s::bigint[])",
        (
            entry.on_day,
            entry.kind,
            entry.subject,
            entry.actor,
            [ids[t.debit] for t in entry.transfers],
            [ids[t.credit] for t in entry.transfers],
            [t.fen for t in entry.transfers],
        ),
    ).fetchone()
    assert row is not None
    return int(row[0])


def reverse(connection: Connection, entry: int, *, on_day: date, subject: str, actor: str) -> int:
    """Take an entry back by one that moves everything the other way; return its number.

    Raises AlreadyReversed; KeyError for an entry that is not there; Refused as `post`.
    """
    check_day(on_day)
    rows = connection.execute(
        "SELECT debit, credit, fen FROM ledger.transfer WHERE entry_id = %s ORDER BY number",
        (entry,),
    ).fetchall()
    there = "SELECT FROM ledger.entry WHERE entry_id = %s"
    if not rows and connection.execute(there, (entry,)).fetchone() is None:
        raise KeyError(entry)
    debits, credits, fens = ([row[at] for row in rows] for at in range(3))
    try:
        row = connection.execute(
            "SELECT ledger.post(%s, 'reversal', %s, %s, %s::int[], %s::int[], %s::bigint[], %s)",
            (on_day, subject, actor, credits, debits, fens, entry),
        ).fetchone()
    except pg.UniqueViolation:
        raise AlreadyReversed(f"entry {entry} has been taken back / 已冲正") from None
    assert row is not None
    return int(row[0])


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as it was written; `reversed_by` is the one that took it back, if one did."""

    entry_id: int
    on_day: date
    kind: str
    subject: str
    actor: str
    recorded_at: datetime
    reverses: int | None
    reversed_by: int | None
    transfers: Sequence[Transfer]


def find(connection: Connection, entry: int) -> Written | None:
    """Return an entry by its number, with what it moved."""
    row = connection.execute(
        "SELECT entry_id, on_day, kind, subject, actor, recorded_at, reverses, by_entry "
        "FROM ledger.entry "
        "LEFT JOIN ledger.reversed USING (entry_id) WHERE entry_id = %s",
        (entry,),
    ).fetchone()
    if row is None:
        return None
    moved = connection.execute(
        "SELECT d.head, d.fund, d.party, c.head, c.fund, c.party, fen FROM ledger.transfer "
        "JOIN ledger.account AS d ON d.account_id = debit "
        "JOIN ledger.account AS c ON c.account_id = credit "
        "WHERE (entry_id, on_day) = (%s, %s) ORDER BY number",
        (entry, row[1]),
    )
    transfers = [Transfer(Account(*m[:3]), Account(*m[3:6]), m[6]) for m in moved]
    number, day, kind, subject, actor, at, reverses, by = row
    return Written(number, day, kind, subject, actor, at, reverses, by, transfers)

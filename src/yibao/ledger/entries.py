"""Entries: what happened, with the fen that it moved. Append-only; a mistake is taken back.

All amounts are fen, above zero. A transfer debits one account and credits another, so an entry
cannot be out of balance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from psycopg import errors as pg

from yibao.errors import YibaoError
from yibao.ledger.chart import Account, check
from yibao.store.database import Connection


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


def post(connection: Connection, entry: Entry) -> int:
    """Write an entry; return its number. One that moves nothing is written too."""
    ids = account_ids(connection, (a for t in entry.transfers for a in (t.debit, t.credit)))
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


def account_ids(connection: Connection, accounts: Iterable[Account]) -> Mapping[Account, int]:
    """Return the numbers of accounts; one that is met first is opened."""
    wanted = sorted(set(accounts))
    for account in wanted:
        check(account)
    columns = [list(column) for column in zip(*wanted, strict=True)] or [[], [], []]
    found = _found(connection, columns)
    if len(found) < len(wanted):
        # In one order everywhere, or two who open the same accounts could wait for each other.
        connection.execute(
            "INSERT INTO ledger.account (head, fund, party) "
            "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING",
            columns,
        )
        found = _found(connection, columns)
    return found


def _found(connection: Connection, columns: Sequence[list[str]]) -> dict[Account, int]:
    rows = connection.execute(
        "SELECT account_id, head, fund, party FROM ledger.account "
        "JOIN unnest(%s::text[], %s::text[], %s::text[]) AS w(head, fund, party) "
        "USING (head, fund, party)",
        columns,
    )
    return {Account(*key): number for number, *key in rows}


def reverse(connection: Connection, entry: int, *, on_day: date, subject: str, actor: str) -> int:
    """Take an entry back by one that moves everything the other way; return its number.

    Raises AlreadyReversed; KeyError for an entry that is not there.
    """
    rows = connection.execute(
        "SELECT debit, credit, fen FROM ledger.transfer WHERE entry_id = %s ORDER BY number",
        (entry,),
    ).fetchall()
    if not rows:
        raise KeyError(entry)
    debits, credits, fens = (list(column) for column in zip(*rows, strict=True))
    try:
        row = connection.execute(
            "SELECT ledger.post(%s, 'reversal', %s, %s, %s, %s, %s, %s)",
            (on_day, subject, actor, credits, debits, fens, entry),
        ).fetchone()
    except pg.UniqueViolation:
        raise AlreadyReversed(f"entry {entry} has been taken back / 已冲正") from None
    assert row is not None
    return int(row[0])

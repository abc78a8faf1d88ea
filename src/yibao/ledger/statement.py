"""An account's statement: what it stood at, and every posting since. Amounts are fen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from yibao.ledger.chart import Account
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Posting:
    """One posting as its account sees it: a debit is positive, a credit negative.

    `balance` is what the account stands at after it.
    """

    entry_id: int
    on_day: date
    recorded_at: datetime
    kind: str
    subject: str
    actor: str
    fen: int
    balance: int


def statement(
    connection: Connection, account: Account, first: date | None = None, last: date | None = None
) -> tuple[int, Sequence[Posting]]:
    """Return the balance before the first day, and the postings of the days from first to last.

    Postings stand by day, then as they were recorded.
    """
    rows = connection.execute(
        """
        SELECT entry_id, on_day, p.recorded_at, kind, subject, actor, fen,
               (sum(fen) OVER (ORDER BY on_day, entry_id, number))::bigint
        FROM ledger.posting AS p JOIN ledger.account USING (account_id)
        JOIN ledger.entry AS e USING (entry_id, on_day)
        WHERE (head, fund, party) = (%(head)s, %(fund)s, %(party)s)
          AND (%(last)s::date IS NULL OR on_day <= %(last)s)
        ORDER BY on_day, entry_id, number
        """,
        {**account._asdict(), "last": last},
    ).fetchall()
    postings = [Posting(*row) for row in rows]
    before = [p for p in postings if first is not None and p.on_day < first]
    return (before[-1].balance if before else 0), postings[len(before) :]


Place = tuple[date, int, int]
"""Where a posting stands in its account: day, entry, number of the transfer in the entry."""


def page(
    connection: Connection,
    account: Account,
    limit: int,
    *,
    after: Place | None = None,
    first: date | None = None,
    last: date | None = None,
) -> tuple[int, Sequence[tuple[Place, Posting]]]:
    """Return the balance before a page of a statement, and at most so many postings.

    They are of the days from first to last, and stand after a place where one is given.
    """
    day, entry, number = after or (None, None, None)
    values = {
        **account._asdict(),
        "first": first,
        "last": last,
        "day": day,
        "entry": entry,
        "number": number,
        "limit": limit,
    }
    mine = """
        SELECT entry_id, on_day, p.number, p.recorded_at, fen,
               coalesce(on_day < %(first)s, false)
               OR coalesce((on_day, entry_id, p.number) <= (%(day)s, %(entry)s, %(number)s), false)
               AS before
        FROM ledger.posting AS p JOIN ledger.account USING (account_id)
        WHERE (head, fund, party) = (%(head)s, %(fund)s, %(party)s)
          AND (%(last)s::date IS NULL OR on_day <= %(last)s)
    """
    row = connection.execute(
        f"SELECT coalesce(sum(fen), 0)::bigint FROM ({mine}) AS mine WHERE before", values
    ).fetchone()
    assert row is not None
    opening = stands = int(row[0])
    found: list[tuple[Place, Posting]] = []
    for number_, entry_id, on_day, recorded_at, kind, subject, actor, fen in connection.execute(
        f"SELECT number, entry_id, on_day, mine.recorded_at, kind, subject, actor, fen "
        f"FROM ({mine}) AS mine JOIN ledger.entry AS e USING (entry_id, on_day) WHERE NOT before "
        "ORDER BY on_day, entry_id, number LIMIT %(limit)s",
        values,
    ):
        stands += fen
        posting = Posting(entry_id, on_day, recorded_at, kind, subject, actor, fen, stands)
        found.append(((on_day, entry_id, number_), posting))
    return opening, found

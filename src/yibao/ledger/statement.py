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

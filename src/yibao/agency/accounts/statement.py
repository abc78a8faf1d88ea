"""The statement of an account: every entry of the books that moved it, the desk's too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import class_row

from yibao.agency.accounts.movements import account_of
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Line:
    """An entry: what it was about, what came in and went out, the balance after it, in fen.

    `movement_id` is that of `accounts.movement`, None where the desk or a take-over moved it.
    """

    entry_id: int
    on_day: date
    recorded_at: datetime
    kind: str
    subject: str
    came_in: int
    went_out: int
    balance: int
    movement_id: int | None


def statement(
    connection: Connection, person_id: str, *, after: int = 0, limit: int | None = None
) -> Sequence[Line]:
    """Return what moved an account, in the order of the books, after an entry."""
    query = """
        SELECT * FROM (
          SELECT e.entry_id, e.on_day, e.recorded_at, e.kind, e.subject,
                 coalesce(-sum(fen) FILTER (WHERE fen < 0), 0)::bigint AS came_in,
                 coalesce(sum(fen) FILTER (WHERE fen > 0), 0)::bigint AS went_out,
                 -sum(sum(fen)) OVER (ORDER BY e.entry_id)::bigint AS balance,
                 (SELECT movement_id FROM accounts.movement AS m
                  WHERE (m.person_id, m.entry_id) = (%(party)s, e.entry_id)) AS movement_id
          FROM ledger.posting JOIN ledger.account USING (account_id)
          JOIN ledger.entry AS e USING (entry_id, on_day)
          WHERE (head, fund, party) = (%(head)s, %(fund)s, %(party)s)
          GROUP BY e.entry_id, e.on_day, e.recorded_at, e.kind, e.subject) AS line
        WHERE entry_id > %(after)s ORDER BY entry_id LIMIT %(limit)s
    """
    given = {**account_of(person_id)._asdict(), "after": after, "limit": limit}
    with connection.cursor(row_factory=class_row(Line)) as cursor:
        return cursor.execute(query.encode(), given).fetchall()

"""What stands where: balances of accounts and the trial balance, now or at an earlier instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from yibao.ledger.chart import Account
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Line:
    """An account's, or several accounts', movement and balance, in fen; debits are positive."""

    account: Account
    debits: int
    credits: int

    @property
    def balance(self) -> int:
        """Debits less credits."""
        return self.debits - self.credits


def trial_balance(
    connection: Connection,
    *,
    known_at: datetime | None = None,
    first: date | None = None,
    last: date | None = None,
    by_party: bool = False,
) -> Sequence[Line]:
    """Return every account that ever moved, by head, fund and, if wanted, party.

    `known_at`: only what had been recorded by then; `first`, `last`: only what belongs to days from
    and to. The balances of all lines add up to zero.
    """
    party = "party" if by_party else "''"
    rows = connection.execute(
        f"""
        SELECT head, fund, {party} AS party,
               coalesce(sum(fen) FILTER (WHERE fen > 0), 0)::bigint,
               coalesce(-sum(fen) FILTER (WHERE fen < 0), 0)::bigint
        FROM ledger.posting JOIN ledger.account USING (account_id)
        WHERE (%(known)s::timestamptz IS NULL OR recorded_at <= %(known)s)
          AND (%(first)s::date IS NULL OR on_day >= %(first)s)
          AND (%(last)s::date IS NULL OR on_day <= %(last)s)
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        """,
        {"known": known_at, "first": first, "last": last},
    )
    return [Line(Account(*key), debits, credits) for *key, debits, credits in rows]


def of_account(connection: Connection, account: Account) -> Line | None:
    """Return what one account moved, or None for one that was never opened."""
    row = connection.execute(
        """
        SELECT coalesce(sum(fen) FILTER (WHERE fen > 0), 0)::bigint,
               coalesce(-sum(fen) FILTER (WHERE fen < 0), 0)::bigint
        FROM ledger.account LEFT JOIN ledger.posting USING (account_id)
        WHERE (head, fund, party) = (%s, %s, %s)
        GROUP BY account_id
        """,
        tuple(account),
    ).fetchone()
    return None if row is None else Line(account, *row)


def balance(connection: Connection, account: Account) -> int:
    """Return the balance of one account in fen: debits less credits; 0 for one never opened."""
    line = of_account(connection, account)
    return 0 if line is None else line.balance


def accounts(
    connection: Connection,
    limit: int,
    *,
    after: Account | None = None,
    head: str | None = None,
    fund: str | None = None,
    party: str | None = None,
    known_at: datetime | None = None,
    first: date | None = None,
    last: date | None = None,
) -> Sequence[Line]:
    """Return what each account moved, at most so many, by head, fund and party; those after one.

    Only accounts of a head, a fund, a party, where given; what moved, as in `trial_balance`.
    """
    given = {"head": head, "fund": fund, "party": party}
    tests = [f"{name} = %({name})s" for name, value in given.items() if value is not None]
    if after is not None:
        tests.append("(head, fund, party) > (%(head_)s, %(fund_)s, %(party_)s)")
        given |= {f"{name}_": value for name, value in after._asdict().items()}
    query = f"""
        WITH page AS (
          SELECT account_id, head, fund, party FROM ledger.account
          WHERE {" AND ".join(tests or ["true"])} ORDER BY head, fund, party LIMIT %(limit)s
        )
        SELECT head, fund, party,
               coalesce(sum(fen) FILTER (WHERE fen > 0), 0)::bigint,
               coalesce(-sum(fen) FILTER (WHERE fen < 0), 0)::bigint
        FROM page LEFT JOIN ledger.posting AS p ON p.account_id = page.account_id
          AND (%(known)s::timestamptz IS NULL OR recorded_at <= %(known)s)
          AND (%(first)s::date IS NULL OR on_day >= %(first)s)
          AND (%(last)s::date IS NULL OR on_day <= %(last)s)
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """
    of = {"known": known_at, "first": first, "last": last}
    rows = connection.execute(query.encode(), {**given, **of, "limit": limit})
    return [Line(Account(*key), debits, credits) for *key, debits, credits in rows]

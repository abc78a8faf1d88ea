"""The numbers of accounts in the database; an account is opened when it is first met."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from yibao.ledger.chart import CHART, Account, check
from yibao.store.database import Connection


def numbers(connection: Connection, accounts: Iterable[Account]) -> Mapping[Account, int]:
    """Return the numbers of accounts; one that is met first is opened."""
    return {account: number for account, (number, _) in _numbers(connection, set(accounts)).items()}


class Numbers:
    """The numbers of accounts met so far, but for those of persons, who are too many."""

    def __init__(self) -> None:
        self._kept: dict[Account, int] = {}

    def of(self, connection: Connection, accounts: Iterable[Account]) -> Mapping[Account, int]:
        """Return the numbers of accounts; one that is met first is opened.

        What the running transaction has opened is not kept: it, or a savepoint, may be given up.
        """
        wanted = set(accounts)
        missing = wanted - self._kept.keys()
        if not missing:
            return self._kept
        found = _numbers(connection, missing)
        self._kept |= {
            account: number
            for account, (number, committed) in found.items()
            if committed and CHART[account.head].party != "person"
        }
        return {**self._kept, **{account: number for account, (number, _) in found.items()}}


def _numbers(
    connection: Connection, accounts: Collection[Account]
) -> Mapping[Account, tuple[int, bool]]:
    """Return the numbers of accounts, and whether each has been committed."""
    wanted = sorted(accounts)
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


def _found(connection: Connection, columns: list[list[str]]) -> Mapping[Account, tuple[int, bool]]:
    rows = connection.execute(
        "SELECT head, fund, party, account_id, age(a.xmin) > 0 "  # not younger than ourselves
        "FROM ledger.account AS a "
        "JOIN unnest(%s::text[], %s::text[], %s::text[]) AS w(head, fund, party) "
        "USING (head, fund, party)",
        columns,
    )
    return {Account(*key): (number, committed) for *key, number, committed in rows}

"""How a load is written: rows by COPY, and what triggers see to row by row proved at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from psycopg import errors as pg
from pydantic_core import to_json

from yibao.errors import YibaoError
from yibao.ledger.accounts import numbers
from yibao.ledger.entries import Transfer
from yibao.store.database import Connection

Row = Mapping[str, Any]

LINES = 500
"""Lines that are sent together: PostgreSQL works on them while the next ones are made."""


@dataclass(slots=True)
class Batch:
    """Rows of settlements with their transfers, and what persons have after them.

    `years` are new, those `changed` were there before.
    """

    settlements: list[Row] = field(default_factory=list)
    transfers: list[Sequence[Transfer]] = field(default_factory=list)
    years: list[Row] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    openings: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)


def begin(connection: Connection) -> None:
    """Switch triggers off until the transaction ends, where whoever is connected may do that."""
    try:
        with connection.transaction():
            connection.execute("SET LOCAL ROLE NONE")
            connection.execute("SET LOCAL session_replication_role TO replica")
    except pg.InsufficientPrivilege:
        return


def write(connection: Connection, batch: Batch) -> None:
    """Write settlements, one at least, with all that belongs to them."""
    rows = batch.settlements
    known = numbers(connection, {a for own in batch.transfers for t in own for a in t[:2]})
    _copy(
        connection,
        "ledger.entry (entry_id, on_day, kind, subject, actor)",
        ((r["entry_id"], r["settled_on"], r["kind"], _subject(r), r["actor"]) for r in rows),
    )
    _copy(
        connection,
        "ledger.transfer (entry_id, number, on_day, debit, credit, fen)",
        (
            (r["entry_id"], n, r["settled_on"], known[t.debit], known[t.credit], t.fen)
            for r, own in zip(rows, batch.transfers, strict=True)
            for n, t in enumerate(own, 1)
        ),
    )
    _copy(connection, f"desk.settlement ({', '.join(rows[0])})", (r.values() for r in rows))
    _copy(
        connection,
        "desk.claim_no (institution_id, claim_no, settlement_id)",
        ((r["institution_id"], r["claim_no"], r["settlement_id"]) for r in rows),
    )
    _write_years(connection, batch)
    connection.execute(
        "UPDATE enrolment.person_lock AS p SET account_balance = w.balance "
        "FROM unnest(%s::text[], %s::bigint[]) AS w(person_id, balance) "
        "WHERE p.person_id = w.person_id",
        (list(batch.balances), list(batch.balances.values())),
    )


def _write_years(connection: Connection, batch: Batch) -> None:
    """Write persons' years, and the openings of those whose openings have changed."""
    _copy(
        connection,
        "desk.person_year (person_id, year, scheme, values, episodes, owed)",
        (year.values() for year in batch.years),
    )
    connection.execute(
        "UPDATE desk.person_year AS y "
        "SET values = w.values, episodes = w.episodes, owed = w.owed "
        "FROM json_populate_recordset(NULL::desk.person_year, %s) AS w "
        "WHERE (y.person_id, y.year, y.scheme) = (w.person_id, w.year, w.scheme)",
        (to_json(batch.changed).decode(),),
    )
    connection.execute(
        "DELETE FROM desk.opening WHERE person_id = ANY(%s) AND NOT given",
        (list(batch.openings),),
    )
    _copy(
        connection,
        "desk.opening (person_id, year, given, values)",
        (row.values() for own in batch.openings.values() for row in own),
    )


def _copy(connection: Connection, into: str, rows: Iterable[Iterable[Any]]) -> None:
    """Write rows into a table, named with its columns.

    PostgreSQL copies nothing into a table for somebody whose rows its policies look at; for them it
    goes by a table of their own.
    """
    table, _, columns = into.partition(" ")
    held = connection.execute("SELECT row_security_active(%s)", (table,)).fetchone()
    if held == (False,):
        _copy_at_once(connection, into, rows)
        return
    names = columns.strip("()")
    made = f"CREATE TEMP TABLE copied ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA"
    connection.execute(made.encode())
    _copy_at_once(connection, f"copied {columns}", rows)
    connection.execute(f"INSERT INTO {into} SELECT * FROM copied".encode())
    connection.execute("DROP TABLE copied")


def _copy_at_once(connection: Connection, into: str, rows: Iterable[Iterable[Any]]) -> None:
    rest = iter(rows)
    with connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN".encode()) as copy:
        while some := list(islice(rest, LINES)):
            copy.write(_lines(some))


def _lines(rows: Sequence[Iterable[Any]]) -> str:
    """Return rows as lines of COPY: objects are JSON there, lists arrays of numbers."""
    lines = [
        [cell if type(cell) is str else _TEXT[type(cell)](cell) for cell in row] for row in rows
    ]
    text = "\n".join(map("\t".join, lines))
    ends, gaps = len(lines) - 1, sum(map(len, lines)) - len(lines)
    if (text.count("\n"), text.count("\t")) != (ends, gaps) or "\\" in text or "\r" in text:
        text = "\n".join("\t".join([c.translate(_ESCAPES) for c in line]) for line in lines)
    return text + "\n"


_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

_TEXT: Mapping[type, Callable[[Any], str]] = {
    int: str,
    bool: str,
    dict: lambda document: to_json(document).decode(),
    list: lambda numbers: f"{{{str(numbers)[1:-1]}}}",
}


def _subject(row: Row) -> str:
    return f"settlement:{row['settlement_id']}"


# --- the proof ------------------------------------------------------------------------------------

_PROOFS = {
    "transfers without their entry": """
        SELECT t.entry_id FROM ledger.transfer AS t
        LEFT JOIN ledger.entry AS e USING (entry_id, on_day)
        WHERE t.entry_id BETWEEN %(first_entry)s AND %(last_entry)s AND e.entry_id IS NULL""",
    "transfers of accounts that there are not": """
        SELECT t.entry_id FROM ledger.transfer AS t
        LEFT JOIN ledger.account AS d ON d.account_id = t.debit
        LEFT JOIN ledger.account AS c ON c.account_id = t.credit
        WHERE t.entry_id BETWEEN %(first_entry)s AND %(last_entry)s
          AND (d.account_id IS NULL OR c.account_id IS NULL)""",
    "settlements that say something else than the ledger": """
        SELECT s.settlement_id FROM desk.settlement AS s
        LEFT JOIN (
          SELECT entry_id, on_day, sum(fen) AS moved FROM ledger.transfer
          WHERE entry_id BETWEEN %(first_entry)s AND %(last_entry)s GROUP BY 1, 2
        ) AS t ON (t.entry_id, t.on_day) = (s.entry_id, s.settled_on)
        WHERE s.settlement_id BETWEEN %(first)s AND %(last)s
          AND (coalesce(t.moved, 0) <> s.total OR s.fund_pay <> (
            SELECT coalesce(sum(value::bigint), 0) FROM jsonb_each_text(s.funds)))""",
    "balances that are not the ledger's": """
        SELECT p.person_id FROM enrolment.person_lock AS p
        JOIN ledger.account AS a ON (a.head, a.fund, a.party)
          = ('account_balance', 'personal_account', p.person_id)
        WHERE p.person_id IN (
            SELECT person_id FROM desk.settlement
            WHERE settlement_id BETWEEN %(first)s AND %(last)s AND account_pay > 0)
          AND p.account_balance <> (
            SELECT coalesce(sum(fen), 0) FROM ledger.transfer WHERE credit = a.account_id)
          - (SELECT coalesce(sum(fen), 0) FROM ledger.transfer WHERE debit = a.account_id)""",
}
"""What may not be there, as a query for it: the keys and triggers of the tables, for many rows."""


class NotProved(YibaoError):
    """A load whose books do not agree: a defect of ours, and nothing was loaded."""


def prove(connection: Connection, first: int, last: int) -> None:
    """Raise NotProved unless the settlements from number `first` to `last` are booked as they say.

    Those of others among them hold to it, too.
    """
    row = connection.execute(
        "SELECT min(entry_id), max(entry_id) FROM desk.settlement "
        "WHERE settlement_id BETWEEN %s AND %s",
        (first, last),
    ).fetchone()
    assert row is not None
    numbers = {"first": first, "last": last, "first_entry": row[0], "last_entry": row[1]}
    for what, query in _PROOFS.items():
        wrong = connection.execute(f"{query} LIMIT 1".encode(), numbers).fetchone()
        if wrong is not None:
            raise NotProved(f"{what}, such as {wrong[0]}; nothing was loaded")

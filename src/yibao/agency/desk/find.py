"""Look up settlements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from psycopg.rows import dict_row

from yibao.agency.desk.model import DeskError
from yibao.store.database import Connection

Row = Mapping[str, Any]

_COLUMNS = """to_jsonb(s) || jsonb_build_object('reversed_by',
    (SELECT by_settlement FROM desk.reversed AS r WHERE r.settlement_id = s.settlement_id))"""


_CONDITIONS = {
    "person_id": "person_id = %(person_id)s",
    "institution_id": "institution_id = %(institution_id)s",
    "first": "settled_on >= %(first)s",
    "last": "settled_on <= %(last)s",
    "after": "settlement_id > %(after)s",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which settlements: of whom, of which days of the books, after which number."""

    person_id: str | None = None
    institution_id: str | None = None
    first: date | None = None
    last: date | None = None
    after: int = 0


def found(connection: Connection, number: int) -> Row:
    """Return a settlement or reversal as JSON has it, with `reversed_by` (None: it stands).

    Raises DeskError where there is none.
    """
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM desk.settlement AS s WHERE settlement_id = %s".encode(), (number,)
    ).fetchone()
    if row is None:
        raise DeskError("known_settlement", "settlement_id", str(number), "a settlement")
    one: Row = row[0]
    return one


def find(connection: Connection, wanted: Wanted, limit: int) -> Sequence[Row]:
    """Return settlements and reversals by number, the lowest first, at most `limit`."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    where = " AND ".join(_CONDITIONS[name] for name in given)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM desk.settlement AS s WHERE {where} "
        "ORDER BY settlement_id LIMIT %(limit)s".encode(),
        {**given, "limit": limit},
    )
    return [row[0] for row in rows]


def lines(connection: Connection, number: int, after: int, limit: int) -> Sequence[Row]:
    """Return lines of a settlement by number, after one of them, at most `limit`.

    Numbers with decimals are text. Raises DeskError where there is no such settlement.
    """
    settled_on = found(connection, number)["settled_on"]
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT number, item_kind, code, local_code, item_class, quantity::text, price::text, "
            "standard::text, rate::text, total, out_of_catalogue, over_limit, first_self_pay, "
            "in_scope, served_on::text, practitioner_id, reason FROM desk.line "
            "WHERE settlement_id = %s AND settled_on = %s AND number > %s ORDER BY number LIMIT %s",
            (number, settled_on, after, limit),
        ).fetchall()

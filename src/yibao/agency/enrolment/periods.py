"""Periods in the database: hold something, end it, read it; nothing that was known is lost.

Days are inclusive here, `last` None meaning until further notice. What is written over is closed
(`known`), and what it said of the days around is written anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, LiteralString

from psycopg import sql
from psycopg.rows import dict_row

from yibao.agency.enrolment.refusal import Refusal
from yibao.store.database import Connection

Table = Literal[
    "enrolment.membership",
    "enrolment.employment",
    "enrolment.fact",
    "enrolment.coverage",
    "accounts.family",
    "qualification.site",
]

_COLUMNS: Mapping[Table, tuple[LiteralString, ...]] = {
    "enrolment.membership": (
        *("scheme", "category", "contribution_tier", "contributor", "household_id"),
        *("household_register", "permit_until", "county", "pays_every", "newborn", "pension"),
        "within_collection_period",
    ),
    "enrolment.employment": ("employer_id", "wage"),
    "enrolment.fact": ("attribute", "value", "source"),
    "enrolment.coverage": ("scheme", "category", "contribution_tier", "reason"),
    "accounts.family": ("relative", "relation"),
    "qualification.site": ("disease", "institution_id", "practitioner_id"),
}
"""What a row says, besides whose it is and its two times."""

_ALL: Mapping[str, Any] = {}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """What holds from `first` to `last`, both inclusive."""

    first: date
    last: date | None
    says: Mapping[str, Any]

    def holds(self, day: date) -> bool:
        """Tell whether it holds on a day."""
        return self.first <= day and (self.last is None or day <= self.last)


def read(
    connection: Connection,
    table: Table,
    person_no: int,
    where: Mapping[str, Any] = _ALL,
    *,
    known_at: datetime | None = None,
) -> list[Period]:
    """Return what is believed now of a person, or was believed at an instant, in order of time."""
    believed = sql.SQL("upper_inf(known)" if known_at is None else "known @> %s::timestamptz")
    query = sql.SQL(
        "SELECT lower(valid) AS first, upper(valid) - 1 AS last, {columns} FROM {table} "
        "WHERE person_no = %s AND {believed} AND {where} ORDER BY lower(valid)"
    ).format(columns=_names(table), table=_table(table), believed=believed, where=_where(where))
    at = () if known_at is None else (known_at,)
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, (person_no, *at, *where.values()))
        return [Period(row.pop("first"), row.pop("last"), row) for row in rows]


def there(connection: Connection, table: Table, person_no: int, period: Period) -> bool:
    """Tell whether a period stands there already.

    It does within one that says the same. One until further notice does too where one that says the
    same began on its first day, even if that has ended since: so a file can be imported again.
    """
    return any(
        all(old.says[name] == value for name, value in period.says.items())
        and (_within(period, old) or (period.last is None and old.first == period.first))
        for old in read(connection, table, person_no, _slot(table, period.says))
    )


def hold(
    connection: Connection, table: Table, person_no: int, period: Period, *, over: bool = False
) -> bool:
    """Write a period; return False when it stands there already.

    Where another holds on one of its days it is refused (`overlap`), unless it is to be written
    over; then one until further notice holds until the next that begins later. Raises Refusal.
    """
    ordered(period.first, period.last)
    if there(connection, table, person_no, period):
        return False
    if over:
        where = _slot(table, period.says)
        if period.last is None:
            held = read(connection, table, person_no, where)
            later = [old.first for old in held if old.first > period.first]
            period = Period(period.first, min(later) - _DAY if later else None, period.says)
        cut(connection, table, person_no, period.first, period.last, where=where)
    insert(connection, table, person_no, period)
    return True


def ordered(first: date, last: date | None) -> None:
    """Refuse a period that ends before it begins."""
    if last is not None and last < first:
        raise Refusal(
            "period",
            f"止日 {last} 早于起日 {first}",
            f"ends on {last}, before it begins on {first}",
            column="to",
        )


def cut(
    connection: Connection,
    table: Table,
    person_no: int,
    first: date,
    last: date | None = None,
    *,
    where: Mapping[str, Any] = _ALL,
) -> int:
    """End what holds between two days, keeping the days around; return how many periods it was."""
    query = sql.SQL(
        "UPDATE {table} SET known = tstzrange(lower(known), clock_timestamp()) "
        "WHERE person_no = %s AND upper_inf(known) AND valid && daterange(%s, %s, '[]') "
        "AND {where} RETURNING lower(valid) AS first, upper(valid) - 1 AS last, {columns}"
    ).format(columns=_names(table), table=_table(table), where=_where(where))
    with connection.cursor(row_factory=dict_row) as cursor:
        values = (person_no, first, last, *where.values())
        rows = cursor.execute(query, values).fetchall()
    for row in rows:
        old = Period(row.pop("first"), row.pop("last"), row)
        for piece in _around(old, first, last):
            insert(connection, table, person_no, piece)
    return len(rows)


def _around(old: Period, first: date, last: date | None) -> Iterator[Period]:
    if old.first < first:
        yield Period(old.first, first - _DAY, old.says)
    if last is not None and (old.last is None or last < old.last):
        yield Period(last + _DAY, old.last, old.says)


def _within(one: Period, other: Period) -> bool:
    ends = other.last is None or (one.last is not None and one.last <= other.last)
    return other.first <= one.first and ends


def insert(connection: Connection, table: Table, person_no: int, period: Period) -> None:
    """Write a period that does not stand there; raises Refusal where another one holds on a day."""
    names = [name for name in _COLUMNS[table] if name in period.says]
    query = sql.SQL(
        "INSERT INTO {table} (person_no, valid, {columns}) "
        "VALUES (%s, daterange(%s, %s, '[]'), {values}) ON CONFLICT DO NOTHING"
    ).format(
        table=_table(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, names)),
        values=sql.SQL(", ").join([sql.Placeholder()] * len(names)),
    )
    values = (person_no, period.first, period.last, *(period.says[name] for name in names))
    if not connection.execute(query, values).rowcount:
        until = period.last or "…"
        raise Refusal(
            "overlap",
            f"{period.first} 至 {until} 与已登记的时段重叠",
            f"{period.first} to {until} overlaps a period that is there",
            column="from",
        )


def _slot(table: Table, says: Mapping[str, Any]) -> dict[str, Any]:
    """Return by what a period is told apart from others of the person on the same days."""
    if table == "accounts.family":
        return {"relative": says["relative"]}
    if table == "qualification.site":
        return dict(says)
    if table != "enrolment.fact":
        return {}
    several = says["attribute"] in {"identities", "registered_diseases"}
    return {name: says[name] for name in ("attribute", *(["value"] if several else []))}


def _table(table: Table) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def _names(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, _COLUMNS[table]))


def _where(where: Mapping[str, Any]) -> sql.Composable:
    tests = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in where]
    return sql.SQL(" AND ").join(tests) if tests else sql.SQL("true")

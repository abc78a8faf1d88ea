"""Versions by validity: what a statement "from this day on, this holds" does to those there are.

A version is in force from `first` to `last`, both included; `last` None: until further notice. A
new one ends the one before on the day before. What was said of a later day stands: a statement
reaches up to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

from psycopg import sql
from psycopg.types.range import Range

from yibao.registry.register import Register
from yibao.store.database import Connection

Key = tuple[Any, ...]
Outcome = Literal["added", "changed", "ended", "corrected", "unchanged"]

ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Version:
    """What holds from a day to a day; `number` is the database's, None while it is not there."""

    first: date
    last: date | None
    content: tuple[Any, ...]
    number: int | None = None

    def holds_on(self, day: date) -> bool:
        """Tell whether it is in force on a day."""
        return self.first <= day and (self.last is None or day <= self.last)


class Conflict(Exception):
    """A statement that contradicts version `other`; `rule` says how."""

    def __init__(self, rule: str, other: Version) -> None:
        self.rule = rule
        self.other = other
        super().__init__(rule)


def place(
    held: Sequence[Version], new: Version, *, correct: bool = False
) -> tuple[Outcome, list[Version]]:
    """Return what a statement does, and the versions after it; `held` are in order of time.

    Said again, it does nothing. Raises Conflict where other content begins on the same day (unless
    `correct`), or where its own end lies within a later version.
    """
    current = next((v for v in held if v.holds_on(new.first)), None)
    later = next((v for v in held if v.first > new.first), None)
    same = current is not None and current.content == new.content
    if current is not None and same and _said(current, new.last, later):
        return "unchanged", list(held)
    if later is not None and new.last is not None and new.last >= later.first:
        raise Conflict("version_overlap", later)
    others = [v for v in held if v is not current]
    if current is not None and same:
        return "ended", _sorted(others, replace(current, last=new.last))
    if current is not None and current.first == new.first:
        if not correct:
            raise Conflict("version_differs", current)
        last = new.last or current.last
        return "corrected", _sorted(others, replace(current, last=last, content=new.content))
    if later is not None:
        new = replace(new, last=new.last or later.first - ONE)
    if current is None:
        return "added", _sorted(held, new)
    return "changed", _sorted(others, replace(current, last=new.first - ONE), new)


def _said(current: Version, last: date | None, later: Version | None) -> bool:
    """Tell whether `last` says nothing new of a version's end.

    An end that a later version has overtaken is none.
    """
    if last is None or last == current.last:
        return True
    overtaken = later is not None and current.last == later.first - ONE
    return overtaken and later is not None and last >= later.first


def _sorted(versions: Iterable[Version], *more: Version) -> list[Version]:
    return sorted([*versions, *more], key=lambda v: v.first)


# --- in the database ------------------------------------------------------------------------------


def span(first: date, last: date | None) -> Range[date]:
    """Return a period as the database's range, which ends before its upper bound."""
    return Range(first, None if last is None else last + ONE, "[)")


def last_day(upper: date | None) -> date | None:
    """Return the last day of a range of the database from its upper bound."""
    return None if upper is None else upper - ONE


def names(columns: Iterable[str]) -> sql.Composed:
    """Return the names of columns, for a statement."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def table_of(register: Register) -> sql.Identifier:
    """Return a register's table, for a statement."""
    return sql.Identifier(*register.table.split("."))


def where(register: Register, *conditions: sql.Composable) -> sql.Composed:
    """Return the condition that a row of the table is of a register, and others."""
    own = [
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(value))
        for column, value in register.fixed.items()
    ]
    return sql.SQL(" AND ").join([*own, *conditions, sql.SQL("true")])


def load(
    connection: Connection, register: Register, keys: Iterable[Key]
) -> dict[Key, list[Version]]:
    """Return the versions of entries, in order of time; an entry without any has an empty list."""
    wanted = list(dict.fromkeys(keys))
    found: dict[Key, list[Version]] = {key: [] for key in wanted}
    if not wanted:
        return found
    content = register.content
    arrays = [list(column) for column in zip(*wanted, strict=True)]
    query = sql.SQL(
        "SELECT {key}, {content}, version_id, lower(valid), upper(valid) FROM {table} WHERE {own} "
        "ORDER BY lower(valid)"
    ).format(
        key=names(register.key),
        content=names(content) if content else sql.SQL("NULL"),
        table=table_of(register),
        own=where(
            register,
            sql.SQL("({}) IN (SELECT * FROM unnest({}))").format(
                names(register.key), sql.SQL(", ").join([sql.SQL("%s::text[]")] * register.keys)
            ),
        ),
    )
    keys_end, cells_end = register.keys, register.keys + len(content)
    for *cells, number, first, upper in connection.execute(query, arrays):
        version = Version(first, last_day(upper), tuple(cells[keys_end:cells_end]), number)
        found[tuple(cells[:keys_end])].append(version)
    return found


def save(
    connection: Connection,
    register: Register,
    before: Mapping[Key, Sequence[Version]],
    after: Mapping[Key, Sequence[Version]],
) -> None:
    """Write what is different: first what ends or is corrected, then what is new."""
    known = {v.number: v for versions in before.values() for v in versions}
    changed = [
        (span(v.first, v.last), *v.content, v.number)
        for versions in after.values()
        for v in versions
        if v.number is not None and known[v.number] != v
    ]
    if changed:
        update = sql.SQL("UPDATE {} SET {} WHERE version_id = %s").format(
            table_of(register),
            sql.SQL(", ").join(
                sql.SQL("{} = %s").format(sql.Identifier(c)) for c in ("valid", *register.content)
            ),
        )
        with connection.cursor() as cursor:
            cursor.executemany(update, changed)
    insert = sql.SQL("COPY {} ({}) FROM STDIN").format(
        table_of(register), names((*register.key, *register.content, *register.fixed, "valid"))
    )
    made = [(k, v) for k, versions in after.items() for v in versions if v.number is None]
    if made:
        with connection.cursor() as cursor, cursor.copy(insert) as copy:
            for key, v in made:
                copy.write_row((*key, *v.content, *register.fixed.values(), span(v.first, v.last)))

"""Lists out of the registers for those who look something up: a page of what fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from yibao.store.database import Connection

MOST = 1_000
"""Most rows of a list that has no pages."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An institution; `credit_code` "": not registered."""

    institution_id: str
    name: str
    kind: Literal["hospital", "pharmacy"]
    level: str
    credit_code: str


def institutions(
    connection: Connection, kind: str, day: date, *, institution_id: str = "", name: str = ""
) -> list[Listed]:
    """Return institutions of a kind; where given, of an id, and with a name that contains one."""
    rows = connection.execute(
        "SELECT institution_id, name, kind, level, credit_code FROM registry.institution "
        "WHERE kind = %s AND valid @> %s::date AND (%s = '' OR institution_id = %s) "
        "AND position(%s IN name) > 0 ORDER BY institution_id LIMIT %s",
        (kind, day, institution_id, institution_id, name, MOST),
    )
    return [Listed(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Department:
    """A department of an institution."""

    code: str
    name: str
    first: date
    last: date | None


def departments(connection: Connection, institution_id: str, day: date) -> list[Department]:
    """Return the departments of an institution."""
    rows = connection.execute(
        "SELECT department, name, lower(valid), upper(valid) - 1 FROM registry.department "
        "WHERE institution_id = %s AND valid @> %s::date ORDER BY department",
        (institution_id, day),
    )
    return [Department(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Practitioner:
    """Who practises at an institution, `first` and `last` being the days there."""

    practitioner_id: str
    name: str
    profession: str
    roster_status: str
    licence: str
    first: date
    last: date | None


def practitioners(
    connection: Connection,
    institution_id: str,
    profession: str,
    day: date,
    *,
    practitioner_id: str = "",
    name: str = "",
) -> list[Practitioner]:
    """Return who practises at an institution in a profession."""
    rows = connection.execute(
        "SELECT practitioner_id, name, profession, roster_status, licence, lower(s.valid), "
        "upper(s.valid) - 1 FROM registry.practice_site AS s "
        "JOIN registry.practitioner AS p USING (practitioner_id) "
        "WHERE s.institution_id = %s AND s.valid @> %s::date AND p.valid @> %s::date "
        "AND profession = %s AND (%s = '' OR practitioner_id = %s) "
        "AND position(%s IN p.name) > 0 ORDER BY practitioner_id LIMIT %s",
        (
            *(institution_id, day, day, profession),
            *(practitioner_id, practitioner_id, name, MOST),
        ),
    )
    return [Practitioner(*row) for row in rows]


# --- catalogues, by pages -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a list: `size` of them, after those of the pages before `number` (from 1)."""

    number: int
    size: int

    @property
    def before(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * self.size


@dataclass(frozen=True, slots=True)
class Sought:
    """Which items of the catalogues: those of all that is given, on a day, changed since one."""

    day: date
    since: date
    kinds: Sequence[str]
    code: str = ""
    name: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """An item as it is listed; `standard` in fen, `first_self_pay` as text of a decimal.

    `mark` is the moment at which it was written down, as marks of `release` are.
    """

    kind: str
    code: str
    name: str
    item_class: str
    standard: int | None
    first_self_pay: str
    unit: str
    restricted: bool
    version_id: int
    recorded_on: date
    first: date
    last: date | None
    mark: str


def items(connection: Connection, sought: Sought, page: Page) -> list[Found]:
    """Return a page of items by kind and code."""
    rows = connection.execute(
        "SELECT kind, code, name, class, standard, first_self_pay::text, unit, restriction <> '', "
        "version_id, recorded_at::date, lower(valid), upper(valid) - 1, "
        "to_char(recorded_at, 'YYYYMMDDHH24MISSUS') FROM registry.item "
        "WHERE valid @> %s::date AND recorded_at >= %s AND kind = ANY(%s) "
        "AND (%s = '' OR code = %s) AND position(%s IN name) > 0 "
        "AND (%s = '' OR %s = ANY(tags)) "
        "ORDER BY kind, code LIMIT %s OFFSET %s",
        (
            *(sought.day, sought.since, list(sought.kinds)),
            *(sought.code, sought.code, sought.name, sought.tag, sought.tag),
            *(page.size, page.before),
        ),
    )
    return [Found(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class LocalCode:
    """An institution's own code of an item, with what it is mapped to."""

    kind: str
    local_code: str
    code: str
    name: str
    version_id: int
    recorded_on: date
    first: date
    last: date | None


def local_codes(
    connection: Connection,
    institution_id: str,
    sought: Sought,
    page: Page,
    *,
    local_code: str = "",
) -> list[LocalCode]:
    """Return a page of an institution's mappings; `sought` is of what they are mapped to."""
    rows = connection.execute(
        "SELECT l.kind, l.local_code, l.code, coalesce(i.name, ''), l.version_id, "
        "l.recorded_at::date, lower(l.valid), upper(l.valid) - 1 FROM registry.local_code AS l "
        "LEFT JOIN registry.item AS i "
        "ON (i.kind, i.code) = (l.kind, l.code) AND i.valid @> %s::date "
        "WHERE l.institution_id = %s AND l.valid @> %s::date AND l.recorded_at >= %s "
        "AND l.kind = ANY(%s) AND (%s = '' OR l.code = %s) "
        "AND (%s = '' OR l.local_code = %s) "
        "ORDER BY l.kind, l.local_code LIMIT %s OFFSET %s",
        (
            *(sought.day, institution_id, sought.day, sought.since, list(sought.kinds)),
            *(sought.code, sought.code, local_code, local_code, page.size, page.before),
        ),
    )
    return [LocalCode(*row) for row in rows]

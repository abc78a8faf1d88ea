"""How long a prescription is good, for how many days it may be: numbers from a day on, cited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.store.database import Connection
from yibao.text import Text

Name = Literal["prescription_hours", "prescription_days", "long_prescription_days"]

NAMES: dict[Name, Text] = {
    "prescription_hours": Text("处方有效小时数", "Hours for which a prescription is good"),
    "prescription_days": Text("普通处方最多天数", "Days of supply of a prescription"),
    "long_prescription_days": Text(
        "长期处方最多天数", "Days of supply of a long-term prescription"
    ),
}


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A number with where it is laid down, from a day on."""

    name: Name
    value: int
    cite: str
    first: date
    last: date | None


def ceilings(connection: Connection) -> list[Ceiling]:
    """Return all that are, were and will be in force."""
    rows = connection.execute(
        "SELECT name, value, cite, lower(valid), upper(valid) - 1 FROM dispensing.ceiling "
        "ORDER BY name, lower(valid)"
    )
    return [Ceiling(*row) for row in rows]


def ceiling(connection: Connection, name: Name, day: date) -> Ceiling | None:
    """Return a ceiling on a day, None where none is laid down."""
    return next(
        (
            c
            for c in ceilings(connection)
            if c.name == name and c.first <= day and (c.last is None or day <= c.last)
        ),
        None,
    )


def set_ceiling(
    connection: Connection, name: Name, value: int, cite: str, first: date, *, actor: str
) -> None:
    """Lay a ceiling down from a day on, in place of what holds then; raises Refusal.

    Nothing may have been laid down for a later day.
    """
    if value <= 0 or not cite:
        raise Refusal(
            "ceiling", "数值应大于零并写明出处", "a number above zero, and a cite", column="value"
        )
    if any(c.name == name and c.first >= first for c in ceilings(connection)):
        raise Refusal(
            "later",
            f"{name} 已有自 {first} 或更晚起的规定",
            f"{name} is laid down from {first} or a later day already",
            column="from",
        )
    connection.execute(
        "UPDATE dispensing.ceiling SET valid = valid * daterange(NULL, %s) "
        "WHERE name = %s AND valid @> %s::date",
        (first, name, first),
    )
    connection.execute(
        "INSERT INTO dispensing.ceiling (name, value, cite, valid) "
        "VALUES (%s, %s, %s, daterange(%s, NULL))",
        (name, value, cite, first),
    )
    note(connection, actor, "set-ceiling", f"ceiling:{name}", value=value, cite=cite, first=first)

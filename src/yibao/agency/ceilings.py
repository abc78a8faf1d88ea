"""Limits that are numbers: each with where it is laid down, from a day on.

How long a prescription is good, for how many days it may be, how often a choice may change. A grade
says how far a number can be trusted, as in the packs: A the document itself … D unverified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.store.database import Connection
from yibao.text import Text

PrescriptionName = Literal["prescription_hours", "prescription_days", "long_prescription_days"]
ChoiceName = Literal["level_3_changes", "primary_changes"]
Name = PrescriptionName | ChoiceName
Grade = Literal["A", "B", "C", "D"]

PRESCRIPTIONS: dict[Name, Text] = {
    "prescription_hours": Text("处方有效小时数", "Hours for which a prescription is good"),
    "prescription_days": Text("普通处方最多天数", "Days of supply of a prescription"),
    "long_prescription_days": Text(
        "长期处方最多天数", "Days of supply of a long-term prescription"
    ),
}
CHOICES: dict[Name, Text] = {
    "level_3_changes": Text(
        "一年内变更选定三级医院的次数", "Changes of the level-3 hospital within a calendar year"
    ),
    "primary_changes": Text(
        "一年内变更签约基层机构的次数",
        "Changes of the contracted institution within a calendar year",
    ),
}
NAMES = PRESCRIPTIONS | CHOICES
"""What may be limited; a choice may be limited to no change at all, the others are above zero."""

UNVERIFIED: Grade = "D"
"""The grade of what nobody has read where it is cited."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A number with where it is laid down, from a day on; `source` is where it was read."""

    name: Name
    value: int
    cite: str
    first: date
    last: date | None
    grade: Grade
    source: str

    @property
    def cited(self) -> Text:
        """Return where it is laid down, and that nobody has verified it where that is so."""
        if self.grade != UNVERIFIED:
            return Text(self.cite, self.cite)
        return Text(f"{self.cite}，未核实", f"{self.cite}, unverified")


def ceilings(connection: Connection) -> list[Ceiling]:
    """Return all that are, were and will be in force."""
    rows = connection.execute(
        "SELECT name, value, cite, lower(valid), upper(valid) - 1, grade, source FROM ops.ceiling "
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
    connection: Connection,
    name: Name,
    value: int,
    cite: str,
    first: date,
    *,
    grade: Grade = "A",
    actor: str,
) -> None:
    """Lay a ceiling down from a day on, in place of what holds then; raises Refusal.

    Nothing may have been laid down for that or a later day. Of two at once one is refused.
    """
    least = 0 if name in CHOICES else 1
    if not least <= value < 2**31 or not cite:
        raise Refusal(
            "ceiling",
            f"数值不小于 {least}，并写明出处",
            f"a number from {least} on, and a cite",
            column="value",
        )
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 726009))", (name,))
    if any(c.name == name and c.first >= first for c in ceilings(connection)):
        raise Refusal(
            "later",
            f"{name} 已有自 {first} 或更晚起的规定",
            f"{name} is laid down from {first} or a later day already",
            column="from",
        )
    connection.execute(
        "UPDATE ops.ceiling SET valid = valid * daterange(NULL, %s) "
        "WHERE name = %s AND valid @> %s::date",
        (first, name, first),
    )
    connection.execute(
        "INSERT INTO ops.ceiling (name, value, cite, grade, valid) "
        "VALUES (%s, %s, %s, %s, daterange(%s, NULL))",
        (name, value, cite, grade, first),
    )
    says = {"value": value, "cite": cite, "grade": grade, "first": first}
    note(connection, actor, "set-ceiling", f"ceiling:{name}", **says)

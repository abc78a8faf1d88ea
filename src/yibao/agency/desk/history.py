"""What the desk remembers of a person: drugs for chronic diseases, the sums of their years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from yibao.store.database import Connection

CHRONIC = ("special_outpatient", "chronic_outpatient", "two_disease")
"""Visits for diseases that are registered."""


@dataclass(frozen=True, slots=True)
class Dispensed:
    """A drug that a person was given; `price` in fen, which may be a fraction of one."""

    settlement_id: int
    number: int
    institution_id: str
    institution_name: str
    visit: str
    served_on: date
    quantity: Decimal
    price: Decimal
    item_class: str
    item_kind: str
    code: str
    local_code: str
    name: str


def dispensed(
    connection: Connection, person_id: str, first: date, last: date | None
) -> Sequence[Dispensed]:
    """Return the drugs that a person got for registered diseases, by the day; none taken back."""
    rows = connection.execute(
        """
        SELECT settlement_id, number, institution_id,
               coalesce((SELECT name FROM registry.institution AS i
                         WHERE i.institution_id = s.institution_id AND i.valid @> s.day),
                        institution_id),
               visit, served_on, quantity, price, item_class, item_kind, code, local_code,
               coalesce((SELECT name FROM registry.item AS i
                         WHERE (i.kind, i.code) = (l.item_kind, l.code) AND i.valid @> served_on),
                        code)
        FROM desk.settlement AS s JOIN desk.line AS l USING (settlement_id, settled_on)
        WHERE person_id = %(person)s AND s.kind = 'settlement' AND visit = ANY(%(visits)s)
          AND item_kind IN ('drug', 'herbal', 'preparation')
          AND served_on >= %(first)s AND (%(last)s::date IS NULL OR served_on <= %(last)s)
          AND NOT EXISTS (SELECT FROM desk.reversed AS r WHERE r.settlement_id = s.settlement_id)
        ORDER BY served_on, settlement_id, number LIMIT 10000
        """,
        {"person": person_id, "visits": list(CHRONIC), "first": first, "last": last},
    )
    return [Dispensed(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A value of a person's year in a scheme: fen, or a count."""

    scheme: str
    year: int
    name: str
    value: int


def remembered(connection: Connection, person_id: str) -> Sequence[Remembered]:
    """Return the values of a person's years that are not 0."""
    rows = connection.execute(
        "SELECT scheme, year, v.key, v.value::bigint FROM desk.person_year, "
        "jsonb_each_text(values) AS v WHERE person_id = %s ORDER BY year, scheme, v.key",
        (person_id,),
    )
    return [Remembered(*row) for row in rows]

"""Which bills are paid, and for how many months a person has contributed.

A bill is paid when all that the person and the employer owe of it has come: what public finance
owes keeps nobody waiting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from yibao.agency.contributions.payers import SUBSIDIES
from yibao.settlement.coverage import first_day
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Paid:
    """A paid bill; months are numbers. `facts` and `gives` are what the bill was made of."""

    scheme: str
    item: str
    first: int
    last: int
    paid_on: date
    facts: Mapping[str, Any]
    gives: Mapping[str, int]


def paid(connection: Connection, person_id: str) -> list[Paid]:
    """Return the paid bills of a person in order of time; what costs nothing is paid in time."""
    rows = connection.execute(
        """
        SELECT scheme, item, lower(months), upper(months) - 1,
               (SELECT max(received_on) FROM contributions.standing_share AS s
                JOIN contributions.receipt USING (receipt_id)
                WHERE s.bill_id = b.bill_id AND NOT s.name = ANY(%(subsidies)s)),
               facts, gives
        FROM contributions.bill AS b JOIN enrolment.person USING (person_no)
        WHERE person_id = %(person)s AND cancelled_by IS NULL
          AND NOT EXISTS (SELECT FROM contributions.part AS p
                          WHERE p.bill_id = b.bill_id AND received < fen
                            AND NOT p.name = ANY(%(subsidies)s))
        ORDER BY months, bill_id
        """,
        {"person": person_id, "subsidies": sorted(SUBSIDIES)},
    )
    return [
        Paid(scheme, item, first, last, on or first_day(first), facts, gives)
        for scheme, item, first, last, on, facts, gives in rows
    ]


def any_paid(connection: Connection, bills: Sequence[int]) -> bool:
    """Tell whether one of some bills is paid."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM unnest(%s::bigint[]) AS b WHERE NOT EXISTS "
        "(SELECT FROM contributions.part WHERE bill_id = b AND received < fen "
        "AND NOT name = ANY(%s)))",
        (list(bills), sorted(SUBSIDIES)),
    ).fetchone()
    assert row is not None
    return bool(row[0])


def months_paid(connection: Connection, person_id: str) -> int:
    """Return for how many months a person has contributed as an employee, here and before.

    Months that went along to another region are not counted here any more.
    """
    here = sum(
        p.last - p.first + 1
        for p in paid(connection, person_id)
        if (p.scheme, p.item) == ("employee", "basic")
    )
    row = connection.execute(
        "SELECT coalesce(sum(CASE direction WHEN 'in' THEN months ELSE -months END), 0)::int "
        "FROM enrolment.transfer WHERE person_id = %s",
        (person_id,),
    ).fetchone()
    assert row is not None
    return here + int(row[0])

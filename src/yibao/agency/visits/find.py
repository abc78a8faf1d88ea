"""Look up visits, their diagnoses and what was charged: nothing is locked, nothing written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from psycopg.rows import dict_row

from yibao.agency.enrolment.sealed import FEE
from yibao.agency.visits.charges import Row
from yibao.agency.visits.visit import Diagnosis, Visit, read, unknown_visit
from yibao.store.database import Connection
from yibao.store.vault import vault

MOST = 1_000
"""Most visits of one look-up."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which visits of an institution: begun in a time; where given of a person, a visit, stays."""

    institution_id: str
    first: datetime
    last: datetime
    person_id: str = ""
    visit_id: int | None = None
    in_hospital: bool = False


def visits(connection: Connection, wanted: Wanted) -> list[Visit]:
    """Return visits that were not withdrawn, in the order in which they began."""
    return read(
        connection,
        "institution_id = %s AND state <> 'withdrawn' "
        "AND begun_at BETWEEN %s AND %s AND (%s = '' OR person_id = %s) "
        "AND visit_id = coalesce(%s, visit_id) "
        "AND (NOT %s OR (kind = 'stay' AND state = 'open')) "
        "ORDER BY begun_at, visit_id LIMIT %s",
        (
            *(wanted.institution_id, wanted.first, wanted.last),
            *(wanted.person_id, wanted.person_id, wanted.visit_id, wanted.in_hospital, MOST),
        ),
    )


def visit(connection: Connection, institution_id: str, person_id: str, number: int) -> Visit:
    """Return a visit of an institution and a person; raises Refusal where there is none."""
    found = read(
        connection,
        "(visit_id, institution_id, person_id) = (%s, %s, %s)",
        (number, institution_id, person_id),
    )
    if not found:
        raise unknown_visit(person_id, number)
    return found[0]


def diagnoses(connection: Connection, visit_id: int) -> Sequence[tuple[str, Diagnosis]]:
    """Return the diagnoses of a visit, with when each was made: admission, discharge, visit."""
    rows = connection.execute(
        "SELECT made_at, kind, number, code, name, main, department, practitioner_id, diagnosed_at "
        "FROM visits.diagnosis WHERE visit_id = %s ORDER BY made_at, kind, number",
        (visit_id,),
    )
    return [(made_at, Diagnosis(*cells)) for made_at, *cells in rows]


def settled_lines(connection: Connection, visit_id: int, settlement_id: int) -> list[Row]:
    """Return the lines that a settlement of a visit took, with the catalogue's name of each."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT f.*, coalesce((SELECT name FROM registry.item AS i "
            "WHERE (i.kind, i.code) = (f.item_kind, f.code) AND i.valid @> f.charged_at::date), "
            "f.code) AS item_name FROM visits.fee AS f JOIN visits.settled AS s USING (visit_id) "
            "WHERE visit_id = %s AND s.settlement_id = %s AND f.settlement_id = s.settlement_id "
            "ORDER BY fee_id",
            (visit_id, settlement_id),
        ).fetchall()
    safe = vault(connection)
    return [
        {
            **row,
            **{n: Fraction(row[n]) for n in ("quantity", "price")},
            "says": FEE.open_told(safe, row["fee_id"], row["says"]),
        }
        for row in rows
    ]


def visit_of_settlement(connection: Connection, settlement_id: int) -> int | None:
    """Return the visit that a settlement is of, None where it is of none."""
    row = connection.execute(
        "SELECT visit_id FROM visits.settled WHERE settlement_id = %s", (settlement_id,)
    ).fetchone()
    return None if row is None else row[0]

"""Employers: find one, and who works there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from psycopg.rows import class_row

from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Employer:
    """An employer as registered."""

    employer_id: str
    name: str
    kind: str
    division: str


def find(connection: Connection, employer_id: str) -> Employer | None:
    """Return an employer by id."""
    with connection.cursor(row_factory=class_row(Employer)) as cursor:
        return cursor.execute(
            "SELECT employer_id, name, kind, division FROM enrolment.employer "
            "WHERE employer_id = %s",
            (employer_id,),
        ).fetchone()


@dataclass(frozen=True, slots=True)
class Staff:
    """Who works for an employer on a day, from when to when, at which wage, fen a month."""

    person_no: int
    person_id: str
    first: date
    last: date | None
    wage: int


def staff(
    connection: Connection, employer_id: str, day: date, after: int, limit: int
) -> list[Staff]:
    """Return at most so many of an employer's staff on a day, in the order of registration."""
    rows = connection.execute(
        "SELECT person_no, person_id, lower(valid), upper(valid) - 1, wage "
        "FROM enrolment.employment JOIN enrolment.person USING (person_no) "
        "WHERE employer_id = %s AND upper_inf(known) AND valid @> %s::date AND person_no > %s "
        "ORDER BY person_no LIMIT %s",
        (employer_id, day, after, limit),
    )
    return [Staff(*row) for row in rows]

"""Under which schemes a person is insured on a day, as told to whoever treats them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Insurance:
    """Membership or coverage of a scheme from `first` to `last`; `covered`: benefits that day."""

    scheme: str
    category: str
    first: date
    last: date | None
    covered: bool
    employer: str = ""


def insurances(connection: Connection, person_no: int, day: date) -> list[Insurance]:
    """Return what a person is insured by on a day; before what went on, what ended last.

    Who has coverage without a membership is of a register that was taken over.
    """
    rows = connection.execute(
        """
        WITH held AS (
          SELECT scheme, category, valid, true AS coverage FROM enrolment.coverage
          WHERE person_no = %(person)s AND upper_inf(known) AND lower(valid) <= %(day)s
          UNION ALL
          SELECT scheme, category, valid, false FROM enrolment.membership
          WHERE person_no = %(person)s AND upper_inf(known) AND lower(valid) <= %(day)s
        ), latest AS (
          SELECT DISTINCT ON (scheme) scheme, category, lower(valid) AS first,
                 upper(valid) - 1 AS last
          FROM held ORDER BY scheme, valid @> %(day)s DESC, coverage, lower(valid) DESC
        )
        SELECT l.*,
               EXISTS (SELECT FROM held AS h WHERE h.scheme = l.scheme AND h.coverage
                       AND h.valid @> %(day)s),
               coalesce((SELECT e.name FROM enrolment.employment AS w
                         JOIN enrolment.employer AS e USING (employer_id)
                         WHERE w.person_no = %(person)s AND upper_inf(w.known)
                           AND w.valid @> %(day)s AND l.scheme = 'employee'), '')
        FROM latest AS l ORDER BY l.last IS NULL OR l.last >= %(day)s DESC, l.scheme
        """,
        {"person": person_no, "day": day},
    )
    return [Insurance(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Identity:
    """A relief identity that holds of a person from `first` to `last`."""

    code: str
    first: date
    last: date | None


def identities(connection: Connection, person_no: int, day: date) -> list[Identity]:
    """Return the relief identities of a person on a day, by code."""
    rows = connection.execute(
        "SELECT value, lower(valid), upper(valid) - 1 FROM enrolment.fact "
        "WHERE person_no = %s AND attribute = 'identities' AND upper_inf(known) "
        "AND valid @> %s::date ORDER BY value",
        (person_no, day),
    )
    return [Identity(*row) for row in rows]

"""Accidents filed for a person: what happened where, and when care for it is claimed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from psycopg.types.json import Jsonb
from psycopg.types.range import DateRange

from yibao.agency.enrolment import periods
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Accident:
    """An accident; care from `first` to `last`, inclusive, is for it; `says` is what else is told.

    `institution_id` is where the person is treated, "" while that is not known.
    """

    person_id: str
    institution_id: str
    happened_on: date | None
    place: str
    cause: str
    first: date
    last: date | None = None
    says: Mapping[str, str] = field(default_factory=dict)


def file(connection: Connection, accident: Accident, *, actor: str) -> int:
    """File an accident; return its number.

    Raises Refusal: nobody of that id, days that cannot be.
    """
    locked(connection, accident.person_id)
    periods.ordered(accident.first, accident.last)
    row = connection.execute(
        "INSERT INTO filing.accident (person_id, institution_id, happened_on, place, cause, valid, "
        "says) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING accident_id",
        (
            *(accident.person_id, accident.institution_id, accident.happened_on),
            *(accident.place, accident.cause),
            DateRange(accident.first, accident.last, "[]"),
            Jsonb(dict(accident.says)),
        ),
    ).fetchone()
    assert row is not None
    note(connection, actor, "file-accident", f"accident:{row[0]}", person=accident.person_id)
    return int(row[0])

"""Accidents filed for a person: what happened where, and when care for it is claimed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from psycopg.types.range import DateRange

from yibao.agency.enrolment import periods
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.sealed import ACCIDENT, numbers
from yibao.store.database import Connection
from yibao.store.vault import vault


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
    safe, (number,) = vault(connection), numbers(connection, ACCIDENT)
    connection.execute(
        "INSERT INTO filing.accident (accident_id, person_id, institution_id, happened_on, place, "
        "cause, valid, says) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(number, accident.person_id, accident.institution_id, accident.happened_on),
            ACCIDENT.seal(safe, "place", number, accident.place),
            ACCIDENT.seal(safe, "cause", number, accident.cause),
            DateRange(accident.first, accident.last, "[]"),
            ACCIDENT.seal_told(safe, number, accident.says),
        ),
    )
    note(connection, actor, "file-accident", f"accident:{number}", person=accident.person_id)
    return number

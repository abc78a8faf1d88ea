"""All that held of a person, as it is believed now or was known at an instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from yibao.agency.enrolment import periods
from yibao.agency.enrolment.persons import find, unknown
from yibao.store.database import Connection

Kind = Literal["membership", "employment", "fact", "coverage"]

_TABLES: Mapping[Kind, periods.Table] = {
    "membership": "enrolment.membership",
    "employment": "enrolment.employment",
    "fact": "enrolment.fact",
    "coverage": "enrolment.coverage",
}


@dataclass(frozen=True, slots=True)
class Held:
    """What held from `first` to `last`; amounts in fen."""

    kind: Kind
    first: date
    last: date | None
    says: Mapping[str, Any]


def history(
    connection: Connection, person_id: str, known_at: datetime | None = None
) -> Sequence[Held]:
    """Return what held of a person, by kind and in order of time; raises Refusal for nobody."""
    person = find(connection, person_id)
    if person is None:
        raise unknown(person_id)
    return [
        Held(kind, period.first, period.last, period.says)
        for kind, table in _TABLES.items()
        for period in periods.read(connection, table, person.person_no, known_at=known_at)
    ]

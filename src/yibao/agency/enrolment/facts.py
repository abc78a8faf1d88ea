"""What else rules look at: relief identities, registered diseases, flags, institutions chosen.

Each holds for a period and has a source, such as the department that reported it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from yibao.agency.enrolment import periods
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.periods import Period
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.policy.vocabulary import vocabulary
from yibao.store.database import Connection

TRUE = "true"
"""The value of a flag while it holds."""


def hold(
    connection: Connection,
    person_id: str,
    attribute: str,
    value: str,
    first: date,
    *,
    last: date | None = None,
    source: str,
    actor: str,
) -> bool:
    """Write that something holds of a person, over what was there before; False if it is there.

    An identity that holds until further notice and is reported again with an end, ends then.
    Raises Refusal.
    """
    person = locked(connection, person_id).person
    codes = vocabulary().attributes[attribute].codes if attribute == "identities" else None
    if codes is not None and value not in codes:
        raise Refusal(
            "known_code", f"没有身份代码 {value}", f"no identity {value}", column="identity"
        )
    number = person.person_no
    says = {"attribute": attribute, "value": value, "source": source}
    where = {"attribute": attribute, "value": value}
    held = periods.read(connection, "enrolment.fact", number, where)
    if any(p.first == first and p.last == last and p.says == says for p in held):
        return False
    ended = 0
    if last is not None and any(p.first <= first and p.last is None for p in held):
        after = last + timedelta(days=1)
        ended = periods.cut(connection, "enrolment.fact", number, after, where=where)
    made = periods.hold(connection, "enrolment.fact", number, Period(first, last, says), over=True)
    if made or ended:
        note(connection, actor, "fact", f"person:{person_id}", **says, first=first, last=last)
    return made or bool(ended)


@dataclass(frozen=True, slots=True)
class Late:
    """Something that held before it was known: what was settled in between needs a look."""

    person_id: str
    attribute: str
    value: str
    first: date
    known_on: date


def late(connection: Connection, since: date) -> list[Late]:
    """Return what has become known since a day and began to hold before that, the newest last."""
    rows = connection.execute(
        """
        SELECT person_id, attribute, value, lower(valid), lower(known)::date
        FROM enrolment.fact AS f JOIN enrolment.person USING (person_no)
        WHERE upper_inf(known) AND lower(known) >= %s AND lower(valid) < lower(known)::date
          AND NOT EXISTS (SELECT FROM enrolment.fact AS old WHERE old.person_no = f.person_no
                          AND old.slot = f.slot AND old.value = f.value
                          AND lower(old.known) < lower(f.known) AND old.valid @> lower(f.valid))
        ORDER BY lower(known), fact_id
        """,
        (since,),
    )
    return [Late(*row) for row in rows]


def end(
    connection: Connection, person_id: str, attribute: str, value: str, last: date, *, actor: str
) -> bool:
    """End what holds of a person after a day; return False when it did not go on."""
    person = locked(connection, person_id).person
    first = last + timedelta(days=1)
    where = {"attribute": attribute, "value": value}
    ended = periods.cut(connection, "enrolment.fact", person.person_no, first, where=where)
    if ended:
        note(connection, actor, "end-fact", f"person:{person_id}", **where, last=last)
    return bool(ended)

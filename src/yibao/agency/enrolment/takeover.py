"""Take over a register that was kept elsewhere: statuses of a persons file, as they stand there."""

from __future__ import annotations

from yibao.agency.enrolment import facts
from yibao.agency.enrolment.memberships import state_coverage
from yibao.agency.enrolment.persons import Person, find, register
from yibao.agency.enrolment.profile import Membership
from yibao.agency.enrolment.refusal import Refusal
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.model import Status
from yibao.store.database import Connection

SOURCE = "register taken over"


def take_over(connection: Connection, status: Status, *, actor: str) -> bool:
    """Write a status, and register the person if nobody has that id; False if it is there.

    Such a person has no identity number until it is changed. Raises Refusal.
    """
    known = find(connection, status.person_id)
    if known is None:
        register(connection, Person(status.person_id, status.birth_date), actor=actor)
    elif known.birth_date != status.birth_date:
        raise Refusal(
            "birth_date_stays",
            f"登记的出生日期是 {known.birth_date}",
            f"registered as born on {known.birth_date}",
            column="birth_date",
        )
    names = [a.name for a in vocabulary().of("person") if a.kind != "number"]
    says = dict(zip(names, status.facts, strict=True))
    member = Membership(
        str(says.pop("scheme")), str(says.pop("category")), str(says.pop("contribution_tier"))
    )
    made = state_coverage(
        connection, status.person_id, member, status.first, status.last, actor=actor
    )
    held = [
        *((name, code) for name, value in says.items() for code in _codes(value)),
        ("chosen_institution", status.chosen_institution),
        ("contracted_institution", status.contracted_institution),
    ]
    for name, value in held:
        if value:
            made |= facts.hold(
                connection,
                status.person_id,
                name,
                value,
                status.first,
                last=status.last,
                source=SOURCE,
                actor=actor,
            )
    return made


def _codes(value: object) -> list[str]:
    """Return what holds: the codes of a set, "true" for a flag."""
    if isinstance(value, frozenset):
        return sorted(value)
    return [facts.TRUE] if value is True else []

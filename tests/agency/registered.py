"""Persons for tests: identity numbers that keep to the standard, registration in one line."""

from datetime import date
from itertools import count
from typing import Any

from yibao.agency.contributions.bills import Wanted, bill
from yibao.agency.enrolment.files import KINDS, Job
from yibao.agency.enrolment.memberships import Enrolment, enrol
from yibao.agency.enrolment.persons import RESIDENT_ID, Person, register
from yibao.agency.enrolment.profile import Membership
from yibao.registry.codes import identity_check
from yibao.settlement.coverage import month_of
from yibao.settlement.procedure import Office
from yibao.store.database import Connection

ACTOR = "clerk"
BIRTH = date(1980, 5, 1)
EMPLOYEE: dict[str, Any] = {"scheme": "employee", "category": "in_service"}
RESIDENT: dict[str, Any] = {"scheme": "resident", "category": "adult", "contribution_tier": "low"}

_numbers = count(1)


def identity(birth: date = BIRTH, sequence: int | None = None, division: str = "120101") -> str:
    """Return a right identity number; an odd sequence is a man's."""
    at = next(_numbers) * 2 % 1000 if sequence is None else sequence
    digits = f"{division}{birth:%Y%m%d}{at:03d}"
    return digits + identity_check(digits)


def person(person_id: str, birth: date = BIRTH, **given: Any) -> Person:
    """Return a person with an identity number."""
    number = given.pop("identity_number", None) or identity(birth)
    name = given.pop("name", f"甲{person_id}")
    return Person(person_id, birth, name, RESIDENT_ID, number, **given)


def enrolled(
    connection: Connection,
    person_id: str,
    first: str = "2022-01-01",
    *,
    last: str | None = None,
    birth: date = BIRTH,
    office: Office | None = None,
    who: dict[str, Any] | None = None,
    **says: Any,
) -> Person:
    """Register somebody and enrol them."""
    made = person(person_id, birth, **(who or {}))
    register(connection, made, actor=ACTOR)
    ends = None if last is None else date.fromisoformat(last)
    membership = Membership(**says)
    wanted = Enrolment(person_id, membership, date.fromisoformat(first), ends)
    enrol(connection, wanted, actor=ACTOR, office=office)
    return made


def elsewhere(
    connection: Connection, number: str | None, first: str, *, last: str | None = None, **says: str
) -> None:
    """Let another region report an enrolment, of 130100 in the scheme of employees unless said."""
    values = {"identity_number": number, "region": "130100", "scheme": "employee", **says}
    days = {"from": date.fromisoformat(first), "to": date.fromisoformat(last) if last else None}
    job = Job(None, ACTOR)  # type: ignore[arg-type]
    KINDS["elsewhere"].writer(job)(connection, values | days)


def month(text: str) -> int:
    """Return the number of a month such as 2022-03."""
    return month_of(date.fromisoformat(f"{text}-01"))


def billed(
    connection: Connection,
    office: Office,
    person_id: str,
    first: str,
    last: str | None = None,
    **given: Any,
) -> list[int]:
    """Bill somebody for months."""
    on = given.pop("on", date.fromisoformat(f"{first}-01"))
    wanted = Wanted(person_id, month(first), month(last or first), on, **given)
    return bill(connection, office, wanted, actor=ACTOR)

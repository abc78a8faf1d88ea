"""What holds of a person on a day, and what of it the rules of a procedure may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from yibao.agency.enrolment import periods
from yibao.agency.enrolment.persons import Known
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import identity_index
from yibao.policy.model import Value
from yibao.store.database import Connection

EMPLOYED = "employer_staff"
"""The kind of contributor of whoever has an employer."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Membership of a scheme, in the vocabulary's terms.

    contributor      who one is without an employment: flexible, employer_retiree … or none
    permit_until     last day of the residence permit of whoever is registered elsewhere
    pays_every       for how many months one pays at once: 1, 3 or 12
    pension          fen a month, where credits to the personal account go by it
    """

    scheme: str
    category: str
    contribution_tier: str = "none"
    contributor: str = "none"
    household_id: str = ""
    household_register: str = "local"
    permit_until: date | None = None
    county: str = "none"
    pays_every: int = 1
    newborn: bool = False
    pension: int | None = None
    within_collection_period: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """What holds of a person on a day; the wage in fen a month."""

    person: Known
    day: date
    membership: Membership
    identities: frozenset[str] = frozenset()
    flags: Mapping[str, bool] = field(default_factory=dict)
    employer_id: str = ""
    employer_kind: str = ""
    wage: int | None = None
    employee_insured: bool = False

    @property
    def contributor(self) -> str:
        """Who one is as a payer: an employee while there is an employment."""
        return EMPLOYED if self.employer_id else self.membership.contributor


def on_day(
    connection: Connection, person: Known, day: date, membership: Membership | None = None
) -> Profile:
    """Return what holds of a person on a day; raises Refusal for who is not enrolled then."""
    number = person.person_no
    if membership is None:
        held = periods.read(connection, "enrolment.membership", number)
        says = next((p.says for p in held if p.holds(day)), None)
        if says is None:
            raise Refusal("enrolled_on_day", f"{day} 没有参保登记", f"not enrolled on {day}")
        membership = Membership(**says)
    facts = [
        (p.says["attribute"], p.says["value"])
        for p in periods.read(connection, "enrolment.fact", number)
        if p.holds(day)
    ]
    employer_id, wage, kind = "", None, ""
    if membership.scheme == "employee" and membership.category == "in_service":
        row = connection.execute(
            "SELECT employer_id, wage, kind FROM enrolment.employment "
            "JOIN enrolment.employer USING (employer_id) "
            "WHERE person_no = %s AND upper_inf(known) AND valid @> %s",
            (number, day),
        ).fetchone()
        employer_id, wage, kind = row or (employer_id, wage, kind)
    elsewhere = connection.execute(
        "SELECT 1 FROM enrolment.elsewhere WHERE identity_index = %s AND scheme = 'employee' "
        "AND daterange(first, last, '[]') @> %s",
        (identity_index(connection, person.identity_number), day),
    ).fetchone()
    return Profile(
        person=person,
        day=day,
        membership=membership,
        identities=frozenset(value for name, value in facts if name == "identities"),
        flags={name: True for name, value in facts if value == "true"},
        employer_id=employer_id,
        employer_kind=kind,
        wage=wage,
        employee_insured=elsewhere is not None,
    )


def person_facts(profile: Profile) -> dict[str, Value]:
    """Return the facts of the person that every procedure may look at."""
    member = profile.membership
    return {
        "scheme": member.scheme,
        "category": member.category,
        "contribution_tier": member.contribution_tier,
        "identities": profile.identities,
        **profile.flags,
    }


def bill_facts(profile: Profile) -> dict[str, Value]:
    """Return the facts that the rules of contribution may look at."""
    member = profile.membership
    facts: dict[str, Value] = {
        **person_facts(profile),
        "contributor": profile.contributor,
        "household_register": member.household_register,
        "residence_permit": member.permit_until is not None and profile.day <= member.permit_until,
        "county": member.county,
        "newborn": member.newborn,
        "employee_insured": profile.employee_insured,
        "within_collection_period": member.within_collection_period,
    }
    if profile.employer_kind:
        facts["employer_kind"] = profile.employer_kind
    if profile.person.sex:
        facts["sex"] = profile.person.sex
    return facts

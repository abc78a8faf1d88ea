"""Whose the thing is that an address names by a number, where the request does not say it.

What is asked for here never changes its owner, so what was looked up before still holds when the
operation has its turn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Owner:
    """How to look up whose a thing is: the name in the path, and a query that takes it.

    The columns of the query are roles; its values are ids of those whose the thing is.
    """

    path: str
    query: str
    numbered: bool = True


OWNERS: Mapping[str, Owner] = {
    "settlement": Owner(
        "settlement_id",
        "SELECT person_id AS insured, institution_id AS institution "
        "FROM desk.settlement WHERE settlement_id = %s",
    ),
    "bill": Owner(
        "bill_id",
        "SELECT p.person_id AS insured, t.payer AS employer FROM contributions.bill AS b "
        "JOIN enrolment.person AS p USING (person_no) "
        "JOIN contributions.part AS t USING (bill_id) WHERE bill_id = %s",
    ),
    "receipt": Owner(
        "reference",
        "SELECT payer AS insured, payer AS employer FROM contributions.receipt "
        "WHERE reference = %s",
        numbered=False,
    ),
    "disease_application": Owner(
        "application",
        "SELECT person_id AS insured FROM qualification.application WHERE application_id = %s",
    ),
    "referral": Owner(
        "referral",
        "SELECT person_id AS insured, from_institution AS institution "
        "FROM filing.referral WHERE referral_id = %s",
    ),
    "remote": Owner(
        "remote", "SELECT person_id AS insured FROM filing.remote WHERE remote_id = %s"
    ),
    "choice": Owner(
        "choice", "SELECT person_id AS insured FROM filing.choice WHERE choice_id = %s"
    ),
    "prescription": Owner(
        "prescription",
        "SELECT person_id AS insured, institution_id AS institution "
        "FROM dispensing.prescription WHERE prescription_id = %s",
    ),
    "delivery": Owner(
        "delivery",
        "SELECT p.person_id AS insured, d.institution_id AS institution "
        "FROM dispensing.delivery AS d JOIN dispensing.prescription AS p USING (prescription_id) "
        "WHERE delivery_id = %s",
    ),
    "clearing_application": Owner(
        "application_id",
        "SELECT institution_id AS institution FROM clearing.application WHERE application_id = %s",
    ),
    "deduction": Owner(
        "deduction_id",
        "SELECT institution_id AS institution FROM clearing.deduction "
        "JOIN clearing.application USING (application_id) WHERE deduction_id = %s",
    ),
    "reconciliation": Owner(
        "reconciliation_id",
        "SELECT institution_id AS institution FROM clearing.reconciliation "
        "WHERE reconciliation_id = %s",
    ),
    "agreement": Owner(
        "agreement_id",
        "SELECT institution_id AS institution FROM registry.agreement WHERE agreement_id = %s",
        numbered=False,
    ),
    "designation": Owner(
        "application_id",
        "SELECT institution_id AS institution FROM registry.application WHERE application_id = %s",
        numbered=False,
    ),
}
"""By the names that the table uses."""

_NUMBER = re.compile("[0-9]{1,18}")


def owners(connection: Connection, owner: Owner, role: str, named: str) -> frozenset[str]:
    """Return the ids, of a role, of those whose the thing is that an address names; none: nobody's.

    What is no name of anything is nobody's.
    """
    if not (_NUMBER.fullmatch(named) if owner.numbered else named.isprintable()):
        return frozenset()
    found = connection.execute(owner.query.encode(), (named,))
    columns = [column.name for column in found.description or ()]
    at = columns.index(role)
    return frozenset(row[at] for row in found)

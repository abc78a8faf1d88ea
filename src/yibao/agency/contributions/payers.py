"""Who owes a part of a bill, and on which accounts of the ledger it stands."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.agency.enrolment.profile import EMPLOYED, Profile
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.chart import Account
from yibao.ledger.entries import Transfer
from yibao.ledger.funds import fund_of
from yibao.store.database import Connection

HOUSEHOLD = "household:"
"""Stands before the id of a household, which pays what its members owe."""

FROM_ACCOUNT = "account:"
"""Stands before the reference of a receipt that a personal account paid."""

SURCHARGE = "late_surcharge"
"""What lateness costs an employer: an item of its own, and its only part."""

_FUNDS: Mapping[str, str] = {
    "basic": "pool_pay",
    "large_expense": "large_expense_pay",
    "years_supplement": "pool_pay",
    SURCHARGE: "pool_pay",
}

_LEVELS: Mapping[str, str] = {
    "personal_subsidy": "finance",
    "tier_subsidy": "finance",
    "fiscal_subsidy": "finance",
    "fiscal_subsidy_central": "finance:central",
    "fiscal_subsidy_province": "finance:province",
    "fiscal_subsidy_city": "finance:city",
    "fiscal_subsidy_county": "finance:county",
}
_DISTRICT = "employer_subsidy"
SUBSIDIES = frozenset({*_LEVELS, _DISTRICT})
"""Parts that public finance owes: nobody has to wait for cover until they have come."""


def is_known(connection: Connection, payer: str) -> bool:
    """Tell whether a payer is a person or employer of the register, or was ever billed."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM contributions.part WHERE payer = %(payer)s) "
        "OR EXISTS (SELECT FROM enrolment.person WHERE person_id = %(payer)s) "
        "OR EXISTS (SELECT FROM enrolment.employer WHERE employer_id = %(payer)s) "
        "OR EXISTS (SELECT FROM contributions.bill "
        "WHERE household_id <> '' AND %(household)s || household_id = %(payer)s)",
        {"payer": payer, "household": HOUSEHOLD},
    ).fetchone()
    assert row is not None
    return bool(row[0])


def check_known(connection: Connection, payer: str) -> None:
    """Raise Refusal for a payer that nobody knows."""
    if not is_known(connection, payer):
        raise Refusal(
            "known_payer",
            f"没有缴费人 {payer}",
            f"no payer {payer} is known: check the id",
            column="payer",
        )


def payer_of(name: str, profile: Profile) -> str:
    """Return who owes a part: an employer, the person, a level of public finance, a district.

    An employer owes what it withholds of the wage too.
    """
    person = profile.person
    if name in _LEVELS:
        return _LEVELS[name]
    if name == _DISTRICT:
        return f"district:{person.division or profile.membership.county}"
    if name == "collective_contribution":
        return f"collective:{profile.membership.household_id or person.person_id}"
    employed = profile.contributor == EMPLOYED
    return profile.employer_id if employed else person.person_id


def fund_for(scheme: str, item: str) -> str:
    """Return the ledger's fund that an item of contribution goes to."""
    return fund_of(scheme, _FUNDS[item])


def billed(name: str, fund: str, payer: str, fen: int) -> Transfer:
    """Return what a part of a bill moves: it is owed, and it is income."""
    kind = "subsidy" if name in SUBSIDIES else "contribution"
    return Transfer(owed(name, fund, payer), Account(f"{kind}_income", fund), fen)


def held(fund: str, payer: str) -> Account:
    """Return the account on which money stands that a payer has paid for nothing that stands."""
    return Account("contributions_held", fund, payer)


def owed(name: str, fund: str, payer: str) -> Account:
    """Return the account on which a part of a bill stands until it is paid."""
    head = "subsidy_receivable" if name in SUBSIDIES else "contributions_receivable"
    return Account(head, fund, payer)

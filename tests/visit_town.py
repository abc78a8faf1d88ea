"""The town of the agency's tests with catalogues, and visits to its hospitals."""

from __future__ import annotations

from datetime import date, datetime, time
from fractions import Fraction
from typing import Any

import agency_town as town

from yibao.agency.visits import visit as visits
from yibao.agency.visits.charges import Charge
from yibao.agency.visits.visit import Begun, Of
from yibao.policy.model import Value
from yibao.store.database import Connection, Database

DAY = date(2022, 3, 1)
NATIONAL_DRUG, DRUG, COSTLY, RESTRICTED, VISIT, BED, TUBE, UNPAID = (
    "XA10BAE040A001010101234",
    "XA10BA",
    "XB01",
    "XL01",
    "001101",
    "001109",
    "C0101",
    "XC99",
)

CATALOGUES = """
INSERT INTO registry.item (kind, code, name, class, first_self_pay, standard, tags, least_level,
                           restriction, valid) VALUES
  ('drug', 'XA10BAE040A001010101234', 'n', 'A', 0, NULL, '{}', 'none', '', '[2015-01-01,)'),
  ('drug', 'XA10BA', 'a', 'A', 0, NULL, '{}', 'none', '', '[2015-01-01,)'),
  ('drug', 'XB01', 'b', 'B', 0.1, 2000, '{negotiated}', 'none', '', '[2015-01-01,)'),
  ('drug', 'XL01', 'l', 'B', 0.05, NULL, '{}', 'none', 'second line', '[2015-01-01,)'),
  ('drug', 'XC99', 'c', 'C', 1, NULL, '{}', 'none', '', '[2015-01-01,)'),
  ('consumable', 'C0101', 'tube', 'B', 0.2, 50000, '{imported_implant}', 'none', '',
   '[2015-01-01,)'),
  ('service', '001101', 'visit', 'A', 0, NULL, '{}', 'none', '', '[2015-01-01,)'),
  ('service', '001109', 'bed', 'A', 0, 5000, '{}', 'none', '', '[2015-01-01,)');
"""


def build(database: Database, *persons: str, account: int = 0, **facts: Value) -> None:
    """Build the town with catalogues and persons, each with so many fen in the account."""
    town.build(database, *persons, **facts)
    with database.transaction() as connection:
        connection.execute(CATALOGUES.encode())
        if account:
            credit(connection, account, *persons)


def credit(connection: Connection, fen: int, *persons: str) -> None:
    from yibao.ledger.chart import Account
    from yibao.ledger.entries import Entry, Transfer, post
    from yibao.ledger.funds import PERSONAL

    for person in persons:
        connection.execute(
            "UPDATE enrolment.person_lock SET account_balance = %s WHERE person_id = %s",
            (fen, person),
        )
        balance = Account("account_balance", PERSONAL, person)
        transfer = Transfer(Account("account_credit", PERSONAL), balance, fen)
        post(connection, Entry(date(2022, 1, 1), "account_credit", person, "test", [transfer]))


def at(day: date = DAY, hour: int = 9) -> datetime:
    return datetime.combine(day, time(hour))


def begin(connection: Connection, person: str = "P1", **changes: Any) -> Of:
    """Begin an outpatient visit at the level-2 hospital unless told otherwise."""
    values = {
        "kind": "outpatient",
        "institution_id": "H2",
        "person_id": person,
        "scheme": "resident",
        "number": "N1",
        "begun_at": at(),
        "visit": "outpatient",
        **changes,
    }
    begun = Begun(**values)
    number = visits.begin(connection, town.office(), begun, actor="test")
    return Of(number, begun.institution_id, begun.person_id)


def admit(connection: Connection, person: str = "P1", **changes: Any) -> Of:
    """Begin a stay at the level-3 hospital."""
    given = {"kind": "stay", "institution_id": "H3", "visit": "inpatient", **changes}
    return begin(connection, person, **given)


def charge(
    number: str, code: str = DRUG, yuan: str = "100", count: str = "1", **more: Any
) -> Charge:
    """Return a line that comes to what it says, unless told otherwise."""
    price, quantity = Fraction(yuan) * 100, Fraction(count)
    exact = abs(price * quantity)
    total = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    values = {
        "number": number,
        "code": code,
        "local_code": "L",
        "quantity": quantity,
        "price": price,
        "total": total if quantity > 0 else -total,
        "charged_at": at(),
        "batch": "B1",
        "approval": "none",
        **more,
    }
    return Charge(**values)

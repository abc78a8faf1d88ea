"""A claims desk of Tianjin on a real database, with a few persons and hospitals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

from yibao.agency.desk.model import Ask, Bill, DeskError
from yibao.agency.desk.office import Office, Registers, Told
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.ledger.funds import PERSONAL
from yibao.policy.model import Value
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.model import Status
from yibao.store.database import Connection, Database

BIRTH = date(1960, 5, 5)
LEVELS = {"H1": "1", "H2": "2", "H3": "3"}


@cache
def tianjin() -> Policy:
    return load_policy("tianjin")


def status(person: str, **facts: Value) -> Status:
    known: dict[str, Value | None] = {
        a.name: a.absent for a in vocabulary().of("person") if a.kind != "number"
    }
    known |= {"scheme": "resident", "category": "adult", "contribution_tier": "high"} | facts
    values = tuple(v for v in known.values() if v is not None)
    assert len(values) == len(known)
    return Status(person, date(2015, 1, 1), None, BIRTH, values)


def office(*statuses: Status) -> Office:
    def of_person(_: Connection, person: str, *, told: Told) -> list[Status]:
        return [s for s in statuses if s.person_id == person]

    def institution(
        _: Connection, institution: str, day: date, visit: str, scheme: str, *, told: Told
    ) -> Mapping[str, Value]:
        if institution not in LEVELS:
            raise DeskError("no_agreement", "institution_id", institution, "an agreement")
        return {"level": LEVELS[institution]}

    return Office(tianjin(), Registers(of_person, institution))


def register(database: Database, *persons: str, account: int = 0) -> None:
    """Make persons known to the desk, each with so many fen in the personal account."""
    with database.transaction() as connection:
        for person in persons:
            connection.execute(
                "INSERT INTO enrolment.person (person_id, identity_type, birth_date) "
                "VALUES (%s, 'none', %s)",
                (person, BIRTH),
            )
            if account:
                _credit(connection, person, account, date(2026, 1, 1))


TOWN = """
WITH made AS (
  INSERT INTO enrolment.person (person_id, identity_type, birth_date)
  SELECT p, 'none', '1950-05-05' FROM unnest(%s::text[]) AS p RETURNING person_no
), covered AS (
  INSERT INTO enrolment.coverage (person_no, scheme, category, contribution_tier, reason, valid)
  SELECT person_no, 'resident', 'adult', 'high', 'stated', '[2015-01-01,)' FROM made
), hospitals AS (
  INSERT INTO registry.institution (institution_id, name, kind, division, level, valid)
  SELECT 'H' || n, 'H' || n, 'hospital', '120101', n::text, '[2010-01-01,)'
  FROM generate_series(1, 3) AS n
)
INSERT INTO registry.agreement (institution_id, agreement_id, visits, schemes, valid)
SELECT 'H' || n, 'A' || n, '{inpatient,outpatient}', '{resident}', '[2010-01-01,)'
FROM generate_series(1, 3) AS n
"""


def open_town(database: Database, *persons: str, account: int = 0) -> None:
    """Register insured persons and three hospitals with agreements: what the desk asks then."""
    with database.transaction() as connection:
        connection.execute(TOWN, (list(persons),))
        if account:
            for person in persons:
                _credit(connection, person, account, date(2022, 1, 1))


def _credit(connection: Connection, person: str, fen: int, day: date) -> None:
    connection.execute(
        "UPDATE enrolment.person_lock SET account_balance = %s WHERE person_id = %s", (fen, person)
    )
    own = Account("account_balance", PERSONAL, person)
    credit = Transfer(Account("account_credit", PERSONAL), own, fen)
    post(connection, Entry(day, "account_credit", person, "test", [credit]))


def ask(claim_no: str, in_scope: int, person: str = "P1", **changes: object) -> Ask:
    """Return a bill of so many fen, all in scope, of a stay at a level-3 hospital."""
    values: dict[str, object] = {
        "institution_id": "H3",
        "claim_no": claim_no,
        "person_id": person,
        "visit": "inpatient",
        "admitted": date(2023, 3, 1),
        "discharged": date(2023, 3, 8),
        "bill": Bill({"total": in_scope, "in_scope": in_scope}),
    }
    return Ask(**{**values, **changes})  # type: ignore[arg-type]

"""A contract with a family doctor: one a year, wherever an agreement covers it."""

from dataclasses import replace
from datetime import date

import pytest
from agency_town import DOCTOR, build, refused

from yibao.agency.enrolment.statuses import statuses
from yibao.agency.filing.family_doctors import Contract, contracts, sign
from yibao.policy.vocabulary import vocabulary
from yibao.store.database import Database

FIRST = date(2022, 3, 1)
CONTRACT = Contract("H1", DOCTOR, FIRST, 30_00)
SIGNED = [a.name for a in vocabulary().of("person") if a.kind != "number"].index(
    "family_doctor_signed"
)


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1")
    with database.transaction() as connection:
        connection.execute(
            "UPDATE registry.agreement SET visits = visits || '{family_doctor}' "
            "WHERE institution_id IN ('H1', 'H1-next')"
        )
    return database


def signed_on(database: Database, day: date) -> bool:
    with database.transaction() as connection:
        held = statuses(connection, "P1")
    return any(
        s.facts[SIGNED] is True and s.first <= day and (s.last is None or day <= s.last)
        for s in held
    )


@pytest.mark.clause("P25-3.9.2b")
def test_one_contract_a_year_with_its_fee(town: Database) -> None:
    with town.transaction() as connection:
        sign(connection, "P1", CONTRACT, actor="test")
    again = replace(CONTRACT, first=date(2022, 12, 31))
    assert refused(town, lambda c: sign(c, "P1", again, actor="test")) == "one_a_year"
    with town.transaction() as connection:
        sign(connection, "P1", replace(CONTRACT, first=date(2023, 1, 1)), actor="test")
        held = contracts(connection, "P1")
    assert [(c.first, c.fee) for c in held] == [(FIRST, 30_00), (date(2023, 1, 1), 30_00)]


def test_who_has_signed_counts_as_signed_until_the_year_is_over(town: Database) -> None:
    with town.transaction() as connection:
        sign(connection, "P1", CONTRACT, actor="test")
    days = [date(2022, 2, 28), FIRST, date(2022, 12, 31), date(2023, 1, 1)]
    assert [signed_on(town, day) for day in days] == [False, True, True, False]


@pytest.mark.clause("P25-3.9.2b")
@pytest.mark.parametrize(
    ("contract", "rule"),
    [
        (replace(CONTRACT, institution_id="H2"), "visit_not_covered"),
        (replace(CONTRACT, institution_id="H9"), "no_agreement"),
        (replace(CONTRACT, practitioner_id="D9"), "not_at_site"),
        (replace(CONTRACT, fee=-1), "fee"),
        (replace(CONTRACT, first=date(2014, 12, 31)), "insured"),
    ],
)
def test_what_is_refused(town: Database, contract: Contract, rule: str) -> None:
    assert refused(town, lambda c: sign(c, "P1", contract, actor="test")) == rule
    with town.transaction() as connection:
        assert contracts(connection, "P1") == []


def test_a_stranger(town: Database) -> None:
    assert refused(town, lambda c: sign(c, "P9", CONTRACT, actor="test")) != ""

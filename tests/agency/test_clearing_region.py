"""Clearing with other regions: paid ahead, cleared month by month, the rest returned."""

from datetime import date

import pytest

from yibao.agency.clearing.model import Act, ClearingError
from yibao.agency.clearing.region import clear, pay_ahead, take_back
from yibao.agency.reconcile.books import verify
from yibao.ledger.balance import balance
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.store.database import Database

ACT = Act("clerk", date(2022, 4, 1))
MARCH, POOL = date(2022, 3, 1), "resident.pool_pay"


def stands(database: Database, head: str, party: str = "") -> int:
    with database.transaction() as c:
        return balance(c, Account(head, POOL, party))


@pytest.mark.clause("P25-3.1.5b")
def test_what_was_paid_ahead_is_taken_off_and_the_rest_comes_back(database: Database) -> None:
    with database.transaction() as c:
        pay_ahead(c, "130000", POOL, 1_000_000_00, ACT)
        found = clear(c, "130000", MARCH, {POOL: 930_000_00}, ACT, reserve_first=False)[POOL]
        assert (found.offset, found.bank) == (930_000_00, 0)
        assert take_back(c, "130000", ACT) == {POOL: 70_000_00}
        with pytest.raises(ClearingError, match="holds nothing"):
            take_back(c, "130000", ACT)
    assert stands(database, "bank") == -930_000_00
    assert stands(database, "benefit_expense") == 930_000_00
    assert stands(database, "region_payable", "130000") == 0
    with database.transaction() as c:
        assert verify(c) == []


@pytest.mark.clause("J21-1.2d")
def test_the_reserve_bears_it_until_it_is_empty_then_the_surplus(database: Database) -> None:
    with database.transaction() as c:
        reserve = Transfer(Account("fund_balance", POOL), Account("risk_reserve", POOL), 80_000_00)
        post(c, Entry(MARCH, "reserve_set_aside", "x", "test", [reserve]))
        found = clear(c, "370800", MARCH, {POOL: 120_000_00}, ACT, reserve_first=True)[POOL]
    assert (found.from_reserve, found.from_surplus) == (80_000_00, 40_000_00)
    assert stands(database, "risk_reserve") == 0
    assert stands(database, "fund_balance") == 0
    assert stands(database, "bank") == -120_000_00
    with database.transaction() as c:
        april = clear(c, "370800", date(2022, 4, 1), {POOL: 1_00}, ACT, reserve_first=True)
    assert april[POOL].from_surplus == 1_00


def test_a_month_is_cleared_once_and_nothing_is_not_cleared(database: Database) -> None:
    with database.transaction() as c:
        clear(c, "130000", MARCH, {POOL: 5_00}, ACT, reserve_first=False)
    with pytest.raises(ClearingError, match="has been cleared"), database.transaction() as c:
        clear(c, "130000", MARCH, {POOL: 5_00}, ACT, reserve_first=False)
    with database.transaction() as c:
        for due in ({}, {POOL: 0}, {POOL: 5, "resident.serious_illness_pay": -1}):
            with pytest.raises(ClearingError, match="above zero"):
                clear(c, "110000", MARCH, due, ACT, reserve_first=False)
        with pytest.raises(ClearingError, match="above zero"):
            pay_ahead(c, "110000", POOL, 0, ACT)
    assert stands(database, "bank") == -5_00

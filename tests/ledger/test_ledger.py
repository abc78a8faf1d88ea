"""The ledger: entries balance by construction, are taken back once, and never lost."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yibao.clock import today
from yibao.errors import Refused
from yibao.ledger.balance import balance, trial_balance
from yibao.ledger.chart import CHART, Account
from yibao.ledger.entries import AlreadyReversed, Entry, Transfer, post, reverse
from yibao.ledger.funds import funds
from yibao.store.database import Database

DAY = date(2026, 3, 1)
EXPENSE = Account("benefit_expense", "resident.pool_pay")
PAYABLE = Account("institution_payable", "resident.pool_pay", "H12010000001")
CASH = Account("cash_due")
COLLECTED = Account("cash_collected", "", "H12010000001")


def entry(*transfers: Transfer, day: date = DAY) -> Entry:
    return Entry(day, "settlement", "settlement:1", "test", transfers)


def test_an_entry_moves_fen_and_the_trial_balance_shows_where(database: Database) -> None:
    made = entry(Transfer(EXPENSE, PAYABLE, 800), Transfer(CASH, COLLECTED, 200))
    with database.transaction() as connection:
        post(connection, made)
    with database.transaction() as connection:
        lines = {line.account: line.balance for line in trial_balance(connection, by_party=True)}
        assert lines == {EXPENSE: 800, PAYABLE: -800, CASH: 200, COLLECTED: -200}
        assert balance(connection, PAYABLE) == -800


def test_an_entry_is_taken_back_once(database: Database) -> None:
    with database.transaction() as connection:
        number = post(connection, entry(Transfer(EXPENSE, PAYABLE, 800)))
        reverse(connection, number, on_day=DAY, subject="settlement:2", actor="test")
    with pytest.raises(AlreadyReversed), database.transaction() as connection:
        reverse(connection, number, on_day=DAY, subject="settlement:3", actor="test")
    with database.transaction() as connection:
        assert balance(connection, PAYABLE) == 0
        lines = trial_balance(connection)
        assert [(line.debits, line.credits) for line in lines] == [(800, 800)] * 2
    with pytest.raises(KeyError), database.transaction() as connection:
        reverse(connection, 999, on_day=DAY, subject="x", actor="test")


@pytest.mark.parametrize(
    ("day", "taken"),
    [
        (date(1999, 12, 31), False),
        (date(2000, 1, 1), True),
        (today() + timedelta(days=366), True),
        (today() + timedelta(days=367), False),
    ],
)
def test_a_day_of_the_books_lies_between_2000_and_a_year_ahead(
    database: Database, day: date, taken: bool
) -> None:
    made = entry(Transfer(EXPENSE, PAYABLE, 800))

    def work() -> None:
        with database.transaction() as connection:
            reverse(connection, post(connection, made), on_day=day, subject="x", actor="test")
        with database.transaction() as connection:
            post(connection, entry(Transfer(EXPENSE, PAYABLE, 800), day=day))

    if taken:
        work()
    else:
        with pytest.raises(Refused, match="day of the books") as error:
            work()
        assert error.value.name == "books_day"


def test_the_trial_balance_of_an_earlier_instant_leaves_out_what_came_later(
    database: Database,
) -> None:
    with database.transaction() as connection:
        post(connection, entry(Transfer(EXPENSE, PAYABLE, 100)))
    with database.transaction() as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        then = row[0]
    with database.transaction() as connection:
        post(connection, entry(Transfer(EXPENSE, PAYABLE, 50), day=date(2026, 4, 1)))
    with database.transaction() as connection:
        before = trial_balance(connection, known_at=then)
        assert [line.balance for line in before] == [100, -100]
        april = trial_balance(connection, first=date(2026, 4, 1))
        assert [line.balance for line in april] == [50, -50]
        march = trial_balance(connection, last=date(2026, 3, 31))
        assert [line.balance for line in march] == [100, -100]


def test_nothing_and_less_than_nothing_are_no_transfers(database: Database) -> None:
    for fen in (0, -1):
        with (
            pytest.raises(Exception, match=r"transfer_.*check"),
            database.transaction() as connection,
        ):
            post(connection, entry(Transfer(EXPENSE, PAYABLE, fen)))


def test_an_account_outside_the_chart_is_a_defect(database: Database) -> None:
    wrong = (
        Account("benefit_expense"),
        Account("benefit_expense", "resident.pool_pay", "somebody"),
        Account("institution_payable", "resident.pool_pay"),
        Account("bank", "pool_pay"),  # of no scheme
        Account("bank", "hospital_relief_pay"),  # no fund's money
        Account("cash_due", "resident.pool_pay"),
    )
    for account in wrong:
        with pytest.raises(AssertionError), database.transaction() as connection:
            post(connection, entry(Transfer(account, PAYABLE, 1)))


accounts = st.sampled_from(
    [
        Account(head, fund, "P1" if told.party else "")
        for head, told in CHART.items()
        for fund in (funds() if told.of_fund else ("",))
    ]
)
transfers = st.builds(Transfer, accounts, accounts, st.integers(1, 10**13)).filter(
    lambda t: t.debit != t.credit
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(transfers, max_size=6), max_size=5))
def test_whatever_is_posted_adds_up_to_zero(
    database: Database, found: list[list[Transfer]]
) -> None:
    with database.transaction() as connection:
        for one in found:
            post(connection, entry(*one))
    with database.transaction() as connection:
        lines = trial_balance(connection, by_party=True)
        assert sum(line.balance for line in lines) == 0

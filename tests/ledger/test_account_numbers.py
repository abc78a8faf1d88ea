"""The numbers of accounts: the same for all who ask, and never those of what was given up."""

from yibao.ledger.accounts import Numbers, numbers
from yibao.ledger.chart import Account
from yibao.ledger.funds import PERSONAL
from yibao.store.database import Database

BANK = Account("bank", "resident.pool_pay")
PERSON = Account("account_balance", PERSONAL, "P1")


def test_an_account_keeps_its_number(database: Database) -> None:
    with database.transaction() as connection:
        one = dict(numbers(connection, [BANK, PERSON]))
    with database.transaction() as connection:
        assert numbers(connection, [PERSON, BANK]) == one


def test_the_number_of_an_account_that_was_given_up_is_not_kept(database: Database) -> None:
    kept = Numbers()
    with database.transaction() as connection:
        kept.of(connection, [BANK])
        connection.rollback()
    with database.transaction() as connection:
        number = kept.of(connection, [BANK])[BANK]
    with database.transaction() as connection:
        assert dict(numbers(connection, [BANK])) == {BANK: number}
        assert kept.of(connection, [BANK])[BANK] == number


def test_nor_is_that_of_one_which_a_savepoint_gave_up(database: Database) -> None:
    kept = Numbers()
    with database.transaction() as connection:
        numbers(connection, [PERSON])  # the transaction has begun and written
        with connection.transaction(force_rollback=True):
            kept.of(connection, [BANK])
        number = kept.of(connection, [BANK])[BANK]
    with database.transaction() as connection:
        assert dict(numbers(connection, [BANK])) == {BANK: number}

"""The ledger's funds: each scheme has its own, and the database names them alike."""

import pytest

from yibao.ledger.funds import HOSPITAL, PERSONAL, fund_of, funds
from yibao.policy.vocabulary import vocabulary
from yibao.store.database import Database

SCHEMES = tuple(vocabulary().attributes["scheme"].codes or ())


def test_the_basic_funds_are_each_schemes_own_and_assistance_is_one_for_all() -> None:
    assert fund_of("employee", "pool_pay") == "employee.pool_pay"
    assert fund_of("resident", "pool_pay") == "resident.pool_pay"
    assert {fund_of(scheme, "assistance_pay") for scheme in SCHEMES} == {"assistance_pay"}


def test_every_payer_is_a_fund_of_its_own_name_but_for_the_hospital() -> None:
    payers = [payer for payer in vocabulary().funds if payer != HOSPITAL]
    assert set(funds()) == {fund_of(s, p) for s in SCHEMES for p in payers} | {PERSONAL}
    for language in ("zh", "en"):
        titles = [title.pick(language) for title in funds().values()]
        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("payer", [*vocabulary().funds, PERSONAL])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_database_calls_a_fund_what_the_program_does(
    database: Database, scheme: str, payer: str
) -> None:
    with database.transaction() as connection:
        row = connection.execute("SELECT ledger.fund_of(%s, %s)", (scheme, payer)).fetchone()
    assert row == (payer if payer == PERSONAL else fund_of(scheme, payer),)

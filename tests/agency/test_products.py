"""Products of the layer chain are packs: the desk settles and posts what an overlay adds."""

from datetime import date
from pathlib import Path

import pytest
from agency_town import build, visit

from yibao.agency.desk.model import Bill, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.registers import REGISTERS
from yibao.agency.filing.intake import reverse, settle
from yibao.ledger.balance import balance, trial_balance
from yibao.ledger.chart import Account
from yibao.policy.policy import load_policy
from yibao.settlement.model import Settlement
from yibao.store.database import Database

PRODUCTS = Path(__file__).parent / "products" / "commercial@2022-01-01"
FIRST, LAST = date(2022, 3, 1), date(2022, 3, 20)


@pytest.fixture
def desk(database: Database) -> Office:
    build(database, "P1", "P2")
    return Office(load_policy("tianjin", accept="D", overlays=[PRODUCTS]), REGISTERS)


def settled(database: Database, desk: Office, claim_no: str, own: int, in_scope: int) -> Settlement:
    ask = visit(
        claim_no,
        FIRST,
        0,
        visit="inpatient",
        institution_id="H2",
        discharged=LAST,
        bill=Bill({"total": own + in_scope, "out_of_catalogue": own, "in_scope": in_scope}),
    )
    with database.transaction() as connection:
        found = settle(connection, desk, ask, actor="test")
    assert isinstance(found, Settled)
    return found.settlement


def owed(database: Database, fund: str) -> int:
    with database.transaction() as connection:
        assert sum(line.balance for line in trial_balance(connection)) == 0
        return -balance(connection, Account("institution_payable", fund, "H2"))


@pytest.mark.clause("T16-07c", "P25-3.3.1a")
def test_an_insurer_and_a_charity_pay_after_the_public_layers_and_never_more_than_is_left(
    database: Database, desk: Office
) -> None:
    # (10,000 - 500) x 80 % = 7,600 of the pool; of 2,400 and 5,100 out of catalogue 7,500 are left.
    found = settled(database, desk, "A1", 5_100_00, 10_000_00)
    assert found.figure("person_share") == 7_500_00
    assert (found.figure("insurer_pays"), found.figure("charity_pays")) == (3_750_00, 3_750_00)
    assert found.funds["supplement_pay"] == 7_500_00
    assert found.cash_pay == 0
    assert owed(database, "supplement_pay") == 7_500_00
    assert owed(database, "pool_pay") == 7_600_00


def test_what_a_product_has_paid_counts_for_its_year_and_is_taken_back_with_the_bill(
    database: Database, desk: Office
) -> None:
    settled(database, desk, "A1", 5_100_00, 10_000_00)
    second = settled(database, desk, "A2", 30_000_00, 0)
    assert second.figure("charity_pays") == 6_250_00  # 10,000 less 3,750
    with database.transaction() as connection:
        reverse(connection, desk, int(second.claim.claim_id), actor="test")
    assert owed(database, "supplement_pay") == 7_500_00
    third = settled(database, desk, "A3", 30_000_00, 0)
    assert third.figure("charity_pays") == 6_250_00

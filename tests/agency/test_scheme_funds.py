"""The money of the schemes is kept apart: each fund takes in, owes, pays and holds for its own."""

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction

import pytest
from desks import ask, office, status

from tests.agency.registered import ACTOR, EMPLOYEE, RESIDENT, billed, enrolled
from yibao.agency.clearing.apply import apply
from yibao.agency.clearing.audit import audit
from yibao.agency.clearing.model import Act, Rate
from yibao.agency.clearing.pay import pay
from yibao.agency.contributions.bills import cancel
from yibao.agency.contributions.held import Refund, held_for, refund
from yibao.agency.contributions.receipts import Receipt, arrears, receive
from yibao.agency.desk.model import Settled
from yibao.agency.desk.settle import settle
from yibao.agency.enrolment.memberships import Enrolment, end, enrol
from yibao.agency.enrolment.profile import Membership
from yibao.agency.reconcile.books import bank_difference, verify
from yibao.ledger.balance import balance, trial_balance
from yibao.ledger.chart import Account
from yibao.policy.policy import load_policy
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database

D = date.fromisoformat
POOLS = {"resident": "resident.pool_pay", "employee": "employee.pool_pay"}


@pytest.fixture(scope="module")
def tianjin() -> Office:
    return Office(load_policy("tianjin"))


def stands(connection: Connection, head: str, party: str = "") -> dict[str, int]:
    """Return the balance of a head by scheme's pool; the books are in balance."""
    assert sum(line.balance for line in trial_balance(connection)) == 0
    return {s: balance(connection, Account(head, fund, party)) for s, fund in POOLS.items()}


def agree(database: Database) -> bool:
    with database.transaction() as connection:
        return verify(connection) == []


def contribute(connection: Connection, rules: Office) -> dict[str, int]:
    """Enrol a resident and an employee and let all that is billed come; return fen by scheme."""
    enrolled(connection, "P1", "2022-01-01", **RESIDENT)
    enrolled(connection, "P2", "2022-01-01", contributor="flexible", **EMPLOYEE)
    billed(connection, rules, "P1", "2022-01", "2022-12")
    billed(connection, rules, "P2", "2022-01")
    came: dict[str, int] = defaultdict(int)
    due: dict[str, int] = defaultdict(int)
    for part in arrears(connection, D("2022-12-31")):
        came[part.scheme] += part.left
        due[part.payer] += part.left
    for payer, fen in due.items():
        receipt = Receipt(f"R-{payer}", payer, D("2022-01-10"), fen)
        receive(connection, receipt, actor=ACTOR)
    return came


def test_a_resident_and_an_employee_at_one_hospital_move_two_funds(
    database: Database, tianjin: Office
) -> None:
    desk = office(
        status("P1"),
        status("P2", scheme="employee", category="in_service", contribution_tier="none"),
    )
    with database.transaction() as c:
        came = contribute(c, tianjin)
        assert len(set(came.values())) == 2
        assert stands(c, "bank") == came
        income = {s: -fen for s, fen in stands(c, "contribution_income").items()}
        subsidies = -balance(c, Account("subsidy_income", "resident.pool_pay"))
        assert income == {"resident": came["resident"] - subsidies, "employee": came["employee"]}

    paid = {}
    for person in ("P1", "P2"):
        with database.transaction() as c:
            found = settle(c, desk, ask(f"A-{person}", 10_000_00, person), actor="test")
            assert isinstance(found, Settled)
        settlement = found.settlement
        paid[settlement.scheme] = settlement.funds["pool_pay"]  # in the claim's own words
        assert paid[settlement.scheme] == settlement.fund_pay
    assert paid["resident"] != paid["employee"]
    with database.transaction() as c:
        assert stands(c, "benefit_expense") == paid
        assert stands(c, "institution_payable", "H3") == {s: -fen for s, fen in paid.items()}
    assert agree(database)

    month = settlement.claim.settled_at.date().replace(day=1)
    clerk, payer = (Act(name, month + timedelta(days=45)) for name in ("clerk", "payer"))
    with database.transaction() as c:
        made = apply(c, "H3", month, clerk, early=True)
        assert [(line.fund, line.claims, line.due) for line in made.lines] == [
            (POOLS[scheme], 1, paid[scheme]) for scheme in ("employee", "resident")
        ]
        assert stands(c, "institution_applied", "H3") == {s: -fen for s, fen in paid.items()}
    assert agree(database)
    with database.transaction() as c:
        audit(
            c,
            "H3",
            month,
            clerk,
            deductions=(),
            rate=lambda *_: Rate(Fraction(0), "none is agreed"),
        )
        done = pay(c, "H3", month, payer)
        assert {fund: one.bank for fund, one in done.paid.items()} == {
            POOLS[scheme]: fen for scheme, fen in paid.items()
        }
        left = {scheme: came[scheme] - paid[scheme] for scheme in POOLS}
        assert stands(c, "bank") == left
        assert stands(c, "institution_payable", "H3") == {"resident": 0, "employee": 0}
        for scheme, fund in POOLS.items():
            assert bank_difference(c, fund, left[scheme]) is None
            assert bank_difference(c, fund, sum(left.values())) is not None
    assert agree(database)


def test_what_one_schemes_fund_holds_pays_no_bill_of_the_other(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as c:
        enrolled(c, "P1", "2022-01-01", contributor="flexible", **EMPLOYEE)
        (bill,) = billed(c, tianjin, "P1", "2022-01")
        receive(c, Receipt("R1", "P1", D("2022-01-10"), 100_00), actor=ACTOR)
        cancel(c, bill, on_day=D("2022-01-11"), reason="wrong", actor=ACTOR)
        end(c, "P1", D("2022-03-31"), actor=ACTOR, reason="moved to the residents' scheme")
        enrol(c, Enrolment("P1", Membership(**RESIDENT), D("2022-04-01")), actor=ACTOR)
        billed(c, tianjin, "P1", "2022-04", "2022-12")
        assert stands(c, "contributions_held", "P1") == {"resident": 0, "employee": -100_00}
        assert held_for(c, "P1") == 100_00
        refund(c, Refund("T1", "P1", D("2022-05-01"), "changed scheme"), actor=ACTOR)
        assert stands(c, "contributions_held", "P1") == {"resident": 0, "employee": 0}
        assert stands(c, "bank") == {"resident": 0, "employee": 0}

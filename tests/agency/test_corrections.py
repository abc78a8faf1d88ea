"""What was entered by mistake is taken back with what followed, or one is told why it cannot be."""

from datetime import date
from typing import Any

import pytest
from booked import book

from tests.agency.registered import ACTOR, EMPLOYEE, RESIDENT, billed, elsewhere, enrolled
from yibao.agency.accounts.credits import credit
from yibao.agency.accounts.movements import movements
from yibao.agency.accounts.moves import Slip, move_in
from yibao.agency.accounts.uses import Use, link, pay_contribution, use
from yibao.agency.contributions.bills import bills_of
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.held import Refund, held_for, refund
from yibao.agency.contributions.receipts import Receipt, arrears, receive
from yibao.agency.contributions.surcharges import charge
from yibao.agency.contributions.takeback import Mistake
from yibao.agency.corrections.bills import Correction, again, cancel, give_up
from yibao.agency.corrections.receipts import take_back, take_back_movement
from yibao.agency.enrolment.memberships import employ
from yibao.agency.enrolment.persons import change, employer, find
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.statuses import statuses
from yibao.ledger.balance import trial_balance
from yibao.policy.policy import load_policy
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database

D = date.fromisoformat


@pytest.fixture(scope="module")
def tianjin() -> Office:
    return Office(load_policy("tianjin"))


def employed(
    connection: Connection, office: Office, name: str, *months: str, wage: int = 5000_00
) -> None:
    enrolled(connection, name, f"{months[0]}-01", **EMPLOYEE)
    employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
    employ(connection, name, "U1", D(f"{months[0]}-01"), wage=wage, actor=ACTOR)
    for month in months:
        billed(connection, office, name, month)


def came(connection: Connection, office: Office, payer: str, on: str, fen: int = 0) -> str:
    """Enter a receipt of all that is owed, or of so much; return its reference."""
    owed = sum(o.left for o in arrears(connection, date.max) if o.payer == payer)
    reference = f"{payer}@{on}"
    receipt = Receipt(reference, payer, D(on), fen or owed)
    for name in receive(connection, receipt, actor=ACTOR) or ():
        cover(connection, office, name, actor=ACTOR)
    return reference


def covered(connection: Connection, name: str) -> list[tuple[str, str]]:
    return [(str(s.first), str(s.last)) for s in statuses(connection, name)]


def balances(connection: Connection) -> dict[str, int]:
    lines = trial_balance(connection, by_party=True)
    assert sum(line.balance for line in lines) == 0
    return {"/".join(line.account): line.balance for line in lines if line.balance}


def refused(rule: str, work: Any, *args: Any, **given: Any) -> str:
    connection = args[0]
    with pytest.raises(Refusal) as error, connection.transaction():
        work(*args, **given)
    assert error.value.name == rule
    return str(error.value)


# --- receipts -------------------------------------------------------------------------------------


def test_a_receipt_of_a_wrong_file_is_taken_back_with_cover_and_credit(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2022-03", "2022-04")
        before = balances(connection)
        reference = came(connection, tianjin, "U1", "2022-03-05")
        credit(connection, tianjin, "P1", D("2022-03-01"), on_day=D("2022-03-31"), actor=ACTOR)
        assert covered(connection, "P1") == [("2022-03-01", "2022-04-30")]
        mistake = Mistake(reference, D("2022-04-02"), "another city's file")
        assert take_back(connection, tianjin, mistake, actor=ACTOR) == ["P1"]
        assert balances(connection) == before
        assert covered(connection, "P1") == []
        assert [m.kind for m in movements(connection, "P1")] == ["credit", "take_back"]
        refused("taken_back_once", take_back, connection, tianjin, mistake, actor=ACTOR)
        # Its number stays used; the right file has another.
        refused("reference_taken", came, connection, tianjin, "U1", "2022-03-05", 1)
        came(connection, tianjin, "U1", "2022-04-03")
        assert credit(
            connection, tianjin, "P1", D("2022-04-01"), on_day=D("2022-04-30"), actor=ACTOR
        )
        audited = connection.execute(
            "SELECT count(*)::int FROM ops.audit WHERE action = 'receipt-back'"
        ).fetchone()
        assert audited == (1,)


def test_the_month_of_a_receipt_taken_back_is_credited_again_when_it_is_paid(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2022-03")
        reference = came(connection, tianjin, "U1", "2022-03-05")
        march: Any = {"month": D("2022-03-01"), "on_day": D("2022-03-31"), "actor": ACTOR}
        assert credit(connection, tianjin, "P1", **march)
        take_back(connection, tianjin, Mistake(reference, D("2022-04-02"), "x"), actor=ACTOR)
        came(connection, tianjin, "U1", "2022-03-31")
        made = credit(connection, tianjin, "P1", **march)
        assert made is not None
        assert made.balance == 100_00
        assert credit(connection, tianjin, "P1", **march) is None


def test_what_stands_in_the_way_of_taking_a_receipt_back_is_named(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2022-03")
        reference = came(connection, tianjin, "U1", "2022-03-05")
        mistake = Mistake(reference, D("2022-05-02"), "x")
        credit(connection, tianjin, "P1", D("2022-03-01"), on_day=D("2022-03-31"), actor=ACTOR)
        spent = Use("P1", "V1", D("2022-03-31"), "pharmacy", 1, at_designated=True)
        use(connection, tianjin, spent, actor=ACTOR)
        told = refused("balance_spent", take_back, connection, tianjin, mistake, actor=ACTOR)
        assert "99.99" in told
        assert "credit 2022-03" in told
        number = movements(connection, "P1")[-1].movement_id
        back: Any = {"on_day": D("2022-05-02"), "reason": "x", "actor": ACTOR}
        take_back_movement(connection, tianjin, "P1", number, **back)
        book(connection, "H1", "C-7", D("2022-03-10"), {"pool_pay": 100_00}, scheme="employee")
        told = refused("claims_settled", take_back, connection, tianjin, mistake, actor=ACTOR)
        assert "H1/C-7" in told
        unknown = Mistake("no", D("2022-05-02"), "x")
        refused("known_receipt", take_back, connection, tianjin, unknown, actor=ACTOR)
        assert covered(connection, "P1") == [("2022-03-01", "2022-03-31")]


def test_a_credit_that_went_on_to_the_bank_is_not_taken_back(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2018-03")
        reference = came(connection, tianjin, "U1", "2018-03-05")
        credit(connection, tianjin, "P1", D("2018-03-01"), on_day=D("2018-03-31"), actor=ACTOR)
        mistake = Mistake(reference, D("2018-04-02"), "x")
        told = refused("passed_on", take_back, connection, tianjin, mistake, actor=ACTOR)
        assert "98.00" in told


def test_money_that_was_refunded_keeps_its_receipt(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2022-03")
        reference = came(connection, tianjin, "U1", "2022-03-05")
        (bill,) = bills_of(connection, "P1")
        cancel(connection, tianjin, Correction(bill.bill_id, D("2022-03-06"), "x"), actor=ACTOR)
        order = Refund("T1", "U1", D("2022-03-07"), "x", 1_00)
        assert refund(connection, order, actor=ACTOR) == 1_00
        mistake = Mistake(reference, D("2022-03-08"), "x")
        told = refused("refunded", take_back, connection, tianjin, mistake, actor=ACTOR)
        assert "T1" in told


# --- bills ----------------------------------------------------------------------------------------


def test_a_bill_made_anew_takes_its_money_along_and_the_rest_is_refunded(
    database: Database, tianjin: Office
) -> None:
    """A wage of 6,000 declared as 9,000: the difference of 3,000 costs 12.5 %, 375.00."""
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2022-03", wage=9000_00)
        came(connection, tianjin, "U1", "2022-03-05")
        credit(connection, tianjin, "P1", D("2022-03-01"), on_day=D("2022-03-31"), actor=ACTOR)
        assert movements(connection, "P1")[-1].balance == 180_00
        book(connection, "H1", "C-7", D("2022-03-10"), {"pool_pay": 100_00}, scheme="employee")
        employ(connection, "P1", "U1", D("2022-03-01"), wage=6000_00, actor=ACTOR)
        (old,) = bills_of(connection, "P1")
        asked = Correction(old.bill_id, D("2022-04-02"), "wrong wage")
        (new,) = again(connection, tianjin, asked, actor=ACTOR)
        (bill,) = bills_of(connection, "P1")
        assert bill.bill_id == new
        assert sum(p.fen for p in bill.parts) == sum(p.received for p in bill.parts) == 750_00
        assert held_for(connection, "U1") == 375_00
        # In time still, since the money came in time; the credit is that of 6,000.
        assert covered(connection, "P1") == [("2022-03-01", "2022-03-31")]
        assert movements(connection, "P1")[-1].balance == 120_00
        refused(
            "held",
            refund,
            connection,
            Refund("T0", "U1", D("2022-04-03"), "x", 375_01),
            actor=ACTOR,
        )
        order = Refund("T1", "U1", D("2022-04-03"), "overpaid")
        assert refund(connection, order, actor=ACTOR) == 375_00
        assert refund(connection, order, actor=ACTOR) == 0
        other = Refund("T1", "U1", D("2022-04-04"), "overpaid")
        refused("reference_taken", refund, connection, other, actor=ACTOR)
        found = balances(connection)
        # What came, less the refund and the credit, whose money lies with the accounts.
        assert found["bank/employee.pool_pay/"] == 750_00 - 120_00
        assert not any(name.startswith("contributions_") for name in found if "income" not in name)


def test_held_money_pays_the_next_bill_as_of_the_day_on_which_it_came(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2022-03")
        came(connection, tianjin, "U1", "2022-03-05")
        (bill,) = bills_of(connection, "P1")
        asked = Correction(bill.bill_id, D("2022-06-01"), "x")
        cancel(connection, tianjin, asked, actor=ACTOR)
        assert covered(connection, "P1") == []
        refused("cancelled_once", cancel, connection, tianjin, asked, actor=ACTOR)
        billed(connection, tianjin, "P1", "2022-03", on=D("2022-06-02"))
        cover(connection, tianjin, "P1", actor=ACTOR)
        assert covered(connection, "P1") == [("2022-03-01", "2022-03-31")]
        assert held_for(connection, "U1") == 0


def test_a_bill_on_which_claims_stand_is_not_just_taken_back(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2022-03")
        came(connection, tianjin, "U1", "2022-03-05")
        book(connection, "H1", "C-7", D("2022-03-10"), {"pool_pay": 100_00}, scheme="employee")
        (bill,) = bills_of(connection, "P1")
        asked = Correction(bill.bill_id, D("2022-06-01"), "x")
        refused("claims_settled", cancel, connection, tianjin, asked, actor=ACTOR)


# --- months given up ------------------------------------------------------------------------------


def household(connection: Connection, office: Office) -> int:
    """Bill and pay 2022 of a household of one in November 2021; return the bill."""
    enrolled(connection, "R1", household_id="H9", **RESIDENT)
    (number,) = billed(connection, office, "R1", "2022-01", "2022-12", on=D("2021-11-01"))
    came(connection, office, "household:H9", "2021-11-20", 320_00)
    return number


@pytest.mark.parametrize(("day", "rule"), [("2021-12-31", ""), ("2022-01-01", "period_begun")])
def test_a_residents_year_is_given_back_to_who_died_before_it_began(
    database: Database, tianjin: Office, day: str, rule: str
) -> None:
    with database.transaction() as connection:
        number = household(connection, tianjin)
        change(connection, "R1", died_on=D(day), actor=ACTOR)
        asked = Correction(number, D("2022-02-01"), "died")
        args = (connection, tianjin, asked, "death", D(day))
        if rule:
            refused(rule, give_up, *args, actor=ACTOR)
            return
        assert give_up(*args, actor=ACTOR) == []
        assert covered(connection, "R1") == []
        order = Refund("T1", "household:H9", D("2022-02-02"), "died before the year")
        assert refund(connection, order, actor=ACTOR) == 320_00
        assert "bank/employee.pool_pay/" not in balances(connection)


def test_a_reason_that_the_register_does_not_bear_out_gives_nothing_back(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        number = household(connection, tianjin)
        asked = Correction(number, D("2022-02-01"), "x")
        for because in ("death", "elsewhere", "other_scheme"):
            args: Any = (connection, tianjin, asked, because, D("2022-01-01"))
            refused("borne_out", give_up, *args, actor=ACTOR)


def test_who_was_enrolled_twice_from_the_first_day_gets_the_year_back(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        number = household(connection, tianjin)
        one = find(connection, "R1")
        assert one is not None
        elsewhere(connection, one.identity_number, "2022-01-01", scheme="resident")
        asked = Correction(number, D("2022-02-01"), "enrolled in two places")
        later: Any = (connection, tianjin, asked, "elsewhere", D("2022-01-02"))
        refused("period_begun", give_up, *later, actor=ACTOR)
        give_up(connection, tianjin, asked, "elsewhere", D("2022-01-01"), actor=ACTOR)
        assert held_for(connection, "household:H9") == 320_00


def test_of_a_quarter_the_months_after_a_death_are_given_back(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", "2022-02-01", contributor="flexible", pays_every=3, **EMPLOYEE)
        (number,) = billed(connection, tianjin, "P1", "2022-02", "2022-04")
        came(connection, tianjin, "P1", "2022-02-05")
        (bill,) = bills_of(connection, "P1")
        quarter = sum(p.fen for p in bill.parts)
        change(connection, "P1", died_on=D("2022-02-28"), actor=ACTOR)
        asked = Correction(number, D("2022-03-10"), "died")
        (kept,) = give_up(connection, tianjin, asked, "death", D("2022-02-28"), actor=ACTOR)
        assert held_for(connection, "P1") == quarter - quarter // 3
        assert covered(connection, "P1") == [("2022-02-01", "2022-02-28")]
        asked = Correction(kept, D("2022-03-10"), "died")
        args: Any = (connection, tianjin, asked, "death", D("2022-02-28"))
        refused("months_left", give_up, *args, actor=ACTOR)


# --- surcharges -----------------------------------------------------------------------------------


def test_an_employer_pays_for_each_day_of_lateness_once(
    database: Database, tianjin: Office
) -> None:
    """625.00 of March come on 10 April, 10 days late: 625.00 × 10 × 0.05 % = 3.125, so 3.13."""
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2022-03", "2022-04")
        came(connection, tianjin, "U1", "2022-04-10")
        (made,) = charge(connection, tianjin.policy, D("2022-04-30"), actor=ACTOR)
        assert (made.fen, made.late[0].days) == (3_13, 10)
        assert (len(made.late), made.cite) == (1, "中华人民共和国主席令第35号 第八十六条")
        assert charge(connection, tianjin.policy, D("2022-04-30"), actor=ACTOR) == []
        (owed,) = arrears(connection, D("2022-04-30"))
        assert (owed.payer, owed.item, owed.left, owed.person_id) == (
            *("U1", "late_surcharge", 3_13, ""),
        )
        # Contributions come first, so nobody's cover waits for a surcharge.
        billed(connection, tianjin, "P1", "2022-05")
        came(connection, tianjin, "U1", "2022-05-10", 625_00)
        assert covered(connection, "P1")[-1][1] == "2022-05-31"
        assert balances(connection)["contributions_receivable/employee.pool_pay/U1"] == 3_13
        came(connection, tianjin, "U1", "2022-05-11")
        assert "contributions_receivable/employee.pool_pay/U1" not in balances(connection)
        told = refused(
            "surcharge_paid",
            *(take_back, connection, tianjin, Mistake("U1@2022-04-10", D("2022-06-01"), "x")),
            actor=ACTOR,
        )
        assert str(made.bill_id) in told


def test_money_on_the_last_day_is_not_late_and_a_waived_surcharge_stays_waived(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2022-03", "2022-04")
        came(connection, tianjin, "U1", "2022-03-31", 625_00)
        assert charge(connection, tianjin.policy, D("2022-12-31"), actor=ACTOR) == []
        came(connection, tianjin, "U1", "2022-05-01")
        assert charge(connection, tianjin.policy, D("2022-04-30"), actor=ACTOR) == []
        (made,) = charge(connection, tianjin.policy, D("2022-12-31"), payer="U1", actor=ACTOR)
        assert made.fen == 31  # 625.00 × 0.05 % = 0.3125
        asked = Correction(made.bill_id, D("2022-12-31"), "waived")
        assert cancel(connection, tianjin, asked, actor=ACTOR) == ""
        assert charge(connection, tianjin.policy, D("2022-12-31"), actor=ACTOR) == []
        assert "surcharge_income/employee.pool_pay/" not in balances(connection)
        refused("surcharge", again, connection, tianjin, asked, actor=ACTOR)


def test_persons_and_households_pay_no_surcharge(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", "2022-03-01", contributor="flexible", **EMPLOYEE)
        billed(connection, tianjin, "P1", "2022-03")
        came(connection, tianjin, "P1", "2023-03-05")
        enrolled(connection, "R1", household_id="H9", **RESIDENT)
        billed(connection, tianjin, "R1", "2022-01", "2022-12")
        came(connection, tianjin, "household:H9", "2023-03-05", 320_00)
        assert charge(connection, tianjin.policy, D("2023-12-31"), actor=ACTOR) == []


def test_a_receipt_taken_back_takes_its_surcharge_along(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2022-03")
        before = balances(connection)
        reference = came(connection, tianjin, "U1", "2022-04-10")
        charge(connection, tianjin.policy, D("2022-04-30"), actor=ACTOR)
        take_back(connection, tianjin, Mistake(reference, D("2022-05-01"), "x"), actor=ACTOR)
        assert balances(connection) == before


# --- accounts -------------------------------------------------------------------------------------


def test_a_contribution_paid_by_an_account_goes_back_to_it(
    database: Database, tianjin: Office
) -> None:
    guangdong = Office(load_policy("guangdong"))
    with database.transaction() as connection:
        enrolled(connection, "P1", "2010-01-01", **EMPLOYEE)
        move_in(connection, Slip("P1", "110100", "S1", D("2010-01-01"), 0, 500_00), actor=ACTOR)
        enrolled(connection, "R1", household_id="H9", **RESIDENT)
        year: Any = ("R1", "2022-01", "2022-12")
        (number,) = billed(connection, tianjin, *year, on=D("2021-11-01"))
        link(connection, "P1", "R1", "parent", D("2021-11-01"), actor=ACTOR)
        wanted = Use("P1", "V1", D("2021-11-05"), "resident_contribution", 320_00, "R1")
        made = pay_contribution(connection, guangdong, wanted, actor=ACTOR)
        cover(connection, tianjin, "R1", actor=ACTOR)
        assert covered(connection, "R1") != []
        mistake = Mistake("account:P1:V1", D("2021-11-30"), "x")
        refused("paid_by_account", take_back, connection, tianjin, mistake, actor=ACTOR)
        cancel(connection, tianjin, Correction(number, D("2021-11-30"), "x"), actor=ACTOR)
        assert held_for(connection, "R1") == 0  # nothing for the person: it is the account's
        billed(connection, tianjin, *year, on=D("2021-11-30"))
        back: Any = {"on_day": D("2021-11-30"), "reason": "x", "actor": ACTOR}
        took = take_back_movement(connection, tianjin, "P1", made.movement_id, **back)
        assert took.balance == made.balance + 320_00
        assert covered(connection, "R1") == []
        assert balances(connection)["contributions_receivable/resident.pool_pay/R1"] == 320_00
        args: Any = (connection, tianjin, "P1", made.movement_id)
        refused("taken_back_once", take_back_movement, *args, **back)
        refused("known_movement", take_back_movement, *args[:3], 99999, **back)
        refused("movement_stays", take_back_movement, *args[:3], took.movement_id, **back)
        refused("taken_back", pay_contribution, connection, guangdong, wanted, actor=ACTOR)

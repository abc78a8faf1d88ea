"""Personal accounts: each movement once, in the ledger, and the balance equal in both places."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from tests.agency.registered import ACTOR, EMPLOYEE, RESIDENT, billed, enrolled, person
from yibao.agency.accounts.credits import credit, interest
from yibao.agency.accounts.movements import account_of, movements
from yibao.agency.accounts.moves import Slip, move_in, move_out
from yibao.agency.accounts.uses import Use, close, link, pay_contribution, use, withdraw
from yibao.agency.contributions.bills import bills_of
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.paid import months_paid
from yibao.agency.contributions.receipts import Receipt, arrears, receive
from yibao.agency.enrolment.memberships import employ
from yibao.agency.enrolment.persons import employer, register
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.statuses import statuses
from yibao.errors import Refused
from yibao.ledger.balance import balance, trial_balance
from yibao.policy.policy import load_policy
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database

D = date.fromisoformat


@pytest.fixture(scope="module")
def tianjin() -> Office:
    return Office(load_policy("tianjin"))


@pytest.fixture(scope="module")
def guangdong() -> Office:
    return Office(load_policy("guangdong"))


def holds(connection: Connection, person_id: str) -> int:
    """Return an account's balance, which must be the same in both places."""
    row = connection.execute(
        "SELECT account_balance FROM enrolment.person_lock WHERE person_id = %s", (person_id,)
    ).fetchone()
    assert row is not None
    assert row[0] == -balance(connection, account_of(person_id))
    assert sum(line.balance for line in trial_balance(connection)) == 0
    return int(row[0])


def employed(connection: Connection, office: Office, person_id: str, *months: str) -> None:
    """Enrol somebody of 36 with a wage of 5,000, whose months are paid."""
    enrolled(connection, person_id, f"{months[0]}-01", **EMPLOYEE)
    employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
    employ(connection, person_id, "U1", D(f"{months[0]}-01"), wage=5000_00, actor=ACTOR)
    for month in months:
        billed(connection, office, person_id, month)
    owed = sum(o.left for o in arrears(connection, D("2099-01-01")) if o.payer == "U1")
    receive(connection, Receipt(f"{person_id}", "U1", D(f"{months[0]}-05"), owed), actor=ACTOR)


def given(connection: Connection, person_id: str, fen: int, **says: Any) -> None:
    """Enrol somebody whose account came from another region with so much in it."""
    enrolled(connection, person_id, "2010-01-01", **(says or EMPLOYEE))
    slip = Slip(person_id, "110100", f"S-{person_id}", D("2010-01-01"), 0, fen)
    move_in(connection, slip, actor=ACTOR)


# --- credits --------------------------------------------------------------------------------------


@pytest.mark.clause("T16-17a")
def test_seven_tenths_of_a_months_credit_go_to_the_bank_once(
    database: Database, tianjin: Office
) -> None:
    """In March 2017 at 36: 2 % + 0.8 % of 5,000 are 140.00, of which 98.00 are transferred."""
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2017-03")
        args: dict[str, Any] = {"on_day": D("2017-03-31"), "actor": ACTOR}
        made = credit(connection, tianjin, "P1", D("2017-03-01"), **args)
        assert made is not None
        assert (made.came_in, made.went_out, made.balance) == (140_00, 98_00, 42_00)
        assert credit(connection, tianjin, "P1", D("2017-03-01"), **args) is None
        assert holds(connection, "P1") == 42_00
        lines = {"/".join(n.account): n.balance for n in trial_balance(connection)}
        assert lines["account_credit/employee.pool_pay/"] == 140_00
        assert lines["bank/personal_account/"] == 42_00


@pytest.mark.clause("T16-17a")
def test_before_october_2016_nothing_is_transferred(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2016-09")
        args: dict[str, Any] = {"on_day": D("2016-09-30"), "actor": ACTOR}
        made = credit(connection, tianjin, "P1", D("2016-09-01"), **args)
        assert made is not None
        assert (made.came_in, made.went_out) == (140_00, 0)


def test_a_month_that_is_not_paid_is_not_credited(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2017-03")
        with pytest.raises(Refusal) as error:
            credit(connection, tianjin, "P1", D("2017-04-01"), on_day=D("2017-04-30"), actor=ACTOR)
        assert error.value.name == "month_paid"


def test_who_has_no_account_by_the_rules_gets_no_credit(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", "2022-09-01", contributor="flexible", **EMPLOYEE)
        billed(connection, tianjin, "P1", "2022-09")
        receive(connection, Receipt("R", "P1", D("2022-09-05"), 352_00), actor=ACTOR)
        with pytest.raises(Refused) as error:
            credit(connection, tianjin, "P1", D("2022-09-01"), on_day=D("2022-09-30"), actor=ACTOR)
        assert error.value.name == "no_account"


@pytest.mark.clause("C-IMPL-1.1b")
def test_the_reform_of_2022_credits_the_persons_own_part_only(
    database: Database, tianjin: Office
) -> None:
    """On 5,000 a December brings 140.00 and the January after it 100.00."""
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2021-12", "2022-01")
        came = []
        for month in ("2021-12", "2022-01"):
            day = D(f"{month}-01")
            made = credit(connection, tianjin, "P1", day, on_day=day, actor=ACTOR)
            assert made is not None
            came.append(made.came_in)
        assert came == [140_00, 100_00]


def test_interest_of_a_year_once(database: Database, tianjin: Office) -> None:
    """10,000 carried over × 1.1 % and nothing of the year: 110.00 (packs' case of 2022)."""
    with database.transaction() as connection:
        given(connection, "P1", 10_000_00)
        made = interest(connection, tianjin, "P1", 2022, actor=ACTOR)
        assert made is not None
        assert (made.came_in, made.on_day) == (110_00, D("2022-12-31"))
        assert interest(connection, tianjin, "P1", 2022, actor=ACTOR) is None
        assert holds(connection, "P1") == 10_110_00


# --- uses -----------------------------------------------------------------------------------------


@pytest.mark.clause("T16-17b", "P25-3.1.2a")
def test_what_an_account_pays_for_follows_the_list_in_force(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        given(connection, "P1", 1000_00)

        def asked(reference: str, day: str, code: str, charge: int, to: str = "") -> int:
            wanted = Use("P1", reference, D(day), code, charge, "", to, at_designated=True)
            return use(connection, tianjin, wanted, actor=ACTOR).went_out

        assert asked("1", "2017-05-01", "health_checkup", 300_00) == 300_00
        with pytest.raises(Refused):
            asked("2", "2022-05-01", "health_checkup", 300_00)
        for day in ("2017-05-01", "2022-05-01"):
            with pytest.raises(Refused):
                asked("3", day, "cosmetic", 10_00)
        assert asked("4", "2022-05-01", "pharmacy", 80_00, "P12010100001") == 80_00
        assert holds(connection, "P1") == 620_00
        lines = {"/".join(n.account): n.balance for n in trial_balance(connection, by_party=True)}
        assert lines["bank/personal_account/"] == -380_00
        # Again the same: nothing. The same reference for another sum: refused.
        assert asked("4", "2022-05-01", "pharmacy", 80_00, "P12010100001") == 80_00
        with pytest.raises(Refusal):
            asked("4", "2022-05-01", "pharmacy", 81_00, "P12010100001")
        assert holds(connection, "P1") == 620_00


@pytest.mark.clause("C-GD-1.3a")
def test_an_account_pays_a_relatives_contribution(database: Database, tianjin: Office) -> None:
    """With 500 in the account and a bill of 320, 180 are left and the relative is insured."""
    guangdong = Office(load_policy("guangdong"))
    with database.transaction() as connection:
        given(connection, "P1", 500_00)
        enrolled(connection, "P2", **RESIDENT)
        billed(connection, tianjin, "P2", "2022-01", "2022-12", on=D("2021-11-01"))
        wanted = Use("P1", "B1", D("2021-11-05"), "resident_contribution", 320_00, "P2")
        with pytest.raises(Refused):  # no link yet: a stranger
            pay_contribution(connection, guangdong, wanted, actor=ACTOR)
        link(connection, "P1", "P2", "parent", D("2021-11-01"), actor=ACTOR)
        pay_contribution(connection, guangdong, wanted, actor=ACTOR)
        pay_contribution(connection, guangdong, wanted, actor=ACTOR)  # again: nothing
        cover(connection, tianjin, "P2", actor=ACTOR)
        assert holds(connection, "P1") == 180_00
        (bill,) = bills_of(connection, "P2")
        assert [p.received for p in bill.parts if p.payer == "P2"] == [320_00]
        assert [str(s.last) for s in statuses(connection, "P2")] == ["2022-12-31"]


@pytest.mark.clause("C-GD-1.3b", "C-GD-1.3c")
def test_an_account_pays_relatives_care_as_far_as_it_goes(
    database: Database, guangdong: Office
) -> None:
    with database.transaction() as connection:
        given(connection, "P1", 230_00)
        register(connection, person("P2"), actor=ACTOR)
        link(connection, "P1", "P2", "child", D("2020-01-01"), last=D("2020-12-31"), actor=ACTOR)

        def asked(reference: str, code: str, charge: int, **more: Any) -> Any:
            day = more.pop("day", D("2020-05-01"))
            wanted = Use("P1", reference, day, code, charge, "P2", "H44010000001", **more)
            return use(connection, guangdong, wanted, actor=ACTOR)

        assert asked("1", "vaccine", 80_00).went_out == 80_00
        with pytest.raises(Refused) as error:
            asked("2", "health_checkup", 300_00)
        assert error.value.name == "not_designated"
        with pytest.raises(Refused):  # the link has ended
            asked("3", "outpatient", 10_00, at_designated=True, day=D("2021-01-01"))
        made = asked("4", "outpatient", 200_00, at_designated=True)
        assert (made.went_out, made.detail["charge_left"]) == (150_00, 50_00)
        assert holds(connection, "P1") == 0


def test_an_account_that_many_draw_on_at_once_is_never_overdrawn(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        given(connection, "P1", 100_00)

    def once(number: int) -> int:
        wanted = Use(
            "P1", str(number), D("2022-05-01"), "pharmacy", 30_00, "", "P12010100001", True
        )
        return database.run(lambda c: use(c, tianjin, wanted, actor=ACTOR).went_out)

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(once, range(8))) == [0, 0, 0, 0, 10_00, 30_00, 30_00, 30_00]
    with database.transaction() as connection:
        assert holds(connection, "P1") == 0


@pytest.mark.clause("T16-18")
def test_a_withdrawal_after_serious_illness_once_a_year(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        given(connection, "P1", 8_200_00)

        def asked(expense: int, day: str = "2017-11-01") -> int:
            spent: dict[str, Any] = {"inpatient_expense": expense, "personal_share": 6_000_00}
            return withdraw(connection, tianjin, "P1", D(day), **spent, actor=ACTOR).went_out

        with pytest.raises(Refused) as error:
            asked(49_999_99)
        assert error.value.name == "below_withdrawal_threshold"
        assert asked(50_000_00) == 6_000_00
        with pytest.raises(Refused) as error:
            asked(50_000_00, "2017-12-01")
        assert error.value.name == "withdrawn_before"
        assert asked(50_000_00, "2018-12-01") == 2_200_00
        assert holds(connection, "P1") == 0
        assert [m.kind for m in movements(connection, "P1")][1:] == ["withdrawal"] * 2


def test_an_account_is_closed_to_the_heirs_once(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        given(connection, "P1", 800_00)
        for _ in range(2):
            made = close(connection, tianjin, "P1", D("2022-05-01"), "death", actor=ACTOR)
            assert (made.went_out, made.detail["balance_to_heirs"]) == (800_00, 800_00)
        assert holds(connection, "P1") == 0


# --- moves ----------------------------------------------------------------------------------------


@pytest.mark.clause("P25-3.7.2a")
def test_years_and_balance_go_along_to_another_region(database: Database, tianjin: Office) -> None:
    """5 years and 3 months and the balance: the receiving side shows the same."""
    with database.transaction() as connection:
        employed(connection, tianjin, "P1", "2022-03", "2022-04", "2022-05")
        slip = Slip("P1", "110100", "S1", D("2022-03-02"), 60, 500_00)
        assert move_in(connection, slip, actor=ACTOR)
        assert not move_in(connection, slip, actor=ACTOR)
        with pytest.raises(Refusal):
            move_in(connection, Slip("P1", "110100", "S1", D("2022-03-02"), 61, 0), actor=ACTOR)
        assert months_paid(connection, "P1") == 63
        cover(connection, tianjin, "P1", actor=ACTOR)
        args: dict[str, Any] = {"region": "130100", "reference": "S2", "actor": ACTOR}
        out = move_out(connection, tianjin, "P1", last=D("2022-04-30"), **args)
        assert (out.months, out.balance) == (63, 500_00)
        assert move_out(connection, tianjin, "P1", last=D("2022-04-30"), **args) == out
        assert holds(connection, "P1") == 0
        assert months_paid(connection, "P1") == 0
        assert [str(s.last) for s in statuses(connection, "P1")] == ["2022-04-30"]
        # The other side, here under another id.
        enrolled(connection, "Q1", "2022-05-01", **EMPLOYEE)
        arrived = Slip("Q1", "120100", out.reference, out.on_day, out.months, out.balance)
        move_in(connection, arrived, actor=ACTOR)
        assert divmod(months_paid(connection, "Q1"), 12) == (5, 3)
        assert holds(connection, "Q1") == 500_00

"""Bills, receipts, arrears and the cover that follows: by the rules, once, in the ledger."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg import errors as pg

from tests.agency.registered import ACTOR, EMPLOYEE, RESIDENT, billed, elsewhere, enrolled
from yibao.agency.contributions.bills import bills_of, cancel
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.paid import months_paid
from yibao.agency.contributions.receipts import Receipt, arrears, receive
from yibao.agency.enrolment import facts
from yibao.agency.enrolment.memberships import Enrolment, employ, end, enrol, leave
from yibao.agency.enrolment.persons import employer
from yibao.agency.enrolment.profile import Membership
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.statuses import statuses
from yibao.errors import MissingFigure, Refused
from yibao.ledger.balance import trial_balance
from yibao.policy.policy import load_policy
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database

D = date.fromisoformat


@pytest.fixture(scope="module")
def tianjin() -> Office:
    return Office(load_policy("tianjin"))


def employed(connection: Connection, person_id: str, first: str, wage: int = 5000_00) -> None:
    enrolled(connection, person_id, first, **EMPLOYEE)
    employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
    employ(connection, person_id, "U1", D(first), wage=wage, actor=ACTOR)


def parts(connection: Connection, person_id: str) -> list[tuple[str, str, int]]:
    return [(p.name, p.payer, p.fen) for b in bills_of(connection, person_id) for p in b.parts]


def paid(
    connection: Connection, office: Office, payer: str, fen: int, on: str, *, reference: str = ""
) -> list[str]:
    receipt = Receipt(reference or f"{payer}:{on}", payer, D(on), fen)
    persons = receive(connection, receipt, actor=ACTOR) or []
    for person in persons:
        cover(connection, office, person, actor=ACTOR)
    return persons


def covered(connection: Connection, person_id: str) -> list[tuple[str, str, str]]:
    return [(str(s.first), str(s.last), str(s.facts[0])) for s in statuses(connection, person_id)]


def balances(connection: Connection) -> dict[str, int]:
    lines = trial_balance(connection, by_party=True)
    assert sum(line.balance for line in lines) == 0
    return {"/".join(line.account): line.balance for line in lines if line.balance}


# --- bills ----------------------------------------------------------------------------------------


@pytest.mark.clause("P25-3.2.2a", "C-ZS-1")
@pytest.mark.parametrize(
    ("wage", "personal", "by_employer"),
    [(5000_00, 100_00, 525_00), (3000_00, 88_00, 462_00), (30000_00, 448_68, 2355_57)],
)
def test_an_employer_declares_and_is_billed_within_the_limits(
    database: Database, tianjin: Office, wage: int, personal: int, by_employer: int
) -> None:
    """A declared 5,000 stands, 3,000 count as the floor, 30,000 as the ceiling (packs' cases)."""
    with database.transaction() as connection:
        employed(connection, "P1", "2022-09-01", wage)
        billed(connection, tianjin, "P1", "2022-09")
        assert parts(connection, "P1") == [
            ("employer_contribution", "U1", by_employer),
            ("personal_contribution", "U1", personal),
        ]
        assert balances(connection) == {
            "contributions_receivable/employee.pool_pay/U1": by_employer + personal,
            "contribution_income/employee.pool_pay/": -by_employer - personal,
        }


def test_billing_twice_changes_nothing(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        employed(connection, "P1", "2022-09-01")
        assert len(billed(connection, tianjin, "P1", "2022-09")) == 1
        before = balances(connection)
        assert billed(connection, tianjin, "P1", "2022-09") == []
        assert balances(connection) == before
        with pytest.raises(Refusal) as error:
            billed(connection, tianjin, "P1", "2022-09", "2022-10")
        assert error.value.name == "billed_once"
        assert "1 from 2022-10" in error.value.text.en


def test_two_who_bill_one_month_at_once_make_one_bill(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        employed(connection, "P1", "2022-09-01")

    def once(_: int) -> int:
        return database.run(lambda c: len(billed(c, tianjin, "P1", "2022-09")))

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(once, range(8))) == [0] * 7 + [1]


def test_the_database_forbids_a_second_bill_of_a_month(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        employed(connection, "P1", "2022-09-01")
        billed(connection, tianjin, "P1", "2022-09")
    with pytest.raises(pg.ExclusionViolation), database.transaction() as connection:
        connection.execute(
            "INSERT INTO contributions.bill (person_no, household_id, scheme, item, months, day, "
            "billed_on, facts, amounts, gives, entry_id) SELECT person_no, household_id, scheme, "
            "item, months, day, billed_on, facts, amounts, gives, 99 FROM contributions.bill"
        )


@pytest.mark.clause("T16-08", "T21-1.3a", "P25-3.1.4c")
def test_finance_owes_what_a_recipient_does_not(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        for name in ("P1", "P2", "P3"):
            enrolled(connection, name, **RESIDENT)
        tag: dict[str, Any] = {"source": "civil affairs", "actor": ACTOR}
        first = D("2021-06-01")
        args = ("identities", "medical_assistance", first)
        facts.hold(connection, "P1", *args, **tag)
        facts.hold(connection, "P2", *args, last=D("2021-12-31"), **tag)
        for name in ("P1", "P2", "P3"):
            billed(connection, tianjin, name, "2022-01", "2022-12")
        subsidised = [
            ("fiscal_subsidy", "finance", 580_00),
            ("personal_subsidy", "finance", 320_00),
        ]
        assert parts(connection, "P1") == subsidised
        # The identity of P2 ended the day before.
        for name in ("P2", "P3"):
            assert parts(connection, name) == [
                ("fiscal_subsidy", "finance", 580_00),
                ("personal_contribution", name, 320_00),
            ]
        assert (
            balances(connection)["subsidy_receivable/resident.pool_pay/finance"]
            == 3 * 580_00 + 320_00
        )
        # Nothing is left for P1 to pay, and nobody waits for public finance.
        cover(connection, tianjin, "P1", actor=ACTOR)
        cover(connection, tianjin, "P3", actor=ACTOR)
        assert covered(connection, "P1") == [("2022-01-01", "2022-12-31", "resident")]
        assert covered(connection, "P3") == []


@pytest.mark.clause("T16-11b", "T16-11a")
def test_a_serviceman_goes_from_the_employer_to_the_district_without_a_gap(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", "2017-01-01", who={"division": "120101"}, **EMPLOYEE)
        employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
        employ(connection, "P1", "U1", D("2017-01-01"), wage=6000_00, actor=ACTOR)
        facts.hold(
            connection,
            *("P1", "identities", "disabled_serviceman_1_6", D("2017-01-01")),
            source="veterans' affairs",
            actor=ACTOR,
        )
        leave(connection, "P1", D("2017-03-31"), actor=ACTOR)
        for month in ("2017-03", "2017-04"):
            billed(connection, tianjin, "P1", month)
        told = [(name, payer) for name, payer, _ in parts(connection, "P1")]
        assert told == [
            ("employer_contribution", "U1"),
            ("employer_subsidy", "district:120101"),
        ]
        (march, _) = (fen for _, _, fen in parts(connection, "P1"))
        paid(connection, tianjin, "U1", march, "2017-03-20")
        assert covered(connection, "P1") == [("2017-03-01", "2017-04-30", "employee")]


@pytest.mark.clause("P25-3.2.2b", "T21-7d")
def test_by_month_quarter_or_year_it_costs_the_same_and_covers_at_once(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        spans = {"M": 1, "Q": 3, "Y": 12}
        for name, months in spans.items():
            enrolled(connection, name, "2021-08-01", contributor="flexible", **EMPLOYEE)
            starts = [8 + at for at in range(0, 12, months)]
            for start in starts:
                first = f"{2021 + (start - 1) // 12}-{(start - 1) % 12 + 1:02d}"
                end_ = start + months - 1
                last = f"{2021 + (end_ - 1) // 12}-{(end_ - 1) % 12 + 1:02d}"
                billed(connection, tianjin, name, first, last)
        totals = {name: sum(fen for _, _, fen in parts(connection, name)) for name in spans}
        # 314.40 a month on the base announced in August 2021.
        assert totals == dict.fromkeys(spans, 3_772_80)
        paid(connection, tianjin, "Q", 943_20, "2021-08-15")
        assert covered(connection, "Q") == [("2021-08-01", "2021-10-31", "employee")]


def test_months_at_two_rates_are_billed_each_by_itself(database: Database, tianjin: Office) -> None:
    """From January 2023 8.5 % are due instead of 8: a quarter over New Year is three bills."""
    with database.transaction() as connection:
        enrolled(connection, "P1", "2022-12-01", contributor="flexible", **EMPLOYEE)
        assert len(billed(connection, tianjin, "P1", "2022-12", "2023-02")) == 3
        assert [fen for _, _, fen in parts(connection, "P1")] == [352_00, 374_00, 374_00]


@pytest.mark.clause("T21-1.1a")
def test_a_figure_that_is_missing_is_an_error_and_leaves_nothing(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", "2021-01-01", **RESIDENT)
        with pytest.raises(MissingFigure), connection.transaction():
            billed(connection, tianjin, "P1", "2021-01", "2021-12")
        assert bills_of(connection, "P1") == []
        assert balances(connection) == {}


@pytest.mark.clause("C-HA-0")
def test_who_is_insured_as_an_employee_may_not_join_the_residents(database: Database) -> None:
    huaian = Office(load_policy("huaian"))
    with database.transaction() as connection:
        one = enrolled(connection, "P1", "2008-01-01", **RESIDENT)
        elsewhere(connection, one.identity_number, "2007-01-01", region="320100")
        with pytest.raises(Refused):
            billed(connection, huaian, "P1", "2008-01", "2008-12")


# --- receipts -------------------------------------------------------------------------------------


def test_a_receipt_pays_the_oldest_months_and_the_last_in_part(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", "2022-09-01", contributor="flexible", **EMPLOYEE)
        for month in ("2022-09", "2022-10", "2022-11"):
            billed(connection, tianjin, "P1", month)  # 352.00 each
        paid(connection, tianjin, "P1", 500_00, "2022-09-10", reference="R1")
        left = [(str(o.first), o.left) for o in arrears(connection, D("2022-12-31"))]
        assert left == [("2022-10-01", 204_00), ("2022-11-01", 352_00)]
        assert [o.left for o in arrears(connection, D("2022-10-01"))] == [204_00]
        assert covered(connection, "P1") == [("2022-09-01", "2022-09-30", "employee")]
        # The same receipt again changes nothing; with another amount it is refused.
        assert paid(connection, tianjin, "P1", 500_00, "2022-09-10", reference="R1") == []
        with pytest.raises(Refusal) as error:
            paid(connection, tianjin, "P1", 500_01, "2022-09-10", reference="R1")
        assert error.value.name == "reference_taken"
        with pytest.raises(Refusal, match=r"owes only 556\.00"):
            paid(connection, tianjin, "P1", 556_01, "2022-10-10", reference="R2")
        with pytest.raises(Refusal, match="no payer P99 is known"):
            paid(connection, tianjin, "P99", 1, "2022-10-10", reference="R2")
        paid(connection, tianjin, "P1", 556_00, "2022-10-10", reference="R2")
        assert arrears(connection, D("2022-12-31")) == []
        assert covered(connection, "P1") == [("2022-09-01", "2022-11-30", "employee")]
        assert balances(connection) == {
            "bank/employee.pool_pay/": 1_056_00,
            "contribution_income/employee.pool_pay/": -1_056_00,
        }
        assert months_paid(connection, "P1") == 3


def test_a_household_pays_for_its_members(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        for name in ("P1", "P2"):
            enrolled(connection, name, household_id="H1", **RESIDENT)
            billed(connection, tianjin, name, "2022-01", "2022-12", on=D("2021-11-01"))
        assert paid(connection, tianjin, "household:H1", 640_00, "2021-11-12") == ["P1", "P2"]
        assert covered(connection, "P2") == [("2022-01-01", "2022-12-31", "resident")]


def test_an_id_stands_for_one_payer(database: Database) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", **RESIDENT)
        employer(connection, "U1", "甲公司", "enterprise", "", actor=ACTOR)
        with pytest.raises(Refusal) as error:
            employer(connection, "P1", "甲公司", "enterprise", "", actor=ACTOR)
        assert error.value.name == "one_payer"
        for person_id in ("U1", "finance", "household:H1"):
            with pytest.raises(Refusal) as error:
                enrolled(connection, person_id, **RESIDENT)
            assert error.value.name == "one_payer"


def test_receipts_at_once_pay_each_fen_once(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", "2022-09-01", contributor="flexible", **EMPLOYEE)
        billed(connection, tianjin, "P1", "2022-09")

    def once(number: int) -> int:
        try:
            receipt = Receipt(f"R{number}", "P1", D("2022-09-10"), 88_00)
            return database.run(lambda c: len(receive(c, receipt, actor=ACTOR) or ()))
        except Refusal:
            return 0

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(once, range(8))) == 4  # 4 × 88 = 352
    with database.transaction() as connection:
        assert balances(connection)["bank/employee.pool_pay/"] == 352_00


def test_a_bill_is_taken_back_once_and_what_came_is_held(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", "2022-09-01", contributor="flexible", **EMPLOYEE)
        (first,) = billed(connection, tianjin, "P1", "2022-09")
        cancel(connection, first, on_day=D("2022-09-02"), reason="wrong", actor=ACTOR)
        assert balances(connection) == {}
        with pytest.raises(Refusal) as error:
            cancel(connection, first, on_day=D("2022-09-02"), reason="wrong", actor=ACTOR)
        assert error.value.name == "cancelled_once"
        (second,) = billed(connection, tianjin, "P1", "2022-09")
        paid(connection, tianjin, "P1", 1, "2022-09-10")
        cancel(connection, second, on_day=D("2022-09-11"), reason="wrong", actor=ACTOR)
        assert balances(connection) == {
            "bank/employee.pool_pay/": 1,
            "contributions_held/employee.pool_pay/P1": -1,
        }
        with pytest.raises(Refusal, match="no bill 99"):
            cancel(connection, 99, on_day=D("2022-09-11"), reason="wrong", actor=ACTOR)


# --- cover ----------------------------------------------------------------------------------------


def test_months_paid_at_once_in_arrears_are_covered_from_the_month_that_they_belong_to(
    database: Database, tianjin: Office
) -> None:
    """Paid in June for April to June: "suspended" in May before that, insured in May after it."""
    with database.transaction() as connection:
        enrolled(connection, "P1", "2022-03-01", contributor="flexible", **EMPLOYEE)
        for month in ("2022-03", "2022-04", "2022-05", "2022-06"):
            billed(connection, tianjin, "P1", month)
        paid(connection, tianjin, "P1", 314_40, "2022-03-10")
        assert covered(connection, "P1") == [("2022-03-01", "2022-03-31", "employee")]
        paid(connection, tianjin, "P1", 3 * 314_40, "2022-06-04")
        assert covered(connection, "P1") == [("2022-03-01", "2022-06-30", "employee")]
        # What was believed in between is still known.
        rows = connection.execute(
            "SELECT lower(valid)::text, upper_inf(known), reason FROM enrolment.coverage "
            "ORDER BY coverage_id"
        ).fetchall()
        assert ("2022-04-01", True, "covered_back") in rows


def test_a_long_gap_is_followed_by_a_wait(database: Database, tianjin: Office) -> None:
    """February to June are not paid: from July on there is a wait of six months."""
    with database.transaction() as connection:
        enrolled(connection, "P1", "2022-01-01", contributor="flexible", **EMPLOYEE)
        for number in range(1, 13):
            month = f"2022-{number:02d}"
            if number not in range(2, 7):
                billed(connection, tianjin, "P1", month)
        paid(connection, tianjin, "P1", 314_40, "2022-01-10")
        owed = sum(o.left for o in arrears(connection, D("2022-12-31")))
        paid(connection, tianjin, "P1", owed, "2022-07-10")
        assert covered(connection, "P1") == [("2022-01-01", "2022-01-31", "employee")]


def test_cover_again_changes_nothing_and_ends_with_membership(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", **RESIDENT)
        billed(connection, tianjin, "P1", "2022-01", "2022-12", on=D("2021-11-01"))
        paid(connection, tianjin, "P1", 320_00, "2021-11-12")
        assert not cover(connection, tianjin, "P1", actor=ACTOR)
        end(connection, "P1", D("2022-08-15"), actor=ACTOR, reason="died")
        assert covered(connection, "P1") == [("2022-01-01", "2022-08-15", "resident")]
        assert not cover(connection, tianjin, "P1", actor=ACTOR)


@pytest.mark.parametrize(
    ("starts", "resident_until", "employee_from"),
    [("2022-07-01", "2022-06-30", "2022-07-01"), ("2022-07-15", "2022-07-31", "2022-08-01")],
)
def test_who_takes_up_work_within_a_paid_year_goes_over_without_a_gap(
    database: Database, tianjin: Office, starts: str, resident_until: str, employee_from: str
) -> None:
    """The month in which both are paid is that of the scheme in which it began."""
    with database.transaction() as connection:
        enrolled(connection, "P1", **RESIDENT)
        billed(connection, tianjin, "P1", "2022-01", "2022-12", on=D("2021-11-01"))
        paid(connection, tianjin, "P1", 320_00, "2021-11-12")
        first = D(starts)
        end(connection, "P1", first - timedelta(days=1), actor=ACTOR, reason="work")
        wanted = Enrolment("P1", Membership("employee", "in_service"), first)
        enrol(connection, wanted, actor=ACTOR, office=tianjin)
        employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
        employ(connection, "P1", "U1", first, wage=5000_00, actor=ACTOR)
        for month in ("2022-07", "2022-08"):
            assert len(billed(connection, tianjin, "P1", month)) == 1
        assert months_paid(connection, "P1") == 0
        owed = sum(o.left for o in arrears(connection, D("2022-12-31")) if o.payer == "U1")
        paid(connection, tianjin, "U1", owed, "2022-07-20")
        assert covered(connection, "P1") == [
            ("2022-01-01", resident_until, "resident"),
            (employee_from, "2022-08-31", "employee"),
        ]
        assert months_paid(connection, "P1") == 2


def test_a_year_begun_within_a_month_is_billed_in_its_own_scheme(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", last="2022-04-14", contributor="flexible", **EMPLOYEE)
        enrol(connection, Enrolment("P1", Membership(**RESIDENT), D("2022-04-15")), actor=ACTOR)
        billed(connection, tianjin, "P1", "2022-04", scheme="employee")
        billed(connection, tianjin, "P1", "2022-04", "2022-12", scheme="resident")
        told = [(bill.scheme, str(bill.last)) for bill in bills_of(connection, "P1")]
        assert told == [("employee", "2022-04-30"), ("resident", "2022-12-31")]


def test_a_year_of_large_expense_relief_is_a_fact_when_it_is_paid(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", contributor="flexible", **EMPLOYEE)
        billed(connection, tianjin, "P1", "2022-01", "2022-01")
        billed(connection, tianjin, "P1", "2022-01", "2022-12", item="large_expense")
        assert balances(connection)["contribution_income/employee.large_expense_pay/"] == -260_00
        paid(connection, tianjin, "P1", 260_00 + 314_40, "2022-01-05")
        (status,) = statuses(connection, "P1")
        assert status.facts[4] is True


def test_two_years_of_payments_make_a_fact(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", "2022-01-01", contributor="flexible", **EMPLOYEE)
        billed(connection, tianjin, "P1", "2022-01", "2024-03")
        owed = sum(o.left for o in arrears(connection, D("2024-12-31")))
        paid(connection, tianjin, "P1", owed, "2022-01-05")
        told = [(str(s.first), s.facts[6]) for s in statuses(connection, "P1")]
        assert told == [("2022-01-01", False), ("2024-01-01", True)]

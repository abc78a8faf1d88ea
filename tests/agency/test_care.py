"""Long-term care: points, grade, term, and what the desk then pays from a fund of its own."""

from collections.abc import Mapping
from datetime import date

import pytest
from agency_town import build, refused, visit
from desks import tianjin

from yibao.agency.care import assessments
from yibao.agency.care.assessments import Assessment, Finding, assess, grade_of, set_longest
from yibao.agency.care.scale import ITEMS, sums
from yibao.agency.desk.model import Bill, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.registers import REGISTERS
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.filing.intake import reverse, settle
from yibao.agency.products.financing import Financed, finance
from yibao.ledger.balance import balance, trial_balance
from yibao.ledger.chart import Account
from yibao.policy.policy import load_policy
from yibao.settlement.model import Settlement
from yibao.settlement.procedure import Office as Rules
from yibao.store.database import Connection, Database

WELL = {name: item.most for name, item in ITEMS.items()}
POOR = {**WELL, "walking": 0, "transfer": 0, "stairs": 0, "bathing": 0, "bowel": 0, "dressing": 0}
"""Daily living at 35 points, mind and senses intact: grade 3 by the table of grade D."""

AGREED = Rules(load_policy("tianjin", accept="D"))
STRICT = Rules(tianjin())
DAY = date(2023, 5, 20)
JULY = date(2023, 7, 31)


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1", "P2", scheme="employee", category="retired", contribution_tier="none")
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO registry.institution "
            "(institution_id, name, kind, division, valid) "
            "VALUES ('C1', 'nursing home', 'hospital', '120101', '[2010-01-01,)');"
            "INSERT INTO registry.agreement (institution_id, agreement_id, visits, schemes, valid) "
            "VALUES ('C1', 'A-C1', '{long_term_care}', '{employee,resident}', '[2010-01-01,)')"
        )
    return database


def assessed(
    database: Database,
    day: date = DAY,
    points: Mapping[str, int] = POOR,
    rules: Rules = AGREED,
    **says: int,
) -> Assessment:
    finding = Finding("C1", "assessor", day, points, **says)
    with database.transaction() as connection:
        return assess(connection, rules, "P1", finding, actor="test")


def cared(database: Database, day: date, in_scope: int = 1_000_00, **changes: object) -> Settlement:
    """Settle a bill of care of the month up to a day, in an institution unless told otherwise."""
    given: dict[str, object] = {
        "institution_id": "C1",
        "visit": "long_term_care",
        "admitted": day.replace(day=1),
        "discharged": day,
        "facts": {"care_setting": "institution"},
        "bill": Bill({"total": in_scope, "in_scope": in_scope}),
    }
    claim_no = f"C{day}{in_scope}{changes.get('facts')}"
    ask = visit(claim_no, day, 0, **{**given, **changes})
    with database.transaction() as connection:
        found = settle(connection, Office(tianjin(), REGISTERS), ask, actor="test")
    assert isinstance(found, Settled)
    return found.settlement


def moved(database: Database, head: str, fund: str) -> int:
    with database.transaction() as connection:
        return balance(connection, Account(head, fund))


# --- the scale ------------------------------------------------------------------------------------


def test_the_scale_has_seventeen_items_in_three_dimensions() -> None:
    assert len(ITEMS) == 17
    assert sums(WELL) == {"daily_living_score": 100, "cognition_score": 16, "perception_score": 12}


@pytest.mark.parametrize(
    ("points", "rule"),
    [
        (WELL | {"eating": 7}, "points"),
        (WELL | {"walking": 20}, "points"),
        (WELL | {"memory": 5}, "points"),
        (WELL | {"hearing": -1}, "points"),
        ({k: v for k, v in WELL.items() if k != "sight"}, "points"),
        (WELL | {"swimming": 5}, "item"),
    ],
)
def test_points_that_an_assessor_cannot_give(points: dict[str, int], rule: str) -> None:
    with pytest.raises(Refusal) as told:
        sums(points)
    assert told.value.name == rule


@pytest.mark.clause("P25-3.3.3c")
def test_the_same_points_give_the_same_grade_every_time() -> None:
    assert {grade_of(AGREED, POOR, DAY) for _ in range(100)} == {3}
    assert grade_of(AGREED, WELL, DAY) == 0


def test_rules_that_do_not_accept_the_table_give_no_grade() -> None:
    assert grade_of(STRICT, POOR, DAY) is None


# --- assessments ----------------------------------------------------------------------------------


@pytest.mark.clause("P25-3.3.3c")
def test_an_assessment_keeps_points_assessor_grade_and_term(town: Database) -> None:
    found = assessed(town)
    assert (found.grade, found.computed, found.severe) == (3, True, True)
    assert (found.first, found.last) == (date(2023, 6, 1), date(2025, 5, 31))
    assert (found.institution_id, found.assessor, found.points) == ("C1", "assessor", POOR)


def test_the_grade_is_the_institutions_where_the_rules_give_none(town: Database) -> None:
    finding = Finding("C1", "assessor", DAY, POOR)
    told = refused(town, lambda c: assess(c, STRICT, "P1", finding, actor="test"))
    assert told == "grade"
    found = assessed(town, rules=STRICT, grade=4)
    assert (found.grade, found.computed) == (4, False)


def test_what_is_refused(town: Database) -> None:
    def rule(finding: Finding, person: str = "P1") -> str:
        return refused(town, lambda c: assess(c, AGREED, person, finding, actor="test"))

    assert rule(Finding("C1", "a", DAY, POOR, grade=5)) == "grade_differs"
    assert rule(Finding("C9", "a", DAY, POOR)) == "known_institution"
    assert rule(Finding("C1", "a", DAY, POOR, months=25)) == "term"
    assert rule(Finding("C1", "a", DAY, POOR, months=0)) == "term"
    assert rule(Finding("C1", "a", date(2020, 12, 31), POOR, grade=3)) == "term"
    assessed(town)
    assert rule(Finding("C1", "a", DAY, POOR)) == "assessed"


def test_another_term_is_laid_down_from_a_day_on(town: Database) -> None:
    with town.transaction() as connection:
        set_longest(connection, 12, "a later document", date(2023, 6, 1), actor="test")
        terms = [assessments.longest(connection, d) for d in (DAY, date(2023, 6, 1))]
    assert terms == [24, 12]
    assert assessed(town, date(2023, 6, 10)).last == date(2024, 6, 30)


# --- the desk -------------------------------------------------------------------------------------


@pytest.mark.clause("P25-3.3.3a", "T16-04")
def test_care_is_paid_from_its_own_fund_and_medical_funds_do_not_move(town: Database) -> None:
    assessed(town)
    found = cared(town, JULY)
    assert {f: fen for f, fen in found.funds.items() if fen} == {"care_pay": 700_00}
    with town.transaction() as connection:
        lines = trial_balance(connection)
    assert sum(line.balance for line in lines) == 0
    funds = {line.account.fund for line in lines if line.balance} - {""}
    assert funds == {"care_pay"}


@pytest.mark.clause("P25-3.3.3a")
def test_without_a_severe_assessment_in_force_there_is_no_care(town: Database) -> None:
    def rule(day: date) -> str:
        return refused(town, lambda _: cared(town, day))

    assert rule(JULY) == "care_for_the_severely_disabled"
    assessed(town, months=3)
    assert rule(date(2023, 5, 31)) == "care_for_the_severely_disabled"
    assert cared(town, date(2023, 8, 31)).funds["care_pay"] == 700_00
    assert rule(date(2023, 9, 30)) == "care_for_the_severely_disabled"


def test_a_better_grade_ends_care_with_the_month(town: Database) -> None:
    assessed(town)
    assert assessed(town, date(2023, 7, 10), WELL).severe is False
    assert cared(town, JULY).funds["care_pay"] == 700_00
    told = refused(town, lambda _: cared(town, date(2023, 8, 31)))
    assert told == "care_for_the_severely_disabled"


def test_the_months_limit_at_home_and_what_is_taken_back(town: Database) -> None:
    assessed(town)
    home = {"facts": {"care_setting": "home"}}
    middle = date(2023, 7, 15)
    first = cared(town, middle, 1_500_00, **home)
    second = cared(town, JULY, 1_000_00, admitted=date(2023, 7, 16), **home)
    assert (first.funds["care_pay"], second.funds["care_pay"]) == (1_125_00, 450_00)
    with town.transaction() as connection:
        office = Office(tianjin(), REGISTERS)
        reverse(connection, office, int(first.claim.claim_id), actor="test")
    third = cared(town, JULY, 1_100_00, admitted=date(2023, 7, 16), **home)
    assert third.funds["care_pay"] == 825_00
    assert cared(town, date(2023, 8, 31), 2_100_00, **home).funds["care_pay"] == 1_575_00


def test_a_bill_of_care_is_of_one_month(town: Database) -> None:
    assessed(town)
    told = refused(town, lambda _: cared(town, JULY, admitted=date(2023, 6, 30)))
    assert told == "care_month"
    told = refused(town, lambda _: cared(town, JULY, episode="E1"))
    assert told == "episode"


# --- what it costs --------------------------------------------------------------------------------


def financed(connection: Connection, rules: Rules, product: str, scheme: str) -> Financed:
    day = date(2023, 1, 15)
    return finance(connection, rules, product, scheme, 2023, on_day=day, actor="test")


@pytest.mark.clause("P25-3.3.3b")
def test_a_year_of_care_comes_from_what_is_named(town: Database) -> None:
    with town.transaction() as connection:
        found = financed(connection, STRICT, "long_term_care", "employee")
    assert (found.heads, found.total) == (2, 480_00)
    assert moved(town, "bank", "care_pay") == 480_00
    assert moved(town, "bank", "pool_pay") == -240_00
    assert moved(town, "bank", "large_expense_pay") == -240_00
    assert moved(town, "financing_income", "care_pay") == -480_00
    told = refused(town, lambda c: financed(c, STRICT, "long_term_care", "employee"))
    assert told == "financed"
    told = refused(town, lambda c: financed(c, STRICT, "long_term_care", "resident"))
    assert told == "heads"

"""Products of the layer chain are packs: the desk settles and posts what a pack adds."""

from datetime import date
from pathlib import Path

import pytest
from agency_town import DOCTOR, OTHER_DOCTOR, build, insure, refused, visit

from yibao.agency.desk.model import Bill, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.registers import REGISTERS
from yibao.agency.filing.intake import Papers, reverse, settle
from yibao.agency.products.financing import Financed, finance
from yibao.agency.qualification import diseases
from yibao.agency.qualification.diseases import Finding
from yibao.agency.qualification.sites import Site, choose
from yibao.ledger.balance import balance, trial_balance
from yibao.ledger.chart import Account
from yibao.policy.model import Value
from yibao.policy.policy import Policy, load_policy
from yibao.settlement.model import Settlement
from yibao.settlement.procedure import Office as Rules
from yibao.store.database import Connection, Database

EXAMPLES = Path(__file__).parents[2] / "examples" / "overlays"
FIRST, LAST = date(2022, 3, 1), date(2022, 3, 20)


def tianjin(*products: str) -> Policy:
    overlays = [EXAMPLES / f"tianjin-{name}@2022-01-01" for name in products]
    return load_policy("tianjin", accept="D", overlays=overlays)


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1", "P2")
    return database


def settled(
    database: Database,
    policy: Policy,
    claim_no: str,
    own: int,
    in_scope: int,
    **changes: object,
) -> Settlement:
    given: dict[str, object] = {"visit": "inpatient", "institution_id": "H2", "discharged": LAST}
    papers = changes.pop("papers", Papers())
    assert isinstance(papers, Papers)
    bill = Bill({"total": own + in_scope, "out_of_catalogue": own, "in_scope": in_scope})
    ask = visit(claim_no, FIRST, 0, bill=bill, **{**given, **changes})
    with database.transaction() as connection:
        found = settle(connection, Office(policy, REGISTERS), ask, papers, actor="test")
    assert isinstance(found, Settled)
    return found.settlement


def taken_back(database: Database, policy: Policy, found: Settlement) -> None:
    with database.transaction() as connection:
        number = int(found.claim.claim_id)
        reverse(connection, Office(policy, REGISTERS), number, actor="test")


def paid(found: Settlement) -> dict[str, int]:
    return {fund: fen for fund, fen in found.funds.items() if fen}


def owed(database: Database, fund: str) -> int:
    with database.transaction() as connection:
        assert sum(line.balance for line in trial_balance(connection)) == 0
        return -balance(connection, Account("institution_payable", fund, "H2"))


# --- an insurer and a charity ---------------------------------------------------------------------


@pytest.mark.clause("T16-07c", "P25-3.3.1a")
def test_an_insurer_and_a_charity_pay_after_the_public_layers_and_never_more_than_is_left(
    town: Database,
) -> None:
    # (10,000 - 500) x 80 % = 7,600 of the pool; 70 % of what is outside the catalogue above 20,000;
    # of 2,400 and 22,400 left the charity offers 10,000.
    policy = tianjin("city-cover", "charity")
    found = settled(town, policy, "A1", 28_000_00, 10_000_00)
    assert paid(found) == {
        "pool_pay": 7_600_00,
        "supplement_pay": 5_600_00,
        "charity_pay": 10_000_00,
    }
    assert found.figure("left_to_person") == 24_800_00
    assert owed(town, "supplement_pay") == 5_600_00
    assert owed(town, "charity_pay") == 10_000_00
    little = settled(town, policy, "A2", 1_000_00, 0, person="P2")
    assert paid(little) == {"charity_pay": 1_000_00}
    assert little.cash_pay == 0


def test_what_a_product_has_paid_counts_for_its_year_and_is_taken_back_with_the_bill(
    town: Database,
) -> None:
    policy = tianjin("city-cover", "charity")
    settled(town, policy, "A1", 6_000_00, 0)
    second = settled(town, policy, "A2", 30_000_00, 0)
    assert paid(second) == {"supplement_pay": 11_200_00, "charity_pay": 4_000_00}
    taken_back(town, policy, second)
    assert (owed(town, "supplement_pay"), owed(town, "charity_pay")) == (0, 6_000_00)
    third = settled(town, policy, "A3", 30_000_00, 0)
    assert paid(third) == paid(second)


def test_a_charity_needs_no_insurer_before_it(town: Database) -> None:
    found = settled(town, tianjin("charity"), "A1", 28_000_00, 10_000_00)
    assert paid(found) == {"pool_pay": 7_600_00, "charity_pay": 10_000_00}


# --- accidents ------------------------------------------------------------------------------------


def hurt(**facts: Value) -> dict[str, object]:
    return {"facts": {"injury": "accident", **facts}}


@pytest.mark.clause("T16-33a")
def test_an_accident_is_the_accident_insurances_and_leaves_the_year_alone(town: Database) -> None:
    policy = tianjin()
    fell = settled(town, policy, "A1", 0, 8_000_00, **hurt())
    assert paid(fell) == {"accident_pay": 5_800_00}  # 6,000 x 70 % + 2,000 x 80 %
    assert owed(town, "accident_pay") == 5_800_00
    ill = settled(town, policy, "A2", 0, 10_000_00)
    assert paid(ill) == {"pool_pay": 7_600_00}
    taken_back(town, policy, fell)
    assert owed(town, "accident_pay") == 0
    again = settled(town, policy, "A3", 0, 8_000_00, **hurt())
    assert paid(again) == {"accident_pay": 5_800_00}


@pytest.mark.clause("T16-33a")
def test_self_harm_and_the_liability_of_others_are_held(town: Database) -> None:
    def rule(**facts: Value) -> str:
        given = {"facts": facts}
        return refused(town, lambda _: settled(town, tianjin(), "A1", 0, 2_000_00, **given))

    assert rule(injury="self_harm") == "self_inflicted"
    assert rule(injury="accident", liability="third_party") == "not_payable_third_party"
    released = settled(town, tianjin(), "A1", 0, 2_000_00, **hurt())
    assert paid(released) == {"accident_pay": 1_400_00}


PREMIUM = """
title: {zh: 保费, en: premium}
number: 例
issuer: {zh: 例, en: an example}
kind: figures
known: 2022-01-01
effective: {from: 2022-01-01, to: null}
"""
PREMIUM_RULES = """
tables:
  accident_premium:
    provisions:
    - {cite: 例, says: {zh: 例, en: an example}, grade: C, source: 例, rows: [{value: "25.00"}]}
"""


@pytest.mark.clause("T16-33b")
def test_premiums_are_heads_times_the_premium_from_the_fund_of_the_scheme(
    town: Database, tmp_path: Path
) -> None:
    overlay = tmp_path / "premium@2022-01-01"
    overlay.mkdir()
    (overlay / "document.yaml").write_text(PREMIUM, encoding="utf-8")
    (overlay / "rules.yaml").write_text(PREMIUM_RULES, encoding="utf-8")
    rules = Rules(load_policy("tianjin", overlays=[overlay]))
    insure(town, "E1", scheme="employee", category="in_service", contribution_tier="none")

    def financed(connection: Connection, scheme: str) -> Financed:
        return finance(connection, rules, "accident", scheme, 2022, on_day=FIRST, actor="test")

    with town.transaction() as connection:
        made = [financed(connection, scheme) for scheme in ("employee", "resident")]
    assert [one.payers for one in made] == [
        {"financed_by_large_expense": 25_00},
        {"financed_by_pool": 50_00},
    ]
    with town.transaction() as connection:
        banks = [
            balance(connection, Account("bank", fund))
            for fund in ("accident_pay", "large_expense_pay", "pool_pay")
        ]
        assert sum(line.balance for line in trial_balance(connection)) == 0
    assert banks == [75_00, -25_00, -50_00]
    assert refused(town, lambda c: financed(c, "resident")) == "financed"


def test_a_premium_that_nobody_has_found_is_refused_by_name(town: Database) -> None:
    rules = Rules(tianjin())
    told = refused(
        town,
        lambda c: finance(c, rules, "accident", "resident", 2022, on_day=FIRST, actor="test"),
    )
    assert told == "accident_premium"


# --- cover by name --------------------------------------------------------------------------------


@pytest.fixture
def named(town: Database) -> Database:
    """P1 has a rare disease that is covered by name, at H2 by DOCTOR."""
    with town.transaction() as connection:
        number = diseases.apply(connection, "P1", "rare", date(2021, 12, 1), actor="test")
        found = Finding("H3", date(2021, 12, 20), True, date(2022, 1, 1), date(2023, 12, 31))
        diseases.assess(connection, number, found, actor="test")
        choose(connection, "P1", "rare", [Site("H2", DOCTOR)], date(2022, 1, 1), actor="test")
    return town


DOCTOR_PAPERS = Papers(practitioner_id=DOCTOR)
OTHER_DOCTOR_PAPERS = Papers(practitioner_id=OTHER_DOCTOR)
RARE: dict[str, object] = {
    "visit": "special_outpatient",
    "facts": {"disease": "rare"},
    "discharged": FIRST,
}


@pytest.mark.clause("T16-06a")
def test_this_patient_at_this_hospital_by_this_doctor_is_paid_at_the_tariff(
    named: Database,
) -> None:
    policy = tianjin("named-cover")
    found = settled(named, policy, "A1", 0, 10_000_00, papers=DOCTOR_PAPERS, **RARE)
    assert paid(found) == {"serious_illness_pay": 8_000_00}
    assert owed(named, "serious_illness_pay") == 8_000_00
    others = [
        settled(named, policy, "A2", 0, 1_000_00, papers=OTHER_DOCTOR_PAPERS, **RARE),
        settled(named, policy, "A3", 0, 1_000_00, **RARE),
        settled(
            named,
            policy,
            "A4",
            0,
            1_000_00,
            papers=DOCTOR_PAPERS,
            **{**RARE, "institution_id": "H3"},
        ),
    ]
    assert ["serious_illness_pay" in paid(one) for one in others] == [False, False, False]
    stay = settled(
        named,
        policy,
        "A5",
        0,
        5_000_00,
        papers=DOCTOR_PAPERS,
        facts={"disease": "rare"},
    )
    assert paid(stay) == {"serious_illness_pay": 5_000_00}


def test_without_a_tariff_named_care_is_ordinary_special_care(named: Database) -> None:
    found = settled(named, tianjin(), "A1", 0, 10_000_00, papers=DOCTOR_PAPERS, **RARE)
    assert "serious_illness_pay" not in paid(found)
    assert paid(found)["pool_pay"] > 0


def test_an_institution_does_not_say_itself_that_care_is_covered_by_name(named: Database) -> None:
    facts = {"facts": {"disease": "rare", "named_cover": True}}
    policy = tianjin("named-cover")
    told = refused(named, lambda _: settled(named, policy, "A1", 0, 1_00, **{**RARE, **facts}))
    assert told == "asked_fact"

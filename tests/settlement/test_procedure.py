"""Procedures: contribution bills and account movements under small packs, worked by hand."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.small_pack import make_policy, step, table
from yibao.errors import (
    ClaimError,
    MissingFigure,
    NoRule,
    PackDefect,
    PackErrors,
    PolicyError,
    Refused,
)
from yibao.policy.policy import Policy
from yibao.settlement.explain import Explainer
from yibao.settlement.procedure import Office, Outcome, Request

DAY = date(2022, 3, 1)
EMPLOYEE = {"scheme": "employee", "category": "in_service", "contributor": "employer_staff"}


def bill(step_id: str, order: int, op: str, **fields: Any) -> dict[str, Any]:
    return step(step_id, order, op, phase="contribution", **fields)


def contribution_rules() -> dict[str, Any]:
    """12 % of a wage between 60 % and 300 % of 5,000: 10 % employer, 2 % person."""
    return {
        "tables": {
            "average_wage": table("yuan", "5000.00"),
            "floor_share": table("rate", "60%"),
            "base_ceiling": table("yuan", "15000.00"),
            "employer_rate": table("rate", "10%"),
            "personal_rate": table("rate", "2%"),
        },
        "steps": [
            bill(
                "no_permit",
                5,
                "refuse",
                when={"household_register": "elsewhere", "residence_permit": False},
            ),
            bill("floor", 10, "share", of="average_wage", rate="floor_share", to="base_floor"),
            bill("raised", 20, "greatest", terms=["wage", "base_floor"], to="base_raised"),
            bill(
                "base", 30, "least", terms=["base_raised", "base_ceiling"], to="contribution_base"
            ),
            bill(
                "employer", 40, "share", of="contribution_base", rate="employer_rate", to="monthly"
            ),
            bill(
                "employer_all",
                50,
                "times",
                of="monthly",
                count="months",
                to="employer_contribution",
            ),
            bill("person", 60, "share", of="contribution_base", rate="personal_rate", to="own"),
            bill("person_all", 70, "times", of="own", count="months", to="personal_contribution"),
        ],
    }


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return make_policy(tmp_path / "city", contribution_rules())


def ask(policy: Policy, amounts: dict[str, int], **facts: Any) -> Outcome:
    return Office(policy).run(Request("contribution", DAY, EMPLOYEE | facts, amounts))


@pytest.mark.parametrize(
    ("wage", "base"),
    [
        (2000_00, 3000_00),  # below the floor of 60 % of 5,000
        (3000_00, 3000_00),
        (8000_00, 8000_00),
        (15000_01, 15000_00),  # above the ceiling
    ],
)
def test_the_base_lies_between_floor_and_ceiling(policy: Policy, wage: int, base: int) -> None:
    outcome = ask(policy, {"wage": wage, "months": 1})
    assert outcome.figure("contribution_base") == base
    assert outcome.payers == {
        "personal_contribution": base // 50,
        "employer_contribution": base // 10,
    }


def test_a_quarter_is_three_months(policy: Policy) -> None:
    outcome = ask(policy, {"wage": 8000_00, "months": 3})
    assert outcome.total == 3 * 960_00


def test_each_month_is_rounded_before_it_is_multiplied(policy: Policy) -> None:
    # 3,333.33 × 2 % = 66.6666 → 66.67 a month, 200.01 in three.
    outcome = ask(policy, {"wage": 3333_33, "months": 3})
    assert outcome.figure("personal_contribution") == 200_01


def test_what_nobody_pays_is_zero(policy: Policy) -> None:
    assert ask(policy, {"wage": 8000_00, "months": 1}).figure("fiscal_subsidy") == 0


def test_a_refusal_names_the_rule_and_its_article(policy: Policy) -> None:
    with pytest.raises(Refused, match=r"refused: an example \(rules 1\)") as error:
        ask(policy, {"wage": 8000_00, "months": 1}, household_register="elsewhere")
    assert error.value.name == "no_permit"
    permitted = {"household_register": "elsewhere", "residence_permit": True}
    assert ask(policy, {"wage": 8000_00, "months": 1}, **permitted).total == 960_00


def test_an_amount_that_a_rule_needs_must_be_given(policy: Policy) -> None:
    with pytest.raises(PolicyError, match=r"wage \(Monthly wage declared\) must be given"):
        ask(policy, {"months": 1})


@pytest.mark.parametrize(
    ("amounts", "message"),
    [
        ({"wage": -1, "months": 1}, "from 0 to 1000000000.00"),
        ({"wage": 10**11 + 1, "months": 1}, "from 0 to 1000000000.00"),
        ({"wage": 1, "months": 10_001}, "from 0 to 10000"),
        ({"wages": 1, "months": 1}, "one of wage, months"),
    ],
)
def test_an_amount_that_cannot_be_is_refused(
    policy: Policy, amounts: dict[str, int], message: str
) -> None:
    with pytest.raises(ClaimError, match=message):
        ask(policy, amounts)


def test_a_fact_that_a_rule_looks_at_must_be_given(tmp_path: Path) -> None:
    rules = {
        "tables": {"rate": table("rate", "5%")},
        "steps": [
            step(
                "use",
                10,
                "least",
                terms=["charge", "account_balance"],
                to="account_drawn",
                phase="account_use",
                when={"account_use": "vaccine"},
            )
        ],
    }
    policy = make_policy(tmp_path / "city", rules)
    request = Request("account_use", DAY, EMPLOYEE, {"charge": 1, "account_balance": 1})
    with pytest.raises(PolicyError, match=r"account_use .* must be given: one of outpatient"):
        Office(policy).run(request)


def test_a_procedure_without_rules_says_so(policy: Policy) -> None:
    with pytest.raises(NoRule, match="personal account credit"):
        Office(policy).run(Request("account_credit", DAY, EMPLOYEE))


def test_a_missing_figure_is_named(tmp_path: Path) -> None:
    rules = contribution_rules()
    rules["tables"]["employer_rate"]["provisions"][0]["rows"] = [{"missing": "nobody knows"}]
    policy = make_policy(tmp_path / "city", rules)
    with pytest.raises(MissingFigure) as error:
        ask(policy, {"wage": 8000_00, "months": 1})
    assert error.value.name == "employer_rate"


def account_policy(folder: Path, drawn: str) -> Policy:
    def use(step_id: str, order: int, op: str, **fields: Any) -> dict[str, Any]:
        return step(step_id, order, op, phase="account_use", **fields)

    steps = [
        use("draw", 10, "least", terms=[drawn, "charge"], to="account_drawn"),
        use("rest", 20, "subtract", from_="charge", less=["account_drawn"], to="charge_left"),
    ]
    return make_policy(folder, {"steps": steps})


def use_of(policy: Policy, charge: int, balance: int) -> Outcome:
    facts = EMPLOYEE | {"account_use": "outpatient", "at_designated": True}
    amounts = {"charge": charge, "account_balance": balance}
    return Office(policy).run(Request("account_use", DAY, facts, amounts))


def test_an_account_pays_what_it_holds(tmp_path: Path) -> None:
    policy = account_policy(tmp_path / "city", "account_balance")
    assert use_of(policy, 200_00, 150_00).payers == {
        "account_drawn": 150_00,
        "charge_left": 50_00,
    }


def test_an_account_that_pays_more_than_it_holds_stops_the_run(tmp_path: Path) -> None:
    policy = account_policy(tmp_path / "city", "charge")
    with pytest.raises(PackDefect, match="account_use: the account pays more than it holds"):
        use_of(policy, 200_00, 150_00)


def test_payers_that_do_not_add_up_stop_the_run(tmp_path: Path) -> None:
    steps = [
        step(
            "heirs",
            10,
            "subtract",
            from_="account_balance",
            less=["fee"],
            to="balance_to_heirs",
            phase="account_closing",
        )
    ]
    rules = {"tables": {"fee": table("yuan", "1.00")}, "steps": steps}
    policy = make_policy(tmp_path / "city", rules)
    facts = EMPLOYEE | {"closing_reason": "death"}
    with pytest.raises(PackDefect, match=r"the payers pay 9\.00 yuan of 10\.00"):
        Office(policy).run(Request("account_closing", DAY, facts, {"account_balance": 10_00}))


def test_a_bill_is_explained_like_a_claim(policy: Policy) -> None:
    outcome = ask(policy, {"wage": 2000_00, "months": 3})
    lines = {line.step: line for line in Explainer(policy).account(outcome).lines}
    assert lines["raised"].formula == "max(2000.00, 3000.00) = 3000.00"
    assert lines["person_all"].formula == "60.00 × 3 = 180.00"
    assert lines["person_all"].results[0].title.en == "The person"
    assert lines["person"].operands[1].source is not None


def test_ages_come_from_the_birth_date(tmp_path: Path) -> None:
    rules = {
        "tables": {
            "due": table(
                "yuan",
                [
                    {"age": {"below": 18}, "value": "100.00"},
                    {"age": {"from": 18}, "value": "320.00"},
                ],
                {"age": [0, 18]},
            ),
            "nothing": table("yuan", "0.00"),
        },
        "steps": [bill("due", 10, "add", terms=["due", "nothing"], to="personal_contribution")],
    }
    office = Office(make_policy(tmp_path / "city", rules))
    for birth, due in [(date(2004, 3, 2), 100_00), (date(2004, 3, 1), 320_00)]:
        assert office.run(Request("contribution", DAY, EMPLOYEE, {}, birth)).total == due


def requiring(folder: Path, phase: str) -> Policy:
    steps = [
        step(
            "reached",
            10,
            "at_most",
            phase=phase,
            value="threshold",
            limit="year_inpatient_expense",
            to="withdrawable",
        ),
        step("below_threshold", 20, "require", phase=phase, if_="withdrawable"),
        step("paid", 30, "least", phase=phase, terms=["account_balance"], to="withdrawn"),
    ]
    return make_policy(folder, {"tables": {"threshold": table("yuan", "50000.00")}, "steps": steps})


def test_what_a_rule_requires_of_amounts_is_refused_by_name(tmp_path: Path) -> None:
    office = Office(requiring(tmp_path / "city", "account_withdrawal"))
    amounts = {"account_balance": 8200_00, "year_inpatient_expense": 50_000_00}
    request = Request("account_withdrawal", DAY, EMPLOYEE, amounts)
    assert office.run(request).figure("withdrawn") == 8200_00
    below = Request(
        "account_withdrawal", DAY, EMPLOYEE, amounts | {"year_inpatient_expense": 49_999_99}
    )
    with pytest.raises(Refused) as error:
        office.run(below)
    assert error.value.name == "below_threshold"


def test_a_claim_cannot_require(tmp_path: Path) -> None:
    with pytest.raises(PackErrors, match="op require in phase claim"):
        requiring(tmp_path / "city", "claim")

"""The executor: which rules a claim meets, how it is closed, what it leaves in the state."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_pack import (
    CITED,
    add_document,
    add_region,
    claim,
    make_book,
    make_policy,
    paid,
    settle_all,
    state,
    status,
    step,
    table,
)

from yibao.errors import NoRule, PackDefect, Unclassified
from yibao.money import MAX_CLAIM
from yibao.policy.policy import load_policy
from yibao.settlement.enrolment import age_on
from yibao.settlement.executor import Executor, episode_of
from yibao.settlement.explain import explain
from yibao.settlement.generate import source
from yibao.settlement.model import Reversal, YearState

PAY_ALL = step("pay", 10, "add", terms=["in_scope"], to="pool_pay", layer="basic")
PAY_RATE = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")
COUNT = step("count", 20, "accumulate", amount="pool_pay", into="used")
RATE = {"rate": table("rate", "50%")}
SAYS = {"zh": "例", "en": "an example"}


# --- closing a claim ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "account_pay", "cash_pay"),
    [("0", 0, 60_00), ("20.00", 20_00, 40_00), ("60.00", 60_00, 0), ("61.00", 60_00, 0)],
)
def test_the_account_pays_what_it_can_and_cash_the_rest(
    tmp_path: Path, account: str, account_pay: int, cash_pay: int
) -> None:
    book = make_book(make_policy(tmp_path, {"tables": RATE, "steps": [PAY_RATE]}))
    bill = claim("c", "2017-01-01", "100.00", out_of_catalogue="10.00", account=account)
    settlement = book.settle(bill)
    assert (settlement.total, settlement.fund_pay, settlement.personal_pay) == (
        110_00,
        50_00,
        60_00,
    )
    assert (settlement.account_pay, settlement.cash_pay) == (account_pay, cash_pay)
    assert settlement.figure("personal_pay") == 60_00
    assert settlement.figure("account_pay") == account_pay
    assert settlement.figure("cash_pay") == cash_pay


def test_funds_that_no_step_pays_from_are_left_out(tmp_path: Path) -> None:
    settlement = make_book(make_policy(tmp_path, {"tables": RATE, "steps": [PAY_RATE]})).settle(
        claim("c", "2017-01-01", "100.00")
    )
    assert settlement.funds == {"pool_pay": 50_00}
    assert settlement.figure("assistance_pay") == 0
    assert settlement.figure("in_scope") == 100_00
    assert settlement.figure("total") == 100_00


def test_all_funds_together_may_pay_the_bill_but_not_a_fen_more(tmp_path: Path) -> None:
    second = step("more", 20, "add", terms=["class_b"], to="assistance_pay", layer="assistance")
    rules = {"state": state("used"), "steps": [PAY_ALL, COUNT, second]}
    book = make_book(make_policy(tmp_path, rules))
    exact = claim("c1", "2017-01-01", "100.00", over_limit="7.00", class_b="7.00")
    assert book.settle(exact).personal_pay == 0
    before = book.state("p", "resident", 2017)
    too_much = claim("c2", "2017-01-01", "100.00", over_limit="7.00", class_b="7.01")
    with pytest.raises(PackDefect, match=r"c2: the funds pay 0\.01 yuan more than the bill"):
        book.settle(too_much)
    assert book.state("p", "resident", 2017) == before
    assert [s.claim.claim_id for s in book.settlements()] == ["c1"]


def test_an_accumulator_has_a_limit(tmp_path: Path) -> None:
    """A hundred claims of a billion yuan fill it; the next fen is a defect."""
    book = make_book(make_policy(tmp_path, {"state": state("used"), "steps": [PAY_ALL, COUNT]}))
    for n in range(100):
        book.settle(claim(f"c{n}", "2017-01-01", str(MAX_CLAIM // 100)))
    assert book.state("p", "resident", 2017) == {"used": 10**13}
    with pytest.raises(PackDefect, match=r"an accumulator passes 100000000000.00 yuan"):
        book.settle(claim("last", "2017-01-01", "0.01"))
    assert book.state("p", "resident", 2017) == {"used": 10**13}


def test_a_region_without_state_settles(tmp_path: Path) -> None:
    book = make_book(make_policy(tmp_path, {"steps": [PAY_ALL]}))
    assert paid([book.settle(claim("c", "2017-01-01", "1.23"))]) == [1_23]
    assert book.state("p", "resident", 2017) == {}


# --- which rules --------------------------------------------------------------------------------


def test_the_day_of_discharge_or_of_admission_chooses_the_rules(tmp_path: Path) -> None:
    """50 % in 2017, 60 % from 2018; a stay from 28 December to 5 January."""
    rate = table("rate", "50%", to="2017-12-31")
    rate["provisions"] += table("rate", "60%", **{"from": "2018-01-01"})["provisions"]
    stay = claim("c", "2018-01-05", "100.00", admitted="2017-12-28")
    for stays, pay, day in [
        ("discharge", 60_00, date(2018, 1, 5)),
        ("admission", 50_00, date(2017, 12, 28)),
    ]:
        folder = add_region(tmp_path / stays, stays)
        rules = {"state": state("used"), "tables": {"rate": rate}, "steps": [PAY_RATE, COUNT]}
        add_document(folder, rules)
        book = make_book(load_policy(folder))
        settlement = book.settle(stay)
        assert (settlement.figure("pool_pay"), settlement.day) == (pay, day)
        assert book.state("p", "resident", day.year)["used"] == pay


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        ("1948-03-01", "2018-02-28", 69),
        ("1948-03-01", "2018-03-01", 70),
        ("1948-03-01", "2018-03-02", 70),
        ("1948-12-31", "2018-12-30", 69),
        ("2000-02-29", "2018-02-28", 17),
        ("2000-02-29", "2018-03-01", 18),
        ("2018-03-01", "2018-03-01", 0),
    ],
)
def test_age_is_in_completed_years(birth: str, day: str, age: int) -> None:
    assert age_on(date.fromisoformat(birth), date.fromisoformat(day)) == age


def test_age_on_the_day_and_on_the_first_of_january(tmp_path: Path) -> None:
    """Seventy on 1 March 2018: 80 % from that day, or only from 2019 by age on 1 January."""
    seen = {}
    for attribute in ("age", "age_on_1_january"):
        rows = [
            {attribute: {"below": 70}, "value": "50%"},
            {attribute: {"from": 70}, "value": "80%"},
        ]
        rules = {"tables": {"rate": table("rate", rows, {attribute: [0, 70]})}, "steps": [PAY_RATE]}
        book = make_book(make_policy(tmp_path / attribute, rules), status(birth="1948-03-01"))
        days = ["2018-02-28", "2018-03-01", "2018-12-31", "2019-01-01"]
        seen[attribute] = paid([book.settle(claim(day, day, "1.00")) for day in days])
    assert seen == {"age": [50, 80, 80, 80], "age_on_1_january": [50, 50, 50, 80]}


@pytest.mark.parametrize(
    ("attribute", "birth", "day", "pay"),
    [
        ("age", "1948-03-01", "2018-12-31", 80),
        ("age_on_1_january", "1948-03-01", "2018-12-31", 50),
        ("age_on_1_january", "1948-01-01", "2018-12-31", 80),
        ("age_on_1_january", "1948-01-02", "2018-12-31", 50),
        ("age_on_1_january", "1948-01-02", "2019-01-01", 80),
    ],
)
def test_age_of_the_first_claim_met(
    tmp_path: Path, attribute: str, birth: str, day: str, pay: int
) -> None:
    rows = [{attribute: {"below": 70}, "value": "50%"}, {attribute: {"from": 70}, "value": "80%"}]
    rules = {"tables": {"rate": table("rate", rows, {attribute: [0, 70]})}, "steps": [PAY_RATE]}
    book = make_book(make_policy(tmp_path, rules), status(birth=birth))
    assert paid([book.settle(claim("c", day, "1.00"))]) == [pay]


def test_the_number_of_an_admission_is_its_episodes_own(tmp_path: Path) -> None:
    """E is the first stay, also when it is settled again after the second, and elsewhere."""
    number = {"title": SAYS, "ordinal_of": "stays", "within": "own_number", "max": 3}
    rates = {"2": [50, 60, 70], "3": [51, 61, 71]}
    rows = [
        {"level": level, "number": str(n), "value": f"{rate}%"}
        for level, of_level in rates.items()
        for n, rate in enumerate(of_level, 1)
    ]
    keys = {"level": ["2", "3"], "number": ["1", "2", "3"]}
    rules = {
        "state": state("stays", unit="count") | state("own_number", unit="count", scope="episode"),
        "state_attributes": {"number": number},
        "tables": {"rate": table("rate", rows, keys)},
        "steps": [PAY_RATE, step("n", 20, "ordinal", total="stays", own="own_number")],
    }
    book = make_book(make_policy(tmp_path, rules))
    order = [("E", "2"), ("F", "2"), ("E", "3"), ("E", "2"), ("G", "2"), ("F", "3"), ("H", "3")]
    settled = [
        book.settle(claim(f"c{n}", "2017-01-01", "1.00", episode=episode, level=level))
        for n, (episode, level) in enumerate(order)
    ]
    assert paid(settled) == [50, 60, 51, 50, 70, 61, 71]


def test_persons_of_one_profile_share_a_program_and_others_do_not(tmp_path: Path) -> None:
    rows = [{"category": "adult", "value": "50%"}, {"category": "student_child", "value": "60%"}]
    keys = {"category": ["adult", "student_child"]}
    rules = {"tables": {"rate": table("rate", rows, keys)}, "steps": [PAY_RATE]}
    book = make_book(
        make_policy(tmp_path, rules),
        status("p", birth="1950-01-01"),
        status("q", birth="1990-01-01"),
        status("r", category="student_child"),
    )
    p, q, r = [book.settle(claim(x, "2017-01-01", "1.00", person=x)) for x in "pqr"]
    assert p.program is q.program  # no rule looks at the age
    assert p.program is not r.program
    assert p.program.structure is r.program.structure  # the same steps, other figures
    assert paid([p, q, r]) == [50, 50, 60]


def test_conditions_on_the_claim_choose_the_steps(tmp_path: Path) -> None:
    out = step("out", 5, "exclude", of="in_scope", to="in_scope", when={"level": "3"})
    book = make_book(make_policy(tmp_path, {"steps": [out, PAY_ALL]}))
    settled = settle_all(
        book,
        [
            claim("c1", "2017-01-01", "5.00", level="2"),
            claim("c2", "2017-01-01", "5.00", level="3"),
        ],
    )
    assert paid(settled) == [5_00, 0]
    assert settled[1].personal_pay == 5_00


def test_whether_the_disease_of_the_claim_is_a_registered_one(tmp_path: Path) -> None:
    codes = [{"code": c, "zh": "例", "en": c, "cite": "1"} for c in ("D1", "D2")]
    registered = PAY_ALL | {"id": "yes", "when": {"disease_registered": True}}
    other = step("no", 11, "add", terms=["over_limit"], to="pool_pay", layer="basic")
    other |= {"when": {"disease_registered": False}}
    rules = {"codes": {"disease": codes}, "steps": [registered, other]}
    book = make_book(
        make_policy(tmp_path, rules),
        status("p", registered_diseases=frozenset({"D1"})),
        status("q"),
    )
    bills = [("p", "D1"), ("p", "D2"), ("p", "none"), ("q", "D1")]
    settled = [
        book.settle(
            claim(f"c{n}", "2017-01-01", "5.00", person=who, disease=disease, over_limit="1.00")
        )
        for n, (who, disease) in enumerate(bills)
    ]
    assert paid(settled) == [5_00, 1_00, 1_00, 1_00]


def test_a_counter_may_be_looked_at_up_to_its_top(tmp_path: Path) -> None:
    """The rate falls with the third claim of the year and no further; the next year starts anew."""
    rows = [{"done": ["0", "1"], "value": "80%"}, {"done": "2", "value": "50%"}]
    rules = {
        "state": state("claims", unit="count"),
        "state_attributes": {"done": {"title": SAYS, "value_of": "claims", "max": 2}},
        "tables": {
            "rate": table("rate", rows, {"done": ["0", "1", "2"]}),
            "one": table("count", 1),
        },
        "steps": [PAY_RATE, step("count", 20, "accumulate", amount="one", into="claims")],
    }
    book = make_book(make_policy(tmp_path, rules))
    settled = [book.settle(claim(f"c{n}", "2017-01-01", "1.00")) for n in range(4)]
    assert paid(settled) == [80, 80, 50, 50]
    assert paid([book.settle(claim("c4", "2018-01-01", "1.00"))]) == [80]


def test_no_rule_and_no_class_are_said_by_name(tmp_path: Path) -> None:
    care = {
        "title": SAYS,
        "codes": {"home": SAYS},
        "provisions": [
            {"cite": "1", "says": SAYS, "rows": [{"visit": "inpatient", "value": "home"}]}
        ],
    }
    rules = {"classifications": {"care": care}, "steps": [PAY_ALL | {"when": {"care": "home"}}]}
    add_region(tmp_path)
    add_document(tmp_path, rules, start="2017-01-01", end="2017-12-31")
    book = make_book(load_policy(tmp_path))
    with pytest.raises(Unclassified) as unclassified:
        book.settle(claim("c1", "2017-06-01", "1.00", visit="outpatient"))
    assert unclassified.value.name == "care"
    for day in ("2016-12-31", "2018-01-01"):
        with pytest.raises(NoRule):
            book.settle(claim(day, day, "1.00"))
    assert paid([book.settle(claim("c2", "2017-12-31", "1.00"))]) == [1_00]


def test_a_program_is_written_as_a_function_that_a_person_can_read(tmp_path: Path) -> None:
    rules = {"state": state("used"), "tables": RATE, "steps": [PAY_RATE, COUNT]}
    structure = (
        make_book(make_policy(tmp_path, rules))
        .settle(claim("c", "2017-01-01", "1.00"))
        .program.structure
    )
    scope, used = structure.amounts.index("in_scope"), len(structure.amounts)
    rate, pay, after = used + 1, used + 2, used + 3
    assert source(structure.instructions, structure.denominator) == (
        "def run(given):\n"
        f"    m{scope} = given[{scope}]\n"
        f"    m{used} = given[{used}]\n"
        f"    m{rate} = given[{rate}]\n"
        "    # pay\n"
        f"    m{pay} = half_up(m{scope} * m{rate}, 100)\n"
        "    # count\n"
        f"    m{after} = m{used} + m{pay}\n"
        f"    return [*given, m{pay}, m{after}]\n"
    )


# --- state --------------------------------------------------------------------------------------

EPISODE: dict[str, Any] = {
    "state": state("year_sum") | state("own_sum", "mark", scope="episode"),
    "tables": {"standard": table("yuan", "100.00"), "none": table("yuan", "0.00")},
    "steps": [
        step("d", 10, "deductible", of="in_scope", standard="standard", met="own_sum", to="ded"),
        step("own", 11, "accumulate", amount="ded", into="own_sum"),
        step("year", 12, "accumulate", amount="ded", into="year_sum"),
        step("pay", 13, "subtract", from_="in_scope", less=["ded"], to="pool_pay"),
    ],
}


def test_claims_of_one_episode_share_its_state_and_others_do_not(tmp_path: Path) -> None:
    book = make_book(make_policy(tmp_path, EPISODE))
    settled = settle_all(
        book,
        [
            claim("c1", "2017-01-01", "80.00", episode="E"),
            claim("c2", "2017-01-02", "80.00", episode="F"),
            claim("c3", "2017-01-03", "80.00", episode="E"),
            claim("c4", "2017-01-04", "80.00"),
            claim("c5", "2017-01-05", "80.00"),
        ],
    )
    assert [s.figure("ded") for s in settled] == [80_00, 80_00, 20_00, 80_00, 80_00]
    assert book.state("p", "resident", 2017) == {"year_sum": 340_00}


def test_taking_back_a_claim_of_an_episode_leaves_the_others(tmp_path: Path) -> None:
    executor = Executor(make_policy(tmp_path, EPISODE))
    state_ = YearState([0])
    bills = [claim(f"c{n}", "2017-01-01", "80.00", episode="E") for n in (1, 2)]
    first, second = (
        executor.settle(bill, status(), "resident", date(2017, 1, 1), state_) for bill in bills
    )
    assert state_ == YearState([100_00], {"E": [100_00, 0]})
    assert executor.delta(first) == [80_00, 80_00, 0]
    assert executor.delta(second) == [20_00, 20_00, 0]
    executor.take_back(executor.delta(first), episode_of(first.claim), state_)
    assert state_ == YearState([20_00], {"E": [20_00, 0]})
    executor.take_back(executor.delta(second), episode_of(second.claim), state_)
    assert state_ == YearState([0], {})


def test_an_episode_value_that_falls_back_to_zero_is_forgotten(tmp_path: Path) -> None:
    """`mark` is set by the first claim and cleared by the second; the third must not see it."""
    rules = EPISODE | {
        "steps": [
            step("see", 10, "add", terms=["mark"], to="seen"),
            step("set", 11, "subtract", from_="in_scope", less=["mark"], to="mark"),
        ]
    }
    book = make_book(make_policy(tmp_path, rules))
    settled = [
        book.settle(claim(f"c{n}", "2017-01-01", amount, episode="E"))
        for n, amount in enumerate(["5.00", "5.00", "0.00"])
    ]
    assert [s.figure("seen") for s in settled] == [0, 5_00, 0]
    book.reverse(Reversal("r1", "c2", settled[2].claim.settled_at))
    book.reverse(Reversal("r2", "c1", settled[2].claim.settled_at))
    assert book.settle(claim("c3", "2017-01-02", "0.00", episode="E")).figure("seen") == 5_00


def test_year_values_end_with_the_year_and_lifetime_values_do_not(tmp_path: Path) -> None:
    rules = {
        "state": state("kept", scope="lifetime") | state("gone", "set_anew"),
        "tables": {"seven": table("yuan", "7.00")},
        "steps": [
            PAY_ALL,
            step("a", 20, "accumulate", amount="pool_pay", into="kept"),
            step("b", 21, "accumulate", amount="pool_pay", into="gone"),
            step("c", 22, "accumulate", amount="pool_pay", into="set_anew"),
            step("end", 30, "set", phase="year_end", value="seven", into="set_anew"),
        ],
    }
    book = make_book(make_policy(tmp_path, rules), status(first="2017-01-01"))
    book.settle(claim("c1", "2017-01-01", "5.00"))
    end = book.close_year("p", 2017)
    assert end.opening == {"kept": 5_00, "gone": 0, "set_anew": 7_00}
    assert [i.step.id for i in end.program.structure.instructions] == ["end"]
    book.settle(claim("c2", "2018-01-01", "5.00"))
    assert book.state("p", "resident", 2018) == {"kept": 10_00, "gone": 5_00, "set_anew": 12_00}


def test_year_end_steps_see_no_claim_and_may_keep_a_value(tmp_path: Path) -> None:
    """`used` is set to itself, so it stays; of a claim's amounts nothing is left."""
    rules = {
        "state": state("used", "seen"),
        "steps": [
            PAY_ALL,
            COUNT,
            step("keep", 30, "set", phase="year_end", value="used", into="used"),
            step("see", 31, "set", phase="year_end", value="in_scope", into="seen"),
        ],
    }
    book = make_book(make_policy(tmp_path, rules), status(first="2017-01-01"))
    book.settle(claim("c", "2017-06-01", "5.00"))
    assert book.close_year("p", 2017).opening == {"used": 5_00, "seen": 0}


def test_year_end_steps_may_look_at_the_end_of_the_year(tmp_path: Path) -> None:
    rules = {
        "state": state("insured", "left"),
        "tables": {"one": table("yuan", "1.00")},
        "steps": [
            PAY_ALL,
            step(
                "yes", 30, "set", phase="year_end", when={"insured_at_year_end": True},
                value="one", into="insured",
            ),
            step(
                "no", 31, "set", phase="year_end", when={"insured_at_year_end": False},
                value="one", into="left",
            ),
        ],
    }  # fmt: skip
    policy = make_policy(tmp_path, rules)
    stays = make_book(policy, status(first="2017-02-01"))
    leaves = make_book(policy, status(first="2017-02-01", last="2017-12-30"))
    assert stays.close_year("p", 2017).opening == {"insured": 1_00, "left": 0}
    assert leaves.close_year("p", 2017).opening == {"insured": 0, "left": 1_00}


def test_memory_holds_the_claim_the_state_before_and_every_result(tmp_path: Path) -> None:
    rules = {"state": state("used"), "tables": RATE, "steps": [PAY_RATE, COUNT]}
    book = make_book(make_policy(tmp_path, rules))
    first, second = settle_all(
        book, [claim("c1", "2017-01-01", "100.00"), claim("c2", "2017-01-01", "10.00")]
    )
    structure = second.program.structure
    amounts = len(structure.amounts)
    assert tuple(second.memory[:amounts]) == second.claim.amounts
    assert second.memory[amounts] == 50_00  # used before
    assert second.memory[amounts + 1 :] == [structure.denominator // 2, 5_00, 55_00]
    assert len(second.memory) == len(structure.names) == len(structure.units)
    assert first.figure("used") == 50_00
    assert second.figure("used") == 55_00


def test_an_older_rule_that_needs_a_class_the_person_lacks_is_no_rival(tmp_path: Path) -> None:
    """The older rate asks for a tier that no row of the classification gives this person: the claim
    is settled by the newer rate, and its explanation does not stumble over the older one."""
    tier = {
        "title": SAYS,
        "codes": {"high": SAYS},
        "provisions": [CITED | {"rows": [{"contribution_tier": "high", "value": "high"}]}],
    }
    rate = table("rate", [{"tier": "high", "value": "50%"}], {"tier": ["high"]}, to="2016-12-31")
    rate["provisions"] += table("rate", "60%", **{"from": "2017-01-01"})["provisions"]
    rules = {"classifications": {"tier": tier}, "tables": {"rate": rate}, "steps": [PAY_RATE]}
    policy = make_policy(tmp_path, rules)
    book = make_book(policy, status("p"), status("q", contribution_tier="high"))
    p, q = (book.settle(claim(x, "2017-03-01", "1.00", person=x)) for x in "pq")
    assert paid([p, q]) == [60, 60]
    rejected = [
        [r.value for line in explain(s, policy).lines for o in line.operands for r in o.rejected]
        for s in (p, q)
    ]
    assert rejected == [[], ["50%"]]


def test_the_funds_together_are_what_the_person_does_not_pay(tmp_path: Path) -> None:
    book = make_book(make_policy(tmp_path, {"tables": RATE, "steps": [PAY_RATE]}))
    settled = book.settle(claim("c", "2017-03-01", "100.00", out_of_catalogue="10.00"))
    assert settled.figure("fund_pay") == settled.fund_pay == sum(settled.funds.values()) == 50_00


def test_a_name_that_no_step_writes_is_no_figure(tmp_path: Path) -> None:
    book = make_book(make_policy(tmp_path, {"tables": RATE, "steps": [PAY_RATE]}))
    settled = book.settle(claim("c", "2017-03-01", "100.00"))
    assert settled.figure("supplement_pay") == 0, "a fund that no step could pay from"
    with pytest.raises(KeyError, match="pool_pya"):
        settled.figure("pool_pya")

"""The functions of the expense against the integer programs: every operation, every pack."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_pack import Rules, claim, make_policy, state, status, step, table
from strategies import SHIPPED, amounts, person_facts, visits, worlds

from yibao.analysis.bill import Bill
from yibao.analysis.curve import bends, beside, jumps
from yibao.analysis.patient import Given, Patient, patient
from yibao.analysis.steps import RULES
from yibao.analysis.trace import Traced, Tracer
from yibao.errors import ClaimError, NotLinear, PolicyError
from yibao.policy.opspec import OPS, REFUSE, REQUIRE
from yibao.policy.vocabulary import Attribute, vocabulary

TOP = 100_000_000
RESIDENT = Given({"scheme": "resident", "category": "adult", "visit": "inpatient"})
BILLS = (
    Bill(),
    Bill(shares={"out_of_catalogue": Fraction(1, 10), "in_scope_tcm": Fraction(1, 3)}),
    Bill(shares={"first_self_pay": Fraction(3, 40)}, fixed={"over_limit": 200_00}),
)


def test_every_operation_of_a_claim_has_a_rule() -> None:
    assert set(RULES) == set(OPS) - {REFUSE, REQUIRE}


def traced(one: Patient, bill: Bill, top: int = TOP) -> Traced:
    return Tracer(bill, top).trace(one.program, one.opening, one.run)


def agree(one: Patient, bill: Bill, found: Traced, x: int) -> None:
    """Check every figure of the memory at x against the program, within its stated error."""
    memory = one.memory(bill, x)
    for slot, f in enumerate(found.memory):
        name = one.program.structure.names[slot]
        assert abs(memory[slot] - f(x)) <= f.error, (name, x)
    personal = x - sum(memory[slot] for _, slot in one.program.structure.funds)
    assert abs(personal - found.personal(x)) <= found.personal.error


# --- packs that ship, and packs drawn at random ---------------------------------------------------


@pytest.mark.parametrize("name", [*SHIPPED, "random"])
@settings(max_examples=150)  # each draws a whole function and compares every figure of it
@given(data=st.data())
def test_the_truth_lies_within_the_stated_bound_of_the_line(name: str, data: st.DataObject) -> None:
    world = data.draw(worlds(name))
    day = data.draw(st.dates(world.first, world.last))
    facts = dict(zip([a.name for a in _person()], data.draw(person_facts(world)), strict=True))
    facts |= dict(zip([a.name for a in _claim()], data.draw(visits(world)), strict=True))
    given_state = {
        name: data.draw(amounts(world)) if value.unit == "yuan" else data.draw(st.integers(0, 3))
        for name, value in world.policy.region.state.items()
        if data.draw(st.booleans())
    }
    born = data.draw(st.sampled_from(["1935-05-01", "1980-05-01", "2012-05-01"]))
    birth = status("p", birth=born).birth_date
    try:
        one = patient(world.policy, day, Given(facts, birth, given_state))
    except PolicyError:
        return  # refused: there is nothing to draw a line through
    bill = data.draw(st.sampled_from(BILLS))
    found = traced(one, bill)
    low = bill.least(TOP)
    near = [x for w, _ in bends([found.personal]) for x in beside(w, [found.personal])]
    points = data.draw(st.lists(st.integers(low, TOP), min_size=3, max_size=6))
    for x in [low, TOP, *near, *points]:
        agree(one, bill, found, x)


def _person() -> list[Attribute]:
    return [a for a in vocabulary().of("person") if a.kind != "number"]


def _claim() -> list[Attribute]:
    return list(vocabulary().of("claim"))


# --- small packs ----------------------------------------------------------------------------------


def small(
    folder: Path, *steps: Rules, tables: Rules | None = None, states: Rules | None = None
) -> Patient:
    rules: Rules = {"steps": list(steps), "tables": tables or {}, "state": states or {}}
    return patient(make_policy(folder, rules), status().first, RESIDENT)


def test_a_flag_turns_at_the_very_fen_at_which_the_rounded_figure_passes(tmp_path: Path) -> None:
    """Half of 201 fen rounds up to 101: the limit of 1.00 yuan is passed after 200 fen, not 201."""
    one = small(
        tmp_path,
        step("half", 10, "share", of="in_scope", rate="rate", to="half"),
        step("few", 20, "at_most", value="half", limit="limit", to="few"),
        step("pay", 30, "keep", of="in_scope", if_="few", to="pool_pay", layer="basic"),
        tables={"rate": table("rate", "50%"), "limit": table("yuan", "1.00")},
    )
    found = traced(one, Bill(), 1_000)
    assert found.fund_pay.starts == (0, 201)
    assert jumps(found.fund_pay, 201)
    for x in range(1_000):
        agree(one, Bill(), found, x)
    assert (one.personal(Bill(), 200), one.personal(Bill(), 201)) == (0, 201)


def test_prorating_in_a_fixed_proportion_is_linear(tmp_path: Path) -> None:
    one = small(
        tmp_path,
        step("d", 10, "deductible", of="in_scope", standard="standard", met="met", to="d"),
        step("part", 20, "prorate", of="d", part="in_scope_tcm", whole="in_scope", to="part"),
        step("pay", 30, "subtract", from_="in_scope_tcm", less=["part"], to="pool_pay"),
        tables={"standard": table("yuan", "300.00")},
        states=state("met"),
    )
    bill = Bill(shares={"in_scope_tcm": Fraction(1, 3)})
    found = traced(one, bill, 100_000)
    assert found.fund_pay(90_000) == 20_000  # TCM is a third, and bears 100.00
    for x in range(0, 100_000, 7):
        agree(one, bill, found, x)


def test_prorating_that_is_not_linear_is_refused_by_the_name_of_the_step(tmp_path: Path) -> None:
    one = small(
        tmp_path,
        step("part", 20, "prorate", of="in_scope", part="sum", whole="total", to="pool_pay"),
        tables={"sum": table("yuan", "300.00")},
    )
    bill = Bill(fixed={"out_of_catalogue": 100_00})
    with pytest.raises(NotLinear, match=r"step part .*rules.yaml.* divides by a figure that grows"):
        traced(one, bill)


def test_times_and_the_smallest_of_three(tmp_path: Path) -> None:
    one = small(
        tmp_path,
        step("thrice", 10, "times", of="in_scope", count="three", to="thrice"),
        step("pay", 20, "least", terms=["thrice", "in_scope", "limit"], to="pool_pay"),
        tables={"three": table("count", 3), "limit": table("yuan", "5.00")},
    )
    found = traced(one, Bill(), 1_000)
    assert found.fund_pay.starts == (0, 500)
    for x in range(1_000):
        agree(one, Bill(), found, x)


# --- bills and patients ---------------------------------------------------------------------------


@given(st.sampled_from(BILLS), st.integers(200_00, TOP))
def test_the_parts_of_every_bill_add_up(bill: Bill, x: int) -> None:
    named = dict(zip(vocabulary().amounts, bill.amounts(x), strict=True))
    assert named["total"] == x == sum(named[p] for p in vocabulary().amounts["total"].parts)
    assert min(named.values()) >= 0 or x < bill.least(TOP)
    for f, fen in zip(bill.lines(0, TOP), named.values(), strict=True):
        assert abs(f(x) - fen) <= f.error


def test_a_bill_begins_where_its_fixed_amounts_have_room() -> None:
    assert Bill(fixed={"out_of_catalogue": 300_00, "in_scope_tcm": 50_00}).least(TOP) == 350_00
    with pytest.raises(ClaimError, match="at least the fixed amounts"):
        Bill(fixed={"out_of_catalogue": 300_00}).least(100_00)
    with pytest.raises(ClaimError, match="one of the amounts"):
        Bill(fixed={"in_scope": 1})
    with pytest.raises(ClaimError, match="100%"):
        Bill(shares={"out_of_catalogue": Fraction(1, 2), "over_limit": Fraction(2, 3)})


def test_a_patient_is_settled_as_a_claim_is(tmp_path: Path) -> None:
    tables = {"rate": table("rate", "33%")}
    pay = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")
    one = small(tmp_path, pay, tables=tables)
    made = replace(claim("c", "2010-01-01", "1.00"))
    assert one.memory(Bill(), 100)[: len(made.amounts)] == list(made.amounts)
    assert one.funds(Bill(), 100) == {"pool_pay": 33}

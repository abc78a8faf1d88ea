"""Rules and reforms on a made-up city: what must hold of every comparison, and what reforms say."""

import numpy as np
import pytest
from tiny_city import claims, paid, people
from town import YEARS, Town

from yibao.macro.simulation.comparison import Comparison, Options, compare
from yibao.macro.simulation.paid import Paid
from yibao.macro.simulation.singles import singles

DEDUCTIBLE = "tianjin-employee-outpatient-deductible"
RATE = "tianjin-resident-inpatient-rate"
START = "tianjin-serious-illness-start"
FEW = Options(draws=100)


@pytest.fixture(scope="session")
def compared(town: Town) -> dict[str, Comparison]:
    return {
        name: compare(town.claims, town.people, town.base, after, FEW)
        for name, after in town.reformed.items()
    }


def test_the_rules_compared_with_themselves_change_nothing(town: Town) -> None:
    found = compare(town.claims, town.people, town.base, town.base, FEW)
    assert not found.changes
    assert found.cost == 0
    assert found.base == found.reform
    for dimension in found.groups:
        for group in dimension.groups:
            assert group.gains.unaffected == group.gains.units
            assert group.gains.change == 0
    assert all((i.low, i.value, i.high) == (0, 0, 0) for i in found.intervals.values())
    assert found.fairness is not None
    assert found.fairness[0] == found.fairness[1]
    for run in found.response:
        assert set(run.quantity.values()) == {1}
        assert run.fund == found.base.costs["fund"]


@pytest.mark.parametrize("name", [DEDUCTIBLE, RATE, START])
def test_swapping_rules_and_reform_negates(
    town: Town, compared: dict[str, Comparison], name: str
) -> None:
    there, back = (
        compared[name],
        compare(town.claims, town.people, town.reformed[name], town.base, FEW),
    )
    assert back.cost == -there.cost != 0
    assert (back.whole.winners, back.whole.losers) == (there.whole.losers, there.whole.winners)
    assert (back.whole.gain, back.whole.loss) == (there.whole.loss, there.whole.gain)
    assert there.hardship is not None
    assert back.hardship is not None
    pairs = zip(there.hardship.catastrophes, back.hardship.catastrophes, strict=True)
    for one, other in pairs:
        assert one.before.households == other.after.households
        assert (one.after.started, one.after.ended) == (other.after.ended, other.after.started)


@pytest.mark.parametrize("name", [DEDUCTIBLE, RATE, START])
def test_what_funds_pay_more_is_what_persons_pay_less(
    compared: dict[str, Comparison], name: str
) -> None:
    found = compared[name]
    assert found.cost == -found.whole.change
    assert found.intervals["fund"].value == found.cost
    assert found.intervals["personal"].value == found.whole.change
    assert found.intervals["winners"].value == found.whole.winners
    assert found.intervals["losers"].value == found.whole.losers


@pytest.mark.parametrize("name", [DEDUCTIBLE, RATE, START])
def test_exclusive_groups_and_breakdowns_add_up_to_the_whole(
    compared: dict[str, Comparison], name: str
) -> None:
    found = compared[name]
    exclusive = [dimension for dimension in found.groups if dimension.exclusive]
    assert {d.name for d in exclusive} >= {"scheme", "category", "contribution_tier", "age"}
    for dimension in exclusive:
        for field in ("units", "winners", "losers", "gain", "loss", "personal"):
            whole = sum(getattr(group.gains, field) for group in dimension.groups)
            assert whole == getattr(found.whole, field), (dimension.name, field)
    for side in (found.base, found.reform):
        for parts in side.by.values():
            for sum_of, amount in side.costs.amounts.items():
                assert sum(part.costs[sum_of] for part in parts) == amount
        funds = [side.costs[name] for name in side.costs.amounts if name.endswith("_pay")]
        assert sum(funds) == side.costs["fund"]
        assert side.costs["fund"] + side.costs["personal"] == side.costs["total"]
        assert side.costs["account"] + side.costs["cash"] == side.costs["personal"]


def test_places_add_up_to_the_whole_in_fen(compared: dict[str, Comparison]) -> None:
    """A person may gain at one level and lose at another, but the net sum is the whole's."""
    found = compared[RATE]
    for dimension in found.groups[-2:]:
        assert sum(group.gains.change for group in dimension.groups) == found.whole.change


def test_a_lower_deductible_hurts_nobody_and_reaches_only_employees(
    compared: dict[str, Comparison],
) -> None:
    found = compared[DEDUCTIBLE]
    assert found.cost > 0
    assert found.whole.losers == 0
    scheme = next(d for d in found.groups if d.name == "scheme")
    told = {group.code: group.gains.winners for group in scheme.groups}
    assert told["resident"] == 0
    assert told["employee"] == found.whole.winners > 0


def test_steering_to_primary_hospitals_has_winners_and_losers(
    compared: dict[str, Comparison],
) -> None:
    found = compared[RATE]
    level = next(d for d in found.groups if d.name == "level")
    told = {group.code: group.gains for group in level.groups}
    assert told["1"].winners > 0 == told["1"].losers
    assert told["3"].losers > 0 == told["3"].winners


def test_claims_that_one_side_refuses_are_left_out_of_both_and_counted() -> None:
    """Persons 0 and 1 are compared; the claim of 2 is refused by the reform, that of 3 by both."""
    bill = claims([0, 1, 2, 3])
    before = paid([100, 100, 100, 0], [50, 50, 50, 0], sign=[1, 1, 1, 0])
    after = paid([100, 100, 0, 0], [40, 60, 0, 0], sign=[1, 1, 0, 0])
    found = compare(bill, people(None, count=4), before, after, FEW)
    assert (found.refusals.both, found.refusals.base, found.refusals.reform) == (1, 0, 1)
    assert found.base.costs["total"] == found.reform.costs["total"] == 200
    assert (found.whole.winners, found.whole.losers, found.whole.unaffected) == (1, 1, 2)
    assert found.hardship is None
    assert found.fairness is None


def test_a_reversal_takes_back_what_was_paid() -> None:
    bill = claims([0, 0])
    before = paid([100, -100], [50, -50], sign=[1, -1])
    after = paid([100, -100], [40, -40], sign=[1, -1])
    found = compare(bill, people([1000]), before, after, FEW)
    assert (found.base.costs.claims, found.base.costs["total"], found.cost) == (0, 0, 0)
    assert found.whole.unaffected == 1


# --- reforms --------------------------------------------------------------------------------------


def test_a_reform_says_what_it_changes_and_when(town: Town) -> None:
    told = town.reforms[DEDUCTIBLE].told
    assert {str(t.first) for t in told} == {"2019-01-01"}
    assert {str(t.last) for t in told} == {"2019-12-31"}
    assert all(t.of_claims for t in told)
    assert any("800.00 yuan → 600.00 yuan (−200.00, −25%)" in t.text.en for t in told)
    assert any("800.00元 → 600.00元" in t.text.zh for t in told)


def test_each_figure_of_a_reform_alone_adds_up_where_figures_do_not_meet(town: Town) -> None:
    """The three deductibles are for different persons, so their costs add up to the reform's."""
    found = list(singles(town.policy, town.reforms[DEDUCTIBLE], YEARS))
    assert [single.step for single in found] == [-20000, -15000, -15000]
    assert [single.before for single in found] == [("800.00",), ("700.00",), ("650.00",)]
    base, whole = town.base.fund.sum(), town.reformed[DEDUCTIBLE].fund.sum()
    alone = [town.small.paid(single.policy).fund.sum() - base for single in found]
    assert sum(alone) == whole - base
    assert min(alone) > 0


def test_paid_left_out_is_zero_everywhere() -> None:
    some = paid([10, 20], [3, 4]).only(np.asarray([True, False]))
    assert isinstance(some, Paid)
    assert some.total.tolist() == [10, 0]
    assert some.fund.tolist() == [7, 0]
    assert some.funds["pool_pay"].tolist() == [7, 0]

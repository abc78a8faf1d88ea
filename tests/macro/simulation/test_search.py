"""Search: a known optimum is found, targets are met or said to be missed, wrong wishes are told."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from shutil import copytree

import pytest
from tiny_city import claims, paid, people
from town import REFORMS, Town

from yibao.errors import MoneyError, NotGiven, PackErrors
from yibao.macro.simulation.paid import Paid
from yibao.macro.simulation.report.table import Of, cell
from yibao.macro.simulation.rows import Values
from yibao.macro.simulation.scalar import BookPopulation
from yibao.macro.simulation.search.find import search
from yibao.macro.simulation.search.trials import Bench, told
from yibao.macro.simulation.search.wishes import read_wishes
from yibao.policy.policy import Policy, load_policy

POLICY = load_policy("tianjin")
LEVEL_3 = """
- table: resident_inpatient_rate
  when: {rate_level: "3", benefit_tier: high}
  set: {from: "50%", to: "90%", step: "1%"}
"""
DEDUCTIBLE = """
- table: outpatient_deductible
  when: {category: in_service}
  set: {from: "0.00", to: "1000.00", step: "50.00"}
"""


class Formula:
    """Two claims of 10,000 yuan: a stay paid at the rate, a visit paid above the deductible."""

    policy = POLICY
    claims = claims(
        [0, 1],
        year=[2019, 2019],
        scheme=["resident", "employee"],
        visit=["inpatient", "outpatient"],
    )
    people = people([10_000_000, 10_000_000])
    years = (2019,)

    def __init__(self) -> None:
        self.settled = 0

    def paid(self, policy: Policy) -> Paid:
        assert policy is POLICY
        return self._paid({"yuan": 80_000, "rate": Fraction(70, 100)})

    def paid_with(self, values: Values, *, keep: bool = True) -> Paid:
        self.settled += 1
        now: dict[str, int | Fraction] = {"yuan": 80_000, "rate": Fraction(70, 100)}
        for _, value in values.values():
            now["rate" if isinstance(value, Fraction) else "yuan"] = value
        return self._paid(now)

    def _paid(self, now: Mapping[str, int | Fraction]) -> Paid:
        stay = 1_000_000 - int(1_000_000 * now["rate"])
        return paid([1_000_000, 1_000_000], [stay, int(now["yuan"])])


def bench(tmp_path: Path, parameters: str, targets: str, population: object = None) -> Bench:
    file = tmp_path / "wishes.yaml"
    file.write_text(f"parameters:{parameters}targets:{targets}", encoding="utf-8")
    return Bench(population or Formula(), read_wishes(file))  # type: ignore[arg-type]


# Of a stay's 10,000 the fund pays 7,000 now, of the visit 9,200: 16,200 in all.
NEUTRAL = '\n- {measure: fund_change, at_least: "0%", at_most: "0%"}\n'
TRADE = "trade: [self_pay, fund_change]\n"


@pytest.mark.parametrize("most", [1000, 250])
def test_the_known_optimum_is_found_by_trying_all_and_by_search(tmp_path: Path, most: int) -> None:
    """Stays at 25 % own payment and cost neutral: 75 % needs 500 more, so 800 + 500 = 1,300.

    The deductible ends at 1,000, which pays for 72 %: own share of stays 28 % is the least that is
    cost neutral. 41 x 21 = 861 settings; a quarter of them are enough for the search.
    """
    targets = '\n- {measure: self_pay, of: {visit: inpatient}, at_most: "28%"}' + NEUTRAL + TRADE
    found = search(bench(tmp_path, LEVEL_3 + DEDUCTIBLE, targets), most)
    assert found.settings == 861
    assert found.complete == (most == 1000)
    assert len(found.tried) <= most
    assert found.best.meets
    axes = bench(tmp_path, LEVEL_3 + DEDUCTIBLE, targets).axes
    assert told(axes, found.best.setting) == ("72%", "1000.00")


def test_targets_that_cannot_be_met_are_said_to_be_missed(tmp_path: Path) -> None:
    targets = '\n- {measure: self_pay, of: {visit: inpatient}, at_most: "27%"}' + NEUTRAL
    found = search(bench(tmp_path, LEVEL_3 + DEDUCTIBLE, targets), 1000)
    assert not found.best.meets
    assert found.complete


def test_the_frontier_holds_what_nothing_beats(tmp_path: Path) -> None:
    """With one parameter, a percent more costs more and leaves less to pay: all are on it."""
    targets = '\n- {measure: self_pay, at_most: "100%"}\n'
    found = search(bench(tmp_path, LEVEL_3, targets), 1000)
    assert len(found.frontier) == 41
    costs = [trial.fund for trial in found.frontier]
    assert costs == sorted(costs)
    # A deductible higher or lower at the same rate is worse in one and better in the other; but
    # two settings of the same cost and self-pay are told once.
    both = search(bench(tmp_path, LEVEL_3 + DEDUCTIBLE, targets), 1000)
    pairs = [(t.fund, t.personal) for t in both.frontier]
    assert len(set(pairs)) == len(pairs)


def test_each_setting_is_settled_once(tmp_path: Path) -> None:
    population = Formula()
    targets = '\n- {measure: losers, at_most: "0%"}' + NEUTRAL
    found = search(bench(tmp_path, LEVEL_3 + DEDUCTIBLE, targets, population), 200)
    assert population.settled == len(found.tried) <= 200


def test_measures_by_hand(tmp_path: Path) -> None:
    """80 % and 500: fund 8,000 + 9,500 = 17,500 of 16,200; own 2,500 of 3,800; both gain."""
    targets = (
        '\n- {measure: fund_change, at_most: "50%"}\n- {measure: personal_change, at_most: "0%"}'
        '\n- {measure: winners, at_least: "0%"}\n- {measure: losers, at_most: "0%"}'
        '\n- {measure: self_pay, at_most: "100%"}\n- {measure: catastrophic, at_most: "0%"}\n'
    )
    stand = bench(tmp_path, LEVEL_3 + DEDUCTIBLE, targets)
    trial = stand.trial((30, 10))
    values = {asked.measure: value for asked, value in trial.measures.items()}
    assert told(stand.axes, trial.setting) == ("80%", "500.00")
    assert values["fund_change"] == Fraction(1_300, 16_200)
    assert values["personal_change"] == Fraction(-1_300, 3_800)
    assert (values["winners"], values["losers"]) == (1, 0)
    assert values["self_pay"] == Fraction(2_500, 20_000)
    assert values["catastrophic"] == 0


def test_added_points_move_every_row(tmp_path: Path) -> None:
    added = """
- table: resident_inpatient_rate
  when: {rate_level: "3"}
  add: {from: -5, to: 5, step: '2.5'}
"""
    (axis,) = bench(tmp_path, added, NEUTRAL).axes
    shown = [cell(Of(axis.told(at).value, "points"), "text", "en") for at in range(5)]  # type: ignore[union-attr]
    assert shown == ["−5 points", "−2.5 points", "0 points", "+2.5 points", "+5 points"]
    rates = sorted({value for _, value in axis.rows(3)})
    assert rates == [Fraction(rate, 1000) for rate in (625, 675, 725)]


@pytest.mark.parametrize(
    ("parameters", "error", "match"),
    [
        (LEVEL_3.replace('"1%"', '"0%"'), MoneyError, "a step above 0"),
        (LEVEL_3.replace('"50%"', '"95%"'), MoneyError, "from ≤ to"),
        (LEVEL_3.replace('"50%"', "50"), MoneyError, "write 50%"),
        (LEVEL_3.replace('"90%"', '"101%"'), NotGiven, "which no rule can say"),
        (DEDUCTIBLE.replace('"50.00"', '"0.01"'), MoneyError, "larger step"),
        (DEDUCTIBLE.replace('"50.00"', '"50%"'), MoneyError, "no yuan"),
        (DEDUCTIBLE.replace("in_service", "soldier"), NotGiven, "it has: in_service"),
        (DEDUCTIBLE + DEDUCTIBLE, NotGiven, "moves too"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(
    tmp_path: Path, parameters: str, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        bench(tmp_path, parameters, NEUTRAL)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("parameters: []\ntargets: []\n", "at least one"),
        ("goals: 1\n", "parameters, targets"),
        (
            "parameters:" + LEVEL_3 + "targets:\n- {measure: cost, at_most: '1%'}\n",
            "one of self_pay",
        ),
        ("parameters:" + LEVEL_3 + "targets:\n- {measure: losers}\n", "at_least and/or at_most"),
        (
            "parameters:" + LEVEL_3 + "targets:\n- {measure: losers, at_most: 1}\n",
            "a share such as",
        ),
        (
            "parameters:" + LEVEL_3 + "targets:\n"
            "- {measure: losers, of: {visit: inpatient}, at_most: '1%'}\n",
            "losers is of persons",
        ),
        (
            "parameters:" + LEVEL_3 + "targets:\n"
            "- {measure: self_pay, at_least: '2%', at_most: '1%'}\n",
            "no more than 1%",
        ),
        ("parameters:\n- {table: x}\ntargets:\n- {measure: losers, at_most: '1%'}\n", "set or add"),
        ("parameters:" + LEVEL_3 + "targets:" + NEUTRAL + "trade: [fund_change]\n", "two measures"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, text: str, match: str) -> None:
    file = tmp_path / "wishes.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PackErrors, match=match) as error:
        read_wishes(file)
    assert f"{file}:" in str(error.value)


def test_a_measure_of_no_claims_is_refused(tmp_path: Path) -> None:
    for of, match in (("{visit: pharmacy}", "it has: inpatient, outpatient"),):
        targets = f"\n- {{measure: self_pay, of: {of}, at_most: '1%'}}\n"
        with pytest.raises(NotGiven, match=match):
            bench(tmp_path, LEVEL_3, targets)


def test_a_search_on_settled_claims_agrees_with_an_overlay(town: Town, tmp_path: Path) -> None:
    """The deductibles of the example reform, set by search, pay what the reform pays.

    A row that is changed is changed for as long as it holds, so the reform begins when they do.
    """
    population = BookPopulation(town.policy, town.small, tmp_path, [2019])
    rows = (
        ("in_service", "", "600.00"),
        ("retired", ", age: {below: 70}", "550.00"),
        ("retired", ", age: {from: 70}", "500.00"),
    )
    parameters = "".join(
        f"\n- {{table: outpatient_deductible, when: {{category: {category}{age}}}, "
        f"set: {{from: '{value}', to: '{value}', step: '1.00'}}}}"
        for category, age, value in rows
    )
    found = search(bench(tmp_path, parameters + "\n", NEUTRAL, population))
    folder = tmp_path / "reform@2016-01-02"
    copytree(REFORMS / "tianjin-employee-outpatient-deductible@2019-01-01", folder)
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8").replace("2019-01-01", "2016-01-02")
        file.write_text(text, encoding="utf-8")
    reformed = population.paid(load_policy("tianjin", overlays=[folder]))
    assert found.best.fund == int(reformed.fund.sum())
    assert found.complete

"""The plan's outcome indicators: the numbers of the requirement list, and settled claims."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from yibao.errors import PackErrors
from yibao.policy.vocabulary import vocabulary
from yibao.settlement import indicators
from yibao.settlement.indicators import Ratio, targets
from yibao.settlement.model import Settlement, Status

VISIT = [a.name for a in vocabulary().of("claim")].index("visit")


def settlement(scheme: str, visit: str, funds: Mapping[str, int], **amounts: int) -> Settlement:
    """Return what the indicators look at of a settlement, in fen."""
    facts: list[Any] = [None] * (VISIT + 1)
    facts[VISIT] = visit
    known = {"in_scope": 0, "out_of_catalogue": 0, **amounts}
    made = SimpleNamespace(
        scheme=scheme,
        funds=funds,
        total=amounts.get("total", sum(known.values())),
        day=date(2024, 6, 1),
        claim=SimpleNamespace(facts=tuple(facts)),
        figure=lambda name: known[name],
    )
    return cast(Settlement, made)


def met(clause: str, ratio: Ratio) -> bool:
    assert ratio.value is not None
    return targets("tianjin")[clause].met_by(ratio.value)


@pytest.mark.clause("P25-K04")
def test_employees_inpatient_ratio() -> None:
    """Funds 830 of in-policy 1,000: 83.0 %, within a point of 83.7 %. Assistance does not count."""
    funds = {"pool_pay": 700_00, "large_expense_pay": 130_00, "assistance_pay": 50_00}
    ours = [
        settlement("employee", "inpatient", funds, in_scope=1_000_00),
        settlement("employee", "outpatient", {"pool_pay": 1}, in_scope=1_000_00),
        settlement("resident", "inpatient", {"pool_pay": 1}, in_scope=1_000_00),
    ]
    ratio = indicators.reimbursement(ours, "employee")
    assert ratio == Ratio(830_00, 1_000_00)
    assert ratio.value == Fraction(83, 100)
    assert met("P25-K04", ratio)
    assert met("P25-K04", Ratio(827, 1000))
    assert not met("P25-K04", Ratio(8269, 10000))
    assert not met("P25-K04", Ratio(8471, 10000))


@pytest.mark.clause("P25-K05")
def test_residents_inpatient_ratio() -> None:
    """698 of 1,000 is about 70 %; 66 % is not. Serious-illness insurance counts."""
    funds = {"pool_pay": 600_00, "serious_illness_pay": 98_00, "supplement_pay": 10_00}
    ours = [settlement("resident", "inpatient", funds, in_scope=1_000_00)]
    ratio = indicators.reimbursement(ours, "resident")
    assert ratio.value == Fraction("0.698")
    assert met("P25-K05", ratio)
    assert not met("P25-K05", Ratio(66, 100))


@pytest.mark.clause("P25-K06")
def test_employees_self_pay_share() -> None:
    """200 of 1,000 is 20.0 %: met; 200.1 is not, since nothing is rounded before comparing."""
    ours = [settlement("employee", "inpatient", {}, in_scope=800_00, out_of_catalogue=200_00)]
    assert met("P25-K06", indicators.self_pay(ours, "employee"))
    more = [
        settlement(
            "employee", "inpatient", {}, total=1_000_00, in_scope=799_90, out_of_catalogue=200_10
        )
    ]
    assert not met("P25-K06", indicators.self_pay(more, "employee"))


@pytest.mark.clause("P25-K07")
def test_residents_self_pay_share() -> None:
    ours = [settlement("resident", "inpatient", {}, in_scope=800_00, out_of_catalogue=200_00)]
    assert met("P25-K07", indicators.self_pay(ours, "resident"))
    worse = [settlement("resident", "inpatient", {}, in_scope=779_00, out_of_catalogue=221_00)]
    ratio = indicators.self_pay(worse, "resident")
    assert ratio.value == targets("tianjin")["P25-K07"].baseline == Fraction("0.221")
    assert not met("P25-K07", ratio)


@pytest.mark.clause("P25-K08")
def test_assistance_ratio() -> None:
    """10,000 left by basic and serious-illness insurance, 7,000 of assistance: 70 %."""
    funds = {
        "pool_pay": 80_000_00,
        "serious_illness_pay": 10_000_00,
        "assistance_pay": 7_000_00,
        "tilt_assistance_pay": 500_00,
    }
    ours = [
        settlement("resident", "inpatient", funds, in_scope=100_000_00),
        settlement("resident", "outpatient", funds, in_scope=100_000_00),
        settlement("resident", "inpatient", {"pool_pay": 0}, in_scope=100_000_00),
    ]
    ratio = indicators.assistance(ours)
    assert ratio == Ratio(7_000_00, 10_000_00)
    assert met("P25-K08", ratio)
    assert not met("P25-K08", Ratio(6_999_99, 10_000_00))


@pytest.mark.clause("P25-K13")
def test_direct_settlement_by_cost_and_by_case() -> None:
    """490m of 1,000m is the baseline of 49.0 %; 700m meets the target."""
    cost, cases = indicators.direct_settlement(
        direct_cost=490_000_000_00, cost=1_000_000_000_00, direct_cases=400, cases=1_000
    )
    assert cost.value == targets("tianjin")["P25-K13"].baseline == Fraction("0.49")
    assert cases.value == Fraction("0.4")
    assert not met("P25-K13", cost)
    assert met("P25-K13", Ratio(700_000_000_00, 1_000_000_000_00))


@pytest.mark.clause("T21-2.2b")
def test_two_disease_coverage_and_task_list() -> None:
    """1,000 diagnosed, 990 registered: 99.0 % and ten on the task list."""
    diagnosed = {f"P{n:04d}" for n in range(1_000)}
    registered = {f"P{n:04d}" for n in range(990)}
    found = indicators.two_disease_coverage(diagnosed, registered | {"elsewhere"}, registered)
    assert found.ratio.value == Fraction("0.99")
    assert found.tasks == tuple(f"P{n:04d}" for n in range(990, 1_000))
    half = indicators.two_disease_coverage(diagnosed, registered, {"P0000"})
    assert half.ratio == Ratio(1, 1_000)


def test_no_claims_have_no_ratio() -> None:
    found = indicators.of_claims([])
    assert set(found) < set(targets("tianjin"))
    assert all(ratio.value is None for ratio in found.values())


def test_targets_carry_their_source() -> None:
    assert all(t.cite.startswith("主要指标表第") for t in targets("tianjin").values())
    binding = {t.id for t in targets("tianjin").values() if t.binding}
    assert binding == {"P25-K01", "P25-K04", "P25-K05"}


def test_a_region_whose_documents_set_no_targets_has_none() -> None:
    assert targets("jining") == {}


@pytest.mark.clause("C-HB-1a")
def test_hebei_counts_the_insured() -> None:
    """5.0m in 2005 and 5.2m in 2006; one person short is not met."""
    hebei = targets("hebei")
    assert hebei["C-HB-1a-2005"].met_by(Fraction(5_000_000))
    assert not hebei["C-HB-1a-2006"].met_by(Fraction(5_199_999))
    assert hebei["C-HB-1a-2006"].met_by(Fraction(5_200_000))


@pytest.mark.clause("C-HB-1b")
def test_hebei_lists_counties_that_start_late() -> None:
    begun = {"in time": date(2005, 2, 28), "late": date(2005, 3, 1), "not yet": None}
    assert indicators.deadlines("hebei")["C-HB-1b"].late(begun) == ("late", "not yet")


@pytest.mark.clause("C-JX04-1.2", "C-JX06-1.1")
@pytest.mark.parametrize(
    ("target", "part", "reached"),
    [
        ("C-JX04-1.2", 850, True),
        ("C-JX04-1.2", 849, False),
        ("C-JX04-1.2-popular", 300, True),
        ("C-JX04-1.2-popular", 299, False),
        ("C-JX04-1.2-aim", 899, False),
        ("C-JX06-1.1", 900, True),
        ("C-JX06-1.1", 899, False),
    ],
)
def test_jiaxing_enrols_rural_residents(target: str, part: int, reached: bool) -> None:
    value = Ratio(part, 1_000).value
    assert value is not None
    assert targets("jiaxing")[target].met_by(value) is reached


@pytest.mark.clause("C-JX04-1.2")
def test_jiaxing_manages_by_computer_within_2004() -> None:
    begun = {"in the year": date(2004, 12, 31), "later": date(2005, 1, 1)}
    assert indicators.deadlines("jiaxing")["C-JX04-1.2-computers"].late(begun) == ("later",)
    assert indicators.deadlines("jining") == {}


def status(person: str, scheme: str, first: date, last: date | None = None) -> Status:
    """Return a status that names only the scheme."""
    kinds = [a for a in vocabulary().of("person") if a.kind != "number"]
    facts = tuple(scheme if a.name == "scheme" else a.absent for a in kinds)
    return Status(person, first, last, date(1980, 1, 1), cast(Any, facts))


@pytest.mark.clause("P25-K01")
def test_a_person_in_two_schemes_is_insured_once() -> None:
    """Four statuses on 31 December of three persons, one of them in two schemes; one has ended."""
    year_end = date(2025, 12, 31)
    statuses = [
        status("A", "employee", date(2025, 1, 1)),
        status("B", "resident", date(2025, 1, 1), year_end),
        status("B", "employee", date(2025, 6, 1)),
        status("C", "resident", date(2024, 1, 1), date(2025, 12, 30)),
        status("D", "resident", date(2025, 12, 31)),
        status("E", "resident", date(2026, 1, 1)),
    ]
    assert indicators.insured(statuses, year_end) == {"A", "B", "D"}


@pytest.mark.clause("P25-K01")
def test_tianjin_counts_the_insured() -> None:
    """11,840,000 meets the target, one person less does not; the plan starts from 11,641,100."""
    target = targets("tianjin")["P25-K01"]
    assert target.baseline == 11_641_100
    assert target.met_by(Fraction(11_840_000))
    assert not target.met_by(Fraction(11_839_999))


@pytest.mark.clause("T16-01a", "C-N20-1.2a", "P25-3.2.1a")
def test_enrolment_and_the_list_of_gaps() -> None:
    """985 of 1,000 are insured: 98.5 %, and exactly 15 on the list."""
    population = {f"P{n:04d}" for n in range(1_000)}
    reached = {f"P{n:04d}" for n in range(985)} | {"who moved away"}
    found = indicators.enrolment(population, reached)
    assert found.ratio.value == Fraction("0.985")
    assert found.tasks == tuple(f"P{n:04d}" for n in range(985, 1_000))


TARGET = """\
document: a plan
from: 2021-01-01
to: null
targets:
- {id: K1, cite: "1", title: {zh: 一, en: one}, target: "70%", comparator: at_least, binding: true}
"""


@pytest.mark.parametrize(
    ("was", "written", "found", "expected"),
    [
        ('"70%"', "70", "targets.yaml:5: found 70 is not quoted", 'did you mean "70%"'),
        ('"70%"', '"0.7"', "'0.7' is not a percentage", 'did you mean "70%"'),
        ("comparator: at_least", "comparator: least", "least", "did you mean 'at_least'"),
        ("comparator: at_least", "comparator: about", "no field 'tolerance'", "tolerance"),
        ('"70%"', '"70%", unit: count', "'70%' is not a whole number", "a whole number"),
        (", binding: true", "", "no field 'binding'", "binding"),
        ("to: null", "to: null\nuntil: 2025", "the field 'until'", "no such field"),
        ("from: 2021-01-01", "from: 2021-02-30", "2021-02-30", "a day that exists"),
    ],
)
def test_targets_that_cannot_be_read_say_why(
    tmp_path: Path, was: str, written: str, found: str, expected: str
) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text(TARGET.replace(was, written), encoding="utf-8")
    with pytest.raises(PackErrors) as error:
        indicators.read_targets(file)
    assert found in str(error.value)
    assert expected in str(error.value)


def test_a_target_is_named_once(tmp_path: Path) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text(TARGET + TARGET.splitlines()[-1] + "\n", encoding="utf-8")
    with pytest.raises(PackErrors, match="the target K1 twice; expected each id once"):
        indicators.read_targets(file)

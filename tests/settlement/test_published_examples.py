"""Published worked examples, settled by small packs through the rule format alone.

The packs lie in examples/packs, one region each, with the published figures in their cases.yaml.
Examples that contradict themselves are settled too: there our figure is not the published one.
"""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from yibao.money import parse_yuan
from yibao.settlement.cases import Case, CaseRunner, Verdict, read_cases

ROOT = Path(__file__).resolve().parents[2]
PACKS = ROOT / "examples" / "packs"
PUBLISHED = ROOT.parent / "shared" / "cases" / "published-examples.jsonl"

IDS = {
    "BAD-01", "BAD-02", "BJ-2019-01", "BJ-2023-01a", "BJ-2023-01b", "CQ-YB-2023-01", "DL-2022-01",
    "DL-2022-02", "HB-2024-01", "HN-2019-01", "HN-2019-02", "JS-2014-01", "JY-2021-01",
    "SD-2014-01", "SD-YS-2016-01", "TBL-3J-1", "TBL-3J-2", "TBL-3J-3", "TJ-HMB-2022-01",
    "WH-2012-01", "ZQ-2022-01",
}  # fmt: skip

CASES = {
    case.id: (region.name, case)
    for region in sorted(PACKS.iterdir())
    if region.is_dir()
    for case in read_cases(region)
}


def run(case_id: str) -> Verdict:
    region, case = CASES[case_id]
    return CaseRunner(PACKS / region).run(case)


@pytest.mark.parametrize("case_id", CASES)
def test_every_figure_of_the_example_is_met(case_id: str) -> None:
    verdict = run(case_id)
    assert verdict.failures == ()
    assert verdict.settlements or "refused" in verdict.case.data["events"][0]


def test_a_wrong_expectation_is_noticed() -> None:
    """The runner itself can fail: a fen more than published, and a figure that nobody writes."""
    region, case = CASES["DL-2022-02"]
    expect = {"pool_pay": "7.21", "pool": "7.20"}
    event = {"date": "2022-06-01", "in_scope": "10.00", "class_b": "10.00", "expect": expect}
    changed = Case(
        case.id, case.title, (), case.file, case.line, {"events": [event]}, case.defaults
    )
    failures = CaseRunner(PACKS / region).run(changed).failures
    assert failures[0] == "event 1: pool_pay is 7.20, expected 7.21"
    assert failures[1].startswith("event 1: no figure pool; there are: ")
    assert len(failures) == 2


# --- figures that are not amounts ---------------------------------------------------------------


@dataclass(frozen=True)
class Ratio:
    """A published ratio: which figures it is made of, and to how many digits it was printed."""

    case_id: str
    figures: tuple[str, ...]
    digits: int
    published: str


RATIOS = [
    Ratio("WH-2012-01", ("pool_pay",), 4, "0.6453"),
    Ratio("JS-2014-01", ("pool_pay", "serious_illness_pay"), 3, "0.678"),
    # The report prints 0.45 %, which is cut off; 8.16 / 1,786.95 is 0.4566 %.
    Ratio("SD-YS-2016-01", ("personal_pay",), 4, "0.0046"),
]


@pytest.mark.parametrize("ratio", RATIOS, ids=lambda r: r.case_id)
def test_published_ratios_follow_from_the_settlement(ratio: Ratio) -> None:
    (settlement,) = run(ratio.case_id).settlements
    share = Fraction(sum(map(settlement.figure, ratio.figures)), settlement.total)
    rounded = Fraction(int(share * 10**ratio.digits + Fraction(1, 2)), 10**ratio.digits)
    assert rounded == Fraction(ratio.published)


# --- examples that contradict themselves --------------------------------------------------------


@dataclass(frozen=True)
class Wrong:
    """A published figure that its own inputs refute; `because` must stand in the case's title."""

    case_id: str
    figure: str
    published: str
    ours: str
    because: str


WRONG = [
    Wrong("BAD-01", "pool_pay", "1750.00", "2310.00", "wrong arithmetic"),
    Wrong("BAD-02", "pool_pay", "550.00", "440.00", "the deductible was forgotten"),
    Wrong("BJ-2023-01b", "before_cap", "318786.00", "310986.00", "multiplies wrongly"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: w.case_id)
def test_inconsistent_examples_differ_from_what_was_published(wrong: Wrong) -> None:
    verdict = run(wrong.case_id)
    (settlement,) = verdict.settlements
    assert settlement.figure(wrong.figure) == parse_yuan(wrong.ours)
    assert settlement.figure(wrong.figure) != parse_yuan(wrong.published)
    assert wrong.because in verdict.case.title.en


# --- coverage -----------------------------------------------------------------------------------


def test_every_published_example_has_a_case() -> None:
    assert sorted(IDS - CASES.keys()) == []


@pytest.mark.shared
def test_the_list_of_examples_is_that_of_the_collection() -> None:
    if not PUBLISHED.exists():
        pytest.skip(
            "../shared/cases/published-examples.jsonl is not here: ids compared only with ours"
        )
    examples = [json.loads(line) for line in PUBLISHED.read_text(encoding="utf-8").splitlines()]
    assert {e["id"] for e in examples} == IDS
    assert {e["id"] for e in examples if not e["consistent"]} == {w.case_id for w in WRONG}


@pytest.mark.shared
def test_every_published_amount_is_expected_by_its_case() -> None:
    """No published figure is left out: each is an expected value of the case or a ratio above."""
    if not PUBLISHED.exists():
        pytest.skip("../shared/cases/published-examples.jsonl is not here: nothing to compare")
    ratios = {(r.case_id, Fraction(r.published)) for r in RATIOS}
    left_out = []
    for line in PUBLISHED.read_text(encoding="utf-8").splitlines():
        example = json.loads(line, parse_float=str, parse_int=str)
        _, case = CASES[example["id"]]
        expected = {Fraction(v) for e in case.data["events"] for v in e["expect"].values()}

        figures = example["expected" if example["consistent"] else "recomputed"]
        for name, text in figures.items():
            value = Fraction(text)
            if value not in expected and (example["id"], value) not in ratios:
                left_out.append((example["id"], name, text))
    assert left_out == []

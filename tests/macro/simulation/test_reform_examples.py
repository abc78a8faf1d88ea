"""The example reforms: their worked cases hold, to the fen, and their search file reads."""

import pytest
from town import FOLDERS, REFORMS

from yibao.macro.simulation.search.wishes import read_wishes
from yibao.settlement.cases import Case, CaseRunner, read_cases

CASES = read_cases(REFORMS)
RUNNER = CaseRunner("tianjin")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case_of_an_example_reform(case: Case) -> None:
    assert RUNNER.run(case).failures == ()


def test_every_example_reform_has_cases() -> None:
    assert {case.file.parent for case in CASES} == set(FOLDERS)


def test_the_example_search_reads() -> None:
    wishes = read_wishes(REFORMS / "search.yaml")
    assert [p.table for p in wishes.parameters] == ["resident_inpatient_rate"] * 2
    assert [t.asked.measure for t in wishes.targets] == ["self_pay", "fund_change"]

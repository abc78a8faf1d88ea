"""The figures of a reform one at a time: the fast way is the plain one."""

from pathlib import Path
from shutil import copytree

import pytest
from town import FOLDERS, REFORMS, YEARS, Town

from yibao.macro.simulation.reforms import load_reforms
from yibao.macro.simulation.rows import replaced
from yibao.macro.simulation.singles import neutral, singles
from yibao.policy.policy import Policy

NAMES = [folder.name.partition("@")[0] for folder in FOLDERS]


@pytest.mark.parametrize("name", NAMES)
def test_other_rows_set_back_leave_one_figure_alone(town: Town, name: str) -> None:
    reform = town.reforms[name]
    found = singles(town.policy, reform, YEARS)
    none = neutral(town.policy, reform, found, YEARS)
    assert none is not None
    for single in found[:2]:
        others = {key: value for key, value in none.items() if key != id(single.row)}
        fast = Policy(replaced(reform.policy.region, others))
        one, other = town.small.paid(fast), town.small.paid(single.policy)
        assert (one.fund == other.fund).all()
    back = Policy(replaced(reform.policy.region, none))
    assert (town.small.paid(back).fund == town.base.fund).all()


def test_rows_that_meet_are_not_taken_apart_the_fast_way(town: Town, tmp_path: Path) -> None:
    """Two rows for the same persons: alone each would change what only one of them changes."""
    folder = tmp_path / FOLDERS[0].name
    copytree(REFORMS / FOLDERS[0].name, folder)
    file = folder / "deductible.yaml"
    text = file.read_text(encoding="utf-8")
    other = text.replace(
        "      from: 2020-01-01\n      known: 2020-01-01", "      known: 2019-01-02"
    )
    file.write_text(other.replace('"600.00"', '"590.00"', 1), encoding="utf-8")
    (reform,) = load_reforms(town.policy, "tianjin", [folder], YEARS)
    found = singles(town.policy, reform, YEARS)
    assert neutral(town.policy, reform, found, YEARS) is None

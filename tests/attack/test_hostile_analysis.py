"""Curves, comparisons and cliffs: claims that rounding breaks, patients that cannot be, outputs."""

import re
import stat
from datetime import date
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from small_pack import add_document, add_region, make_policy, state, step, table
from typer.testing import CliRunner, Result

from yibao.analysis.bill import Bill
from yibao.analysis.curve import curve
from yibao.analysis.patient import Given, patient
from yibao.cli import app

PATIENT = {"scheme": "resident", "category": "adult", "visit": "inpatient"}
RULES = {
    "tables": {"rate": table("rate", "33%")},
    "steps": [step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay")],
}


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args])


def draw(pack: Path | str, *more: str | Path) -> Result:
    settings = [x for name, code in PATIENT.items() for x in ("--set", f"{name}={code}")]
    day = ("--date", "2022-01-01", "--lang", "en")
    return call("policy", "curve", pack, *settings, *day, "--to", "20.50", *more)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = add_region(tmp_path / "city")
    add_document(folder, RULES | {"state": state("year_expense") | state("stays", unit="count")})
    return folder


# --- what is claimed ------------------------------------------------------------------------------


def test_between_two_rows_the_truth_is_as_near_to_the_line_as_is_said(tmp_path: Path) -> None:
    """33 % of 20.50 rounds up by half a fen and of 19.53 down by 0.49: together more than half."""
    one = patient(make_policy(tmp_path, RULES), date(2022, 1, 1), Given(PATIENT))
    found = curve(one, Bill(), 2050)
    off = Fraction(0)
    for a, b in pairwise(found.points):
        for x in range(a.expense, b.expense + 1):
            part = Fraction(x - a.expense, b.expense - a.expense)
            for fund in ("pool_pay",):
                line = a.funds[fund] + (b.funds[fund] - a.funds[fund]) * part
                off = max(off, abs(one.funds(Bill(), x)[fund] - line))
            line = a.personal + (b.personal - a.personal) * part
            off = max(off, abs(one.personal(Bill(), x) - line))
    assert Fraction(1, 2) < off <= found.bound


def test_a_comparison_says_nothing_of_lines_between_chosen_expenses(pack: Path) -> None:
    settings = [x for name, code in PATIENT.items() for x in ("--set", f"{name}={code}")]
    result = call(
        *("policy", "compare", pack, pack, *settings, "--date", "2022-01-01", "--lang", "en"),
        *("--to", "1000", "--expense", "10", "--expense", "900"),
    )
    assert result.exit_code == 0
    assert "between two rows" not in result.stdout
    assert "rounding moves B − A by at most 1.00 fen" in result.stdout


def test_rules_that_only_refuse_are_not_searched_for_cliffs() -> None:
    """The national documents refuse what no fund pays, and settle nothing: not "no cliffs"."""
    result = call("policy", "cliffs", "national", "--date", "2022-01-01", "--lang", "en")
    assert result.exit_code == 1
    assert "no rule of National" in result.stderr


# --- patients that cannot be ----------------------------------------------------------------------


def test_a_patient_is_born(pack: Path) -> None:
    result = draw(pack, "--set", "birth_date=2022-01-02")
    assert result.exit_code == 2
    assert "birth_date = '2022-01-02': a day not after 2022-01-01" in result.stderr


@pytest.mark.parametrize("used", ["100000000000.01", "999999999999999"])
def test_a_year_has_used_no_more_than_an_accumulator_holds(pack: Path, used: str) -> None:
    assert draw(pack, "--opening", "year_expense=100000000000.00").exit_code == 0
    result = draw(pack, "--opening", f"year_expense={used}")
    assert result.exit_code == 2
    assert "at most 100000000000.00 yuan" in " ".join(re.sub("[│\n]", " ", result.stderr).split())


# --- pictures -------------------------------------------------------------------------------------


def test_a_picture_that_cannot_be_written_takes_nothing_away(pack: Path, tmp_path: Path) -> None:
    target = tmp_path / "old.svg"
    target.mkdir()
    (target / "mine").write_text("mine", "utf-8")
    result = draw(pack, "-o", target)
    assert result.exit_code == 5, result.stderr
    assert (target / "mine").read_text("utf-8") == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["city", "old.svg"]


def test_a_full_disk_leaves_the_earlier_picture(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "old.svg"
    target.write_text("an earlier picture", "utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    result = draw(pack, "-o", target)
    assert result.exit_code == 5
    assert "No space left" in result.stderr
    assert target.read_text("utf-8") == "an earlier picture"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["city", "old.svg"]


def test_a_picture_is_not_refused_for_a_folder_of_another_name(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    assert draw(pack, "-o", tmp_path / "a.svg").exit_code == 0
    assert stat.S_ISREG((tmp_path / "a.svg").stat().st_mode)
    missing = tmp_path / "no" / "b.svg"
    assert f"{missing}: there is no folder" in draw(pack, "-o", missing).stderr

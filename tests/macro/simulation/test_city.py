"""The interactive city: one figure changed, new totals; and what cannot be asked."""

from pathlib import Path
from typing import Any

import pytest
from claim_files import CLAIM, PERSON, write
from town import Town

from yibao.errors import CannotRead, NotGiven
from yibao.macro.simulation import City
from yibao.macro.simulation.comparison import Options
from yibao.macro.simulation.connect import load_population
from yibao.macro.simulation.scalar import BookPopulation

IN_SERVICE = {"category": ["in_service"]}


@pytest.fixture(scope="module")
def city(town: Town, tmp_path_factory: pytest.TempPathFactory) -> City:
    return City(BookPopulation(town.policy, town.small, tmp_path_factory.mktemp("city"), [2019]))


def test_totals_add_up_and_know_no_change(city: City) -> None:
    totals = city.totals()
    assert totals["fund"] + totals["personal"] == totals["total"] > 0
    assert sum(part.costs["fund"] for part in totals.schemes) == totals["fund"]
    assert totals.base is None
    assert all(change is None for _, _, change in totals.rows())
    assert city.totals() is totals


def test_another_figure_changes_the_totals_and_leaves_the_city(city: City) -> None:
    before = city.totals()["fund"]
    lower = city.with_figure("outpatient_deductible", IN_SERVICE, "600.00")
    totals = lower.totals()
    assert totals["fund"] > before == city.totals()["fund"]
    assert totals.base is city.totals()
    assert totals["fund"] - before == -lower.comparison(Options(draws=0)).whole.change
    (change,) = totals.changes
    assert (change.before, change.after) == (("800.00",), "600.00")
    assert change.where == ("在职", "in service")


def test_the_rules_figure_gives_the_rules_totals(city: City) -> None:
    same = city.with_figure("outpatient_deductible", IN_SERVICE, "800.00")
    assert same.totals().costs == city.totals().costs


def test_changes_follow_one_another(city: City) -> None:
    twice = city.with_figure("outpatient_deductible", IN_SERVICE, "600.00").with_figure(
        "outpatient_deductible", IN_SERVICE, "500.00"
    )
    assert twice.figure("outpatient_deductible", IN_SERVICE) == ("500.00",)
    assert twice.changes[1].before == ("600.00",)
    once = city.with_figure("outpatient_deductible", IN_SERVICE, "500.00")
    assert twice.totals().costs == once.totals().costs
    assert twice.base is city


@pytest.mark.parametrize(
    ("table", "conditions", "value", "match"),
    [
        ("outpatient_deductable", IN_SERVICE, "500.00", "did you mean"),
        ("outpatient_deductible", {"category": "soldier"}, "500.00", "it has: in_service"),
        ("outpatient_deductible", IN_SERVICE, "50%", "not an amount"),
        ("outpatient_deductible", IN_SERVICE, "-1", "not an amount"),
        ("outpatient_deductible", IN_SERVICE, 500.0, "float 500.0: expected a text"),
        ("outpatient_deductible", IN_SERVICE, None, "NoneType None: expected a text"),
        ("resident_inpatient_rate", {"rate_level": "3"}, "101%", "more than 100%"),
        ("outpatient_deductible", "in_service", "500.00", "expected keys with codes"),
        (None, IN_SERVICE, "500.00", "no table None"),
    ],
)
def test_a_wrong_wish_is_refused(
    city: City, table: Any, conditions: Any, value: Any, match: str
) -> None:
    with pytest.raises(NotGiven, match=match):
        city.with_figure(table, conditions, value)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"years": 2019}, r"years = 2019: expected a list"),
        ({"years": ["2019"]}, r"years = \['2019'\]: expected a list of whole numbers"),
        ({"accept": "Z"}, "accept = 'Z': expected one of A, B, C, D"),
    ],
)
def test_what_cannot_be_loaded_is_told(tmp_path: Path, wrong: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        City.load("tianjin", tmp_path, **wrong)


def test_a_figure_set_to_what_it_was_changes_nothing(city: City) -> None:
    (now,) = city.figure("outpatient_deductible", IN_SERVICE)
    same = city.with_figure("outpatient_deductible", IN_SERVICE, now)
    assert {change for _, _, change in same.totals().rows()} == {0}
    assert "0.00" in same.totals()._repr_html_()
    assert (same.comparison().whole.winners, same.comparison().whole.losers) == (0, 0)


def test_it_shows_itself(city: City) -> None:
    lower = city.with_figure("outpatient_deductible", IN_SERVICE, "600.00")
    assert "Outpatient deductible (in service): 800.00 → 600.00" in repr(lower)
    assert "All funds" in str(lower.totals())
    html = lower.totals()._repr_html_()
    assert "<table>" in html
    assert "各项基金合计" in html
    assert "增减" in html
    assert "增减" not in city.totals()._repr_html_()


def test_a_folder_that_is_no_population_is_refused(town: Town, tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match="is not a folder"):
        load_population(town.policy, tmp_path / "nowhere")
    with pytest.raises(CannotRead, match="has no persons"):
        load_population(town.policy, tmp_path)
    (tmp_path / "persons.csv").write_text("", encoding="utf-8")
    with pytest.raises(CannotRead, match="has no claims"):
        load_population(town.policy, tmp_path)


def test_a_year_without_claims_is_refused(town: Town, tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match=r"no claims of 2001; there are claims of 2018, 2019"):
        BookPopulation(town.policy, town.small, tmp_path, [2001])


def test_rules_that_settle_nothing_say_why(tmp_path: Path) -> None:
    """Not "no claims of any year": there is one, and a reason."""
    write(tmp_path / "persons.csv", [PERSON])
    write(tmp_path / "claims.csv", [CLAIM])
    told = r"Jining \(jining\) settle none of the 1 claims .*: no rule .* in force on 2019-03-01"
    with pytest.raises(CannotRead, match=told):
        City.load("jining", tmp_path, accept="D")


@pytest.mark.clause("C-PAY11-2")
def test_five_points_more_on_what_lies_above_a_ceiling_cost_five_percent_of_it(
    tmp_path: Path,
) -> None:
    """Forty stays of 170,000 yuan in scope: 20,000 of each lie in the large-expense band.

    80 % of it is paid; at 85 % the fund pays 40 × 20,000 × 5 % = 40,000 yuan more, and each person
    1,000 less. Stays of 150,000 reach the band without entering it: they cost the same.
    """
    names = [f"{kind}{n}" for kind in ("above", "below") for n in range(40)]
    stay = {**CLAIM, "visit": "inpatient", "level": "3", "settled_at": "2019-03-01 10:00:00"}
    stay |= {"out_of_catalogue": "0.00", "first_self_pay": "0.00"}
    write(tmp_path / "persons.csv", [
        {**PERSON, "person_id": name, "large_expense_paid": "true"} for name in names
    ])  # fmt: skip
    write(tmp_path / "claims.csv", [
        {**stay, "claim_id": name, "person_id": name, "total": bill, "in_scope": bill}
        for name in names
        for bill in ["170000.00" if name.startswith("above") else "150000.00"]
    ])  # fmt: skip
    city = City.load("tianjin", tmp_path)
    assert city.figure("large_expense_rate") == ("80%",)
    dearer = city.with_figure("large_expense_rate", {}, "85%")
    assert dearer.totals()["fund"] - city.totals()["fund"] == 40_000_00
    whole = dearer.comparison(Options(draws=0)).whole
    assert (whole.winners, whole.losers, whole.gain) == (40, 0, 40_000_00)

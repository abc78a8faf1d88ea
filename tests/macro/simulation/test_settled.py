"""The engine's population agrees with the book's, to the fen, under the rules and every reform."""

import sys
from pathlib import Path

import numpy as np
import pytest
from town import Town

sys.path.append(str(Path(__file__).parents[2] / "settlement"))
from columnar_items import Encoded

from yibao.macro.simulation.paid import Paid
from yibao.macro.simulation.rows import choose, value_of
from yibao.macro.simulation.settled import EnginePopulation, engine_for
from yibao.settlement.enrolment import Enrolment


@pytest.fixture(scope="module")
def both(town: Town) -> tuple[EnginePopulation, np.ndarray]:
    """Return the engine's population, and which row of the book's each of its rows is."""
    engine = engine_for(town.policy)
    enrolment: Enrolment = town.small.enrolment
    statuses = [s for person in enrolment.persons() for s in enrolment.statuses(person)]
    encoded = Encoded(engine, statuses, town.small.items)
    population = EnginePopulation(engine, encoded.items, encoded.statuses, lambda: town.people)
    return population, np.asarray(encoded.order)


def same(one: Paid, other: Paid, order: np.ndarray) -> None:
    for name in ("sign", "total", "in_scope", "personal", "account"):
        assert np.array_equal(getattr(one, name), getattr(other, name)[order]), name
    for name, pays in other.funds.items():
        assert np.array_equal(one.funds.get(name, np.zeros_like(pays)), pays[order]), name


def test_the_rules(town: Town, both: tuple[EnginePopulation, np.ndarray]) -> None:
    population, order = both
    same(population.paid(town.policy), town.base, order)
    claims, theirs = population.claims, town.claims
    assert np.array_equal(claims.year, theirs.year[order])
    for name in ("scheme", "visit", "level"):
        ours, other = getattr(claims, name), getattr(theirs, name)
        assert [ours.values[c] for c in ours.codes] == [other.values[c] for c in other.codes[order]]


def test_every_reform(town: Town, both: tuple[EnginePopulation, np.ndarray]) -> None:
    population, order = both
    for name, reform in town.reforms.items():
        same(population.paid(reform.policy), town.reformed[name], order)


@pytest.mark.parametrize("keep", [True, False])
def test_other_figures(town: Town, both: tuple[EnginePopulation, np.ndarray], keep: bool) -> None:
    """Also a rate finer than the programs hold, which makes them anew."""
    from yibao.macro.simulation.rows import replaced
    from yibao.policy.policy import Policy

    population, order = both
    for table, conditions, text in (
        ("outpatient_deductible", {"category": "in_service"}, "600.00"),
        ("resident_inpatient_rate", {"rate_level": "3"}, "66.66%"),
        ("resident_inpatient_rate", {"rate_level": "3"}, "66.666666%"),
    ):
        found = choose(town.policy.region, table, conditions, [2018, 2019])
        value = value_of(text, found.table.unit)
        values = {id(row): (row, value) for row in found.rows}
        policy = Policy(replaced(town.policy.region, values))
        same(population.paid_with(values, keep=keep), town.small.paid(policy), order)


def test_years(town: Town, both: tuple[EnginePopulation, np.ndarray]) -> None:
    """Claims of other years are settled, since they leave what later ones find, and not told."""
    population, order = both
    some = EnginePopulation(
        population._engine, population._items, population._statuses, lambda: town.people, [2019]
    )
    kept = town.claims.year[order] == 2019
    assert len(some.claims) == kept.sum()
    assert np.array_equal(some.paid(town.policy).personal, town.base.personal[order][kept])

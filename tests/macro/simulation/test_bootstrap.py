"""Bootstrap intervals of paired differences."""

import numpy as np
import pytest

from yibao.macro.simulation.bootstrap import intervals


def test_identical_households_leave_no_doubt_and_untouched_ones_no_trace() -> None:
    same = intervals({"fund": np.full(50, 7)}, np.arange(50))["fund"]
    assert (same.low, same.value, same.high) == (350, 350, 350)
    none = intervals({"fund": np.zeros(50, np.int64)}, np.arange(50))["fund"]
    assert (none.low, none.value, none.high) == (0, 0, 0)


def test_the_seed_decides() -> None:
    values = {"fund": np.arange(100)}
    one, again = (intervals(values, np.arange(100), seed=5) for _ in range(2))
    assert one == again
    assert intervals(values, np.arange(100), seed=6) != one


def test_the_spread_is_that_of_theory() -> None:
    """A sum of n draws has the standard deviation sqrt(n) x s; 95 % are 1.96 of it each way."""
    n = 10_000
    values = np.zeros(n, np.int64)
    values[:2000] = np.random.default_rng(0).integers(0, 1000, 2000)
    found = intervals({"fund": values}, np.arange(n), draws=4000)["fund"]
    expected = 1.96 * np.sqrt(n) * values.std()
    assert found.low < found.value < found.high
    assert (found.high - found.low) / 2 == pytest.approx(expected, rel=0.05)


def test_households_are_drawn_whole() -> None:
    """A household of +5 and -5 adds nothing whenever it is drawn."""
    found = intervals({"fund": np.asarray([5, -5] * 30)}, np.repeat(np.arange(30), 2))["fund"]
    assert (found.low, found.value, found.high) == (0, 0, 0)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Samples of 300 from a known law: the interval of the sum covers 300 x its mean in 95 %."""
    random = np.random.default_rng(3)
    hits = 0
    for trial in range(300):
        sample = random.integers(0, 2, 300) * random.integers(0, 101, 300)
        found = intervals({"x": sample}, np.arange(300), draws=400, seed=trial)["x"]
        hits += found.low <= 300 * 25 <= found.high
    assert 0.91 <= hits / 300 <= 0.985


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 40"):
        intervals({"x": np.asarray([1])}, np.asarray([0]), draws=39)

"""How far results would differ with another sample: bootstrap intervals of paired differences.

The population is taken for a sample of households (or persons): these are drawn again with
replacement, whole, as many as there are, and the *difference* between reform and rules is summed
over the draw. Households that a reform does not touch add nothing, so how many touched ones come up
is drawn first (binomial), and then which: the distribution is that of drawing all of them.

An interval says nothing about whether the population is like the city in other respects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yibao.macro.simulation.exact import Int64, by_key, total


@dataclass(frozen=True, slots=True)
class Interval:
    """A sum, and the range in which 95 % of redrawn samples have it."""

    value: int
    low: int
    high: int


def intervals(
    differences: dict[str, Int64], clusters: Int64, *, draws: int = 1000, seed: int = 1
) -> dict[str, Interval]:
    """Return an interval for the sum of each difference.

    differences  by name, one value for each person-year (fen, or counts)
    clusters     the household of each person-year, 0 … H-1

    The same seed gives the same intervals. Raises ValueError for fewer than 40 draws.
    """
    if draws < 40:
        raise ValueError("fewer than 40 draws give no 95 % interval")
    count = int(clusters.max(initial=-1)) + 1
    sums = {name: by_key(clusters, values, count) for name, values in differences.items()}
    touched = np.zeros(count, bool)
    for values in sums.values():
        touched |= values != 0
    table = np.stack([values[touched] for values in sums.values()], axis=1)
    drawn = _draw(table, count, draws, np.random.default_rng(seed))
    drawn.sort(axis=0)
    low, high = (draws - 1) // 40, draws - 1 - (draws - 1) // 40
    return {
        name: Interval(total(values), int(drawn[low, n]), int(drawn[high, n]))
        for n, (name, values) in enumerate(sums.items())
    }


def _draw(table: Int64, count: int, draws: int, random: np.random.Generator) -> Int64:
    """Return the sums of each draw: draws x columns."""
    touched, columns = table.shape
    result = np.zeros((draws, columns), np.int64)
    if touched == 0:
        return result
    if int(np.abs(table).max()) * count >= 1 << 63:
        raise OverflowError("a draw's sum may leave int64")
    many = random.binomial(count, touched / count, size=draws)
    for at, size in enumerate(many):
        chosen = random.integers(0, touched, size=int(size))
        times = np.bincount(chosen, minlength=touched)
        result[at] = times @ table
    return result

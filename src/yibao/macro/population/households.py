"""Draw ages, households and income: who lives with whom, and on what.

Income is fen a year; it is drawn with floats and rounded to whole fen once, here.
"""

from __future__ import annotations

import numpy as np

from yibao.macro.population.figures import Figures, Flags, Floats, Ints, fen, number

OLDEST = 104.0
EXCESS = 4.5
"""Mean years above the last census group's first age; nobody is older than `OLDEST`."""


def pick(shares: Floats, draws: Floats) -> Ints:
    """Return the position in `shares` that each uniform draw falls on."""
    found = np.searchsorted(np.cumsum(shares), draws, side="right")
    return np.minimum(found, len(shares) - 1)


def per_household(household: Ints, draws: Floats) -> Floats:
    """Return the draw of the household's first member for all its members."""
    return draws[household]


# --- ages and households --------------------------------------------------------------------------


def draw_ages(figures: Figures, count: int, rng: np.random.Generator) -> tuple[Floats, Flags]:
    """Draw exact ages and sexes from the census; within a group all ages are alike."""
    first, shares = figures.census()
    cell = pick(shares.ravel(), rng.random(count))
    group = cell % len(first)
    low = first[group].astype(np.float64)
    width = np.append(np.diff(first), 0)[group]
    within = rng.random(count)
    old = np.minimum(low - EXCESS * np.log1p(-within), OLDEST)
    return np.where(width > 0, low + within * width, old), cell < len(first)


def _sizes(figures: Figures) -> Floats:
    """Return the shares of household sizes 1, 2, …: geometric from two on, with the mean given."""
    told = figures.region["households"]
    single, most = number(told["single"]), int(figures.model["households"]["most"])
    mean = (number(told["mean"]) - single) / (1 - single)
    sizes = np.arange(2, most + 1)
    low, high = 1e-9, 1.0
    for _ in range(60):
        ratio = (low + high) / 2
        weights = ratio ** (sizes - 2)
        low, high = (ratio, high) if (weights @ sizes) / weights.sum() < mean else (low, ratio)
    return np.concatenate(([single], (1 - single) * weights / weights.sum()))


def draw_households(figures: Figures, age: Floats, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return for each person the number of the household's head, and the household's size.

    Heads are adults. Children live with heads between 22 and 55 as far as there is room.
    """
    count = len(age)
    shares = _sizes(figures)
    sizes = 1 + pick(shares, rng.random(count))
    ends = np.cumsum(sizes)
    households = int(np.searchsorted(ends, count)) + 1
    sizes = sizes[:households]
    sizes[-1] -= ends[households - 1] - count
    order = np.argsort(rng.random(count) + np.where(age >= 18, 0, 2), kind="stable")
    heads = order[:households]
    rest = order[households:]
    rest = rest[np.argsort(np.where(age[rest] < 18, 0, 1), kind="stable")]
    slots = np.repeat(np.arange(households), sizes - 1)
    of_head = age[heads][slots]
    family = (of_head >= 22) & (of_head < 55) & (sizes[slots] > 2)
    slots = slots[np.argsort(np.where(family, 0, 1) + rng.random(len(slots)), kind="stable")]
    number_of = np.empty(count, dtype=np.int64)
    number_of[heads] = np.arange(households)
    number_of[rest] = slots
    return heads[number_of], sizes[number_of]


# --- income ---------------------------------------------------------------------------------------


def incomes(figures: Figures, rank: Floats) -> Ints:
    """Return income per head in fen, by rank; within each fifth the mean is the published one."""
    means = np.array([fen(t) for t in figures.national["income_quintiles"]["means"]], dtype=float)
    if "mean_income" in figures.region:
        means *= figures.value("mean_income").value * 100 / means.mean()
    bounds = np.concatenate(([means[0] * 0.35], np.sqrt(means[:-1] * means[1:])))
    fifth = np.minimum(rank * 5, 4).astype(np.int64)
    within = rank * 5 - fifth
    low, mean = bounds[fifth], means[fifth]
    span = np.append(np.diff(bounds), 1.0)[fifth]
    inner = low + span * within ** (span / (mean - low) - 1)
    top = low * (1 - within) ** (-(mean - low) / mean)
    drawn = np.where(fifth < 4, inner, np.minimum(top, low * 60))
    result: Ints = np.rint(drawn).astype(np.int64)
    return result

"""Find the few numbers that make a population meet the published figures.

A pilot population, always the same for a region and a span, shows how much its people would use
care under the model; the ratio to the published figure is the correction. So the corrections do not
depend on the seed, the size or the machine's threads, and what is made still has to meet the
figures on its own: the report measures it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from yibao.macro.population.days import Span
from yibao.macro.population.figures import Figures, Floats, number, numbers
from yibao.macro.population.need import (
    ACTIVE,
    CHRONIC,
    KINDS,
    PURCHASE,
    RESIDENT,
    RETIRED,
    STAY,
    TWO_DISEASE,
    VISIT,
    frailty,
    need,
)
from yibao.macro.population.people import draw_people

_CHUNK = 50_000
_CHUNKS = 20
"""The pilot population comes in chunks, so that its memory is bounded."""

_SEED = 20_201_101
"""The day of the census; any fixed number would do."""


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """What turns relative needs into visits and money.

    relief  chance of a relief identity in the lowest income tenth
    rates   years x groups x kinds: visits of a half-year for a relative rate of one
    costs   years x groups x kinds: mean fen of a bill for a relative cost of one
    """

    relief: float
    rates: Floats
    costs: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Tally:
    """What the pilot's people need.

    rates, costs  years x groups x kinds: sums of relative rates, and of rates times costs
    heads         years x groups: insured on the last day of the year
    relief        relative chance of relief among residents, and their number
    """

    rates: Floats
    costs: Floats
    heads: Floats
    relief: Floats

    def __add__(self, other: _Tally) -> _Tally:
        return _Tally(
            self.rates + other.rates,
            self.costs + other.costs,
            self.heads + other.heads,
            self.relief + other.relief,
        )


@lru_cache(maxsize=8)
def calibrate(figures: Figures, span: Span) -> Scales:
    """Return the corrections for a region and a span."""
    tally = _tally(figures, span, 0)
    for chunk in range(1, _CHUNKS):
        tally += _tally(figures, span, chunk)
    rates, costs = np.zeros_like(tally.rates), np.zeros_like(tally.costs)
    for year in range(span.years):
        for scheme, groups in (("resident", [RESIDENT]), ("employee", [ACTIVE, RETIRED])):
            heads = tally.heads[year, groups]
            if not heads.sum():
                continue
            wanted, prices = _targets(figures, span.first + year, scheme)
            wanted = wanted * heads.sum()
            sums = tally.rates[year, groups], tally.costs[year, groups]
            weights = _weights(figures, sums, wanted, prices, heads)
            weighted = weights @ sums[0], weights @ sums[1]
            rates[year, groups] = weights[:, None] * _over(wanted, weighted[0])
            costs[year, groups] = prices * _over(*weighted)
    poor, residents = tally.relief
    level = figures.value("assisted_residents").value * residents / poor
    return Scales(float(level), rates, costs)


def _tally(figures: Figures, span: Span, chunk: int) -> _Tally:
    """Draw a chunk of the pilot and add up what its people need."""
    seeds = np.random.SeedSequence([_SEED, span.first, chunk])
    rng = np.random.Generator(np.random.SFC64(seeds))
    people = draw_people(figures, span, _CHUNK, 0.0, rng)
    frail = frailty(figures, people, span.years, rng)
    rates, costs = np.zeros((span.years, 3, KINDS)), np.zeros((span.years, 3, KINDS))
    heads = np.zeros((span.years, 3))
    for half in range(2 * span.years):
        year = half // 2
        wanted = need(figures, span, people, half, frail[year])
        for kind, rate in enumerate(wanted.rates):
            rates[year, :, kind] += np.bincount(wanted.group, rate, 3)
            costs[year, :, kind] += np.bincount(wanted.group, rate * wanted.cost, 3)
        if half % 2:
            last = int(span.bounds[half + 1]) - 1
            alive = people.death >= last
            group = np.where(people.retire <= last, RETIRED, ACTIVE)
            group = np.where(people.employed(last), group, RESIDENT)
            heads[year] = np.bincount(group[alive], minlength=3)
    shape = numbers(figures.model["relief"]["deciles"])[people.decile - 1]
    relief = np.array([shape[~people.employee].sum(), (~people.employee).sum()])
    return _Tally(rates, costs, heads, relief)


def _over(whole: Floats, part: Floats) -> Floats:
    """Return whole / part, nothing where there is none."""
    shape = np.broadcast_shapes(whole.shape, part.shape)
    return np.divide(whole, part, out=np.zeros(shape), where=part > 0)


def _weights(
    figures: Figures, sums: tuple[Floats, Floats], wanted: Floats, prices: Floats, heads: Floats
) -> Floats:
    """Return how much more the retired use than the model's shapes say: their published cost.

    One number for all kinds of care, found by a few rounds of proportion. Purchases at pharmacies
    are no part of the published cost.
    """
    weights = np.ones(len(heads))
    if len(weights) == 1:
        return weights
    published = np.where(np.arange(KINDS) == PURCHASE, 0.0, prices * wanted)
    for _ in range(30):
        spent = _over(published * weights[:, None] * sums[1], weights @ sums[1]).sum(axis=1)
        active, old = spent / heads
        weights[1] *= figures.value("retired_over_active").value * active / old
    return weights


def _targets(figures: Figures, year: int, scheme: str) -> tuple[Floats, Floats]:
    """Return visits a head and year, and mean fen of a bill, by kind."""
    told = figures.model["visits"]
    lasting = 1 - number(told["reversals"])
    wanted, prices = np.zeros(KINDS), np.zeros(KINDS)
    stays = figures.use(year, scheme, "admissions").value / 100 / lasting
    observed = number(told["observation"]) * stays if figures.region["observation"] else 0.0
    visits = figures.use(year, scheme, "visits").value / lasting - observed
    two = number(told["two_disease"]) if figures.region["two_disease"] else 0.0
    wanted[VISIT] = visits * (1 - two)
    wanted[TWO_DISEASE] = visits * two
    wanted[CHRONIC] = figures.use(year, scheme, "chronic_visits").value / lasting
    wanted[STAY] = stays / (1 + number(told["transfers"]))
    purchases, paid = figures.purchases(scheme)
    if figures.region["pharmacies"]:
        wanted[PURCHASE], prices[PURCHASE] = purchases.value / lasting, paid.value
    price = figures.use(year, scheme, "yuan_per_visit").value
    # Observations before a stay are dearer than visits, and count among them.
    dear = number(told["observation_cost"]) * observed
    prices[VISIT] = prices[TWO_DISEASE] = price * (visits + observed) / (visits + dear)
    prices[CHRONIC] = figures.use(year, scheme, "yuan_per_chronic_visit").value
    prices[STAY] = figures.use(year, scheme, "yuan_per_admission").value
    return wanted, prices

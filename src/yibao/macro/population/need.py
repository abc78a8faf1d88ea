"""How much care people need in a half-year: relative rates by kind of care, and relative costs.

Rates are relative to a scheme's average; `calibrate` finds the numbers that turn them into visits.
Arrays have one entry per person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yibao.macro.population.days import YEAR, Span
from yibao.macro.population.figures import Figures, Flags, Floats, Small, number, numbers
from yibao.macro.population.people import People

VISIT, CHRONIC, PURCHASE, STAY, TWO_DISEASE = range(5)
KINDS = 5
"""Kinds of care: ordinary visits, special or chronic outpatient care, purchases, stays, and drugs
for hypertension or diabetes."""

TWO_DISEASES = ("hypertension", "diabetes")

RESIDENT, ACTIVE, RETIRED = range(3)
"""Groups whose use of care is calibrated apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """The need of a half-year: groups, relative rates by kind, and the relative cost of a bill."""

    group: Small
    rates: tuple[Floats, ...]
    cost: Floats


def frailty(figures: Figures, people: People, years: int, rng: np.random.Generator) -> list[Floats]:
    """Draw each year's frailty: a part that lasts and a part of the year, standard normal."""
    lasting = number(figures.model["frailty"]["lasting"])
    own = np.sqrt(1 - lasting)
    return [
        np.sqrt(lasting) * people.frail + own * rng.standard_normal(len(people))
        for _ in range(years)
    ]


def need(figures: Figures, span: Span, people: People, half: int, frail: Floats) -> Need:
    """Return the need of a half-year of the span."""
    first, after = (int(day) for day in span.bounds[half : half + 2])
    told, shape = figures.model["frailty"], figures.model["need"]
    ages = np.array(shape["ages"], dtype=np.float64)
    age = np.clip(((first + after) / 2 - people.birth) / YEAR, 0, 120)
    lived = np.clip((people.death + 1 - first) / (after - first), 0, 1)
    dying = (people.death < first + 183) & (people.death >= first)
    alive = lived * np.where(dying, number(told["dying"]), 1.0)
    employed = people.employed(first)
    group = np.where(employed, np.where(first >= people.retire, RETIRED, ACTIVE), RESIDENT)
    has = people.onset < first
    registered = people.registered(figures.model["registration"]["days"]) <= first

    def of(name: str, field: str, ill: str) -> Floats:
        power = number(told[field])
        rate: Floats = alive * np.interp(age, ages, numbers(shape[name])) * np.exp(power * frail)
        return rate * _more(figures, has, ill)

    visits = of("visits", "visits", "visits")
    special = _special(figures, registered)
    rates = [visits, np.zeros(0), of("visits", "purchases", "visits"), np.zeros(0), np.zeros(0)]
    rates[CHRONIC] = alive * special * np.exp(number(told["chronic"]) * frail)
    rates[STAY] = of("stays", "stays", "stays")
    rates[TWO_DISEASE] = alive * _two(figures, registered) * np.exp(number(told["visits"]) * frail)
    cost = np.interp(age, ages, numbers(shape["costs"])) * np.exp(number(told["costs"]) * frail)
    return Need(group.astype(np.int8), tuple(rates), cost)


def _more(figures: Figures, has: Flags, what: str) -> Floats:
    """Return by how much the diseases that people have multiply a rate."""
    factors = numbers([told[what] for told in figures.model["diseases"].values()])
    result: Floats = np.exp(has @ np.log(factors))
    return result


def special_weights(figures: Figures) -> Floats:
    """Return how many special or chronic visits each disease brings, relative to the others.

    Where a region pays drugs for hypertension and diabetes apart, those bring none.
    """
    apart = TWO_DISEASES if figures.region["two_disease"] else ()
    diseases = figures.model["diseases"].items()
    return np.array([0.0 if n in apart else number(t["special"]) for n, t in diseases])


def _special(figures: Figures, registered: Flags) -> Floats:
    """Return the relative number of special or chronic visits that registered diseases bring."""
    result: Floats = registered @ special_weights(figures)
    return result


def _two(figures: Figures, registered: Flags) -> Floats:
    if not figures.region["two_disease"]:
        return np.zeros(len(registered))
    at = [figures.diseases.index(name) for name in TWO_DISEASES]
    result: Floats = registered[:, at].sum(axis=1).astype(np.float64)
    return result

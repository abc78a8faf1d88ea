"""When people fall ill for good, and when they die."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from yibao.macro.population.days import FAR, YEAR, Days, Span
from yibao.macro.population.figures import Figures, Flags, Floats, number, numbers
from yibao.macro.population.households import OLDEST
from yibao.macro.population.normal import distribution


def onsets(
    figures: Figures, birth: Days, male: Flags, frail: Floats, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Draw the day of onset of each disease: prevalence by age is the logistic curve given.

    Who is to have a disease at some age, and when, follows from one uniform number: a person has
    it once the prevalence at the person's age exceeds that number.
    """
    lasting = 0.4
    onset = np.full((len(birth), len(figures.diseases)), FAR, dtype=np.int32)
    for at, told in enumerate(figures.model["diseases"].values()):
        most = np.where(male, number(told["male"]), number(told["female"]))
        own = rng.standard_normal(len(birth))
        draw = distribution(-lasting * frail + np.sqrt(1 - lasting**2) * own)
        has = draw < most
        odds = np.where(has, draw / np.where(has, most - draw, 1.0), 1.0)
        age = told["age"] + told["width"] * np.log(np.maximum(odds, 1e-12))
        has &= (age >= 0) & (age < OLDEST + 10)
        onset[has, at] = birth[has] + np.floor(age[has] * YEAR).astype(np.int32)
    return onset


def deaths(
    figures: Figures,
    span: Span,
    rng: np.random.Generator,
    *,
    birth: Days,
    male: Flags,
    frail: Floats,
) -> Days:
    """Draw the last day of life, half-year by half-year, FAR for those who survive the span."""
    table = figures.national["mortality"]
    ages = np.array(table["ages"])
    rates = np.stack([numbers(table["female"]), numbers(table["male"])])
    power = number(figures.model["frailty"]["deaths"])
    relative = np.exp(power * frail - power**2 / 2)
    death = np.full(len(birth), FAR, dtype=np.int32)
    for first, after in zip(span.bounds[:-1], span.bounds[1:], strict=True):
        age = np.maximum(((first + after) / 2 - birth) / YEAR, 0)
        group = np.searchsorted(ages, age, side="right") - 1
        risk = rates[male.astype(int), group] * relative * (after - first) / YEAR
        dies = (rng.random(len(birth)) < -np.expm1(-risk)) & (death == FAR)
        when = first + np.floor(rng.random(len(birth)) * (after - first))
        death[dies] = when[dies].astype(np.int32)
    return death

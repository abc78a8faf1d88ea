"""Draw the people of a block: who they are, how they live together, when they fall ill and die.

All arrays have one entry per person. Days are counted from 1970-01-01, as in Arrow's date32; `FAR`
is a day that never comes. The same generator gives the same people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yibao.macro.population.days import FAR, YEAR, Days, Span
from yibao.macro.population.employment import Work, adult_days, changes, employment
from yibao.macro.population.figures import Figures, Flags, Floats, Ints, Small, number, numbers
from yibao.macro.population.households import (
    draw_ages,
    draw_households,
    incomes,
    per_household,
    pick,
)
from yibao.macro.population.illness import deaths, onsets


@dataclass(slots=True, eq=False)
class People:
    """The people of a block.

    employee    insured as an employee on the first day
    entry       day on which a resident becomes an employee
    leave       day on which an employee becomes a resident
    retire      day from which an employee is retired
    adult       day from which a resident is no student or child
    death       last day of life
    onset       n x diseases: first day of each disease
    relief      number of the relief identity, -1 for none
    contracted, chosen   number of the institution among those of level 1 and 3, -1 for none
    frail       standard normal: the part of frailty that lasts
    """

    birth: Days
    male: Flags
    household: Ints
    household_size: Ints
    income: Ints
    decile: Small
    employee: Flags
    entry: Days
    leave: Days
    retire: Days
    adult: Days
    death: Days
    onset: npt.NDArray[np.int32]
    registers: Flags
    tier: Small
    relief: Small
    insulin: Flags
    large_expense_paid: Flags
    insured_two_years: Flags
    contracted: npt.NDArray[np.int32]
    chosen: npt.NDArray[np.int32]
    frail: Floats

    def __len__(self) -> int:
        return len(self.birth)

    def employed(self, day: int | Ints | Days, rows: Any = slice(None)) -> Flags:
        """Tell who is insured as an employee on a day, retired or not; of `rows` of people."""
        stays = self.employee[rows] & (day < self.leave[rows])
        result: Flags = stays | (day >= self.entry[rows])
        return result

    def registered(self, delay: int) -> npt.NDArray[np.int32]:
        """Return the day from which each disease is registered, FAR for those who do not."""
        days = np.where(self.registers[:, None] & (self.onset < FAR), self.onset + delay, FAR)
        return days.astype(np.int32)


def draw_people(
    figures: Figures, span: Span, count: int, relief_level: float, rng: np.random.Generator
) -> People:
    """Draw `count` people as of the first day of the span."""
    age, male = draw_ages(figures, count, rng)
    birth = (span.start - 1 - np.floor(age * YEAR)).astype(np.int32)
    household, size = draw_households(figures, age, rng)
    rank = per_household(household, rng.random(count))
    income = incomes(figures, rank)
    decile = np.minimum(rank * 10, 9).astype(np.int8) + np.int8(1)
    frail = rng.standard_normal(count)
    work = Work(figures)
    threshold, employee = employment(work, age, male, rank, rng)
    entry, leave, retire = changes(
        work, span, rng, birth=birth, male=male, employee=employee, threshold=threshold
    )
    adult = adult_days(figures, birth, age, rng)
    share = relief_level * numbers(figures.model["relief"]["deciles"])[decile - 1]
    share = share * np.where(employee, number(figures.model["relief"]["employees"]), 1.0)
    needy = per_household(household, rng.random(count)) < share
    kinds = numbers(list(figures.region["relief"].values()))
    kind = pick(kinds, per_household(household, rng.random(count)))
    relief = np.where(needy, kind, -1).astype(np.int8)
    flags = figures.model["flags"]
    return People(
        birth=birth,
        male=male,
        household=household,
        household_size=size,
        income=income,
        decile=decile,
        employee=employee,
        entry=entry,
        leave=leave,
        retire=retire,
        adult=adult,
        death=deaths(figures, span, rng, birth=birth, male=male, frail=frail),
        onset=onsets(figures, birth, male, frail, rng),
        registers=rng.random(count) < number(figures.model["registration"]["share"]),
        tier=np.where(relief >= 0, 0, pick(_tiers(figures), rng.random(count))).astype(np.int8),
        relief=relief,
        insulin=rng.random(count) < number(flags["insulin"]),
        large_expense_paid=rng.random(count) < number(flags["large_expense_paid"]),
        insured_two_years=rng.random(count) < number(flags["insured_two_years"]),
        contracted=_institutions(figures, "contracted", "1", count, rng),
        chosen=_institutions(figures, "chosen", "3", count, rng),
        frail=frail,
    )


def tier_names(figures: Figures) -> list[str]:
    """Return the contribution tiers of adult residents."""
    return [name for name in figures.region["tiers"] if name != "student"]


def _tiers(figures: Figures) -> Floats:
    return numbers([figures.region["tiers"][name] for name in tier_names(figures)])


def _institutions(
    figures: Figures, share: str, level: str, count: int, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Draw the institution that people have signed with or chosen, -1 for none."""
    number_of = figures.region["institutions"][level]
    has = rng.random(count) < number(figures.region[share])
    return np.where(has, rng.integers(0, number_of, count), -1).astype(np.int32)

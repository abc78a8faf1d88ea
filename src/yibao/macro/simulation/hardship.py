"""Catastrophic payments and impoverishment, by household and year, in whole fen.

A household's own payments are what no fund pays for its members in a calendar year, personal
accounts included: the account is its money. They are catastrophic at a threshold where they are
*above* that share of

- its income, or
- its capacity to pay: its income less the subsistence line for each member. A household whose
  income does not reach that has a capacity of nothing, so any payment is catastrophic to it.

It is impoverished at a line where its income per head reaches the line and, after its payments, no
longer does. (Wagstaff and van Doorslaer 2003; Xu 2005. Both take consumption where surveys have it;
here is income, which populations have.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from yibao.macro.simulation.exact import Flags, Int64, by_key, quantiles
from yibao.macro.simulation.paid import NOBODY, People, Units
from yibao.text import Text

Measure = Literal["income", "capacity"]
THRESHOLDS = (Fraction(10, 100), Fraction(25, 100), Fraction(40, 100))
RELATIVE = (Fraction(40, 100), Fraction(50, 100), Fraction(60, 100))


@dataclass(frozen=True, slots=True)
class Line:
    """A poverty line: fen per head and year."""

    title: Text
    fen: int


@dataclass(frozen=True, slots=True, eq=False)
class Households:
    """Households, each standing for every year.

    home      P: the household of each person
    size      H: members
    income    H: fen a year
    per_head  P: the household's income per head in whole fen, half up
    """

    home: Int64
    size: Int64
    income: Int64
    per_head: Int64

    def pay(self, units: Units, personal: Int64) -> Int64:
        """Return what each household pays in each year (H x years) from what persons pay."""
        year = np.tile(np.arange(units.years, dtype=np.int64), units.persons)
        keys = self.home[units.person] * units.years + year
        return by_key(keys, personal, len(self.size) * units.years)


@dataclass(frozen=True, slots=True)
class Hit:
    """Households that an event strikes in a year, and the persons living in them.

    started, ended: households struck under the reform and not under the rules, and conversely.
    """

    households: int
    persons: int
    started: int
    ended: int


@dataclass(frozen=True, slots=True)
class Catastrophe:
    """Who pays more than a share of income or capacity, before and after a reform."""

    measure: Measure
    threshold: Fraction
    before: Hit
    after: Hit


@dataclass(frozen=True, slots=True)
class Impoverished:
    """Who falls below a line by paying; `poor` are the households below it anyway."""

    line: Line
    poor: int
    before: Hit
    after: Hit


def households(people: People) -> Households | None:
    """Return the households with their incomes; None where the data know no incomes.

    A person of no household is one of its own. The household's income is the sum of its members'.
    """
    if people.income is None:
        return None
    n = len(people)
    home = np.arange(n, dtype=np.int64)
    if people.household is not None:
        own = people.household == NOBODY
        apart = np.where(own, int(people.household.max(initial=0)) + 1 + home, people.household)
        home = np.unique(apart, return_inverse=True)[1].astype(np.int64)
    count = int(home.max(initial=-1)) + 1
    size = np.bincount(home, minlength=count).astype(np.int64)
    income = by_key(home, people.income, count)
    each = (2 * income + size) // (2 * size)
    return Households(home, size, income, each[home])


def relative_lines(homes: Households) -> list[Line]:
    """Return 40, 50 and 60 % of the persons' median income per head, half up to the fen."""
    (median,) = quantiles(homes.per_head, (Fraction(1, 2),))
    return [
        Line(
            Text(f"中位数的{share * 100}%", f"{share * 100} % of the median"),
            (2 * median * share.numerator + share.denominator) // (2 * share.denominator),
        )
        for share in RELATIVE
    ]


def catastrophes(
    homes: Households, years: int, subsistence: int, before: Int64, after: Int64
) -> tuple[Catastrophe, ...]:
    """Return the headcounts at every threshold; payments are H x years, in fen."""
    bases: dict[Measure, Int64] = {
        "income": np.repeat(homes.income, years),
        "capacity": np.repeat(np.maximum(homes.income - subsistence * homes.size, 0), years),
    }
    size = np.repeat(homes.size, years)
    found = []
    for measure, base in bases.items():
        for share in THRESHOLDS:
            hit = [above(pays, base, share) for pays in (before, after)]
            found.append(Catastrophe(measure, share, *_hits(size, hit[0], hit[1])))
    return tuple(found)


def above(pays: Int64, base: Int64, share: Fraction) -> Flags:
    """Tell which payments are above a share of a base, without rounding."""
    return pays * share.denominator > base * share.numerator


def impoverished(
    homes: Households, years: int, lines: Sequence[Line], before: Int64, after: Int64
) -> tuple[Impoverished, ...]:
    """Return the headcounts at every line; payments are H x years, in fen."""
    income, size = np.repeat(homes.income, years), np.repeat(homes.size, years)
    found = []
    for line in lines:
        need = line.fen * size
        rich = income >= need
        fallen = [rich & (income - pays < need) for pays in (before, after)]
        poor = int((~rich).sum())
        found.append(Impoverished(line, poor, *_hits(size, fallen[0], fallen[1])))
    return tuple(found)


def _hits(size: Int64, before: Flags, after: Flags) -> tuple[Hit, Hit]:
    started, ended = int((after & ~before).sum()), int((before & ~after).sum())
    return (
        Hit(int(before.sum()), int(size[before].sum()), 0, 0),
        Hit(int(after.sum()), int(size[after].sum()), started, ended),
    )


def changed(before: Flags, after: Flags) -> Int64:
    """Return 1 where struck only after, -1 where only before, else 0."""
    return after.astype(np.int64) - before.astype(np.int64)

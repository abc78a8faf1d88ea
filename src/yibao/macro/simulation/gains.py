"""Who wins and who loses: exact fen differences of each person's year, by group.

A person-year wins where what the person pays for the same claims falls, loses where it rises, and
is unaffected where not one fen changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from yibao.macro.simulation.dimensions import TITLES, Dimension, title_of
from yibao.macro.simulation.exact import Flags, Int64, by_key, quantiles, total
from yibao.macro.simulation.paid import Claims, Paid, Units
from yibao.text import Text

SHARES = tuple(Fraction(n, 1000) for n in (100, 250, 500, 750, 900, 950, 990, 999, 1000))
"""Where the distribution of what persons pay is read off."""


@dataclass(frozen=True, slots=True)
class Gains:
    """Winners and losers of a group; amounts in fen.

    units             person-years in the group
    winners, losers   how many pay less, how many more
    gain, loss        what winners save and losers pay more, both as positive fen
    worst, best       the largest rise and the largest fall of one person's year
    personal          what the group paid before
    """

    units: int
    winners: int
    losers: int
    gain: int
    loss: int
    worst: int
    best: int
    personal: int

    @property
    def unaffected(self) -> int:
        """How many pay the same to the fen."""
        return self.units - self.winners - self.losers

    @property
    def change(self) -> int:
        """By how much all together pay more, in fen."""
        return self.loss - self.gain


@dataclass(frozen=True, slots=True)
class GroupGains:
    """The gains of one group of a dimension."""

    code: str
    title: Text
    gains: Gains


@dataclass(frozen=True, slots=True)
class ByDimension:
    """The gains of every group of a dimension."""

    name: str
    title: Text
    exclusive: bool
    groups: tuple[GroupGains, ...]


def gains(before: Int64, after: Int64, where: Flags | None = None) -> Gains:
    """Return winners and losers among units that paid `before` and pay `after`, in fen."""
    if where is not None:
        before, after = before[where], after[where]
    change = after - before
    less, more = change < 0, change > 0
    return Gains(
        units=len(change),
        winners=int(less.sum()),
        losers=int(more.sum()),
        gain=-total(change, less),
        loss=total(change, more),
        worst=int(max(change.max(initial=0), 0)),
        best=int(max((-change).max(initial=0), 0)),
        personal=total(before),
    )


def by_dimension(
    dimensions: Iterable[Dimension], before: Int64, after: Int64
) -> tuple[ByDimension, ...]:
    """Return the gains of every group of every dimension of person-years."""
    return tuple(
        ByDimension(
            dimension.name,
            dimension.title,
            dimension.exclusive,
            tuple(
                GroupGains(group.code, group.title, gains(before, after, group.members))
                for group in dimension.groups
            ),
        )
        for dimension in dimensions
    )


def by_place(units: Units, claims: Claims, before: Paid, after: Paid, *, name: str) -> ByDimension:
    """Return gains by an attribute of claims: `name` is "level" or "visit".

    A unit of a group is a person-year with a claim there, and what counts is what was paid there;
    one person may be a unit of several groups.
    """
    of, coded = units.of(claims), claims.level if name == "level" else claims.visit
    found = []
    for code, (value, title) in enumerate(zip(coded.values, coded.titles, strict=True)):
        here = (coded.codes == code) & (before.sign != 0)
        if not here.any():
            continue
        keys = of[here]
        there = np.zeros(units.size, bool)
        there[keys] = True
        sides = [by_key(keys, paid.personal[here], units.size) for paid in (before, after)]
        found.append(GroupGains(value, title, gains(sides[0], sides[1], there)))
    return ByDimension(name, TITLES.get(name) or title_of(name), False, tuple(found))


def spread(personal: Int64, users: Flags) -> tuple[int, ...]:
    """Return what the persons with claims pay in a year, at `SHARES` of them, in fen."""
    return quantiles(personal[users], SHARES)

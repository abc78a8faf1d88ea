"""The rules and one reform on the same claims: every figure of the comparison, as data.

All money is fen in Python integers, all shares are exact fractions. Claims that one side refuses
are left out of both sides and counted (`Refusals`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from yibao.macro.simulation.bootstrap import Interval, intervals
from yibao.macro.simulation.costs import Costs, CostsOf, breakdown, costs
from yibao.macro.simulation.dimensions import dimensions
from yibao.macro.simulation.exact import Flags, Int64, by_key
from yibao.macro.simulation.gains import ByDimension, Gains, by_dimension, by_place, gains, spread
from yibao.macro.simulation.hardship import (
    THRESHOLDS,
    Catastrophe,
    Households,
    Impoverished,
    Line,
    above,
    catastrophes,
    changed,
    households,
    impoverished,
    relative_lines,
)
from yibao.macro.simulation.inequality import Fairness, fairness
from yibao.macro.simulation.paid import Claims, Paid, People, Units, common, units
from yibao.macro.simulation.response import DEFAULTS, Elasticity, Response, respond


@dataclass(frozen=True, slots=True)
class Options:
    """What a comparison is asked to work out.

    lines        poverty lines besides those relative to the median
    subsistence  fen per head and year that capacity to pay leaves out; None: lowest relative line
    draws, seed  of the bootstrap; 0 draws: no intervals
    """

    lines: tuple[Line, ...] = ()
    subsistence: int | None = None
    draws: int = 1000
    seed: int = 1
    elasticities: tuple[Elasticity, ...] = DEFAULTS


@dataclass(frozen=True, slots=True)
class Refusals:
    """Claims that are not settled: under both, only under the rules, only under the reform."""

    both: int
    base: int
    reform: int


@dataclass(frozen=True, slots=True)
class Side:
    """What one set of rules costs; `spread` is of person-years with claims (`gains.SHARES`)."""

    costs: Costs
    by: Mapping[str, tuple[CostsOf, ...]]
    spread: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hardship:
    """Headcounts; None stands for data without incomes."""

    subsistence: Line
    households: int
    catastrophes: tuple[Catastrophe, ...]
    impoverished: tuple[Impoverished, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rules and reform side by side. `hardship` and `fairness` need incomes and are None else."""

    refusals: Refusals
    base: Side
    reform: Side
    whole: Gains
    groups: tuple[ByDimension, ...]
    hardship: Hardship | None
    fairness: tuple[Fairness, Fairness] | None
    response: tuple[Response, ...]
    intervals: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Tell whether any claim is paid otherwise."""
        return self.base.costs != self.reform.costs or self.whole.unaffected != self.whole.units

    @property
    def cost(self) -> int:
        """By how much all funds pay more, in fen."""
        return self.reform.costs["fund"] - self.base.costs["fund"]


def compare(
    claims: Claims, people: People, base: Paid, reform: Paid, options: Options | None = None
) -> Comparison:
    """Compare what is paid under the rules and under a reform of them."""
    options = options or Options()
    refusals = _refusals(base, reform)
    _, base, (reform,) = common(base, [reform])
    span = units(people, claims)
    keys = span.of(claims)
    before, after = (by_key(keys, paid.personal, span.size) for paid in (base, reform))
    users = np.zeros(span.size, bool)
    users[keys[base.sign != 0]] = True
    homes = households(people)
    return Comparison(
        refusals=refusals,
        base=_side(claims, base, before, users),
        reform=_side(claims, reform, after, users),
        whole=gains(before, after),
        groups=(
            *by_dimension(dimensions(people, span), before, after),
            by_place(span, claims, base, reform, name="visit"),
            by_place(span, claims, base, reform, name="level"),
        ),
        hardship=None if homes is None else _hardship(homes, span, options, before, after),
        fairness=None
        if homes is None
        else _fairness(homes, span, keys, (base, before), (reform, after)),
        response=respond(span, claims, base, reform, options.elasticities),
        intervals=_intervals(homes, span, keys, (base, before), (reform, after), options=options)
        if options.draws
        else {},
    )


def _refusals(base: Paid, reform: Paid) -> Refusals:
    one, other = base.sign == 0, reform.sign == 0
    return Refusals(
        both=int((one & other).sum()),
        base=int((one & ~other).sum()),
        reform=int((other & ~one).sum()),
    )


def _side(claims: Claims, paid: Paid, personal: Int64, users: Flags) -> Side:
    return Side(costs(paid), breakdown(claims, paid), spread(personal, users))


def subsistence(homes: Households, options: Options) -> Line:
    """Return what capacity to pay leaves out for each member."""
    if options.subsistence is None:
        return relative_lines(homes)[0]
    from yibao.text import Text

    return Line(Text("基本生活标准", "Subsistence line"), options.subsistence)


def _hardship(
    homes: Households, span: Units, options: Options, before: Int64, after: Int64
) -> Hardship:
    line = subsistence(homes, options)
    pays = homes.pay(span, before), homes.pay(span, after)
    lines: Sequence[Line] = [*relative_lines(homes), *options.lines]
    return Hardship(
        subsistence=line,
        households=len(homes.size),
        catastrophes=catastrophes(homes, span.years, line.fen, *pays),
        impoverished=impoverished(homes, span.years, lines, *pays),
    )


def _fairness(
    homes: Households,
    span: Units,
    keys: Int64,
    base: tuple[Paid, Int64],
    reform: tuple[Paid, Int64],
) -> tuple[Fairness, Fairness]:
    """Return the indices over person-years, each with its household's income per head."""
    income = homes.per_head[span.person]

    def side(paid: Paid, personal: Int64) -> Fairness:
        return fairness(income, personal, by_key(keys, paid.fund, span.size))

    return side(*base), side(*reform)


def _intervals(
    homes: Households | None,
    span: Units,
    keys: Int64,
    base: tuple[Paid, Int64],
    reform: tuple[Paid, Int64],
    *,
    options: Options,
) -> Mapping[str, Interval]:
    (before_paid, before), (after_paid, after) = base, reform
    differences = {
        "fund": by_key(keys, after_paid.fund - before_paid.fund, span.size),
        "personal": after - before,
        "winners": (after < before).astype(np.int64),
        "losers": (after > before).astype(np.int64),
    }
    clusters = span.person
    if homes is not None:
        clusters = homes.home[span.person]
        first = np.unique(homes.home, return_index=True)[1]
        incomes = np.repeat(homes.income, span.years)
        pays = homes.pay(span, before), homes.pay(span, after)
        hit = [above(one, incomes, THRESHOLDS[-1]) for one in pays]
        moved = np.zeros(span.size, np.int64)  # a household's change stands at its first member
        at = (first[:, None] * span.years + np.arange(span.years)).ravel()
        moved[at] = changed(hit[0], hit[1])
        differences["catastrophic"] = moved
    return intervals(differences, clusters, draws=options.draws, seed=options.seed)

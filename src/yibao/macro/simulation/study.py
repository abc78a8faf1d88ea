"""A study: several reforms of one region's rules on one population, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from yibao.macro.simulation.comparison import Comparison, Options, compare
from yibao.macro.simulation.exact import total
from yibao.macro.simulation.paid import Paid
from yibao.macro.simulation.population import Population
from yibao.macro.simulation.reforms import Reform
from yibao.macro.simulation.singles import Single, neutral, singles
from yibao.policy.policy import Policy
from yibao.text import Text

MAX_SINGLES = 24
"""A reform with more figures than this is not taken apart: each figure costs a settlement."""

Watch = Callable[[Text], None]
"""Is told what is being worked out."""


@dataclass(frozen=True, slots=True)
class Marginal:
    """One figure of a reform alone: what funds pay more, in fen, in all and per yuan or point.

    `each` is fen for each yuan, percentage point or count by which the figure changes.
    """

    single: Single
    cost: int
    each: Fraction | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reform and its comparison; `marginals` is None where there were too many figures."""

    reform: Reform
    comparison: Comparison
    marginals: tuple[Marginal, ...] | None


@dataclass(frozen=True, slots=True)
class Study:
    """All of it, with what was studied.

    items     claims and reversals that were read
    settled   claims that the rules settle
    standing  claims that are settled and not taken back
    """

    policy: Policy
    years: tuple[int, ...]
    persons: int
    households: int | None
    items: int
    settled: int
    standing: int
    options: Options
    outcomes: tuple[Outcome, ...]


def study(
    population: Population,
    reforms: Sequence[Reform],
    options: Options | None = None,
    *,
    marginal: bool = True,
    watch: Watch | None = None,
) -> Study:
    """Settle the population under its rules and each reform, and compare."""
    options = options or Options()
    say = watch or (lambda _: None)
    say(Text("按现行规则结算", "settling under the rules"))
    base = population.paid(population.policy)
    outcomes = []
    for reform in reforms:
        title = reform.title
        say(Text(f"按{title.zh}结算", f"settling under {title.en}"))
        comparison = compare(
            population.claims, population.people, base, population.paid(reform.policy), options
        )
        marginals = _marginals(population, reform, base, say) if marginal else None
        outcomes.append(Outcome(reform, comparison, marginals))
    first = outcomes[0].comparison.hardship if outcomes else None
    return Study(
        policy=population.policy,
        years=tuple(population.years),
        persons=len(population.people),
        households=first.households if first else None,
        items=len(population.claims),
        settled=int((base.sign > 0).sum()),
        standing=int(base.sign.sum(dtype="int64")),
        options=options,
        outcomes=tuple(outcomes),
    )


def _marginals(
    population: Population, reform: Reform, base: Paid, say: Watch
) -> tuple[Marginal, ...] | None:
    found = singles(population.policy, reform, population.years)
    if len(found) > MAX_SINGLES:
        return None
    none = neutral(population.policy, reform, found, population.years)
    made = []
    for at, single in enumerate((one for one in found if one.matters), 1):
        say(Text(f"逐项结算 {at}/{len(found)}", f"one figure at a time {at}/{len(found)}"))
        if none is None:
            paid = population.paid(single.policy)
        else:
            others = {key: value for key, value in none.items() if key != id(single.row)}
            paid = population.paid(reform.policy, others)
        both = (paid.sign != 0) & (base.sign != 0)
        cost = total(paid.fund - base.fund, both)
        made.append(Marginal(single, cost, _each(single, cost)))
    return tuple(made)


def _each(single: Single, cost: int) -> Fraction | None:
    if not single.step:
        return None
    unit = 100 if single.table.unit == "yuan" else 1  # a yuan is 100 fen
    return cost * unit / single.step

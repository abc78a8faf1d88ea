"""Gini and concentration indices as exact fractions.

For n persons ranked by income from poorest to richest, x_i being what is shared out,

    C = sum((2 r_i - n - 1) x_i) / (n sum(x_i)),

r_i the rank from 1; persons of equal income share the mean of their ranks, so that C does not
depend on the order of the data. The Gini index is the concentration index of income itself. The
Kakwani index of payments is their concentration index less the Gini index of income before them:
above 0 the rich bear more than in proportion. (Kakwani 1977; O'Donnell and others 2008, chapters 8
and 16.)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from yibao.macro.simulation.exact import Int64, dot, total


def ranks(ranked_by: Int64) -> Int64:
    """Return for each person twice the mean rank (from 1) less n + 1: what x_i is weighted with."""
    n = len(ranked_by)
    ordered = np.sort(ranked_by)
    below = np.searchsorted(ordered, ranked_by, "left")
    until = np.searchsorted(ordered, ranked_by, "right")
    return (below + until + 1 - (n + 1)).astype(np.int64)


def concentration(weights: Int64, shared: Int64) -> Fraction | None:
    """Return the concentration index of fen over persons with these `ranks`; None without fen."""
    whole = total(shared) * len(shared)
    return Fraction(dot(weights, shared), whole) if whole else None


def gini(amounts: Int64) -> Fraction | None:
    """Return the Gini index of amounts in fen; None where they add up to nothing.

    With negative amounts (who pays more than their income) it may exceed 1.
    """
    return concentration(ranks(amounts), amounts)


@dataclass(frozen=True, slots=True)
class Fairness:
    """How payments and benefits fall along the incomes.

    gini_before, gini_after     of income per head, before and after what persons pay themselves
    payments, benefits          concentration indices of what persons and funds pay
    kakwani                     payments - gini_before
    negative                    persons whose payments exceed their income
    """

    gini_before: Fraction | None
    gini_after: Fraction | None
    payments: Fraction | None
    benefits: Fraction | None
    kakwani: Fraction | None
    negative: int


def fairness(income: Int64, personal: Int64, fund: Int64) -> Fairness:
    """Return the indices for persons' incomes, own payments and what funds pay for them, in fen."""
    weights = ranks(income)
    before, payments = concentration(weights, income), concentration(weights, personal)
    left = income - personal
    return Fairness(
        gini_before=before,
        gini_after=gini(left),
        payments=payments,
        benefits=concentration(weights, fund),
        kakwani=None if before is None or payments is None else payments - before,
        negative=int((left < 0).sum()),
    )

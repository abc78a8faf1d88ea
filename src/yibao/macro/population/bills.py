"""The amounts of bills: totals, and how the catalogue divides them. All results are integer fen.

Totals and the parts outside the catalogue, in class B and above a standard are drawn with floats
and rounded to whole fen once, where they are drawn. All that follows is integer arithmetic, by the
rules of `yibao.settlement.lines`: the first self-pay share is rounded half up for each line, and
in-scope is what remains.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from yibao.macro.population.figures import Figures, Flags, Floats, Ints, Small, fen, number
from yibao.macro.population.need import CHRONIC, PURCHASE, STAY, TWO_DISEASE, VISIT
from yibao.money import parse_rate

ITEMS = (("drug", "A"), ("service", "A"), ("drug", "B"), ("service", "B"), ("other", "C"))
"""The lines that a bill may have: kind of item and class of the catalogue."""


@dataclass(frozen=True, slots=True, eq=False)
class Bills:
    """Amounts in fen, one entry per claim.

    lines     for each of ITEMS the amount of that line, 0 where there is none
    standard  what the payment standard leaves of the class B drugs
    """

    total: Ints
    out_of_catalogue: Ints
    over_limit: Ints
    first_self_pay: Ints
    in_scope: Ints
    lines: tuple[Ints, ...]
    standard: Ints


def rates(figures: Figures) -> tuple[Fraction, Fraction]:
    """Return the first self-pay rates of class B drugs and services, exactly."""
    told = figures.model["bills"]["first_self_pay"]
    return parse_rate(told["drugs"]), parse_rate(told["services"])


def draw_totals(figures: Figures, mean: Floats, kind: Small, rng: np.random.Generator) -> Ints:
    """Draw totals around their means, in fen: log-normal, and for some stays a Pareto tail."""
    told = figures.model["costs"]
    spread = np.zeros(5)
    spread[[VISIT, TWO_DISEASE]] = number(told["outpatient"])
    spread[CHRONIC], spread[PURCHASE] = number(told["chronic"]), number(told["pharmacy"])
    spread[STAY] = number(told["stay"])
    by = spread[kind]
    drawn = mean * np.exp(by * rng.standard_normal(len(mean)) - by * by / 2)
    stays = np.flatnonzero(kind == STAY)
    share, index = number(told["tail_share"]), number(told["tail_index"])
    heavy = rng.random(len(stays)) < share
    tail = np.where(heavy, rng.random(len(stays)) ** (-1 / index), 1.0)
    drawn[stays] *= tail / (1 - share + share * index / (index - 1))
    return np.rint(np.clip(drawn, fen(told["least"]), fen(told["most"]))).astype(np.int64)


def divide(
    figures: Figures, total: Ints, kind: Small, employee: Flags, rng: np.random.Generator
) -> Bills:
    """Divide totals into the parts of a bill; the parts add up to the total."""
    told = figures.model["bills"]
    outside = _part(total, _outside(figures, kind, employee), rng)
    inside = total - outside
    class_b = _part(inside, number(told["class_b"]), rng)
    drugs = _part(class_b, 0.5, rng)
    services = class_b - drugs
    dear = rng.random(len(total)) < number(told["over_limit_claims"])
    over = np.where(dear, _part(drugs, number(told["over_limit"]), rng), 0)
    of_drugs, of_services = rates(figures)
    own = half_up(drugs - over, of_drugs) + half_up(services, of_services)
    class_a = inside - class_b
    cheap = half_up(class_a, parse_rate(told["drugs"]))
    return Bills(
        total=total,
        out_of_catalogue=outside,
        over_limit=over,
        first_self_pay=own,
        in_scope=inside - over - own,
        lines=(cheap, class_a - cheap, drugs, services, outside),
        standard=drugs - over,
    )


def _outside(figures: Figures, kind: Small, employee: Flags) -> Floats:
    """Return the mean share outside the catalogue, for each claim."""
    told = figures.model["bills"]
    stays = [figures.by_scheme("out_of_catalogue", scheme) for scheme in ("resident", "employee")]
    default = number(told["out_of_catalogue_default"])
    by_scheme = np.array([default if figure is None else figure.value for figure in stays])
    visits = number(told["out_of_catalogue_visits"])
    return np.where(kind == STAY, by_scheme[employee.astype(int)], visits)


def _part(whole: Ints, mean: float | Floats, rng: np.random.Generator) -> Ints:
    """Draw a part of each whole, uniform from nothing to twice the mean share, in whole fen."""
    part = np.rint(whole * (2 * mean) * rng.random(len(whole))).astype(np.int64)
    return np.minimum(part, whole)


def half_up(amount: Ints, rate: Fraction) -> Ints:
    """Return amount x rate, rounded half up to the fen, by integers."""
    result: Ints = (2 * amount * rate.numerator + rate.denominator) // (2 * rate.denominator)
    return result

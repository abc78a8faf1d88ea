"""What people might do: an estimate of behaviour beside the settlement, never in place of it.

The price of care is what the person pays of the bill. For each person's year and kind of care
(outpatient or inpatient) let p and p' be what the person pays for the *same* claims under the rules
and under the reform. With an arc elasticity e (-0.9 <= e <= 0) the expected quantity changes by

    (q' - q) / (q' + q) = e (p' - p) / (p' + p),   so   q'/q = (1 + m) / (1 - m)  with that m,

and the bill, the funds' and the person's payments of that year and kind are taken q'/q times. It is
symmetric (swapping rules and reform inverts it), never negative, and nothing where the price stays.
Quantities are millionths, worked out in integers, rounded half up.

Left out: persons who had no claim and might come; a move between outpatient and inpatient care;
what a changed quantity does to deductibles and ceilings used up in the year; what hospitals do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from yibao.macro.simulation.exact import Flags, Int64, by_key, dot, total
from yibao.macro.simulation.paid import Claims, Paid, Units
from yibao.text import Text

Kind = Literal["outpatient", "inpatient"]
Run = Literal["low", "central", "high"]

INPATIENT = frozenset({"inpatient", "emergency_observation"})
"""Visit types of inpatient care; all others are outpatient care."""

MILLION = 1_000_000
_SCALE = 1000
"""Elasticities are whole thousandths."""


@dataclass(frozen=True, slots=True)
class Elasticity:
    """Arc elasticities of the quantity of a kind of care to the person's price, in thousandths."""

    kind: Kind
    low: int
    central: int
    high: int
    source: Text

    def __post_init__(self) -> None:
        for value in (self.low, self.central, self.high):
            if not -900 <= value <= 0:
                raise ValueError(f"elasticity {value} thousandths: expected -900 to 0")


DEFAULTS = (
    Elasticity(
        "outpatient",
        -200,
        -374,
        -547,
        Text(
            "低：兰德试验−0.2（作为单一数值有争议）；高：中国农村就诊者次数−0.547；中：两者中点，属假设",
            "low: RAND −0.2 (contested as one number); high: visits among users in rural China "
            "−0.547; central: midway, an assumption",
        ),
    ),
    Elasticity(
        "inpatient",
        0,
        -186,
        -372,
        Text(
            "低：0，兰德试验各共付方案之间住院无显著差别；高：中国农村首次住院−0.372；中：两者中点，属假设",
            "low: 0, RAND found no significant inpatient difference among coinsurance plans; high: "
            "first admission in rural China −0.372; central: midway, an assumption",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Response:
    """One run of the estimate, for all claims; fen as exact fractions.

    quantity  expected bill of the reform over the bill without response, by kind of care
    fund      what funds would pay;  personal: what persons would pay;  total: the bill
    undefined person-years and kinds without any own payment on either side: no response assumed
    """

    run: Run
    quantity: Mapping[Kind, Fraction | None]
    fund: Fraction
    personal: Fraction
    total: Fraction
    undefined: int


def quantities(before: Int64, after: Int64, elasticity: int) -> Int64:
    """Return q'/q in millionths for own payments in fen and an elasticity in thousandths.

    Payments of which one is negative (a reversal of an earlier year's claim) give no response.
    """
    quantity = np.full(len(before), MILLION, np.int64)
    moves = (before != after) & (before >= 0) & (after >= 0)
    if elasticity == 0 or not moves.any():
        return quantity
    p, q = before[moves], after[moves]
    if int((p + q).max()) >= 1 << 41:  # _SCALE x 2 x 1000 more would leave int64
        pairs = zip(p.tolist(), q.tolist(), strict=True)
        quantity[moves] = [_quantity(one, other, elasticity) for one, other in pairs]
        return quantity
    rise = elasticity * (q - p)
    top, bottom = _SCALE * (p + q) + rise, _SCALE * (p + q) - rise
    whole, rest = np.divmod(top, bottom)
    thousandths, rest = np.divmod(rest * 1000, bottom)
    millionths, rest = np.divmod(rest * 1000, bottom)
    quantity[moves] = whole * MILLION + thousandths * 1000 + millionths + (2 * rest >= bottom)
    return quantity


def _quantity(before: int, after: int, elasticity: int) -> int:
    rise = elasticity * (after - before)
    top, bottom = _SCALE * (before + after) + rise, _SCALE * (before + after) - rise
    return (2 * top * MILLION + bottom) // (2 * bottom)


def respond(
    units: Units,
    claims: Claims,
    before: Paid,
    after: Paid,
    elasticities: tuple[Elasticity, ...] = DEFAULTS,
) -> tuple[Response, ...]:
    """Return the low, central and high run."""
    kinds = _by_kind(units, claims, before, after)
    return tuple(_run(run, kinds, elasticities) for run in ("low", "central", "high"))


_Sums = tuple[Int64, Int64, Int64]
"""By person-year: own payments before and after, the bill."""


def _by_kind(units: Units, claims: Claims, before: Paid, after: Paid) -> Mapping[Kind, _Sums]:
    visits = np.asarray([visit in INPATIENT for visit in claims.visit.values])
    inside: Flags = visits[claims.visit.codes]
    of = units.of(claims)

    def sums(here: Flags) -> _Sums:
        keys = of[here]
        p, q, bill = (
            by_key(keys, values[here], units.size)
            for values in (before.personal, after.personal, after.total)
        )
        return p, q, bill

    return {"outpatient": sums(~inside), "inpatient": sums(inside)}


def _run(run: Run, kinds: Mapping[Kind, _Sums], elasticities: tuple[Elasticity, ...]) -> Response:
    chosen = {elasticity.kind: getattr(elasticity, run) for elasticity in elasticities}
    sums = {"total": Fraction(0), "personal": Fraction(0)}
    quantity: dict[Kind, Fraction | None] = {}
    undefined = 0
    for kind, (before, after, bill) in kinds.items():
        weight = quantities(before, after, chosen[kind])
        expected = _weighted(weight, bill)
        sums["total"] += expected
        sums["personal"] += _weighted(weight, after)
        whole = total(bill)
        quantity[kind] = expected / whole if whole else None
        undefined += int(((before == 0) & (after == 0) & (bill != 0)).sum())
    return Response(
        run,
        quantity,
        sums["total"] - sums["personal"],
        sums["personal"],
        sums["total"],
        undefined,
    )


def _weighted(millionths: Int64, values: Int64) -> Fraction:
    return Fraction(dot(millionths, values), MILLION)

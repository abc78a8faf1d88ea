"""A bill as a function of its total: which shares, or which fixed sums, are not plain in-scope.

Enters: shares of the bill as Fractions, fixed amounts in fen. Leaves: the amounts of a claim for
each total, as integers that add up, and as linear functions with the error of that rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from yibao.analysis.piecewise import Piecewise, affine
from yibao.errors import ClaimError
from yibao.money import format_yuan, half_up
from yibao.policy.vocabulary import vocabulary

TOTAL, REST = "total", "in_scope"
HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Bill:
    """What a bill consists of; what is not named is in-scope expense.

    `shares` are of the total for the parts of the bill, and for portions ("of which") of the amount
    that they lie within; `fixed` are fen whatever the total.
    """

    shares: Mapping[str, Fraction] = field(default_factory=dict)
    fixed: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        amounts = vocabulary().amounts
        for name in (*self.shares, *self.fixed):
            if name not in amounts or name in {TOTAL, REST}:
                known = ", ".join(n for n in amounts if n not in {TOTAL, REST})
                raise ClaimError("bill", name, "amount", f"one of the amounts {known}")
        whole = sum(share for name, share in self.shares.items() if self._is_part(name))
        for name, share in (("bill", whole), *self.shares.items()):
            if share > 1:
                raise ClaimError(name, str(share), "share", "shares of at most 100% together")

    @staticmethod
    def _is_part(name: str) -> bool:
        return name in vocabulary().amounts[TOTAL].parts

    @property
    def _in_scope_share(self) -> Fraction:
        return 1 - sum((s for n, s in self.shares.items() if self._is_part(n)), Fraction(0))

    def amounts(self, x: int) -> list[int]:
        """Return the amounts of a bill of x fen, in the vocabulary's order.

        Shares are rounded half up one after the other on their running sum, so that the parts of
        every bill add up.
        """
        found = {TOTAL: x}
        running, before = Fraction(0), 0
        for name in vocabulary().amounts[TOTAL].parts:
            if name in self.shares:
                running += self.shares[name]
                upto = _rounded(running * x)
                found[name], before = upto - before, upto
        parts = {n: fen for n, fen in self.fixed.items() if self._is_part(n)}
        found |= parts
        found[REST] = x - before - sum(parts.values())
        for name, amount in vocabulary().amounts.items():
            if amount.portion_of and name in self.shares:
                found[name] = _rounded(self.shares[name] * found.get(amount.portion_of, 0))
            elif amount.portion_of and name in self.fixed:
                found[name] = self.fixed[name]
        return [found.get(name, 0) for name in vocabulary().amounts]

    def least(self, top: int) -> int:
        """Return the smallest total that has room for the fixed amounts; ClaimError above `top`."""
        low, high = 0, top
        if not self._fits(top):
            text = f"a bill of at least the fixed amounts below {format_yuan(top)} yuan"
            raise ClaimError("bill", ", ".join(self.fixed), "room", text)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._fits(middle) else (middle + 1, high)
        return low

    def _fits(self, x: int) -> bool:
        amounts = dict(zip(vocabulary().amounts, self.amounts(x), strict=True))
        return amounts[REST] >= 0 and all(
            fen <= amounts[vocabulary().amounts[name].portion_of or TOTAL]
            for name, fen in self.fixed.items()
        )

    def lines(self, low: int, top: int) -> tuple[Piecewise, ...]:
        """Return each amount as a function of the total on [low, top]."""
        found: dict[str, tuple[Fraction, Fraction, Fraction]] = {}
        whole = self._in_scope_share
        fixed = sum(fen for name, fen in self.fixed.items() if self._is_part(name))
        found[TOTAL] = (Fraction(1), Fraction(0), Fraction(0))
        found[REST] = (whole, -Fraction(fixed), HALF if whole.denominator > 1 else Fraction(0))
        for name, fen in self.fixed.items():
            found[name] = (Fraction(0), Fraction(fen), Fraction(0))
        for name, share in self.shares.items():
            if self._is_part(name):
                found[name] = (share, Fraction(0), Fraction(1))
        for name, share in self.shares.items():
            within = vocabulary().amounts[name].portion_of
            if within:
                slope, value, error = found.get(within, (Fraction(0),) * 3)
                found[name] = (share * slope, share * value, share * error + HALF)
        nothing = (Fraction(0),) * 3
        lines = (found.get(name, nothing) for name in vocabulary().amounts)
        return tuple(affine(_plain(s), _plain(v), low, top, _plain(e)) for s, v, e in lines)


def _rounded(exact: Fraction) -> int:
    return half_up(exact.numerator, exact.denominator)


def _plain(number: Fraction) -> int | Fraction:
    return number.numerator if number.denominator == 1 else number

"""Figures as a person reads them: exact integers and fractions in, rounded texts out."""

from __future__ import annotations

from fractions import Fraction

from yibao.money import half_up

MINUS = "−"
NONE = "–"


def rounded(value: Fraction, places: int) -> str:
    """Return a fraction with some decimals, half away from zero."""
    scale: int = 10**places
    digits = half_up(abs(value.numerator) * scale, value.denominator)
    sign = MINUS if value < 0 and digits else ""
    whole = f"{digits // scale:,}"
    return f"{sign}{whole}.{digits % scale:0{places}d}" if places else f"{sign}{whole}"


def signed(text: str) -> str:
    """Return a figure with its sign, zero without one."""
    zero = not any(digit in text for digit in "123456789")
    return text if zero or text.startswith(MINUS) else f"+{text}"


def yuan(fen: int | Fraction) -> str:
    """Return fen as yuan: ``-123456789 -> −1,234,567.89``."""
    return rounded(Fraction(fen) / 100, 2)


def percent(share: Fraction, places: int = 2) -> str:
    """Return a share in per cent."""
    return f"{rounded(share * 100, places)}%"


def trimmed(value: Fraction) -> str:
    """Return a fraction with as many decimals as it needs, at most six: ``5/2 -> 2.5``."""
    return rounded(value, 6).rstrip("0").rstrip(".")


def points(share: Fraction, language: str) -> str:
    """Return what is added to a rate: ``6/100 -> +6 points``."""
    told = signed(trimmed(share * 100))
    if language == "zh":
        return f"{told}个百分点"
    return f"{told} {'point' if abs(share) == Fraction(1, 100) else 'points'}"


def large(fen: int | Fraction, language: str) -> str:
    """Return an amount as one says it: 1.23亿元, 45.6万元; 1.23 million yuan."""
    amount = Fraction(fen) / 100
    steps = (
        ((10**8, "亿元"), (10**4, "万元"), (1, "元"))
        if language == "zh"
        else ((10**9, " billion yuan"), (10**6, " million yuan"), (1, " yuan"))
    )
    for size, name in steps:
        if abs(amount) >= size or size == 1:
            return f"{rounded(amount / size, 2)}{name}"
    raise AssertionError


def within(text: str) -> str:
    """Return an English title as it stands within a sentence."""
    return text[:1].lower() + text[1:]


def count(number: int) -> str:
    """Return a count with thousands apart."""
    return rounded(Fraction(number), 0)

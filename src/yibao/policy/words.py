"""Rules as text: figures, conditions, key points and periods, as a pack's author writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from yibao.money import UNLIMITED, format_rate, format_yuan
from yibao.policy.model import Among, Between, Condition, Number, OneOf, Unit, Value


def figure(value: Number, unit: Unit) -> str:
    """Return a figure as a pack writes it: ``"800.00"``, ``unlimited``, ``"65%"``, ``3``."""
    if unit == "yuan":
        return "unlimited" if value == UNLIMITED else format_yuan(int(value))
    return str(value) if unit == "count" or isinstance(value, int) else format_rate(value)


def code(value: Value) -> str:
    """Return an attribute's value: ``true``, ``70``, ``high``, ``veteran+destitute``."""
    if isinstance(value, frozenset):
        return "+".join(sorted(value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def condition(test: Condition) -> str:
    """Return a condition: ``level=1|2``, ``age 60..69``, ``identities any_of veteran``."""
    if isinstance(test, OneOf):
        return f"{test.attribute}={'|'.join(sorted(map(code, test.codes)))}"
    if isinstance(test, Between):
        first = "" if test.first is None else str(test.first)
        return f"{test.attribute} {first}..{'' if test.below is None else test.below - 1}"
    return f"{test.attribute} {_among(test)}"


def _among(test: Among) -> str:
    parts = {n: getattr(test, n) for n in ("any_of", "all_of", "none_of", "two_of")}
    return ", ".join(f"{name} {'|'.join(sorted(codes))}" for name, codes in parts.items() if codes)


def conditions(tests: Iterable[Condition]) -> str:
    """Return conditions that must all hold; ``always`` when there are none."""
    return ", ".join(map(condition, tests)) or "always"


def box(values: Mapping[str, tuple[Value, ...]]) -> str:
    """Return a set of key points: ``level=1|2, tier=high``; ``every key`` when it has no axis."""
    axes = (f"{key}={'|'.join(map(code, codes))}" for key, codes in values.items())
    return ", ".join(axes) or "every key"


def period(first: date | None, last: date | None) -> str:
    """Return a period: ``2017-01-01 to 2020-12-31``, ``from 2017-01-01``, ``until 2020-12-31``."""
    if first is None:
        return "always" if last is None else f"until {last}"
    return f"from {first}" if last is None else f"{first} to {last}"

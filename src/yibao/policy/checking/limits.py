"""Report figures that break what higher documents demand.

Enters: a loaded region. Leaves: findings at the provision whose figure it is: a breach without a
waiver is an error, a departure from a guideline a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from yibao.policy import words
from yibao.policy.checking.conform import Comparison, conform
from yibao.policy.checking.finding import Finding, error, warning
from yibao.policy.model import Number, Region, Unit

_DEMANDS = {"at_least": "at least", "at_most": "at most", "one_of": "one of", "equal": "exactly"}


def limits(region: Region) -> Iterator[Finding]:
    """Find figures that break a limit in force, or depart from a guideline."""
    for one in conform(region):
        if one.verdict in ("breach", "departs"):
            yield _finding(one)


def demand(one: Comparison, unit: Unit) -> str:
    """Return what is required, in words: ``at least 80%``."""
    figures = ", ".join(figure(value, unit) for value in one.required)
    return f"{_DEMANDS[one.limit.must_be]} {figures}"


def figure(value: Number, unit: Unit) -> str:
    """Return a required figure; half a fen and the like, which no figure can be, as a fraction."""
    if unit == "yuan" and not isinstance(value, int):
        return f"{value / 100} yuan"
    return words.figure(value, unit)


def _finding(one: Comparison) -> Finding:
    assert one.table is not None
    assert one.row is not None
    assert one.row.value is not None
    unit, origin = one.table.unit, one.limit.origin
    value = words.figure(one.row.value, unit)
    found = f"{one.table.name} {value} for {words.box(one.key)}, {words.period(*one.period)}"
    expected = f"{demand(one, unit)} ({origin.document.id} {origin.cite}: {one.limit.id})"
    if one.verdict == "departs":
        return warning("guideline", one.row.origin, found, expected)
    expected += ", or no figure at all" if one.overrides else ", or a waiver"
    return error("limit", one.row.origin, found, expected)

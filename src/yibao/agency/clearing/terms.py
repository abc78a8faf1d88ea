"""What is laid down about clearing: from a policy's documents, or told with its source.

Nothing stands in for a figure that is missing: it has to be given, with where it is laid down.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from yibao.agency.clearing.model import DepositRate, Rate, refusal
from yibao.policy.compile import Profile
from yibao.policy.model import Row, Value
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary


def told(value: Fraction, cite: str) -> DepositRate:
    """Return one rate for every visit and day, as an agreement may have it."""
    rate = Rate(value, cite)
    return lambda visit, day: rate


def deposit_rate(policy: Policy) -> DepositRate:
    """Return the rates of a policy's documents.

    Asked for a day without a figure they raise ClearingError or, naming it, PolicyError.
    """

    def rate(visit: str, day: date) -> Rate:
        row = _figure(policy, "deposit_rate", day, {"visit": visit})
        assert isinstance(row.value, Fraction)
        return Rate(row.value, cite_of(row))

    return rate


def working_capital_months(policy: Policy, day: date) -> tuple[int, str]:
    """Return how many months are advanced, and where it is laid down; raises as deposit rates."""
    row = _figure(policy, "working_capital_months", day, {})
    assert isinstance(row.value, int)
    return row.value, cite_of(row)


def cite_of(row: Row) -> str:
    """Return the document and article that a figure comes from."""
    return f"{row.origin.document.number} {row.origin.cite}"


def _figure(policy: Policy, measure: str, day: date, facts: Mapping[str, Value]) -> Row:
    names = [name for name, t in policy.region.tables.items() if t.measure == measure]
    if not names:
        region, title = policy.region, vocabulary().measures[measure].title
        raise refusal(
            measure,
            f"{region.name.zh}的规则没有“{title.zh}”；请直接给出并注明出处",
            f"no document of {region.name.en} says: {title.en}. Give it, and where it is laid down",
        )
    (name,) = names
    plan = policy.plan(day)
    return plan.row(name, Profile(plan, facts, "claim", day))

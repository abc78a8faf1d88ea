"""Facts of persons and claims as the executors take them."""

from __future__ import annotations

from yibao.policy.model import Value
from yibao.policy.vocabulary import AttributeOf, vocabulary
from yibao.settlement.model import Facts


def facts(of: AttributeOf, given: dict[str, Value]) -> Facts:
    """Return the facts of a person or claim in the vocabulary's order."""
    values = {
        a.name: given.get(a.name, a.absent) for a in vocabulary().of(of) if a.kind != "number"
    }
    assert all(value is not None for value in values.values()), values
    return tuple(value for value in values.values() if value is not None)

"""The closed set of operations: what each takes, in which units, and what it writes.

The meaning of an operation is in `settlement.ops`; this is its signature, which the compiler checks
packs against. "same" stands for one unit that all fields marked so must share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from yibao.policy.model import Step, Unit


@dataclass(frozen=True, slots=True)
class OpSpec:
    """The signature of one operation.

    `fields` gives each operand field's unit: yuan, rate, count or same; `writes` the unit of the
    results; `writes_state` the fields that name a state value to be written rather than `to`.
    """

    fields: Mapping[str, Unit | Literal["same"]]
    writes: Unit | Literal["same"]
    writes_state: tuple[str, ...] = ()


OPS: Mapping[str, OpSpec] = {
    "add": OpSpec({"terms": "same"}, "same"),
    "subtract": OpSpec({"from": "same", "less": "same"}, "same"),
    "least": OpSpec({"terms": "same"}, "same"),
    "greatest": OpSpec({"terms": "same"}, "same"),
    "share": OpSpec({"of": "yuan", "rate": "rate"}, "yuan"),
    "prorate": OpSpec({"of": "yuan", "part": "same", "whole": "same"}, "yuan"),
    "deductible": OpSpec({"of": "yuan", "standard": "yuan", "met": "yuan"}, "yuan"),
    "cap": OpSpec({"of": "yuan", "limit": "yuan", "used": "yuan"}, "yuan"),
    "bands": OpSpec(
        {
            "of": "yuan",
            "start": "yuan",
            "over": "yuan",
            "edges": "yuan",
            "rates": "rate",
            "uplift": "rate",
        },
        "yuan",
    ),
    "exclude": OpSpec({"of": "yuan"}, "yuan"),
    "accumulate": OpSpec({"amount": "same", "into": "same"}, "same", ("into",)),
    "ordinal": OpSpec({"total": "count", "own": "count"}, "count", ("own", "total")),
    "at_most": OpSpec({"value": "same", "limit": "same"}, "count"),
    "keep": OpSpec({"of": "same", "if": "count"}, "same"),
    "set": OpSpec({"value": "same", "into": "same"}, "same", ("into",)),
    "times": OpSpec({"of": "same", "count": "count"}, "same"),
    "refuse": OpSpec({}, "yuan"),
    "require": OpSpec({"if": "count"}, "count"),
}


REFUSE = "refuse"
"""The operation that computes nothing: whoever it applies to is refused."""

PAID = "paid_so_far"
"""Among the operands of a list: what each fund has paid so far, whoever pays in a region."""

REQUIRE = "require"
"""The operation of procedures that refuses where a flag is 0; it writes the flag as its own id."""


def results(step: Step) -> tuple[str, ...]:
    """Return the names that a step writes, without the slices of bands."""
    if step.op == REFUSE:
        return ()
    if step.op == REQUIRE:
        return (step.id,)
    if OPS[step.op].writes_state:
        return tuple(step.one(field) for field in OPS[step.op].writes_state)
    beyond = (step.one("beyond"),) if "beyond" in step.operands else ()
    return (*beyond, step.one("to"))

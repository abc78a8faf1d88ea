"""Checks of what would get lost without a word: names that hide others, payments paid over.

Enters: a loaded region and what it can reach. Leaves: findings. Each check is a pure function.
"""

from __future__ import annotations

from collections.abc import Iterator

from yibao.policy.checking.finding import Finding, error
from yibao.policy.checking.reach import Reach
from yibao.policy.model import Origin, Region, Step
from yibao.policy.opspec import OPS
from yibao.policy.program import Structure
from yibao.policy.vocabulary import vocabulary


def hidden(region: Region) -> Iterator[Finding]:
    """Find tables that a step names and does not reach, classifications that hide an attribute.

    An operand is an amount before it is a state value, and that before it is a table. A region in
    which one is hidden is not loaded.
    """
    words = vocabulary()
    for step in region.steps:
        procedure = words.procedures.get(step.phase)
        before = {*procedure.inputs} if procedure else {*words.amounts, *region.state}
        operands = {name for field in OPS[step.op].fields for name in step.many(field)}
        for name in sorted(operands & before & region.tables.keys()):
            found = f"step {step.id}: {name}, which is a table and an amount or state value too"
            yield _hidden(found, step.origin)
    attributes = {*words.attributes, *region.state_attributes}
    for name, classification in region.classifications.items():
        if name in attributes and classification.provisions:
            origin = classification.provisions[0].origin
            yield _hidden(f"the classification {name}, named as an attribute", origin)


def _hidden(found: str, at: Origin) -> Finding:
    return error("names", at, found, "a name of its own")


def paid_over(reached: Reach) -> Iterator[Finding]:
    """Find steps that pay in the name of who has paid already, without a look at what that was.

    The last figure of a name counts, so what had been paid before would be nobody's.
    """
    told: set[tuple[int, int]] = set()
    for structure in reached.structures:
        for name, before, step in _overwritten(structure):
            if (id(before), id(step)) not in told:
                told.add((id(before), id(step)))
                found = f"step {step.id}: {name}, which step {before.id} has paid and nothing reads"
                expected = f"another name for one of them, or {name} among the operands"
                yield error("paid over", step.origin, found, expected)


def _overwritten(structure: Structure) -> Iterator[tuple[str, Step, Step]]:
    payers = {name for name, _ in structure.funds}
    held: dict[str, tuple[int, Step]] = {}
    read: set[int] = set()
    for i in structure.instructions:
        read.update(i.inputs())
        for n, name in enumerate(i.outs):
            if name in payers:
                slot, before = held.get(name, (-1, i.step))
                if slot >= 0 and slot not in read:
                    yield name, before, i.step
                held[name] = (i.first_out + n, i.step)

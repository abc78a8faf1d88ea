"""Checks of steps: can they run, in the right phase and layer, and without overflow?

Enters: a loaded region and what it can reach. Leaves: findings. Each check is a pure function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from yibao.policy import words
from yibao.policy.checking.bounds import INT64, analyse
from yibao.policy.checking.finding import Finding, error
from yibao.policy.checking.reach import Reach, days
from yibao.policy.checking.selections import circular, reach, versions
from yibao.policy.compile import table_of
from yibao.policy.model import OneOf, Region, Step
from yibao.policy.opspec import OPS, results
from yibao.policy.vocabulary import vocabulary


def names_and_units(reached: Reach) -> Iterator[Finding]:
    """Report what the compiler found wrong in any structure that a claim can reach."""
    for d in reached.defects:
        yield Finding(d.file, d.line, "error", "names and units", d.found, d.expected)


def overflow(region: Region, reached: Reach) -> Iterator[Finding]:
    """Find steps whose intermediate values are not proven to stay below 2**63."""
    worst: dict[int, tuple[Step, int]] = {}
    for structure in reached.structures:
        for instruction, bound in analyse(region, structure).overflows:
            step = instruction.step
            _, before = worst.get(id(step), (step, 0))
            worst[id(step)] = (step, max(bound, before))
    for step, bound in worst.values():
        found = f"step {step.id}: {step.op} may reach {bound}"
        yield error("overflow", step.origin, found, f"every intermediate value below {INT64}")


# --- reachability -------------------------------------------------------------------------------


def unreachable(region: Region, reached: Reach) -> Iterator[Finding]:
    """Find steps that are in force on some day and run on none, with the reason."""
    yielded = _codes_yielded(region)
    wins = {id(step) for _, rules in days(region) for step in rules.steps}
    for step in region.steps:
        if step.origin.first is None or step in reached:
            continue
        reason = _reason(step, yielded) if id(step) in wins else "it is never in force"
        found = f"step {step.id} (when {words.conditions(step.conditions)}): {reason}"
        yield error("unreachable", step.origin, found, "a step that some claim runs")


def _reason(step: Step, yielded: dict[str, set[str]]) -> str:
    for condition in step.conditions:
        codes = yielded.get(condition.attribute)
        if codes is not None and isinstance(condition, OneOf) and condition.codes.isdisjoint(codes):
            none = words.condition(condition)
            return f"no row of {condition.attribute} in force gives {none.partition('=')[2]}"
    return "no person and claim fulfil its conditions together"


def _codes_yielded(region: Region) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: set() for name in region.classifications}
    for _, rules in days(region):
        for name, version in versions(rules).items():
            found[name].update(row.value for row in version.rows)
    return found


def circles(region: Region) -> Iterator[Finding]:
    """Find classifications that depend on themselves."""
    told: set[str] = set()
    for _, rules in days(region):
        held = versions(rules)
        for name in circular(held):
            if name not in told:
                told.add(name)
                found = f"the classification {name} depends on itself"
                yield error("unreachable", held[name].origin, found, "rows that look elsewhere")


# --- phases -------------------------------------------------------------------------------------


def phases(region: Region) -> Iterator[Finding]:
    """Find steps that look at what their phase cannot know, and year ends that use a bill."""
    words_ = vocabulary()
    told: set[tuple[int, str]] = set()
    for _, rules in days(region):
        held = versions(rules)
        for step in rules.steps:
            seen = {name for look in _looked_at(region, step) for name in reach(held, look)}
            strange = (seen & words_.attributes.keys()) - words_.known_to(step.phase)
            names = sorted(strange - held.keys())
            if step.phase == "year_end":
                names += [name for name in _operands(step) if name in words_.amounts]
                names += [name for name in results(step) if name in words_.funds]
            for name in names:
                if (id(step), name) not in told:
                    told.add((id(step), name))
                    found = f"step {step.id} of phase {step.phase} uses {name}"
                    yield error("phase", step.origin, found, f"what a {step.phase} knows")


def _looked_at(region: Region, step: Step) -> Iterator[str]:
    """Yield what a step looks at itself: in its conditions, and as keys of its tables."""
    for condition in step.conditions:
        yield condition.attribute
    for name in _operands(step):
        table, _ = table_of(region, name)
        if table is not None:
            yield from table.keys


def _operands(step: Step) -> Iterator[str]:
    for field in OPS[step.op].fields:
        yield from step.many(field)


# --- layers -------------------------------------------------------------------------------------


def layers(region: Region) -> Iterator[Finding]:
    """Find steps out of their layer's turn, and funds paid by a step of another layer."""
    yield from _fund_layers(region.steps)
    told: set[tuple[int, str]] = set()
    for _, rules in days(region):
        order = rules.layers.order if rules.layers else ()
        steps = [s for s in rules.steps if s.phase == "claim" and s.layer is not None]
        for step, found, expected in _out_of_turn(steps, order):
            if (id(step), found) not in told:
                told.add((id(step), found))
                yield error("layers", step.origin, f"step {step.id} {found}", expected)


def _out_of_turn(steps: list[Step], order: tuple[str, ...]) -> Iterator[tuple[Step, str, str]]:
    chain = " → ".join(order) or "no order of layers"
    for step in steps:
        if step.layer not in order:
            yield step, f"in the layer {step.layer}", f"a layer of the order in force: {chain}"
    known = [step for step in steps if step.layer in order]
    for before, step in pairwise(known):
        assert before.layer is not None
        assert step.layer is not None
        if order.index(step.layer) < order.index(before.layer):
            found = f"({step.layer}) after {before.id} ({before.layer})"
            yield step, found, f"the order in force: {chain}"


def _fund_layers(steps: Iterable[Step]) -> Iterator[Finding]:
    funds = vocabulary().funds
    for step in steps:
        for name in results(step):
            if name in funds and step.layer != funds[name].layer:
                found = f"step {step.id} of layer {step.layer} writes {name}"
                expected = f"a step of the layer {funds[name].layer}"
                yield error("layers", step.origin, found, expected)

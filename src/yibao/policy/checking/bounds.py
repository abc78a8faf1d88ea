"""Prove that no intermediate integer of a structure can leave int64, by interval analysis.

Enters: a region and one of its structures. Leaves: the instructions whose bound reaches 2**63.
Every slot lies in [0, bound]: nothing is ever negative but a difference on its way to zero, so the
upper end is all that has to be followed. Amounts are bounded by MAX_CLAIM fen, yuan state by
MAX_STATE fen, counts by MAX_COUNT, figures by the greatest of their table's rows; a rate is a
numerator over the denominator. The rules below are those of `settlement.ops`, one for one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from yibao.money import MAX_CLAIM, MAX_INPUT_COUNT, MAX_STATE, half_up
from yibao.policy.compile import table_of
from yibao.policy.model import Region
from yibao.policy.program import Instruction, Structure

INT64 = 2**63
MAX_COUNT = 10**6
"""No counter reaches this: a person has fewer claims in a life."""

Bounds = list[int]


class Outcome(NamedTuple):
    """The bounds of an instruction's results, and the widest value met on the way to them."""

    results: tuple[int, ...]
    widest: int


class Overflow(NamedTuple):
    """An instruction with an intermediate value that could reach 2**63."""

    instruction: Instruction
    bound: int


class Analysis(NamedTuple):
    """The bound of every slot of memory, and the instructions that could leave int64."""

    bounds: Bounds
    overflows: list[Overflow]


def analyse(region: Region, structure: Structure) -> Analysis:
    """Follow the bounds through a structure's instructions."""
    memory = _start(region, structure)
    found = []
    for instruction in structure.instructions:
        outcome = _RULES[instruction.op](instruction, memory, structure.denominator)
        widest = max(outcome.widest, *outcome.results)
        if widest >= INT64:
            found.append(Overflow(instruction, widest))
        memory += outcome.results
    return Analysis(memory, found)


def _start(region: Region, structure: Structure) -> Bounds:
    units = dict(zip(structure.names, structure.units, strict=True))
    most = {"yuan": MAX_CLAIM, "count": MAX_INPUT_COUNT}
    amounts = [most[units[name]] for name in structure.amounts]
    state = [MAX_STATE if units[name] == "yuan" else MAX_COUNT for name in structure.state]
    figures = [_figure(region, name, structure.denominator) for name in structure.figures]
    return [*amounts, *state, *figures]


def _figure(region: Region, operand: str, denominator: int) -> int:
    """Return the greatest figure that any row of an operand's table gives, as an integer."""
    table, _ = table_of(region, operand)
    assert table is not None
    greatest = max((row.value for row in table.rows if row.value is not None), default=0)
    return int(greatest * denominator) if table.unit == "rate" else int(greatest)


# --- one rule for each operation ------------------------------------------------------------------


def _bounds(i: Instruction, field: str, memory: Sequence[int]) -> list[int]:
    return [memory[slot] for slot in i.slots(field)]


def _plain(result: int) -> Outcome:
    return Outcome((result,), result)


def _rounded(numerator: int, denominator: int) -> tuple[int, int]:
    """Return the bound of a quotient rounded half up, and that of what half_up adds up."""
    return half_up(numerator, denominator), 2 * numerator + denominator


def _add(i: Instruction, memory: Bounds, _: int) -> Outcome:
    return _plain(sum(_bounds(i, "terms", memory)))


def _subtract(i: Instruction, memory: Bounds, _: int) -> Outcome:
    source = memory[i.slot("from")]
    return Outcome((source,), max(source, sum(_bounds(i, "less", memory))))


def _least(i: Instruction, memory: Bounds, _: int) -> Outcome:
    return _plain(min(_bounds(i, "terms", memory)))


def _greatest(i: Instruction, memory: Bounds, _: int) -> Outcome:
    return _plain(max(_bounds(i, "terms", memory)))


def _share(i: Instruction, memory: Bounds, denominator: int) -> Outcome:
    product = memory[i.slot("of")] * memory[i.slot("rate")]
    result, widest = _rounded(product, denominator)
    return Outcome((result,), widest)


def _prorate(i: Instruction, memory: Bounds, _: int) -> Outcome:
    product = memory[i.slot("of")] * memory[i.slot("part")]
    # The whole may be one fen, and nothing says that the part lies within it.
    return Outcome((product,), 2 * product + memory[i.slot("whole")])


def _within(i: Instruction, memory: Bounds, limit: str, used: str) -> Outcome:
    bound = min(memory[i.slot("of")], memory[i.slot(limit)])
    return Outcome((bound,), max(memory[i.slot(limit)], memory[i.slot(used)]))


def _deductible(i: Instruction, memory: Bounds, _: int) -> Outcome:
    return _within(i, memory, "standard", "met")


def _cap(i: Instruction, memory: Bounds, _: int) -> Outcome:
    return _within(i, memory, "limit", "used")


def _bands(i: Instruction, memory: Bounds, denominator: int) -> Outcome:
    amount = memory[i.slot("of")]
    edges, rates = _bounds(i, "edges", memory), _bounds(i, "rates", memory)
    last = sum(_bounds(i, "start", memory)) + amount
    uplift = _bounds(i, "uplift", memory)
    rate = min(max(rates) + sum(uplift), denominator) if uplift else max(rates)
    exact = min(amount, max(edges)) * rate  # the slices do not overlap
    pay, widest = _rounded(exact, denominator)
    if i.step.operands.get("round") == "slice":
        pay += len(edges)  # each slice may round up by less than a fen
    slices = tuple(min(amount, edge) for edge in edges)
    return Outcome((*slices, exact, amount, pay), max(widest, last))


def _exclude(_: Instruction, __: Bounds, ___: int) -> Outcome:
    return _plain(0)


def _accumulate(i: Instruction, memory: Bounds, _: int) -> Outcome:
    return _plain(memory[i.slot("into")] + memory[i.slot("amount")])


def _ordinal(i: Instruction, memory: Bounds, _: int) -> Outcome:
    number = max(memory[i.slot("own")], memory[i.slot("total")] + 1)
    return Outcome((number, number), number)


def _at_most(_: Instruction, __: Bounds, ___: int) -> Outcome:
    return _plain(1)


def _keep(i: Instruction, memory: Bounds, _: int) -> Outcome:
    return _plain(memory[i.slot("of")])


def _set(i: Instruction, memory: Bounds, _: int) -> Outcome:
    return _plain(memory[i.slot("value")])


def _require(i: Instruction, memory: Bounds, _: int) -> Outcome:
    return _plain(memory[i.slot("if")])


def _times(i: Instruction, memory: Bounds, _: int) -> Outcome:
    return _plain(memory[i.slot("of")] * memory[i.slot("count")])


_RULES: dict[str, Callable[[Instruction, Bounds, int], Outcome]] = {
    "add": _add,
    "subtract": _subtract,
    "least": _least,
    "greatest": _greatest,
    "share": _share,
    "prorate": _prorate,
    "deductible": _deductible,
    "cap": _cap,
    "bands": _bands,
    "exclude": _exclude,
    "accumulate": _accumulate,
    "ordinal": _ordinal,
    "at_most": _at_most,
    "keep": _keep,
    "set": _set,
    "times": _times,
    "require": _require,
}

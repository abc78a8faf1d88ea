"""Follow a program's figures as functions of the expense.

Enters: programs, the make-up of the bill, an opening state. Leaves: for every slot of memory its
function of the bill's total. What several programs do alike is worked out once: a result is kept by
the step and the functions that went in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from yibao.analysis.bill import Bill
from yibao.analysis.piecewise import Number, Piecewise, affine, total
from yibao.analysis.steps import RULES, Context
from yibao.policy.program import Instruction, Program
from yibao.settlement.generate import Run


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """What a program pays, as functions of the expense; `memory` has every figure."""

    memory: tuple[Piecewise, ...]
    funds: Mapping[str, Piecewise]
    fund_pay: Piecewise
    personal: Piecewise


class Tracer:
    """Traces programs on bills of one make-up from the smallest such bill to `top` fen."""

    def __init__(self, bill: Bill, top: int) -> None:
        self.bill = bill
        self.top = top
        self.low = bill.least(top)
        self._amounts = bill.lines(self.low, top)
        self._constants: dict[Number, Piecewise] = {}
        self._done: dict[tuple[int, ...], tuple[Piecewise, ...]] = {}
        self._kept: list[object] = []  # what the keys of `_done` are the identities of

    def constant(self, value: int) -> Piecewise:
        """Return the constant function, one for each value."""
        found = self._constants.get(value)
        if found is None:
            found = self._constants[value] = affine(0, value, self.low, self.top)
        return found

    def trace(self, program: Program, opening: Sequence[int], run: Run) -> Traced:
        """Trace a program; raises NotLinear naming the step that is not linear in the expense."""
        structure = program.structure
        memory = [*self._amounts, *map(self.constant, [*opening, *program.figures])]
        for i in structure.instructions:
            memory += self._results(i, memory, program, opening, run)
        funds = {name: memory[slot] for name, slot in structure.funds}
        paid = self._sum(tuple(funds.values()), 1)
        return Traced(tuple(memory), funds, paid, self._sum((self._amounts[0], paid), -1))

    def _sum(self, terms: Sequence[Piecewise], sign: int) -> Piecewise:
        """Return the first plus (or minus) the others, worked out once."""
        if not terms:
            return self.constant(0)
        key = (sign, *map(id, terms))
        if key not in self._done:
            self._kept.append(terms)
            first, *rest = terms
            self._done[key] = (total([(1, first), *((sign, f) for f in rest)]),)
        return self._done[key][0]

    def _results(
        self,
        i: Instruction,
        memory: Sequence[Piecewise],
        program: Program,
        opening: Sequence[int],
        run: Run,
    ) -> tuple[Piecewise, ...]:
        inputs = [memory[slot] for slot in i.inputs()]
        key = (id(i.step), program.structure.denominator, *map(id, inputs))
        found = self._done.get(key)
        if found is None:
            really = partial(self._really, i, program, opening, run)
            found = RULES[i.op](Context(i, memory, program.structure.denominator, really))
            self._done[key] = found
            self._kept.append((i.step, inputs))
        return found

    def _really(
        self, i: Instruction, program: Program, opening: Sequence[int], run: Run, x: int
    ) -> int:
        """Return the true result of an instruction at a bill of x fen."""
        return run([*self.bill.amounts(x), *opening, *program.figures])[i.first_out]

"""A compiled settlement: data that an executor runs, and that an explanation reads.

Memory is one flat list of integers, written once per slot:

    [ amounts of the claim | state before | figures from tables | results, step by step ]

Money is fen, counts are counts, a rate is a numerator over the plan's `denominator`. Because every
result has its own slot, the memory after a run holds every intermediate figure: an explanation is a
reading of it, never a second computation.

A `Structure` is the list of instructions; a `Program` is a structure with one profile's figures.
Many profiles share few structures, and a reform of figures only makes other programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yibao.policy.model import Row, Step, Unit, Value


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step bound to memory slots.

    `args` gives the slot of each operand field, or the slots of a list field. `outs` names the
    results, which are appended to memory from slot `first_out` on.
    """

    step: Step
    op: str
    args: Mapping[str, int | tuple[int, ...]]
    outs: tuple[str, ...]
    first_out: int

    def slot(self, field: str) -> int:
        """Return the slot of a single operand."""
        slot = self.args[field]
        assert isinstance(slot, int)
        return slot

    def slots(self, field: str) -> tuple[int, ...]:
        """Return the slots of a list operand, empty when it was left out."""
        slots = self.args.get(field, ())
        return (slots,) if isinstance(slots, int) else slots

    def inputs(self) -> tuple[int, ...]:
        """Return the slots of all operands, in the order of the operation's fields."""
        return tuple(slot for field in self.args for slot in self.slots(field))


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """The instructions that a kind of claim runs, and where everything lies in memory."""

    amounts: tuple[str, ...]
    state: tuple[str, ...]
    figures: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    final: Mapping[str, int]
    units: tuple[Unit, ...]
    names: tuple[str, ...]
    funds: tuple[tuple[str, int], ...]
    state_after: tuple[int, ...]
    denominator: int

    @property
    def numbers_admission(self) -> bool:
        """Whether a step numbers the admission that the claim belongs to."""
        return any(instruction.op == "ordinal" for instruction in self.instructions)

    @property
    def first_figure(self) -> int:
        """The slot of the first figure from a table."""
        return len(self.amounts) + len(self.state)


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A structure with the figures of one profile: `figures[i]` came from `rows[i]`."""

    structure: Structure
    figures: tuple[int, ...]
    rows: tuple[Row, ...]
    attributes: Mapping[str, Value]

    @property
    def documents(self) -> frozenset[str]:
        """The ids of the documents that its steps and figures come from."""
        origins = [i.step.origin for i in self.structure.instructions]
        return frozenset(o.document.id for o in (*origins, *(row.origin for row in self.rows)))

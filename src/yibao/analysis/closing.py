"""Where what a year hands to the next jumps with one fen more of the year.

Enters: a policy and a year. Leaves: for every kind of person that the year-end rules tell apart,
each value of an accumulator in yuan at which the next year's opening values jump. One accumulator
varies at a time, the others are zero; counters that the rules read take every code they may have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from itertools import product
from typing import NamedTuple

from yibao.analysis.changes import worlds
from yibao.analysis.patient import Given, asked
from yibao.analysis.piecewise import Kink, Piecewise, affine
from yibao.analysis.profiles import Explorer
from yibao.analysis.steps import RULES, Context
from yibao.analysis.witness import opening, person
from yibao.errors import NotLinear
from yibao.policy.checking.selections import World
from yibao.policy.model import Row, Step, Value
from yibao.policy.policy import Policy
from yibao.policy.program import Program
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.executor import Executor
from yibao.settlement.generate import runner
from yibao.settlement.model import Status

CLOSED = {"full_year": (True,), "insured_at_year_end": (True,)}
"""Looked at are persons who were insured all year and still are."""


class Jump(NamedTuple):
    """Closing values (fen, counts) at the last fen before what they open jumps, and one fen later.

    `name` is the accumulator that is one fen more, `opened` what the next year opens with on both
    sides, `steps` the year-end steps that switch.
    """

    name: str
    closing: tuple[Mapping[str, int], Mapping[str, int]]
    opened: tuple[Mapping[str, int], Mapping[str, int]]
    steps: tuple[Step, ...]

    @property
    def last(self) -> int:
        """The last value of the accumulator before the jump, in fen."""
        return self.closing[0][self.name]

    @property
    def moved(self) -> tuple[str, ...]:
        """The opening values that are not the same."""
        return tuple(n for n, value in self.opened[0].items() if value != self.opened[1][n])


class Closed(NamedTuple):
    """A jump, the world of those whom it meets on 31 December, and one of them."""

    jump: Jump
    world: World
    given: Given


class _Box(NamedTuple):
    """Persons that the year-end rules do not tell apart: the steps that run, the rows, who."""

    steps: tuple[int, ...]
    rows: tuple[Row | None, ...]
    world: World


class Closing:
    """The end of a year, up to `top` fen of each accumulator.

    `refused` counts kinds of persons by the figure that they lack, `unclear` by the step that is
    not linear.
    """

    def __init__(self, policy: Policy, year: int, top: int) -> None:
        self.policy, self.year, self.top = policy, year, top
        self.end = date(year, 12, 31)
        self.explorer = Explorer(policy.plan(self.end), "year_end")
        self.executor = Executor(policy)
        self.names = tuple(policy.region.state)[: len(self.executor.opening())]
        self.refused: Counter[str] = Counter()
        self.unclear: Counter[str] = Counter()

    # --- what a book would do ---------------------------------------------------------------------

    def opened(self, status: Status, closing: Mapping[str, int]) -> dict[str, int]:
        """Return what the next year opens with after these closing values."""
        after = self.executor.close_year(self.year, status, True, [*closing.values()])[2]
        return dict(zip(self.names, after, strict=True))

    def status(self, given: Given) -> Status:
        """Return the status of a person who is insured all year."""
        held = asked(self.policy, self.end, given)
        assert given.birth_date is not None
        facts = tuple(held[a.name] for a in vocabulary().of("person") if a.kind != "number")
        return Status("", date(self.year, 1, 1), None, given.birth_date, facts)

    def agrees(self, jump: Jump, given: Given) -> bool:
        """Tell whether a jump is a person's own."""
        if given.birth_date is not None and given.birth_date > self.end:
            return False
        status = self.status(given)
        return [self.opened(status, values) for values in jump.closing] == [*jump.opened]

    # --- who --------------------------------------------------------------------------------------

    def jumps(self) -> Iterator[Closed]:
        """Yield every jump of every kind of person."""
        for box in self._boxes():
            given = person(self.policy.region, self.explorer.space, box.world, self.end)
            if given is not None and not self._refused(box):
                for jump in self._jumps(box, given):
                    yield Closed(jump, box.world, given)

    def _refused(self, box: _Box) -> bool:
        operand = self.explorer.lacking(self.explorer.structure(box.steps), box.rows)
        self.refused.update([operand] if operand else [])
        return operand is not None

    def _boxes(self) -> Iterator[_Box]:
        space, visit = self.explorer.space, self.explorer.space.axes["visit"][:1]
        parts = [_Box((), (), {**w, **CLOSED}) for w in worlds(space) if w["visit"] == visit]
        for n, step in enumerate(self.explorer.steps):
            before, parts = parts, []
            for box in before:
                holds, fails = space.where(box.world, step.conditions)
                parts += [_Box((*box.steps, n), (), world) for world in holds]
                parts += [box._replace(world=world) for world in fails]
        for box in parts:
            if box.steps and not self.explorer.refuses(box.steps):
                yield from self._answered(box)

    def _answered(self, box: _Box) -> list[_Box]:
        """Split a box by the rows that answer its figures."""
        boxes = [box]
        for operand in self.explorer.structure(box.steps).figures:
            rest, boxes = boxes, []
            for conditions, row in self.explorer.answers(operand):
                before, rest = rest, []
                for part in before:
                    holds, fails = self.explorer.space.where(part.world, conditions)
                    boxes += [_Box(box.steps, (*part.rows, row), world) for world in holds]
                    rest += [part._replace(world=world) for world in fails]
            boxes += [part._replace(rows=(*part.rows, None)) for part in rest]
        return boxes

    # --- where ------------------------------------------------------------------------------------

    def _jumps(self, box: _Box, given: Given) -> Iterator[Jump]:
        structure, status = self.explorer.structure(box.steps), self.status(given)
        read = {structure.names[slot] for i in structure.instructions for slot in i.inputs()}
        units = {name: self.policy.region.state[name].unit for name in self.names if name in read}
        for name in (name for name, unit in units.items() if unit == "yuan"):
            for start in self._starts(box.world, read):
                try:
                    yield from self._jumps_of(name, start, status)
                except NotLinear as error:
                    self.unclear[str(error)] += 1

    def _starts(self, world: World, read: set[str]) -> Iterator[dict[str, int]]:
        """Yield closing values: zero, and counters that rules read at every code they may have."""
        region, space = self.policy.region, self.explorer.space
        codes: dict[str, list[Value]] = {}
        for name, state in region.state_attributes.items():
            held = [c for c in state.codes() if space.stands_for(name, c) in world[name]]
            codes[name] = [*(held if state.counter in read else held[:1])]
        for chosen in product(*codes.values()):
            held_codes = {name: (code,) for name, code in zip(codes, chosen, strict=True)}
            values = opening(region, {**world, **held_codes})
            yield {name: values.get(name, 0) for name in self.names}

    def _jumps_of(self, name: str, start: Mapping[str, int], status: Status) -> Iterator[Jump]:
        program = self.executor.close_year(self.year, status, True, [*start.values()])[0]
        steps = {i.step.id: i.step for i in program.structure.instructions}
        for x, ids in sorted(self._switches(program, start, name).items()):
            closing = {**start, name: x - 1}, {**start, name: x}
            opened = self.opened(status, closing[0]), self.opened(status, closing[1])
            yield Jump(name, closing, opened, tuple(steps[step] for step in dict.fromkeys(ids)))

    def _switches(
        self, program: Program, start: Mapping[str, int], name: str
    ) -> dict[int, list[str]]:
        """Return the fen at which an opening value jumps, and the steps that bend it there."""
        structure = program.structure
        run, before = runner(structure), [0] * len(structure.amounts)
        own = [0] * (len(structure.state) - len(start))  # no episode outlives a year

        def inputs(x: int) -> list[int]:
            return [*before, *{**start, name: x}.values(), *own, *program.figures]

        def really(slot: int, x: int) -> int:
            return run(inputs(x))[slot]

        memory = [affine(0, value, 0, self.top) for value in inputs(0)]
        memory[structure.names.index(name)] = affine(1, 0, 0, self.top)
        for i in structure.instructions:
            asks = partial(really, i.first_out)
            memory += RULES[i.op](Context(i, memory, structure.denominator, asks))
        found: dict[int, list[str]] = {}
        for slot in structure.state_after[: len(start)]:
            for x, kinks in _breaks(memory[slot]):
                found.setdefault(x, []).extend(kink.step for kink in kinks)
        return found


def _breaks(f: Piecewise) -> Iterator[tuple[int, tuple[Kink, ...]]]:
    """Yield the first whole fen after each jump, and what bends the function there."""
    for n in range(1, len(f.starts)):
        if f.values[n] != f.before(n - 1):
            yield int(f.starts[n]), f.kinks[n]

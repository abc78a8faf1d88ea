"""What one fen more of a year costs in the next.

Enters: a policy, a day of the year that closes, the make-up of next year's bills. Leaves: the jumps
of the year's end after which some bill of the next year costs the person more, with the bill that
costs most more, over all profiles. The next year's rules are those of its 1 January. The person is
the same on both days, except that nobody is looked at who passes an age of the rules that day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from math import ceil, floor
from typing import NamedTuple

from yibao.analysis.bill import Bill
from yibao.analysis.changes import worlds
from yibao.analysis.cliff import Example, worst
from yibao.analysis.closing import Closing, Jump
from yibao.analysis.patient import Given, patient
from yibao.analysis.piecewise import difference
from yibao.analysis.profiles import Explorer, State, Walk, operands_of
from yibao.analysis.trace import Traced, Tracer
from yibao.analysis.witness import person
from yibao.errors import NotLinear
from yibao.policy import refusals
from yibao.policy.checking.selections import World
from yibao.policy.model import Row
from yibao.policy.policy import Policy
from yibao.policy.program import Program, Structure
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.generate import Run, runner

GROWN = "age_on_1_january"
"""What is surely not the same on both days."""
UNLIKE = "persons whose year closes otherwise"


@dataclass(slots=True)
class YearCliff:
    """One jump, in `profiles` profiles of the next year; `size` in fen is the worst loss.

    `visits` has for each kind of visit the largest loss and its bill, `lasts` every value that was
    the last good one, in fen. The example's patients are those of the next year, before and after.
    """

    jump: Jump
    size: int
    example: Example
    visits: dict[str, tuple[int, int]]
    lasts: set[int]
    profiles: int = 1


@dataclass(slots=True)
class YearEnd:
    """All cliffs of a year's end, the largest first; `jumps` counts those that were looked at.

    `refused` counts programs by the figure that they lack, `unclear` by what could not be analysed.
    """

    year: int
    found: list[YearCliff] = field(default_factory=list)
    jumps: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unclear: Counter[str] = field(default_factory=Counter)


def year_end(policy: Policy, day: date, bill: Bill, top: int) -> YearEnd:
    """Find what a fen more in the year of `day` costs in one bill of the next, up to `top` fen."""
    return _Search(policy, day.year, bill, top).run()


class _Side(NamedTuple):
    program: Program
    opening: tuple[int, ...]
    run: Run
    traced: Traced


_Key = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


class _Search:
    def __init__(self, policy: Policy, year: int, bill: Bill, top: int) -> None:
        self.policy, self.bill, self.top = policy, bill, top
        self.next = date(year + 1, 1, 1)
        self.closing = Closing(policy, year, top)
        besides = self.closing.explorer.space.tests
        self.claims = Explorer(policy.plan(self.next), besides=besides)
        self.tracer = Tracer(bill, top)
        self.result = YearEnd(year, refused=self.closing.refused, unclear=self.closing.unclear)
        self._sides: dict[_Key, _Side | None] = {}
        self._runs: dict[Structure, Run] = {}
        self._losses: dict[tuple[int, int], tuple[int, int]] = {}
        self._refused: set[tuple[Structure, tuple[int, ...]]] = set()
        self._groups: dict[object, YearCliff] = {}

    def run(self) -> YearEnd:
        if self.closing.explorer.steps and not self.claims.steps:
            error = refusals.no_rule(self.policy.region, self.next, "claim", {})
            self.result.unclear[str(error)] += 1
            return self.result
        alike: dict[str, tuple[World, list[tuple[Jump, Given]]]] = {}
        boxes: dict[str, tuple[Jump, Given, list[World]]] = {}
        for jump, world, given in self.closing.jumps():
            found = boxes.setdefault(repr(jump._replace(steps=())), (jump, given, []))
            found[2].append(self._persons(world))
        self.result.jumps = len(boxes)
        for jump, given, some in boxes.values():
            for persons in _merged(some):
                key = repr((jump.opened, persons))
                alike.setdefault(key, (persons, []))[1].append((jump, given))
        for persons, jumps in alike.values():
            self._next_year(persons, jumps)
        for cliff in self.result.found:
            cliff.example = self._shown(cliff.example)
            before, after = cliff.example.personal
            assert after - before == cliff.size, "another program than the one that was analysed"
        self.result.found.sort(key=lambda cliff: -cliff.size)
        return self.result

    def _persons(self, world: World) -> World:
        """Return a world of the year's end by the axes of the next year's claims."""
        years, claims = self.closing.explorer.space, self.claims.space
        return {
            name: tuple(v for v in claims.axes[name] if years.stands_for(name, v) in world[name])
            for name, attribute in vocabulary().attributes.items()
            if attribute.of == "person" and name in claims.axes and name != GROWN
        }

    # --- who --------------------------------------------------------------------------------------

    def _next_year(self, persons: World, jumps: list[tuple[Jump, Given]]) -> None:
        """Look at every profile of some persons in the next year, with both openings."""
        jump = jumps[0][0]
        sides = [self._codes(opened) for opened in jump.opened]
        both = {n: tuple(dict.fromkeys((*sides[0][n], *sides[1][n]))) for n in sides[0]}
        moved = {n for n in both if len(both[n]) > 1}
        for world in worlds(self.claims.space):
            here = {n: tuple(v for v in world[n] if v in persons[n]) for n in persons}
            ground = self.claims.ground({**world, **here, **both}) if all(here.values()) else None
            if ground is None:
                continue
            walk = Walk(self.claims, ground, between=(sides[0], sides[1]))
            read = {o for n in ground.steps for o in operands_of(self.claims.steps[n])}
            if read.isdisjoint(jump.moved) and not any(c.names & moved for c in walk.components):
                continue  # nothing there looks at what has changed
            for state in walk.states():
                self._measure(walk, state, jumps)

    def _codes(self, opened: Mapping[str, int]) -> World:
        """Return the codes with which rules see the first claim of a year that opens so."""
        return {
            name: (self.claims.space.stands_for(name, state.code(opened[state.counter], 0)),)
            for name, state in self.policy.region.state_attributes.items()
        }

    def _measure(self, walk: Walk, state: State, jumps: list[tuple[Jump, Given]]) -> None:
        opened = jumps[0][0].opened
        before, after = (self._side(state, n, opened[n]) for n in (0, 1))
        if before is None or after is None:
            return
        size, x = self._loss(before, after)
        if size <= 0:
            return
        for jump, like in jumps:
            given = self._who(jump, walk.world(state, 0), like)
            if given is not None:
                one, other = (replace(given, opening=values) for values in opened)
                visits = {str(given.attributes["visit"]): (size, x)}
                example = Example(one, other, (x, x))
                self._group(YearCliff(jump, size, example, visits, {jump.last}))

    def _who(self, jump: Jump, world: World, like: Given) -> Given | None:
        """Return a person of a world of the next year whose year closed with the jump."""
        found = False
        for other in (None, like):
            given = person(self.policy.region, self.claims.space, world, self.next, like=other)
            if given is not None and self.closing.agrees(jump, given):
                return given
            found = found or given is not None
        self.result.unclear.update([UNLIKE] if found else [])
        return None

    # --- how much ---------------------------------------------------------------------------------

    def _side(self, state: State, side: int, opened: Mapping[str, int]) -> _Side | None:
        """Return the program of a side, worked out once; None where a figure is lacking."""
        rows, start = state.rows[side], tuple(opened.get(n, 0) for n in self.policy.region.state)
        key = (state.steps[side], tuple(map(id, rows)), start)
        if key not in self._sides:
            self._sides[key] = self._made(self.claims.structure(key[0]), rows, start)
        return self._sides[key]

    def _made(
        self, structure: Structure, rows: tuple[Row | None, ...], start: tuple[int, ...]
    ) -> _Side | None:
        lacking = self.claims.lacking(structure, rows)
        if lacking is not None:
            known = (structure, tuple(map(id, rows)))
            self.result.refused[lacking] += known not in self._refused
            self._refused.add(known)
            return None
        program = self.claims.program(structure, rows)
        run = self._runs.get(structure) or runner(structure)
        self._runs[structure] = run
        try:
            return _Side(program, start, run, self.tracer.trace(program, start, run))
        except NotLinear as error:
            self.result.unclear[str(error)] += 1
            return None

    def _loss(self, before: _Side, after: _Side) -> tuple[int, int]:
        """Return what the worst bill really costs more, and that bill, in fen."""
        key = id(before.traced.personal), id(after.traced.personal)
        if key not in self._losses:
            at = worst(difference(after.traced.personal, before.traced.personal))
            where = (floor(at[0]), ceil(at[0])) if at is not None else (self.top,)
            points = {min(max(x, self.tracer.low), self.top) for x in where}
            found = ((self._paid(before, x) - self._paid(after, x), x) for x in points)
            self._losses[key] = max(found, key=_worse)
        return self._losses[key]

    def _paid(self, side: _Side, x: int) -> int:
        memory = side.run([*self.bill.amounts(x), *side.opening, *side.program.figures])
        return sum(memory[slot] for _, slot in side.program.structure.funds)

    def _shown(self, example: Example) -> Example:
        """Settle an example with the programs that compile for its person."""
        both = [patient(self.policy, self.next, side) for side in (example.before, example.after)]
        funds = [one.funds(self.bill, x) for one, x in zip(both, example.expenses, strict=True)]
        return replace(example, funds=(funds[0], funds[1]))

    def _group(self, cliff: YearCliff) -> None:
        """Put a jump to those with the same steps and the same counts; the worst stands for all."""
        state, jump = self.policy.region.state, cliff.jump
        counts = [tuple(o[n] for o in jump.opened if state[n].unit == "count") for n in jump.moved]
        key = repr((jump.name, [step.id for step in jump.steps], jump.moved, counts))
        other = self._groups.setdefault(key, cliff)
        if other is cliff:
            self.result.found.append(cliff)
            return
        if _telling(cliff) > _telling(other):
            other.jump, other.size, other.example = jump, cliff.size, cliff.example
        other.lasts |= cliff.lasts
        other.profiles += 1
        for visit, found in cliff.visits.items():
            other.visits[visit] = max(other.visits.get(visit, found), found, key=_worse)


def _worse(loss: tuple[int, int]) -> tuple[int, int]:
    """Order losses: the larger one is worse, of the same the one of the smaller bill."""
    return loss[0], -loss[1]


def _telling(cliff: YearCliff) -> tuple[int, int, int]:
    """Order examples: the worst, then the plainest person, then the smallest bill."""
    identities = cliff.example.before.attributes.get("identities", frozenset())
    count = len(identities) if isinstance(identities, frozenset) else 0
    return cliff.size, -count, -cliff.example.expenses[0]


def _merged(boxes: Iterable[World]) -> list[World]:
    """Join boxes that differ on one axis only, again and again."""
    ahead = list(boxes)
    found: list[World] = []
    while ahead:
        box = ahead.pop()
        for other in found:
            unlike = [axis for axis in box if box[axis] != other[axis]]
            if len(unlike) < 2:
                found.remove(other)
                joined = {a: tuple(dict.fromkeys((*other[a], *box[a]))) for a in unlike}
                ahead.append({**other, **joined})
                break
        else:
            found.append(box)
    return found

"""Every profile that a day's rules can tell apart, alone or before and after a change of status.

States are split by the conditions of each step, then by those of the rows that may answer each
figure; what nothing ahead tells apart is merged. At the end each state has one program, or two:
before and after the change, and those that come to the same are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from yibao.analysis.changes import worlds
from yibao.analysis.space import Change, Codes, Cutting, Open
from yibao.policy.checking.selections import World
from yibao.policy.compile import Plan, build, table_of
from yibao.policy.model import Among, Condition, Phase, Row, Step, Value
from yibao.policy.names import BAND
from yibao.policy.opspec import REFUSE
from yibao.policy.program import Program, Structure

Masks = tuple[int, ...]
"""For each component, which combinations of codes are still open."""


class State(NamedTuple):
    """A merged set of profiles on the way to their program.

    `ahead` has what is told apart ahead, `all` every combination that came here, `one` a path that
    surely leads here. `steps` and `rows` are what was chosen so far on each side.
    """

    ahead: Masks
    all: Masks
    one: Masks
    steps: tuple[tuple[int, ...], ...]
    rows: tuple[tuple[Row | None, ...], ...]


class Look(NamedTuple):
    """A condition on one side: the component, where it holds, and where it does not."""

    component: int
    holds: int
    fails: int


class Ground(NamedTuple):
    """What matters in a world: the numbers of the steps that may run there, and its components."""

    steps: Sequence[int]
    cutting: Cutting


class Explorer:
    """Works out what the rules of a day can tell apart."""

    def __init__(
        self, plan: Plan, phase: Phase = "claim", besides: Iterable[Condition] = ()
    ) -> None:
        self.plan = plan
        self.phase = phase
        self.steps = [step for step in plan.rules.steps if step.phase == phase]
        self._answers: dict[str, list[tuple[tuple[Condition, ...], Row]]] = {}
        operands = dict.fromkeys(name for step in self.steps for name in operands_of(step))
        tests = [c for name in operands for found, _ in self.answers(name) for c in found]
        self.space = Open(plan.rules, self.steps, [*tests, *besides])
        self._structures: dict[tuple[int, ...], Structure] = {}

    def answers(self, operand: str) -> list[tuple[tuple[Condition, ...], Row]]:
        """Return the rows that may answer an operand, the winner first; none for no table."""
        found = self._answers.get(operand)
        if found is None:
            table, band = table_of(self.plan.region, operand)
            found = self._answers[operand] = []
            for row in self.plan.rules.rows(table) if table else ():
                banded = [c for c in row.conditions if c.attribute == BAND]
                if all(c.holds(band or "") for c in banded):
                    found.append((tuple(c for c in row.conditions if c not in banded), row))
        return found

    def grounds(self) -> list[Ground]:
        """Return what matters to persons and claims, by scheme and visit; not who is refused."""
        found = [self.ground(world) for world in worlds(self.space)]
        return [ground for ground in found if ground is not None]

    def ground(self, world: World) -> Ground | None:
        """Return what matters to a world, or None where a classification covers nobody there."""
        if any(self.space.where(world, step.conditions) == ([], []) for step in self.steps):
            return None  # a classification that this step looks at covers nobody here
        numbers = [
            n for n, step in enumerate(self.steps) if self.space.matters(world, step.conditions)
        ]
        steps = [self.steps[n] for n in numbers]
        asked = [c for step in steps for c in step.conditions]
        for operand in dict.fromkeys(name for step in steps for name in operands_of(step)):
            asked += [c for conditions, _ in self.answers(operand) for c in conditions]
        return Ground(numbers, Cutting(self.space, list(dict.fromkeys(asked)), world))

    def structure(self, chosen: tuple[int, ...]) -> Structure:
        """Return the structure of a selection of steps."""
        found = self._structures.get(chosen)
        if found is None:
            steps = [self.steps[n] for n in chosen]
            found = build(self.plan.region, self.phase, steps, self.plan.denominator)
            self._structures[chosen] = found
        return found

    def lacking(self, structure: Structure, rows: Sequence[Row | None]) -> str | None:
        """Return the first figure that no row answers, or only one of too low a grade."""
        for operand, row in zip(structure.figures, rows, strict=True):
            if row is None or row.value is None or row.origin.grade < self.plan.accept:
                return operand
        return None

    def program(self, structure: Structure, rows: Sequence[Row | None]) -> Program:
        """Return the program of a structure with rows that lack nothing."""
        found = tuple(row for row in rows if row is not None)
        values = (row.value for row in found if row.value is not None)
        whole = self.plan.denominator
        figures = (int(v * whole if isinstance(v, Fraction) else v) for v in values)
        return Program(structure, tuple(figures), found, {})

    def refuses(self, chosen: Iterable[int]) -> bool:
        """Tell whether one of the steps refuses."""
        return any(self.steps[n].op == REFUSE for n in chosen)


def operands_of(step: Step) -> Iterator[str]:
    """Yield the names of all operands of a step."""
    for operand in step.operands.values():
        yield from (operand,) if isinstance(operand, str) else operand


class Walk:
    """One walk through the steps and figures of a ground, with changes or without.

    `between` are two worlds, before and after: then states whose sides come to the same are kept.
    """

    def __init__(
        self,
        explorer: Explorer,
        ground: Ground,
        changes: Sequence[Change] = (),
        between: tuple[World, World] | None = None,
    ) -> None:
        self.explorer = explorer
        self.ground = ground
        cutting = ground.cutting
        self.components = cutting.between(*between) if between else cutting.components(changes)
        self.sides = 2 if changes or between else 1
        self._all = not changes
        self._looks: dict[tuple[int, Condition], Look] = {}
        self._names: dict[tuple[Condition, ...], frozenset[str]] = {}
        two = (n for n, c in enumerate(self.components) if c.codes and len(c.codes[0].sides) == 2)
        self._changed = next(two, 0)
        self._at = {name: n for n, c in enumerate(self.components) for name in c.names}

    def states(self) -> list[State]:
        """Return the states at the end; those whose sides come to the same are left out."""
        if not all(c.codes for c in self.components) or not (self._all or self.components):
            return []
        every = tuple(c.every for c in self.components)
        none = ((),) * self.sides
        found = self._stepped([State(every, every, every, none, none)])
        groups: dict[tuple[tuple[int, ...], ...], list[State]] = {}
        for state in found:
            if all(state.steps) and not any(map(self.explorer.refuses, state.steps)):
                groups.setdefault(state.steps, []).append(state)
        return [s for steps, some in groups.items() for s in self._figured(steps, some)]

    # --- steps and figures ------------------------------------------------------------------------

    def _stepped(self, states: list[State]) -> list[State]:
        steps = [self.explorer.steps[n] for n in self.ground.steps]
        tables = self._table_names(steps)
        for at, (n, step) in enumerate(zip(self.ground.steps, steps, strict=True)):
            ahead = tables.union(*(self._looked(later.conditions) for later in steps[at + 1 :]))
            states = self._merged([*self._chosen(states, n, step)], ahead)
        return states

    def _table_names(self, steps: Iterable[Step]) -> frozenset[str]:
        names: set[str] = set()
        for step in steps:
            for operand in operands_of(step):
                for conditions, _ in self.explorer.answers(operand):
                    names |= self._looked(conditions)
        return frozenset(names)

    def _chosen(self, states: Iterable[State], n: int, step: Step) -> Iterator[State]:
        """Split states by a step's conditions, on one side after the other."""
        for state in states:
            parts = [state]
            for side in range(self.sides):
                before, parts = parts, []
                for part in before:
                    holds, fails = self._split(part, side, step.conditions)
                    for yes in holds:
                        steps = list(yes.steps)
                        steps[side] = (*steps[side], n)
                        parts.append(yes._replace(steps=tuple(steps)))
                    parts += fails
            yield from parts

    def _figured(self, steps: tuple[tuple[int, ...], ...], states: list[State]) -> list[State]:
        """Split states of one selection by the rows that answer its figures."""
        explorer = self.explorer
        todo = [(s, name) for s, c in enumerate(steps) for name in explorer.structure(c).figures]
        looked = [
            frozenset().union(*(self._looked(found) for found, _ in explorer.answers(name)))
            for _, name in todo
        ]
        for n, (side, operand) in enumerate(todo):
            ahead = frozenset().union(*looked[n + 1 :])
            parts = [part for state in states for part in self._answered(state, side, operand)]
            grown = len(parts) != len(states) or n == len(todo) - 1
            states = self._merged(parts, ahead) if grown else parts
        if not self._all and steps[0] == steps[1]:
            return [s for s in states if s.rows[0] != s.rows[1]]
        return states

    def _answered(self, state: State, side: int, operand: str) -> Iterator[State]:
        rest = [state]
        for conditions, row in self.explorer.answers(operand):
            before, rest = rest, []
            for part in before:
                holds, fails = self._split(part, side, conditions)
                yield from (_answer(yes, side, row) for yes in holds)
                rest += fails
        yield from (_answer(part, side, None) for part in rest)

    # --- splitting and merging --------------------------------------------------------------------

    def _split(
        self, state: State, side: int, conditions: Sequence[Condition]
    ) -> tuple[list[State], list[State]]:
        """Split a state into where all conditions hold on a side, and where one does not."""
        fails = []
        for condition in conditions:
            look = self._looks.get((side, condition)) or self._look(side, condition)
            here = state.ahead[look.component]
            if here & look.fails:
                fails.append(_cut(state, look.component, look.fails))
            if not here & look.holds:
                return [], fails
            if here & ~look.holds:
                state = _cut(state, look.component, look.holds)
        return [state], fails

    def _look(self, side: int, condition: Condition) -> Look:
        """Work out for which combinations of its component a condition holds."""
        (name,) = self._looked((condition,))
        number = self._at[name]
        holds = fails = 0
        for n, codes in enumerate(self.components[number].codes):
            for value in codes.sides[side % len(codes.sides)][name]:
                holding = value is True if isinstance(condition, Among) else condition.holds(value)
                holds |= holding << n
                fails |= (not holding) << n
        look = self._looks[side, condition] = Look(number, holds, fails)
        return look

    def _looked(self, conditions: Iterable[Condition]) -> frozenset[str]:
        key = tuple(conditions)
        found = self._names.get(key)
        if found is None:
            found = self._names[key] = self.explorer.space.names(key)
        return found

    def _merged(self, states: list[State], ahead: frozenset[str]) -> list[State]:
        """Forget what nothing ahead looks at, merge what is the same then."""
        names = [component.names & ahead for component in self.components]
        found: dict[object, State] = {}
        for state in self._unlike(states, names):
            masks = tuple(
                component.saturated(mask, wanted)
                for component, mask, wanted in zip(self.components, state.ahead, names, strict=True)
            )
            key = (masks, state.steps, tuple(tuple(map(id, rows)) for rows in state.rows))
            other = found.get(key)
            if other is None:
                found[key] = state._replace(ahead=masks)
            else:
                both = tuple(a | b for a, b in zip(state.all, other.all, strict=True))
                found[key] = other._replace(all=both)
        return list(found.values())

    def _unlike(self, states: list[State], names: Sequence[frozenset[str]]) -> Iterator[State]:
        """Drop combinations whose sides nothing told apart so far, nor will ahead."""
        at = self._changed
        for state in states:
            if self._all or state.steps[0] != state.steps[1] or state.rows[0] != state.rows[1]:
                yield state
                continue
            different = self.components[at].different(names[at])
            if state.ahead[at] & different:
                yield _cut(state, at, different)

    # --- reading ----------------------------------------------------------------------------------

    def witness(self, state: State) -> tuple[Codes, ...]:
        """Return one combination of codes of each component that leads to a state."""
        return tuple(
            component.codes[(mask & -mask).bit_length() - 1]
            for component, mask in zip(self.components, state.one, strict=True)
        )

    def numbers(self, state: State) -> frozenset[int]:
        """Return the numbers of all changes that lead to a state."""
        return frozenset(
            number
            for component, mask in zip(self.components, state.all, strict=True)
            for n, codes in enumerate(component.codes)
            if mask >> n & 1
            for number in codes.changes
        )

    def spans(self, state: State, side: int) -> dict[str, frozenset[Value]]:
        """Return for each name the codes that profiles of a state have on a side."""
        found: dict[str, set[Value]] = {}
        for component, mask in zip(self.components, state.all, strict=True):
            rest = mask
            while rest:
                codes = component.codes[(rest & -rest).bit_length() - 1]
                rest &= rest - 1
                for name, values in codes.sides[side % len(codes.sides)].items():
                    found.setdefault(name, set()).update(values)
        return {name: frozenset(values) for name, values in found.items()}

    def world(self, state: State, side: int) -> World:
        """Return a world on a side that leads to a state."""
        found = dict(self.ground.cutting.world)
        for codes in self.witness(state):
            found |= codes.worlds[side % len(codes.worlds)]
        return found


def _cut(state: State, component: int, mask: int) -> State:
    """Narrow a state to a mask of one component."""

    def cut(masks: Masks) -> Masks:
        return (*masks[:component], masks[component] & mask, *masks[component + 1 :])

    return state._replace(ahead=cut(state.ahead), all=cut(state.all), one=cut(state.one))


def _answer(state: State, side: int, row: Row | None) -> State:
    rows = list(state.rows)
    rows[side] = (*rows[side], row)
    return state._replace(rows=tuple(rows))

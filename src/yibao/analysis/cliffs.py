"""Where one fen more of expense, or a change of status, makes a person worse off.

Enters: a policy, a day, the make-up of bills. Leaves: every such place, over all profiles that the
rules can tell apart, grouped where it is the same place in many of them; the size at the worst
expense is that of the integer programs. Profiles that the rules refuse are counted by what is
lacking, never left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import ceil, floor

from yibao.analysis.bill import Bill
from yibao.analysis.changes import changes
from yibao.analysis.cliff import Cliff, Cliffs, CodeChange, Example, RowChange, Worst, falls, worst
from yibao.analysis.patient import asked, patient
from yibao.analysis.piecewise import Kink, Piecewise, difference
from yibao.analysis.profiles import Explorer, State, Walk
from yibao.analysis.space import Change
from yibao.analysis.trace import Traced, Tracer
from yibao.analysis.witness import opening, person
from yibao.errors import NotLinear
from yibao.policy import refusals
from yibao.policy.compile import Profile
from yibao.policy.consolidate import matches
from yibao.policy.model import Row, Value
from yibao.policy.opspec import REFUSE
from yibao.policy.policy import Policy
from yibao.policy.program import Program, Structure
from yibao.settlement.generate import Run, runner


def cliffs(policy: Policy, day: date, bill: Bill, top: int) -> Cliffs:
    """Find all cliffs of a day on bills of up to `top` fen; NoRule without rules for claims."""
    return _Search(policy, day, bill, top).run()


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One program with the state that it starts from, and its functions."""

    program: Program
    opening: tuple[int, ...]
    run: Run
    traced: Traced


_Key = tuple[Structure, tuple[int, ...], tuple[int, ...]]


class _Search:
    def __init__(self, policy: Policy, day: date, bill: Bill, top: int) -> None:
        self.policy = policy
        self.plan = policy.plan(day)
        self.day = day
        self.bill = bill
        self.tracer = Tracer(bill, top)
        self.explorer = Explorer(self.plan)
        self.changes = changes(policy.region, self.explorer.space)
        self.result = Cliffs(policy, day, bill, top)
        self._sides: dict[_Key, _Side | str] = {}
        self._runs: dict[Structure, Run] = {}
        self._worse: dict[tuple[int, int], Worst | None] = {}
        self._every: dict[str, set[Value]] = {}
        self._groups: dict[object, Cliff] = {}

    def run(self) -> Cliffs:
        if all(step.op == REFUSE for step in self.explorer.steps):
            raise refusals.no_rule(self.policy.region, self.day, "claim", {})
        grounds = self.explorer.grounds()
        for ground in grounds:
            self._singles(Walk(self.explorer, ground))
        by_attribute: dict[str, list[Change]] = {}
        for n, c in enumerate(self.changes):
            by_attribute.setdefault(c.attribute, []).append(Change(n, c.axis, c.before, c.after))
        for attribute, some in by_attribute.items():
            for ground in grounds:
                self._pairs(attribute, Walk(self.explorer, ground, some))
        for cliff in self.result.found:
            cliff.example = self._shown(cliff.example)
            paid = [sum(funds.values()) for funds in cliff.example.funds]
            assert paid[0] - paid[1] == cliff.size, "another program than the one that was analysed"
            cliff.codes = tuple(self._codes(cliff))
            cliff.common = {
                n: v for n, v in cliff.common.items() if v != frozenset(self._every.get(n, ()))
            }
        self.result.found.sort(key=lambda cliff: (-cliff.size, cliff.attribute))
        return self.result

    # --- programs ---------------------------------------------------------------------------------

    def _side(self, walk: Walk, state: State, side: int) -> _Side | str:
        """Return the program of a side, or why there is none: the figure lacking, the step."""
        structure = self.explorer.structure(state.steps[side])
        world = walk.world(state, side)
        given = opening(self.policy.region, world)
        start = tuple(given.get(name, 0) for name in self.policy.region.state)
        rows = state.rows[side]
        key = (structure, tuple(map(id, rows)), start)
        found = self._sides.get(key)
        if found is None:
            found = self._sides[key] = self._made(structure, rows, start)
        return found

    def _made(
        self, structure: Structure, rows: Sequence[Row | None], start: tuple[int, ...]
    ) -> _Side | str:
        lacking = self.explorer.lacking(structure, rows)
        if lacking is not None:
            self.result.refused[lacking] += 1
            return lacking
        program = self.explorer.program(structure, rows)
        run = self._runs.get(structure)
        if run is None:
            run = self._runs[structure] = runner(structure)
        try:
            traced = self.tracer.trace(program, start, run)
        except NotLinear as error:
            self.result.unclear[str(error)] += 1
            return str(error)
        self.result.profiles += 1
        return _Side(program, start, run, traced)

    # --- one fen more -----------------------------------------------------------------------------

    def _singles(self, walk: Walk) -> None:
        for state in walk.states():
            for name, values in {**walk.spans(state, 0), **_fixed(walk)}.items():
                self._every.setdefault(name, set()).update(values)
            side = self._side(walk, state, 0)
            if isinstance(side, _Side):
                for first, last in falls(side.traced.fund_pay):
                    self._fall(walk, state, side, first, last)

    def _fall(self, walk: Walk, state: State, side: _Side, first: int, last: int) -> None:
        """Note that the funds pay less at `last` than at `first`."""
        given = person(self.policy.region, self.explorer.space, walk.world(state, 0), self.day)
        if given is None:
            return
        one = patient(self.policy, self.day, given)
        funds = one.funds(self.bill, first), one.funds(self.bill, last)
        size = sum(funds[0].values()) - sum(funds[1].values())
        if size <= 0:
            return
        example = Example(given, given, (first, last))
        spans = {**walk.spans(state, 0), **_fixed(walk)}
        bend = (k.step for k in _kinks_at(side.traced.fund_pay, last))
        steps = tuple(dict.fromkeys(bend))
        bound = side.traced.fund_pay.error * 2
        cliff = Cliff("", (), size, last, False, bound, (), (), steps, {}, spans, example)
        self._group(cliff, ("", steps))

    # --- a change of status -----------------------------------------------------------------------

    def _pairs(self, attribute: str, walk: Walk) -> None:
        for state in walk.states():
            self.result.pairs += 1
            sides = [self._side(walk, state, n) for n in (0, 1)]
            before, after = sides
            if isinstance(before, _Side) and isinstance(after, _Side):
                worse = self._worst(before, after)
                if worse is not None:
                    self._note(attribute, walk, state, (before, after), worse)

    def _worst(self, before: _Side, after: _Side) -> Worst | None:
        """Return where the after side is worst, from where on, and whether it still grows."""
        key = (id(before.traced.personal), id(after.traced.personal))
        if key not in self._worse:
            self._worse[key] = worst(difference(after.traced.personal, before.traced.personal))
        return self._worse[key]

    def _note(
        self, attribute: str, walk: Walk, state: State, sides: tuple[_Side, _Side], at: Worst
    ) -> None:
        """Note that the person pays more on the second side."""
        before, after = sides
        where, first, grows = at
        low, top = self.tracer.low, self.tracer.top
        points = {min(max(x, low), top) for x in (floor(where), ceil(where))}
        size, x = max((self._loss(before, after, x), -x) for x in points)
        x = -x
        if size <= 0:
            return
        region, space = self.policy.region, self.explorer.space
        first_one = person(region, space, walk.world(state, 0), self.day)
        second = person(region, space, walk.world(state, 1), self.day, like=first_one)
        if first_one is None or second is None:
            return
        spans = [walk.spans(state, n) for n in (0, 1)]
        moved = {n: (v, spans[1][n]) for n, v in spans[0].items() if v != spans[1][n]}
        rows = tuple(_row_changes(before.program, after.program))
        ids = [{i.step.id for i in s.program.structure.instructions} for s in (before, after)]
        found = tuple(self.changes[n] for n in sorted(walk.numbers(state)))
        cliff = Cliff(
            attribute=attribute,
            changes=found,
            size=size,
            first=first,
            grows=grows,
            bound=before.traced.personal.error + after.traced.personal.error,
            rows=rows,
            left=tuple(sorted(ids[0] - ids[1])),
            joined=tuple(sorted(ids[1] - ids[0])),
            moved=moved,
            common={n: v for n, v in {**spans[0], **_fixed(walk)}.items() if n not in moved},
            example=Example(first_one, second, (x, x)),
        )
        titles = () if found[0].axis != attribute else tuple(c.title for c in found)
        tables = frozenset(row.operand.partition("[")[0] for row in rows)
        self._group(cliff, (attribute, titles, tables, cliff.left, cliff.joined))

    def _loss(self, before: _Side, after: _Side, x: int) -> int:
        return self._paid(before, x) - self._paid(after, x)

    def _paid(self, side: _Side, x: int) -> int:
        memory = side.run([*self.bill.amounts(x), *side.opening, *side.program.figures])
        return sum(memory[slot] for _, slot in side.program.structure.funds)

    def _shown(self, example: Example) -> Example:
        """Settle an example with the programs that compile for its two patients."""
        both = [patient(self.policy, self.day, given) for given in (example.before, example.after)]
        funds = [one.funds(self.bill, x) for one, x in zip(both, example.expenses, strict=True)]
        return replace(example, funds=(funds[0], funds[1]))

    def _codes(self, cliff: Cliff) -> Iterator[CodeChange]:
        """Yield the classifications that give the example another code after the change."""
        region, example = self.policy.region, cliff.example
        for name in cliff.moved:
            classification = region.classifications.get(name)
            if classification is None:
                continue
            version = self.plan.rules.provision(classification)
            rows = []
            for given in (example.before, example.after):
                look = Profile(self.plan, asked(self.policy, self.day, given)).look
                held = (row for row in version.rows if matches(row.conditions, look))
                rows.append(next(held, None))
            if rows[0] is not rows[1]:
                yield CodeChange(name, classification.title, rows[0], rows[1])

    # --- groups -----------------------------------------------------------------------------------

    def _group(self, cliff: Cliff, key: object) -> None:
        """Put a cliff to those that are the same in other profiles; the worst stands for all."""
        other = self._groups.get(key)
        if other is None:
            self._groups[key] = cliff
            self.result.found.append(cliff)
            return
        if cliff.size > other.size:
            for name in ("size", "first", "grows", "bound", "rows", "example"):
                setattr(other, name, getattr(cliff, name))
        other.changes = tuple(dict.fromkeys((*other.changes, *cliff.changes)))
        other.moved = _joined(other.moved, cliff.moved)
        other.common = {
            n: v | cliff.common[n] for n, v in other.common.items() if n in cliff.common
        }
        other.profiles += 1


def _fixed(walk: Walk) -> dict[str, frozenset[Value]]:
    world = walk.ground.cutting.world
    return {name: frozenset(world[name]) for name in ("scheme", "visit")}


def _joined(
    one: Mapping[str, tuple[frozenset[Value], frozenset[Value]]],
    other: Mapping[str, tuple[frozenset[Value], frozenset[Value]]],
) -> dict[str, tuple[frozenset[Value], frozenset[Value]]]:
    nothing = (frozenset[Value](), frozenset[Value]())
    return {
        name: (
            one.get(name, nothing)[0] | other.get(name, nothing)[0],
            one.get(name, nothing)[1] | other.get(name, nothing)[1],
        )
        for name in {**one, **other}
    }


def _row_changes(before: Program, after: Program) -> Iterator[RowChange]:
    """Yield the figures whose row is not the same."""
    rows = [dict(zip(p.structure.figures, p.rows, strict=True)) for p in (before, after)]
    for operand in {**rows[0], **rows[1]}:
        old, new = rows[0].get(operand), rows[1].get(operand)
        if old is not new:
            yield RowChange(operand, old, new)


def _kinks_at(f: Piecewise, x: int) -> Iterator[Kink]:
    """Yield what bends a function last before x, or at it."""
    before = [n for n, start in enumerate(f.starts) if start <= x]
    yield from f.kinks[before[-1]]

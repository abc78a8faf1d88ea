"""The scalar executor: one claim at a time, plain integers.

`Executor` turns (status, claim, state) into a settlement and the state after it. It keeps the bound
programs of the profiles that it has met, and nothing about persons (that is `settlement.book`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date

from yibao.errors import PackDefect
from yibao.money import MAX_STATE, format_yuan
from yibao.policy.compile import Plan
from yibao.policy.model import Phase, Value
from yibao.policy.policy import Policy
from yibao.policy.program import Program, Structure
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.enrolment import AGES
from yibao.settlement.generate import Run, runner
from yibao.settlement.model import Claim, Facts, Settlement, Status, YearState

_Key = tuple[Facts, Facts, tuple[int, ...], tuple[int, ...]]


class _Bound:
    """A program ready to run: its function, and where payments and the state after it lie."""

    __slots__ = ("figures", "funds", "program", "run", "state_after")

    def __init__(self, program: Program, run: Run) -> None:
        self.program = program
        self.run = run
        self.figures = program.figures
        self.funds = tuple(slot for _, slot in program.structure.funds)
        self.state_after = program.structure.state_after


class _Epoch:
    """A plan with the programs bound so far, by facts and by what of them the rules look at."""

    __slots__ = ("ages", "narrow", "plan", "programs")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ages = tuple(
            (age, plan.breakpoints[name]) for name, age in AGES.items() if name in plan.breakpoints
        )
        self.programs: dict[_Key, _Bound] = {}
        self.narrow: dict[tuple[object, ...], _Bound] = {}


class Executor:
    """Runs the programs of a policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        region = policy.region
        words = vocabulary()
        self._year_end_names = tuple(a.name for a in words.of("year_end"))
        names = list(region.state)
        self._counters = tuple(
            (names.index(a.counter), None if a.within is None else names.index(a.within), a.max)
            for a in region.state_attributes.values()
        )
        self._numbering = {
            names.index(step.one(field))
            for step in region.steps
            if step.op == "ordinal"
            for field in ("own", "total")
        }
        self._no_episode = [0] * sum(v.scope == "episode" for v in region.state.values())
        self._carried = len(names) - len(self._no_episode)
        self._lifetime = frozenset(
            i for i, v in enumerate(region.state.values()) if v.scope == "lifetime"
        )
        self._by_discharge = region.stays_by == "discharge"
        self._epochs: dict[int, _Epoch] = {}
        self._days: dict[date, _Epoch] = {}
        self._runners: dict[Structure, Run] = {}
        self._amounts = len(words.amounts)

    # --- claims -------------------------------------------------------------------------------

    def day(self, claim: Claim) -> date:
        """Return the day that chooses the rules, the status and the year of a claim."""
        return claim.discharged if self._by_discharge else claim.admitted

    def settle(
        self, claim: Claim, status: Status, scheme: str, day: date, state: YearState
    ) -> Settlement:
        """Settle a claim and write the state after it into `state`.

        Raises PolicyError when the rules cannot answer, leaving the state as it was, and PackDefect
        when a pack pays more than there is.
        """
        episode = episode_of(claim)
        before = state.values + state.episodes.get(episode, self._no_episode)
        bound = self._bound("claim", status, claim.facts, day, before)
        memory = bound.run([*claim.amounts, *before, *bound.figures])
        personal = memory[0]
        for slot in bound.funds:
            personal -= memory[slot]
        if personal < 0:
            over = format_yuan(-personal)
            raise PackDefect(f"{claim.claim_id}: the funds pay {over} yuan more than the bill")
        after = [memory[slot] for slot in bound.state_after]
        if max(after, default=0) > MAX_STATE:
            most = format_yuan(MAX_STATE)
            raise PackDefect(f"{claim.claim_id}: an accumulator passes {most} yuan")
        state.values = after[: self._carried]
        self._keep(state, episode, after[self._carried :])
        account = claim.account_available
        account = min(account, personal)
        return Settlement(claim, day, scheme, bound.program, memory, personal, account)

    def delta(self, settlement: Settlement) -> list[int]:
        """Return what a settlement added to each state value."""
        structure, memory = settlement.program.structure, settlement.memory
        before = memory[self._amounts : self._amounts + len(structure.state)]
        return [memory[a] - b for a, b in zip(structure.state_after, before, strict=True)]

    def program(self, status: Status, facts: Facts, day: date, before: Sequence[int]) -> Program:
        """Return the program that settles claims with such facts on a day, from a state before."""
        return self._bound("claim", status, facts, day, before).program

    def take_back(
        self, delta: Sequence[int], episode: str, state: YearState, *, shared: bool = False
    ) -> None:
        """Subtract from `state` what a settlement of an episode added to it.

        `shared`: another claim of the same episode stands, so the admission keeps its number until
        the last of them is taken back.
        """
        delta = list(delta)
        owed = state.owed.pop(episode, None) or [0] * len(delta)
        for slot in self._numbering:
            owed[slot] += delta[slot]
            delta[slot] = 0 if shared else owed[slot]
        if shared:
            state.owed[episode] = owed
        state.values = [v - d for v, d in zip(state.values, delta[: self._carried], strict=True)]
        own = state.episodes.get(episode, self._no_episode)
        left = [v - d for v, d in zip(own, delta[self._carried :], strict=True)]
        self._keep(state, episode, left)

    def _keep(self, state: YearState, episode: str, own: list[int]) -> None:
        """Keep an episode's values, or forget them when nothing is left of them."""
        if own != self._no_episode:
            state.episodes[episode] = own
        else:
            state.episodes.pop(episode, None)

    # --- years --------------------------------------------------------------------------------

    def opening(self) -> list[int]:
        """Return the values of a year that nothing precedes."""
        return [0] * self._carried

    def close_year(
        self, year: int, status: Status, full_year: bool, values: Sequence[int]
    ) -> tuple[Program, list[int], list[int]]:
        """Run the year-end steps on the closing values of a year.

        Returns the program, its memory, and the next year's opening values.
        """
        end = date(year, 12, 31)
        facts = (full_year, status.holds(end))
        before = [*values, *self._no_episode]
        bound = self._bound("year_end", status, facts, end, before)
        memory = bound.run([*[0] * self._amounts, *before, *bound.figures])
        unwritten = bound.program.structure.first_figure
        after = [
            memory[slot] if slot >= unwritten else self._unset(i, memory[slot])
            for i, slot in enumerate(bound.state_after)
        ]
        return bound.program, memory, after[: self._carried]

    def _unset(self, index: int, value: int) -> int:
        return value if index in self._lifetime else 0

    def carry_only(self, values: Sequence[int]) -> list[int]:
        """Return the opening values after a year without any status: only lifetime values stay."""
        return [self._unset(i, value) for i, value in enumerate(values)]

    # --- profiles -----------------------------------------------------------------------------

    def _bound(
        self, phase: Phase, status: Status, facts: Facts, day: date, state: Sequence[int]
    ) -> _Bound:
        epoch = self._days.get(day) or self._epoch(day)
        counters = []
        for counter, within, top in self._counters:
            count = state[counter] if within is None else state[within] or state[counter] + 1
            counters.append(count if count < top else top)
        birth = status.birth_date
        ages = tuple([bisect_right(edges, age(birth, day)) for age, edges in epoch.ages])
        key = (status.facts, facts, ages, tuple(counters))
        bound = epoch.programs.get(key)
        if bound is None:
            attributes = self._attributes(phase, status, facts, day, state)
            bound = epoch.programs[key] = self._narrow(epoch, phase, attributes, ages, day)
        return bound

    def _narrow(
        self,
        epoch: _Epoch,
        phase: Phase,
        attributes: dict[str, Value],
        ages: tuple[int, ...],
        day: date,
    ) -> _Bound:
        """Bind a program once for all facts that the rules cannot tell apart."""
        plan = epoch.plan
        seen = tuple(
            value
            for name, value in attributes.items()
            if name in plan.looked_at and name not in AGES
        )
        bound = epoch.narrow.get((phase, ages, seen))
        if bound is None:
            bound = epoch.narrow[phase, ages, seen] = self._bind(
                plan.program(phase, attributes, day)
            )
        return bound

    def _epoch(self, day: date) -> _Epoch:
        number = self.policy.calendar.epoch(day)
        epoch = self._epochs.get(number)
        if epoch is None:
            epoch = _Epoch(self.policy.plan_of(number, day))
            self._epochs[number] = epoch
        self._days[day] = epoch
        return epoch

    def _bind(self, program: Program) -> _Bound:
        structure = program.structure
        run = self._runners.get(structure)
        if run is None:
            run = self._runners[structure] = runner(structure)
        return _Bound(program, run)

    def _attributes(
        self, phase: Phase, status: Status, facts: Facts, day: date, state: Sequence[int]
    ) -> dict[str, Value]:
        if phase == "claim":
            attributes = claim_attributes(status, facts, day)
        else:
            attributes = dict(zip(self._year_end_names, facts, strict=True)) | _person(status, day)
        declared = self.policy.region.state_attributes.values()
        for attribute, (counter, within, _) in zip(declared, self._counters, strict=True):
            own = 0 if within is None else state[within]
            attributes[attribute.name] = attribute.code(state[counter], own)
        return attributes


def claim_attributes(status: Status, facts: Facts, day: date) -> dict[str, Value]:
    """Return what rules may look at of a claim with such facts on a day, but for state."""
    words = vocabulary()
    names = [a.name for a in words.of("claim")]
    attributes = dict(zip(names, facts, strict=True)) | _person(status, day)
    for derived in words.of("derived"):
        held = attributes[derived.among]
        assert isinstance(held, frozenset)
        attributes[derived.name] = attributes[derived.code] in held
    return attributes


def _person(status: Status, day: date) -> dict[str, Value]:
    names = [a.name for a in vocabulary().of("person") if a.kind != "number"]
    attributes: dict[str, Value] = dict(zip(names, status.facts, strict=True))
    return attributes | {name: age(status.birth_date, day) for name, age in AGES.items()}


def episode_of(claim: Claim) -> str:
    """Return the name of a claim's episode; one without is its own, whatever others are called."""
    return claim.episode or own_episode(claim.claim_id)


def own_episode(claim_id: str) -> str:
    """Return the name of the episode that is a claim's own."""
    return f"\0{claim_id}"

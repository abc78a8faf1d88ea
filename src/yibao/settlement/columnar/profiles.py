"""Profiles: numbers for everything that a rule may look at, and which answer each gets.

A profile is made of facts that a claim and its person's status bring. What state adds (the number
of the admission, a streak of years) is known only while a person's claims are settled: so a profile
has a row of answers, one for each combination of the state values that rules look at.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import product

import numpy as np

from yibao.policy.model import Phase, Value
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.columnar.codes import Codes
from yibao.settlement.columnar.data import NONE, Int32, Int64
from yibao.settlement.columnar.decisions import Decision, Decisions
from yibao.settlement.columnar.prepare import AGE_BITS, EPOCH_BITS, Table, fill, unpack
from yibao.settlement.enrolment import AGES
from yibao.settlement.model import Facts

_SMALLEST = 1 << 12

PHASES: tuple[Phase, Phase] = ("claim", "year_end")
"""The phases by the number that a key has for them."""


class Profiles:
    """The profiles met so far under one policy, and their answers."""

    def __init__(
        self,
        policy: Policy,
        claim_facts: Codes,
        person_facts: Codes,
        enter: Callable[[Decision], int],
    ) -> None:
        """Begin without profiles. `enter` gives a decision its number."""
        self.policy = policy
        self.claim_facts = claim_facts
        self.person_facts = person_facts
        self._enter = enter
        words = vocabulary()
        self._claim_names = tuple(a.name for a in words.of("claim"))
        self._person_names = tuple(a.name for a in words.of("person") if a.kind != "number")
        self._year_end_names = tuple(a.name for a in words.of("year_end"))
        self._derived = words.of("derived")
        counters = policy.region.state_attributes.values()
        names = [a.name for a in counters]
        digits = [["", *a.codes()] if a.within else [*a.codes()] for a in counters]
        self._open = {a.name: a.codes() for a in counters}
        self._at: dict[tuple[tuple[str, Value], ...], list[int]] = {}
        # The number of an admission is never 0: that code keeps its place, and nothing gets there.
        self.combinations = [dict(zip(names, codes, strict=True)) for codes in product(*digits)]
        self._numbers: dict[Decision, int] = {}
        self._decisions: dict[tuple[int, Phase], Decisions] = {}
        self.count = 0
        self._keys = np.zeros(_SMALLEST, np.int64)
        self._row_of: list[int] = []
        self._rows: dict[tuple[int, ...], int] = {}
        self.table = self._empty(_SMALLEST)
        edges = policy.plan_of(0, date.min).breakpoints
        self.edges = (
            np.array(edges.get("age", ()), np.int64),
            np.array(edges.get("age_on_1_january", ()), np.int64),
        )
        self._check_sizes()

    def _check_sizes(self) -> None:
        """Make sure that what a key packs has room in it."""
        epochs, ages = len(self.policy.calendar.days) + 1, max(map(len, self.edges)) + 1
        if epochs > 1 << EPOCH_BITS or ages > 1 << AGE_BITS:
            raise ValueError(f"{epochs} epochs, {ages} ages: more than a profile's key can hold")

    # --- the table of keys --------------------------------------------------------------------

    @property
    def limit(self) -> int:
        """How many profiles the table can take."""
        return len(self.table.keys) // 2

    def grow(self, room: int) -> None:
        """Make room for so many more profiles."""
        size = len(self.table.keys)
        while size // 2 < self.count + room:
            size *= 2
        if size != len(self.table.keys):
            self.table = self._empty(size)
            fill(self.table, self._keys[: self.count])

    def _empty(self, size: int) -> Table:
        keys, fresh = np.zeros(size, np.int64), np.zeros(size, np.int64)
        return Table(keys, np.full(size, NONE, np.int32), fresh)

    def take(self, count: int) -> None:
        """Take in the profiles that the table got up to `count`, and find their answers."""
        fresh = self.table.fresh[: count - self.count].copy()
        if count > len(self._keys):
            self._keys = np.resize(self._keys, 1 << (count - 1).bit_length())
        self._keys[self.count : count] = fresh
        for key in fresh.tolist():
            row = self._answers(key)
            self._row_of.append(self._rows.setdefault(row, len(self._rows)))
        self.count = count

    def rows_of(self, profiles: Int32) -> Int32:
        """Return the row of answers of each profile, NONE of NONE.

        Profiles with the same answers share a row, so that few rows stay near the processor.
        """
        rows = np.array([*self._row_of, NONE], np.int32)
        return rows[profiles]

    @property
    def row_count(self) -> int:
        """How many rows of answers there are."""
        return len(self._rows)

    def rows(self) -> Int32:
        """Return all rows of answers: one number for each combination of state values."""
        return np.array(list(self._rows), np.int32).reshape(-1, len(self.combinations))

    # --- answers ------------------------------------------------------------------------------

    def _answers(self, key: int) -> tuple[int, ...]:
        """Return the numbers of the answers for each combination of state values.

        A decision that did not depend on a state value serves all combinations that differ in it.
        """
        phase, epoch, *_ = unpack(key)
        found = [NONE] * len(self.combinations)
        decisions = self._decisions_of(epoch, PHASES[phase])
        for decision, chosen in decisions.decide(self._attributes(key), self._open):
            number = self._number(decision)
            for at in self._places(tuple(chosen.items())):
                found[at] = number
        return tuple(found)

    def _number(self, decision: Decision) -> int:
        number = self._numbers.get(decision)
        if number is None:
            number = self._numbers[decision] = self._enter(decision)
        return number

    def _places(self, chosen: tuple[tuple[str, Value], ...]) -> list[int]:
        """Return where the combinations with these codes are."""
        places = self._at.get(chosen)
        if places is None:
            places = self._at[chosen] = [
                at
                for at, codes in enumerate(self.combinations)
                if all(codes[name] == code for name, code in chosen)
            ]
        return places

    def _decisions_of(self, epoch: int, phase: Phase) -> Decisions:
        decisions = self._decisions.get((epoch, phase))
        if decisions is None:
            first, last = self.policy.calendar.period(epoch)
            day = first or last or date.min
            plan = self.policy.plan_of(epoch, day)
            decisions = self._decisions[epoch, phase] = Decisions(plan, phase, day)
        return decisions

    def _attributes(self, key: int) -> dict[str, Value]:
        """Return the attributes that a key stands for, without those of state."""
        phase, _, age, new_year, person, claim = unpack(key)
        attributes: dict[str, Value] = {}
        if phase:
            flags: Facts = (bool(claim >> 1), bool(claim & 1))
            attributes.update(zip(self._year_end_names, flags, strict=True))
        else:
            attributes.update(zip(self._claim_names, self.claim_facts[claim], strict=True))
        attributes.update(zip(self._person_names, self.person_facts[person], strict=True))
        if not phase:
            for derived in self._derived:
                held = attributes[derived.among]
                assert isinstance(held, frozenset)
                attributes[derived.name] = attributes[derived.code] in held
        for name, edges, number in zip(AGES, self.edges, (age, new_year), strict=True):
            attributes[name] = _age_in(edges, number)
        return attributes


def _age_in(edges: Int64, number: int) -> int:
    """Return an age that stands for all those between two edges."""
    if number:
        return int(edges[number - 1])
    return int(edges[0]) - 1 if len(edges) else 0

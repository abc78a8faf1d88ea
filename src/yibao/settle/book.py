"""The book: persons' years, kept while claims are settled, reversed and years closed.

Claims are settled in the order in which they come, which must be that of (settled_at, claim_id).
A claim belongs to the year of its day (the discharge day of a stay, where the region says so), even
when it comes late. What has been settled is never rewritten: a reversal, or a claim that comes
after the next year was opened, reports what later settlements would have been (`Difference`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from yibao.errors import ClaimError, YibaoError
from yibao.policy.policy import Policy
from yibao.policy.program import Program
from yibao.settle.enrolment import Enrolment
from yibao.settle.executor import Executor
from yibao.settle.model import Claim, Reversal, Settlement, Status, YearState

YearKey = tuple[str, str, int]
"""A person, a scheme, a year."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A settlement that stands, and what it would be now; `would_be` None: it would be refused."""

    settlement: Settlement
    would_be: Settlement | None
    cause: str


@dataclass(frozen=True, slots=True)
class Reversed:
    """A settlement taken back, and the later ones that it would have changed."""

    reversal: Reversal
    settlement: Settlement
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class YearEnd:
    """One person's year, closed: program and memory of the year-end steps, and what it opens."""

    person_id: str
    scheme: str
    year: int
    program: Program
    memory: list[int]
    opening: Mapping[str, int]


class Book:
    """Persons' years under one policy."""

    def __init__(
        self,
        policy: Policy,
        enrolment: Enrolment,
        opening: Mapping[tuple[str, int], Mapping[str, int]] | None = None,
    ) -> None:
        """`opening` gives the state values with which a person enters a year, where known."""
        self.policy = policy
        self.enrolment = enrolment
        self.executor = Executor(policy)
        self._names = [n for n, v in policy.region.state.items() if v.scope != "episode"]
        self._years: dict[YearKey, YearState] = {}
        self._given = {
            key: [values.get(name, 0) for name in self._names]
            for key, values in (opening or {}).items()
        }
        self._opened: dict[tuple[str, int], list[int]] = dict(self._given)
        self._settled: dict[str, Settlement] = {}
        self._used: set[tuple[str, int]] = set()
        self._history: dict[YearKey, list[Settlement]] = {}
        self._reversed: dict[str, str] = {}

    # --- claims -------------------------------------------------------------------------------

    def settle(self, claim: Claim) -> Settlement:
        """Settle a claim.

        Raises ClaimError for a claim id met before or a person not insured on the day, PolicyError
        when the rules cannot answer. A claim that is refused leaves no trace.
        """
        if claim.claim_id in self._settled:
            raise ClaimError("claim_id", claim.claim_id, "unique claim id", "an id not used before")
        day = self.executor.day(claim)
        status = self._status(claim.person_id, day)
        key = (claim.person_id, self.enrolment.scheme(status), day.year)
        state = self._years.get(key)
        if state is None:
            state = YearState(list(self.opening(claim.person_id, day.year)))
        settlement = self.executor.settle(claim, status, key[1], day, state)
        self._years[key] = state
        self._settled[claim.claim_id] = settlement
        self._used.add((claim.person_id, day.year))
        self._history.setdefault(key, []).append(settlement)
        self._reopen(claim.person_id, day.year)
        return settlement

    def _status(self, person: str, day: date) -> Status:
        status = self.enrolment.status(person, day)
        if status is None:
            expected = (
                f"a person insured on {day}" if person in self.enrolment else "a person of the file"
            )
            raise ClaimError("person_id", person, "insured on the day of service", expected)
        return status

    def reverse(self, reversal: Reversal) -> Reversed:
        """Take a settlement back: the state loses exactly what the claim had added to it."""
        settlement = self._settled.get(reversal.reverses)
        if settlement is None:
            raise ClaimError(
                "reverses",
                reversal.reverses,
                "reversal of a settled claim",
                "a claim settled before",
            )
        if reversal.reverses in self._reversed:
            raise ClaimError(
                "reverses", reversal.reverses, "one reversal of a claim", "a claim not reversed yet"
            )
        if reversal.claim_id in self._settled or reversal.claim_id in self._reversed.values():
            raise ClaimError(
                "claim_id", reversal.claim_id, "unique claim id", "an id not used before"
            )
        key = self._key(settlement)
        self._reversed[reversal.reverses] = reversal.claim_id
        self.executor.take_back(settlement, self._years[key])
        self._reopen(key[0], key[2])
        later = self._after(settlement)
        return Reversed(reversal, settlement, self._differences(later, reversal.reverses))

    def _reopen(self, person: str, year: int) -> None:
        """Forget how later years were opened, as long as nothing was settled in them."""
        year += 1
        while (person, year) in self._opened and (person, year) not in self._given:
            if (person, year) in self._used:
                break
            del self._opened[person, year]
            year += 1

    def _key(self, settlement: Settlement) -> YearKey:
        return (settlement.claim.person_id, settlement.scheme, settlement.day.year)

    def _after(self, settlement: Settlement) -> list[Settlement]:
        history = self._history[self._key(settlement)]
        at = history.index(settlement)
        person, year = settlement.claim.person_id, settlement.day.year
        later = history[at + 1 :]
        for key, others in sorted(self._history.items()):
            if key[0] == person and key[2] > year:
                later = later + others
        return [s for s in later if s.claim.claim_id not in self._reversed]

    def late_effects(self, settlement: Settlement) -> tuple[Difference, ...]:
        """Return what a claim that came after the next year was opened would change later."""
        person, year = settlement.claim.person_id, settlement.day.year
        if (person, year + 1) not in self._opened or (person, year + 1) in self._given:
            return ()
        later = [s for s in self._after(settlement) if s.day.year > year]
        return self._differences(later, settlement.claim.claim_id)

    def _differences(self, later: Iterable[Settlement], cause: str) -> tuple[Difference, ...]:
        """Replay the person's claims without those reversed; compare `later` with the result."""
        later = list(later)
        if not later:
            return ()
        person = later[0].claim.person_id
        given = {k: dict(zip(self._names, v, strict=True)) for k, v in self._given.items()}
        replay = Book(self.policy, self.enrolment, given)
        replay.executor = self.executor
        for settlement in self.settlements(person):
            try:
                replay.settle(settlement.claim)
            except YibaoError:
                continue
        found = []
        for settlement in later:
            now = replay._settled.get(settlement.claim.claim_id)
            if now is None or dict(now.funds) != dict(settlement.funds):
                found.append(Difference(settlement, now, cause))
        return tuple(found)

    def settlements(self, person: str | None = None) -> list[Settlement]:
        """Return the settlements that stand, of one person or of all, in the order settled."""
        return [
            s
            for s in self._settled.values()
            if s.claim.claim_id not in self._reversed
            and (person is None or s.claim.person_id == person)
        ]

    # --- years --------------------------------------------------------------------------------

    def opening(self, person: str, year: int) -> list[int]:
        """Return the opening values of a person's year: what closing the years before leaves.

        Once a claim of the year was settled, a late claim of an earlier year does not change them.
        """
        opened = self._opened.get((person, year))
        if opened is None:
            opened = self._open(person, year)
            self._opened[person, year] = opened
        return opened

    def _open(self, person: str, year: int) -> list[int]:
        statuses = self.enrolment.statuses(person)
        first = statuses[0].first.year if statuses else year
        given = [y for p, y in self._given if p == person and y <= year]
        first = max([first, *given])
        if year <= first:
            return self._opened.get((person, year)) or self.executor.opening()
        before = self.opening(person, year - 1)
        status = self.enrolment.of_year(person, year - 1)
        if status is None:
            return self.executor.carry_only(before)
        return list(self.close_year(person, year - 1, status).opening.values())

    def close_year(self, person: str, year: int, status: Status | None = None) -> YearEnd:
        """Run the year-end rules on a person's year as it stands now."""
        status = status or self.enrolment.of_year(person, year)
        if status is None:
            raise ClaimError(
                "person_id", person, "insured in the year", f"a person insured in {year}"
            )
        scheme = self.enrolment.scheme(status)
        state = self._years.get((person, scheme, year))
        values = state.values if state is not None else self.opening(person, year)
        full = self.enrolment.full_year(person, year)
        program, memory, after = self.executor.close_year(year, status, full, values)
        opening = dict(zip(self._names, after, strict=True))
        return YearEnd(person, scheme, year, program, memory, opening)

    def state(self, person: str, scheme: str, year: int) -> dict[str, int]:
        """Return the state values of a person's year as they stand."""
        state = self._years.get((person, scheme, year))
        values = state.values if state is not None else self.opening(person, year)
        return dict(zip(self._names, values, strict=True))

"""The book: persons' years, kept while claims are settled, reversed and years closed.

Claims are settled in the order in which they come, which must be that of (settled_at, claim_id).
A claim belongs to the year of its day (the discharge day of a stay, where the region says so), even
when it comes late. What has been settled is never rewritten: a reversal, or a claim that comes
after the next year was opened, reports what later settlements would have been (`Difference`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from yibao.errors import ClaimError, YibaoError
from yibao.policy.policy import Policy
from yibao.policy.program import Program
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.executor import Executor, episode_of
from yibao.settlement.model import Claim, Reversal, Settlement, Status, YearState


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


@dataclass(slots=True)
class Record:
    """What the book keeps about one person.

    `given` and `opened` are opening values by year: those known from outside, and all so far;
    `years` the states of years by scheme; `settled` the settlements of this book.
    """

    given: dict[int, list[int]] = field(default_factory=dict)
    opened: dict[int, list[int]] = field(default_factory=dict)
    years: dict[tuple[str, int], YearState] = field(default_factory=dict)
    settled: list[Settlement] = field(default_factory=list)


class Book:
    """Persons' years under one policy."""

    def __init__(
        self,
        policy: Policy,
        enrolment: Enrolment,
        opening: Mapping[tuple[str, int], Mapping[str, int]] | None = None,
        executor: Executor | None = None,
        records: Mapping[str, Record] | None = None,
    ) -> None:
        """Open a book.

        `opening` gives the state values with which a person enters a year, where known. An
        `executor` of the same policy may be shared, for the programs that it has already bound.
        `records` are what an earlier book kept; they are changed.
        """
        self.policy = policy
        self.enrolment = enrolment
        self.executor = executor or Executor(policy)
        self._names = [n for n, v in policy.region.state.items() if v.scope != "episode"]
        self._records: dict[str, Record] = dict(records or {})
        self._settled: dict[str, Settlement] = {}
        self._reversed: dict[str, str] = {}
        self._reversals: set[str] = set()
        for (person, year), values in (opening or {}).items():
            given = [values.get(name, 0) for name in self._names]
            record = self._record(person)
            record.given[year] = record.opened[year] = given

    def _record(self, person: str) -> Record:
        record = self._records.get(person)
        if record is None:
            record = self._records[person] = Record()
        return record

    # --- claims -------------------------------------------------------------------------------

    def settle(self, claim: Claim) -> Settlement:
        """Settle a claim.

        Raises ClaimError for a claim id met before or a person not insured on the day, PolicyError
        when the rules cannot answer. A claim that is refused leaves no trace.
        """
        if claim.claim_id in self._settled or claim.claim_id in self._reversals:
            raise ClaimError("claim_id", claim.claim_id, "unique claim id", "an id not used before")
        day = self.executor.day(claim)
        person, year = claim.person_id, day.year
        status = self._status(person, day)
        record = self._record(person)
        key = (self.enrolment.scheme(status), year)
        state = record.years.get(key)
        fresh = state is None
        if state is None:
            state = YearState(list(self.opening(person, year)))
        settlement = self.executor.settle(claim, status, key[0], day, state)
        if fresh:
            record.years[key] = state
        self._settled[claim.claim_id] = settlement
        record.settled.append(settlement)
        if year + 1 in record.opened:
            self._reopen(record, year)
        return settlement

    def _status(self, person: str, day: date) -> Status:
        status = self.enrolment.status(person, day)
        if status is None:
            known = person in self.enrolment
            expected = f"a person insured on {day}" if known else "a person of the persons file"
            raise ClaimError("person_id", person, "insured on the day of service", expected)
        return status

    def reverse(self, reversal: Reversal) -> Reversed:
        """Take a settlement back: the state loses exactly what the claim had added to it.

        Raises ClaimError for a claim that was not settled or is already reversed, and for a
        reversal's own id met before.
        """
        target = reversal.reverses
        settlement = self._settled.get(target)
        if settlement is None:
            raise ClaimError("reverses", target, "reversal of a settled claim", "a settled claim")
        if target in self._reversed:
            raise ClaimError("reverses", target, "one reversal of a claim", "a claim that stands")
        own = reversal.claim_id
        if own in self._settled or own in self._reversals:
            raise ClaimError("claim_id", own, "unique claim id", "an id not used before")
        self._reversed[target] = own
        self._reversals.add(own)
        self.take_back(
            settlement.claim.person_id,
            (settlement.scheme, settlement.day.year),
            episode_of(settlement.claim),
            self.executor.delta(settlement),
            shared=self._shares_episode(settlement),
        )
        return Reversed(reversal, settlement, self._differences(settlement, target))

    def take_back(
        self, person: str, year: tuple[str, int], episode: str, delta: list[int], *, shared: bool
    ) -> None:
        """Take from a person's year of a scheme what a settlement had added to its state.

        `shared`: another claim of the same episode stands.
        """
        record = self._record(person)
        self.executor.take_back(delta, episode, record.years[year], shared=shared)
        self._reopen(record, year[1])

    def _shares_episode(self, settlement: Settlement) -> bool:
        """Tell whether another standing claim of the same year bears the episode's admission."""
        return bool(settlement.claim.episode) and any(
            other.claim.episode == settlement.claim.episode
            and (other.scheme, other.day.year) == (settlement.scheme, settlement.day.year)
            and other.claim.claim_id not in self._reversed
            and other.program.structure.numbers_admission
            for other in self._record(settlement.claim.person_id).settled
        )

    def late_effects(self, settlement: Settlement) -> tuple[Difference, ...]:
        """Return what a claim that came after a later year was opened would change there."""
        return self._differences(settlement, settlement.claim.claim_id)

    def _reopen(self, record: Record, year: int) -> None:
        """Forget how later years were opened, as long as nothing was settled in them."""
        used = {used for _, used in record.years}
        year += 1
        while year in record.opened and year not in record.given and year not in used:
            del record.opened[year]
            year += 1

    def _differences(self, changed: Settlement, cause: str) -> tuple[Difference, ...]:
        """Replay the person's standing claims and compare those that `changed` may have touched.

        These are the later ones of its year and scheme, and all of later years.
        """
        person, year = changed.claim.person_id, changed.day.year
        standing = self.settlements(person)
        at = self._record(person).settled.index(changed)
        after = set(map(id, self._record(person).settled[at + 1 :]))
        touched = [
            s
            for s in standing
            if s.day.year > year
            or (s.day.year == year and s.scheme == changed.scheme and id(s) in after)
        ]
        if not touched:
            return ()
        replayed = self._replay(person, standing)
        pairs = [(s, replayed.get(s.claim.claim_id)) for s in touched]
        return tuple(
            Difference(was, now, cause)
            for was, now in pairs
            if now is None or now.funds != was.funds
        )

    def _replay(self, person: str, standing: Iterable[Settlement]) -> Mapping[str, Settlement]:
        given = {
            (person, year): dict(zip(self._names, values, strict=True))
            for year, values in self._record(person).given.items()
        }
        book = Book(self.policy, self.enrolment, given, self.executor)
        for settlement in sorted(standing, key=lambda s: s.day.year):
            with suppress(YibaoError):
                book.settle(settlement.claim)
        return book._settled

    def settlements(self, person: str | None = None) -> list[Settlement]:
        """Return the settlements that stand, of one person or of all, in the order settled."""
        settled = self._settled.values() if person is None else self._record(person).settled
        return [s for s in settled if s.claim.claim_id not in self._reversed]

    # --- years --------------------------------------------------------------------------------

    def opening(self, person: str, year: int) -> list[int]:
        """Return the opening values of a person's year: what closing the years before leaves.

        Once a claim of the year was settled, a late claim of an earlier year does not change them.
        """
        record = self._record(person)
        if year not in record.opened:
            begins = self._begins(person, year, record)
            known = max((y for y in record.opened if begins <= y < year), default=None)
            if known is None:
                known, record.opened[begins] = begins, self.executor.opening()
            for later in range(known + 1, year + 1):
                record.opened[later] = self._open(person, later, record.opened[later - 1])
        return record.opened[year]

    def _begins(self, person: str, year: int, record: Record) -> int:
        """Return the first year that can matter to `year`: nothing is remembered before rules."""
        rules = self.policy.calendar.days[:1]
        first = [status.first for status in self.enrolment.statuses(person)[:1]]
        begins = [max(first + rules).year] if first else []
        begins += [given for given in record.given if given <= year]
        return min(max(begins, default=year), year)

    def _open(self, person: str, year: int, before: list[int]) -> list[int]:
        status = self.enrolment.of_year(person, year - 1)
        if status is None:
            return self.executor.carry_only(before)
        return list(self.close_year(person, year - 1, status).opening.values())

    def close_year(self, person: str, year: int, status: Status | None = None) -> YearEnd:
        """Run the year-end rules on a person's year as it stands now.

        The rules and status are those of 31 December; what the person used under another scheme
        earlier in the year counts too.
        """
        status = status or self.enrolment.of_year(person, year)
        if status is None:
            expected = f"a person insured in {year}"
            raise ClaimError("person_id", person, "insured in the year", expected)
        scheme = self.enrolment.scheme(status)
        full = self.enrolment.full_year(person, year)
        values = self._whole_year(person, year)
        program, memory, after = self.executor.close_year(year, status, full, values)
        opening = dict(zip(self._names, after, strict=True))
        return YearEnd(person, scheme, year, program, memory, opening)

    def _whole_year(self, person: str, year: int) -> list[int]:
        """Return the values of a person's year over all schemes: each adds what it changed."""
        opening = self.opening(person, year)
        years = self._record(person).years.items()
        states = [state.values for (_, of), state in years if of == year]
        if not states:
            return list(opening)
        return [start + sum(v[i] - start for v in states) for i, start in enumerate(opening)]

    def state(self, person: str, scheme: str, year: int) -> dict[str, int]:
        """Return the state values of a person's year as they stand."""
        return dict(zip(self._names, self._values(person, scheme, year), strict=True))

    def _values(self, person: str, scheme: str, year: int) -> list[int]:
        state = self._record(person).years.get((scheme, year))
        return self.opening(person, year) if state is None else state.values

"""Who is insured when: the statuses of persons over time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta

from yibao.errors import ClaimError
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.model import Status


def age_on(birth: date, day: date) -> int:
    """Return completed years on `day`."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def age_at_new_year(birth: date, day: date) -> int:
    """Return completed years on 1 January of the year of `day`."""
    return day.year - birth.year - (birth.month > 1 or birth.day > 1)


AGES: Mapping[str, Callable[[date, date], int]] = {
    "age": age_on,
    "age_on_1_january": age_at_new_year,
}
"""The ages that a rule may look at, from a birth date and the day of service."""


class Enrolment:
    """Statuses by person, without overlaps."""

    def __init__(self, statuses: Iterable[Status] = ()) -> None:
        self._by_person: dict[str, list[Status]] = {}
        self._firsts: dict[str, list[date]] = {}
        names = [a.name for a in vocabulary().of("person") if a.kind != "number"]
        self._scheme = names.index("scheme")
        for status in statuses:
            self.add(status)

    def add(self, status: Status) -> None:
        """Add a status; raises ClaimError when it overlaps another of the same person."""
        held = self._by_person.get(status.person_id, [])
        firsts = self._firsts.get(status.person_id, [])
        at = bisect_right(firsts, status.first)
        before = held[at - 1] if at else None
        after = held[at] if at < len(held) else None
        for other in (before, after):
            if other is not None and _overlap(status, other):
                raise ClaimError(
                    "from",
                    status.first.isoformat(),
                    "one status at a time",
                    f"a period that does not overlap the status of {status.person_id} "
                    f"from {other.first} to {other.last or 'further notice'}",
                )
        held.insert(at, status)
        firsts.insert(at, status.first)
        self._by_person[status.person_id] = held
        self._firsts[status.person_id] = firsts

    def status(self, person: str, day: date) -> Status | None:
        """Return the status that covers `day`, or None."""
        held = self._by_person.get(person)
        if held is None:
            return None
        at = bisect_right(self._firsts[person], day) if len(held) > 1 else 1
        status = held[at - 1] if at else None
        return status if status is not None and status.holds(day) else None

    def statuses(self, person: str) -> tuple[Status, ...]:
        """Return all statuses of a person in order of time."""
        return tuple(self._by_person.get(person, ()))

    def scheme(self, status: Status) -> str:
        """Return the scheme of a status."""
        return str(status.facts[self._scheme])

    def of_year(self, person: str, year: int) -> Status | None:
        """Return the status on 31 December of a year, or else the last one within the year."""
        end, begin = date(year, 12, 31), date(year, 1, 1)
        last = None
        for status in self._by_person.get(person, ()):
            if status.first <= end and (status.last is None or status.last >= begin):
                last = status
        return last

    def full_year(self, person: str, year: int) -> bool:
        """Tell whether the person was insured without a gap all through a year."""
        day, end = date(year, 1, 1), date(year, 12, 31)
        for status in self._by_person.get(person, ()):
            if status.holds(day):
                if status.last is None or status.last >= end:
                    return True
                day = status.last + timedelta(days=1)
        return False

    def __contains__(self, person: str) -> bool:
        return person in self._by_person

    def persons(self) -> Iterable[str]:
        """Return every person."""
        return self._by_person.keys()


def _overlap(one: Status, other: Status) -> bool:
    return (one.last is None or other.first <= one.last) and (
        other.last is None or one.first <= other.last
    )

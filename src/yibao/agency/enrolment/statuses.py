"""The statuses that settlement asks for: coverage, cut wherever what holds of a person changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from yibao.agency.enrolment.periods import Period
from yibao.policy.model import Value
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.model import Status
from yibao.store.database import Connection

_DAY = timedelta(days=1)

_SAYS = ("scheme", "category", "contribution_tier", "reason")
"""What coverage says."""


@dataclass(slots=True)
class _Held:
    birth_date: date
    coverage: list[Period] = field(default_factory=list)
    facts: list[Period] = field(default_factory=list)


def statuses(connection: Connection, person_id: str) -> list[Status]:
    """Return when a person is insured and with which facts, in order, without overlaps.

    Nobody of that id, or nobody who is covered, has none.
    """
    return statuses_of_many(connection, [person_id]).get(person_id, [])


def statuses_of_many(
    connection: Connection, person_ids: Sequence[str]
) -> Mapping[str, list[Status]]:
    """Return the statuses of persons by id; those who have none are left out."""
    held: dict[str, _Held] = {}
    rows = connection.execute(
        """
        WITH wanted AS (
          SELECT person_no, person_id, birth_date FROM enrolment.person
          WHERE person_id = ANY(%s)
        )
        SELECT person_id, birth_date, lower(valid), upper(valid) - 1, NULL, NULL,
               scheme, category, contribution_tier, reason
        FROM wanted JOIN enrolment.coverage USING (person_no) WHERE upper_inf(known)
        UNION ALL
        SELECT person_id, birth_date, lower(valid), upper(valid) - 1, attribute, value,
               NULL, NULL, NULL, NULL
        FROM wanted JOIN enrolment.fact USING (person_no) WHERE upper_inf(known)
        ORDER BY 1, 3
        """,
        (list(person_ids),),
    )
    for person_id, birth, first, last, attribute, value, *says in rows:
        one = held.setdefault(person_id, _Held(birth))
        if attribute is None:
            one.coverage.append(Period(first, last, dict(zip(_SAYS, says, strict=True))))
        else:
            one.facts.append(Period(first, last, {"attribute": attribute, "value": value}))
    return {
        person_id: list(_composed(person_id, one))
        for person_id, one in held.items()
        if one.coverage
    }


def statuses_told(person_id: str, told: Mapping[str, Any]) -> list[Status]:
    """Return the statuses of a person from what `desk.registers` told, as JSON has it."""
    held = _Held(date.fromisoformat(told["birth_date"]))
    for first, last, *says in told["coverage"]:
        held.coverage.append(_told(first, last, _SAYS, says))
    for first, last, *says in told["facts"]:
        held.facts.append(_told(first, last, ("attribute", "value"), says))
    return list(_composed(person_id, held)) if held.coverage else []


def _told(first: str, last: str | None, names: Sequence[str], says: Sequence[str]) -> Period:
    until = None if last is None else date.fromisoformat(last)
    return Period(date.fromisoformat(first), until, dict(zip(names, says, strict=True)))


def _composed(person_id: str, held: _Held) -> Iterator[Status]:
    """Yield statuses, joining days that follow one another with the same facts."""
    before: Status | None = None
    for piece, two_years in _pieces(held):
        status = _status(person_id, held, piece, two_years=two_years)
        if before is not None and _continues(before, status):
            status = _joined(before, status)
        elif before is not None:
            yield before
        before = status
    if before is not None:
        yield before


def _pieces(held: _Held) -> Iterator[tuple[Period, bool]]:
    """Yield coverage cut at every day on which a fact begins or has ended.

    Beside each piece stands whether two years of payments without a gap come before it.
    """
    cuts = {p.first for p in held.facts} | {p.last + _DAY for p in held.facts if p.last is not None}
    for period, since in zip(held.coverage, _two_years(held.coverage), strict=True):
        at = period.first
        for day in sorted(cuts if since is None else cuts | {since}):
            if at < day and (period.last is None or day <= period.last):
                yield Period(at, day - _DAY, period.says), since is not None and since <= at
                at = day
        yield Period(at, period.last, period.says), since is not None and since <= at


def _status(person_id: str, held: _Held, piece: Period, *, two_years: bool) -> Status:
    facts: dict[str, Value] = {
        name: piece.says[name] for name in ("scheme", "category", "contribution_tier")
    }
    chosen: dict[str, str] = {}
    for fact in held.facts:
        if fact.holds(piece.first):
            name, value = fact.says["attribute"], fact.says["value"]
            if name in {"identities", "registered_diseases"}:
                others = facts.get(name, frozenset())
                assert isinstance(others, frozenset)
                facts[name] = others | {value}
            elif name in {"chosen_institution", "contracted_institution"}:
                chosen[name] = value
            else:
                facts[name] = True
    if two_years:
        facts["insured_two_years"] = True
    return Status(
        person_id=person_id,
        first=piece.first,
        last=piece.last,
        birth_date=held.birth_date,
        facts=tuple([facts.get(name, absent) for name, absent in _absent()]),
        **chosen,
    )


@cache
def _absent() -> list[tuple[str, Value]]:
    """Return the facts of a status in their order, with what holds where nothing is known."""
    found: list[tuple[str, Value]] = []
    for attribute in vocabulary().of("person"):
        if attribute.kind != "number":
            found.append((attribute.name, "" if attribute.absent is None else attribute.absent))
    return found


def _two_years(coverage: Iterable[Period]) -> Iterator[date | None]:
    """Yield, for each period, the day from which two years of paid coverage lie behind.

    What was stated says itself whether it lasts that long.
    """
    since: date | None = None
    ends: date | None = None
    for period in coverage:
        if period.says["reason"] == "stated":
            since = ends = None
        else:
            if since is None or ends is None or period.first != ends + _DAY:
                since = _after_two_years(period.first)
            ends = period.last
        yield since


def _after_two_years(day: date) -> date:
    leaps = day.month == 2 and day.day == 29
    return date(day.year + 2, 3, 1) if leaps else day.replace(year=day.year + 2)


def _continues(one: Status, other: Status) -> bool:
    follows = one.last is not None and one.last + _DAY == other.first
    same = (one.facts, one.chosen_institution, one.contracted_institution) == (
        other.facts,
        other.chosen_institution,
        other.contracted_institution,
    )
    return follows and same


def _joined(one: Status, other: Status) -> Status:
    return Status(
        person_id=one.person_id,
        first=one.first,
        last=other.last,
        birth_date=one.birth_date,
        facts=one.facts,
        chosen_institution=one.chosen_institution,
        contracted_institution=one.contracted_institution,
    )

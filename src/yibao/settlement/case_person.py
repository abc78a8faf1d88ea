"""Who the person of a worked example is, and when insured.

Enters: facts as a case writes them. Leaves: statuses. What is wrong is a KeyError with the words
of a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from yibao.policy.model import Value
from yibao.policy.source import did_you_mean
from yibao.policy.vocabulary import Attribute, vocabulary
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Status

PERSON = "case"
_ALWAYS = date(1990, 1, 1)
_BIRTH = "1980-01-01"


def enrolment_of(person: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> Enrolment:
    """Return when the person of a case is insured, with which facts.

    Each event's status begins on its day and lasts until the next change. Raises KeyError for a
    fact that is lacking or that the vocabulary does not have.
    """
    changes: list[tuple[date, Mapping[str, Any]]] = [(_ALWAYS, person)]
    for event in events:
        facts: Mapping[str, Any] = {**person, **event.get("person", {})}
        if facts != changes[-1][1]:
            day = event.get("date") or f"{event['year_end']}-12-31"
            changes.append((date.fromisoformat(day), facts))
    enrolment = Enrolment()
    gap = any(event.get("full_year") is False for event in events)
    out = any(event.get("insured_at_year_end") is False for event in events)
    for (first, facts), after in zip(changes, [*changes[1:], None], strict=True):
        last = None if after is None else after[0] - timedelta(days=1)
        enrolment.add(_status(first, last, facts))
    return _gapped(enrolment, events) if gap or out else enrolment


def _status(first: date, last: date | None, facts: Mapping[str, Any]) -> Status:
    words = [a for a in vocabulary().of("person") if a.kind != "number"]
    names = {a.name for a in words} | {"birth_date"}
    for name in facts.keys() - names:
        near = did_you_mean(name, names)
        raise KeyError(f"the person's {name} is not in the vocabulary{near}")
    return Status(
        person_id=PERSON,
        first=first,
        last=last,
        birth_date=date.fromisoformat(facts.get("birth_date", _BIRTH)),
        facts=tuple(value_of(a, facts) for a in words),
    )


def _gapped(enrolment: Enrolment, events: Iterable[Mapping[str, Any]]) -> Enrolment:
    """Cut the statuses: a year that was not full misses its first day, another its last."""
    missing = set()
    for event in events:
        if event.get("full_year") is False:
            missing.add(date(event["year_end"], 1, 1))
        if event.get("insured_at_year_end") is False:
            missing.add(date(event["year_end"], 12, 31))
    cut = Enrolment()
    for status in enrolment.statuses(PERSON):
        for piece in _without_days(status, sorted(missing)):
            cut.add(piece)
    return cut


def _without_days(status: Status, days: list[date]) -> Iterator[Status]:
    first = status.first
    for day in days:
        if status.holds(day):
            if first < day:
                yield _piece(status, first, day - timedelta(days=1))
            first = day + timedelta(days=1)
    if status.last is None or first <= status.last:
        yield _piece(status, first, status.last)


def _piece(status: Status, first: date, last: date | None) -> Status:
    return Status(status.person_id, first, last, status.birth_date, status.facts)


def value_of(attribute: Attribute, data: Mapping[str, Any]) -> Value:
    """Return the value of an attribute in a case's data; raises KeyError."""
    value = data.get(attribute.name, attribute.absent)
    if value is None:
        raise KeyError(f"the fact {attribute.name} is needed")
    if isinstance(value, list):
        return frozenset(value)
    if attribute.codes is not None and attribute.kind == "code" and value not in attribute.codes:
        near = did_you_mean(str(value), attribute.codes)
        raise KeyError(
            f"{attribute.name}: {value} is not one of {', '.join(attribute.codes)}{near}"
        )
    assert isinstance(value, str | bool | int | frozenset)
    return value

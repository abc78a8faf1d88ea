"""Run the worked examples beside the rules: cases.yaml in, verdicts out, zero tolerance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from yibao.errors import MoneyError, PackErrors, PolicyError, YibaoError
from yibao.money import UNLIMITED, format_yuan, parse_yuan
from yibao.policy.model import Text, Value
from yibao.policy.policy import Policy, load_policy
from yibao.policy.source import Source, did_you_mean, read
from yibao.policy.validate import validate
from yibao.policy.vocabulary import POLICIES, Attribute, vocabulary
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Claim, Reversal, Settlement, Status
from yibao.settlement.procedure import Office, Request

PERSON = "case"
_ALWAYS = date(1990, 1, 1)
_BIRTH = "1980-01-01"
_PROCEDURE_EVENT = {"procedure", "date", "person", "expect", "refused"}
_EVENT = {"date", "id", "episode", "person", "expect", "refused", "admitted", "account_available"}


@dataclass(frozen=True, slots=True)
class Case:
    """One worked example, as written."""

    id: str
    title: Text
    clauses: tuple[str, ...]
    file: Path
    line: int
    data: Mapping[str, Any]
    defaults: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a case: the settlements made, and every way in which it failed."""

    case: Case
    settlements: tuple[Settlement, ...]
    failures: tuple[str, ...]


def read_cases(folder: Path) -> tuple[Case, ...]:
    """Read the cases of a region's or document's folder; raises PackErrors."""
    return tuple(case for file in sorted(folder.rglob("cases.yaml")) for case in _file(file))


def _file(file: Path) -> Iterator[Case]:
    source: Source = read(file)
    defects = validate(source, "cases")
    if defects:
        raise PackErrors(defects)
    for i, data in enumerate(source.data["cases"]):
        yield Case(
            id=data["id"],
            title=Text(**data["title"]),
            clauses=tuple(data.get("clauses", ())),
            file=file,
            line=source.line(("cases", i)),
            data=data,
            defaults=source.data.get("defaults", {}),
        )


class CaseRunner:
    """Runs cases of one region, loading each variant of the policy that they ask for once."""

    def __init__(self, region: str | Path) -> None:
        self.folder = region if isinstance(region, Path) else POLICIES / region
        self._policies: dict[tuple[Any, ...], Policy] = {}

    def run_all(self) -> Iterator[Verdict]:
        """Run every case of the region."""
        for case in read_cases(self.folder):
            yield self.run(case)

    def run(self, case: Case) -> Verdict:
        """Run one case and compare every expected figure exactly."""
        return _Run(case, self._policy(case)).verdict()

    def _policy(self, case: Case) -> Policy:
        data = case.data
        overlays = tuple((case.file.parent / o).resolve() for o in data.get("overlays", ()))
        known = date.fromisoformat(data["known"]) if "known" in data else None
        key = (known, data.get("accept_grade", "C"), overlays, tuple(data.get("without", ())))
        if key not in self._policies:
            self._policies[key] = load_policy(
                self.folder, known=key[0], accept=key[1], overlays=overlays, without=key[3]
            )
        return self._policies[key]


class _Run:
    def __init__(self, case: Case, policy: Policy) -> None:
        self.case = case
        self.policy = policy
        self.failures: list[str] = []
        self.settlements: list[Settlement] = []
        self.person = {**case.defaults.get("person", {}), **case.data.get("person", {})}
        self.claim = {**case.defaults.get("claim", {}), **case.data.get("claim", {})}

    def verdict(self) -> Verdict:
        try:
            self._events()
        except KeyError as error:
            self.failures.append(str(error.args[0]))
        except (YibaoError, ValueError) as error:
            self.failures.append(f"{type(error).__name__}: {error}")
        return Verdict(self.case, tuple(self.settlements), tuple(self.failures))

    def _events(self) -> None:
        events = self.case.data["events"]
        self.office = Office(self.policy)
        settled = [event for event in events if "procedure" not in event]
        if settled:
            self.book = Book(self.policy, self._enrolment(settled), self._opening(settled[0]))
        for n, event in enumerate(events, 1):
            if "year_end" in event:
                self._year_end(n, event)
            elif "procedure" in event:
                self._procedure(n, event)
            elif "reverses" in event:
                reversal = Reversal(f"r{n}", event["reverses"], _at(event["date"], n))
                self.book.reverse(reversal)
                self._expect(n, event, self._state(date.fromisoformat(event["date"]).year))
            else:
                self._settle(n, event)

    # --- persons ------------------------------------------------------------------------------

    def _enrolment(self, events: Iterable[Mapping[str, Any]]) -> Enrolment:
        """Let each event's status begin on its day and last until the next change."""
        changes: list[tuple[date, Mapping[str, Any]]] = [(_ALWAYS, self.person)]
        for event in events:
            facts: Mapping[str, Any] = {**self.person, **event.get("person", {})}
            if facts != changes[-1][1]:
                day = event.get("date") or f"{event['year_end']}-12-31"
                changes.append((date.fromisoformat(day), facts))
        enrolment = Enrolment()
        gap = any(event.get("full_year") is False for event in events)
        out = any(event.get("insured_at_year_end") is False for event in events)
        for (first, facts), after in zip(changes, [*changes[1:], None], strict=True):
            last = None if after is None else after[0] - timedelta(days=1)
            enrolment.add(self._status(first, last, facts))
        return _gapped(enrolment, events) if gap or out else enrolment

    def _status(self, first: date, last: date | None, facts: Mapping[str, Any]) -> Status:
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
            facts=tuple(_value(a, facts) for a in words),
        )

    def _facts(self, facts: Mapping[str, Any]) -> dict[str, Value]:
        return {
            a.name: _value(a, facts)
            for a in vocabulary().of("person")
            if a.name in facts or a.absent is not None
        }

    def _opening(self, first: Mapping[str, Any]) -> dict[tuple[str, int], dict[str, int]]:
        year = first.get("year_end") or date.fromisoformat(first["date"]).year
        state = self.policy.region.state
        given = self.case.data.get("opening", {})
        for name in given.keys() - state.keys():
            raise KeyError(f"the opening {name} is not a state value")
        opening = {name: _number(v) for name, v in given.items()}
        return {(PERSON, year): opening}

    # --- events -------------------------------------------------------------------------------

    def _settle(self, n: int, event: Mapping[str, Any]) -> None:
        claim = self._claim(n, event)
        refused = event.get("refused")
        try:
            settlement = self.book.settle(claim)
        except PolicyError as error:
            if refused != error.name:
                self.failures.append(f"event {n}: refused: {error}")
            return
        if refused is not None:
            self.failures.append(f"event {n}: settled, but {refused} should have refused it")
        self.settlements.append(settlement)
        names = settlement.program.structure.final
        figures = {name: settlement.figure(name) for name in names}
        figures.update(
            {name: settlement.figure(name) for name in ("personal_pay", "account_pay", "cash_pay")}
        )
        figures.update(dict.fromkeys(vocabulary().funds.keys() - names, 0))
        self._expect(n, event, figures)

    def _procedure(self, n: int, event: Mapping[str, Any]) -> None:
        person = {**self.person, **event.get("person", {})}
        refused = event.get("refused")
        try:
            outcome = self.office.run(self._request(n, event, person))
        except PolicyError as error:
            if refused != error.name:
                self.failures.append(f"event {n}: refused: {error}")
            return
        if refused is not None:
            self.failures.append(f"event {n}: answered, but {refused} should have refused it")
        procedure = vocabulary().procedures[event["procedure"]]
        names = {*outcome.program.structure.final, *procedure.payers, *procedure.gives}
        self._expect(n, event, {name: outcome.figure(name) for name in names})

    def _request(self, n: int, event: Mapping[str, Any], person: Mapping[str, Any]) -> Request:
        words = vocabulary()
        name = event["procedure"]
        if name not in words.procedures:
            raise KeyError(f"event {n}: {name} is not one of {', '.join(words.procedures)}")
        procedure = words.procedures[name]
        given = {k: v for k, v in event.items() if k not in _PROCEDURE_EVENT}
        for key in given.keys() - {*procedure.facts} - procedure.inputs.keys():
            raise KeyError(f"event {n}: {key} is neither a fact nor an input of {name}")
        facts = {k: v for k, v in given.items() if k in procedure.facts}
        birth = person.get("birth_date")
        return Request(
            procedure=name,
            day=date.fromisoformat(event["date"]),
            facts={
                **self._facts({k: v for k, v in person.items() if k != "birth_date"}),
                **{k: _value(words.attributes[k], facts) for k in facts},
            },
            amounts={k: _number(v) for k, v in given.items() if k in procedure.inputs},
            birth_date=date.fromisoformat(birth) if birth else None,
        )

    def _claim(self, n: int, event: Mapping[str, Any]) -> Claim:
        data = {**self.claim, **event}
        words = vocabulary()
        facts = words.of("claim")
        for name in data.keys() - _EVENT - {a.name for a in facts} - words.amounts.keys():
            near = did_you_mean(name, {*_EVENT, *words.amounts, *(a.name for a in facts)})
            raise KeyError(f"event {n}: {name} is not in the vocabulary{near}")
        amounts = {name: parse_yuan(data[name]) for name in words.amounts if name in data}
        amounts.setdefault("total", sum(amounts.get(p, 0) for p in words.amounts["total"].parts))
        day = date.fromisoformat(event["date"])
        admitted = event.get("admitted")
        return Claim(
            claim_id=event.get("id", f"c{n}"),
            person_id=PERSON,
            admitted=date.fromisoformat(admitted) if admitted else day,
            discharged=day,
            settled_at=_at(event["date"], n),
            facts=tuple(_value(a, data) for a in facts),
            amounts=tuple(amounts.get(name, 0) for name in words.amounts),
            episode=event.get("episode", ""),
            account_available=parse_yuan(event.get("account_available", "0")),
        )

    def _year_end(self, n: int, event: Mapping[str, Any]) -> None:
        end = self.book.close_year(PERSON, event["year_end"])
        self._expect(n, event, end.opening)

    def _state(self, year: int) -> Mapping[str, int]:
        status = self.book.enrolment.of_year(PERSON, year)
        assert status is not None
        return self.book.state(PERSON, self.book.enrolment.scheme(status), year)

    def _expect(self, n: int, event: Mapping[str, Any], figures: Mapping[str, int]) -> None:
        for name, text in event.get("expect", {}).items():
            if name not in figures:
                known = ", ".join(sorted(figures))
                near = did_you_mean(name, figures)
                self.failures.append(f"event {n}: no figure {name}; there are: {known}{near}")
            elif figures[name] != _number(text):
                found = format_yuan(figures[name]) if isinstance(text, str) else figures[name]
                self.failures.append(f"event {n}: {name} is {found}, expected {text}")


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


def _value(attribute: Attribute, data: Mapping[str, Any]) -> Value:
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


def _number(text: str | int) -> int:
    if isinstance(text, int):
        return text
    try:
        return parse_yuan(text)
    except MoneyError:
        if text == "unlimited":
            return UNLIMITED
        raise


def _at(day: str, n: int) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(0)) + timedelta(seconds=n)

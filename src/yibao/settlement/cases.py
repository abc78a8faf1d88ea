"""Run the worked examples beside the rules: cases.yaml in, verdicts out, zero tolerance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

from yibao.errors import MoneyError, PackErrors, PolicyError, YibaoError
from yibao.money import UNLIMITED, format_yuan, parse_yuan
from yibao.policy.model import Text, Value
from yibao.policy.policy import Policy, load_policy
from yibao.policy.source import Source, did_you_mean, read
from yibao.policy.validate import validate
from yibao.policy.vocabulary import POLICIES, vocabulary
from yibao.settlement.book import Book
from yibao.settlement.case_person import PERSON, enrolment_of, value_of
from yibao.settlement.model import Claim, Reversal, Settlement
from yibao.settlement.procedure import Office, Request

Answer = TypeVar("Answer")

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
            self.book = Book(
                self.policy, enrolment_of(self.person, settled), self._opening(settled[0])
            )
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

    def _facts(self, facts: Mapping[str, Any]) -> dict[str, Value]:
        return {
            a.name: value_of(a, facts)
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

    def _answered(
        self, n: int, event: Mapping[str, Any], ask: Callable[[], Answer], word: str
    ) -> Answer | None:
        """Return what the rules answer, None where they refuse; note what was not expected."""
        refused = event.get("refused")
        try:
            answer = ask()
        except PolicyError as error:
            if refused != error.name:
                self.failures.append(f"event {n}: refused: {error}")
            return None
        if refused is not None:
            self.failures.append(f"event {n}: {word}, but {refused} should have refused it")
        return answer

    def _settle(self, n: int, event: Mapping[str, Any]) -> None:
        claim = self._claim(n, event)
        settlement = self._answered(n, event, lambda: self.book.settle(claim), "settled")
        if settlement is None:
            return
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
        request = self._request(n, event, person)
        outcome = self._answered(n, event, lambda: self.office.run(request), "answered")
        if outcome is None:
            return
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
                **{k: value_of(words.attributes[k], facts) for k in facts},
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
            facts=tuple(value_of(a, data) for a in facts),
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

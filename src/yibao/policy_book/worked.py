"""The worked cases, as they are written and as they come out.

Enters: the cases beside a region's documents. Leaves: what each gives and expects, in words;
whether the engine agrees; and which provisions it used, by file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yibao.money import UNLIMITED, parse_yuan
from yibao.policy.model import Origin
from yibao.policy.names import condition_of
from yibao.policy_book import labels
from yibao.policy_book.naming import Naming, figure, join, same
from yibao.settlement.cases import Case, CaseRunner, Verdict, read_cases
from yibao.text import Text

Place = tuple[Path, int]
Facts = tuple[tuple[Text, Text], ...]

_AMOUNT = re.compile(r"\d+\.\d\d")
_GIVEN = ("person", "claim", "opening")
_CONDITIONS = ("known", "accept_grade", "without", "overlays")
_TOLD = frozenset({"expect", "refused", "date", "year_end", "id"})
"""Fields of an event that have a column of their own, or are only for the case itself."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a case: what happens when, and the figures that must come out."""

    when: Text
    what: Facts
    expects: Facts
    refused: Text | None


@dataclass(frozen=True, slots=True)
class Worked:
    """A worked case; `failures` is empty when the engine gives exactly the expected figures.

    `folder` is where it stands below its region: a document's folder, or one in it.
    """

    case: Case
    folder: Path
    given: tuple[tuple[Text, Facts], ...]
    events: tuple[Event, ...]
    failures: tuple[str, ...]
    used: frozenset[Place]

    @property
    def document(self) -> str:
        """The id of the document that the case stands beside; empty when it is none."""
        return self.folder.parts[0].partition("@")[0] if self.folder.parts else ""

    @property
    def anchor(self) -> str:
        """The case's place on the page of cases."""
        return "-".join([*(part.partition("@")[0] for part in self.folder.parts), self.case.id])


def place(origin: Origin) -> Place:
    """Return what tells one provision from another, whoever loaded it."""
    return (origin.file, origin.line)


def worked(folder: Path, naming: Naming) -> Iterator[Worked]:
    """Run and describe the cases below a region's folder."""
    runner = CaseRunner(folder)
    for case in read_cases(folder):
        verdict = runner.run(case)
        yield Worked(
            case=case,
            folder=case.file.parent.relative_to(folder),
            given=tuple(_given(case, naming)),
            events=tuple(_event(event, naming) for event in case.data["events"]),
            failures=verdict.failures,
            used=frozenset(_used(verdict)),
        )


def _used(verdict: Verdict) -> Iterator[Place]:
    for settlement in verdict.settlements:
        program = settlement.program
        yield from (place(i.step.origin) for i in program.structure.instructions)
        yield from (place(row.origin) for row in program.rows)


def _given(case: Case, naming: Naming) -> Iterator[tuple[Text, Facts]]:
    for part in _GIVEN:
        facts = {**case.defaults.get(part, {}), **case.data.get(part, {})}
        if facts:
            yield labels.of(part), _facts(facts, naming)
    for name in _CONDITIONS:
        if name in case.data:
            yield labels.of(name), ((labels.of(name), _value(name, case.data[name], naming)),)


def _event(event: Mapping[str, Any], naming: Naming) -> Event:
    told = {name: value for name, value in event.items() if name not in _TOLD}
    year = event.get("year_end")
    when = Text(f"{year} 年末", f"end of {year}") if year else same(str(event.get("date", "")))
    refused = event.get("refused")
    return Event(
        when=when,
        what=_facts(told, naming),
        expects=_facts(event.get("expect", {}), naming),
        refused=None if refused is None else naming.title(refused),
    )


def _facts(facts: Mapping[str, Any], naming: Naming) -> Facts:
    return tuple((_name(name, naming), _value(name, v, naming)) for name, v in facts.items())


def _name(name: str, naming: Naming) -> Text:
    if name == "episode":
        return labels.of("episode_id")
    if name in naming.words.attributes or name in naming.region.state_attributes:
        return naming.attribute(name)
    title = naming.title(name)
    return labels.of(name) if title.zh == name and labels.known(name) else title


def _value(name: str, value: Any, naming: Naming) -> Text:
    if isinstance(value, Mapping):
        pairs = (join(pair, "：", ": ") for pair in _facts(value, naming))
        return join(pairs, "；", "; ")
    attribute = naming.words.attributes.get(name)
    if attribute is not None and attribute.kind != "number":
        return naming.test(condition_of(name, value)) if value != [] else Text("无", "none")
    if isinstance(value, list):
        return join((_value(name, one, naming) for one in value), "、", ", ")
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return figure(parse_yuan(value), "yuan")
    if value == "unlimited":
        return figure(UNLIMITED, "yuan")
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    return same(str(value))

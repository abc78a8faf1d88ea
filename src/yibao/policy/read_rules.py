"""Turn the rules files of a region's documents into the model.

Shapes are the schema's business; names, units, dates and codes are checked against the vocabulary
and against what the pack declares. Defects are collected, not raised: `add` takes every file in,
`finish` builds when all names are known. Single provisions are built by `read_tables`,
`read_steps` and `read_limits`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal

from yibao.errors import Defect
from yibao.policy.acts import Acts
from yibao.policy.model import (
    Classification,
    Constraint,
    Document,
    Grade,
    LayerOrder,
    Limit,
    Origin,
    RegionCode,
    StateAttribute,
    StateValue,
    Step,
    Table,
    Text,
)
from yibao.policy.names import Names
from yibao.policy.read_limits import read_constraint, read_limit
from yibao.policy.read_steps import read_step, state_attribute
from yibao.policy.read_tables import Gathered, read_classification, read_table
from yibao.policy.source import Path_, Source, did_you_mean
from yibao.policy.vocabulary import Vocabulary

_TABLE_HEAD = ("title", "unit", "keys", "measure", "scope")
_SCOPES = ("year", "lifetime", "episode")
_PLACES: tuple[Literal["order", "first", "last"], ...] = ("order", "first", "last")


class Rules:
    """Collects the provisions of all documents of a region."""

    def __init__(self, vocabulary: Vocabulary, acts: Acts, defects: list[Defect]) -> None:
        self.vocabulary = vocabulary
        self.acts = acts
        self.defects = defects
        self.names = Names(vocabulary, defects)
        self.state: dict[str, StateValue] = {}
        self.layers: list[LayerOrder] = []
        self.tables: dict[str, Table] = {}
        self.classifications: dict[str, Classification] = {}
        self.steps: list[Step] = []
        self.results: dict[str, Text] = {}
        self.constraints: list[Constraint] = []
        self.limits: list[Limit] = []
        self._tables: dict[str, Gathered] = {}
        self._classes: dict[str, Gathered] = {}
        self._steps: list[tuple[Source, Path_, Mapping[str, Any], Origin]] = []
        self._looked_at: list[tuple[Source, Path_, StateAttribute]] = []
        self._constraints: list[tuple[Source, Path_, Mapping[str, Any], Origin]] = []
        self._limits: list[tuple[Source, Path_, Mapping[str, Any], Origin]] = []

    # --- collecting ---------------------------------------------------------------------------

    def add(self, document: Document, source: Source) -> None:
        """Take in one rules file."""
        data = source.data
        self._gather(document, source, "tables", self._tables, _TABLE_HEAD)
        self._gather(document, source, "classifications", self._classes, ("title", "codes"))
        for name, state in data.get("state", {}).items():
            value = StateValue(name, Text(**state["title"]), state["unit"], state["scope"])
            self._declare(source, ("state", name), self.state, name, value)
        for name, attribute in data.get("state_attributes", {}).items():
            path: Path_ = ("state_attributes", name)
            looked_at = state_attribute(name, attribute)
            self._looked_at.append((source, path, looked_at))
            self._declare(source, path, self.names.state_attributes, name, looked_at)
        for i, layers in enumerate(data.get("layers", ())):
            path = ("layers", i)
            origin = self._origin(document, "layers", source, path, layers)
            place = next(place for place in _PLACES if place in layers)
            self.layers.append(LayerOrder(tuple(layers[place]), origin, place))
            self.names.check(source, path, layers[place], self.vocabulary.layers, "a layer")
        for i, step in enumerate(data.get("steps", ())):
            path = ("steps", i)
            origin = self._origin(document, step["id"], source, path, step)
            self._steps.append((source, path, step, origin))
        for i, constraint in enumerate(data.get("constraints", ())):
            path = ("constraints", i)
            origin = self._origin(document, constraint["id"], source, path, constraint)
            self._constraints.append((source, path, constraint, origin))
        for i, limit in enumerate(data.get("limits", ())):
            path = ("limits", i)
            origin = self._origin(document, limit["id"], source, path, limit)
            self._limits.append((source, path, limit, origin))
        for name, text in data.get("results", {}).items():
            self._declare(source, ("results", name), self.results, name, Text(**text))
        for attribute, codes in data.get("codes", {}).items():
            self._add_codes(source, attribute, codes)

    def _gather(
        self,
        document: Document,
        source: Source,
        section: str,
        gathered: dict[str, Gathered],
        head: tuple[str, ...],
    ) -> None:
        for name, data in source.data.get(section, {}).items():
            one = gathered.setdefault(name, Gathered())
            for field in head:
                if field == "codes" and all(p.get("ahead") for p in data["provisions"]):
                    codes: Mapping[str, Any] = data.get(field, {})
                    one.more += [(source, (section, name, field, c), c) for c in codes]
                elif field in data:
                    one.places.setdefault(field, source)
                    self._declare(source, (section, name, field), one.head, field, data[field])
            for i, provision in enumerate(data["provisions"]):
                path: Path_ = (section, name, "provisions", i)
                origin = self._origin(document, name, source, path, provision)
                one.provisions.append((source, path, provision, origin))

    def _declare(
        self, source: Source, path: Path_, held: dict[str, Any], name: str, value: object
    ) -> None:
        if held.setdefault(name, value) != value:
            self.names.defect(source, path, "another declaration", "the same in every document")

    def _add_codes(
        self, source: Source, attribute: str, codes: Iterable[Mapping[str, Any]]
    ) -> None:
        held = self.names.region_codes.setdefault(attribute, [])
        for i, data in enumerate(codes):
            if any(code.code == data["code"] for code in held):
                path: Path_ = ("codes", attribute, i)
                self.names.defect(source, path, f"the code {data['code']} twice", "each code once")
            icd10 = data.get("icd10", {}).get("code")
            title = Text(data["zh"], data["en"])
            held.append(RegionCode(data["code"], title, data["cite"], icd10))

    def _origin(
        self, document: Document, name: str, source: Source, path: Path_, data: Mapping[str, Any]
    ) -> Origin:
        """Return where a provision comes from, with the validity that acts leave it."""
        valid = data.get("valid", {}) if "op" in data else data
        first = self._day(source, path, valid.get("from")) or document.first
        last = self._day(source, path, valid["to"]) if "to" in valid else document.last
        if last is not None and last < first and valid.keys() & {"from", "to"}:
            found = f"validity {first} to {last}"
            self.names.defect(source, path, found, "an end after the beginning")
        if document.kind == "figures" and not {"grade", "source"} <= data.keys():
            self.names.defect(source, path, "a base figure without grade or source", "both")
        begin, end, by = self.acts.apply(document, name, first, last)
        return Origin(
            document=document,
            cite=data["cite"],
            says=Text(**data["says"]),
            first=begin,
            last=end,
            known=self._day(source, path, data.get("known")) or document.known,
            grade=Grade[data.get("grade", "A")],
            source=data.get("source"),
            file=source.file,
            line=source.line(path),
            by=by,
            yields=data.get("yields", False),
        )

    def _day(self, source: Source, path: Path_, text: str | None) -> date | None:
        if text is None:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.names.defect(source, path, text, "a day that exists")
            return None

    # --- building -----------------------------------------------------------------------------

    def finish(self) -> None:
        """Check names against each other and build tables, classifications and steps."""
        names = self.names
        scopes = {name: _SCOPES.index(value.scope) for name, value in self.state.items()}
        self.state = {name: self.state[name] for name in sorted(scopes, key=lambda n: scopes[n])}
        for name, one in self._classes.items():
            if one.more and "codes" in one.head:
                codes = one.head["codes"] = dict(one.head["codes"])
                for source, path, code in one.more:
                    given = source.data["classifications"][name]["codes"][code]
                    self._declare(source, path, codes, code, given)
        names.classes.update(
            {name: tuple(one.head.get("codes", ())) for name, one in self._classes.items()}
        )
        for source, path, attribute in self._looked_at:
            counted = [n for n in (attribute.counter, attribute.within) if n is not None]
            names.check(source, path, counted, self.state, "a state value")
        for name, one in self._tables.items():
            if self._declared(one, "title", "unit"):
                self.tables[name] = read_table(names, name, one)
        for name, one in self._classes.items():
            if self._declared(one, "title", "codes"):
                self.classifications[name] = read_classification(names, name, one)
        self.steps = [read_step(names, *gathered) for gathered in self._steps]
        self.steps.sort(key=lambda step: (step.phase, step.order, step.id))
        self.constraints = [
            read_constraint(names, *gathered, tables=self.tables) for gathered in self._constraints
        ]
        self.limits = [read_limit(names, *gathered) for gathered in self._limits]

    def _declared(self, one: Gathered, *fields: str) -> bool:
        """Tell whether some document declares these fields of a table or classification."""
        source, path, _, _ = one.provisions[0]
        lacking = [field for field in fields if field not in one.head]
        if lacking and not one.head:
            section, name = path[0], str(path[1])
            known = self._tables if section == "tables" else self._classes
            declared = [other for other, held in known.items() if held.head]
            near = did_you_mean(name, declared)
            expected = f"one of the {section} that the documents declare{near}"
            expected += f"; a new one declares its {' and its '.join(fields)}"
            self.names.defect(source, path[:2], f"{name}, which no document declares", expected)
        elif lacking:
            self.names.defect(source, path, f"no {' and no '.join(lacking)}", "each declared once")
        return not lacking

"""Turn the rules files of a region's documents into the model.

Shapes are the schema's business; here names, units, dates and codes are checked against the
vocabulary and against what the pack declares. Defects are collected, not raised: `add` takes every
file in, `finish` builds when all names are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from yibao.errors import Defect, MoneyError
from yibao.policy.acts import Acts
from yibao.policy.figures import number, written
from yibao.policy.model import (
    Classification,
    ClassProvision,
    ClassRow,
    Condition,
    Constraint,
    Document,
    Grade,
    LayerOrder,
    Limit,
    Number,
    OneOf,
    Origin,
    RegionCode,
    Row,
    StateAttribute,
    StateValue,
    Step,
    Table,
    Text,
    Unit,
    Value,
)
from yibao.policy.names import Names
from yibao.policy.opspec import REQUIRE
from yibao.policy.read_limits import read_limit
from yibao.policy.source import Path_, Source, did_you_mean
from yibao.policy.vocabulary import Vocabulary

_CITED = {"cite", "says", "known", "grade", "source"}
_TABLE_HEAD = ("title", "unit", "keys", "measure", "scope")
_STEP_FIELDS = {"id", "order", "phase", "layer", "when", "op", "valid"} | _CITED
_SCOPES = ("year", "lifetime", "episode")


class _Gathered:
    """What all documents state about one table or classification, before names are resolved."""

    def __init__(self) -> None:
        self.head: dict[str, Any] = {}
        self.places: dict[str, Source] = {}
        self.provisions: list[tuple[Source, Path_, Mapping[str, Any], Origin]] = []

    def rows(self) -> Iterator[tuple[Source, Path_, Mapping[str, Any], Origin]]:
        for source, path, provision, origin in self.provisions:
            for i, row in enumerate(provision["rows"]):
                yield source, (*path, "rows", i), row, origin


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
        self._tables: dict[str, _Gathered] = {}
        self._classes: dict[str, _Gathered] = {}
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
            looked_at = _state_attribute(name, attribute)
            self._looked_at.append((source, path, looked_at))
            self._declare(source, path, self.names.state_attributes, name, looked_at)
        for i, layers in enumerate(data.get("layers", ())):
            path = ("layers", i)
            origin = self._origin(document, "layers", source, path, layers)
            self.layers.append(LayerOrder(tuple(layers["order"]), origin))
            self.names.check(source, path, layers["order"], self.vocabulary.layers, "a layer")
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
        gathered: dict[str, _Gathered],
        head: tuple[str, ...],
    ) -> None:
        for name, data in source.data.get(section, {}).items():
            one = gathered.setdefault(name, _Gathered())
            for field in head:
                if field in data:
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
            self._defect(source, path, "another declaration", "the same in every document")

    def _add_codes(
        self, source: Source, attribute: str, codes: Iterable[Mapping[str, Any]]
    ) -> None:
        held = self.names.region_codes.setdefault(attribute, [])
        for i, data in enumerate(codes):
            if any(code.code == data["code"] for code in held):
                path: Path_ = ("codes", attribute, i)
                self._defect(source, path, f"the code {data['code']} twice", "each code once")
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
            self._defect(source, path, f"validity {first} to {last}", "an end after the beginning")
        if document.kind == "figures" and not {"grade", "source"} <= data.keys():
            self._defect(source, path, "a base figure without grade or source", "both")
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
            self._defect(source, path, text, "a day that exists")
            return None

    # --- building -----------------------------------------------------------------------------

    def finish(self) -> None:
        """Check names against each other and build tables, classifications and steps."""
        scopes = {name: _SCOPES.index(value.scope) for name, value in self.state.items()}
        self.state = {name: self.state[name] for name in sorted(scopes, key=lambda n: scopes[n])}
        self.names.classes.update(
            {name: tuple(one.head.get("codes", ())) for name, one in self._classes.items()}
        )
        for source, path, attribute in self._looked_at:
            counted = [n for n in (attribute.counter, attribute.within) if n is not None]
            self.names.check(source, path, counted, self.state, "a state value")
        for name, one in self._tables.items():
            self._table(name, one)
        for name, one in self._classes.items():
            self._classification(name, one)
        self.steps = [self._step(*gathered) for gathered in self._steps]
        self.steps.sort(key=lambda step: (step.phase, step.order, step.id))
        self.constraints = [self._constraint(*gathered) for gathered in self._constraints]
        self.limits = [read_limit(self.names, *gathered) for gathered in self._limits]

    def _has(self, one: _Gathered, *fields: str) -> bool:
        source, path, _, _ = one.provisions[0]
        lacking = [field for field in fields if field not in one.head]
        if lacking and not one.head:
            section, name = path[0], str(path[1])
            known = self._tables if section == "tables" else self._classes
            declared = [other for other, held in known.items() if held.head]
            expected = (
                f"one of the {section} that the documents declare{did_you_mean(name, declared)}"
            )
            expected += f"; a new one declares its {' and its '.join(fields)}"
            self._defect(source, path[:2], f"{name}, which no document declares", expected)
        elif lacking:
            self._defect(source, path, f"no {' and no '.join(lacking)}", "each declared once")
        return not lacking

    def _table(self, name: str, one: _Gathered) -> None:
        if not self._has(one, "title", "unit"):
            return
        keys = {key: tuple(codes) for key, codes in one.head.get("keys", {}).items()}
        source = one.provisions[0][0]
        for key, codes in keys.items():
            self.names.key(source, ("tables", name, "keys", key), key, codes)
        rows: list[Row] = []
        for source, path, row, origin in one.rows():
            tests = {k: v for k, v in row.items() if k not in {"value", "missing"}}
            for key in tests.keys() - keys.keys():
                self._strange(source, path, name, key, keys)
            tests = {k: v for k, v in tests.items() if k in keys}
            value = self._value(source, path, one.head["unit"], row)
            where = self.names.conditions(source, path, tests)
            self._within(source, path, name, where, keys)
            rows.append(Row(where, value, row.get("missing"), origin))
        self.tables[name] = Table(
            name=name,
            title=Text(**one.head["title"]),
            unit=one.head["unit"],
            keys=keys,
            rows=tuple(rows),
            measure=self._measure(name, one),
            scope=self._scope(name, one),
        )

    def _strange(
        self, source: Source, path: Path_, table: str, key: str, keys: Mapping[str, Any]
    ) -> None:
        """Note a row's field that is neither a key of its table nor `value` or `missing`."""
        expected = f"a key of {table} ({', '.join(keys) or 'it has none'}), value or missing"
        expected += did_you_mean(key, [*keys, "value", "missing"])
        self._defect(source, path, f"the key {key}", expected)

    def _within(
        self,
        source: Source,
        path: Path_,
        table: str,
        where: Iterable[Condition],
        keys: Mapping[str, tuple[Value, ...]],
    ) -> None:
        """Note codes that the table does not have: a row for them would never be found."""
        for test in where:
            if isinstance(test, OneOf):
                codes = sorted(test.codes, key=str)
                what = f"a code of {test.attribute} in {table}"
                self.names.check(source, path, codes, keys[test.attribute], what)

    def _measure(self, name: str, one: _Gathered) -> str | None:
        """Return the measure that a table says it holds."""
        measure: str | None = one.head.get("measure")
        if measure is not None:
            known, path = self.vocabulary.measures, ("tables", name, "measure")
            source = one.places["measure"]
            self.names.check(source, path, [measure], known, "a measure of the vocabulary")
            if measure in known and known[measure].unit != one.head["unit"]:
                found = f"{measure} in the unit {one.head['unit']}"
                self._defect(source, path, found, f"the unit {known[measure].unit}")
        return measure

    def _scope(self, name: str, one: _Gathered) -> tuple[Condition, ...]:
        """Return for whom a table is, as far as its keys do not say so."""
        scope = one.head.get("scope", {})
        path: Path_ = ("tables", name, "scope")
        for key in scope.keys() & one.head.get("keys", {}).keys():
            found = f"{key}, which is a key of {name}"
            self._defect(one.places["scope"], path, found, "only what the keys do not say")
        return self.names.conditions(one.places["scope"], path, scope) if scope else ()

    def _value(
        self, source: Source, path: Path_, unit: Unit, row: Mapping[str, Any]
    ) -> Number | None:
        if "missing" in row:
            return None
        try:
            return number(unit, row["value"])
        except MoneyError as error:
            self._defect(source, path, str(error), written(unit, row["value"]))
            return None

    def _classification(self, name: str, one: _Gathered) -> None:
        if not self._has(one, "title", "codes"):
            return
        rows: dict[Origin, list[ClassRow]] = {}
        for source, path, row, origin in one.rows():
            self.names.check(source, path, [row["value"]], one.head["codes"], f"a code of {name}")
            tests = {k: v for k, v in row.items() if k not in {"value", "cite", "says"}}
            where = self.names.conditions(source, path, tests)
            says = Text(**row["says"]) if "says" in row else origin.says
            cite = row.get("cite", origin.cite)
            rows.setdefault(origin, []).append(ClassRow(where, row["value"], cite, says))
        self.classifications[name] = Classification(
            name=name,
            title=Text(**one.head["title"]),
            codes={code: Text(**text) for code, text in one.head["codes"].items()},
            provisions=tuple(ClassProvision(tuple(held), origin) for origin, held in rows.items()),
        )

    def _step(self, source: Source, path: Path_, data: Mapping[str, Any], origin: Origin) -> Step:
        layer = data.get("layer")
        if layer is not None:
            self.names.check(source, path, [layer], self.vocabulary.layers, "a layer")
        phase = data.get("phase", "claim")
        self.names.check(source, path, [phase], self.vocabulary.phases(), "a phase")
        if data["op"] == REQUIRE and phase not in self.vocabulary.procedures:
            expected = "a procedure's step; of a claim, what is not payable is kept out by `keep`"
            self._defect(source, path, f"op require in phase {phase}", expected)
        return Step(
            id=data["id"],
            order=data["order"],
            phase=phase,
            layer=layer,
            conditions=self.names.conditions(source, (*path, "when"), data.get("when", {})),
            op=data["op"],
            operands=_operands(data),
            origin=origin,
        )

    def _constraint(
        self, source: Source, path: Path_, data: Mapping[str, Any], origin: Origin
    ) -> Constraint:
        than, key = data["than"], data.get("key")
        others = () if than == "before" else tuple(than)
        table = self.tables.get(data["table"])
        if table is None:
            self._defect(source, path, f"the table {data['table']}", "a table of the region")
        else:
            looked = [*data.get("when", ()), *([key] if key else [])]
            self.names.check(source, path, looked, table.keys, f"a key of {table.name}")
        if table is not None and key is not None and key in table.keys:
            codes = (data["code"], *others)
            self.names.check(source, path, codes, table.keys[key], f"a code of {key}")
        return Constraint(
            id=data["id"],
            table=data["table"],
            conditions=self.names.conditions(source, (*path, "when"), data.get("when", {})),
            key=key,
            code=data.get("code"),
            must_be=data["must_be"],
            others=others,
            origin=origin,
        )

    def _defect(self, source: Source, path: Path_, found: str, expected: str) -> None:
        self.defects.append(source.defect(path, found, expected))


def _state_attribute(name: str, data: Mapping[str, Any]) -> StateAttribute:
    return StateAttribute(
        name=name,
        title=Text(**data["title"]),
        counter=data.get("value_of") or data["ordinal_of"],
        within=data.get("within"),
        max=data["max"],
    )


def _operands(data: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    """Return the operand fields of a step; the segments of bands as parallel edges and rates."""
    operands: dict[str, str | tuple[str, ...]] = {}
    for name, value in data.items():
        if name == "segments":
            operands["edges"] = tuple(segment["to"] for segment in value)
            operands["rates"] = tuple(segment["rate"] for segment in value)
        elif name not in _STEP_FIELDS:
            operands[name] = tuple(value) if isinstance(value, list) else value
    return operands

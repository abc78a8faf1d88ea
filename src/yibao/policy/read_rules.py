"""Turn the rules files of a region's documents into the model, and check that names fit together.

Shapes are the schema's business; here every code, attribute, unit and date is checked against the
vocabulary and the rest of the pack. Defects are collected, not raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, get_args

from yibao.errors import Defect, MoneyError
from yibao.money import UNLIMITED, parse_rate, parse_yuan
from yibao.policy.model import (
    Act,
    Among,
    Between,
    Classification,
    ClassProvision,
    ClassRow,
    Condition,
    Document,
    Grade,
    LayerOrder,
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
    Value,
)
from yibao.policy.source import Path_, Source
from yibao.policy.vocabulary import Vocabulary

BAND = "band"
_CITED = {"cite", "says", "known", "grade", "source"}
_STEP_FIELDS = {"id", "order", "phase", "layer", "when", "op", "valid"} | _CITED


class Acts:
    """What documents do to the validity of others."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.extends: list[Act] = []
        self.activates: list[Act] = []
        self.repeals: list[Act] = []
        for document in documents:
            self.extends += document.extends
            self.activates += document.activates
            self.repeals += document.repeals

    def apply(
        self, document: Document, name: str, first: date, last: date | None
    ) -> tuple[date | None, date | None, Act | None]:
        """Return a provision's validity after all acts, and the act that changed it."""
        begin: date | None = first
        by: Act | None = None
        if document.kind == "draft":
            act = _about(self.activates, document, name)
            begin = None if act is None or act.first is None else max(first, act.first)
            by = act
        act = _about(self.extends, document, name)
        if act is not None and last is not None and last == document.last:
            last, by = act.last, act
        act = _about(self.repeals, document, name)
        if act is not None and act.first is not None and (last is None or last >= act.first):
            last, by = act.first - timedelta(days=1), act
        return begin, last, by


def _about(acts: Iterable[Act], document: Document, name: str) -> Act | None:
    for act in acts:
        if act.document == document.id and (act.provisions is None or name in act.provisions):
            return act
    return None


class Rules:
    """Collects the provisions of all documents of a region."""

    def __init__(self, vocabulary: Vocabulary, acts: Acts, defects: list[Defect]) -> None:
        self.vocabulary = vocabulary
        self.acts = acts
        self.defects = defects
        self.state: dict[str, StateValue] = {}
        self.state_attributes: dict[str, StateAttribute] = {}
        self.layers: list[LayerOrder] = []
        self.codes: dict[str, list[RegionCode]] = {}
        self._heads: dict[str, dict[str, Any]] = {}
        self._rows: dict[str, list[tuple[Source, Path_, Mapping[str, Any], Origin]]] = {}
        self._class_heads: dict[str, dict[str, Any]] = {}
        self._class_rows: dict[str, list[tuple[Source, Path_, Mapping[str, Any], Origin]]] = {}
        self._steps: list[tuple[Source, Path_, Mapping[str, Any], Origin]] = []
        self._tables: dict[str, Table] = {}
        self._classifications: dict[str, Classification] = {}
        self._done_steps: list[Step] = []

    # --- collecting ---------------------------------------------------------------------------

    def add(self, document: Document, source: Source) -> None:
        """Take in one rules file."""
        data = source.data
        for name, table in data.get("tables", {}).items():
            self._head(self._heads, source, ("tables", name), table, ("title", "unit", "keys"))
            for i, provision in enumerate(table["provisions"]):
                path: Path_ = ("tables", name, "provisions", i)
                origin = self._origin(document, name, source, path, provision)
                self._rows.setdefault(name, []).append((source, path, provision, origin))
        for name, classification in data.get("classifications", {}).items():
            path = ("classifications", name)
            self._head(self._class_heads, source, path, classification, ("title", "codes"))
            for i, provision in enumerate(classification["provisions"]):
                path = ("classifications", name, "provisions", i)
                origin = self._origin(document, name, source, path, provision)
                self._class_rows.setdefault(name, []).append((source, path, provision, origin))
        self._add_state(source)
        for i, layers in enumerate(data.get("layers", ())):
            path = ("layers", i)
            origin = self._origin(document, "layers", source, path, layers)
            self.layers.append(LayerOrder(tuple(layers["order"]), origin))
            self._known(source, path, layers["order"], self.vocabulary.layers, "a layer")
        for i, step in enumerate(data.get("steps", ())):
            path = ("steps", i)
            origin = self._origin(document, step["id"], source, path, step)
            self._steps.append((source, path, step, origin))
        for attribute, codes in data.get("codes", {}).items():
            self._add_codes(source, attribute, codes)

    def _add_codes(
        self, source: Source, attribute: str, codes: Iterable[Mapping[str, Any]]
    ) -> None:
        held = self.codes.setdefault(attribute, [])
        for i, data in enumerate(codes):
            if any(code.code == data["code"] for code in held):
                path: Path_ = ("codes", attribute, i)
                self._defect(source, path, f"the code {data['code']} twice", "each code once")
            icd10 = data.get("icd10", {}).get("code")
            held.append(RegionCode(data["code"], Text(data["zh"], data["en"]), data["cite"], icd10))

    def _head(
        self,
        heads: dict[str, dict[str, Any]],
        source: Source,
        path: Path_,
        data: Mapping[str, Any],
        fields: tuple[str, ...],
    ) -> None:
        head = heads.setdefault(str(path[1]), {})
        for name in fields:
            if name not in data:
                continue
            if name in head and head[name] != data[name]:
                self._defect(source, (*path, name), f"another {name}", "the same in every document")
            head[name] = data[name]

    def _add_state(self, source: Source) -> None:
        for name, data in source.data.get("state", {}).items():
            value = StateValue(name, Text(**data["title"]), data["unit"], data["scope"])
            if self.state.setdefault(name, value) != value:
                self._defect(source, ("state", name), "another declaration", "one declaration")
        for name, data in source.data.get("state_attributes", {}).items():
            attribute = StateAttribute(
                name=name,
                title=Text(**data["title"]),
                counter=data.get("value_of") or data["ordinal_of"],
                within=data.get("within"),
                max=data["max"],
            )
            if self.state_attributes.setdefault(name, attribute) != attribute:
                path: Path_ = ("state_attributes", name)
                self._defect(source, path, "another declaration", "one declaration")

    def _origin(
        self,
        document: Document,
        name: str,
        source: Source,
        path: Path_,
        data: Mapping[str, Any],
    ) -> Origin:
        valid = data.get("valid", {}) if "op" in data else data
        first = self._day(source, path, valid.get("from")) or document.first
        last = self._day(source, path, valid["to"]) if "to" in valid else document.last
        if last is not None and last < first:
            self._defect(source, path, f"validity {first} to {last}", "an end after the beginning")
        graded = document.kind == "figures"
        if graded and ("grade" not in data or "source" not in data):
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
        )

    def _day(self, source: Source, path: Path_, text: str | None) -> date | None:
        if text is None:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._defect(source, path, text, "a day that exists")
            return None

    # --- finishing ----------------------------------------------------------------------------

    def finish(self) -> None:
        """Check names against each other and build tables, classifications and steps."""
        order = {"year": 0, "lifetime": 1, "episode": 2}
        self.state = dict(sorted(self.state.items(), key=lambda item: order[item[1].scope]))
        for name in self._rows:
            self._table(name)
        for name in self._class_rows:
            self._classification(name)
        for source, path, data, origin in self._steps:
            self._done_steps.append(self._step(source, path, data, origin))

    def tables(self) -> Mapping[str, Table]:
        """Return the tables by name."""
        return self._tables

    def classifications(self) -> Mapping[str, Classification]:
        """Return the classifications by name."""
        return self._classifications

    def sorted_steps(self) -> tuple[Step, ...]:
        """Return the steps in their order."""
        return tuple(sorted(self._done_steps, key=lambda s: (s.phase, s.order, s.id)))

    def _table(self, name: str) -> None:
        head = self._heads[name]
        source, path, _, _ = self._rows[name][0]
        if "unit" not in head or "title" not in head:
            self._defect(source, path, f"the table {name} without title and unit", "both, once")
            return
        keys = {k: tuple(v) for k, v in head.get("keys", {}).items()}
        for key, codes in keys.items():
            self._key(source, ("tables", name, "keys", key), key, codes)
        rows: list[Row] = []
        for source, path, provision, origin in self._rows[name]:
            for i, row in enumerate(provision["rows"]):
                at: Path_ = (*path, "rows", i)
                conditions = {k: v for k, v in row.items() if k not in {"value", "missing"}}
                for key in conditions.keys() - keys.keys():
                    self._defect(source, at, f"the key {key}", f"one of {sorted(keys)}")
                value = self._value(source, at, head["unit"], row)
                where = self._conditions(source, at, conditions)
                rows.append(Row(where, value, row.get("missing"), origin))
        self._tables[name] = Table(name, Text(**head["title"]), head["unit"], keys, tuple(rows))

    def _key(self, source: Source, path: Path_, key: str, codes: tuple[Value, ...]) -> None:
        if key == BAND:
            return
        allowed = self._codes(key)
        if allowed is None:
            self._defect(source, path, f"the key {key}", "an attribute, classification or `band`")
        elif allowed:
            self._known(source, path, codes, allowed, f"a code of {key}")

    def _value(
        self, source: Source, path: Path_, unit: str, row: Mapping[str, Any]
    ) -> Number | None:
        if "missing" in row:
            return None
        value = row["value"]
        try:
            if unit == "count":
                if isinstance(value, int) and value >= 0:
                    return value
                raise MoneyError(f"{value!r} is not a whole number")
            if not isinstance(value, str):
                raise MoneyError(f"{value!r} is not quoted")
            if unit == "rate":
                rate = parse_rate(value)
                if rate > 1:
                    raise MoneyError(f"{value} is above 100 %")
                return rate
            return UNLIMITED if value == "unlimited" else _money(value)
        except MoneyError as error:
            expected = {"yuan": '"800.00" or unlimited', "rate": '"65%"', "count": "a whole number"}
            self._defect(source, path, str(error), expected[unit])
            return None

    def _classification(self, name: str) -> None:
        head = self._class_heads[name]
        source, path, _, _ = self._class_rows[name][0]
        if "codes" not in head or "title" not in head:
            self._defect(source, path, f"the classification {name}", "title and codes, once")
            return
        provisions = []
        for source, path, provision, origin in self._class_rows[name]:
            rows = []
            for i, row in enumerate(provision["rows"]):
                at: Path_ = (*path, "rows", i)
                self._known(source, at, [row["value"]], head["codes"], f"a code of {name}")
                conditions = {k: v for k, v in row.items() if k not in {"value", "cite", "says"}}
                where = self._conditions(source, at, conditions)
                says = Text(**row["says"]) if "says" in row else origin.says
                rows.append(ClassRow(where, row["value"], row.get("cite", origin.cite), says))
            provisions.append(ClassProvision(tuple(rows), origin))
        codes = {c: Text(**t) for c, t in head["codes"].items()}
        self._classifications[name] = Classification(
            name, Text(**head["title"]), codes, tuple(provisions)
        )

    def _step(self, source: Source, path: Path_, data: Mapping[str, Any], origin: Origin) -> Step:
        layer = data.get("layer")
        if layer is not None:
            self._known(source, path, [layer], self.vocabulary.layers, "a layer")
        return Step(
            id=data["id"],
            order=data["order"],
            phase=data.get("phase", "claim"),
            layer=layer,
            conditions=self._conditions(source, (*path, "when"), data.get("when", {})),
            op=data["op"],
            operands=_operands(data),
            origin=origin,
        )

    def _conditions(
        self, source: Source, path: Path_, data: Mapping[str, Any]
    ) -> tuple[Condition, ...]:
        result: list[Condition] = []
        for attribute, test in data.items():
            allowed = {} if attribute == BAND else self._codes(attribute)
            if allowed is None:
                self._defect(source, path, f"the attribute {attribute}", "one of the vocabulary")
                continue
            condition = _condition(attribute, test)
            expected = _TESTS.get(self._kind(attribute), OneOf)
            if not isinstance(condition, expected):
                form = {
                    OneOf: "a code or codes",
                    Between: "{from: n, below: n}",
                    Among: "{any_of: …}",
                }
                self._defect(source, path, f"{attribute}: {test}", form[expected])
                continue
            if allowed:
                for code in _codes_of(condition):
                    self._known(source, path, [code], allowed, f"a code of {attribute}")
            result.append(condition)
        return tuple(result)

    # --- names --------------------------------------------------------------------------------

    def _kind(self, attribute: str) -> str:
        known = self.vocabulary.attributes.get(attribute)
        return "code" if known is None else known.kind

    def _codes(self, attribute: str) -> Mapping[str | bool, Any] | None:
        """Return the codes of an attribute, empty for numbers, None when there is no such thing."""
        if attribute in self._class_heads:
            return dict(self._class_heads[attribute].get("codes", {}))
        if attribute in self.state_attributes:
            return dict.fromkeys(self.state_attributes[attribute].codes())
        known = self.vocabulary.attributes.get(attribute)
        if known is None:
            return None
        if known.kind == "flag":
            return {True: None, False: None}
        if known.kind == "number":
            return {}
        codes = known.codes or {"none", *(c.code for c in self.codes.get("disease", ()))}
        return dict.fromkeys(codes)

    def _known(
        self,
        source: Source,
        path: Path_,
        codes: Iterable[Any],
        allowed: Mapping[Any, Any],
        what: str,
    ) -> None:
        for code in codes:
            if code not in allowed:
                listed = ", ".join(map(str, list(allowed)[:12]))
                self._defect(source, path, repr(code), f"{what}: {listed}")

    def _defect(self, source: Source, path: Path_, found: str, expected: str) -> None:
        self.defects.append(source.defect(path, found, expected))


_TESTS: dict[str, type[OneOf] | type[Between] | type[Among]] = {
    "number": Between,
    "set": Among,
}
assert set(get_args(Condition)) == {OneOf, Between, Among}


def _money(value: str) -> int:
    if "." not in value or len(value.partition(".")[2]) != 2:
        raise MoneyError(f"{value!r} is not an amount with two decimals")
    return parse_yuan(value)


def _condition(attribute: str, test: Any) -> Condition:
    if isinstance(test, dict):
        if test.keys() & {"from", "below"}:
            return Between(attribute, test.get("from"), test.get("below"))
        sets = {k: frozenset(test.get(k, ())) for k in ("any_of", "all_of", "none_of", "two_of")}
        return Among(attribute, **sets)
    return OneOf(attribute, frozenset(test if isinstance(test, list) else [test]))


def _codes_of(condition: Condition) -> Iterable[str | bool]:
    if isinstance(condition, OneOf):
        return condition.codes
    if isinstance(condition, Among):
        return condition.any_of | condition.all_of | condition.none_of | condition.two_of
    return ()


def _operands(data: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    result: dict[str, str | tuple[str, ...]] = {}
    for name, value in data.items():
        if name in _STEP_FIELDS:
            continue
        if name == "segments":
            result["edges"] = tuple(s["to"] for s in value)
            result["rates"] = tuple(s["rate"] for s in value)
        else:
            result[name] = tuple(value) if isinstance(value, list) else value
    return result

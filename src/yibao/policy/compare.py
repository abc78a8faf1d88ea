"""The rules in force on a day as data, and the difference between two such states.

Enters: consolidations, of one region at two dates or of two versions of a region. Leaves: plain
records with figures as text, ready to be printed or turned into JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from yibao.policy import words
from yibao.policy.checking.points import Box, Point, answer, axes_of, boxes, points
from yibao.policy.checking.selections import versions
from yibao.policy.consolidate import Consolidation
from yibao.policy.model import ClassProvision, Document, Origin, Row, Step, Table, Text, Unit

Kind = Literal["added", "removed", "replaced"]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a rule rests on: document, article, grade, validity."""

    document: str
    number: str
    cite: str
    says: Text
    grade: str
    source: str | None
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A winning row at a set of keys: its value, or why it has none (`missing`)."""

    key: Box
    value: str | None
    missing: str | None
    basis: Basis


@dataclass(frozen=True, slots=True)
class TableInForce:
    """A table's winning rows, and the keys for which no row is in force."""

    name: str
    title: Text
    unit: Unit
    figures: tuple[Figure, ...]
    open: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class StepInForce:
    """A step, as a line to be read."""

    id: str
    phase: str
    order: int
    layer: str | None
    when: str
    op: str
    operands: Mapping[str, str | tuple[str, ...]]
    basis: Basis


@dataclass(frozen=True, slots=True)
class ClassInForce:
    """A classification's version in force: its rows in order of priority."""

    name: str
    title: Text
    rows: tuple[tuple[str, str], ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class InForce:
    """The consolidated rules of a region on a day."""

    region: str
    day: date
    known: date | None
    documents: tuple[Document, ...]
    layers: tuple[str, ...]
    tables: tuple[TableInForce, ...]
    classifications: tuple[ClassInForce, ...]
    steps: tuple[StepInForce, ...]

    @property
    def missing(self) -> tuple[tuple[TableInForce, Figure], ...]:
        """The figures of which a document says that nobody has found them."""
        return tuple((t, f) for t in self.tables for f in t.figures if f.missing is not None)


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure of a table before and after; None: no row in force."""

    table: str
    title: Text
    key: Box
    before: Figure | None
    after: Figure | None


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A step or a classification that came, went or was replaced."""

    name: str
    kind: Kind
    before: Basis | None
    after: Basis | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed between two states of the rules."""

    figures: tuple[FigureChange, ...]
    steps: tuple[RuleChange, ...]
    classifications: tuple[RuleChange, ...]
    layers: tuple[tuple[str, ...], tuple[str, ...]] | None

    def __bool__(self) -> bool:
        return bool(self.figures or self.steps or self.classifications or self.layers)


def basis(origin: Origin) -> Basis:
    """Return what a provision rests on."""
    return Basis(
        document=origin.document.id,
        number=origin.document.number,
        cite=origin.cite,
        says=origin.says,
        grade=origin.grade.name,
        source=origin.source,
        first=origin.first,
        last=origin.last,
    )


# --- one day --------------------------------------------------------------------------------------


def in_force(rules: Consolidation) -> InForce:
    """Return the consolidated rules of a day."""
    region = rules.region
    return InForce(
        region=region.id,
        day=rules.day,
        known=rules.known,
        documents=_documents(rules),
        layers=rules.layers.order if rules.layers else (),
        tables=tuple(_table(rules, table) for table in region.tables.values()),
        classifications=tuple(
            _classification(name, region.classifications[name].title, version)
            for name, version in versions(rules).items()
        ),
        steps=tuple(map(_step, sorted(rules.steps, key=lambda s: (s.phase, s.order, s.id)))),
    )


def _documents(rules: Consolidation) -> tuple[Document, ...]:
    """Return the documents from which a rule in force comes."""
    origins = [row.origin for t in rules.region.tables.values() for row in rules.rows(t)]
    origins += [step.origin for step in rules.steps]
    origins += [version.origin for version in versions(rules).values()]
    used = {id(origin.document) for origin in origins}
    return tuple(document for document in rules.region.documents if id(document) in used)


def _table(rules: Consolidation, table: Table) -> TableInForce:
    won: dict[int, tuple[Row | None, list[Point]]] = {}
    for point in points(table):
        row = answer(rules.rows(table), point)
        won.setdefault(id(row), (row, []))[1].append(point)
    axes = axes_of(table)
    return TableInForce(
        name=table.name,
        title=table.title,
        unit=table.unit,
        figures=tuple(
            _figure(table, row, key)
            for row, where in won.values()
            if row is not None
            for key in boxes(axes, where)
        ),
        open=tuple(b for row, where in won.values() if row is None for b in boxes(axes, where)),
    )


def _figure(table: Table, row: Row, key: Box) -> Figure:
    value = None if row.value is None else words.figure(row.value, table.unit)
    return Figure(key, value, row.missing, basis(row.origin))


def _step(step: Step) -> StepInForce:
    return StepInForce(
        id=step.id,
        phase=step.phase,
        order=step.order,
        layer=step.layer,
        when=words.conditions(step.conditions),
        op=step.op,
        operands=step.operands,
        basis=basis(step.origin),
    )


def _classification(name: str, title: Text, version: ClassProvision) -> ClassInForce:
    rows = tuple((words.conditions(row.conditions), row.value) for row in version.rows)
    return ClassInForce(name, title, rows, basis(version.origin))


# --- two days -------------------------------------------------------------------------------------


def difference(before: Consolidation, after: Consolidation) -> Difference:
    """Return what changed; a rule restated with the same content is no change."""
    orders = tuple(r.layers.order if r.layers else () for r in (before, after))
    return Difference(
        figures=tuple(c for t in _tables(before, after) for c in _figure_changes(t, before, after)),
        steps=tuple(
            _rule_changes(
                {s.id: (_content(s), s.origin) for s in before.steps},
                {s.id: (_content(s), s.origin) for s in after.steps},
            )
        ),
        classifications=tuple(_rule_changes(_classes(before), _classes(after))),
        layers=None if orders[0] == orders[1] else (orders[0], orders[1]),
    )


def _tables(before: Consolidation, after: Consolidation) -> Iterable[Table]:
    """Return the tables of both; of one that both have, the keys and the rows of both."""
    old, new = before.region.tables, after.region.tables
    if old is new:
        return new.values()
    merged = {**old, **new}
    for name in old.keys() & new.keys():
        one, other = old[name], new[name]
        keys = {
            key: tuple(dict.fromkeys((*one.keys.get(key, ()), *other.keys.get(key, ()))))
            for key in {**one.keys, **other.keys}
        }
        merged[name] = replace(other, keys=keys, rows=(*one.rows, *other.rows))
    return merged.values()


def _figure_changes(
    table: Table, before: Consolidation, after: Consolidation
) -> Iterator[FigureChange]:
    changed: dict[tuple[int, int], tuple[Row | None, Row | None, list[Point]]] = {}
    for point in points(table):
        old, new = _row(before, table.name, point), _row(after, table.name, point)
        if _says(old) != _says(new):
            changed.setdefault((id(old), id(new)), (old, new, []))[2].append(point)
    axes = axes_of(table)
    for old, new, where in changed.values():
        for key in boxes(axes, where):
            yield FigureChange(
                table=table.name,
                title=table.title,
                key=key,
                before=None if old is None else _figure(before.region.tables[table.name], old, key),
                after=None if new is None else _figure(after.region.tables[table.name], new, key),
            )


def _row(rules: Consolidation, name: str, point: Point) -> Row | None:
    table = rules.region.tables.get(name)
    return None if table is None else answer(rules.rows(table), point)


def _says(row: Row | None) -> object:
    return None if row is None else (row.value, row.missing)


_Addressed = Mapping[str, tuple[object, Origin]]
"""What stands at each address, apart from where it comes from, and where it comes from."""


def _content(step: Step) -> object:
    return (step.order, step.phase, step.layer, step.conditions, step.op, step.operands)


def _classes(rules: Consolidation) -> _Addressed:
    return {
        name: (tuple((row.conditions, row.value) for row in version.rows), version.origin)
        for name, version in versions(rules).items()
    }


def _rule_changes(before: _Addressed, after: _Addressed) -> Iterable[RuleChange]:
    for name in (*before, *(n for n in after if n not in before)):
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            yield RuleChange(name, "added", None, basis(new[1]))
        elif new is None and old is not None:
            yield RuleChange(name, "removed", basis(old[1]), None)
        elif old is not None and new is not None and old[0] != new[0]:
            yield RuleChange(name, "replaced", basis(old[1]), basis(new[1]))

"""Build tables and classifications from what all documents of a region state about each.

Enters: the gathered provisions of one name, and every name that a pack may use. Leaves: the table
or the classification; what is wrong with it is noted as a defect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from yibao.errors import MoneyError
from yibao.policy.figures import number, written
from yibao.policy.model import (
    Classification,
    ClassProvision,
    ClassRow,
    Condition,
    Number,
    OneOf,
    Origin,
    Row,
    Table,
    Text,
    Unit,
)
from yibao.policy.names import Names
from yibao.policy.source import Path_, Source, did_you_mean


class Gathered:
    """What all documents state about one table or classification, before names are resolved."""

    def __init__(self) -> None:
        self.head: dict[str, Any] = {}
        self.more: list[tuple[Source, Path_, str]] = []
        self.places: dict[str, Source] = {}
        self.provisions: list[tuple[Source, Path_, Mapping[str, Any], Origin]] = []

    def rows(self) -> Iterator[tuple[Source, Path_, Mapping[str, Any], Origin]]:
        for source, path, provision, origin in self.provisions:
            for i, row in enumerate(provision["rows"]):
                yield source, (*path, "rows", i), row, origin


def read_table(names: Names, name: str, one: Gathered) -> Table:
    """Return a table with the rows of all documents."""
    keys = {key: tuple(codes) for key, codes in one.head.get("keys", {}).items()}
    source = one.provisions[0][0]
    for key, codes in keys.items():
        names.key(source, ("tables", name, "keys", key), key, codes)
    rows: list[Row] = []
    for source, path, row, origin in one.rows():
        tests = {k: v for k, v in row.items() if k not in {"value", "missing"}}
        for key in tests.keys() - keys.keys():
            expected = f"a key of {name} ({', '.join(keys) or 'it has none'}), value or missing"
            expected += did_you_mean(key, [*keys, "value", "missing"])
            names.defect(source, path, f"the key {key}", expected)
        tests = {k: v for k, v in tests.items() if k in keys}
        value = _value(names, source, path, one.head["unit"], row)
        where = names.conditions(source, path, tests)
        for test in where:  # a row for a code that the table does not have is never found
            if isinstance(test, OneOf):
                what, known = f"a code of {test.attribute} in {name}", keys[test.attribute]
                names.check(source, path, sorted(test.codes, key=str), known, what)
        rows.append(Row(where, value, row.get("missing"), origin))
    return Table(
        name=name,
        title=Text(**one.head["title"]),
        unit=one.head["unit"],
        keys=keys,
        rows=tuple(rows),
        measure=_measure(names, name, one),
        scope=_scope(names, name, one),
    )


def _measure(names: Names, name: str, one: Gathered) -> str | None:
    """Return the measure that a table says it holds."""
    measure: str | None = one.head.get("measure")
    if measure is not None:
        known, path = names.vocabulary.measures, ("tables", name, "measure")
        source = one.places["measure"]
        names.check(source, path, [measure], known, "a measure of the vocabulary")
        if measure in known and known[measure].unit != one.head["unit"]:
            found = f"{measure} in the unit {one.head['unit']}"
            names.defect(source, path, found, f"the unit {known[measure].unit}")
    return measure


def _scope(names: Names, name: str, one: Gathered) -> tuple[Condition, ...]:
    """Return for whom a table is, as far as its keys do not say so."""
    scope = one.head.get("scope", {})
    path: Path_ = ("tables", name, "scope")
    for key in scope.keys() & one.head.get("keys", {}).keys():
        found = f"{key}, which is a key of {name}"
        names.defect(one.places["scope"], path, found, "only what the keys do not say")
    return names.conditions(one.places["scope"], path, scope) if scope else ()


def _value(
    names: Names, source: Source, path: Path_, unit: Unit, row: Mapping[str, Any]
) -> Number | None:
    if "missing" in row:
        return None
    try:
        return number(unit, row["value"])
    except MoneyError as error:
        names.defect(source, path, str(error), written(unit, row["value"]))
        return None


def read_classification(names: Names, name: str, one: Gathered) -> Classification:
    """Return a classification with its versions in the order of the files."""
    ahead = {origin for _, _, provision, origin in one.provisions if provision.get("ahead")}
    rows: dict[Origin, list[ClassRow]] = {}
    for source, path, row, origin in one.rows():
        names.check(source, path, [row["value"]], one.head["codes"], f"a code of {name}")
        tests = {k: v for k, v in row.items() if k not in {"value", "cite", "says"}}
        where = names.conditions(source, path, tests)
        says = Text(**row["says"]) if "says" in row else origin.says
        cite = row.get("cite", origin.cite)
        rows.setdefault(origin, []).append(ClassRow(where, row["value"], cite, says, origin))
    return Classification(
        name=name,
        title=Text(**one.head["title"]),
        codes={code: Text(**text) for code, text in one.head["codes"].items()},
        provisions=tuple(
            ClassProvision(tuple(held), origin, origin in ahead) for origin, held in rows.items()
        ),
    )

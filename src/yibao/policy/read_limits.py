"""Read what a document demands of figures: `constraints` of its own, `limits` of those below.

Shapes are the schema's business; here tables, keys, measures, units and conditions are checked.
What is wrong is noted as a defect.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from yibao.errors import MoneyError
from yibao.money import parse_rate
from yibao.policy.figures import number, written
from yibao.policy.model import Constraint, Limit, Number, Origin, Table, Unit
from yibao.policy.names import Names
from yibao.policy.source import Path_, Source

_FORMS = "one of: value; values; share and of; times and of"


def read_constraint(
    names: Names,
    source: Source,
    path: Path_,
    data: Mapping[str, Any],
    origin: Origin,
    *,
    tables: Mapping[str, Table],
) -> Constraint:
    """Return one constraint on a table of the region."""
    than, key = data["than"], data.get("key")
    others = () if than == "before" else tuple(than)
    table = tables.get(data["table"])
    if table is None:
        names.defect(source, path, f"the table {data['table']}", "a table of the region")
    else:
        looked = [*data.get("when", ()), *([key] if key else [])]
        names.check(source, path, looked, table.keys, f"a key of {table.name}")
    if table is not None and key is not None and key in table.keys:
        codes = (data["code"], *others)
        names.check(source, path, codes, table.keys[key], f"a code of {key}")
    return Constraint(
        id=data["id"],
        table=data["table"],
        conditions=names.conditions(source, (*path, "when"), data.get("when", {})),
        key=key,
        code=data.get("code"),
        must_be=data["must_be"],
        others=others,
        origin=origin,
    )


def read_limit(
    names: Names, source: Source, path: Path_, data: Mapping[str, Any], origin: Origin
) -> Limit:
    """Return one limit on a measure."""
    measures = names.vocabulary.measures
    named = [name for name in (data["measure"], data.get("of")) if name is not None]
    names.check(source, path, named, measures, "a measure of the vocabulary")
    form = frozenset(data.keys() & {"value", "values", "share", "times", "of"})
    if form not in (
        frozenset({"value"}),
        frozenset({"values"}),
        frozenset({"share", "of"}),
        frozenset({"times", "of"}),
    ):
        found = f"a limit with {', '.join(sorted(form)) or 'no figure'}"
        names.defect(source, path, found, _FORMS)
    if ("values" in data) != (data["must_be"] == "one_of"):
        found = f"must_be: {data['must_be']}"
        names.defect(source, path, found, "one_of with values, and only there")
    measure = measures.get(data["measure"])
    return Limit(
        id=data["id"],
        measure=data["measure"],
        conditions=names.conditions(source, (*path, "when"), data.get("when", {})),
        must_be=data["must_be"],
        values=_values(names, source, path, data, measure.unit) if measure else (),
        factor=_factor(names, source, path, data),
        of=data.get("of"),
        strength=data.get("strength", "must"),
        origin=origin,
    )


def _values(
    names: Names, source: Source, path: Path_, data: Mapping[str, Any], unit: Unit
) -> tuple[Number, ...]:
    found = []
    for value in [data["value"]] if "value" in data else data.get("values", ()):
        try:
            found.append(number(unit, value))
        except MoneyError as error:
            names.defect(source, path, str(error), written(unit, value))
    return tuple(found)


def _factor(names: Names, source: Source, path: Path_, data: Mapping[str, Any]) -> Fraction | None:
    if "times" in data:
        return Fraction(data["times"])
    if "share" not in data:
        return None
    try:
        return parse_rate(data["share"])
    except MoneyError as error:
        names.defect(source, (*path, "share"), str(error), '"50%"')
        return None

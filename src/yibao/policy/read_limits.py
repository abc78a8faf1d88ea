"""Read what a document demands of the figures of regions below it (`limits` of a rules file).

Shapes are the schema's business; here the measure, the unit of the figures and the conditions are
checked. Defects are collected in the names' list.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from yibao.errors import MoneyError
from yibao.money import parse_rate
from yibao.policy.figures import number, written
from yibao.policy.model import Limit, Number, Origin, Unit
from yibao.policy.names import Names
from yibao.policy.source import Path_, Source

_FORMS = "one of: value; values; share and of; times and of"


def read_limit(
    names: Names, source: Source, path: Path_, data: Mapping[str, Any], origin: Origin
) -> Limit:
    """Return one limit; what is wrong with it is noted as a defect."""
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
        names.defects.append(source.defect(path, found, _FORMS))
    if ("values" in data) != (data["must_be"] == "one_of"):
        names.defects.append(
            source.defect(path, f"must_be: {data['must_be']}", "one_of with values, and only there")
        )
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
            names.defects.append(source.defect(path, str(error), written(unit, value)))
    return tuple(found)


def _factor(names: Names, source: Source, path: Path_, data: Mapping[str, Any]) -> Fraction | None:
    if "times" in data:
        return Fraction(data["times"])
    if "share" not in data:
        return None
    try:
        return parse_rate(data["share"])
    except MoneyError as error:
        names.defects.append(source.defect((*path, "share"), str(error), '"50%"'))
        return None

"""Check a source against its JSON Schema and turn what fails into defects with file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from yibao.errors import Defect
from yibao.policy.opspec import OPS
from yibao.policy.source import Path_, Source, did_you_mean

_DAY = r"^\d{4}-\d{2}-\d{2}$"
_PATTERNS = {
    _DAY: "a date such as 2016-06-23",
    r"^[a-z][a-z0-9_]*$": "a name of lower-case letters, digits and underscores",
    r"^[a-z][a-z0-9_]*(\[[a-z0-9_]+\])?$": "a name, or a table's band such as rate[2]",
    r"^\d{6}$": 'six digits such as "120000"',
    r"^\d+(\.\d{1,2})?$": 'an amount such as "800.00"',
}
_FIELDS = {
    **dict.fromkeys(("title", "says", "issuer", "why", "note", "name"), "{zh: …, en: …}"),
    "effective": "{from: 2023-01-01, to: null}",
    "when": "conditions, such as {scheme: resident}",
    "start": "a list of what was used before on the scale of the bands, such as [deductible]",
    "keys": 'keys with their codes, such as {level: ["1", "2", "3"]}',
}
_TYPES = {
    "object": "fields",
    "array": "a list, such as [a, b]",
    "string": 'text; a number or a date that is meant as text stands in quotes: "120000"',
    "integer": "a whole number without quotes",
    "boolean": "true or false",
    "null": "null",
}
_STEP = ("id", "order", "phase", "layer", "when", "op", "cite", "says", "valid", "known", "grade")
_SHARED = ("common", "step")
"""Schemas that others refer to."""


@cache
def _schema(name: str) -> dict[str, Any]:
    text = (files("yibao.policy") / "schema" / f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    shared = [(f"yibao:{part}", _schema(part)) for part in _SHARED]
    registry = jsonschema_rs.Registry(shared)
    return jsonschema_rs.Draft202012Validator(
        _schema(name), registry=registry, validate_formats=True, formats={"day": _is_day}
    )


def _is_day(text: str) -> bool:
    """Tell whether a day exists, in a year that leaves room before and after it."""
    try:
        return 1900 <= date.fromisoformat(text).year < 3000
    except ValueError:
        return False


@cache
def _fields(name: str) -> frozenset[str]:
    """Return every field name that a schema knows, for "did you mean"."""
    return frozenset(field for part in (name, *_SHARED) for field in _walk(_schema(part)))


def _walk(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
        for part in schema.values():
            yield from _walk(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _walk(part)


def validate(source: Source, schema: str) -> list[Defect]:
    """Return the defects of a source under the schema of that name, in the order of its lines."""
    validator = _validator(schema)
    if validator.is_valid(source.data):
        return []
    errors = [e for top in validator.iter_errors(source.data) for e in _innermost(top)]
    malformed = {tuple(e.instance_path) for e in errors if e.kind.name == "pattern"}
    told = {
        _defect(source, error, schema)
        for error in errors
        if error.kind.name != "format" or tuple(error.instance_path) not in malformed
    }
    return sorted(told, key=lambda d: (d.line, d.found))


def _innermost(error: jsonschema_rs.ValidationError) -> Iterator[jsonschema_rs.ValidationError]:
    """Of a choice between forms, follow the one meant: it fails deepest, and least often."""
    tries = [form for form in error.kind.as_dict().get("context") or () if form]
    if error.kind.name != "oneOf" or not tries:
        yield error
        return
    deepest = max(tries, key=lambda form: (max(len(e.instance_path) for e in form), -len(form)))
    if max(len(e.instance_path) for e in deepest) == len(error.instance_path):
        yield error
        return
    for inner in deepest:
        yield from _innermost(inner)


def _defect(source: Source, error: jsonschema_rs.ValidationError, schema: str) -> Defect:
    path: Path_ = tuple(error.instance_path)
    where = _where(source.data, path)
    found = "an empty file" if error.instance is None and not path else _at(error.instance, where)
    about = error.kind.as_dict()
    match error.kind.name:
        case "required":
            lacking = about["property"]
            found, expected = f"no field {lacking!r} at {where}", f"the field {lacking}"
            expected += f": {_FIELDS[lacking]}" if lacking in _FIELDS else ""
        case "minItems":
            named = f": {_FIELDS[str(path[-1])]}" if path and path[-1] in _FIELDS else ""
            expected = "at least one entry" + named
        case "minProperties":
            expected = _fields_at(path)
        case "additionalProperties":
            unknown = about["unexpected"][0]
            found = f"the field {unknown!r} at {where}"
            expected = "no such field" + _known_here(error.instance, unknown, schema)
            path = (*path, unknown)
        case "enum":
            options = list(map(str, about["options"]))
            near = did_you_mean(str(error.instance).lower(), options)
            expected = "one of " + ", ".join(options) + near
        case "type":
            expected = " or ".join(_TYPES[kind] for kind in about["types"])
            if "object" in about["types"]:
                expected = _fields_at(path)
        case "pattern":
            expected = _PATTERNS.get(about["pattern"], f"text of the form {about['pattern']}")
            expected += _day_meant(error.instance) if about["pattern"] == _DAY else ""
        case "format":
            expected = "a day that exists, of the years 1900 to 2999 (null where it may be open)"
        case "oneOf":
            expected = _form(error.instance, path)
        case _:
            expected = error.message
    return source.defect(path, found, expected)


def _at(value: object, where: str) -> str:
    return f"{_short(value)} at {where}"


def _where(data: Any, path: Path_) -> str:
    """Return a place in a reader's words: `steps.pay.op`, `tables.rate.provisions.1.rows.2`."""
    told = []
    for part in path:
        data = data[part] if isinstance(data, dict) else data[int(part)]
        named = isinstance(part, int) and isinstance(data, dict) and data.get("id")
        told.append(str(named or (part + 1 if isinstance(part, int) else part)))
    return ".".join(told) or "the top of the file"


def _fields_at(path: Path_) -> str:
    """Return what the fields look like that a place needs."""
    if not path:
        return "fields such as tables and steps"
    return _FIELDS.get(str(path[-1]), "fields of its own, each on a line")


def _known_here(thing: Any, unknown: str, schema: str) -> str:
    """Return which fields there are: an operation's own, or the nearest that the schema knows."""
    spec = OPS.get(thing.get("op", "")) if isinstance(thing, dict) else None
    if spec is None:
        return did_you_mean(unknown, _fields(schema) - {unknown})
    renamed = ("segments" if f == "edges" else f for f in spec.fields if f != "rates")
    names = list(dict.fromkeys([*renamed, *(() if spec.writes_state else ("to",))]))
    near = did_you_mean(unknown, {*names, *_STEP})
    return near or f" of {thing['op']}, which takes {', '.join(names)}"


def _form(value: Any, path: Path_) -> str:
    """Return which forms there are at a place that knows several."""
    row = isinstance(value, dict) and len(path) > 1 and path[-2] == "rows"
    if row and "value" in value:
        return "either value or missing, not both"
    if row:
        hints = [did_you_mean(key, ["value", "missing"]) for key in value]
        return "a value, or missing with the reason" + next(filter(None, hints), "")
    if isinstance(value, int) and not isinstance(value, bool):
        return (
            f'a code in quotes: "{value}"; for a number such as an age a range: '
            f"{{from: {value}}}, {{below: {value}}}"
        )
    if "when" in path or "rows" in path or "scope" in path:
        return "a code, a list of codes, {from: n, below: n} or {any_of: [...]}"
    return "one of the forms that docs/authoring.md gives for this place"


def _day_meant(text: object) -> str:
    """Return the day that another way of writing it means."""
    found = re.fullmatch(r"(\d{4})\D+(\d{1,2})\D+(\d{1,2})\D?", str(text))
    return f"; did you mean {found[1]}-{int(found[2]):02}-{int(found[3]):02}?" if found else ""


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"

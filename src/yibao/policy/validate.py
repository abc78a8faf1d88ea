"""Check a source against its JSON Schema and turn what fails into defects with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from yibao.errors import Defect
from yibao.policy.source import Path_, Source

_PATTERNS = {
    r"^\d{4}-\d{2}-\d{2}$": "a date such as 2016-06-23",
    r"^[a-z][a-z0-9_]*$": "a name of lower-case letters, digits and underscores",
    r"^[a-z][a-z0-9_]*(\[[a-z0-9_]+\])?$": "a name, or a table's band such as rate[2]",
    r"^\d{6}$": 'six digits such as "120000"',
    r"^\d+(\.\d{1,2})?$": 'an amount such as "800.00"',
}
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
    defects = {
        _defect(source, error, schema)
        for top in validator.iter_errors(source.data)
        for error in _innermost(top)
    }
    return sorted(defects, key=lambda d: (d.line, d.found))


def _innermost(error: jsonschema_rs.ValidationError) -> Iterator[jsonschema_rs.ValidationError]:
    """Of a choice between forms, follow the one meant: it fails deepest, and least often."""
    tries = error.kind.as_dict().get("context")
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
    where = ".".join(map(str, path)) or "the file"
    found = f"{_short(error.instance)} at {where}"
    about = error.kind.as_dict()
    match error.kind.name:
        case "required":
            lacking = about["property"]
            found, expected = f"no field {lacking!r} at {where}", f"the field {lacking}"
        case "additionalProperties":
            unknown = about["unexpected"][0]
            close = get_close_matches(unknown, _fields(schema), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            found, expected = f"the field {unknown!r} at {where}", f"no such field{hint}"
            path = (*path, unknown)
        case "enum":
            expected = "one of " + ", ".join(map(str, about["options"]))
        case "type":
            expected = " or ".join(about["types"])
        case "pattern":
            expected = _PATTERNS.get(about["pattern"], f"text of the form {about['pattern']}")
        case "format":
            expected = "a day that exists, of the years 1900 to 2999 (null where it may be open)"
        case "oneOf":
            expected = "one of the forms that docs/authoring.md gives for this place"
        case _:
            expected = error.message
    return source.defect(path, found, expected)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"

"""Check a source against its JSON Schema and turn what fails into defects with file and line."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from yibao.errors import Defect
from yibao.policy.source import Path_, Source

_FIX = {
    "yibao:common#/$defs/date": "a date such as 2016-06-23",
}


@cache
def _schema(name: str) -> dict[str, Any]:
    text = (files("yibao.policy") / "schema" / f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    registry = jsonschema_rs.Registry([("yibao:common", _schema("common"))])
    return jsonschema_rs.Draft202012Validator(_schema(name), registry=registry)


def validate(source: Source, schema: str) -> list[Defect]:
    """Return the defects of a source under the schema of that name, in the order of its lines."""
    validator = _validator(schema)
    if validator.is_valid(source.data):
        return []
    defects = [_defect(source, error) for error in validator.iter_errors(source.data)]
    return sorted(set(defects), key=lambda d: d.line)


def _defect(source: Source, error: jsonschema_rs.ValidationError) -> Defect:
    path: Path_ = tuple(error.instance_path)
    where = ".".join(map(str, path)) or "the file"
    return source.defect(path, f"{_short(error.instance)} at {where}", _expected(error))


def _expected(error: jsonschema_rs.ValidationError) -> str:
    return error.message.removeprefix(_short(error.instance)).strip() or "another value"


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"

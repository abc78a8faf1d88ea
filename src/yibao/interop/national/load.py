"""Read the schema: the national core, and a profile over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

from yibao.errors import YibaoError
from yibao.interop.national.model import (
    ROOT,
    CodeTable,
    Field,
    Interface,
    Kind,
    Node,
    Transaction,
)
from yibao.policy.source import read

SCHEMA = Path(__file__).parent / "schema"
_OTHER = {"fields", "codes", "envelope"}

Dictionary = Mapping[str, Field]


class NoProfile(YibaoError):
    """A profile that there is not."""


def profiles() -> tuple[str, ...]:
    """Return the names of the profiles."""
    return tuple(sorted(file.stem for file in (SCHEMA / "profiles").glob("*.yaml")))


@cache
def interface(profile: str = "") -> Interface:
    """Return the interface, with a profile over the national core; raises NoProfile."""
    if profile and profile not in profiles():
        there_are = ", ".join(profiles())
        raise NoProfile(f"no profile {profile!r}; there are: {there_are} / 没有这个地方规范")
    known = _dictionary(read(SCHEMA / "fields.yaml").data)
    found = {t.infno: t for t in sorted(_core(known), key=lambda t: t.infno)}
    if profile:
        for infno, changes in read(SCHEMA / "profiles" / f"{profile}.yaml").data.items():
            found[infno] = _changed(found[infno], changes, known)
    envelope = read(SCHEMA / "envelope.yaml").data
    around = {**known, **_dictionary(envelope["fields"])}
    codes = {
        name: CodeTable(name, table["zh"], table["values"] or {})
        for name, table in read(SCHEMA / "codes.yaml").data.items()
    }
    request, reply = (_node(ROOT, envelope[side], around) for side in ("request", "reply"))
    return Interface(profile, request, reply, found, codes)


def _dictionary(data: Mapping[str, Any]) -> Dictionary:
    return {name: _field(name, zh, says) for name, (zh, says) in data.items()}


def _field(name: str, zh: str, says: str) -> Field:
    """Return a field of a line such as `number 16.2` or `code 6 of psn_cert_type`."""
    kind, _, rest = says.partition(" ")
    size, _, table = rest.partition("of ")
    whole, _, decimals = size.strip().partition(".")
    assert kind in get_args(Kind), says
    of_table = table or (name if kind == "code" else "")
    return Field(name, zh, kind, int(whole or 0), int(decimals or 0), of_table)  # type: ignore[arg-type]


def _core(known: Dictionary) -> Iterable[Transaction]:
    for file in sorted(SCHEMA.glob("*.yaml")):
        if file.stem in _OTHER:
            continue
        for infno, data in read(file).data.items():
            sent, back = (
                {n.name: n for n in (_node(k, v, known) for k, v in data.get(side, {}).items())}
                for side in ("input", "output")
            )
            columns = tuple(str(data.get("columns", "")).split())
            yield Transaction(infno, data["zh"], file.stem, sent, back, columns)


def _node(key: str, data: Any, known: Dictionary) -> Node:
    """Return a node of its key (`data`, `data[]` for a list, `data?` for one not required)."""
    names, differs = (data, {}) if isinstance(data, str) else (data["fields"], data["differs"])
    bare = key.removesuffix("?")
    fields = (_use(use, known, differs) for use in names.split())
    return Node(
        bare.removesuffix("[]"),
        {field.name: field for field in fields},
        many=bare.endswith("[]"),
        required=bare == key,
    )


def _use(use: str, known: Dictionary, differs: Mapping[str, Mapping[str, str]]) -> Field:
    """Return a field as a node uses it: `name`, or `name?` where it may be left out."""
    name = use.removesuffix("?")
    field = known[name]
    if name in differs:
        own = differs[name]
        told = _field(name, own.get("zh", field.zh), own["is"]) if "is" in own else None
        field = told or replace(field, zh=own["zh"])
    return replace(field, required=use == name)


def _changed(
    transaction: Transaction, changes: Mapping[str, Mapping[str, Any]], known: Dictionary
) -> Transaction:
    """Return a transaction as a profile changes it; `changes` are by `input NODE` and so on."""
    sides = {"input": dict(transaction.input), "output": dict(transaction.output)}
    for where, change in changes.items():
        side, _, key = where.partition(" ")
        name = key.removesuffix("[]")
        sides[side][name] = _changed_node(sides[side][name], change, known)
    return replace(transaction, input=sides["input"], output=sides["output"])


def _changed_node(node: Node, change: Mapping[str, Any], known: Dictionary) -> Node:
    fields = dict(node.fields)
    for use in change.get("adds", ()):
        field = _use(use, known, {})
        fields.setdefault(field.name, field)
    for key, required in (("requires", True), ("optional", False)):
        for name in change.get(key, ()):
            fields[name] = replace(fields[name], required=required)
    for line in change.get("lengths", ()):
        name, length = line.split()
        fields[name] = replace(fields[name], length=int(length))
    return replace(node, fields=fields)

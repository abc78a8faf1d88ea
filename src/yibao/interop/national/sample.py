"""Sample messages, made from the schema: each field has a value that it can hold.

What a centre looks up (institution, person, physician) is told by whoever knows a centre.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from yibao.interop.national.client import numbered
from yibao.interop.national.model import ROOT, Field, Interface, Node, is_file, nested
from yibao.interop.national.values import written

Nodes = Mapping[str, Node]

_DAY = date(2026, 3, 2)
_TIME = datetime(2026, 3, 2, 9, 30)  # noqa: DTZ001 (local time)
_KNOWN: Mapping[str, str] = {
    "fixmedins_code": "H12010100001",
    "fixmedins_name": "示例医院",
    "mdtrtarea_admvs": "120100",
    "insuplc_admdvs": "120100",
    "recer_sys_code": "YIBAO",
    "infver": "1.0.0",
    "opter_type": "1",
    "opter": "0001",
    "opter_name": "示例",
}
"""Fields of which any text would be right, but one that is easy to read is better."""


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes values for a schema: those that are known, any that fits for the rest."""

    schema: Interface
    known: Mapping[str, str]
    everything: bool


def request(
    schema: Interface,
    infno: str,
    *,
    everything: bool = False,
    known: Mapping[str, str] = _KNOWN,
    at: datetime = _TIME,
) -> dict[str, Any]:
    """Return a request of a transaction: with all its fields, or those that are required.

    `known` are values by field, `at` when it is sent: its number is of then.
    """
    transaction = schema.transactions[infno]
    envelope = _row(_Maker(schema, known, everything=False), {}, schema.request)
    body = _message(_Maker(schema, known, everything), transaction.input)
    return {**envelope, "infno": infno, **numbered(envelope, at), "input": body}


def message(schema: Interface, nodes: Nodes, *, everything: bool) -> Any:
    """Return an input or output."""
    return _message(_Maker(schema, _KNOWN, everything), nodes)


def _message(make: _Maker, nodes: Nodes) -> Any:
    inside = nested(nodes)
    made = {
        name: _node(make, nodes, node)
        for name, node in nodes.items()
        if (node.required or make.everything) and name not in inside and not is_file(node)
    }
    return made.get(ROOT, made)


def _node(make: _Maker, nodes: Nodes, node: Node) -> Any:
    row = _row(make, nodes, node)
    return [row] if node.many else row


def _row(make: _Maker, nodes: Nodes, node: Node) -> dict[str, Any]:
    return {
        name: _node(make, nodes, nodes[name]) if name in nodes else written(_value(make, field))
        for name, field in node.fields.items()
        if field.required or make.everything
    }


def _value(make: _Maker, field: Field) -> Any:
    if field.name in make.known:
        return make.known[field.name][: field.length or None]
    match field.kind:
        case "number":
            return 0  # so that amounts add up
        case "date":
            return _DAY
        case "datetime":
            return _TIME
        case "list":
            return []
        case "object" | "data":
            return {}
        case "bytes":
            return "YQ=="
        case "code":
            return next(iter(make.schema.codes[field.table].values))
        case _:
            return field.zh[: field.length or None]

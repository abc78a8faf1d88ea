"""Sample messages, made from the schema: each field has a value that it can hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from yibao.interop.national.model import ROOT, Field, Interface, Node, is_file, nested
from yibao.interop.national.values import written

Nodes = Mapping[str, Node]

_DAY = date(2026, 3, 2)
_TIME = datetime(2026, 3, 2, 9, 30)  # noqa: DTZ001 (local time)
_KNOWN: Mapping[str, Any] = {
    "fixmedins_code": "H12010100001",
    "fixmedins_name": "示例医院",
    "mdtrtarea_admvs": "120100",
    "insuplc_admdvs": "120100",
    "recer_sys_code": "YIBAO",
    "infver": "1.0.0",
    "opter_type": "1",
    "opter": "0001",
    "opter_name": "示例",
    "msgid": "H12010100001202603020930000001",
}
"""Fields of which any text would be right, but one that is easy to read is better."""


def request(schema: Interface, infno: str, *, everything: bool = False) -> dict[str, Any]:
    """Return a request of a transaction: with all its fields, or those that are required."""
    transaction = schema.transactions[infno]
    envelope = _row(schema, {}, schema.request, everything=False)
    body = message(schema, transaction.input, everything=everything)
    return {**envelope, "infno": infno, "input": body}


def message(schema: Interface, nodes: Mapping[str, Node], *, everything: bool) -> Any:
    """Return an input or output."""
    inside = nested(nodes)
    made = {
        name: _node(schema, nodes, node, everything=everything)
        for name, node in nodes.items()
        if (node.required or everything) and name not in inside and not is_file(node)
    }
    return made.get(ROOT, made)


def _node(schema: Interface, nodes: Nodes, node: Node, *, everything: bool) -> Any:
    row = _row(schema, nodes, node, everything=everything)
    return [row] if node.many else row


def _row(schema: Interface, nodes: Nodes, node: Node, *, everything: bool) -> dict[str, Any]:
    return {
        name: _node(schema, nodes, nodes[name], everything=everything)
        if name in nodes
        else written(_value(schema, field))
        for name, field in node.fields.items()
        if field.required or everything
    }


def _value(schema: Interface, field: Field) -> Any:
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
            return _KNOWN.get(field.name) or next(iter(schema.codes[field.table].values))
        case _:
            return _KNOWN.get(field.name, field.zh)[: field.length or None]

"""Check a message against the schema: every field, all faults at once, in Chinese."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from yibao.interop.national.model import ROOT, Node
from yibao.interop.national.values import Codes, Value, Wrong, absent, parsed

Row = Mapping[str, Value]
Nodes = Mapping[str, Node]

MAX_ROWS = 10_000
"""Most rows of one node: a long stay has some thousands of fee lines."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a message: of which field, at which row (from 1; 0: it is no list)."""

    node: str
    name: str
    zh: str
    row: int
    says: str

    def __str__(self) -> str:
        where = ".".join(part for part in (self.node, self.name) if part and part != ROOT)
        row = f"第{self.row}行 " if self.row else ""
        return f"{row}{self.zh}({where})：{self.says}"


@dataclass(slots=True)
class Checked:
    """A message's values by node, what is wrong with it, and what it has that the schema lacks."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    extra: list[Fault] = field(default_factory=list)

    def one(self, node: str) -> Row:
        """Return the values of a node that is no list; nothing where it was left out."""
        rows = self.rows.get(node)
        return rows[0] if rows else {}


def check(nodes: Nodes, message: Any, codes: Codes) -> Checked:
    """Return what a message says, by the nodes that it should have."""
    found = Checked()
    if ROOT in nodes:
        _check_node(nodes[ROOT], message, codes, found)
        return found
    if not isinstance(message, dict):
        found.faults.append(Fault(ROOT, "", "报文", 0, "应为对象"))
        return found
    for name, node in nodes.items():
        if not absent(message.get(name)):
            _check_node(node, message[name], codes, found)
        elif node.required and any(f.required for f in node.fields.values()):
            found.faults.append(Fault(name, "", "节点", 0, "缺少此节点"))
    found.extra += [Fault(n, "", "节点", 0, "规范没有此节点") for n in message if n not in nodes]
    return found


def _check_node(node: Node, given: Any, codes: Codes, found: Checked) -> None:
    rows = found.rows.setdefault(node.name, [])
    for number, row in _rows(node, given, found):
        if isinstance(row, dict):
            rows.append(_check_row(node, number, row, codes, found))
        else:
            found.faults.append(Fault(node.name, "", "节点", number, "应为对象"))


def _rows(node: Node, given: Any, found: Checked) -> Iterator[tuple[int, Any]]:
    """Return rows with their number; one object is taken for a list of one, and the reverse."""
    if not isinstance(given, list):
        yield (1 if node.many else 0), given
    elif node.many or len(given) == 1:
        if len(given) > MAX_ROWS:
            found.faults.append(Fault(node.name, "", "节点", 0, f"最多{MAX_ROWS}行"))
            return
        yield from enumerate(given, 1)
    else:
        found.faults.append(Fault(node.name, "", "节点", 0, f"应为一个对象，收到{len(given)}个"))


def _check_row(
    node: Node, number: int, row: Mapping[str, Any], codes: Codes, found: Checked
) -> Row:
    values: dict[str, Value] = {}
    for name, one in node.fields.items():
        given = row.get(name)
        if absent(given):
            if one.required:
                found.faults.append(Fault(node.name, name, one.zh, number, "必填"))
            continue
        try:
            values[name] = parsed(one, given, codes)
        except Wrong as wrong:
            found.faults.append(Fault(node.name, name, one.zh, number, str(wrong)))
    known = node.fields.keys()
    found.extra += [
        Fault(node.name, str(name)[:64], "字段", number, "规范没有此字段")
        for name in row
        if name not in known
    ]
    return values

"""Check a message against the schema: every field, all faults at once, in Chinese."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from yibao.interop.national.model import ROOT, Node, is_file, nested
from yibao.interop.national.values import Codes, Value, Wrong, absent, parsed

Row = Mapping[str, Value]
"""A node's values by field; a field that is a node itself has its rows."""
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
    """Return what a message says, by the nodes that it should have.

    The rows of a node that is a field of another come with those, and all of them by its name.
    """
    checking = _Checking(nodes, codes)
    checking.message(message)
    return checking.found


class _Checking:
    def __init__(self, nodes: Nodes, codes: Codes) -> None:
        self.nodes = nodes
        self.nested = nested(nodes)
        self.codes = codes
        self.found = Checked()

    def message(self, message: Any) -> None:
        found = self.found
        if ROOT in self.nodes:
            self.node(self.nodes[ROOT], message)
            return
        if not isinstance(message, dict):
            found.faults.append(Fault(ROOT, "", "报文", 0, "应为对象"))
            return
        for name, node in self.nodes.items():
            if not absent(message.get(name)):
                self.node(node, message[name])
            elif self._must_be_there(node):
                found.faults.append(Fault(name, "", "节点", 0, "缺少此节点"))
        found.extra += [
            Fault(str(n)[:64], "", "节点", 0, "规范没有此节点")
            for n in message
            if n not in self.nodes
        ]

    def _must_be_there(self, node: Node) -> bool:
        elsewhere = node.name in self.nested or is_file(node)
        return node.required and not elsewhere and any(f.required for f in node.fields.values())

    def node(self, node: Node, given: Any) -> list[Row]:
        """Check a node and return its rows."""
        made: list[Row] = []
        many = replace(node, many=True) if node.name in self.nested else node
        for number, row in _rows(many, given, self.found):
            if isinstance(row, dict):
                made.append(self.row(node, number, row))
            else:
                self.found.faults.append(Fault(node.name, "", "节点", number, "应为对象"))
        self.found.rows.setdefault(node.name, []).extend(made)
        return made

    def row(self, node: Node, number: int, row: Mapping[str, Any]) -> Row:
        """Check a row and return its values."""
        values: dict[str, Any] = {}
        for name, one in node.fields.items():
            given = row.get(name)
            if absent(given):
                if one.required:
                    self.found.faults.append(Fault(node.name, name, one.zh, number, "必填"))
            elif name in self.nested:
                values[name] = self.node(self.nodes[name], given)
            else:
                try:
                    values[name] = parsed(one, given, self.codes)
                except Wrong as wrong:
                    fault = Fault(node.name, name, one.zh, number, str(wrong))
                    self.found.faults.append(fault)
        self.found.extra += [
            Fault(node.name, str(name)[:64], "字段", number, "规范没有此字段")
            for name in row
            if name not in node.fields
        ]
        return values


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

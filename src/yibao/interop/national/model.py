"""What the interface's schema says: fields, nodes, transactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "code", "date", "datetime", "list", "object", "data", "bytes"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field. `length` is characters of a text, digits of a number; 0: not laid down.

    A number has at most `decimals` of its digits behind the point. A code is of `table`. Data is an
    object, or a list where a transaction's output is one.
    """

    name: str
    zh: str
    kind: Kind
    length: int = 0
    decimals: int = 0
    table: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """A group of fields under one key; ROOT has no key of its own. `many`: a list of such."""

    name: str
    fields: Mapping[str, Field]
    many: bool = False
    required: bool = True


ROOT = "."
"""The name of a node whose fields lie in the input or output itself."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction: what is sent and what comes back, by node; columns of a file, if one does."""

    infno: str
    zh: str
    group: str
    input: Mapping[str, Node]
    output: Mapping[str, Node]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeTable:
    """The values of a code and what each is called."""

    name: str
    zh: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Interface:
    """The national core with a province's profile over it, "" for none."""

    profile: str
    request: Node
    reply: Node
    transactions: Mapping[str, Transaction]
    codes: Mapping[str, CodeTable]


def nested(nodes: Mapping[str, Node]) -> frozenset[str]:
    """Return the nodes that are values of fields of others; the rest lie in the message itself."""
    return frozenset(
        field.name
        for node in nodes.values()
        for field in node.fields.values()
        if field.name in nodes and field.name != node.name
    )


def is_file(node: Node) -> bool:
    """Tell whether a node is a row of a file that goes along, not a part of the message."""
    return node.name.startswith("_")

"""An entry of the book: one provision, the article that it cites, and the rule that it became."""

from __future__ import annotations

from dataclasses import dataclass

from yibao.policy.model import Document, Origin
from yibao.policy_book import steps
from yibao.text import Text

Facts = tuple[tuple[Text, Text], ...]
"""Labels with what stands at each."""


@dataclass(frozen=True, slots=True)
class TableBody:
    """Rows of a parameter: the keys that they look at, a value or a reason for each row."""

    columns: tuple[tuple[Text, str | None], ...]
    rows: tuple[tuple[tuple[Text, ...], Text | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class ClassBody:
    """Rows of a classification in order of priority; `cite` and `says` where a row has its own."""

    rows: tuple[tuple[int, Text, Text, str | None, Text | None], ...]


@dataclass(frozen=True, slots=True)
class StepBody:
    """One step: when it runs, what it does."""

    order: int
    op: str
    op_title: Text
    phase: Text
    layer: Text | None
    when: tuple[Text, ...]
    words: steps.StepInWords


@dataclass(frozen=True, slots=True)
class OrderBody:
    """The order of the layers."""

    layers: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class FactsBody:
    """Anything else, field by field."""

    facts: Facts


Body = TableBody | ClassBody | StepBody | OrderBody | FactsBody


@dataclass(frozen=True, slots=True)
class Entry:
    """One provision: the article that it cites, what it says, and the rule that it became."""

    kind: str
    name: str
    title: Text
    href: str | None
    cite: str
    says: Text
    document: Document
    origin: Origin | None
    body: Body


def entry(kind: str, origin: Origin, body: Body, name: str, title: Text) -> Entry:
    """Return the entry of a provision; what is explained over time has a place there."""
    prefix = {"table": "p", "classification": "c"}.get(kind)
    href = f"parameters.html#{prefix}-{name}" if prefix else None
    return Entry(kind, name, title, href, origin.cite, origin.says, origin.document, origin, body)

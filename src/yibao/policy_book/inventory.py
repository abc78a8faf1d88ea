"""The inventory of clauses beside the documents: which clause stands in which article.

Enters: clauses, each with the places that cover it; a region's documents and worked cases. Leaves:
the clauses of each document. An inventory may call a document otherwise than its pack does; then
the cases beside the pack, which name clauses, tell which document is meant.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from yibao.policy.model import Document
from yibao.settlement.cases import Case
from yibao.text import Text

_NOTE = re.compile(r"（[^（）]*）$")


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of the inventory; `tests` are the places of the tests that name it."""

    id: str
    document: str
    article: str
    region: str
    subsystem: str
    tier: str
    says: Text
    tests: tuple[str, ...] = ()


def by_document(
    clauses: Iterable[Clause], documents: Sequence[Document], cases: Mapping[str, Sequence[Case]]
) -> dict[str, tuple[Clause, ...]]:
    """Return the clauses of each document, by the document's id; `cases` are those beside it."""
    named: dict[str, list[Clause]] = {}
    for clause in clauses:
        named.setdefault(clause.document, []).append(clause)
    found: dict[str, tuple[Clause, ...]] = {}
    for name, held in named.items():
        document = _called(name, documents) or _meant(held, documents, cases)
        if document is not None:
            found[document.id] = (*found.get(document.id, ()), *held)
    return found


def _called(name: str, documents: Iterable[Document]) -> Document | None:
    """Return the document of that number or title, notes in brackets at the end left out."""
    bare = _NOTE.sub("", name)
    for document in documents:
        if bare in {_NOTE.sub("", document.number), _NOTE.sub("", document.title.zh)}:
            return document
    return None


def _meant(
    clauses: Sequence[Clause], documents: Iterable[Document], cases: Mapping[str, Sequence[Case]]
) -> Document | None:
    """Return the document whose own cases name most of these clauses, if any does."""
    ids = {clause.id for clause in clauses}
    votes = Counter(
        {
            document: sum(len(ids.intersection(case.clauses)) for case in cases[document.id])
            for document in documents
            if document.kind in {"policy", "draft"}
        }
    )
    return next((document for document, n in votes.most_common(1) if n), None)

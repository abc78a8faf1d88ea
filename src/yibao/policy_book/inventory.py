"""The inventory of clauses beside the documents: which clause stands in which article.

Enters: clauses, each with the places that cover it; a region's documents and worked cases. Leaves:
the clauses of each document. An inventory may call a document otherwise than its pack does; then
the cases beside the pack, which name clauses, tell which document is meant, or else the words that
its title shares with that of a document of the same region.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from yibao.policy.model import Document, Region
from yibao.settlement.cases import Case
from yibao.text import Text

_NOTE = re.compile(r"（[^（）]*）$")
_ALIKE = 0.6
"""The least share of a title's pairs of characters that a document of that name has."""


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
    clauses: Iterable[Clause], region: Region, cases: Mapping[str, Sequence[Case]]
) -> dict[str, tuple[Clause, ...]]:
    """Return the clauses of each own document of a region, by the document's id.

    `cases` are those beside each document.
    """
    documents = region.own
    named: dict[str, list[Clause]] = {}
    for clause in clauses:
        named.setdefault(clause.document, []).append(clause)
    found: dict[str, tuple[Clause, ...]] = {}
    for name, held in named.items():
        document = _called(name, documents) or _meant(held, documents, cases)
        if document is None and _bare(held[0].region) in {_bare(region.name.en), _bare(region.id)}:
            document = _alike(name, documents)
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


def _bare(region: str) -> str:
    """Return a region's English name without what only tells where it lies: Jiaxing (Zhejiang)."""
    return re.sub(r"[^a-z]", "", region.partition("(")[0].lower())


def _alike(name: str, documents: Iterable[Document]) -> Document | None:
    """Return the one document whose title says nearly the same, if there is just one."""
    pairs = _pairs(_NOTE.sub("", name))
    found = [d for d in documents if len(own := _pairs(d.title.zh)) * _ALIKE <= len(own & pairs)]
    return found[0] if len(found) == 1 else None


def _pairs(text: str) -> set[str]:
    return {text[n : n + 2] for n in range(len(text) - 1)}

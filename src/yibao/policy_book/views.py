"""What the pages of a region show: documents article by article, gaps, and what covers what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from yibao.policy.model import Document, Region, Row, Step, Table
from yibao.policy_book import articles, changes, inventory, labels
from yibao.policy_book.entry import Entry
from yibao.policy_book.history import History, history
from yibao.policy_book.inventory import Clause
from yibao.policy_book.naming import Naming, same
from yibao.policy_book.provisions import entries
from yibao.policy_book.worked import Place, Worked, place, worked
from yibao.text import Text

HUES = 8
"""How many colours tell documents apart before they repeat."""

_NOTE = re.compile(r"（[^（）]*）$")
_LONG = 26
"""A title longer than this, in characters, does not serve as a short name."""


@dataclass(frozen=True, slots=True)
class ArticleView:
    """One article of a document: its rules, what is left out, its clauses and their cases.

    An article without any has the cites in `see` that deal with it under another number.
    """

    cite: str
    title: Text | None
    entries: tuple[Entry, ...]
    left: tuple[tuple[Text, Text], ...]
    clauses: tuple[Clause, ...]
    cases: tuple[Worked, ...]
    see: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """The article's place on its document's page."""
        return articles.slug(self.cite)


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One document: its articles in natural order, and what other documents do to it."""

    document: Document
    hue: int
    articles: tuple[ArticleView, ...]
    acted_on: tuple[Entry, ...]
    cases: tuple[Worked, ...]

    @property
    def page(self) -> str:
        """The file of the document's page, in its region's folder."""
        return page_of(self.document)

    @property
    def short(self) -> Text:
        """A short name."""
        return short_name(self.document)

    @property
    def rules(self) -> int:
        """How many provisions the document has."""
        return sum(len(article.entries) for article in self.articles)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The inventory's clauses of the document."""
        return tuple(clause for article in self.articles for clause in article.clauses)


@dataclass
class RegionView:
    """Everything that the pages of one region show. `others` are the book's other regions."""

    region: Region
    folder: Path
    clauses: Sequence[Clause]
    others: frozenset[str] = frozenset()
    naming: Naming = field(init=False)

    def __post_init__(self) -> None:
        self.naming = Naming(self.region)

    @property
    def href(self) -> str:
        """The region's folder as a link from the book's first page."""
        return quote(self.region.id)

    @cached_property
    def hues(self) -> Mapping[str, int]:
        """A colour for each document."""
        return {d.id: n % HUES for n, d in enumerate(_by_date(self.region.documents))}

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The provisions, also those of regions above."""
        return tuple(entries(self.region, self.naming))

    @cached_property
    def cases(self) -> tuple[Worked, ...]:
        """The worked cases."""
        return tuple(worked(self.folder, self.naming))

    @cached_property
    def used_by(self) -> Mapping[Place, tuple[Worked, ...]]:
        """The cases that use each provision."""
        found: dict[Place, tuple[Worked, ...]] = {}
        for case in self.cases:
            for used in case.used:
                found[used] = (*found.get(used, ()), case)
        return found

    def cases_of(self, entry: Entry) -> tuple[Worked, ...]:
        """Return the cases that use a provision."""
        return () if entry.origin is None else self.used_by.get(place(entry.origin), ())

    @cached_property
    def case_clauses(self) -> Mapping[str, tuple[Worked, ...]]:
        """The cases that name each clause."""
        found: dict[str, tuple[Worked, ...]] = {}
        for case in self.cases:
            for clause in case.case.clauses:
                found[clause] = (*found.get(clause, ()), case)
        return found

    @cached_property
    def placed(self) -> Mapping[str, tuple[Clause, ...]]:
        """The inventory's clauses by document."""
        beside = {d.id: [c.case for c in self.cases if c.document == d.id] for d in self.region.own}
        return inventory.by_document(self.clauses, self.region, beside)

    @cached_property
    def documents(self) -> tuple[DocumentView, ...]:
        """The region's own documents, by date."""
        return tuple(self._document(document) for document in _by_date(self.region.own))

    @property
    def other_cases(self) -> tuple[Worked, ...]:
        """The cases that stand beside none of the region's own documents."""
        own = {document.id for document in self.region.own}
        return tuple(case for case in self.cases if case.document not in own)

    @cached_property
    def histories(self) -> tuple[History, ...]:
        """The parameters over time, by name."""
        tables = self.region.tables
        return tuple(history(tables[name], self.naming) for name in sorted(tables))

    @cached_property
    def missing(self) -> tuple[tuple[Table, Row], ...]:
        """The figures of which an own document says that nobody has found them."""
        return tuple(
            (table, row)
            for table in self.region.tables.values()
            for row in table.rows
            if row.missing is not None and row.origin.document.region == self.region.id
        )

    @cached_property
    def days(self) -> tuple[changes.Day, ...]:
        """The days on which the rules change."""
        return tuple(changes.days(self.naming, self.others))

    @cached_property
    def grades(self) -> Mapping[str, int]:
        """How many provisions of the region's own documents have each grade."""
        own = [e.origin.grade.name for e in self.own_entries if e.origin is not None]
        return {grade: own.count(grade) for grade in "ABCD"}

    @cached_property
    def own_entries(self) -> tuple[Entry, ...]:
        """The provisions of the region's own documents, each once."""
        return tuple(
            e for e in self.entries if e.document.region == self.region.id and e.kind != "class_row"
        )

    @cached_property
    def phases(self) -> Mapping[str, tuple[Step, ...]]:
        """The steps of each phase, in order."""
        found: dict[str, tuple[Step, ...]] = {}
        for step in sorted(self.region.steps, key=lambda s: (s.order, s.id, str(s.origin.first))):
            found[step.phase] = (*found.get(step.phase, ()), step)
        known = {name: n for n, name in enumerate(self.naming.words.phases())}
        return dict(sorted(found.items(), key=lambda one: known.get(one[0], len(known))))

    @property
    def covered(self) -> int:
        """How many of the inventory's clauses of this region a case or a test covers."""
        return sum(self.covers(clause) for held in self.placed.values() for clause in held)

    def covers(self, clause: Clause) -> bool:
        """Tell whether a case or a test covers a clause."""
        return bool(clause.tests or clause.id in self.case_clauses)

    # --- one document -------------------------------------------------------------------------

    def _document(self, document: Document) -> DocumentView:
        own = [e for e in self.entries if e.document is document]
        return DocumentView(
            document=document,
            hue=self.hues[document.id],
            articles=tuple(self._articles(document, own)),
            acted_on=tuple(self._acts_on(document)),
            cases=tuple(case for case in self.cases if case.document == document.id),
        )

    def _acts_on(self, document: Document) -> Iterator[Entry]:
        for entry in self.entries:
            if entry.origin is None and entry.name.partition(" ")[2] == document.id:
                yield entry

    def _articles(self, document: Document, own: Sequence[Entry]) -> Iterator[ArticleView]:
        titles = {article.number: article.title for article in document.articles}
        left: dict[str, list[tuple[Text, Text]]] = {}
        for cite, to, why in document.not_encoded:
            left.setdefault(cite, []).append((labels.of(to), why))
        filled = dict.fromkeys((*(e.cite for e in own), *left))
        cites = dict.fromkeys((*titles, *filled))
        clauses = self._clauses(self.placed.get(document.id, ()), cites)
        for cite in articles.in_order({**cites, **dict.fromkeys(clauses)}, list(titles)):
            held = clauses.get(cite, ())
            yield ArticleView(
                cite=cite,
                title=titles.get(cite),
                entries=tuple(e for e in own if e.cite == cite),
                left=tuple(left.get(cite, ())),
                clauses=tuple(held),
                cases=tuple(self._cases(held)),
                see=() if cite in filled else tuple(articles.touching(cite, filled)),
            )

    def _cases(self, clauses: Iterable[Clause]) -> Iterator[Worked]:
        found = {
            case.anchor: case for clause in clauses for case in self.case_clauses.get(clause.id, ())
        }
        yield from found.values()

    @staticmethod
    def _clauses(clauses: Iterable[Clause], cites: Iterable[str]) -> dict[str, list[Clause]]:
        """Put each clause at the article that covers it best; else at an article of its own."""
        held = {cite: articles.paths(cite) for cite in cites}
        found: dict[str, list[Clause]] = {}
        for clause in clauses:
            cite = articles.best(articles.paths(clause.article), held) or clause.article
            found.setdefault(cite, []).append(clause)
        return found


def _by_date(documents: Iterable[Document]) -> list[Document]:
    return sorted(documents, key=lambda d: (d.first, d.known, d.id))


def page_of(document: Document) -> str:
    """Return the file of a document's page, in its region's folder."""
    return f"{document.id}@{document.first}.html"


def short_name(document: Document) -> Text:
    """Return a short name of a document: its number where it has one, else its title."""
    number = _NOTE.sub("", document.number)
    title = _NOTE.sub("", document.title.zh)
    official = document.kind in {"policy", "draft"}
    if official and "〔" not in number and len(title) <= _LONG:
        number = title
    return Text(number, document.id.replace("-", " ")) if number else same(document.id)


def span(days: Iterable[date | None]) -> tuple[int, int]:
    """Return the first year of some days, and the year after the last."""
    years = [day.year for day in days if day is not None]
    return (min(years), max(years) + 1) if years else (2000, 2001)

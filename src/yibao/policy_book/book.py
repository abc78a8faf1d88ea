"""The whole book: regions in, the files of a site out, by their names.

The same input gives the same bytes: nothing in a page depends on the day or the place where it is
made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yibao.errors import CannotWrite
from yibao.policy.model import Authority, Region
from yibao.policy_book.glossary import Term, as_hits, terms
from yibao.policy_book.history import History
from yibao.policy_book.inventory import Clause
from yibao.policy_book.pages import Languages, Pages, static
from yibao.policy_book.search import index
from yibao.policy_book.views import DocumentView, RegionView, span
from yibao.text import Text

Watch = Callable[[Text], None]
"""Is told what is being written."""

_LEVELS = (Authority.national, Authority.province, Authority.city)


@dataclass(frozen=True, slots=True)
class Sources:
    """What a book is made from: regions with their folders, and the inventory of clauses."""

    regions: Sequence[tuple[Region, Path]]
    clauses: Sequence[Clause] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """The files of the site by their names, and how much is in it."""

    files: Mapping[str, str]
    summary: Mapping[str, Any]


def make_book(sources: Sources, languages: Languages = "both", watch: Watch | None = None) -> Book:
    """Return the site; raises CannotWrite when two regions would share a folder."""
    ids = [region.id for region, _ in sources.regions]
    for name in ids:
        if ids.count(name) > 1:
            raise CannotWrite(f"two regions are called {name!r}; name one of them otherwise")
    views = [
        RegionView(region, folder, sources.clauses, frozenset(ids) - {region.id})
        for region, folder in sources.regions
    ]
    maker = _Maker(views, sources, Pages(languages), watch or (lambda _: None))
    return Book({**static(), **dict(maker.files())}, maker.summary())


class _Maker:
    def __init__(
        self, views: Sequence[RegionView], sources: Sources, pages: Pages, watch: Watch
    ) -> None:
        self.views = views
        self.sources = sources
        self.pages = pages
        self.watch = watch
        self.by_id = {view.region.id: view for view in views}

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield every page, and the search index."""
        for view in self.views:
            self.watch(view.region.name)
            yield from self._region(view)
        self.watch(Text("总目、变动、词语与检索", "Contents, changes, glossary and search"))
        words = terms(self.views)
        yield "index.html", self._top("index", levels=self._levels(), years=self._years())
        yield "changes.html", self._top("changes", days=self._days())
        yield "glossary.html", self._top("glossary", letters=_letters(words))
        yield "coverage.html", self._top("coverage", elsewhere=self._elsewhere())
        yield "search-index.js", index(self.views, as_hits(words))

    def summary(self) -> dict[str, Any]:
        """Return the counts of each region."""
        return {view.region.id: _counts(view) for view in self.views}

    # --- pages of a region --------------------------------------------------------------------

    def _region(self, view: RegionView) -> Iterator[tuple[str, str]]:
        home = view.region.id
        yield f"{home}/index.html", self._inner("region", view)
        yield f"{home}/parameters.html", self._inner("parameters", view)
        yield f"{home}/cases.html", self._inner("cases", view)
        for document in view.documents:
            yield f"{home}/{document.page}", self._inner("document", view, document=document)

    def _inner(self, template: str, view: RegionView, **context: Any) -> str:
        years = span(day for d in view.region.documents for day in (d.first, d.last))
        return self.pages.render(
            f"{template}.html",
            root="../",
            view=view,
            views=self.views,
            by_id=self.by_id,
            counts=_counts(view),
            years=years,
            has_clauses=bool(self.sources.clauses),
            **context,
        )

    # --- pages of the whole book --------------------------------------------------------------

    def _top(self, template: str, **context: Any) -> str:
        return self.pages.render(
            f"{template}.html",
            root="",
            view=None,
            views=self.views,
            by_id=self.by_id,
            all_counts={view.region.id: _counts(view) for view in self.views},
            has_clauses=bool(self.sources.clauses),
            **context,
        )

    def _levels(self) -> list[tuple[str, list[RegionView]]]:
        return [
            (level.name, found)
            for level in _LEVELS
            if (found := [v for v in self.views if v.region.authority == level])
        ]

    def _years(self) -> tuple[int, int]:
        documents = [d.document for view in self.views for d in view.documents]
        return span(day for d in documents for day in (d.first, d.last))

    def _days(self) -> list[tuple[str, list[tuple[RegionView, Any]]]]:
        """Return the days on which any region's rules change, the newest first."""
        found: dict[str, list[tuple[RegionView, Any]]] = {}
        for view in self.views:
            for day in view.days:
                found.setdefault(str(day.day), []).append((view, day))
        return sorted(found.items(), reverse=True)

    def _elsewhere(self) -> list[tuple[str, str, int]]:
        """Return the inventory's documents that no region of the book holds, with their clauses."""
        placed = {c.id for view in self.views for held in view.placed.values() for c in held}
        found: dict[tuple[str, str], int] = {}
        for clause in self.sources.clauses:
            if clause.id not in placed:
                key = (clause.region, clause.document)
                found[key] = found.get(key, 0) + 1
        return [(*key, n) for key, n in found.items()]


def _counts(view: RegionView) -> dict[str, int]:
    documents: Sequence[DocumentView] = view.documents
    return {
        "documents": len(documents),
        "articles": sum(len(d.articles) for d in documents),
        "rules": len(view.own_entries),
        "parameters": sum(_own(history, view) for history in view.histories),
        "cases": len(view.cases),
        "failed": sum(bool(case.failures) for case in view.cases),
        "not_encoded": sum(len(d.document.not_encoded) for d in documents),
        "missing": len(view.missing),
        "clauses": sum(len(held) for held in view.placed.values()),
        "covered": view.covered,
    }


def _own(history: History, view: RegionView) -> bool:
    """Tell whether one of the region's own documents sets a parameter."""
    return any(v.origin.document.region == view.region.id for v in history.versions)


def _letters(words: Sequence[Term]) -> dict[str, list[Term]]:
    found: dict[str, list[Term]] = {}
    for word in words:
        found.setdefault(word.name[:1].upper(), []).append(word)
    return found

"""What documents do to each other: extend, activate, repeal.

Enters: the documents of a region. Leaves: the validity that each provision really has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from yibao.policy.model import Act, Document


class Acts:
    """What documents do to the validity of others."""

    def __init__(self, documents: Iterable[Document], known: date | None = None) -> None:
        """Take the acts of the documents that were published by `known` (None: all)."""
        self.extends: list[Act] = []
        self.activates: list[Act] = []
        self.repeals: list[Act] = []
        for document in documents:
            if known is not None and document.known > known:
                continue
            self.extends += document.extends
            self.activates += document.activates
            self.repeals += document.repeals

    def apply(
        self, document: Document, name: str, first: date, last: date | None
    ) -> tuple[date | None, date | None, Act | None]:
        """Return a provision's validity after all acts, and the act that changed it last.

        Of several acts of one kind the earliest activation, the longest extension and the earliest
        repeal count, whatever the order of the documents.
        """
        begin: date | None = first
        by: Act | None = None
        if document.kind == "draft":
            by = min(_about(self.activates, document, name), key=_first, default=None)
            begin = None if by is None else max(first, _first(by))
            last = last if by is None else min(last or date.max, by.last or date.max)
            last = None if last == date.max else last
        extension = max(_about(self.extends, document, name), key=_last, default=None)
        if extension is not None and last is not None and last == document.last:
            last, by = extension.last, extension
        repeal = min(_about(self.repeals, document, name), key=_first, default=None)
        if repeal is not None and (last is None or last >= _first(repeal)):
            last, by = _first(repeal) - timedelta(days=1), repeal
        return begin, last, by


def _about(acts: Iterable[Act], document: Document, name: str) -> Iterator[Act]:
    for act in acts:
        if act.document == document.id and (act.provisions is None or name in act.provisions):
            yield act


def _first(act: Act) -> date:
    return act.first or date.min


def _last(act: Act) -> date:
    return act.last or date.max

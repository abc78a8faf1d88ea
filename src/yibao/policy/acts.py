"""What documents do to each other: extend, activate, repeal.

Enters: the documents of a region. Leaves: the validity that each provision really has.
"""

from __future__ import annotations

from collections.abc import Iterable
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
        """Return a provision's validity after all acts, and the act that changed it."""
        begin: date | None = first
        by: Act | None = None
        if document.kind == "draft":
            act = _about(self.activates, document, name)
            begin = None if act is None or act.first is None else max(first, act.first)
            if act is not None and act.last is not None:
                last = act.last if last is None else min(last, act.last)
            by = act
        act = _about(self.extends, document, name)
        if act is not None and last is not None and last == document.last:
            last, by = act.last, act
        act = _about(self.repeals, document, name)
        if act is not None and act.first is not None and (last is None or last >= act.first):
            last, by = act.first - timedelta(days=1), act
        return begin, last, by


def _about(acts: Iterable[Act], document: Document, name: str) -> Act | None:
    for act in acts:
        if act.document == document.id and (act.provisions is None or name in act.provisions):
            return act
    return None

"""Turn a document.yaml into a `Document`.

Enters: its validated source and the region that it belongs to. Leaves: the document with what it
does to others; whether that makes sense is the business of `document_checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from yibao.policy.hierarchy import Place
from yibao.policy.model import Act, Article, Authority, Document, Text, Waiver
from yibao.policy.source import Source


@dataclass(frozen=True, slots=True)
class Head:
    """A document.yaml, the region that it belongs to, and the rules files beside it."""

    place: Place
    source: Source
    rules: tuple[Source, ...]

    @property
    def folder(self) -> Path:
        """The document's folder."""
        return self.source.file.parent

    @property
    def id(self) -> str:
        """The document's id: what stands before the @ in the folder's name."""
        return document_id(self.folder)

    @property
    def over(self) -> frozenset[str]:
        """The documents that this one states that it goes over."""
        return frozenset(self.source.data.get("over", ()))

    @property
    def authority(self) -> Authority:
        """Whose document it is; the region's level unless it says otherwise."""
        said = self.source.data.get("authority")
        return self.place.authority if said is None else Authority[said]


def document_id(folder: Path) -> str:
    """Return the id of the document that a folder holds."""
    return folder.name.partition("@")[0]


def document_of(head: Head, precedence: int) -> Document:
    """Return the document that a head describes."""
    data = head.source.data
    number = data["number"]
    first, last = (_date(data["effective"][end]) for end in ("from", "to"))
    assert first is not None
    return Document(
        id=head.id,
        region=head.place.id,
        title=Text(**data["title"]),
        number=number,
        issuer=Text(**data["issuer"]),
        kind=data["kind"],
        authority=head.authority,
        known=date.fromisoformat(data["known"]),
        first=first,
        last=last,
        folder=head.folder,
        note=Text(**data["note"]) if "note" in data else None,
        extends=tuple(_act(number, a) for a in data.get("extends", ())),
        activates=tuple(_act(number, a) for a in data.get("activates", ())),
        repeals=tuple(_act(number, a) for a in data.get("repeals", ())),
        not_encoded=tuple(
            (n["article"], n["left_to"], Text(**n["why"])) for n in data.get("not_encoded", ())
        ),
        articles=tuple(Article(a["article"], Text(**a["title"])) for a in data.get("articles", ())),
        waives=tuple(
            _waiver(w, first, last, head.source.line(("waives", i)))
            for i, w in enumerate(data.get("waives", ()))
        ),
        precedence=precedence,
    )


def _act(by: str, data: Mapping[str, Any]) -> Act:
    provisions = data.get("provisions")
    return Act(
        by=by,
        document=data["document"],
        provisions=None if provisions is None else frozenset(provisions),
        first=_date(data.get("from")),
        last=_date(data.get("to")),
        cite=data["cite"],
        says=Text(**data["says"]),
    )


def _waiver(data: Mapping[str, Any], first: date, last: date | None, line: int) -> Waiver:
    return Waiver(
        limit=data["limit"],
        document=data["document"],
        first=_date(data.get("from")) or first,
        last=_date(data["to"]) if "to" in data else last,
        cite=data["cite"],
        says=Text(**data["says"]),
        line=line,
    )


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)

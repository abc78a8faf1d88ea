"""What a figure or a step rests on, and why another provision does not apply, in words.

Enters: the origins of provisions. Leaves: plain data and texts in both languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import assert_never

from yibao.policy.consolidate import Reason
from yibao.policy.model import Document, Origin, Text


@dataclass(frozen=True, slots=True)
class Source:
    """The provision behind a figure or a step.

    `name` is what to call the document: its number, or the title of one that is no official
    document. `by` is the document by whose act the provision holds beyond its own term.
    """

    document: str
    number: str
    name: Text
    cite: str
    grade: str
    source: str | None
    first: date | None
    last: date | None
    by: str | None


def source_of(origin: Origin) -> Source:
    """Return a provision's source as plain data."""
    return Source(
        document=origin.document.id,
        number=origin.document.number,
        name=name_of(origin.document),
        cite=origin.cite,
        grade=origin.grade.name,
        source=origin.source,
        first=origin.first,
        last=origin.last,
        by=origin.by.by if origin.by else None,
    )


def name_of(document: Document) -> Text:
    """Return what to call a document: its number, or the title where that is not official."""
    official = document.kind in {"policy", "draft"}
    return Text(document.number, document.number if official else document.title.en)


def why_not(reason: Reason, loser: Origin, winner: Origin) -> Text:
    """Say why a provision does not apply."""
    name, by = name_of(loser.document), name_of(winner.document)
    match reason:
        case "ended":
            return Text(
                f"{name.zh}的规定已于{loser.last}终止",
                f"the rule of {name.en} ended on {loser.last}",
            )
        case "not_yet":
            return Text(
                f"{name.zh}的规定自{loser.first}起施行",
                f"the rule of {name.en} begins on {loser.first}",
            )
        case "not_known":
            return Text(
                f"{name.zh}于{loser.known}才公布", f"{name.en} was published only on {loser.known}"
            )
        case "never":
            return Text(
                f"{name.zh}为征求意见稿，未施行", f"{name.en} is a draft that is not in force"
            )
        case "outranked":
            return Text(f"上位文件{by.zh}优先", f"{by.en} is of higher authority")
        case "superseded":
            return Text(f"已被{by.zh}取代", f"superseded by {by.en}")
        case _:
            assert_never(reason)

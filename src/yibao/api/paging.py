"""Cursors: where the next page begins, as a text that clients hand back and do not read."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query
from pydantic import StringConstraints

from yibao.agency.desk.model import DeskError
from yibao.api.fields import MAX_INTEGER

Row = TypeVar("Row")

MAX_PAGE = 200
"""Most rows of a page."""

Cursor = Annotated[
    str | None,
    Query(description="`next` of the page before / 上一页的 next"),
    StringConstraints(max_length=40, pattern=r"^[0-9A-Za-z_-]+$"),
]
KeyCursor = Annotated[
    str | None,
    Query(description="`next` of the page before / 上一页的 next"),
    StringConstraints(max_length=2_000, pattern=r"^[0-9A-Za-z_-]+$"),
]
"""A cursor of what has texts for a key."""

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="rows of a page / 每页行数")]


def cursor_after(number: int) -> str:
    """Return the cursor of what comes after a number."""
    return urlsafe_b64encode(f"after {number}".encode()).decode().rstrip("=")


def number_of(cursor: str | None) -> int:
    """Return the number that a cursor comes after, 0 without one; raises DeskError."""
    if cursor is None:
        return 0
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        word, _, digits = text.partition(" ")
        number = int(digits)
    except ValueError:
        word, number = "", 0
    if word != "after" or not 0 <= number <= MAX_INTEGER or cursor_after(number) != cursor:
        raise DeskError("request", "cursor", cursor, "the `next` of an earlier page")
    return number


def cursor_at(key: Sequence[str]) -> str:
    """Return the cursor of what comes after a key of texts."""
    text = json.dumps(list(key), ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def key_at(cursor: str | None, parts: int) -> tuple[str, ...] | None:
    """Return the key of so many texts that a cursor comes after; raises DeskError."""
    if cursor is None:
        return None
    try:
        key = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        key = None
    good = isinstance(key, list) and len(key) == parts
    if not good or not all(isinstance(p, str) and p.isprintable() for p in key):
        raise DeskError("request", "cursor", cursor, "the `next` of an earlier page")
    return tuple(key)


def page_of(
    rows: Sequence[Row], number: Callable[[Row], int], cursor: str | None, limit: int
) -> tuple[Sequence[Row], str | None]:
    """Return a page of what somebody has, by number, and the cursor of the next; raises DeskError.

    What one person has is little, so that all of it may be read for a page.
    """
    after = number_of(cursor)
    later = [row for row in rows if number(row) > after]
    return cut(later, limit, lambda row: cursor_after(number(row)))


def cut(
    rows: Sequence[Row], limit: int, cursor_of: Callable[[Row], str]
) -> tuple[Sequence[Row], str | None]:
    """Return a page of one row more than it holds, and the cursor of the page after it."""
    more = len(rows) > limit
    return rows[:limit], cursor_of(rows[limit - 1]) if more else None

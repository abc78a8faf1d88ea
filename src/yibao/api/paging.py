"""Cursors: where the next page begins, as a text that clients hand back and do not read."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

from fastapi import Query
from pydantic import StringConstraints

from yibao.agency.desk.model import DeskError
from yibao.api.fields import MAX_INTEGER

MAX_PAGE = 200
"""Most rows of a page."""

Cursor = Annotated[
    str | None,
    Query(description="`next` of the page before / 上一页的 next"),
    StringConstraints(max_length=40, pattern=r"^[0-9A-Za-z_-]+$"),
]
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

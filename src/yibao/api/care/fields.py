"""What the routes around a bill share: numbers, remarks, pages of somebody's things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Path, Query
from pydantic import Field, StringConstraints

from yibao.api.fields import MAX_INTEGER, Name
from yibao.api.paging import cursor_after, cut, number_of

Row = TypeVar("Row")

Number = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
"""Our number of something."""

Remark = Annotated[
    str,
    StringConstraints(max_length=200, pattern=r"^([^\p{C}\p{Z}]([^\p{C}]*[^\p{C}\p{Z}])?)?$"),
]
"""One line in words, or nothing."""

PersonId = Annotated[Name, Path(description="person_id / 人员编号")]
OfPerson = Annotated[Name, Query(alias="person_id", description="whose / 人员编号")]


def number_in_path(text: str) -> Any:
    """Return the parameter of a path that is our number of something."""
    return Path(ge=1, le=MAX_INTEGER, description=text)


def page_of(
    rows: Sequence[Row], number: Callable[[Row], int], cursor: str | None, limit: int
) -> tuple[Sequence[Row], str | None]:
    """Return a page of what somebody has, by number, and the cursor of the next; raises DeskError.

    What one person has is little, so that all of it may be read for a page.
    """
    after = number_of(cursor)
    later = [row for row in rows if number(row) > after]
    return cut(later[: limit + 1], limit, lambda row: cursor_after(number(row)))

"""Defects that are planted to see whether the simulation finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg

from yibao.agency.dispensing import door
from yibao.agency.filing import intake


def _rewritten(url: str, function: str, old: str, new: str) -> None:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_get_functiondef(%s::regproc)", (function,)).fetchone()
        assert row is not None
        assert row[0].count(old) == 1, f"{function} has no {old!r}"
        connection.execute(row[0].replace(old, new))


@contextmanager
def no_lock(url: str) -> Iterator[None]:
    """The desk does not lock the person: two bills of one person may be settled at one time."""
    _rewritten(url, "desk.open", "FOR NO KEY UPDATE", "")
    yield


@contextmanager
def no_key(url: str) -> Iterator[None]:
    """The desk does not keep what it answered under the key."""
    _rewritten(url, "desk.record", "IF doc ? 'request' THEN", "IF false THEN")
    yield


@contextmanager
def torn(_: str) -> Iterator[None]:
    """A correction commits between taking back and settling: it may be done by half."""
    original = intake.reverse

    def reverse(connection: psycopg.Connection[Any], *given: Any, **named: Any) -> Any:
        taken = original(connection, *given, **named)
        connection.commit()
        return taken

    door.intake.reverse = reverse  # type: ignore[assignment]
    try:
        yield
    finally:
        door.intake.reverse = original


DEFECTS: Mapping[str, Callable[[str], AbstractContextManager[None]]] = {
    "no_lock": no_lock,
    "no_key": no_key,
    "torn": torn,
}

"""Who did what: every write leaves a row in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.store.audit import audit
from yibao.store.database import Connection


def note(connection: Connection, actor: str, action: str, subject: str, **detail: object) -> None:
    """Write down that `actor` did something; days in `detail` are written as ISO texts."""
    audit(connection, actor, action, subject, plain(detail))


def plain(detail: Mapping[str, object]) -> dict[str, object]:
    """Return values as JSON knows them: numbers, flags, lists and texts."""
    return {name: _plain(value) for name, value in detail.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, bool | int | str):
        return value
    return sorted(map(str, value)) if isinstance(value, frozenset | set) else str(value)

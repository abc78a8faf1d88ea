"""The audit log: who did what to what, written in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from yibao.store.database import Connection


def audit(
    connection: Connection, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> None:
    """Write down who did what to what; `detail` is what JSON knows."""
    connection.execute(
        "INSERT INTO ops.audit (actor, action, subject, detail) VALUES (%s, %s, %s, %s)",
        (actor, action, subject, Jsonb(detail)),
    )

"""Reconciliations that are kept: what was found, by whom, to be read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from yibao.agency.clearing.model import log, refusal
from yibao.agency.reconcile.data import as_json
from yibao.agency.reconcile.day import Reconciliation
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Kept:
    """A reconciliation as it was kept; `found` is that of `data.as_json`."""

    reconciliation_id: int
    institution_id: str
    first: date
    last: date
    agrees: bool
    actor: str
    made_at: datetime
    found: Mapping[str, Any]


_COLUMNS = "reconciliation_id, institution_id, first, last, agrees, actor, made_at, found"


def keep(connection: Connection, found: Reconciliation, *, actor: str) -> Kept:
    """Keep what was found; return it with its number."""
    told = as_json(found)
    row = connection.execute(
        "INSERT INTO clearing.reconciliation (institution_id, first, last, agrees, actor, found) "
        f"VALUES (%s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}",
        (found.institution_id, found.first, found.last, found.agrees, actor, Jsonb(told)),
    ).fetchone()
    assert row is not None
    kept = Kept(*row)
    differences = sum(len(one["differences"]) for one in told["comparisons"])
    subject = f"reconciliation:{kept.reconciliation_id}"
    log(connection, actor, "reconcile", subject, differences=differences)
    return kept


def kept(connection: Connection, number: int) -> Kept:
    """Return a reconciliation by its number; raises ClearingError."""
    found = page(connection, None, number - 1, 1)
    if not found or found[0].reconciliation_id != number:
        raise refusal(
            "known_reconciliation", f"没有对账 {number}", f"there is no reconciliation {number}"
        )
    return found[0]


def page(connection: Connection, institution: str | None, after: int, limit: int) -> Sequence[Kept]:
    """Return at most so many reconciliations with numbers after one; all, or an institution's."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM clearing.reconciliation WHERE reconciliation_id > %(after)s "
        "AND (%(whose)s::text IS NULL OR institution_id = %(whose)s) "
        "ORDER BY reconciliation_id LIMIT %(limit)s",
        {"after": after, "whose": institution, "limit": limit},
    )
    return [Kept(*row) for row in rows]

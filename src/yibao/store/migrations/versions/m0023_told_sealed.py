"""What is told of persons besides who they are, sealed: visits, filings, deliveries, lists, files.

What was written before is sealed here. What the audit log has of it (why something was cancelled or
decided, what was found at a visit) stays, as its rows are chained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yibao.store.migrations.script import driver, run
from yibao.store.vault import Vault, make_ready

revision = "0023"
down_revision = "0022"

_PLAIN: Sequence[tuple[str, str, Sequence[str]]] = (
    ("visits.visit", "visit_id", ("says",)),
    ("visits.fee", "fee_id", ("says",)),
    ("filing.accident", "accident_id", ("place", "cause", "says")),
    ("stock.movement", "movement_id", ("says",)),
    ("desk.settlement_list", "list_id", ("says",)),
    ("ops.file", "number", ("name", "content")),
    ("filing.referral", "referral_id", ("reason",)),
    ("filing.remote", "remote_id", ("reason",)),
    ("filing.cancellation", "kind || ' ' || filing_id", ("reason",)),
    ("dispensing.audited", "prescription_id", ("reason",)),
    ("dispensing.delivery", "delivery_id", ("stable", "immobile", "address")),
    ("dispensing.delivery_step", "delivery_id || ' ' || step", ("told_by",)),
    ("filing.choice", "choice_id", ("residence",)),
    ("qualification.decision", "application_id", ("reason",)),
    ("qualification.review", "review_id", ("reason",)),
    ("review.answer", "answer_id", ("reason",)),
    ("matching.decision", "decision_id", ("reason",)),
    ("matching.gap_step", "step_id", ("note", "proof")),
)


def upgrade() -> None:
    """Apply; raises StoreError where there are no keys."""
    safe = make_ready(driver())
    run("0023_seal")
    names = driver().execute("SELECT number, name FROM ops.file").fetchall()
    for table, owner, columns in _PLAIN:
        _seal(safe, table, owner, columns)
    _index(safe, names)
    run("0023_sealed")


def _seal(safe: Vault, table: str, owner: str, columns: Sequence[str]) -> None:
    """Seal columns of a table, one after the other, some rows at a time."""
    for column in columns:
        with driver().cursor("plain") as plain, driver().cursor() as cursor:
            plain.itersize = 8 if column == "content" else 1_000
            plain.execute(f"SELECT {owner}, {_read(column)} FROM {table}")
            while rows := plain.fetchmany(plain.itersize):
                cursor.executemany(
                    "INSERT INTO pg_temp.sealed (about, box) VALUES (%s, %s)",
                    [_sealed(safe, f"{table}.{column}:{of}", value) for of, value in rows],
                )
    changes = ", ".join(
        f"ALTER {column} TYPE bytea USING pg_temp.sealed_of('{table}.{column}:' || ({owner}))"
        for column in columns
    )
    driver().execute(f"ALTER TABLE {table} {changes}")
    driver().execute("TRUNCATE pg_temp.sealed")


def _read(column: str) -> str:
    """Return what is read of a column: of `says` its text, none where nothing is said."""
    return "CASE WHEN says = '{}' THEN '' ELSE says::text END" if column == "says" else column


def _sealed(safe: Vault, about: str, value: str | bytes) -> tuple[str, bytes]:
    return about, safe.seal_bytes(value.encode() if isinstance(value, str) else value, about)


def _index(safe: Vault, names: Sequence[tuple[Any, ...]]) -> None:
    """Give files the blind indexes of their names."""
    driver().execute("ALTER TABLE ops.file ADD name_index bytea")
    with driver().cursor() as cursor:
        cursor.executemany(
            "UPDATE ops.file SET name_index = %s WHERE number = %s",
            [(safe.index("file", name) if name else b"", number) for number, name in names],
        )

"""Roles, audit, idempotency keys, the ledger."""

from yibao.store.migrations.script import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply."""
    run("0001_base")

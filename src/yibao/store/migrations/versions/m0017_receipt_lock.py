"""Receipts can be locked."""

from yibao.store.migrations.script import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply."""
    run("0017_receipt_lock")

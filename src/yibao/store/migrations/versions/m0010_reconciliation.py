"""The table of reconciliations."""

from yibao.store.migrations.script import run

revision = "0010"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    run("0010_reconciliation")

"""Registers by validity, service agreements, designation."""

from yibao.store.migrations.script import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    run("0002_registry")

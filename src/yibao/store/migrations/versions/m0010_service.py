"""The table of reconciliations, and indexes of what the service lists."""

from yibao.store.migrations.script import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply."""
    run("0010_service")

"""PostgreSQL itself shows each transaction only the rows of whom it works for."""

from yibao.store.migrations.script import run

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Apply."""
    run("0022_sight")

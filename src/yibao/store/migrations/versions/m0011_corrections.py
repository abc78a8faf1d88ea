"""The tables of what is taken back and refunded."""

from yibao.store.migrations.script import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    run("0011_corrections")

"""The tables of clearing."""

from yibao.store.migrations.script import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    run("0005_clearing")

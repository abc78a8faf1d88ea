"""The tables of desk."""

from yibao.store.migrations.script import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    run("0004_desk")

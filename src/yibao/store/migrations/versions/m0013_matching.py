"""The tables of doubtful pairs and of the resolution of gaps."""

from yibao.store.migrations.script import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply."""
    run("0013_matching")

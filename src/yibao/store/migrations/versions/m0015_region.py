"""The table of the region by whose rules a database is run."""

from yibao.store.migrations.script import run

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply."""
    run("0015_region")

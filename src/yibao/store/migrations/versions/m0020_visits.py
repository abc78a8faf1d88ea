"""Visits while they last: registered, described, charged."""

from yibao.store.migrations.script import run

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Apply."""
    run("0020_visits")

"""Catalogues of other regions, and guests in order."""

from yibao.store.migrations.script import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply."""
    run("0008_lines")

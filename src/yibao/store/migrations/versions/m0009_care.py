"""Limits in one place with grades, choices that can be counted, applications made by mistake."""

from yibao.store.migrations.script import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    run("0009_care")

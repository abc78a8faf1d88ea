"""The tables of enrolment, contributions and personal accounts."""

from yibao.store.migrations.script import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    run("0003_enrolment")

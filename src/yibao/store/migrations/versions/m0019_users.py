"""Users and who has signed in."""

from yibao.store.migrations.script import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Apply."""
    run("0019_users")

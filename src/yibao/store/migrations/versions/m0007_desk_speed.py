"""The desk asks for everything that it must know of a bill at once."""

from yibao.store.migrations.script import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    run("0007_desk_speed")

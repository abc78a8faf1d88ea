"""What the centre of the national interface keeps."""

from yibao.store.migrations.script import run

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Apply."""
    run("0021_centre")

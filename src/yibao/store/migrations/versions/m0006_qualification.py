"""The tables of qualification, filing and dispensing."""

from yibao.store.migrations.script import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    run("0006_qualification")

"""Classifications of tumours, of Chinese medicine, of cases that have a price."""

from yibao.store.migrations.script import run

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Apply."""
    run("0024_classifications")

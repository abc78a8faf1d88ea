"""What institutions are owed for guests, and one spelling of invoices."""

from yibao.store.migrations.script import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply."""
    run("0016_guests_cleared")

"""The tables of long-term care and of what products cost the funds."""

from yibao.store.migrations.script import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    run("0012_products")

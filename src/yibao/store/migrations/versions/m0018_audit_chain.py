"""The audit log, chained by hashes."""

from yibao.store.migrations.script import run

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply."""
    run("0018_audit_chain")

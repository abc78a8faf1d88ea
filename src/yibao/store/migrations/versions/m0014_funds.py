"""Funds of each scheme, kept apart in the ledger."""

from yibao.store.errors import StoreError
from yibao.store.migrations.script import run, value

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply; raises StoreError where the books mix what the schemes' funds own."""
    run("0014_funds")
    mixed = value(
        "SELECT string_agg(DISTINCT fund, ', ') FROM ledger.account "
        "WHERE ledger.fund_of('', fund) <> fund"
    )
    if mixed is not None:
        raise StoreError(
            f"the ledger has accounts of {mixed}, in which the money of employees and residents "
            "is mixed and can't be divided afterwards. Nothing was changed: keep this database "
            "with the program that made it, make a new one (`yibao db init`) and bring into it "
            f"what the old one stands for / 总账中 {mixed} 混有职工与居民基金，无法事后分账；"
            "原库未改动，请新建数据库（yibao db init）后重新导入业务"
        )

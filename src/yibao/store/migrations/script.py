"""Run a migration's file of SQL."""

from __future__ import annotations

from importlib.resources import files

from alembic import op


def run(name: str) -> None:
    """Run `sql/NAME.sql` as it stands, on the driver's own connection: no parameters."""
    source = files("yibao.store.migrations") / "sql" / f"{name}.sql"
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(source.read_text(encoding="utf-8"))

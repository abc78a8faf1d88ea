"""What migrations do: run their file of SQL, ask the database."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from alembic import op


def run(name: str) -> None:
    """Run `sql/NAME.sql` as it stands, on the driver's own connection: no parameters."""
    source = files("yibao.store.migrations") / "sql" / f"{name}.sql"
    driver().execute(source.read_text(encoding="utf-8"))


def value(query: str) -> Any:
    """Return the one value of a query."""
    return driver().execute(query).fetchone()[0]


def driver() -> Any:
    """Return the driver's own connection, in the transaction of all migrations."""
    found = op.get_bind().connection.driver_connection
    assert found is not None
    return found

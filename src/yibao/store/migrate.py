"""The schema's version: bring a database to that of this program, forward only.

A migration is a file of SQL below `migrations/sql`; Alembic keeps the order and says what is
applied. Going back means restoring a backup, since dropping columns would drop what they hold.
"""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from yibao.store.errors import StoreError


def _engine(url: str) -> Engine:
    _, _, rest = url.partition("://")
    return create_engine(f"postgresql+psycopg://{rest}", poolclass=NullPool)


def _config(connection: Any = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "yibao.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """Return the version that this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def version(url: str) -> str | None:
    """Return the version of a database, None where it has no schema yet; raises StoreError."""
    try:
        with _engine(url).connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        raise StoreError(f"the database cannot be reached: {error.orig}") from None


def upgrade(url: str) -> tuple[str | None, str]:
    """Bring a database to the newest version; return the versions before and after.

    Two processes that do it at once take turns. Raises StoreError when it has a version that this
    program does not know: a newer program made it.
    """
    before = version(url)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if before is not None and before not in known:
        raise StoreError(f"the database has version {before}, which this program does not know")
    with _engine(url).begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(726_001)"))
        command.upgrade(_config(connection), "head")
    return before, newest()


def require_newest(url: str) -> None:
    """Raise StoreError unless the schema is that of this program."""
    found = version(url)
    if found != newest():
        raise StoreError(
            f"the database's schema is {found or 'empty'}, this program needs {newest()}: run "
            "`yibao db upgrade` / 请运行 yibao db upgrade"
        )

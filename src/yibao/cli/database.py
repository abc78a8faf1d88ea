"""The database as commands use it: open, at this program's schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from yibao.cli.options import parse_text

if TYPE_CHECKING:
    from yibao.store.database import Database

Actor = Annotated[
    str,
    typer.Option(
        "--by", metavar="WHO", parser=parse_text, help="Who does it; the audit log keeps it."
    ),
]


@contextmanager
def opened(place: str | None) -> Iterator[Database]:
    """Yield the database at a folder or URL; raises StoreError where it is not there or not new."""
    from yibao.store import migrate
    from yibao.store.database import Database
    from yibao.store.server import serving, wanted

    with serving(wanted(place)) as url:
        migrate.require_newest(url)
        with Database(url, connections=2) as database:
            yield database

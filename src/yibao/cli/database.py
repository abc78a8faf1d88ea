"""The database as commands use it: open, at this program's schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from yibao.cli.options import parse_text

if TYPE_CHECKING:
    from yibao.store.database import Connection, Database

Actor = Annotated[
    str,
    typer.Option(
        "--by", metavar="WHO", parser=parse_text, help="Who does it; the audit log keeps it."
    ),
]


@contextmanager
def opened(place: str | None, policy: str = "", *, reads: bool = False) -> Iterator[Database]:
    """Yield the database at a folder or URL; raises StoreError where it is not there or not new.

    `policy` is by whose rules something is done to it, as `--policy` names them: raises Refused
    where the database is of another region. Where it is of none, it becomes of this one, unless
    what is done only reads.
    """
    from yibao.store.database import Database
    from yibao.store.sight import EVERYTHING

    with located(place) as url, Database(url, sight=EVERYTHING, connections=2) as database:
        if policy:
            database.run(lambda connection: bind(connection, policy, reads=reads))
        yield database


@contextmanager
def located(place: str | None) -> Iterator[str]:
    """Yield the URL of a database; raises StoreError where it is not there or not new."""
    from yibao.store import migrate
    from yibao.store.server import serving, wanted

    with serving(wanted(place)) as url:
        migrate.require_newest(url)
        yield url


def bind(connection: Connection, policy: str, *, reads: bool = False) -> None:
    """Hold a database to the region of a policy; raises Refused where it is of another."""
    from yibao.agency import region
    from yibao.cli.settle_run import place_of
    from yibao.policy.load import region_id

    name, hold = region_id(place_of(policy)), region.check if reads else region.settle_on
    hold(connection, name)

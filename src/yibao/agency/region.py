"""The region by whose rules a database is run: set once, and no other's rules touch it.

Two regions' rules on one set of persons and accounts would be money that nobody can explain.
"""

from __future__ import annotations

from yibao.errors import Refused
from yibao.store.database import Connection
from yibao.text import Text


def of(connection: Connection) -> str | None:
    """Return the id of the region that a database is of, None where none has been set."""
    row = connection.execute("SELECT region FROM ops.region").fetchone()
    return None if row is None else row[0]


def check(connection: Connection, region: str) -> None:
    """Raise Refused where a database is of another region."""
    ours = of(connection)
    if ours not in {None, region}:
        raise Refused(
            "region",
            Text(
                f"此数据库属于地区 {ours}，不能按 {region} 的规则办理 [region]",
                f"this database is of the region {ours}: the rules of {region} are not applied "
                "to it [region]",
            ),
        )


def settle_on(connection: Connection, region: str) -> None:
    """Let a database be of a region from now on; raises Refused where it is of another."""
    if of(connection) is None:  # of two that ask at once, the second waits and then sees the first
        connection.execute(
            "INSERT INTO ops.region (region) VALUES (%s) ON CONFLICT DO NOTHING", (region,)
        )
    check(connection, region)

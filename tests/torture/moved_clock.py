"""A database whose clock can be set: the desk asks PostgreSQL what time it is.

A function of the same name comes before PostgreSQL's own for who connects by the address given
here. Nothing of the platform is changed for it; when a row was written is still told by the true
clock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

import psycopg

CLOCK = """
CREATE SCHEMA moved;
CREATE TABLE moved.clock (at timestamptz NOT NULL);
INSERT INTO moved.clock VALUES (clock_timestamp());
CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql
  AS 'SELECT at FROM moved.clock';
GRANT USAGE ON SCHEMA moved TO yibao_app;
GRANT SELECT ON moved.clock TO yibao_app;
"""


def moved(url: str) -> str:
    """Return the address by which a database has the clock that can be set."""
    path = quote("-c search_path=moved,pg_catalog,public")
    return f"{url}{'&' if '?' in url else '?'}options={path}"


def install(url: str) -> str:
    """Give a database a clock that can be set; return the address by which it has it."""
    with psycopg.connect(url) as connection:
        connection.execute(CLOCK)
    return moved(url)


def set_clock(connection: psycopg.Connection[Any], at: datetime) -> None:
    """Set the clock; it stands until it is set again."""
    connection.execute("UPDATE moved.clock SET at = %s", (at,))

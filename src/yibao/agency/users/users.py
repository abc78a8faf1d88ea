"""Users: make one, list them, shut one out, give one another password."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from yibao.agency.users.passwords import hashed
from yibao.errors import Refused
from yibao.store.audit import audit
from yibao.store.database import Connection
from yibao.text import Text

NAME = r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}"
"""How a name is written; it stands in the audit log."""


@dataclass(frozen=True, slots=True)
class User:
    """Who may sign in; `own` has by role the id that is its own."""

    name: str
    roles: Sequence[str]
    own: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """A user as kept."""

    user: User
    disabled: bool
    locked_until: datetime | None


def add(connection: Connection, user: User, password: str, *, actor: str) -> None:
    """Make a user; raises Refused where the name is taken or the password too weak."""
    made = connection.execute(
        "INSERT INTO ops.user_account (name, password, roles, own) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        (user.name, hashed(password, user.name), list(user.roles), Jsonb(user.own)),
    )
    if not made.rowcount:
        raise Refused("user_taken", Text(f"已有用户 {user.name}", f"there is a user {user.name}"))
    audit(connection, actor, "user.add", user.name, {"roles": list(user.roles), "own": user.own})


def everybody(connection: Connection) -> Sequence[Listed]:
    """Return all users by name."""
    rows = connection.execute(
        "SELECT name, roles, own, disabled, CASE WHEN locked_until > now() THEN locked_until END "
        "FROM ops.user_account ORDER BY name"
    )
    return [Listed(User(*row[:3]), *row[3:]) for row in rows]


def set_password(connection: Connection, name: str, password: str, *, actor: str) -> None:
    """Give a user another password; who is signed in by the former one no longer is."""
    _change(
        *(connection, name, "password = %s, tries = 0, locked_until = NULL"),
        hashed(password, name),
    )
    audit(connection, actor, "user.password", name, {})


def set_disabled(connection: Connection, name: str, disabled: bool, *, actor: str) -> None:
    """Shut a user out, at once, or let one in again."""
    _change(connection, name, "disabled = %s, tries = 0, locked_until = NULL", disabled)
    audit(connection, actor, "user.disable" if disabled else "user.enable", name, {})


def _change(connection: Connection, name: str, what: str, value: object) -> None:
    """Change a user and end what they have signed in to; raises Refused where there is none."""
    changed = connection.execute(
        f"UPDATE ops.user_account SET {what} WHERE name = %s".encode(), (value, name)
    )
    if not changed.rowcount:
        raise unknown(name)
    connection.execute("DELETE FROM ops.session WHERE name = %s", (name,))


def unknown(name: str) -> Refused:
    """Return what is said of a name that no user has."""
    return Refused("known_user", Text(f"没有用户 {name}", f"there is no user {name}"))

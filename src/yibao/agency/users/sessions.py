"""Signing in: a name and a password for a token, which holds for an hour."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from yibao.agency.users.passwords import fits
from yibao.agency.users.users import User, set_password, unknown
from yibao.errors import Refused
from yibao.store.audit import audit
from yibao.store.database import Connection, Database
from yibao.text import Text

LIFE = timedelta(hours=1)
"""How long a token holds."""

TRIES = 5
"""How often in a row a password may be wrong."""

LOCK = timedelta(minutes=15)
"""How long nobody can sign in under a name after that."""


@dataclass(frozen=True, slots=True)
class Session:
    """A user who has signed in, and until when that holds."""

    user: User
    until: datetime


class WrongPassword(Refused):
    """Nobody has this name and password, or not now; which it is, is not told."""

    def __init__(self) -> None:
        super().__init__(
            "password_fits",
            Text(
                "用户名或口令不对，或该用户已停用、暂时锁定",
                "wrong name or password, or the user is disabled, or locked for a while",
            ),
        )


def sign_in(database: Database, name: str, password: str) -> tuple[str, Session]:
    """Return a token and whose it is; raises WrongPassword.

    A try counts before it is made, so many at once are no more than as many after each other. No
    connection is held while the password is worked on.
    """
    kept = _check(database, name, password)
    return database.run(lambda connection: _begin(connection, name, kept, actor=name))


def change_password(database: Database, name: str, old: str, new: str) -> None:
    """Give a user who knows the password another one; raises WrongPassword, Refused."""
    _check(database, name, old)
    database.run(lambda connection: set_password(connection, name, new, actor=name))


def _check(database: Database, name: str, password: str) -> str:
    """Return what is kept of a password that fits; raises WrongPassword."""
    kept, locked = database.run(lambda connection: _try(connection, name))
    if kept is not None and fits(kept, password):
        return kept
    if kept is None:
        fits(None, password)  # it takes as long, so that a name that is none does not show
    if locked is not None:
        detail = {"until": locked.isoformat()}
        database.run(lambda connection: audit(connection, name, "user.lock", name, detail))
    raise WrongPassword


def issue(connection: Connection, name: str, *, actor: str) -> tuple[str, Session]:
    """Return a token of a user without a password, for who rules the database; raises Refused."""
    return _begin(connection, name, None, actor=actor)


def _try(connection: Connection, name: str) -> tuple[str | None, datetime | None]:
    """Count a try; return what is kept of the password, and until when this try locks the user.

    Without a password there is nothing to try.
    """
    row = connection.execute(
        """
        UPDATE ops.user_account
        SET tries = CASE WHEN tries >= %(most)s THEN 1 ELSE tries + 1 END,
            locked_until = CASE WHEN tries + 1 = %(most)s THEN now() + %(lock)s END
        WHERE name = %(name)s AND NOT disabled AND coalesce(locked_until < now(), true)
        RETURNING password, locked_until
        """,
        {"name": name, "most": TRIES, "lock": LOCK},
    ).fetchone()
    return (None, None) if row is None else (row[0], row[1])


def _begin(
    connection: Connection, name: str, kept: str | None, *, actor: str
) -> tuple[str, Session]:
    """Sign a user in, unless the password was changed or the user disabled meanwhile."""
    row = connection.execute(
        "UPDATE ops.user_account SET tries = 0, locked_until = NULL "
        "WHERE name = %s AND NOT disabled AND %s IN (password, '') RETURNING roles, own",
        (name, kept or ""),
    ).fetchone()
    if row is None:
        raise unknown(name) if kept is None else WrongPassword()
    connection.execute("DELETE FROM ops.session WHERE name = %s AND until < now()", (name,))
    token = secrets.token_urlsafe(32)
    made = connection.execute(
        "INSERT INTO ops.session (digest, name, until) VALUES (%s, %s, now() + %s) RETURNING until",
        (_digest(token), name, LIFE),
    ).fetchone()
    assert made is not None
    audit(connection, actor, "user.sign_in", name, {})
    return token, Session(User(name, *row), made[0])


def find(connection: Connection, token: str) -> Session | None:
    """Return whose a token is and until when, None where it does not hold (any more)."""
    row = connection.execute(
        "SELECT name, roles, own, until FROM ops.session JOIN ops.user_account USING (name) "
        "WHERE digest = %s AND until > now() AND NOT disabled",
        (_digest(token),),
    ).fetchone()
    return None if row is None else Session(User(*row[:3]), row[3])


def sign_out(connection: Connection, token: str) -> None:
    """End what a token stands for; another's or no token changes nothing."""
    connection.execute("DELETE FROM ops.session WHERE digest = %s", (_digest(token),))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()

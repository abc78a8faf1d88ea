"""What the database has to know of whom it is about, but may not show: sealed, found blindly.

A sealed value is the number of its key (two bytes), then what the suite of that key makes; "" stays
no bytes. A blind index is a keyed hash, cut to 16 bytes: the same for the same text, so that texts
can be found and held to be unique by who has the key, and by nobody else.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from functools import lru_cache
from pathlib import Path
from typing import Any

from yibao.store import keys as key_files
from yibao.store.database import Connection
from yibao.store.errors import StoreError
from yibao.store.keys import INDEX, Keys
from yibao.store.suites import DEFAULT, NotOpened

TOKEN = "sealed:"
"""Begins a sealed text where a table wants a text."""


class Vault:
    """Seals, opens and indexes with the keys of a database."""

    def __init__(self, keys: Keys) -> None:
        """Take the keys."""
        self.keys = keys

    def seal(self, text: str, about: str) -> bytes:
        """Return a text sealed; `about` says what it is of, and must be said to open it."""
        return self.seal_bytes(text.encode(), about)

    def open(self, box: bytes, about: str) -> str:
        """Return the text that was sealed; raises StoreError for what cannot be opened."""
        return self.open_bytes(box, about).decode()

    def seal_bytes(self, content: bytes, about: str) -> bytes:
        """Return bytes sealed."""
        if not content:
            return b""
        number = self.keys.newest
        key = self.keys.sealing[number]
        return number.to_bytes(2) + key.suite.seal(key.secret, content, about.encode())

    def open_bytes(self, box: bytes, about: str) -> bytes:
        """Return the bytes that were sealed; raises StoreError for what cannot be opened."""
        if not box:
            return b""
        number = number_of(box)
        key = self.keys.sealing.get(number)
        if key is None:
            raise StoreError(
                f"sealed with key {number}, which the file of keys does not have: put back the "
                f"line of that key / 密钥文件缺少第 {number} 号密钥"
            )
        try:
            return key.suite.open(key.secret, box[2:], about.encode())
        except NotOpened:
            what = about.partition(":")[0]
            raise StoreError(
                f"{what}: key {number} does not open what is there: the key is another, or "
                f"somebody has changed the database / {what} 无法解密：密钥不符或数据被改动"
            ) from None

    def token(self, text: str, about: str) -> str:
        """Return a text sealed, as a text."""
        return TOKEN + b64encode(self.seal(text, about)).decode()

    def untoken(self, token: str, about: str) -> str:
        """Return what a token says; a text that is none, as it is. Raises StoreError."""
        if not token.startswith(TOKEN):
            return token
        return self.open(b64decode(token.removeprefix(TOKEN)), about)

    def token_of(self, value: Any, about: str) -> str:
        """Return what JSON knows, sealed as a text."""
        return self.token(json.dumps(value, ensure_ascii=False, default=str), about)

    def index(self, kind: str, text: str) -> bytes:
        """Return the blind index of a text of a kind, such as `identity`."""
        key = self.keys.index
        return key.suite.mac(key.secret, f"{kind}\0{text}".encode())[:16]


def number_of(box: bytes) -> int:
    """Return the number of the key that sealed."""
    return int.from_bytes(box[:2])


def vault(connection: Connection) -> Vault:
    """Return the vault of a connection's database; raises StoreError without the right keys.

    The keys are read anew when their file changes, and held to what the database knows of them.
    """
    info = connection.info
    file = key_files.place(info.host)
    try:
        changed = file.stat().st_mtime_ns
    except OSError:
        changed = 0
    found = _read(file, changed)
    known = (info.host, info.port, info.dbname, file, changed)
    if known not in _proved:
        prove(connection, found.keys, file)
        _proved.add(known)
    return found


_proved: set[tuple[object, ...]] = set()


@lru_cache(maxsize=8)
def _read(file: Path, _changed: int) -> Vault:
    return Vault(key_files.read(file))


def prove(connection: Connection, keys: Keys, file: Path) -> None:
    """Raise StoreError unless keys are those of a database."""
    rows = connection.execute("SELECT key_id, proof FROM ops.key ORDER BY key_id").fetchall()
    known: dict[int, bytes] = dict(rows)
    held = keys.numbered()
    if not known:
        raise StoreError("the database knows no keys yet: run `yibao db upgrade`")
    for number, proof in known.items():
        what = "index" if number == INDEX else str(number)
        if number in held and held[number].proof != proof:
            raise StoreError(
                f"{file}: the key {what} is not the database's: this file is of another database "
                "/ 密钥文件不属于本数据库"
            )
    unknown = sorted(held.keys() - known.keys())
    if unknown:
        raise StoreError(
            f"{file}: the database does not know the key {unknown[0]}; newer keys are made by "
            "`yibao key rotate`"
        )


def introduce(connection: Connection, keys: Keys) -> None:
    """Let a database know its keys; those that it knows stay what they are."""
    rows = [(number, key.suite.name, key.proof) for number, key in keys.numbered().items()]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.key (key_id, suite, proof) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            rows,
        )


def make_ready(connection: Connection, suite: str = DEFAULT) -> Vault:
    """Return the vault of a database that may be new; raises StoreError.

    A new one has its keys made where there are none.
    """
    file = key_files.place(connection.info.host)
    row = connection.execute("SELECT count(*) FROM ops.key").fetchone()
    if row == (0,):
        made = key_files.read(file) if file.exists() else key_files.make(file, suite)
        introduce(connection, made)
    return vault(connection)


def newer_key(connection: Connection, suite: str | None = None) -> Keys:
    """Return the keys of a database with a new one, which it knows from this transaction on.

    Its number is above all that the database has known, so one that was lost is not made anew. The
    caller writes them into the file, but after the transaction: a key that the file has and the
    database does not know is refused.
    """
    keys = vault(connection).keys
    row = connection.execute("SELECT max(key_id) FROM ops.key").fetchone()
    assert row is not None
    name = suite or keys.sealing[keys.newest].suite.name
    made = key_files.newer(keys, max(row[0], keys.newest) + 1, name)
    introduce(connection, made)
    return made

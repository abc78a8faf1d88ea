"""The file of a database's keys: where it is, what it says, how it is made and changed.

A line for each key: `index` or a number from 1 on, the suite, the key in hexadecimal digits. The
key of the index makes blind indexes, and stays. What is sealed from now on is sealed with the key
of the highest number; the others open what was sealed before.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from yibao.store.errors import StoreError
from yibao.store.suites import DEFAULT, SUITES, Suite

VARIABLE = "YIBAO_KEY_FILE"
INDEX = 0
"""The number under which a database knows the key of the index."""
MOST = 32_767

_HEAD = (
    "# Keys of a Yibao database: without them nobody can read whom it is about, with them\n"
    "# everybody can. Keep a copy away from the database and its backups.\n"
    "# 医保数据库密钥：请与数据库及其备份分开保管。\n"
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key and the suite that it is for."""

    suite: Suite
    secret: bytes

    def __repr__(self) -> str:
        """Return what may stand in a log."""
        return f"Key({self.suite.name})"

    @property
    def proof(self) -> bytes:
        """What a database knows a key by, of no use to who looks for the key."""
        return self.suite.mac(self.secret, b"yibao: proof of a key")[:8]


@dataclass(frozen=True, slots=True)
class Keys:
    """The key of the index, and those that seal by number."""

    index: Key
    sealing: Mapping[int, Key]

    @property
    def newest(self) -> int:
        """The number of the key that seals from now on."""
        return max(self.sealing)

    def numbered(self) -> dict[int, Key]:
        """Return all keys by the number under which a database knows them."""
        return {INDEX: self.index, **self.sealing}


def place(host: str) -> Path:
    """Return where the keys of a database are: what the environment says, else beside its folder.

    `host` is the server's as libpq has it; of an embedded one it is the folder. Raises StoreError.
    """
    said = os.environ.get(VARIABLE)
    if said:
        return Path(said).expanduser()
    if host.startswith("/") and (Path(host) / "PG_VERSION").exists():
        return beside(Path(host))
    raise StoreError(
        f"whom the database is about is encrypted, and {VARIABLE} does not say where the file of "
        f"its keys is / 未设置 {VARIABLE}，无法读取加密的个人信息"
    )


def file_of(url: str) -> Path:
    """Return where the keys of the database at a URL are; raises StoreError."""
    return place(str(conninfo_to_dict(url).get("host", "")))


def beside(folder: Path) -> Path:
    """Return where the keys of an embedded server are: not in its folder, which people copy."""
    return folder.with_name(f"{folder.name}.keys")


def read(file: Path) -> Keys:
    """Read a file of keys; raises StoreError where it is not there, open to others, or wrong."""
    try:
        mode = file.stat().st_mode
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise StoreError(
            f"{file}: the file of the database's keys is not there. Without it nobody can read "
            f"whom the database is about: put it back, or say in {VARIABLE} where it is / "
            "密钥文件不存在，请恢复该文件"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{file}: the keys cannot be read: {error}") from None
    if mode & 0o007:
        raise StoreError(
            f"{file}: everybody on this machine can read the keys; run `chmod o= {file}` / "
            "密钥文件对所有用户可读，请收紧权限"
        )
    found: dict[int, Key] = {}
    for at, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            number, key = _key(f"{file}, line {at}", line.split())
            if number in found:
                raise StoreError(f"{file}, line {at}: the key {line.split()[0]} is there twice")
            found[number] = key
    if INDEX not in found or len(found) < 2:
        raise StoreError(f"{file}: expected the key `index` and one with a number at least")
    return Keys(found.pop(INDEX), found)


def _key(where: str, words: list[str]) -> tuple[int, Key]:
    """Return the key of a line. What is said of a wrong one has nothing of the key in it."""
    if len(words) != 3:
        raise StoreError(f"{where}: expected number, suite and key, not {len(words)} words")
    name, suite_name, digits = words
    suite = SUITES.get(suite_name)
    if suite is None:
        known = ", ".join(SUITES)
        raise StoreError(f"{where}: there is no suite of that name; expected one of {known}")
    number = INDEX if name == "index" else int(name) if name.isdigit() else -1
    if not (name == "index" or 1 <= number <= MOST):
        raise StoreError(f"{where}: expected `index` or a number from 1 to {MOST}")
    try:
        secret = bytes.fromhex(digits)
    except ValueError:
        secret = b""
    if len(secret) != suite.key_bytes:
        raise StoreError(f"{where}: expected {2 * suite.key_bytes} hexadecimal digits")
    return number, Key(suite, secret)


def make(file: Path, suite: str = DEFAULT) -> Keys:
    """Make a file of new keys, which only its owner can read; raises StoreError."""
    made = Keys(_new(suite), {1: _new(suite)})
    try:
        with open(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as out:
            out.write(_text(made))
    except OSError as error:
        raise StoreError(f"{file}: the keys cannot be written: {error.strerror}") from None
    return made


def newer(keys: Keys, number: int, suite: str) -> Keys:
    """Return keys with a new one under a number; raises StoreError where there is none left."""
    if number > MOST:
        raise StoreError("there is no number left for another key")
    return replace(keys, sealing={**keys.sealing, number: _new(suite)})


def rewrite(file: Path, keys: Keys) -> None:
    """Write other keys into a file of keys, all or none; raises StoreError."""
    part = file.with_name(f".{file.name}.part")
    try:
        mode = file.stat().st_mode & 0o770
        with open(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as out:
            out.write(_text(keys))
            out.flush()
            os.fsync(out.fileno())
        part.chmod(mode)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StoreError(f"{file}: the keys cannot be written: {error.strerror}") from None


def _new(suite: str) -> Key:
    found = SUITES[suite]
    return Key(found, secrets.token_bytes(found.key_bytes))


def _text(keys: Keys) -> str:
    lines = [
        f"{'index' if number == INDEX else number} {key.suite.name} {key.secret.hex()}\n"
        for number, key in keys.numbered().items()
    ]
    return _HEAD + "".join(lines)

"""The file of keys: made for its owner alone, read, refused clearly, never told."""

import os
import stat
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from yibao.cli import app
from yibao.store import keys, migrate
from yibao.store.database import Database
from yibao.store.errors import StoreError
from yibao.store.sight import EVERYTHING
from yibao.store.suites import SUITES
from yibao.store.vault import Vault, newer_key, vault

AES = "11" * 32


def written(file: Path, *lines: str, mode: int = 0o600) -> Path:
    file.write_text("\n".join(lines), "utf-8")
    file.chmod(mode)
    return file


@pytest.mark.parametrize("suite", SUITES)
def test_made_keys_are_read_again_and_are_their_owners_alone(tmp_path: Path, suite: str) -> None:
    file = tmp_path / "a.keys"
    made = keys.make(file, suite)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert keys.read(file) == made
    assert (made.newest, made.index.suite.name) == (1, suite)
    with pytest.raises(StoreError, match="cannot be written"):
        keys.make(file)  # never over another
    assert keys.read(file) == made
    file.chmod(0o640)
    newer = keys.newer(made, 7, "sm4-gcm")
    keys.rewrite(file, newer)
    assert keys.read(file) == newer
    assert (newer.newest, newer.sealing[1]) == (7, made.sealing[1])
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["a.keys"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("2 aes-256-gcm", "line 3: expected number, suite and key"),
        (f"2 rot13 {AES}", "no suite of that name; expected one of aes-256-gcm, sm4-gcm"),
        (f"0 aes-256-gcm {AES}", "`index` or a number from 1"),
        (f"x aes-256-gcm {AES}", "`index` or a number from 1"),
        (f"40000 aes-256-gcm {AES}", "`index` or a number from 1"),
        (f"1 aes-256-gcm {AES}", "the key 1 is there twice"),
        (f"2 sm4-gcm {AES}", "expected 32 hexadecimal digits"),
        (f"2 aes-256-gcm {AES[:-1]}g", "expected 64 hexadecimal digits"),
    ],
)
def test_a_wrong_line_is_told_without_the_key(tmp_path: Path, line: str, told: str) -> None:
    lines = f"index aes-256-gcm {AES}", f"1 aes-256-gcm {AES}", line
    file = written(tmp_path / "a.keys", *lines)
    with pytest.raises(StoreError, match=told) as error:
        keys.read(file)
    assert "11" * 15 not in str(error.value)


def test_a_file_that_is_not_there_open_to_all_or_half_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is not there.*YIBAO_KEY_FILE"):
        keys.read(tmp_path / "none.keys")
    lines = f"index aes-256-gcm {AES}", f"1 aes-256-gcm {AES}"
    with pytest.raises(StoreError, match="everybody on this machine can read"):
        keys.read(written(tmp_path / "a.keys", *lines, mode=0o604))
    for one in lines:
        with pytest.raises(StoreError, match="expected the key `index` and one with a number"):
            keys.read(written(tmp_path / "b.keys", one))
    assert "11" not in repr(keys.read(written(tmp_path / "c.keys", *lines)))


def test_keys_lie_beside_the_folder_or_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with pytest.raises(StoreError, match="YIBAO_KEY_FILE does not say"):
        keys.place(str(folder))
    with pytest.raises(StoreError, match="YIBAO_KEY_FILE does not say"):
        keys.place("db.example")
    (folder / "PG_VERSION").touch()
    assert keys.place(str(folder)) == tmp_path / "data.keys"
    monkeypatch.setenv("YIBAO_KEY_FILE", "/etc/yibao.keys")
    assert keys.place(str(folder)) == keys.place("db.example") == Path("/etc/yibao.keys")


# --- with a database ------------------------------------------------------------------------------


@pytest.fixture
def file(empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a new database keys of its own."""
    found = tmp_path / "own.keys"
    monkeypatch.setenv("YIBAO_KEY_FILE", str(found))
    migrate.upgrade(empty_url)
    return found


def safe_of(url: str) -> Vault:
    with Database(url, sight=EVERYTHING) as database, database.transaction() as connection:
        return vault(connection)


def test_a_new_database_gets_keys_and_knows_them(empty_url: str, file: Path) -> None:
    assert safe_of(empty_url).keys == keys.read(file)
    with psycopg.connect(empty_url) as connection:
        known = connection.execute("SELECT key_id, suite FROM ops.key ORDER BY 1").fetchall()
    assert known == [(0, "aes-256-gcm"), (1, "aes-256-gcm")]


def test_keys_of_another_database_are_refused(empty_url: str, file: Path) -> None:
    right = file.read_text()
    file.unlink()
    with pytest.raises(StoreError, match="is not there"):
        safe_of(empty_url)
    other = keys.make(file)
    with pytest.raises(StoreError, match="the key index is not the database's"):
        safe_of(empty_url)
    file.write_text(right)
    mixed = keys.read(file)
    keys.rewrite(file, keys.Keys(mixed.index, other.sealing))
    with pytest.raises(StoreError, match="the key 1 is not the database's"):
        safe_of(empty_url)
    keys.rewrite(file, keys.newer(mixed, 2, "sm4-gcm"))
    with pytest.raises(StoreError, match="does not know the key 2"):
        safe_of(empty_url)
    keys.rewrite(file, mixed)
    assert safe_of(empty_url).keys == mixed


def test_a_newer_key_seals_and_the_older_opens_until_it_is_taken_out(
    empty_url: str, file: Path
) -> None:
    old = safe_of(empty_url)
    box = old.seal("王芳", "name:P1")
    with psycopg.connect(empty_url) as connection:
        made = newer_key(connection, "sm4-gcm")
    assert safe_of(empty_url).keys == old.keys  # until the file has it
    keys.rewrite(file, made)
    new = safe_of(empty_url)
    newer = new.seal("王芳", "name:P1")
    assert (box[:2], newer[:2]) == (b"\0\1", b"\0\2")
    assert new.open(box, "name:P1") == new.open(newer, "name:P1") == "王芳"
    assert new.index("identity", "X") == old.index("identity", "X")
    keys.rewrite(file, keys.Keys(made.index, {2: made.sealing[2]}))
    last = safe_of(empty_url)
    assert last.open(newer, "name:P1") == "王芳"
    with pytest.raises(StoreError, match="key 1, which the file of keys does not have"):
        last.open(box, "name:P1")


def test_the_number_of_a_lost_key_is_not_given_again(empty_url: str, file: Path) -> None:
    with psycopg.connect(empty_url) as connection:
        newer_key(connection)  # and the file never gets it
    with psycopg.connect(empty_url) as connection:
        assert newer_key(connection).newest == 3


@pytest.mark.parametrize("suite", SUITES)
def test_a_vault_opens_what_it_sealed_of_the_same_thing_only(tmp_path: Path, suite: str) -> None:
    safe = Vault(keys.make(tmp_path / "a.keys", suite))
    box = safe.seal("王芳", "person.name:P1")
    assert safe.open(box, "person.name:P1") == "王芳"
    with pytest.raises(StoreError, match=r"person\.name: key 1 does not open") as error:
        safe.open(box, "person.name:110105199003070025")
    assert "1990" not in str(error.value)
    assert (safe.seal("", "x"), safe.open(b"", "y")) == (b"", "")
    token = safe.token("王芳", "x")
    assert token.startswith("sealed:")
    assert safe.untoken(token, "x") == "王芳"
    assert safe.untoken("{}", "x") == "{}"
    index = safe.index("identity", "X")
    assert len(index) == 16
    assert len({index, safe.index("name", "X"), safe.index("identity", "Y")}) == 3


def test_who_makes_a_database_is_told_where_its_keys_are(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "told.keys"
    monkeypatch.setenv("YIBAO_KEY_FILE", str(file))
    made = CliRunner().invoke(app, ["db", "init", "--database", empty_url])
    assert (made.exit_code, str(file) in made.output) == (0, True)
    monkeypatch.delenv("YIBAO_KEY_FILE")
    again = CliRunner().invoke(app, ["db", "upgrade", "--database", empty_url])
    assert (again.exit_code, "nothing to do" in again.output) == (0, True)


def test_the_service_does_not_start_without_the_right_keys(
    empty_url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[object] = []
    monkeypatch.setattr("yibao.api.serve.serve", lambda *a, **k: served.append(a))
    args = ["serve", "--database", empty_url]
    assert CliRunner().invoke(app, args).exit_code == 0
    file.unlink()
    refused = CliRunner().invoke(app, args)
    assert (refused.exit_code, "is not there" in refused.output) == (1, True)
    assert len(served) == 1

"""The database: made, brought up to date, backed up; what may not change does not."""

from pathlib import Path

import psycopg
import pytest
from alembic import command
from typer.testing import CliRunner

from yibao.cli import app, exit_codes
from yibao.errors import CannotRead, CannotWrite
from yibao.store import migrate
from yibao.store.backup import backup, restore
from yibao.store.database import Database
from yibao.store.errors import StoreError
from yibao.store.server import serving
from yibao.store.sight import EVERYTHING


def test_a_new_database_has_the_newest_schema_and_a_second_upgrade_does_nothing(
    empty_url: str,
) -> None:
    assert migrate.version(empty_url) is None
    with pytest.raises(StoreError, match="empty, this program needs"):
        migrate.require_newest(empty_url)
    assert migrate.upgrade(empty_url) == (None, migrate.newest())
    assert migrate.upgrade(empty_url) == (migrate.newest(), migrate.newest())
    migrate.require_newest(empty_url)


def test_a_schema_of_a_newer_program_is_refused(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="version 9999, which this program does not know"):
        migrate.upgrade(url)


def test_books_that_mix_the_schemes_are_refused_and_left_as_they_are(empty_url: str) -> None:
    with migrate._engine(empty_url).begin() as old:
        command.upgrade(migrate._config(old), "0013")
    with psycopg.connect(empty_url) as connection:
        connection.execute(
            "INSERT INTO ledger.account (head, fund) "
            "VALUES ('bank', 'pool_pay'), ('bank', 'assistance_pay')"
        )
    with pytest.raises(StoreError, match=r"accounts of pool_pay.*make a new one"):
        migrate.upgrade(empty_url)
    assert migrate.version(empty_url) == "0013"


def test_a_folder_without_a_database_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="yibao db init"), serving(str(tmp_path / "none")):
        pass


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(StoreError, match="not empty"), serving(str(tmp_path), make=True):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


def test_a_transaction_leaves_all_or_nothing(database: Database) -> None:
    insert = "INSERT INTO ops.audit (actor, action, subject) VALUES ('a', 'b', %s)"
    with database.transaction() as connection:
        connection.execute(insert, ("kept",))
    with pytest.raises(psycopg.errors.DivisionByZero), database.transaction() as connection:
        connection.execute(insert + " RETURNING 1/0", ("lost",))
    with database.transaction() as connection:
        assert connection.execute("SELECT subject FROM ops.audit").fetchall() == [("kept",)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ops.audit SET actor = 'x'",
        "DELETE FROM ops.audit",
        "TRUNCATE ops.audit",
        "DELETE FROM ledger.transfer",
    ],
)
def test_what_is_append_only_is_closed_to_the_role_and_the_append_only_to_its_owner(
    url: str, database: Database, change: str
) -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO ops.audit (actor, action, subject) VALUES ('a', 'b', 'c')")
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        database.transaction() as connection,
    ):
        connection.execute(change)
    if "ledger" not in change:  # a trigger per row needs a row
        with psycopg.connect(url) as owner, pytest.raises(psycopg.errors.IntegrityError):
            owner.execute(change)


def test_a_transaction_that_postgresql_gives_up_is_run_anew(database: Database) -> None:
    tries = []

    def work(connection: psycopg.Connection[tuple[object, ...]]) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise psycopg.errors.DeadlockDetected
        return len(tries)

    assert database.run(work) == 3


def test_a_backup_restored_elsewhere_holds_the_same(
    url: str, empty_url: str, database: Database, tmp_path: Path
) -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO ops.audit (actor, action, subject) VALUES ('a', 'b', 'c')")
    file = tmp_path / "one.dump"
    assert backup(url, file) == file.stat().st_size
    restore(empty_url, file)
    assert migrate.version(empty_url) == migrate.newest()
    with Database(empty_url, sight=EVERYTHING) as other, other.transaction() as connection:
        assert connection.execute("SELECT actor, subject FROM ops.audit").fetchall() == [("a", "c")]
    with pytest.raises(StoreError, match="not empty"):
        restore(empty_url, file)


def test_a_backup_takes_the_place_of_another_only_when_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "a.dump"
    file.write_bytes(b"the backup of yesterday")
    done = CliRunner().invoke(app, ["db", "backup", str(file)])
    assert done.exit_code == exit_codes.OUTPUT
    assert "--force" in done.output
    assert file.read_bytes() == b"the backup of yesterday"


def test_a_backup_that_cannot_be_written_or_read_is_an_error(url: str, tmp_path: Path) -> None:
    with pytest.raises(CannotWrite):
        backup(url, tmp_path / "no" / "such" / "folder.dump")
    with pytest.raises(CannotRead):
        restore(url, tmp_path / "none.dump")
    broken = tmp_path / "broken.dump"
    broken.write_bytes(b"PGDMP but no more")
    assert list(tmp_path.iterdir()) == [broken]


def test_no_answer_is_an_error_soon(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not answer"):
        Database(f"postgresql:///x?host={tmp_path}", sight=EVERYTHING, timeout=1)


def test_a_connection_that_the_server_has_closed_is_replaced_before_it_is_used(url: str) -> None:
    with Database(url, sight=EVERYTHING, connections=1) as database:
        with database.transaction() as connection:
            before = connection.info.backend_pid
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (before,))
        with database.transaction() as connection:
            assert connection.info.backend_pid != before
            assert connection.execute("SELECT 1").fetchone() == (1,)

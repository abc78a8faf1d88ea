"""Nobody can read whom the database is about without the keys: not in a dump, not in its log."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from dumps import dumped, read_in
from registered import ACTOR, RESIDENT, elsewhere, enrolled, identity, person
from typer.testing import CliRunner

from yibao.agency.enrolment.gaps import Resident, compare
from yibao.agency.enrolment.persons import (
    Person,
    Wanted,
    change,
    employer,
    find,
    find_by_identity,
    former,
    new_id,
    page,
    register,
    twins,
)
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import PERSON
from yibao.agency.matching import decisions
from yibao.agency.matching.followup import Step, gaps, step, take
from yibao.agency.matching.search import search
from yibao.cli import app, exit_codes
from yibao.store import keys, migrate
from yibao.store.audit import verify
from yibao.store.backup import backup, restore
from yibao.store.database import Connection, Database
from yibao.store.errors import StoreError
from yibao.store.sight import EVERYTHING
from yibao.store.suites import SUITES
from yibao.store.vault import vault

BORN = date(1980, 5, 1)
A, B, C, D, E = (identity(BORN, n) for n in range(201, 206))
NAMES = ("欧阳无双", "诸葛未央", "司马相见", "上官有容")
PHONES = ("13812345678", "13987654321")
DAY = date(2022, 7, 1)


def fill(connection: Connection) -> None:
    """Do all that has to do with who somebody is."""
    enrolled(connection, "P1", who={"identity_number": A, "name": NAMES[0]}, **RESIDENT)
    change(connection, "P1", actor=ACTOR, name=NAMES[1], phone=PHONES[0])
    change(connection, "P1", actor=ACTOR, phone=PHONES[1])
    register(connection, Person("P2", BORN, NAMES[1], "passport", "E98765432"), actor=ACTOR)
    register(connection, Person("P3", BORN, NAMES[2]), actor=ACTOR)
    elsewhere(connection, A, "2022-01-01")
    elsewhere(connection, B, "2022-01-01")
    people = [Resident(B, NAMES[2], "120101"), Resident(C, NAMES[3], "120101")]
    take(connection, list(compare(connection, people, DAY)), DAY, actor=ACTOR)
    step(connection, C, Step("called", DAY, "no answer"), actor=ACTOR)
    decisions.different(connection, "person:P1", f"130100:{A}", reason="seen", actor=ACTOR)


def shows_nobody(text: str) -> None:
    assert read_in(text, (A, B, C, *NAMES, *PHONES, "E98765432")) == []


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction() as connection:
        fill(connection)
    return database


def test_a_dump_tells_nobodys_number_name_or_telephone(filled: Database) -> None:
    text = dumped(filled.url)
    assert "decide-pair" in text
    shows_nobody(text)


def test_a_test_of_a_dump_would_see_what_is_plain(filled: Database) -> None:
    with filled.transaction() as connection:
        employer(connection, "U9", f"{NAMES[3]}商店", "enterprise", "120101", actor=ACTOR)
    with pytest.raises(AssertionError):
        shows_nobody(dumped(filled.url))


def test_what_is_sealed_is_read_as_it_was_written(filled: Database) -> None:
    with filled.transaction() as connection:
        one = find(connection, "P1")
        assert one is not None
        assert (one.name, one.identity_number, one.phone) == (NAMES[1], A, PHONES[1])
        assert find_by_identity(connection, A.lower()) == one
        assert find_by_identity(connection, D) is None
        assert [p.person_id for p in page(connection, Wanted(name=NAMES[1]), 9)] == ["P1", "P2"]
        assert [(t.name, t.persons) for t in twins(connection)] == [(NAMES[1], ["P1", "P2"])]
        before = [f.before for f in former(connection, "P1")]
        assert before == [{"name": NAMES[0], "phone": ""}, {"phone": PHONES[0]}]
        found = {(g.identity_number, g.name, g.step.state) for g in gaps(connection)}
        assert found == {(C, NAMES[3], "called")}
        assert [d.right for d in decisions.decisions(connection)] == ["person:P1"]
        assert (
            search(connection, likeness=False) == []
        )  # the pair by number was decided, however it was named


def test_one_value_in_the_row_of_another_does_not_open(filled: Database) -> None:
    with psycopg.connect(filled.url) as owner:
        owner.execute(
            "UPDATE enrolment.person SET name = (SELECT name FROM enrolment.person "
            "WHERE person_id = 'P3') WHERE person_id = 'P2'"
        )
    with filled.transaction() as connection:
        with pytest.raises(StoreError, match=r"enrolment\.person\.name: key 1 does not open"):
            find(connection, "P2")
        assert find(connection, "P3") is not None


def test_a_number_is_one_persons_whoever_writes(filled: Database) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), filled.transaction() as connection:
        connection.execute(
            "UPDATE enrolment.person SET (identity_number, identity_index) = "
            "(SELECT identity_number, identity_index FROM enrolment.person WHERE person_id = 'P1') "
            "WHERE person_id = 'P2'"
        )


def test_the_log_of_the_server_tells_nobody_though_statements_fail(
    filled: Database, server_url: str
) -> None:
    for wrong in (
        lambda c: register(c, person("P9", identity_number=A, name=NAMES[0]), actor=ACTOR),
        lambda c: c.execute(
            "INSERT INTO enrolment.person (person_id, birth_date, identity_type, identity_number, "
            "identity_index, name) SELECT 'P8', birth_date, identity_type, identity_number, "
            "identity_index, name FROM enrolment.person WHERE person_id = 'P1'"
        ),
        lambda c: c.execute("UPDATE enrolment.person SET sex = 'x' WHERE person_id = 'P1'"),
    ):
        with pytest.raises((Refusal, psycopg.Error)) as error, filled.transaction() as connection:
            wrong(connection)
        shows_nobody(str(error.value))
    log = Path(server_url.rpartition("host=")[2]) / "log"
    text = log.read_text("utf-8", errors="replace")
    assert "violates" in text
    shows_nobody(text)


# --- keys -----------------------------------------------------------------------------------------


@pytest.fixture
def own(empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a database keys of its own; return their file."""
    file = tmp_path / "own.keys"
    monkeypatch.setenv("YIBAO_KEY_FILE", str(file))
    return file


def made(url: str, file: Path, suite: str = "aes-256-gcm") -> None:
    keys.make(file, suite)
    migrate.upgrade(url)
    with Database(url, sight=EVERYTHING) as database, database.transaction() as connection:
        fill(connection)


def call(url: str, *args: str, code: int = exit_codes.OK, answer: str = "") -> Any:
    given = [*args, "--database", url, "--json"]
    done = CliRunner().invoke(app, given, input=answer, env={"YIBAO_LANG": "en"})
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("suite", SUITES)
def test_either_suite_seals_and_finds(empty_url: str, own: Path, suite: str) -> None:
    made(empty_url, own, suite)
    shows_nobody(dumped(empty_url))
    with Database(empty_url, sight=EVERYTHING) as database:
        test_what_is_sealed_is_read_as_it_was_written(database)
    told = call(empty_url, "key", "list")["keys"]
    assert [(key["key"], key["suite"], key["newest"]) for key in told] == [(1, suite, True)]


def test_without_the_right_keys_nothing_is_read_and_nothing_written(
    empty_url: str, own: Path, tmp_path: Path
) -> None:
    made(empty_url, own)
    right = tmp_path / "right"
    own.rename(right)
    keys.make(own)
    with Database(empty_url, sight=EVERYTHING) as database:
        for work in (
            lambda c: find(c, "P1"),
            lambda c: find_by_identity(c, A),
            lambda c: register(c, Person("P7", BORN, "x"), actor=ACTOR),
        ):
            with (
                pytest.raises(StoreError, match="is not the database's"),
                database.transaction() as c,
            ):
                work(c)
    told = call(empty_url, "enrol", "show", "P1", code=exit_codes.FINDINGS)
    assert "this file is of another database" in told["error"]["message"]
    own.unlink()
    told = call(empty_url, "enrol", "show", "P1", code=exit_codes.FINDINGS)
    assert "is not there" in told["error"]["message"]
    with Database(empty_url, sight=EVERYTHING) as database, database.transaction() as connection:
        assert verify(connection).broken == []  # who checks the log needs no keys


@pytest.mark.parametrize("suite", SUITES)
def test_a_rotation_seals_all_anew_and_the_old_key_is_needed_by_what_cannot_be_changed(
    empty_url: str, own: Path, suite: str
) -> None:
    made(empty_url, own)
    told = call(empty_url, "key", "rotate", "--suite", suite, "--actor", "li")
    assert told == {"key": 2, "suite": suite, "rows": 3 + 2 + 1 + 2}
    assert call(empty_url, "key", "reseal")["rows"] == 0
    old, new = call(empty_url, "key", "list")["keys"]
    assert old["sealed"] == {"ops.audit.detail": 2}
    assert new["sealed"] == {
        "enrolment.elsewhere.identity_number": 2,
        "enrolment.person.identity_number": 2,
        "enrolment.person.name": 3,
        "enrolment.person.phone": 1,
        "matching.decision.reason": 1,
        "matching.gap.identity_number": 1,
        "matching.gap.name": 1,
        "matching.gap_step.note": 1,
    }
    with Database(empty_url, sight=EVERYTHING) as database:
        test_what_is_sealed_is_read_as_it_was_written(database)
        with database.transaction() as connection:
            log = connection.execute(
                "SELECT actor, subject, detail FROM ops.audit WHERE action = 'rotate-key'"
            ).fetchall()
            assert log == [("li", "key:2", {"suite": suite})]
            assert verify(connection).broken == []
    all_keys = keys.read(own)
    keys.rewrite(own, keys.Keys(all_keys.index, {2: all_keys.sealing[2]}))
    with Database(empty_url, sight=EVERYTHING) as database, database.transaction() as connection:
        assert find(connection, "P1") is not None
        with pytest.raises(StoreError, match="key 1, which the file of keys does not have"):
            former(connection, "P1")


def test_what_is_resealed_while_others_write_is_all_there(empty_url: str, own: Path) -> None:
    made(empty_url, own)
    with Database(empty_url, sight=EVERYTHING) as database:
        with database.transaction() as connection:
            for n in range(PERSON.at_once + 7):
                register(connection, Person(f"X{n}", BORN, f"甲{n}"), actor=ACTOR)
        rows = call(empty_url, "key", "rotate")["rows"]
        assert rows == PERSON.at_once + 7 + 8
        with database.transaction() as connection:
            assert {p.name for p in page(connection, Wanted(after=3), 999)} == {
                f"甲{n}" for n in range(PERSON.at_once + 7)
            }


def test_a_restored_backup_needs_the_same_keys(
    filled: Database, empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(filled.url, tmp_path / "one.dump")
    restore(empty_url, tmp_path / "one.dump")
    with Database(empty_url, sight=EVERYTHING) as database:
        test_what_is_sealed_is_read_as_it_was_written(database)
        keys.make(tmp_path / "other.keys")
        monkeypatch.setenv("YIBAO_KEY_FILE", str(tmp_path / "other.keys"))
        with (
            pytest.raises(StoreError, match="is not the database's"),
            database.transaction() as connection,
        ):
            find(connection, "P1")


# --- what was there before ------------------------------------------------------------------------

OLD = """
INSERT INTO enrolment.person (person_id, birth_date, name, identity_type, identity_number, phone)
VALUES ('P1', '1980-05-01', '{1}', 'resident_id', '{a}', '13987654321'),
       ('P2', '1980-05-01', '{1}', 'passport', 'E98765432', ''),
       ('P3', '1980-05-01', '{2}', 'none', NULL, '');
INSERT INTO enrolment.elsewhere VALUES ('{a}', '130100', 'employee', '2022-01-01', NULL),
  ('{b}', '130100', 'employee', '2022-01-01', NULL),
  ('{b}', '140100', 'resident', '2020-01-01', NULL);
INSERT INTO matching.gap (identity_number, name, division, street, people, kind, seen_on)
VALUES ('{c}', '{3}', '120101', '', '', 'missing', '2022-07-01');
INSERT INTO matching.gap_step (gap_id, state, on_day, note, proof, actor)
VALUES (1, 'called', '2022-07-01', 'no answer', '', 'li');
INSERT INTO matching.decision (left_key, right_key, outcome, kept, last, left_to_do, reason, actor)
VALUES ('130100:{a}', 'person:P1', 'same', 'person:P1', '2022-01-01',
        '[{{"kind": "tell_region", "subject": "130100:{a}", "fen": 0}}]', 'seen', 'li');
INSERT INTO ops.audit (actor, action, subject, detail) VALUES
  ('li', 'register', 'person:P1', '{{"name": "{0}"}}'),
  ('li', 'change', 'person:P1', '{{"before": {{"name": "{0}", "sex": ""}}}}'),
  ('li', 'decide-pair', 'person:P1', '{{"other": "130100:{a}", "kept": "person:P1"}}'),
  ('li', 'gap', 'gap:{c}', '{{"state": "called"}}'),
  ('li', 'elsewhere', 'identity:{b}', '{{"region": "130100"}}'),
  ('li', 'settlement', 'settlement:1', '{{"person": "P1"}}');
INSERT INTO ops.request (caller, key, digest, status, reply) VALUES
  ('li', 'k1', 'x', 200, '{{"person_id":"P1","name":"{1}","identity_number":"{a}"}}'),
  ('li', 'k2', 'x', 201, '{{"settlement_id":1}}');
"""


def test_what_was_plain_before_is_sealed_by_the_upgrade(empty_url: str) -> None:
    with migrate._engine(empty_url).begin() as old:
        command.upgrade(migrate._config(old), "0017")
    with psycopg.connect(empty_url) as owner:
        owner.execute(OLD.format(*NAMES, a=A, b=B, c=C).encode())
    migrate.upgrade(empty_url)
    shows_nobody(dumped(empty_url))
    with Database(empty_url, sight=EVERYTHING) as database, database.transaction() as connection:
        one = find(connection, "P1")
        assert one is not None
        assert (one.name, one.identity_number, one.phone) == (NAMES[1], A, PHONES[1])
        assert find_by_identity(connection, "e98765432") == find(connection, "P2")
        assert [t.persons for t in twins(connection)] == [["P1", "P2"]]
        (before,) = [f.before for f in former(connection, "P1")]
        assert before == {"sex": "", "name": NAMES[0]}
        assert [(g.identity_number, g.name) for g in gaps(connection)] == [(C, NAMES[3])]
        assert search(connection, likeness=False) == []
        subjects = connection.execute("SELECT subject FROM ops.audit ORDER BY audit_id").fetchall()
        assert subjects[3] == ("gap:1",)
        blind = vault(connection).index("identity", B).hex()
        assert subjects[4] == (f"identity:{blind}",)
        assert verify(connection).broken == []
        replies = connection.execute("SELECT key, reply FROM ops.request ORDER BY key").fetchall()
        assert replies[1] == ("k2", '{"settlement_id":1}')
        reply = vault(connection).untoken(replies[0][1], "ops.request.reply:li k1")
        assert json.loads(reply)["name"] == NAMES[1]


def test_nothing_plain_is_left_in_the_files_of_the_tables(empty_url: str) -> None:
    """A dropped column stays in the rows until the table is written anew: it was."""
    with migrate._engine(empty_url).begin() as old:
        command.upgrade(migrate._config(old), "0017")
    with psycopg.connect(empty_url) as owner:
        owner.execute(OLD.format(*NAMES, a=A, b=B, c=C).encode())
    migrate.upgrade(empty_url)
    with psycopg.connect(empty_url, autocommit=True) as owner:
        owner.execute("CHECKPOINT")
        files = owner.execute(
            "SELECT current_setting('data_directory') || '/' || pg_relation_filepath(oid) "
            "FROM pg_class WHERE oid IN ('enrolment.person'::regclass, "
            "'enrolment.elsewhere'::regclass, 'matching.gap'::regclass)"
        ).fetchall()
    held = b"".join(Path(file).read_bytes() for (file,) in files)
    assert b"P1" in held
    for secret in (A, B, C, *NAMES, *PHONES):
        assert secret.encode() not in held


# --- ids ------------------------------------------------------------------------------------------


def test_an_identity_number_is_nobodys_id(database: Database) -> None:
    with database.transaction() as connection:
        for wrong in (A, A[:17] + ("1" if A[17] != "1" else "2")):
            with pytest.raises(Refusal, match="must not serve as the id") as error:
                register(connection, Person(wrong, BORN), actor=ACTOR)
            assert wrong not in str(error.value)
        with pytest.raises(Refusal, match=r"no person 120\*{13}\w\w$"):
            decisions.persons.locked(connection, A)


def test_made_ids_say_nothing_and_are_nobodys(database: Database) -> None:
    with database.transaction() as connection:
        register(connection, Person("R0000000002", BORN), actor=ACTOR)
        assert [new_id(connection) for _ in range(2)] == ["R0000000001", "R0000000003"]


# --- screens --------------------------------------------------------------------------------------


def test_screens_mask_unless_asked_and_the_log_has_who_asked(filled: Database) -> None:
    url = filled.url
    shown = call(url, "enrol", "show", "P1")
    assert (shown["name"], shown["phone"]) == ("诸***", "139****4321")
    assert shown["identity_number"] == f"120{'*' * 13}{A[-2:]}"
    assert call(url, "enrol", "find", answer=f"{A}\n")["person_id"] == "P1"
    for args in (
        ("enrol", "show", "P1"),
        ("enrol", "find", A),
        ("enrol", "twins"),
        ("enrol", "duplicates", "--exact"),
        ("enrol", "decisions", "person:P1"),
        ("enrol", "followup", "list"),
        ("enrol", "followup", "set", C, "visited", "--on", "2022-07-02", "--note", "x"),
    ):
        shows_nobody(json.dumps(call(url, *args), ensure_ascii=False))
        done = CliRunner().invoke(app, [*args, "--database", url])
        shows_nobody(done.output)

    def unmasked() -> list[tuple[str, str]]:
        with filled.transaction() as connection:
            return connection.execute(
                "SELECT actor, subject FROM ops.audit WHERE action = 'unmask' ORDER BY audit_id"
            ).fetchall()

    assert unmasked() == []
    shown = call(url, "enrol", "show", "P1", "--unmask", "--actor", "wang")
    assert (shown["name"], shown["phone"], shown["identity_number"]) == (NAMES[1], PHONES[1], A)
    assert [one["before"] if "before" in one else one["phone"] for one in shown["former"]] == [
        "",
        PHONES[0],
    ]
    assert call(url, "enrol", "find", A, "--unmask", "--actor", "zhao")["identity_number"] == A
    assert unmasked() == [("wang", "person:P1"), ("zhao", "person:P1")]


def test_a_list_that_says_who_it_is_is_written_down(filled: Database, tmp_path: Path) -> None:
    out = tmp_path / "grid.csv"
    call(filled.url, "enrol", "followup", "list", "-o", str(out), "--actor", "wang")
    assert C in out.read_text("utf-8")
    with filled.transaction() as connection:
        log = connection.execute(
            "SELECT actor, subject, detail FROM ops.audit WHERE action = 'unmask'"
        ).fetchall()
    assert log == [("wang", "gaps", {"rows": 1})]


def test_what_is_refused_of_a_file_is_told_without_names_and_numbers(
    filled: Database, tmp_path: Path
) -> None:
    file = tmp_path / "staff.csv"
    rows = ["employer_id,identity_number,name,wage,from", f"U1,{A},{NAMES[0]},5000,2022-09-01"]
    rows += [f"U1,{C[:17]}{'1' if C[17] != '1' else '2'},{NAMES[3]},5000,2022-09-01"]
    file.write_text("\n".join([*rows, ""]), "utf-8")
    call(filled.url, "enrol", "import", "staff", str(file), "--policy", "tianjin", code=1)
    args = ["enrol", "import", "staff", str(file), "--policy", "tianjin", "--database", filled.url]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 1
    shows_nobody(done.output)
    assert C[:17] not in done.output
    assert NAMES[0] in (tmp_path / "staff.rejects.csv").read_text("utf-8")  # the file's own rows

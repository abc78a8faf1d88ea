"""What is told of persons is sealed: visits, filings, deliveries, stock, lists, files.

Each sealed column is known to who seals anew; rows that are append-only let that be done, no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import agency_town
import psycopg
import pytest
import visit_town as town
from alembic import command
from dumps import dumped, read_in
from psycopg import sql
from registered import identity
from typer.testing import CliRunner

from yibao.agency import files, settlement_lists
from yibao.agency.desk.model import Settled
from yibao.agency.desk.settle import settle
from yibao.agency.dispensing import deliveries, prescriptions
from yibao.agency.enrolment import facts, resealing
from yibao.agency.enrolment.gaps import Resident, compare
from yibao.agency.enrolment.sealed import GAP, TABLES, Sealed, index_of
from yibao.agency.filing import accidents, cancelling, referrals, remote
from yibao.agency.filing.choices import choices, contract
from yibao.agency.matching import decisions
from yibao.agency.matching.followup import Step as GapStep
from yibao.agency.matching.followup import gaps, step, take
from yibao.agency.qualification import diseases
from yibao.agency.review import questions
from yibao.agency.review.rules import Finding
from yibao.agency.stock import movements
from yibao.agency.visits import charges, find
from yibao.agency.visits import visit as visits
from yibao.cli import app
from yibao.clock import CHINA
from yibao.store import keys, migrate
from yibao.store.database import Connection, Database
from yibao.store.errors import StoreError
from yibao.store.sight import EVERYTHING
from yibao.store.vault import Vault, newer_key, vault
from yibao.text import Text

SECRETS = {
    name: f"{name}的欧阳无双13812345678"
    for name in (
        *("visit", "describe", "discharge", "fee", "place", "cause", "agent", "stock", "list"),
        *("file", "content", "refer", "remote", "cancel", "audited", "stable", "immobile"),
        *("address", "carrier", "signed", "residence", "assessed", "reviewed", "answered"),
        *("paired", "note", "proof"),
    )
}
ACTOR = "test"
WHO = identity(date(1980, 5, 1), 201)


def fill(database: Database) -> dict[str, Any]:
    """Do all that tells something of a person; return the numbers of what was made."""
    agency_town.build(database, "P1")
    with database.transaction() as connection:
        connection.execute(town.CATALOGUES.encode())
        return {
            "visit": _visit(connection),
            "file": files.keep(
                connection, "H3", SECRETS["file"], SECRETS["content"].encode()
            ).number,
            "referral": _filings(connection),
            "delivery": _delivery(connection),
            "application": _judged(connection),
            **_others(connection),
        }


def _visit(connection: Connection) -> visits.Of:
    of = town.admit(connection, says={"memo": SECRETS["visit"], "bed": "12"})
    at = {"begun_at": town.at(), "visit": "inpatient", "facts": {}, "actor": ACTOR}
    office = agency_town.office()
    visits.describe(connection, office, of, says={"dscr": SECRETS["describe"]}, **at)
    lines = [town.charge("1", says={"memo": SECRETS["fee"]}), town.charge("2")]
    charges.charge(connection, office, of, lines, actor=ACTOR)
    left = {"ended_at": town.at(hour=15), "facts": {}, "actor": ACTOR}
    visits.discharge(connection, of, says={"way": SECRETS["discharge"], "bed": "13"}, **left)
    return of


def _filings(connection: Connection) -> int:
    first = date(2022, 3, 1)
    sent = referrals.Referral("P1", "H1", "H3", first, first, SECRETS["refer"])
    number = referrals.refer(connection, sent, actor=ACTOR).referral_id
    cancelling.cancel(connection, "referral", number, SECRETS["cancel"], actor=ACTOR)
    elsewhere = remote.Remote("P1", "other", "1301", first, reason=SECRETS["remote"])
    remote.file(connection, elsewhere, first, actor=ACTOR)
    return number


def _delivery(connection: Connection) -> int:
    day = date(2022, 3, 1)
    disease = ("registered_diseases", agency_town.DISEASE, day)
    facts.hold(connection, "P1", *disease, source="test", actor=ACTOR)
    at = datetime(2022, 3, 2, 9, tzinfo=CHINA)
    items = (prescriptions.item("drug:XA10BA=2"),)
    asked = prescriptions.Prescription(
        "H1", "R1", "P1", "D1", at, items, 7, disease=agency_town.DISEASE
    )
    number = prescriptions.issue(connection, asked, actor=ACTOR)
    for _ in range(2):  # the second finds what stands there
        prescriptions.audit(
            connection, number, "Y1", approved=True, reason=SECRETS["audited"], actor=ACTOR
        )
    told = (SECRETS["stable"], SECRETS["immobile"], SECRETS["address"])
    order = deliveries.Order(number, "H1", "phone", at + timedelta(hours=1), *told)
    delivery = deliveries.order(connection, order, actor=ACTOR)
    sent = at + timedelta(hours=2)
    deliveries.dispatch(connection, delivery, sent, SECRETS["carrier"], actor=ACTOR)
    deliveries.cancel(connection, delivery, sent, SECRETS["signed"], actor=ACTOR)
    return delivery


def _judged(connection: Connection) -> int:
    """Do what centres, clerks and institutions judge; return the number of an application."""
    day, first = date(2022, 3, 1), date(2022, 3, 2)
    contract(
        *(connection, "P1", "H1-next"),
        first=first,
        on_day=day,
        residence=SECRETS["residence"],
        actor=ACTOR,
    )
    number = diseases.apply(connection, "P1", "rare", day, actor=ACTOR)
    found = diseases.Finding("H3", day, granted=True, first=first, reason=SECRETS["assessed"])
    assert diseases.assess(connection, number, found, actor=ACTOR)
    assert not diseases.assess(connection, number, found, actor=ACTOR)
    diseases.revoke(connection, "P1", "rare", first, SECRETS["reviewed"], actor=ACTOR)
    finding = Finding("r", "broken", [], Text("规则", "rule"))
    (asked,) = questions.keep(connection, "H3", "before", "own", [finding])
    questions.answer(connection, "H3", asked, "kept", SECRETS["answered"])
    resident = Resident(WHO, "", "120101")
    take(connection, list(compare(connection, [resident], day)), day, actor=ACTOR)
    step(connection, WHO, GapStep("elsewhere", day, SECRETS["note"], SECRETS["proof"]), actor=ACTOR)
    reason = SECRETS["paired"]
    decisions.different(connection, "person:P1", "130100:X", reason=reason, actor=ACTOR)
    return number


def _others(connection: Connection) -> dict[str, int]:
    day = date(2022, 3, 1)
    told = {"agnter_name": SECRETS["agent"], "agnter_tel": "13812345678"}
    place = (day, SECRETS["place"], SECRETS["cause"], day, None)
    accident = accidents.Accident("P1", "H3", *place, told)
    moved = ("sale", "P1", "B1", "XA1", "L", "drug", Decimal(1), town.at())
    bill = agency_town.visit("A1", day, 100_00)
    settled = settle(connection, agency_town.office(), bill, actor=ACTOR)
    assert isinstance(settled, Settled)
    of = ("H1", settled.settlement_id, day, day)
    kept = settlement_lists.SettlementList(*of, says={"a": [{"b": SECRETS["list"]}]})
    return {
        "accident": accidents.file(connection, accident, actor=ACTOR),
        "movement": movements.report(
            connection, movements.Movement(*moved, says={"memo": SECRETS["stock"]}), actor=ACTOR
        ),
        "list": settlement_lists.send(connection, kept, actor=ACTOR),
    }


@pytest.fixture
def made(empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give a database with keys of its own, filled."""
    monkeypatch.setenv("YIBAO_KEY_FILE", str(tmp_path / "own.keys"))
    migrate.upgrade(empty_url)
    with Database(empty_url, sight=EVERYTHING) as database:
        yield database, fill(database)


# --- the dump -------------------------------------------------------------------------------------


@pytest.mark.clause("P25-3.11.4b")
def test_a_dump_has_nothing_of_what_was_told(made: tuple[Database, Any]) -> None:
    database, _ = made
    text = dumped(database.url)
    assert "cancel-delivery" in text
    assert read_in(text, (*SECRETS.values(), "欧阳无双", "13812345678", WHO)) == []


def columns(connection: Connection) -> set[tuple[str, str]]:
    """Return the columns of bytes."""
    rows = connection.execute(
        "SELECT attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class AS c "
        "ON c.oid = attrelid WHERE atttypid = 'bytea'::regtype AND attnum > 0 "
        "AND NOT attisdropped AND relkind IN ('r', 'p') "
        "AND NOT starts_with(relnamespace::regnamespace::text, 'pg_')"
    )
    return set(rows.fetchall())


HASHES = {
    ("ops.audit", "hash"),
    ("ops.key", "proof"),
    ("ops.request", "digest"),
    ("ops.session", "digest"),
}


def test_each_sealed_column_is_known_to_who_seals_anew(database: Database) -> None:
    with database.transaction() as connection:
        found = columns(connection)
    kept = {pair for pair in found if not pair[1].endswith("_index")} - HASHES
    assert kept == {(table.table, column) for table in TABLES for column in table.columns}


def boxes(connection: Connection, table: Sealed) -> dict[str, bytes]:
    """Return what is sealed in a table, by what it is of."""
    found = {}
    for column in table.columns:
        query = f"SELECT {table.owner}, {column} FROM {table.table} WHERE {column} <> ''"
        for owner, box in connection.execute(query.encode()).fetchall():
            found[table.about(column, owner)] = box
    return found


def opened(connection: Connection) -> dict[str, str]:
    """Return what each sealed value says."""
    safe = vault(connection)
    found = [boxes(connection, table) for table in TABLES]
    return {about: safe.open(box, about) for one in found for about, box in one.items()}


def test_what_is_sealed_is_all_that_was_told_and_is_read_so(made: tuple[Database, Any]) -> None:
    database, numbers = made
    of = numbers["visit"]
    with database.transaction() as connection:
        said = "\n".join(opened(connection).values())
        assert [secret for secret in SECRETS.values() if secret not in said] == []
        visit = find.visit(connection, of.institution_id, of.person_id, of.visit_id)
        assert visit.says == {
            "memo": SECRETS["visit"],
            "dscr": SECRETS["describe"],
            "way": SECRETS["discharge"],
            "bed": "13",
        }
        content = files.fetch(connection, "H3", numbers["file"], SECRETS["file"])
        assert content.decode() == SECRETS["content"]
        assert files.fetch(connection, "H3", numbers["file"]) == content
        kept = files.named(connection, "H3", SECRETS["file"])
        assert kept is not None
        assert (kept.number, kept.name) == (numbers["file"], SECRETS["file"])
        filed = referrals.referral_of(connection, numbers["referral"])
        assert (filed.referral.reason, filed.cancelled) == (SECRETS["refer"], True)
        assert [f.remote.reason for f in remote.filings(connection, "P1")] == [SECRETS["remote"]]
        judged = diseases.application_of(connection, numbers["application"])
        assert (judged.outcome, judged.reason) == ("granted", SECRETS["assessed"])
        assert [c.residence for c in choices(connection, "P1")] == [SECRETS["residence"]]
        assert [d.reason for d in decisions.decisions(connection)] == [SECRETS["paired"]]
        (gap,) = gaps(connection, states=["elsewhere"])
        assert (gap.step.note, gap.step.proof) == (SECRETS["note"], SECRETS["proof"])
        order = deliveries.delivery_of(connection, numbers["delivery"]).order
        told = [SECRETS[name] for name in ("stable", "immobile", "address")]
        assert [order.stable, order.immobile, order.address] == told


def test_a_value_of_another_row_does_not_open(made: tuple[Database, Any]) -> None:
    database, numbers = made
    with psycopg.connect(database.url) as owner:
        owner.execute(
            "INSERT INTO visits.visit (kind, institution_id, person_id, scheme, number, begun_at, "
            "visit, facts, says, state) SELECT kind, institution_id, person_id, scheme, number, "
            "begun_at, visit, facts, says, 'withdrawn' FROM visits.visit"
        )
        row = owner.execute("SELECT max(visit_id) FROM visits.visit").fetchone()
    assert row is not None
    of = numbers["visit"]
    with database.transaction() as connection:
        find.visit(connection, of.institution_id, of.person_id, of.visit_id)
        with pytest.raises(StoreError, match=r"visits\.visit\.says: key 1 does not open"):
            find.visit(connection, of.institution_id, of.person_id, row[0])


def test_without_the_right_keys_nothing_is_read_and_nothing_written(
    made: tuple[Database, Any], tmp_path: Path
) -> None:
    database, numbers = made
    (tmp_path / "own.keys").rename(tmp_path / "right")
    works = (
        lambda c: files.fetch(c, "H3", numbers["file"]),
        lambda c: files.keep(c, "H3", "a", b"b"),
        lambda c: deliveries.delivery_of(c, numbers["delivery"]),
        lambda c: referrals.referrals(c, "P1"),
        town.begin,
    )

    def refused(told: str) -> None:
        for work in works:
            with pytest.raises(StoreError, match=told), database.transaction() as connection:
                work(connection)

    refused("is not there")
    keys.make(tmp_path / "own.keys")
    refused("is not the database's")


# --- sealed anew ----------------------------------------------------------------------------------


def call(url: str, *args: str) -> Any:
    done = CliRunner().invoke(app, [*args, "--database", url, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_all_is_sealed_anew_and_then_the_old_key_is_not_needed(
    made: tuple[Database, Any], tmp_path: Path
) -> None:
    database, _ = made
    with database.transaction() as connection:
        before = opened(connection)
        full = [table.table for table in TABLES if boxes(connection, table)]
    assert {t.table for t in TABLES} - set(full) == {"enrolment.elsewhere", "enrolment.person"}
    call(database.url, "key", "rotate", "--suite", "sm4-gcm")
    assert call(database.url, "key", "reseal")["rows"] == 0
    file = tmp_path / "own.keys"
    both = keys.read(file)
    keys.rewrite(file, keys.Keys(both.index, {2: both.sealing[2]}))
    with database.transaction() as connection:
        assert opened(connection) == before


def test_tables_of_many_blocks_are_sealed_anew(
    made: tuple[Database, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, _ = made
    monkeypatch.setattr(resealing, "BLOCKS", 1)
    with database.transaction() as connection:
        for n in range(400):
            files.keep(connection, "H3", f"file {n}" * 9, b"%d" % n)
    rows = call(database.url, "key", "rotate")["rows"]
    with database.transaction() as connection:
        found = [boxes(connection, table) for table in TABLES]
        assert rows > 400
        assert {box[:2] for one in found for box in one.values()} == {b"\0\2"}
        assert files.named(connection, "H3", "file 7" * 9) is not None


APPEND_ONLY = ("filing.accident", "desk.settlement_list", "filing.referral", "filing.remote")
APPEND_ONLY += ("filing.cancellation", "dispensing.audited", "dispensing.delivery")
APPEND_ONLY += ("dispensing.delivery_step", "filing.choice", "qualification.decision")
APPEND_ONLY += ("qualification.review", "review.answer", "matching.decision", "matching.gap_step")


WORKING = "SET ROLE yibao_app; SET yibao.everything = 'yes'"
"""What makes a connection one that works and sees everything."""


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_row_that_is_append_only_is_sealed_anew_and_else_stays(
    made: tuple[Database, Any], table: str
) -> None:
    database, _ = made
    (one,) = [sealed for sealed in TABLES if sealed.table == table]
    name = sql.Identifier(*table.split("."))
    column = sql.Identifier(one.columns[-1])

    def refused(change: sql.Composed) -> None:
        for start in (WORKING, "SELECT"):
            with psycopg.connect(database.url) as connection:
                connection.execute(start.encode())
                with pytest.raises(psycopg.Error, match=r"is append-only|permission denied"):
                    connection.execute(change)
                connection.rollback()

    newer = sql.SQL("'\\x0002'::bytea || substr({0}, 3)").format(column)
    refused(sql.SQL("UPDATE {} SET {} = {}").format(name, column, newer))  # no such key
    with psycopg.connect(database.url) as connection:
        newer_key(connection)
    for wrong in (
        sql.SQL("{} = {}").format(column, column) + sql.SQL(" || '\\x00'::bytea"),
        sql.SQL("{} = ''").format(column),
        sql.SQL("{0} = '\\x0000'::bytea || substr({0}, 3)").format(column),
        sql.SQL("{0} = overlay({0} PLACING '\\xff'::bytea FROM 9)").format(column),
        sql.SQL("{} = {} || '\\x00'::bytea").format(column, newer),
    ):
        refused(sql.SQL("UPDATE {} SET {}").format(name, wrong))
    plain = sql.Identifier(_plain_column(database, one))
    refused(sql.SQL("UPDATE {0} SET {1} = {2}, {3} = NULL").format(name, column, newer, plain))
    refused(sql.SQL("DELETE FROM {}").format(name))
    with psycopg.connect(database.url) as connection:
        connection.execute(WORKING.encode())
        anew = sql.SQL("UPDATE {0} SET {1} = {2} WHERE {1} <> ''").format(name, column, newer)
        assert connection.execute(anew).rowcount > 0


def _plain_column(database: Database, table: Sealed) -> str:
    """Return a column that is not sealed and must not be null."""
    with database.transaction() as connection:
        rows = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
            "AND NOT attisdropped AND attidentity = '' AND attname <> ALL(%s) "
            "ORDER BY NOT attnotnull, attnum",
            (table.table, list(table.columns)),
        ).fetchall()
    return str(rows[0][0])


# --- what was there before ------------------------------------------------------------------------

OLD = """
INSERT INTO enrolment.person (person_id, birth_date, identity_type)
VALUES ('P1', '1980-05-01', 'none');
INSERT INTO visits.visit (kind, institution_id, person_id, scheme, number, begun_at, visit, facts,
  says, state) VALUES
  ('stay', 'H3', 'P1', 'resident', 'N1', '2022-03-01', '', '{{}}', '{{"memo": "{visit}"}}', 'open'),
  ('stay', 'H3', 'P1', 'resident', 'N1', '2022-03-01', '', '{{}}', '{{}}', 'withdrawn');
INSERT INTO visits.fee (visit_id, number, batch, item_kind, code, local_code, quantity, price,
  charged_at, practitioner_id, approval, item_class, rate, total, out_of_catalogue, over_limit,
  first_self_pay, in_scope, reason, says) VALUES
  (1, '1', 'B', 'drug', 'X', 'L', 1, 0, '2022-03-01', '', '', 'A', 0, 0, 0, 0, 0, 0, '',
   '{{"memo": "{fee}"}}');
INSERT INTO filing.accident (person_id, institution_id, place, cause, valid, says) VALUES
  ('P1', '', '{place}', '{cause}', '[2022-03-01,)', '{{"agnter_name": "{agent}"}}');
INSERT INTO stock.movement (kind, institution_id, batch, code, local_code, name, quantity, at, lot,
  prescription, person_id, trace_codes, says) VALUES
  ('count', 'P1', 'B', 'X', 'L', 'n', 1, '2022-03-01', '', false, '', '{{}}',
   '{{"memo": "{stock}"}}');
INSERT INTO desk.settlement_list (settlement_id, institution_id, says) VALUES
  (7, 'H3', '{{"a": [{{"b": "{list}"}}]}}');
INSERT INTO ops.file (number, institution_id, name, content, until, rows) VALUES
  ('f1', 'H3', '{file}', convert_to('{content}', 'UTF8'), '2999-01-01', 0),
  ('f2', 'H3', '', convert_to('{content}', 'UTF8'), '2999-01-01', 0);
INSERT INTO filing.referral (person_id, from_institution, to_institution, valid, reason) VALUES
  ('P1', 'H1', 'H3', '[2022-03-01,2022-03-02)', '{refer}');
INSERT INTO filing.remote (person_id, category, division, valid, reason) VALUES
  ('P1', 'other', '1301', '[2022-03-01,)', '{remote}');
INSERT INTO filing.cancellation (kind, filing_id, reason) VALUES
  ('referral', 1, '{cancel}'), ('remote', 1, '');
INSERT INTO dispensing.prescription (institution_id, number, person_id, practitioner_id, issued_at,
  level, long_term, days, disease) VALUES ('H1', 'R', 'P1', 'D', now(), '1', false, 7, 'none');
INSERT INTO dispensing.prescribed VALUES (1, 'drug', 'X', 1);
INSERT INTO dispensing.audited (prescription_id, pharmacist_id, approved, reason) VALUES
  (1, 'Y1', true, '{audited}');
INSERT INTO dispensing.delivery (prescription_id, institution_id, channel, ordered_at, stable,
  immobile, address) VALUES (1, 'H1', 'phone', now(), '{stable}', '{immobile}', '{address}');
INSERT INTO dispensing.delivery_step VALUES
  (1, 'dispatched', now(), '{carrier}'), (1, 'received', now(), '{signed}');
INSERT INTO filing.choice (person_id, kind, institution_id, on_day, first, residence, former) VALUES
  ('P1', 'primary', 'H1', '2022-03-01', '2022-03-02', '{residence}', '');
INSERT INTO enrolment.fact (person_no, attribute, value, source, valid) VALUES
  (1, 'contracted_institution', 'H1', 'residence: {residence}', '[2022-03-02,)');
INSERT INTO qualification.application (person_id, disease, on_day) VALUES
  ('P1', 'rare', '2022-03-01'), ('P1', 'rare', '2022-03-01');
INSERT INTO qualification.decision (application_id, outcome, institution_id, on_day, reason) VALUES
  (1, 'refused', 'H3', '2022-03-01', '{assessed}'), (2, 'withdrawn', '', '2022-03-01', '');
INSERT INTO qualification.review (person_id, disease, kind, institution_id, on_day, confirmed,
  reason) VALUES ('P1', 'rare', 'revocation', '', '2022-03-01', false, '{reviewed}');
INSERT INTO review.finding (institution_id, stage, patient_id, rule, verdict, orders) VALUES
  ('H3', 'before', 'own', 'r', 'broken', '[]');
INSERT INTO review.answer (finding_id, did, reason) VALUES (1, 'kept', '{answered}');
INSERT INTO matching.decision (left_key, right_key, outcome, reason, actor) VALUES
  ('130100:X', 'person:P1', 'different', '{paired}', 'li');
INSERT INTO matching.gap_step (gap_id, state, on_day, note, proof, actor) VALUES
  (1, 'open', '2022-03-01', '', '', 'li'),
  (1, 'elsewhere', '2022-03-01', '{note}', '{proof}', 'li');
"""
LATER = {"describe", "discharge"}
"""What the rows of before do not have."""


def test_what_was_plain_before_is_sealed_by_the_upgrade(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIBAO_KEY_FILE", str(tmp_path / "own.keys"))
    with migrate._engine(empty_url).begin() as old:
        command.upgrade(migrate._config(old), "0021")
    with psycopg.connect(empty_url) as owner:
        safe = Vault(keys.read(tmp_path / "own.keys"))
        index = index_of(safe, WHO)
        owner.execute(
            "INSERT INTO matching.gap (identity_index, identity_number, name, division, street, "
            "people, kind, seen_on) VALUES (%s, %s, '', '', '', '', 'missing', '2022-03-01')",
            (index, GAP.seal(safe, "identity_number", index, WHO)),
        )
        owner.execute(OLD.format(**SECRETS).encode())
    migrate.upgrade(empty_url)
    assert read_in(dumped(empty_url), SECRETS.values()) == []
    with psycopg.connect(empty_url, autocommit=True) as owner:
        owner.execute("CHECKPOINT")
        paths = owner.execute(
            "SELECT current_setting('data_directory') || '/' || pg_relation_filepath(c.oid) "
            "FROM pg_class AS c WHERE c.oid = ANY(%s::regclass[]) OR c.oid IN "
            "(SELECT reltoastrelid FROM pg_class WHERE oid = ANY(%s::regclass[]))",
            ([table.table for table in TABLES],) * 2,
        ).fetchall()
    held = b"".join(Path(path).read_bytes() for (path,) in paths)
    assert b"resident" in held
    assert [secret for secret in SECRETS.values() if secret.encode() in held] == []
    with Database(empty_url, sight=EVERYTHING) as database, database.transaction() as connection:
        said = opened(connection)
        text = "\n".join(said.values())
        assert [n for n, secret in SECRETS.items() if secret not in text] == sorted(LATER)
        assert find.visit(connection, "H3", "P1", 1).says == {"memo": SECRETS["visit"]}
        assert find.visit(connection, "H3", "P1", 2).says == {}
        assert files.fetch(connection, "H3", "f1", SECRETS["file"]).decode() == SECRETS["content"]
        assert files.fetch(connection, "H3", "f2").decode() == SECRETS["content"]
        filed = referrals.referral_of(connection, 1)
        assert (filed.referral.reason, filed.cancelled) == (SECRETS["refer"], True)
        assert remote.remote_of(connection, 1).remote.reason == SECRETS["remote"]
        order = deliveries.delivery_of(connection, 1).order
        assert order.address == SECRETS["address"]
        assert diseases.application_of(connection, 1).reason == SECRETS["assessed"]
        assert [c.residence for c in choices(connection, "P1")] == [SECRETS["residence"]]
        assert [d.reason for d in decisions.decisions(connection)] == [SECRETS["paired"]]
        sources = connection.execute("SELECT source FROM enrolment.fact").fetchall()
        assert sources == [("residence",)]
    call(empty_url, "key", "rotate")
    with Database(empty_url, sight=EVERYTHING) as database, database.transaction() as connection:
        assert opened(connection) == said

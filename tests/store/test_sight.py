"""Whose rows PostgreSQL shows and lets be written, table by table, asked directly by SQL.

Each guarded table gets two rows, made by their columns' names and types: one of institution A,
person P, employer E, region R, and one of B, Q, F, S. What belongs together has the same number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread

import databases
import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql

from yibao.store.database import Connection, Database, see_one_instant
from yibao.store.sight import EVERYTHING, NOTHING, Kind, Sight, beyond, seeing

OF = {"institution": "A", "person": "P", "employer": "E", "region": "R"}
SIGHTS: dict[Kind, Sight] = {kind: Sight(kind, own) for kind, own in OF.items()}  # type: ignore[misc]

OWNERS = {
    **dict.fromkeys(("institution_id", "from_institution", "to_institution"), "AB"),
    **dict.fromkeys(("person_id", "relative"), "PQ"),
    **dict.fromkeys(("employer_id", "payer"), "EF"),
    "region": "RS",
    "party": "AB",
    "person_no": "12",
}
"""Columns that say whose a row is, with whose the first and the second are."""

PUBLIC = {
    # registers of what there is: who is designated for what is no secret
    *("registry.institution", "registry.department", "registry.ward", "registry.practice_site"),
    *("registry.appraisal_centre", "registry.recognition", "registry.preparation_site"),
    *("registry.local_code", "registry.expert", "registry.agreement", "registry.regional_item"),
    "ops.region",  # this database's
    "ledger.account",  # the books: docs/security.md
}
"""Tables that say whose their rows are, and show them to everybody."""

OPEN = {
    *("enrolment.person", "enrolment.person_lock", "enrolment.membership", "enrolment.coverage"),
    *("enrolment.employment", "enrolment.fact", "enrolment.employer"),
    *("desk.person_year", "desk.opening"),
    *("qualification.application", "qualification.decision", "qualification.review"),
    *("qualification.site", "filing.choice", "filing.remote", "filing.family_doctor"),
    "care.assessment",
}
"""What institutions see of everybody: a patient may come to any of them."""

WRITTEN = {
    *("enrolment.person_lock", "enrolment.fact", "desk.person_year", "desk.opening"),
    *("qualification.application", "qualification.site", "filing.choice"),
}
"""What institutions write of everybody, as they settle and file for patients."""

EMPLOYERS_OPEN = {"enrolment.employer"}
"""What the insured see of others: the names of employers."""

INSERTED = {"ops.audit"}
"""What everybody adds to, and the agency alone reads."""

BEHIND = {
    "enrolment.own_no",
    *("dispensing.seen", "dispensing.taken", "dispensing.once"),
    "contributions.seen",
    *("filing.check_owed", "desk.shares_episode", "ops.chain_audit"),
}
"""Functions that look at everybody's rows, whoever asks: docs/security.md lists them."""

TABLES = """
SELECT c.oid::regclass::text, relrowsecurity, array_agg(attname::text)
FROM pg_class AS c JOIN pg_attribute AS a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
WHERE relkind IN ('r', 'p') AND NOT relispartition
  AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
GROUP BY 1, 2 ORDER BY 1
"""


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    identity: bool


def value(table: str, column: Column, n: int) -> object:
    """Return what stands in a column of row `n` (1, 2): whose it is, its number, or anything."""
    name, type_ = column.name, column.type
    if name in OWNERS:
        return OWNERS[name][n - 1]
    if table == "filing.cancellation" and name == "kind":
        return "referral"
    if table == "qualification.decision" and name == "outcome":
        return "granted"
    if type_.endswith("[]"):
        return "{}"
    fixed = {
        "boolean": False,
        "date": "2023-01-01",
        "jsonb": "{}",
        "bytea": b"%d" % n,
        "daterange": f"[2023-01-0{n},2024-01-01)",
        "int4range": "[1,2)",
        "tstzrange": "[2023-01-01,)",
        "uuid": None,
    }
    if type_ in fixed:
        return fixed[type_]
    return "2023-01-01" if type_.startswith("timestamp") else n


def columns(connection: psycopg.Connection, table: str) -> list[Column]:
    rows = connection.execute(
        "SELECT attname, format_type(atttypid, NULL), attidentity <> '' FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        (table,),
    )
    return [Column(*row) for row in rows]


def insertion(connection: psycopg.Connection, table: str, n: int) -> tuple[sql.Composed, list]:
    made = columns(connection, table)
    query = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
        sql.SQL(table),  # type: ignore[arg-type]
        sql.SQL(", ").join(sql.Identifier(c.name) for c in made),
        sql.SQL(", ").join([sql.Placeholder()] * len(made)),
    )
    return query, [value(table, column, n) for column in made]


def guarded(connection: psycopg.Connection) -> list[str]:
    return [table for table, is_guarded, _ in connection.execute(TABLES) if is_guarded]


@pytest.fixture(scope="module")
def filled(server_url: str) -> Iterator[str]:
    """Give a database with two rows in each guarded table."""
    with databases.copy(server_url, "template") as url:
        with psycopg.connect(url) as owner:
            tables = guarded(owner)
            for table in [*tables, "registry.agreement"]:
                checks = owner.execute(
                    "SELECT conname FROM pg_constraint "
                    "WHERE conrelid = %s::regclass AND contype IN ('c', 'x', 'f')",
                    (table,),
                ).fetchall()
                owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
                for (name,) in checks:
                    owner.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE'.encode())
            owner.execute("SET session_replication_role = replica")
            for table in [*tables, "registry.agreement"]:
                for n in (1, 2):
                    owner.execute(*insertion(owner, table, n))
        yield url


@pytest.fixture(scope="module")
def rows(filled: str) -> dict[str, list[str]]:
    """Give the two rows of each guarded table."""
    with psycopg.connect(filled) as owner:
        owner.execute("SET timezone TO 'Asia/Shanghai'")
        found = {table: in_order(owner, table) for table in guarded(owner)}
    assert all(len(two) == 2 for two in found.values())
    return found


def in_order(connection: psycopg.Connection | Connection, table: str) -> list[str]:
    """Return the rows that are seen; the one that is another's comes last."""
    seen = connection.execute(f"SELECT t::text FROM {table} AS t".encode()).fetchall()
    return sorted(text for (text,) in seen)


def theirs(two: list[str]) -> str:
    return two[1]


def asked_as(url: str, sight: Sight) -> dict[str, list[str]]:
    with Database(url, connections=1) as database, seeing(sight), database.transaction() as one:
        return {table: in_order(one, table) for table in guarded(one)}


# --- what is seen ---------------------------------------------------------------------------------


def test_rows_are_told_apart(rows: dict[str, list[str]]) -> None:
    """Else the tests below could not fail."""
    assert len(rows) > 60
    assert all(mine < other for mine, other in rows.values())


@pytest.mark.parametrize("kind", OF)
def test_of_another_nothing_is_seen(filled: str, rows: dict[str, list[str]], kind: Kind) -> None:
    seen = asked_as(filled, SIGHTS[kind])
    allowed = {"institution": OPEN, "person": EMPLOYERS_OPEN}.get(kind, set())
    shows = {table for table, found in seen.items() if theirs(rows[table]) in found}
    assert shows == allowed


def test_what_is_ones_own_is_seen(filled: str, rows: dict[str, list[str]]) -> None:
    """A wall that shows nothing at all would be passed by the test above."""
    with psycopg.connect(filled) as owner:
        whose = {table: set(names) for table, is_on, names in owner.execute(TABLES) if is_on}
    for kind, column in {
        "institution": "institution_id",
        "person": "person_id",
        "employer": "payer",
        "region": "region",
    }.items():
        seen = asked_as(filled, SIGHTS[kind])  # type: ignore[index]
        own = {table for table, names in whose.items() if column in names}
        if kind == "region":
            own = {"filing.guest", "clearing.region_month"}
        if kind == "person":  # institutions' own notes of whom they sold to
            own -= {"stock.movement"}
        for table in own:
            assert rows[table][0] in seen[table], (kind, table)


def test_who_says_nothing_sees_nothing(filled: str) -> None:
    for sight in (NOTHING, Sight("institution"), Sight("institution", "C"), Sight("person", "A")):
        seen = asked_as(filled, sight)
        shows = {table for table, found in seen.items() if found}
        open_ = OPEN | EMPLOYERS_OPEN if sight.own == "C" else set()
        assert shows <= (open_ if sight.own != "A" else EMPLOYERS_OPEN), sight


def test_the_agency_sees_all(filled: str, rows: dict[str, list[str]]) -> None:
    assert asked_as(filled, EVERYTHING) == rows


# --- what is written ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OF)
def test_nothing_is_added_to_what_is_anothers(filled: str, kind: Kind) -> None:
    allowed = {"institution": WRITTEN}.get(kind, set()) | INSERTED
    done = set()
    with Database(filled, connections=1) as database, psycopg.connect(filled) as owner:
        for table in guarded(owner):
            query, values = insertion(owner, table, 2)
            try:
                with seeing(SIGHTS[kind]), database.transaction() as one:
                    one.execute(query, values)
            except pg.InsufficientPrivilege:
                continue
            except pg.UniqueViolation:  # it would have been added, but that it is there
                pass
            done.add(table)
    assert done == allowed


@pytest.mark.parametrize("kind", OF)
def test_nothing_is_changed_or_taken_of_what_is_anothers(
    filled: str, rows: dict[str, list[str]], kind: Kind
) -> None:
    allowed = OPEN if kind == "institution" else set()
    with Database(filled, connections=1) as database, psycopg.connect(filled) as owner:
        for table in guarded(owner):
            names = [column.name for column in columns(owner, table) if not column.identity]
            with seeing(SIGHTS[kind]), database.transaction() as one:
                may = [
                    name
                    for name in names
                    if one.execute(
                        "SELECT has_column_privilege(%s, %s, 'UPDATE')", (table, name)
                    ).fetchone()
                    == (True,)
                ]
                acts = [f"UPDATE {table} AS t SET {may[0]} = {may[0]}"] if may else []
                if one.execute("SELECT has_table_privilege(%s, 'DELETE')", (table,)).fetchone() == (
                    True,
                ):
                    acts.append(f"DELETE FROM {table} AS t")
                for act in acts:
                    try:
                        with one.transaction(force_rollback=True):
                            done = one.execute(f"{act} RETURNING t::text".encode()).fetchall()
                    except pg.InsufficientPrivilege:
                        continue  # one of the rows may not be so afterwards
                    if table not in allowed:
                        assert (theirs(rows[table]),) not in done, act
    assert allowed >= WRITTEN or kind != "institution"


# --- how it is said -------------------------------------------------------------------------------


def sees(connection: Connection) -> tuple[int, ...]:
    """Return how many of a row of A and of B are seen."""
    seen = connection.execute("SELECT institution_id FROM clearing.request").fetchall()
    return tuple(sum(at == own for (at,) in seen) for own in "AB")


def test_a_connection_keeps_nothing_of_the_one_before(filled: str) -> None:
    with Database(filled, connections=1) as database:
        for sight, expected in (
            (SIGHTS["institution"], (1, 0)),
            (NOTHING, (0, 0)),
            (EVERYTHING, (1, 1)),
            (NOTHING, (0, 0)),
            (Sight("institution", "B"), (0, 1)),
            (SIGHTS["person"], (0, 0)),
        ):
            with seeing(sight), database.transaction() as connection:
                assert sees(connection) == expected
            with pytest.raises(ZeroDivisionError), seeing(sight), database.transaction():
                raise ZeroDivisionError
            with (
                pytest.raises(pg.DivisionByZero),
                seeing(sight),
                database.transaction() as connection,
            ):
                connection.execute("SELECT 1 / 0")
            with database.transaction() as connection:
                assert sees(connection) == (0, 0)


def test_what_was_said_last_counts_and_no_thread_inherits_it(filled: str) -> None:
    with Database(filled, sight=EVERYTHING) as database, Database(filled) as walled:
        with seeing(SIGHTS["institution"]):
            assert database.run(sees) == (1, 0)
            with seeing(NOTHING):
                assert database.run(sees) == (0, 0)
            assert walled.run(sees) == (1, 0)
            found = []
            other = Thread(target=lambda: found.append(walled.run(sees)))
            other.start()
            other.join()
            assert found == [(0, 0)]
        assert database.run(sees) == (1, 1)
        assert walled.run(sees) == (0, 0)


@pytest.mark.parametrize(
    "own",
    [
        "A'; SET LOCAL yibao.everything = 'yes",
        "A\\'; SET LOCAL yibao.everything = 'yes'; --",
        "A' -- ",
        "'",
        "\\",
        "陈",
        "A\n",
    ],
)
def test_an_id_is_never_read_as_sql(filled: str, own: str) -> None:
    with (
        Database(filled) as database,
        seeing(Sight("institution", own)),
        database.transaction() as connection,
    ):
        assert sees(connection) == (0, 0)
        assert connection.execute("SHOW yibao.institution").fetchone() == (own,)


def test_beyond_ends_with_its_block(filled: str) -> None:
    with Database(filled, connections=1) as database, seeing(SIGHTS["institution"]):
        with database.transaction() as connection:
            with beyond(connection, "a test"):
                assert sees(connection) == (1, 1)
            assert sees(connection) == (1, 0)
            with pytest.raises(ZeroDivisionError), beyond(connection, "a test"):
                raise ZeroDivisionError
            assert sees(connection) == (1, 0)
            with (
                pytest.raises(pg.DivisionByZero),
                connection.transaction(),
                beyond(connection, "a test"),
            ):
                connection.execute("SELECT 1 / 0")
            assert sees(connection) == (1, 0)
        with seeing(EVERYTHING), database.transaction() as connection:
            with beyond(connection, "a test"):
                pass
            assert sees(connection) == (1, 1)


def test_a_transaction_that_sees_one_instant_begins_as_any(filled: str) -> None:
    with (
        Database(filled) as database,
        seeing(SIGHTS["institution"]),
        database.transaction() as connection,
    ):
        see_one_instant(connection)
        assert sees(connection) == (1, 0)


# --- nothing is forgotten -------------------------------------------------------------------------


def test_each_table_of_somebodys_rows_is_guarded(url: str) -> None:
    """A new table with an institution, a person, an employer is guarded, or stands above."""
    with psycopg.connect(url) as owner:
        tables = owner.execute(TABLES).fetchall()
        refers = owner.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint "
            "WHERE contype = 'f'"
        ).fetchall()
    on = {table for table, is_guarded, _ in tables if is_guarded}
    whose = {table for table, _, names in tables if OWNERS.keys() & set(names)}
    assert whose - on == PUBLIC
    by_number = ("settlement_id", "visit_id", "bill_id", "prescription_id", "receipt_id")
    below = {table for table, _, names in tables if set(by_number) & set(names)}
    below |= {table for table, to in refers if to in on and not table.startswith("ledger.")}
    assert below - on == set()


def test_views_and_functions_do_not_look_behind_the_wall(url: str) -> None:
    with psycopg.connect(url) as owner:
        views = owner.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('v', 'm') "
            "AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema') "
            "AND NOT coalesce(reloptions, '{}') @> '{security_invoker=true}'"
        ).fetchall()
        behind = owner.execute(
            "SELECT oid::regproc::text, proconfig FROM pg_proc WHERE prosecdef"
        ).fetchall()
        parts = owner.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relispartition AND "
            "has_table_privilege('yibao_app', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')"
        ).fetchall()
        roles = owner.execute(
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'yibao_app'"
        ).fetchone()
    assert views == []
    assert {name for name, _ in behind} == BEHIND
    assert all(settings == ["search_path=pg_catalog, pg_temp"] for _, settings in behind)
    assert parts == []  # of parts of a table only the policies of the whole hold
    assert roles == (False,)

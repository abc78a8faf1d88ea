"""Claims of the past, loaded together: as if the desk had settled them one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import databases
import pytest
from desks import open_town, tianjin

from yibao.agency.desk import loading
from yibao.agency.desk.load import Load, Loaded, NotLoaded, load
from yibao.agency.desk.model import Ask, Bill, DeskError, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.recall import recall
from yibao.agency.desk.registers import REGISTERS
from yibao.agency.desk.reverse import reverse, settlement_of
from yibao.agency.desk.settle import presettle, settle
from yibao.clock import today
from yibao.ledger import entries
from yibao.ledger.balance import trial_balance
from yibao.settlement.model import Claim
from yibao.store.database import Connection, Database
from yibao.store.sight import EVERYTHING

PERSONS = ("P1", "P2", "P3")
ACCOUNT = 500_00

TABLES = {
    "desk.settlement": "settlement_id",
    "desk.claim_no": "settlement_id",
    "desk.person_year": "person_id, year, scheme",
    "desk.opening": "person_id, year",
    "ledger.entry": "entry_id",
    "ledger.transfer": "entry_id, number",
    "enrolment.person_lock": "person_id",
}
"""What a settlement writes, besides audit and reply, and how its rows are put in order."""


def settled_in_order() -> Sequence[Ask]:
    """Return stays and visits of three persons in two years: parts of one stay, the account."""

    def one(number: int, person: str, first: date, last: date, fen: int, **more: object) -> Ask:
        stay = first != last
        bill = Bill({"total": fen, "out_of_catalogue": fen // 10, "in_scope": fen - fen // 10})
        facts = {
            "institution_id": "H3" if stay else "H1",
            "claim_no": f"C{number}",
            "person_id": person,
            "visit": "inpatient" if stay else "outpatient",
            "admitted": first,
            "discharged": last,
            "bill": bill,
        }
        return Ask(**{**facts, **more})  # type: ignore[arg-type]

    return [
        one(1, "P1", date(2022, 3, 1), date(2022, 3, 8), 20_000_00),
        one(2, "P2", date(2022, 4, 1), date(2022, 4, 1), 900_00, from_account=300_00),
        one(3, "P1", date(2022, 5, 1), date(2022, 5, 20), 60_000_01, episode="E"),
        one(4, "P1", date(2022, 5, 20), date(2022, 6, 3), 33_333_33, episode="E"),
        one(5, "P3", date(2022, 7, 1), date(2022, 7, 1), 12_345_67),
        one(6, "P2", date(2023, 1, 5), date(2023, 1, 9), 8_000_00),
        one(7, "P1", date(2023, 2, 1), date(2023, 2, 2), 7_777_77, from_account=900_00),
    ]


@pytest.fixture
def office() -> Office:
    return Office(tianjin(), REGISTERS)


@pytest.fixture
def town(database: Database) -> Database:
    """Give a town where nothing has been settled."""
    open_town(database, *PERSONS, account=ACCOUNT)
    return database


@pytest.fixture
def desk(server_url: str) -> Iterator[Database]:
    """Give the same town elsewhere."""
    with databases.copy(server_url, "template") as url, Database(url, sight=EVERYTHING) as database:
        open_town(database, *PERSONS, account=ACCOUNT)
        yield database


def settled(desk: Database, office: Office, asks: Sequence[Ask]) -> list[Claim]:
    """Settle bills at the desk, one by one; return the claims as a file of them has them."""
    claims = []
    for ask in asks:
        with desk.transaction() as connection:
            made = settle(connection, office, ask, actor="test")
            assert isinstance(made, Settled)
            found = recall(office, settlement_of(connection, made.settlement_id))
            available = ask.from_account
            claims.append(replace(found.claim, claim_id=ask.claim_no, account_available=available))
    return claims


def rows(database: Database, table: str) -> list[object]:
    """Return the rows of a table, without when and in which accounts' numbers they were written."""
    with database.transaction() as connection:
        found = connection.execute(
            f"SELECT to_jsonb(t) FROM {table} AS t ORDER BY {TABLES[table]}".encode()
        ).fetchall()
        names = dict(
            connection.execute(
                "SELECT account_id, head || '/' || fund || '/' || party FROM ledger.account"
            ).fetchall()
        )
    return [
        {
            name: names[value] if name in {"debit", "credit"} else value
            for name, value in row.items()
            if name != "recorded_at"
        }
        for (row,) in found
    ]


def loaded(town: Database, office: Office, claims: Sequence[Claim], name: str = "2022") -> Loaded:
    with town.transaction() as connection:
        return load(connection, office, Load(name, "digest", claims), actor="test")


def test_what_is_loaded_stands_as_if_the_desk_had_settled_it(
    town: Database, desk: Database, office: Office
) -> None:
    claims = settled(desk, office, settled_in_order())
    done = loaded(town, office, claims[::-1])  # in whatever order the file has them
    assert (done.claims, done.first, done.last) == (7, 1, 7)
    for table in TABLES:
        assert rows(town, table) == rows(desk, table), table


@pytest.mark.parametrize("odd", ["back\\slash", "a\ttab", "two\nlines", "\\N", 'a "quote"\r'])
def test_texts_are_loaded_as_they_are(
    odd: str, town: Database, desk: Database, office: Office
) -> None:
    (claim, *_) = settled(desk, office, settled_in_order()[:1])
    loaded(town, office, [replace(claim, claim_id=odd, episode=odd)])
    with town.transaction() as connection:
        found = connection.execute(
            "SELECT s.claim_no, n.claim_no, episode, episodes FROM desk.settlement AS s "
            "JOIN desk.claim_no AS n USING (settlement_id) "
            "JOIN desk.person_year USING (person_id)"
        ).fetchone()
    assert found is not None
    assert found[:3] == (odd, odd, odd)
    assert list(found[3]) == [odd]


def test_the_desk_goes_on_from_it(town: Database, desk: Database, office: Office) -> None:
    asks = settled_in_order()
    claims = settled(desk, office, asks[:5])
    loaded(town, office, claims)
    for ask in asks[5:]:
        with town.transaction() as here, desk.transaction() as there:
            ours = presettle(here, office, ask)
            theirs = presettle(there, office, ask)
        assert ours.settlement.memory == theirs.settlement.memory
        assert ours.account_balance == theirs.account_balance


def test_a_second_load_goes_on_from_the_first(
    town: Database, desk: Database, office: Office
) -> None:
    claims = settled(desk, office, settled_in_order())
    loaded(town, office, claims[:3], "first")
    loaded(town, office, claims[3:], "second")
    for table in TABLES:
        assert rows(town, table) == rows(desk, table), table


def test_one_of_them_is_explained_and_taken_back(
    town: Database, desk: Database, office: Office
) -> None:
    claims = settled(desk, office, settled_in_order())
    loaded(town, office, claims)
    for database in (town, desk):
        office = Office(tianjin(), REGISTERS)  # it knows the accounts of one database
        with database.transaction() as connection:
            assert recall(office, settlement_of(connection, 7)).account_pay == ACCOUNT
            for number in (7, 3):
                reverse(connection, office, number, actor="test")
    for table in ("desk.person_year", "desk.opening", "enrolment.person_lock"):
        assert rows(town, table) == rows(desk, table), table


def test_the_books_balance_and_say_who_loaded(
    town: Database, desk: Database, office: Office
) -> None:
    done = loaded(town, office, settled(desk, office, settled_in_order()))
    with town.transaction() as connection:
        lines = trial_balance(connection)
        assert sum(line.balance for line in lines) == 0
        paid = sum(line.debits for line in lines if line.account.head == "benefit_expense")
        assert paid == done.fund_pay
        audit = connection.execute(
            "SELECT actor, subject, detail->>'claims' FROM ops.audit WHERE action = 'load'"
        ).fetchall()
    assert audit == [("test", "load:2022", "7")]


def test_a_load_is_loaded_once(town: Database, desk: Database, office: Office) -> None:
    claims = settled(desk, office, settled_in_order())
    loaded(town, office, claims)
    before = rows(town, "ledger.transfer")
    assert loaded(town, office, claims).again
    assert rows(town, "ledger.transfer") == before
    with pytest.raises(DeskError, match="an id not used"), town.transaction() as connection:
        load(connection, office, Load("2022", "another", claims), actor="test")
    with pytest.raises(NotLoaded, match="a number that the institution has not used"):
        loaded(town, office, claims[:1], "other id")


def test_all_or_none(town: Database, desk: Database, office: Office) -> None:
    claims = settled(desk, office, settled_in_order())
    before = {table: rows(town, table) for table in TABLES}
    wrong = [
        replace(claims[0], claim_id="X1", person_id="nobody"),
        replace(claims[1], claim_id="X2", institution_id=""),
        replace(claims[2], claim_id="X3", admitted=date(2014, 1, 1), discharged=date(2014, 1, 2)),
        replace(claims[3]),
    ]
    with pytest.raises(NotLoaded) as caught:
        loaded(town, office, [*claims, *wrong])
    assert sorted(claim.claim_id for claim, _ in caught.value.problems) == ["C4", "X1", "X2", "X3"]
    assert {table: rows(town, table) for table in TABLES} == before


# --- days of the books, agreements ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "ok"),
    [
        (entries.FIRST_DAY, True),
        (entries.FIRST_DAY - timedelta(1), False),
        (today() + entries.AHEAD, True),
        (today() + entries.AHEAD + timedelta(1), False),
    ],
)
def test_nothing_is_booked_on_a_day_that_cannot_be_one(
    day: date, ok: bool, town: Database, desk: Database, office: Office
) -> None:
    (claim, *_) = settled(desk, office, settled_in_order()[:1])
    late = replace(claim, settled_at=datetime.combine(day, time(10)))
    if ok:
        assert loaded(town, office, [late]).claims == 1
        return
    with pytest.raises(NotLoaded) as caught:
        loaded(town, office, [late])
    ((_, error),) = caught.value.problems
    assert isinstance(error, DeskError)
    assert (error.rule, error.column) == ("books_day", "settled_at")


_CHANGE = "UPDATE registry.agreement SET {} WHERE institution_id = 'H3'"
AGREED = {
    "suspended": (_CHANGE.format("suspended = true"), "suspended"),
    "ended": (_CHANGE.format("valid = '[2010-01-01,2022-01-01)'"), "no_agreement"),
    "other visits": (_CHANGE.format("visits = '{outpatient}'"), "visit_not_covered"),
    "other schemes": (_CHANGE.format("schemes = '{employee}'"), "scheme_not_covered"),
    "known since": (_CHANGE.format("valid = '[2024-01-01,)'"), ""),
}
"""What the register knows of the agreement of the hospital, and what is refused for it."""


@pytest.mark.parametrize(("sql", "rule"), AGREED.values(), ids=AGREED)
def test_an_agreement_that_the_register_knows_is_looked_at(
    sql: str, rule: str, town: Database, desk: Database, office: Office
) -> None:
    claims = settled(desk, office, settled_in_order())
    with town.transaction() as connection:
        connection.execute(sql.encode())
    if not rule:
        assert loaded(town, office, claims).claims == 7
        return
    with pytest.raises(NotLoaded) as caught:
        loaded(town, office, [*claims, replace(claims[0], claim_id="X", person_id="nobody")])
    found = {c.claim_id: getattr(e, "rule", "") for c, e in caught.value.problems}
    assert found == {"X": "known_person"} | dict.fromkeys(["C1", "C3", "C4", "C6", "C7"], rule)


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE ledger.transfer SET fen = fen + 1 WHERE entry_id = 6 AND number = 1",
        "DELETE FROM ledger.transfer WHERE entry_id = 6",
        "DELETE FROM ledger.entry WHERE entry_id = 6",
        "UPDATE ledger.transfer SET credit = 9999 WHERE entry_id = 6 AND number = 1",
        "UPDATE desk.settlement SET funds = '{\"pool_pay\": 1}' WHERE settlement_id = 3",
        "UPDATE enrolment.person_lock SET account_balance = account_balance + 1 "
        "WHERE person_id = 'P2'",
    ],
)
def test_books_that_do_not_agree_are_not_loaded(
    spoil: str,
    town: Database,
    desk: Database,
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claims = settled(desk, office, settled_in_order())

    def write(connection: Connection, batch: loading.Batch) -> None:
        loading.write(connection, batch)
        assert connection.execute(spoil.encode()).rowcount > 0

    monkeypatch.setattr("yibao.agency.desk.load.write", write)
    with pytest.raises(loading.NotProved):
        loaded(town, office, claims)
    assert rows(town, "desk.settlement") == []


def test_triggers_are_on_again_afterwards(town: Database, desk: Database, office: Office) -> None:
    claims = settled(desk, office, settled_in_order())
    with town.transaction() as connection:
        load(connection, office, Load("2022", "digest", claims), actor="test")
    with pytest.raises(Exception, match=r"append-only|denied"), town.transaction() as connection:
        connection.execute("UPDATE desk.settlement SET total = 0")


def test_a_role_that_may_not_switch_triggers_off_loads_with_them_on(
    town: Database, desk: Database, office: Office
) -> None:
    claims = settled(desk, office, settled_in_order())
    with town.transaction() as connection:
        connection.execute("SET LOCAL SESSION AUTHORIZATION yibao_app")
        load(connection, office, Load("2022", "digest", claims), actor="test")
        role = connection.execute("SHOW session_replication_role").fetchone()
    assert role == ("origin",)
    for table in TABLES:
        assert rows(town, table) == rows(desk, table), table

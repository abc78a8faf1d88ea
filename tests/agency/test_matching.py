"""Duplicates: found by number and by likeness, with reasons; decided by a clerk, once."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from agency_town import build as build_town
from agency_town import office, visit
from doubles import build, found
from psycopg import errors as pg
from typer.testing import CliRunner

from tests.agency.registered import ACTOR, BIRTH, EMPLOYEE, RESIDENT, elsewhere, enrolled, identity
from yibao.agency.contributions.bills import Wanted, bill, bills_of
from yibao.agency.contributions.receipts import Receipt, receive
from yibao.agency.desk.model import Settled
from yibao.agency.desk.reverse import reverse
from yibao.agency.desk.settle import settle
from yibao.agency.enrolment import periods
from yibao.agency.enrolment.memberships import Enrolment, employ, enrol
from yibao.agency.enrolment.persons import Person as Registered
from yibao.agency.enrolment.persons import employer, find, locked, register
from yibao.agency.enrolment.profile import Membership
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.matching import decisions, pairs
from yibao.agency.matching.likeness import COMPARISONS
from yibao.agency.matching.records import (
    HERE,
    Period,
    Record,
    initials,
    key_of,
    one_form,
    sound,
    today_number,
)
from yibao.agency.matching.search import search
from yibao.cli import app, exit_codes
from yibao.policy.policy import load_policy
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database
from yibao.store.vault import vault

D = date.fromisoformat
NUMBER = identity(BIRTH, 11)
ONE = Record("person:P1", HERE, "王小明", BIRTH, "male", "resident_id", NUMBER, "120101", "138")


def alike(*records: Record, across: bool = False) -> list[pairs.Pair]:
    return pairs.alike(records, across=across)


def levels(pair: pairs.Pair) -> dict[str, str]:
    return {reason.field: reason.level for reason in pair.reasons}


# --- one form -------------------------------------------------------------------------------------


def test_a_number_of_fifteen_digits_is_that_of_eighteen() -> None:
    assert today_number("110105491231002") == "11010519491231002X"
    assert today_number(" 11010519491231002x ") == "11010519491231002X"
    assert today_number("E12345678") == "E12345678"
    assert sound("11010519491231002X")
    assert not sound("110105194912310021")


def test_names_in_one_form_and_by_their_sounds() -> None:
    assert one_form("买买提·艾力 ") == one_form("买买提•艾力") == "买买提艾力"
    assert one_form("Ｊohn") == "JOHN"
    assert initials("王小明") == initials("王晓明") == initials("汪小鸣") == "WXM"
    assert initials("王小红") == "WXH"
    assert initials("镕A") == "镕A"


# --- the model ------------------------------------------------------------------------------------


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda c: c.field)
def test_the_figures_of_a_field_are_shares(comparison: Any) -> None:
    for name in ("m", "u"):
        assert sum(getattr(level, name) for level in comparison.levels) == pytest.approx(
            1, abs=0.02
        )
    assert comparison.levels[-1].when == "ELSE"


def test_what_is_found_of_a_town() -> None:
    """5,000 persons, 100 duplicates of eight kinds, 50 pairs of twins."""
    told = found(build(5000))
    assert told.precision >= 0.95
    assert told.recall >= 0.85
    assert told.wrong["twins"] == 0
    for kind in ("15 digits", "digits swapped", "no number", "passport"):
        hits, total = told.by_kind[kind]
        assert hits == total


def test_the_same_records_give_the_same_pairs() -> None:
    town = build(1000)
    one = pairs.alike(town.records, across=False)
    assert one == pairs.alike(list(reversed(town.records)), across=False)


def test_reasons_in_words() -> None:
    slipped = NUMBER[:7] + NUMBER[8] + NUMBER[7] + NUMBER[9:]
    other = replace(ONE, key="130100:X", source="130100", name="王晓明", number=slipped, phone="")
    (pair,) = alike(ONE, other, across=True)
    assert pair.kind == "alike"
    assert levels(pair) == {
        "name": "sounds_alike",
        "birth_date": "same",
        "sex": "same",
        "number": "slip",
        "division": "same",
    }
    assert pair.reasons[3].says.en.startswith("one character differs or two are swapped")
    assert pair.probability is not None
    assert pair.probability > 0.99


def test_twins_are_two_persons() -> None:
    twin = replace(ONE, key="person:P2", name="王小红", number=identity(BIRTH, 13))
    assert alike(ONE, twin) == []
    sounding = replace(twin, name="王晓明")
    assert alike(ONE, sounding) == []


def test_a_passport_and_an_identity_card() -> None:
    (pair,) = alike(ONE, replace(ONE, key="person:P2", document="passport", number="E1"))
    assert pair.kind == "two_documents"
    assert "number" not in levels(pair)


def test_a_common_name_says_less() -> None:
    crowd = [
        replace(ONE, key=f"person:C{n}", birth_date=date(1950 + n, 1, 1), number="", phone="")
        for n in range(40)
    ]
    other = replace(ONE, key="person:P2", number="", phone="")
    rare = alike(replace(ONE, phone=""), other, *(replace(c, name=f"李{c.key}") for c in crowd))
    common = alike(replace(ONE, phone=""), other, *crowd)
    two = ("person:P1", "person:P2")
    likely = [next(p.probability for p in found if p.keys == two) for found in (rare, common)]
    assert likely[0] is not None
    assert likely[1] is not None
    assert likely[0] > likely[1]


def test_nothing_is_left_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    alike(ONE, replace(ONE, key="person:P2", document="passport", number="E1"))
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "MODULES", ("splink", "no_such_module"))
    with pytest.raises(
        pairs.MatchingMissing, match=r"no_such_module not installed.*yibao\[match\]"
    ):
        alike(ONE, replace(ONE, key="person:P2"))


# --- by number ------------------------------------------------------------------------------------


@pytest.mark.clause("T21-7e")
def test_enrolled_twice_on_the_same_days() -> None:
    held = (Period("employee", D("2022-01-01")),)
    mine = replace(ONE, periods=held)
    until = (Period("resident", D("2021-01-01"), D("2022-03-31")),)
    other = replace(ONE, key=f"130100:{NUMBER}", source="130100", periods=until)
    (pair,) = pairs.exact([mine, other], across=True)
    assert (pair.kind, pair.keys) == ("enrolled_twice", (f"130100:{NUMBER}", "person:P1"))
    assert pair.reasons[1].says.en == "both enrolled from 2022-01-01 to 2022-03-31"
    moved = replace(other, periods=(replace(until[0], last=D("2021-12-31")),))
    assert pairs.exact([mine, moved], across=True) == []


def test_found_in_the_register_and_against_a_file(database: Database) -> None:
    old = NUMBER[:6] + NUMBER[8:17]
    with database.transaction() as connection:
        enrolled(connection, "P1", who={"identity_number": NUMBER, "name": "王小明"}, **RESIDENT)
        register(connection, Registered("P2", BIRTH, "王小明", "other", old, "male"), actor=ACTOR)
        register(
            connection, Registered("P3", BIRTH, "王小明", "passport", "E1", "male"), actor=ACTOR
        )
        elsewhere(connection, NUMBER, "2022-05-01")
        shown = [(p.kind, p.keys) for p in search(connection)]
        theirs = key_of(vault(connection), "130100", NUMBER)
        assert NUMBER not in theirs
        assert shown == [
            ("enrolled_twice", (theirs, "person:P1")),
            ("same_number", ("person:P1", "person:P2")),
            ("two_documents", ("person:P1", "person:P3")),
            ("two_documents", ("person:P2", "person:P3")),
        ]
        decisions.different(connection, "person:P3", "person:P2", reason="met both", actor=ACTOR)
        assert [p.keys for p in search(connection)] == [keys for _, keys in shown[:3]]
        theirs = [replace(ONE, key="140100:7", source="140100", number="", phone="")]
        (*others, pair) = search(connection, theirs)
        assert {p.keys[0] for p in (*others, pair)} == {"140100:7"}


# --- decisions ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tianjin() -> Office:
    return Office(load_policy("tianjin"))


def twice(connection: Connection, office: Office) -> None:
    """P1 with an identity card; P2 the same with a passport, employed, billed and paid."""
    enrolled(connection, "P1", who={"identity_number": NUMBER}, **RESIDENT)
    register(connection, Registered("P2", BIRTH, "甲", "passport", "E1", "male"), actor=ACTOR)
    enrol(connection, Enrolment("P2", Membership(**EMPLOYEE), D("2022-01-01")), actor=ACTOR)
    employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
    employ(connection, "P2", "U1", D("2022-01-01"), wage=5000_00, actor=ACTOR)
    for number in (2022 * 12 + 7, 2022 * 12 + 8, 2022 * 12 + 9):
        bill(connection, office, Wanted("P2", number, number, D("2022-08-01")), actor=ACTOR)
    fen = sum(p.fen for b in bills_of(connection, "P2")[:2] for p in b.parts)
    receive(connection, Receipt("R1", "U1", D("2022-08-05"), fen), actor=ACTOR)


def test_one_person_keeps_one_registration(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        twice(connection, tianjin)
        ends = {"reason": "ids seen", "actor": "zhang"}
        made = decisions.same(connection, "person:P1", "person:P2", D("2022-08-31"), **ends)
        assert (made.left, made.right, made.kept) == ("person:P1", "person:P2", "person:P1")
        kinds = {task.kind for task in made.left_to_do}
        assert kinds == {"refund", "cancel_bill"}
        (refund, *_) = [t for t in made.left_to_do if t.kind == "refund"]
        september = bills_of(connection, "P2")[1]
        assert refund.subject == f"bill:{september.bill_id} basic 2022-09..2022-09 U1"
        number = locked(connection, "P2").person.person_no
        for table in ("enrolment.membership", "enrolment.employment"):
            (period,) = periods.read(connection, table, number)  # type: ignore[arg-type]
            assert period.last == D("2022-08-31")
        again = decisions.same(connection, "person:P1", "person:P2", D("2022-08-31"), **ends)
        assert again == made
        assert decisions.decisions(connection, "person:P2") == [made]
        for otherwise in (
            lambda: decisions.different(connection, "person:P1", "person:P2", **ends),
            lambda: decisions.same(connection, "person:P2", "person:P1", D("2022-08-31"), **ends),
        ):
            with pytest.raises(Refusal, match="zhang decided that they are one person"):
                otherwise()
        audit = connection.execute(
            "SELECT actor, subject, detail->>'other' FROM ops.audit WHERE action = 'decide-pair' "
            "ORDER BY subject"
        ).fetchall()
        assert audit == [
            ("zhang", "person:P1", "person:P2"),
            ("zhang", "person:P2", "person:P1"),
        ]


def test_the_number_of_the_one_that_ends_is_taken_over(database: Database) -> None:
    with database.transaction() as connection:
        register(connection, Registered("P1", BIRTH, "甲", "passport", "E1", "male"), actor=ACTOR)
        enrolled(connection, "P2", who={"identity_number": NUMBER}, **RESIDENT)
        decisions.same(
            *(connection, "person:P1", "person:P2", D("2022-08-31")),
            reason="ids seen",
            actor=ACTOR,
            take_number=True,
        )
        kept, ended = find(connection, "P1"), find(connection, "P2")
        assert kept is not None
        assert ended is not None
        assert (kept.identity_type, kept.identity_number) == ("resident_id", NUMBER)
        assert (ended.identity_type, ended.identity_number) == ("none", None)


def test_what_was_settled_and_what_is_left_is_told(database: Database) -> None:
    build_town(database, "P1", "P2")
    with database.transaction() as connection:
        for number, day in (("C1", "2022-08-31"), ("C2", "2022-09-01"), ("C3", "2022-09-02")):
            ask = visit(number, D(day), 2000_00, "P2")
            made = settle(connection, office(), ask, actor=ACTOR)
        assert isinstance(made, Settled)
        reverse(connection, office(), made.settlement_id, actor=ACTOR)
        connection.execute(
            "UPDATE enrolment.person_lock SET account_balance = 70000 WHERE person_id = 'P2'"
        )
        ends = {"reason": "ids seen", "actor": ACTOR}
        told = decisions.same(connection, "person:P1", "person:P2", D("2022-08-31"), **ends)
        balance, settled = told.left_to_do
        assert (balance.kind, balance.subject, balance.fen) == ("move_balance", "person:P2", 700_00)
        assert (settled.kind, settled.fen > 0) == ("settle_anew", True)


def test_two_persons_may_turn_out_to_be_one(database: Database) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", **RESIDENT)
        why = {"reason": "seen", "actor": ACTOR}
        assert decisions.different(connection, "130100:X", "person:P1", **why)
        assert not decisions.different(connection, "person:P1", "130100:X", **why)
        made = decisions.same(connection, "person:P1", "130100:X", D("2022-08-31"), **why)
        assert [(t.kind, t.subject) for t in made.left_to_do] == [("tell_region", "130100:X")]
        for one, other, rule in (
            ("person:P1", "person:P1", "pair"),
            ("130100:X", "140100:X", "pair"),
            ("person:P1", "X", "key"),
            ("person:P1", "person:P9", "known_person"),
        ):
            with pytest.raises(Refusal) as told:
                decisions.different(connection, one, other, **why)
            assert told.value.name == rule


def test_a_decision_is_never_changed(database: Database) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", **RESIDENT)
        decisions.different(connection, "130100:X", "person:P1", reason="seen", actor=ACTOR)
    with pytest.raises(pg.InsufficientPrivilege), database.transaction() as connection:
        connection.execute("UPDATE matching.decision SET outcome = 'same'")


# --- commands -------------------------------------------------------------------------------------


def call(url: str, *args: object, code: int = exit_codes.OK, json_: bool = True) -> Any:
    more = ["--json"] if json_ else ["--lang", "zh"]
    result = CliRunner().invoke(app, ["enrol", *map(str, args), "--database", url, *more])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout) if json_ else result.stdout


def test_the_commands(database: Database, tmp_path: Path) -> None:
    url = database.url
    with database.transaction() as connection:
        enrolled(connection, "P1", who={"identity_number": NUMBER, "name": "王小明"}, **RESIDENT)
    file, out = tmp_path / "theirs.csv", tmp_path / "pairs.csv"
    file.write_text(
        "region,record_id,name,sex,birth_date,identity_type,identity_number,scheme,from\n"
        f"130100,,王晓明,male,,,{NUMBER},resident,2022-03-01\n"
        "130100,7,王小明,male,1980-05-01,passport,E7,,\n"
        "130100,,李四,,,,,,\n"
        "130100,8,李四,x,1980-05-01,,,,\n",
        encoding="utf-8",
    )
    told = call(url, "duplicates", file, "-o", out, code=exit_codes.REJECTED)
    assert told["rejected_by_rule"] == {"required": 1, "known_code": 1}
    assert told["found"] == {
        "enrolled_twice": 1,
        "same_number": 0,
        "two_documents": 1,
        "alike": 0,
    }
    with database.transaction() as connection:
        safe = vault(connection)
    known, passport = (key_of(safe, "130100", number) for number in (NUMBER, "E7"))
    assert [p["left"] for p in told["pairs"]] == [known, passport]
    assert len(out.read_text("utf-8").splitlines()) == 3
    rejects = (tmp_path / "theirs.rejects.csv").read_text("utf-8")
    assert rejects.count("李四") == 2
    ends = ("--same", "--last", "2022-08-31", "--reason", "证件已核对")
    done = call(url, "decide", "person:P1", passport, *ends)
    assert done["left_to_do"][0]["kind"] == "tell_region"
    file.write_text("\n".join(file.read_text("utf-8").splitlines()[:3]), encoding="utf-8")
    assert "重复参保 1" in call(url, "duplicates", file, json_=False)
    assert "没有" in call(url, "duplicates", json_=False)
    assert call(url, "decisions", "person:P1")["decisions"][0]["reason"] == "证件已核对"
    shown = call(url, "decisions", json_=False)
    assert "left_to_do=通知对方参保地 " + passport in shown
    call(url, "decide", "person:P1", passport, "--same", "--reason", "x", code=exit_codes.USAGE)


def test_without_splink_only_numbers_are_compared(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "MODULES", ("splink", "no_such_module"))
    told = call(url, "duplicates", code=exit_codes.INPUT)
    assert "pip install 'yibao[match]'" in told["error"]["message"]
    assert call(url, "duplicates", "--exact")["pairs"] == []

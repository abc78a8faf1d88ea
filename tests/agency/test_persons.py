"""Persons and what holds of them when: nothing twice, nothing lost, everything told."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg

from tests.agency.registered import (
    ACTOR,
    BIRTH,
    EMPLOYEE,
    RESIDENT,
    elsewhere,
    enrolled,
    identity,
    person,
)
from yibao.agency.enrolment import facts, memberships, periods
from yibao.agency.enrolment.memberships import Enrolment, change, end, enrol, state_coverage
from yibao.agency.enrolment.persons import Person, find, former, register, twins
from yibao.agency.enrolment.persons import change as change_person
from yibao.agency.enrolment.profile import Membership, bill_facts, on_day
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.statuses import statuses, statuses_of_many
from yibao.errors import Refused
from yibao.interop.files.persons import read_persons
from yibao.policy.policy import load_policy
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database

D = date.fromisoformat


def held(connection: Connection, table: periods.Table, person_id: str) -> list[tuple[Any, ...]]:
    """Return what is believed: first and last days."""
    known = find(connection, person_id)
    assert known is not None
    return [(str(p.first), str(p.last)) for p in periods.read(connection, table, known.person_no)]


# --- persons --------------------------------------------------------------------------------------


def test_a_person_is_registered_once_and_has_a_row_to_lock(database: Database) -> None:
    someone = person("P1")
    with database.transaction() as connection:
        assert register(connection, someone, actor=ACTOR)
        assert not register(connection, someone, actor=ACTOR)
    with database.transaction() as connection:
        rows = connection.execute("SELECT * FROM enrolment.person_lock").fetchall()
        assert rows == [("P1", 0)]
        audit = connection.execute("SELECT actor, action, subject FROM ops.audit").fetchall()
        assert audit == [(ACTOR, "register", "person:P1")]


def bad_numbers() -> dict[str, tuple[Person, str]]:
    good = identity(BIRTH, 12)
    wrong = good[:17] + ("0" if good[17] != "0" else "1")
    return {
        "checksum": (person("P2", identity_number=wrong), "identity_number"),
        "15 digits": (person("P2", identity_number="120101800501001"), "identity_number"),
        "no such day": (person("P2", identity_number="12010119800230001X"), "identity_number"),
        "other birth": (person("P2", date(1980, 5, 2), identity_number=good), "agrees_with"),
        "other sex": (person("P2", identity_number=good, sex="male"), "agrees_with"),
        "id taken": (person("P1"), "person_id_taken"),
        "none, with a number": (Person("P2", BIRTH, "甲", "none", "X1"), "identity_given"),
        "passport without one": (Person("P2", BIRTH, "甲", "passport"), "identity_given"),
    }


@pytest.mark.parametrize("case", bad_numbers())
def test_a_wrong_person_is_refused_with_the_reason(database: Database, case: str) -> None:
    someone, rule = bad_numbers()[case]
    with database.transaction() as connection:
        register(connection, person("P1"), actor=ACTOR)
    with pytest.raises(Refusal) as error, database.transaction() as connection:
        register(connection, someone, actor=ACTOR)
    assert error.value.name.startswith(rule)


def test_an_identity_number_is_one_persons_and_names_are_compared(database: Database) -> None:
    number = identity()
    with database.transaction() as connection:
        register(connection, person("P1", identity_number=number, name="张三"), actor=ACTOR)
        with pytest.raises(Refusal, match="that of P1"):
            register(connection, person("P2", identity_number=number.lower()), actor=ACTOR)
        register(connection, person("P3", name="张三"), actor=ACTOR)
        register(connection, person("P4", date(1981, 1, 1), name="张三"), actor=ACTOR)
        assert [list(t.persons) for t in twins(connection)] == [["P1", "P3"]]


def test_a_change_keeps_what_was_in_the_audit(database: Database) -> None:
    with database.transaction() as connection:
        register(connection, Person("P1", BIRTH, "新生儿"), actor=ACTOR)
        number = identity(BIRTH, 1)
        new: dict[str, Any] = {"identity_type": "resident_id", "identity_number": number}
        assert change_person(connection, "P1", actor=ACTOR, name="张小", **new)
        assert not change_person(connection, "P1", actor=ACTOR, name="张小", **new)
        found = find(connection, "P1")
        assert found is not None
        assert (found.name, found.sex, found.identity_number) == ("张小", "male", number)
        other = {**new, "identity_number": identity(date(1999, 1, 1))}
        with pytest.raises(Refusal):
            change_person(connection, "P1", actor=ACTOR, **other)
        (one,) = former(connection, "P1")
        before = {"name": "新生儿", "sex": "", "identity_type": "none", "identity_number": None}
        assert (one.actor, one.before) == (ACTOR, before)
        (row,) = connection.execute(
            "SELECT detail::text FROM ops.audit WHERE action = 'change'"
        ).fetchall()
        assert "新生儿" not in row[0]


# --- periods --------------------------------------------------------------------------------------


def test_one_scheme_at_a_time_whoever_writes(database: Database) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", **EMPLOYEE)
        with pytest.raises(Refusal) as error:
            enrol(
                connection,
                Enrolment("P1", Membership(**RESIDENT), D("2022-06-01")),
                actor=ACTOR,
            )
        assert error.value.name == "overlap"
    with pytest.raises(pg.ExclusionViolation), database.transaction() as connection:
        connection.execute(
            "INSERT INTO enrolment.membership (person_no, valid, scheme, category) "
            "SELECT person_no, '[2023-01-01,2023-02-01)', 'resident', 'adult' "
            "FROM enrolment.person"
        )


def test_what_was_known_is_closed_not_changed(database: Database) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", **EMPLOYEE)
        assert change(connection, "P1", D("2022-07-01"), category="retired", actor=ACTOR)
        assert not change(connection, "P1", D("2022-07-01"), category="retired", actor=ACTOR)
        assert held(connection, "enrolment.membership", "P1") == [
            ("2022-01-01", "2022-06-30"),
            ("2022-07-01", "None"),
        ]
        rows = connection.execute("SELECT upper_inf(known) FROM enrolment.membership").fetchall()
        assert sorted(rows) == [(False,), (True,), (True,)]
    for statement in (
        "UPDATE enrolment.membership SET known = tstzrange(NULL, NULL)",
        "DELETE FROM enrolment.membership",
        "UPDATE enrolment.membership SET category = 'retired'",
    ):
        with pytest.raises(psycopg.Error), database.transaction() as connection:
            connection.execute(statement.encode())


def test_the_owner_cannot_rewrite_a_period_either(database: Database) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", **EMPLOYEE)
    with psycopg.connect(database.url) as connection:
        with pytest.raises(pg.IntegrityConstraintViolation), connection.transaction():
            connection.execute("UPDATE enrolment.membership SET valid = '[2000-01-01,)'")
        with pytest.raises(pg.IntegrityConstraintViolation), connection.transaction():
            connection.execute("DELETE FROM enrolment.membership")


def test_pause_resume_and_end(database: Database) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", **EMPLOYEE)
        args: dict[str, Any] = {"actor": ACTOR, "reason": "left"}
        assert end(connection, "P1", D("2022-03-31"), resumes=D("2022-06-01"), **args)
        assert held(connection, "enrolment.membership", "P1") == [
            ("2022-01-01", "2022-03-31"),
            ("2022-06-01", "None"),
        ]
        assert not end(connection, "P1", D("2022-03-31"), resumes=D("2022-06-01"), **args)
        with pytest.raises(Refusal):
            end(connection, "P1", D("2022-07-31"), resumes=D("2022-08-01"), **args)
        assert end(connection, "P1", D("2022-12-31"), **args)
        assert held(connection, "enrolment.membership", "P1")[-1] == ("2022-06-01", "2022-12-31")


@pytest.mark.parametrize(
    ("first", "last", "rule"),
    [
        ("1980-04-30", None, "born_before"),
        ("2022-01-01", "2021-12-31", "period"),
        ("2030-01-01", None, "alive"),
    ],
)
def test_a_period_that_cannot_be_is_refused(
    database: Database, first: str, last: str | None, rule: str
) -> None:
    with database.transaction() as connection:
        register(connection, person("P1", died_on=D("2029-12-31")), actor=ACTOR)
        wanted = Enrolment(
            "P1", Membership(**EMPLOYEE), D(first), None if last is None else D(last)
        )
        with pytest.raises(Refusal) as error:
            enrol(connection, wanted, actor=ACTOR)
        assert error.value.name == rule


def test_months_at_once_are_those_that_there_are(database: Database) -> None:
    with database.transaction() as connection:
        register(connection, person("P1"), actor=ACTOR)
        wanted = Enrolment("P1", Membership(**EMPLOYEE, pays_every=2), D("2022-01-01"))
        with pytest.raises(Refusal, match="for 1, 3 or 12 months at once, not for 2"):
            enrol(connection, wanted, actor=ACTOR)


def test_nobody_can_be_enrolled(database: Database) -> None:
    with pytest.raises(Refusal, match="no person P9"), database.transaction() as connection:
        enrol(connection, Enrolment("P9", Membership(**EMPLOYEE), D("2022-01-01")), actor=ACTOR)


@pytest.mark.clause("P25-3.2.1b")
def test_who_is_enrolled_in_another_region_is_refused_until_that_ends(database: Database) -> None:
    someone = person("P1")
    with database.transaction() as connection:
        register(connection, someone, actor=ACTOR)
        elsewhere(connection, someone.identity_number, "2021-05-01", scheme="resident")
        wanted = Enrolment("P1", Membership(**RESIDENT), D("2021-09-01"))
        with pytest.raises(Refusal, match="enrolled in 130100"):
            enrol(connection, wanted, actor=ACTOR)
        connection.execute("UPDATE enrolment.elsewhere SET last = '2021-08-31'")
        early = Enrolment("P1", Membership(**RESIDENT), D("2021-08-31"))
        with pytest.raises(Refusal, match="130100"):
            enrol(connection, early, actor=ACTOR)
        assert enrol(connection, wanted, actor=ACTOR)


def test_of_many_who_register_or_enrol_one_person_at_once_one_does(database: Database) -> None:
    number = identity()

    def registering(at: int) -> str:
        someone = person(f"P{at % 4}", identity_number=number, name="张三")
        try:
            return str(database.run(lambda c: register(c, someone, actor=ACTOR)))
        except Refusal as error:
            return error.name

    with ThreadPoolExecutor(8) as threads:
        told = Counter(threads.map(registering, range(8)))
    assert told == {"True": 1, "False": 1, "identity_taken": 6}
    with database.transaction() as connection:
        (known,) = connection.execute("SELECT person_id FROM enrolment.person").fetchall()

    def enrolling(at: int) -> str:
        says = Membership(**(EMPLOYEE if at % 2 else RESIDENT))
        wanted = Enrolment(known[0], says, D("2022-01-01"))
        try:
            return str(database.run(lambda c: enrol(c, wanted, actor=ACTOR)))
        except Refusal as error:
            return error.name

    with ThreadPoolExecutor(8) as threads:
        told = Counter(threads.map(enrolling, range(8)))
    assert told == {"True": 1, "False": 3, "overlap": 4}


# --- who may enrol is the rules' to say -----------------------------------------------------------


@pytest.fixture(scope="module")
def tianjin() -> Office:
    return Office(load_policy("tianjin"))


@pytest.mark.clause("T21-7a", "T21-1.2b", "C-JX06-1.2")
def test_a_residence_permit_must_be_valid_on_the_day_of_enrolment(
    database: Database, tianjin: Office
) -> None:
    says = {**RESIDENT, "household_register": "elsewhere", "permit_until": D("2022-06-30")}
    with database.transaction() as connection:
        for name in ("P1", "P2", "P3"):
            register(connection, person(name), actor=ACTOR)
        late = Enrolment("P1", Membership(**says), D("2022-07-01"))
        with pytest.raises(Refused) as error:
            enrol(connection, late, actor=ACTOR, office=tianjin)
        assert error.value.name == "no_residence_permit"
        none = Enrolment("P3", Membership(**{**says, "permit_until": None}), D("2022-06-30"))
        with pytest.raises(Refused):
            enrol(connection, none, actor=ACTOR, office=tianjin)
        in_time = Enrolment("P2", Membership(**says), D("2022-06-30"))
        assert enrol(connection, in_time, actor=ACTOR, office=tianjin)


def test_a_tier_that_the_year_does_not_offer_is_refused(
    database: Database, tianjin: Office
) -> None:
    with database.transaction() as connection:
        register(connection, person("P1"), actor=ACTOR)
        says = Membership(**{**RESIDENT, "contribution_tier": "middle"})
        with pytest.raises(Refused) as error:
            enrol(connection, Enrolment("P1", says, D("2022-01-01")), actor=ACTOR, office=tianjin)
        assert error.value.name == "no_middle_tier"


# --- statuses -------------------------------------------------------------------------------------


def test_statuses_are_cut_wherever_a_fact_changes(database: Database) -> None:
    with database.transaction() as connection:
        register(connection, person("P1"), actor=ACTOR)
        member = Membership(**RESIDENT)
        state_coverage(connection, "P1", member, D("2022-01-01"), D("2022-12-31"), actor=ACTOR)
        tag: dict[str, Any] = {"source": "civil affairs", "actor": ACTOR}
        for code, first, last in (
            ("subsistence_allowance", "2022-03-01", "2022-05-31"),
            ("severely_disabled", "2022-05-01", None),
        ):
            ends = None if last is None else D(last)
            facts.hold(connection, "P1", "identities", code, D(first), last=ends, **tag)
        facts.hold(connection, "P1", "chosen_institution", "H3-01", D("2022-05-01"), **tag)
        facts.hold(connection, "P1", "chosen_institution", "H3-02", D("2022-11-01"), **tag)
        found = statuses(connection, "P1")
    told = [
        (str(s.first), str(s.last), sorted(s.facts[3]), s.chosen_institution)  # type: ignore[arg-type]
        for s in found
    ]
    allowance, disabled = "subsistence_allowance", "severely_disabled"
    assert told == [
        ("2022-01-01", "2022-02-28", [], ""),
        ("2022-03-01", "2022-04-30", [allowance], ""),
        ("2022-05-01", "2022-05-31", [disabled, allowance], "H3-01"),
        ("2022-06-01", "2022-10-31", [disabled], "H3-01"),
        ("2022-11-01", "2022-12-31", [disabled], "H3-02"),
    ]


def test_the_statuses_of_many_are_those_of_each(database: Database) -> None:
    with database.transaction() as connection:
        for name in ("P1", "P2", "P3"):
            register(connection, person(name), actor=ACTOR)
        for name, first in (("P1", "2021-01-01"), ("P2", "2022-01-01")):
            member = Membership(**RESIDENT)
            state_coverage(connection, name, member, D(first), None, actor=ACTOR)
        found = statuses_of_many(connection, ["P3", "P2", "P1", "nobody"])
        assert found == {name: statuses(connection, name) for name in ("P1", "P2")}


def test_who_is_not_covered_has_no_status(database: Database) -> None:
    with database.transaction() as connection:
        enrolled(connection, "P1", **EMPLOYEE)
        assert statuses(connection, "P1") == []
        assert statuses(connection, "nobody") == []


def test_statuses_are_those_of_the_persons_file(database: Database) -> None:
    """What a register stated comes out as the reader of persons files gives it."""
    region = load_policy("tianjin").region
    read = read_persons([Path("examples/tianjin/persons.csv")], region)
    names = ("scheme", "category", "contribution_tier")
    with database.transaction() as connection:
        for person_id in read.enrolment.persons():
            register_stated(connection, read.enrolment.statuses(person_id), names)
        for person_id in read.enrolment.persons():
            assert statuses(connection, person_id) == list(read.enrolment.statuses(person_id))


def register_stated(connection: Connection, known: Any, names: tuple[str, ...]) -> None:
    from yibao.agency.enrolment.takeover import take_over

    for status in known:
        take_over(connection, status, actor=ACTOR)


def test_an_identity_ends_when_it_is_reported_with_an_end(database: Database) -> None:
    tag: dict[str, Any] = {"source": "civil affairs", "actor": ACTOR}
    with database.transaction() as connection:
        enrolled(connection, "P1", **RESIDENT)
        first, last = D("2022-01-01"), D("2022-06-30")
        args = ("P1", "identities", "medical_assistance", first)
        assert facts.hold(connection, *args, **tag)
        assert not facts.hold(connection, *args, **tag)
        assert facts.hold(connection, *args, last=last, **tag)
        assert not facts.hold(connection, *args, last=last, **tag)
        known = find(connection, "P1")
        assert known is not None
        for day, has in (("2022-06-30", True), ("2022-07-01", False)):
            told = bill_facts(on_day(connection, known, D(day)))["identities"]
            assert told == (frozenset({"medical_assistance"}) if has else frozenset())
        with pytest.raises(Refusal, match="no identity nobility"):
            facts.hold(connection, "P1", "identities", "nobility", first, **tag)


def test_employment_decides_who_one_is_as_a_payer(database: Database) -> None:
    from yibao.agency.enrolment.persons import employer

    with database.transaction() as connection:
        enrolled(connection, "P1", **EMPLOYEE, contributor="flexible")
        with pytest.raises(Refusal, match="no employer U1"):
            memberships.employ(connection, "P1", "U1", D("2022-02-01"), wage=5000_00, actor=ACTOR)
        employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
        memberships.employ(connection, "P1", "U1", D("2022-02-01"), wage=5000_00, actor=ACTOR)
        memberships.employ(connection, "P1", "U1", D("2022-05-01"), wage=6000_00, actor=ACTOR)
        memberships.leave(connection, "P1", D("2022-06-30"), actor=ACTOR)
        known = find(connection, "P1")
        assert known is not None
        told = [
            (profile.contributor, profile.wage)
            for day in ("2022-01-31", "2022-04-30", "2022-05-01", "2022-07-01")
            for profile in [on_day(connection, known, D(day))]
        ]
    assert told == [
        ("flexible", None),
        ("employer_staff", 5000_00),
        ("employer_staff", 6000_00),
        ("flexible", None),
    ]


@pytest.mark.clause("P25-3.1.4b")
def test_an_identity_counts_from_its_day_and_a_late_one_is_listed(database: Database) -> None:
    with database.transaction() as connection:
        (today,) = connection.execute("SELECT now()::date").fetchone() or (None,)
        register(connection, person("P1"), actor=ACTOR)
        register(connection, person("P2"), actor=ACTOR)
        tag: dict[str, Any] = {"source": "civil affairs", "actor": ACTOR}
        for name, first in (("P1", today), ("P2", D("2022-01-01"))):
            state_coverage(
                connection, name, Membership(**RESIDENT), D("2020-01-01"), None, actor=ACTOR
            )
            facts.hold(connection, name, "identities", "medical_assistance", first, **tag)
        status = statuses(connection, "P1")[-1]
        assert (status.first, status.facts[3]) == (today, frozenset({"medical_assistance"}))
        late = facts.late(connection, today)
        assert [(one.person_id, one.first) for one in late] == [("P2", D("2022-01-01"))]
        assert facts.late(connection, today.replace(year=today.year + 1)) == []
        # Ending it later is nothing new about its beginning.
        args = ("P2", "identities", "medical_assistance", D("2022-01-01"))
        facts.hold(connection, *args, last=D("2022-12-31"), **tag)
        assert facts.late(connection, today) == []

"""Limits with how far they can be trusted, changes of choices counted, mistakes cancelled."""

from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest
from agency_town import DISEASE, at_once, build, count, refused

from yibao.agency.ceilings import Name, ceiling, ceilings, set_ceiling
from yibao.agency.enrolment import periods
from yibao.agency.enrolment.persons import find
from yibao.agency.filing.cancelling import cancel
from yibao.agency.filing.choices import Kind, choices, choose
from yibao.agency.qualification import diseases
from yibao.agency.qualification.diseases import Finding
from yibao.store.database import Connection, Database

APPLIED = date(2022, 1, 5)


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1", "P2")
    return database


# --- limits ---------------------------------------------------------------------------------------


def test_what_nobody_has_read_where_it_is_cited_is_told_as_unverified(database: Database) -> None:
    with database.transaction() as connection:
        told = {c.name: c for c in ceilings(connection)}
    assert {name: c.grade for name, c in told.items()} == {
        "prescription_hours": "D",
        "prescription_days": "B",
        "long_prescription_days": "D",
    }
    assert told["prescription_hours"].cited.zh.endswith("未核实")
    assert told["long_prescription_days"].cited.en.endswith("unverified")
    assert told["prescription_days"].cited.en.endswith("第十九条")
    assert all(c.source for c in told.values())


def test_what_the_shipped_limits_said_before_is_kept(database: Database) -> None:
    with database.transaction() as connection:
        rows = connection.execute(
            "SELECT version->>'name' FROM registry.former WHERE of_table = 'ceiling' ORDER BY 1"
        ).fetchall()
    assert [name for (name,) in rows] == [
        "long_prescription_days",
        "prescription_days",
        "prescription_hours",
    ]


@pytest.mark.parametrize(
    ("name", "value", "cite", "ok"),
    [
        ("prescription_days", 0, "x", False),
        ("prescription_days", 1, "x", True),
        ("prescription_days", 2**31, "x", False),
        ("prescription_days", 1, "", False),
        ("level_3_changes", 0, "x", True),
        ("level_3_changes", -1, "x", False),
    ],
)
def test_a_limit_is_a_number_with_a_cite(
    database: Database, name: Name, value: int, cite: str, ok: bool
) -> None:
    def work(connection: Connection) -> None:
        set_ceiling(connection, name, value, cite, date(2023, 1, 1), actor="test")

    if not ok:
        assert refused(database, work) == "ceiling"
        return
    with database.transaction() as connection:
        work(connection)
        found = ceiling(connection, name, date(2023, 1, 1))
    assert found is not None
    assert (found.value, found.grade) == (value, "A")


def test_of_two_who_lay_a_limit_down_at_once_one_does(database: Database) -> None:
    def work(value: int) -> Callable[[Connection], object]:
        return lambda c: set_ceiling(
            c, "primary_changes", value, "notice", date(2023, 1, 1), actor="test"
        )

    found = at_once(database, [work(n) for n in range(4)])
    assert sorted(map(str, found)) == ["None", "later", "later", "later"]


# --- choices --------------------------------------------------------------------------------------


def chosen(
    connection: Connection, at: str, month: int, year: int = 2022, kind: Kind = "level_3"
) -> bool:
    """Choose on the first of a month, from the next day on."""
    days = {"first": date(year, month, 2), "on_day": date(year, month, 1)}
    return choose(connection, kind, "P1", at, **days, residence="works there", actor="test")


def limited(connection: Connection, value: int, name: Name = "level_3_changes") -> None:
    set_ceiling(connection, name, value, "notice 5", date(2022, 1, 1), actor="test")


def test_without_a_limit_a_choice_changes_as_often_as_one_will(town: Database) -> None:
    with town.transaction() as connection:
        for month in range(1, 9):
            assert chosen(connection, ("H3", "H3-other")[month % 2], month)
        found = choices(connection, "P1")
    assert [c.former for c in found] == ["", *["H3-other", "H3"] * 3, "H3-other"]


def test_of_changes_in_a_year_there_are_as_many_as_laid_down(town: Database) -> None:
    with town.transaction() as connection:
        limited(connection, 1)
        chosen(connection, "H3", 1)  # the first choice is no change
        chosen(connection, "H3-other", 2)
        assert not chosen(connection, "H3-other", 3)  # what is chosen already is none either
    assert refused(town, lambda c: chosen(c, "H3", 4)) == "level_3_changes"
    with town.transaction() as connection:
        assert chosen(connection, "H3", 1, 2023)  # another year
        assert chosen(connection, "H1", 5, kind="primary")
        assert chosen(connection, "H1-next", 6, kind="primary")  # a limit of its own
    assert refused(town, lambda c: chosen(c, "H3-other", 2, 2023)) == "level_3_changes"
    assert count(town, "filing.choice") == 5


def test_a_limit_of_none_keeps_what_was_chosen(town: Database) -> None:
    with town.transaction() as connection:
        limited(connection, 0, "primary_changes")
        chosen(connection, "H1", 1, kind="primary")
    change = refused(town, lambda c: chosen(c, "H1-next", 2, kind="primary"))
    assert change == "primary_changes"
    with town.transaction() as connection:  # it was not in force when that was chosen
        assert chosen(connection, "H1-next", 12, 2021, kind="primary")


def test_a_limit_counts_from_its_day_on(town: Database) -> None:
    with town.transaction() as connection:
        chosen(connection, "H3", 11, 2021)
        chosen(connection, "H3-other", 12, 2021)
        limited(connection, 1)
        chosen(connection, "H3", 1)
    assert refused(town, lambda c: chosen(c, "H3-other", 2)) == "level_3_changes"


def test_of_changes_at_once_as_many_are_made_as_laid_down(town: Database) -> None:
    with town.transaction() as connection:
        limited(connection, 1)
        chosen(connection, "H3", 1)
    works = [lambda c, m=m: chosen(c, ("H3-other", "H3")[m % 2], m) for m in (2, 4, 6, 8)]
    found = at_once(town, works)
    assert found.count("level_3_changes") + found.count(False) == 3
    assert count(town, "filing.choice") == 2


def held(connection: Connection, attribute: str = "chosen_institution") -> list[tuple[Any, ...]]:
    """Return what is chosen: institution, source, first and last day."""
    person = find(connection, "P1")
    assert person is not None
    found = periods.read(connection, "enrolment.fact", person.person_no, {"attribute": attribute})
    return [(p.says["value"], p.says["source"], p.first, p.last) for p in found]


def test_what_a_cancelled_choice_took_the_place_of_goes_on_and_it_is_no_change(
    town: Database,
) -> None:
    with town.transaction() as connection:
        limited(connection, 1)
        chosen(connection, "H3", 1)
        before = held(connection)
        chosen(connection, "H3-other", 2)
        mistake = choices(connection, "P1")[-1].choice_id
        cancel(connection, "choice", mistake, "a mistake", actor="clerk")
        first, last, again = date(2022, 1, 2), date(2022, 2, 1), date(2022, 2, 2)
        assert before == [("H3", "choice", first, None)]
        assert held(connection) == [("H3", "choice", first, last), ("H3", "choice", again, None)]
        assert [c.cancelled for c in choices(connection, "P1")] == [False, True]
        assert chosen(connection, "H3-other", 3)  # the one change of the year
    assert refused(town, lambda c: cancel(c, "choice", mistake, "x", actor="t")) == "cancelled"
    assert refused(town, lambda c: cancel(c, "choice", 999, "x", actor="t")) == "known_choice"


def test_a_first_choice_that_is_cancelled_leaves_none_and_a_later_one_stays(town: Database) -> None:
    with town.transaction() as connection:
        chosen(connection, "H3", 1)
        number = choices(connection, "P1")[-1].choice_id
        chosen(connection, "H3-other", 5)
        cancel(connection, "choice", number, "a mistake", actor="clerk")
        assert held(connection) == [("H3-other", "choice", date(2022, 5, 2), None)]


def test_of_two_who_cancel_a_choice_at_once_one_does(town: Database) -> None:
    with town.transaction() as connection:
        chosen(connection, "H1", 1, kind="primary")
        chosen(connection, "H1-next", 2, kind="primary")
        number = choices(connection, "P1")[-1].choice_id
    works = [lambda c, n=n: cancel(c, "choice", number, str(n), actor="t") for n in range(4)]
    assert sorted(map(str, at_once(town, works))) == ["None", *["cancelled"] * 3]
    with town.transaction() as connection:
        assert [(v, s) for v, s, *_ in held(connection, "contracted_institution")] == [
            ("H1", "residence"),
            ("H1", "residence"),
        ]
        assert next(c.residence for c in choices(connection, "P1")) == "works there"


def test_choices_are_kept_as_they_were_made(town: Database) -> None:
    with town.transaction() as connection:
        chosen(connection, "H3", 1)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), town.transaction() as connection:
        connection.execute("UPDATE filing.choice SET former = 'H9'")


# --- mistakes -------------------------------------------------------------------------------------


def applied(database: Database) -> int:
    with database.transaction() as connection:
        return diseases.apply(connection, "P1", DISEASE, APPLIED, actor="test")


def test_a_mistaken_application_is_cancelled_with_who_and_why(town: Database) -> None:
    number = applied(town)
    assert refused(town, lambda c: diseases.cancel(c, number, APPLIED, "", actor="t")) == "reason"
    before = date(2022, 1, 4)
    early = refused(town, lambda c: diseases.cancel(c, number, before, "x", actor="t"))
    assert early == "assessed_after"
    with town.transaction() as connection:
        assert diseases.cancel(connection, number, APPLIED, "of another person", actor="clerk")
        assert not diseases.cancel(connection, number, APPLIED, "of another person", actor="clerk")
        rows = connection.execute(
            "SELECT actor, subject FROM ops.audit WHERE action = 'qualify-cancel'"
        ).fetchall()
        (found,) = diseases.applications(connection, "P1")
    assert rows == [("clerk", f"application:{number}")]
    assert (found.outcome, found.decided_on) == ("cancelled", APPLIED)
    assert found.reason == "of another person"
    assert applied(town) > number


def test_what_was_decided_is_not_cancelled(town: Database) -> None:
    number = applied(town)
    with town.transaction() as connection:
        granted = Finding("H3", APPLIED, True, APPLIED)
        diseases.assess(connection, number, granted, actor="test")
    told = refused(town, lambda c: diseases.cancel(c, number, APPLIED, "x", actor="t"))
    assert told == "decided"
    assert refused(town, lambda c: diseases.cancel(c, 999, APPLIED, "x", actor="t")) == (
        "known_application"
    )


def test_of_a_finding_and_a_cancelling_at_once_one_stands(town: Database) -> None:
    number = applied(town)
    refusal = Finding("H3", APPLIED, False, reason="no")
    works: list[Callable[[Connection], object]] = [
        lambda c: diseases.cancel(c, number, APPLIED, "a mistake", actor="t"),
        lambda c: diseases.assess(c, number, refusal, actor="t"),
        lambda c: diseases.withdraw(c, number, APPLIED, "", actor="t"),
    ]
    found = at_once(town, works)
    assert sorted(map(str, found)) == ["True", "decided", "decided"]
    assert count(town, "qualification.decision") == 1


def test_the_database_keeps_to_who_decides_and_why(town: Database) -> None:
    number = applied(town)
    for outcome, centre, reason in (
        ("cancelled", "H3", "x"),
        ("cancelled", "", ""),
        ("granted", "", ""),
        ("refused", "", ""),
        ("withdrawn", "H3", ""),
        ("lost", "", ""),
    ):
        with pytest.raises(psycopg.errors.CheckViolation), town.transaction() as connection:
            connection.execute(
                "INSERT INTO qualification.decision VALUES (%s, %s, %s, %s, NULL, %s)",
                (number, outcome, centre, APPLIED, reason),
            )

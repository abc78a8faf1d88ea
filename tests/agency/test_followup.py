"""Gaps until they are resolved: taken from population files, worked on, closed by cover."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from psycopg import errors as pg
from typer.testing import CliRunner

from tests.agency.registered import ACTOR, RESIDENT, elsewhere, identity, person
from yibao.agency.enrolment.gaps import Resident, compare
from yibao.agency.enrolment.memberships import end, state_coverage
from yibao.agency.enrolment.persons import register
from yibao.agency.enrolment.profile import Membership
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.matching.followup import (
    STATES,
    Step,
    Taken,
    close_covered,
    counts,
    gaps,
    step,
    take,
)
from yibao.cli import app, exit_codes
from yibao.store.database import Connection, Database

D = date.fromisoformat
DAY, LATER = D("2022-06-30"), D("2022-12-31")
NUMBERS = [identity(date(1980, 5, 1), n) for n in range(1, 7)]
STREETS = ("Nanshi", "Nanshi", "Xinxing", "Xinxing", "Xinxing", "")


def population(numbers: Sequence[str] = NUMBERS, name: str = "甲") -> list[Resident]:
    return [
        Resident(number, name, "120101", street=street)
        for number, street in zip(numbers, STREETS, strict=False)
    ]


def insure(connection: Connection, number: str, first: str) -> None:
    register(connection, person(f"P-{number}", identity_number=number), actor=ACTOR)
    cover(connection, number, first)


def cover(connection: Connection, number: str, first: str) -> None:
    member = Membership(**RESIDENT)
    state_coverage(connection, f"P-{number}", member, D(first), None, actor=ACTOR)


def taken(connection: Connection, people: Sequence[Resident], day: date) -> Taken:
    return take(connection, compare(connection, people, day), day, actor=ACTOR)


@pytest.fixture
def five(database: Database) -> Database:
    """Six persons: the last is insured, the others were taken in as gaps."""
    with database.transaction() as connection:
        insure(connection, NUMBERS[5], "2020-01-01")
        assert taken(connection, population(), DAY) == Taken(new=5)
    return database


def states(connection: Connection) -> list[str]:
    found = {g.identity_number: g.step.state for g in gaps(connection, states=tuple(STATES))}
    return [found[number] for number in NUMBERS[:5]]


@pytest.mark.clause("T21-7e", "P25-3.2.1a")
def test_a_newer_population_keeps_what_was_done(five: Database) -> None:
    with five.transaction() as connection:
        assert taken(connection, population(), DAY) == Taken(kept=5)
        visited = Step("visited", D("2022-07-03"), "enrols in September")
        assert step(connection, NUMBERS[0], visited, actor="li")
        assert not step(connection, NUMBERS[0], visited, actor="li")
        step(connection, NUMBERS[1], Step("exempt", D("2022-07-03"), "soldier"), actor="li")
        insure(connection, NUMBERS[2], "2022-09-01")
        elsewhere(connection, NUMBERS[3], "2022-05-01")
        people = population(name="乙")
        assert taken(connection, people, LATER) == Taken(closed=2, kept=3)
        assert states(connection) == ["visited", "exempt", "enrolled", "elsewhere", "open"]
        first = gaps(connection)[0]
        assert (first.name, first.seen_on, first.step, first.actor) == ("乙", LATER, visited, "li")
        assert taken(connection, people, LATER) == Taken(kept=3)
        end(connection, f"P-{NUMBERS[2]}", LATER, actor=ACTOR, reason="moved")
        assert taken(connection, people, D("2023-01-31")) == Taken(again=1, kept=3)
        assert states(connection)[2] == "open"


def test_a_gap_closes_by_itself_when_there_is_cover(five: Database) -> None:
    with five.transaction() as connection:
        insure(connection, NUMBERS[0], "2022-09-01")
        assert close_covered(connection, D("2022-08-31"), actor=ACTOR) == 0
        assert close_covered(connection, D("2022-09-01"), actor=ACTOR) == 1
        assert close_covered(connection, D("2022-09-01"), actor=ACTOR) == 0
        assert states(connection)[:2] == ["enrolled", "open"]
        with pytest.raises(Refusal) as told:
            step(connection, NUMBERS[0], Step("called", D("2022-09-02"), "x"), actor=ACTOR)
        assert told.value.name == "enrolled"


@pytest.mark.parametrize(
    ("made", "rule", "column"),
    [
        (Step("called", DAY), "required", "note"),
        (Step("elsewhere", DAY, "in Hebei"), "required", "proof"),
        (Step("visited", D("2022-06-29"), "x"), "step_order", "on"),
    ],
)
def test_a_step_says_what_it_must(five: Database, made: Step, rule: str, column: str) -> None:
    with pytest.raises(Refusal) as told, five.transaction() as connection:
        step(connection, NUMBERS[0], made, actor=ACTOR)
    assert (told.value.name, told.value.column) == (rule, column)


def test_counts_by_street_and_steps_that_stay(five: Database) -> None:
    with five.transaction() as connection:
        step(connection, NUMBERS[4], Step("called", DAY, "no answer"), actor=ACTOR)
        found = counts(connection, "street")
        assert found == {
            ("120101", "Nanshi"): {"open": 2},
            ("120101", "Xinxing"): {"open": 2, "called": 1},
        }
        assert counts(connection, "division") == {("120101",): {"open": 4, "called": 1}}
        assert len(gaps(connection, street="Xinxing")) == 3
        assert len(gaps(connection, division="1201", states=["called"])) == 1
        assert gaps(connection, division="13") == []
    for change, told in (("note = ''", "is append-only"), ("state = 'open'", "permission denied")):
        with pytest.raises(pg.Error, match=told), five.transaction() as connection:
            connection.execute(f"UPDATE matching.gap_step SET {change}".encode())


# --- commands -------------------------------------------------------------------------------------


def call(url: str, *args: object, code: int = exit_codes.OK) -> Any:
    words = ["enrol", "followup", *map(str, args), "--database", url, "--json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_a_list_goes_out_and_comes_back(url: str, tmp_path: Path) -> None:
    file, grid = tmp_path / "population.csv", tmp_path / "grid.xlsx"
    rows = [f"{n},甲,120101,{s}" for n, s in zip(NUMBERS, STREETS, strict=True)]
    file.write_text("\n".join(["identity_number,name,division,street", *rows]), "utf-8")
    told = call(url, "take", file, "--date", DAY)
    assert told["gaps"] == {"new": 6, "again": 0, "closed": 0, "kept": 0}
    call(url, "set", NUMBERS[0], "called", "--on", "2022-07-01", "--note", "no answer")
    listed = call(url, "list", "--by", "street", "--street", "Nanshi", "-o", grid)
    assert listed["counts"][1]["called"] == 1
    assert len(listed["gaps"]) == 2

    book = load_workbook(grid)
    page = book.active
    assert page is not None
    header = [cell.value for cell in page[1]]
    assert page[2][header.index("so_far")].value in {
        "已电话联系 2022-07-01 no answer",
        "called 2022-07-01 no answer",
    }
    for name, value in {"state": "无需参保", "on": "2022-07-05", "note": "军人"}.items():
        page[2][header.index(name)].value = value
    page[3][header.index("note")].value = "门牌不存在"
    book.save(grid)
    done = call(url, "import", grid, code=exit_codes.REJECTED)
    assert (done["made"], done["rejected_by_rule"]) == (1, {"required": 1})
    assert call(url, "list")["counts"][0]["exempt"] == 1
    shown = CliRunner().invoke(
        app, ["enrol", "followup", "list", "--database", url, "--lang", "zh"]
    )
    assert "无需参保" in shown.stdout
    assert "120101" in shown.stdout
    again = call(url, "import", grid, code=exit_codes.REJECTED)
    assert (again["made"], again["unchanged"]) == (0, 1)


def test_what_is_wrong_with_a_step(url: str) -> None:
    words = ("set", NUMBERS[0], "called", "--on", "2022-07-01", "--note", "x")
    told = call(url, *words, code=exit_codes.REFUSED)
    assert "120*************1X" in told["error"]["message"]
    call(url, "list", "--state", "gone", code=exit_codes.USAGE)

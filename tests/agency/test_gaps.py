"""A population compared with the register: never enrolled, lapsed, insured twice, by group."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.agency.registered import ACTOR, RESIDENT, elsewhere, identity, person
from yibao.agency.enrolment.gaps import Resident, compare, scores
from yibao.agency.enrolment.memberships import state_coverage
from yibao.agency.enrolment.persons import register
from yibao.agency.enrolment.profile import Membership
from yibao.cli import app
from yibao.store.database import Connection, Database

D = date.fromisoformat
DAY = D("2021-12-31")


def insured(
    connection: Connection, person_id: str, number: str, first: str, last: str | None = None
) -> None:
    register(connection, person(person_id, identity_number=number), actor=ACTOR)
    ends = None if last is None else D(last)
    member = Membership(**RESIDENT)
    state_coverage(connection, person_id, member, D(first), ends, actor=ACTOR)


@pytest.fixture
def ten(database: Database) -> list[str]:
    """Ten persons: one never enrolled, one lapsed from July 2021, one in two schemes."""
    numbers = [identity(date(1980, 5, 1), n) for n in range(1, 11)]
    with database.transaction() as connection:
        for at, number in enumerate(numbers[1:], 1):
            last = "2021-06-30" if at == 1 else None
            insured(connection, f"P{at}", number, "2020-01-01", last)
        elsewhere(connection, numbers[2], "2021-05-01")
        # ended before the day
        elsewhere(connection, numbers[3], "2020-05-01", last=str(DAY.replace(day=30)))
    return numbers


@pytest.mark.clause("T21-7e")
def test_one_missing_one_lapsed_one_twice(database: Database, ten: list[str]) -> None:
    with database.transaction() as connection:
        found = {
            f.resident.identity_number: (f.state, str(f.since), f.elsewhere)
            for f in compare(connection, map(Resident, ten), DAY)
        }
    assert found[ten[0]] == ("missing", "None", "")
    assert found[ten[1]] == ("lapsed", "2021-07-01", "")
    assert found[ten[2]] == ("duplicate", "None", "130100 employee")
    assert {state for state, _, _ in list(found.values())[3:]} == {"insured"}


@pytest.mark.clause("T21-7e")
def test_the_same_from_a_file_with_bad_rows(ten: list[str], url: str, tmp_path: Path) -> None:
    file, out = tmp_path / "population.csv", tmp_path / "gaps.csv"
    # Further columns, as other offices' lists have them, are left out.
    lines = ["姓名,identity_number,born,division", *(f"甲,{n},x,120101" for n in ten)]
    file.write_text("\n".join([*lines, f"甲,{ten[0]},,", "乙,,,", ""]), encoding="utf-8")
    args = ["enrol", "gaps", str(file), "--date", "2021-12-31", "-o", str(out)]
    result = CliRunner().invoke(app, [*args, "--database", url, "--json"])
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["rejected_by_rule"] == {"once": 1, "required": 1}
    wanted: dict[str, Any] = {"persons": 10, "insured": 8, "insured_share": "80.0%"}
    gaps = {"missing": 1, "lapsed": 1, "duplicate": 1, "elsewhere": 0}
    assert told["scores"]["120101"] == wanted | gaps
    assert [line.split(",")[0] for line in out.read_text("utf-8").splitlines()[1:]] == [
        "missing",
        "lapsed",
        "duplicate",
    ]


@pytest.mark.clause("P25-3.2.1a", "T16-01a")
def test_gaps_by_group(database: Database) -> None:
    """1,000 persons, 985 insured: 15 gaps, of 9 workers, 4 students and 2 others; 98.5 %."""
    numbers = [identity(date(1970, 1, 1), n) for n in range(1, 1000)]
    numbers.append(identity(date(1970, 1, 2), 1))
    groups = ["worker"] * 600 + ["student"] * 300 + ["other"] * 100
    gaps = {*range(9), *range(600, 604), *range(900, 902)}
    with database.transaction() as connection:
        for at, number in enumerate(numbers):
            if at not in gaps:
                born = date(1970, 1, 1 if at < 999 else 2)
                register(connection, person(f"P{at}", born, identity_number=number), actor=ACTOR)
        connection.execute(
            "INSERT INTO enrolment.coverage (person_no, valid, scheme, category, "
            "contribution_tier, reason) SELECT person_no, '[2020-01-01,)', 'resident', 'adult', "
            "'low', 'stated' FROM enrolment.person"
        )
        population = [
            Resident(number, group=group) for number, group in zip(numbers, groups, strict=True)
        ]
        found = scores(list(compare(connection, population, DAY)), "group")
    assert {name: score.states["missing"] for name, score in found.items()} == {
        "all": 15,
        "worker": 9,
        "student": 4,
        "other": 2,
    }
    score = found["all"]
    assert (score.insured, score.share(score.insured) * 1000) == (985, 985)


@pytest.mark.clause("P25-3.2.1c")
def test_a_districts_score(database: Database, ten: list[str]) -> None:
    with database.transaction() as connection:
        population = [
            Resident(n, division="120101" if at < 5 else "120102") for at, n in enumerate(ten)
        ]
        found = scores(list(compare(connection, population, DAY)), "division")
    one, two = found["120101"], found["120102"]
    assert (one.insured, one.persons, one.states["duplicate"]) == (3, 5, 1)
    assert one.share(one.states["duplicate"]) * 5 == 1
    assert two.share(two.insured) == 1

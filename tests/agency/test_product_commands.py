"""The commands of products and of long-term care."""

import json
from typing import Any

import pytest
from agency_town import DOCTOR, build
from typer.testing import CliRunner

from yibao.agency.care.scale import ITEMS
from yibao.cli import app, exit_codes
from yibao.store.database import Database

POINTS = ",".join(f"{name}={0 if item.step > 1 else 4}" for name, item in ITEMS.items())
ASSESSED = ("--at", "H3", "--assessor", "D1", "--date", "2023-05-20", "--policy", "tianjin")


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1", scheme="employee", category="retired", contribution_tier="none")
    with database.transaction() as connection:
        connection.execute("UPDATE registry.agreement SET visits = visits || '{family_doctor}'")
    return database


def run(*args: str, code: int = exit_codes.OK) -> Any:
    result = CliRunner().invoke(app, [*args, "--json", "--lang", "en"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_an_assessment_and_a_family_doctor(town: Database) -> None:
    place = ("--database", town.url)
    assess = ("care", "assess", "P1", *ASSESSED, "--points", POINTS, *place)
    refused = run(*assess, code=exit_codes.REFUSED)
    assert "no grade" in refused["error"]["message"]
    found = run(*assess, "--accept-grade", "D")
    assert (found["grade"], found["severe"], found["computed"]) == (3, True, True)
    assert (found["from"], found["to"]) == ("2023-06-01", "2025-05-31")
    doctor = ("--at", "H1", "--practitioner", DOCTOR, "--from", "2023-03-01", "--fee", "30.00")
    assert run("care", "family-doctor", "P1", *doctor, *place)["to"] == "2023-12-31"
    again = run("care", "family-doctor", "P1", *doctor, *place, code=exit_codes.REFUSED)
    assert "has a contract in 2023" in again["error"]["message"]
    shown = run("care", "show", "P1", *place)
    assert shown["assessments"] == [found]
    assert [one["fee"] for one in shown["family_doctors"]] == ["30.00"]


def test_a_year_of_care_is_paid_for_once(town: Database) -> None:
    finance = (
        *("product", "finance", "long_term_care", "--scheme", "employee", "--year", "2023"),
        *("--date", "2023-01-15", "--policy", "tianjin", "--database", town.url),
    )
    made = run(*finance)
    assert (made["heads"], made["financed_by_pool"]) == (1, "120.00")
    assert "is paid for 2023" in run(*finance, code=exit_codes.REFUSED)["error"]["message"]


@pytest.mark.parametrize("points", ["eating", "eating=x", "eating=5,eating=5"])
def test_points_that_cannot_be_read(points: str) -> None:
    result = CliRunner().invoke(app, ["care", "assess", "P1", *ASSESSED, "--points", points])
    assert result.exit_code == 2
    assert "--points" in result.output


def test_a_quote_is_explained() -> None:
    quote = ("product", "quote", "accident_grant", "--policy", "tianjin", "--date", "2022-03-01")
    person = ("--set", "scheme=employee", "--set", "category=in_service")
    found = run(*quote, *person, "--set", "accident_outcome=disability_3")
    assert found["steps"][0]["formula"] == "25000.00 = 25000.00"


@pytest.mark.parametrize("year", ["0", "99999"])
def test_a_year_that_cannot_be_is_refused_before_anything_is_done(
    town: Database, year: str
) -> None:
    words = ["product", "finance", "accident", "--scheme", "resident", "--year", year]
    given = [*words, "--date", "2023-01-05", "--policy", "tianjin", "--database", town.url]
    result = CliRunner().invoke(app, given)
    assert (result.exit_code, "--year" in result.output) == (2, True)


def test_a_longer_or_shorter_term_is_laid_down_once(town: Database) -> None:
    place = ("--cite", "notice 5", "--database", town.url)
    told = run("care", "set-term", "12", "--from", "2023-05-01", *place)
    assert told == {"months": 12, "from": "2023-05-01", "cite": "notice 5"}
    for months, first in (("6", "2023-05-01"), ("6", "2020-01-01"), ("0", "2024-01-01")):
        run("care", "set-term", months, "--from", first, *place, code=exit_codes.REFUSED)
    assess = ("care", "assess", "P1", *ASSESSED, "--points", POINTS, "--accept-grade", "D")
    assert run(*assess, "--database", town.url)["to"] == "2024-05-31"


def test_who_has_no_agreement_and_which_experts_are_drawn(town: Database) -> None:
    place = ("--date", "2022-01-01", "--database", town.url)
    (alone,) = run("registry", "without-agreement", *place)["without_agreement"]
    assert alone == {"institution": "E2"}
    assert run("registry", "without-agreement", "--tcm", *place)["without_agreement"] == []
    with town.transaction() as connection:
        connection.execute(
            "INSERT INTO registry.expert (expert_id, name, field, institution_id, valid) "
            "SELECT 'X' || n, 'X', 'pharmacy', 'H' || n, '[2020-01-01,)' "
            "FROM generate_series(1, 3) AS n"
        )
    draw = ("registry", "draw-experts", "pharmacy", "2", "--for", "H1", "--seed", "7", *place)
    assert {e["expert"] for e in run(*draw)["experts"]} == {"X2", "X3"}
    many = ("registry", "draw-experts", "pharmacy", "3", "--for", "H1", "--seed", "7", *place)
    run(*many, code=exit_codes.REFUSED)

"""`yibao desk load` on files: all rows or none, and once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from claim_files import CLAIM, write
from typer.testing import CliRunner

from yibao.cli import app, exit_codes
from yibao.store.database import Database

ROWS = [
    {**CLAIM, "institution_id": "H2"},
    {**CLAIM, "institution_id": "H2", "claim_id": "C2", "settled_at": "2019-03-02 10:00:00"},
]

INSURED = """
WITH made AS (
  INSERT INTO enrolment.person (person_id, identity_type, birth_date)
  VALUES ('P1', 'none', '1975-04-12') RETURNING person_no
)
INSERT INTO enrolment.coverage (person_no, scheme, category, contribution_tier, reason, valid)
SELECT person_no, 'employee', 'in_service', 'none', 'stated', '[2019-01-01,)' FROM made
"""


@pytest.fixture
def town(database: Database) -> Database:
    with database.transaction() as connection:
        connection.execute(INSURED)
    return database


def told(town: Database, file: Path, name: str, code: int = exit_codes.OK) -> Mapping[str, Any]:
    words = ["desk", "load", str(file), "--policy", "tianjin", "--id", name]
    given = [*words, "--actor", "clerk", "--database", town.url, "--json"]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == code, result.output
    found: Mapping[str, Any] = json.loads(result.stdout)
    return found


def count(town: Database) -> int:
    with town.transaction() as connection:
        row = connection.execute("SELECT count(*) FROM desk.settlement").fetchone()
        assert row is not None
        return int(row[0])


def test_a_file_is_loaded_once(town: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "claims.csv", ROWS)
    first = told(town, file, "2019")
    assert (first["rows"], first["made"], first["total"]) == (2, 2, "2000.00")
    again = told(town, file, "2019")
    assert (again["made"], again["unchanged"], again["first"]) == (0, 2, first["first"])
    assert count(town) == 2
    with town.transaction() as connection:
        audit = connection.execute(
            "SELECT actor, subject FROM ops.audit WHERE action = 'load'"
        ).fetchall()
    assert audit == [("clerk", "load:2019")]


def test_nothing_is_loaded_of_a_file_with_a_bad_row(town: Database, tmp_path: Path) -> None:
    bad = [
        {**ROWS[0], "claim_id": "B1", "person_id": "nobody"},
        {**ROWS[0], "claim_id": "B2", "total": "1.00"},
        {**dict.fromkeys(ROWS[0], ""), "claim_id": "B3", "reverses": "C1"}
        | {"settled_at": "2019-04-01"},
    ]
    file = write(tmp_path / "claims.csv", [*ROWS, *bad])
    found = told(town, file, "2019", exit_codes.REJECTED)
    assert (found["made"], found["rejected"]) == (0, 3)
    assert count(town) == 0


def test_what_the_desk_refuses_is_told_by_row(town: Database, tmp_path: Path) -> None:
    told(town, write(tmp_path / "first.csv", ROWS[:1]), "first")
    rows = [*ROWS, {**ROWS[1], "claim_id": "C3", "institution_id": ""}]
    found = told(town, write(tmp_path / "second.csv", rows), "second", exit_codes.REJECTED)
    assert found["rejected_by_rule"] == {"claim_no_used": 1, "required": 1}
    (rejects,) = found["files"]
    text = Path(rejects).read_text(encoding="utf-8-sig")
    assert "C1" in text
    assert "C3" in text
    assert count(town) == 1

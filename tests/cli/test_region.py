"""A database is of one region: the rules of another are not applied to it, by no command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from agency_town import build
from typer.main import get_command
from typer.testing import CliRunner, Result

from yibao.cli import app, exit_codes
from yibao.store.database import Database

COMMANDS = {
    "accounts close": "P1 --reason death --on 2022-03-01",
    "accounts credit": "--month 2022-03",
    "accounts interest": "--year 2022",
    "accounts pay": "P1 --relative P2 --amount 1.00 --reference r --on 2022-03-01",
    "accounts take-back": "P1 1 --on 2022-03-01 --reason x",
    "accounts use": "P1 --for vaccine --amount 1.00 --reference r --on 2022-03-01",
    "accounts withdraw": "P1 --inpatient 1.00 --share 1.00 --on 2022-03-01",
    "care assess": "P1 --at H1 --assessor D1 --date 2022-03-01 --points eating=5",
    "clearing advance": "H1 2022 --by A --day 2023-03-01",
    "clearing audit": "H1 2022-03 --by A",
    "contributions bill": "--month 2022-03",
    "contributions cancel": "1 --on 2022-03-01 --reason x",
    "contributions give-up": "1 --on 2022-03-01 --reason x --since 2022-03-01 --because death",
    "contributions rebill": "1 --on 2022-03-01 --reason x",
    "contributions receive": "{empty}",
    "contributions surcharge": "--date 2022-03-01",
    "contributions take-back": "B1 --on 2022-03-01 --reason x",
    "desk correct": "1 {bill}",
    "desk explain": "1",
    "desk pre-settle": "{bill}",
    "desk reimburse": "{bill} --invoices {invoices}",
    "desk reverse": "1",
    "desk settle": "{bill}",
    "desk sheet": "1 -o {out}",
    "enrol import": "staff {empty}",
    "enrol move-out": "P1 --to 130100 --reference S1 --last 2022-03-01 -o {out}",
    "enrol resume": "P1 --from 2022-03-01",
    "desk load": "{bill} --id 1",
    "fhir export": "--settlement 1 -o {out}",
    "product finance": "accident --scheme resident --year 2022 --date 2022-03-01",
}
"""Every command that applies rules to a database, with what it needs besides."""

READ = {"desk explain", "desk pre-settle", "desk sheet", "fhir export"}


@pytest.fixture
def town(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    build(database, "P1", "P2")
    monkeypatch.setenv("YIBAO_DATABASE_URL", database.url)
    monkeypatch.setenv("YIBAO_LANG", "en")
    return database


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    texts = {
        "bill": "institution_id,claim_no,person_id,visit,date,total,in_scope\n"
        "H1,A1,P1,outpatient,2022-03-01,1.00,1.00\n",
        "invoices": "institution_id,claim_no,invoice_code,invoice_no,amount\nH1,A1,1,1,1.00\n",
        "empty": "x\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return {**{name: tmp_path / f"{name}.csv" for name in texts}, "out": tmp_path / "out.xlsx"}


def call(command: str, *more: str) -> Result:
    return CliRunner().invoke(app, [*command.split(), *more])


def region(database: Database) -> list[str]:
    with database.transaction() as connection:
        return [row[0] for row in connection.execute("SELECT region FROM ops.region")]


def with_rules(command: Any, *names: str) -> Iterator[str]:
    """Yield the commands that take both a policy and a database."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from with_rules(inner, *names, name)
    if {"policy", "database"} <= {parameter.name for parameter in command.params}:
        yield " ".join(names)


def test_no_command_is_forgotten() -> None:
    assert sorted(with_rules(get_command(app))) == sorted(COMMANDS)


def test_the_rules_of_another_region_are_refused(town: Database, files: dict[str, Path]) -> None:
    assert call("db init --region tianjin").exit_code == exit_codes.OK
    for command, needs in COMMANDS.items():
        told = call(command, *needs.format(**files).split(), "--policy", "jining")
        assert (command, told.exit_code) == (command, exit_codes.REFUSED), told.output
        assert "of the region tianjin: the rules of jining" in told.output
    assert region(town) == ["tianjin"]
    with town.transaction() as connection:
        assert connection.execute("SELECT FROM ledger.entry").fetchone() is None


def test_the_first_write_says_of_which_region_a_database_is(
    town: Database, files: dict[str, Path]
) -> None:
    for command in READ:
        call(command, *COMMANDS[command].format(**files).split(), "--policy", "jining")
    assert region(town) == []
    assert call("contributions bill --month 2022-03 --policy tianjin").exit_code == exit_codes.OK
    assert region(town) == ["tianjin"]


def test_a_refusal_is_told_in_both_languages_and_as_json(town: Database) -> None:
    call("db init --region tianjin")
    asked = "contributions bill --month 2022-03 --policy jining"
    assert "属于地区 tianjin" in call(f"{asked} --lang zh").output
    told = json.loads(call(f"{asked} --json").stdout)["error"]
    assert (told["kind"], told["exit_code"]) == ("Refused", exit_codes.REFUSED)


def test_a_database_stays_of_its_region(town: Database) -> None:
    for _ in range(2):
        assert call("db init --region tianjin").exit_code == exit_codes.OK
    assert call("db init").exit_code == exit_codes.OK
    assert call("db init --region jining").exit_code == exit_codes.REFUSED
    assert call("db init --region nowhere").exit_code == exit_codes.USAGE
    assert region(town) == ["tianjin"]
    with psycopg.connect(town.url) as owner:
        for change in ("UPDATE ops.region SET region = 'jining'", "DELETE FROM ops.region"):
            with pytest.raises(psycopg.errors.IntegrityError), owner.transaction():
                owner.execute(change)


def test_a_folder_is_of_the_region_of_its_name(town: Database, tmp_path: Path) -> None:
    folder = Path("examples/packs/hubei").absolute()
    assert call(f"db init --region {folder}").exit_code == exit_codes.OK
    assert region(town) == ["hubei"]
    told = call("contributions bill --month 2022-03 --policy tianjin")
    assert told.exit_code == exit_codes.REFUSED


def test_the_service_of_another_region_does_not_start(town: Database) -> None:
    call("db init --region jining")
    told = call("serve --region tianjin --port 0")
    assert told.exit_code == exit_codes.REFUSED
    assert "of the region jining" in told.output

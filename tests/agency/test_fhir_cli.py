"""`yibao fhir` on a real database: settled, exported, imported, reconciled, settled elsewhere."""

import csv
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import databases
import pytest
from agency_town import DOCTOR, DRUG, build
from registered import identity
from typer.testing import CliRunner, Result

from yibao.agency.desk import find
from yibao.agency.enrolment.history import history
from yibao.agency.enrolment.persons import change
from yibao.agency.enrolment.persons import find as find_person
from yibao.cli import app, exit_codes
from yibao.clock import today
from yibao.money import format_yuan, parse_yuan
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

BIRTH = date(1960, 5, 5)
BILL = {
    "institution_id": "H1",
    "claim_no": "A1",
    "person_id": "P1",
    "visit": "outpatient",
    "date": "2022-03-01",
    "total": "1000.00",
    "out_of_catalogue": "99.99",
    "in_scope": "900.01",
}
STAY = {
    "institution_id": "H1",
    "claim_no": "S1",
    "person_id": "P1",
    "visit": "inpatient",
    "admitted_on": "2022-03-01",
    "discharged_on": "2022-03-05",
    "total": "4567.89",
}
LINES = [
    {
        "institution_id": "H1",
        "claim_no": "S1",
        "kind": "drug",
        "code": code,
        "quantity": quantity,
        "price": price,
        "served_on": "2022-03-02",
        "practitioner_id": DOCTOR,
    }
    for code, quantity, price in [
        (DRUG, "45", "100.00"),
        ("XB01AC", "0.5", "95.7800"),
        ("XC09AA", "2", "10"),
    ]
]


@pytest.fixture
def town(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    build(database, "P1", "P2")
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO registry.item (kind, code, name, class, first_self_pay, standard, valid) "
            "VALUES ('drug', %s, 'a', 'A', 0, 9000, '[2010-01-01,)'), "
            "       ('drug', 'XB01AC', 'b', 'B', 0.1, NULL, '[2010-01-01,)')",
            (DRUG,),
        )
        known = {"name": "张三丰", "identity_type": "resident_id"}
        for person in ("P1", "P2"):
            number = identity(BIRTH)
            change(connection, person, actor="test", identity_number=number, **known)
    monkeypatch.setenv("YIBAO_DATABASE_URL", database.url)
    monkeypatch.setenv("YIBAO_LANG", "en")
    return database


def call(*args: object) -> Result:
    return CliRunner().invoke(app, [*map(str, args)])


def told(*args: object, code: int = exit_codes.OK) -> Any:
    result = call(*args, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def write(file: Path, *rows: Mapping[str, str]) -> Path:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return file


def settle(folder: Path, *bills: Mapping[str, str], lines: Any = LINES) -> list[int]:
    """Settle bills; return their numbers in the order of the file."""
    files = write(folder / "b.csv", *bills), write(folder / "l.csv", *lines)
    done = told("desk", "settle", files[0], "--lines", files[1], "--policy", "tianjin")
    numbers = {one["claim_no"]: one["settlement_id"] for one in done["settlements"]}
    return [numbers[bill["claim_no"]] for bill in bills]


def rows(database: Database) -> list[dict[str, Any]]:
    """Return what the desk has settled, without what is of the moment."""
    moment = {"settlement_id", "settled_at", "settled_on", "entry_id", "actor", "reverses"}
    with database.transaction() as connection:
        found = find.find(connection, find.Wanted(first=date(2000, 1, 1)), 100)
    return [{n: v for n, v in row.items() if n not in {*moment, "reversed_by"}} for row in found]


def day_of_books(database: Database) -> date:
    with database.transaction() as connection:
        (row,) = find.find(connection, find.Wanted(first=date(2000, 1, 1)), 1)
    return date.fromisoformat(row["settled_on"])


def test_what_is_settled_exported_and_imported_reconciles(
    town: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yibao.cli.fhir_run._PAGE", 2)  # three are told of in two pages
    _, visit = settled(tmp_path)
    assert call("desk", "reverse", visit, "--policy", "tianjin").exit_code == exit_codes.OK
    day = day_of_books(town)
    bundle, tables = tmp_path / "bundle.json", tmp_path / "tables"
    out = told(
        *("fhir", "export", "--institution", "H1", "--day", day),
        *("--policy", "tianjin", "-o", bundle),
    )
    assert (out["settlements"], out["not_explained"]) == (3, 0)
    made = told("fhir", "import", bundle, "-o", tables)
    assert (made["bills"], made["lines"], made["booked"]) == (1, 3, 3)
    assert made["problems"] == 0
    same = told("reconcile", "H1", tables / "booked.H1.csv", "--day", day)
    assert same["agrees"]
    assert [c["rows"] for c in same["comparisons"]] == [[3, 3], [3, 3]]
    assert same["comparisons"][0]["sums"][0] == same["comparisons"][0]["sums"][1]
    benefits = [
        entry["resource"]
        for entry in json.loads(bundle.read_text())["entry"]
        if entry["resource"]["resourceType"] == "ExplanationOfBenefit"
    ]
    notes = [note["text"] for note in benefits[0]["processNote"]]
    assert any("津政发〔2016〕17号" in note for note in notes)


def settled(folder: Path) -> list[int]:
    """Settle a stay of three lines and a visit, both at H1."""
    return settle(folder, STAY, BILL)


def test_one_fen_less_is_found(town: Database, tmp_path: Path) -> None:
    settled(tmp_path)
    day = day_of_books(town)
    bundle, tables = tmp_path / "bundle.json", tmp_path / "tables"
    told("fhir", "export", "--institution", "H1", "--day", day, "-o", bundle)
    told("fhir", "import", bundle, "-o", tables)
    file = tables / "booked.H1.csv"
    with file.open(encoding="utf-8-sig") as stream:
        first, *others = csv.DictReader(stream)
    fewer = {n: format_yuan(parse_yuan(first[n]) - 1) for n in ("cash_pay", "total")}
    write(file, {**first, **fewer}, *others)
    differs = told("reconcile", "H1", file, "--day", day, code=exit_codes.FINDINGS)
    assert differs["comparisons"][0]["gap"]["cash_pay"] == "0.01"


def test_imported_bills_settle_elsewhere_as_they_did_here(town: Database, tmp_path: Path) -> None:
    numbers = settled(tmp_path)
    here = rows(town)
    bundle, tables = tmp_path / "bundle.json", tmp_path / "tables"
    options = [part for number in numbers for part in ("--settlement", number)]
    told("fhir", "export", *options, "-o", bundle)
    told("fhir", "import", bundle, "-o", tables)
    for number in numbers[::-1]:
        assert call("desk", "reverse", number, "--policy", "tianjin").exit_code == exit_codes.OK
    bills = tables / "bills.csv"
    with bills.open(encoding="utf-8-sig") as stream:
        again = [{**bill, "claim_no": f"X{bill['claim_no']}"} for bill in csv.DictReader(stream)]
    with (tables / "lines.csv").open(encoding="utf-8-sig") as stream:
        lines = [{**line, "claim_no": f"X{line['claim_no']}"} for line in csv.DictReader(stream)]
    settle(tmp_path, *again, lines=lines)
    there = [row for row in rows(town) if row["claim_no"].startswith("X")]
    assert [{**row, "claim_no": row["claim_no"][1:]} for row in there] == here


def test_unmasked_persons_are_registered_elsewhere_and_the_audit_knows(
    town: Database, server_url: str, tmp_path: Path
) -> None:
    number = settled(tmp_path)[0]
    bundle, tables = tmp_path / "bundle.json", tmp_path / "tables"
    told("fhir", "export", "--settlement", number, "-o", bundle)
    assert "张三丰" not in bundle.read_text()
    assert told("fhir", "import", bundle, "-o", tables)["persons"] == 0
    told("fhir", "export", "--settlement", number, "--unmask", "--actor", "zhou", "-o", bundle)
    with town.transaction() as connection:
        audited = connection.execute(
            "SELECT actor, subject FROM ops.audit WHERE action = 'unmask'"
        ).fetchall()
    assert audited == [("zhou", "person:P1")]
    assert told("fhir", "import", bundle, "-o", tables)["persons"] == 1
    with databases.copy(server_url, "template") as elsewhere:
        more = ("--policy", "tianjin", "--database", elsewhere)
        done = told("enrol", "import", "persons", tables / "persons.csv", *more)
        assert (done["made"], done["rejected"]) == (1, 0)
        with Database(elsewhere, sight=EVERYTHING) as other, other.transaction() as connection:
            there, held = find_person(connection, "P1"), history(connection, "P1")
    with town.transaction() as connection:
        here = find_person(connection, "P1")
    assert there is not None
    assert here is not None
    for name in ("name", "identity_number", "sex", "birth_date"):
        assert getattr(there, name) == getattr(here, name)
    (member,) = [h for h in held if h.kind == "membership"]
    assert (member.first, member.last) == (date(2015, 1, 1), None)
    assert (member.says["scheme"], member.says["category"]) == ("resident", "adult")
    assert member.says["contribution_tier"] == "high"


def test_problems_are_written_told_and_gone_once_there_are_none(
    town: Database, tmp_path: Path
) -> None:
    number = settled(tmp_path)[0]
    bundle, tables = tmp_path / "bundle.json", tmp_path / "tables"
    told("fhir", "export", "--settlement", number, "-o", bundle)
    right = bundle.read_text()
    bundle.write_text(right.replace('"currency": "CNY"', '"currency": "USD"'))
    wrong = told("fhir", "import", bundle, "-o", tables, code=exit_codes.REJECTED)
    assert wrong["bills"] == wrong["booked"] == 0
    assert {one["rule"] for one in wrong["problem_list"]} == {"currency"}
    assert wrong["files"] == [str(tables / "problems.csv")]
    page = call("fhir", "import", bundle, "-o", tables, "--lang", "zh")
    assert "币种应为 CNY" in page.stderr
    assert "problems.csv" in page.stderr
    bundle.write_text(right)
    good = told("fhir", "import", bundle, "-o", tables)
    assert good["removed"] == [str(tables / "problems.csv")]
    assert not (tables / "problems.csv").exists()


def test_a_file_that_is_no_json_ends_with_the_code_of_inputs(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text("{")
    result = call("fhir", "import", file, "-o", tmp_path / "t", "--lang", "zh")
    assert result.exit_code == exit_codes.INPUT
    assert "不是有效的 JSON" in result.stderr
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--institution", "H1"),
        ("--day", "2022-03-01"),
        ("--settlement", "1", "--institution", "H1", "--day", "2022-03-01"),
    ],
)
def test_what_to_export_must_be_said(options: tuple[str, ...], tmp_path: Path) -> None:
    result = call("fhir", "export", *options, "-o", tmp_path / "x.json")
    assert result.exit_code == exit_codes.USAGE


@pytest.mark.parametrize(
    "command", [("export", "--settlement", "1", "-o", "x.json"), ("import", "x.json", "-o", "x")]
)
def test_without_the_library_the_user_is_told_what_to_install(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    result = call("fhir", *command)
    assert result.exit_code == exit_codes.USAGE
    assert "yibao[fhir]" in result.stderr


def test_a_settlement_that_is_not_there_is_told(town: Database, tmp_path: Path) -> None:
    result = call("fhir", "export", "--settlement", 99, "-o", tmp_path / "x.json")
    assert result.exit_code == exit_codes.REFUSED
    assert not (tmp_path / "x.json").exists()


def test_a_day_without_settlements_is_an_empty_bundle(town: Database, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    out = told("fhir", "export", "--institution", "H1", "--day", today(), "-o", file)
    assert out["settlements"] == 0
    assert told("fhir", "import", file, "-o", tmp_path / "t")["resources"] == 0

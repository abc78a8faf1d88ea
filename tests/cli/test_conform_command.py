"""`yibao policy conform`, as a user runs it."""

import csv
import json
from pathlib import Path

from openpyxl import load_workbook
from small_pack import CITED, SAYS, Rules, add_document, add_region, table
from typer.testing import CliRunner, Result

from yibao.cli import app


def run(*args: object) -> Result:
    return CliRunner().invoke(app, ["policy", "conform", *map(str, args)])


def city(root: Path, percent: str) -> Path:
    """Write a province that asks for 80 % from 2009 on, and a city that pays `percent`."""
    province = add_region(root / "province")
    said = json.loads((province / "region.yaml").read_text(encoding="utf-8"))
    province.joinpath("region.yaml").write_text(json.dumps(said | {"level": "province"}))
    floor: Rules = CITED | {"id": "floor", "measure": "inpatient_rate", "must_be": "at_least"}
    limits = [
        floor | {"value": "80%"},
        floor | {"id": "guide", "value": "90%", "strength": "should"},
    ]
    add_document(province, {"limits": limits}, "opinion", start="2009-01-01")
    folder = add_region(root / "city")
    folder.joinpath("region.yaml").write_text(json.dumps(said | {"parent": "province"}))
    rate = table("rate", percent) | {"measure": "inpatient_rate"}
    add_document(folder, {"tables": {"rate": rate}}, "measures", start="2009-01-01")
    return folder


def test_a_region_that_keeps_its_limits(tmp_path: Path) -> None:
    result = run(city(tmp_path, "80%"), "--lang", "en")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "pass an example an example 2009-01-01 – 80% at least 80%" in lines
    assert result.stdout.splitlines()[-1] == "1 pass, 1 departs"


def test_a_breach_is_code_1(tmp_path: Path) -> None:
    result = run(city(tmp_path, "79%"))
    assert result.exit_code == 1
    assert "突破" in result.stdout
    assert "不低于 80%" in result.stdout


def test_one_day(tmp_path: Path) -> None:
    folder = city(tmp_path, "79%")
    before = run(folder, "--date", "2008-12-31", "--lang", "en")
    assert before.exit_code == 0
    assert "No limit stands above this region." in before.stdout
    assert run(folder, "--date", "2009-01-01").exit_code == 1


def test_json(tmp_path: Path) -> None:
    result = run(city(tmp_path, "79%"), "--json")
    assert result.exit_code == 1
    first, second = json.loads(result.stdout)
    assert first | {"limit_says": None} == {
        "verdict": "breach",
        "limit": "floor",
        "strength": "must",
        "limit_document": "opinion",
        "limit_cite": "1",
        "limit_says": None,
        "measure": "inpatient_rate",
        "table": "rate",
        "where": {},
        "from": "2009-01-01",
        "to": None,
        "figure": "79%",
        "figure_document": "measures",
        "figure_cite": "1",
        "grade": "A",
        "must_be": "at_least",
        "required": ["80%"],
        "share_of": None,
        "waived_by": None,
        "waiver_cite": None,
    }
    assert (second["verdict"], second["strength"]) == ("departs", "should")


def test_files(tmp_path: Path) -> None:
    folder = city(tmp_path, "79%")
    assert run(folder, "-o", tmp_path / "out.csv").exit_code == 1
    with (tmp_path / "out.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    told = [(row["verdict"], row["limit"], row["figure"], row["required"]) for row in rows]
    assert told == [("breach", "floor", "79%", "80%"), ("departs", "guide", "79%", "90%")]
    run(folder, "-o", tmp_path / "out.xlsx")
    sheet = load_workbook(tmp_path / "out.xlsx")["conform"]
    assert [cell.value for cell in sheet["A"]] == ["verdict", "breach", "departs"]


def test_an_overlay_that_breaks_a_floor(tmp_path: Path) -> None:
    folder = city(tmp_path, "85%")
    assert run(folder).exit_code == 0
    cut: Rules = {"tables": {"rate": {"provisions": [CITED | {"rows": [{"value": "70%"}]}]}}}
    overlay = add_document(tmp_path / "desk", cut, "cut", start="2020-01-01", title=SAYS)
    assert run(folder, "--overlay", overlay).exit_code == 1
    check = CliRunner().invoke(app, ["policy", "check", str(folder), "--overlay", str(overlay)])
    assert check.exit_code == 1
    assert "at least 80% (opinion 1: floor), or a waiver" in check.stdout


def test_a_file_of_an_unknown_type_is_code_5(tmp_path: Path) -> None:
    assert run(city(tmp_path, "80%"), "-o", tmp_path / "out.doc").exit_code == 5

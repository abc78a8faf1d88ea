"""`yibao population`: commands, exit codes, both languages."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from yibao.cli import app


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, ["population", *(str(a) for a in args)])


def made(folder: Path, *more: str) -> Path:
    done = call("make", "--persons", "20000", "--years", "1", "-o", folder, *more, "--lang", "en")
    assert done.exit_code == 0, done.output
    return folder


def test_make_and_report(tmp_path: Path) -> None:
    folder = made(tmp_path / "city", "--seed", "4")
    page, table = tmp_path / "report.html", tmp_path / "report.csv"
    done = call("report", folder, "-o", page, "-o", table, "--lang", "en")
    assert done.exit_code == 0, done.output
    assert "38 of 38 targets met, 12 of 12 checks of the files passed" in done.output
    assert "Assumed (grade D), not calibrated" in done.output
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 3
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")  # needs nothing else
    with table.open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 38 + 12
    assert all(row["met"] == "true" for row in rows)


def test_json_is_whole(tmp_path: Path) -> None:
    told = call(
        "make", "--persons", "300", "--years", "1", "-o", tmp_path / "city", "--lines", "--json"
    )
    assert json.loads(told.stdout)["persons"] == 300
    found = call("report", tmp_path / "city", "--json")
    data = json.loads(found.stdout)
    assert data["passed"] is (found.exit_code == 0)
    assert {"target", "achieved", "tolerance", "grade", "scope"} <= set(data["targets"][0])
    assert data["checks"]["lines_agree"] == 0


def test_a_missed_target_is_shown_and_exits_1(tmp_path: Path) -> None:
    folder = made(tmp_path / "city")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["first_year"] = 2020  # its claims are then compared with another year's figures
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    done = call("report", folder, "--lang", "en")
    assert done.exit_code == 1
    assert "MISSED" in done.output
    chinese = call("report", folder, "--lang", "zh")
    assert chinese.exit_code == 1
    assert "未达到" in chinese.output


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        (["--region", "beijing"], 2, "there are: jining, tianjin"),
        (["--persons", "0"], 2, "--persons 0 is not between 1 and 100,000,000"),
        (["--persons", "-5"], 2, "--persons -5 is not between"),
        (["--persons", "100000001"], 2, "not between 1 and 100,000,000"),
        (["--persons", "many"], 2, "should be a valid integer"),
        (["--years", "0"], 2, "0 years from 2019"),
        (["--years", "4"], 2, "tianjin can be made for 2019 to 2021"),
        (["--first-year", "2022"], 2, "has not been found"),
        (["--first-year", "2022", "--years", "1"], 2, "asked for: 1 year from 2022"),
        (["--first-year", "2021", "--years", "2"], 2, "2 years from 2021"),
        (["--region", "jining", "--years", "3"], 2, "jining can be made for 2022 to 2023"),
        (["--seed", "-1"], 2, "--seed -1"),
        (["--threads", "0"], 2, "--threads 0"),
    ],
)
def test_what_cannot_be_made(tmp_path: Path, more: list[str], code: int, told: str) -> None:
    done = call("make", "-o", tmp_path / "city", *more, "--lang", "en")
    assert done.exit_code == code
    assert told in " ".join(done.output.split())
    assert not (tmp_path / "city").exists()


def test_places_that_cannot_be_written_or_read(tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    there = call("make", "--persons", "10", "-o", tmp_path / "city")
    assert there.exit_code == 5
    assert "exists already" in there.output
    none = call("make", "--persons", "10", "-o", tmp_path / "a" / "b")
    assert none.exit_code == 5
    huge = call("make", "--persons", "100000000", "--lines", "-o", tmp_path / "huge")
    assert huge.exit_code == 5
    assert "GB are needed" in huge.output
    empty = call("report", tmp_path / "city", "--json")
    assert empty.exit_code == 4
    assert json.loads(empty.stdout)["error"]["exit_code"] == 4
    assert call("report", tmp_path / "nowhere").exit_code == 4


def test_a_report_is_not_written_where_it_cannot_be(tmp_path: Path) -> None:
    folder = made(tmp_path / "city")
    assert call("report", folder, "-o", tmp_path / "none" / "r.html").exit_code == 5
    assert call("report", folder, "-o", tmp_path / "r.txt").exit_code == 5

"""registry as a user calls it: files, texts, JSON and exit codes, on a real database."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from yibao.cli import app
from yibao.registry.registers import REGISTERS

HOSPITAL = "H12010100001"
INSTITUTIONS = f"institution_id,name,division,level,from\n{HOSPITAL},第一医院,120101,3,2020-01-01\n"


@pytest.fixture(autouse=True)
def _database(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIBAO_DATABASE_URL", url)
    monkeypatch.setenv("YIBAO_LANG", "en")


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, ["registry", *map(str, args)])


def ok(*args: str | Path) -> str:
    result = call(*args)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def institutions(tmp_path: Path) -> Path:
    file = tmp_path / "institutions.csv"
    file.write_text(INSTITUTIONS, encoding="utf-8")
    ok("import", "institution", file)
    return file


def test_kinds_and_columns_are_told() -> None:
    assert [k["name"] for k in json.loads(ok("kinds", "--json"))] == list(REGISTERS)
    assert "institution_id" in ok("kinds")
    told = ok("columns", "drug")
    assert "first_self_pay" in told
    assert "rate 12.5% or 0.125" in told
    names = [c["name"] for c in json.loads(ok("columns", "drug", "--json"))]
    assert names[:2] + names[-2:] == ["code", "name", "from", "to"]


def test_a_template_filled_in_is_imported(tmp_path: Path) -> None:
    file = tmp_path / "diagnoses.csv"
    ok("template", "diagnosis", file)
    assert file.read_text(encoding="utf-8-sig") == "code,name,from,to\n"
    with file.open("a", encoding="utf-8") as stream:
        stream.write("E11.900,2型糖尿病,2020-01-01,\n")
    assert "1 rows read · 1 added · 0 rejected" in ok("import", "diagnosis", file)
    assert "1 rows read · 1 unchanged · 0 rejected" in ok("import", "diagnosis", file)


def test_bad_rows_are_told_written_and_give_exit_code_1(tmp_path: Path) -> None:
    file = tmp_path / "institutions.csv"
    file.write_text(INSTITUTIONS + "H1,乙,120101,3,2020-01-01\n", encoding="utf-8")
    result = call("import", "institution", file)
    assert result.exit_code == 1
    assert "1 added · 1 rejected" in result.stdout
    assert "institutions.csv:3 institution_id = 'H1': an institution's code is H" in result.stderr
    assert "--rejects FILE" in result.stderr
    rejects = tmp_path / "rejects.csv"
    result = call("import", "institution", file, "--rejects", rejects, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["unchanged"], told["rejected"]) == (1, 1)
    assert told["rejected_by_rule"] == {"code_form": 1}
    assert told["files"] == [str(rejects)]
    text = rejects.read_text(encoding="utf-8").replace("H1,", "H12010100002,", 1)
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(text, encoding="utf-8")
    assert "1 added · 0 rejected" in ok("import", "institution", corrected)
    file.write_text(INSTITUTIONS, encoding="utf-8")
    assert "removed" in ok("import", "institution", file, "--rejects", rejects)
    assert not rejects.exists()


def test_a_file_that_cannot_be_read_gives_exit_code_4_and_nothing_lands(tmp_path: Path) -> None:
    file = tmp_path / "institutions.csv"
    file.write_text("institution_id,name\nH1,甲\n", encoding="utf-8")
    result = call("import", "institution", file)
    assert result.exit_code == 4
    assert "the column is missing" in result.stderr
    assert ok("list", "institution", "--json") == "[]\n"


def test_if_what_is_to_be_written_cannot_be_nothing_lands(tmp_path: Path) -> None:
    file = tmp_path / "institutions.csv"
    file.write_text(INSTITUTIONS, encoding="utf-8")
    assert (
        call("import", "institution", file, "--changes", tmp_path / "no" / "c.csv").exit_code == 5
    )
    assert call("import", "institution", file, "--changes", file).exit_code == 2
    both = ("--changes", tmp_path / "a.csv", "--rejects", tmp_path / "a.csv")
    assert call("import", "institution", file, *both).exit_code == 2
    assert ok("list", "institution", "--json") == "[]\n"


def test_entries_are_shown_by_key_and_day_and_exported(institutions: Path, tmp_path: Path) -> None:
    institutions.write_text(
        INSTITUTIONS.replace("2020-01-01", "2021-07-01").replace(",3,", ",2,"), encoding="utf-8"
    )
    assert "1 changed" in ok("import", "institution", institutions)
    found = json.loads(ok("show", "institution", HOSPITAL, "--json"))
    assert [(v["level"], v["from"], v["to"]) for v in found] == [
        ("3", "2020-01-01", "2021-06-30"),
        ("2", "2021-07-01", None),
    ]
    assert "第一医院" in ok("show", "institution", HOSPITAL, "--date", "2021-06-30")
    on_day = json.loads(ok("list", "institution", "--date", "2021-06-30", "--json"))
    assert [v["level"] for v in on_day] == ["3"]
    absent = call("show", "institution", HOSPITAL, "--date", "2019-12-31")
    assert (absent.exit_code, absent.stderr) == (1, "nothing found\n")
    assert call("show", "institution", HOSPITAL, "more").exit_code == 2
    target = tmp_path / "all.xlsx"
    ok("export", "institution", target)
    assert "2 unchanged · 0 rejected" in ok("import", "institution", target)


def test_a_correction_is_asked_for(institutions: Path) -> None:
    institutions.write_text(INSTITUTIONS.replace("第一", "第二"), encoding="utf-8")
    result = call("import", "institution", institutions)
    assert result.exit_code == 1
    assert "give --correct" in result.stderr
    assert "1 corrected" in ok("import", "institution", institutions, "--correct")


def test_a_release_tells_what_it_changed(tmp_path: Path) -> None:
    first, second, changes = (tmp_path / n for n in ("1.csv", "2.csv", "changes.csv"))
    first.write_text("code,name,class\nH1,当归,A\nH2,黄芪,A\n", encoding="utf-8")
    second.write_text("code,name,class\nH1,当归,C\nH3,甘草,A\n", encoding="utf-8")
    ok("import", "herbal", first, "--release", "2020-01-01")
    told = ok("import", "herbal", second, "--release", "2021-03-01", "--changes", changes)
    assert "2 rows read · 1 added · 1 changed · 1 ended · 0 rejected" in told
    with changes.open(encoding="utf-8-sig", newline="") as stream:
        found = {r["code"]: r for r in csv.DictReader(stream)}
    assert {code: row["change"] for code, row in found.items()} == {
        "H1": "changed",
        "H2": "ended",
        "H3": "added",
    }
    assert (found["H1"]["class_before"], found["H1"]["class_after"]) == ("A", "C")


@pytest.mark.usefixtures("institutions")
def test_designation_and_agreement_from_first_to_last() -> None:
    step = ("X1", "--date", "2020-10-01")
    told = ok("designation", "apply", "X1", "--institution", HOSPITAL, "--date", "2020-10-01")
    assert told == "X1: next assess\n"
    signing = ("agreement", "sign", "A1", "--application", "X1", "--date", "2020-11-15",
               "--from", "2020-12-01", "--to", "2021-11-30", "--visit", "inpatient")  # fmt: skip
    skipped = call(*signing)
    assert (skipped.exit_code, skipped.stderr) == (
        6,
        "the next step is to assess: none may be skipped\n",
    )
    assert ok("designation", "assess", *step) == "X1: next negotiate\n"
    assert ok("designation", "negotiate", *step) == "X1: next sign\n"
    assert "in force from 2020-12-01 to 2021-11-30" in ok(*signing)
    assert "X1 is over: sign" in ok("designation", "show", "X1", "--date", "2021-01-01")

    def covers(day: str, visit: str = "inpatient") -> tuple[int, str]:
        result = call("agreement", "covers", HOSPITAL, "--date", day, "--visit", visit,
                      "--scheme", "employee")  # fmt: skip
        return result.exit_code, result.output

    assert covers("2020-12-01") == (0, "covered\n")
    assert covers("2020-11-30") == (
        6,
        "no agreement is in force with the institution on that day\n",
    )
    assert covers("2021-01-01", "outpatient")[0] == 6
    assert call("agreement", "covers", HOSPITAL, "--date", "2021-01-01", "--visit", "flying",
                "--scheme", "employee").exit_code == 2  # fmt: skip
    ok("agreement", "amend", "A1", "--date", "2021-02-01", "--visit", "outpatient")
    assert covers("2021-02-01", "outpatient")[0] == 0
    assert covers("2021-02-01", "inpatient")[0] == 6
    assert call("agreement", "amend", "A1", "--date", "2021-02-05").exit_code == 2
    ok("agreement", "suspend", "A1", "--date", "2021-03-01", "--reason", "over-prescribing")
    assert "suspended" in covers("2021-03-01", "outpatient")[1]
    ok("agreement", "resume", "A1", "--date", "2021-04-01")
    assert ok("agreement", "breach", "A1", "charged twice", "--date", "2021-05-01") == "recorded\n"
    assert "passed" in ok("agreement", "assess", "A1", "--date", "2021-11-01", "--year", "2021",
                          "--score", "85")  # fmt: skip
    assert "2021-12-01 to 2022-11-30" in ok("agreement", "renew", "A2", "--of", "A1", "--to",
                                            "2022-11-30")  # fmt: skip
    assert "terminated" in ok("agreement", "terminate", "A2", "--date", "2022-05-01")
    assert covers("2022-04-30", "outpatient")[0] == 0
    assert covers("2022-05-01", "outpatient")[0] == 6
    shown = json.loads(ok("agreement", "show", "A1", "--json"))
    assert [e["kind"] for e in shown["events"]] == [
        "sign",
        "amend",
        "suspend",
        "resume",
        "breach",
        "assess",
    ]
    assert "over-prescribing" in ok("agreement", "show", "A1")
    assert call("agreement", "show", "A9").exit_code == 6
    assert call("agreement", "renew", "A9", "--of", "A8", "--to", "2022-11-30").exit_code == 6


@pytest.mark.usefixtures("institutions")
def test_quotas_and_refusals(tmp_path: Path) -> None:
    file = tmp_path / "quota.csv"
    file.write_text("division,kind,places,from\n120101,hospital,0,2020-01-01\n", encoding="utf-8")
    ok("import", "quota", file)
    apply = ("designation", "apply", "X1", "--institution", HOSPITAL, "--date", "2020-10-01")
    assert ok(*apply) == "X1 is number 1 on the waiting list\n"
    assert "0 places, 0 used, 0 left" in ok("designation", "quotas", "--date", "2020-10-01")
    (quota,) = json.loads(ok("designation", "quotas", "--date", "2020-10-01", "--json"))
    assert quota["available"] == 0
    refuse = ("designation", "refuse", "X1", "--date", "2020-10-02", "--reason")
    assert call(*refuse, "bad mood").exit_code == 2
    assert ok(*refuse, "documents") == "documents are lacking\n"


def test_supplements_are_counted_by_batch(tmp_path: Path) -> None:
    batch, drug = tmp_path / "batch.csv", tmp_path / "drug.csv"
    batch.write_text("batch,name,removal_on,from\nB2,二,2021-12-31,2019-01-01\n", encoding="utf-8")
    drug.write_text(
        "code,name,class,source,batch,from,to\nL1,药,A,local,B2,2019-01-01,2021-12-31\n",
        encoding="utf-8",
    )
    ok("import", "supplement_batch", batch)
    ok("import", "drug", drug)
    (found,) = json.loads(ok("supplements", "--date", "2022-01-01", "--json"))
    assert (found["planned"], found["removed"], found["share"]) == (1, 1, "100%")
    assert "B2" in ok("supplements", "--date", "2022-01-01")


def test_a_register_that_does_not_exist_and_a_database_without_a_schema(
    empty_url: str, tmp_path: Path
) -> None:
    result = call("list", "institutions")
    assert result.exit_code == 2
    assert "did you mean institution?" in result.stderr
    result = call("list", "institution", "--database", empty_url)
    assert result.exit_code == 1
    assert "yibao db upgrade" in result.stderr

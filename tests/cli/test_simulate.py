"""`yibao simulate`: reports from files, exit codes, messages."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from yibao.cli import app, exit_codes
from yibao.cli.sample import write_city

REFORMS = Path(__file__).parents[2] / "examples" / "reforms"
RATE = REFORMS / "tianjin-resident-inpatient-rate@2019-01-01"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("population")
    write_city(made, "tianjin", 60)
    return made


def run(*args: object, code: int = exit_codes.OK) -> str:
    result = CliRunner().invoke(app, ["simulate", *map(str, args)])
    assert result.exit_code == code, result.output
    return result.output


def reform(folder: Path, *more: object, code: int = exit_codes.OK) -> str:
    given = ("--policy", "tianjin", "--population", folder, "--draws", 100)
    return run(*given, *more, code=code)


def test_it_writes_every_kind_of_report(folder: Path, tmp_path: Path) -> None:
    targets = [tmp_path / f"report{kind}" for kind in (".html", ".xlsx", ".json")]
    outputs = [part for target in targets for part in ("-o", target)]
    told = reform(folder, "--reform", RATE, "--year", 2019, *outputs, "--lang", "en")
    assert "Who pays what" in told
    assert "80% → 85%" in told
    assert targets[0].read_text(encoding="utf-8").startswith("<!doctype html>")
    assert targets[1].read_bytes()[:2] == b"PK"
    data = json.loads(targets[2].read_text(encoding="utf-8"))
    assert (data["persons"], data["years"]) == (60, [2019])
    assert sorted(tmp_path.iterdir()) == sorted(targets)


def test_json_on_stdout(folder: Path) -> None:
    data = json.loads(reform(folder, "--reform", RATE, "--no-marginal", "--json"))
    assert [one["name"] for one in data["reforms"]] == ["tianjin-resident-inpatient-rate"]


def test_several_reforms_are_told_side_by_side(folder: Path) -> None:
    other = REFORMS / "tianjin-serious-illness-start@2019-01-01"
    told = reform(folder, "--reform", RATE, "--reform", other, "--no-marginal", "--lang", "zh")
    assert "各方案对照" in told


def test_a_reform_given_twice_is_refused(folder: Path, tmp_path: Path) -> None:
    again = RATE.parent / ".." / "reforms" / RATE.name
    told = reform(folder, "--reform", RATE, "--reform", again, code=exit_codes.USAGE)
    assert "given twice" in told
    copy = tmp_path / RATE.name.replace("rate", "same")
    shutil.copytree(RATE, copy)
    told = reform(folder, "--reform", RATE, "--reform", copy, code=exit_codes.USAGE)
    assert "the same documents" in told


def test_a_reform_that_is_not_finished_says_so(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / RATE.name
    shutil.copytree(RATE, copy)
    file = copy / "document.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "# TODO: a title\n", encoding="utf-8")
    told = " ".join(reform(folder, "--reform", copy, "--no-marginal", "--lang", "en").split())
    assert "not finished: there is a TODO at document.yaml:" in told
    assert "TODO" not in reform(folder, "--reform", RATE, "--no-marginal", "--lang", "en")


def test_an_overlay_that_addresses_nothing_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in RATE.iterdir():
        if file.name == "document.yaml":
            target = tmp_path / RATE.name / file.name
            target.parent.mkdir()
            target.write_bytes(file.read_bytes())
    reform(folder, "--reform", tmp_path / RATE.name, code=exit_codes.PACK)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("-o", "report.pdf"), "expected .html, .xlsx, .json"),
        (("--elasticity", "outpatient=0.2,0,0"), "expected -900 to 0"),
        (("--elasticity", "dental=-0.2,0,0"), "KIND=LOW,CENTRAL,HIGH"),
        (("--elasticity", "outpatient=-0.2"), "KIND=LOW,CENTRAL,HIGH"),
        (("--elasticity", "outpatient=0,0,0", "--elasticity", "outpatient=0,0,0"), "one of each"),
        (("--line", "12,000"), "not an amount"),
        (("--subsistence", "1.234"), "not an amount"),
        (("--draws", "5"), "at least 40"),
        (("--policy", "atlantis"), "no policy"),
    ],
)
def test_wrong_usage_is_told(folder: Path, more: tuple[str, ...], told: str) -> None:
    assert told in " ".join(reform(folder, "--reform", RATE, *more, code=exit_codes.USAGE).split())


def test_what_must_be_given_is_told(folder: Path) -> None:
    told = run("--policy", "tianjin", code=exit_codes.USAGE)
    assert "--reform, --population must be given" in told


def test_a_folder_without_a_population_is_told(tmp_path: Path) -> None:
    assert "has no persons" in reform(tmp_path, "--reform", RATE, code=exit_codes.INPUT)


def test_a_year_without_claims_is_told(folder: Path) -> None:
    told = reform(folder, "--reform", RATE, "--year", 2001, code=exit_codes.INPUT)
    assert "no claims of 2001" in told


def test_a_failed_run_leaves_no_file(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    reform(folder, "--reform", tmp_path / "nothing", "-o", target, code=exit_codes.PACK)
    assert not list(tmp_path.iterdir())


def test_search_writes_its_reports(folder: Path, tmp_path: Path) -> None:
    targets = [tmp_path / f"found{kind}" for kind in (".html", ".xlsx", ".json")]
    outputs = [part for target in targets for part in ("-o", target)]
    given = ("--policy", "tianjin", "--population", folder, "--targets", REFORMS / "search.yaml")
    told = run("search", *given, "--most", 6, "--year", 2019, *outputs, "--lang", "en")
    assert "The frontier" in told
    data = json.loads(targets[2].read_text(encoding="utf-8"))
    assert (data["settings"], data["complete"]) == (121, False)
    assert data["tried"] <= 6
    assert "Plotly" in targets[0].read_text(encoding="utf-8")


def test_a_misspelt_table_is_told_before_the_population_is_read(tmp_path: Path) -> None:
    file = tmp_path / "search.yaml"
    file.write_text(_SEARCH.replace("_inpatient_rate", "_inpatient_rat"), encoding="utf-8")
    given = ("--policy", "tianjin", "--population", tmp_path / "none", "--targets", file)
    told = run("search", *given, "--lang", "en", code=exit_codes.INPUT)
    assert "there is no table 'resident_inpatient_rat'" in told


_SEARCH = (REFORMS / "search.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "search.yaml:1: found nothing; expected parameters, targets and perhaps trade"),
        ("parameters: 3\ntargets: []\n", "search.yaml:1: found 3; expected a list of parameters"),
        (_SEARCH.replace("to: 10, step: 1", 'to: 100, step: "0.01"'), "take a larger step"),
        (_SEARCH.replace("step: 1", "step: 0"), "a step above 0"),
        (_SEARCH.replace("resident_inpatient_rate", "nothing"), "no table 'nothing'"),
        (_SEARCH.replace("}, at_most", "}, at_mos"), "found at_mos; expected among at_least, at_m"),
        (_SEARCH.replace("trade:", "trad:"), "found trad; expected among parameters, targets, t"),
    ],
)
def test_search_says_what_is_wrong_with_its_file(
    folder: Path, tmp_path: Path, content: str, told: str
) -> None:
    assert content != _SEARCH
    file = tmp_path / "search.yaml"
    file.write_text(content, encoding="utf-8")
    given = ("--policy", "tianjin", "--population", folder, "--targets", file, "--lang", "en")
    assert told in " ".join(run("search", *given, code=exit_codes.INPUT).split())
    result = CliRunner().invoke(app, ["simulate", "search", *map(str, given), "--json"])
    assert json.loads(result.stdout)["error"]["exit_code"] == exit_codes.INPUT

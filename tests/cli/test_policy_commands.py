"""`yibao policy …`: what is printed, what is JSON, and which exit code says what."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_pack import CITED, LAYERS, Rules, add_document, add_region, step, table
from typer.testing import CliRunner

from yibao.cli import app, exit_codes

ROOT = Path(__file__).parents[2]
PAY = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")


def yibao(*args: str | Path, code: int = 0) -> str:
    """Run a command; return standard output, or standard error where it must fail."""
    result = CliRunner().invoke(app, [str(a) for a in args], env={"YIBAO_LANG": "en"})
    assert result.exit_code == code, result.output
    return result.stdout if code in (0, 1) else result.stderr


def data(*args: str | Path, code: int = 0) -> Any:
    """Run a command with --json; return what it printed."""
    return json.loads(yibao(*args, "--json", code=code))


def make_region(folder: Path, rate: Rules | None = None) -> Path:
    """Write a region of one document that pays at `rate`, half by default."""
    rules: Rules = {"layers": [CITED | {"order": LAYERS}], "steps": [PAY]}
    rules["tables"] = {"rate": rate or table("rate", "50%")}
    add_document(add_region(folder), rules)
    return folder


TORN = table("rate", [{"level": "1", "value": "50%"}], {"level": ["1", "2"]})


# --- list, show, diff ---------------------------------------------------------------------------


def test_list_names_regions_documents_and_validity() -> None:
    text = yibao("policy", "list")
    assert "tianjin  Tianjin  120000" in text
    assert "2016-06-23 – 2021-06-22" in text
    regions = {r["region"]: r for r in data("policy", "list")}
    assert set(regions) >= {"tianjin", "jining"}
    (opinion,) = [d for d in regions["tianjin"]["documents"] if d["id"] == "2016-opinion"]
    assert (opinion["number"], opinion["first"], opinion["last"]) == (
        "津政发〔2016〕17号",
        "2016-06-23",
        "2021-06-22",
    )


def test_show_of_a_table_by_band_and_age(tmp_path: Path) -> None:
    rows: list[Rules] = [
        {"age": {"below": 60}, "missing": "not published"},
        *({"age": {"from": 60}, "band": band, "value": f"{band}0%"} for band in ("1", "2")),
    ]
    keys = {"band": ["1", "2"], "age": [0, 60]}
    region = make_region(tmp_path / "city", None)
    add_document(region, {"tables": {"by_band": table("rate", rows, keys)}}, "bands")
    told = yibao("policy", "show", region, "--date", "2023-06-01", "--table", "by_band")
    assert "age=60 and over" in told
    assert "band=2" in told


def test_show_gives_the_figure_with_its_document() -> None:
    args = ("policy", "show", "tianjin", "--date", "2017-01-01", "--table", "pharmacy_rate")
    text = yibao(*args)
    (row,) = [line for line in text.splitlines() if "scheme=employee" in line]
    assert row.split()[:5] == ["scheme=employee", "65%", "A", "2016-opinion", "四（十六）"]
    assert row.split()[5:] == ["2017-01-01", "–", "2021-12-31"]
    figures = {f["key"]["scheme"][0]: f["value"] for f in data(*args)["figures"]}
    assert figures == {"employee": "65%", "resident": "50%"}


def test_show_says_ages_as_ranges_and_obeys_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    args = ("policy", "show", "tianjin", "--date", "2022-03-01", "--table", "outpatient_deductible")
    text = yibao(*args)
    assert "age=0–69" in text
    assert "age=70 and over" in text
    assert all(len(line) <= 80 and line == line.rstrip() for line in text.splitlines())
    assert "age=70岁及以上" in yibao(*args, "--lang", "zh")


def test_names_that_are_nearly_right_are_hinted() -> None:
    args = ("policy", "show", "tianjin", "--table", "outpatient_deductibel")
    assert "did you mean 'outpatient_deductible'?" in yibao(*args, code=exit_codes.USAGE)
    told = yibao("policy", "show", "tianjn", code=exit_codes.PACK)
    assert "did you mean 'tianjin'?" in told
    args = ("policy", "show", "tianjin", "--without", "2016-opinon")
    assert "did you mean '2016-opinion'?" in yibao(*args, code=exit_codes.PACK)


def test_a_pack_is_called_by_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_region(tmp_path / "mine"))
    assert set(data("policy", "check", ".", "--as-of", "2000-01-01")) == {"mine"}
    assert yibao("policy", "show", ".", "--date", "2010-01-01").startswith("mine  ")


def test_cases_of_an_overlay(tmp_path: Path) -> None:
    overlay = ROOT / "examples" / "overlays" / "jining-outpatient-rate@2021-01-01"
    text = yibao("policy", "cases", "jining", "--overlay", overlay)
    assert "ten-yuan-deductible-abolished" in text
    assert "inpatient" not in text
    yibao("policy", "cases", "--overlay", overlay, code=exit_codes.USAGE)
    yibao("policy", "cases", "jining", "--overlay", tmp_path, code=exit_codes.INPUT)


def test_show_uses_the_language_asked_for() -> None:
    args = ("policy", "show", "tianjin", "--date", "2017-01-01", "--table", "pharmacy_rate")
    assert "可信度" in yibao(*args, "--lang", "zh")
    assert "可信度" not in yibao(*args, "--lang", "en")


def test_show_everything_has_steps_layers_and_what_is_missing() -> None:
    shown = data("policy", "show", "jining", "--date", "2022-01-01")
    assert shown["day"] == "2022-01-01"
    assert shown["layers"][0] == "basic"
    assert [s["order"] for s in shown["steps"] if s["phase"] == "claim"][:1] == [
        min(s["order"] for s in shown["steps"])
    ]
    assert all(m["why"] for m in shown["missing"])
    assert {m["table"] for m in shown["missing"]}


def test_show_with_overlay_without_document_and_as_known(tmp_path: Path) -> None:
    region = make_region(tmp_path / "region")
    change = {"tables": {"rate": table("rate", "70%")}}
    overlay = add_document(tmp_path, change, "reform", start="2010-01-01", known="2011-01-01")

    def rate(*more: str | Path) -> str:
        args = ("policy", "show", region, "--date", "2010-06-01", "--table", "rate")
        (figure,) = data(*args, *more)["figures"]
        return str(figure["value"])

    assert rate() == "50%"
    assert rate("--overlay", overlay) == "70%"
    assert rate("--overlay", overlay, "--known", "2010-12-31") == "50%"
    assert rate("--overlay", overlay, "--without", "reform") == "50%"


def test_show_marks_a_figure_below_the_accepted_grade(tmp_path: Path) -> None:
    guess = table("rate", "50%", grade="D", source="a guess")
    args = ("policy", "show", make_region(tmp_path, guess), "--date", "2010-01-01")
    assert "D!" in yibao(*args)
    accepted = yibao(*args, "--accept-grade", "D")
    assert "D!" not in accepted
    assert " D " in accepted


def test_diff_is_the_amendment(tmp_path: Path) -> None:
    region = make_region(tmp_path)
    add_document(tmp_path, {"tables": {"rate": table("rate", "70%")}}, "reform", start="2010-01-01")
    (change,) = data("policy", "diff", region, "2009-12-31", "2010-01-01")["figures"]
    assert (change["table"], change["before"]["value"], change["after"]["value"]) == (
        "rate",
        "50%",
        "70%",
    )
    text = yibao("policy", "diff", region, "2009-12-31", "2010-01-01")
    assert text.splitlines() == [
        "Rates",
        "  an example: 50% → 70% (+20 points), from 2010-01-01 by reform 1 (until then rules 1)",
    ]
    assert yibao("policy", "diff", region, "2009-01-01", "2009-12-31") == "no change\n"


def test_diff_with_and_without_an_overlay_and_between_two_folders(tmp_path: Path) -> None:
    one = make_region(tmp_path / "one")
    other = make_region(tmp_path / "other", table("rate", "60%"))
    change = {"tables": {"rate": table("rate", "70%")}}
    overlay = add_document(tmp_path, change, "reform", start="2010-01-01")
    told = [
        yibao("policy", "diff", one, "2010-01-01", "--overlay", overlay),
        yibao("policy", "diff", one, other, "2010-01-01"),
        yibao("policy", "diff", one, other, "--date", "2010-01-01"),
        yibao("policy", "diff", one, "2010-01-01", "2011-01-01", "--overlay", overlay),
    ]
    changes = [text.splitlines()[-1].partition(",")[0].strip() for text in told]
    up = "an example: 50% → 60% (+10 points)"
    assert changes == ["an example: 50% → 70% (+20 points)", up, up, "no change"]
    found = data("policy", "diff", one, other, "2010-01-01")
    assert [s["group"] for s in found["sentences"]] == ["rates"]
    assert found["sentences"][0]["text"]["zh"].startswith("例：50% → 60%（+10个百分点）")


@pytest.mark.parametrize("more", [["2010-01-01"], ["a", "b", "2010-01-01"], ["jining"]])
def test_diff_of_one_state_alone_says_how_to_ask(more: list[str]) -> None:
    told = " ".join(yibao("policy", "diff", "tianjin", *more, code=exit_codes.USAGE).split())
    assert "expected REGION DATE1 DATE2" in told


# --- check, cases -------------------------------------------------------------------------------


def test_check_of_all_that_ship_passes() -> None:
    found = data("policy", "check", "--as-of", "2016-01-01")
    assert set(found) >= {"tianjin", "jining"}


def test_check_exits_with_1_on_errors_and_0_on_warnings(tmp_path: Path) -> None:
    torn = make_region(tmp_path / "torn", TORN)
    text = yibao("policy", "check", torn, code=exit_codes.FINDINGS)
    assert "rules.yaml:1: error (coverage): found no row of rate for level=2" in text
    (findings,) = data("policy", "check", torn, code=exit_codes.FINDINGS).values()
    assert [(f["severity"], f["check"], f["line"]) for f in findings] == [("error", "coverage", 1)]

    ending = make_region(tmp_path / "ending", table("rate", "50%", to="2010-01-31"))
    assert "1 warning" in yibao("policy", "check", ending, "--as-of", "2010-01-01")
    assert "passed" in yibao("policy", "check", ending, "--as-of", "2000-01-01")


def test_pack_that_does_not_load_is_code_3_and_one_line_a_defect(tmp_path: Path) -> None:
    region = make_region(tmp_path, table("rate", "150%"))
    for args in (("check", region), ("show", region), ("diff", region, "2001-01-01", "2002-01-01")):
        told = yibao("policy", *args, code=exit_codes.PACK)
        assert told.splitlines() == [
            f'{region}/rules@2000-01-01/rules.yaml:1: found 150% is above 100 %; expected "65%"'
        ]


def cases(folder: Path, paid: str) -> Path:
    """Write a region with one case that expects `paid`."""
    region = make_region(folder)
    event = {"date": "2010-01-01", "visit": "inpatient", "in_scope": "100.00"}
    case = {
        "id": "half",
        "title": {"zh": "例", "en": "an example"},
        "clauses": ["X-1"],
        "person": {"scheme": "resident", "category": "adult"},
        "events": [event | {"expect": {"pool_pay": paid}}],
    }
    text = json.dumps({"cases": [case]})
    (region / "rules@2000-01-01" / "cases.yaml").write_text(text, encoding="utf-8")
    return region


def test_cases_pass_or_fail_with_expected_and_found(tmp_path: Path) -> None:
    assert "1/1 cases passed" in yibao("policy", "cases", cases(tmp_path / "good", "50.00"))
    bad = cases(tmp_path / "bad", "49.99")
    text = yibao("policy", "cases", bad, code=exit_codes.FINDINGS)
    assert "event 1: pool_pay is 50.00, expected 49.99" in text
    assert "0/1 cases passed" in text
    ((verdict,),) = data("policy", "cases", bad, code=exit_codes.FINDINGS).values()
    assert (verdict["id"], verdict["passed"], verdict["clauses"]) == ("half", False, ["X-1"])


# --- coverage -----------------------------------------------------------------------------------

MARKED = """\
import pytest

pytestmark = pytest.mark.clause("A-3")


@pytest.mark.clause("A-1", "Z-9")
def test_one(): ...


@pytest.mark.other("A-2")
def test_two(): ...
"""


def inventory(folder: Path) -> tuple[Path, Path]:
    """Write an inventory of four clauses and a folder of tests that mark some."""
    file = folder / "clauses.yaml"
    file.write_text(
        "".join(
            f"- {{id: {i}, region: {region}, subsystem: settlement, tier: {tier}, en: e, zh: z}}\n"
            for i, region, tier in (
                ("A-1", "Tianjin", "core"),
                ("A-2", "Tianjin", "core"),
                ("A-3", "Tianjin", "platform"),
                ("J21-8", "Jining", "core"),
            )
        )
    )
    tests = folder / "tests"
    tests.mkdir()
    (tests / "test_marked.py").write_text(MARKED)
    return file, tests


def test_coverage_reads_marks_and_cases(tmp_path: Path) -> None:
    file, tests = inventory(tmp_path)
    found = data("policy", "coverage", "--clauses", file, "--tests", tests)
    covered = {c["id"]: c["covered"] for c in found["clauses"]}
    assert covered == {"A-1": True, "A-2": False, "A-3": True, "J21-8": True}
    places = {c["id"]: c["tests"] for c in found["clauses"]}
    assert places["A-1"] == [f"{tests / 'test_marked.py'}:6"]
    (jining,) = [c for c in found["clauses"] if c["id"] == "J21-8"]
    assert jining["cases"]
    assert jining["tests"] == []
    assert found["unknown"]["Z-9"] == [f"{tests / 'test_marked.py'}:6"]


def test_coverage_selects_and_is_strict_on_request(tmp_path: Path) -> None:
    file, tests = inventory(tmp_path)
    args = ("policy", "coverage", "--clauses", file, "--tests", tests)
    chosen = data(*args, "--region", "tianjin", "--tier", "core")["clauses"]
    assert [c["id"] for c in chosen] == ["A-1", "A-2"]
    assert "1/2 clauses covered" in yibao(*args, "--region", "Tianjin", "--tier", "core")
    yibao(*args, "--tier", "core", "--strict", code=exit_codes.FINDINGS)


def test_coverage_gives_the_share_by_region_tier_and_subsystem(tmp_path: Path) -> None:
    """A-1 is marked, A-2 not; A-3 is platform and marked; J21-8 has cases in the pack."""
    file, tests = inventory(tmp_path)
    args = ("policy", "coverage", "--clauses", file, "--tests", tests)
    told = [
        (s["region"], s["tier"], s["subsystem"], s["covered"], s["total"])
        for s in data(*args)["shares"]
    ]
    assert told == [
        ("Tianjin", "core", "settlement", 1, 2),
        ("Tianjin", "platform", "settlement", 1, 1),
        ("Jining", "core", "settlement", 1, 1),
        ("", "core", "", 2, 3),
        ("", "platform", "", 1, 1),
        ("", "", "", 3, 4),
    ]
    text = yibao(*args, "--tier", "core", "--summary")
    assert "A-1" not in text
    assert "platform" not in text
    (row,) = [line for line in text.splitlines() if "Tianjin" in line]
    assert row.split() == ["Tianjin", "core", "settlement", "1/2", "50%"]
    assert text.splitlines()[-1] == "2/3 clauses covered (cases+tests)"


def test_coverage_of_nothing_selected_is_no_share(tmp_path: Path) -> None:
    file, tests = inventory(tmp_path)
    args = ("policy", "coverage", "--clauses", file, "--tests", tests, "--tier", "none")
    assert "0/0 clauses covered" in yibao(*args)


def test_strict_coverage_of_the_project_knows_every_clause_that_is_named() -> None:
    args = ("policy", "coverage", "--clauses", ROOT / "docs" / "clauses.yaml")
    assert data(*args, "--tests", ROOT / "tests")["unknown"] == {}


@pytest.mark.parametrize("text", ["", "a: b", "- {name: x}", "- [", "\xff"])
def test_inventory_that_is_none_is_code_4(tmp_path: Path, text: str) -> None:
    file = tmp_path / "clauses.yaml"
    file.write_bytes(text.encode("latin-1"))
    told = yibao("policy", "coverage", "--clauses", file, code=exit_codes.INPUT)
    assert told.startswith(str(file))


def test_files_that_are_not_there_are_code_4(tmp_path: Path) -> None:
    args = ("policy", "coverage", "--clauses")
    assert "No such file" in yibao(*args, tmp_path / "x.yaml", code=exit_codes.INPUT)
    file, _ = inventory(tmp_path)
    yibao(*args, file, "--tests", tmp_path / "nothing", code=exit_codes.INPUT)


# --- the frame ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["policy", "show", "nowhere"], "no region 'nowhere'"),
        (["policy", "show", "tianjin", "--without", "x"], "no document 'x' to leave out"),
    ],
)
def test_what_does_not_exist_is_code_3(args: list[str], told: str) -> None:
    assert told in yibao(*args, code=exit_codes.PACK)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["policy", "show", "tianjin", "--date", "2021-02-30"], "is not a day such as 2021-06-22"),
        (["policy", "show", "tianjin", "--table", "x"], "no table 'x'; there are: "),
        (["policy", "shwo"], "No such command 'shwo'"),
        (["policy", "check", "--colour"], "No such option"),
    ],
)
def test_wrong_usage_is_code_2(args: list[str], told: str) -> None:
    assert told in yibao(*args, code=exit_codes.USAGE)


def test_exit_codes_are_listed_in_both_places() -> None:
    assert data("exit-codes")["3"] == "a rule pack does not load"
    text = " ".join(yibao("--help").split())
    assert all(f"{code} {en}" in text for code, (_, en) in exit_codes.TABLE.items())


@pytest.mark.parametrize(
    "command", ["list", "show", "check", "diff", "cases", "coverage", "conform"]
)
def test_help_of_every_command_shows_an_example(command: str) -> None:
    assert f"Example: yibao policy {command}" in yibao("policy", command, "--help")


@pytest.mark.parametrize(
    "command",
    [
        "settle",
        "explain",
        "schema",
        "sample city",
        *(f"contributions {name}" for name in ("quote", "coverage")),
        *(f"accounts quote {name}" for name in ("credit", "use", "withdraw", "interest", "close")),
    ],
)
def test_example_in_the_help_of_other_commands_runs_as_it_stands(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = yibao(*command.split(), "--help")
    assert f"Example: yibao {command} " in told
    example = told[told.index("Example: ") :].split("\n\n")[0].removeprefix("Example: ")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    for line in re.split(r"\n\s+(?=yibao )", example):
        yibao(*line.split()[1:])


def test_defect_of_ours_is_code_70(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("yibao.cli.policy_pages.list_", broken)
    told = yibao("policy", "list", code=exit_codes.DEFECT)
    assert "RuntimeError: a bug" in told
    assert "please report it" in told


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "yibao.cli", *args], capture_output=True, text=True, check=False
    )


def test_real_process_prints_json_and_the_exit_code() -> None:
    done = run("policy", "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "tianjin" in {region["region"] for region in json.loads(done.stdout)}
    failed = run("policy", "show", "nowhere")
    assert (failed.returncode, failed.stdout) == (exit_codes.PACK, "")
    assert "Traceback" not in failed.stderr


def test_help_imports_nothing_heavy() -> None:
    heavy = (
        "pyarrow",
        "openpyxl",
        "jsonschema_rs",
        "rich",
        "yaml",
        "yibao.policy",
        "yibao.settlement",
    )
    code = (
        "import sys; from yibao.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print(sorted(set(sys.modules) & set({heavy!r})), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "policy" in done.stdout

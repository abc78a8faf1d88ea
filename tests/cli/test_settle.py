"""settle, explain, schema and sample as a user calls them: files, texts and exit codes."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

import pytest
from claim_files import CLAIM, GOOD, PERSON, REVERSAL, Row, write
from typer.testing import CliRunner, Result

from yibao.cli import app, bulk_choice, bulk_run
from yibao.cli.settle_report import standing_of
from yibao.money import parse_rate
from yibao.settlement.indicators import targets

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args])


def settle(
    folder: Path, claims: Sequence[Row], *more: str | Path, persons: Sequence[Row] = (PERSON,)
) -> Result:
    files = write(folder / "claims.csv", claims), write(folder / "persons.csv", persons)
    out = folder / "out.csv"
    return call("settle", files[0], "--persons", files[1], "--policy", "tianjin", "-o", out, *more)


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


# --- settle ---------------------------------------------------------------------------------------


def test_good_rows_exit_0_and_leave_no_rejects(tmp_path: Path) -> None:
    result = settle(tmp_path, [CLAIM])
    assert result.exit_code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["claims.csv", "out.csv", "persons.csv"]
    (row,) = rows(tmp_path / "out.csv")
    assert (row["claim_id"], row["kind"], row["pool_pay"]) == ("C1", "claim", "32.50")


def test_bad_rows_exit_1_and_are_kept(tmp_path: Path) -> None:
    result = settle(tmp_path, [CLAIM, {**GOOD, "level": "9"}], "--lang", "en")
    assert result.exit_code == 1
    assert [r["claim_id"] for r in rows(tmp_path / "out.csv")] == ["C1"]
    (row,) = rows(tmp_path / "out.rejects.csv")
    assert row["claim_id"] == "GOOD"
    assert (row["row"], row["column"], row["value"], row["rule"]) == (
        "3",
        "level",
        "9",
        "known_code",
    )
    assert "no such code" in result.stderr


def test_bad_persons_have_a_file_of_their_own(tmp_path: Path) -> None:
    result = settle(tmp_path, [CLAIM], persons=[{**PERSON, "category": "?"}])
    assert result.exit_code == 1
    assert rows(tmp_path / "out.rejects.persons.csv")[0]["rule"] == "known_code"
    assert rows(tmp_path / "out.rejects.csv")[0]["rule"] == "person_rows_valid"


def test_files_of_an_earlier_run_do_not_stay(tmp_path: Path) -> None:
    settle(tmp_path, [{**CLAIM, "level": "9"}], "--explain")
    result = settle(tmp_path, [CLAIM], "--lang", "en")
    assert result.exit_code == 0
    for name in ("rejects", "explanation"):
        assert f"left by an earlier run: {tmp_path / f'out.{name}.csv'}" in result.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["claims.csv", "out.csv", "persons.csv"]


def test_no_empty_rejects_even_when_asked(tmp_path: Path) -> None:
    result = settle(tmp_path, [CLAIM], "--rejects", tmp_path / "bad.csv", "--json")
    assert json.loads(result.stdout)["files"] == [str(tmp_path / "out.csv")]
    assert not (tmp_path / "bad.csv").exists()


def test_reversals_are_negative_rows(tmp_path: Path) -> None:
    assert (
        settle(tmp_path, [CLAIM, {**REVERSAL, "claim_id": "R1", "reverses": "C1"}]).exit_code == 0
    )
    claim, taken = rows(tmp_path / "out.csv")
    assert (taken["kind"], taken["reverses"], taken["day"]) == ("reversal", "C1", "2019-03-01")
    for name in ("total", "in_scope", "deductible", "pool_pay", "cash_pay"):
        assert taken[name] == f"-{claim[name]}"


def test_explanation_lines_in_both_languages(tmp_path: Path) -> None:
    for language, word in (("zh", "起付"), ("en", "deductible")):
        assert settle(tmp_path, [CLAIM], "--explain", "--lang", language).exit_code == 0
        lines = rows(tmp_path / "out.explanation.csv")
        assert {line["claim_id"] for line in lines} == {"C1"}
        assert any(word in line["says"] for line in lines)
        assert any(line["value"] == "32.50" for line in lines)
        assert all(line["cite"] for line in lines)


def test_excel_has_sheets_instead_of_files(tmp_path: Path) -> None:
    import openpyxl

    files = write(tmp_path / "c.csv", [CLAIM]), write(tmp_path / "p.csv", [PERSON])
    out = tmp_path / "out.xlsx"
    args = ["--policy", "tianjin", "-o", out, "--explain"]
    assert call("settle", files[0], "--persons", files[1], *args).exit_code == 0
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["settlements", "explanation", "columns"]
    for page in book.worksheets:
        assert page.freeze_panes == "A2"
        assert page.column_dimensions["C"].width > 10
    titles = {(r[0], r[1]): r[2:] for r in book["columns"].iter_rows(values_only=True)}
    assert titles["settlements", "pool_pay"] == ("统筹基金支付", "Pooled fund")
    assert all(all(row) for row in titles.values())
    head, *lines = book["explanation"].iter_rows(values_only=True)
    values = [line[head.index("value")] for line in lines]
    assert 32.5 in values
    assert all(isinstance(value, int | float) for value in values)


def test_summary_as_json(tmp_path: Path) -> None:
    result = settle(tmp_path, [CLAIM, {**GOOD, "level": "9"}], "--json")
    data = json.loads(result.stdout)
    assert (data["settled"], data["rejected"]) == (1, {"claims": 1, "persons": 0})
    assert data["sums"]["employee"]["pool_pay"] == "32.50"
    assert data["rejected_by_rule"] == {"known_code": 1}
    assert data["indicators"]["P25-K04"]["value"] is None


def test_splitting_files_changes_nothing(tmp_path: Path) -> None:
    """The examples of Tianjin in one file, and one row a file in reverse order."""
    persons = EXAMPLES / "tianjin" / "persons.csv"
    whole = EXAMPLES / "tianjin" / "claims.csv"
    parts = [write(tmp_path / f"{n}.csv", [row]) for n, row in enumerate(rows(whole))]
    outs = tmp_path / "one.csv", tmp_path / "many.csv"
    for out, files in zip(outs, ([whole], reversed(parts)), strict=True):
        result = call("settle", *files, "--persons", persons, "--policy", "tianjin", "-o", out)
        assert result.exit_code == 0, result.output
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_years_chain_by_opening_and_closing(tmp_path: Path) -> None:
    """Two years at once, and the second from the closing states of the first."""
    persons = [{**PERSON, "from": "2017-01-01"}]
    days = ("2017-05-01", "2018-05-01")
    years = [
        {**CLAIM, "claim_id": f"C{n}", "total": "1650.00", "in_scope": "1500.00"}
        | dict.fromkeys(("admitted_on", "discharged_on", "settled_at"), day)
        for n, day in enumerate(days)
    ]
    years[0] |= {"total": "650.00", "in_scope": "500.00"}  # a low year: 2018 has 700 for 800
    for suffix in (".csv", ".parquet", ".xlsx"):
        closing = tmp_path / f"closing{suffix}"
        assert settle(tmp_path, years, persons=persons).exit_code == 0
        both = rows(tmp_path / "out.csv")
        assert settle(tmp_path, years[:1], "--closing", closing, persons=persons).exit_code == 0
        result = settle(tmp_path, years[1:], "--opening", closing, persons=persons)
        assert result.exit_code == 0, result.output
        assert rows(tmp_path / "out.csv") == both[1:]
        assert "!" not in result.stdout
    assert both[1]["deductible"] == "700.00"


def test_bad_opening_states_exit_4(tmp_path: Path) -> None:
    opening = tmp_path / "opening.csv"
    opening.write_text("person_id,year,outpatient_carry\nP1,2019,1.005\nP2,19,\n")
    result = settle(tmp_path, [CLAIM], "--opening", opening, "--lang", "en")
    assert result.exit_code == 4
    assert "opening.csv:2 outpatient_carry = '1.005'" in result.stderr
    assert "opening.csv:3 year = '19'" in result.stderr


def test_a_notice_when_earlier_years_are_unknown(tmp_path: Path) -> None:
    result = settle(tmp_path, [CLAIM], "--json", persons=[{**PERSON, "from": "2018-01-01"}])
    (notice,) = json.loads(result.stdout)["notices"]
    assert notice["en"].startswith("1 persons were insured in years before")


# --- exit codes -----------------------------------------------------------------------------------


def test_usage_exits_2(tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", [CLAIM])
    unknown = call(
        "settle", file, "--persons", file, "--policy", "tianjn", "-o", tmp_path / "o.csv"
    )
    assert unknown.exit_code == 2
    same = call("settle", file, "--persons", file, "--policy", "tianjin", "-o", file)
    assert same.exit_code == 2
    assert settle(tmp_path, [CLAIM], "--known", "yesterday").exit_code == 2


@pytest.mark.parametrize("name", ["rejects", "rejects.persons", "explanation", "differences"])
def test_no_output_replaces_an_input(tmp_path: Path, name: str) -> None:
    """Rejected rows that were corrected in place are not lost to the run that settles them."""
    file = write(tmp_path / f"out.{name}.csv", [CLAIM])
    persons = write(tmp_path / "persons.csv", [PERSON])
    before = file.read_bytes()
    args = ["--persons", persons, "--policy", "tianjin", "-o", tmp_path / "out.csv"]
    assert call("settle", file, *args).exit_code == 2
    assert file.read_bytes() == before


def test_a_pack_that_does_not_load_exits_3(tmp_path: Path) -> None:
    assert settle(tmp_path, [CLAIM], "--overlay", tmp_path).exit_code == 3


def test_input_that_cannot_be_read_exits_4(tmp_path: Path) -> None:
    result = settle(tmp_path, [{**CLAIM, "in_scop": "1"}], "--lang", "en")
    assert result.exit_code == 4
    assert "no such column; did you mean in_scope?" in result.stderr
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("name", ["none/out.csv", "out.txt"])
def test_output_that_cannot_be_written_exits_5(tmp_path: Path, name: str) -> None:
    file = write(tmp_path / "c.csv", [CLAIM])
    args = ["--persons", file, "--policy", "tianjin", "-o", tmp_path / name]
    assert call("settle", file, *args).exit_code == 5


def test_a_missing_figure_is_a_rejected_row(tmp_path: Path) -> None:
    result = settle(tmp_path, [{**CLAIM, "visit": "two_disease"}], "--lang", "en")
    assert result.exit_code == 1
    assert "two_disease_rate" in rows(tmp_path / "out.rejects.csv")[0]["reason"]


# --- a folder -------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with claims in two files, and what else a population has."""
    made = tmp_path / "city"
    made.mkdir()
    write(made / "claims-00000.csv", [CLAIM])
    write(made / "claims-00001.csv", [{**CLAIM, "claim_id": "C2"}])
    write(made / "persons-00000.csv", [PERSON])
    (made / "people.parquet").write_bytes(b"not read")
    (made / "manifest.json").write_bytes(b"not read")
    return made


@pytest.mark.parametrize("engine", ["desk", "columnar"])
def test_a_folder_stands_for_its_files(folder: Path, tmp_path: Path, engine: str) -> None:
    whole, named = tmp_path / "whole.csv", tmp_path / "named.csv"
    how = ("--policy", "tianjin", "--engine", engine)
    assert call("settle", folder, *how, "-o", whole).exit_code == 0
    files = [*sorted(folder.glob("claims*")), "--persons", folder / "persons-00000.csv"]
    assert call("settle", *files, *how, "-o", named).exit_code == 0
    assert {row["claim_id"] for row in rows(whole)} == {"C1", "C2"}
    assert whole.read_bytes() == named.read_bytes()
    assert call("explain", "C2", folder, "--policy", "tianjin").exit_code == 0


def test_persons_that_are_named_take_the_place_of_the_folders(folder: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.csv", [{**PERSON, "person_id": "Q"}])
    args = ("settle", folder, "--persons", other, "--policy", "tianjin", "-o", tmp_path / "out.csv")
    assert call(*args).exit_code == 1
    (folder / "persons-00000.csv").rename(tmp_path / "same.csv")
    assert call(*args[:3], tmp_path / "same.csv", *args[4:]).exit_code == 0


@pytest.mark.parametrize("kind", ["claims", "persons"])
def test_a_folder_that_lacks_files_is_told(folder: Path, tmp_path: Path, kind: str) -> None:
    for file in folder.glob(f"{kind}*"):
        file.unlink()
    result = call("settle", folder, "--policy", "tianjin", "-o", tmp_path / "out.csv")
    assert result.exit_code == 4
    assert f"city has no {kind}*.parquet or {kind}*.csv" in result.stderr
    assert not (tmp_path / "out.csv").exists()


def test_without_a_folder_persons_must_be_named(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    result = call("settle", folder / "claims-00000.csv", "--policy", "tianjin", "-o", out)
    assert result.exit_code == 2
    assert "--persons must be given" in result.stderr


def test_a_long_run_says_how_far_it_is_where_there_is_no_terminal(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = ("--policy", "tianjin", "--engine", "columnar", "--lang", "en", "--json")
    short = call("settle", folder, *how, "-o", tmp_path / "out.csv")
    assert short.stderr == ""
    monkeypatch.setattr(bulk_run, "_EVERY", 0.0)
    long = call("settle", folder, *how, "-o", tmp_path / "out.csv")
    assert re.search(r"^0 s: Settling 2$", long.stderr, re.MULTILINE)
    assert re.search(r"^took [0-9]+ s$", long.stderr, re.MULTILINE)
    assert json.loads(long.stdout)["settled"] == 2


def test_a_failure_as_json_has_chinese_as_it_is(folder: Path, tmp_path: Path) -> None:
    result = call(
        *("settle", tmp_path / "没有.csv", "--persons", folder / "persons-00000.csv"),
        *("--policy", "tianjin", "-o", tmp_path / "out.csv", "--lang", "zh", "--json"),
    )
    assert result.exit_code == 4
    assert "没有.csv" in result.stdout
    assert json.loads(result.stdout)["error"]["kind"] == "InputError"


@pytest.mark.parametrize("command", [["settle", "-o", "out.csv"], ["explain", "C1"]])
def test_a_folder_that_is_not_there_is_told(tmp_path: Path, command: list[str]) -> None:
    result = call(*command, tmp_path / "nowhere", "--policy", "tianjin")
    assert result.exit_code == 4
    assert f"there is no file or folder {tmp_path / 'nowhere'}" in result.stderr


@pytest.mark.parametrize("engine", ["desk", "spark"])
@pytest.mark.parametrize("persons", [[], ["--persons", "hdfs://host/city/persons-00000.parquet"]])
def test_an_address_is_no_path(tmp_path: Path, engine: str, persons: list[str]) -> None:
    how = ("--policy", "tianjin", "--engine", engine, "-o", tmp_path / "out")
    result = call("settle", "hdfs://host/city", *persons, *how)
    assert result.exit_code == 2
    assert "only paths of the file system are read" in result.stderr


def test_an_output_is_none_of_the_folders_files(folder: Path) -> None:
    result = call("settle", folder, "--policy", "tianjin", "-o", folder / "claims-00001.csv")
    assert result.exit_code == 2
    assert "is an input file" in result.stderr


# --- which engine ---------------------------------------------------------------------------------


def test_what_the_columnar_engine_cannot_is_told_of_the_engine_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settle(tmp_path, [CLAIM], "--explain", "--engine", "columnar")
    assert chosen.exit_code == 2
    told = " ".join(chosen.stderr.split())
    assert "--explain does not go with --engine columnar" in told
    assert "1,000,000" not in told
    monkeypatch.setattr(bulk_choice, "LARGE", 1)
    large = settle(tmp_path, [CLAIM], "--explain")
    assert large.exit_code == 2
    assert "--explain does not go with 1 claims and more" in " ".join(large.stderr.split())


@pytest.mark.parametrize(
    ("memory", "told"),
    [("0", "equal to 512"), ("-1", "equal to 512"), ("8001", "this machine has 8000 MB")],
)
def test_memory_that_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: str, told: str
) -> None:
    monkeypatch.setattr(bulk_choice, "memory_here", lambda: 8000)
    result = settle(tmp_path, [CLAIM], "--engine", "columnar", "--memory", memory)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())


def test_all_the_memory_that_there_is_may_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (bulk_choice.memory_here() or 512) >= 512
    monkeypatch.setattr(bulk_choice, "memory_here", lambda: 8000)
    result = settle(tmp_path, [CLAIM], "--engine", "columnar", "--memory", "8000")
    assert result.exit_code == 0, result.stderr


# --- explain --------------------------------------------------------------------------------------

TIANJIN = [
    EXAMPLES / "tianjin" / "claims.csv",
    "--persons",
    EXAMPLES / "tianjin" / "persons.csv",
    "--policy",
    "tianjin",
]


def test_explain_prints_a_waterfall() -> None:
    result = call("explain", "T02", *TIANJIN, "--lang", "zh")
    assert result.exit_code == 0
    assert "(1700.00 − 1100.00) × 55% = 330.00" in result.stdout
    assert "津政发〔2016〕17号" in call("explain", "T05", *TIANJIN).stdout


def test_explain_settles_what_came_before() -> None:
    """T08 is the referral of T07: its deductible is already met."""
    data = json.loads(call("explain", "T08", *TIANJIN, "--json").stdout)
    assert data["claim_id"] == "T08"
    out = [step for step in data["steps"] if "deductible" in step["results"]]
    assert [step["results"]["deductible"] for step in out] == ["0.00"]


def test_explain_of_a_reversal_is_that_of_its_claim() -> None:
    assert json.loads(call("explain", "T11", *TIANJIN, "--json").stdout)["claim_id"] == "T10"


def test_explain_of_what_is_not_there() -> None:
    assert call("explain", "T99", *TIANJIN).exit_code == 2
    bad = [EXAMPLES / "bad" / "claims.csv", "--persons", EXAMPLES / "bad" / "persons.csv"]
    result = call("explain", "unknown-level", *bad, "--policy", "tianjin", "--lang", "en")
    assert result.exit_code == 1
    assert "no such code" in result.stderr


# --- schema and sample ----------------------------------------------------------------------------


def test_schema_speaks_the_language_and_shows_codes() -> None:
    text = call("schema", "persons", "--policy", "jining", "--lang", "zh").stdout
    assert "说明和代码" in text
    assert "低保对象" not in text
    assert "--codes identities" in text
    args = ("schema", "persons", "--policy", "jining", "--codes")
    assert "subsistence_allowance" in call(*args, "identities").stdout
    assert json.loads(call(*args, "registered_diseases", "--json").stdout)["A1"]["zh"]
    wrong = call(*args, "identites")
    assert wrong.exit_code == 2
    assert "identities" in wrong.stderr


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("84.7%", "met"),
        ("86.3%", "2.6 points above the target"),
        ("80.2%", "3.5 points below the target"),
        ("84.71%", "1.0 points above the target"),
    ],
)
def test_a_missed_target_says_the_direction(value: str, told: str) -> None:
    target = targets("tianjin")["P25-K04"]  # 83.7 %, within one point
    assert standing_of(target, parse_rate(value), "en") == told


def test_few_stays_are_not_compared_with_targets(tmp_path: Path) -> None:
    stay = {**CLAIM, "visit": "inpatient", "level": "3"}
    result = settle(tmp_path, [stay], "--lang", "en")
    assert "too few: 1 inpatient claims" in result.stdout
    data = json.loads(settle(tmp_path, [stay], "--json").stdout)
    assert data["indicators"]["P25-K04"]["met"] is None


def test_schema_names_every_column_and_code() -> None:
    claims = json.loads(call("schema", "claims", "--policy", "jining", "--json").stdout)
    columns = {c["name"]: c for c in claims}
    assert {"claim_id", "settled_at", "total", "in_scope", "disease", "reverses"} <= set(columns)
    assert "A1" in columns["disease"]["codes"]
    assert columns["total"]["required"]
    assert columns["level"]["absent"] == "none"
    text = call("schema", "persons", "--policy", "tianjin", "--lang", "en").stdout
    assert "birth_date" in text


@pytest.mark.parametrize("what", ["claims", "persons"])
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_template_is_an_empty_file_of_the_schema(tmp_path: Path, what: str, suffix: str) -> None:
    from yibao.interop.files.columns import columns
    from yibao.interop.files.tabular import check_columns, open_table
    from yibao.policy.policy import load_policy

    file = tmp_path / f"{what}{suffix}"
    assert call("schema", what, "--policy", "tianjin", "--template", file).exit_code == 0
    expected = columns(what, load_policy("tianjin").region)  # type: ignore[arg-type]
    table = check_columns(open_table(file, what), expected)
    assert list(table.records) == []


@pytest.mark.parametrize("region", ["tianjin", "jining"])
def test_sample_city_is_deterministic_and_settles(tmp_path: Path, region: str) -> None:
    for folder in ("one", "other"):
        args = ["--region", region, "--persons", "150", "-o", tmp_path / folder]
        assert call("sample", "city", *args).exit_code == 0
    for name in ("persons.csv", "claims.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    claims, persons = tmp_path / "one" / "claims.csv", tmp_path / "one" / "persons.csv"
    args = ["--accept-grade", "D", "-o", tmp_path / "out.csv"]
    if region == "jining":
        args += ["--overlay", EXAMPLES / "overlays" / "jining-outpatient-rate@2021-01-01"]
    result = call("settle", claims, "--persons", persons, "--policy", region, *args)
    assert result.exit_code == 0, result.stderr
    assert {r["visit"] for r in rows(tmp_path / "out.csv")} >= {"outpatient", "inpatient"}


def test_sample_covers_every_visit_type() -> None:
    from yibao.cli.sample_city import HABITS, sample_city

    for region, habits in HABITS.items():
        made = {row["visit"] for row in sample_city(region, 600).claims}
        assert made - {""} == {name for visits in habits.visits.values() for name, _ in visits}


# --- demo -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "last"), [("zh", "接下来可以试"), ("en", "What to try next")])
def test_demo_shows_all_its_parts(
    monkeypatch: pytest.MonkeyPatch, language: str, last: str
) -> None:
    monkeypatch.setattr("yibao.cli.demo_show._PERSONS", 100)
    monkeypatch.setattr("yibao.cli.demo_city.PERSONS", 3_000)
    result = call("demo", "--lang", language)
    assert result.exit_code == 0
    assert "39019.36" in result.stdout
    assert "✗" not in result.stdout
    assert last in result.stdout
    heads = [line.partition(".")[0] for line in result.stdout.splitlines() if line.endswith("───")]
    assert [head for head in heads if head.isdigit()] == [str(n) for n in range(1, 12)]
    assert "(1100.00 − 800.00) × 65% = 195.00" in result.stdout
    assert "140.00 × 70% = 98.00" in result.stdout  # an account, E4 is billed, R4 waits
    assert "2804.25" in result.stdout
    assert "2024-08-31" in result.stdout
    assert "225650.00" in result.stdout  # a kink of the curve
    assert "45%" in result.stdout  # below the national guideline
    assert len(result.stdout.splitlines()) < 700
    small, _, whole = result.stdout.partition("\n9. ")
    assert "see differences" not in small
    assert "见 differences" not in small
    report = Path(re.findall(r"/\S+reform\.html", whole)[-1])
    assert "<html" in report.read_text(encoding="utf-8")[:200]
    rmtree(report.parent)


@pytest.mark.parametrize("claim_id", ["T10", "T11"])
def test_explain_says_that_a_claim_was_taken_back(claim_id: str) -> None:
    """T11 takes T10 back: asked for either, the page says so before the sheet of T10."""
    files = [str(EXAMPLES / "tianjin" / "claims.csv")]
    persons = ["--persons", str(EXAMPLES / "tianjin" / "persons.csv"), "--policy", "tianjin"]
    result = CliRunner().invoke(app, ["explain", claim_id, *files, *persons, "--lang", "en"])
    assert "claim T10 was taken back on 2019-12-03 09:00:00 by T11" in result.stdout
    standing = CliRunner().invoke(app, ["explain", "T09", *files, *persons, "--lang", "en"])
    assert "taken back" not in standing.stdout

"""`yibao policy new`: what it writes passes at once, invents nothing, and says what to do next."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_policy_commands import data, yibao

from yibao.cli import exit_codes, new_pages
from yibao.policy.checking import check
from yibao.policy.load import load_region
from yibao.policy.policy import load_policy

PARTS = ("outpatient", "inpatient", "serious-illness", "contribution")


def new(*args: str | Path, code: int = 0) -> str:
    """Run `policy new` in English."""
    return yibao("policy", "new", *args, "--lang", "en", code=code)


def begin(folder: Path, *args: str | Path) -> Path:
    """Write a region whose document begins with 2023."""
    new(folder, "--from", "2023-01-01", *args)
    return folder


def errors(folder: Path) -> list[str]:
    """Return what the checks find beyond what is to be filled in."""
    return [str(f) for f in check(load_region(folder)) if f.check != "to do"]


# --- a region -------------------------------------------------------------------------------------


@pytest.mark.parametrize("schemes", [["resident"], ["employee"], ["employee", "resident"]])
@pytest.mark.parametrize(
    "parts",
    ["outpatient", "inpatient", "inpatient,serious-illness", "contribution", ",".join(PARTS)],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_new_region_passes_check_and_cases(
    tmp_path: Path, schemes: list[str], parts: str, language: str
) -> None:
    folder = tmp_path / "mycity"
    options = [option for scheme in schemes for option in ("--scheme", scheme)]
    yibao(
        "policy",
        "new",
        folder,
        "--from",
        "2023-01-01",
        "--with",
        parts,
        *options,
        "--lang",
        language,
    )
    assert errors(folder) == []
    (verdicts,) = data("policy", "cases", folder).values()
    assert len(verdicts) == len(schemes) * len([p for p in parts.split(",") if p != PARTS[2]])
    assert all(verdict["passed"] for verdict in verdicts)


@pytest.mark.parametrize("kind", ["policy", "figures", "decision"])
def test_a_region_may_begin_with_any_kind_of_document_in_force(tmp_path: Path, kind: str) -> None:
    folder = begin(tmp_path / "c", "--kind", kind, "--with", ",".join(PARTS))
    assert errors(folder) == []
    assert "3/3 cases passed" in yibao("policy", "cases", folder)


def test_a_draft_stands_beside_other_documents(tmp_path: Path) -> None:
    told = new(tmp_path / "c", "--kind", "draft", "--from", "2023-01-01", code=exit_codes.USAGE)
    assert "another document activates it" in " ".join(told.split())
    folder = begin(tmp_path / "c")
    new(folder / "draft@2024-01-01", "--table", "resident_inpatient_rate", "--kind", "draft")
    assert errors(folder) == []


def test_nothing_is_invented(tmp_path: Path) -> None:
    folder = begin(
        tmp_path / "c", "--scheme", "employee", "--scheme", "resident", "--with", ",".join(PARTS)
    )
    region = load_region(folder)
    assert {row.value for table in region.tables.values() for row in table.rows} == {None}
    assert {step.origin.cite for step in region.steps} == {"TODO"}


def test_check_lists_what_is_to_be_filled_in_by_file_and_line(tmp_path: Path) -> None:
    folder = begin(tmp_path / "c", "--with", "outpatient")
    text = yibao("policy", "check", folder)
    rules = folder / "notice@2023-01-01" / "resident-outpatient.yaml"
    lines = rules.read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines, 1) if "the deductible at level 2" in line)
    assert f"{rules}:{at}: warning (to do): found TODO: the deductible at level 2" in text
    assert re.search(r"resident-outpatient.yaml:\d+: .*found TODO \(lines \d+, \d+", text)
    assert text.splitlines()[-1] == f"c: {text.count('(to do)')} to do"


def test_what_is_given_stands_in_the_files_and_nothing_of_it_is_a_todo(tmp_path: Path) -> None:
    given = {
        "--name-zh": "某市",
        "--name-en": "Some City",
        "--division": "420200",
        "--level": "city",
        "--document": "2023-notice",
        "--known": "2022-12-15",
        "--number": "某政发〔2022〕9号",
        "--title-zh": "关于“门诊”的通知",
        "--title-en": 'A notice on "outpatient" care: 50%',
        "--issuer-zh": "某市人民政府",
        "--issuer-en": "the city's government",
    }
    folder = begin(tmp_path / "c", *(text for pair in given.items() for text in pair))
    region = load_region(folder)
    (document,) = region.documents
    assert (region.name.zh, region.division) == ("某市", "420200")
    assert (document.id, document.number, str(document.known)) == (
        "2023-notice",
        "某政发〔2022〕9号",
        "2022-12-15",
    )
    assert document.title.en == 'A notice on "outpatient" care: 50%'
    todo = [f for f in check(region) if f.check == "to do"]
    assert {f.file.name for f in todo if f.file.name == "document.yaml"} == set()
    assert [f.found for f in todo if f.file.name == "region.yaml"] == ["TODO"]


def test_a_region_below_another_takes_its_rules(tmp_path: Path) -> None:
    begin(tmp_path / "province", "--level", "province")
    city = begin(
        tmp_path / "city",
        "--parent",
        "province",
        "--document",
        "city-notice",
        "--with",
        "contribution",
    )
    assert load_region(city).parents == ("province",)


def test_filled_in_it_settles_by_the_figures(tmp_path: Path) -> None:
    """1,000 at level 2: less 300 is 700, of which 65 % is 455.00."""
    folder = begin(tmp_path / "c", "--with", "inpatient")
    document = folder / "notice@2023-01-01"
    rules = document / "resident-inpatient.yaml"
    text = rules.read_text(encoding="utf-8")
    for level, deductible, rate in (
        ("1", "100.00", "80%"),
        ("2", "300.00", "65%"),
        ("3", "500.00", "50%"),
    ):
        text = text.replace(
            f'missing: "TODO: the deductible at level {level}"', f'value: "{deductible}"'
        )
        text = text.replace(f'missing: "TODO: the rate at level {level}"', f'value: "{rate}"')
    text = re.sub(r'missing: "TODO: the yearly ceiling[^"]*"', "value: unlimited", text)
    rules.write_text(text, encoding="utf-8")
    cases = document / "cases.yaml"
    told = yibao("policy", "cases", folder, code=exit_codes.FINDINGS)
    assert "settled, but resident_inpatient_deductible should have refused it" in told
    figures = 'deductible: "300.00", pool_pay: "455.00", personal_pay: "545.00"'
    text = cases.read_text(encoding="utf-8").replace(
        "refused: resident_inpatient_deductible", f"expect: {{{figures}}}"
    )
    cases.write_text(text, encoding="utf-8")
    assert "1/1 cases passed" in yibao("policy", "cases", folder)


def test_next_steps_are_commands_that_run(tmp_path: Path) -> None:
    told: dict[str, Any] = data("policy", "new", tmp_path / "c", "--from", "2023-01-01")
    assert told["folder"] == str(tmp_path / "c")
    assert all(Path(file).is_file() for file in told["files"])
    assert len(told["next"]) == 3
    for command in told["next"]:
        assert command.startswith("yibao policy ")
        yibao(*command.split()[1:])


# --- a document that changes a region -------------------------------------------------------------


def test_a_document_in_a_region_restates_the_rows_as_open(tmp_path: Path) -> None:
    folder = begin(tmp_path / "c")
    told = data("policy", "new", folder / "reform@2024-01-01", "--table", "resident_inpatient_rate")
    assert errors(folder) == []
    assert [c for c in told["next"] if "diff" in c] == [
        f"yibao policy diff {folder} 2023-12-31 2024-01-01"
    ]
    (verdicts,) = data("policy", "cases", folder).values()
    assert {v["id"]: v["passed"] for v in verdicts}["resident-inpatient"]


def test_an_overlay_for_a_region_that_ships(tmp_path: Path) -> None:
    overlay = tmp_path / "reform@2025-01-01"
    new(overlay, "--of", "tianjin", "--table", "outpatient_deductible")
    text = (overlay / "changes.yaml").read_text(encoding="utf-8")
    assert '{category: in_service, missing: "TODO: the new figure (until now 800.00)"}' in text
    assert (
        "{category: retired, age: {from: 0, below: 70}, "
        'missing: "TODO: the new figure (until now 700.00)"}' in text
    )
    assert "{category: retired, age: {from: 70}, missing: " in text
    policy = load_policy("tianjin", overlays=[overlay])
    ours = [
        r
        for r in policy.region.tables["outpatient_deductible"].rows
        if r.origin.document.id == "reform"
    ]
    assert len(ours) == 4
    assert "1/1 cases passed" in yibao("policy", "cases", "tianjin", "--overlay", overlay)


def test_an_overlay_of_figures_has_source_and_grade(tmp_path: Path) -> None:
    overlay = tmp_path / "figures@2022-01-01"
    new(overlay, "--of", "tianjin", "--table", "two_disease_rate", "--kind", "figures")
    text = (overlay / "changes.yaml").read_text(encoding="utf-8")
    assert "grade: D" in text
    assert "source: TODO" in text
    load_region("tianjin", overlays=[overlay])


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["c"], "--from is needed: the first day of the document, as 2023-01-01"),
        (["c", "--from", "2023-02-30"], "is not a day such as"),
        (["c", "--from", "2023-01-01", "--with", "inpatent"], "did you mean 'inpatient'?"),
        (["c", "--from", "2023-01-01", "--with", "serious-illness"], "write --with inpatient,"),
        (["c", "--from", "2023-01-01", "--with", ","], "--with needs one of"),
        (["c", "--from", "2023-01-01", "--scheme", "resdent"], "did you mean 'resident'?"),
        (["c", "--from", "2023-01-01", "--division", "42"], "is not six digits"),
        (["c", "--from", "2023-01-01", "--document", "a b"], "may not have blanks"),
        (["c", "--from", "2023-01-01", "--table", "x"], "DIR named DOCUMENT@DATE"),
        (["d@2023-01-01"], "--of REGION is needed"),
        (["d@2023-13-01", "--of", "tianjin"], "is not a day such as"),
        (["d@2023-01-01", "--of", "tianjin"], "--table NAME is needed"),
        (["d@2023-01-01", "--of", "tianjin", "--table", "outpatient_deductibel"], "did you mean"),
        (["d@2023-01-01", "--of", "tianjin", "--from", "2023-01-01"], "says that already"),
        (["d@1999-01-01", "--of", "tianjin", "--table", "outpatient_deductible"], "no row in"),
    ],
)  # fmt: skip
def test_wrong_usage_says_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told in " ".join(new(*args, code=exit_codes.USAGE).split())
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    told = new(tmp_path, "--from", "2023-01-01", code=exit_codes.OUTPUT)
    assert told.startswith(f"{tmp_path}: already there")
    assert not list(tmp_path.iterdir())


def test_piped_it_never_asks(tmp_path: Path) -> None:
    args = [sys.executable, "-m", "yibao.cli", "policy", "new", str(tmp_path / "c"), "--json"]
    done = subprocess.run(
        args, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == exit_codes.USAGE
    assert json.loads(done.stdout)["error"]["exit_code"] == exit_codes.USAGE


def test_on_a_terminal_it_asks_for_what_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = {"Name of the region (Chinese)": "某市", "Short id of the document": "notice-2"}

    def prompt(text: str, default: str = "", value_proc: Any = str, **_: Any) -> Any:
        asked.append(text)
        return value_proc(
            "2023-05-01" if text == "First day in force" else answers.get(text, default)
        )

    monkeypatch.setattr(new_pages, "_terminal", lambda: True)
    monkeypatch.setattr(new_pages.typer, "prompt", prompt)
    new(tmp_path / "c", "--number", "9")
    assert "Number, as printed" not in asked
    region = load_region(tmp_path / "c")
    assert region.name == ("某市", "TODO: 某市")
    assert [d.folder.name for d in region.documents] == ["notice-2@2023-05-01"]

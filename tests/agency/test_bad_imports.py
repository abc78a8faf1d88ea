"""Files with errors of every kind, for every import of the agency.

Each row that is wrong is told of by its own rule, and stands in a rejects file; the good rows land;
the same file again changes nothing; a file that is wrong as a whole is not begun.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from agency_town import build
from openpyxl import Workbook
from typer.testing import CliRunner, Result

from tests.agency.registered import identity
from yibao.cli import app, exit_codes
from yibao.store.database import Database

Row = Mapping[str, str]

A, B, C = (identity(date(1980, 5, 1), n) for n in (801, 802, 803))
WRONG_CHECK = A[:17] + ("0" if A[17] != "0" else "1")
LONG = "x" * 1_000_000
POLICY = ("--policy", "tianjin")


@dataclass(frozen=True)
class Import:
    """An import: its command, good rows, and rows that are wrong, each with column and rule.

    `number` is the column of an id, `needed` one that must be there; `spare` is another good row.
    """

    command: Sequence[str]
    good: Sequence[Row]
    bad: Sequence[tuple[Row, str, str]]
    spare: Row
    needed: str
    number: str
    options: Sequence[str] = ()


def bad(base: Row, *changes: tuple[str, str, str]) -> list[tuple[Row, str, str]]:
    """Return a row for each change (column, cell, rule)."""
    return [({**base, column: cell}, column, rule) for column, cell, rule in changes]


# --- persons --------------------------------------------------------------------------------------

_PERSON: Row = {
    "person_id": "Q1",
    "identity_number": A,
    "name": "甲",
    "scheme": "resident",
    "category": "adult",
    "contribution_tier": "low",
    "from": "2022-01-01",
    "to": "2022-12-31",
    "pension": "",
}
_OTHER: Row = {**_PERSON, "person_id": "Q2", "identity_number": B}
_NEW: Row = {**_PERSON, "person_id": "Q9", "identity_number": C}
PERSONS = Import(
    ("enrol", "import", "persons"),
    (_PERSON, _OTHER),
    [
        *bad(
            _NEW,
            ("identity_number", WRONG_CHECK, "identity_number"),
            ("identity_number", A[:15], "identity_number"),
            ("identity_number", A, "identity_taken"),
            ("name", "=1+1", "formula"),
            ("name", "", "required"),
            ("name", "甲\x07", "control_character"),
            ("name", LONG, "cell_length"),
            ("category", "adlt", "known_code"),
            ("from", "2022-02-30", "date"),
            ("from", "2022-13-01", "date"),
            ("pension", "-1.00", "not_negative"),
            ("pension", "1.001", "two_decimals"),
            ("pension", "9" * 15, "max_amount"),
        ),
        ({**_OTHER, "scheme": "employee", "category": "in_service"}, "from", "overlap"),
        ({**_OTHER, "scheme": "employee", "from": "2022-12-31"}, "from", "overlap"),
    ],
    spare=_NEW,
    needed="name",
    number="identity_number",
    options=POLICY,
)

# --- receipts of the bank -------------------------------------------------------------------------

_RECEIPT: Row = {
    "reference": "B1",
    "payer": "P1",
    "received_on": "2021-12-20",
    "amount": "10.00",
}
_LATER: Row = {**_RECEIPT, "reference": "B9"}
RECEIPTS = Import(
    ("contributions", "receive"),
    (_RECEIPT, {**_RECEIPT, "reference": "B2"}),
    [
        *bad(
            _LATER,
            ("amount", "-10.00", "not_negative"),
            ("amount", "10.001", "two_decimals"),
            ("amount", "1,000.00", "amount"),
            ("amount", "9" * 15, "max_amount"),
            ("amount", "100000.00", "owed"),
            ("amount", "", "required"),
            ("received_on", "20/12/2021", "date"),
            ("reference", "=1+1", "identifier"),
            ("reference", LONG, "cell_length"),
        ),
        ({**_LATER, "payer": "nobody"}, "payer", "known_payer"),
        ({**_RECEIPT, "amount": "11.00"}, "reference", "reference_taken"),
        ({**_RECEIPT, "payer": "P2"}, "reference", "reference_taken"),
    ],
    spare=_LATER,
    needed="amount",
    number="reference",
    options=POLICY,
)

# --- registers ------------------------------------------------------------------------------------

_DRUG: Row = {
    "code": "XZ99ZAA001A001000000001",
    "name": "甲",
    "class": "B",
    "first_self_pay": "10%",
    "standard": "12.50",
    "from": "2022-01-01",
    "to": "2022-12-31",
}
_DRUG_2: Row = {**_DRUG, "code": "XZ99ZAA001A001000000002"}
_DRUG_9: Row = {**_DRUG, "code": "XZ99ZAA001A001000000009"}
DRUGS = Import(
    ("registry", "import", "drug"),
    (_DRUG, _DRUG_2),
    [
        *bad(
            _DRUG_9,
            ("code", "XZ99", "code_form"),
            ("code", "=XZ99ZAA001A0010000000", "identifier"),
            ("name", "@SUM(A1)", "formula"),
            ("name", "", "required"),
            ("name", LONG, "cell_length"),
            ("class", "D", "known_code"),
            ("first_self_pay", "110%", "rate"),
            ("first_self_pay", "", "required"),
            ("standard", "-1.00", "not_negative"),
            ("standard", "1.005", "two_decimals"),
            ("standard", "9" * 15, "max_amount"),
            ("from", "2022-02-29", "date"),
            ("to", "2021-12-31", "period"),
        ),
        ({**_DRUG_2, "name": "乙"}, "from", "unique_version"),
        ({**_DRUG_2, "from": "2022-06-01"}, "from", "version_overlap"),
    ],
    spare=_DRUG_9,
    needed="class",
    number="code",
)

_PLACE: Row = {
    "institution_id": "H12019900001",
    "name": "甲院",
    "division": "120199",
    "level": "2",
    "credit_code": "",
    "from": "2022-01-01",
    "to": "2022-12-31",
}
_PLACE_2: Row = {**_PLACE, "institution_id": "H12019900002"}
_PLACE_9: Row = {**_PLACE, "institution_id": "H12019900009"}
INSTITUTIONS = Import(
    ("registry", "import", "institution"),
    (_PLACE, _PLACE_2),
    [
        *bad(
            _PLACE_9,
            ("institution_id", "H1201990000", "code_form"),
            ("institution_id", "X12019900009", "code_form"),
            ("division", "12019", "code_form"),
            ("division", "990199", "code_form"),
            ("credit_code", "91350100M000100Y44", "code_form"),
            ("level", "4", "known_code"),
            ("name", "+1", "formula"),
            ("name", LONG, "cell_length"),
            ("name", "", "required"),
            ("from", "yesterday", "date"),
            ("to", "2021-12-31", "period"),
        ),
        ({**_PLACE_9, "institution_id": "P12019900009"}, "level", "pharmacy_level"),
        ({**_PLACE_2, "name": "乙院"}, "from", "unique_version"),
        ({**_PLACE_2, "from": "2022-06-01"}, "from", "version_overlap"),
    ],
    spare=_PLACE_9,
    needed="division",
    number="institution_id",
)

# --- bills ----------------------------------------------------------------------------------------

_BILL: Row = {
    "institution_id": "H1",
    "claim_no": "A1",
    "person_id": "P1",
    "visit": "outpatient",
    "admitted_on": "2022-03-01",
    "discharged_on": "2022-03-01",
    "total": "1000.00",
    "out_of_catalogue": "100.00",
    "in_scope": "900.00",
    "episode": "",
}
_BILL_9: Row = {**_BILL, "claim_no": "A9"}
_WRONG_BILLS = bad(
    _BILL_9,
    ("person_id", "nobody", "known_person"),
    ("person_id", "", "required"),
    ("institution_id", "H9", "no_agreement"),
    ("visit", "out", "known_code"),
    ("discharged_on", "2022-02-01", "discharge_after_admission"),
    ("admitted_on", "2022-02-30", "date"),
    ("discharged_on", "2999-01-01", "days"),
    ("total", "-1000.00", "not_negative"),
    ("total", "1000.001", "two_decimals"),
    ("total", "9" * 15, "max_amount"),
    ("total", "999.00", "parts_add_up"),
    ("episode", "=1+1", "identifier"),
    ("episode", LONG, "cell_length"),
)
BILLS = Import(
    ("desk", "settle"),
    (_BILL, {**_BILL, "claim_no": "A2"}),
    [
        *(
            ({**row, "claim_no": f"B{n}"}, column, rule)
            for n, (row, column, rule) in enumerate(_WRONG_BILLS)
        ),
        (_BILL, "claim_no", "unique_bill"),
        ({**_BILL, "total": "900.00", "out_of_catalogue": ""}, "claim_no", "unique_bill"),
    ],
    spare=_BILL_9,
    needed="visit",
    number="claim_no",
    options=POLICY,
)

IMPORTS = {
    "persons": PERSONS,
    "receipts": RECEIPTS,
    "drugs": DRUGS,
    "institutions": INSTITUTIONS,
    "bills": BILLS,
}


# --- how they are run -----------------------------------------------------------------------------


@pytest.fixture(params=IMPORTS)
def kind(request: pytest.FixtureRequest, database: Database, monkeypatch: Any) -> Import:
    monkeypatch.setenv("YIBAO_DATABASE_URL", database.url)
    monkeypatch.setenv("YIBAO_LANG", "en")
    found = IMPORTS[request.param]
    if found is BILLS:
        build(database, "P1", "P2")
    if found is RECEIPTS:
        with _folder(request) as folder:
            persons = [{**_PERSON, "person_id": "P1"}, {**_OTHER, "person_id": "P2"}]
            told(PERSONS, write(folder / "persons.csv", *persons))
        year = ["contributions", "bill", "--year", "2022", "--on", "2021-11-01", *POLICY]
        assert CliRunner().invoke(app, year).exit_code == exit_codes.OK
    return found


def _folder(request: pytest.FixtureRequest) -> Any:
    from contextlib import nullcontext

    return nullcontext(request.getfixturevalue("tmp_path_factory").mktemp("persons"))


def call(kind: Import, file: Path) -> Result:
    rejects = file.with_name("rejects.csv")
    words = [*kind.command, str(file), *kind.options, "--rejects", str(rejects), "--json"]
    return CliRunner().invoke(app, words)


def told(kind: Import, file: Path, code: int = exit_codes.OK) -> Any:
    result = call(kind, file)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def landed(done: Mapping[str, Any]) -> int:
    return int(done["made"] if "made" in done else done["added"])


def write(file: Path, *table: Row, encoding: str = "utf-8") -> Path:
    columns = list(dict.fromkeys(name for row in table for name in row))
    with file.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(table)
    return file


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def problems(kind: Import, file: Path) -> list[str]:
    """Return by which rules a file as a whole is refused."""
    error = told(kind, file, exit_codes.INPUT)["error"]
    return [problem["rule"] for problem in error["problems"]]


# --- rows -----------------------------------------------------------------------------------------


def test_each_wrong_row_is_told_of_the_good_land_and_again_nothing_changes(
    kind: Import, tmp_path: Path
) -> None:
    table = [*kind.good, *(row for row, _, _ in kind.bad)]
    file = write(tmp_path / "file.csv", *table)
    done = told(kind, file, exit_codes.REJECTED)
    assert (done["rows"], landed(done), done["rejected"]) == (len(table), 2, len(kind.bad))
    found = rows(tmp_path / "rejects.csv")
    wanted = [
        (str(at), column, rule) for at, (_, column, rule) in enumerate(kind.bad, 2 + len(kind.good))
    ]
    assert [(row["row"], row["column"], row["rule"]) for row in found] == wanted
    assert all(row["reason"] for row in found)
    again = told(kind, file, exit_codes.REJECTED)
    assert (landed(again), again["unchanged"], again["rejected"]) == (0, 2, len(kind.bad))


def test_rejects_that_are_corrected_land_as_they_are(kind: Import, tmp_path: Path) -> None:
    broken = {**kind.good[0], kind.needed: ""}
    told(kind, write(tmp_path / "file.csv", broken), exit_codes.REJECTED)
    (reject,) = rows(tmp_path / "rejects.csv")
    assert (reject["column"], reject["rule"]) == (kind.needed, "required")
    fixed = write(tmp_path / "fixed.csv", {**reject, kind.needed: kind.good[0][kind.needed]})
    assert landed(told(kind, fixed)) == 1
    assert not (tmp_path / "rejects.csv").exists()  # it would be taken for this run's


def test_a_row_that_is_cut_off_costs_only_itself(kind: Import, tmp_path: Path) -> None:
    file = write(tmp_path / "file.csv", *kind.good)
    text = file.read_text(encoding="utf-8").rstrip("\n\r")
    file.write_text(text.rsplit(",", 3)[0], encoding="utf-8")
    assert landed(told(kind, file, exit_codes.REJECTED)) == 1
    assert [row["rule"] for row in rows(tmp_path / "rejects.csv")] == ["cells"]


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_an_empty_file_is_no_file(kind: Import, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    assert problems(kind, file) == ["not_empty"]


def test_a_header_alone_is_a_file_of_nothing(kind: Import, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text(",".join(kind.good[0]) + "\n", encoding="utf-8")
    done = told(kind, file)
    assert (done["rows"], landed(done), done["rejected"]) == (0, 0, 0)


def test_a_file_without_a_column_or_with_a_strange_one_is_not_begun(
    kind: Import, tmp_path: Path
) -> None:
    lacking = {name: cell for name, cell in kind.good[0].items() if name != kind.needed}
    assert problems(kind, write(tmp_path / "f.csv", lacking)) == ["required_column"]
    strange = {**kind.good[0], "colour": "red"}
    assert problems(kind, write(tmp_path / "f.csv", strange)) == ["known_column"]
    head = f"{','.join(kind.good[0])},{kind.needed}\n"
    (tmp_path / "f.csv").write_text(head, encoding="utf-8")
    assert problems(kind, tmp_path / "f.csv") == ["unique_column"]
    assert landed(told(kind, write(tmp_path / "f.csv", *kind.good))) == 2  # nothing had landed


@pytest.mark.parametrize("mark", [";", "\t"])
def test_another_separator_is_told(kind: Import, tmp_path: Path, mark: str) -> None:
    file = tmp_path / "f.csv"
    file.write_text(mark.join(kind.good[0]) + "\n", encoding="utf-8")
    assert problems(kind, file) == ["separator"]


def test_an_old_excel_file_is_told_as_input(tmp_path: Path) -> None:
    (tmp_path / "f.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    args = ["enrol", "import", "persons", str(tmp_path / "f.xls"), "--policy", "tianjin"]
    result = CliRunner().invoke(app, [*args, "--lang", "en"])
    assert result.exit_code == exit_codes.INPUT
    assert "f.xls" in result.output
    assert "rejects" not in result.output
    assert "save as .xlsx" in result.output


def test_encodings(kind: Import, tmp_path: Path) -> None:
    assert problems(kind, write(tmp_path / "f.csv", *kind.good, encoding="utf-16")) == ["utf16"]
    broken = write(tmp_path / "f.csv", *kind.good)
    broken.write_bytes(broken.read_bytes() + b"\xff\xfe\x80" * 9)
    result = call(kind, broken)
    assert result.exit_code in {exit_codes.INPUT, exit_codes.REJECTED}
    assert landed(told(kind, write(tmp_path / "g.csv", *kind.good, encoding="utf-8-sig"))) in {0, 2}


def test_what_is_not_a_table_is_told(kind: Import, tmp_path: Path) -> None:
    for name, rule in (("f.xls", "format"), ("f.xlsx", "readable"), ("f.parquet", "readable")):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        assert problems(kind, tmp_path / name) == [rule]
    assert problems(kind, tmp_path / "missing.csv") == ["readable"]


def test_numbers_and_merged_cells_of_excel_are_told_not_guessed(
    kind: Import, tmp_path: Path
) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    columns = list(kind.good[0])
    sheet.append(columns)
    for row in kind.good:
        sheet.append([cell or None for cell in row.values()])
    at = columns.index(kind.number) + 1
    sheet.cell(4, at, 120199198005018019)  # Excel keeps 15 digits of a number
    for column in (n for n in range(1, len(columns) + 1) if n != at):
        sheet.cell(4, column, sheet.cell(2, column).value)
    needed = columns.index(kind.needed) + 1
    sheet.append([cell or None for cell in kind.spare.values()])
    sheet.merge_cells(start_row=4, end_row=5, start_column=needed, end_column=needed)
    file = tmp_path / "file.xlsx"
    book.save(file)
    done = told(kind, file, exit_codes.REJECTED)
    assert (done["rows"], landed(done)) == (4, 2)
    assert [(row["row"], row["rule"]) for row in rows(tmp_path / "rejects.csv")] == [
        ("4", "exact_number"),
        ("5", "required"),
    ]

"""CSV, Parquet and Excel say the same; what a format cannot say exactly is refused."""

import csv
import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from claim_files import CLAIM, GOOD, PERSON, Row, errors, places, settle, settled, tianjin, write

from yibao.interop.files.output import Sheet, write_files
from yibao.interop.files.results import explanation_sheet, rejects_sheet, settlements_sheet
from yibao.interop.files.rows import InputError
from yibao.interop.files.settling import Run, settle_files
from yibao.interop.files.tabular import open_table

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".xlsx")
MIDNIGHT = dt.datetime.combine(dt.date(2019, 3, 1), dt.time())
ROWS = [CLAIM, {**CLAIM, "claim_id": "C2", "level": "9"}, GOOD]


def text_file(file: Path, rows: Iterable[Row]) -> Path:
    rows = list(rows)
    columns: list[tuple[str, Any]] = [(name, "text") for name in rows[0]]
    write_files({file: [Sheet("claims", columns, [list(r.values()) for r in rows])]})
    return file


def run_of(folder: Path, claims: Path) -> Run:
    return settle_files(tianjin(), [claims], [write(folder / "persons.csv", [PERSON])])


# --- the same everywhere --------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_claims_from_every_format(tmp_path: Path, suffix: str) -> None:
    run = run_of(tmp_path, text_file(tmp_path / f"claims{suffix}", ROWS))
    csv_run = settle(tmp_path, ROWS)
    assert [e.settlement.claim for e in run.batch.entries] == [
        e.settlement.claim for e in csv_run.batch.entries
    ]
    assert [(e.column, e.value, e.rule) for e in errors(run)] == [("level", "9", "known_code")]
    assert errors(run)[0].row == (2 if suffix == ".parquet" else 3)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_results_in_every_format(tmp_path: Path, suffix: str) -> None:
    run = settle(tmp_path, ROWS)
    sheets = {
        "settled": lambda: settlements_sheet(run.batch.entries, run.policy),
        "explained": lambda: explanation_sheet(run.batch.entries, run.policy, "zh"),
        "rejected": lambda: rejects_sheet(run.rejects, list(CLAIM), "zh"),
    }
    for name, sheet in sheets.items():
        here, there = tmp_path / f"{name}{suffix}", tmp_path / f"{name}-reference.csv"
        write_files({here: [sheet()], there: [sheet()]})
        one, other = read(here), read(there)
        assert one == other


def read(file: Path) -> list[list[str]]:
    """Return a result file as text, money with two decimals in every format."""
    table = open_table(file, "settlements", counts={"line"})
    money = {"total", "pool_pay", "cash_pay", "in_scope", "deductible", "personal_pay", "value"}
    rows = [list(table.columns)]
    for record in table.records:
        assert record.problem is None
        rows.append(
            [
                f"{Decimal(cell):.2f}" if name in money and cell else cell.removesuffix(".000000")
                for name, cell in zip(table.columns, record.cells, strict=True)
            ]
        )
    names = rows[0]
    parts = {"out_of_catalogue", "over_limit", "first_self_pay"}
    keep = [i for i, n in enumerate(names) if n in money or not n.endswith("_pay")]
    keep = [i for i in keep if names[i] not in parts]
    return [[row[i] for i in keep] for row in rows]


def test_settlements_are_exact(tmp_path: Path) -> None:
    """850.00 in scope, deductible 800: 50.00 x 65 % = 32.50."""
    run = settle(tmp_path, [CLAIM])
    file = tmp_path / "out.csv"
    write_files({file: [settlements_sheet(run.batch.entries, run.policy)]})
    with file.open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["deductible"] == "800.00"
    assert row["pool_pay"] == "32.50"
    assert row["personal_pay"] == "967.50"
    assert row["settled_at"] == "2019-03-01 10:00:00"
    assert "employee-base@2016-01-01" in row["documents"].split(";")


def test_parquet_has_exact_types(tmp_path: Path) -> None:
    run = settle(tmp_path, [CLAIM])
    file = tmp_path / "out.parquet"
    write_files({file: [settlements_sheet(run.batch.entries, run.policy)]})
    table = pq.read_table(file)
    assert table.schema.field("pool_pay").type == pa.decimal128(18, 2)
    assert table.column("pool_pay").to_pylist() == [Decimal("32.50")]
    assert table.column("day").to_pylist() == [dt.date(2019, 3, 1)]


# --- parquet --------------------------------------------------------------------------------------


def parquet(file: Path, **columns: Any) -> Path:
    base = {k: pa.array([v]) for k, v in CLAIM.items() if k not in columns}
    pq.write_table(pa.table(base | columns), file)
    return file


def test_parquet_types_that_are_exact(tmp_path: Path) -> None:
    day = dt.date(2019, 3, 1)
    file = parquet(
        tmp_path / "claims.parquet",
        total=pa.array([Decimal("1000.00")], pa.decimal128(18, 2)),
        in_scope=pa.array([Decimal("850.0")], pa.decimal128(9, 1)),
        admitted_on=pa.array([day], pa.date32()),
        discharged_on=pa.array([MIDNIGHT], pa.timestamp("us")),
        settled_at=pa.array([MIDNIGHT.replace(hour=10)], pa.timestamp("ms")),
        level=pa.array(["2"]).dictionary_encode(),
        reverses=pa.nulls(1),
        primary_institution=pa.array([True]),
    )
    run = run_of(tmp_path, file)
    assert not errors(run)
    assert settled(run) == ["C1"]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1000.0]),
        pa.array([1000.0], pa.float32()),
        pa.array([1000]),
        pa.array([Decimal("1000.000")], pa.decimal128(18, 3)),
    ],
    ids=["float64", "float32", "int64", "three-decimals"],
)
def test_parquet_types_that_are_not(tmp_path: Path, column: Any) -> None:
    with pytest.raises(InputError) as caught:
        run_of(tmp_path, parquet(tmp_path / "claims.parquet", total=column))
    (problem,) = caught.value.problems
    assert (problem.column, problem.rule) == ("total", "column_type")
    cast = "t['total'].cast(pyarrow.decimal128(16, 2))"
    assert cast in problem.message.en
    assert cast in problem.message.zh


# --- Excel ----------------------------------------------------------------------------------------


def excel(file: Path, rows: Iterable[Iterable[Any]], *, title: str = "claims") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    book.save(file)
    return file


def excel_claim(**cells: Any) -> list[list[Any]]:
    return [list(CLAIM), list({**CLAIM, **cells}.values())]


def test_excel_numbers_and_dates(tmp_path: Path) -> None:
    day = dt.date(2019, 3, 1)
    cells = {"total": 1000, "in_scope": 850.0, "admitted_on": day, "discharged_on": day, "level": 2}
    moment = MIDNIGHT.replace(hour=10, minute=30)
    file = excel(tmp_path / "claims.xlsx", excel_claim(**cells, settled_at=moment))
    run = run_of(tmp_path, file)
    assert not errors(run)
    assert run.batch.entries[0].item.what.settled_at == moment


@pytest.mark.parametrize(
    ("cells", "column", "rule"),
    [
        ({"in_scope": 850.005}, "in_scope", "exact_number"),
        ({"in_scope": 850.125}, "in_scope", "exact_number"),
        ({"in_scope": 1e17}, "in_scope", "exact_number"),
        ({"claim_id": 1234567890123456}, "claim_id", "excel_digits"),
        ({"claim_id": "#N/A"}, "claim_id", "excel_error"),
    ],
)
def test_excel_numbers_that_are_not_exact(
    tmp_path: Path, cells: dict[str, Any], column: str, rule: str
) -> None:
    file = excel(tmp_path / "claims.xlsx", [*excel_claim(**cells), list(GOOD.values())])
    run = run_of(tmp_path, file)
    assert [(row, c, r) for _, row, c, _, r in places(run)] == [(2, column, rule)]
    assert settled(run) == ["GOOD"]


def test_excel_sheet_is_chosen_by_name(tmp_path: Path) -> None:
    file = tmp_path / "claims.xlsx"
    book = openpyxl.load_workbook(excel(file, [["notes"]], title="Notes"))
    page = book.create_sheet("Claims")
    for row in excel_claim():
        page.append(row)
    book.save(file)
    assert settled(run_of(tmp_path, file)) == ["C1"]
    page.title = "Sheet2"
    book.save(file)
    with pytest.raises(InputError, match="several sheets"):
        run_of(tmp_path, file)


def test_excel_blank_rows_and_columns_are_no_rows(tmp_path: Path) -> None:
    head, row = excel_claim()
    file = excel(tmp_path / "claims.xlsx", [[], head, [], [*row, None, None], [None] * 3])
    run = run_of(tmp_path, file)
    assert settled(run) == ["C1"]
    assert run.claims.rows == 1


def test_excel_cell_beyond_the_header(tmp_path: Path) -> None:
    head, row = excel_claim()
    run = run_of(tmp_path, excel(tmp_path / "claims.xlsx", [head, [*row, "more"]]))
    assert [rule for *_, rule in places(run)] == ["cells"]

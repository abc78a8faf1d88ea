"""Claims and persons files that a broken system or a hostile caller would send."""

import datetime as dt
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from claim_files import CLAIM, GOOD, PERSON, errors, settle, settle_text, settled, tianjin, write
from openpyxl import Workbook

from yibao.interop.files.rows import InputError
from yibao.interop.files.settling import Run, settle_files


def run_of(folder: Path, claims: Path) -> Run:
    return settle_files(tianjin(), [claims], [write(folder / "persons.csv", [PERSON])])


# --- Parquet --------------------------------------------------------------------------------------


def parquet(file: Path, **columns: Any) -> Path:
    pq.write_table(pa.table({name: [text] for name, text in CLAIM.items()} | columns), file)
    return file


def not_utf8(raw: bytes) -> pa.Array:
    offsets = pa.array([0, len(raw)], pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(raw)])


def test_parquet_text_that_is_not_utf8_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        run_of(tmp_path, parquet(tmp_path / "c.parquet", claim_id=not_utf8(b"C\xff1")))


@pytest.mark.parametrize("kept", [0, 3, 500])
def test_parquet_that_was_cut_off_is_told_in_both_languages(tmp_path: Path, kept: int) -> None:
    file = parquet(tmp_path / "c.parquet")
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(InputError) as caught:
        run_of(tmp_path, file)
    (problem,) = caught.value.problems
    assert "perhaps cut off in transfer" in problem.message.en
    assert problem.message.zh == ("文件无法读取：不是完整的 Parquet 文件，可能传输中断；请重新取得")


def test_parquet_column_name_that_is_not_utf8_is_an_input_error(tmp_path: Path) -> None:
    file = parquet(tmp_path / "c.parquet")
    file.write_bytes(file.read_bytes().replace(b"claim_id", b"claim_\xff\xff"))
    with pytest.raises(InputError, match="cannot be read"):
        run_of(tmp_path, file)


def test_parquet_times_in_nanoseconds_are_read_where_exact(tmp_path: Path) -> None:
    at = dt.datetime.fromisoformat("2019-03-01T10:00:00.123456")
    exact = pa.array([at], pa.timestamp("ns"))
    (entry,) = run_of(tmp_path, parquet(tmp_path / "c.parquet", settled_at=exact)).batch.entries
    assert entry.item.what.settled_at == at
    inexact = pa.array([1], pa.timestamp("ns"))
    run = run_of(tmp_path, parquet(tmp_path / "c.parquet", settled_at=inexact))
    assert [(e.column, e.rule) for e in errors(run)] == [("settled_at", "time")]


# --- Excel ----------------------------------------------------------------------------------------


def excel(file: Path, change: Callable[[bytes], bytes] = bytes, **cells: Any) -> Path:
    """Write a claim as .xlsx, some cells replaced; `change` gets the XML of the sheet."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = "claims"
    page.append(list(CLAIM))
    page.append(list((CLAIM | cells).values()))
    page.append(list(GOOD.values()))
    whole = file.with_name("whole.xlsx")
    book.save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, change(part) if name.endswith("sheet1.xml") else part)
    return file


def test_a_formula_without_a_stored_value_is_not_taken_for_an_empty_cell(tmp_path: Path) -> None:
    run = run_of(tmp_path, excel(tmp_path / "c.xlsx", in_scope_tcm="=100+200"))
    assert [(e.row, e.column, e.rule) for e in errors(run)] == [
        (2, "in_scope_tcm", "formula_value")
    ]
    assert settled(run) == ["GOOD"]


@pytest.mark.parametrize("number", [b"1", b"2000000000"])
def test_excel_rows_out_of_place_are_neither_lost_nor_endless(
    tmp_path: Path, number: bytes
) -> None:
    def move(sheet: bytes) -> bytes:
        assert b'<row r="3"' in sheet
        return sheet.replace(b'<row r="3"', b'<row r="' + number + b'"')

    with pytest.raises(InputError, match="out of place"):
        run_of(tmp_path, excel(tmp_path / "c.xlsx", move))


# --- size -----------------------------------------------------------------------------------------


def test_many_overlapping_statuses_of_one_person_end_in_time(tmp_path: Path) -> None:
    run = settle(tmp_path, [CLAIM], [PERSON] * 20_000)  # minutes when each is compared with each
    assert len(run.persons.rejects) == 20_000


def test_all_rows_that_overlap_are_told_of_and_no_others(tmp_path: Path) -> None:
    periods = [
        ("2019-01-01", "2019-12-31"),  # the next two lie in it
        ("2019-02-01", "2019-02-28"),
        ("2019-12-31", "2020-01-31"),
        ("2020-02-01", "2020-02-29"),
        ("2020-02-29", ""),
    ]
    run = settle(tmp_path, [CLAIM], [{**PERSON, "from": a, "to": b} for a, b in periods])
    assert [(r.record.row, r.errors[0].rule) for r in run.persons.rejects] == [
        (n, "one_status") for n in (2, 3, 4, 5, 6)
    ]
    run = settle(tmp_path, [CLAIM], [{**PERSON, "from": a, "to": b} for a, b in periods[1:4]])
    assert run.persons.rejects == []


def test_a_hundred_thousand_wrong_columns_are_told_of_in_short(tmp_path: Path) -> None:
    header = b",".join(b"c%d" % n for n in range(100_000))
    with pytest.raises(InputError) as caught:
        settle_text(tmp_path, header + b"\n")
    assert len(caught.value.problems) < 100
    assert {p.rule for p in caught.value.problems} == {"known_column", "required_column"}


# --- terminals ------------------------------------------------------------------------------------


def test_terminal_escapes_of_a_header_or_a_file_name_are_printed_as_text(tmp_path: Path) -> None:
    file = tmp_path / "c\x1b[31m.csv"
    file.write_bytes(b"\x1b[2Jclaim\x07\n")
    with pytest.raises(InputError) as caught:
        run_of(tmp_path, file)
    for problem in caught.value.problems:
        assert problem.say("zh").isprintable()
        assert problem.say("en").isprintable()

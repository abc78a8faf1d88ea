"""Result files are whole or not there, and nothing in them becomes a formula."""

import errno
import gc
import gzip
import os
import sys
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from claim_files import CLAIM, errors, settle, settle_text, settled

from yibao.interop.files.csvfile import read_csv
from yibao.interop.files.encoding import BOM
from yibao.interop.files.output import Cell, Sheet, check_target, write_files
from yibao.interop.files.results import beside, rejects_sheet
from yibao.interop.files.rows import OutputError

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0"]


class Small(FileIO):
    """A file on a disk that has room for a kilobyte."""

    def write(self, content: Any) -> int:
        if self.tell() + len(content) > 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(content)


def sheet(*cells: Cell) -> Sheet:
    return Sheet("s", [("value", "text")], [(cell,) for cell in cells])


# --- formulas -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_stay_text(tmp_path: Path, text: str) -> None:
    plain, excel = tmp_path / "out.csv", tmp_path / "out.xlsx"
    write_files({plain: [sheet(text)], excel: [sheet(text)]})
    assert plain.read_text("utf-8-sig").splitlines()[1].strip('"').startswith("'" + text[0])
    page = openpyxl.load_workbook(excel)["s"]
    assert page["A2"].data_type == "s"
    assert page["A2"].value == text


def test_negative_amounts_stay_numbers(tmp_path: Path) -> None:
    plain, excel = tmp_path / "out.csv", tmp_path / "out.xlsx"
    money = Sheet("s", [("value", "money")], [(-500,)])
    write_files({plain: [money], excel: [money]})
    assert plain.read_text("utf-8-sig") == "value\n-5.00\n"
    assert openpyxl.load_workbook(excel)["s"]["A2"].value == -5


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_from_an_input_are_rejected_and_harmless(tmp_path: Path, text: str) -> None:
    run = settle(tmp_path, [{**CLAIM, "claim_id": text, "person_id": text}])
    out = tmp_path / "rejects.xlsx"
    write_files({out: [rejects_sheet(run.rejects, list(CLAIM), "zh")]})
    page = openpyxl.load_workbook(out)["rejects"]
    assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "inlineStr", "n"}
    assert page["A2"].value == text


# --- how a text is kept ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_excel_is_told_that_csv_is_utf_8_once(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    write_files({out: [sheet("药店")]})
    raw = gzip.decompress(out.read_bytes()) if name.endswith(".gz") else out.read_bytes()
    assert raw == BOM + "value\n药店\n".encode()
    table = read_csv(out)
    (row,) = table.records
    assert (table.columns, tuple(row.cells)) == (("value",), ("药店",))


# --- what a cell can hold -------------------------------------------------------------------------


def test_control_characters_are_shown(tmp_path: Path) -> None:
    plain, excel = tmp_path / "out.csv", tmp_path / "out.xlsx"
    write_files({plain: [sheet("a\0b\nc")], excel: [sheet("a\0b\nc")]})
    assert plain.read_text("utf-8-sig") == "value\na\\x00b\\nc\n"
    assert openpyxl.load_workbook(excel)["s"]["A2"].value == "a\\x00b\\nc"


def test_very_long_cells_are_kept_or_marked(tmp_path: Path) -> None:
    long = "x" * 40_000
    plain, excel = tmp_path / "out.csv", tmp_path / "out.xlsx"
    write_files({plain: [sheet(long)], excel: [sheet(long)]})
    assert plain.read_text("utf-8-sig") == f"value\n{long}\n"
    cut = str(openpyxl.load_workbook(excel)["s"]["A2"].value)
    assert len(cut) == 32_767
    assert cut.endswith("… (40000)")


# --- whole or not there ---------------------------------------------------------------------------


class Full(Exception):
    """Stands for anything that goes wrong while rows are made."""


def rows_until(error: Exception) -> Iterator[Sequence[Cell]]:
    yield ("first",)
    raise error


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".xlsx"])
def test_full_disk_leaves_the_old_file(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out{suffix}"
    target.write_bytes(b"old")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OutputError, match="No space left on device"):
        write_files({target: [Sheet("s", [("value", "text")], rows_until(full))]})
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_one_of_two_failing_leaves_none(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.csv", tmp_path / "b.csv"
    broken = Sheet("s", [("value", "text")], rows_until(Full()))
    with pytest.raises(Full):
        write_files({good: [sheet("x")], bad: [broken]})
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, mode: str) -> object:
        return open("/dev/full", "wb")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match="No space left"):
        write_files({tmp_path / "out.csv": [sheet("x")]})


def test_a_disk_that_becomes_full_leaves_nothing_to_complain_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is garbage then must not try to write its end into a file that is closed."""

    def small(self: Path, mode: str) -> Small:
        return Small(self, mode)

    later: list[object] = []
    monkeypatch.setattr(Path, "open", small)
    monkeypatch.setattr(sys, "unraisablehook", later.append)
    with pytest.raises(OutputError, match="No space left"):
        write_files({tmp_path / "out.xlsx": [sheet("x")]})
    gc.collect()
    assert (later, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize("name", ["none/out.csv", "out.txt", "out", "folder.csv"])
def test_targets_that_cannot_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OutputError):
        check_target(tmp_path / name)


def test_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for suffix in (".csv", ".csv.gz", ".parquet"):
        one, other = tmp_path / f"one{suffix}", tmp_path / f"other{suffix}"
        write_files({one: [sheet("x", "y")], other: [sheet("x", "y")]})
        assert one.read_bytes() == other.read_bytes()


def test_names_beside() -> None:
    assert beside(Path("d/out.csv.gz"), "rejects") == Path("d/out.rejects.csv.gz")
    assert beside(Path("d/o.u.t.xlsx"), "rejects") == Path("d/o.u.t.rejects.xlsx")


# --- rejects --------------------------------------------------------------------------------------


def test_rejects_corrected_can_be_settled_as_they_are(tmp_path: Path) -> None:
    run = settle(tmp_path, [{**CLAIM, "level": "9"}])
    out = tmp_path / "rejects.csv"
    write_files({out: [rejects_sheet(run.rejects, list(CLAIM), "en")]})
    text = out.read_text("utf-8-sig")
    head, row = text.splitlines()
    assert head == ",".join([*CLAIM, "file", "row", "column", "value", "rule", "reason"])
    assert (
        f'{tmp_path}/claims.csv,2,level,9,known_code,"no such code; expected: none, 1, 2, 3"' in row
    )
    assert settled(settle_text(tmp_path, text.replace(",9,", ",2,", 1).encode())) == ["C1"]


def test_a_damaged_line_is_kept_whole(tmp_path: Path) -> None:
    line = b'C1,"P1,half a row'
    run = settle_text(tmp_path, ",".join(CLAIM).encode() + b"\n" + line)
    out = tmp_path / "rejects.csv"
    write_files({out: [rejects_sheet(run.rejects, list(CLAIM), "en")]})
    assert errors(run)[0].value == line.decode()
    assert '"C1,""P1,half a row"' in out.read_text("utf-8-sig")

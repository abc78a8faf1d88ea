"""The columnar reader takes plain cells by itself, and says what the reader of rows says."""

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from claim_files import CLAIM, tianjin, write

from yibao.interop.files import cells
from yibao.interop.files.arrays import source
from yibao.interop.files.arrays.columns import read_times
from yibao.interop.files.arrays.kernels import CERTAIN
from yibao.interop.files.columns import claim_columns, person_columns
from yibao.interop.files.csvfile import read_csv

EPOCH = datetime.fromisoformat("1970-01-01")

TIMES = (
    "2019-02-15 09:01:31",
    "2019-02-15T09:01:31.000",
    "2019-02-15 09:01:31.2",
    "2019-02-15 09:01:31.25",
    "2019-02-15 09:01:31.123456",
    "2019-02-15 09:01:31.123456000",
    "1969-12-31 23:59:59.999999",
)


@pytest.mark.parametrize("cell", TIMES)
def test_a_time_is_read_as_by_the_reader_of_rows(cell: str) -> None:
    read = read_times(pa.array([cell]))
    assert read.said.tolist() == [CERTAIN]
    assert EPOCH + timedelta(microseconds=int(read.values[0])) == cells.time(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "2019-02-15 09:01:31.",
        "2019-02-15 09:01:31,000",
        "2019-02-15 09:01:31.12x",
        "2019-02-15 09:01:31.-12",
        "2019-02-15 09:01:31.123456001",
        "2019-02-15 09:01:31.1234560000",
        "2019-02-15 09:01:31+08:00",
    ],
)
def test_another_time_is_left_to_the_reader_of_rows(cell: str) -> None:
    assert read_times(pa.array([cell])).said.tolist() != [CERTAIN]


def blocks(file: Path) -> list[tuple[int, list[str]]]:
    """Return the rows that the columnar reader finds, with their numbers."""
    region = tianjin().region
    other = ("persons", person_columns(region))
    opened = source.open_source(file, "claims", claim_columns(region), other)
    found = []
    for block in opened.blocks(1_000):
        columns = [column.to_pylist() for column in block.columns]
        found += zip(block.rows.tolist(), map(list, zip(*columns, strict=True)), strict=True)
    return found


def lines(file: Path) -> list[tuple[int, list[str]]]:
    return [(r.row, list(r.cells)) for r in read_csv(file).records if r.problem is None]


def quoted(folder: Path, cell: str) -> Path:
    """Write good claims, one of them with this as its last cell but one."""
    head, row = write(folder / "plain.csv", [CLAIM]).read_text().splitlines()
    cut = row.split(",")
    odd = ",".join([*cut[:-2], cell, cut[-1]])
    every = ",".join(f'"{one}"' for one in cut)
    file = folder / "quoted.csv"
    file.write_text("\n".join([head, row, every, odd, ",".join(['""'] * len(cut)), row, ""]))
    return file


PLAIN = ['"2"', '""', '"a,b"', '"a""b"', '""""', '"""a"', '"a"""', '"级"', '" a "']
STRAY = ['a"b', 'a""b', '"a"b', '"a', 'a"', ' "a"', '"a" ', '"a"""b"', '""a', '"a""']


@pytest.mark.parametrize("cell", [*PLAIN, *STRAY])
def test_quotes_mean_what_they_mean_to_the_reader_of_lines(tmp_path: Path, cell: str) -> None:
    file = quoted(tmp_path, cell)
    assert blocks(file) == lines(file)


@pytest.mark.parametrize("cell", PLAIN)
def test_quotes_around_cells_are_read_whole(
    tmp_path: Path, cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_line_by_line", None)
    assert len(blocks(quoted(tmp_path, cell))) == 4

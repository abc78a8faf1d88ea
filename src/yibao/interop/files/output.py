"""Write result files that are whole or not there: CSV, Parquet or Excel, by the file's name.

Every file of a run is first written beside its place under a temporary name; only when all are
complete are they renamed. Money is written with two decimals, never through a float. Text that came
from an input can not become a formula.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from yibao.interop.files.rows import OutputError, visible
from yibao.interop.files.tabular import FORMATS, format_of
from yibao.money import format_yuan

OutKind = Literal["text", "money", "date", "time", "count"]
Cell = str | int | date | datetime | None
"""Money is fen; None is an empty cell."""

EXCEL_CELL = 32_767
"""What one Excel cell can hold, in characters."""

EXCEL_ROWS = 1_048_576
"""What one Excel sheet can hold, header included."""

_CHUNK = 65_536
_NUMBER = re.compile(r"[-+][0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows to be written: the columns with their kinds, and the rows once."""

    name: str
    columns: Sequence[tuple[str, OutKind]]
    rows: Iterable[Sequence[Cell]]


def write_files(files: Mapping[Path, Sequence[Sheet]]) -> None:
    """Write all files or none. Only Excel takes more than one sheet.

    Raises OutputError when a name has no known format, or a file cannot be written (missing folder,
    no permission, full disk); then none of the targets has been touched.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for target, sheets in files.items():
            temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
            staged.append((temporary, target))
            _stage(temporary, target, sheets)
        for temporary, target in staged:
            _attempt(target, lambda a=temporary, b=target: os.replace(a, b))
    finally:
        for temporary, _ in staged:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def check_target(target: Path) -> None:
    """Raise OutputError when a file could not be written, before any work is done for it."""
    if format_of(target) is None:
        known = ", ".join(FORMATS)
        raise OutputError(target, f"unknown file type; one of {known} is needed / 未知的文件类型")
    folder = target.parent
    if not folder.is_dir():
        raise OutputError(target, f"there is no folder {folder} / 没有这个文件夹")
    if target.is_dir() or not os.access(folder, os.W_OK):
        raise OutputError(target, "it cannot be written there / 此处不能写入")


def _stage(temporary: Path, target: Path, sheets: Sequence[Sheet]) -> None:
    check_target(target)

    def write() -> None:
        with temporary.open("wb") as stream:
            _write(stream, target, sheets)
            stream.flush()
            os.fsync(stream.fileno())

    _attempt(target, write)


def _attempt(target: Path, action: Any) -> None:
    try:
        action()
    except OSError as error:
        raise OutputError(target, error.strerror or str(error)) from None


def _write(stream: BinaryIO, target: Path, sheets: Sequence[Sheet]) -> None:
    kind = format_of(target)
    if kind == ".xlsx":
        _write_xlsx(stream, target, sheets)
        return
    (sheet,) = sheets
    if kind == ".parquet":
        _write_parquet(stream, sheet)
    elif kind == ".csv.gz":
        with gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as packed:
            _write_csv(cast(BinaryIO, packed), sheet)
    else:
        _write_csv(stream, sheet)


# --- CSV ------------------------------------------------------------------------------------------


def _write_csv(stream: BinaryIO, sheet: Sheet) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([name for name, _ in sheet.columns])
    kinds = [kind for _, kind in sheet.columns]
    for row in sheet.rows:
        writer.writerow([_as_text(cell, kind) for cell, kind in zip(row, kinds, strict=True)])
    text.flush()
    text.detach()


def _as_text(cell: Cell, kind: OutKind) -> str:
    if cell is None:
        return ""
    if kind == "money":
        assert isinstance(cell, int)
        return format_yuan(cell)
    if kind == "time":
        assert isinstance(cell, datetime)
        return cell.isoformat(" ")
    return defused(visible(cell)) if isinstance(cell, str) else str(cell)


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: '=1+1 instead of =1+1.

    A plain number such as -5.00 stays as it is.
    """
    if text[:1] in {"=", "+", "-", "@"} and _NUMBER.fullmatch(text) is None:
        return "'" + text
    return text


# --- Parquet --------------------------------------------------------------------------------------


def _write_parquet(stream: BinaryIO, sheet: Sheet) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "text": pa.string(),
        "money": pa.decimal128(19, 2),
        "date": pa.date32(),
        "time": pa.timestamp("us"),
        "count": pa.int64(),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in sheet.columns])
    with pq.ParquetWriter(stream, schema, compression="zstd", compression_level=1) as writer:
        for rows in _chunks(sheet.rows):
            columns = zip(*rows, strict=True)
            arrays = [
                _array(list(column), kind, types[kind])
                for column, (_, kind) in zip(columns, sheet.columns, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _array(values: list[Cell], kind: OutKind, type_: Any) -> Any:
    import pyarrow as pa

    if kind == "money":  # fen are the unscaled digits of a decimal with two places
        return pa.array(values, pa.int64()).cast(pa.decimal128(19, 0)).view(type_)
    return pa.array(values, type_)


def _chunks(rows: Iterable[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    chunk = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


# --- Excel ----------------------------------------------------------------------------------------


def _write_xlsx(stream: BinaryIO, target: Path, sheets: Sequence[Sheet]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(sheet.name)
        page.freeze_panes = "A2"
        page.append([_excel_cell(page, name, "text") for name, _ in sheet.columns])
        try:
            _append(page, target, sheet)
        finally:
            page.close()  # or openpyxl complains later, when it is garbage
    book.save(stream)


def _append(page: Any, target: Path, sheet: Sheet) -> None:
    kinds = [kind for _, kind in sheet.columns]
    for number, row in enumerate(sheet.rows, 2):
        if number > EXCEL_ROWS:
            why = f"more than {EXCEL_ROWS} rows; write .csv or .parquet / 行数过多"
            raise OutputError(target, why)
        page.append([_excel_cell(page, c, k) for c, k in zip(row, kinds, strict=True)])


def _excel_cell(page: Any, cell: Any, kind: OutKind) -> Any:
    from decimal import Decimal

    from openpyxl.cell import WriteOnlyCell

    if cell is None:
        return None
    if kind == "money":
        assert isinstance(cell, int)
        exact: Any = Decimal(cell).scaleb(-2)  # written as its digits, not as a float
        made = WriteOnlyCell(page, exact)
        made.number_format = "0.00"
    elif isinstance(cell, str):
        text = visible(cell)
        made = WriteOnlyCell(page, text if len(text) <= EXCEL_CELL else _cut(text))
        made.data_type = "s"  # text, whatever it begins with
    else:
        made = WriteOnlyCell(page, cell)
    return made


def _cut(text: str) -> str:
    mark = f"… ({len(text)})"
    return text[: EXCEL_CELL - len(mark)] + mark

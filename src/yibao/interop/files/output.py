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
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from yibao.interop.files.rows import OutputError, visible
from yibao.interop.files.tabular import FORMATS, format_of
from yibao.money import format_yuan

OutKind = Literal["text", "long", "figure", "money", "date", "time", "count"]
Cell = str | int | date | datetime | None
"""Money is fen; None is an empty cell. A long text is a sentence, a figure a text that is a number
where it can be one; both differ from text in Excel only."""

EXCEL_CELL = 32_767
"""What one Excel cell can hold, in characters."""

EXCEL_ROWS = 1_048_576
"""What one Excel sheet can hold, header included."""

MONEY_DIGITS = 18
"""Digits of a decimal of money in Parquet: what fits in 64 bits, far above every amount."""

_CHUNK = 65_536
FORMULA = frozenset("=+-@＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula."""

_NUMBER = re.compile(r"[-+][0-9]+(\.[0-9]+)?")
_YUAN = re.compile(r"-?[0-9]{1,13}\.[0-9]{2}")
_COUNT = re.compile(r"-?[0-9]{1,15}")
_WIDTHS: Mapping[OutKind, int] = {
    "text": 16,
    "long": 60,
    "figure": 14,
    "money": 14,
    "date": 12,
    "time": 20,
    "count": 8,
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows to be written: the columns with their kinds, and the rows once."""

    name: str
    columns: Sequence[tuple[str, OutKind]]
    rows: Iterable[Sequence[Cell]]


Files = Mapping[Path, Sequence[Sheet]] | Iterable[tuple[Path, Sequence[Sheet]]]


def write_files(files: Files) -> None:
    """Write all files or none. Only Excel takes more than one sheet.

    What comes one by one is asked for only when what came before has been written.

    Raises OutputError when a name has no known format, or a file cannot be written (missing folder,
    no permission, full disk); then none of the targets has been touched.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for target, sheets in files.items() if isinstance(files, Mapping) else files:
            check_target(target)
            temporary = _temporary(target)
            staged.append((temporary, target))
            _stage(temporary, target, partial(_write, target=target, sheets=sheets))
        for temporary, target in staged:
            _attempt(target, partial(os.replace, temporary, target))
    finally:
        for temporary, _ in staged:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write a text, such as a picture, whole or not at all; raises OutputError."""
    check_place(target)
    temporary = _temporary(target)
    try:
        _stage(temporary, target, lambda stream: stream.write(text.encode()))
        _attempt(target, partial(os.replace, temporary, target))
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_contents(files: Mapping[Path, bytes]) -> None:
    """Write files that are complete in memory, such as reports, all or none; raises OutputError."""
    staged: list[tuple[Path, Path]] = []
    try:
        for target, content in files.items():
            check_place(target)
            temporary = _temporary(target)
            staged.append((temporary, target))
            _stage(temporary, target, partial(_put, content=content))
        for temporary, target in staged:
            _attempt(target, partial(os.replace, temporary, target))
    finally:
        for temporary, _ in staged:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _put(stream: BinaryIO, content: bytes) -> None:
    stream.write(content)


def _temporary(target: Path) -> Path:
    return target.with_name(f".{secrets.token_hex(8)}.tmp")


def check_target(target: Path) -> None:
    """Raise OutputError when a table could not be written, before any work is done for it."""
    if format_of(target) is None:
        known = ", ".join(FORMATS)
        raise OutputError(target, f"unknown file type; one of {known} is needed / 未知的文件类型")
    check_place(target)


def check_place(target: Path) -> None:
    """Raise OutputError when a file could not be written there, whatever it holds."""
    _attempt(target, partial(_check_place, target))


def _check_place(target: Path) -> None:
    folder = target.parent
    if not folder.is_dir():
        raise OutputError(target, f"there is no folder {folder} / 没有这个文件夹")
    if target.is_dir() or not os.access(folder, os.W_OK):
        raise OutputError(target, "it cannot be written there / 此处不能写入")


def _stage(temporary: Path, target: Path, fill: Callable[[BinaryIO], object]) -> None:
    def write() -> None:
        with temporary.open("xb") as stream:
            fill(stream)
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

CSV_ENCODING = "utf-8-sig"
"""With a byte-order mark: without one, Excel on a Chinese Windows takes UTF-8 for GBK."""


def _write_csv(stream: BinaryIO, sheet: Sheet) -> None:
    text_stream = io.TextIOWrapper(stream, encoding=CSV_ENCODING, newline="", write_through=False)
    writer = csv.writer(text_stream, lineterminator="\n")
    writer.writerow([name for name, _ in sheet.columns])
    texts = [_TEXTS[kind] for _, kind in sheet.columns]
    for row in sheet.rows:
        cells = zip(texts, row, strict=True)
        writer.writerow(["" if cell is None else text(cell) for text, cell in cells])
    text_stream.flush()
    text_stream.detach()


@lru_cache(maxsize=65_536)
def _safe(text: str) -> str:
    return defused(visible(text))


_TEXTS: Mapping[OutKind, Callable[[Any], str]] = {
    "text": _safe,
    "long": _safe,
    "figure": _safe,
    "money": format_yuan,
    "date": str,
    "time": lambda moment: cast(datetime, moment).isoformat(" "),
    "count": str,
}


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: '=1+1 instead of =1+1.

    A plain number such as -5.00 stays as it is.
    """
    if text[:1] in FORMULA and _NUMBER.fullmatch(text) is None:
        return "'" + text
    return text


# --- Parquet --------------------------------------------------------------------------------------


def _write_parquet(stream: BinaryIO, sheet: Sheet) -> None:
    import pyarrow.parquet as pq

    schema = _schema(sheet)
    with pq.ParquetWriter(stream, schema, compression="zstd", compression_level=1) as writer:
        for batch in _batches(sheet, schema):
            writer.write_batch(batch)


def arrow_table(sheet: Sheet) -> Any:
    """Return a sheet as an Arrow table, with the types that it has in Parquet."""
    import pyarrow as pa

    schema = _schema(sheet)
    return pa.Table.from_batches(_batches(sheet, schema), schema)


def _schema(sheet: Sheet) -> Any:
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "long": pa.string(),
        "figure": pa.string(),
        "money": pa.decimal128(MONEY_DIGITS, 2),
        "date": pa.date32(),
        "time": pa.timestamp("us"),
        "count": pa.int64(),
    }
    return pa.schema([(name, types[kind]) for name, kind in sheet.columns])


def _batches(sheet: Sheet, schema: Any) -> Iterator[Any]:
    import pyarrow as pa

    for rows in _chunks(sheet.rows):
        columns = zip(*rows, strict=True)
        arrays = [
            _array(list(column), kind, type_)
            for column, (_, kind), type_ in zip(columns, sheet.columns, schema.types, strict=True)
        ]
        yield pa.record_batch(arrays, schema=schema)


def _array(values: list[Cell], kind: OutKind, type_: Any) -> Any:
    import pyarrow as pa

    if kind == "money":  # fen are the unscaled digits of a decimal with two places
        return pa.array(values, pa.int64()).cast(pa.decimal128(19, 0)).view(type_)
    if kind == "text":  # a file name may hold what is no character
        values = [v if not isinstance(v, str) or _encodes(v) else visible(v) for v in values]
    return pa.array(values, type_)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
    from zipfile import ZIP_DEFLATED, ZipFile

    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter
    from openpyxl.writer.excel import ExcelWriter

    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(sheet.name)
        page.freeze_panes = "A2"
        for number, (name, kind) in enumerate(sheet.columns, 1):
            width = max(_WIDTHS[kind], len(name) + 2)
            page.column_dimensions[get_column_letter(number)].width = width
        page.append([name for name, _ in sheet.columns])
        try:
            _append(page, target, sheet)
        finally:
            page.close()  # or openpyxl complains later, when it is garbage
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:  # closed on a full disk too: openpyxl's own
        ExcelWriter(book, archive).save()  # would complain later, when it is garbage


def _append(page: Any, target: Path, sheet: Sheet) -> None:
    cells = [_excel_cells(page, kind) for _, kind in sheet.columns]
    for number, row in enumerate(sheet.rows, 2):
        if number > EXCEL_ROWS:
            why = f"more than {EXCEL_ROWS} rows; write .csv or .parquet / 行数过多"
            raise OutputError(target, why)
        made = zip(cells, row, strict=True)
        page.append([None if value is None else cell(value) for cell, value in made])


def _excel_cells(page: Any, kind: OutKind) -> Callable[[Any], Any]:
    """Return what makes a column's cells. A cell is written at once, so one serves for all rows."""
    from openpyxl.cell import WriteOnlyCell

    text_cell, number_cell = WriteOnlyCell(page, ""), WriteOnlyCell(page, 0)
    number_cell.number_format = "0.00"

    def number(exact: Decimal) -> Any:
        number_cell.value = exact  # written as its digits, not as a float
        return number_cell

    def text(value: str) -> Any:
        value = visible(value)
        text_cell.value = value if len(value) <= EXCEL_CELL else _cut(value)
        text_cell.data_type = "s"  # text, whatever it begins with
        return text_cell

    def figure(value: str) -> Any:
        if _YUAN.fullmatch(value):
            return number(Decimal(value))
        return int(value) if _COUNT.fullmatch(value) else text(value)

    makers: dict[OutKind, Callable[[Any], Any]] = {
        "text": text,
        "long": text,
        "figure": figure,
        "money": lambda fen: number(Decimal(fen).scaleb(-2)),
    }
    return makers.get(kind, lambda value: value)


def _cut(text: str) -> str:
    mark = f"… ({len(text)})"
    return text[: EXCEL_CELL - len(mark)] + mark

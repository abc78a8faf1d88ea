"""Read Excel .xlsx: cells become text only where that is exact.

Excel holds every number as a binary float. One is accepted when its shortest text has at most two
decimals and at most 15 digits (12.5, 100, 0.07); 0.1 + 0.2 or an 18-digit id is not. Dates are
dates; formulas give the value that Excel stored, and one without a stored value is an error.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from yibao.interop.files.output import EXCEL_ROWS
from yibao.interop.files.rows import InputError, Record, RowError, Table
from yibao.interop.files.rules import reason

_TWO_DECIMALS = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")
_DIGITS = 15
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

Place = tuple[int, int]
"""The row and the column of a cell, from 1."""


def read_xlsx(file: Path, sheet: str) -> Table:
    """Open the sheet named `sheet`, or the only one; raises InputError when that is not clear."""
    found = _sheet(file, sheet)
    uncomputed = _scan(file, found)
    rows = found.iter_rows()
    numbered = enumerate(_guarded(file, rows), 1)
    filled = (pair for pair in numbered if any(cell.value is not None for cell in pair[1]))
    number, row = next(filled, (0, ()))
    if not number:
        raise InputError.of(file, "not_empty", reason("not_empty"))
    columns = [_header(cell) for cell in row]
    while not columns[-1]:
        columns.pop()
    records = _records(file, rows, number, columns, uncomputed)
    return Table(file, tuple(columns), records, number)


def _sheet(file: Path, wanted: str) -> Any:
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except Exception as error:  # openpyxl lets many kinds through on a damaged file
        raise _unreadable(file, error) from None
    sheets = book.worksheets
    named = [s for s in sheets if s.title.strip().lower() == wanted]
    if len(named or sheets) != 1:
        names = ", ".join(s.title for s in sheets)
        raise InputError.of(file, "sheet", reason("sheet", found=names, wanted=wanted))
    found = (named or sheets)[0]
    found.reset_dimensions()
    return found


def _scan(file: Path, sheet: Any) -> frozenset[Place]:
    """Return the places of formulas without a stored value.

    Raises InputError when rows or cells are out of order: openpyxl would leave some out.
    """
    found: set[Place] = set()
    last = 0
    try:
        with sheet._get_source() as source:
            for _, element in ElementTree.iterparse(source):
                if element.tag == f"{_MAIN}row":
                    number = int(element.get("r", last + 1))
                    columns = _columns(element)
                    if not last < number <= EXCEL_ROWS or columns != sorted(set(columns)):
                        raise ValueError(f"row {number} or one of its cells is out of place")
                    last = number
                    cells = zip(columns, element, strict=True)
                    found |= {(number, column) for column, cell in cells if _uncomputed(cell)}
                    element.clear()
    except Exception as error:  # damaged inside
        raise _unreadable(file, error) from None
    return frozenset(found)


def _columns(row: ElementTree.Element) -> list[int]:
    """Return the numbers of the columns of a row's cells; a cell may leave out where it follows."""
    from openpyxl.utils.cell import coordinate_to_tuple

    columns = [0]
    for cell in row:
        at = cell.get("r")
        columns.append(coordinate_to_tuple(at)[1] if at else columns[-1] + 1)
    return columns[1:]


def _uncomputed(cell: ElementTree.Element) -> bool:
    return cell.find(f"{_MAIN}f") is not None and not cell.findtext(f"{_MAIN}v")


def _unreadable(file: Path, error: Exception) -> InputError:
    why = error.strerror if isinstance(error, OSError) else None
    why = why or f"{type(error).__name__}: {error}"
    return InputError.of(file, "readable", reason("readable", why=why))


def _guarded(file: Path, rows: Iterator[Any]) -> Iterator[Any]:
    while True:
        try:
            row = next(rows, None)
        except Exception as error:  # damaged inside
            raise _unreadable(file, error) from None
        if row is None:
            return
        yield row


def _header(cell: Any) -> str:
    return "" if cell.value is None else str(cell.value).strip()


def _records(
    file: Path,
    rows: Iterator[Any],
    header: int,
    columns: list[str],
    uncomputed: frozenset[Place],
) -> Iterator[Record]:
    width = len(columns)
    for number, row in enumerate(_guarded(file, rows), header + 1):
        cells = ["" if c.value is None else "?" for c in row]
        problem = None
        for i, cell in enumerate(row):
            if (number, i + 1) in uncomputed:
                text, rule = "=", "formula_value"
            elif cell.value is None:
                continue
            else:
                text, rule = _text(cell)
            cells[i] = text
            if rule and problem is None:
                column = columns[i] if i < width else ""
                problem = RowError(file, number, column, text, rule, reason(rule))
        if not any(cells):
            continue
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if len(cells) > width and problem is None:
            why = reason("cells", found=len(cells), expected=width)
            problem = RowError(file, number, "", "", "cells", why)
        cells += [""] * (width - len(cells))
        yield Record(file, number, cells, problem)


def _text(cell: Any) -> tuple[str, str]:
    """Return a cell as text, and the rule that it breaks, if any."""
    value = cell.value
    if cell.data_type == "e":
        return str(value), "excel_error"
    if isinstance(value, bool):
        return ("true" if value else "false"), ""
    if isinstance(value, int):
        return str(value), "excel_digits" if len(str(abs(value))) > _DIGITS else ""
    if isinstance(value, float):
        return _number(repr(value))
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return (value.date().isoformat() if midnight else value.isoformat(" ")), ""
    if isinstance(value, dt.date):
        return value.isoformat(), ""
    return str(value), ""


def _number(text: str) -> tuple[str, str]:
    if _TWO_DECIMALS.fullmatch(text) is None:
        return text, "exact_number"
    digits = len(text.replace(".", "").lstrip("-"))
    return text, "excel_digits" if digits > _DIGITS else ""

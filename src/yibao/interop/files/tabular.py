"""Open a file of rows, whatever its format, and check its columns against what is expected."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from yibao.interop.files.columns import Column
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.rows import InputError, Record, RowError, Table
from yibao.interop.files.rules import reason
from yibao.policy.model import Text

FORMATS = (".csv", ".csv.gz", ".parquet", ".xlsx")

REJECT_COLUMNS = ("file", "row", "column", "value", "rule", "reason")
"""What a rejects file adds to the original columns; ignored when it is read again."""


def format_of(file: Path) -> str | None:
    """Return the format of a file by its name, or None."""
    name = file.name.lower()
    return next((f for f in reversed(FORMATS) if name.endswith(f)), None)


def open_table(
    file: Path, sheet: str, encoding: Encoding | None = None, counts: Collection[str] = ()
) -> Table:
    """Open a file of rows; raises InputError.

    `sheet` is the Excel sheet wanted, `counts` are the columns that may be integers in Parquet.
    """
    if not file.is_file():
        why = (
            Text("不是文件", "not a file")
            if file.exists()
            else Text("没有这个文件", "no such file")
        )
        raise InputError.of(file, "readable", reason("readable", why=why))
    kind = format_of(file)
    if kind is None:
        raise InputError.of(file, "format", reason("format", found=file.suffix or file.name))
    if kind == ".parquet":
        from yibao.interop.files.parquet import read_parquet

        return read_parquet(file, counts)
    if kind == ".xlsx":
        from yibao.interop.files.excel import read_xlsx

        return read_xlsx(file, sheet)
    from yibao.interop.files.csvfile import read_csv

    return read_csv(file, encoding)


def check_columns(table: Table, expected: Sequence[Column]) -> Table:
    """Return the table without the columns that a rejects file adds.

    Raises InputError with every column that is unknown, missing, nameless or there twice.
    """
    table = _without_reject_columns(table)
    names = [c.name for c in expected]
    problems = []
    seen: set[str] = set()
    for at, name in enumerate(table.columns, 1):
        if not name:
            problems.append(_problem(table, "", "column_name", reason("column_name", at=at)))
        elif name in seen:
            problems.append(_problem(table, name, "unique_column", reason("unique_column")))
        elif name not in names:
            why = reason("known_column", hint=did_you_mean(name, names))
            problems.append(_problem(table, name, "known_column", why))
        seen.add(name)
    for column in expected:
        if column.needed_in(seen) and column.name not in seen:
            why = reason("required_column", title=column.title, expected=", ".join(names))
            problems.append(_problem(table, column.name, "required_column", why))
    if problems:
        raise InputError(problems)
    return table


def did_you_mean(found: str, names: Iterable[str]) -> Text:
    """Return "; did you mean …?" with the nearest name, or nothing."""
    near = get_close_matches(found.lower(), list(names), n=1, cutoff=0.6)
    return Text(f"，是不是 {near[0]}？", f"; did you mean {near[0]}?") if near else Text("", "")


def _problem(table: Table, column: str, rule: str, why: Text) -> RowError:
    return RowError(table.file, table.header_row, column, column, rule, why)


def _without_reject_columns(table: Table) -> Table:
    keep = len(table.columns) - len(REJECT_COLUMNS)
    if keep <= 0 or table.columns[keep:] != REJECT_COLUMNS:
        return table
    records = (
        Record(r.file, r.row, list(r.cells[:keep]), r.problem) if r.problem is None else r
        for r in table.records
    )
    return replace(table, columns=table.columns[:keep], records=records)

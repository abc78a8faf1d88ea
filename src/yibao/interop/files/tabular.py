"""Open a file of rows, whatever its format, and check its columns against what is expected."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from yibao.interop.files.columns import Column
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.rows import InputError, Record, RowError, Table
from yibao.interop.files.rules import reason
from yibao.policy.model import Text

FORMATS = (".csv", ".csv.gz", ".parquet", ".xlsx")

OpenTable = Callable[[Path, str, Encoding | None], Table]
"""Opens a file of rows, given the Excel sheet wanted and the encoding, as `open_table` does."""

REJECT_COLUMNS = ("file", "row", "column", "value", "rule", "reason")
"""What a rejects file adds to the original columns; ignored when it is read again."""


_TOLD = 50
"""So many wrong columns are told of; a file with more of them is something else."""


def format_of(file: Path) -> str | None:
    """Return the format of a file by its name, or None."""
    name = file.name.lower()
    return next((f for f in reversed(FORMATS) if name.endswith(f)), None)


def check_format(file: Path) -> str:
    """Return the format of a file by its name; raises InputError where it is none that is read."""
    kind = format_of(file)
    if kind is None:
        rule = "old_excel" if file.suffix.lower() == ".xls" else "format"
        found = reason(rule, found=file.suffix or file.name)
        raise InputError.of(file, "format", found)
    return kind


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
    kind = check_format(file)
    if kind == ".parquet":
        from yibao.interop.files.parquet import read_parquet

        return read_parquet(file, counts)
    if kind == ".xlsx":
        from yibao.interop.files.excel import read_xlsx

        return read_xlsx(file, sheet)
    from yibao.interop.files.csvfile import read_csv

    return read_csv(file, encoding)


def check_columns(
    table: Table, expected: Sequence[Column], other: tuple[str, Sequence[Column]] | None = None
) -> Table:
    """Return the table under our names, without the columns that a rejects file adds.

    A column may have its Chinese title instead of its name. Raises InputError with every column
    that is unknown, missing, nameless or there twice; in one line when the columns are those of
    the `other` kind of file.
    """
    table = _named(_without_reject_columns(table), expected)
    names = [c.name for c in expected]
    _check_separator(table, expected)
    if other is not None:
        _check_kind(table, names, *other)
    problems: list[RowError] = []
    seen: set[str] = set()
    for at, name in enumerate(table.columns, 1):
        if len(problems) == _TOLD:
            break
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


def only_columns(table: Table, expected: Sequence[Column]) -> Table:
    """Return a table without the columns that are not expected; all where none of them is."""
    table = _named(table, expected)
    names = {c.name for c in expected}
    keep = [at for at, name in enumerate(table.columns) if name in names]
    if not keep or len(keep) == len(table.columns):
        return table
    records = (
        replace(r, cells=[r.cells[at] for at in keep]) if r.problem is None else r
        for r in table.records
    )
    return replace(table, columns=tuple(table.columns[at] for at in keep), records=records)


def _check_separator(table: Table, expected: Sequence[Column]) -> None:
    """Refuse a header in which something else than the comma stands between our columns."""
    if len(table.columns) != 1:
        return
    for mark in (";", "\t", "|"):
        parts = tuple(part.strip(' "') for part in table.columns[0].split(mark))
        known = {*_named(replace(table, columns=parts), expected).columns}
        if len(parts) > 1 and known & {c.name for c in expected}:
            found = "TAB" if mark == "\t" else mark
            why = reason("separator", found=found)
            raise InputError([_problem(table, "", "separator", why)])


def _named(table: Table, expected: Sequence[Column]) -> Table:
    """Return the table with Chinese titles of columns replaced by their names."""
    titles = {c.title.zh: c.name for c in expected}
    return replace(table, columns=tuple(titles.get(name, name) for name in table.columns))


def _check_kind(table: Table, names: Sequence[str], what: str, others: Sequence[Column]) -> None:
    theirs = {c.name for c in others}
    columns = _named(table, others).columns
    if len(theirs & {*columns}) > len({*names} & {*table.columns}):
        why = reason("kind_of_file", found=_KINDS[what])
        raise InputError.of(table.file, "kind_of_file", why)


_KINDS = {
    "claims": Text("结算文件", "a claims file"),
    "persons": Text("参保文件", "a persons file"),
}


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

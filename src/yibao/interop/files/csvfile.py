"""Read CSV, one line one row: a damaged line costs that line and nothing after it.

No column may hold a line break, so a quote that is still open at the end of a line is an error of
that line. `.csv.gz` is read as it is unpacked; where it breaks off, the last piece is an error.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from yibao.interop.files.encoding import BOM, Encoding, chosen, is_utf16
from yibao.interop.files.rows import MAX_LINE, InputError, Record, RowError, Table
from yibao.interop.files.rules import reason
from yibao.policy.model import Text

_LIMIT = 2 * MAX_LINE

Line = tuple[int, bytes, str]
"""The number of a line, its bytes without the line end, and the rule that it breaks, if any."""


@dataclass(frozen=True, slots=True, eq=False)
class CsvFile:
    """An open CSV file: its encoding, its header, and once the lines after it."""

    encoding: Encoding
    header: Record
    lines: Iterator[Line]
    parse: Callable[[Line], Record]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names in the header."""
        return tuple(cell.strip() for cell in self.header.cells)


def open_csv(file: Path, encoding: Encoding | None = None) -> CsvFile:
    """Open a CSV file; raises InputError when it has no usable header."""
    csv.field_size_limit(_LIMIT)
    encoding = chosen(encoding, (line for _, line, _ in _lines(file)))
    lines = (line for line in _lines(file) if line[1].strip() or line[2])
    first = next(lines, None)
    if first is None:
        raise InputError.of(file, "not_empty", reason("not_empty"))
    if is_utf16(first[1]):
        raise InputError.of(file, "utf16", reason("utf16"))
    header = _Parser(file, encoding, None).record(first)
    if header.problem is not None:
        raise InputError([header.problem])
    parse = _Parser(file, encoding, len(header.cells)).record
    return CsvFile(encoding, header, lines, parse)


def read_csv(file: Path, encoding: Encoding | None = None) -> Table:
    """Open a CSV file as a table; raises InputError when it has no usable header."""
    opened = open_csv(file, encoding)
    records = (opened.parse(line) for line in opened.lines)
    filled = (r for r in records if r.problem is not None or any(r.cells))
    return Table(file, opened.columns, filled, opened.header.row)


def _lines(file: Path) -> Iterator[Line]:
    """Yield the lines of a file; raises InputError when it cannot be opened or read.

    No line ever holds a line break, so a stray carriage return stays inside and is refused later.
    """
    try:
        with _open(file) as stream:
            yield from _numbered(stream)
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError.of(file, "readable", reason("readable", why=why)) from None


def _open(file: Path) -> BinaryIO:
    if file.suffix.lower() == ".gz":
        return cast(BinaryIO, gzip.open(file, "rb"))
    return file.open("rb")


def _numbered(stream: BinaryIO) -> Iterator[Line]:
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(MAX_LINE + 1)
            rule = ""
            if len(line) > MAX_LINE and not line.endswith(b"\n"):
                rule = "line_length"
                while (rest := stream.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                    pass
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield number, b"", "whole_file"
            return
        if not line:
            return
        if number == 1:
            line = line.removeprefix(BOM)
        yield number, line.rstrip(b"\r\n"), rule


class _Parser:
    """Cuts lines into cells. `width` is how many there must be, None for the header."""

    def __init__(self, file: Path, encoding: Encoding, width: int | None) -> None:
        self.file = file
        self.encoding: Encoding = encoding
        self.width = width

    def record(self, line: Line) -> Record:
        number, raw, rule = line
        if rule:
            return self._broken(number, _escaped(raw), rule, reason(rule, limit=MAX_LINE))
        try:
            text = raw.decode(self.encoding)
        except UnicodeDecodeError:
            return self._broken(number, _escaped(raw), "encoding", reason("encoding"))
        try:
            cells = text.split(",") if '"' not in text else next(csv.reader([text], strict=True))
        except (csv.Error, StopIteration):
            return self._broken(number, text, "quote", reason("quote"))
        if self.width is None or len(cells) == self.width:
            return Record(self.file, number, cells)
        why = reason("cells", found=len(cells), expected=self.width)
        error = RowError(self.file, number, "", text, "cells", why)
        return Record(self.file, number, cells, error)

    def _broken(self, number: int, text: str, rule: str, why: Text) -> Record:
        return Record(self.file, number, [text], RowError(self.file, number, "", text, rule, why))


def _escaped(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")


def is_unfinished(file: Path) -> bool:
    """Tell whether the last line of a .csv file has no line end, so that it may have been cut off.

    Such a file is valid, and a missing cell would be noticed; a shortened last cell would not.
    """
    if not file.name.lower().endswith(".csv") or not file.stat().st_size:
        return False
    with file.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) not in b"\r\n"

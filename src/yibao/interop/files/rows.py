"""What a file reader gives: rows of text cells, and errors as values with their place.

A row that cannot be used is never dropped: it is a `Reject`, with its original cells and every
reason. A file that cannot be read at all raises `InputError`; one that cannot be written
`OutputError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from yibao.errors import CannotRead, CannotWrite
from yibao.masking import masked_cell
from yibao.policy.model import Text

MAX_CELL = 256
"""Longest cell that is read, in characters, unless its column says otherwise: ids stay readable."""

MAX_LINE = 2**20
"""Longest line of a text file that is read, in bytes."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing that is wrong: where, what was found, which rule it breaks, and why.

    `row` is the line of a text file (the header is line 1), the row of an Excel sheet, or the
    number of the row of a Parquet file, from 1. `column` is empty where the whole row is wrong.
    """

    file: Path
    row: int
    column: str
    value: str
    rule: str
    message: Text

    def say(self, language: str) -> str:
        """Return the error on one line, in "zh" or "en"; what tells who somebody is, masked."""
        at = visible(f"{self.file}:{self.row}")
        column = visible(shorten(self.column))
        shown = masked_cell(self.column, self.rule, self.value)
        found = f" {column} = {shorten(shown)!r}" if column else ""
        separator = "：" if language == "zh" else ": "
        return f"{at}{found}{separator}{visible(self.message.pick(language))} [{self.rule}]"


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One row as read: its place and its text cells, one per column of the file.

    `problem` says why the cells cannot be trusted (cut off, undecodable, too many cells).
    """

    file: Path
    row: int
    cells: Sequence[str]
    problem: RowError | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A file that is being read: its columns and, once, its rows."""

    file: Path
    columns: tuple[str, ...]
    records: Iterator[Record]
    header_row: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Reject:
    """A row that was not used: original cells by column, and every reason."""

    record: Record
    columns: tuple[str, ...]
    errors: tuple[RowError, ...]


class InputError(CannotRead):
    """A file that cannot be read; `problems` has every reason found."""

    def __init__(self, problems: Sequence[RowError]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(p.say("en") for p in self.problems))

    @classmethod
    def of(cls, file: Path, rule: str, message: Text, *, value: str = "") -> InputError:
        """Return the error of a file as a whole."""
        return cls([RowError(file, 1, "", value, rule, message)])


class OutputError(CannotWrite):
    """A file that cannot be written; nothing half-written is left."""

    def __init__(self, file: Path, why: str) -> None:
        self.file = file
        super().__init__(visible(f"{file}: {why}"))


def shorten(text: str) -> str:
    """Return a text cut to 60 characters for a message."""
    return text if len(text) <= 60 else f"{text[:59]}…"


def visible(text: str) -> str:
    """Return a text with its control and invisible characters as escapes such as ``\\x00``."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )

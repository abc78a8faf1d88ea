"""How commands print: one console, one form of JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import typer

from yibao.text import Text

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 120
"""Columns when the output is not a terminal and COLUMNS says nothing: not cut at 80."""


def width(stream: TextIO) -> int | None:
    """Return how wide a console is; None where Rich finds it out, from COLUMNS or the terminal."""
    return None if stream.isatty() or os.environ.get("COLUMNS", "").isdigit() else _WIDE


class Unpadded:
    """A stream without blanks at the ends of lines, which tables are filled up with."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:
        """The encoding of the stream below."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        """Write whole lines, as Rich gives them."""
        self._stream.write("\n".join(line.rstrip(" ") for line in text.split("\n")))
        return len(text)

    def flush(self) -> None:
        """Flush the stream below."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Tell that this is no terminal, where the ends of lines do not matter."""
        return False


def console(*, stderr: bool = False) -> Console:
    """Return a console on standard output or standard error."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    file = stream if stream.isatty() else cast(TextIO, Unpadded(stream))
    return Console(file=file, width=width(stream), highlight=False, emoji=False, markup=False)


def print_json(value: object) -> None:
    """Print a value as JSON, indented, with Chinese as it is where the console can print it."""
    typer.echo(json.dumps(plain(value), ensure_ascii=not speaks_unicode(), indent=2))


def speaks_unicode() -> bool:
    """Tell whether standard output can print every character."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


def plain(value: object) -> Any:
    """Turn records into what JSON knows: dates as ISO, texts as {zh, en}, paths as strings."""
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.name
    return str(value) if isinstance(value, date | Path) else value

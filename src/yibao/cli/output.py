"""How commands print: one console, one form of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from yibao.policy.model import Text

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 160
"""Columns when the output is not a terminal: a table in a file should not be cut at 80."""


def console() -> Console:
    """Return a console on standard output."""
    from rich.console import Console

    return Console(
        width=None if sys.stdout.isatty() else _WIDE, highlight=False, emoji=False, markup=False
    )


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

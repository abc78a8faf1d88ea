"""What the commands around the desk share: one piece of work in one transaction, and what it told.

A piece of work returns what to print: named values, lists of such, or nothing; texts in both
languages are told in the reader's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import typer

from yibao.agency.imports import RowFile, write_rows
from yibao.cli.agency_run import finish, readers, rejects_file, who
from yibao.cli.database import opened
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import exits
from yibao.cli.work import Work
from yibao.interop.files import schema
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import write_files
from yibao.interop.files.rows import visible
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class At:
    """Where work is done, by whom, and how it is told."""

    database: str | None
    actor: str | None
    language: Language
    as_json: bool


def run(at: At, work: Work) -> None:
    """Do a piece of work and print what it told; leaves with the code of what is refused."""
    with exits(at.language, as_json=at.as_json), opened(at.database) as database:
        told = database.run(lambda connection: work(connection, who(at.actor)))
    told = _plain(told, at.language)
    if at.as_json:
        print_json(told)
        return
    page = console()
    for name, value in told.items():
        if isinstance(value, list):
            page.print(f"{name}:", style="bold")
            for row in value:
                shown = ", ".join(f"{k}={v}" for k, v in row.items() if v not in {"", None})
                page.print(f"  {visible(shown)}", soft_wrap=True)
        else:
            page.print(f"{name}: {visible(str(value))}", soft_wrap=True)


def _plain(value: Any, language: Language) -> Any:
    """Return what JSON can hold, in the reader's language."""
    match value:
        case Text():
            return value.pick(language)
        case Mapping():
            return {key: _plain(item, language) for key, item in value.items()}
        case list():
            return [_plain(item, language) for item in value]
        case date():
            return value.isoformat()
    return value


def import_rows(
    at: At,
    kind: RowFile,
    files: Sequence[Path],
    *,
    rejects: Path | None,
    encoding: Encoding | None,
) -> None:
    """Import files of a kind; leaves with exit code 1 where rows were refused."""
    with exits(at.language, as_json=at.as_json):
        target, actor = rejects_file(files, rejects), who(at.actor)
        rows = readers(files, kind.name, kind.columns, encoding)
        with opened(at.database) as database:
            done = write_rows(database, rows, lambda c, values: kind.write(c, values, actor))
        finish(done, kind.columns, target, at.language, as_json=at.as_json)


def write_template(kind: RowFile, output: Path, language: Language) -> None:
    """Write an empty table of a kind."""
    with exits(language):
        sheets = schema.template(kind.name, kind.columns, language)
        write_files({output: sheets if output.suffix.lower() == ".xlsx" else sheets[:1]})
        typer.echo(str(output))

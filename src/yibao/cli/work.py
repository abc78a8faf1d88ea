"""One piece of work in one transaction, and what it told; rows of files; templates.

A piece of work returns what to print: named values, lists of such, or nothing; texts in both
languages are told in the reader's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import typer

from yibao.agency.imports import RowFile, write_rows
from yibao.cli.agency_run import finish, readers, rejects_file
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import exits
from yibao.cli.sharing import At, Work
from yibao.cli.told import print_told
from yibao.interop.files import schema
from yibao.interop.files.columns import Column
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import write_files
from yibao.text import Text


def run(at: At, work: Work) -> None:
    """Do a piece of work and print what it told; leaves with the code of what is refused."""
    with exits(at.lang, as_json=at.as_json):
        told = at.written(lambda connection: work(connection, at.who))
    told = _plain(told, at.lang)
    if at.as_json:
        print_json(told)
        return
    print_told(console(), told, at.lang)


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
    with exits(at.lang, as_json=at.as_json):
        target = rejects_file(files, rejects)
        rows = readers(files, kind.name, kind.columns, encoding)
        with at.opened() as database:
            done = write_rows(database, rows, lambda c, values: kind.write(c, values, at.who))
        finish(done, kind.columns, target, at.lang, as_json=at.as_json)


def write_template(name: str, columns: Sequence[Column], *, output: Path, lang: Language) -> None:
    """Write an empty table with a sheet that explains its columns, where the file has sheets."""
    with exits(lang):
        sheets = schema.template(name, columns, lang)
        write_files({output: sheets if output.suffix.lower() == ".xlsx" else sheets[:1]})
        typer.echo(str(output))

"""What `yibao registry` does."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import typer
from rich.table import Table

from yibao.cli import exit_codes, settle_report
from yibao.cli.database import opened
from yibao.cli.options import Language
from yibao.cli.output import console, plain, print_json
from yibao.cli.settle_run import exits
from yibao.cli.targets import check_targets, remove_old, written_twice
from yibao.interop.files import results, schema
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Cell, Sheet, write_files
from yibao.interop.files.rows import visible
from yibao.interop.files.tabular import did_you_mean
from yibao.money import format_rate, format_yuan
from yibao.registry import exporting, importing
from yibao.registry import supplements as local
from yibao.registry.importing import Imported
from yibao.registry.register import Register, out_kind
from yibao.registry.registers import REGISTERS
from yibao.text import Text

_COUNTS = {
    "rows": Text("读入 {n} 行", "{n} rows read"),
    "added": Text("新增 {n}", "{n} added"),
    "changed": Text("变更 {n}", "{n} changed"),
    "ended": Text("终止 {n}", "{n} ended"),
    "corrected": Text("更正 {n}", "{n} corrected"),
    "unchanged": Text("不变 {n}", "{n} unchanged"),
    "rejected": Text("退回 {n} 行", "{n} rejected"),
}

_NOT_WRITTEN = Text(
    "用 --rejects FILE 写出退回的行", "give --rejects FILE to have the rejected rows written"
)
_NOTHING = Text("没有找到", "nothing found")


@dataclass(frozen=True, slots=True)
class How:
    """How files are brought in, and by whom."""

    actor: str | None
    encoding: Encoding | None
    release: date | None
    correct: bool


def by(actor: str | None) -> str:
    """Return who acts: whom `--actor` names, else the user of the machine."""
    return actor or getpass.getuser()


def register_of(kind: str) -> Register:
    """Return a register by its name; raises BadParameter."""
    if kind not in REGISTERS:
        hint = did_you_mean(kind, REGISTERS).en
        there = ", ".join(REGISTERS)
        raise typer.BadParameter(f"no register {kind!r}{hint}; there are: {there} / 没有这个目录")
    return REGISTERS[kind]


# --- what there is --------------------------------------------------------------------------------


def kinds(language: Language, *, as_json: bool) -> None:
    """List the registers."""
    if as_json:
        print_json(
            [{"name": r.name, "title": r.title, "key": list(r.key)} for r in REGISTERS.values()]
        )
        return
    table = Table("KIND", Text("名称", "title").pick(language), Text("主键", "key").pick(language))
    for found in REGISTERS.values():
        table.add_row(found.name, found.title.pick(language), ", ".join(found.key))
    console().print(table)


def columns(kind: str, language: Language, *, as_json: bool) -> None:
    """Show the columns of a register's file."""
    found = register_of(kind).file_columns
    if as_json:
        print_json(schema.as_data(found))
    else:
        settle_report.print_schema(found, language, console())


def template(kind: str, file: Path, language: Language) -> None:
    """Write an empty table."""
    sheets = schema.template(kind, register_of(kind).file_columns, language)
    write_files({file: sheets if file.suffix.lower() == ".xlsx" else sheets[:1]})
    typer.echo(str(file))


# --- in and out -----------------------------------------------------------------------------------


def import_files(
    database: str | None,
    kind: str,
    files: Sequence[Path],
    how: How,
    *,
    rejects: Path | None,
    changes: Path | None,
    language: Language,
    as_json: bool,
) -> None:
    """Bring files into a register; leaves with the exit code.

    What is written about it is there before the rows are: if it cannot be written, none land.
    """
    register = register_of(kind)
    targets = [target for target in (rejects, changes) if target is not None]
    if rejects is not None and rejects == changes:
        raise written_twice(rejects)
    with exits(language, as_json=as_json), opened(database) as opened_database:
        check_targets(targets, files)
        with opened_database.transaction() as connection:
            done = importing.import_files(
                connection,
                register,
                files,
                actor=by(how.actor),
                encoding=how.encoding,
                release=how.release,
                correct=how.correct,
            )
            sheets = dict(_sheets(register, done, rejects, changes, language))
            write_files(sheets)
        removed = remove_old(targets, sheets)
        _tell(register, done, list(sheets), removed, language, as_json=as_json)
        if done.rejects:
            settle_report.print_rejects(done.rejects, language, console(stderr=True))
            if rejects is None:
                typer.echo(_NOT_WRITTEN.pick(language), err=True)
            raise typer.Exit(exit_codes.REJECTED)


def _sheets(
    register: Register,
    done: Imported,
    rejects: Path | None,
    changes: Path | None,
    language: Language,
) -> Iterable[tuple[Path, Sequence[Sheet]]]:
    if changes is not None:
        yield changes, [exporting.changes_sheet(register, done.changes)]
    if rejects is not None and done.rejects:
        order = [c.name for c in register.file_columns]
        yield rejects, [results.rejects_sheet(done.rejects, order, language)]


def _tell(
    register: Register,
    done: Imported,
    written: Sequence[Path],
    removed: Sequence[Path],
    language: Language,
    *,
    as_json: bool,
) -> None:
    counts = {"rows": done.rows, **dict.fromkeys(_COUNTS, 0), **done.counts}
    counts |= {"rows": done.rows, "rejected": len(done.rejects)}
    if as_json:
        print_json(
            {
                "register": register.name,
                **counts,
                "rejected_by_rule": dict(Counter(r.errors[0].rule for r in done.rejects)),
                "notices": [notice._asdict() for notice in done.notices],
                "files": [str(f) for f in written],
                "removed": [str(f) for f in removed],
            }
        )
        return
    page = console()
    shown = [key for key in _COUNTS if counts[key] or key in {"rows", "rejected"}]
    told = " · ".join(_COUNTS[key].pick(language).format(n=f"{counts[key]:,}") for key in shown)
    page.print(f"{register.title.pick(language)}  {told}", style="bold")
    for notice in done.notices:
        page.print(f"! {visible(notice.pick(language))}", style="yellow")
    for key, files in (("written", written), ("removed", removed)):
        for file in files:
            told = settle_report.word(key, language)
            page.print(f"{told} {visible(str(file))}", soft_wrap=True)


def export(database: str | None, kind: str, file: Path, day: date | None) -> None:
    """Write a register as a file."""
    register = register_of(kind)
    with opened(database) as opened_database, opened_database.transaction() as connection:
        rows = exporting.entries(connection, register, day=day)
        write_files({file: [exporting.sheet(register, rows)]})
    typer.echo(str(file))


def show(
    database: str | None,
    kind: str,
    key: Sequence[str],
    day: date | None,
    language: Language,
    *,
    as_json: bool,
) -> None:
    """Show versions of entries; leaves with exit code 1 where a key was given and none is found."""
    register = register_of(kind)
    if len(key) > register.keys:
        raise typer.BadParameter(f"the key of {kind} is {', '.join(register.key)} / 主键列数不符")
    with opened(database) as opened_database, opened_database.transaction() as connection:
        rows = list(exporting.entries(connection, register, day=day, key=key))
    names = [name for name, _ in exporting.columns_of(register)]
    kinds_of = [out_kind(c) for c in register.file_columns]
    shown = [[_shown(kind, cell) for kind, cell in zip(kinds_of, row, strict=True)] for row in rows]
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in shown])
    elif rows:
        _print(names, shown)
    elif key:
        typer.echo(_NOTHING.pick(language), err=True)
    if key and not rows:
        raise typer.Exit(exit_codes.FINDINGS)


def _shown(kind: str, cell: Cell) -> str | int | None:
    if kind == "money" and isinstance(cell, int):
        return format_yuan(cell)
    return str(cell) if isinstance(cell, date) else cell


def _print(names: Sequence[str], rows: Sequence[Sequence[str | int | None]]) -> None:
    """Print a table without the columns that are empty everywhere."""
    filled = [at for at in range(len(names)) if any(row[at] not in {None, ""} for row in rows)]
    table = Table()
    for at in filled:
        table.add_column(names[at], overflow="fold")
    for row in rows:
        table.add_row(*("" if row[at] is None else visible(str(row[at])) for at in filled))
    console().print(table)


def supplements(database: str | None, day: date, language: Language, *, as_json: bool) -> None:
    """Show how far the removal of local drugs has come."""
    with opened(database) as opened_database, opened_database.transaction() as connection:
        found = local.batches(connection, day)
    if as_json:
        print_json([{**plain(b), "share": format_rate(b.share)} for b in found])
        return
    names = ("batch", "removal_on", "planned", "removed", "share", "late")
    _print(
        names,
        [
            (
                b.batch,
                str(b.removal_on),
                b.planned,
                b.removed,
                format_rate(b.share),
                ", ".join(b.late),
            )
            for b in found
        ],
    )

"""What the agency's commands share: the database, who acts, and what they tell."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yibao.cli import exit_codes
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.text import Text

if TYPE_CHECKING:
    from yibao.agency.imports import Imported
    from yibao.agency.runs import Run
    from yibao.interop.files.columns import Column
    from yibao.interop.files.encoding import Encoding
    from yibao.interop.files.output import Sheet
    from yibao.interop.files.rowreader import RowReader
    from yibao.interop.files.rows import Reject

Actor = Annotated[
    str | None,
    typer.Option("--actor", metavar="NAME", help="Who does it, for the audit; else the user."),
]
Rejects = Annotated[
    Path | None,
    typer.Option("--rejects", help="Where rows that were refused go; else beside the first FILE."),
]

_SHOWN = 10
_WORDS: Mapping[str, Text] = {
    "rows": Text("读入 {n} 行", "{n} rows read"),
    "made": Text("办理 {n}", "{n} made"),
    "would": Text("可结算 {n}", "{n} would be settled"),
    "unchanged": Text("已有未变 {n}", "{n} there already"),
    "rejected": Text("退回 {n} 行", "{n} rejected"),
    "refused": Text("未办理 {n} 人", "{n} persons refused"),
    "left_out": Text("不适用 {n} 人", "{n} persons to whom it does not apply"),
    "written": Text("已写入", "written"),
    "removed": Text("已删除以前一次运行留下的", "removed, being left by an earlier run:"),
    "more": Text("……另有 {n} 人，用 -o 写出全部", "… and {n} more persons: write all with -o"),
}


def word(key: str, language: Language, n: object = "") -> str:
    """Return a fixed text."""
    return _WORDS[key].pick(language).format(n=n)


def who(actor: str | None) -> str:
    """Return who acts."""
    return actor or getpass.getuser()


# --- files ----------------------------------------------------------------------------------------


def readers(
    files: Sequence[Path],
    sheet: str,
    columns: Sequence[Column],
    encoding: Encoding | None,
    *,
    others: bool = False,
) -> list[RowReader]:
    """Open files, each once; raises InputError, BadParameter. `others` as `imports.read`."""
    from yibao.agency.imports import read

    if len({file.resolve() for file in files}) < len(files):
        raise typer.BadParameter("a FILE is given twice / 同一个文件给了两次")
    return read(files, sheet, columns, encoding, others=others)


def rejects_file(files: Sequence[Path], given: Path | None) -> Path:
    """Return where refused rows go, which must not be an input; raises InputError, OutputError.

    It has the format of the first file, which therefore has to be one that is read.
    """
    from yibao.cli.targets import check_targets
    from yibao.interop.files.results import beside
    from yibao.interop.files.tabular import check_format

    for file in files:
        check_format(file)
    target = given or beside(files[0], "rejects")
    check_targets([target], files)
    return target


def finish(
    done: Imported,
    columns: Sequence[Column],
    rejects: Path,
    language: Language,
    *,
    as_json: bool,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write the refused rows and tell what was done; leaves with exit code 1 if there are some."""
    from yibao.cli.targets import remove_old

    sheets = {rejects: [_rejected(done.rejects, columns, language)]} if done.rejects else {}
    _write(sheets)
    counts = {
        "rows": done.rows,
        "made": done.made,
        "unchanged": done.unchanged,
        "rejected": len(done.rejects),
    }
    removed = remove_old([rejects], sheets)
    tell(counts, done.rejects, sheets, removed, language, as_json=as_json, more=more)


def _rejected(rejects: Sequence[Reject], columns: Sequence[Column], language: Language) -> Sheet:
    from yibao.interop.files.results import rejects_sheet

    return rejects_sheet(rejects, [column.name for column in columns], language)


def _write(sheets: Mapping[Path, Sequence[Sheet]]) -> None:
    from yibao.interop.files.output import write_files

    write_files(sheets)


def tell(
    counts: Mapping[str, int],
    rejects: Sequence[Reject],
    written: Iterator[Path] | Mapping[Path, object],
    removed: Sequence[Path],
    language: Language,
    *,
    as_json: bool,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Print counts, files and why rows were refused; leave with exit code 1 if some were."""
    from yibao.cli.settle_report import print_rejects

    files = [str(file) for file in written]
    if as_json:
        by_rule = dict(Counter(reject.errors[0].rule for reject in rejects))
        data = {**counts, "rejected_by_rule": by_rule, **(more or {}), "files": files}
        print_json({**data, "removed": [str(file) for file in removed]})
    else:
        page = console()
        page.print(" · ".join(word(key, language, f"{n:,}") for key, n in counts.items()))
        for key, named in (("written", files), ("removed", removed)):
            for file in named:
                page.print(f"{word(key, language)} {file}", soft_wrap=True)
    print_rejects(rejects, language, console(stderr=True))
    if rejects:
        raise typer.Exit(exit_codes.REJECTED)


# --- runs -----------------------------------------------------------------------------------------


def finish_run(done: Run, output: Path | None, language: Language, *, as_json: bool) -> None:
    """Tell what a run did, and who was refused; leave with exit code 1 if somebody was."""
    from yibao.interop.files.output import Sheet

    refused = [(f.person_id, f.rule, f.why.pick(language)) for f in done.failures]
    if output is not None:
        columns: list[tuple[str, Any]] = [
            ("person_id", "text"),
            ("rule", "text"),
            ("reason", "long"),
        ]
        _write({output: [Sheet("refused", columns, refused)]})
    counts = {"made": done.made, "unchanged": done.unchanged, "refused": len(refused)}
    if as_json:
        names = ("person_id", "rule", "reason")
        failures = [dict(zip(names, row, strict=True)) for row in refused]
        print_json({**counts, "left_out": dict(done.left_out), "failures": failures})
    else:
        if done.left_out:
            counts["left_out"] = done.left_out.total()
        page = console()
        page.print(" · ".join(word(key, language, f"{n:,}") for key, n in counts.items()))
        errors = console(stderr=True)
        for person, rule, why in refused[:_SHOWN]:
            errors.print(f"{person}: {why} [{rule}]", style="red", soft_wrap=True)
        if len(refused) > _SHOWN:
            errors.print(word("more", language, len(refused) - _SHOWN))
    if refused:
        raise typer.Exit(exit_codes.REJECTED)

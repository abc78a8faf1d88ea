"""What `yibao settle --engine spark` does: the same run and the same summary, on a cluster."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from yibao.bulk.finish import publish, reasons, summary_of
from yibao.bulk.spark.rules import Rules
from yibao.bulk.spark.run import SparkOptions, SparkRun
from yibao.bulk.spark.session import SparkMissing, session
from yibao.cli import settle_report
from yibao.cli.bulk_choice import How
from yibao.cli.bulk_run import job_of, shown, tell, tell_resumed
from yibao.cli.settle_run import Input, Output, exits, place_of
from yibao.cli.targets import check_targets, remove_old, written_twice
from yibao.interop.files import results
from yibao.interop.files.rows import RowError
from yibao.text import Text

_FORM = {
    True: Text("文件已按人分桶，未重新分配", "the files lie in buckets, not divided again"),
    False: Text("已按人重新分配", "the rows were divided by person first"),
}


def settle(given: Input, wanted: Output, how: How) -> None:
    """Run `yibao settle` on Spark; leaves with the exit code."""
    with exits(given.language, as_json=wanted.as_json):
        _check(given, wanted)
        conf = dict(map(_setting, how.conf))
        job = job_of(given, wanted, _key(given, wanted))
        rules = Rules.of(place_of(given.policy), given.known, given.accept, given.overlays)
        options = SparkOptions(how.memory << 20, how.work)
        try:
            with (
                session(how.master or "local[2]", conf) as spark,
                shown(given.language) as progress,
                SparkRun(spark, job, rules, options, progress) as run,
            ):
                report, told = _finished(run, given, wanted)
                run.work.remove()
        except SparkMissing as error:
            raise typer.BadParameter(f"--engine spark: {error}") from None
        tell(report, told, given, wanted)


def _finished(
    run: SparkRun, given: Input, wanted: Output
) -> tuple[settle_report.Report, Sequence[tuple[RowError, int]]]:
    """Settle and write everything; return the report, and why rows were rejected."""
    tell_resumed(run.work, given.language)
    run.settle()
    typer.echo(_FORM[run.bucketed].pick(given.language), err=True)
    files = publish(run, _rejects(wanted), given.language, _differences(wanted))
    removed = remove_old(_beside(wanted), files)
    return settle_report.Report(summary_of(run), files, removed), reasons(run)


def _check(given: Input, wanted: Output) -> None:
    """Refuse what does not go with Spark, and targets that cannot be written."""
    if wanted.explain:
        raise typer.BadParameter(
            "--explain does not go with --engine spark; use `yibao explain` for single claims, or "
            "--engine desk / 解释只适用于 --engine desk"
        )
    excel = next((f for f in given.files if f.suffix.lower() == ".xlsx"), None)
    if excel is not None:
        raise typer.BadParameter(
            f"{excel}: Spark reads Parquet and CSV, not Excel / Spark 不读 Excel"
        )
    for target in (wanted.settlements, wanted.closing):
        if target is not None and target.suffix.lower() in {".xlsx", ".csv", ".gz"}:
            raise typer.BadParameter(
                f"{target}: Spark writes a folder of Parquet files; name a folder such as "
                f"{target.with_suffix('')} / Spark 写出的是文件夹"
            )
    folders = [target for target in (wanted.settlements, wanted.closing) if target is not None]
    read = {file.resolve() for file in given.files}
    for folder in folders:
        if folder.resolve() in read or any(folder.resolve() in file.parents for file in read):
            raise typer.BadParameter(f"{folder} holds an input file / 输出文件夹中有输入文件")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise written_twice(folders[0])
    check_targets(_beside(wanted), given.files)


def _rejects(wanted: Output) -> Path:
    """Return the file of rejects: settled.rejects.csv."""
    return wanted.rejects or wanted.settlements.with_name(f"{wanted.settlements.name}.rejects.csv")


def _beside(wanted: Output) -> Iterator[Path]:
    """Yield the files that may be written beside the folders."""
    yield from (_rejects(wanted), results.beside(_rejects(wanted), "persons"))
    yield _differences(wanted)


def _differences(wanted: Output) -> Path:
    return wanted.settlements.with_name(f"{wanted.settlements.name}.differences.csv")


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.startswith("spark."):
        raise typer.BadParameter(
            f"--conf {text}: expected spark.NAME=VALUE, such as spark.executor.memory=4g / "
            "格式应为 spark.名称=值"
        )
    return name, value


def _key(given: Input, wanted: Output) -> str:
    """Return a digest of what the parts depend on besides rules and input."""
    found = hashlib.sha256(repr(wanted.closing is None).encode())
    if given.opening is not None:
        found.update(given.opening.read_bytes())
    return found.hexdigest()

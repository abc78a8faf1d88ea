"""What `yibao settle` does with large input: the columnar engine, bucket by bucket."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from yibao.bulk.finish import publish, reasons, summary_of
from yibao.bulk.job import Job, Options
from yibao.bulk.manifest import WorkFolder
from yibao.bulk.run import Run
from yibao.cli import exit_codes, settle_report
from yibao.cli.bulk_choice import How
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import Input, Output, check, exits, load, targets
from yibao.cli.targets import remove_old
from yibao.interop.files import results, states
from yibao.interop.files.rows import RowError
from yibao.policy.vocabulary import POLICIES
from yibao.settlement.columnar.engine import Engine
from yibao.text import Text


def settle(given: Input, wanted: Output, how: How) -> None:
    """Run `yibao settle` on large input; leaves with the exit code."""
    with exits(given.language, as_json=wanted.as_json):
        check(given, wanted)
        job = job_of(given, wanted, _key(given, wanted))
        options = Options(threads=how.threads, memory=how.memory << 20, work=how.work)
        with (
            shown(given.language) as progress,
            Run(job, Engine(job.policy), options, progress) as run,
        ):
            tell_resumed(run.work, given.language)
            run.partition()
            run.settle()
            rejects = wanted.rejects or results.beside(wanted.settlements, "rejects")
            files = publish(run, rejects, given.language)
            summary, told = summary_of(run), reasons(run)
            run.work.remove()
        report = settle_report.Report(summary, files, remove_old(targets(wanted), files))
        tell(report, told, given, wanted)


def job_of(given: Input, wanted: Output, key: str) -> Job:
    """Return what is to be settled; `key` is a digest of what finished work depends on."""
    policy = load(given.policy, given)
    opening = {} if given.opening is None else states.read_opening(given.opening, policy.region)
    return Job(
        policy=policy,
        claims=given.claims,
        persons=given.persons,
        output=wanted.settlements,
        closing=wanted.closing,
        opening=opening,
        encoding=given.encoding,
        key=key,
    )


def tell(
    report: settle_report.Report,
    told: Sequence[tuple[RowError, int]],
    given: Input,
    wanted: Output,
) -> None:
    """Print the summary, and why rows were rejected; leaves with the exit code where some were."""
    if wanted.as_json:
        print_json(report.as_json())
    else:
        report.print(given.language, console())
    settle_report.print_reasons(told, given.language, console(stderr=True))
    if told:
        raise typer.Exit(exit_codes.REJECTED)


def tell_resumed(work: WorkFolder, language: Language) -> None:
    """Say that a run goes on with what one before it has left."""
    if work.resumed:
        typer.echo(_RESUMED.pick(language).format(folder=work.folder), err=True)


_RESUMED = Text("继续上次未完成的运行：{folder}", "going on with the unfinished run in {folder}")


def _key(given: Input, wanted: Output) -> str:
    """Return a digest of the rules and of the options that the result depends on."""
    found = hashlib.sha256()
    folders: Sequence[Path] = [POLICIES, Path(given.policy), *given.overlays]
    for folder in folders:
        for file in sorted(folder.rglob("*.yaml")) if folder.is_dir() else ():
            found.update(str(file).encode() + b"\0" + file.read_bytes())
    if given.opening is not None:
        found.update(given.opening.read_bytes())
    options = (given.policy, given.accept, given.known, wanted.closing is None)
    found.update(repr(options).encode())
    return found.hexdigest()


# --- progress -------------------------------------------------------------------------------------

_STAGES = {
    "persons": Text("读取参保", "Reading persons"),
    "claims": Text("读取结算", "Reading claims"),
    "look": Text("查看次序", "Looking at the order"),
    "ids": Text("核对编号", "Checking ids"),
    "settle": Text("结算", "Settling"),
}


@contextmanager
def shown(language: Language) -> Iterator[Callable[[str, int, int], None]]:
    """Show each stage with rows a second and the time left.

    Where stderr is no terminal a line says it every ten seconds, and how long all took.
    """
    out = Console(stderr=True)
    if not out.is_terminal:
        yield from _lines(language)
        return
    parts = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*parts, console=out, transient=True) as progress:
        task = progress.add_task("", total=None, rate="")
        stage, began = "", time.monotonic()

        def tell(now: str, done: int, total: int) -> None:
            nonlocal stage, began, task
            if now != stage:
                stage, began = now, time.monotonic()
                progress.remove_task(task)
                told = _STAGES[now].pick(language)
                task = progress.add_task(told, total=total or None, rate="")
            seconds = max(time.monotonic() - began, 0.001)
            progress.update(task, completed=done, rate=f"{done / seconds:,.0f}/s")

        yield tell


_EVERY = 10.0
"""Seconds between two lines."""

_TOOK = Text("用时{seconds:.0f}秒", "took {seconds:.0f} s")


def _lines(language: Language) -> Iterator[Callable[[str, int, int], None]]:
    """Give what tells the stage in lines; a run of a few seconds tells nothing."""
    began = told = time.monotonic()

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _EVERY:
            told = now
            of = f"/{total:,}" if total else ""
            typer.echo(
                f"{now - began:.0f} s: {_STAGES[stage].pick(language)} {done:,}{of}", err=True
            )

    yield tell
    if told > began:
        typer.echo(_TOOK.pick(language).format(seconds=time.monotonic() - began), err=True)

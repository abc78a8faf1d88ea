"""A progress line on stderr while a settlement reads, works and writes; only on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text as RichText

from yibao.cli.options import Language
from yibao.interop.files.output import Cell, Sheet
from yibao.policy.model import Text

T = TypeVar("T")

_READ = Text("读取", "Reading")
_SETTLE = Text("结算", "Settling")
_WRITE = Text("写出", "Writing")
_EVERY = 500
"""Rows between two updates of the line."""


class Watch:
    """Passes on what goes by, and shows how far the work is."""

    def __init__(self, language: Language, progress: Progress) -> None:
        self._language = language
        self._progress = progress
        self._task = progress.add_task(_READ.pick(language), total=None)

    def _phase(self, what: Text, total: int | None = None) -> None:
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(what.pick(self._language), total=total)

    def items(self, items: Sequence[T]) -> Iterable[T]:
        """Pass claims or bills on as they are settled."""
        if self._progress.disable:
            return items
        self._phase(_SETTLE, len(items))
        return self._settling(items)

    def _settling(self, items: Sequence[T]) -> Iterator[T]:
        for at, item in enumerate(items):
            if at % _EVERY == 0:
                self._progress.update(self._task, completed=at)
            yield item

    def sheets(self, files: Mapping[Path, Sequence[Sheet]]) -> Mapping[Path, Sequence[Sheet]]:
        """Pass rows on as they are written, counting them."""
        if self._progress.disable:
            return files
        self._phase(_WRITE)
        return {
            target: [replace(sheet, rows=self._writing(target, sheet.rows)) for sheet in sheets]
            for target, sheets in files.items()
        }

    def _writing(self, target: Path, rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
        for at, row in enumerate(rows):
            if at % _EVERY == 0:
                told = f"{_WRITE.pick(self._language)} {target.name} {at:,}"
                self._progress.update(self._task, description=told)
            yield row


@contextmanager
def watching(language: Language) -> Iterator[Watch]:
    """Show a line for as long as the work lasts."""
    console = Console(stderr=True)
    parts = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    off = not console.is_terminal
    with Progress(*parts, console=console, transient=True, disable=off) as progress:
        yield Watch(language, progress)


class _Rate(TextColumn):
    """Says how many are done a second."""

    def __init__(self) -> None:
        super().__init__("{task.completed:,.0f}/{task.total:,.0f}")

    def render(self, task: Task) -> RichText:
        """Return the count, and the rate once there is one."""
        text = super().render(task)
        return text.append(f" · {task.speed:,.0f}/s") if task.speed else text


@contextmanager
def counting(language: Language, what: Text, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many of `total` are done, how many a second, and the time left.

    The function given is called with how many more are done.
    """
    console = Console(stderr=True)
    parts = (TextColumn("{task.description}"), BarColumn(), _Rate(), TimeRemainingColumn())
    off = not console.is_terminal
    with Progress(*parts, console=console, transient=True, disable=off) as progress:
        task = progress.add_task(what.pick(language), total=total)

        def done(more: int) -> None:
            progress.advance(task, more)

        yield done

"""The work folder: what a run has finished, so that the same command can go on after a kill.

`manifest.json` says of which inputs, rules and options the pieces are; a folder of another run is
not touched. Pieces appear under their names only when they are whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from typing import IO, Any

from yibao.errors import CannotWrite
from yibao.interop.files.rows import OutputError, visible
from yibao.text import Text

_FORMAT = 2
"""Counts the changes to what a work folder holds."""

_NAME, _LOCK = "manifest.json", "lock"


class WorkInUse(CannotWrite):
    """A work folder that cannot be used: another run's, a running one's, or somebody's own."""

    def __init__(self, folder: Path, why: Text) -> None:
        self.folder = folder
        super().__init__(visible(f"{folder}: {why.en} / {why.zh}"))


_RUNNING = Text(
    "正由另一个运行中的进程使用；请等它结束，或用 --work 指定另一个文件夹",
    "is in use by a run that is going on; wait for it, or name another folder with --work",
)
_FOREIGN = Text(
    "不是空文件夹，也不是本程序的工作文件夹；请用 --work 指定另一个",
    "is neither empty nor a work folder; name another with --work",
)


_WHAT = {
    "format": Text("本程序的版本", "the version of this program"),
    "rules": Text(
        "规则，或 --policy、--overlay、--known、--accept-grade、--opening、--closing",
        "the rules, or --policy, --overlay, --known, --accept-grade, --opening or --closing",
    ),
    "encoding": Text("--encoding", "--encoding"),
    "division": Text("--memory 或 --threads", "--memory or --threads"),
}
_TOLD = 3
"""So many files that differ are named."""


def _unfinished(there: Mapping[str, Any], asked: Mapping[str, Any], differs: Sequence[str]) -> Text:
    if "inputs" in differs:  # how work is divided follows from the input
        differs = [key for key in differs if key != "division"]
    what = [
        _files(there.get(key) or [], asked[key]) if key == "inputs" else _WHAT[key]
        for key in differs
    ]
    zh, en = "；".join(one.zh for one in what), "; ".join(one.en for one in what)
    return Text(
        f"是另一次运行未完成的工作，不同之处：{zh}。请用原来的选项继续，或删除后重新开始，"
        "或用 --work 指定另一个",
        f"holds the unfinished work of another run; what differs: {en}. Go on with what was given "
        "then, or remove it to start anew, or name another with --work",
    )


def _files(there: Sequence[Any], asked: Sequence[Any]) -> Text:
    """Say which input files were changed, or else left out or added."""
    before, now = ({name: rest for name, *rest in stamps} for stamps in (there, asked))
    changed = [name for name in now if name in before and now[name] != before[name]]
    names = changed or sorted(before.keys() ^ now.keys()) or list(now)
    told = ", ".join(names[:_TOLD]) + (" …" if len(names) > _TOLD else "")
    if changed:
        return Text(f"输入文件已改动：{told}", f"input files that were changed since: {told}")
    return Text(f"输入文件：{told}", f"the input files: {told}")


def stamp(file: Path) -> list[Any]:
    """Return what tells whether a file is still the same: name, size, time of change."""
    found = file.stat()
    return [str(file.resolve()), found.st_size, found.st_mtime_ns]


class WorkFolder:
    """The folder of one run, which holds its lock until it is removed or closed."""

    def __init__(self, folder: Path, asked: Mapping[str, Any]) -> None:
        """Open or make the folder; raises WorkInUse when it is not this run's to use.

        `asked` is all that the pieces depend on, as JSON can hold it. A folder that was there
        before, empty, stays when the run is over.
        """
        self.folder = folder.resolve()
        self.resumed = False
        asked = json.loads(json.dumps({"format": _FORMAT, **asked}))
        try:
            made = not self.folder.exists()
            self.folder.mkdir(parents=True, exist_ok=True)
            self._check_content()
            self._lock = _locked(self.folder)
            self._begin({**asked, "made": made})
        except OSError as error:
            raise OutputError(folder, error.strerror or str(error)) from None
        for left in self.folder.glob(".*.tmp"):
            left.unlink()

    def _check_content(self) -> None:
        ours = {_NAME, _LOCK}
        if _read(self.folder / _NAME) is None and {f.name for f in self.folder.iterdir()} - ours:
            raise WorkInUse(self.folder, _FOREIGN)

    def _begin(self, asked: dict[str, Any]) -> None:
        """Go on with what is there, or write down what is asked."""
        manifest = self.folder / _NAME
        there = _read(manifest)
        if there is None:
            self._made = asked["made"]
            temporary = self.folder / f".{_NAME}.tmp"
            temporary.write_text(json.dumps(asked, indent=1))
            os.replace(temporary, manifest)
            return
        differs = [k for k in asked if k != "made" and there.get(k) != asked[k]]
        if differs:
            self._lock.close()
            raise WorkInUse(self.folder, _unfinished(there, asked, differs))
        self._made = bool(there.get("made"))
        self.resumed = True

    def piece(self, kind: str, file: int, block: int) -> Path:
        """Return the place of a piece."""
        return self.folder / f"{kind}-{file:04d}-{block:06d}.piece"

    def pieces(self, kind: str, file: int) -> list[Path]:
        """Return the pieces of a file that are finished, in order."""
        return sorted(self.folder.glob(f"{kind}-{file:04d}-*.piece"))

    def close(self) -> None:
        """Let go of the lock; what was done stays, for the same command to go on."""
        self._lock.close()

    def remove(self) -> None:
        """Remove the work, and the folder too unless it was there before the run."""
        for left in self.folder.iterdir():
            if left.is_dir() and not left.is_symlink():
                rmtree(left)
            else:
                left.unlink()
        self._lock.close()
        if self._made:
            self.folder.rmdir()


def _locked(folder: Path) -> IO[bytes]:
    """Return a file that this process holds locked; a process that is killed holds nothing."""
    stream = (folder / _LOCK).open("ab")
    try:
        import fcntl
    except ImportError:  # not on Windows
        return stream
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        raise WorkInUse(folder, _RUNNING) from None
    return stream


def _read(manifest: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(manifest.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None

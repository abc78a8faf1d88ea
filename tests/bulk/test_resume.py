"""A run that is killed goes on where it stopped; no file under its final name is ever partial."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from parquet_city import typed, write
from typer.testing import CliRunner, Result

from yibao.bulk.manifest import WorkFolder, WorkInUse
from yibao.cli import app
from yibao.cli.sample import write_city

_KILLED = """
import os, signal, sys
from yibao.bulk import partition, run, shared_ids
from yibao.bulk.writing import TableWriter
from yibao.cli import main

stage, after = sys.argv.pop(1), int(sys.argv.pop(1))

def deadly(function):
    left = [after]
    def call(*args, **more):
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return function(*args, **more)
    return call

if stage == "claims":
    run.put_claims = deadly(run.put_claims)
elif stage == "ids":
    run.persons_who_share = deadly(run.persons_who_share)
elif stage == "settle":
    run.settlements_table = deadly(run.settlements_table)
elif stage == "publish":
    TableWriter.publish = deadly(TableWriter.publish)
run.plan_for = lambda *_: run.Plan(7, 400)
main()
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return persons and claims of a city as Parquet."""
    folder = tmp_path_factory.mktemp("city")
    persons, claims = map(typed, write_city(folder, "tianjin", 200, seed=9))
    return write(persons, folder / "persons.parquet"), write(claims, folder / "claims.parquet")


def command(city: tuple[Path, Path], out: Path, *more: str) -> list[str]:
    """Return the arguments that settle a city."""
    persons, claims = city
    args = ["settle", claims, "--persons", persons, "--policy", "tianjin", "-o", out]
    return [
        str(a) for a in (*args, "--engine", "columnar", "--threads", "1", "--lang", "en", *more)
    ]


def settle(city: tuple[Path, Path], out: Path, *more: str) -> Result:
    """Settle a city in this process."""
    return CliRunner().invoke(app, command(city, out, *more))


def killed(city: tuple[Path, Path], out: Path, stage: str, after: int) -> None:
    """Settle a city in a process that kills itself in a stage."""
    call = [sys.executable, "-c", _KILLED, stage, str(after), *command(city, out)]
    done = subprocess.run(call, check=False, capture_output=True, env=os.environ)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize(
    ("stage", "after"), [("claims", 0), ("claims", 4), ("ids", 0), ("settle", 3), ("publish", 0)]
)
def test_killed_and_started_again(
    tmp_path: Path, city: tuple[Path, Path], stage: str, after: int
) -> None:
    out = tmp_path / "out.parquet"
    killed(city, out, stage, after)
    assert not out.exists()
    work = tmp_path / ".out.parquet.work"
    assert work.is_dir()
    pieces = {file.name: file.stat().st_mtime_ns for file in work.glob("*.piece")}
    call = [sys.executable, "-c", _KILLED, "none", "0", *command(city, out)]
    done = subprocess.run(call, check=False, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert "going on with the unfinished run" in done.stderr
    assert len(pieces) >= after
    assert [file.name for file in tmp_path.iterdir()] == ["out.parquet"]
    again = tmp_path / "again.parquet"
    assert settle(city, again).exit_code == 0
    assert out.read_bytes() == again.read_bytes()


def test_pieces_are_not_made_again(tmp_path: Path, city: tuple[Path, Path]) -> None:
    out = tmp_path / "out.parquet"
    killed(city, out, "claims", 4)
    work = tmp_path / ".out.parquet.work"
    before = {file: file.stat().st_mtime_ns for file in work.glob("*.piece")}
    assert len(before) == 5  # of the persons one, of the claims four
    killed(city, out, "ids", 0)
    after = {file: file.stat().st_mtime_ns for file in work.glob("*.piece")}
    assert len(after) > 5
    assert {file: after[file] for file in before} == before


def test_another_run_is_refused(tmp_path: Path, city: tuple[Path, Path]) -> None:
    out = tmp_path / "out.parquet"
    killed(city, out, "ids", 0)
    other = settle(city, out, "--accept-grade", "D")
    assert other.exit_code == 5
    assert "unfinished work of another run" in other.stderr
    assert "what differs: the rules, or --policy" in other.stderr
    assert not out.exists()


def test_what_differs_from_the_unfinished_run_is_told_in_words(tmp_path: Path) -> None:
    stamps = [["/in/claims.parquet", 10, 1], ["/in/persons.parquet", 10, 1]]
    asked = {"inputs": stamps, "rules": "r", "encoding": None, "division": [7, 400]}
    folder = tmp_path / "work"
    WorkFolder(folder, asked).close()
    for change, told in (
        ({"division": [8, 400]}, "what differs: --memory or --threads. Go on"),
        ({"encoding": "gb18030"}, "what differs: --encoding. Go on"),
        (
            {"inputs": [["/in/claims.parquet", 11, 2], stamps[1]], "division": [8, 400]},
            "what differs: input files that were changed since: /in/claims.parquet. Go on",
        ),
        ({"inputs": stamps[:1]}, "what differs: the input files: /in/persons.parquet. Go on"),
    ):
        with pytest.raises(WorkInUse) as caught:
            WorkFolder(folder, {**asked, **change})
        assert told in str(caught.value)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, city: tuple[Path, Path]) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    result = settle(city, tmp_path / "out.parquet", "--work", str(folder))
    assert result.exit_code == 5
    assert (folder / "letter.txt").read_text() == "dear"
    with pytest.raises(WorkInUse, match="neither empty"):
        WorkFolder(folder, {})


def test_a_work_folder_of_ones_own(tmp_path: Path, city: tuple[Path, Path]) -> None:
    (tmp_path / "work").mkdir()
    out = tmp_path / "out.parquet"
    assert settle(city, out, "--work", str(tmp_path / "work")).exit_code == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.parquet", "work"]
    assert not any((tmp_path / "work").iterdir())


def test_a_work_folder_behind_a_link_is_emptied_too(
    tmp_path: Path, city: tuple[Path, Path]
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    out = tmp_path / "out.parquet"
    assert settle(city, out, "--work", str(tmp_path / "link")).exit_code == 0
    assert not any((tmp_path / "real").iterdir())


def test_a_file_is_no_work_folder(tmp_path: Path, city: tuple[Path, Path]) -> None:
    (tmp_path / "work").write_text("")
    result = settle(city, tmp_path / "out.parquet", "--work", str(tmp_path / "work"))
    assert result.exit_code == 5
    assert "File exists" in result.stderr


def test_a_folder_in_use_is_left_to_the_run_that_has_it(
    tmp_path: Path, city: tuple[Path, Path]
) -> None:
    folder = tmp_path / "work"
    first = WorkFolder(folder, {})
    result = settle(city, tmp_path / "out.parquet", "--work", str(folder))
    assert result.exit_code == 5
    assert "in use by a run that is going on" in result.stderr
    first.remove()
    assert not folder.exists()
    assert settle(city, tmp_path / "out.parquet", "--work", str(folder)).exit_code == 0


@pytest.mark.parametrize("what", ["piece", "output"])
def test_a_full_disk(
    tmp_path: Path, city: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """/dev/full stands for a disk without room."""
    out = tmp_path / "out.parquet"
    opened = Path.open

    def full(self: Path, mode: str = "r", *args: Any, **more: Any) -> Any:
        is_output = self.name == ".out.parquet.part"
        has_no_room = self.name.endswith(".piece.tmp") if what == "piece" else is_output
        return opened(Path("/dev/full") if has_no_room else self, mode, *args, **more)

    monkeypatch.setattr(Path, "open", full)
    result = settle(city, out)
    assert result.exit_code == 5, result.stderr
    assert "No space left" in result.stderr
    assert ("start the same command again" in result.stderr) == (what == "piece")
    assert not out.exists()
    assert not (tmp_path / ".out.parquet.part").exists()
    monkeypatch.undo()
    assert settle(city, out).exit_code == 0  # the work is kept: the same command goes on


@pytest.mark.parametrize("more", [["--explain"], ["-o", "out.xlsx"]])
def test_what_only_the_desk_can_do(
    tmp_path: Path, city: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = settle(city, Path("out.csv"), *more)
    assert result.exit_code == 2
    assert "--engine desk" in result.stderr

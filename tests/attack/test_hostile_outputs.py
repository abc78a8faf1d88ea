"""Outputs: names that clash or cannot be, full disks, closed pipes, processes that are ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from claim_files import CLAIM, PERSON, write
from small_pack import add_document, add_region
from typer.testing import CliRunner, Result

from yibao.cli import app
from yibao.interop.files.output import Sheet, defused, write_files

BAD = {**CLAIM, "level": "9"}


def settle(folder: Path, *more: str | Path, claims: str | bytes = b"claims.csv") -> Result:
    file = folder / os.fsdecode(claims)
    persons = write(folder / "persons.csv", [PERSON])
    args = ["settle", write(file, [CLAIM, {**BAD, "claim_id": "C2"}]), "--persons", persons]
    return CliRunner().invoke(app, [str(a) for a in (*args, "--policy", "tianjin", *more)])


def process(*args: str | Path, **more: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "yibao.cli", *map(str, args)]
    return subprocess.Popen(
        command, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    )


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        ("--closing", "out.csv"),
        ("--rejects", "out.csv"),
        ("--rejects", "x.csv", "--closing", "x.csv"),
        ("--explain", "--closing", "out.explanation.csv"),
    ],
)
def test_two_tables_for_one_file_are_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = settle(tmp_path, "-o", "out.csv", *more)
    assert result.exit_code == 2
    assert "written twice" in result.stderr


@pytest.mark.parametrize("name", ["", ".csv", "n" * 245 + ".csv", "no/such/folder.csv"])
def test_names_that_cannot_be_written_exit_5(tmp_path: Path, name: str) -> None:
    assert settle(tmp_path, "-o", name and tmp_path / name).exit_code == 5


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_file_names_that_are_not_utf8_reach_the_rejects_as_text(
    tmp_path: Path, suffix: str
) -> None:
    result = settle(tmp_path, "-o", tmp_path / f"out.{suffix}", claims=b"\xd2\xbd\xb1\xa3.csv")
    assert result.exit_code == 1
    assert (tmp_path / f"out.rejects.{suffix}").is_file()


def test_rich_markup_in_the_name_of_a_file_or_region_is_printed_as_it_is(tmp_path: Path) -> None:
    assert "out[bold].csv" in settle(tmp_path, "-o", tmp_path / "out[bold].csv").stdout
    rules = {"codes": {"disease": [{"code": "A1", "zh": "甲[/bold]", "en": "a", "cite": "1"}]}}
    add_document(add_region(tmp_path / "pack"), rules)
    result = CliRunner().invoke(app, ["schema", "claims", "--policy", str(tmp_path / "pack")])
    assert result.exit_code == 0
    assert "甲[/bold]" in "".join(result.stdout.split())


def test_a_temporary_file_is_never_one_that_somebody_else_made(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / f".out.csv.{os.getpid()}.tmp").symlink_to(victim)
    write_files({tmp_path / "out.csv": [Sheet("", [("a", "text")], [("1",)])]})
    assert victim.read_text() == "mine"
    assert (tmp_path / "out.csv").read_text("utf-8-sig") == "a\n1\n"


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
def test_full_width_signs_are_no_formulas_either(sign: str) -> None:
    assert defused(f"{sign}cmd()") == f"'{sign}cmd()"


def test_a_day_at_the_end_of_the_calendar_is_wrong_usage() -> None:
    args = ["policy", "check", "tianjin", "--as-of", "9999-12-31"]
    assert CliRunner().invoke(app, args).exit_code == 2


# --- processes ------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["exit-codes", "policy list", "--version"])
def test_a_full_disk_behind_standard_output_exits_5(command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        run = process(*command.split(), stdout=full.fileno())
        _, told = run.communicate()
    assert run.returncode == 5
    assert b"Traceback" not in told


@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="needs SIGPIPE")
@pytest.mark.parametrize("command", ["exit-codes", "policy show tianjin"])
def test_a_closed_pipe_does_not_exit_as_if_rows_were_rejected(command: str) -> None:
    read, written = os.pipe()
    os.close(read)
    run = process(*command.split(), stdout=written)
    os.close(written)
    _, told = run.communicate()
    assert run.returncode == -signal.SIGPIPE
    assert told == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_ended_run_leaves_no_file(tmp_path: Path, number: signal.Signals) -> None:
    write(tmp_path / "c.csv", ({**CLAIM, "claim_id": f"C{n}"} for n in range(20_000)))
    write(tmp_path / "p.csv", [PERSON])
    out = tmp_path / "out"
    out.mkdir()
    args = ("settle", tmp_path / "c.csv", "--persons", tmp_path / "p.csv", "--policy", "tianjin")
    run = process(*args, "-o", out / "out.csv", "--explain")
    while run.poll() is None and not list(out.iterdir()):
        pass
    run.send_signal(number)
    run.communicate()
    assert run.returncode == 128 + number
    assert list(out.iterdir()) == []

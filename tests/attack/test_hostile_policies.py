"""What analysts begin, compare and publish: names that cannot be, full disks, odd packs."""

import json
import os
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from yibao.cli import app

REGION = ("--name-zh", "某市", "--name-en", "X", "--document", "doc", "--from", "2023-01-01")
OVERLAY = ("--of", "tianjin", "--table", "outpatient_deductible")


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args])


def told(result: Result) -> str:
    return " ".join(result.stderr.split())


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# --- policy new -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["n" * 300, "d/" + "n" * 300, "file/x", "dangling", "/proc/x"])
def test_names_of_folders_that_cannot_be_are_outputs_that_cannot_be_written(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    (tmp_path / "dangling").symlink_to("nowhere")
    result = call("policy", "new", name, *REGION, "--json")
    assert result.exit_code == 5
    assert json.loads(result.stdout)["error"]["kind"] == "CannotWrite"
    assert {p.name for p in tmp_path.iterdir()} <= {"file", "dangling", "d"}


def test_a_full_disk_leaves_no_half_of_a_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = Path.write_text, []

    def full(path: Path, *args: str, **more: str) -> int:
        written.append(path)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return write(path, *args, **more)

    monkeypatch.setattr(Path, "write_text", full)
    result = call("policy", "new", "city", *REGION)
    assert result.exit_code == 5
    assert "city: No space left on device" in told(result)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (("--division", "１２３４５６"), "is not six digits"),
        (("--parent", "tianjin"), "--parent tianjin is of level city, not above city"),
        (("--level", "national", "--parent", "national"), "not above national"),
        (("--from", "1899-12-31"), "a day from 1900 on"),
    ],
)
def test_what_would_not_load_is_not_written(
    tmp_path: Path, more: tuple[str, ...], expected: str
) -> None:
    result = call("policy", "new", "city", *REGION, *more)
    assert result.exit_code == 2
    assert expected in told(result)
    assert not list(tmp_path.iterdir())


def test_a_table_named_twice_is_written_once() -> None:
    result = call("policy", "new", "r@2025-01-01", *OVERLAY, *OVERLAY[2:], "--json")
    assert result.exit_code == 0
    assert call("policy", "check", "tianjin", "--overlay", "r@2025-01-01").exit_code == 0


def test_a_draft_that_nobody_can_activate_is_wrong_usage(tmp_path: Path) -> None:
    result = call("policy", "new", "r@2025-01-01", *OVERLAY, "--kind", "draft")
    assert result.exit_code == 2
    assert "an overlay that no document activates changes nothing" in told(result)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["my city", "A'B", "$(x)", "城市", "a;b"])
def test_the_next_commands_can_be_pasted(name: str) -> None:
    result = call("policy", "new", name, *REGION, "--json")
    assert result.exit_code == 0
    for command in json.loads(result.stdout)["next"]:
        words = shlex.split(command)
        assert words[0] == "yibao"
        assert name in words
        assert call(*words[1:]).exit_code == 0, command
    assert os.listdir() == [name]

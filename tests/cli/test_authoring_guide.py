"""docs/authoring-guide.md is run as a reader would run it: its commands, its files, its outputs."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from yibao.cli import app
from yibao.policy.checking import check
from yibao.policy.load import load_region

GUIDE = Path(__file__).parents[2] / "docs" / "authoring-guide.md"
_FENCE = re.compile(r"^```(console|yaml|csv)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(sys.platform == "win32", reason="the page uses sed")
def test_the_guide_runs_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = _FENCE.findall(GUIDE.read_text(encoding="utf-8"))
    assert len(blocks) > 15
    for kind, text in blocks:
        if kind == "console":
            for command, told in _commands(text):
                output = " ".join(_run(command).split())
                for line in told:
                    wanted = " ".join(line.removeprefix("…").split())
                    assert wanted in output, f"{command}\n{output}"
        else:
            _edit(text)
    left = [f for f in check(load_region(tmp_path / "mycity")) if f.check != "to do"]
    assert left == []


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *told = part.rstrip("\n").split("\n")
        yield command, told


def _run(command: str) -> str:
    name, *args = shlex.split(command)
    if name == "yibao":
        result = CliRunner().invoke(app, args, env={"YIBAO_LANG": "en"})
        assert result.exit_code == 0, result.output
        return result.output
    if name == "sed":
        subprocess.run(["sed", *args], check=True)
    else:
        assert name == "export", command
    return ""


def _edit(text: str) -> None:
    """Write a whole file; or, in the rules that `policy new` wrote, each row in place of one."""
    head, body = text.split("\n", 1)
    file = Path(head.removeprefix("# "))
    if body.startswith(("tables:", "cases:")) or file.suffix == ".csv":
        file.write_text(body, encoding="utf-8")
        return
    lines = file.read_text(encoding="utf-8").split("\n")
    at = 0
    for line in body.splitlines():
        if line.startswith("- {"):
            at = next(
                n for n in range(at, len(lines)) if "- {" in lines[n] and "missing:" in lines[n]
            )
            lines[at] = " " * (len(lines[at]) - len(lines[at].lstrip())) + line
        else:
            at = next(n for n, written in enumerate(lines) if written.strip() == line)
    file.write_text("\n".join(lines), encoding="utf-8")

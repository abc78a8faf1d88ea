"""The program as a process: consoles, folders, versions, and how a failure is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from claim_files import CLAIM, PERSON, write
from typer.testing import CliRunner, Result

from yibao.cli import app

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TIANJIN = [EXAMPLES / "tianjin" / "claims.csv", "--persons", EXAMPLES / "tianjin" / "persons.csv"]


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args])


def process(
    *args: str | Path, cwd: Path = ROOT, run: bool = False, **env: str
) -> subprocess.CompletedProcess[bytes]:
    start = [sys.executable, ROOT / "run", "yibao"] if run else [sys.executable, "-m", "yibao.cli"]
    command = [str(a) for a in (*start, *args)]
    return subprocess.run(command, cwd=cwd, env=os.environ | env, capture_output=True, check=False)


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "cp1252"])
@pytest.mark.parametrize(
    "args",
    [
        ("explain", "T02", *TIANJIN, "--policy", "tianjin"),
        ("policy", "cases", "jining"),
        ("settle", EXAMPLES / "bad" / "claims.csv", "--persons", EXAMPLES / "bad" / "persons.csv"),
    ],
)
def test_consoles_that_are_not_utf8(
    tmp_path: Path, encoding: str, args: tuple[str | Path, ...]
) -> None:
    more = ("--policy", "tianjin", "-o", tmp_path / "out.csv") if args[0] == "settle" else ()
    done = process(*args, *more, "--lang", "zh", PYTHONIOENCODING=encoding)
    assert done.returncode in (0, 1)
    assert b"Traceback" not in done.stderr
    assert done.stdout


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "utf-8"])
def test_json_is_json_in_every_encoding(encoding: str) -> None:
    args = ("explain", "T02", *TIANJIN, "--policy", "tianjin", "--json")
    data = json.loads(process(*args, PYTHONIOENCODING=encoding).stdout.decode(encoding))
    assert "住院" in data["day_rule"]["zh"]


def test_run_keeps_the_folder_of_the_caller(tmp_path: Path) -> None:
    write(tmp_path / "c.csv", [CLAIM])
    write(tmp_path / "p.csv", [PERSON])
    (tmp_path / "csv.py").write_text("raise SystemExit('the module of the folder')")
    args = ("settle", "c.csv", "--persons", "p.csv", "--policy", "tianjin", "-o", "out.csv")
    done = process(*args, cwd=tmp_path, run=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.csv").is_file()


@pytest.mark.skipif(os.name != "posix", reason="a process cannot be replaced here")
def test_run_becomes_the_product_so_that_a_signal_to_it_stops_a_service(tmp_path: Path) -> None:
    product = tmp_path / "python"
    product.write_text("#!/bin/sh\necho $$\n")
    product.chmod(0o755)
    code = (
        f"import runpy; run = runpy.run_path({str(ROOT / 'run')!r})['yibao']; "
        f"run.__globals__.update(PYTHON={str(product)!r}, ensure=lambda level: None); run(['x'])"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as run:
        assert run.communicate()[0].strip() == str(run.pid)


def test_version_and_short_help() -> None:
    assert call("--version").stdout.startswith("yibao 0.")
    for args in ((), ("policy",), ("sample",), ("settle",)):
        assert call(*args, "-h").stdout == call(*args, "--help").stdout
    assert process("-h").stdout.decode().startswith("Usage: yibao [")


@pytest.mark.parametrize(
    "group", [(), ("policy",), ("sample",), ("ledger",), ("clearing",), ("enrol",)]
)
def test_no_summary_is_cut(group: tuple[str, ...]) -> None:
    assert "..." not in call(*group, "--help").stdout.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("args", "code", "kind", "told"),
    [
        (("policy", "show", "nowhere"), 3, "PackErrors", "no region"),
        (("policy", "show", "tianjin", "--table", "x"), 2, "BadParameter", "no table"),
        (("policy", "show", "--colour"), 2, "NoSuchOption", "No such option"),
        (("explain", "T99", *TIANJIN, "--policy", "tianjin"), 2, "BadParameter", "T99"),
        (
            ("explain", "T02", "no.csv", "--persons", "no.csv", "--policy", "tianjin"),
            4,
            "InputError",
            "no.csv",
        ),
    ],
)
def test_a_failure_is_json_too(
    args: tuple[str | Path, ...], code: int, kind: str, told: str
) -> None:
    result = call(*args, "--json", *([] if "--colour" in args else ["--lang", "en"]))
    assert result.exit_code == code
    error = json.loads(result.stdout)["error"]
    assert (error["kind"], error["exit_code"]) == (kind, code)
    assert told in error["message"]
    assert result.stderr

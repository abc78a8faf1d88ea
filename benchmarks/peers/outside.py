"""Peers that need packages of their own: an environment outside the repository, a process each.

OpenFisca-Core and policyengine-core are AGPL. They are no dependency of Yibao and nothing of Yibao
imports them: the benchmark puts them into an environment in a cache folder, runs them there in a
process of its own, and hands data over as files. DuckDB and Polars go the same way.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from peers import benefit
from peers.benefit import Claims, Outcome
from peers.clock import Skipped, Taken
from peers.native import cache

PACKAGES = ("numpy", "duckdb", "polars", "OpenFisca-Core", "policyengine-core")
POOLS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in POOLS} | {"POLARS_MAX_THREADS": "1"}


def environment() -> Path:
    """Return the Python of the environment, which is made the first time.

    Raises Skipped when nothing can be installed here.
    """
    folder = cache() / f"venv-{sys.version_info[0]}.{sys.version_info[1]}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if (folder / "complete").exists():
        return python
    print(f"installing {', '.join(PACKAGES)} into {folder} ...", file=sys.stderr)
    try:
        venv.create(folder, clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Skipped(f"no environment for it could be made: {error}") from None
    lacking = [name for name in PACKAGES if not _install(python, name)]
    (folder / "lacking").write_text("\n".join(lacking))
    if "numpy" in lacking:
        raise Skipped("pip cannot install NumPy into an environment of its own here (no network?)")
    (folder / "complete").touch()
    return python


def _install(python: Path, package: str) -> bool:
    call = [str(python), "-m", "pip", "install", "-qqq", "--only-binary", ":all:", package]
    if subprocess.run(call, check=False, stdout=subprocess.DEVNULL).returncode == 0:
        return True
    print(f"  {package} cannot be installed here", file=sys.stderr)
    return False


def installed(package: str) -> Path:
    """Return the Python that has the package; raises Skipped where it does not."""
    python = environment()
    lacking = (python.parent.parent / "lacking").read_text().split()
    if package in lacking:
        raise Skipped(f"pip could not install {package} here")
    return python


@dataclass(slots=True)
class Outside:
    """A peer that waits in its process for rounds."""

    process: subprocess.Popen[str]
    version: str
    result: Path

    def round(self) -> Taken:
        """Let it settle once; raises Skipped with what it said when it fails."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        return Taken(**_answer(self.process))

    def outcome(self) -> Outcome:
        """End it and return the outcome of its last round."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise Skipped(_last_words(self.process))
        with np.load(self.result) as file:
            return Outcome(*(file[name] for name in ("pool", "serious", "personal")))


@contextlib.contextmanager
def started(package: str, module: str, variant: str, claims: Claims) -> Iterator[Outside]:
    """Start a peer on these claims; raises Skipped where that is not possible."""
    python = installed(package)
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        data, result = Path(folder) / "claims.npz", Path(folder) / "result.npz"
        np.savez(data, **_columns(claims))
        child = Path(__file__).with_name("outside_child.py")
        process = subprocess.Popen(
            [str(python), str(child), module, variant, str(data), str(result)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(Path(folder) / "stderr").open("w+"),
            text=True,
            env=os.environ | ONE_THREAD,
            cwd=folder,
        )
        try:
            yield Outside(process, _answer(process)["version"], result)
        finally:
            process.kill()
            process.wait()


def _columns(claims: Claims) -> dict[str, np.ndarray]:
    sizes = np.diff(claims.start)
    person = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    seq = (np.arange(len(claims)) - claims.start[person]).astype(np.int32)
    columns = {"person": person, "seq": seq, "level": claims.level, "amount": claims.amount}
    columns |= {"category": claims.category[person], "category_of_person": claims.category}
    names = ("DEDUCTIBLE", "CAP", "BASE", "RATES", "EDGES", "BAND_RATES")
    return columns | {name: np.array(getattr(benefit, name)) for name in names}


def _answer(process: subprocess.Popen[str]) -> dict:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        raise Skipped(_last_words(process))
    return json.loads(line)


def _last_words(process: subprocess.Popen[str]) -> str:
    """Return the last line that a failed peer wrote to stderr."""
    folder = Path(process.args[-1]).parent  # type: ignore[index]
    lines = (folder / "stderr").read_text().strip().splitlines()
    return f"it failed: {lines[-1] if lines else 'without a word'}"

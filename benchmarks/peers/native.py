"""C, compiled with -O3 -march=native when the benchmark runs, and called through ctypes."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from peers.benefit import (
    BAND_RATES,
    BASE,
    CAP,
    DEDUCTIBLE,
    EDGES,
    RATES,
    Claims,
    Outcome,
)
from peers.clock import Run, Skipped

FLAGS = ("-O3", "-march=native", "-std=c11", "-Wall", "-shared", "-fPIC")


def cache() -> Path:
    """Return the folder outside the repository where the benchmark keeps what it makes."""
    given = os.environ.get("YIBAO_BENCH_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = Path(given) if given else base / "yibao-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def compiler() -> str:
    """Return the C compiler; raises Skipped where there is none."""
    found = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
    if found is None:
        raise Skipped("no C compiler (gcc, cc or clang) on this machine")
    return found


def compiler_version() -> str:
    """Return the first line of what the compiler says of itself."""
    call = [compiler(), "--version"]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout.split("\n")[0]


def compiled(source: Path, macros: Mapping[str, object]) -> ctypes.CDLL:
    """Return the compiled library of a C file with these macros.

    Raises Skipped where there is no compiler or it fails.
    """
    defines = [f"-D{name}={value}" for name, value in macros.items()]
    command = [compiler(), *FLAGS, *defines]
    text = source.read_bytes() + "\0".join(command).encode() + sys.platform.encode()
    library = cache() / f"{source.stem}-{hashlib.sha256(text).hexdigest()[:16]}.so"
    if not library.exists():
        with tempfile.TemporaryDirectory(dir=library.parent) as folder:
            made = Path(folder) / library.name
            call = [*command, str(source), "-o", str(made)]
            done = subprocess.run(call, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Skipped(f"{command[0]} failed: {done.stderr.strip()[-300:]}")
            made.rename(library)
    return ctypes.CDLL(str(library))


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    """Return the address of a contiguous array."""
    assert array.flags.c_contiguous
    return array.ctypes.data_as(ctypes.c_void_p)


def nested(rows: tuple[tuple[int, ...], ...]) -> str:
    """Return a table as a C initialiser."""
    return "{" + ",".join("{" + ",".join(map(str, row)) + "}" for row in rows) + "}"


def prepare(claims: Claims) -> Run:
    """Return the C loop over these claims; output arrays are used again in each call."""
    macros: dict[str, object] = {"BASE": BASE, "DEDUCTIBLE": DEDUCTIBLE, "CAP": CAP}
    macros |= {f"EDGE_{b + 1}": edge for b, edge in enumerate(EDGES)}
    macros |= {f"BAND_RATE_{b + 1}": rate for b, rate in enumerate(BAND_RATES)}
    macros["RATES"] = nested(RATES)
    library = compiled(Path(__file__).with_name("benefit.c"), macros)
    out = Outcome(*(np.zeros(len(claims), np.int64) for _ in range(3)))
    columns = (claims.start, claims.category, claims.level, claims.amount)
    arguments = [pointer(a) for a in (*columns, out.pool, out.serious, out.personal)]
    persons = ctypes.c_int64(len(claims.category))

    def run() -> Outcome:
        library.settle(persons, *arguments)
        return out

    return run

"""Making a population and measuring it: persons, claims and bytes a second, memory.

    ./run bench
    .venv/bin/python benchmarks/bench_population.py --persons 1000000 --years 1 --threads 2

Each line is a process of its own, so that its memory is its own. Processor seconds are those of all
its threads; other work on the machine disturbs them less than the clock.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

COMMAND = [sys.executable, "-P", "-m", "yibao.cli", "population"]


def run(*args: str | Path) -> tuple[float, float, float]:
    """Run a command; return wall seconds, processor seconds and megabytes of memory."""
    begin = time.perf_counter()
    process = subprocess.Popen([*COMMAND, *map(str, args)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    if code := os.waitstatus_to_exitcode(status):
        sys.exit(f"exit code {code}: {args}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--persons", type=int, default=200_000)
    parser.add_argument("--years", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    args, _ = parser.parse_known_args()
    size = ["--persons", str(args.persons), "--years", str(args.years)]
    threads = ["--threads", str(args.threads)]
    named = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pyarrow"))
    print(f"Python {platform.python_version()}, {named}, {os.cpu_count()} processors")
    print(f"{args.persons:,} persons x {args.years}, {args.threads} threads")
    with tempfile.TemporaryDirectory() as folder:
        city, lines = Path(folder) / "city", Path(folder) / "lines"
        for name, measured in (
            ("make", run("make", *size, *threads, "-o", city)),
            ("make --lines", run("make", *size, *threads, "-o", lines, "--lines")),
            ("report", run("report", city)),
        ):
            wall, used, memory = measured
            rate = args.persons * args.years / used
            print(
                f"{name:14}{wall:8.1f} s wall {used:8.1f} s processor"
                f"{rate:12,.0f} person-years/s{memory:8.0f} MB"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())

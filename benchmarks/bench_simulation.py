"""How fast another figure's totals come: a synthetic city in memory, a deductible moved.

    ./run bench
    .venv/bin/python benchmarks/bench_simulation.py --persons 1000000 --json

Told are wall and processor time of loading, of the totals after each move (the first apart: it asks
the system for memory), and of a whole comparison. Best of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from yibao.macro.population.days import Span
from yibao.macro.population.figures import load
from yibao.macro.population.make import Wanted, make
from yibao.macro.simulation import City

FIGURE = ("outpatient_deductible", {"category": ["in_service"]})


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return wall seconds, processor seconds and what the work gave."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--population", type=Path, help="a folder made before")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        place = asked.population or populated(Path(folder) / "city", asked.persons)
        load = timed(lambda: City.load("tianjin", place))
        city = load[2]
        city.totals()
        moves = [
            timed(lambda n=n: city.with_figure(*FIGURE, f"{500 + n}.00").totals())
            for n in range(asked.rounds + 1)
        ]
        whole = timed(lambda: city.with_figure(*FIGURE, "500.00").comparison())
    later = moves[1:]
    rows = {
        "load": load[:2],
        "totals, first move": moves[0][:2],
        "totals, later moves": (min(m[0] for m in later), min(m[1] for m in later)),
        "comparison with 1000 draws": whole[:2],
    }
    about = {
        "persons": len(city.population.people),
        "claims": len(city.population.claims),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    if asked.json:
        told = {name: {"wall": wall, "cpu": cpu} for name, (wall, cpu) in rows.items()}
        print(json.dumps(about | {"seconds": told}, indent=2))
        return
    print(" ".join(f"{name}={value}" for name, value in about.items()))
    for name, (wall, cpu) in rows.items():
        print(f"{name:<28}{wall:8.2f} s wall{cpu:8.2f} s cpu")


def populated(folder: Path, persons: int) -> Path:
    """Make a year of a synthetic city."""
    figures = load("tianjin")
    span = Span(figures.years.start, 1)
    make(Wanted(figures, persons, span), folder, threads=os.cpu_count() or 1)
    return folder


if __name__ == "__main__":
    main()

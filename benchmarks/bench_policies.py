"""All packs: loading and compiling, the cliffs of a city, the book; the start of commands.

    ./run bench
    .venv/bin/python benchmarks/bench_policies.py --rounds 5

Side by side in one run: in each round everything once, so that a busy minute of the machine falls
on all alike. Shown are the best and the median round, in processor seconds (of one thread), which
other work on the machine disturbs least; a command counts with those of its process.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

from yibao.analysis.bill import Bill
from yibao.analysis.cliffs import cliffs
from yibao.policy import source
from yibao.policy.load import load_region, regions
from yibao.policy.policy import load_policy
from yibao.policy.vocabulary import POLICIES
from yibao.policy_book import Sources, make_book

DAYS = [
    ("tianjin", date(2019, 7, 1)),
    ("tianjin", date(2021, 7, 1)),
    ("tianjin", date(2023, 6, 1)),
    ("tianjin", date(2024, 6, 1)),
    ("jining", date(2022, 7, 1)),
]
TOP = 100_000_000
"""Bills up to a million yuan, in fen."""

Work = Callable[[], object]


def load_all(*, parsed: bool) -> None:
    """Load all packs and compile their rules for every period, with their texts `parsed` or not."""
    if not parsed:
        source._parsed.cache_clear()
    for region in regions():
        policy = load_policy(region)
        for epoch, day in enumerate(policy.calendar.days, 1):
            assert policy.plan_of(epoch, day).rules.steps is not None


def all_cliffs(region: str, day: date) -> None:
    """Find every cliff of every profile, as `yibao policy cliffs` does."""
    assert cliffs(load_policy(region, accept="D"), day, Bill(), TOP).profiles


def whole_book() -> None:
    """Make the pages of all packs, with their cases settled."""
    source._parsed.cache_clear()
    assert make_book(Sources([(load_region(name), POLICIES / name) for name in regions()])).files


def command(*args: str) -> None:
    """Run a command in a process of its own."""
    subprocess.run([sys.executable, "-m", "yibao.cli", *args], check=True, capture_output=True)


def seconds(work: Work) -> float:
    """Return the processor seconds of `work`, with those of the processes that it starts."""
    begin = os.times()
    work()
    end = os.times()
    return sum(end[:4]) - sum(begin[:4])


def works() -> Iterator[tuple[str, Work, str]]:
    """Yield (what, work, target in seconds)."""
    count = len(regions())
    yield f"load and compile {count} regions", partial(load_all, parsed=False), "< 1"
    yield "  again in the same process", partial(load_all, parsed=True), ""
    for region, day in DAYS:
        yield f"cliffs of {region} on {day}", partial(all_cliffs, region, day), "< 10"
    yield f"the book of {count} regions", whole_book, "< 20"
    for words in ("--help", "policy list", "policy conform tianjin"):
        yield f"yibao {words}", partial(command, *words.split()), ""


def machine() -> str:
    """Say what this runs on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    chip = names[0] if names else platform.processor() or platform.machine()
    tools = ", ".join(f"{name} {version(name)}" for name in ("PyYAML", "Jinja2", "typer"))
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{chip}, {os.cpu_count()} cores{load}; Python {platform.python_version()}, {tools}"


def main() -> None:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    given, _ = parser.parse_known_args()
    print(machine())
    todo = list(works())
    taken: list[list[float]] = [[] for _ in todo]
    begin = time.monotonic()
    for _ in range(given.rounds):
        for (_, work, _), times in zip(todo, taken, strict=True):
            times.append(seconds(work))
    print(f"{given.rounds} rounds, {time.monotonic() - begin:.0f} s\n{'best':>42} {'median':>8}")
    for (what, _, target), times in zip(todo, taken, strict=True):
        print(f"{what:34} {min(times):7.2f} {median(times):8.2f} s   {target}")


if __name__ == "__main__":
    main()

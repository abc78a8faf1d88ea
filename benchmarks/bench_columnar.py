"""Engines side by side: one small benefit in each, and Tianjin's full plan against C and Numba.

    ./run bench
    .venv/bin/python benchmarks/bench_columnar.py --persons 100000 --rounds 5 --json

The first table settles the same claims in each engine: claims per second of processor time (user
and system, one thread), the wall time of the best round, in how many claims a figure is wrong by a
fen or more, and by how much what the funds pay in all is wrong. The second settles Tianjin's full
plan of 2019 with every layer and every column; there every column has to agree to the fen, or the
benchmark stops. In each round everything runs once, so that a busy minute falls on all alike.

Claims lie prepared in memory in the form that each engine likes best, and results stay in its own;
neither loading nor fetching is counted. Slow engines settle the claims of the first persons only
(the column `claims`). What needs packages of its own is installed into an environment in a cache
folder (YIBAO_BENCH_CACHE, else ~/.cache/yibao-bench); --installed-only leaves it out.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from peers import arrays, benefit, columnar, native, ours, outside, tianjin, tianjin_loops
from peers.clock import Run, Skipped, Taken, clock

SLOW = 10
"""The slow settle the claims of a tenth of the persons."""


@dataclass
class Entry:
    """An engine in a table, and what was measured of it."""

    name: str
    claims: int
    round: Callable[[], Taken] | None = None
    finish: Callable[[], Any] | None = None
    taken: list[Taken] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)
    skipped: str = ""

    @property
    def rate(self) -> float:
        """Claims per second of processor time, in the best round."""
        return self.claims / min(taken.cpu for taken in self.taken)

    def row(self) -> dict[str, Any]:
        """Return what was measured, for --json."""
        if self.skipped:
            return {"engine": self.name, "skipped": self.skipped}
        cpu, wall = (min(getattr(t, w) for t in self.taken) for w in ("cpu", "wall"))
        seconds = {"cpu_seconds": cpu, "wall_seconds": wall}
        head = {"engine": self.name, "claims": self.claims, "claims_per_cpu_second": self.rate}
        return head | seconds | self.result


def measure(entries: Sequence[Entry], rounds: int) -> None:
    """Let every engine settle once in each round; one that fails is left out with the reason."""
    for _ in range(rounds):
        for entry in entries:
            if entry.round is not None and not entry.skipped:
                try:
                    entry.taken.append(entry.round())
                except Skipped as reason:
                    entry.skipped = str(reason)


# --- the small benefit ----------------------------------------------------------------------------


HERE: tuple[tuple[str, bool, Callable[[benefit.Claims], Run]], ...] = (
    ("C -O3, by hand", False, native.prepare),
    ("Numba, by hand", False, arrays.prepare_numba),
    ("NumPy sums, integers of fen", False, arrays.prepare_numpy),
    ("NumPy sums, float64 yuan", False, arrays.prepare_floats),
    ("Python, exact (the reference)", True, lambda c: lambda: benefit.settle_exactly(c)),
    ("Yibao, scalar", True, ours.prepare_scalar),
    ("Yibao, columnar", False, columnar.prepare),
)
ELSEWHERE = (
    ("DuckDB, SQL windows", "duckdb", "outside_duckdb", ""),
    ("Polars, windows", "polars", "outside_polars", ""),
    ("OpenFisca-Core, float yuan", "OpenFisca-Core", "outside_fiscal", "openfisca_core:yuan"),
    ("OpenFisca-Core, int fen", "OpenFisca-Core", "outside_fiscal", "openfisca_core:fen"),
    ("OpenFisca-Core, running", "OpenFisca-Core", "outside_fiscal", "openfisca_core:running"),
    (
        "policyengine-core, float yuan",
        "policyengine-core",
        "outside_fiscal",
        "policyengine_core:yuan",
    ),
    ("policyengine-core, int fen", "policyengine-core", "outside_fiscal", "policyengine_core:fen"),
    (
        "policyengine-core, running",
        "policyengine-core",
        "outside_fiscal",
        "policyengine_core:running",
    ),
)


def small_benefit(persons: int, rounds: int, seed: int, everywhere: bool) -> list[Entry]:
    """Measure the small benefit in every engine that is here."""
    claims = benefit.make_claims(persons, 12, seed)
    exact = benefit.settle_exactly(claims)
    entries = [_entry_here(*of, claims) for of in HERE]
    with ExitStack() as stack:
        for name, *peer in ELSEWHERE if everywhere else ():
            entry = Entry(name, len(claims))
            try:
                started = stack.enter_context(outside.started(*peer, claims))
                entry.name = name.replace(name.split(",")[0], started.version)
                entry.round, entry.finish = started.round, started.outcome
            except Skipped as reason:
                entry.skipped = str(reason)
            entries.append(entry)
        measure(entries, rounds)
        for entry in entries:
            _compare(entry, exact)
    return entries


def _entry_here(
    name: str, slow: bool, prepare: Callable[[benefit.Claims], Run], claims: benefit.Claims
) -> Entry:
    some = claims.first(-(-len(claims.category) // SLOW)) if slow else claims
    entry = Entry(name, len(some))
    try:
        run = prepare(some)
    except Skipped as reason:
        entry.skipped = str(reason)
        return entry
    entry.round = lambda: clock(run)
    entry.finish = lambda: _as_outcome(run())
    return entry


def _as_outcome(done: Any) -> benefit.Outcome:
    return ours.outcome(done) if isinstance(done, list) else done


def _compare(entry: Entry, exact: benefit.Outcome) -> None:
    """Hold the outcome of an engine against the reference."""
    if entry.skipped or entry.finish is None:
        return
    try:
        wrong, off = benefit.wrong(entry.finish(), exact.first(entry.claims))
    except Skipped as reason:
        entry.skipped = str(reason)
        return
    entry.result = {"wrong": wrong, "wrong_total_fen": off}


# --- Tianjin's full plan --------------------------------------------------------------------------


def full_plan(persons: int, rounds: int, seed: int) -> list[Entry]:
    """Measure Tianjin's plan of 2019 by hand and by Yibao; every column has to agree."""
    rules = tianjin.policy()
    population = tianjin.make_population(persons, 12, seed)
    few = population.first(-(-persons // SLOW))
    scalar = tianjin.prepare_scalar(few, rules)
    entries = [Entry("Yibao, scalar", len(few), lambda: clock(scalar))]
    found = {"Yibao, scalar": tianjin.columns_of(scalar())}
    prepared = partial(tianjin_loops.prepare, population, rules)
    for name, prepare in (
        ("Yibao, columnar", lambda: columnar.prepare_plan(population, rules)),
        ("Numba, by hand", lambda: tianjin_loops.prepare_numba(prepared())),
        ("C -O3, by hand", lambda: tianjin_loops.prepare_c(prepared())),
    ):
        entry = Entry(name, len(population))
        try:
            run = prepare()
        except Skipped as reason:
            entry.skipped = str(reason)
        else:
            found[name] = _columns(run())
            entry.round = lambda run=run: clock(run)
        entries.append(entry)
    for one, other in itertools.combinations(found, 2):
        agree(one, found[one], other, found[other])
    measure(entries, rounds)
    return entries


def _columns(done: Any) -> dict[str, np.ndarray]:
    return dict(done) if isinstance(done, dict) else dict(done.figures)


def agree(
    one: str, columns: dict[str, np.ndarray], other: str, others: dict[str, np.ndarray]
) -> None:
    """Stop unless every column agrees to the fen, on the claims that both have settled.

    A column that only one of them has, such as a sum of others, is compared with a third.
    """
    shared = [name for name in columns if name in others]
    assert len(shared) >= 8, shared
    for name in shared:
        count = min(len(columns[name]), len(others[name]))
        differs = np.flatnonzero(columns[name][:count] != others[name][:count])
        if len(differs):
            row = differs[0]
            sys.exit(
                f"{name} of claim {row} is {columns[name][row]} by {one} and {others[name][row]} "
                f"by {other}; {len(differs)} of {count} claims differ"
            )


# --- the edges ------------------------------------------------------------------------------------


def machine() -> dict[str, str]:
    """Say what this runs on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    chip = names[0] if names else platform.processor() or platform.machine()
    tools = {name: version(name) for name in ("numpy", "numba")}
    try:
        tools["C"] = native.compiler_version()
    except Skipped as reason:
        tools["C"] = str(reason)
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    here = {"processor": chip, "cores": str(os.cpu_count()), "load": load}
    return here | {"Python": platform.python_version()} | tools


def lines(title: str, entries: Sequence[Entry], compared: bool) -> Iterator[str]:
    """Yield a table; `compared` adds how many claims each engine gets wrong."""
    yield title
    more = f"{'wrong claims':>13} {'wrong total, yuan':>18}" if compared else f"{'of C':>7}"
    yield f"{'':38} {'claims':>10} {'M claims / CPU s':>17} {'wall, s':>9} {more}"
    rates = {e.name: e.rate for e in entries if e.taken and not e.skipped}
    for entry in sorted(entries, key=lambda e: -rates.get(e.name, 0)):
        if entry.name not in rates:
            yield f"{entry.name:38} skipped: {entry.skipped}"
            continue
        wall = min(taken.wall for taken in entry.taken)
        line = f"{entry.name:38} {entry.claims:10,} {entry.rate / 1e6:17.3f} {wall:9.4f} "
        c = rates.get("C -O3, by hand")
        if compared:
            off = entry.result["wrong_total_fen"] / 100  # for the eye only
            line += f"{entry.result['wrong']:13,} {off:18,.2f}"
        else:
            line += f"{entry.rate / c:7.3f}" if c else f"{'':>7}"
        yield line


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--persons", type=int, default=100_000, help="of 12 claims each")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=2019)
    parser.add_argument("--installed-only", action="store_true", help="install nothing")
    parser.add_argument("--json", action="store_true")
    given, _ = parser.parse_known_args()
    small = small_benefit(given.persons, given.rounds, given.seed, not given.installed_only)
    plan = full_plan(given.persons, given.rounds, given.seed)
    here = machine()
    if given.json:
        tables = {"small_benefit": small, "tianjin": plan}
        rows = {name: [entry.row() for entry in of] for name, of in tables.items()}
        print(json.dumps({"machine": here, "rounds": given.rounds} | rows, ensure_ascii=False))
        return
    print("; ".join(f"{name} {value}" for name, value in here.items()))
    print(f"{given.rounds} rounds, the best of each\n")
    print("\n".join(lines("One small benefit", small, compared=True)))
    print()
    print("\n".join(lines("Tianjin's full plan of 2019, all columns", plan, compared=False)))


if __name__ == "__main__":
    main()

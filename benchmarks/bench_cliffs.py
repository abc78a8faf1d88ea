"""All cliffs of a region on a day: processor seconds, best of several rounds.

    ./run bench
    .venv/bin/python benchmarks/bench_cliffs.py --rounds 3

Processor time, since other work on the machine does not count then; one thread.
"""

from __future__ import annotations

import argparse
import time
from datetime import date

from yibao.analysis.bill import Bill
from yibao.analysis.cliffs import cliffs
from yibao.policy.policy import load_policy

DAYS = (("tianjin", date(2019, 7, 1)), ("tianjin", date(2022, 7, 1)), ("jining", date(2022, 7, 1)))
TOP = 100_000_000
"""Bills up to a million yuan, in fen."""


def main() -> None:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    given, _ = parser.parse_known_args()
    for region, day in DAYS:
        seconds = []
        for _ in range(given.rounds):
            policy = load_policy(region, accept="D")
            begin = time.process_time()
            found = cliffs(policy, day, Bill(), TOP)
            seconds.append(time.process_time() - begin)
        what = f"cliffs of {region} on {day}"
        told = f"{found.profiles} profiles, {found.pairs} changes"
        print(f"{what:34} {min(seconds):8.2f} s   < 10   {told}")


if __name__ == "__main__":
    main()

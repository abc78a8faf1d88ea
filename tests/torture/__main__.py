"""Run parts and say what they found; exit code 1 where something happened that must not."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from time import monotonic

import databases

from torture.figures import How, quiet, report, state
from torture.parts import PARTS


def main(argv: list[str]) -> int:
    """Run the parts that are named, or all; return the exit code."""
    parser = argparse.ArgumentParser(prog="./run torture", description=__doc__)
    told = "; ".join(f"{name}: {what}" for name, what in PARTS.items())
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"all, or of: {told}")
    parser.add_argument("--quick", action="store_true", help="the short version, as in the suite")
    parser.add_argument("--seed", type=int, default=0, help="what is drawn at random begins here")
    parser.add_argument("--trace", action="store_true", help="simulation: one seed, step by step")
    parser.add_argument("--report", action="store_true", help="write docs/reliability.md")
    asked = parser.parse_args(argv)
    unknown = sorted(set(asked.parts) - PARTS.keys())
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    quiet()
    with databases.folder() as folder, databases.server(folder) as url:
        how = How(url, asked.quick, asked.seed, asked.trace)
        found = [run(part, how, asked.report) for part in asked.parts or PARTS]
    return 0 if all(found) else 1


def run(part: str, how: How, keep: bool) -> bool:
    """Run a part, say and keep its figures; tell whether nothing went wrong."""
    measured, start = state(), monotonic()
    figures = []
    for figure in import_module(f"torture.{part}").figures(how):
        figures.append(figure)
        print(f"{'ok    ' if figure.holds else 'FAILED'} {part}: {figure}", flush=True)
    if keep:
        command = f"./run torture {part}" + (f" --seed {how.seed}" if how.seed else "")
        command += " --quick" if how.quick else ""
        report(part, command, monotonic() - start, measured, figures)
    return all(figure.holds for figure in figures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

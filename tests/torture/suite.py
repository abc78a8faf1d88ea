"""Tests of the suite that are a part of the torture themselves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(tests: Sequence[str], profile: str) -> tuple[int, int]:
    """Run tests with so many examples as a profile has; return how many passed and failed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *tests],
        cwd=ROOT,
        env={**os.environ, "HYPOTHESIS_PROFILE": profile},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout)
    return counted(done.stdout, "passed"), counted(done.stdout, "failed")


def counted(told: str, word: str) -> int:
    """Return how many tests are told to have passed or failed."""
    found = re.search(rf"(\d+) {word}", told)
    return int(found[1]) if found else 0

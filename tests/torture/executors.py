"""The two executors against each other, on twenty times as many histories as in the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from torture.figures import Figure, How

ROOT = Path(__file__).parents[2]
TESTS = ("tests/settlement/test_columnar.py", "tests/settlement/test_machine.py")
EXAMPLES = 20_000
"""Examples of a property under the profile `torture`."""


def figures(how: How) -> Iterator[Figure]:
    """Run the properties anew, or in the short version some of them as they are in the tests."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(TESTS[1:] if how.quick else TESTS)],
        cwd=ROOT,
        env={**os.environ, "HYPOTHESIS_PROFILE": "dev" if how.quick else "torture"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout)
    passed, failed = (counted(done.stdout, word) for word in ("passed", "failed"))
    what = f"tests of the two executors, {200 if how.quick else EXAMPLES:,} examples of a property"
    yield Figure(what, passed, {"failed": failed})


def counted(told: str, word: str) -> int:
    """Return how many tests are told to have passed or failed."""
    found = re.search(rf"(\d+) {word}", told)
    return int(found[1]) if found else 0

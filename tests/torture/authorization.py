"""Each role at each operation, over HTTP, against the matrix that a person has read."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from torture import suite
from torture.figures import Figure, How

MATRIX = "tests/api/guard/matrix.csv"
TESTS = ("tests/api/guard/test_matrix.py", "tests/api/guard/test_declared.py")


def figures(_: How) -> Iterator[Figure]:
    """Ask for one's own and for another's, as everybody, everywhere."""
    with (suite.ROOT / MATRIX).open(encoding="utf-8", newline="") as stream:
        roles, *operations = csv.reader(stream)
    _, failed = suite.run(TESTS, "ci")
    what = f"pairs of {len(roles) - 1} roles and {len(operations)} operations"
    yield Figure(what, (len(roles) - 1) * len(operations), {"tests failed": failed})

"""The two executors against each other, on twenty times as many histories as in the tests."""

from __future__ import annotations

from collections.abc import Iterator

from torture import suite
from torture.figures import Figure, How

TESTS = ("tests/settlement/test_columnar.py", "tests/settlement/test_machine.py")
EXAMPLES = 20_000
"""Examples of a property under the profile `torture`."""


def figures(how: How) -> Iterator[Figure]:
    """Run the properties anew, or in the short version some of them as they are in the tests."""
    passed, failed = suite.run(TESTS[1:], "dev") if how.quick else suite.run(TESTS, "torture")
    what = f"tests of the two executors, {200 if how.quick else EXAMPLES:,} examples of a property"
    yield Figure(what, passed, {"failed": failed})

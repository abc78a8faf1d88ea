"""Each part of the torture in its short version: something was tried, and nothing went wrong."""

from importlib import import_module

import pytest

from torture.figures import How
from torture.parts import PARTS

IN_THE_SUITE = [part for part in PARTS if part not in {"executors", "authorization"}]
"""Those two run tests of the suite."""


@pytest.mark.parametrize("part", IN_THE_SUITE)
def test_nothing_that_must_not_happen_happens(part: str, server_url: str) -> None:
    found = list(import_module(f"torture.{part}").figures(How(server_url)))
    assert found
    assert all(figure.holds for figure in found), "\n".join(map(str, found))

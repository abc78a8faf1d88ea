"""The demonstration of the national interface runs to its end, as recorded."""

import sys
from pathlib import Path

import pytest
from rich.console import Console

from yibao.cli.demo_centre import show_centre
from yibao.cli.demo_process import running
from yibao.store.errors import StoreError

RECORDINGS = Path(__file__).parents[2] / "examples" / "national"


def test_a_sandbox_answers_both_conversations(capsys: pytest.CaptureFixture[str]) -> None:
    show_centre("en", Console(file=sys.stdout, width=120), RECORDINGS)
    told = capsys.readouterr().out
    assert "2207   门诊结算  as recorded  total 943.20, funds 95.50, cash 847.70" in told
    assert "A resident of the low tier sees a physician" in told  # who is treated
    assert "11 exchanges, 0 not as recorded" in told
    assert "12 exchanges, 0 not as recorded" in told


def test_a_service_that_does_not_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match="there is no database here"),
        running(tmp_path / "log", "serve", "--database", str(tmp_path / "none")),
    ):
        pytest.fail("started")

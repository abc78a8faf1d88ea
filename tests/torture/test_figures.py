"""The table of docs/reliability.md: each figure with its command and what was measured when."""

import re
import threading
from pathlib import Path

import pytest
from fastapi import FastAPI
from services import running

from torture import figures
from torture.figures import REPORT, Figure, report, state
from torture.parts import PARTS


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "docs" / "reliability.md"
    file.parent.mkdir()
    head = f"before\n{figures.BEGIN}\n| part | what |\n|---|---|\n| keys | old |\n| cut | kept |\n"
    file.write_text(f"{head}{figures.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(figures, "REPORT", file)
    return file


def test_figures_of_a_part_take_the_place_of_earlier_ones(table: Path) -> None:
    report("keys", "./run torture keys", 3.0, "today", [Figure("asked", 2_000, {"lost": 0})])
    assert table.read_text(encoding="utf-8").splitlines() == [
        "before",
        figures.BEGIN,
        "| part | what |",
        "|---|---|",
        "| keys | asked | 2,000 | 0 lost | `./run torture keys`, 3 s | today |",
        "| cut | kept |",
        figures.END,
        "after",
    ]


def test_where_there_is_no_history_the_day_alone_is_told(table: Path) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", state())


def test_every_row_names_a_part_its_command_and_when_it_was_measured() -> None:
    _, _, rest = REPORT.read_text(encoding="utf-8").partition(figures.BEGIN)
    _, _, *rows = rest.partition(figures.END)[0].strip().splitlines()
    for row in rows:
        part, _, times, found, command, measured = row.strip("| ").split(" | ")
        assert part in PARTS
        assert f"`./run torture {part}" in command
        assert re.match(r"2\d{3}-\d\d-\d\d, [0-9a-f]{7}", measured)
        assert int(times.replace(",", "")) > 0
        assert set(re.findall(r"(?:^|, )([\d,]+) ", found)) == {"0"}, row


def test_a_service_is_stopped_where_its_user_fails() -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), running(FastAPI()):
        _ = 1 / 0
    assert threading.active_count() == before

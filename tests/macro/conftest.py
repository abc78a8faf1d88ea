"""Small blocks and a small pilot, so that a small population has several blocks and is fast."""

from collections.abc import Iterator

import pytest

from yibao.macro.population import calibrate, make


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(make, "BLOCK", 500)
    monkeypatch.setattr(calibrate, "_CHUNKS", 1)
    calibrate.calibrate.cache_clear()
    yield
    calibrate.calibrate.cache_clear()

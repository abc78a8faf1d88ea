"""Machine code that is kept on disk: made once, and never taken where it is not whole."""

import os
from pathlib import Path

import pytest

from yibao.settlement.columnar import objects


def unmade() -> bytes:
    raise AssertionError("it was kept, and need not be made")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YIBAO_CACHE", str(tmp_path))
    return tmp_path / "programs"


def test_code_is_made_once() -> None:
    assert objects.kept("a", lambda: b"code") == b"code"
    assert objects.kept("a", unmade) == b"code"
    assert objects.kept("b", lambda: b"other") == b"other"


@pytest.mark.parametrize("length", [0, 10, 32, 35])
def test_code_that_is_not_whole_is_made_again(folder: Path, length: int) -> None:
    objects.kept("a", lambda: b"code")
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:length])
    assert objects.kept("a", lambda: b"again") == b"again"
    assert objects.kept("a", unmade) == b"again"


def test_nothing_is_kept_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("YIBAO_CACHE", str(tmp_path / "file"))
    assert objects.kept("a", lambda: b"code") == b"code"
    assert objects.kept("a", lambda: b"again") == b"again"


def test_only_the_last_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "KEPT", 2)
    for name in "abc":
        objects.kept(name, name.encode)
        for path in folder.iterdir():  # a clock may be too coarse to tell them apart
            age = path.stat().st_mtime - 10
            os.utime(path, (age, age))
    assert len(list(folder.iterdir())) == 2
    assert objects.kept("c", unmade) == b"c"
    assert objects.kept("a", lambda: b"again") == b"again"

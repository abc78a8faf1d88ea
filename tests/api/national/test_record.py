"""A recording is whole lines, whatever becomes of the disk."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from yibao.api.national.record import append


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file grow beyond a number of bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_line_that_has_no_room_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    append(file, b"one\n")
    with disk_of(100), pytest.raises(OSError):
        append(file, b"x" * 1000 + b"\n")
    assert file.read_bytes() == b"one\n"
    append(file, b"two\n")
    assert file.read_bytes() == b"one\ntwo\n"

"""Pieces on disk: what is read of a bucket is what was put there."""

from __future__ import annotations

import resource
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yibao.bulk.gather import Gathered
from yibao.bulk.memory import keep_freed_memory
from yibao.bulk.scatter import narrowed
from yibao.bulk.spill import open_piece, write_piece
from yibao.settlement.columnar.data import NONE

BUCKETS = 5
NUMBERS = {
    "place": st.integers(0, 2**40),
    "time": st.integers(-(2**40), 2**40).map(lambda second: second * 1_000_000)
    | st.integers(-(2**62), 2**62),
    "small": st.integers(-3, 250),
    "middle": st.integers(0, 60_000),
    "facts": st.integers(-1, 2),
}
TEXTS = ("id", "episode", "reverses")
ROWS = st.lists(
    st.tuples(
        st.integers(0, 2**64 - 1),
        st.lists(st.text("ab\u4f60", max_size=12), min_size=3, max_size=3),
        st.fixed_dictionaries(NUMBERS),
    ),
    max_size=30,
)


def batch_of(rows: Sequence[Any], without: Collection[str] = ()) -> tuple[Any, Any]:
    """Return rows as a batch, and their hashes."""
    columns: dict[str, Any] = {
        name: np.array([row[2][name] for row in rows], np.int64) for name in NUMBERS
    }
    columns |= {
        name: pa.array([row[1][at] for row in rows], pa.string()) for at, name in enumerate(TEXTS)
    }
    for name in without:
        del columns[name]
    columns["hash"] = np.array([row[0] for row in rows], np.uint64)
    return pa.record_batch(columns), columns["hash"]


@settings(max_examples=40)
@given(st.lists(st.tuples(ROWS, st.sets(st.sampled_from([*TEXTS, "small"]))), max_size=4))
def test_a_bucket_has_the_rows_of_all_pieces_in_their_order(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[list[Any], set[str]]]
) -> None:
    folder = tmp_path_factory.mktemp("pieces")
    files = [folder / str(number) for number in range(len(pieces))]
    for file, (rows, without) in zip(files, pieces, strict=True):
        write_piece(file, *batch_of(rows, without), BUCKETS, {"number": len(rows)})
    opened = [open_piece(file) for file in files]
    assert [piece.told["number"] for piece in opened] == [len(rows) for rows, _ in pieces]
    tables = [np.array([10 * at, 10 * at + 1, 10 * at + 2], np.int32) for at in range(len(pieces))]
    gathered = Gathered(opened, {"facts": tables}, [at << 44 for at in range(len(pieces))])
    for bucket in range(BUCKETS):
        expected = [
            {
                **row[2],
                **dict(zip(TEXTS, row[1], strict=True)),
                **{name: 0 if name == "small" else "" for name in without},
                "hash": row[0],
                "facts": NONE if row[2]["facts"] == NONE else 10 * at + row[2]["facts"],
                "place": row[2]["place"] + (at << 44),
            }
            for at, (rows, without) in enumerate(pieces)
            for row in rows
            if (row[0] >> 32) * BUCKETS >> 32 == bucket
        ]
        batch = gathered.batch(bucket)
        if batch is None:
            assert not expected
            continue
        nothing = {name: 0 if name == "small" else "" for name in (*TEXTS, "small")}
        found = [{**nothing, **row} for row in batch.to_pylist()]
        for row in found:
            row["hash"] %= 2**64  # 64 bits come without a sign
        assert found == expected


@pytest.mark.parametrize(
    ("values", "width"),
    [
        ([7, 7], 0),
        ([-1, 254], 1),
        ([-1, 255], 2),
        ([17_897, 18_250], 2),
        ([0, 2**32 - 1], 4),
        ([1_500_000_000_000_000, 1_500_000_001_000_000], 4),
        ([1_500_000_000_000_000, 1_600_000_000_000_000], 4),
        ([1_500_000_000_000_000, 1_600_000_000_000_001], 8),
        ([-(2**63), 2**63 - 1], 8),
    ],
)
def test_numbers_lie_in_few_bytes(values: list[int], width: int) -> None:
    found, base, scale = narrowed(np.array(values, np.int64))
    if found is None:
        assert (width, base) == (0, values[0])
        return
    assert found.itemsize == width
    assert [(int(n) * scale + base + 2**63) % 2**64 - 2**63 for n in found] == values


def test_a_piece_that_was_cut_off_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "piece"
    rows = [(0, ["a", "", ""], dict.fromkeys(NUMBERS, at)) for at in range(100)]
    write_piece(file, *batch_of(rows), 1, {})
    piece = open_piece(file)
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(EOFError, match="shorter than it was written"):
        Gathered([piece]).batch(0)


def test_freed_memory_is_used_again() -> None:
    keep_freed_memory()

    def faults() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        np.empty(1 << 23, np.uint8)[::4096] = 1
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    faults()
    assert faults() < 4

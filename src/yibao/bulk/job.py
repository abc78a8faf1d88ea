"""What a run of bulk settlement is given, what it comes to, and how work is done side by side."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from yibao.bulk.booked import Sums
from yibao.bulk.memory import DEFAULT
from yibao.errors import CannotRead
from yibao.interop.files.encoding import Encoding
from yibao.policy.policy import Policy

T = TypeVar("T")
R = TypeVar("R")

Opening = Mapping[tuple[str, int], Mapping[str, int]]

MOST_SLICE = 1 << 16
"""Rows of claims of a slice, where input needs no dividing: few, since all of it is in memory."""

MOST_APART = 200_000
"""So many claims of persons that are entangled with each other are settled by the scalar book."""


class TooEntangled(CannotRead):
    """More persons share claim ids than can be settled together."""

    def __init__(self, claims: int) -> None:
        super().__init__(
            f"{claims:,} claims are of persons who share a claim id with another person, or whose "
            f"reversals name another's claim or give no person_id; at most {MOST_APART:,} can be "
            "settled together. Make claim ids unique over all files, and give person_id in "
            "reversals / 过多的结算编号为多人共用，或冲正未写 person_id"
        )


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. `buckets` and `block` override what follows from the memory."""

    threads: int = 2
    memory: int = DEFAULT
    work: Path | None = None
    buckets: int | None = None
    block: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What to settle and where to write it."""

    policy: Policy
    claims: Sequence[Path]
    persons: Sequence[Path]
    output: Path
    closing: Path | None = None
    opening: Opening = field(default_factory=dict)
    opening_file: Path | None = None
    encoding: Encoding | None = None
    key: str = ""

    @property
    def inputs(self) -> list[Path]:
        """Every file of rows that is read."""
        return [*self.claims, *self.persons]


Progress = Callable[[str, int, int], None]
"""Told of a stage, how many rows of it are done, and how many there are (0: not known)."""


@dataclass(slots=True)
class Totals:
    """What a run comes to."""

    claims_rows: int = 0
    persons_rows: int = 0
    sums: Sums = field(default_factory=Sums)
    begins: Counter[int] = field(default_factory=Counter)
    differences: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def in_turn(work: Callable[[T], R], inputs: Iterable[T], threads: int) -> Iterator[R]:
    """Do work on inputs, some at a time, and yield what comes of it in their order.

    No more inputs are asked for than are worked on.
    """
    if threads < 2:
        yield from map(work, inputs)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[R]] = deque()
        for one in inputs:
            waiting.append(pool.submit(work, one))
            if len(waiting) == threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

"""Processor seconds and wall seconds of a piece of work, and what a peer is."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Run = Callable[[], Any]
"""Settles all claims that it was prepared with, and returns the outcome."""


class Skipped(Exception):
    """Why a peer cannot take part here."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of one round."""

    cpu: float
    wall: float


def clock(work: Run) -> Taken:
    """Return what `work` takes: user and system time of all threads of this process, and wall."""
    gc.collect()
    gc.disable()
    wall, cpu = time.perf_counter(), time.process_time()
    kept = work()
    taken = Taken(time.process_time() - cpu, time.perf_counter() - wall)
    gc.enable()
    del kept  # freeing what was made is not part of making it
    return taken

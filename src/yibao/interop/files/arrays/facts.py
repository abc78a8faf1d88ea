"""Tuples of facts as numbers: each different combination of codes becomes one tuple, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from yibao.interop.files.arrays.columns import Closed
from yibao.settlement.model import Facts

Codes = npt.NDArray[np.int32]

_DENSE = 2**20
"""So many combinations are told apart by a table; before there are more, they are renumbered."""


class FactsTable:
    """Tuples of facts in the order in which they were met."""

    def __init__(self, tuples: Sequence[Facts] = ()) -> None:
        self.tuples: list[Facts] = list(tuples)
        self._codes = {facts: code for code, facts in enumerate(self.tuples)}

    def code(self, facts: Facts) -> int:
        """Return the number of a tuple."""
        code = self._codes.get(facts)
        if code is None:
            code = self._codes[facts] = len(self.tuples)
            self.tuples.append(facts)
        return code

    def codes(self, columns: Sequence[tuple[Closed, Codes | None]], count: int) -> Codes:
        """Return the number of each row's tuple; a column that is None is empty in every row."""
        keys = np.zeros(count, np.int64)
        meaning: list[tuple[int, ...]] = [()]
        radix = 1
        pending: list[tuple[int, int]] = []  # position of a column in the tuple, and its radix
        for at, (closed, codes) in enumerate(columns):
            if codes is None or len(closed.values) == 1:
                continue
            size = len(closed.values)
            if radix * size > _DENSE and pending:
                keys, meaning = _renumbered(keys, meaning, pending, len(columns))
                pending, radix = [], len(meaning)
            keys *= size
            keys += codes
            radix *= size
            pending.append((at, size))
        keys, meaning = _renumbered(keys, meaning, pending, len(columns))
        values = [closed.values for closed, _ in columns]
        own = np.empty(len(meaning), np.int32)
        for key, codes_of in enumerate(meaning):
            full = codes_of or (0,) * len(columns)
            facts = tuple(known[code] for known, code in zip(values, full, strict=True))
            own[key] = self.code(cast(Facts, facts))
        return own[keys]


def _renumbered(
    keys: npt.NDArray[np.int64],
    meaning: list[tuple[int, ...]],
    pending: Sequence[tuple[int, int]],
    width: int,
) -> tuple[npt.NDArray[np.int64], list[tuple[int, ...]]]:
    """Number the keys that occur from 0, and work out which codes each stands for."""
    size = len(meaning)
    for _, radix in pending:
        size *= radix
    if size <= 4 * _DENSE:
        used: Any = np.flatnonzero(np.bincount(keys, minlength=1))
        numbers = np.zeros(int(used[-1]) + 1 if len(used) else 1, np.int64)
        numbers[used] = np.arange(len(used))
        keys = numbers[keys]
    else:
        used, keys = np.unique(keys, return_inverse=True)
    found = []
    for key in used.tolist():
        codes, rest = {}, key
        for at, radix in reversed(pending):
            rest, codes[at] = divmod(rest, radix)
        before = meaning[rest] or (0,) * width
        found.append(tuple(codes.get(at, before[at]) for at in range(width)))
    return keys, found

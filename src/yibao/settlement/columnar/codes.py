"""Numbers for tuples of facts: each distinct one is a number, in the order in which it was met."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from yibao.settlement.model import Facts


class Codes:
    """Distinct facts and their numbers. It only grows; several threads may use it."""

    def __init__(self) -> None:
        self._facts: list[Facts] = []
        self._codes: dict[Facts, int] = {}
        self._lock = Lock()

    def code(self, facts: Facts) -> int:
        """Return the number of facts, a new one if they were not met before."""
        found = self._codes.get(facts)
        if found is None:
            with self._lock:
                found = self._codes.setdefault(facts, len(self._facts))
                if found == len(self._facts):
                    self._facts.append(facts)
        return found

    def __getitem__(self, code: int) -> Facts:
        return self._facts[code]

    def __len__(self) -> int:
        return len(self._facts)

    def __iter__(self) -> Iterator[Facts]:
        return iter(self._facts)

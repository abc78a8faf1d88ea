"""What is settled at a time: a bucket of what was divided, or a slice of what lay in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from yibao.bulk.booked import Names
from yibao.bulk.bucket import Loaded
from yibao.bulk.partition import Given, put_claims, put_persons
from yibao.bulk.rejected import Rejected
from yibao.bulk.scalar import Back
from yibao.bulk.spill import MemoryShelf
from yibao.bulk.store import Hashes, Store
from yibao.bulk.stream import Pair, slices
from yibao.interop.files.arrays.claims import ClaimBlocks
from yibao.interop.files.arrays.persons import PersonBlocks
from yibao.interop.files.arrays.source import Source
from yibao.policy.model import Region


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A part that can be settled, and how many rows of claims and persons were read for it."""

    loaded: Loaded | None
    claims: int = 0
    persons: int = 0


class Parts(Protocol):
    """Everything of a run, part by part."""

    back: Back
    by_id: bool

    def rejects(self) -> tuple[Sequence[Rejected], Sequence[Rejected]]:
        """Return rows of claims and of persons that are known to be bad before any part is read."""

    def inputs(self) -> Iterable[Any]:
        """Yield what `load` takes, in the order of the output."""

    def load(self, one: Any) -> Ready:
        """Make a part ready; several threads may do that."""


class Divided:
    """Buckets of pieces on disk."""

    by_id = False

    def __init__(self, store: Store, buckets: int, aside: Hashes) -> None:
        """Take the pieces; `aside` are hashes of persons who are settled elsewhere."""
        self.back = store.back
        self._store, self._buckets, self._aside = store, buckets, aside

    def rejects(self) -> tuple[Sequence[Rejected], Sequence[Rejected]]:
        """Return the rows that were rejected when the files were read."""
        return self._store.rejects()

    def inputs(self) -> Iterable[int]:
        """Return the numbers of the buckets."""
        return range(self._buckets)

    def load(self, one: int) -> Ready:
        """Read a bucket."""
        return Ready(self._store.load(one, self._aside))


class Streamed:
    """Slices of files that lie in the order of persons."""

    by_id = True

    def __init__(
        self,
        region: Region,
        engine: Any,
        claims: Sequence[Source],
        persons: Sequence[Source],
        *,
        pairs: Sequence[Pair],
        size: int,
    ) -> None:
        """Take files, in pairs; about `size` claims make a slice."""
        self._region, self._engine, self._pairs, self._size = region, engine, pairs, size
        self._claims, self._persons = claims, persons
        self._institutions = Names()
        self._columns = frozenset(name for source in persons for name in source.columns)
        self.back = self._store((), (), ()).back

    def _store(self, claims: Any, persons: Any, slow: Any) -> Store:
        return Store(
            self._region,
            self._engine,
            (self._claims, claims),
            (self._persons, persons),
            slow=slow,
            institutions=self._institutions,
        )

    def rejects(self) -> tuple[Sequence[Rejected], Sequence[Rejected]]:
        """Return nothing: rows are rejected with their slice."""
        return (), ()

    def inputs(self) -> Iterator[tuple[Given, Given]]:
        """Yield claims and the statuses of their persons as they are read."""
        for pair in self._pairs:
            yield from slices(pair, self._claims, self._persons, self._size)

    def load(self, one: tuple[Given, Given]) -> Ready:
        """Read a slice."""
        claims, persons = one
        bills, people = MemoryShelf(), MemoryShelf()
        reader = ClaimBlocks(claims.source.columns, self._region, self._columns)
        put_claims(bills, claims, reader, with_ids=False)
        put_persons(
            people, persons, PersonBlocks(persons.source.columns, self._region), self._region
        )
        slow = [bills.parts["slow"]] if "slow" in bills.parts else []
        store = self._store([bills.parts["rows"]], [people.parts["rows"]], slow)
        loaded = store.load(0, np.zeros(0, np.uint64), by_id=True)
        bad_claims, bad_persons = store.rejects()
        loaded = replace(
            loaded,
            rejects=[*bad_claims, *loaded.rejects],
            person_rejects=[*bad_persons, *loaded.person_rejects],
        )
        return Ready(loaded, claims.rows, persons.rows)

"""The pieces of a run, read bucket by bucket, and with them the rows that need a closer look."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.bulk import order, refused
from yibao.bulk.booked import Names
from yibao.bulk.bucket import (
    CLAIM_NUMBERS,
    CLAIM_TEXTS,
    PERSON_NUMBERS,
    PERSON_TEXTS,
    Loaded,
    Part,
    Rows,
    bucket_of,
    by_ids,
    in_order,
    person_hashes,
    rows_of,
)
from yibao.bulk.gather import Gathered
from yibao.bulk.links import overlaps
from yibao.bulk.partition import AMOUNT, claims_batch
from yibao.bulk.rejected import FILE_SHIFT, Rejected, file_and_row, of_data, of_reject
from yibao.bulk.scalar import Back
from yibao.bulk.slow import rows_of_items
from yibao.bulk.spill import Held, Piece
from yibao.interop.files.arrays.claims import DERIVED_FLAGS
from yibao.interop.files.arrays.facts import FactsTable
from yibao.interop.files.arrays.source import Source
from yibao.interop.files.claims import ClaimReader, Claims
from yibao.interop.files.persons import Persons
from yibao.interop.files.rows import Record
from yibao.policy.model import Region
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.columnar.data import NONE
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Facts

Hashes = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]


AnyPiece = Piece | Held


class _Opened:
    """Pieces of claims or of persons; their numbers are those of the whole run."""

    def __init__(self, pieces: Sequence[AnyPiece], facts: Any, institutions: Names) -> None:
        """Take pieces, the tuples of facts that the engine knows, and the known institutions."""
        self.told = [piece.told for piece in pieces]
        self._held = [piece.batch for piece in pieces if isinstance(piece, Held)]
        self._facts = [_table(map(facts.code, piece.facts)) for piece in pieces]
        self._names = [_table(institutions.codes(told["institutions"])) for told in self.told]
        self._same = tuple(_table(range(len(known))) for known in (facts, institutions.texts))
        on_disk = [piece for piece in pieces if isinstance(piece, Piece)]
        tables = {"facts": self._facts} | dict.fromkeys(_INSTITUTIONS, self._names)
        places = [told["file"] << FILE_SHIFT for told in self.told]
        self._gathered = Gathered(on_disk, tables, places) if on_disk else None

    def parts(self, bucket: int) -> list[Part]:
        """Return the rows of a bucket."""
        if self._gathered is not None:
            batch = self._gathered.batch(bucket)
            return [] if batch is None else [Part(batch, 0, *self._same)]
        files = [told["file"] for told in self.told]
        found = zip(self._held, files, self._facts, self._names, strict=True)
        return [Part(*one) for one in found if len(one[0])]


_INSTITUTIONS = ("institution", "chosen", "contracted")


def _table(codes: Iterable[int]) -> npt.NDArray[np.int32]:
    """Return codes with NONE at the end, where -1 finds it."""
    return np.array([*codes, NONE], np.int32)


class Store:
    """Everything that was spilled. Several threads may load buckets."""

    def __init__(
        self,
        region: Region,
        engine: Any,
        claims: tuple[Sequence[Source], Sequence[AnyPiece]],
        persons: tuple[Sequence[Source], Sequence[AnyPiece]],
        *,
        slow: Sequence[AnyPiece],
        institutions: Names | None = None,
    ) -> None:
        """Take files of claims and persons with their pieces, and what needs a closer look."""
        self.region, self.engine = region, engine
        self.claims, self.persons = claims[0], persons[0]
        self.institutions = institutions or Names()
        self._claims = _Opened(claims[1], engine.claim_facts, self.institutions)
        self._persons = _Opened(persons[1], engine.person_facts, self.institutions)
        self._slow = [piece.batch for piece in slow if isinstance(piece, Held)]
        self._slow_on_disk = Gathered([piece for piece in slow if isinstance(piece, Piece)])
        self.given = frozenset(name for source in persons[0] for name in source.columns)
        self.bad: dict[str, str] = {}
        for told in self._persons.told:
            for person, where in told["invalid"].items():
                self.bad.setdefault(person, where)
        self.back = Back(
            engine.claim_facts,
            engine.person_facts,
            self.institutions.texts,
            [source.file for source in claims[0]],
        )

    # --- of the whole run ---------------------------------------------------------------------

    def counts(self) -> tuple[int, int]:
        """Return how many rows the claims files and the persons files have."""
        claims, persons = (
            sum(told["count"] for told in opened.told) for opened in (self._claims, self._persons)
        )
        return claims, persons

    def rejects(self) -> tuple[list[Rejected], list[Rejected]]:
        """Return the rows of claims and of persons that were rejected when they were read."""
        claims, persons = (
            [of_data(data) for told in opened.told for data in told["rejects"]]
            for opened in (self._claims, self._persons)
        )
        return claims, persons

    def last_day(self) -> int | None:
        """Return the last day of a claim that was certainly right, None where there is none."""
        return max((d for told in self._claims.told for d in told["claims"]), default=None)

    # --- of a bucket --------------------------------------------------------------------------

    def load(
        self, bucket: int, aside: Hashes, *, apart: bool = True, by_id: bool = False
    ) -> Loaded:
        """Read a bucket.

        `aside` are hashes of persons who share claim ids; `apart`: with persons of other buckets,
        so that they are settled elsewhere. `by_id`: the rows lie in the order of persons' ids, and
        are to stay in it.
        """
        statuses = self._statuses(bucket)
        if by_id:
            _, statuses = by_ids(rows_of((), CLAIM_TEXTS, CLAIM_NUMBERS), statuses)
        statuses = in_order(statuses, "first", "person_id")
        bad, person_rejects = self._bad(statuses)
        claims, rejects = self._claim_rows(bucket, statuses, bad)
        if by_id:
            claims, statuses = by_ids(claims, statuses)
        claims = in_order(claims, "settled_at", "claim_id")
        found = bucket_of(
            claims,
            statuses,
            by_discharge=self.region.stays_by == "discharge",
            bad=bad,
            aside=aside,
            flags=self._flags(),
        )
        own = person_hashes(found.start, found.of, claims["person_hash"], statuses["person_hash"])
        return Loaded(found, bad, rejects, person_rejects, np.isin(own, aside) & apart)

    def _statuses(self, bucket: int) -> Rows:
        return rows_of(self._persons.parts(bucket), PERSON_TEXTS, PERSON_NUMBERS)

    def _bad(self, statuses: Rows) -> tuple[dict[str, str], list[Rejected]]:
        """Return where persons' bad rows are, and the rows that overlap others."""
        _, of = order.align(
            np.zeros(0, np.uint64), pa.array([], pa.string()),
            statuses.key, statuses["person_id"],
        )  # fmt: skip
        persons = np.flatnonzero(overlaps(of, statuses["first"], statuses["last"])).tolist()
        bad, rejects = self.bad, []
        if persons:
            bad = dict(bad)
            files = [source.file for source in self.persons]
            found = refused.overlaps(statuses, of, persons, self.back, files)
            for person, rejected, where in found:
                rejects.append(rejected)
                bad.setdefault(person, where)
        return bad, rejects

    def _claim_rows(
        self, bucket: int, statuses: Rows, bad: Mapping[str, str]
    ) -> tuple[Rows, list[Rejected]]:
        parts = self._claims.parts(bucket)
        rejects: list[Rejected] = []
        for file, records, hashes in self._slow_rows(bucket):
            claims = self._read_slowly(file, records, hashes, statuses, bad)
            rejects += [of_reject(file, reject) for reject in claims.rejects]
            if claims.items:
                parts.append(self._part(file, claims))
        amounts = {AMOUNT + name: np.int64 for name in self._amounts(parts)}
        return rows_of(parts, CLAIM_TEXTS, {**CLAIM_NUMBERS, **amounts}), rejects

    @staticmethod
    def _amounts(parts: Sequence[Part]) -> list[str]:
        names = {name for part in parts for name in part.batch.schema.names}
        return [name for name in vocabulary().amounts if AMOUNT + name in names]

    def _slow_rows(self, bucket: int) -> Iterator[tuple[int, list[Record], Hashes]]:
        """Yield the rows that need a closer look, file by file."""
        found: dict[int, list[tuple[Record, int]]] = {}
        on_disk = self._slow_on_disk.batch(bucket)
        for batch in self._slow if on_disk is None else [on_disk]:
            hashes = batch["person_hash"].to_numpy().view(np.uint64).tolist()
            columns = (batch[name].to_pylist() for name in ("place", "cells"))
            for person, place, cells in zip(hashes, *columns, strict=True):
                file, row = file_and_row(place)
                record = Record(self.claims[file].file, row, json.loads(cells))
                found.setdefault(file, []).append((record, person))
        for file, pairs in sorted(found.items()):
            pairs.sort(key=lambda pair: pair[0].row)
            own = np.array([person for _, person in pairs], np.uint64)
            yield file, [record for record, _ in pairs], own

    def _read_slowly(
        self, file: int, records: Sequence[Record], hashes: Hashes, statuses: Rows,
        bad: Mapping[str, str],
    ) -> Claims:  # fmt: skip
        """Let the reader of rows read rows, with the statuses of the persons that they name."""
        near = np.flatnonzero(np.isin(statuses["person_hash"], hashes))
        enrolment = Enrolment()
        for row in near.tolist():
            (status,) = self.back.statuses(statuses, row, row + 1)
            if status.person_id not in bad:
                enrolment.add(status)
        persons = Persons(enrolment, invalid=dict(bad), given=self.given)
        claims = Claims()
        table = replace(self.claims[file].table, records=iter(records))
        ClaimReader(table, self.region, persons).read_into(claims)
        return claims

    def _part(self, file: int, claims: Claims) -> Part:
        """Return claims that were read one by one as rows of a piece."""
        facts = FactsTable()
        batch, names = claims_batch(rows_of_items(claims.items, facts))
        codes = map(self.engine.claim_facts.code, facts.tuples)
        return Part(batch, file, _table(codes), _table(self.institutions.codes(names)))

    def _flags(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Return the values of the derived flags in each tuple of facts."""
        known: list[Facts] = list(self.engine.claim_facts)
        names = [a.name for a in vocabulary().of("claim")]
        return {
            flag: np.array([bool(facts[names.index(flag)]) for facts in known] or [False])
            for flag in DERIVED_FLAGS
        }

"""One bucket: the persons of a range of hashes and all their claims, in order, ready to be settled.

What a row alone cannot show is looked at here: whether the person is known and insured, whether
periods overlap, whether flags agree with the persons file, which ids come twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.bulk import links, order
from yibao.bulk.links import Links
from yibao.bulk.partition import AMOUNT
from yibao.bulk.rejected import FILE_SHIFT, Rejected
from yibao.bulk.texts import take
from yibao.interop.files.arrays.claims import DERIVED_FLAGS, FILLED, no_texts
from yibao.interop.files.arrays.columns import buffers, hash_texts
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.columnar.data import NONE, UNKNOWN, Items, Statuses

Int64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Numbers = Mapping[str, npt.NDArray[Any]]

FINE, NOT_KNOWN, NOT_VALID, NOT_INSURED, DISAGREES, ASIDE = range(6)
"""`Bucket.state`: the row may be settled; its person is not in the persons file, has a bad row
there, or is not insured that day; a flag contradicts the persons file; or it is settled elsewhere,
its person being entangled with others."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows in order: Arrow texts and arrays by name. `facts` number the engine's tuples."""

    texts: Mapping[str, Any]
    arrays: Numbers

    def __len__(self) -> int:
        return len(self.arrays["place"])

    def __getitem__(self, name: str) -> Any:
        return self.texts[name] if name in self.texts else self.arrays[name]

    @property
    def key(self) -> npt.NDArray[np.uint64]:
        """What persons are ordered by: their number where they come in order, else the hash."""
        found: npt.NDArray[np.uint64] = self.arrays.get("person_key", self.arrays["person_hash"])
        return found

    def keyed(self, key: Int64) -> Rows:
        """Return the rows with what their persons are to be ordered by."""
        return Rows(self.texts, {**self.arrays, "person_key": key.astype(np.uint64)})

    def take(self, at: Int64) -> Rows:
        """Return some of the rows."""
        return Rows(
            {name: take(texts, at) for name, texts in self.texts.items()},
            {name: values[at] for name, values in self.arrays.items()},
        )


CLAIM_TEXTS = ("claim_id", "person_id", "reverses", "episode")
PERSON_TEXTS = ("person_id",)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Rows of one piece: the file they are of, what its numbers of facts and institutions are."""

    batch: Any
    file: int
    facts: npt.NDArray[np.int32]
    institutions: npt.NDArray[np.int32]

    def texts(self, name: str) -> Any:
        """Return a column of texts, empty ones where the piece has none."""
        at = self.batch.schema.get_field_index(name)
        return no_texts(len(self.batch)) if at < 0 else self.batch.column(at)

    def numbers(self, name: str) -> npt.NDArray[Any]:
        """Return a column of numbers that mean the same everywhere."""
        at = self.batch.schema.get_field_index(name)
        if at < 0:
            return np.full(len(self.batch), NONE if name == "institution" else 0, np.int32)
        values: npt.NDArray[Any] = self.batch.column(at).to_numpy()
        if name == "facts":
            values = self.facts[values]  # NONE is the last
        elif name in {"institution", "chosen", "contracted"}:
            values = self.institutions[values]
        elif name == "place":
            values = values.astype(np.int64) + (self.file << FILE_SHIFT)
        return values


CLAIM_NUMBERS: Mapping[str, Any] = {
    "institution": np.int32,
    "settled_at": np.int64,
    "admitted": np.int32,
    "stay": np.int32,
    "facts": np.int32,
    "flags": np.int8,
    "account_available": np.int64,
    "place": np.int64,
}
PERSON_NUMBERS: Mapping[str, Any] = {
    "first": np.int32,
    "last": np.int32,
    "birth": np.int32,
    "facts": np.int32,
    "chosen": np.int32,
    "contracted": np.int32,
    "place": np.int64,
}


def rows_of(parts: Sequence[Part], texts: Sequence[str], numbers: Mapping[str, Any]) -> Rows:
    """Return the rows of several pieces as one, with the hashes of their persons."""
    count = sum(len(part.batch) for part in parts)
    found: dict[str, npt.NDArray[Any]] = {}
    for name, kind in numbers.items():
        column = found[name] = np.empty(count, kind)
        at = 0
        for part in parts:
            own = part.numbers(name)
            column[at : at + len(own)] = own
            at += len(own)
    none = [pa.array([], pa.string())]
    words = {n: pa.concat_arrays([part.texts(n) for part in parts] or none) for n in texts}
    found["person_hash"] = hash_texts(words["person_id"])
    if "stay" in found:
        found["discharged"] = found["admitted"] + found.pop("stay")
    return Rows(words, found)


@dataclass(frozen=True, slots=True, eq=False)
class Bucket:
    """Persons with their claims and statuses, by person, in order.

    start, of    P+1: the claims and the statuses of each person
    state        n: FINE, or why the row is not settled here
    status       n: row of the status of the day, NONE where there is none
    invalid      P: a row of the person in the persons file cannot be believed
    aside        P: the person is settled elsewhere
    disagrees    n: bits of the derived flags that contradict the persons file
    """

    claims: Rows
    statuses: Rows
    start: Int64
    of: Int64
    state: npt.NDArray[np.int8]
    status: Int64
    invalid: Flags
    aside: Flags
    disagrees: npt.NDArray[np.int8]
    links: Links

    @property
    def persons(self) -> int:
        """How many persons there are."""
        return len(self.start) - 1

    def person_of_rows(self) -> Int64:
        """Return the person of each claim."""
        return np.repeat(np.arange(self.persons), np.diff(self.start))

    def person_ids(self, persons: Any) -> Any:
        """Return the ids of persons as Arrow texts."""
        at = np.asarray(persons, np.int64)
        claims, statuses = self.claims["person_id"], self.statuses["person_id"]
        has = self.start[at] < self.start[at + 1]
        rows = np.where(has, self.start[at], self.of[at] + len(claims))
        return pa.chunked_array([claims, statuses]).take(pa.array(rows)).combine_chunks()

    def names(self, persons: Any) -> list[str]:
        """Return the ids of persons."""
        found: list[str] = self.person_ids(persons).to_pylist()
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A bucket as read, with the rows that cannot be used.

    `bad` says where persons' first bad rows are; `elsewhere` (P) which persons are settled with
    persons of other buckets.
    """

    bucket: Bucket
    bad: Mapping[str, str]
    rejects: Sequence[Rejected]
    person_rejects: Sequence[Rejected]
    elsewhere: Flags


def in_order(rows: Rows, second: str, third: str) -> Rows:
    """Return rows by person, then by two columns."""
    keys = (
        rows.key,
        rows["person_id"],
        rows[second].astype(np.int64, copy=False),
        rows[third],
        rows["place"],
    )
    at = order.order_of(*keys)
    if at is None:
        return rows
    found = rows.take(at)
    if order.mixed(found.key, found["person_id"]):
        found = rows.take(order.exact_order_of(*keys))
    return found


def by_ids(claims: Rows, statuses: Rows) -> tuple[Rows, Rows]:
    """Return rows that lie person by person, with the numbers of persons in that order."""
    claims, statuses = _by_id(claims), _by_id(statuses)
    zero = [np.zeros(len(rows), np.uint64) for rows in (claims, statuses)]
    start, of = order.align(zero[0], claims["person_id"], zero[1], statuses["person_id"])
    number = np.arange(len(start) - 1)
    return (
        claims.keyed(np.repeat(number, np.diff(start))),
        statuses.keyed(np.repeat(number, np.diff(of))),
    )


def _by_id(rows: Rows) -> Rows:
    """Return rows in the order of persons' ids, where a few stand at the end."""
    ids = rows["person_id"]
    if order.ascending(ids):
        return rows
    texts = np.array([text.encode() for text in ids.to_pylist()], object)
    return rows.take(np.argsort(texts, kind="stable"))


def bucket_of(
    claims: Rows,
    statuses: Rows,
    *,
    by_discharge: bool,
    bad: Mapping[str, str],
    aside: npt.NDArray[np.uint64],
    flags: Mapping[str, npt.NDArray[np.bool_]],
) -> Bucket:
    """Lay claims and statuses, both in order, side by side and look at them together.

    `bad` are persons with a rejected row, `aside` hashes of persons to be settled elsewhere,
    `flags` the values of the derived flags in each tuple of facts.
    """
    key = claims.key
    start, of = order.align(key, claims["person_id"], statuses.key, statuses["person_id"])
    persons = len(start) - 1
    person = np.repeat(np.arange(persons), np.diff(start))
    invalid = links.overlaps(of, statuses["first"], statuses["last"])
    own_hash = person_hashes(start, of, claims["person_hash"], statuses["person_hash"])
    put_aside = links.ties(start, claims["settled_at"], claims["claim_id"])
    put_aside |= np.isin(own_hash, aside)
    reversal = claims["facts"] == NONE
    day = claims["discharged" if by_discharge else "admitted"]
    status = links.status_rows(start, day, of, statuses["first"], statuses["last"])
    state = np.zeros(len(claims), np.int8)
    state[status == NONE] = NOT_INSURED
    state[(of[:-1] == of[1:])[person]] = NOT_KNOWN
    bucket = Bucket(
        claims=claims,
        statuses=statuses,
        start=start,
        of=of,
        state=state,
        status=status,
        invalid=invalid,
        aside=put_aside,
        disagrees=np.zeros(len(claims), np.int8),
        links=_no_links(len(claims)),
    )
    _mark_bad(bucket, own_hash, bad)
    state[invalid[person]] = NOT_VALID
    _compare_flags(bucket, flags)
    state[reversal] = FINE
    state[put_aside[person] & (state == FINE)] = ASIDE
    found = links.link(start, key, claims["claim_id"], claims["reverses"], state == FINE)
    if found.shared.any():  # two persons of one hash share an id
        put_aside[person[found.shared]] = True
        state[put_aside[person] & (state == FINE)] = ASIDE
        found = links.link(start, key, claims["claim_id"], claims["reverses"], state == FINE)
    return replace(bucket, links=found)


def person_hashes(start: Int64, of: Int64, claims: Any, statuses: Any) -> npt.NDArray[np.uint64]:
    """Return the hash of each person."""
    found = np.zeros(len(start) - 1, np.uint64)
    has = start[:-1] < start[1:]
    found[has] = claims[start[:-1][has]]
    found[~has] = statuses[of[:-1][~has]]
    return found


def _mark_bad(bucket: Bucket, hashes: npt.NDArray[np.uint64], bad: Mapping[str, str]) -> None:
    if not bad:
        return
    near = np.flatnonzero(np.isin(hashes, hash_texts(pa.array(list(bad), pa.string()))))
    for person, name in zip(near.tolist(), bucket.names(near), strict=True):
        if name in bad:
            bucket.invalid[person] = True


def _compare_flags(bucket: Bucket, flags: Mapping[str, npt.NDArray[np.bool_]]) -> None:
    """Mark rows with a flag that contradicts the institutions of the person's status."""
    claims, statuses = bucket.claims, bucket.statuses
    for bit, (flag, column) in enumerate(zip(DERIVED_FLAGS, ("chosen", "contracted"), strict=True)):
        can = (bucket.state == FINE) | (bucket.state == DISAGREES)
        rows = np.flatnonzero((claims["flags"] & (FILLED << bit) != 0) & can)
        own = claims["institution"][rows] == statuses[column][bucket.status[rows]]
        rows = rows[flags[flag][claims["facts"][rows]] != own]
        bucket.state[rows] = DISAGREES
        bucket.disagrees[rows] |= 1 << bit


def _no_links(count: int) -> Links:
    none = np.full(count, NONE, np.int32)
    return Links(none, none, np.zeros(count, np.bool_))


# --- for the engine -------------------------------------------------------------------------------


def items_of(bucket: Bucket) -> Items:
    """Return the claims as the engine takes them; a row that is not settled here does nothing.

    Such a row is given as the reversal of a claim that nobody has: the engine refuses it and
    keeps no trace.
    """
    claims, fine = bucket.claims, bucket.state == FINE
    reverses = bucket.links.reverses
    facts = claims["facts"]
    derive = (claims["flags"] & 3).astype(np.int8)
    if not fine.all():
        facts = np.where(fine, facts, NONE).astype(np.int32)
        reverses = np.where(fine, reverses, UNKNOWN).astype(np.int32)
        derive[~fine] = 0
    zero = np.zeros(0, np.int64)
    amounts = []
    for name in vocabulary().amounts:
        values = claims.arrays.get(AMOUNT + name)
        if values is None:
            zero = values = zero if len(zero) else np.zeros(len(claims), np.int64)
        amounts.append(values)
    return Items(
        start=bucket.start,
        admitted=claims["admitted"],
        discharged=claims["discharged"],
        settled_year=years_of(claims["settled_at"]),
        facts=facts,
        derive=derive,
        institution=claims["institution"],
        amounts=tuple(amounts),
        account_available=claims["account_available"],
        episode=_episodes(claims["episode"]),
        own_id=bucket.links.own_id,
        reverses=reverses,
    )


def statuses_of(bucket: Bucket) -> Statuses:
    """Return the statuses as the engine takes them; those of invalid persons are left out."""
    rows, of = bucket.statuses, bucket.of
    if bucket.invalid.any():
        keep = ~np.repeat(bucket.invalid, np.diff(of))
        rows = rows.take(np.flatnonzero(keep))
        of = np.concatenate([[0], np.cumsum(np.where(bucket.invalid, 0, np.diff(of)))])
    return Statuses(
        start=of,
        first=rows["first"],
        last=rows["last"],
        birth=rows["birth"],
        facts=rows["facts"],
        chosen=rows["chosen"],
        contracted=rows["contracted"],
    )


def years_of(moments: Int64) -> npt.NDArray[np.int16]:
    """Return the years of moments in microseconds since 1970."""
    if not len(moments):
        return np.zeros(0, np.int16)
    ends = np.array([moments.min(), moments.max()]).view("M8[us]").astype("M8[Y]")
    news = np.arange(ends[0] + 1, ends[1] + 1).astype("M8[us]").astype(np.int64)
    first = int(ends[0].astype(np.int64)) + 1970
    return (first + np.searchsorted(news, moments, side="right")).astype(np.int16)


def _episodes(texts: Any) -> npt.NDArray[np.int32]:
    """Return the number of each episode, NONE where there is none."""
    found = np.full(len(texts), NONE, np.int32)
    offsets, _ = buffers(texts)
    there = np.flatnonzero(offsets[1:] != offsets[:-1])
    if len(there):
        encoded = texts.take(pa.array(there)).dictionary_encode()
        found[there] = encoded.indices.to_numpy(zero_copy_only=False)
    return found

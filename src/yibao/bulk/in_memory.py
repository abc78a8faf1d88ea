"""Tables in, tables out: one bucket for other drivers, or a whole population for a simulation.

What a driver such as Spark must know: all claims of a person, and all persons who share claim ids,
have to be in one call; the order of rows does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from yibao.bulk.booked import Sums, Words
from yibao.bulk.bucket import FINE, Bucket, items_of, statuses_of
from yibao.bulk.job import Opening
from yibao.bulk.partition import Given, put_claims, put_persons
from yibao.bulk.rejected import Rejected, file_and_row, row_errors
from yibao.bulk.scalar import by_person
from yibao.bulk.settle import Outcome, Settler
from yibao.bulk.shared_ids import shared_by
from yibao.bulk.spill import Held, MemoryShelf, Part
from yibao.bulk.store import Hashes, Store
from yibao.bulk.table_source import TableSource, table_source
from yibao.bulk.tables import closing_table, settlements_table
from yibao.interop.files.arrays.claims import ClaimBlocks
from yibao.interop.files.arrays.persons import PersonBlocks
from yibao.interop.files.arrays.source import Source, open_source
from yibao.interop.files.columns import claim_columns, person_columns
from yibao.interop.files.output import arrow_table
from yibao.interop.files.results import differences_sheet, rejects_sheet
from yibao.interop.files.rows import Record, Reject
from yibao.policy.model import Region
from yibao.policy.policy import Policy
from yibao.settlement.columnar.data import Items, Statuses
from yibao.settlement.columnar.engine import Engine
from yibao.settlement.executor import Executor

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What came of a bucket of tables, as tables with the columns of the files; `closing` is None
    where it was not asked for.
    """

    settlements: Any
    differences: Any
    rejects: Any
    person_rejects: Any
    closing: Any
    sums: Sums


def settle_tables(
    policy: Policy,
    persons: Any,
    claims: Any,
    *,
    engine: Engine | None = None,
    opening: Opening | None = None,
    closing_year: int | None = None,
    language: str = "en",
) -> Settled:
    """Settle Arrow tables of persons and claims, which have the columns of their files.

    The settlements come in the order of bulk output. Raises InputError when a table as a whole
    cannot be used, PackDefect when the rules pay more than there is.
    """
    region = policy.region
    source = table_source(claims, "claims", claim_columns(region), person_columns(region))
    people = table_source(persons, "persons", person_columns(region), claim_columns(region))
    found = settle_sources(
        policy, [people], [source], engine=engine, opening=opening, closing_year=closing_year
    )
    differences = differences_sheet(())
    return Settled(
        settlements=found.settlements,
        differences=arrow_table(replace(differences, rows=found.outcome.differences)),
        rejects=_rejects(source, found.outcome.rejects, region, language),
        person_rejects=_rejects(people, found.outcome.person_rejects, region, language),
        closing=found.closing,
        sums=found.outcome.sums,
    )


@dataclass(frozen=True, slots=True, eq=False)
class SettledRows:
    """What came of a bucket: the tables to be written, and everything else without its rows.

    `claims` and `persons` count the rows that were read. The places of rejects are those of the
    sources in the order in which they were given.
    """

    settlements: Any
    closing: Any
    outcome: Outcome
    claims: int
    persons: int


def settle_sources(
    policy: Policy,
    persons: Sequence[Source],
    claims: Sequence[Source],
    *,
    engine: Engine | None = None,
    opening: Opening | None = None,
    closing_year: int | None = None,
) -> SettledRows:
    """Settle all rows of some sources as one bucket.

    Raises InputError when a source is damaged, PackDefect when the rules pay more than there is.
    """
    engine = engine or Engine(policy)
    region = policy.region
    store, aside = _stored(region, engine, claims, persons)
    words = Words(region, engine.schemes)
    settler = Settler(
        policy=policy,
        engine=engine,
        words=words,
        back=store.back,
        persons_files=[source.file for source in persons],
        opening=by_person(opening or {}),
        closing_year=closing_year,
        executor=Executor(policy),
    )
    outcome = settler.settle(store.load(0, aside, apart=False))
    damaged, damaged_persons = store.rejects()
    closing = None
    if closing_year is not None:
        closing = closing_table(outcome.closing, closing_year, region)
    settlements = settlements_table(outcome.booked, words)
    outcome = replace(
        outcome.without_rows(),
        rejects=[*damaged, *outcome.rejects],
        person_rejects=[*damaged_persons, *outcome.person_rejects],
    )
    return SettledRows(settlements, closing, outcome, *store.counts())


def _rejects(
    source: TableSource, rejects: Sequence[Rejected], region: Region, language: str
) -> Any:
    """Return rejected rows as a table."""
    rows = np.array([file_and_row(reject.place)[1] for reject in rejects], np.int64)
    records = {record.row: record for record in source.records(np.unique(rows))}
    columns = claim_columns(region) if source.what == "claims" else person_columns(region)
    found = [_reject(source, reject, records) for reject in rejects]
    found.sort(key=lambda reject: reject.record.row)
    order = [column.name for column in columns]
    return arrow_table(rejects_sheet(found, order, language))


def _reject(source: Source, reject: Rejected, records: dict[int, Record]) -> Reject:
    record = records[file_and_row(reject.place)[1]]
    return Reject(record, source.columns, row_errors(record, source.columns, reject.errors))


# --- whole populations ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Everything of a population that its settlement needs, in memory.

    `persons` are ids as an Arrow array, in the order of `items` and `statuses`; `claim_id` those of
    the items. `left_out` counts claims and reversals that a run of settle would have rejected or
    settled apart (shared claim ids): their items do nothing. `rejects` counts rows that could not
    be read.
    """

    items: Items
    statuses: Statuses
    persons: Any
    claim_id: Any
    left_out: int
    rejects: int
    bucket: Bucket


def load(
    policy: Policy,
    engine: Engine,
    persons_files: Sequence[Path],
    claims_files: Sequence[Path],
) -> Population:
    """Read a population; its facts are codes of `engine`. Raises InputError."""
    region = policy.region
    claims, persons = claim_columns(region), person_columns(region)
    sources = [open_source(f, "claims", claims, ("persons", persons)) for f in claims_files]
    people = [open_source(f, "persons", persons, ("claims", claims)) for f in persons_files]
    store, aside = _stored(region, engine, sources, people)
    loaded = store.load(0, aside)
    bucket = loaded.bucket
    damaged, damaged_persons = store.rejects()
    return Population(
        items=items_of(bucket),
        statuses=statuses_of(bucket),
        persons=bucket.person_ids(np.arange(bucket.persons)),
        claim_id=bucket.claims["claim_id"],
        left_out=int(np.count_nonzero(bucket.state != FINE)),
        rejects=sum(map(len, (damaged, damaged_persons, loaded.rejects, loaded.person_rejects))),
        bucket=bucket,
    )


def _stored(
    region: Region, engine: Engine, claims: Sequence[Source], persons: Sequence[Source]
) -> tuple[Store, Hashes]:
    """Return all rows in one bucket, and the hashes of persons who share claim ids."""
    columns = frozenset(name for source in persons for name in source.columns)
    shelves: list[MemoryShelf] = []
    for given in _blocks(claims):
        shelves.append(MemoryShelf())
        put_claims(shelves[-1], given, ClaimBlocks(given.source.columns, region, columns))
    people: list[MemoryShelf] = []
    for given in _blocks(persons):
        people.append(MemoryShelf())
        put_persons(people[-1], given, PersonBlocks(given.source.columns, region), region)
    store = Store(
        region,
        engine,
        (claims, _parts(shelves, "rows")),
        (persons, _parts(people, "rows")),
        slow=_parts(shelves, "slow"),
    )
    pairs = [piece.batch for piece in _parts(shelves, "ids")]
    none = [np.zeros(0, np.uint64)]
    ids, own = (np.concatenate([b.column(n).to_numpy() for b in pairs] or none) for n in (0, 1))
    return store, shared_by(ids, own)


def _parts(shelves: Sequence[MemoryShelf], part: Part) -> list[Held]:
    return [shelf.parts[part] for shelf in shelves if part in shelf.parts]


def _blocks(sources: Sequence[Source]) -> Iterator[Given]:
    for file, source in enumerate(sources):
        for block in source.blocks(_BLOCK):
            yield Given(file, source, block)

"""The rows that decide how one claim is settled, found among any number of others.

Rows belong together that name one person or one claim. So the person's own rows are found, the
reversals that name no person, and whoever shares a claim id with them; nobody else can change how
the claim is settled. Only the columns of ids are looked at, in a few passes; the rows found are
then read by the same reader as all rows would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibao.interop.files.arrays.columns import as_texts
from yibao.interop.files.arrays.source import Source, open_source
from yibao.interop.files.columns import claim_columns, person_columns
from yibao.interop.files.csvfile import open_csv
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.parquet import unreadable
from yibao.interop.files.rowreader import cell_of
from yibao.interop.files.rows import Table
from yibao.interop.files.tabular import OpenTable, format_of, open_table
from yibao.policy.model import Region

Found = tuple[int, dict[str, str]]
"""The number of a row, and its ids by column."""

Wanted = dict[str, Set[str]]
"""By column the ids of which a row must have one."""

_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001))))
"""All that Python strips: ids that differ by less than what is stripped count as one."""


def rows_of_claim(
    claim_id: str,
    region: Region,
    claims: Sequence[Path],
    persons: Sequence[Path],
    encoding: Encoding | None = None,
) -> OpenTable:
    """Return how to open the files so that they have only the rows that decide about a claim.

    Excel files, which are small, are opened whole, and then all others too. Raises InputError when
    a file as a whole cannot be used.
    """
    if any(format_of(file) == ".xlsx" for file in (*claims, *persons)):
        return open_table
    theirs, own = person_columns(region), claim_columns(region)
    people = [open_source(f, "persons", theirs, ("claims", own), encoding) for f in persons]
    bills = [open_source(f, "claims", own, ("persons", theirs), encoding) for f in claims]
    rows, who = _connected(claim_id.strip(), bills)
    for source in people:
        rows[source.file] = [row for row, _ in _find(source, {"person_id": who})]
    sources = {source.file: source for source in (*people, *bills)}

    def opened(file: Path, sheet: str, encoding: Encoding | None = None) -> Table:
        source = sources[file]
        return replace(source.table, records=source.records(np.array(rows[file], np.int64)))

    return opened


def _connected(claim_id: str, sources: Sequence[Source]) -> tuple[dict[Path, list[int]], set[str]]:
    """Return by file the rows connected with a claim, and the persons whom they name."""
    ids, persons = {claim_id}, set[str]()
    while True:
        known = len(ids) + len(persons)
        wanted: Wanted = {"claim_id": {*ids}, "reverses": {*ids}, "person_id": {*persons}}
        rows: dict[Path, list[int]] = {}
        for source in sources:
            found = list(_find(source, wanted))
            rows[source.file] = [row for row, _ in found]
            for _, named in found:
                persons.add(named.pop("person_id", ""))
                ids.update(named.values())
        ids.discard("")
        persons.discard("")
        if len(ids) + len(persons) == known:
            return rows, persons


def _find(source: Source, wanted: Wanted) -> Iterator[Found]:
    """Yield the rows that have a wanted id; ids come without blanks around them."""
    wanted = {name: ids for name, ids in wanted.items() if name in source.columns}
    if not any(wanted.values()):
        return iter(())
    find = _find_in_parquet if format_of(source.file) == ".parquet" else _find_in_csv
    return find(source, wanted)


def _find_in_parquet(source: Source, wanted: Wanted) -> Iterator[Found]:
    first = 1
    sets = [pa.array(sorted(ids), pa.string()) for ids in wanted.values()]
    for batch in source.some(list(wanted)):
        try:
            texts = [pc.utf8_trim(as_texts(column), _BLANKS) for column in batch.columns]
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise unreadable(source.file, error) from None
        hit = np.zeros(len(batch), np.bool_)
        for column, ids in zip(texts, sets, strict=True):
            if len(ids):
                hit |= np.asarray(pc.is_in(column, ids))
        for at in np.flatnonzero(hit).tolist():
            named = (column[at].as_py() for column in texts)
            yield first + at, dict(zip(wanted, named, strict=True))
        first += len(batch)


def _find_in_csv(source: Source, wanted: Wanted) -> Iterator[Found]:
    """Cut only lines that hold one of the ids somewhere, or a doubled quote, which hides one."""
    opened = open_csv(source.file, source.encoding)
    ids = sorted({one.encode(opened.encoding) for ids in wanted.values() for one in ids})
    may_have = re.compile(b"|".join(map(re.escape, [*ids, b'""']))).search
    for line in opened.lines:
        if may_have(line[1]):
            record = opened.parse(line)
            named = {name: cell_of(source.columns, record, name).strip() for name in wanted}
            if any(named[name] in ids for name, ids in wanted.items()):
                yield line[0], named

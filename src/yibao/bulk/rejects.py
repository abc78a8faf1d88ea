"""All rejected rows of a run, on disk while it lasts; in the end a sheet with their cells."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from yibao.bulk.rejected import FILE_SHIFT, Rejected, Wrong, file_and_row, of_data, row_errors
from yibao.interop.files.arrays.source import Source
from yibao.interop.files.rows import Record, Reject, RowError
from yibao.policy.model import Text

Kind = tuple[str, str, Text]

_KINDS = 100_000
"""So many different reasons are told apart."""

_WINDOW = 50_000
"""So many rejects are in memory while they are written."""


class Rejects:
    """Rejected rows of one kind of file. `by_rule` counts them by their first error's rule."""

    def __init__(self, file: Path, sources: Sequence[Source]) -> None:
        """Begin without rejects; `file` is where they are kept meanwhile."""
        self.by_rule: Counter[str] = Counter()
        self.kinds: dict[Kind, tuple[int, Wrong, int]] = {}
        self._sources = sources
        self._stream = file.open("w+b")
        self._places, self._at = array("q"), array("q")
        by_name = sorted(range(len(sources)), key=lambda n: str(sources[n].file))
        self._order = {number: at for at, number in enumerate(by_name)}

    def __len__(self) -> int:
        return len(self._places)

    def clear(self) -> None:
        """Forget all rejects."""
        self.by_rule.clear()
        self.kinds.clear()
        self._places, self._at = array("q"), array("q")
        self._stream.seek(0)
        self._stream.truncate()

    def add(self, rejects: Iterable[Rejected]) -> None:
        """Keep rejects."""
        for reject in rejects:
            self.by_rule[reject.errors[0].rule] += 1
            self._places.append(reject.place)
            self._at.append(self._stream.tell())
            self._stream.write(json.dumps(reject.as_data(), ensure_ascii=False).encode() + b"\n")
            for wrong in reject.errors:
                self._count(reject.place, wrong)

    def _count(self, place: int, wrong: Wrong) -> None:
        kind = (wrong.rule, wrong.column, wrong.message)
        known = self.kinds.get(kind)
        if known is None:
            if len(self.kinds) < _KINDS:
                self.kinds[kind] = (place, wrong, 1)
            return
        first = min(known, (place, wrong, 1), key=lambda one: self._key(one[0]))
        self.kinds[kind] = (first[0], first[1], known[2] + 1)

    def _key(self, place: int) -> tuple[int, int]:
        file, row = file_and_row(place)
        return self._order[file], row

    def columns(self) -> set[str]:
        """Return the columns of the files that have rejects."""
        files = set((np.array(self._places, np.int64) >> FILE_SHIFT).tolist())
        return {name for file in files for name in self._sources[file].columns}

    def in_order(self) -> Iterator[Reject]:
        """Yield the rejects by file and row, with their cells as they are in the files."""
        places = np.array(self._places, np.int64)
        files = np.array([self._order[f] for f in range(len(self._sources))] or [0], np.int64)
        rows = places & ((1 << FILE_SHIFT) - 1)
        order = np.lexsort((rows, files[places >> FILE_SHIFT]))
        for begin in range(0, len(order), _WINDOW):
            window = order[begin : begin + _WINDOW].tolist()
            found = [self._read(at) for at in window]
            for file, group in groupby(found, lambda reject: file_and_row(reject.place)[0]):
                yield from self._with_cells(self._sources[file], list(group))

    def _read(self, at: int) -> Rejected:
        self._stream.seek(self._at[at])
        return of_data(json.loads(self._stream.readline()))

    def _with_cells(self, source: Source, rejects: Sequence[Rejected]) -> Iterator[Reject]:
        rows = np.unique([file_and_row(reject.place)[1] for reject in rejects])
        records = {record.row: record for record in source.records(rows)}
        for reject in rejects:
            record = records[file_and_row(reject.place)[1]]
            yield Reject(record, source.columns, row_errors(record, source.columns, reject.errors))

    def firsts(self) -> list[tuple[RowError, int]]:
        """Return each reason once, with its first row and how often it came, in their order."""
        found: list[tuple[RowError, int]] = []
        for place, wrong, times in sorted(self.kinds.values(), key=lambda k: self._key(k[0])):
            file, row = file_and_row(place)
            source = self._sources[file]
            record = next(iter(source.records(np.array([row]))), None) if len(found) < 20 else None
            record = record or Record(source.file, row, ())
            (error,) = row_errors(record, source.columns, [wrong])
            found.append((error, times))
        return found

    def close(self) -> None:
        """Let the file go."""
        self._stream.close()

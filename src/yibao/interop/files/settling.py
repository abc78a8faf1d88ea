"""Settle files: persons and claims in, a booked batch and every rejected row out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yibao.interop.files.claims import Claims, read_claims
from yibao.interop.files.csvfile import is_unfinished
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.persons import Persons, read_persons
from yibao.interop.files.reasons import rejects_of
from yibao.interop.files.rows import Reject
from yibao.interop.files.tabular import OpenTable, open_table
from yibao.policy.policy import Policy
from yibao.settlement.batch import Batch, Item, in_order, settle_all
from yibao.settlement.book import Book

Watch = Callable[[Sequence[Item]], Iterable[Item]]
"""Passes items through, perhaps showing how far they are."""


@dataclass(slots=True)
class Run:
    """All that came of settling files.

    `rejects` are rows of the claims files, `opened` the persons with a given opening state,
    `unfinished` the files whose last line has no line end.
    """

    policy: Policy
    book: Book
    persons: Persons
    claims: Claims
    batch: Batch
    rejects: list[Reject]
    opened: frozenset[str]
    unfinished: list[Path]

    @property
    def last_year(self) -> int | None:
        """The last year in which a claim was settled."""
        return max((e.settlement.day.year for e in self.batch.entries), default=None)


def settle_files(
    policy: Policy,
    claims_files: Sequence[Path],
    persons_files: Sequence[Path],
    *,
    opening: Mapping[tuple[str, int], Mapping[str, int]] | None = None,
    encoding: Encoding | None = None,
    open_file: OpenTable = open_table,
    select: Callable[[Sequence[Item]], Sequence[Item]] | None = None,
    watch: Watch | None = None,
) -> Run:
    """Read and settle files under a policy.

    `open_file` may leave out rows of the files and `select` items; `watch` sees items as they are
    settled. Raises InputError when a file as a whole cannot be used, PackDefect when the rules pay
    more than there is.
    """
    persons = read_persons(persons_files, policy.region, encoding=encoding, open_file=open_file)
    claims = read_claims(
        claims_files, policy.region, persons, encoding=encoding, open_file=open_file
    )
    items: Sequence[Item] = in_order(claims.items)
    if select is not None:
        items = select(items)
    book = Book(policy, persons.enrolment, opening)
    batch = settle_all(book, watch(items) if watch is not None else items)
    rejects = [*claims.rejects, *rejects_of(batch)]
    rejects.sort(key=lambda r: (str(r.record.file), r.record.row))
    opened = frozenset(person for person, _ in opening or {})
    unfinished = [file for file in (*claims_files, *persons_files) if is_unfinished(file)]
    return Run(policy, book, persons, claims, batch, rejects, opened, unfinished)

"""Looking for duplicates: in our register, or between it and what others have."""

from __future__ import annotations

from collections.abc import Sequence

from yibao.agency.matching import pairs
from yibao.agency.matching.decisions import undecided
from yibao.agency.matching.likeness import THRESHOLD
from yibao.agency.matching.pairs import Pair
from yibao.agency.matching.records import Record, combined, ours, reported
from yibao.store.database import Connection


def search(
    connection: Connection,
    theirs: Sequence[Record] = (),
    *,
    threshold: float = THRESHOLD,
    likeness: bool = True,
) -> list[Pair]:
    """Return the pairs that may be one person and were not decided yet, the gravest first.

    With records of another region they are compared with ours; without, ours with each other, and
    by number with the enrolments that other regions have reported. Raises MatchingMissing where
    `likeness` is wanted and cannot be had.
    """
    across, mine = bool(theirs), ours(connection)
    others = combined(theirs) if across else reported(connection)
    found = pairs.exact([*mine, *others], across=True)
    if not across:
        found += pairs.exact(mine, across=False)
    alike = []
    if likeness:
        compared = [*mine, *(others if across else ())]
        alike = pairs.alike(compared, across=across, threshold=threshold)
    return undecided(connection, pairs.merged(found, alike))

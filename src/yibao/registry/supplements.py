"""Local additions to the national drug list: how far their removal has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of local drugs: how many there are, how many have left, and who stays too long.

    `share` is the batch's share in all local drugs; `late` are drugs that are payable beyond
    `removal_on`.
    """

    batch: str
    removal_on: date
    planned: int
    removed: int
    share: Fraction
    late: tuple[str, ...]


def batches(connection: Connection, day: date) -> list[Batch]:
    """Return the batches in force on a day or before, in the order of their removal."""
    rows = connection.execute(
        "SELECT b.batch, b.removal_on, count(d.code), "
        "count(d.code) FILTER (WHERE d.ends < %(day)s), sum(count(d.code)) OVER (), "
        "coalesce(array_agg(d.code ORDER BY d.code) FILTER (WHERE d.ends > b.removal_on), '{}') "
        "FROM (SELECT DISTINCT ON (batch) batch, removal_on FROM registry.supplement_batch "
        "WHERE lower(valid) <= %(day)s ORDER BY batch, lower(valid) DESC) b "
        "LEFT JOIN (SELECT batch, code, max(coalesce(upper(valid), 'infinity')) - 1 AS ends "
        "FROM registry.item WHERE kind = 'drug' AND source = 'local' GROUP BY 1, 2) d "
        "USING (batch) GROUP BY 1, 2 ORDER BY 2, 1",
        {"day": day},
    )
    return [
        Batch(batch, on, planned, removed, Fraction(planned, int(of) or 1), tuple(late))
        for batch, on, planned, removed, of, late in rows
    ]

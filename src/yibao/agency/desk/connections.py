"""Which institutions are connected, and how much of what they treat is settled with them directly.

Directly means at the window: the institution charges the person's own share alone, and the funds
pay it. Everything else the person paid first and brought to the agency on paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from yibao.settlement.indicators import Ratio, direct_settlement
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Connected:
    """An institution: since when it settles directly (None: not yet), and bills of some days.

    `direct` and `on_paper` count bills that stand; `direct_total` and `on_paper_total` are fen.
    """

    institution_id: str
    since: date | None
    direct: int
    on_paper: int
    direct_total: int
    on_paper_total: int


def connections(connection: Connection, first: date, last: date) -> Sequence[Connected]:
    """Return the institutions with bills booked from a day to a day, or connected by the last.

    What was taken back does not count (C-JX06-1.4, T21-7h).
    """
    rows = connection.execute(
        """
        WITH standing AS (
          SELECT institution_id, settled_on, payee = 'institution' AS direct, total
          FROM desk.settlement AS s
          WHERE kind = 'settlement' AND settled_on <= %(last)s
            AND NOT EXISTS (SELECT FROM desk.reversed AS r
                            WHERE r.settlement_id = s.settlement_id)
        ), counted AS (
          SELECT institution_id, min(settled_on) FILTER (WHERE direct) AS since,
                 count(*) FILTER (WHERE recent AND direct) AS direct,
                 count(*) FILTER (WHERE recent AND NOT direct) AS on_paper,
                 coalesce(sum(total) FILTER (WHERE recent AND direct), 0) AS direct_total,
                 coalesce(sum(total) FILTER (WHERE recent AND NOT direct), 0) AS on_paper_total
          FROM standing, LATERAL (SELECT settled_on >= %(first)s AS recent) AS of_days
          GROUP BY institution_id
        )
        SELECT * FROM counted WHERE since IS NOT NULL OR on_paper > 0 ORDER BY institution_id
        """,
        {"first": first, "last": last},
    )
    return [
        Connected(institution, since, direct, on_paper, int(direct_total), int(on_paper_total))
        for institution, since, direct, on_paper, direct_total, on_paper_total in rows
    ]


def shares(of: Iterable[Connected]) -> tuple[Ratio, Ratio]:
    """Return the share that institutions settled directly, by expense in fen and by bills."""
    of = list(of)
    direct, direct_total = sum(c.direct for c in of), sum(c.direct_total for c in of)
    return direct_settlement(
        direct_cost=direct_total,
        cost=direct_total + sum(c.on_paper_total for c in of),
        direct_cases=direct,
        cases=direct + sum(c.on_paper for c in of),
    )

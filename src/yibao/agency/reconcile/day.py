"""The three-way reconciliation of an institution's days: desk, ledger, the institution's file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from yibao.agency.reconcile.compare import compare
from yibao.agency.reconcile.file import Booked
from yibao.agency.reconcile.model import Comparison, Money, Row
from yibao.ledger.funds import PERSONAL
from yibao.store.database import Connection, see_one_instant

CLEARING_ENTRIES = ("clearing_applied", "deduction_given_back")
"""Kinds of entries by which clearing, not the desk, moves what institutions are owed."""

_NOT_OF_THE_DESK = (*CLEARING_ENTRIES, "guest", "settled_elsewhere")
"""With these: what moves between regions. The desk's own reversals name no entry."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The two comparisons of a period: desk with institution, desk with ledger.

    `not_compared` are desk rows whose row in the file could not be read; `outside` is how many rows
    of the file are of other days.
    """

    institution_id: str
    first: date
    last: date
    comparisons: tuple[Comparison, Comparison]
    not_compared: Sequence[Row]
    outside: int

    @property
    def agrees(self) -> bool:
        """Tell whether the three sides tell the same, and all that the file tells was compared."""
        told = any(c.differences for c in self.comparisons)
        return not (told or self.not_compared or self.outside)


def reconcile(
    connection: Connection, institution: str, period: tuple[date, date], booked: Booked
) -> Reconciliation:
    """Compare what desk, ledger and an institution have for the days from first to last."""
    see_one_instant(connection)
    desk = _desk(connection, institution, period, {row.claim_no for row in booked.rows})
    ledger = _ledger(connection, institution, period)
    unread = [row for row in desk if row.claim_no in booked.unread]
    read = [row for row in desk if row.claim_no not in booked.unread]
    first, last = period
    return Reconciliation(
        institution,
        first,
        last,
        (
            compare(("desk", "institution"), read, booked.rows, period),
            compare(("desk", "ledger"), desk, ledger, period),
        ),
        [row for row in unread if first <= row.day <= last],
        sum(not first <= row.day <= last for row in booked.rows),
    )


def _desk(
    connection: Connection,
    institution: str,
    period: tuple[date, date],
    numbers: Collection[str],
) -> list[Row]:
    """Return what the desk settled in a period, and under the given numbers on any day."""
    rows = connection.execute(
        """
        WITH named AS (
          SELECT settlement_id FROM desk.claim_no
          WHERE institution_id = %(institution)s AND claim_no = ANY(%(numbers)s)
        )
        SELECT claim_no, kind, person_id, scheme, settled_on, total, fund_pay, account_pay,
               cash_pay, settlement_id
        FROM desk.settlement
        WHERE institution_id = %(institution)s AND payee = 'institution'
          AND (settled_on BETWEEN %(first)s AND %(last)s
               OR settlement_id IN (
                 SELECT settlement_id FROM named
                 UNION ALL SELECT by_settlement FROM desk.reversed JOIN named USING (settlement_id)
               ))
        """,
        {
            "institution": institution,
            "numbers": list(numbers),
            "first": period[0],
            "last": period[1],
        },
    )
    return [
        Row(
            claim_no,
            "settle" if kind == "settlement" else "refund",
            person,
            scheme,
            day,
            Money(*money),
            str(number),
        )
        for claim_no, kind, person, scheme, day, *money, number in rows
    ]


def _ledger(connection: Connection, institution: str, period: tuple[date, date]) -> list[Row]:
    """Return what the ledger says was settled; an entry without settlement has no number."""
    rows = connection.execute(
        """
        WITH told AS (
          SELECT entry_id, settled_on AS on_day, claim_no, s.kind, payee
          FROM desk.settlement AS s JOIN ledger.entry AS e USING (entry_id)
          WHERE institution_id = %(institution)s AND e.on_day = settled_on
            AND settled_on BETWEEN %(first)s AND %(last)s
        ), moved AS (
          SELECT entry_id, on_day,
                 -sum(fen) FILTER (WHERE head = 'institution_payable'
                                     AND fund <> %(personal)s) AS fund_pay,
                 -sum(fen) FILTER (WHERE fund = %(personal)s) AS account_pay,
                 -sum(fen) FILTER (WHERE head = 'cash_collected') AS cash_pay
          FROM ledger.account JOIN ledger.posting USING (account_id)
          JOIN ledger.entry AS e USING (entry_id, on_day)
          WHERE party = %(institution)s AND head IN ('institution_payable', 'cash_collected')
            AND on_day BETWEEN %(first)s AND %(last)s AND e.kind <> ALL(%(others)s)
            AND e.reverses IS NULL
          GROUP BY entry_id, on_day
        )
        SELECT coalesce(claim_no, 'entry ' || entry_id), kind, on_day,
               coalesce(fund_pay, 0)::bigint, coalesce(account_pay, 0)::bigint,
               coalesce(cash_pay, 0)::bigint, entry_id
        FROM moved FULL JOIN told USING (entry_id, on_day)
        WHERE payee IS DISTINCT FROM 'person'
        """,
        {
            "institution": institution,
            "personal": PERSONAL,
            "first": period[0],
            "last": period[1],
            "others": list(_NOT_OF_THE_DESK),
        },
    )
    return [_ledger_row(*row) for row in rows]


def _ledger_row(claim_no: str, kind: str | None, day: date, *numbers: int) -> Row:
    *moved, entry = numbers
    back = kind == "reversal" or (kind is None and sum(moved) < 0)
    money = [sum(moved), *moved]
    if back:
        money = [-fen for fen in money]
    return Row(claim_no, "refund" if back else "settle", "", "", day, Money(*money), str(entry))

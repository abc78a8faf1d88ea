"""Look up bills, receipts, what is owed, and who is to be billed; page by page, by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from yibao.agency.contributions.bills import Part, unknown_bill
from yibao.agency.contributions.payers import HOUSEHOLD
from yibao.agency.contributions.receipts import Open, opened
from yibao.agency.enrolment.refusal import Refusal
from yibao.settlement.coverage import first_day, last_day, month_of
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill as it stands or was taken back; `person_id` "" for a surcharge."""

    bill_id: int
    person_id: str
    scheme: str
    item: str
    first: date
    last: date
    billed_on: date
    taken_back: bool
    parts: Sequence[Part]


_BILL = """
    SELECT bill_id, coalesce(person_id, ''), scheme, item, lower(months), upper(months) - 1,
           billed_on, cancelled_by IS NOT NULL,
           (SELECT coalesce(jsonb_agg(to_jsonb(p) - 'bill_id' ORDER BY p.name), '[]')
            FROM contributions.part AS p WHERE p.bill_id = b.bill_id)
    FROM contributions.bill AS b LEFT JOIN enrolment.person USING (person_no)
"""


def bill(connection: Connection, number: int) -> Bill:
    """Return a bill; raises Refusal where there is none."""
    row = connection.execute(f"{_BILL} WHERE bill_id = %s".encode(), (number,)).fetchone()
    if row is None:
        raise unknown_bill(number)
    return _bill(row)


def bills(
    connection: Connection, *, person_id: str = "", payer: str = "", after: int = 0, limit: int
) -> list[Bill]:
    """Return the bills of a person, or of which a payer owes a part, by number."""
    rows = connection.execute(
        f"""
        {_BILL} WHERE bill_id > %(after)s
          AND (%(person)s = '' OR person_id = %(person)s)
          AND (%(payer)s = '' OR bill_id IN (SELECT bill_id FROM contributions.part
                                             WHERE payer = %(payer)s))
        ORDER BY bill_id LIMIT %(limit)s
        """.encode(),
        {"person": person_id, "payer": payer, "after": after, "limit": limit},
    )
    return [_bill(row) for row in rows]


def _bill(row: tuple[Any, ...]) -> Bill:
    number, person, scheme, item, first, last, billed_on, taken_back, parts = row
    days = first_day(first), last_day(last)
    owing = [Part(**part) for part in parts]
    return Bill(number, person, scheme, item, *days, billed_on, taken_back, owing)


def owed(
    connection: Connection, day: date, *, payer: str = "", after: int = 0, limit: int
) -> list[Open]:
    """Return what is owed of `limit` bills for months that have begun by a day, by number."""
    where = "lower(months) <= %(month)s AND %(payer)s IN ('', p.payer)"
    return opened(
        connection,
        f"{where} AND b.bill_id IN (SELECT b.bill_id FROM contributions.part AS p "
        "JOIN contributions.bill AS b USING (bill_id) WHERE p.received < p.fen "
        f"AND b.cancelled_by IS NULL AND {where} AND b.bill_id > %(after)s "
        "GROUP BY b.bill_id ORDER BY b.bill_id LIMIT %(limit)s) ORDER BY b.bill_id, p.name",
        {"month": month_of(day), "payer": payer, "after": after, "limit": limit},
    )


@dataclass(frozen=True, slots=True)
class Received:
    """A receipt as it stands: what of it pays, is held, was refunded; `bills` are those it pays."""

    reference: str
    payer: str
    received_on: date
    fen: int
    paying: int
    held: int
    refunded: int
    taken_back_on: date | None
    bills: Sequence[int]


def receipt(connection: Connection, reference: str) -> Received:
    """Return a receipt; raises Refusal where there is none."""
    row = connection.execute(
        """
        SELECT reference, payer, received_on, fen,
          (SELECT coalesce(sum(s.fen), 0)::bigint FROM contributions.standing_share AS s
           WHERE s.receipt_id = r.receipt_id),
          (SELECT coalesce(sum(h.fen), 0)::bigint FROM contributions.held AS h
           WHERE h.receipt_id = r.receipt_id),
          (SELECT coalesce(sum(f.fen), 0)::bigint FROM contributions.refunded AS f
           WHERE f.receipt_id = r.receipt_id),
          (SELECT on_day FROM contributions.taken_back AS t WHERE t.receipt_id = r.receipt_id),
          ARRAY(SELECT DISTINCT bill_id FROM contributions.standing_share AS s
                WHERE s.receipt_id = r.receipt_id ORDER BY bill_id)
        FROM contributions.receipt AS r WHERE reference = %s
        """,
        (reference,),
    ).fetchone()
    if row is None:
        raise Refusal(
            "known_receipt",
            f"没有流水号为 {reference} 的到账",
            f"there is no receipt {reference}",
            column="reference",
        )
    return Received(*row)


def members_of(
    connection: Connection,
    scheme: str,
    months: tuple[int, int],
    *,
    payer: str,
    after: int,
    limit: int,
) -> list[tuple[int, str]]:
    """Return number and id of who is in a scheme on a day of some months, by number.

    `payer` leaves the staff of an employer or the members of a household; "" leaves everybody.
    """
    household = payer.removeprefix(HOUSEHOLD) if payer.startswith(HOUSEHOLD) else None
    return connection.execute(
        """
        SELECT DISTINCT person_no, person_id FROM enrolment.membership AS m
        JOIN enrolment.person USING (person_no)
        WHERE upper_inf(m.known) AND scheme = %(scheme)s AND person_no > %(after)s
          AND m.valid && daterange(%(first)s, %(last)s, '[]')
          AND (%(payer)s = '' OR household_id = %(household)s OR EXISTS (
            SELECT FROM enrolment.employment AS e
            WHERE e.person_no = m.person_no AND upper_inf(e.known) AND employer_id = %(payer)s
              AND e.valid && daterange(%(first)s, %(last)s, '[]')))
        ORDER BY person_no LIMIT %(limit)s
        """,
        {
            "scheme": scheme,
            "first": first_day(months[0]),
            "last": last_day(months[1]),
            "payer": payer,
            "household": household,
            "after": after,
            "limit": limit,
        },
    ).fetchall()

"""Receipts: money that came for bills, and what is still owed.

A receipt pays its payer's open parts from the oldest month on, surcharges last; the last of them in
part where it does not reach. The bank's reference makes it happen once. Amounts are fen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from yibao.agency.contributions.payers import (
    HOUSEHOLD,
    SUBSIDIES,
    SURCHARGE,
    check_known,
    fund_for,
    owed,
)
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.money import format_yuan
from yibao.settlement.coverage import first_day, last_day, month_of
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came from a payer: a person, an employer, a household, public finance."""

    reference: str
    payer: str
    received_on: date
    fen: int


@dataclass(frozen=True, slots=True)
class Open:
    """A part of a bill for which not everything has come; `first` and `last` are days."""

    bill_id: int
    person_id: str  # "" for a surcharge
    name: str
    payer: str
    scheme: str
    item: str
    first: date
    last: date
    fen: int
    received: int

    @property
    def left(self) -> int:
        """What is still owed."""
        return self.fen - self.received

    @property
    def subsidy(self) -> bool:
        """Whether public finance owes it."""
        return self.name in SUBSIDIES


_OPEN = """
    SELECT b.bill_id, coalesce(person_id, ''), p.name, p.payer, b.scheme, b.item,
           lower(months), upper(months) - 1, p.fen, p.received
    FROM contributions.part AS p JOIN contributions.bill AS b USING (bill_id)
    LEFT JOIN enrolment.person USING (person_no)
    WHERE p.received < p.fen AND b.cancelled_by IS NULL
"""


def receive(connection: Connection, receipt: Receipt, *, actor: str) -> list[str]:
    """Enter a receipt; return whose bills it paid, nobody's when it is there already.

    Raises Refusal: nothing came, the reference stands for another receipt, or more came than is
    owed.
    """
    if receipt.fen <= 0:
        raise Refusal(
            "above_zero", "金额应大于零", "an amount above zero is expected", column="amount"
        )
    if _there(connection, receipt):
        return []
    parts = opened(
        connection,
        """
        b.bill_id IN (
          SELECT bill_id FROM contributions.part WHERE payer = %(payer)s AND received < fen
          UNION
          SELECT bill_id FROM contributions.bill
          WHERE household_id = %(household)s AND household_id <> ''
        ) AND (p.payer = %(payer)s OR (b.household_id = %(household)s AND p.payer = person_id))
        ORDER BY b.item = %(surcharge)s, months, b.bill_id, p.name FOR UPDATE OF p, b
        """,
        {
            "payer": receipt.payer,
            "household": household_of(receipt.payer),
            "surcharge": SURCHARGE,
        },
    )
    owing = sum(part.left for part in parts)
    if receipt.fen > owing:
        check_known(connection, receipt.payer)
        raise Refusal(
            "owed",
            f"{receipt.payer} 只欠 {format_yuan(owing)} 元",
            f"{receipt.payer} owes only {format_yuan(owing)} yuan",
            column="amount",
        )
    shares, left = [], receipt.fen
    for part in parts:
        if left:
            shares.append((part, min(left, part.left)))
            left -= shares[-1][1]
    _write(connection, receipt, shares, actor)
    return sorted({part.person_id for part, _ in shares} - {""})


def household_of(payer: str) -> str:
    """Return the household that pays, "" where it is somebody else."""
    return payer.removeprefix(HOUSEHOLD) if payer.startswith(HOUSEHOLD) else ""


def _write(
    connection: Connection, receipt: Receipt, shares: Sequence[tuple[Open, int]], actor: str
) -> None:
    """Post what came and write which parts it paid."""
    moved: dict[tuple[Account, Account], int] = defaultdict(int)
    for part, fen in shares:
        fund = fund_for(part.scheme, part.item)
        moved[Account("bank", fund), owed(part.name, fund, part.payer)] += fen
    transfers = [Transfer(debit, credit, fen) for (debit, credit), fen in moved.items()]
    subject = f"receipt:{receipt.reference}"
    entry = post(connection, Entry(receipt.received_on, "receipt", subject, actor, transfers))
    row = connection.execute(
        "INSERT INTO contributions.receipt (reference, payer, received_on, fen, entry_id) "
        "VALUES (%s, %s, %s, %s, %s) RETURNING receipt_id",
        (receipt.reference, receipt.payer, receipt.received_on, receipt.fen, entry),
    ).fetchone()
    assert row is not None
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO contributions.share (receipt_id, bill_id, name, fen) "
            "VALUES (%s, %s, %s, %s)",
            [(row[0], part.bill_id, part.name, fen) for part, fen in shares],
        )
        cursor.executemany(
            "UPDATE contributions.part SET received = received + %s "
            "WHERE bill_id = %s AND name = %s",
            [(fen, part.bill_id, part.name) for part, fen in shares],
        )
    note(connection, actor, "receipt", f"payer:{receipt.payer}", **asdict(receipt))


def _there(connection: Connection, receipt: Receipt) -> bool:
    # Two who enter one receipt at once take turns.
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 5))", (receipt.reference,)
    )
    row = connection.execute(
        "SELECT reference, payer, received_on, fen FROM contributions.receipt WHERE reference = %s",
        (receipt.reference,),
    ).fetchone()
    if row is None:
        return False
    if Receipt(*row) != receipt:
        raise Refusal(
            "reference_taken",
            f"流水号 {receipt.reference} 已入账，内容不同",
            f"receipt {receipt.reference} is there, with another payer, day or amount",
            column="reference",
        )
    return True


def _open(row: tuple[Any, ...]) -> Open:
    bill, person, name, payer, scheme, item, first, last, *amounts = row
    days = first_day(first), last_day(last)
    return Open(bill, person, name, payer, scheme, item, *days, *amounts)


def arrears(connection: Connection, day: date) -> list[Open]:
    """Return what is owed for months that have begun by a day, by payer, the oldest first."""
    order = "ORDER BY p.payer, months, b.bill_id, p.name"
    return opened(connection, f"lower(months) <= %(month)s {order}", {"month": month_of(day)})


def opened(connection: Connection, where: str, values: Mapping[str, object]) -> list[Open]:
    """Return the parts of bills that something is owed of and that a condition of SQL leaves."""
    return [_open(row) for row in connection.execute(f"{_OPEN} AND {where}".encode(), values)]

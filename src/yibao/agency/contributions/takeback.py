"""Receipts entered by mistake, taken back: the bills that they paid are owed again.

What followed (cover, account credits) is `agency.corrections`' to see to. Amounts are fen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from yibao.agency.contributions.bills import cancel
from yibao.agency.contributions.locks import no_surcharges_meanwhile
from yibao.agency.contributions.payers import FROM_ACCOUNT, fund_for, held, owed
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Mistake:
    """A receipt that should not have been entered: which, taken back on which day, and why."""

    reference: str
    on_day: date
    reason: str


def payees(connection: Connection, reference: str) -> Mapping[str, Sequence[int]]:
    """Return whose bills a receipt pays, each with the months; raises Refusal for none such.

    The receipt is locked first, so nobody's are added until the transaction ends.
    """
    _receipt(connection, reference)
    rows = connection.execute(
        "SELECT person_id, array_agg(DISTINCT month ORDER BY month) "
        "FROM contributions.receipt JOIN contributions.standing_share USING (receipt_id) "
        "JOIN contributions.bill USING (bill_id) JOIN enrolment.person USING (person_no), "
        "generate_series(lower(months), upper(months) - 1) AS month "
        "WHERE reference = %s GROUP BY person_id ORDER BY person_id",
        (reference,),
    ).fetchall()
    return dict(rows)


def take_back(
    connection: Connection, mistake: Mistake, *, actor: str, by_account: bool = False
) -> None:
    """Take a receipt back with what it paid and what is held of it.

    `by_account` says that the personal account which paid it gets its money back with it. Raises
    Refusal: no such receipt, taken back before, refunded, or its surcharge has been paid.
    """
    receipt = _receipt(connection, mistake.reference)
    if mistake.reference.startswith(FROM_ACCOUNT) and not by_account:
        raise Refusal(
            "paid_by_account",
            f"{mistake.reference} 由个人账户支付，请撤销该笔账户支付",
            f"{mistake.reference} was paid by a personal account: take that payment back instead",
            column="reference",
        )
    _refuse(
        _refunds(connection, receipt),
        "refunded",
        ("已退费，单号：", "money of it was refunded by "),
    )
    for surcharge, paid in _surcharges(connection, receipt):
        why = ("据此加收的滞纳金已缴，先撤销其到账，核定号：", "its surcharge was paid, bill ")
        _refuse([str(surcharge)] * paid, "surcharge_paid", why)
        cancel(connection, surcharge, on_day=mistake.on_day, reason=mistake.reason, actor=actor)
    transfers = [*_paid(connection, receipt), *_held(connection, receipt)]
    subject = f"receipt:{mistake.reference}"
    entry = post(connection, Entry(mistake.on_day, "receipt_back", subject, actor, transfers))
    connection.execute(
        "INSERT INTO contributions.taken_back (receipt_id, on_day, reason, entry_id) "
        "VALUES (%s, %s, %s, %s)",
        (receipt, mistake.on_day, mistake.reason, entry),
    )
    fen = sum(transfer.fen for transfer in transfers)
    told = {"on_day": mistake.on_day, "reason": mistake.reason, "fen": fen}
    note(connection, actor, "receipt-back", subject, **told)


def _receipt(connection: Connection, reference: str) -> int:
    """Return the number of a receipt that stands; nobody else moves money of it meanwhile."""
    no_surcharges_meanwhile(connection)
    connection.execute(
        "SELECT FROM contributions.receipt WHERE reference = %s FOR UPDATE", (reference,)
    )
    # A statement of its own: it sees what came about while this one waited.
    row = connection.execute(
        "SELECT receipt_id, t.on_day FROM contributions.receipt "
        "LEFT JOIN contributions.taken_back AS t USING (receipt_id) WHERE reference = %s",
        (reference,),
    ).fetchone()
    if row is None:
        raise Refusal(
            "known_receipt",
            f"没有流水号为 {reference} 的到账",
            f"there is no receipt {reference}",
            column="reference",
        )
    number, back_on = row
    if back_on is not None:
        raise Refusal(
            "taken_back_once",
            f"{reference} 已于 {back_on} 撤销",
            f"{reference} was taken back on {back_on}",
            column="reference",
        )
    return int(number)


def _refuse(found: Sequence[str], rule: str, told: tuple[str, str]) -> None:
    if found:
        names = ", ".join(found)
        raise Refusal(rule, told[0] + names, told[1] + names, column="reference")


def _refunds(connection: Connection, receipt: int) -> list[str]:
    rows = connection.execute(
        "SELECT DISTINCT reference FROM contributions.refunded "
        "JOIN contributions.refund USING (refund_id) WHERE receipt_id = %s ORDER BY reference",
        (receipt,),
    )
    return [reference for (reference,) in rows]


def _surcharges(connection: Connection, receipt: int) -> Iterable[tuple[int, bool]]:
    """Return the standing surcharge of a receipt, and whether something has come for it."""
    return connection.execute(
        "SELECT bill_id, received > 0 FROM contributions.bill "
        "JOIN contributions.part USING (bill_id) WHERE receipt_id = %s AND cancelled_by IS NULL "
        "FOR UPDATE OF part, bill",
        (receipt,),
    ).fetchall()


def _paid(connection: Connection, receipt: int) -> list[Transfer]:
    """Let what the receipt paid be owed again; return what that moves."""
    rows = connection.execute(
        "UPDATE contributions.part AS p SET received = received - s.fen "
        "FROM contributions.standing_share AS s JOIN contributions.bill AS b USING (bill_id) "
        "WHERE s.receipt_id = %s AND (p.bill_id, p.name) = (s.bill_id, s.name) "
        "RETURNING p.name, b.scheme, b.item, p.payer, s.fen",
        (receipt,),
    ).fetchall()
    return [
        Transfer(owed(name, fund, payer), Account("bank", fund), fen)
        for name, scheme, item, payer, fen in rows
        for fund in [fund_for(scheme, item)]
    ]


def _held(connection: Connection, receipt: int) -> list[Transfer]:
    """Hold nothing of the receipt any more; return what that moves."""
    rows = connection.execute(
        "SELECT fund, payer, fen FROM contributions.held "
        "WHERE receipt_id = %s AND fen > 0 FOR UPDATE",
        (receipt,),
    ).fetchall()
    connection.execute("UPDATE contributions.held SET fen = 0 WHERE receipt_id = %s", (receipt,))
    return [Transfer(held(fund, payer), Account("bank", fund), fen) for fund, payer, fen in rows]

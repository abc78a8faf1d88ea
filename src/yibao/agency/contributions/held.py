"""Money that paid for bills which were taken back: held for who paid it, then used or refunded.

It pays the payer's next bill of the same fund, as of the day on which it came; the rest is refunded
when the payer is to have it. Amounts are fen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import NamedTuple

from yibao.agency.contributions.payers import (
    FROM_ACCOUNT,
    HOUSEHOLD,
    check_known,
    fund_for,
    held,
    owed,
)
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.money import format_yuan
from yibao.store.database import Connection


def release(connection: Connection, bill_id: int, *, on_day: date, actor: str) -> int:
    """Hold what has come for a bill that is being taken back; return how much."""
    rows = connection.execute(
        "SELECT s.receipt_id, r.payer, p.name, p.payer, b.scheme, b.item, s.fen "
        "FROM contributions.standing_share AS s JOIN contributions.receipt AS r USING (receipt_id) "
        "JOIN contributions.part AS p USING (bill_id, name) "
        "JOIN contributions.bill AS b USING (bill_id) "
        "WHERE bill_id = %s ORDER BY s.receipt_id, p.name",
        (bill_id,),
    ).fetchall()
    if not rows:
        return 0
    transfers = []
    for receipt, payer, name, owing, scheme, item, fen in rows:
        fund = fund_for(scheme, item)
        transfers.append(Transfer(owed(name, fund, owing), held(fund, payer), fen))
        connection.execute(
            "INSERT INTO contributions.held AS h (receipt_id, fund, payer, fen) "
            "VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (receipt_id, fund) DO UPDATE SET fen = h.fen + EXCLUDED.fen",
            (receipt, fund, payer, fen),
        )
    post(connection, Entry(on_day, "release", f"bill:{bill_id}", actor, transfers))
    return sum(transfer.fen for transfer in transfers)


class _Held(NamedTuple):
    receipt: int
    fund: str
    payer: str
    fen: int


def allocate(connection: Connection, bill_id: int, *, on_day: date, actor: str) -> int:
    """Pay a bill that was just made from what is held for those who owe it; return how much."""
    if not _any_held(connection, bill_id):
        return 0
    parts = connection.execute(
        "SELECT p.name, p.payer, b.scheme, b.item, b.household_id, person_id, p.fen "
        "FROM contributions.part AS p JOIN contributions.bill AS b USING (bill_id) "
        "JOIN enrolment.person USING (person_no) WHERE bill_id = %s ORDER BY p.name",
        (bill_id,),
    ).fetchall()
    payers = {payer for _, payer, *_ in parts}
    payers |= {HOUSEHOLD + household for *_, household, _, _ in parts if household}
    left = {one[:2]: one for one in _held(connection, payers)}
    transfers = []
    for name, payer, scheme, item, household, person, owing in parts:
        fund = fund_for(scheme, item)
        paying = {payer} | ({HOUSEHOLD + household} if household and payer == person else set())
        open_ = owing
        for key, one in left.items():
            fits = one.payer in paying and one.fund == fund
            drawn = min(open_, one.fen) if fits else 0
            if drawn:
                open_ -= drawn
                left[key] = one._replace(fen=one.fen - drawn)
                _draw(connection, one, drawn)
                _share(connection, one.receipt, bill_id, name, drawn)
                transfers.append(Transfer(held(fund, one.payer), owed(name, fund, payer), drawn))
    if transfers:
        post(connection, Entry(on_day, "allocation", f"bill:{bill_id}", actor, transfers))
    return sum(transfer.fen for transfer in transfers)


def _any_held(connection: Connection, bill_id: int) -> bool:
    """Tell whether something is held for those who owe a bill, which is seldom so."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM contributions.held WHERE fen > 0 AND payer IN ("
        "SELECT payer FROM contributions.part WHERE bill_id = %(bill)s "
        "UNION SELECT %(household)s || household_id FROM contributions.bill "
        "WHERE bill_id = %(bill)s))",
        {"bill": bill_id, "household": HOUSEHOLD},
    ).fetchone()
    assert row is not None
    return bool(row[0])


def _held(connection: Connection, payers: Iterable[str]) -> list[_Held]:
    """Return and lock what is held for payers, what came first before the rest."""
    rows = connection.execute(
        "SELECT receipt_id, fund, payer, fen FROM contributions.held "
        "WHERE fen > 0 AND payer = ANY(%s) ORDER BY receipt_id, fund FOR UPDATE",
        (sorted(payers),),
    )
    return [_Held(*row) for row in rows]


def _draw(connection: Connection, one: _Held, fen: int) -> None:
    connection.execute(
        "UPDATE contributions.held SET fen = fen - %s WHERE (receipt_id, fund) = (%s, %s)",
        (fen, one.receipt, one.fund),
    )


def _share(connection: Connection, receipt: int, bill_id: int, name: str, fen: int) -> None:
    connection.execute(
        "INSERT INTO contributions.share (receipt_id, bill_id, name, fen) VALUES (%s, %s, %s, %s)",
        (receipt, bill_id, name, fen),
    )
    connection.execute(
        "UPDATE contributions.part SET received = received + %s WHERE (bill_id, name) = (%s, %s)",
        (fen, bill_id, name),
    )


# --- refunds --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refund:
    """Money to be paid back to a payer; `reference` is the payment order's, `fen` 0: all of it."""

    reference: str
    payer: str
    on_day: date
    reason: str
    fen: int = 0


def held_for(connection: Connection, payer: str) -> int:
    """Return what is held for a payer and may be refunded."""
    row = connection.execute(
        "SELECT coalesce(sum(h.fen), 0)::bigint FROM contributions.held AS h "
        "JOIN contributions.receipt USING (receipt_id) "
        "WHERE h.payer = %s AND NOT starts_with(reference, %s)",
        (payer, FROM_ACCOUNT),
    ).fetchone()
    assert row is not None
    return int(row[0])


def refund(connection: Connection, wanted: Refund, *, actor: str) -> int:
    """Pay back what is held for a payer; return how much, 0 when that order is there already.

    What a personal account paid goes back to that account instead (`corrections.accounts`). Raises
    Refusal: the reference stands for another refund, nothing is held, or less than is asked for.
    """
    if _there(connection, wanted):
        return 0
    from_account = {
        receipt
        for (receipt,) in connection.execute(
            "SELECT receipt_id FROM contributions.held JOIN contributions.receipt "
            "USING (receipt_id) WHERE held.payer = %s AND starts_with(reference, %s)",
            (wanted.payer, FROM_ACCOUNT),
        )
    }
    rows = [h for h in _held(connection, [wanted.payer]) if h.receipt not in from_account]
    there = sum(one.fen for one in rows)
    fen = wanted.fen or there
    if not 0 < fen <= there:
        check_known(connection, wanted.payer)
        raise Refusal(
            "held",
            f"为 {wanted.payer} 暂存 {format_yuan(there)} 元，不能多退",
            f"{format_yuan(there)} yuan are held for {wanted.payer}: no more can be refunded",
            column="amount",
        )
    drawn, left = [], fen
    for one in rows:
        if left:
            drawn.append(one._replace(fen=min(left, one.fen)))
            left -= drawn[-1].fen
    _pay_back(connection, wanted, drawn, actor)
    return fen


def _pay_back(connection: Connection, wanted: Refund, drawn: Sequence[_Held], actor: str) -> None:
    transfers = [Transfer(held(h.fund, h.payer), Account("bank", h.fund), h.fen) for h in drawn]
    subject = f"refund:{wanted.reference}"
    entry = post(connection, Entry(wanted.on_day, "refund", subject, actor, transfers))
    fen = sum(one.fen for one in drawn)
    row = connection.execute(
        "INSERT INTO contributions.refund (reference, payer, on_day, reason, fen, entry_id) "
        "VALUES (%s, %s, %s, %s, %s, %s) RETURNING refund_id",
        (wanted.reference, wanted.payer, wanted.on_day, wanted.reason, fen, entry),
    ).fetchone()
    assert row is not None
    for one in drawn:
        _draw(connection, one, one.fen)
        connection.execute(
            "INSERT INTO contributions.refunded (refund_id, receipt_id, fund, fen) "
            "VALUES (%s, %s, %s, %s)",
            (row[0], one.receipt, one.fund, one.fen),
        )
    told = asdict(wanted) | {"fen": fen}
    note(connection, actor, "refund", f"payer:{wanted.payer}", **told)


def _there(connection: Connection, wanted: Refund) -> bool:
    # Two who order one refund at once take turns.
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 6))", (wanted.reference,))
    row = connection.execute(
        "SELECT reference, payer, on_day, reason, fen FROM contributions.refund "
        "WHERE reference = %s",
        (wanted.reference,),
    ).fetchone()
    if row is None:
        return False
    made = Refund(*row)
    if made != (wanted if wanted.fen else Refund(**{**asdict(wanted), "fen": made.fen})):
        raise Refusal(
            "reference_taken",
            f"退费单号 {wanted.reference} 已用过，内容不同",
            f"refund {wanted.reference} is there, with another payer, day, reason or amount",
            column="reference",
        )
    return True


def refunded(connection: Connection, reference: str) -> int:
    """Return how much a refund paid back; 0 where there is none."""
    row = connection.execute(
        "SELECT fen FROM contributions.refund WHERE reference = %s", (reference,)
    ).fetchone()
    return 0 if row is None else int(row[0])

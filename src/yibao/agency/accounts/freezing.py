"""What is frozen of an account, on the order of a court or an inquiry: nothing can be paid from it.

It stands on an account of its own in the ledger, so nobody who pays from the balance has to ask.
What comes in later is free unless it is frozen too; interest is earned on both. Amounts are fen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from yibao.agency.accounts.movements import Movement, account_of, latest, move, same
from yibao.agency.enrolment.audit import plain
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.balance import balance
from yibao.ledger.chart import Account
from yibao.ledger.entries import Transfer
from yibao.ledger.funds import PERSONAL
from yibao.money import format_yuan
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Freeze:
    """An order to freeze; `reference` is its number, `fen` 0: all that is there on the day."""

    reference: str
    day: date
    reason: str
    fen: int = 0


def frozen(connection: Connection, person_id: str) -> int:
    """Return what is frozen of an account."""
    return -balance(connection, _frozen(person_id))


def freeze(connection: Connection, person_id: str, order: Freeze, *, actor: str) -> Movement:
    """Freeze what an order says; again, it changes nothing.

    Raises Refusal: there is less, or the order has ended.
    """
    holder = locked(connection, person_id)
    detail = plain({"reason": order.reason, "fen": order.fen, "day": order.day})
    done = latest(connection, person_id, "freeze", order.reference)
    if done is not None:
        _not_ended(connection, person_id, order.reference)
        return same(done, detail, order.reference)
    fen = order.fen or holder.balance
    if not 0 < fen <= holder.balance:
        raise Refusal(
            "balance",
            f"账户余额 {format_yuan(holder.balance)} 元，不足冻结",
            f"the account holds {format_yuan(holder.balance)} yuan: no more can be frozen",
            column="amount",
        )
    return move(
        connection,
        holder,
        "freeze",
        order.reference,
        on_day=order.day,
        transfers=[Transfer(account_of(person_id), _frozen(person_id), fen)],
        detail=detail,
        actor=actor,
    )


def _not_ended(connection: Connection, person_id: str, reference: str) -> None:
    ended = latest(connection, person_id, "unfreeze", reference)
    if ended is not None:
        raise Refusal(
            "freeze_ended",
            f"{reference} 号冻结已于 {ended.on_day} 解除，再冻结请用新的文号",
            f"the freeze {reference} ended on {ended.on_day}; to freeze anew, give another order",
            column="reference",
        )


def unfreeze(
    connection: Connection, person_id: str, reference: str, day: date, *, reason: str, actor: str
) -> Movement:
    """End a freeze: what it froze can be paid from again. Again, it changes nothing.

    Raises Refusal for an order that froze nothing of this account.
    """
    holder = locked(connection, person_id)
    done = latest(connection, person_id, "freeze", reference)
    if done is None:
        raise Refusal(
            "known_freeze",
            f"没有 {reference} 号冻结",
            f"nothing was frozen by {reference}",
            column="reference",
        )
    detail = plain({"reason": reason, "day": day})
    ended = latest(connection, person_id, "unfreeze", reference)
    if ended is not None:
        return same(ended, detail, reference)
    return move(
        connection,
        holder,
        "unfreeze",
        reference,
        on_day=day,
        transfers=[Transfer(_frozen(person_id), account_of(person_id), done.went_out)],
        detail=detail,
        actor=actor,
    )


def not_frozen(connection: Connection, person_id: str) -> None:
    """Refuse what would empty an account while money of it is frozen."""
    fen = frozen(connection, person_id)
    if fen:
        raise Refusal(
            "frozen",
            f"账户有 {format_yuan(fen)} 元被冻结，先解除冻结",
            f"{format_yuan(fen)} yuan of the account are frozen: end the freeze first",
        )


def _frozen(person_id: str) -> Account:
    return Account("account_frozen", PERSONAL, person_id)

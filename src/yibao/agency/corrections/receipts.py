"""Receipts and account movements entered by mistake, taken back with what followed."""

from __future__ import annotations

from datetime import date

from yibao.agency.accounts import movements
from yibao.agency.accounts.movements import Movement, numbered
from yibao.agency.accounts.uses import CONTRIBUTION, receipt_of
from yibao.agency.contributions import takeback
from yibao.agency.contributions.takeback import Mistake, payees
from yibao.agency.corrections.follow import followed
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.settlement.procedure import Office
from yibao.store.database import Connection


def take_back(
    connection: Connection,
    office: Office,
    mistake: Mistake,
    *,
    actor: str,
    by_account: bool = False,
) -> list[str]:
    """Take a receipt back: its bills are owed again, cover and credits follow; return whose.

    Raises Refusal, which names what stands in the way: a refund, a surcharge that was paid, claims
    that were settled on the cover, a credit that was spent or went on to a bank account.
    """
    months = payees(connection, mistake.reference)
    with followed(connection, office, months, on_day=mistake.on_day, actor=actor):
        takeback.take_back(connection, mistake, actor=actor, by_account=by_account)
    return sorted(months)


def take_back_movement(
    connection: Connection,
    office: Office,
    person_id: str,
    number: int,
    *,
    on_day: date,
    reason: str,
    actor: str,
) -> Movement:
    """Take a movement of an account back; a contribution that it paid is owed again.

    Raises Refusal: no such movement, and what `movements.take_back` and `take_back` raise.
    """
    holder = locked(connection, person_id)
    done = numbered(connection, person_id, number)
    if done is None:
        raise Refusal(
            "known_movement",
            f"{person_id} 的账户没有 {number} 号变动",
            f"{person_id}'s account has no movement {number}",
            column="movement",
        )
    made = movements.take_back(connection, holder, done, on_day=on_day, reason=reason, actor=actor)
    if done.kind == "use" and done.detail["use"] == CONTRIBUTION and done.went_out:
        mistake = Mistake(receipt_of(person_id, done.period), on_day, reason)
        take_back(connection, office, mistake, actor=actor, by_account=True)
    return made

"""Moves between regions: the months of contribution and the account's balance go along.

A move out ends what a person has here and leaves a slip; a move in takes the other region's slip.
Amounts are fen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from psycopg import errors as pg

from yibao.agency.accounts.movements import account_of, before, move
from yibao.agency.accounts.uses import Closing, close
from yibao.agency.contributions.paid import months_paid
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.memberships import end
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.filing.places import require_other
from yibao.ledger.chart import Account
from yibao.ledger.entries import Transfer, check_day
from yibao.ledger.funds import PERSONAL
from yibao.settlement.procedure import Office
from yibao.store.database import Connection

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Slip:
    """What goes along with a person: months of contribution, the balance in fen.

    `region` is the other one, `reference` the slip's number. Moving out, `on_day` is the last day
    here; moving in, that on which the balance is entered.
    """

    person_id: str
    region: str
    reference: str
    on_day: date
    months: int
    balance: int


def move_out(
    connection: Connection,
    office: Office,
    person_id: str,
    *,
    region: str,
    reference: str,
    last: date,
    reason: Closing = "moved",
    actor: str,
) -> Slip:
    """End membership and coverage after a day, empty the account; return what goes along.

    Doing it again gives the same slip. Raises Refusal, PolicyError.
    """
    holder = locked(connection, person_id)
    done = _written(connection, "out", region, reference)
    if done is not None:
        if (done.person_id, done.on_day) != (person_id, last):
            raise _taken(reference)
        return done
    require_other(office.policy.region.division, region)
    check_day(last)
    months = months_paid(connection, person_id)
    end(connection, person_id, last, actor=actor, reason=f"moved to {region}")
    balance = 0
    if holder.balance:
        balance = close(
            connection, office, person_id, last, reason, region=region, actor=actor
        ).went_out
    slip = Slip(person_id, region, reference, last, months, balance)
    _write(connection, "out", slip, actor)
    return slip


def move_in(connection: Connection, slip: Slip, *, actor: str) -> bool:
    """Take in what came along from another region; return False when that slip is there already.

    The person must be registered; enrolling is a step of its own. Raises Refusal.
    """
    holder = locked(connection, slip.person_id)
    done = _written(connection, "in", slip.region, slip.reference)
    if done is not None:
        if done != slip:
            raise _taken(slip.reference)
        return False
    if slip.months < 0 or slip.balance < 0:
        raise Refusal("not_negative", "月数和余额不能为负", "below zero", column="months")
    check_day(slip.on_day)
    _write(connection, "in", slip, actor)
    period = f"{slip.region}:{slip.reference}"
    if slip.balance and before(connection, slip.person_id, "moved_in", period) is None:
        due = Account("region_receivable", PERSONAL, slip.region)
        move(
            connection,
            holder,
            "moved_in",
            period,
            on_day=slip.on_day,
            transfers=[Transfer(due, account_of(slip.person_id), slip.balance)],
            detail={"region": slip.region, "reference": slip.reference},
            actor=actor,
        )
    return True


def slips(connection: Connection, person_id: str) -> list[tuple[Direction, Slip]]:
    """Return the slips of a person, in the order in which they were written."""
    rows = connection.execute(
        "SELECT direction, person_id, region, reference, on_day, months, balance "
        "FROM enrolment.transfer WHERE person_id = %s ORDER BY transfer_id",
        (person_id,),
    )
    return [(direction, Slip(*row)) for direction, *row in rows]


def _written(
    connection: Connection, direction: Direction, region: str, reference: str
) -> Slip | None:
    row = connection.execute(
        "SELECT person_id, region, reference, on_day, months, balance FROM enrolment.transfer "
        "WHERE (direction, region, reference) = (%s, %s, %s)",
        (direction, region, reference),
    ).fetchone()
    return None if row is None else Slip(*row)


def _write(connection: Connection, direction: Direction, slip: Slip, actor: str) -> None:
    values = (slip.person_id, direction, slip.region, slip.reference)
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO enrolment.transfer (person_id, direction, region, reference, on_day, "
                "months, balance) VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (*values, slip.on_day, slip.months, slip.balance),
            )
    except pg.UniqueViolation:  # another person's, at the same moment
        raise _taken(slip.reference) from None
    detail = {"region": slip.region, "months": slip.months, "balance": slip.balance}
    note(connection, actor, f"move-{direction}", f"person:{slip.person_id}", **detail)


def _taken(reference: str) -> Refusal:
    return Refusal(
        "reference_taken",
        f"转移单号 {reference} 已用过，内容不同",
        f"slip {reference} was used before, and said something else",
        column="reference",
    )

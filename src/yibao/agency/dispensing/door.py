"""The door for every bill: of care, of a prescription that it fills, of an order brought home."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from yibao.agency.desk.correct import By, Corrected
from yibao.agency.desk.correct import Tell as TellCorrected
from yibao.agency.desk.correct import correct as desk_correct
from yibao.agency.desk.model import Ask, Key, Replayed, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.settle import Tell
from yibao.agency.dispensing import deliveries, filling
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.filing import intake
from yibao.agency.filing.intake import Papers
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Filled:
    """A prescription that is handed out over a counter, and when."""

    prescription: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """An order that is handed out at the door: when, and who signed for it."""

    delivery: int
    at: datetime
    signed_by: str


Handed = Filled | Received | None
"""What a bill hands out; None: it is a bill of care."""


def settle(
    connection: Connection,
    office: Office,
    ask: Ask,
    papers: Papers,
    handed: Handed = None,
    *,
    actor: str,
    key: Key | None = None,
    tell: Tell | None = None,
) -> Settled | Replayed:
    """Settle a bill with what it hands out, which is handed out nowhere again.

    Raises as `intake.settle`, `filling.fill` and `deliveries.receive` do.
    """
    if handed is None:
        return intake.settle(connection, office, ask, papers, actor=actor, key=key, tell=tell)
    _not_to_come(handed)
    match handed:
        case Filled(number, at):
            work = partial(filling.fill, connection, office, number, ask, papers, at=at)
        case Received(number, at, who):
            work = partial(
                deliveries.receive, connection, office, number, ask, papers, at=at, signed_by=who
            )
    return work(actor=actor, key=key, tell=tell)


def presettle(
    connection: Connection, office: Office, ask: Ask, papers: Papers, handed: Filled | None = None
) -> Settled:
    """Return what a bill would be settled as now. Nothing is written. Raises as `settle` does."""
    if handed is None:
        return intake.presettle(connection, office, ask, papers)
    _not_to_come(handed)
    number, at = handed.prescription, handed.at
    return filling.presettle(connection, office, number, ask, papers, at=at)


def correct(
    connection: Connection,
    office: Office,
    number: int,
    ask: Ask,
    papers: Papers,
    *,
    handed: Handed = None,
    actor: str,
    key: Key,
    tell: TellCorrected,
) -> Corrected | Replayed:
    """Take a settlement back and settle another bill in its place. Raises as those two do."""
    by = By(partial(settle, papers=papers, handed=handed), intake.reverse)
    return desk_correct(connection, office, number, ask, actor=actor, key=key, tell=tell, by=by)


def _not_to_come(handed: Filled | Received) -> None:
    if handed.at > datetime.now(UTC):
        raise Refusal("handed_out", "交付时间未到", "a time that has come", column="at")

"""Correct a settlement: take it back and settle another bill in its place, both or neither.

So a part of a bill is refunded (the bill without it takes its place), and a bill that was settled
for the wrong person is settled for the right one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from yibao.agency.desk.model import Ask, Key, Replayed, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.reverse import TakenBack, reverse, settlement_of
from yibao.agency.desk.settle import open_person, settle
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """What was taken back and what stands in its place."""

    taken: TakenBack
    settled: Settled


Tell = Callable[[Corrected], tuple[int, str]]


@dataclass(frozen=True, slots=True)
class By:
    """How to settle and to take back: as the desk does, or with what stands around it."""

    settle: Callable[..., Settled | Replayed]
    reverse: Callable[..., TakenBack | Replayed]


DESK = By(settle, reverse)


def correct(
    connection: Connection,
    office: Office,
    number: int,
    ask: Ask,
    *,
    actor: str,
    key: Key,
    tell: Tell,
    by: By = DESK,
) -> Corrected | Replayed:
    """Take settlement `number` back and settle `ask` in its place.

    Raises what `reverse` and `settle` raise; then nothing is changed.
    """
    persons = {settlement_of(connection, number)["person_id"], ask.person_id}
    for person in sorted(persons):  # in one order everywhere, or two could wait for each other
        opened = open_person(connection, person, key)
        if isinstance(opened, Replayed):
            return opened
    taken = by.reverse(connection, office, number, actor=actor)
    assert isinstance(taken, TakenBack)
    settled = by.settle(
        connection,
        office,
        ask,
        actor=actor,
        key=key,
        tell=lambda settled: tell(Corrected(taken, settled)),
    )
    assert isinstance(settled, Settled)
    return Corrected(taken, settled)

"""Correct a settlement: take it back and settle another bill in its place, both or neither.

So a part of a bill is refunded (the bill without it takes its place), and a bill that was settled
for the wrong person is settled for the right one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from yibao.agency.desk.model import Ask, DeskError, Key, Replayed, Settled
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

    Raises what `reverse` and `settle` raise, and DeskError for a settlement of a visit whose lines
    the institution has charged: in place of it others would stand. Then nothing is changed.
    """
    persons = {settlement_of(connection, number)["person_id"], ask.person_id}
    for person in sorted(persons):  # in one order everywhere, or two could wait for each other
        opened = open_person(connection, person, key)
        if isinstance(opened, Replayed):
            return opened
    _check_no_visit(connection, number)
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


def _check_no_visit(connection: Connection, number: int) -> None:
    """Refuse that of a visit, whose lines would be free while another bill stands for them."""
    held = connection.execute("SELECT FROM visits.settled WHERE settlement_id = %s", (number,))
    if held.fetchone() is not None:
        expected = "a bill: that of a visit is taken back and settled anew by its institution"
        zh = "该笔由医疗机构按就诊上传结算，请由机构撤销后重新结算"
        raise DeskError("of_visit", "settlement_id", str(number), expected, zh)

"""Random walks through visits: whatever comes in whatever order, the desk and the visit agree."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import agency_town as town
import pytest
from visit_town import COSTLY, DRUG, RESTRICTED, UNPAID, admit, begin, build, charge

from yibao.agency.desk.office import Office
from yibao.agency.filing import intake
from yibao.agency.visits import charges, settling, visit
from yibao.agency.visits.settling import Wanted
from yibao.agency.visits.visit import Of
from yibao.errors import YibaoError
from yibao.store.database import Connection, Database

STEPS = 60


class Walk:
    """One visit and whoever acts on it."""

    def __init__(self, draw: Random, office: Office, of: Of) -> None:
        self.draw, self.office, self.of = draw, office, of
        self.made = 0
        self.settlements: list[int] = []

    def charge(self, connection: Connection) -> None:
        self.made += 1
        code = self.draw.choice((DRUG, COSTLY, RESTRICTED, UNPAID))
        price = f"{self.draw.randrange(100)}.{self.draw.randrange(10_000):04d}"
        batch = self.draw.choice(("A", "B"))
        one = charge(str(self.made), code, price, str(self.draw.randrange(1, 9)), batch=batch)
        charges.charge(connection, self.office, self.of, [one], actor="test")

    def give_back(self, connection: Connection) -> None:
        rows = charges.lines(connection, visit.held(connection, self.of))
        if not rows:
            return
        row = self.draw.choice(rows)
        self.made += 1
        back = charge(
            str(self.made),
            row["code"],
            str(row["price"] / 100),
            str(-self.draw.randrange(1, 4)),
            gives_back=row["number"],
            batch=row["batch"],
        )
        charges.charge(connection, self.office, self.of, [back], actor="test")

    def withdraw_charges(self, connection: Connection) -> None:
        which: dict[str, Any] = self.draw.choice(
            ({}, {"batch": "A"}, {"numbers": [str(self.draw.randrange(1, self.made + 2))]})
        )
        charges.withdraw_charges(connection, self.of, actor="test", **which)

    def settle(self, connection: Connection) -> None:
        self.made += 1
        wanted = Wanted(
            f"C{self.of.visit_id}-{self.made}",
            "resident",
            batch=self.draw.choice(("A", None)),
            interim=self.draw.random() < 0.3,
        )
        done = settling.settle(connection, self.office, self.of, wanted, actor="test")
        self.settlements.append(done.settled.settlement_id)

    def take_back(self, connection: Connection) -> None:
        if self.settlements:
            number = self.draw.choice(self.settlements)
            settling.take_back(connection, self.office, self.of, number, actor="test")

    def take_back_at_the_desk(self, connection: Connection) -> None:
        if self.settlements:
            number = self.draw.choice(self.settlements)
            intake.reverse(connection, self.office, number, actor="test")

    def discharge(self, connection: Connection) -> None:
        ended = visit.held(connection, self.of).begun_at
        visit.discharge(connection, self.of, ended_at=ended, facts={}, says={}, actor="test")

    def undo_discharge(self, connection: Connection) -> None:
        visit.undo_discharge(connection, self.of, actor="test")

    def withdraw(self, connection: Connection) -> None:
        if self.draw.random() < 0.1:
            visit.withdraw(connection, self.of, actor="test")

    def steps(self) -> list[Callable[[Connection], None]]:
        return [
            *(self.charge, self.charge, self.charge, self.give_back, self.withdraw_charges),
            *(self.settle, self.settle, self.take_back, self.take_back_at_the_desk),
            *(self.discharge, self.undo_discharge, self.withdraw),
        ]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("begun", [begin, admit])
def test_whatever_comes_the_desk_and_the_visit_agree(
    database: Database, begun: Callable[..., Of], seed: int
) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = begun(connection)
    walk = Walk(Random(seed), town.office(), of)
    refused = 0
    for _ in range(STEPS):
        before = _seen(database, of)
        try:
            with database.transaction() as connection:
                walk.draw.choice(walk.steps())(connection)
        except YibaoError:
            refused += 1
            assert _seen(database, of) == before  # what is refused leaves no trace
        _agree(database, of)
    assert 0 < refused < STEPS
    assert walk.settlements


def _seen(database: Database, of: Of) -> Any:
    with database.transaction() as connection:
        held = visit.held(connection, of)
        lines = charges.lines(connection, held)
        return held, lines


def _agree(database: Database, of: Of) -> None:
    """What stands of a visit at the desk is what its settled lines come to, line by line."""
    with database.transaction() as connection:
        held = visit.held(connection, of)
        lines = charges.lines(connection, held)
        for number in held.settled:
            row = connection.execute(
                "SELECT total, in_scope FROM desk.settlement WHERE settlement_id = %s", (number,)
            ).fetchone()
            own = [line for line in lines if line["settlement_id"] == number]
            assert row is not None
            assert row[0] == sum(line["total"] for line in own)
            if not any(line["gives_back"] for line in own):  # parts are rounded for what is left
                assert row[1] == sum(line["in_scope"] for line in own)
            assert all(line["settled"] for line in own)
        settled = {line["settlement_id"] for line in lines if line["settled"]}
        assert settled <= set(held.settled)
        assert (held.state == "settled") <= bool(held.settled)

"""Whatever is done in whatever order, books, bills, accounts and periods agree with each other."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from tests.agency.registered import ACTOR, EMPLOYEE, billed, enrolled
from yibao.agency.accounts.credits import credit
from yibao.agency.accounts.movements import account_of, movements
from yibao.agency.accounts.uses import Use, use
from yibao.agency.contributions.bills import cancel
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.receipts import Receipt, arrears, receive
from yibao.agency.enrolment import facts
from yibao.agency.enrolment.memberships import Enrolment, employ, end, enrol, leave
from yibao.agency.enrolment.persons import employer
from yibao.agency.enrolment.profile import Membership
from yibao.agency.enrolment.statuses import statuses
from yibao.errors import ClaimError, PolicyError
from yibao.ledger.balance import balance, trial_balance
from yibao.policy.policy import load_policy
from yibao.settlement.enrolment import Enrolment as Statuses
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database

PERSONS = ("P1", "P2", "P3")
FIRST = date(2022, 1, 1)
STEPS = ("bill", "receive", "cancel", "employ", "leave", "pause", "enrol", "credit", "use", "fact")


class Town:
    """A few persons to whom things happen at random; what is refused leaves nothing."""

    def __init__(self, connection: Connection, office: Office, seed: int) -> None:
        self.connection, self.office, self.random = connection, office, Random(seed)
        self.happened: Counter[str] = Counter()
        self.number = 0
        employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
        for name in PERSONS:
            enrolled(connection, name, contributor="flexible", **EMPLOYEE)

    def day(self) -> date:
        return FIRST + timedelta(days=self.random.randrange(540))

    def month(self) -> date:
        return self.day().replace(day=1)

    def step(self) -> None:
        what: Callable[[str], object] = self.random.choice(
            [
                *[self.bill] * 4,
                *[self.receive] * 4,
                *(self.cancel, self.employ, self.leave, self.pause, self.enrol),
                *(self.credit, self.credit, self.use, self.fact, self.cover),
            ]
        )
        self.number += 1
        try:
            with self.connection.transaction():
                what(self.random.choice(PERSONS))
            self.happened[what.__name__] += 1
        except (PolicyError, ClaimError):
            self.happened["refused"] += 1

    def bill(self, person: str) -> None:
        month = self.month()
        last = (month + timedelta(days=31 * self.random.choice([0, 0, 2]))).replace(day=1)
        billed(self.connection, self.office, person, f"{month:%Y-%m}", f"{last:%Y-%m}")

    def receive(self, person: str) -> None:
        payer = self.random.choice([person, "U1"])
        owed = sum(o.left for o in arrears(self.connection, date.max) if o.payer == payer)
        fen = self.random.choice([owed, owed, owed // 2, owed + 1]) or 1
        receipt = Receipt(f"R{self.number}", payer, self.day(), fen)
        for who in receive(self.connection, receipt, actor=ACTOR):
            cover(self.connection, self.office, who, actor=ACTOR)

    def cancel(self, _: str) -> None:
        number = self.random.randrange(1, 20)
        who = cancel(self.connection, number, on_day=self.day(), reason="x", actor=ACTOR)
        cover(self.connection, self.office, who, actor=ACTOR)

    def employ(self, person: str) -> None:
        wage = self.random.randrange(1, 9_999_99)
        employ(self.connection, person, "U1", self.month(), wage=wage, actor=ACTOR)

    def leave(self, person: str) -> None:
        leave(self.connection, person, self.day(), actor=ACTOR)

    def pause(self, person: str) -> None:
        last = self.day()
        resumes = last + timedelta(days=self.random.randrange(2, 90))
        end(self.connection, person, last, actor=ACTOR, reason="x", resumes=resumes)

    def enrol(self, person: str) -> None:
        first = self.day()
        last = first + timedelta(days=self.random.randrange(200))
        says = Membership("resident", "adult", "low", household_id="H1")
        enrol(self.connection, Enrolment(person, says, first, last), actor=ACTOR)

    def credit(self, person: str) -> None:
        credit(self.connection, self.office, person, self.month(), on_day=self.day(), actor=ACTOR)

    def use(self, person: str) -> None:
        charge = self.random.randrange(1, 300_00)
        says: dict[str, Any] = {"institution_id": "P12010100001", "at_designated": True}
        wanted = Use(person, f"U{self.number}", self.day(), "pharmacy", charge, **says)
        use(self.connection, self.office, wanted, actor=ACTOR)

    def fact(self, person: str) -> None:
        code = self.random.choice(["medical_assistance", "severely_disabled"])
        first = self.day()
        last = self.random.choice([None, first + timedelta(days=60)])
        facts.hold(
            self.connection, person, "identities", code, first, last=last, source="x", actor=ACTOR
        )

    def cover(self, person: str) -> None:
        cover(self.connection, self.office, person, actor=ACTOR)
        assert not cover(self.connection, self.office, person, actor=ACTOR)


def agree(connection: Connection) -> None:
    """Check everything that must hold at every moment."""
    lines = trial_balance(connection, by_party=True)
    assert sum(line.balance for line in lines) == 0
    owed: Counter[str] = Counter()
    for part in arrears(connection, date.max):
        owed[part.payer] += part.left
    receivable = Counter(
        {n.account.party: n.balance for n in lines if n.account.head.endswith("_receivable")}
    )
    assert +owed == +receivable
    came = connection.execute(
        "SELECT coalesce(sum(fen), 0)::bigint FROM contributions.receipt"
    ).fetchone()
    shares = connection.execute(
        "SELECT coalesce(sum(fen), 0)::bigint, (SELECT coalesce(sum(received), 0)::bigint "
        "FROM contributions.part) FROM contributions.share"
    ).fetchone()
    assert came is not None
    assert shares == (came[0], came[0])
    for name in PERSONS:
        held = -balance(connection, account_of(name))
        row = connection.execute(
            "SELECT account_balance FROM enrolment.person_lock WHERE person_id = %s", (name,)
        ).fetchone()
        moved = movements(connection, name)
        assert row == (held,)
        assert sum(m.came_in - m.went_out for m in moved) == held
        Statuses(statuses(connection, name))  # refuses periods that overlap


@pytest.fixture(scope="module")
def tianjin() -> Office:
    return Office(load_policy("tianjin"))


def test_books_bills_accounts_and_periods_agree(database: Database, tianjin: Office) -> None:
    happened: Counter[str] = Counter()
    for seed in range(4):
        with database.transaction() as connection, connection.transaction(force_rollback=True):
            town = Town(connection, tianjin, seed)
            for number in range(120):
                town.step()
                if number % 20 == 19:
                    agree(connection)
            happened += town.happened
    # What never happens is not tested.
    assert all(happened[name] for name in (*STEPS, "refused")), happened

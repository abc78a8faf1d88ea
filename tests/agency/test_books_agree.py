"""Whatever is done in whatever order, books, bills, accounts and periods agree with each other."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from tests.agency.registered import ACTOR, EMPLOYEE, billed, enrolled
from yibao.agency.accounts.credits import credit
from yibao.agency.accounts.freezing import Freeze, freeze, frozen, unfreeze
from yibao.agency.accounts.movements import account_of, balance_on, movements
from yibao.agency.accounts.statement import statement
from yibao.agency.accounts.uses import Use, use
from yibao.agency.contributions.bills import bills_of
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.held import Refund, held_for, refund
from yibao.agency.contributions.receipts import Receipt, arrears, receive
from yibao.agency.contributions.surcharges import charge
from yibao.agency.contributions.takeback import Mistake
from yibao.agency.corrections.bills import Correction, again, cancel, give_up
from yibao.agency.corrections.receipts import take_back, take_back_movement
from yibao.agency.enrolment import facts
from yibao.agency.enrolment.memberships import Enrolment, employ, end, enrol, leave
from yibao.agency.enrolment.persons import employer
from yibao.agency.enrolment.profile import Membership
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.statuses import statuses
from yibao.errors import ClaimError, PolicyError
from yibao.ledger.balance import balance, trial_balance
from yibao.policy.policy import load_policy
from yibao.settlement.enrolment import Enrolment as Statuses
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database

PERSONS = ("P1", "P2", "P3")
FIRST = date(2022, 1, 1)
STEPS = (
    *("bill", "receive", "cancel", "employ", "leave", "pause", "enrol", "credit", "use", "fact"),
    *("take_back", "again", "give_up", "refund", "charge", "undo", "freeze", "unfreeze"),
)


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
                *[self.bill] * 5,
                *[self.receive] * 5,
                *[self.credit] * 4,
                *(self.cancel, self.employ, self.leave, self.pause),
                *[self.enrol] * 4,
                *(self.use, self.fact, self.cover),
                *(self.take_back, self.again, self.give_up, self.refund, self.charge),
                *(self.undo, self.freeze, self.unfreeze, self.unfreeze, self.refund),
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
        for who in receive(self.connection, receipt, actor=ACTOR) or ():
            cover(self.connection, self.office, who, actor=ACTOR)

    def cancel(self, _: str) -> None:
        cancel(self.connection, self.office, self.correction(), actor=ACTOR)

    def correction(self) -> Correction:
        return Correction(self.any_of("contributions.bill", "bill_id"), self.day(), "x")

    def any_of(self, table: str, column: str) -> Any:
        rows = self.connection.execute(f"SELECT {column} FROM {table}".encode()).fetchall()
        return self.random.choice(sorted(rows))[0] if rows else 0

    def again(self, _: str) -> None:
        again(self.connection, self.office, self.correction(), actor=ACTOR)

    def give_up(self, _: str) -> None:
        asked, since = self.correction(), self.month()
        self.connection.execute(
            "INSERT INTO enrolment.elsewhere "
            "(identity_index, identity_number, region, scheme, first) "
            "SELECT identity_index, identity_number, '130100', 'resident', %s "
            "FROM enrolment.person JOIN contributions.bill USING (person_no) WHERE bill_id = %s "
            "ON CONFLICT DO NOTHING",
            (since, asked.bill_id),
        )
        give_up(self.connection, self.office, asked, "elsewhere", since, actor=ACTOR)

    def refund(self, _: str) -> None:
        payer = max(("U1", *PERSONS), key=lambda name: held_for(self.connection, name))
        fen = self.random.choice([0, 0, 1])
        refund(self.connection, Refund(f"T{self.number}", payer, self.day(), "x", fen), actor=ACTOR)

    def charge(self, _: str) -> None:
        if not charge(self.connection, self.office.policy, self.day(), actor=ACTOR):
            raise Refusal("late", "x", "nobody was late")

    def take_back(self, _: str) -> None:
        reference = str(self.any_of("contributions.receipt", "reference"))
        mistake = Mistake(reference, self.day(), "x")
        take_back(self.connection, self.office, mistake, actor=ACTOR)

    def undo(self, person: str) -> None:
        number = self.any_of("accounts.movement", "movement_id")
        on_day: Any = {"on_day": self.day(), "reason": "x", "actor": ACTOR}
        take_back_movement(self.connection, self.office, person, number, **on_day)

    def freeze(self, person: str) -> None:
        rich = {name: balance_on(self.connection, name, date.max) for name in PERSONS}
        person = max(rich, key=lambda name: rich[name])
        freeze(self.connection, person, Freeze(f"F{person}", FIRST, "court"), actor=ACTOR)

    def unfreeze(self, person: str) -> None:
        person = max(PERSONS, key=lambda name: frozen(self.connection, name))
        unfreeze(self.connection, person, f"F{person}", FIRST, reason="court", actor=ACTOR)

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
        last = first + timedelta(days=self.random.choice([3, 20, 200]))
        says = Membership("resident", "adult", "low", household_id="H1")
        enrol(self.connection, Enrolment(person, says, first, last), actor=ACTOR)

    def credit(self, person: str) -> None:
        paid = [
            bill.first
            for bill in bills_of(self.connection, person)
            if any(p.payer == "U1" and p.received for p in bill.parts)
        ]
        month = self.random.choice([*paid, self.month()])
        credit(self.connection, self.office, person, month, on_day=self.day(), actor=ACTOR)

    def use(self, person: str) -> None:
        charge = self.random.randrange(1, 300_00)
        says: dict[str, Any] = {"at": "P12010100001", "at_designated": True}
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
    # What came and stands pays for bills that stand, is held, or has gone back.
    (came, shared, received, held, refunded) = _sums(
        connection,
        "SELECT sum(fen) FROM contributions.receipt AS r WHERE NOT EXISTS "
        "(SELECT FROM contributions.taken_back AS t WHERE t.receipt_id = r.receipt_id)",
        "SELECT sum(fen) FROM contributions.standing_share",
        "SELECT sum(received) FROM contributions.part JOIN contributions.bill USING (bill_id) "
        "WHERE cancelled_by IS NULL",
        "SELECT sum(fen) FROM contributions.held",
        "SELECT sum(fen) FROM contributions.refund",
    )
    assert shared == received
    assert came == shared + held + refunded
    stands: Counter[str] = Counter()
    for line in lines:
        stands[line.account.head] += line.balance
    assert stands["contributions_held"] == -held
    in_accounts = -(stands["account_balance"] + stands["account_frozen"])
    assert in_accounts == sum(balance_on(connection, name, date.max) for name in PERSONS)
    for name in PERSONS:
        held = -balance(connection, account_of(name))
        row = connection.execute(
            "SELECT account_balance FROM enrolment.person_lock WHERE person_id = %s", (name,)
        ).fetchone()
        moved = movements(connection, name)
        assert row == (held,)
        assert sum(m.came_in - m.went_out for m in moved) == held
        listed = statement(connection, name)
        assert [m for m in moved if m.came_in or m.went_out] == [
            m for line in listed for m in moved if m.movement_id == line.movement_id
        ]
        assert all(
            line.balance == sum(one.came_in - one.went_out for one in listed[: at + 1])
            for at, line in enumerate(listed)
        )
        Statuses(statuses(connection, name))  # refuses periods that overlap


def _sums(connection: Connection, *queries: str) -> list[int]:
    """Return the sum that each query gives."""
    asked = ", ".join(f"coalesce(({query}), 0)::bigint" for query in queries)
    row = connection.execute(f"SELECT {asked}".encode()).fetchone()
    assert row is not None
    return list(row)


@pytest.fixture(scope="module")
def tianjin() -> Office:
    return Office(load_policy("tianjin"))


def test_books_bills_accounts_and_periods_agree(database: Database, tianjin: Office) -> None:
    happened: Counter[str] = Counter()
    for seed in range(6):
        with database.transaction() as connection, connection.transaction(force_rollback=True):
            town = Town(connection, tianjin, seed)
            for number in range(150):
                town.step()
                if number % 20 == 19:
                    agree(connection)
            happened += town.happened
    # What never happens is not tested.
    assert not [name for name in (*STEPS, "refused") if not happened[name]]

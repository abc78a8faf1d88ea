"""Guests of other regions are cleared with institutions; what another region pays is not."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from agency_town import build, office
from test_filing import FILED_ON, elsewhere, filed, settled

from yibao.agency.clearing.apply import apply
from yibao.agency.clearing.audit import audit
from yibao.agency.clearing.model import GUEST, Act, Application, ClearingError, Deduction, Rate
from yibao.agency.clearing.pay import pay
from yibao.agency.filing.elsewhere import Guest, record_guest, take_guest_back
from yibao.agency.filing.intake import reverse
from yibao.agency.reconcile.books import verify
from yibao.agency.reconcile.day import reconcile
from yibao.agency.reconcile.file import Booked
from yibao.clock import today
from yibao.ledger.balance import balance
from yibao.ledger.chart import Account
from yibao.store.database import Database

POOL = "resident.pool_pay"
MARCH, APRIL, DAY = date(2022, 3, 1), date(2022, 4, 1), date(2022, 5, 6)


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1", "P2")
    return database


def guest(database: Database, reference: str, fen: int, on_day: date = FILED_ON) -> None:
    one = Guest("130100", reference, "H2", f"G-{reference}", on_day, {POOL: fen})
    with database.transaction() as c:
        record_guest(c, one, actor="test")


def agrees(database: Database) -> None:
    with database.transaction() as c:
        assert verify(c) == []


def paid(database: Database, month: date, *deductions: Deduction) -> Application:
    def rate(visit: str, day: date) -> Rate:
        return Rate(Fraction(1, 10), "agreement, 12")

    with database.transaction() as c:
        apply(c, "H2", month, Act("clerk", DAY))
    agrees(database)
    with database.transaction() as c:
        audit(c, "H2", month, Act("clerk", DAY), deductions=deductions, rate=rate)
    agrees(database)
    with database.transaction() as c:
        return pay(c, "H2", month, Act("payer", DAY))


def test_guests_are_applied_for_audited_and_paid_once(town: Database) -> None:
    guest(town, "S-1", 20_00)
    guest(town, "S-2", 7_00)
    guest(town, "S-3", 5_00, date(2022, 4, 1))
    agrees(town)
    done = paid(town, MARCH, Deduction(POOL, GUEST, 1_00, "charged twice"))
    assert [tuple(line) for line in done.lines] == [(POOL, "guest", 2, 27_00)]
    assert (done.withheld, done.paid[POOL].bank) == (0, 26_00)
    agrees(town)
    assert [tuple(line) for line in paid(town, APRIL).lines] == [(POOL, "guest", 1, 5_00)]
    agrees(town)


def test_a_guest_taken_back_after_it_was_paid_makes_the_next_month_less(town: Database) -> None:
    guest(town, "S-1", 20_00)
    assert paid(town, MARCH).paid[POOL].bank == 20_00
    guest(town, "S-2", 50_00, date(2022, 4, 2))
    with town.transaction() as c:
        take_guest_back(c, "130100", "S-1", date(2022, 4, 3), actor="test")
    agrees(town)
    done = paid(town, APRIL)
    assert [tuple(line) for line in done.lines] == [(POOL, "guest", 2, 30_00)]
    assert done.paid[POOL].bank == 30_00
    agrees(town)


def test_what_another_region_pays_is_not_owed_to_its_institution(town: Database) -> None:
    filed(town)
    found = settled(town, elsewhere("A1", FILED_ON))
    agrees(town)
    month = found.claim.settled_at.date().replace(day=1)
    with pytest.raises(ClearingError) as error, town.transaction() as c:
        apply(c, "E2", month, Act("clerk", today() + timedelta(days=40)), early=True)
    assert error.value.name == "nothing_due"
    with town.transaction() as c:
        reverse(c, office(), int(found.claim.claim_id), actor="test")
    agrees(town)


def test_the_days_of_an_institution_are_compared_without_guests(town: Database) -> None:
    guest(town, "S-1", 20_00)
    with town.transaction() as c:
        take_guest_back(c, "130100", "S-1", FILED_ON, actor="test")
    with town.transaction() as c:
        found = reconcile(c, "H2", (MARCH, DAY), Booked((), frozenset()))
    assert found.agrees
    with town.transaction() as c:
        assert balance(c, Account("institution_payable", POOL, "H2")) == 0

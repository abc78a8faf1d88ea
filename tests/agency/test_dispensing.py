"""Prescriptions filled once, over a counter or at the door, under the prescriber's rules."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction

import psycopg
import pytest
from agency_town import (
    DISEASE,
    DOCTOR,
    DRUG,
    HOME,
    at_once,
    boxes,
    build,
    count,
    office,
    refused,
    visit,
)

from yibao.agency.ceilings import ceiling, set_ceiling
from yibao.agency.desk.model import Ask, Key, Replayed, Settled
from yibao.agency.dispensing.deliveries import (
    Order,
    cancel,
    delivery_of,
    dispatch,
    order,
    receive,
)
from yibao.agency.dispensing.filling import fill
from yibao.agency.dispensing.prescriptions import (
    ZONE,
    Item,
    Prescription,
    audit,
    issue,
    prescription_of,
)
from yibao.agency.enrolment import facts
from yibao.agency.filing.choices import choose_level_3
from yibao.agency.filing.intake import reverse, settle
from yibao.ledger.balance import balance, trial_balance
from yibao.ledger.chart import Account
from yibao.settlement.model import Settlement
from yibao.store.database import Connection, Database

DAY = date(2022, 3, 1)
ISSUED = datetime(2022, 3, 1, 9, 0, tzinfo=ZONE)
BASE = Prescription("H2", "R1", "P1", DOCTOR, ISSUED, (Item("drug", DRUG, Fraction(3)),), days=7)
LONG = replace(BASE, institution_id="H1", long_term=True, days=60, disease=DISEASE)


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1", "P2")
    return database


def prescribed(
    database: Database, prescription: Prescription = BASE, ok: bool | None = True
) -> int:
    """Issue a prescription and have it audited, unless `ok` is None; return its number."""
    with database.transaction() as connection:
        number = issue(connection, prescription, actor="test")
        if ok is not None:
            audit(connection, number, "Y1", approved=ok, actor="test")
    return number


def bill(claim_no: str, at: datetime, *, n: int = 3, fen: int = 500_00, **changes: object) -> Ask:
    day = at.astimezone(ZONE).date()
    given = {"visit": "pharmacy", "institution_id": "P1", "bill": boxes(n, fen, day)}
    return visit(claim_no, day, 0, **{**given, **changes})


def filled(database: Database, number: int, ask: Ask, at: datetime = ISSUED) -> Settlement:
    with database.transaction() as connection:
        found = fill(connection, office(), number, ask, at=at, actor="test")
    assert isinstance(found, Settled)
    return found.settlement


def not_filled(database: Database, number: int, ask: Ask, at: datetime = ISSUED) -> str:
    return refused(database, lambda c: fill(c, office(), number, ask, at=at, actor="test"))


# --- filled once ----------------------------------------------------------------------------------


@pytest.mark.clause("P25-3.4.5b")
def test_of_a_prescription_that_was_filled_no_box_is_handed_out_again(town: Database) -> None:
    number = prescribed(town)
    filled(town, number, bill("A1", ISSUED))
    assert not_filled(town, number, bill("A2", ISSUED, n=1)) == "dispensed"
    again = bill("A3", ISSUED, n=1, institution_id="P2")
    assert not_filled(town, number, again) == "dispensed"
    assert count(town, "dispensing.dispensed") == 1
    assert count(town, "desk.settlement") == 1


@pytest.mark.clause("P25-3.4.5b")
@pytest.mark.parametrize(
    ("late", "rule"),
    [
        (timedelta(hours=72), ""),
        (timedelta(hours=72, seconds=1), "expired"),
        (timedelta(seconds=-1), "expired"),
    ],
)
def test_a_prescription_is_good_for_72_hours(town: Database, late: timedelta, rule: str) -> None:
    number, at = prescribed(town), ISSUED + late
    if rule:
        assert not_filled(town, number, bill("A1", at), at) == rule
    else:
        filled(town, number, bill("A1", at), at)


def test_another_term_holds_for_what_is_issued_from_its_day_on(town: Database) -> None:
    with town.transaction() as connection:
        day = date(2022, 3, 2)
        set_ceiling(connection, "prescription_hours", 24, "a notice", day, actor="test")
        assert ceiling(connection, "prescription_hours", DAY).value == 72  # type: ignore[union-attr]
        assert ceiling(connection, "prescription_hours", day).value == 24  # type: ignore[union-attr]
    next_day = replace(BASE, number="R2", issued_at=ISSUED + timedelta(days=1))
    numbers = [prescribed(town), prescribed(town, next_day)]
    at = ISSUED + timedelta(hours=50)
    filled(town, numbers[0], bill("A1", at), at)
    assert not_filled(town, numbers[1], bill("A2", at), at) == "expired"

    def earlier(connection: Connection) -> None:
        set_ceiling(connection, "prescription_hours", 48, "x", DAY, actor="test")

    assert refused(town, earlier) == "later"


def test_a_prescription_of_a_time_to_come_is_refused(town: Database) -> None:
    later = replace(BASE, issued_at=datetime.now(ZONE) + timedelta(hours=1))
    assert refused(town, lambda c: issue(c, later, actor="test")) == "issued"
    assert count(town, "dispensing.prescription") == 0


def test_two_pharmacies_at_once_fill_a_prescription_once(town: Database) -> None:
    number = prescribed(town)

    def work(at: str, n: int) -> Callable[[Connection], object]:
        ask = bill(f"A{n}", ISSUED, institution_id=at)
        return lambda c: fill(c, office(), number, ask, at=ISSUED, actor="test")

    found = at_once(town, [work(f"P{1 + n % 2}", n) for n in range(6)])
    assert found.count("dispensed") == 5
    assert count(town, "desk.settlement") == 1


def test_the_database_refuses_a_second_dispensing_whoever_writes_it(town: Database) -> None:
    number = prescribed(town)
    filled(town, number, bill("A1", ISSUED))
    with pytest.raises(psycopg.errors.UniqueViolation), town.transaction() as connection:
        connection.execute(
            "INSERT INTO dispensing.dispensed (settlement_id, prescription_id, institution_id, at) "
            "VALUES (99, %s, 'P2', now())",
            (number,),
        )


def test_a_key_gives_its_reply_and_not_a_refusal(town: Database) -> None:
    number = prescribed(town)
    key = Key("P1", "k", "00" * 32)

    def work(connection: Connection) -> Settled | Replayed:
        ask = bill("A1", ISSUED)
        tell = lambda s: (201, str(s.settlement_id))  # noqa: E731
        return fill(connection, office(), number, ask, at=ISSUED, actor="t", key=key, tell=tell)

    first = town.run(work)
    assert isinstance(first, Settled)
    assert town.run(work) == Replayed(201, str(first.settlement_id))


def test_what_is_taken_back_may_be_handed_out_anew(town: Database) -> None:
    number = prescribed(town)
    first = filled(town, number, bill("A1", ISSUED))
    with town.transaction() as connection:
        reverse(connection, office(), int(first.claim.claim_id), actor="test")
        assert not prescription_of(connection, number).taken
    filled(town, number, bill("A2", ISSUED, institution_id="P2"))
    assert not_filled(town, number, bill("A3", ISSUED)) == "dispensed"


def test_only_what_an_approved_prescription_says_is_handed_out(town: Database) -> None:
    waiting = prescribed(town, ok=None)
    assert not_filled(town, waiting, bill("A1", ISSUED)) == "approved"
    with town.transaction() as connection:
        audit(connection, waiting, "Y1", approved=False, reason="dose", actor="test")
    assert not_filled(town, waiting, bill("A1", ISSUED)) == "approved"
    again = refused(town, lambda c: audit(c, waiting, "Y1", approved=True, actor="t"))
    assert again == "audited"
    number = prescribed(town, replace(BASE, number="R2"))
    assert not_filled(town, number, bill("A1", ISSUED, n=4)) == "prescribed"
    other = bill("A1", ISSUED, bill=boxes(1, 100, DAY, code="XB"))
    assert not_filled(town, number, other) == "prescribed"
    assert not_filled(town, number, visit("A1", DAY, 100, visit="pharmacy")) == "prescribed"
    assert not_filled(town, number, bill("A1", ISSUED, person="P2")) == "of_person"
    day_after = bill("A1", ISSUED + timedelta(days=1))
    assert not_filled(town, number, day_after) == "on_day"
    assert not_filled(town, number + 1, bill("A1", ISSUED)) == "known_prescription"


def test_a_prescription_is_one_of_a_practitioner_there_under_a_number_of_its_own(
    town: Database,
) -> None:
    prescribed(town)

    def issued(**changes: object) -> str:
        values = replace(BASE, **{"number": "R2", **changes})  # type: ignore[arg-type]
        return refused(town, lambda c: issue(c, values, actor="test"))

    assert issued(number="R1") == "number_used"
    assert issued(practitioner_id="D9") == "not_on_roster"
    assert issued(institution_id="E2") == "not_at_site"
    assert issued(institution_id="H9") == "known_institution"
    assert issued(items=()) == "items"
    assert issued(person_id="P9") == "known_person"


# --- long prescriptions ---------------------------------------------------------------------------


@pytest.mark.clause("T16-03e")
def test_a_primary_institution_prescribes_for_longer(town: Database) -> None:
    number = prescribed(town, LONG)
    found = filled(town, number, bill("A1", ISSUED))
    assert found.fund_pay > 0
    at_hospital = replace(LONG, institution_id="H3", number="R2")
    assert refused(town, lambda c: issue(c, at_hospital, actor="t")) == "long_term"
    ordinary = replace(at_hospital, long_term=False)
    assert refused(town, lambda c: issue(c, ordinary, actor="t")) == "over_supply"


@pytest.mark.parametrize(
    ("prescription", "days", "ok"),
    [
        (replace(BASE, number="R9"), 7, True),
        (replace(BASE, number="R9"), 8, False),
        (replace(LONG, number="R9"), 84, True),
        (replace(LONG, number="R9"), 85, False),
        # Before a longer term was laid down, long-term prescriptions went no further.
        (replace(LONG, number="R9", issued_at=datetime(2021, 8, 9, tzinfo=ZONE)), 8, False),
        (replace(LONG, number="R9", issued_at=datetime(2021, 8, 10, tzinfo=ZONE)), 8, True),
    ],
)
def test_a_supply_goes_up_to_what_is_laid_down(
    town: Database, prescription: Prescription, days: int, ok: bool
) -> None:
    wanted = replace(prescription, days=days)
    if ok:
        prescribed(town, wanted)
    else:
        assert refused(town, lambda c: issue(c, wanted, actor="test")) == "over_supply"


# --- both ways of supply --------------------------------------------------------------------------


@pytest.mark.clause("T21-4.3b", "P25-3.9.3e", "T21-2.2c")
@pytest.mark.parametrize(("at", "pays"), [("H1", 220_00), ("H2", 220_00), ("H3", 200_00)])
def test_a_negotiated_drug_costs_the_same_in_hospital_and_at_a_pharmacy(
    town: Database, at: str, pays: int
) -> None:
    with town.transaction() as connection:
        for person in ("P1", "P2"):
            choose_level_3(
                connection, person, "H3", first=DAY, on_day=date(2022, 2, 1), actor="test"
            )
    number = prescribed(town, replace(BASE, institution_id=at))
    pharmacy = filled(town, number, bill("A1", ISSUED, n=1, fen=1_000_00))
    with town.transaction() as connection:
        own = visit("B1", DAY, 1_000_00, "P2", institution_id=at)
        hospital = settle(connection, office(), own, actor="test")
    assert isinstance(hospital, Settled)
    assert pharmacy.funds["pool_pay"] == hospital.settlement.funds["pool_pay"] == pays


@pytest.mark.clause("T21-2.2c")
def test_a_prescription_of_a_level_3_hospital_that_was_not_chosen_pays_nothing(
    town: Database,
) -> None:
    number = prescribed(town, replace(BASE, institution_id="H3"))
    assert filled(town, number, bill("A1", ISSUED)).fund_pay == 0


@pytest.mark.clause("T21-2.2c")
def test_a_prescription_for_a_special_disease_takes_a_registration(town: Database) -> None:
    special = replace(BASE, institution_id="H1", disease=DISEASE)
    ordinary = filled(town, prescribed(town, special), bill("A1", ISSUED))
    assert ordinary.figure("outpatient_expense") == 1_500_00
    register(town)
    number = prescribed(town, replace(special, number="R2"))
    found = filled(town, number, bill("A2", ISSUED))
    assert found.figure("outpatient_expense") == 1_500_00
    assert found.funds["pool_pay"] == (1_500_00 - 500_00) * 65 // 100


def register(database: Database, person: str = "P1") -> None:
    with database.transaction() as connection:
        name, source = "registered_diseases", "test"
        first = date(2022, 1, 1)
        facts.hold(connection, person, name, DISEASE, first, source=source, actor="test")


# --- brought home ---------------------------------------------------------------------------------

SENT = ISSUED + timedelta(hours=5)
CAME = ISSUED + timedelta(days=6)
"""Days after the prescription's term: it was ordered within it."""


def wanted(number: int, **changes: object) -> Order:
    base = Order(number, "H1", "phone", ISSUED, "two years on it", "bedridden", f"{HOME} street 1")
    return replace(base, **changes)  # type: ignore[arg-type]


def ordered(database: Database, sent: bool = True) -> int:
    register(database)
    with database.transaction() as connection:
        number = issue(connection, LONG, actor="test")
        audit(connection, number, "Y1", approved=True, actor="test")
        made = order(connection, wanted(number), actor="test")
        if sent:
            dispatch(connection, made, SENT, "carrier 7", actor="test")
    return made


def brought(claim_no: str = "A1", fen: int = 500_00, **changes: object) -> Ask:
    given = {"visit": "special_outpatient", "institution_id": "H1", "facts": {"disease": DISEASE}}
    return bill(claim_no, CAME, fen=fen, **{**given, **changes})


def taken_in(
    connection: Connection, delivery: int, ask: Ask, at: datetime = CAME
) -> Settled | Replayed:
    return receive(connection, office(), delivery, ask, at=at, signed_by="wife", actor="test")


@pytest.mark.clause("T16-25")
def test_an_order_is_settled_when_it_is_signed_for_and_once(town: Database) -> None:
    delivery = ordered(town)
    assert count(town, "desk.settlement") == 0
    with town.transaction() as connection:
        found = taken_in(connection, delivery, brought(fen=50_00))
    assert isinstance(found, Settled)
    assert found.settlement.total == 150_00
    assert refused(town, lambda c: taken_in(c, delivery, brought("A2", 50_00))) == "received"
    with town.transaction() as connection:
        assert balance(connection, Account("cash_due")) == found.settlement.cash_pay
        assert sum(line.balance for line in trial_balance(connection)) == 0
    assert count(town, "desk.settlement") == 1


@pytest.mark.clause("T16-25")
def test_two_who_bring_an_order_at_once_are_paid_once(town: Database) -> None:
    delivery = ordered(town)

    def work(n: int) -> Callable[[Connection], object]:
        return lambda c: taken_in(c, delivery, brought(f"A{n}"))

    found = at_once(town, [work(n) for n in range(4)])
    assert found.count("received") == 3
    assert count(town, "desk.settlement") == 1
    assert count(town, "dispensing.dispensed") == 1


@pytest.mark.parametrize("first", [0, 1])
def test_of_who_brings_and_who_cancels_an_order_at_once_one_is_too_late(
    town: Database, first: int
) -> None:
    delivery = ordered(town)
    works: list[Callable[[Connection], object]] = [
        lambda c: taken_in(c, delivery, brought()),
        lambda c: cancel(c, delivery, SENT, "nobody at home", actor="test"),
    ]
    found = at_once(town, [*works[first:], *works[:first], *works])
    assert sum(found.count(rule) for rule in ("received", "cancelled")) == 3
    settled = count(town, "desk.settlement")
    assert settled == count(town, "dispensing.dispensed") == (found.count("received") == 3)
    with town.transaction() as connection:
        assert sum(line.balance for line in trial_balance(connection)) == 0


def test_what_is_taken_back_while_two_would_fill_it_is_filled_once_at_most(town: Database) -> None:
    number = prescribed(town)
    first = int(filled(town, number, bill("A1", ISSUED)).claim.claim_id)

    def work(claim_no: str, at: str) -> Callable[[Connection], object]:
        ask = bill(claim_no, ISSUED, institution_id=at)
        return lambda c: fill(c, office(), number, ask, at=ISSUED, actor="test")

    back: Callable[[Connection], object] = lambda c: reverse(c, office(), first, actor="test")  # noqa: E731
    found = at_once(town, [back, work("A2", "P1"), work("A3", "P2"), back])
    assert found.count("reversed") == 1
    assert found.count("dispensed") >= 1
    with town.transaction() as connection:
        assert sum(line.balance for line in trial_balance(connection)) == 0


@pytest.mark.clause("T16-25")
def test_who_orders_has_a_registered_disease_stable_drugs_and_cannot_come(town: Database) -> None:
    number = prescribed(town, LONG)

    def work(**changes: object) -> str:
        return refused(town, lambda c: order(c, wanted(number, **changes), actor="test"))

    assert work() == "registered"
    register(town)
    assert work(stable="") == "required"
    assert work(immobile="") == "required"
    assert work(ordered_at=ISSUED + timedelta(hours=73)) == "expired"
    plain = prescribed(town, replace(BASE, number="R5"))
    assert refused(town, lambda c: order(c, wanted(plain), actor="test")) == "registered"


def test_what_is_on_its_way_is_not_handed_out_nor_ordered_again(town: Database) -> None:
    delivery = ordered(town)
    with town.transaction() as connection:
        number = delivery_of(connection, delivery).order.prescription_id
    assert not_filled(town, number, bill("A1", ISSUED)) == "dispensed"
    assert refused(town, lambda c: order(c, wanted(number), actor="t")) == "dispensed"
    with town.transaction() as connection:
        cancel(connection, delivery, SENT, "nobody at home", actor="test")
    assert refused(town, lambda c: taken_in(c, delivery, brought())) == "cancelled"
    assert refused(town, lambda c: cancel(c, delivery, SENT, "x", actor="t")) == "cancelled"
    filled(town, number, bill("A1", ISSUED))


def test_of_an_order_and_a_counter_at_once_one_gets_the_prescription(town: Database) -> None:
    register(town)
    number = prescribed(town, LONG)
    works: list[Callable[[Connection], object]] = [
        lambda c: order(c, wanted(number), actor="test"),
        lambda c: fill(c, office(), number, bill("A1", ISSUED), at=ISSUED, actor="test"),
    ]
    found = at_once(town, works)
    assert found.count("dispensed") == 1
    assert count(town, "dispensing.delivery") + count(town, "dispensing.dispensed") == 1


def test_steps_of_a_delivery_are_taken_in_order(town: Database) -> None:
    delivery = ordered(town, sent=False)
    assert refused(town, lambda c: taken_in(c, delivery, brought())) == "dispatched"
    early = ISSUED - timedelta(seconds=1)
    assert refused(town, lambda c: dispatch(c, delivery, early, "x", actor="t")) == "step"
    assert refused(town, lambda c: dispatch(c, delivery, SENT, "", actor="t")) == "step"
    with town.transaction() as connection:
        dispatch(connection, delivery, SENT, "carrier 7", actor="test")
    assert refused(town, lambda c: dispatch(c, delivery, SENT, "x", actor="t")) == "dispatched"
    other = brought(institution_id="H2")
    assert refused(town, lambda c: taken_in(c, delivery, other)) == "delivered_by"
    assert refused(town, lambda c: taken_in(c, delivery + 1, brought())) == "known_delivery"


def test_an_order_whose_bill_is_refused_stays_on_its_way(town: Database) -> None:
    delivery = ordered(town)
    assert refused(town, lambda c: taken_in(c, delivery, brought(bill=boxes(4, 100, DAY)))) != ""
    with town.transaction() as connection:
        assert set(delivery_of(connection, delivery).steps) == {"dispatched"}

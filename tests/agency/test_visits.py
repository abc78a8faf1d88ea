"""Visits while they last: each step, each undone; what may not follow what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import agency_town as town
import pytest
from agency_town import refused
from visit_town import (
    BED,
    COSTLY,
    DAY,
    DRUG,
    RESTRICTED,
    UNPAID,
    admit,
    at,
    begin,
    build,
    charge,
)

from yibao.agency.desk.bill import AskedLine, BadLines
from yibao.agency.desk.model import Ask, Bill, Key, Settled
from yibao.agency.desk.office import Office
from yibao.agency.filing import intake
from yibao.agency.filing.referrals import Referral, refer
from yibao.agency.visits import charges, settling, visit
from yibao.agency.visits.settling import Purchase, Wanted
from yibao.agency.visits.steps import MOVES, STATES, STEPS, after
from yibao.agency.visits.visit import Begun, Diagnosis, Of
from yibao.clock import today
from yibao.errors import YibaoError
from yibao.store.database import Connection, Database

_offices: dict[str, Office] = {}


@pytest.fixture(autouse=True)
def own_office() -> None:
    """An office remembers numbers of accounts, so each database has its own."""
    _offices["here"] = town.office()


def office() -> Office:
    return _offices["here"]


def charged(connection: Connection, of: Of, *lines: charges.Charge) -> list[charges.Row]:
    return charges.charge(connection, office(), of, lines, actor="test")


def settled(
    connection: Connection, of: Of, claim_no: str = "C1", scheme: str = "resident", **changes: Any
) -> settling.Done:
    wanted = Wanted(claim_no, scheme, **changes)
    return settling.settle(connection, office(), of, wanted, actor="test")


def taken_back(connection: Connection, of: Of, number: int) -> settling.Undone:
    return settling.take_back(connection, office(), of, number, actor="test")


def discharged(connection: Connection, of: Of, days: int = 7) -> None:
    ended = at(DAY + timedelta(days))
    visit.discharge(connection, of, ended_at=ended, facts={}, says={}, actor="test")


def held(database: Database, of: Of) -> visit.Visit:
    with database.transaction() as connection:
        return visit.held(connection, of)


def direct(database: Database, of_visit: Of, lines: list[AskedLine], **changes: Any) -> Settled:
    """Return what the desk makes of the same lines without any visit; nothing is written."""
    with database.transaction() as connection:
        values: dict[str, Any] = {
            "institution_id": of_visit.institution_id,
            "claim_no": "direct",
            "person_id": of_visit.person_id,
            "visit": "outpatient",
            "admitted": DAY,
            "discharged": DAY,
            "bill": Bill({}),
            **changes,
        }
        return intake.presettle(connection, office(), Ask(**values), intake.Papers(lines=lines))


# --- an outpatient visit --------------------------------------------------------------------------


def test_a_visit_is_charged_and_settled_as_the_desk_would(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = begin(connection)
        rows = charged(
            connection,
            of,
            charge("1", DRUG, "33.3333", "3"),
            charge("2", COSTLY, "25", "2"),
            charge("3", UNPAID, "10"),
        )
    assert [row["total"] for row in rows] == [100_00, 50_00, 10_00]
    # 25.00 is above the payment standard of 20.00; a tenth of 40.00 is paid first
    costly = rows[1]
    assert [costly[n] for n in ("over_limit", "first_self_pay", "in_scope")] == [1000, 400, 3600]
    with database.transaction() as connection:
        stated = {"total": 160_00, "over_limit": 10_00, "in_scope": 136_00}
        tried = settling.presettle(
            connection, office(), of, Wanted("C1", "resident", batch="B1", stated=stated)
        )
    assert tried.settled.settlement_id == 0
    expected = direct(database, of, charges.net(_rows(database, of)))
    with database.transaction() as connection:
        done = settled(connection, of, batch="B1", stated=stated)
    assert done.settled.settlement_id > 0
    assert done.settled.settlement.memory == expected.settlement.memory
    assert done.settled.settlement.memory == tried.settled.settlement.memory
    assert held(database, of).settled == (done.settled.settlement_id,)


def _rows(database: Database, of: Of) -> list[charges.Row]:
    with database.transaction() as connection:
        return charges.lines(connection, visit.held(connection, of))


def test_batches_are_settled_one_by_one_and_each_line_once(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = begin(connection)
        charged(connection, of, charge("1"), charge("2", batch="B2", yuan="7"))
        first = settled(connection, of, "C1", batch="B1")
        assert first.settled.settlement.total == 100_00
        assert settled(connection, of, "C2", batch="B2").settled.settlement.total == 7_00
    again = refused(database, lambda c: settled(c, of, "C3", batch="B1"))
    assert again == "charged"
    with database.transaction() as connection:
        taken_back(connection, of, first.settled.settlement_id)
    with database.transaction() as connection:
        anew = settled(connection, of, "C4")
    assert anew.settled.settlement.total == 100_00  # only what was taken back was free


def test_what_the_desk_takes_back_is_free_again(database: Database) -> None:
    """The visit asks the desk what stands, so it cannot believe in a settlement that is gone."""
    build(database, "P1")
    with database.transaction() as connection:
        of = admit(connection)
        charged(connection, of, charge("1"))
        discharged(connection, of)
        number = settled(connection, of).settled.settlement_id
    assert held(database, of).state == "settled"
    with database.transaction() as connection:
        intake.reverse(connection, office(), number, actor="another")
    assert held(database, of).state == "discharged"
    with database.transaction() as connection:
        assert settled(connection, of, "C2").settled.settlement_id > number
    assert refused(database, lambda c: taken_back(c, of, number)) == "reversed"


def test_the_desk_does_not_put_another_bill_in_the_place_of_a_visits(database: Database) -> None:
    """The lines would be free, and could be settled beside the bill that stands for them."""
    build(database, "P1")
    with database.transaction() as connection:
        of = begin(connection)
        charged(connection, of, charge("1"))
        number = settled(connection, of, batch="B1").settled.settlement_id
    ask = Ask("H2", "C9", "P1", "outpatient", DAY, DAY, Bill({"total": 50_00, "in_scope": 50_00}))

    def corrected(connection: Connection) -> object:
        key = Key("test", "k", "0" * 64)
        return intake.correct(
            connection, office(), number, ask, actor="a", key=key, tell=lambda _: (201, "{}")
        )

    assert refused(database, corrected) == "of_visit"
    assert held(database, of).settled == (number,)


def test_lines_come_to_what_they_say_or_none_is_taken(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = begin(connection)
    with pytest.raises(BadLines) as told, database.transaction() as connection:
        charged(connection, of, charge("1"), charge("2", yuan="0.125", count="3", total=37))
    (problem,) = told.value.problems
    assert problem[0] == 2
    assert "0.38" in str(problem[1])
    assert not _rows(database, of)


def test_a_number_is_used_once_until_it_is_withdrawn(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = begin(connection)
        charged(connection, of, charge("1"))
    assert refused(database, lambda c: charged(c, of, charge("1"))) == "charge_number"
    twice = (charge("2"), charge("2"))
    assert refused(database, lambda c: charged(c, of, *twice)) == "charge_number"
    with database.transaction() as connection:
        charges.withdraw_charges(connection, of, batch="B1", actor="test")
        charged(connection, of, charge("1", yuan="5"))
    assert [row["total"] for row in _rows(database, of)] == [5_00]


def test_settled_lines_are_not_withdrawn(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = begin(connection)
        charged(connection, of, charge("1"), charge("2", batch="B2"))
        settled(connection, of, batch="B1")

    def withdraw(**which: Any) -> Callable[[Connection], int]:
        return lambda c: charges.withdraw_charges(c, of, actor="test", **which)

    assert refused(database, withdraw(batch="B1")) == "charge_settled"
    assert refused(database, withdraw(numbers=["1", "2"])) == "charge_settled"
    assert refused(database, withdraw(batch="B3")) == "known_charge"
    assert refused(database, withdraw(numbers=["9"])) == "known_charge"
    with database.transaction() as connection:
        assert withdraw()(connection) == 1  # all means all that are not settled
    assert refused(database, withdraw()) == "charge_settled"
    assert refused(database, lambda c: visit.withdraw(c, of, actor="test")) == "visit_settled"


def test_what_is_restricted_is_paid_where_the_institution_says_so(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = begin(connection)
        rows = charged(
            connection,
            of,
            charge("1", RESTRICTED, approval="none"),
            charge("2", RESTRICTED, approval="given"),
            charge("3", RESTRICTED, approval="refused"),
            charge("4", DRUG, approval="refused"),
            charge("5", DRUG, approval="none"),
        )
    assert [row["in_scope"] for row in rows] == [0, 95_00, 0, 0, 100_00]
    assert [row["reason"] for row in rows] == ["not_approved", "", *["not_approved"] * 2, ""]
    with database.transaction() as connection:
        done = settled(connection, of)
    assert done.settled.bill.amounts["in_scope"] == 195_00  # as it was told line by line


def test_stated_amounts_must_be_what_the_lines_come_to(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = begin(connection)
        charged(connection, of, charge("1"))
    wrong = {"total": 100_00, "in_scope": 99_00}
    assert refused(database, lambda c: settled(c, of, stated=wrong)) == "lines_agree"
    assert held(database, of).settled == ()
    with pytest.raises(YibaoError, match=r"61\.00"), database.transaction() as connection:
        settled(connection, of, stated={"total": 161_00})


def test_the_scheme_must_be_the_persons(database: Database) -> None:
    build(database, "P1")
    assert refused(database, lambda c: begin(c, scheme="employee")) == "insured"
    early = at(date(2014, 12, 31))
    assert refused(database, lambda c: begin(c, begun_at=early)) == "insured"
    with database.transaction() as connection:
        of = begin(connection)
        charged(connection, of, charge("1"))
    wanted = Wanted("C1", "employee")
    settle = refused(database, lambda c: settling.settle(c, office(), of, wanted, actor="test"))
    assert settle == "scheme_agrees"


def test_what_kind_of_visit_must_be_known_and_the_same(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = begin(connection, visit="")
        charged(connection, of, charge("1"))
    assert refused(database, lambda c: settled(c, of)) == "described"
    describe(database, of, "emergency")
    assert refused(database, lambda c: settled(c, of, visit="outpatient")) == "visit_agrees"
    with database.transaction() as connection:
        done = settled(connection, of, visit="emergency")
    assert done.visit.visit == "emergency"
    with database.transaction() as connection:
        row = connection.execute("SELECT visit FROM desk.settlement").fetchone()
    assert row == ("emergency",)
    with pytest.raises(YibaoError, match="settled as"):
        describe(database, of, "outpatient")
    describe(database, of, "emergency")  # the same again changes nothing


def describe(database: Database, of: Of, as_what: str, **changes: Any) -> None:
    values = {"begun_at": at(), "facts": {}, "says": {}, **changes}
    with database.transaction() as connection:
        visit.describe(connection, office(), of, visit=as_what, actor="test", **values)


def test_diagnoses_are_replaced_by_their_place_in_the_list(database: Database) -> None:
    build(database, "P1")

    def one(number: str, code: str, *, valid: bool = True) -> Diagnosis:
        return Diagnosis("western", number, code, code, True, "d", "D1", at(), valid)

    with database.transaction() as connection:
        of = begin(connection)
        visit.diagnose(connection, of.visit_id, "visit", [one("1", "J18"), one("2", "I10")])
        visit.diagnose(connection, of.visit_id, "visit", [one("1", "E11")])
        visit.diagnose(connection, of.visit_id, "visit", [one("2", "I10", valid=False)])
        found = connection.execute("SELECT number, code FROM visits.diagnosis").fetchall()
    assert found == [("1", "E11")]


def test_another_institution_does_not_touch_a_visit(database: Database) -> None:
    build(database, "P1", "P2")
    with database.transaction() as connection:
        of = begin(connection)
    for other in (Of(of.visit_id, "H3", "P1"), Of(of.visit_id, "H2", "P2"), Of(9, "H2", "P1")):
        found = refused(database, lambda c, other=other: charged(c, other, charge("1")))  # type: ignore[misc]
        assert found == "known_visit"


# --- a stay ---------------------------------------------------------------------------------------


def test_a_stay_is_settled_after_its_discharge_and_everything_is_undone(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = admit(connection)
        charged(connection, of, charge("1", yuan="8000"), charge("2", BED, "60", "7"))
    assert refused(database, lambda c: settled(c, of)) == "visit_state"
    with database.transaction() as connection:
        discharged(connection, of)
    expected = direct(
        database,
        of,
        charges.net(_rows(database, of)),
        visit="inpatient",
        discharged=DAY + timedelta(7),
    )
    with database.transaction() as connection:
        done = settled(connection, of)
    assert done.settled.settlement.memory == expected.settlement.memory
    assert done.visit.state == held(database, of).state == "settled"
    for step in (
        lambda c: charged(c, of, charge("9")),
        lambda c: visit.undo_discharge(c, of, actor="test"),
        lambda c: settled(c, of, "C2"),
        lambda c: visit.withdraw(c, of, actor="test"),
    ):
        assert refused(database, step) == "visit_state"
    with database.transaction() as connection:
        undone = taken_back(connection, of, done.settled.settlement_id)
        assert undone.taken.settlement["settlement_id"] == done.settled.settlement_id
        assert visit.held(connection, of).state == "discharged"
        visit.undo_discharge(connection, of, actor="test")
        charges.withdraw_charges(connection, of, numbers=["1", "2"], actor="test")
        visit.withdraw(connection, of, actor="test")
    assert held(database, of).state == "withdrawn"
    with database.transaction() as connection:  # as if nothing had been
        years = connection.execute(
            "SELECT y.values = o.values AND y.episodes = '{}' FROM desk.person_year AS y "
            "JOIN desk.opening AS o USING (person_id, year)"
        ).fetchall()
        moved = connection.execute(
            "SELECT count(*) FROM (SELECT account_id FROM ledger.transfer AS t, LATERAL "
            "(VALUES (debit, fen), (credit, -fen)) AS v (account_id, sum) GROUP BY account_id "
            "HAVING sum(v.sum) <> 0) AS x"
        ).fetchone()
    assert years == [(True,)]
    assert moved == (0,)


def test_what_is_given_back_is_not_settled(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = admit(connection)
        charged(connection, of, charge("1", count="3"), charge("2", BED, "50", "2"))
        back = charged(
            connection,
            of,
            charge("3", count="-1", gives_back="1"),
            charge("4", BED, "50", "-2", gives_back="2"),
        )
        assert [row["total"] for row in back] == [-100_00, -100_00]
        assert back[0]["in_scope"] == -100_00
        discharged(connection, of)
        done = settled(connection, of)
    assert done.settled.settlement.total == 200_00
    assert [line["quantity"] for line in done.settled.bill.lines] == ["2"]
    # what was taken with the settlement is settled too
    assert all(row["settled"] for row in _rows(database, of))


@pytest.mark.parametrize(
    ("back", "rule"),
    [
        (charge("3", count="-4", gives_back="1"), "given_back"),
        (charge("3", yuan="99", count="-1", gives_back="1"), "given_back"),
        (charge("3", BED, count="-1", gives_back="1"), "given_back"),
        (charge("3", count="-1", gives_back="7"), "known_charge"),
        (charge("3", count="-1", gives_back="3"), "known_charge"),
    ],
)
def test_only_what_was_charged_is_given_back(
    database: Database, back: charges.Charge, rule: str
) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = admit(connection)
        charged(connection, of, charge("1", count="3"))
    assert refused(database, lambda c: charged(c, of, back)) == rule


def test_what_remains_must_come_to_its_quantity_times_its_price(database: Database) -> None:
    """0.006 x 2 is 0.01, given back once 0.01, nothing left: but 0.006 x 1 is 0.01."""
    build(database, "P1")
    with database.transaction() as connection:
        of = admit(connection)
        charged(connection, of, charge("1", yuan="0.006", count="2"))
    back = charge("2", yuan="0.006", count="-1", gives_back="1")
    assert refused(database, lambda c: charged(c, of, back)) == "given_back"


def test_a_line_is_not_withdrawn_from_under_what_gives_it_back(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = admit(connection)
        charged(connection, of, charge("1", count="3"), charge("2", count="-1", gives_back="1"))

    def withdraw(*numbers: str) -> Callable[[Connection], int]:
        return lambda c: charges.withdraw_charges(c, of, numbers=numbers, actor="test")

    assert refused(database, withdraw("1")) == "given_back"
    with database.transaction() as connection:
        assert withdraw("2")(connection) == 1
        assert withdraw("1")(connection) == 1


def test_interim_settlements_of_a_stay_share_one_deductible(database: Database) -> None:
    """A stay settled in two parts costs what it would have cost in one."""
    worker = {"scheme": "employee", "category": "in_service", "contribution_tier": "none"}
    build(database, "P1", "P2", large_expense_paid=True, **worker)
    parts: list[Settled] = []
    with database.transaction() as connection:
        of = admit(connection, scheme="employee")
        charged(connection, of, charge("1", yuan="6000"))
        parts.append(settled(connection, of, "C1", "employee", interim=True, until=DAY).settled)
        charged(connection, of, charge("2", yuan="4000"))
        discharged(connection, of)
        parts.append(settled(connection, of, "C2", "employee").settled)
        whole = admit(connection, "P2", scheme="employee")
        charged(connection, whole, charge("1", yuan="6000"), charge("2", yuan="4000"))
        discharged(connection, whole)
        once = settled(connection, whole, "C3", "employee").settled
    assert once.settlement.figure("deductible") > 0
    assert sum(part.settlement.total for part in parts) == once.settlement.total == 10_000_00
    assert sum(part.settlement.fund_pay for part in parts) == once.settlement.fund_pay
    first, second = (part.settlement_id for part in parts)
    assert refused(database, lambda c: taken_back(c, of, first)) == "later_settled"
    with database.transaction() as connection:
        taken_back(connection, of, second)
        taken_back(connection, of, first)
        assert visit.held(connection, of).state == "discharged"
        assert (
            settled(connection, of, "C4", "employee").settled.settlement.fund_pay
            == once.settlement.fund_pay
        )


def test_a_referral_makes_two_stays_one_episode(database: Database) -> None:
    build(database, "P1")
    moved = DAY + timedelta(3)
    with database.transaction() as connection:
        filed = refer(
            connection, Referral("P1", "H2", "H3", moved, moved, "better equipped"), actor="test"
        )
        first = admit(connection, institution_id="H2")
        charged(connection, first, charge("1", yuan="3000"))
        discharged(connection, first, 3)
        settled(connection, first)
        second = admit(connection, begun_at=at(moved, 10), number="N2")
        charged(connection, second, charge("1", yuan="5000", charged_at=at(moved, 11)))
        discharged(connection, second)
        settled(connection, second, "C2")
        rows = connection.execute("SELECT episode FROM desk.settlement").fetchall()
    assert rows == [(filed.episode,)] * 2


def test_nobody_is_in_two_hospitals_at_once(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = admit(connection)
    assert refused(database, lambda c: admit(c, institution_id="H2")) == "in_hospital"
    with database.transaction() as connection:
        begin(connection)  # a visit to a clinic meanwhile is another thing
        discharged(connection, of)
        admit(connection, institution_id="H2", begun_at=at(DAY + timedelta(8)))
    undo = refused(database, lambda c: visit.undo_discharge(c, of, actor="test"))
    assert undo == "in_hospital"


def test_times_fit(database: Database) -> None:
    build(database, "P1")
    tomorrow = at(today() + timedelta(1))
    assert refused(database, lambda c: admit(c, begun_at=tomorrow)) == "days"
    with database.transaction() as connection:
        of = admit(connection)
        charged(connection, of, charge("1"))
    late = {"facts": {}, "says": {}, "actor": "test"}
    early = at(DAY - timedelta(1))
    for ended in (early, tomorrow):
        step = refused(database, lambda c, e=ended: visit.discharge(c, of, ended_at=e, **late))  # type: ignore[misc]
        assert step == "days"
    outside = charge("2", charged_at=early)
    assert refused(database, lambda c: charged(c, of, outside)) == ""  # BadLines
    with pytest.raises(YibaoError, match="charged"):
        describe(database, of, "inpatient", begun_at=at(DAY + timedelta(1)))
    describe(database, of, "inpatient", begun_at=early)
    assert held(database, of).begun_at == early


def test_a_stay_does_not_end_before_what_was_charged(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = admit(connection)
        charged(connection, of, charge("1", charged_at=at(DAY + timedelta(3))))
    assert refused(database, lambda c: discharged(c, of, 2)) == "days"
    with database.transaction() as connection:
        discharged(connection, of, 3)


@pytest.mark.parametrize(
    ("kind", "visit_"), [("stay", "outpatient"), ("outpatient", "inpatient"), ("stay", "pharmacy")]
)
def test_what_one_comes_for_fits_how_one_comes(database: Database, kind: str, visit_: str) -> None:
    build(database, "P1")
    assert refused(database, lambda c: begin(c, kind=kind, visit=visit_)) == "visit_kind"


def test_care_without_an_agreement_is_refused_before_it_is_given(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        connection.execute(
            "UPDATE registry.agreement SET visits = '{outpatient}' WHERE institution_id = 'H3'"
        )
    assert refused(database, admit) == "visit_not_covered"
    with database.transaction() as connection:
        of = begin(connection, institution_id="H3", visit="")
    with pytest.raises(YibaoError, match="type of visit"):
        describe(database, of, "emergency")
    describe(database, of, "outpatient")


# --- a purchase -----------------------------------------------------------------------------------


def purchase(claim_no: str = "C1", **changes: Any) -> Purchase:
    begun = Begun("pharmacy", "P1", "P1", "resident", "", at(), "pharmacy")
    lines = (charge("1", yuan="20", count="2", approval="", batch=""),)
    return Purchase(begun, lines, Wanted(claim_no, "resident"), **changes)


def test_a_purchase_is_settled_at_once_and_withdrawn_at_once(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        tried = settling.prebuy(connection, office(), purchase())
    assert town.count(database, "visits.visit") == 0
    with database.transaction() as connection:
        bought = settling.buy(connection, office(), purchase(), actor="test")
    assert bought.settled.settlement.memory == tried.settled.settlement.memory
    assert [row["total"] for row in bought.rows] == [40_00]
    of = Of(bought.visit.visit_id, "P1", "P1")
    assert refused(database, lambda c: visit.withdraw(c, of, actor="test")) == "visit_state"
    with database.transaction() as connection:
        taken_back(connection, of, bought.settled.settlement_id)
    assert held(database, of).state == "withdrawn"
    again = refused(database, lambda c: taken_back(c, of, bought.settled.settlement_id))
    assert again == "reversed"


# --- the table of steps ---------------------------------------------------------------------------


def test_every_step_that_the_table_lacks_is_refused() -> None:
    for kind, steps in MOVES.items():
        for step in STEPS:
            for state in STATES:
                if state in steps.get(step, {}):
                    assert after(kind, state, step) in STATES
                else:
                    with pytest.raises(YibaoError, match="may not"):
                        after(kind, state, step)


def test_two_steps_at_once_come_one_after_the_other(database: Database) -> None:
    build(database, "P1")
    with database.transaction() as connection:
        of = begin(connection)
        charged(connection, of, charge("1"))
    told = town.at_once(
        database,
        [
            lambda c: settled(c, of, "C1").settled.settlement_id,
            lambda c: settled(c, of, "C2").settled.settlement_id,
            lambda c: charges.withdraw_charges(c, of, batch="B1", actor="test"),
        ],
    )
    assert sum(isinstance(one, int) for one in told) == 1, told

"""Referrals, care elsewhere, chosen institutions: what is filed before care, day by day."""

from datetime import date
from pathlib import Path

import psycopg
import pytest
from agency_town import at_once, build, count, insure, office, refused, visit

from yibao.agency.desk.correct import Corrected
from yibao.agency.desk.model import Ask, Invoice, Key, Replayed, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.registers import REGISTERS
from yibao.agency.desk.reverse import reverse as desk_reverse
from yibao.agency.filing.cancelling import cancel
from yibao.agency.filing.choices import choose_level_3, contract
from yibao.agency.filing.elsewhere import Guest, record_guest, take_guest_back
from yibao.agency.filing.intake import NO_PAPERS, Papers, correct, presettle, reverse, settle
from yibao.agency.filing.places import locality
from yibao.agency.filing.referrals import Referral, refer
from yibao.agency.filing.remote import CATEGORIES, Remote, file
from yibao.ledger.balance import balance, trial_balance
from yibao.ledger.chart import Account
from yibao.policy.model import Value
from yibao.policy.policy import load_policy
from yibao.settlement.model import Settlement
from yibao.store.database import Connection, Database

RATES = Path(__file__).parents[2] / "examples/overlays/jining-outpatient-rate@2021-01-01"
EMPLOYEE: dict[str, Value] = {
    "scheme": "employee",
    "category": "in_service",
    "contribution_tier": "none",
    "large_expense_paid": True,
}


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1", "P2")
    return database


def settled(
    database: Database, ask: Ask, papers: Papers = NO_PAPERS, at: Office | None = None
) -> Settlement:
    with database.transaction() as connection:
        found = settle(connection, at or office(), ask, papers, actor="test")
    assert isinstance(found, Settled)
    return found.settlement


def stay(claim_no: str, first: date, last: date, in_scope: int, **changes: object) -> Ask:
    dates = {"admitted": first, "discharged": last, "visit": "inpatient"}
    return visit(claim_no, first, in_scope, **{**dates, **changes})


# --- referrals ------------------------------------------------------------------------------------

UP = Referral("P1", "H1", "H3", date(2018, 3, 5), date(2018, 3, 12), "needs surgery")


def referred(database: Database, referral: Referral = UP) -> int:
    with database.transaction() as connection:
        return refer(connection, referral, actor="test").referral_id


@pytest.mark.clause("T16-03c")
def test_two_stays_that_name_a_referral_bear_one_deductible(database: Database) -> None:
    build(database)
    insure(database, "P1", since=date(2018, 1, 1), **EMPLOYEE)
    papers = Papers(referral=referred(database))
    first = stay("A1", date(2018, 3, 1), date(2018, 3, 9), 5_000_00)
    then = stay("A2", date(2018, 3, 10), date(2018, 3, 20), 10_000_00, institution_id="H3")
    found = [settled(database, ask, papers) for ask in (first, then)]
    assert [s.figure("deductible") for s in found] == [800_00, 900_00]
    assert [s.funds["pool_pay"] for s in found] == [3_570_00, 7_735_00]


@pytest.mark.clause("T16-03c")
def test_without_a_referral_each_stay_bears_its_own(database: Database) -> None:
    build(database)
    insure(database, "P1", since=date(2018, 1, 1), **EMPLOYEE)
    first = stay("A1", date(2018, 3, 1), date(2018, 3, 9), 5_000_00)
    then = stay("A2", date(2018, 3, 10), date(2018, 3, 20), 10_000_00, institution_id="H3")
    found = [settled(database, ask) for ask in (first, then)]
    assert [s.figure("deductible") for s in found] == [800_00, 500_00]


def test_a_patient_who_is_sent_on_and_back_stays_in_one_episode(town: Database) -> None:
    first = referred(town)
    back = Referral("P1", "H3", "H1", date(2018, 3, 20), date(2018, 3, 31), "to recover", first)
    with town.transaction() as connection:
        filed = refer(connection, back, actor="test")
    assert filed.episode == f"R{first}"
    wrong = Referral("P1", "H2", "H1", date(2018, 3, 20), date(2018, 3, 31), "", first)
    assert refused(town, lambda c: refer(c, wrong, actor="t")) == "follows"
    other = Referral("P2", "H3", "H1", date(2018, 3, 20), date(2018, 3, 31), "", first)
    assert refused(town, lambda c: refer(c, other, actor="t")) == "of_person"


@pytest.mark.parametrize(
    ("day", "rule"),
    [
        (date(2018, 3, 4), "admitted"),
        (date(2018, 3, 5), ""),
        (date(2018, 3, 12), ""),
        (date(2018, 3, 13), "admitted"),
    ],
)
def test_a_referral_is_for_an_admission_on_its_days(town: Database, day: date, rule: str) -> None:
    papers = Papers(referral=referred(town))
    ask = stay("A1", day, day, 5_000_00, institution_id="H3")
    if rule:
        assert refused(town, lambda c: settle(c, office(), ask, papers, actor="t")) == rule
    else:
        settled(town, ask, papers)


def test_a_referral_is_of_one_person_to_one_institution_while_it_stands(town: Database) -> None:
    number = referred(town)
    day = UP.first

    def work(papers: Papers, **changes: object) -> str:
        ask = stay("A1", day, day, 5_000_00, **{"institution_id": "H3", **changes})
        return refused(town, lambda c: settle(c, office(), ask, papers, actor="t"))

    papers = Papers(referral=number)
    assert work(papers, person="P2") == "of_person"
    assert work(papers, institution_id="H2") == "referred_here"
    assert work(papers, facts={"referred": True}) == "asked_fact"
    assert work(papers, episode="E9") == "episode"
    assert work(NO_PAPERS, facts={"referred": True}) == "asked_fact"
    assert work(Papers(referral=number + 1)) == "known_referral"
    with town.transaction() as connection:
        cancel(connection, "referral", number, "not needed", actor="test")
    assert work(papers) == "cancelled"
    assert refused(town, lambda c: cancel(c, "referral", number, "x", actor="t")) == "cancelled"


def test_a_referral_is_between_two_institutions_of_the_register(town: Database) -> None:
    days = (date(2018, 3, 5), date(2018, 3, 4), "")
    assert (
        refused(town, lambda c: refer(c, Referral("P1", "H1", "H3", *days), actor="t")) == "period"
    )
    same = Referral("P1", "H1", "H1", UP.first, UP.last, "")
    assert refused(town, lambda c: refer(c, same, actor="t")) == "two_institutions"
    unknown = Referral("P1", "H1", "H9", UP.first, UP.last, "")
    assert refused(town, lambda c: refer(c, unknown, actor="t")) == "known_institution"


def test_a_key_gives_its_reply_even_after_the_referral_was_cancelled(town: Database) -> None:
    number = referred(town)
    ask = stay("A1", UP.first, UP.last, 5_000_00, institution_id="H3")
    key = Key("H3", "k", "00" * 32)

    def work() -> Settled | Replayed:
        with town.transaction() as connection:
            papers = Papers(referral=number)
            tell = lambda s: (201, str(s.settlement_id))  # noqa: E731
            return settle(connection, office(), ask, papers, actor="t", key=key, tell=tell)

    first = work()
    with town.transaction() as connection:
        cancel(connection, "referral", number, "late", actor="test")
    assert isinstance(first, Settled)
    assert work() == Replayed(201, str(first.settlement_id))


# --- episodes -------------------------------------------------------------------------------------


@pytest.mark.clause("T21-2.3b")
def test_an_emergency_that_becomes_a_stay_is_inpatient_care_of_one_episode(town: Database) -> None:
    at = {"institution_id": "H2", "episode": "E1"}
    facts = {"outcome": "admitted"}
    day = date(2022, 3, 1)
    rescue = visit("A1", day, 3_000_00, visit="emergency_observation", facts=facts, **at)
    then = stay("A2", day, date(2022, 3, 20), 18_000_00, **at)
    found = [settled(town, rescue), settled(town, then)]
    assert [s.figure("deductible") for s in found] == [500_00, 0]
    assert sum(s.funds["pool_pay"] for s in found) == (21_000_00 - 500_00) * 80 // 100


@pytest.mark.clause("T21-2.3b")
def test_an_emergency_that_ends_at_home_or_in_death_is_an_episode_of_its_own(
    town: Database,
) -> None:
    at = {"institution_id": "H2", "visit": "emergency_observation"}
    day = date(2022, 3, 1)
    home = visit("A1", day, 3_000_00, facts={"outcome": "home"}, **at)
    death = visit("A2", day, 3_000_00, "P2", facts={"outcome": "death"}, **at)
    assert [settled(town, a).funds["pool_pay"] for a in (home, death)] == [1_320_00, 2_000_00]


def test_the_parts_of_a_stay_add_up_and_one_is_taken_back_alone(town: Database) -> None:
    """Mid-stay settlement: what is settled before the end is a part of the same episode."""
    at = {"institution_id": "H2", "episode": "S1"}
    parts = [
        stay("A1", date(2022, 3, 1), date(2022, 3, 10), 8_000_00, **at),
        stay("A2", date(2022, 3, 11), date(2022, 3, 20), 4_000_00, **at),
    ]
    whole = stay(
        "B1", date(2022, 3, 1), date(2022, 3, 20), 12_000_00, person="P2", institution_id="H2"
    )
    found = [settled(town, part) for part in parts]
    assert sum(s.fund_pay for s in found) == settled(town, whole).fund_pay
    assert [s.figure("deductible") for s in found] == [500_00, 0]
    with town.transaction() as connection:
        reverse(connection, office(), int(found[1].claim.claim_id), actor="test")
        rows = connection.execute(
            "SELECT (values->>'admissions')::int FROM desk.person_year WHERE person_id = 'P1'"
        ).fetchall()
    assert rows == [(1,)]


# --- care elsewhere -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("home", "place", "found"),
    [
        ("120101", "120101", "same_county"),
        ("120101", "120225", "same_city"),  # a municipality is one city
        ("370811", "370881", "same_city"),
        ("370811", "370102", "elsewhere"),
        ("120101", "130102", "elsewhere"),
    ],
)
def test_the_place_of_treatment_is_seen_from_home(home: str, place: str, found: str) -> None:
    assert locality(home, place) == found


FILED_ON = date(2022, 3, 5)


def filed(database: Database, category: str = "long_term_resident", **changes: object) -> int:
    values = {"division": "13", "first": FILED_ON, "last": date(2022, 3, 31)} | changes
    with database.transaction() as connection:
        remote = Remote("P1", category, **values)  # type: ignore[arg-type]
        return file(connection, remote, FILED_ON, actor="test").remote_id


def elsewhere(claim_no: str, day: date, **changes: object) -> Ask:
    return visit(claim_no, day, 1_600_00, **{"institution_id": "E2", **changes})


@pytest.mark.clause("P25-3.7.2b")
@pytest.mark.parametrize(
    ("day", "covered"),
    [
        (date(2022, 3, 4), False),
        (date(2022, 3, 5), True),  # the day of the filing: it holds at once
        (date(2022, 3, 31), True),
        (date(2022, 4, 1), False),
    ],
)
def test_care_elsewhere_takes_a_filing_of_that_day(
    town: Database, day: date, covered: bool
) -> None:
    filed(town)
    if covered:
        assert settled(town, elsewhere("A1", day)).funds["pool_pay"] == 550_00
    else:
        ask = elsewhere("A1", day)
        assert refused(town, lambda c: settle(c, office(), ask, actor="t")) == "not_filed"


@pytest.mark.clause("P25-3.7.2b")
def test_a_cancelled_filing_counts_for_nothing_and_what_is_settled_stands(town: Database) -> None:
    number = filed(town)
    settled(town, elsewhere("A1", FILED_ON))
    with town.transaction() as connection:
        cancel(connection, "remote", number, "moved back", actor="test")
    ask = elsewhere("A2", FILED_ON)
    assert refused(town, lambda c: settle(c, office(), ask, actor="t")) == "not_filed"
    assert count(town, "desk.settlement") == 1


def test_a_filing_is_for_a_place_and_not_for_days_before(town: Database) -> None:
    filed(town, division="1301")
    filed(town, division="31")
    settled(town, elsewhere("A1", FILED_ON))
    before = Remote("P1", "other", "13", date(2022, 3, 4))
    assert refused(town, lambda c: file(c, before, FILED_ON, actor="t")) == "filed_before"
    nowhere = Remote("P1", "other", "130", FILED_ON)
    assert refused(town, lambda c: file(c, nowhere, FILED_ON, actor="t")) == "division"
    unknown = Remote("P1", "holiday", "13", FILED_ON)
    assert refused(town, lambda c: file(c, unknown, FILED_ON, actor="t")) == "category"


def test_a_filing_for_another_place_does_not_do(town: Database) -> None:
    filed(town, division="1302")
    ask = elsewhere("A1", FILED_ON)
    assert refused(town, lambda c: settle(c, office(), ask, actor="t")) == "not_filed"


@pytest.mark.clause("J21-6d")
def test_a_filing_for_an_emergency_covers_emergencies(town: Database) -> None:
    assert len(CATEGORIES) == 7
    filed(town, "travel_emergency")
    ask = elsewhere("A1", FILED_ON)
    assert refused(town, lambda c: settle(c, office(), ask, actor="t")) == "not_filed"
    settled(town, elsewhere("A2", FILED_ON, visit="emergency"))


def test_who_has_not_filed_pays_and_is_reimbursed(town: Database) -> None:
    invoices = (Invoice("1", "1", 1_600_00),)
    ask = elsewhere("A1", FILED_ON, invoices=invoices)
    assert settled(town, ask).funds["pool_pay"] == 550_00
    assert count(town, "filing.settled_elsewhere") == 0


def owed(database: Database, head: str, party: str, fund: str = "resident.pool_pay") -> int:
    with database.transaction() as connection:
        assert sum(line.balance for line in trial_balance(connection)) == 0
        return -balance(connection, Account(head, fund, party))


def test_what_another_region_pays_is_owed_to_it_until_taken_back(town: Database) -> None:
    filed(town)
    with town.transaction() as connection:
        told = presettle(connection, office(), elsewhere("A1", FILED_ON))
    found = settled(town, elsewhere("A1", FILED_ON))
    assert told.settlement.funds == found.funds
    assert owed(town, "region_payable", "130100") == 550_00
    assert owed(town, "institution_payable", "E2") == 0
    number = int(found.claim.claim_id)
    with (
        pytest.raises(psycopg.errors.IntegrityError, match="still owed"),
        town.transaction() as connection,
    ):
        desk_reverse(connection, office(), number, actor="test")
    with town.transaction() as connection:
        reverse(connection, office(), number, actor="test")
    assert owed(town, "region_payable", "130100") == 0
    assert owed(town, "institution_payable", "E2") == 0


def test_a_correction_of_care_elsewhere_corrects_what_is_owed(town: Database) -> None:
    filed(town)
    found = settled(town, elsewhere("A1", FILED_ON))
    less = visit("A1-1", FILED_ON, 1_000_00, institution_id="E2")
    with town.transaction() as connection:
        made = correct(
            connection,
            office(),
            int(found.claim.claim_id),
            less,
            actor="test",
            key=Key("E2", "k", "00" * 32),
            tell=lambda done: (200, str(done.settled.settlement_id)),
        )
    assert isinstance(made, Corrected)
    assert owed(town, "region_payable", "130100") == (1_000_00 - 600_00) * 55 // 100


def test_a_guest_of_another_region_is_paid_for_and_claimed_once(town: Database) -> None:
    guest = Guest("130000", "S-1", "H2", "G1", FILED_ON, {"resident.pool_pay": 20_00})

    def work(connection: Connection) -> bool:
        return record_guest(connection, guest, actor="test")

    assert sorted(at_once(town, [work] * 4)) == [False, False, False, True]
    assert owed(town, "region_receivable", "130000") == -20_00
    assert owed(town, "institution_payable", "H2") == 20_00
    other = Guest("130000", "S-1", "H2", "G2", FILED_ON, {"resident.pool_pay": 30_00})
    assert refused(town, lambda c: record_guest(c, other, actor="t")) == "reference_used"
    nothing = Guest("130000", "S-2", "H2", "G2", FILED_ON, {"resident.pool_pay": 0})
    assert refused(town, lambda c: record_guest(c, nothing, actor="t")) == "funds"

    def back(connection: Connection) -> str:
        take_guest_back(connection, "130000", "S-1", FILED_ON, actor="test")
        return "back"

    assert sorted(at_once(town, [back] * 2)) == ["back", "reversed"]
    assert owed(town, "region_receivable", "130000") == 0


# --- chosen institutions --------------------------------------------------------------------------


@pytest.mark.clause("T21-2.1c")
def test_of_level_3_the_chosen_hospital_is_payable_from_the_day_after_the_choice(
    town: Database,
) -> None:
    def choose(at: str, first: date) -> None:
        with town.transaction() as connection:
            on = date.fromordinal(first.toordinal() - 1)
            choose_level_3(connection, "P1", at, first=first, on_day=on, actor="test")

    choose("H3", date(2022, 1, 2))
    other = settled(town, visit("A1", date(2022, 3, 1), 500_00, institution_id="H3-other"))
    assert (other.fund_pay, other.figure("outpatient_expense")) == (0, 0)
    choose("H3-other", date(2022, 3, 3))
    days = [date(2022, 3, 2), date(2022, 3, 3)]
    found = [
        settled(town, visit(f"B{day}", day, 1_000_00, institution_id="H3-other")).fund_pay
        for day in days
    ]
    assert found == [0, 200_00]
    gone = settled(town, visit("C1", date(2022, 3, 4), 1_000_00, institution_id="H3"))
    assert gone.fund_pay == 0


@pytest.mark.clause("T21-2.1c")
def test_a_choice_is_of_a_level_3_hospital_and_not_for_today(town: Database) -> None:
    def choose(at: str, first: date = date(2022, 1, 2)) -> str:
        on = date(2022, 1, 1)
        return refused(
            town, lambda c: choose_level_3(c, "P1", at, first=first, on_day=on, actor="t")
        )

    assert choose("H2") == "level_3"
    assert choose("H9") == "known_institution"
    assert choose("H3", date(2022, 1, 1)) == "next_day"


@pytest.fixture
def jining(town: Database) -> Office:
    """Give an office of Jining, in whose counties the town lies now."""
    for table in ("registry.institution", "enrolment.person"):
        with town.transaction() as connection:
            connection.execute(
                f"UPDATE {table} SET division = replace(division, '1201', '3708')".encode()
            )
    return Office(load_policy("jining", accept="D", overlays=[RATES]), REGISTERS)


ON, SIGNED = date(2021, 9, 1), date(2021, 9, 2)


def contracted(connection: Connection, at: str, first: date = SIGNED, residence: str = "") -> bool:
    return contract(connection, "P1", at, first=first, on_day=ON, residence=residence, actor="test")


@pytest.mark.clause("J21-1.2b")
def test_outpatient_care_is_payable_at_the_contracted_institution(
    town: Database, jining: Office
) -> None:
    with town.transaction() as connection:
        assert contracted(connection, "H1")
        assert not contracted(connection, "H1")
    days = [ON, SIGNED]
    found = [settled(town, visit(f"A{d}", d, 100_00), at=jining).fund_pay for d in days]
    assert found == [0, 60_00]
    other = visit("B1", SIGNED, 100_00, institution_id="H1-next")
    assert settled(town, other, at=jining).fund_pay == 0
    with town.transaction() as connection:
        contracted(connection, "H1-next", date(2021, 9, 4), "works there")
    after = [
        settled(town, visit(f"C{at}", date(2021, 9, 4), 100_00, institution_id=at), at=jining)
        for at in ("H1", "H1-next")
    ]
    assert [s.fund_pay for s in after] == [0, 60_00]


@pytest.mark.clause("J21-1.2c")
def test_a_contract_in_another_county_takes_a_reason_of_residence(
    town: Database, jining: Office
) -> None:
    assert refused(town, lambda c: contracted(c, "H1-next")) == "residence"
    with town.transaction() as connection:
        assert contracted(connection, "H1-next", residence="lives with the children")
    ask = visit("A1", SIGNED, 100_00, institution_id="H1-next")
    assert settled(town, ask, at=jining).fund_pay == 60_00


@pytest.mark.clause("J21-6c")
@pytest.mark.parametrize(
    ("on", "accepted"), [(date(2021, 9, 30), True), (date(2021, 10, 2), False)]
)
def test_care_outside_the_city_is_filed_before(
    town: Database, jining: Office, on: date, accepted: bool
) -> None:
    with town.transaction() as connection:
        file(connection, Remote("P1", "long_term_resident", "13", on), on, actor="test")
    ask = elsewhere("A1", date(2021, 10, 1))
    if accepted:
        assert settled(town, ask, at=jining).fund_pay > 0
    else:
        assert refused(town, lambda c: settle(c, jining, ask, actor="t")) == "not_filed"


@pytest.mark.clause("J21-1.2b")
def test_a_contract_is_with_a_primary_institution_of_the_city(
    town: Database, jining: Office
) -> None:
    assert refused(town, lambda c: contracted(c, "H2")) == "primary"
    with town.transaction() as connection:
        connection.execute("UPDATE enrolment.person SET division = '370102'")
    assert refused(town, lambda c: contracted(c, "H1", residence="x")) == "in_city"

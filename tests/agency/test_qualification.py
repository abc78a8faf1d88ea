"""Special and chronic diseases: who may assess, when a registration counts, where it counts."""

from datetime import date

import pytest
from agency_town import (
    DISEASE,
    DOCTOR,
    OTHER_DOCTOR,
    at_once,
    build,
    count,
    insure,
    office,
    refused,
    visit,
)

from yibao.agency.desk.model import Settled
from yibao.agency.filing.intake import Papers, settle
from yibao.agency.filing.referrals import Referral, refer
from yibao.agency.qualification import diseases
from yibao.agency.qualification.diseases import Finding
from yibao.agency.qualification.sites import Site, choose, qualifies, sites_of
from yibao.settlement.model import Settlement
from yibao.store.database import Connection, Database

APPLIED = date(2016, 12, 1)
FIRST, LAST = date(2017, 1, 1), date(2018, 12, 31)
GRANTED = Finding("H3", date(2016, 12, 20), True, FIRST, LAST)


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1", "P2")
    return database


def granted(database: Database, person: str = "P1", disease: str = DISEASE) -> int:
    with database.transaction() as connection:
        number = diseases.apply(connection, person, disease, APPLIED, actor="test")
        diseases.assess(connection, number, GRANTED, actor="test")
    return number


def settled(
    database: Database,
    claim_no: str,
    day: date,
    person: str = "P1",
    papers: Papers = Papers(),  # noqa: B008
    **changes: object,
) -> Settlement:
    special = {"visit": "special_outpatient", "facts": {"disease": DISEASE}}
    ask = visit(claim_no, day, 3_000_00, person, **{**special, **changes})
    with database.transaction() as connection:
        found = settle(connection, office(), ask, papers, actor="test")
    assert isinstance(found, Settled)
    return found.settlement


def visits(database: Database) -> list[str]:
    """Return the visits as settled, in order."""
    with database.transaction() as connection:
        rows = connection.execute("SELECT visit FROM desk.settlement ORDER BY settlement_id")
        return [visit for (visit,) in rows]


@pytest.mark.clause("T16-27a")
def test_a_claim_on_the_day_after_a_registration_is_one_of_ordinary_care(town: Database) -> None:
    granted(town)
    within = settled(town, "A1", LAST)
    after = settled(town, "A2", date(2019, 1, 1))
    assert visits(town) == ["special_outpatient", "outpatient"]
    ordinary = settled(town, "B1", date(2019, 1, 1), "P2", visit="outpatient", facts={})
    assert after.funds == ordinary.funds
    assert within.fund_pay > after.fund_pay


@pytest.mark.parametrize(
    ("day", "special"),
    [
        (date(2016, 12, 31), False),
        (FIRST, True),
        (LAST, True),
        (date(2019, 1, 1), False),
    ],
)
def test_a_registration_counts_from_its_first_to_its_last_day(
    town: Database, day: date, special: bool
) -> None:
    granted(town)
    settled(town, "A1", day)
    assert visits(town) == ["special_outpatient" if special else "outpatient"]


@pytest.mark.clause("T16-27a")
def test_only_a_centre_assesses(town: Database) -> None:
    def work(connection: Connection, at: str, day: date = GRANTED.on_day) -> None:
        number = diseases.apply(connection, "P1", DISEASE, APPLIED, actor="test")
        diseases.assess(connection, number, Finding(at, day, True, FIRST), actor="test")

    assert refused(town, lambda c: work(c, "H2")) == "centre"  # the treating hospital
    assert refused(town, lambda c: work(c, "H3-other")) == "centre"  # it only re-examines
    assert refused(town, lambda c: work(c, "H3", date(2009, 12, 31))) == "centre"
    assert refused(town, lambda c: work(c, "H3", date(2016, 11, 30))) == "assessed_after"
    assert count(town, "qualification.decision") == 0


@pytest.mark.clause("J21-2.1b", "C-HS-4a")
@pytest.mark.parametrize(
    ("listed", "rule"),
    [
        ("schemes = '{employee}'", "scheme_not_covered"),
        ("age_from = 0, age_below = 18", "age"),
        ("standard_set = false", "standard_pending"),
    ],
)
def test_who_may_not_have_a_disease_registered_does_not_apply_for_it(
    town: Database, listed: str, rule: str
) -> None:
    def apply(connection: Connection) -> int:
        return diseases.apply(connection, "P1", DISEASE, APPLIED, actor="test")

    with town.transaction() as connection:
        where = "WHERE code = %s"
        connection.execute(f"UPDATE registry.disease SET {listed} {where}".encode(), (DISEASE,))
    assert refused(town, apply) == rule
    assert count(town, "qualification.application") == 0


def test_an_application_is_decided_once(town: Database) -> None:
    number = granted(town)
    with town.transaction() as connection:
        assert not diseases.assess(connection, number, GRANTED, actor="test")
    other = Finding("H3", GRANTED.on_day, False, reason="no")
    assert refused(town, lambda c: diseases.assess(c, number, other, actor="t")) == "decided"
    day = GRANTED.on_day
    assert refused(town, lambda c: diseases.withdraw(c, number, day, "", actor="t")) == "decided"


def test_of_two_applications_at_once_one_is_open(town: Database) -> None:
    def work(connection: Connection) -> int:
        return diseases.apply(connection, "P1", DISEASE, APPLIED, actor="test")

    found = at_once(town, [work] * 4)
    assert found.count("one_application") == 3
    assert count(town, "qualification.application") == 1


def test_of_two_findings_at_once_one_decides(town: Database) -> None:
    with town.transaction() as connection:
        number = diseases.apply(connection, "P1", DISEASE, APPLIED, actor="test")
    others = [Finding("H3", GRANTED.on_day, False, reason=str(n)) for n in range(3)]

    def work(finding: Finding) -> object:
        return lambda c: diseases.assess(c, number, finding, actor="test")

    found = at_once(town, [work(f) for f in (GRANTED, *others)])  # type: ignore[misc]
    assert sorted(map(str, found)) == ["True", "decided", "decided", "decided"]
    assert count(town, "qualification.decision") == 1


def test_a_refused_application_registers_nothing_and_may_be_made_again(town: Database) -> None:
    with town.transaction() as connection:
        number = diseases.apply(connection, "P1", DISEASE, APPLIED, actor="test")
        diseases.assess(connection, number, Finding("H3", APPLIED, False), actor="test")
        assert diseases.registrations(connection, "P1") == []
    granted(town)
    outcomes = ["refused", "granted"]
    with town.transaction() as connection:
        assert [a.outcome for a in diseases.applications(connection, "P1")] == outcomes


@pytest.mark.clause("T16-27a")
def test_a_renewal_goes_on_from_where_it_ended(town: Database) -> None:
    granted(town)
    renewed = Finding("H3", date(2018, 12, 1), True, date(2019, 1, 1), date(2020, 12, 31))
    with town.transaction() as connection:
        number = diseases.apply(connection, "P1", DISEASE, date(2018, 11, 1), actor="test")
        diseases.assess(connection, number, renewed, actor="test")
    settled(town, "A1", date(2019, 1, 1))
    settled(town, "A2", date(2021, 1, 1))
    assert visits(town) == ["special_outpatient", "outpatient"]


@pytest.mark.clause("T16-27a")
def test_who_is_not_confirmed_on_re_examination_is_registered_no_longer(town: Database) -> None:
    granted(town)
    day = date(2018, 3, 1)

    def examine(connection: Connection, at: str, confirmed: bool, on: date = day) -> None:
        finding = Finding(at, on, confirmed)
        diseases.re_examine(connection, "P1", DISEASE, finding, actor="test")

    assert refused(town, lambda c: examine(c, "H3", False)) == "centre"
    assert refused(town, lambda c: examine(c, "H3-other", True, date(2019, 1, 1))) == "registered"
    with town.transaction() as connection:
        examine(connection, "H3-other", True)
        assert diseases.is_registered(connection, "P1", DISEASE, day)
        examine(connection, "H3-other", False)
        assert not diseases.is_registered(connection, "P1", DISEASE, day)
    settled(town, "A1", date(2018, 2, 28))
    settled(town, "A2", day)
    assert visits(town) == ["special_outpatient", "outpatient"]


def test_what_is_revoked_before_it_begins_never_counts(town: Database) -> None:
    granted(town)

    def revoke(connection: Connection, reason: str = "forged") -> None:
        diseases.revoke(connection, "P1", DISEASE, date(2016, 12, 25), reason, actor="test")

    assert refused(town, lambda c: revoke(c, "")) == "reason"
    with town.transaction() as connection:
        revoke(connection)
        assert diseases.registrations(connection, "P1") == []
    assert refused(town, revoke) == "registered"
    settled(town, "A1", FIRST)
    assert visits(town) == ["outpatient"]


@pytest.mark.clause("T16-27b")
def test_elsewhere_than_chosen_special_care_takes_a_referral(town: Database) -> None:
    granted(town)
    with town.transaction() as connection:
        choose(connection, "P1", DISEASE, [Site("H1")], FIRST, actor="test")
        referral = Referral("P1", "H1", "H2", date(2018, 3, 1), date(2018, 3, 31), "needed")
        number = refer(connection, referral, actor="test").referral_id
    settled(town, "A1", date(2018, 3, 1))
    settled(town, "A2", date(2018, 3, 2), institution_id="H2")
    settled(town, "A3", date(2018, 3, 3), institution_id="H2", papers=Papers(referral=number))
    assert visits(town) == ["special_outpatient", "outpatient", "special_outpatient"]


@pytest.mark.clause("T16-27b")
def test_who_sends_a_patient_on_is_no_chosen_site_by_that(town: Database) -> None:
    granted(town)
    with town.transaction() as connection:
        choose(connection, "P1", DISEASE, [Site("H1")], FIRST, actor="test")
        referral = Referral("P1", "H2", "H3", date(2018, 3, 1), date(2018, 3, 31), "needed")
        papers = Papers(referral=refer(connection, referral, actor="test").referral_id)
    day = date(2018, 3, 2)
    settled(town, "A1", day, institution_id="H2", papers=papers)
    settled(town, "A2", day, institution_id="H3", papers=papers)
    assert visits(town) == ["outpatient", "special_outpatient"]


def test_other_sites_may_be_chosen_from_a_day_on(town: Database) -> None:
    granted(town)
    day = date(2018, 1, 1)
    with town.transaction() as connection:
        choose(connection, "P1", DISEASE, [Site("H1"), Site("H2")], FIRST, actor="test")
        choose(connection, "P1", DISEASE, [Site("H2"), Site("H3")], day, actor="test")
        before = sites_of(connection, "P1", DISEASE, date(2017, 12, 31))
        after = sites_of(connection, "P1", DISEASE, day)
    assert {s.institution_id for s in before} == {"H1", "H2"}
    assert {s.institution_id for s in after} == {"H2", "H3"}


def test_a_site_is_an_institution_of_the_register_for_a_registered_disease(town: Database) -> None:
    granted(town)

    def work(connection: Connection, *sites: Site, day: date = FIRST) -> None:
        choose(connection, "P1", DISEASE, sites, day, actor="test")

    assert refused(town, lambda c: work(c, Site("H9"))) == "known_institution"
    assert refused(town, lambda c: work(c, Site("H2", "D9"))) == "not_at_site"
    assert refused(town, lambda c: work(c, Site("H2"), Site("H2"))) == "sites"
    assert refused(town, work) == "sites"
    assert refused(town, lambda c: work(c, Site("H2"), day=date(2019, 1, 1))) == "registered"


def test_cover_by_name_is_for_that_patient_at_that_hospital_by_that_doctor(town: Database) -> None:
    granted(town, disease="rare")
    insure(town, "P3")
    with town.transaction() as connection:
        choose(connection, "P1", "rare", [Site("H2", DOCTOR)], FIRST, actor="test")
        named = [
            qualifies(connection, person, "rare", FIRST, at, referred=referred)
            for person, at, referred in [
                ("P1", Site("H2", DOCTOR), False),
                ("P3", Site("H2", DOCTOR), False),
                ("P1", Site("H3", DOCTOR), False),
                ("P1", Site("H2", OTHER_DOCTOR), False),
                ("P1", Site("H2"), False),
                ("P1", Site("H3", DOCTOR), True),
            ]
        ]
    assert named == [True, False, False, False, False, False]
    rare: dict[str, object] = {"facts": {"disease": "rare"}, "institution_id": "H2"}
    settled(town, "A1", FIRST, papers=Papers(practitioner_id=DOCTOR), **rare)
    settled(town, "A2", FIRST, papers=Papers(practitioner_id=OTHER_DOCTOR), **rare)
    assert visits(town) == ["special_outpatient", "outpatient"]


def test_every_step_stands_in_the_audit(town: Database) -> None:
    number = granted(town)
    with town.transaction() as connection:
        choose(connection, "P1", DISEASE, [Site("H1")], FIRST, actor="clerk")
        diseases.revoke(connection, "P1", DISEASE, LAST, "moved", actor="clerk")
        rows = connection.execute(
            "SELECT action, subject FROM ops.audit WHERE action LIKE 'qualify%' ORDER BY audit_id"
        ).fetchall()
    assert rows == [
        ("qualify-apply", f"application:{number}"),
        ("qualify-assess", f"application:{number}"),
        ("qualify-sites", "person:P1"),
        ("qualify-revoke", "person:P1"),
    ]

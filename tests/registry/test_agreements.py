"""Agreements and designation: what is in force on a day, and what may not be done."""

from datetime import date

import pytest
from registry_data import HOSPITAL, OTHER, THIRD, Bring

from yibao.errors import Refused
from yibao.registry import agreements, designation, find
from yibao.registry.agreements import Terms
from yibao.store.database import Connection, Database

pytestmark = pytest.mark.usefixtures("institutions")

VISITS = ("outpatient", "inpatient")


def terms(number: str, institution: str = HOSPITAL, year: int = 2017) -> Terms:
    return Terms(number, institution, date(year, 1, 1), date(year, 12, 31), VISITS, ["employee"])


def designate(c: Connection, agreed: Terms, day: date = date(2016, 10, 1)) -> None:
    name = f"X-{agreed.agreement_id}"
    designation.apply(c, name, agreed.institution_id, day, actor="test")
    designation.step(c, name, "assess", day, actor="test")
    designation.step(c, name, "negotiate", day, actor="test")
    designation.sign(c, name, agreed, day, actor="test")


def refusal(
    c: Connection, day: date, visit: str = "inpatient", scheme: str = "employee"
) -> str | None:
    return find.agreement_refusal(c, HOSPITAL, day, visit, scheme)


@pytest.mark.clause("T16-22a")
def test_a_claim_is_covered_from_the_first_to_the_last_day(database: Database) -> None:
    with database.transaction() as c:
        designate(c, terms("A1"))
        assert refusal(c, date(2016, 12, 31)) == "no_agreement"
        assert refusal(c, date(2017, 1, 1)) is None
        assert refusal(c, date(2017, 12, 31)) is None
        assert refusal(c, date(2018, 1, 1)) == "no_agreement"
        assert refusal(c, date(2017, 5, 1), "pharmacy") == "visit_not_covered"
        assert refusal(c, date(2017, 5, 1), scheme="resident") == "scheme_not_covered"
        assert find.agreement_refusal(c, OTHER, date(2017, 5, 1), "inpatient", "employee") == (
            "no_agreement"
        )


@pytest.mark.clause("T16-22a")
def test_acts_hold_from_their_day_and_leave_a_trace(database: Database) -> None:
    with database.transaction() as c:
        designate(c, terms("A1"))
        agreements.act(c, "A1", "amend", date(2017, 3, 1), actor="x", visits=["inpatient"])
        agreements.act(c, "A1", "suspend", date(2017, 5, 1), actor="x", reason="超量开药")
        agreements.act(c, "A1", "resume", date(2017, 6, 1), actor="x")
        agreements.breach(c, "A1", date(2017, 6, 2), "分解住院", actor="x")
        assert agreements.assess(c, "A1", date(2017, 12, 1), 2017, 85, actor="x")
        agreements.act(c, "A1", "terminate", date(2017, 12, 15), actor="x")
        assert refusal(c, date(2017, 2, 28), "outpatient") is None
        assert refusal(c, date(2017, 3, 1), "outpatient") == "visit_not_covered"
        assert refusal(c, date(2017, 4, 30)) is None
        assert refusal(c, date(2017, 5, 1)) == "suspended"
        assert refusal(c, date(2017, 5, 31)) == "suspended"
        assert refusal(c, date(2017, 6, 1)) is None
        assert refusal(c, date(2017, 12, 14)) is None
        assert refusal(c, date(2017, 12, 15)) == "no_agreement"
        told = [(e.kind, e.on_day) for e in agreements.events(c, "A1")]
        held = agreements.versions(c, "A1")
        audited = c.execute("SELECT count(*) FROM ops.audit WHERE subject = 'A1'").fetchone()
    assert told == [
        ("sign", date(2017, 1, 1)),
        ("amend", date(2017, 3, 1)),
        ("suspend", date(2017, 5, 1)),
        ("resume", date(2017, 6, 1)),
        ("breach", date(2017, 6, 2)),
        ("assess", date(2017, 12, 1)),
        ("terminate", date(2017, 12, 15)),
    ]
    assert [(v.visits, v.suspended) for v in held] == [
        (("inpatient", "outpatient"), False),
        (("inpatient",), False),
        (("inpatient",), True),
        (("inpatient",), False),
    ]
    assert audited == (7,)


def test_what_may_not_be_done_is_refused_and_changes_nothing(database: Database) -> None:
    with database.transaction() as c:
        designate(c, terms("A1"))
        agreements.act(c, "A1", "suspend", date(2017, 5, 1), actor="x")
        before = agreements.versions(c, "A1"), agreements.events(c, "A1")
        for rule, kind, day in (
            ("cannot_suspend", "suspend", date(2017, 6, 1)),
            ("not_the_latest", "resume", date(2017, 5, 1)),
            ("not_the_latest", "amend", date(2017, 4, 1)),
            ("not_in_force", "resume", date(2018, 1, 1)),
        ):
            with pytest.raises(Refused) as caught:
                agreements.act(c, "A1", kind, day, actor="x")  # type: ignore[arg-type]
            assert caught.value.name == rule
        assert (agreements.versions(c, "A1"), agreements.events(c, "A1")) == before
        agreements.act(c, "A1", "resume", date(2017, 5, 2), actor="x")
        with pytest.raises(Refused, match="not suspended"):
            agreements.act(c, "A1", "resume", date(2017, 6, 1), actor="x")
        for last in (date(2017, 12, 31), date.max):
            ill = Terms("A2", OTHER, date(2018, 1, 1), last, VISITS, ["employee"])
            designation.apply(c, f"X{last}", OTHER, date(2016, 10, 1), actor="x")
            for step in ("assess", "negotiate"):
                designation.step(c, f"X{last}", step, date(2016, 10, 1), actor="x")  # type: ignore[arg-type]
            with pytest.raises(Refused, match="not before its first"):
                designation.sign(c, f"X{last}", ill, date(2016, 10, 1), actor="x")
            assert designation.application(c, f"X{last}", date(2016, 10, 1)).next == "sign"
        for score in (-1, 101):
            with pytest.raises(Refused, match="0 to 100"):
                agreements.assess(c, "A1", date(2017, 12, 1), 2017, score, actor="x")


def test_a_renewal_follows_at_once_and_needs_a_passed_assessment(database: Database) -> None:
    with database.transaction() as c:
        designate(c, terms("A1"))
        agreements.assess(c, "A1", date(2017, 12, 1), 2017, 75, actor="x")
        with pytest.raises(Refused, match="begin after that"):
            agreements.renew(c, "A1", terms("A2", year=2019), actor="x")
        agreements.renew(c, "A1", terms("A2", year=2018), actor="x")
        assert refusal(c, date(2018, 1, 1)) is None
        assert not agreements.assess(c, "A2", date(2018, 12, 1), 2018, 58, actor="x")
        with pytest.raises(Refused, match="has been assessed"):
            agreements.assess(c, "A2", date(2018, 12, 2), 2018, 90, actor="x")
        with pytest.raises(Refused, match="not passed"):
            agreements.renew(c, "A2", terms("A3", year=2019), actor="x")
        assert refusal(c, date(2019, 1, 1)) == "no_agreement"


@pytest.mark.parametrize("nothing", [{"visits": []}, {"schemes": []}], ids=str)
def test_an_amendment_leaves_some_visit_and_scheme(
    database: Database, nothing: dict[str, list[str]]
) -> None:
    with database.transaction() as c:
        designate(c, terms("A1"))
        with pytest.raises(Refused) as caught:
            agreements.act(c, "A1", "amend", date(2017, 3, 1), actor="x", **nothing)
        assert caught.value.name == "no_scope"


def test_an_agreement_is_terminated_once(database: Database) -> None:
    with database.transaction() as c:
        designate(c, terms("A1"))
        agreements.act(c, "A1", "terminate", date(2017, 12, 15), actor="x")
        for kind in ("terminate", "amend", "suspend"):
            with pytest.raises(Refused) as caught:
                agreements.act(c, "A1", kind, date(2017, 11, 1), actor="x")  # type: ignore[arg-type]
            assert caught.value.name == "terminated", kind
        assert refusal(c, date(2017, 12, 14)) is None


@pytest.mark.clause("T21-4.1a", "P25-3.4.6a")
def test_no_step_of_designation_is_skipped(database: Database) -> None:
    agreed = Terms("A1", HOSPITAL, date(2021, 12, 1), date(2022, 11, 30), VISITS, ["employee"])
    day = date(2021, 9, 1)
    with database.transaction() as c:
        designation.apply(c, "X1", HOSPITAL, day, actor="x")
        with pytest.raises(Refused, match="to assess: none may be skipped"):
            designation.step(c, "X1", "negotiate", day, actor="x")
        with pytest.raises(Refused, match="to assess: none may be skipped"):
            designation.sign(c, "X1", agreed, day, actor="x")
        designation.step(c, "X1", "assess", day, actor="x")
        with pytest.raises(Refused, match="to negotiate"):
            designation.sign(c, "X1", agreed, day, actor="x")
        assert agreements.versions(c, "A1") == []
        designation.step(c, "X1", "negotiate", day, actor="x")
        designation.sign(c, "X1", agreed, day, actor="x")
        with pytest.raises(Refused, match="it is over"):
            designation.step(c, "X1", "assess", day, actor="x")
        assert refusal(c, date(2021, 11, 30)) == "no_agreement"
        assert refusal(c, date(2021, 12, 1)) is None


@pytest.mark.clause("P25-3.4.6a")
def test_a_step_is_overdue_on_the_day_after_its_limit(bring: Bring, database: Database) -> None:
    bring("step_limit", "step,days,from", "assess,30,2021-01-01")
    with database.transaction() as c:
        designation.apply(c, "X1", HOSPITAL, date(2021, 9, 1), actor="x")
        on_time = designation.application(c, "X1", date(2021, 10, 1))
        late = designation.application(c, "X1", date(2021, 10, 2))
        assert (on_time.due, on_time.overdue, late.overdue) == (date(2021, 10, 1), False, True)
        done = designation.step(c, "X1", "assess", date(2021, 10, 2), actor="x")
    assert done.events[-1].detail == {"late": True}
    assert (done.next, done.due) == ("negotiate", None)


@pytest.mark.clause("P25-3.4.6b")
def test_who_applies_when_the_places_are_taken_waits(bring: Bring, database: Database) -> None:
    day = date(2021, 9, 1)
    codes = [f"H120102{n:05d}" for n in range(1, 13)]
    header = "institution_id,name,division,level,from"
    bring("institution", header, *(f"{c},医院,120102,1,2020-01-01" for c in codes))
    bring("quota", "division,kind,places,from", "120102,hospital,10,2021-01-01")
    columns = "institution_id,agreement_id,visits,schemes,from"
    bring("agreement", columns, *(f"{c},A-{c},inpatient,employee,2021-01-01" for c in codes[:9]))
    with database.transaction() as c:
        (quota,) = designation.quotas(c, day)
        assert (quota.places, quota.used, quota.available) == (10, 9, 1)
        tenth = designation.apply(c, "X10", codes[9], day, actor="x")
        eleventh = designation.apply(c, "X11", codes[10], day, actor="x")
        twelfth = designation.apply(c, "X12", codes[11], day, actor="x")
        assert [a.waiting for a in (tenth, eleventh, twelfth)] == [0, 1, 2]
        with pytest.raises(Refused, match="number 1 on the waiting list"):
            designation.step(c, "X11", "assess", day, actor="x")
        # The tenth is refused: its place goes to the eleventh.
        designation.refuse(c, "X10", day, "documents", actor="x")
        assert designation.application(c, "X11", day).waiting == 0
        assert designation.application(c, "X12", day).waiting == 1


@pytest.mark.clause("P25-3.4.6b")
def test_a_place_is_taken_when_the_agreement_is_signed_though_it_holds_later(
    bring: Bring, database: Database
) -> None:
    day = date(2021, 9, 1)
    bring("quota", "division,kind,places,from", "120101,hospital,1,2021-01-01")
    with database.transaction() as c:
        later = Terms("A1", HOSPITAL, date(2022, 1, 1), date(2022, 12, 31), VISITS, ["employee"])
        designate(c, later, day)
        (quota,) = designation.quotas(c, day)
        assert (quota.used, quota.available) == (1, 0)
        assert designation.apply(c, "X2", OTHER, day, actor="x").waiting == 1
        assert designation.quotas(c, date(2023, 1, 1))[0].available == 1


@pytest.mark.clause("J21-4a")
def test_an_institution_of_chinese_medicine_is_not_kept_out_for_want_of_places(
    bring: Bring, database: Database
) -> None:
    day = date(2021, 9, 1)
    codes = [f"H370801{n:05d}" for n in range(1, 11)]
    header = "institution_id,name,division,level,tcm_institution,from"
    bring("institution", header, *(f"{c},中医院,370801,2,true,2020-01-01" for c in codes))
    bring("quota", "division,kind,places,from", "370801,hospital,0,2021-01-01")
    with database.transaction() as c:
        assert find.institution(c, HOSPITAL, day)
        assert agreements.without_agreement(c, day, tcm=True) == codes
        for number, code in enumerate(codes):
            designation.apply(c, f"X{number}", code, day, actor="x")
            with pytest.raises(Refused, match="not refused for want of a place"):
                designation.refuse(c, f"X{number}", day, "capacity", actor="x")
            designation.step(c, f"X{number}", "assess", day, actor="x")
            designation.step(c, f"X{number}", "negotiate", day, actor="x")
            agreed = Terms(f"A{number}", code, day, date(2022, 8, 31), VISITS, ["resident"])
            designation.sign(c, f"X{number}", agreed, day, actor="x")
        assert agreements.without_agreement(c, day, tcm=True) == []
        assert len(agreements.without_agreement(c, day)) == 4


def test_an_agreement_that_is_taken_over_belongs_to_one_institution(
    bring: Bring, database: Database
) -> None:
    columns = "institution_id,agreement_id,visits,schemes,from"
    done = bring(
        "agreement",
        columns,
        f"{HOSPITAL},A1,inpatient,employee,2021-01-01",
        f"{OTHER},A1,inpatient,employee,2021-01-01",
        f"{THIRD},A2,flying,employee,2021-01-01",
        rejected=2,
    )
    assert {e.rule for r in done.rejects for e in r.errors} == {"owned", "known_code"}
    again = (columns, f"{HOSPITAL},A1,inpatient,employee,2021-01-01")
    assert dict(bring("agreement", *again).counts) == {"unchanged": 1}
    more = f"{HOSPITAL},A1,outpatient,employee,2021-06-01"
    for line in (more, more.replace("06-01", "01-01")):
        done = bring("agreement", columns, line, rejected=1, correct=True)
        assert [e.rule for r in done.rejects for e in r.errors] == ["by_acts"]
    with database.transaction() as c:
        assert refusal(c, date(2021, 1, 1)) is None
        with pytest.raises(Refused) as caught:
            designate(c, terms("A9", year=2022), date(2021, 5, 1))
        assert caught.value.name == "agreement_overlaps"

"""Documents act on each other: which version wins, from when to when, and what was known then."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_pack import (
    CITED,
    LAYERS,
    Rules,
    add_document,
    add_region,
    claim,
    make_book,
    make_policy,
    settle_all,
    state,
    status,
    step,
    table,
)

from yibao.errors import NoRule
from yibao.policy.consolidate import Consolidation
from yibao.policy.load import load_region
from yibao.policy.policy import Policy, load_policy
from yibao.settlement.book import Book

PAY = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")


def base(folder: Path, **document: Any) -> Path:
    """Write a region whose first document pays half."""
    rules: Rules = {
        "layers": [CITED | {"order": LAYERS}],
        "tables": {"rate": table("rate", "50%")},
        "steps": [PAY],
    }
    add_document(add_region(folder), rules, "base", **document)
    return folder


def rate(percent: str) -> Rules:
    """Return rules that set the rate alone."""
    return {"tables": {"rate": table("rate", percent)}}


def paid(policy: Policy, day: str) -> int:
    """Return what 100 yuan on a day are paid, in yuan."""
    return make_book(policy).settle(claim("c", day, "100.00")).figure("pool_pay") // 100


def act(**fields: Any) -> Rules:
    """Return an act on the base document."""
    return CITED | {"document": "base"} | fields


# --- precedence ---------------------------------------------------------------------------------


def test_later_document_wins_from_its_first_day(tmp_path: Path) -> None:
    add_document(base(tmp_path), rate("60%"), "later", start="2010-01-01", end="2010-12-31")
    policy = load_policy(tmp_path)
    days = ("2009-12-31", "2010-01-01", "2010-12-31", "2011-01-01")
    assert [paid(policy, day) for day in days] == [50, 60, 60, 50]


def test_higher_authority_beats_the_later(tmp_path: Path) -> None:
    add_document(base(tmp_path), rate("60%"), "later", start="2010-01-01")
    add_document(tmp_path, rate("70%"), "province", start="2005-01-01", authority="province")
    policy = load_policy(tmp_path)
    assert [paid(policy, day) for day in ("2004-12-31", "2005-01-01", "2010-01-01")] == [50, 70, 70]


def test_repeal_beats_authority(tmp_path: Path) -> None:
    base(tmp_path)
    add_document(tmp_path, rate("70%"), "province", start="2005-01-01", authority="province")
    repeal = CITED | {"document": "province", "provisions": ["rate"], "from": "2010-01-01"}
    add_document(tmp_path, {}, "repeal", start="2010-01-01", repeals=[repeal])
    policy = load_policy(tmp_path)
    assert [paid(policy, day) for day in ("2009-12-31", "2010-01-01")] == [70, 50]


def test_what_lost_is_kept_with_the_reason(tmp_path: Path) -> None:
    add_document(base(tmp_path), rate("60%"), "later", start="2010-01-01")
    add_document(tmp_path, rate("70%"), "future", start="2020-01-01")
    region = load_region(tmp_path)
    rules = Consolidation(region, date(2015, 1, 1))
    winner = rules.row(region.tables["rate"], lambda name: name)
    assert winner is not None
    rivals = rules.rivals(region.tables["rate"], lambda name: name, winner)
    assert {r.row.origin.document.id: r.reason for r in rivals} == {
        "base": "superseded",
        "future": "not_yet",
    }


# --- validity -----------------------------------------------------------------------------------


def lookup(policy: Policy, day: str) -> bool:
    """Tell whether some rule answers on a day."""
    try:
        paid(policy, day)
    except NoRule:
        return False
    return True


@pytest.mark.clause("T16-99")
def test_tianjin_opinion_lapses_unless_extended() -> None:
    alone = load_region("tianjin", without=["operator-decisions"])
    extended = load_region("tianjin")

    def held(region: Any, day: date) -> bool:
        rows = region.tables["pharmacy_rate"].rows
        return any(
            r.origin.document.id == "2016-opinion" and r.origin.in_force(day, None) for r in rows
        )

    last, after = date(2021, 6, 22), date(2021, 6, 23)
    assert [held(alone, last), held(alone, after)] == [True, False]
    assert [held(extended, last), held(extended, after)] == [True, True]


@pytest.mark.clause("J21-8")
def test_jining_notice_ends_without_reviving_what_it_replaced() -> None:
    person = status(
        registered_diseases=frozenset({"hypertension"}),
        identities=frozenset({"poverty_alleviation"}),
    )
    book = make_book(load_policy("jining"), person)
    visit = {"visit": "two_disease", "level": "1", "disease": "hypertension"}
    last = claim("last", "2024-08-31", "100.00", in_scope_two_disease="100.00", **visit)
    assert book.settle(last).figure("pool_pay") == 60_00
    with pytest.raises(NoRule):
        book.settle(claim("after", "2024-09-01", "100.00", in_scope_two_disease="100.00", **visit))
    with pytest.raises(NoRule):
        book.settle(claim("stay", "2024-09-02", "100.00", admitted="2024-08-20", level="1"))


@pytest.mark.clause("T21-0")
def test_draft_is_in_force_only_from_its_recorded_issue(tmp_path: Path) -> None:
    base(tmp_path, kind="draft", end=None)
    assert not lookup(load_policy(tmp_path), "2021-12-01")
    issue = act(**{"from": "2021-09-30", "to": "2026-09-29"})
    add_document(tmp_path, {}, "issue", start="2021-09-30", kind="decision", activates=[issue])
    policy = load_policy(tmp_path)
    days = ("2021-09-29", "2021-09-30", "2026-09-29", "2026-09-30")
    assert [lookup(policy, day) for day in days] == [False, True, True, False]


def test_extension_of_one_provision_leaves_the_others_lapsed(tmp_path: Path) -> None:
    base(tmp_path, end="2009-12-31")
    extension = act(provisions=["pay", "rate"], to="2010-06-30")
    add_document(tmp_path, {}, "extension", start="2010-01-01", extends=[extension])
    region = load_region(tmp_path)
    ends = {step.id: step.origin.last for step in region.steps}
    assert ends == {"pay": date(2010, 6, 30)}
    assert region.tables["rate"].rows[0].origin.last == date(2010, 6, 30)
    assert region.layers[0].origin.last == date(2009, 12, 31)


# --- both time axes -----------------------------------------------------------------------------


def test_what_was_known_decides_what_is_seen(tmp_path: Path) -> None:
    """A decision of March, effective from January on: asked in February, it was not there."""
    add_document(base(tmp_path), rate("60%"), "late", start="2010-01-01", known="2010-03-01")
    now = load_policy(tmp_path)
    february = load_policy(tmp_path, known=date(2010, 2, 1))
    assert [paid(now, "2010-01-15"), paid(february, "2010-01-15")] == [60, 50]


def test_nothing_known_is_no_rule(tmp_path: Path) -> None:
    base(tmp_path, known="2000-06-01")
    assert not lookup(load_policy(tmp_path, known=date(2000, 5, 31)), "2000-07-01")
    assert lookup(load_policy(tmp_path, known=date(2000, 6, 1)), "2000-07-01")


@pytest.mark.clause("T16-05d")
def test_versions_settle_their_own_days_and_replay_alike(tmp_path: Path) -> None:
    """Version A pays 50 % of the first band until 2018, version B 60 % from 2019 on."""
    pay = step(
        "pay",
        10,
        "bands",
        of="in_scope",
        start=["used"],
        over="start",
        to="serious_illness_pay",
        layer="serious_illness",
        segments=[{"to": "top", "rate": "first"}],
    )
    first = table("rate", "50%", to="2018-12-31")
    first["provisions"].append(CITED | {"from": "2019-01-01", "rows": [{"value": "60%"}]})
    figures = {"start": table("yuan", "20000.00"), "top": table("yuan", "100000.00")}
    policy = make_policy(
        tmp_path,
        {"tables": figures | {"first": first}, "state": state("used"), "steps": [pay]},
    )

    def settled(book: Book, *days: str) -> list[int]:
        claims = [claim(f"c{day}", day, "100000.00") for day in days]
        return [s.figure("serious_illness_pay") for s in settle_all(book, claims)]

    assert settled(make_book(policy), "2018-12-31", "2019-01-01") == [40_000_00, 48_000_00]
    assert settled(make_book(policy), "2018-12-31") == [40_000_00]

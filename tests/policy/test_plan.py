"""What a plan says when it cannot answer, and what a step may name."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_pack import (
    CITED,
    SAYS,
    add_document,
    add_region,
    bands,
    claim,
    make_book,
    make_policy,
    state,
    step,
    table,
)

from yibao.errors import (
    Defect,
    GradeRefused,
    MissingFigure,
    NoRule,
    PackErrors,
    PolicyError,
    Unclassified,
)
from yibao.policy.compile import Plan, build
from yibao.policy.consolidate import Calendar, Consolidation
from yibao.policy.load import load_region
from yibao.policy.policy import Policy, load_policy

PAY = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")
DAY = "2017-03-01"


def refusal(policy: Policy, error: type[Exception], **facts: Any) -> str:
    """Settle a claim that must be refused; return the name and the message."""
    with pytest.raises(error) as caught:
        make_book(policy).settle(claim("c", DAY, "1.00", **facts))
    return f"{getattr(caught.value, 'name', '')}: {caught.value}"


# --- figures ------------------------------------------------------------------------------------


def test_a_figure_that_nobody_found_says_for_whom_and_why(tmp_path: Path) -> None:
    rows = [{"level": "3", "visit": "inpatient", "missing": "the annex is lost"}]
    rate = table("rate", rows, {"level": ["3"], "visit": ["inpatient"]})
    policy = make_policy(tmp_path, {"tables": {"rate": rate}, "steps": [PAY]})
    assert refusal(policy, MissingFigure, level="3") == (
        "rate: the figure rate (an example) for Level of the institution=level 3, "
        "Visit type=inpatient stay on 2017-03-01 is missing (the annex is lost): "
        "give it in an overlay document with its source"
    )
    assert refusal(policy, MissingFigure, level="2") == (
        "rate: the figure rate (an example) for Level of the institution=level 2, "
        "Visit type=inpatient stay on 2017-03-01 is missing: "
        "give it in an overlay document with its source"
    )


def test_a_missing_figure_of_a_band_and_of_no_key(tmp_path: Path) -> None:
    edge = table("yuan", [{"band": "1", "missing": "illegible"}], {"band": ["1"]})
    tables = {"edge": edge, "rate": table("rate", "50%")}
    segments = [{"to": "edge[1]", "rate": "rate"}]
    step_ = step("b", 10, "bands", of="in_scope", start=["borne"], segments=segments, to="pool_pay")
    rules = {"state": state("borne"), "tables": tables, "steps": [step_]}
    assert refusal(make_policy(tmp_path / "a", rules), MissingFigure).startswith(
        "edge: the figure edge (an example) for band=1 on 2017-03-01 is missing (illegible)"
    )
    rate = table("rate", [{"missing": "illegible"}])
    policy = make_policy(tmp_path / "b", {"tables": {"rate": rate}, "steps": [PAY]})
    assert "for every case on 2017-03-01 is missing (illegible)" in refusal(policy, MissingFigure)


def test_a_figure_of_too_low_a_grade_is_refused_unless_accepted(tmp_path: Path) -> None:
    rate = table("rate", "50%", grade="D", source="a blog")
    make_policy(tmp_path, {"tables": {"rate": rate}, "steps": [PAY]})
    assert refusal(load_policy(tmp_path), GradeRefused) == (
        "rate: the figure rate (an example) on 2017-03-01 has grade D (a blog), below the "
        "accepted C: accept grade D to use it (--accept-grade D)"
    )
    settled = make_book(load_policy(tmp_path, accept="D")).settle(claim("c", DAY, "1.00"))
    assert settled.figure("pool_pay") == 50


def test_no_rule_is_said_with_region_and_day(tmp_path: Path) -> None:
    folder = add_region(tmp_path / "city")
    add_document(
        folder, {"tables": {"rate": table("rate", "50%")}, "steps": [PAY]}, end="2016-12-31"
    )
    assert refusal(load_policy(folder), NoRule) == (
        "city: no rule of an example (city) is in force on 2017-03-01 for "
        "Insurance scheme=residents' basic medical insurance, Visit type=inpatient stay"
    )


def test_rates_share_the_smallest_denominator_of_at_least_a_hundred(tmp_path: Path) -> None:
    found = []
    for n, rates in enumerate([["50%"], ["0%", "100%"], ["11.2%", "62.5%"], ["33.33%"]]):
        tables = {"rate": bands("rate", *rates)}
        found.append(make_policy(tmp_path / str(n), {"tables": tables}).denominator)
    assert found == [100, 100, 1000, 10000]


# --- classifications ----------------------------------------------------------------------------


def classification(*rows: dict[str, Any], **provision: Any) -> dict[str, Any]:
    """Return a classification with the codes a and b."""
    provisions = [CITED | provision | {"rows": list(rows)}]
    return {"title": SAYS, "codes": {"a": SAYS, "b": SAYS}, "provisions": provisions}


def by_class(care: dict[str, Any]) -> dict[str, Any]:
    """Return rules that pay class a only."""
    tables = {"rate": table("rate", "50%")}
    steps = [PAY | {"when": {"care": "a"}}]
    return {"classifications": {"care": care}, "tables": tables, "steps": steps}


def test_who_is_not_covered_is_said_with_all_that_was_asked(tmp_path: Path) -> None:
    care = classification(
        {"level": "2", "identities": {"any_of": ["veteran"]}, "value": "a"},
        {"visit": "outpatient", "value": "b"},
    )
    assert refusal(make_policy(tmp_path, by_class(care)), Unclassified, level="2") == (
        "care: no row of care (an example) covers on 2017-03-01: Level of the institution=level 2, "
        "Relief and other identities=none, Visit type=inpatient stay"
    )


def test_a_classification_out_of_force_is_said_by_name(tmp_path: Path) -> None:
    care = classification({"value": "a"}, to="2016-12-31")
    assert refusal(make_policy(tmp_path, by_class(care)), NoRule) == (
        "care: no version of the classification care (an example) is in force on 2017-03-01"
    )


def test_the_later_version_of_a_classification_replaces_the_earlier_whole(tmp_path: Path) -> None:
    """The earlier one called everybody a; the later one knows only level 2."""
    care = classification({"value": "a"})
    later = {"level": "2", "value": "a"}, {"value": "b"}
    for order in (1, -1):
        both = classification(*later, **{"from": "2017-01-01"})
        both["provisions"] = (both["provisions"] + care["provisions"])[::order]
        book = make_book(make_policy(tmp_path / str(order), by_class(both) | ALWAYS))
        paid = {
            (day, level): book.settle(claim(day + level, day, "1.00", level=level)).fund_pay
            for day in ("2016-12-31", "2017-01-01")
            for level in ("2", "3")
        }
        assert list(paid.values()) == [50, 50, 50, 0]


ALWAYS = {"steps": [PAY | {"when": {"care": "a"}}, step("x", 20, "add", terms=["total"], to="y")]}


def test_classifications_that_ask_each_other_are_refused(tmp_path: Path) -> None:
    rules = by_class(classification({"other": "a", "value": "a"}, {"value": "b"}))
    rules["classifications"]["other"] = classification({"care": "a", "value": "a"}, {"value": "b"})
    assert refusal(make_policy(tmp_path, rules), Unclassified) == (
        "care: the classification care depends on itself"
    )


def test_a_claim_may_not_look_at_the_end_of_the_year(tmp_path: Path) -> None:
    steps = [PAY | {"when": {"full_year": True}}]
    policy = make_policy(tmp_path, {"tables": {"rate": table("rate", "50%")}, "steps": steps})
    assert refusal(policy, PolicyError) == (
        "full_year: a rule of phase claim may not look at full_year"
    )


# --- time ---------------------------------------------------------------------------------------


def test_the_calendar_numbers_the_periods_between_changes(tmp_path: Path) -> None:
    folder = add_region(tmp_path)
    add_document(
        folder, {"tables": {"rate": table("rate", "50%")}}, start="2016-07-01", end="2017-06-30"
    )
    calendar = Calendar(load_region(folder))
    assert calendar.days == [date(2016, 7, 1), date(2017, 7, 1)]
    days = [date(2016, 6, 30), date(2016, 7, 1), date(2017, 6, 30), date(2017, 7, 1)]
    assert [calendar.epoch(day) for day in days] == [0, 1, 1, 2]
    assert [calendar.period(epoch) for epoch in range(3)] == [
        (None, date(2016, 6, 30)),
        (date(2016, 7, 1), date(2017, 6, 30)),
        (date(2017, 7, 1), None),
    ]


@pytest.mark.parametrize(
    ("rival", "known", "reason"),
    [
        ({"kind": "draft"}, None, "never"),
        ({"known": "2017-04-01"}, "2017-03-31", "not_known"),
        ({"known": "2017-03-31"}, "2017-03-31", "superseded"),
        ({"start": "2017-01-02"}, None, "not_yet"),
        ({"start": "2017-01-01"}, None, "superseded"),
        ({"start": "2014-01-01", "end": "2016-12-31"}, None, "ended"),
        ({"start": "2014-01-01", "end": "2017-01-01"}, None, "superseded"),
        ({"authority": "city"}, None, "superseded"),
    ],
)
@pytest.mark.parametrize("authority", ["city", "national"])
def test_what_loses_says_why(
    tmp_path: Path, rival: dict[str, Any], known: str | None, reason: str, authority: str
) -> None:
    """On 1 January 2017 the winner, of the higher authority or the later by rank, is in force."""
    folder = add_region(tmp_path)
    rules = {"tables": {"rate": table("rate", "50%")}}
    add_document(
        folder, rules, "winner", start="2017-01-01", known="2016-12-31", authority=authority
    )
    other = {"start": "2015-01-01", "known": "2014-01-01"} | rival
    add_document(folder, {"tables": {"rate": table("rate", "40%")}}, "rival", **other)
    region = load_region(folder)
    seen = date.fromisoformat(known) if known else None
    consolidation = Consolidation(region, date(2017, 1, 1), seen)
    rate = region.tables["rate"]
    winner = consolidation.row(rate, {}.__getitem__)
    assert winner is not None
    assert winner.origin.document.id == "winner"
    (loser,) = consolidation.rivals(rate, {}.__getitem__, winner)
    outranked = reason == "superseded" and authority == "national"
    assert (loser.row.origin.document.id, loser.reason) == (
        "rival",
        "outranked" if outranked else reason,
    )


def test_a_banded_figure_may_depend_on_other_keys(tmp_path: Path) -> None:
    """Only `band` is answered by the operand; the level is the claim's."""
    rows = [
        {"level": level, "band": band, "value": value}
        for level, band, value in [
            ("2", "1", "50%"), ("2", "2", "60%"), ("3", "1", "40%"), ("3", "2", "45%"),
        ]
    ]  # fmt: skip
    rate = table("rate", rows, {"level": ["2", "3"], "band": ["1", "2"]})
    segments = [{"to": f"edge[{n}]", "rate": f"rate[{n}]"} for n in "12"]
    pay = step("s", 1, "bands", of="in_scope", start=["used"], segments=segments, to="pool_pay")
    rules = {"state": state("used"), "tables": TABLES | {"rate": rate}, "steps": [pay]}
    book = make_book(make_policy(tmp_path, rules))
    settled = [book.settle(claim(level, DAY, "3.00", level=level)) for level in "23"]
    assert [s.figure("pool_pay") for s in settled] == [50 + 120, 40 + 90]


# --- what a step may name -----------------------------------------------------------------------

TABLES = {
    "rate": table("rate", "50%"),
    "sum": table("yuan", "1.00"),
    "edge": bands("yuan", "1.00", "unlimited"),
    "one": table("count", 1),
}


@pytest.mark.parametrize(
    ("bad", "found", "expected"),
    [
        (
            step("s", 1, "add", terms=["in_scope", "nothing"], to="x"),
            "the name 'nothing'",
            "an earlier result, an amount, a state or a table",
        ),
        (
            step("s", 1, "share", of="nothing", rate="rate", to="x"),
            "the name 'nothing'",
            "an earlier result, an amount, a state or a table",
        ),
        (
            step("s", 1, "add", terms=["edge"], to="x"),
            "edge",
            "a band in brackets if, and only if, the table has bands",
        ),
        (
            step("s", 1, "add", terms=["sum[1]"], to="x"),
            "sum[1]",
            "a band in brackets if, and only if, the table has bands",
        ),
        (step("s", 1, "add", terms=["edge[3]"], to="x"), "edge[3]", "a band of edge: ('1', '2')"),
        (step("s", 1, "share", of="rate", rate="rate", to="x"), "of: rate in rate", "yuan"),
        (step("s", 1, "add", terms=["in_scope", "one"], to="x"), "terms: one in count", "yuan"),
        (step("s", 1, "accumulate", amount="sum", into="x"), "into: x", "a state value"),
        (step("s", 1, "add", terms=["one"], to="used"), "used written in count", "yuan"),
    ],
)
def test_a_step_that_names_what_cannot_be(
    tmp_path: Path, bad: dict[str, Any], found: str, expected: str
) -> None:
    folder = add_region(tmp_path)
    rules = {"state": state("used"), "tables": TABLES, "steps": [bad]}
    document = add_document(folder, rules)
    region = load_region(folder)
    with pytest.raises(PackErrors) as caught:
        build(region, "claim", region.steps, 100)
    defect = Defect(
        document / "rules.yaml", region.steps[0].origin.line, f"step s: {found}", expected
    )
    assert defect in caught.value.defects


def test_the_slices_of_bands_and_what_is_beyond_have_names(tmp_path: Path) -> None:
    segments = [{"to": "edge[1]", "rate": "rate"}, {"to": "sum", "rate": "rate"}]
    fields = {"of": "in_scope", "start": ["used"], "segments": segments}
    steps = [
        step("s", 1, "bands", **fields, to="x"),
        step("t", 2, "bands", **fields, to="y", beyond="rest"),
        step("u", 3, "add", terms=["rest"], to="z"),
    ]
    rules = {"state": state("used"), "tables": TABLES, "steps": steps}
    policy = make_policy(tmp_path, rules)
    instructions = (
        Plan(policy.region, date(2017, 1, 1), denominator=100)
        .program("claim", {})
        .structure.instructions
    )
    assert [i.outs for i in instructions] == [
        ("x/1", "x/2", "x/exact", "x/beyond", "x"),
        ("y/1", "y/2", "y/exact", "rest", "y"),
        ("z",),
    ]
    settled = make_book(policy).settle(claim("c", DAY, "3.00"))
    assert [settled.figure(n) for n in ("x/1", "x/2", "x/beyond", "x", "rest", "z")] == [
        100, 0, 200, 50, 200, 200,
    ]  # fmt: skip

"""Benefit periods: the months that money belongs to decide, worked by hand and as properties."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.small_pack import make_policy, step, table
from yibao.policy.model import Value
from yibao.policy.policy import load_policy
from yibao.settlement.coverage import (
    COVERED,
    Ask,
    Month,
    Payment,
    Question,
    Span,
    Terms,
    first_day,
    last_day,
    month_of,
    months_of,
    spans_of,
)
from yibao.settlement.coverage_rules import rules_of
from yibao.settlement.procedure import Office

EMPLOYEE: Mapping[str, Value] = {"scheme": "employee", "category": "in_service"}


def month(text: str) -> int:
    return month_of(date.fromisoformat(f"{text}-01"))


def paid(first: str, last: str, on: str, **facts: Any) -> Payment:
    return Payment(month(first), month(last), date.fromisoformat(on), EMPLOYEE | facts)


def example_rules(question: Question) -> Terms:
    """Up to three months' gap: covered back, no wait. Longer: neither; then six months' wait."""
    if question.gap_months > 3:
        return Terms(waiting_months=6, covers_back=False)
    return Terms(covers_back=True, ceiling_bonus=question.continuous_months // 12 * 1000_00)


def told(payments: Sequence[Payment], ask: Ask = example_rules) -> list[tuple[str, str, str]]:
    spans = spans_of(months_of(payments, ask))
    return [(str(s.first), str(s.last), s.reason) for s in spans]


# --- by hand --------------------------------------------------------------------------------------


@pytest.mark.clause("T16-11b")
def test_a_change_of_payer_leaves_no_gap() -> None:
    payments = [
        paid("2017-03", "2017-03", "2017-03-20", contributor="employer_staff"),
        paid("2017-04", "2017-04", "2017-04-20", contributor="none"),
    ]
    assert told(payments) == [("2017-03-01", "2017-04-30", "in_time")]


@pytest.mark.clause("T21-7d", "P25-3.2.2b")
def test_a_quarter_paid_at_once_is_three_months_covered_on_payment() -> None:
    months = months_of([paid("2022-04", "2022-06", "2022-04-11")], example_rules)
    assert [(first_day(m.number), m.reason) for m in months] == [
        (date(2022, 4, 1), "in_time"),
        (date(2022, 5, 1), "in_time"),
        (date(2022, 6, 1), "in_time"),
    ]


@pytest.mark.clause("P25-3.2.2b")
def test_paid_by_month_by_quarter_or_by_year_the_cover_is_the_same() -> None:
    def year_in(parts: int) -> list[tuple[str, str, str]]:
        length = 12 // parts
        starts = range(month("2022-01"), month("2023-01"), length)
        return told([Payment(m, m + length - 1, first_day(m), EMPLOYEE) for m in starts])

    assert year_in(12) == year_in(4) == year_in(1) == [("2022-01-01", "2022-12-31", "in_time")]


def test_a_lump_paid_in_june_covers_may() -> None:
    # The day it arrived would say: suspended in May. The months it belongs to say: covered.
    payments = [
        paid("2021-01", "2021-04", "2021-01-05"),
        paid("2021-05", "2021-06", "2021-06-04"),
    ]
    assert told(payments) == [
        ("2021-01-01", "2021-04-30", "in_time"),
        ("2021-05-01", "2021-05-31", "covered_back"),
        ("2021-06-01", "2021-06-30", "in_time"),
    ]


def test_arrears_that_no_rule_speaks_of_are_told_apart() -> None:
    late = [paid("2020-02", "2020-02", "2020-03-01")]
    months = months_of(late, lambda _: Terms())
    assert [m.reason for m in months] == ["no_rule"]
    assert "no_rule" not in COVERED


def test_money_that_comes_on_the_last_day_of_the_month_is_in_time() -> None:
    assert told([paid("2020-02", "2020-02", "2020-02-29")])[0][2] == "in_time"
    assert told([paid("2020-02", "2020-02", "2020-03-01")])[0][2] == "covered_back"


def test_a_long_gap_is_not_covered_back_and_is_followed_by_a_wait() -> None:
    payments = [
        paid("2021-01", "2021-01", "2021-01-05"),
        paid("2021-04", "2021-12", "2021-06-30"),  # a gap of four months: February to May
        paid("2022-01", "2022-01", "2022-01-05"),
    ]
    assert told(payments) == [
        ("2021-01-01", "2021-01-31", "in_time"),
        ("2021-02-01", "2021-03-31", "unpaid"),
        ("2021-04-01", "2021-05-31", "not_covered_back"),
        ("2021-06-01", "2021-11-30", "waiting"),
        ("2021-12-01", "2022-01-31", "in_time"),
    ]


def test_what_the_rules_are_asked() -> None:
    asked: list[Question] = []

    def ask(question: Question) -> Terms:
        asked.append(question)
        return Terms()

    months_of(
        [
            paid("2018-01", "2019-12", "2017-12-20"),
            paid("2021-01", "2021-12", "2022-02-10"),  # in arrears
            paid("2022-03", "2022-04", "2022-03-10"),
        ],
        ask,
    )
    told = [
        (first_day(q.month), q.gap_months, q.repaired_months, q.continuous_months) for q in asked
    ]
    assert told[0] == (date(2018, 1, 1), 0, 0, 0)
    # From January 2020 until it was paid in February 2022: 25 months, of which twelve are paid up.
    assert told[1:13] == [(date(2021, m, 1), 25, 12, 24) for m in range(1, 13)]
    # Until payment was resumed in March 2022.
    assert told[13:] == [(date(2022, 3, 1), 26, 12, 24)]


def test_a_wait_begins_with_insurance_and_with_payment_outside_the_collection_period() -> None:
    def ask(_: Question) -> Terms:
        return Terms(waiting_months=3)

    late = {"within_collection_period": False}
    payments = [
        paid("2022-01", "2022-12", "2021-11-01"),
        paid("2023-01", "2023-12", "2022-11-01"),
        paid("2024-01", "2024-12", "2024-01-15", **late),
    ]
    waiting = [entry for entry in told(payments, ask) if entry[2] == "waiting"]
    assert waiting == [
        ("2022-01-01", "2022-03-31", "waiting"),
        ("2024-01-01", "2024-03-31", "waiting"),
    ]


def test_a_wait_goes_on_when_a_month_of_it_is_paid_late() -> None:
    def ask(question: Question) -> Terms:
        return Terms(waiting_months=0 if question.gap_months else 6, covers_back=True)

    payments = [
        paid("2022-01", "2022-01", "2022-01-10"),
        paid("2022-02", "2022-02", "2022-03-10"),
        paid("2022-03", "2022-08", "2022-03-10"),
    ]
    assert told(payments, ask) == [
        ("2022-01-01", "2022-06-30", "waiting"),
        ("2022-07-01", "2022-08-31", "in_time"),
    ]


def test_continuous_years_raise_the_ceiling_and_cut_the_span() -> None:
    payments = [paid(f"{y}-01", f"{y}-12", f"{y - 1}-11-30") for y in (2020, 2021, 2022)]
    spans = spans_of(months_of(payments, example_rules))
    bonus = [s.months[0].terms.ceiling_bonus for s in spans if s.months[0].terms]
    assert bonus == [0, 1000_00, 2000_00]
    assert [s.first.year for s in spans] == [2020, 2021, 2022]


def test_cover_does_not_begin_before_birth() -> None:
    months = months_of([paid("2022-05", "2022-07", "2022-07-01")], example_rules)
    spans = spans_of(months, date(2022, 5, 20))
    assert (spans[0].first, spans[0].last) == (date(2022, 5, 20), date(2022, 6, 30))
    assert spans_of(months, date(2022, 8, 1)) == []


def test_a_change_of_scheme_cuts_the_span_and_is_no_gap() -> None:
    payments = [
        paid("2022-05", "2022-05", "2022-05-01"),
        paid("2022-06", "2022-12", "2022-05-01", scheme="resident", category="adult"),
    ]
    assert told(payments) == [
        ("2022-05-01", "2022-05-31", "in_time"),
        ("2022-06-01", "2022-12-31", "in_time"),
    ]


def test_the_rules_of_a_pack_are_asked_by_the_month_that_money_belongs_to(tmp_path: Path) -> None:
    def rule(step_id: str, order: int, term: str, to: str, **fields: Any) -> dict[str, Any]:
        when = {"when": fields.pop("when")} if "when" in fields else {}
        terms = [term, "none"]
        return step(step_id, order, "add", terms=terms, to=to, phase="coverage", **fields) | when

    rules = {
        "tables": {
            "none": table("count", 0),
            "yes": table("count", 1),
            "wait": table("count", 2, **{"from": "2022-01-01"}),
        },
        "steps": [
            rule("back", 10, "yes", "covers_back", when={"gap_months": {"from": 1, "below": 3}}),
            rule("wait", 20, "wait", "waiting_months", when={"gap_months": {"from": 3}}),
            rule("years", 30, "missed_years", "years"),
        ],
    }
    ask = rules_of(Office(make_policy(tmp_path / "city", rules)))
    payments = [
        paid("2022-01", "2022-02", "2022-01-03"),
        paid("2022-03", "2022-04", "2022-04-03"),
        paid("2022-12", "2023-02", "2022-12-03"),
    ]
    assert told(payments, ask) == [
        ("2022-01-01", "2022-02-28", "in_time"),
        ("2022-03-01", "2022-03-31", "covered_back"),
        ("2022-04-01", "2022-04-30", "in_time"),
        ("2022-05-01", "2022-11-30", "unpaid"),
        ("2022-12-01", "2023-01-31", "waiting"),
        ("2023-02-01", "2023-02-28", "in_time"),
    ]


@pytest.mark.parametrize(
    ("paid_on", "reason"),
    [
        ("2022-03-15", "covered_back"),  # four months to the day
        ("2022-03-16", "not_covered_back"),  # a fifth has begun
    ],
)
def test_a_newborn_is_covered_from_birth_when_paid_for_within_four_months(
    paid_on: str, reason: str
) -> None:
    born = date(2021, 11, 15)
    facts = {
        "scheme": "resident",
        "category": "student_child",
        "contribution_tier": "student_child",
    }
    newborn = {"newborn": True, "within_collection_period": False}
    payment = paid("2022-01", "2022-12", paid_on, **facts, **newborn)
    ask = rules_of(Office(load_policy("tianjin")), born)
    assert [s.reason for s in spans_of(months_of([payment], ask), born)] == [reason, "in_time"]


def test_late_enrolment_in_tianjin_waits_unless_two_years_came_before() -> None:
    facts = {"scheme": "resident", "category": "adult", "contribution_tier": "low"}
    ask = rules_of(Office(load_policy("tianjin")), date(1980, 5, 1))

    def reasons(first_year: int) -> list[tuple[str, str, str]]:
        before = [
            paid(f"{y}-01", f"{y}-12", f"{y}-01-31", **facts) for y in range(first_year, 2024)
        ]
        late = paid("2024-03", "2024-12", "2024-03-10", **facts, within_collection_period=False)
        return told([*before, late], ask)[-2:]

    # Two years, then two months without: no wait. One year: six months.
    assert reasons(2022)[-1] == ("2024-03-01", "2024-12-31", "in_time")
    assert reasons(2023) == [
        ("2024-03-01", "2024-08-31", "waiting"),
        ("2024-09-01", "2024-12-31", "in_time"),
    ]


def test_an_older_month_paid_a_day_later_lengthens_no_gap() -> None:
    """Money of 1 January buys October to January: a gap of three months, so no wait in January.
    September, paid on the 2nd, would make the gap four: it came after January had begun."""
    first = paid("2019-10", "2020-01", "2020-01-01")
    january = ("2020-01-01", "2020-01-31", "in_time")
    assert told([first])[-1] == january
    assert told([first, paid("2019-09", "2019-09", "2020-01-02")])[-1] == january


# --- as properties --------------------------------------------------------------------------------

FEWER = settings(max_examples=300)
DAYS = st.dates(date(2019, 1, 1), date(2022, 12, 31))
FACTS = st.sampled_from(
    [{"contributor": "employer_staff"}, {"contributor": "flexible"}, {"newborn": True}]
)


@st.composite
def payments(draw: st.DrawFn, after: date = date(2018, 12, 31)) -> Payment:
    first = month_of(draw(DAYS))
    on = after + timedelta(draw(st.integers(0, 1500)))
    return Payment(first, first + draw(st.integers(0, 15)), on, EMPLOYEE | draw(FACTS))


@st.composite
def rules(draw: st.DrawFn) -> Ask:
    """Draw rules that may say anything, as long as they say the same when asked the same."""
    back, wait = draw(st.sets(st.integers(0, 40))), draw(st.lists(st.integers(0, 8), min_size=41))

    def ask(question: Question) -> Terms:
        at = min(question.gap_months, 40)
        return Terms(wait[at], at in back)

    return ask


def covered(months: Sequence[Month]) -> set[int]:
    return {m.number for m in months if m.reason in COVERED}


@FEWER
@given(st.lists(payments(), max_size=5), rules(), st.randoms())
def test_the_order_of_payments_does_not_matter(given: list[Payment], ask: Ask, random: Any) -> None:
    before = [(m.number, m.reason, m.waits_until) for m in months_of(given, ask)]
    random.shuffle(given)
    assert [(m.number, m.reason, m.waits_until) for m in months_of(given, ask)] == before


@FEWER
@given(st.lists(payments(), min_size=1, max_size=5), rules())
def test_spans_follow_each_other_without_hole_or_overlap(given: list[Payment], ask: Ask) -> None:
    months = months_of(given, ask)
    spans: list[Span] = spans_of(months)
    assert spans[0].first == first_day(min(p.first for p in given))
    assert spans[-1].last == last_day(max(p.last for p in given))
    for one, following in pairwise(spans):
        assert one.last + timedelta(days=1) == following.first
        assert one.reason != following.reason or one.months[0].waits_until
    assert [m for span in spans for m in span.months] == months


@FEWER
@given(st.data(), st.lists(payments(), max_size=5), rules())
def test_a_later_payment_takes_no_cover_away(data: Any, given: list[Payment], ask: Ask) -> None:
    latest = max((p.paid_on for p in given), default=date(2019, 1, 1))
    later = data.draw(payments(after=latest + timedelta(days=1)))
    begun = {m for m in covered(months_of(given, ask)) if first_day(m) <= later.paid_on}
    assert begun <= covered(months_of([*given, later], ask))


@FEWER
@given(st.lists(payments(), max_size=5), rules())
def test_only_paid_months_are_covered_and_paid_ones_need_a_reason_not_to_be(
    given: list[Payment], ask: Ask
) -> None:
    paid_for = {m for p in given for m in p.months()}
    for found in months_of(given, ask):
        assert (found.reason == "unpaid") == (found.number not in paid_for)


@FEWER
@given(st.lists(payments(), max_size=5))
def test_where_rules_ask_for_no_wait_every_month_paid_in_time_is_covered(
    given: list[Payment],
) -> None:
    in_time = {m for p in given for m in p.months() if p.in_time(m)}
    assert covered(months_of(given, lambda _: Terms())) == in_time


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_months_begin_and_end_where_the_calendar_says(day: date) -> None:
    number = month_of(day)
    assert first_day(number) <= day <= last_day(number)
    assert last_day(number) + timedelta(days=1) == first_day(number + 1)


# --- serious-illness insurance --------------------------------------------------------------------


@pytest.mark.clause("T16-05a")
@pytest.mark.parametrize(
    ("facts", "covered"),
    [
        ({"scheme": "resident", "category": "adult", "contribution_tier": "low"}, True),
        (EMPLOYEE, False),
    ],
)
def test_serious_illness_cover_comes_with_the_residents_enrolment(
    facts: Mapping[str, Value], covered: bool
) -> None:
    payment = Payment(month("2017-01"), month("2017-12"), date(2016, 12, 1), facts)
    ask = rules_of(Office(load_policy("tianjin")), date(1980, 5, 1))
    (span,) = spans_of(months_of([payment], ask))
    assert (span.first, span.last) == (date(2017, 1, 1), date(2017, 12, 31))
    assert [m.terms and m.terms.serious_illness_cover for m in span.months] == [covered] * 12

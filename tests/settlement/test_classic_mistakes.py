"""Mistakes that other systems make with money, each as a test of ours.

The rows are those of shared/facts/classic-mistakes.md, in its order; what was seen elsewhere stands
in each docstring. The one row without a test here is the audit result that was lower-cased and half
empty (`done`, no rows) and read as compliant: it belongs to monitor/, whose three-state result
(violation, suspicion, not evaluated) will be tested in tests/monitor/.
"""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_pack import (
    add_document,
    add_region,
    claim,
    make_book,
    make_policy,
    paid,
    settle_all,
    state,
    status,
    step,
    table,
)

from yibao.errors import ClaimError, MissingFigure, MoneyError, NoRule
from yibao.money import format_yuan, parse_yuan
from yibao.policy.policy import load_policy
from yibao.settlement.book import Book
from yibao.settlement.cases import CaseRunner, read_cases

DEDUCTIBLE = step("d", 10, "deductible", of="in_scope", standard="standard", met="borne", to="ded")
BORNE = step("borne", 11, "accumulate", amount="ded", into="borne")
REST = step("rest", 12, "subtract", from_="in_scope", less=["ded"], to="rest")
SHARE = step("share", 13, "share", of="rest", rate="rate", to="pool_pay", layer="basic")


def deductible_rules(standard: str, rate: str) -> dict[str, Any]:
    """A deductible of the year, then a rate."""
    return {
        "state": state("borne"),
        "tables": {"standard": table("yuan", standard), "rate": table("rate", rate)},
        "steps": [DEDUCTIBLE, BORNE, REST, SHARE],
    }


def rate_rules(rate: str) -> dict[str, Any]:
    """A rate alone."""
    share = step("share", 13, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")
    return {"tables": {"rate": table("rate", rate)}, "steps": [share]}


def year_of(book: Book, *amounts: str) -> list[int]:
    """Settle claims of these amounts, a day apart; return what the pool pays."""
    bills = [claim(f"c{n}", f"2017-03-{n + 1:02}", amount) for n, amount in enumerate(amounts)]
    return paid(settle_all(book, bills))


# --- deductibles, rates, ceilings ---------------------------------------------------------------


def test_lines_below_the_deductible_are_not_paid(tmp_path: Path) -> None:
    """Seen: 200, the deductible absorbed the lines and they were paid all the same."""
    book = make_book(make_policy(tmp_path, deductible_rules("500.00", "100%")))
    assert year_of(book, "100.00", "100.00") == [0, 0]
    # 300 are left of the deductible
    assert paid([book.settle(claim("c3", "2017-04-01", "400.00"))]) == [100_00]


def test_the_whole_of_an_amount_keeps_its_fen(tmp_path: Path) -> None:
    """Seen: 99.00 for 99.99 at 100 %, through int()."""
    assert year_of(make_book(make_policy(tmp_path, rate_rules("100%"))), "99.99") == [99_99]


def test_a_ceiling_is_used_up_once(tmp_path: Path) -> None:
    """Seen: 300, 300, 0, 0, 0 and five times 300, with superseded or skipped accumulators."""
    rules = {
        "state": state("used"),
        "tables": {"limit": table("yuan", "1000.00")},
        "steps": [
            step("cap", 10, "cap", of="in_scope", limit="limit", used="used", to="pool_pay"),
            step("used", 11, "accumulate", amount="pool_pay", into="used"),
        ],
    }
    book = make_book(make_policy(tmp_path, rules))
    assert year_of(book, *["300.00"] * 5) == [300_00, 300_00, 300_00, 100_00, 0]
    assert book.state("p", "resident", 2017)["used"] == 1_000_00


def test_lines_are_counted_once(tmp_path: Path) -> None:
    """Seen: 800 for two services and two items of 100 at 80 % (a join multiplied them); 5,000."""
    book = make_book(make_policy(tmp_path / "a", rate_rules("80%")))
    assert sum(year_of(book, *["100.00"] * 4)) == 320_00
    book = make_book(make_policy(tmp_path / "b", rate_rules("100%")))
    assert sum(year_of(book, *["100.00"] * 10)) == 1_000_00


def test_a_bill_covered_twice_is_paid_once(tmp_path: Path) -> None:
    """Seen: 300 paid and 600 booked, or 600 paid. Two covers of one bill share what is left of it,
    and one person cannot be enrolled twice on a day."""
    first = step("one", 10, "add", terms=["in_scope"], to="pool_pay", layer="basic")
    left = step("left", 20, "subtract", from_="in_scope", less=["pool_pay"], to="left")
    second = step("two", 21, "add", terms=["left"], to="supplement_pay", layer="supplement")
    book = make_book(make_policy(tmp_path, {"steps": [first, left, second]}))
    settlement = book.settle(claim("c", "2017-03-01", "300.00"))
    assert settlement.funds == {"pool_pay": 300_00, "supplement_pay": 0}
    assert (settlement.fund_pay, settlement.personal_pay) == (300_00, 0)
    with pytest.raises(ClaimError) as caught:
        make_book(book.policy, status(last="2017-06-30"), status(first="2017-06-30"))
    assert caught.value.rule == "one status at a time"


def test_a_cap_that_exempts_some_binds_the_others(tmp_path: Path) -> None:
    """Seen: lines of 100 and a header of 0 for a child under a cap of 50 that exempts adults."""
    rows = [
        {"category": "adult", "value": "unlimited"},
        {"category": "student_child", "value": "50.00"},
    ]
    rules = {
        "state": state("used"),
        "tables": {"limit": table("yuan", rows, {"category": ["adult", "student_child"]})},
        "steps": [
            step("cap", 10, "cap", of="in_scope", limit="limit", used="used", to="pool_pay"),
            step("used", 11, "accumulate", amount="pool_pay", into="used"),
        ],
    }
    policy = make_policy(tmp_path, rules)
    child = make_book(policy, status(category="student_child"))
    assert year_of(child, "100.00", "100.00") == [50_00, 0]
    assert year_of(make_book(policy), "100.00", "100.00") == [100_00, 100_00]


# --- dates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stays", "first", "last", "pay"),
    [
        ("discharge", "2018-01-01", None, 50_00),  # cover begins within the stay
        ("discharge", "2010-01-01", "2017-12-31", None),  # cover ends within it
        ("admission", "2018-01-01", None, None),
        ("admission", "2010-01-01", "2017-12-31", 50_00),
    ],
)
def test_a_stay_across_new_year_follows_the_declared_date_rule(
    tmp_path: Path, stays: str, first: str, last: str | None, pay: int | None
) -> None:
    """Seen: paid whole in silence; rejected with last year's cover only. Here the region declares
    which day counts, and why; a person not insured on it is refused by name."""
    folder = add_region(tmp_path / "r", stays)
    add_document(folder, rate_rules("50%"))
    policy = load_policy(folder)
    assert policy.region.stays_by == stays
    assert policy.region.stays_says.en
    book = make_book(policy, status(first=first, last=last))
    stay = claim("c", "2018-01-05", "100.00", admitted="2017-12-28")
    day = date(2018, 1, 5) if stays == "discharge" else date(2017, 12, 28)
    if pay is None:
        with pytest.raises(ClaimError, match=f"a person insured on {day}"):
            book.settle(stay)
    else:
        settlement = book.settle(stay)
        assert (settlement.day, settlement.figure("pool_pay")) == (day, pay)


# --- exact numbers ------------------------------------------------------------------------------


def test_an_amount_beyond_single_precision_is_exact(tmp_path: Path) -> None:
    """Seen: 68,212,200 for 68,212,208 (float32)."""
    book = make_book(make_policy(tmp_path, rate_rules("100%")))
    assert year_of(book, "68212208.00", "68212208.01") == [6_821_220_800, 6_821_220_801]


def test_a_half_fen_is_rounded_up(tmp_path: Path) -> None:
    """Seen: 1.27 for 1.50 yuan x 85 %, which a binary float holds as 1.2749999."""
    book = make_book(make_policy(tmp_path, rate_rules("85%")))
    assert year_of(book, "1.50", "0.10", "0.30") == [128, 9, 26]  # 127.5, 8.5, 25.5


def test_a_deductible_is_carried_over_twelve_months_for_everybody(tmp_path: Path) -> None:
    """Seen: 3.4 and 37.5 instead of 44.5 billion yuan, with a cycle swallowed into a default.

    Person n has n yuan a month. Above a deductible of 600.00 the year pays 12 n - 600, if positive;
    month by month that must come out the same, for every person and in total.
    """
    book = make_book(
        make_policy(tmp_path, deductible_rules("600.00", "100%")),
        *(status(f"p{n}") for n in range(100)),
    )
    years = []
    for n in range(100):
        year = 0
        for month in range(1, 13):
            bill = claim(f"{n}-{month}", f"2017-{month:02}-15", f"{n}.00", person=f"p{n}")
            year += book.settle(bill).figure("pool_pay")
        years.append(year)
    assert years == [max(0, 12 * n - 600) * 100 for n in range(100)]
    assert sum(years) == 14_700_00  # 12 x (1 + 2 + ... + 49) = 12 x 1,225


# --- parameters in time -------------------------------------------------------------------------


def test_an_expired_parameter_is_an_error_that_names_it(tmp_path: Path) -> None:
    """Seen: production down in one engine; the stale value used in silence in another."""
    rules = rate_rules("50%")
    rules["tables"]["rate"] = table("rate", "50%", to="2017-06-30")
    book = make_book(make_policy(tmp_path, rules))
    assert paid([book.settle(claim("c1", "2017-06-30", "1.00"))]) == [50]
    with pytest.raises(MissingFigure, match=r"the figure rate .* is missing") as caught:
        book.settle(claim("c2", "2017-07-01", "1.00"))
    assert caught.value.name == "rate"


def test_an_expired_document_is_an_error(tmp_path: Path) -> None:
    add_region(tmp_path)
    add_document(tmp_path, rate_rules("50%"), start="2016-06-23", end="2021-06-22")
    book = make_book(load_policy(tmp_path))
    assert paid([book.settle(claim("c1", "2021-06-22", "1.00"))]) == [50]
    with pytest.raises(NoRule, match="2021-06-23"):
        book.settle(claim("c2", "2021-06-23", "1.00"))


def test_a_change_in_mid_year_keeps_both_values_each_for_its_days(tmp_path: Path) -> None:
    """Seen: 93 parameters whose changes within a year were dropped, years being flattened."""
    rate = table("rate", "50%", to="2017-06-30")
    rate["provisions"] += table("rate", "60%", **{"from": "2017-07-01"})["provisions"]
    book = make_book(make_policy(tmp_path, rate_rules("50%") | {"tables": {"rate": rate}}))
    days = ["2017-01-01", "2017-06-30", "2017-07-01", "2017-12-31"]
    # Out of order, too: what was bound for one day must not serve another.
    order = [3, 0, 2, 1]
    settled = {n: book.settle(claim(days[n], days[n], "1.00")) for n in order}
    assert paid([settled[n] for n in range(4)]) == [50, 50, 60, 60]


# --- comparing and simulating -------------------------------------------------------------------


def test_the_comparison_of_cases_is_exact(tmp_path: Path) -> None:
    """Seen: a comparer that cast to float32 itself. One fen in 68 million must fail a case."""
    make_policy(tmp_path / "r", rate_rules("100%"))
    cases = """
    cases:
    - id: {id}
      title: {{zh: 例, en: an example}}
      person: {{scheme: resident, category: adult}}
      events:
      - {{date: 2017-03-01, visit: inpatient, in_scope: "68212208.00",
         expect: {{pool_pay: "{expected}"}}}}
    """
    folder = tmp_path / "r" / "rules@2000-01-01"
    failures = {}
    for expected in ("68212208.00", "68212208.01", "68212207.99"):
        text = cases.format(id="x", expected=expected)
        (folder / "cases.yaml").write_text(text, encoding="utf-8")
        (verdict,) = CaseRunner(tmp_path / "r").run_all()
        failures[expected] = verdict.failures
    assert failures["68212208.00"] == ()
    for expected in ("68212208.01", "68212207.99"):
        (failure,) = failures[expected]
        assert failure == f"event 1: pool_pay is 68212208.00, expected {expected}"


def test_every_shipped_case_bites() -> None:
    """Suites survived for years in which every expectation was 0. Ours expect money to move."""
    packs = Path(__file__).resolve().parents[2] / "examples" / "packs"
    for case in read_cases(packs):
        figures = [v for e in case.data["events"] for v in e.get("expect", {}).values()]
        refused = any("refused" in event for event in case.data["events"])
        assert refused or any(re.search("[1-9]", str(v)) for v in figures), case.id


def test_a_reform_leaves_the_baseline_untouched(tmp_path: Path) -> None:
    """Seen: the reform changed the baseline with which it was compared."""
    make_policy(tmp_path / "r", rate_rules("50%"))
    reform = add_document(
        tmp_path / "overlays", {"tables": {"rate": table("rate", "60%")}}, "reform",
        start="2017-01-01",
    )  # fmt: skip
    baseline = load_policy(tmp_path / "r")
    before = make_book(baseline)
    assert year_of(before, "100.00") == [50_00]
    reformed = make_book(load_policy(tmp_path / "r", overlays=[reform]))
    assert year_of(reformed, "100.00") == [60_00]
    assert paid([before.settle(claim("again", "2017-04-01", "100.00"))]) == [50_00]
    assert year_of(make_book(load_policy(tmp_path / "r")), "100.00") == [50_00]
    assert year_of(make_book(baseline), "100.00") == [50_00]
    assert [d.id for d in baseline.region.documents] == ["rules"]


# --- input --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["99.999", "1e2", "-1.00", "NaN", "1,000.00"])
def test_an_amount_that_is_not_exact_is_refused(text: str) -> None:
    with pytest.raises(MoneyError):
        parse_yuan(text)


def test_money_survives_writing_and_reading() -> None:
    for fen in (1, 9, 10, 99, 100, 127, 128, 6_821_220_800):
        assert parse_yuan(format_yuan(fen)) == fen

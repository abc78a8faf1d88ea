"""What a fen more of a year costs in the next: by hand, and as a book settles it."""

from datetime import date, datetime, time
from pathlib import Path

import pytest
from small_pack import SAYS, Rules, claim, make_book, make_policy, state, status, step, table

from yibao.analysis.bill import Bill
from yibao.analysis.patient import asked
from yibao.analysis.year_end import YearCliff, year_end
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Claim, Status

DAY = date(2017, 6, 1)
TOP = 100_000_000


@pytest.fixture(scope="module")
def tianjin() -> Policy:
    return load_policy("tianjin")


@pytest.fixture(scope="module")
def found(tianjin: Policy) -> list[YearCliff]:
    result = year_end(tianjin, DAY, Bill(), TOP)
    assert result.year == 2017
    assert not result.unclear
    return result.found


@pytest.mark.clause("T16-13a", "T16-13b")
@pytest.mark.parametrize(
    ("streak", "lost", "pharmacy", "lasts"),
    [
        # deductibles of 2017, after no year in a row: 800 in service, 700 retired, 650 from 70,
        # 500 residents; after one year 100 less, after two 200 less
        (1, 75_00, 65_00, {800_00, 700_00, 650_00, 500_00}),
        (2, 150_00, 130_00, {700_00, 600_00, 550_00, 400_00}),
        (3, 225_00, 195_00, {600_00, 500_00, 450_00, 300_00} | {500_00, 400_00, 350_00, 200_00}),
    ],
)
def test_one_fen_above_the_deductible_loses_the_streak(
    found: list[YearCliff], streak: int, lost: int, pharmacy: int, lasts: set[int]
) -> None:
    """100, 200 or 300 more of deductible are borne, of which 75 % would have been paid (65 %)."""
    (cliff,) = [c for c in found if c.jump.opened[0]["outpatient_streak"] == streak]
    assert cliff.jump.opened[1]["outpatient_streak"] == 0
    assert cliff.jump.moved == ("outpatient_streak",)
    assert [s.origin.cite for s in cliff.jump.steps] == ["四（十三）第1款"]
    assert cliff.size == lost
    assert cliff.lasts == lasts
    losses = {visit: size for visit, (size, _) in cliff.visits.items()}
    assert losses == {"outpatient": lost, "emergency_observation": lost, "pharmacy": pharmacy}


@pytest.mark.clause("T16-14a")
def test_one_fen_above_the_threshold_loses_the_first_deductible_of_500(
    found: list[YearCliff],
) -> None:
    """At level 3 1700 are borne instead of 500: 1200, of which 90 % are paid to the retired."""
    (cliff,) = [c for c in found if c.jump.moved == ("low_outpatient",)]
    assert cliff.size == 1080_00
    assert cliff.visits == {"inpatient": (1080_00, 1700_00)}
    assert cliff.lasts == {1500_00, 2500_00}
    assert [s.origin.cite for s in cliff.jump.steps] == ["四（十四）"]


def test_examples_are_what_a_book_settles_over_two_years(
    tianjin: Policy, found: list[YearCliff]
) -> None:
    for cliff in found:
        assert settled(tianjin, cliff) == cliff.example.personal


def settled(policy: Policy, cliff: YearCliff) -> tuple[int, ...]:
    """Close 2017 with each of the closing values, settle the bill on 1 January 2018."""
    words, day, given = vocabulary(), date(2018, 1, 1), cliff.example.before
    assert given.birth_date is not None
    facts = {
        of: tuple(
            asked(policy, day, given)[a.name] for a in words.of(of) if a.kind != "number"
        )
        for of in ("person", "claim")
    }  # fmt: skip
    insured = Status("p", date(2017, 1, 1), None, given.birth_date, facts["person"])
    paid = []
    for closing in cliff.jump.closing:
        book = Book(policy, Enrolment([insured]), {("p", 2017): closing})
        amounts = tuple(Bill().amounts(cliff.example.expenses[0]))
        at = datetime.combine(day, time(12))
        bill = Claim("c", "p", day, day, at, facts["claim"], amounts)
        paid.append(book.settle(bill).personal_pay)
    return tuple(paid)


@pytest.mark.parametrize(("spent", "personal"), [("800.00", 725_00), ("800.01", 800_00)])
def test_the_same_with_a_bill_of_the_year(tianjin: Policy, spent: str, personal: int) -> None:
    """800.00 in 2017 make the deductible of 2018 700: of 800.00 75.00 are paid; 800.01 do not."""
    insured = status("p", "2017-01-01", scheme="employee", category="in_service")
    book = make_book(tianjin, insured)
    visit = {"visit": "outpatient", "level": "1"}
    book.settle(claim("a", "2017-03-01", spent, **visit))
    assert book.settle(claim("b", "2018-01-01", "800.00", **visit)).personal_pay == personal


# --- small packs ----------------------------------------------------------------------------------


def rules(*steps: Rules, **tables: Rules) -> Rules:
    """Half above a deductible of 50.00 is paid, above 20.00 after a quiet year; all is counted."""
    rows = [{"quiet_year": "0", "value": "50.00"}, {"quiet_year": "1", "value": "20.00"}]
    years = {"quiet_year": {"title": SAYS, "value_of": "quiet", "max": 1}}
    paying = [
        step("above", 10, "subtract", from_="in_scope", less=["deductible"], to="above"),
        step("half", 20, "share", of="above", rate="rate", to="pool_pay", layer="basic"),
        step("use", 90, "accumulate", into="used", amount="in_scope"),
    ]
    figures = {
        "deductible": table("yuan", rows, {"quiet_year": ["0", "1"]}),
        "rate": table("rate", "50%"),
    }
    return {
        "steps": [*paying, *steps],
        "tables": figures | tables,
        "state": state("used", "bonus") | state("quiet", unit="count"),
        "state_attributes": years,
    }


def quiet(order: int = 900) -> list[Rules]:
    """A year of at most 100.00 is a quiet one."""
    year: Rules = {"phase": "year_end"}
    return [
        step("calm", order, "at_most", value="used", limit="limit", to="calm", **year),
        step("kept", order + 1, "set", value="calm", into="quiet", **year),
    ]


def test_a_quiet_year_is_worth_half_of_what_the_deductible_falls(tmp_path: Path) -> None:
    """One fen above 100.00 the deductible is 50.00 and not 20.00: 15.00, from bills of 50.00 on."""
    policy = make_policy(tmp_path, rules(*quiet(), limit=table("yuan", "100.00")))
    result = year_end(policy, date(2010, 6, 1), Bill(), TOP)
    (cliff,) = result.found
    assert (cliff.size, cliff.lasts, cliff.example.expenses[0]) == (15_00, {100_00}, 50_00)
    assert cliff.example.personal == (35_00, 50_00)
    book = make_book(policy)
    book.settle(claim("a", "2010-06-01", "100.01"))
    assert book.settle(claim("b", "2011-06-01", "50.00")).personal_pay == 50_00


def test_all_that_one_fen_takes_away_is_counted_together(tmp_path: Path) -> None:
    """With the lower deductible goes a bonus of 10.00 on what is left: 15.00 and 10.00."""
    year: Rules = {"phase": "year_end"}
    more = [
        step("left", 30, "subtract", from_="in_scope", less=["pool_pay"], to="left"),
        step(
            "extra", 40, "least", terms=["left", "bonus"], to="supplement_pay", layer="supplement"
        ),
        step("earned", 910, "keep", of="prize", if_="calm", to="earned", **year),
        step("carried", 911, "set", value="earned", into="bonus", **year),
    ]
    figures = {"limit": table("yuan", "100.00"), "prize": table("yuan", "10.00")}
    policy = make_policy(tmp_path, rules(*quiet(), *more, **figures))
    (cliff,) = year_end(policy, date(2010, 6, 1), Bill(), TOP).found
    assert set(cliff.jump.moved) == {"quiet", "bonus"}
    assert (cliff.size, cliff.example.personal) == (25_00, (25_00, 50_00))


def test_what_only_shrinks_fen_by_fen_is_no_cliff(tmp_path: Path) -> None:
    """An unused quota that is carried on loses one fen for one fen."""
    year: Rules = {"phase": "year_end"}
    carry = [
        step("rest", 900, "subtract", from_="limit", less=["used"], to="rest", **year),
        step("carried", 901, "set", value="rest", into="bonus", **year),
    ]
    policy = make_policy(tmp_path, rules(*carry, limit=table("yuan", "100.00")))
    result = year_end(policy, date(2010, 6, 1), Bill(), TOP)
    assert (result.jumps, result.found) == (0, [])


def test_a_threshold_that_is_missing_is_counted(tmp_path: Path) -> None:
    limit = table("yuan", [{"missing": "nobody knows"}])
    policy = make_policy(tmp_path, rules(*quiet(), limit=limit))
    result = year_end(policy, date(2010, 6, 1), Bill(), TOP)
    assert result.refused["limit"] > 0
    assert not result.found

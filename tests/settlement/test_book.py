"""The book: who may be settled, what a reversal takes back, and how one year opens the next.

The pack: a deductible of 100.00 a year (50.00 for students), then 50 %, under a ceiling of 1,000.00
a year. What a full year leaves of the ceiling is added to the next one's. All figures by hand.
"""

from pathlib import Path

import pytest
from small_pack import (
    add_document,
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

from yibao.errors import ClaimError, MissingFigure, NoRule
from yibao.policy.policy import Policy, load_policy
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Reversal

DEDUCTIBLE = [
    {"category": "adult", "value": "100.00"},
    {"category": "student_child", "value": "50.00"},
]
FULL = {"full_year": True}
RULES = {
    "state": state("borne", "paid", "credit")
    | state("ever_paid", scope="lifetime")
    | state("stays", unit="count")
    | state("own_number", unit="count", scope="episode"),
    "tables": {
        "standard": table("yuan", DEDUCTIBLE, {"category": ["adult", "student_child"]}),
        "rate": table("rate", "50%"),
        "ceiling": table("yuan", "1000.00"),
    },
    "steps": [
        step(
            "d", 10, "deductible", of="in_scope", standard="standard", met="borne", to="borne_now"
        ),
        step("d_sum", 11, "accumulate", amount="borne_now", into="borne"),
        step("rest", 12, "subtract", from_="in_scope", less=["borne_now"], to="rest"),
        step("share", 13, "share", of="rest", rate="rate", to="benefit"),
        step("room", 14, "add", terms=["ceiling", "credit"], to="room"),
        step("pay", 15, "cap", of="benefit", limit="room", used="paid", to="pool_pay"),
        step("paid_sum", 16, "accumulate", amount="pool_pay", into="paid"),
        step("ever", 17, "accumulate", amount="pool_pay", into="ever_paid"),
        step("number", 18, "ordinal", total="stays", own="own_number"),
        step("end_room", 20, "add", phase="year_end", terms=["ceiling", "credit"], to="room"),
        step("left", 21, "subtract", phase="year_end", from_="room", less=["paid"], to="left"),
        step("carry", 22, "set", phase="year_end", when=FULL, value="left", into="credit"),
    ],
}


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return make_policy(tmp_path_factory.mktemp("region"), RULES)


@pytest.fixture
def book(policy: Policy) -> Book:
    return make_book(policy, status(first="2017-01-01"))


def reversal(claim_id: str, reverses: str, day: str = "2017-12-01") -> Reversal:
    return Reversal(claim_id, reverses, claim("x", day).settled_at)


def fails(error: ClaimError, column: str, value: str, rule: str, expected: str) -> bool:
    found = (error.column, error.value, error.rule, error.expected)
    return found == (column, value, rule, expected) and str(error) == (
        f"{column} = {value!r}: {expected}"
    )


# --- ids and persons ----------------------------------------------------------------------------


def test_a_claim_id_is_used_once(book: Book) -> None:
    book.settle(claim("c1", "2017-03-01", "300.00"))
    before = book.state("p", "resident", 2017)
    with pytest.raises(ClaimError) as caught:
        book.settle(claim("c1", "2017-04-01", "300.00"))
    assert fails(caught.value, "claim_id", "c1", "unique claim id", "an id not used before")
    assert book.state("p", "resident", 2017) == before


def test_the_id_of_a_reversed_claim_stays_used(book: Book) -> None:
    book.settle(claim("c1", "2017-03-01", "300.00"))
    book.reverse(reversal("r1", "c1"))
    with pytest.raises(ClaimError, match="an id not used before"):
        book.settle(claim("c1", "2017-04-01", "300.00"))


def test_claims_and_reversals_share_their_ids(book: Book) -> None:
    settle_all(book, [claim("c1", "2017-03-01", "300.00"), claim("c2", "2017-03-02", "1.00")])
    rule = ("unique claim id", "an id not used before")
    with pytest.raises(ClaimError) as caught:
        book.reverse(reversal("c2", "c1"))
    assert fails(caught.value, "claim_id", "c2", *rule)
    book.reverse(reversal("r1", "c1"))
    with pytest.raises(ClaimError) as caught:
        book.reverse(reversal("r1", "c2"))
    assert fails(caught.value, "claim_id", "r1", *rule)
    with pytest.raises(ClaimError) as caught:
        book.settle(claim("r1", "2017-04-01", "300.00"))
    assert fails(caught.value, "claim_id", "r1", *rule)


def test_a_person_must_be_known_and_insured_on_the_day(policy: Policy) -> None:
    book = make_book(policy, status(first="2017-01-01", last="2017-06-30"))
    with pytest.raises(ClaimError, match="person_id = 'q'") as unknown:
        book.settle(claim("c1", "2017-03-01", "300.00", person="q"))
    with pytest.raises(ClaimError, match="a person insured on 2017-07-01") as ended:
        book.settle(claim("c2", "2017-07-01", "300.00"))
    assert unknown.value.rule == ended.value.rule == "insured on the day of service"
    assert unknown.value.expected == "a person of the persons file"
    assert paid([book.settle(claim("c3", "2017-06-30", "300.00"))]) == [100_00]


def test_persons_do_not_touch_each_other(policy: Policy) -> None:
    book = make_book(policy, status("p"), status("q"))
    settled = settle_all(
        book,
        [
            claim("c1", "2017-03-01", "300.00"),
            claim("c2", "2017-03-01", "300.00", person="q"),
            claim("c3", "2017-03-02", "300.00"),
        ],
    )
    assert paid(settled) == [100_00, 100_00, 150_00]
    assert [s.claim.claim_id for s in book.settlements("p")] == ["c1", "c3"]
    assert [s.claim.claim_id for s in book.settlements()] == ["c1", "c2", "c3"]
    assert book.settlements("nobody") == []


def test_a_claim_that_is_refused_leaves_no_trace(tmp_path: Path) -> None:
    rows = [*DEDUCTIBLE[:1], {"category": "student_child", "missing": "nobody found it"}]
    keys = {"category": ["adult", "student_child"]}
    tables = RULES["tables"] | {"standard": table("yuan", rows, keys)}
    policy = make_policy(tmp_path / "region", RULES | {"tables": tables})
    book = make_book(
        policy,
        status(first="2017-01-01", last="2017-06-30"),
        status(first="2017-07-01", category="student_child"),
    )
    book.settle(claim("c1", "2017-03-01", "300.00"))
    before = book.state("p", "resident", 2017)
    with pytest.raises(MissingFigure) as caught:
        book.settle(claim("c2", "2017-08-01", "300.00"))
    assert caught.value.name == "standard"
    assert book.state("p", "resident", 2017) == before
    assert [s.claim.claim_id for s in book.settlements()] == ["c1"]
    assert paid([book.settle(claim("c2", "2017-04-01", "300.00"))]) == [150_00]


def test_a_refused_claim_does_not_open_its_year(tmp_path: Path) -> None:
    """2018 has no rules; the late claim of 2017 still counts for 2019."""
    make_policy(tmp_path / "r", RULES)
    (tmp_path / "r" / "rules@2000-01-01" / "document.yaml").unlink()
    (tmp_path / "r" / "rules@2000-01-01" / "rules.yaml").unlink()
    (tmp_path / "r" / "rules@2000-01-01").rmdir()
    add_document(tmp_path / "r", RULES, "rules", start="2017-01-01", end="2018-06-30")
    book = make_book(load_policy(tmp_path / "r"), status(first="2017-01-01"))
    with pytest.raises(NoRule):
        book.settle(claim("c1", "2018-07-01", "300.00"))
    book.settle(claim("c2", "2017-12-31", "300.00"))
    assert book.settle(claim("c3", "2018-01-02", "300.00")).figure("room") == 1_900_00


# --- reversals ----------------------------------------------------------------------------------


def test_a_reversal_needs_a_settled_claim_that_stands(book: Book) -> None:
    with pytest.raises(ClaimError) as caught:
        book.reverse(reversal("r1", "c1"))
    rule = "reversal of a settled claim"
    assert fails(caught.value, "reverses", "c1", rule, "a settled claim")
    book.settle(claim("c1", "2017-03-01", "300.00"))
    book.reverse(reversal("r1", "c1"))
    with pytest.raises(ClaimError) as caught:
        book.reverse(reversal("r2", "c1"))
    assert fails(caught.value, "reverses", "c1", "one reversal of a claim", "a claim that stands")
    with pytest.raises(ClaimError, match="reverses = 'r1'"):
        book.reverse(reversal("r3", "r1"))


def test_a_failed_reversal_changes_nothing(book: Book) -> None:
    book.settle(claim("c1", "2017-03-01", "300.00"))
    before = book.state("p", "resident", 2017)
    with pytest.raises(ClaimError):
        book.reverse(reversal("c1", "c1"))
    assert book.state("p", "resident", 2017) == before
    assert book.reverse(reversal("r1", "c1")).settlement.claim.claim_id == "c1"


def test_the_reversal_of_the_last_claim_restores_the_state(book: Book) -> None:
    book.settle(claim("c1", "2017-03-01", "80.00"))
    before = book.state("p", "resident", 2017)
    assert before == {
        "borne": 80_00, "paid": 0, "credit": 0, "ever_paid": 0, "stays": 1,
    }  # fmt: skip
    settlement = book.settle(claim("c2", "2017-04-01", "300.00"))
    assert paid([settlement]) == [140_00]  # (300 - 20) x 50 %
    assert book.state("p", "resident", 2017) == {
        "borne": 100_00, "paid": 140_00, "credit": 0, "ever_paid": 140_00, "stays": 2,
    }  # fmt: skip
    reversed_ = book.reverse(reversal("r1", "c2"))
    assert reversed_.settlement is settlement
    assert reversed_.reversal.claim_id == "r1"
    assert reversed_.differences == ()
    assert book.state("p", "resident", 2017) == before
    assert [s.claim.claim_id for s in book.settlements("p")] == ["c1"]


def test_the_reversal_of_an_earlier_claim_reports_what_later_ones_would_have_been(
    book: Book,
) -> None:
    """c1 bore the deductible: 100 and 150 paid. Without c1, c2 bears it and gets 100."""
    c1, c2, c3 = settle_all(
        book,
        [
            claim("c1", "2017-03-01", "300.00"),
            claim("c2", "2017-04-01", "300.00"),
            claim("c3", "2017-05-01", "300.00"),
        ],
    )
    assert paid([c1, c2, c3]) == [100_00, 150_00, 150_00]
    (difference,) = book.reverse(reversal("r1", "c1")).differences
    assert difference.settlement is c2
    assert difference.cause == "c1"
    assert difference.would_be is not None
    assert difference.would_be.figure("pool_pay") == 100_00
    # What stands, stands: c2 and c3 keep what they got, and the deductible is open again.
    assert paid(book.settlements("p")) == [150_00, 150_00]
    assert book.state("p", "resident", 2017)["borne"] == 0
    assert book.state("p", "resident", 2017)["paid"] == 300_00
    assert paid([book.settle(claim("c4", "2017-06-01", "300.00"))]) == [100_00]


def test_a_reversal_that_changes_no_later_claim_reports_nothing(book: Book) -> None:
    """c1 bore the whole deductible; c2 is reversed, c3 does not notice."""
    for n, month in enumerate(("03", "04", "05"), 1):
        book.settle(claim(f"c{n}", f"2017-{month}-01", "300.00"))
    assert book.reverse(reversal("r1", "c2")).differences == ()


def test_a_reversal_frees_the_ceiling(book: Book) -> None:
    settled = settle_all(
        book,
        [
            claim("c1", "2017-03-01", "1700.00"),  # 800
            claim("c2", "2017-04-01", "1000.00"),  # 200 of 500
            claim("c3", "2017-05-01", "100.00"),  # 0 of 50
        ],
    )
    assert paid(settled) == [800_00, 200_00, 0]
    differences = book.reverse(reversal("r1", "c1")).differences
    would = [d.would_be.figure("pool_pay") for d in differences if d.would_be]
    assert would == [450_00, 50_00]  # (1,000 - 100) x 50 %, 100 x 50 %
    assert paid([book.settle(claim("c4", "2017-06-01", "2000.00"))]) == [800_00]


def test_a_later_claim_that_would_now_be_refused_is_reported_so(tmp_path: Path) -> None:
    """The figure of a first stay at level 3 is missing; c2 was a second stay."""
    number = {"title": {"zh": "例", "en": "n"}, "ordinal_of": "stays", "within": "own_number"}
    rows = [
        {"number": "1", "level": "2", "value": "50%"},
        {"number": "1", "level": "3", "missing": "nobody found it"},
        {"number": "2", "value": "40%"},
    ]
    keys = {"number": ["1", "2"], "level": ["2", "3"]}
    rules = RULES | {
        "state_attributes": {"number": number | {"max": 2}},
        "tables": RULES["tables"] | {"rate": table("rate", rows, keys)},
    }
    book = make_book(make_policy(tmp_path / "region", rules))
    settled = settle_all(
        book,
        [
            claim("c1", "2017-03-01", "300.00", level="2"),
            claim("c2", "2017-04-01", "300.00", level="3"),
        ],
    )
    assert paid(settled) == [100_00, 120_00]
    (difference,) = book.reverse(reversal("r1", "c1")).differences
    assert difference.settlement is settled[1]
    assert difference.would_be is None


def test_a_reversal_in_a_closed_year_reports_the_next_years_claims(book: Book) -> None:
    """2017 used 100 of 1,000, so 2018 opened with 900. Without c1 it would have been 1,000."""
    book.settle(claim("c1", "2017-03-01", "300.00"))
    c2 = book.settle(claim("c2", "2018-03-01", "5000.00"))
    assert paid([c2]) == [1_900_00]  # of 2,450
    (difference,) = book.reverse(reversal("r1", "c1", "2018-04-01")).differences
    assert difference.settlement is c2
    assert difference.would_be is not None
    assert difference.would_be.figure("pool_pay") == 2_000_00
    assert book.state("p", "resident", 2018)["credit"] == 900_00  # what was opened stays


def test_reversed_claims_are_not_settled_anew_in_later_comparisons(book: Book) -> None:
    """After r1 took c1 back, c2 alone bears the deductible in every replay."""
    settle_all(
        book,
        [
            claim("c1", "2017-03-01", "300.00"),
            claim("c2", "2017-04-01", "300.00"),
            claim("c3", "2017-05-01", "300.00"),
        ],
    )
    book.reverse(reversal("r1", "c1"))
    (difference,) = book.reverse(reversal("r2", "c2")).differences
    assert difference.settlement.claim.claim_id == "c3"
    assert difference.would_be is not None
    assert difference.would_be.figure("pool_pay") == 100_00
    assert book.reverse(reversal("r3", "c3")).differences == ()
    assert set(book.state("p", "resident", 2017).values()) == {0}


# --- years --------------------------------------------------------------------------------------


def test_a_year_opens_with_what_closing_the_year_before_leaves(book: Book) -> None:
    book.settle(claim("c1", "2017-03-01", "300.00"))
    end = book.close_year("p", 2017)
    assert (end.person_id, end.scheme, end.year) == ("p", "resident", 2017)
    assert end.memory[end.program.structure.final["left"]] == 900_00
    assert end.opening == {
        "borne": 0, "paid": 0, "credit": 900_00, "ever_paid": 100_00, "stays": 0,
    }  # fmt: skip
    assert book.state("p", "resident", 2018) == end.opening
    assert book.settle(claim("c2", "2018-01-01", "300.00")).figure("room") == 1_900_00


def test_roll_over_over_several_years_with_and_without_claims(book: Book) -> None:
    """Unused: 900 of 2017; all of 1,900 in 2018; 2,900 - 100 in 2019; all of 3,800 in 2020."""
    book.settle(claim("c1", "2017-03-01", "300.00"))
    book.settle(claim("c2", "2019-03-01", "300.00"))
    assert [book.close_year("p", year).opening["credit"] for year in range(2017, 2021)] == [
        900_00, 1_900_00, 2_800_00, 3_800_00,
    ]  # fmt: skip
    assert book.state("p", "resident", 2021)["ever_paid"] == 200_00
    assert book.settle(claim("c3", "2021-12-31", "300.00")).figure("room") == 4_800_00


def test_to_ask_for_a_year_fixes_nothing(book: Book) -> None:
    assert book.state("p", "resident", 2019)["credit"] == 2_000_00
    book.settle(claim("c1", "2017-03-01", "300.00"))
    assert book.state("p", "resident", 2019)["credit"] == 1_900_00
    assert book.opening("p", 2019) == list(book.state("p", "resident", 2019).values())


def test_a_late_claim_leaves_the_opened_year_and_is_reported(book: Book) -> None:
    """Settled in order, c2 would have found 150 less: (1,000 - 250) + 1,000."""
    book.settle(claim("c1", "2017-03-01", "300.00"))
    c2 = book.settle(claim("c2", "2018-03-01", "5000.00"))
    late = book.settle(claim("c3", "2017-12-31", "300.00"))
    assert paid([c2, late]) == [1_900_00, 150_00]
    (difference,) = book.late_effects(late)
    assert difference.settlement is c2
    assert difference.cause == "c3"
    assert difference.would_be is not None
    assert difference.would_be.figure("pool_pay") == 1_750_00
    assert book.state("p", "resident", 2018)["credit"] == 900_00


def test_a_late_claim_is_reported_over_a_year_without_claims(book: Book) -> None:
    """2018 has no claim of its own; 2019 opened with 2,000 + 1,000 and would have 1,900 + 1,000."""
    c1 = book.settle(claim("c1", "2019-03-01", "9000.00"))
    assert paid([c1]) == [3_000_00]
    late = book.settle(claim("c2", "2017-12-31", "300.00"))
    (difference,) = book.late_effects(late)
    assert difference.settlement is c1
    assert difference.would_be is not None
    assert difference.would_be.figure("pool_pay") == 2_900_00


def test_a_late_claim_that_changes_nothing_later_reports_nothing(book: Book) -> None:
    """2018's claim stays far below either ceiling."""
    book.settle(claim("c1", "2018-03-01", "300.00"))
    late = book.settle(claim("c2", "2017-12-31", "300.00"))
    assert book.late_effects(late) == ()


def test_a_claim_in_its_own_year_has_no_late_effects(book: Book) -> None:
    first, second = settle_all(
        book, [claim("c1", "2017-03-01", "300.00"), claim("c2", "2017-02-01", "300.00")]
    )
    assert book.late_effects(first) == book.late_effects(second) == ()


def test_an_opening_that_was_given_is_taken(policy: Policy) -> None:
    enrolment = Enrolment([status(first="2010-01-01")])
    book = Book(policy, enrolment, {("p", 2017): {"credit": 70_00, "borne": 100_00}})
    c1 = book.settle(claim("c1", "2017-03-01", "300.00"))
    assert (c1.figure("room"), c1.figure("pool_pay")) == (1_070_00, 150_00)
    assert book.opening("p", 2018)[2] == 920_00  # 1,070 - 150
    assert book.opening("p", 2016)[2] == 6 * 1_000_00  # 2010 to 2015, as if nothing were given
    late = book.settle(claim("c2", "2016-03-01", "300.00"))
    assert book.late_effects(late) == ()  # 2017's opening is what was given
    differences = book.reverse(reversal("r1", "c2")).differences
    assert differences == ()


def test_a_year_in_which_nobody_was_insured_carries_only_lifetime_values(policy: Policy) -> None:
    book = make_book(
        policy, status(first="2017-01-01", last="2017-12-31"), status(first="2019-01-01")
    )
    book.settle(claim("c1", "2017-03-01", "300.00"))
    assert book.state("p", "resident", 2018)["credit"] == 900_00
    assert book.state("p", "resident", 2019) == {
        "borne": 0, "paid": 0, "credit": 0, "ever_paid": 100_00, "stays": 0,
    }  # fmt: skip
    with pytest.raises(ClaimError, match="a person insured in 2018") as caught:
        book.close_year("p", 2018)
    assert fails(caught.value, "person_id", "p", "insured in the year", "a person insured in 2018")


@pytest.mark.parametrize(
    ("periods", "full"),
    [
        ([("2017-01-01", "2017-12-31")], True),
        ([("2017-01-01", None)], True),
        ([("2010-05-01", "2017-06-30"), ("2017-07-01", None)], True),
        ([("2017-01-02", None)], False),
        ([("2017-01-01", "2017-12-30")], False),
        ([("2017-01-01", "2017-06-29"), ("2017-07-01", None)], False),
    ],
)
def test_a_gap_in_the_year_forfeits_what_a_full_year_would_carry(
    policy: Policy, periods: list[tuple[str, str | None]], full: bool
) -> None:
    book = make_book(policy, *(status(first=first, last=last) for first, last in periods))
    book.settle(claim("c1", "2017-05-01", "300.00"))
    prior = 1_000_00 * (2017 - 2011) if periods[0][0] == "2010-05-01" else 0
    assert book.close_year("p", 2017).opening["credit"] == (900_00 + prior if full else 0)


def test_a_change_of_category_in_the_year_keeps_the_year(policy: Policy) -> None:
    """A student bore 50.00 of 50.00; as an adult, 50.00 of 100.00 are still to be borne."""
    book = make_book(
        policy,
        status(first="2017-01-01", last="2017-08-31", category="student_child"),
        status(first="2017-09-01"),
    )
    c1, c2 = settle_all(
        book, [claim("c1", "2017-08-31", "300.00"), claim("c2", "2017-09-01", "300.00")]
    )
    assert (c1.figure("borne_now"), c2.figure("borne_now")) == (50_00, 50_00)
    assert paid([c1, c2]) == [125_00, 125_00]


def test_the_opening_of_a_year_is_fixed_for_all_schemes_of_it(policy: Policy) -> None:
    """c1 opened 2018 with 1,000 of 2017; the late c2 does not change that for c3 in July."""
    book = make_book(
        policy,
        status(first="2017-01-01", last="2018-06-30"),
        status(first="2018-07-01", scheme="employee"),
    )
    book.settle(claim("c1", "2018-03-01", "300.00"))
    book.settle(claim("c2", "2017-12-31", "300.00"))
    assert book.settle(claim("c3", "2018-07-01", "300.00")).figure("room") == 2_000_00


def test_the_years_end_is_closed_with_the_status_of_that_year(tmp_path: Path) -> None:
    """Only students carry over; the student of 2017 and 2018 is an adult from 1 January 2019."""
    student = FULL | {"category": "student_child"}
    steps = [s | {"when": student} if s["id"] == "carry" else s for s in RULES["steps"]]
    policy = make_policy(tmp_path / "region", RULES | {"steps": steps})
    book = make_book(
        policy,
        status(first="2017-01-01", last="2018-12-31", category="student_child"),
        status(first="2019-01-01"),
    )
    assert book.settle(claim("c1", "2019-03-01", "300.00")).figure("room") == 3_000_00
    assert book.settle(claim("c2", "2020-03-01", "300.00")).figure("room") == 1_000_00


def test_a_reversal_compares_only_the_person_concerned(policy: Policy) -> None:
    """Both entered 2018 with what was given; q's claim is no business of p's reversal."""
    enrolment = Enrolment([status("p"), status("q")])
    given = {(person, 2018): {"credit": 500_00} for person in "pq"}
    book = Book(policy, enrolment, given)
    settled = settle_all(
        book,
        [
            claim("c1", "2017-03-01", "300.00"),
            claim("c2", "2018-03-01", "9000.00"),
            claim("c3", "2018-03-01", "9000.00", person="q"),
        ],
    )
    assert paid(settled) == [100_00, 1_500_00, 1_500_00]
    assert book.reverse(reversal("r1", "c1", "2018-04-01")).differences == ()


def test_a_person_without_any_status_opens_with_nothing(book: Book) -> None:
    assert set(book.state("nobody", "resident", 2017).values()) == {0}


def test_each_scheme_of_a_year_has_its_own_state(policy: Policy) -> None:
    book = make_book(
        policy,
        status(first="2017-01-01", last="2017-06-30"),
        status(first="2017-07-01", scheme="employee"),
    )
    c1, c2 = settle_all(
        book, [claim("c1", "2017-06-30", "300.00"), claim("c2", "2017-07-01", "300.00")]
    )
    assert paid([c1, c2]) == [100_00, 100_00]  # the deductible twice
    assert (c1.scheme, c2.scheme) == ("resident", "employee")
    assert book.state("p", "resident", 2017)["paid"] == 100_00
    assert book.state("p", "employee", 2017)["paid"] == 100_00
    assert book.close_year("p", 2017).scheme == "employee"  # that of 31 December
    assert book.reverse(reversal("r1", "c1")).differences == ()  # the other scheme is untouched


def test_the_day_of_service_decides_the_year_even_when_settled_later(book: Book) -> None:
    stay = claim("c1", "2018-01-05", "300.00", admitted="2017-12-28")
    assert book.settle(stay).day.year == 2018
    assert book.state("p", "resident", 2017)["paid"] == 0
    assert book.state("p", "resident", 2018)["paid"] == 100_00


# --- a known limit ------------------------------------------------------------------------------


def test_an_admission_keeps_its_number_while_a_claim_of_it_stands(book: Book) -> None:
    """c1 and c2 are one episode. Without c1 it is still the first stay, so c3 is the second."""
    book.settle(claim("c1", "2017-03-01", "300.00", episode="E"))
    book.settle(claim("c2", "2017-03-09", "300.00", episode="E"))
    book.reverse(reversal("r1", "c1"))
    assert book.settle(claim("c3", "2017-05-01", "300.00")).figure("own_number") == 2


def test_an_admission_is_uncounted_with_the_last_of_its_claims(book: Book) -> None:
    """c1 and c3 are one episode, c2 another. Whatever is taken back first, nothing is left over."""
    for n, order in enumerate([("c1", "c3", "c2"), ("c3", "c1", "c2"), ("c2", "c1", "c3")]):
        for claim_id, episode in [("c1", "E"), ("c2", "F"), ("c3", "E")]:
            book.settle(claim(f"{n}{claim_id}", "2017-03-01", "300.00", episode=episode))
        assert book.state("p", "resident", 2017)["stays"] == 2
        for taken in order:
            book.reverse(reversal(f"r{n}{taken}", f"{n}{taken}"))
        assert set(book.state("p", "resident", 2017).values()) == {0}


def test_the_claims_of_an_episode_are_one_admission(book: Book) -> None:
    a, b, c, d = settle_all(
        book,
        [
            claim("c1", "2017-03-01", "1.00", episode="E"),
            claim("c2", "2017-03-09", "1.00"),
            claim("c3", "2017-03-10", "1.00", episode="E"),
            claim("c4", "2017-03-11", "1.00"),
        ],
    )
    assert [s.figure("own_number") for s in (a, b, c, d)] == [1, 2, 1, 3]

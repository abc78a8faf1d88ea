"""Days far away, and names that meet by chance: the book must neither fall over nor mix them up."""

from pathlib import Path

from claim_files import CLAIM, GOOD, PERSON, settle, settled
from small_pack import claim, make_book, make_policy, paid, state, status, step, table

NULL_DATE = {"from": "0001-01-01", "birth_date": "0001-01-01"}
FAR = {"admitted_on": "9999-01-01", "discharged_on": "9999-01-01", "settled_at": "9999-01-02"}


def test_a_status_since_the_year_1_settles_as_one_since_the_first_rule(tmp_path: Path) -> None:
    funds = [
        settle(tmp_path, [CLAIM, GOOD], [PERSON | period]).batch.entries[-1].settlement.funds
        for period in (NULL_DATE, {"from": "2010-01-01"})
    ]
    assert funds[0] == funds[1]


def test_a_claim_of_the_year_9999_does_not_end_the_run(tmp_path: Path) -> None:
    run = settle(tmp_path, [CLAIM, {**CLAIM, "claim_id": "FAR"} | FAR])
    assert settled(run) == ["C1", "FAR"]


def test_years_are_opened_one_after_another_from_the_last_that_is_known(tmp_path: Path) -> None:
    rules = {
        "tables": {"one": table("count", 1)},
        "state": state("years", unit="count", scope="lifetime"),
        "steps": [
            step("s", 10, "add", terms=["in_scope"], to="pool_pay", layer="basic"),
            step("n", 10, "add", terms=["years", "one"], to="more", phase="year_end"),
            step("k", 20, "set", value="more", into="years", phase="year_end"),
        ],
    }
    book = make_book(make_policy(tmp_path, rules), status(first="0001-01-01"))
    assert book.opening("p", 2000) == [0]  # the first rules
    assert book.opening("p", 2010) == [10]
    assert book.opening("p", 2005) == [5]
    assert book.opening("p", 4000) == [2000]


def test_an_episode_called_like_another_claim_is_not_that_claims(tmp_path: Path) -> None:
    rules = {
        "tables": {"deductible": table("yuan", "500.00")},
        "state": state("met", scope="episode"),
        "steps": [
            step("d", 10, "deductible", of="in_scope", standard="deductible", met="met", to="own"),
            step("m", 20, "accumulate", amount="own", into="met"),
            step("p", 30, "subtract", from_="in_scope", less=["own"], to="pool_pay", layer="basic"),
        ],
    }
    book = make_book(make_policy(tmp_path, rules))
    alone = book.settle(claim("7", "2020-01-01", "600.00"))
    other = book.settle(claim("8", "2020-01-02", "600.00", episode="7"))
    assert paid([alone, other]) == [100_00, 100_00]

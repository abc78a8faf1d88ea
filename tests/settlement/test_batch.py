"""A stream of claims: its order, what is refused, what is taken back, what comes late."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yibao.errors import ClaimError, NoRule, PackDefect
from yibao.money import parse_yuan
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import Batch, Item, in_order, settle_all, standing, totals
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Claim, Reversal, Status

START = datetime.fromisoformat("2019-01-10")
WORDS = vocabulary()
PERSON = {"scheme": "employee", "category": "in_service"}


@cache
def tianjin() -> Policy:
    return load_policy("tianjin")


def status(person: str) -> Status:
    facts = [a for a in WORDS.of("person") if a.kind != "number"]
    values = tuple(PERSON.get(a.name, a.absent) for a in facts)
    begin = START.date().replace(month=1, day=1)
    return Status(person, begin, None, begin.replace(year=1975), values)  # type: ignore[arg-type]


def claim(
    claim_id: str, yuan: str = "500.00", *, person: str = "P1", day: int = 0, late: int = 0
) -> Item:
    """Return an outpatient claim at level 2, `day` days after the start, settled `late` later."""
    at = START + timedelta(days=day)
    given = {"visit": "outpatient", "level": "2"}
    amounts = {"total": parse_yuan(yuan), "in_scope": parse_yuan(yuan)}
    return Item(
        Claim(
            claim_id=claim_id,
            person_id=person,
            admitted=at.date(),
            discharged=at.date(),
            settled_at=at + timedelta(days=late),
            facts=tuple(given.get(a.name, a.absent) for a in WORDS.of("claim")),  # type: ignore[misc]
            amounts=tuple(amounts.get(name, 0) for name in WORDS.amounts),
        )
    )


def reversal(claim_id: str, reverses: str, day: int) -> Item:
    return Item(Reversal(claim_id, reverses, START + timedelta(days=day)))


def run(items: Sequence[Item]) -> Batch:
    enrolment = Enrolment([status("P1"), status("P2")])
    return settle_all(Book(tianjin(), enrolment), in_order(items))


def pays(batch: Batch) -> dict[str, int]:
    return {e.item.what.claim_id: e.sign * e.settlement.figure("pool_pay") for e in batch.entries}


# --- order ----------------------------------------------------------------------------------------


def test_order_is_by_time_then_id() -> None:
    items = [claim("C", day=1), claim("B", day=2), claim("A", day=2), claim("D", day=0)]
    assert [i.what.claim_id for i in in_order(items)] == ["D", "C", "A", "B"]


def test_the_deductible_is_used_up_in_that_order() -> None:
    """Deductible 800 at 65 %: 0; 200 x 65 % = 130; 325."""
    items = [claim("C", day=3), claim("A", day=1), claim("B", day=2)]
    assert pays(run(items)) == {"A": 0, "B": 130_00, "C": 325_00}


@settings(max_examples=200)
@given(st.permutations(range(6)), st.permutations(range(6)))
def test_the_order_of_input_changes_nothing(one: list[int], other: list[int]) -> None:
    """Splitting a year's claims differently in files only permutes the items."""
    items = [
        claim("A", "400.00", day=1),
        claim("B", "300.50", day=1),
        claim("B", "700.00", day=1),
        claim("C", "900.00", day=9, person="P2"),
        reversal("R", "A", 20),
        claim("E", "1000.00", day=30),
    ]
    batches = [run([items[n] for n in order]) for order in (one, other)]
    assert pays(batches[0]) == pays(batches[1])
    assert totals(batches[0].entries) == totals(batches[1].entries)
    refused = [[r.item.what for r in b.rejections] for b in batches]
    assert refused[0] == refused[1]
    assert len(refused[0]) == 1


# --- what is refused ------------------------------------------------------------------------------


def test_refusals_are_collected_and_leave_no_trace() -> None:
    items = [
        claim("A", day=1),
        claim("A", day=2),
        claim("X", day=2, person="P9"),
        claim("O", day=-4000),
        reversal("R", "nothing", 3),
        claim("B", day=4),
    ]
    batch = run(items)
    found = {(r.item.what.claim_id, type(r.error)) for r in batch.rejections}
    assert found == {("A", ClaimError), ("X", ClaimError), ("O", ClaimError), ("R", ClaimError)}
    assert pays(batch) == {"A": 0, "B": 130_00}


def test_a_day_without_rules_is_refused() -> None:
    early = START.date().replace(year=2009)
    held = status("P1")
    old = Status("P1", early, None, held.birth_date, held.facts)
    batch = settle_all(Book(tianjin(), Enrolment([old])), [claim("O", day=-2500)])
    (rejection,) = batch.rejections
    assert isinstance(rejection.error, NoRule)


def test_an_id_is_used_by_claims_and_reversals_alike() -> None:
    batch = run([claim("A", day=1), reversal("R", "A", 2), claim("R", day=3)])
    assert [r.item.what.claim_id for r in batch.rejections] == ["R"]
    batch = run([claim("A", day=1), claim("B", day=1), reversal("B", "A", 2)])
    assert [type(r.item.what) for r in batch.rejections] == [Reversal]


def test_a_refused_id_may_be_used_again() -> None:
    batch = run([claim("A", day=1, person="P9"), claim("A", day=2)])
    assert len(batch.rejections) == 1
    assert pays(batch) == {"A": 0}


def test_a_defect_of_the_pack_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    def settle(book: Book, item: Claim) -> None:
        raise PackDefect("the funds pay more than the bill")

    monkeypatch.setattr(Book, "settle", settle)
    with pytest.raises(PackDefect):
        run([claim("A")])


# --- reversals and late claims --------------------------------------------------------------------


def test_a_reversal_reports_what_would_be_otherwise() -> None:
    """Without A the deductible takes all of B and 200 less of C."""
    batch = run([claim("A", day=1), claim("B", day=2), claim("C", day=3), reversal("R", "A", 4)])
    assert pays(batch) == {"A": 0, "B": 130_00, "C": 325_00, "R": 0}
    would = {
        d.settlement.claim.claim_id: d.would_be.figure("pool_pay")
        for d in batch.differences
        if d.would_be
    }
    assert would == {"B": 0, "C": 130_00}
    assert {d.cause for d in batch.differences} == {"A"}
    assert [s.claim.claim_id for s in standing(batch.entries)] == ["B", "C"]


def test_reversing_everything_leaves_nothing() -> None:
    items = [claim("A", "1200.00", day=1), claim("B", day=2)]
    batch = run([*items, reversal("R1", "A", 5), reversal("R2", "B", 6), claim("C", day=9)])
    assert pays(batch)["C"] == 0
    only = run([claim("C", day=9)])
    found = totals(batch.entries)
    assert (found.settled, found.reversed) == (3, 2)
    assert found.amounts == totals(only.entries).amounts


def test_a_late_claim_reports_its_effect_on_the_next_year() -> None:
    """800 of late expense in 2019 ends the low year that lowered the deductible of 2020."""
    late = claim("L", "900.00", day=300, late=200)
    batch = run([claim("A", "1500.00", day=400), late])
    assert [e.item.what.claim_id for e in batch.entries] == ["A", "L"]
    assert {(d.settlement.claim.claim_id, d.cause) for d in batch.differences} == {("A", "L")}


def test_totals_by_scheme() -> None:
    batch = run([claim("A", "1000.00", day=1), claim("B", "500.00", day=2, person="P2")])
    assert totals(batch.entries, "employee") == totals(batch.entries)
    assert totals(batch.entries, "resident").settled == 0
    amounts = totals(batch.entries).amounts
    assert amounts["total"] == 1_500_00
    assert amounts["pool_pay"] + amounts["personal_pay"] == 1_500_00

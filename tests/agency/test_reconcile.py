"""Reconciliation: every difference is found with its class, and nothing else is."""

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import psycopg
import pytest
from booked import book, take_back
from hypothesis import given
from hypothesis import strategies as st

from yibao.agency.clearing.apply import apply
from yibao.agency.clearing.audit import appeal, audit, decide
from yibao.agency.clearing.model import Act, Deduction, Rate
from yibao.agency.clearing.pay import pay
from yibao.agency.reconcile.books import CHECKS, verify
from yibao.agency.reconcile.compare import compare
from yibao.agency.reconcile.day import Reconciliation, reconcile
from yibao.agency.reconcile.file import Booked, columns, read
from yibao.agency.reconcile.model import Comparison, Flow, Money, Row
from yibao.interop.files.rows import InputError
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.ledger.funds import PERSONAL
from yibao.store.database import Database

POOL = "resident.pool_pay"
DAY = date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)
PERIOD = (DAY, DAY)


def row(number: str, fund: int = 100, flow: Flow = "settle", **changes: object) -> Row:
    made = Row(number, flow, "P1", "resident", DAY, Money(fund + 30, fund, 10, 20), number)
    return made._replace(**changes)


def found(ours: Sequence[Row], theirs: Sequence[Row]) -> Comparison:
    return compare(("desk", "institution"), ours, theirs, PERIOD)


def told(ours: Sequence[Row], theirs: Sequence[Row]) -> list[tuple[str, str, str | None, int]]:
    return [(d.kind, d.flow, d.lacking, d.effect.fund_pay) for d in found(ours, theirs).differences]


# --- each class by hand ---------------------------------------------------------------------------


def test_sides_that_tell_the_same_do_not_differ() -> None:
    both = [row("A1"), row("A2"), row("A2", flow="refund")]
    same = found(both, both[::-1])
    assert same.differences == []
    assert same.gap == Money()
    assert same.sums[0] == Money(130, 100, 10, 20)
    assert same.rows == (3, 3)


def test_each_class_of_difference() -> None:
    a, back = row("A1"), row("A1", flow="refund")
    assert told([a], []) == [("missing", "settle", "institution", 100)]
    assert told([], [a]) == [("missing", "settle", "desk", -100)]
    assert told([a], [a, a]) == [("duplicate", "settle", None, -100)]
    assert told([a, back], [a]) == [("reversed_on_one_side", "refund", "institution", -100)]
    assert told([a], [a, back]) == [("reversed_on_one_side", "refund", "desk", 100)]
    assert told([a], [row("A1", 39)]) == [("amount", "settle", None, 61)]
    assert told([a], [row("A1", scheme="employee")]) == [("wrong_scheme", "settle", None, 0)]
    assert told([a], [row("A1", person_id="P2")]) == [("wrong_person", "settle", None, 0)]
    assert told([a], [row("A1", day=NEXT)]) == [("wrong_day", "settle", None, 100)]
    assert told([row("A1", day=NEXT)], [a]) == [("wrong_day", "settle", None, -100)]


def test_an_amount_says_which_column_and_by_how_much() -> None:
    (one,) = found([row("A1")], [row("A1", money=Money(130, 90, 10, 30))]).differences
    assert one.told == (("fund_pay", 100, 90), ("cash_pay", 20, 30))
    assert one.effect == Money(0, 10, 0, -10)


def test_a_row_can_differ_in_several_ways_and_counts_once() -> None:
    other = row("A1", 39, person_id="P2", day=NEXT)
    assert told([row("A1")], [other]) == [
        ("wrong_person", "settle", None, 0),
        ("wrong_day", "settle", None, 100),
        ("amount", "settle", None, 0),
    ]


def test_the_likest_of_two_rows_is_taken_for_ours() -> None:
    assert told([row("A1")], [row("A1", 39), row("A1")]) == [("duplicate", "settle", None, -39)]


def test_what_one_side_both_settled_and_took_back_is_missing_twice_on_the_other() -> None:
    both = [row("A1"), row("A1", flow="refund")]
    assert [t[:3] for t in told(both, [])] == [
        ("missing", "refund", "institution"),
        ("missing", "settle", "institution"),
    ]
    assert [t[:3] for t in told([], both)] == [
        ("missing", "refund", "desk"),
        ("missing", "settle", "desk"),
    ]


def test_a_refund_of_an_earlier_day_that_only_the_desk_has() -> None:
    ours = [row("A1", day=DAY - timedelta(days=9)), row("A1", flow="refund")]
    assert told(ours, []) == [("reversed_on_one_side", "refund", "institution", -100)]


def test_what_neither_side_has_in_the_period_does_not_count() -> None:
    assert told([row("A1", day=NEXT)], [row("A1", day=NEXT), row("A1", day=NEXT)]) == []
    assert told([], [row("A1", day=NEXT)]) == []


def test_the_gap_is_told_by_scheme_and_flow() -> None:
    ours = [row("A1"), row("A2", scheme="employee"), row("A2", flow="refund", scheme="employee")]
    theirs = [row("A1", 39, scheme=""), ours[1]]
    parts = found(ours, theirs).parts
    assert [(p.scheme, p.flow, p.rows, p.gap.fund_pay) for p in parts] == [
        ("employee", "refund", (1, 0), -100),
        ("resident", "settle", (1, 1), 61),
    ]


def test_a_scheme_that_a_side_does_not_tell_is_not_compared() -> None:
    assert told([row("A1")], [row("A1", scheme="")]) == []


# --- seeded ---------------------------------------------------------------------------------------

_AMOUNTS = st.integers(1, 10**9)

_ROWS = st.builds(
    Row,
    st.sampled_from(["A1", "A2", "A3"]),
    st.sampled_from(["settle", "refund"]),
    st.sampled_from(["P1", "P2"]),
    st.sampled_from(["resident", "employee", ""]),
    st.sampled_from([DAY, NEXT]),
    st.builds(Money, _AMOUNTS, _AMOUNTS, _AMOUNTS, _AMOUNTS),
    st.just("x"),
)


@given(st.lists(_ROWS, max_size=6, unique_by=lambda r: (r.claim_no, r.flow)), st.lists(_ROWS))
def test_differences_add_up_to_the_gap_whatever_the_sides_hold(
    ours: list[Row], theirs: list[Row]
) -> None:
    result = found(ours, theirs)
    effects = [sum(column) for column in zip(*(d.effect for d in result.differences), strict=True)]
    assert (effects or [0, 0, 0, 0]) == list(result.gap)


# --- files ----------------------------------------------------------------------------------------

HEADER = [c.name for c in columns()]


def write(file: Path, *lines: Sequence[str]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([HEADER, *lines])
    return file


def line(number: str, fund: str, flow: str = "settle", **changes: str) -> list[str]:
    cells = {
        "claim_no": number,
        "person_id": "P1",
        "kind": flow,
        "scheme": "resident",
        "total": fund,
        "fund_pay": fund,
        "account_pay": "0.00",
        "cash_pay": "0.00",
        "settled_at": "2026-03-02 09:30:00",
    }
    return list({**cells, **changes}.values())


def test_a_file_is_read_with_chinese_names_and_bad_rows_are_told(tmp_path: Path) -> None:
    file = write(
        tmp_path / "day.csv",
        line("A1", "1.00", "退费", scheme="职工基本医疗保险"),
        line("A2", "1.00", settled_at="2026-02-30"),
        line("A3", "-1.00"),
        line("", "1.00"),
        line("A5", "1.00", "x"),
        line("=A6", "1.00"),
    )
    booked = read([file])
    assert booked.rows == [
        Row("A1", "refund", "P1", "employee", DAY, Money(100, 100, 0, 0), "day.csv:2")
    ]
    assert [r.errors[0].rule for r in booked.rejects] == [
        "time",
        "not_negative",
        "required",
        "known_code",
        "identifier",
    ]
    assert booked.unread == {"A2", "A3", "A5", "=A6"}


def test_a_file_without_a_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    file.write_text("claim_no,person_id\nA1,P1\n", encoding="utf-8")
    with pytest.raises(InputError, match="settled_at"):
        read([file])


# --- on a database --------------------------------------------------------------------------------


def day(database: Database, *rows: Row, unread: Sequence[str] = ()) -> Reconciliation:
    with database.transaction() as c:
        return reconcile(c, "H1", PERIOD, Booked(list(rows), [], set(unread)))


def desk_row(number: str, fund: int, flow: Flow = "settle") -> Row:
    return Row(number, flow, "P1", "resident", DAY, Money(fund + 30, fund, 10, 20), "f")


@pytest.fixture
def settled(database: Database) -> Database:
    with database.transaction() as c:
        c.execute(
            "INSERT INTO enrolment.person (person_id, identity_type, birth_date) "
            "VALUES ('P1', 'none', '1960-05-05')"
        )
        for number, fund in (("A1", 500_00), ("A2", 300_00)):
            book(c, "H1", number, DAY, {"pool_pay": fund}, account=10, cash=20)
        one = book(c, "H1", "A3", DAY - timedelta(days=1), {"pool_pay": 25_00}, account=10, cash=20)
        take_back(c, one, DAY)
        book(c, "H1", "A4", NEXT, {"pool_pay": 9_00}, account=10, cash=20)
        book(c, "H1", "A0", DAY, {})
        book(c, "H1", "A5", DAY, {"pool_pay": 8_00}, cash=5, payee="person")
        book(c, "H2", "A6", DAY, {"pool_pay": 7_00})
        credit = Transfer(
            Account("account_credit", PERSONAL), Account("account_balance", PERSONAL, "P1"), 30
        )
        post(c, Entry(DAY, "account_credit", "P1", "test", [credit]))
    return database


SAME = (
    desk_row("A1", 500_00),
    desk_row("A2", 300_00),
    desk_row("A3", 25_00, "refund"),
    Row("A0", "settle", "P1", "resident", DAY, Money(), "f"),
)


def test_three_sides_that_agree(settled: Database) -> None:
    result = day(settled, *SAME)
    assert result.agrees
    assert [c.rows for c in result.comparisons] == [(4, 4), (4, 4)]
    assert result.comparisons[0].sums[0] == result.comparisons[1].sums[1]


def test_what_an_institution_dated_or_left_out_otherwise(settled: Database) -> None:
    early = desk_row("A4", 9_00)  # of the next day at the desk
    result = day(settled, SAME[0], SAME[1], SAME[3], early)
    assert [(d.kind, d.claim_no) for d in result.comparisons[0].differences] == [
        ("reversed_on_one_side", "A3"),
        ("wrong_day", "A4"),
    ]
    assert result.comparisons[1].differences == []


def test_a_row_that_could_not_be_read_is_not_called_missing(settled: Database) -> None:
    result = day(settled, *SAME[1:], unread=["A1"])
    assert [row.claim_no for row in result.not_compared] == ["A1"]
    assert result.comparisons[0].differences == []
    assert not result.agrees


def test_entries_that_no_settlement_stands_for_are_found(settled: Database) -> None:
    with settled.transaction() as c:
        stray = Transfer(
            Account("benefit_expense", POOL),
            Account("institution_payable", POOL, "H1"),
            61_00,
        )
        number = post(c, Entry(DAY, "mistake", "x", "test", [stray]))
    (one,) = day(settled, *SAME).comparisons[1].differences
    assert (one.kind, one.lacking, one.claim_no) == ("missing", "desk", f"entry {number}")
    assert one.effect == Money(-61_00, -61_00, 0, 0)
    with settled.transaction() as c:
        assert {(f.check, f.what, f.ledger - f.expected) for f in verify(c)} == {
            ("benefit_expense", POOL, 61_00),
            ("institution", "H1 resident.pool_pay", 61_00),
            ("not_applied_for", "H1 resident.pool_pay", 61_00),
        }


def test_a_settlement_changed_behind_the_ledger_is_found(settled: Database) -> None:
    with psycopg.connect(settled.url) as owner:
        owner.execute("ALTER TABLE desk.settlement DISABLE TRIGGER USER")
        owner.execute(
            "UPDATE desk.settlement SET total = total + 6100, fund_pay = fund_pay + 6100, "
            "funds = '{\"pool_pay\": 56100}' WHERE claim_no = 'A1'"
        )
    desk_file, desk_ledger = day(settled, *SAME).comparisons
    for comparison in (desk_file, desk_ledger):
        (one,) = comparison.differences
        assert (one.kind, one.claim_no, one.effect.fund_pay) == ("amount", "A1", 61_00)


def test_clearing_does_not_disturb_the_books(settled: Database) -> None:
    month, act = date(2026, 3, 1), Act("clerk", date(2026, 4, 1))

    def books() -> None:
        with settled.transaction() as c:
            assert verify(c) == []

    books()
    with settled.transaction() as c:
        apply(c, "H1", month, act)
    books()
    with settled.transaction() as c:
        deduction = Deduction(POOL, "inpatient", 5_00, "x")
        made = audit(
            c,
            "H1",
            month,
            act,
            deductions=[deduction],
            rate=lambda visit, day: Rate(Fraction(1, 20), "agreement"),
        )
    books()
    with settled.transaction() as c:
        (number, _), *_ = made.deductions
        appeal(c, number, "x", act)
        decide(c, number, act, upheld=False, reason="x")
    books()
    with settled.transaction() as c:
        pay(c, "H1", month, Act("payer", date(2026, 4, 2)))
    books()
    assert day(settled, *SAME).agrees


def test_each_check_of_the_books_can_fail(settled: Database) -> None:
    with settled.transaction() as c:
        c.execute("UPDATE enrolment.person_lock SET account_balance = 61")
        for debit, credit in (
            (
                Account("benefit_expense", POOL),
                Account("person_payable", POOL, "P1"),
            ),
            (Account("cash_due"), Account("cash_collected", "", "H1")),
            (
                Account("institution_payable", POOL, "H1"),
                Account("institution_applied", POOL, "H1"),
            ),
            (Account("bank", POOL), Account("contributions_held", POOL, "U1")),
        ):
            post(c, Entry(DAY, "mistake", "x", "test", [Transfer(debit, credit, 61)]))
        # Two receipts that pay nothing; one is taken back, and its surcharge stands.
        c.execute(
            "INSERT INTO contributions.receipt (reference, payer, received_on, fen, entry_id) "
            "VALUES ('B1', 'U1', %(day)s, 61, 1), ('B2', 'U1', %(day)s, 61, 1)",
            {"day": DAY},
        )
        c.execute(
            "INSERT INTO contributions.taken_back (receipt_id, on_day, reason, entry_id) "
            "SELECT receipt_id, received_on, 'x', 1 FROM contributions.receipt "
            "WHERE reference = 'B2'"
        )
        c.execute(
            "WITH b AS (INSERT INTO contributions.bill (household_id, scheme, item, months, day, "
            "billed_on, facts, amounts, gives, entry_id, receipt_id) "
            "SELECT '', 'employee', 'late_surcharge', '[1,2)', received_on, received_on, '{}', "
            "'{}', '{}', 1, receipt_id FROM contributions.taken_back "
            "JOIN contributions.receipt USING (receipt_id) RETURNING bill_id) "
            "INSERT INTO contributions.part (bill_id, name, payer, fen, received) "
            "SELECT bill_id, 'late_surcharge', 'U1', 61, 1 FROM b"
        )
    with settled.transaction() as c:
        assert {f.check for f in verify(c)} == CHECKS.keys() - {"balance"}
    with psycopg.connect(settled.url) as owner:  # no transfer can be out of balance: two views can
        owner.execute(
            "CREATE OR REPLACE VIEW ledger.posting AS SELECT entry_id, number, on_day, "
            "recorded_at, debit AS account_id, fen FROM ledger.transfer"
        )
    with settled.transaction() as c:
        assert "balance" in {f.check for f in verify(c)}

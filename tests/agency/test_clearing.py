"""Clearing: a month is applied for, audited and paid once; every fen of it stands somewhere."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from fractions import Fraction
from threading import Barrier

import pytest
from booked import book, take_back

from yibao.agency.clearing.apply import apply
from yibao.agency.clearing.audit import appeal, audit, decide
from yibao.agency.clearing.model import (
    Act,
    Application,
    ClearingError,
    Deduction,
    DepositRate,
    Rate,
    end_of,
    numeric,
    of_month,
)
from yibao.agency.clearing.pay import part, pay
from yibao.agency.clearing.reserve import draw, set_aside
from yibao.agency.clearing.terms import deposit_rate, told, working_capital_months
from yibao.agency.clearing.year import advance, release, repay
from yibao.clock import today
from yibao.errors import MissingFigure
from yibao.ledger.balance import balance, trial_balance
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.ledger.funds import PERSONAL
from yibao.policy.policy import load_policy
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
CLERK, PAYER = Act("clerk", date(2026, 5, 4)), Act("payer", date(2026, 5, 6))
POOL, ILLNESS = "resident.pool_pay", "resident.serious_illness_pay"


def none(visit: str, day: date) -> Rate:
    return Rate(Fraction(0), "no deposit is agreed")


def one_percent(visit: str, day: date) -> Rate:
    return Rate(Fraction(1, 100) if visit == "inpatient" else Fraction(0), "notice, 5(3)")


def booked(database: Database, *bills: tuple[str, date, int]) -> list[int]:
    with database.transaction() as c:
        return [book(c, "H1", number, day, {"pool_pay": fen}) for number, day, fen in bills]


def stands(database: Database, head: str, fund: str = POOL, party: str = "H1") -> int:
    with database.transaction() as c:
        return balance(c, Account(head, fund, party))


def applied(database: Database, month: date = MARCH, whose: str = "H1") -> Application:
    with database.transaction() as c:
        return apply(c, whose, month, CLERK)


def audited(
    database: Database, *deductions: Deduction, month: date = MARCH, rate: DepositRate = none
) -> Application:
    with database.transaction() as c:
        return audit(c, "H1", month, CLERK, deductions=deductions, rate=rate)


def paid(database: Database, month: date = MARCH, act: Act = PAYER) -> Application:
    with database.transaction() as c:
        return pay(c, "H1", month, act)


def cleared(database: Database, month: date = MARCH, act: Act = PAYER) -> Application:
    with database.transaction() as c:
        apply(c, "H1", month, act._replace(actor="clerk"))
        audit(c, "H1", month, act._replace(actor="clerk"), deductions=(), rate=none)
        return pay(c, "H1", month, act)


def refused(rule: str, work: Callable[[], object]) -> None:
    with pytest.raises(ClearingError) as error:
        work()
    assert error.value.name == rule


def test_a_month_is_what_the_desk_booked_less_what_it_took_back(database: Database) -> None:
    with database.transaction() as c:
        funds = {"pool_pay": 800_00, "serious_illness_pay": 50_00}
        book(c, "H1", "A1", date(2026, 3, 31), funds, account=30_00)
        two = book(c, "H1", "A2", date(2026, 3, 2), {"pool_pay": 100_00}, visit="outpatient")
        take_back(c, two, date(2026, 3, 3))
        book(c, "H1", "A3", date(2026, 4, 1), {"pool_pay": 7_00})  # of the next month
        book(c, "H2", "A1", date(2026, 3, 5), {"pool_pay": 9_00})  # of another institution
        book(c, "H1", "A4", date(2026, 3, 5), {"pool_pay": 11_00}, payee="person")
    found = applied(database)
    assert found.state == "applied"
    assert [tuple(line) for line in found.lines] == [
        (PERSONAL, "inpatient", 1, 30_00),
        (POOL, "inpatient", 1, 800_00),
        (POOL, "outpatient", 2, 0),
        (ILLNESS, "inpatient", 1, 50_00),
    ]
    assert found.due == 880_00
    assert stands(database, "institution_payable") == -7_00
    assert stands(database, "institution_applied") == -800_00
    assert stands(database, "institution_applied", ILLNESS) == -50_00
    assert [line.due for line in applied(database, APRIL).lines] == [7_00]


def test_audit_and_payment_leave_every_fen_somewhere(database: Database) -> None:
    with database.transaction() as c:
        one = book(c, "H1", "A1", date(2026, 3, 2), {"pool_pay": 500_000_33}, account=10_00)
        book(c, "H1", "A2", date(2026, 3, 2), {"pool_pay": 100_000_00}, visit="outpatient")
    applied(database)
    off = Deduction(POOL, "inpatient", 33, "charged twice", one)
    found = audited(database, off, rate=one_percent)
    assert (found.state, found.deducted, found.withheld) == ("audited", 33, 5_000_00)
    assert [d for _, d in found.deductions] == [off]
    done = paid(database)
    assert done.state == "paid"
    assert {fund: p.bank for fund, p in done.paid.items()} == {PERSONAL: 10_00, POOL: 595_000_00}
    assert stands(database, "institution_applied") == 0
    assert stands(database, "institution_payable") == 0
    assert stands(database, "deposit_withheld") == -5_000_00
    assert stands(database, "deduction_income", POOL, "") == -33
    assert stands(database, "bank", POOL, "") == -595_000_00
    with database.transaction() as c:
        assert sum(line.balance for line in trial_balance(c)) == 0
        log = c.execute("SELECT action, actor FROM ops.audit ORDER BY audit_id").fetchall()
        assert log == [("apply", "clerk"), ("audit", "clerk"), ("pay", "payer")]


@pytest.mark.clause("J21-5.3")
def test_a_deposit_of_one_percent_is_withheld_of_stays_and_none_of_ordinary_visits(
    database: Database,
) -> None:
    with database.transaction() as c:
        book(c, "H1", "A1", date(2026, 3, 2), {"pool_pay": 500_000_00})
        book(c, "H1", "A2", date(2026, 3, 2), {"pool_pay": 100_000_00}, visit="outpatient")
    applied(database)
    found = audited(database, rate=one_percent)
    assert [(d.visit, d.base, d.fen) for d in found.deposits] == [
        ("inpatient", 500_000_00, 5_000_00),
        ("outpatient", 100_000_00, 0),
    ]


def test_the_rate_is_that_of_the_months_last_day(database: Database) -> None:
    booked(database, ("A1", date(2026, 3, 2), 100))
    applied(database)
    asked: list[tuple[str, date]] = []

    def rate(visit: str, day: date) -> Rate:
        asked.append((visit, day))
        return none(visit, day)

    audited(database, rate=rate)
    assert asked == [("inpatient", date(2026, 3, 31))]


@pytest.mark.parametrize(("base", "fen"), [(49, 0), (50, 1), (149, 1), (150, 2)])
def test_a_deposit_is_rounded_half_up(database: Database, base: int, fen: int) -> None:
    booked(database, ("A1", date(2026, 3, 2), base))
    applied(database)
    assert audited(database, rate=one_percent).withheld == fen


@pytest.mark.clause("J21-7.3b")
def test_each_step_happens_once_and_in_its_turn(database: Database) -> None:
    booked(database, ("A1", date(2026, 3, 2), 500_00), ("A2", date(2026, 2, 2), 10_00))
    refused("known_application", lambda: audited(database))
    refused("known_application", lambda: paid(database))
    applied(database)
    refused("audited_first", lambda: paid(database))
    refused("applied_for", lambda: applied(database))
    refused("applied_for", lambda: applied(database, date(2026, 2, 1)))
    audited(database)
    refused("audited_once", lambda: audited(database))
    refused("two_persons", lambda: paid(database, act=CLERK))
    paid(database)
    refused("paid_once", lambda: paid(database))
    assert stands(database, "bank", POOL, "") == -510_00
    with database.transaction() as c:
        kinds = c.execute("SELECT kind FROM ledger.entry WHERE kind LIKE 'clearing%'").fetchall()
    assert kinds == [("clearing_applied",), ("clearing_audited",), ("clearing_paid",)]


def test_a_month_that_is_not_over_or_brings_nothing_is_refused(database: Database) -> None:
    booked(database, ("A1", date(2026, 4, 2), 500_00))
    with database.transaction() as c:
        act = Act("clerk", date(2026, 4, 30))
        refused("month_over", lambda: apply(c, "H1", APRIL, act))
    refused("nothing_due", lambda: applied(database))
    refused("known_institution", lambda: applied(database, whose="H9"))
    applied(database, APRIL)


def test_what_comes_after_a_month_was_closed_falls_into_the_next(database: Database) -> None:
    (one,) = booked(database, ("A1", date(2026, 3, 2), 500_00))
    applied(database)
    with database.transaction() as c:
        take_back(c, one, date(2026, 4, 3))
        book(c, "H1", "A2", date(2026, 3, 31), {"pool_pay": 80_00})  # written late
    found = applied(database, APRIL)
    assert [tuple(line) for line in found.lines] == [(POOL, "inpatient", 2, -420_00)]
    assert stands(database, "institution_payable") == 0


def test_what_an_institution_owes_is_taken_off_its_next_payment(database: Database) -> None:
    (one,) = booked(database, ("A1", date(2026, 3, 2), 500_00))
    cleared(database)
    with database.transaction() as c:
        take_back(c, one, date(2026, 4, 3))
        book(c, "H1", "A2", date(2026, 4, 3), {"serious_illness_pay": 40_00})
        book(c, "H1", "A3", date(2026, 5, 3), {"pool_pay": 600_00})
    april = cleared(database, APRIL)
    assert (april.paid[POOL].net, april.paid[POOL].bank) == (-500_00, 0)
    assert april.paid[ILLNESS].bank == 40_00  # no fund pays for another
    assert stands(database, "recoverable") == 500_00
    may = cleared(database, date(2026, 5, 1), Act("payer", date(2026, 6, 1)))
    assert (may.paid[POOL].recovered, may.paid[POOL].bank) == (500_00, 100_00)
    assert stands(database, "recoverable") == 0


def test_a_ledger_that_owes_something_else_than_the_desk_stops_the_application(
    database: Database,
) -> None:
    booked(database, ("A1", date(2026, 3, 2), 500_00))
    with database.transaction() as c:
        stray = Transfer(
            Account("benefit_expense", POOL), Account("institution_payable", POOL, "H1"), 61_00
        )
        post(c, Entry(date(2026, 3, 9), "mistake", "x", "test", [stray]))
    with pytest.raises(ClearingError, match=r"the ledger owes 561\.00 yuan, the desk 500\.00"):
        applied(database)


@pytest.mark.parametrize(
    ("deduction", "rule"),
    [
        (Deduction(ILLNESS, "inpatient", 1, "x"), "line_there"),
        (Deduction(POOL, "outpatient", 1, "x"), "line_there"),
        (Deduction(POOL, "inpatient", 500_01, "x"), "within_line"),
        (Deduction(POOL, "inpatient", 0, "x"), "within_line"),
        (Deduction(POOL, "inpatient", 1, "x", 999), "bill_there"),
        (Deduction(PERSONAL, "inpatient", 1, "x"), "fund_money"),
    ],
)
def test_a_deduction_that_the_application_does_not_bear_is_refused(
    database: Database, deduction: Deduction, rule: str
) -> None:
    booked(database, ("A1", date(2026, 3, 2), 500_00))
    applied(database)
    refused(rule, lambda: audited(database, deduction))
    assert audited(database, Deduction(POOL, "inpatient", 500_00, "x")).deducted == 500_00


def test_a_deduction_given_back_on_appeal_is_paid_with_the_next_month(database: Database) -> None:
    booked(database, ("A1", date(2026, 3, 2), 500_00))
    applied(database)
    found = audited(
        database, Deduction(POOL, "inpatient", 20_00, "a"), Deduction(POOL, "inpatient", 5_00, "b")
    )
    (first, _), (second, _) = found.deductions
    paid(database)

    def ask(number: int) -> None:
        with database.transaction() as c:
            appeal(c, number, "the record shows it", CLERK)

    def settle(number: int, *, upheld: bool) -> None:
        with database.transaction() as c:
            decide(c, number, PAYER, upheld=upheld, reason="seen")

    refused("known_deduction", lambda: ask(999))
    refused("known_appeal", lambda: settle(first, upheld=False))
    ask(first)
    refused("appealed_once", lambda: ask(first))
    ask(second)
    settle(first, upheld=False)
    settle(second, upheld=True)
    refused("decided_once", lambda: settle(first, upheld=False))
    assert stands(database, "deduction_income", POOL, "") == -5_00
    april = cleared(database, APRIL)  # nothing else is due
    assert april.paid[POOL].bank == 20_00
    assert april.lines[0].claims == 0


# --- a year ---------------------------------------------------------------------------------------


@pytest.mark.clause("J21-5.2")
def test_a_months_average_is_advanced_and_settled_with_december(database: Database) -> None:
    with database.transaction() as c:
        book(c, "H1", "A1", date(2021, 1, 1), {"pool_pay": 8_000_000_00}, account=99)
        book(c, "H1", "A2", date(2021, 12, 31), {"pool_pay": 4_000_000_00})
        book(c, "H1", "A3", date(2022, 1, 1), {"pool_pay": 77_00})
        book(c, "H1", "A4", date(2022, 12, 1), {"pool_pay": 1_200_000_00})
        january, year_end = Act("a", date(2022, 1, 5)), Act("b", date(2023, 1, 5))
        found = advance(c, "H1", 2022, january, months=1, cite="notice, 5(2)")
        assert found == {POOL: 1_000_000_00}
    assert stands(database, "working_capital") == 1_000_000_00
    cleared(database, date(2021, 12, 1), year_end)  # paid late, and of the year before
    assert stands(database, "working_capital") == 1_000_000_00
    december = cleared(database, date(2022, 12, 1), year_end)
    assert (december.paid[POOL].offset, december.paid[POOL].bank) == (1_000_000_00, 200_077_00)
    assert stands(database, "working_capital") == 0
    assert stands(database, "bank", POOL, "") == -13_200_077_00


@pytest.mark.clause("P25-3.4.4f")
@pytest.mark.parametrize(
    ("payable", "to_bank", "back"), [(120_000_00, 20_000_00, 0), (90_000_00, 0, 10_000_00)]
)
def test_december_pays_what_the_advance_did_not_and_the_rest_comes_back(
    database: Database, payable: int, to_bank: int, back: int
) -> None:
    with database.transaction() as c:
        book(c, "H1", "A1", date(2021, 6, 1), {"pool_pay": 1_200_000_00})
        book(c, "H1", "A2", date(2022, 12, 1), {"pool_pay": payable})
        advance(c, "H1", 2022, Act("a", date(2022, 1, 5)), months=1, cite="agreement")
    act = Act("payer", date(2023, 1, 9))
    cleared(database, date(2022, 11, 1), act)  # June of the year before: not settled with
    with database.transaction() as c:
        refused("all_applied_for", lambda: repay(c, "H1", 2022, act))
    december = cleared(database, date(2022, 12, 1), act)
    assert (december.paid[POOL].offset, december.paid[POOL].bank) == (
        min(payable, 100_000_00),
        to_bank,
    )
    with database.transaction() as c:
        if back:
            assert repay(c, "H1", 2022, act) == {POOL: back}
        refused("working_capital_left", lambda: repay(c, "H1", 2022, act))
    assert stands(database, "working_capital") == 0
    with pytest.raises(ClearingError) as error, database.transaction() as c:
        advance(c, "H1", 2022, act, months=1, cite="again")
    assert error.value.name == "advanced_once"


def test_part_of_a_year_and_a_second_advance(database: Database) -> None:
    booked(database, ("A1", date(2025, 9, 2), 1000_00))
    with database.transaction() as c:

        def ask(year: int) -> object:
            return advance(c, "H1", year, CLERK, months=1, months_of=4, cite="agreement")

        refused("settled_in_year_before", lambda: ask(2025))
        assert ask(2026) == {POOL: 250_00}
        refused("settled_before", lambda: ask(2026))
    cleared(database, date(2025, 12, 1), Act("payer", date(2026, 1, 9)))
    with database.transaction() as c:  # what is out is of the year to come
        refused("working_capital_left", lambda: repay(c, "H1", 2025, PAYER))


def test_a_years_deposits_are_released_once_after_the_last_payment(database: Database) -> None:
    booked(database, ("A1", date(2026, 3, 2), 5_000_00), ("A2", date(2026, 4, 2), 300_00))
    applied(database)
    audited(database, rate=one_percent)
    score = Rate(Fraction(9, 10), "assessed at 90 points")
    after = Act("payer", date(2027, 2, 1))

    def let_go(act: Act = after, year: int = 2026) -> object:
        with database.transaction() as c:
            return release(c, "H1", year, score, act)

    refused("year_over", lambda: let_go(PAYER))
    refused("months_paid", let_go)
    paid(database)
    refused("all_applied_for", let_go)
    cleared(database, APRIL)
    refused("withheld", lambda: let_go(year=2025))
    assert let_go() == {POOL: (45_00, 5_00)}
    refused("released_once", let_go)
    assert stands(database, "deposit_withheld") == 0
    assert stands(database, "deduction_income", POOL, "") == -5_00


@pytest.mark.clause("T16-32a")
def test_a_share_of_the_years_income_goes_to_the_reserve(database: Database) -> None:
    with database.transaction() as c:
        for head, party, day, fen in (
            ("contribution_income", "payer", date(2020, 1, 1), 900_000_000_00),
            ("subsidy_income", "payer", date(2020, 12, 31), 100_000_000_00),
            ("contribution_income", "payer", date(2021, 1, 1), 5_00),
        ):
            income = Transfer(Account("bank", POOL), Account(head, POOL), fen)
            post(c, Entry(day, "receipt", party, "test", [income]))
        act, rate = Act("clerk", date(2021, 1, 10)), Rate(Fraction(2, 100), "measures, 3")
        refused("income", lambda: set_aside(c, ILLNESS, 2020, rate, act))
        refused("year_over", lambda: set_aside(c, POOL, 2021, rate, act))
        assert set_aside(c, POOL, 2020, rate, act) == 20_000_000_00
    with database.transaction() as c:
        assert balance(c, Account("risk_reserve", POOL)) == -20_000_000_00
        assert balance(c, Account("fund_balance", POOL)) == 20_000_000_00
    with pytest.raises(ClearingError, match="has been set aside"), database.transaction() as c:
        set_aside(c, POOL, 2020, rate, act)
    with database.transaction() as c:
        assert draw(c, POOL, 15_000_000_00, "a deficit", act) == 5_000_000_00
        refused("within_reserve", lambda: draw(c, POOL, 5_000_000_01, "more", act))
        refused("within_reserve", lambda: draw(c, POOL, 0, "none", act))


# --- at once --------------------------------------------------------------------------------------


def at_once(database: Database, work: Callable[[int], object], times: int = 8) -> list[str]:
    """Do something so many times at once; return the rules that forbade it, "" where none did."""
    start = Barrier(times)

    def run(number: int) -> str:
        start.wait()
        try:
            work(number)
        except ClearingError as error:
            return error.name
        return ""

    with ThreadPoolExecutor(times) as pool:
        return sorted(pool.map(run, range(times)))


def test_a_step_asked_for_by_many_at_once_happens_once(url: str) -> None:
    with Database(url, sight=EVERYTHING, connections=8) as database:
        booked(database, *((f"A{n}", date(2026, 3, 2), 100 + n) for n in range(200)))
        booked(database, ("B1", date(2026, 4, 2), 50_00))
        assert at_once(database, lambda _: applied(database)) == [""] + ["applied_for"] * 7
        assert at_once(database, lambda _: audited(database)) == [""] + ["audited_once"] * 7
        assert at_once(database, lambda _: paid(database)) == [""] + ["paid_once"] * 7
        assert stands(database, "bank", POOL, "") == -sum(100 + n for n in range(200))


def test_two_months_applied_for_at_once_hold_each_settlement_once(url: str) -> None:
    with Database(url, sight=EVERYTHING, connections=8) as database:
        booked(database, ("A1", date(2026, 3, 2), 1_00), ("A2", date(2026, 4, 2), 2_00))
        at_once(database, lambda n: applied(database, (MARCH, APRIL)[n % 2]))
        with database.transaction() as c:
            row = c.execute("SELECT count(*), sum(due) FROM clearing.line").fetchone()
            assert row is not None
            assert row[1] == 3_00
            assert stands(database, "institution_payable") == 0


def test_the_desk_books_while_institutions_apply(url: str) -> None:
    with Database(url, sight=EVERYTHING, connections=8) as database:
        booked(database, ("A", date(2026, 3, 2), 1_00))

        def work(number: int) -> None:
            if number % 2:
                booked(database, *((f"A{number}-{n}", date(2026, 3, 9), 1_00) for n in range(50)))
            else:
                applied(database, (MARCH, APRIL)[number // 4])

        rules = at_once(database, work)
        assert set(rules) <= {"", "applied_for", "nothing_due"}
        with database.transaction() as c:
            applied_now = c.execute("SELECT coalesce(sum(due), 0) FROM clearing.line").fetchone()
            assert applied_now is not None
        assert stands(database, "institution_payable") == int(applied_now[0]) - 201_00


def test_small_parts() -> None:
    assert end_of(date(2024, 2, 1)) == date(2024, 2, 29)
    assert end_of(date(2026, 12, 1)) == date(2026, 12, 31)
    assert str(numeric(Fraction(1, 8))) == "0.125"
    refused("rate", lambda: numeric(Fraction(1, 3)))
    refused("rate", lambda: numeric(Fraction(3, 2)))
    assert part(100, owing=30, ahead=50).bank == 20
    assert part(100, owing=300, ahead=50) == part(100, owing=100, ahead=0)
    assert part(-5, owing=3, ahead=3).bank == 0


# --- what is laid down ----------------------------------------------------------------------------


@pytest.mark.clause("J21-5.3")
def test_the_deposit_fell_from_five_percent_to_one_and_lapsed_with_the_notice() -> None:
    rate = deposit_rate(load_policy("jining"))
    days = (date(2021, 8, 31), date(2021, 9, 1), date(2024, 8, 31))
    for visit in ("inpatient", "chronic_outpatient"):
        assert [rate(visit, day).value * 100 for day in days] == [5, 1, 1]
    assert [rate("outpatient", day).value for day in days] == [0, 0, 0]
    assert rate("inpatient", days[1]).cite.endswith("五（三）")
    with pytest.raises(MissingFigure):
        rate("inpatient", date(2024, 9, 1))


def test_a_region_whose_documents_say_nothing_has_no_silent_rate() -> None:
    rate = deposit_rate(load_policy("tianjin"))
    refused("deposit_rate", lambda: rate("inpatient", MARCH))
    assert told(Fraction(1, 20), "agreement 3")("outpatient", MARCH) == Rate(
        Fraction(1, 20), "agreement 3"
    )


@pytest.mark.clause("J21-5.2")
def test_one_month_is_advanced() -> None:
    policy = load_policy("jining")
    months, cite = working_capital_months(policy, date(2022, 1, 4))
    assert (months, cite.endswith("五（二）")) == (1, True)
    with pytest.raises(MissingFigure):
        working_capital_months(policy, date(2021, 1, 4))


def test_a_month_that_is_not_over_is_applied_for_only_when_the_agency_closes_it_early(
    database: Database,
) -> None:
    now = today()
    booked(database, ("A1", now, 500_00))
    ahead = Act("clerk", end_of(now) + timedelta(days=1))
    with database.transaction() as c:
        refused("month_over", lambda: apply(c, "H1", now.replace(day=1), ahead))
    with database.transaction() as c:
        refused("month_over", lambda: apply(c, "H1", now.replace(day=1), Act("a", now), early=True))
    with database.transaction() as c:
        found = apply(c, "H1", now.replace(day=1), ahead, early=True)
        log = c.execute("SELECT detail FROM ops.audit WHERE action = 'apply'").fetchall()
    assert found.due == 500_00
    assert log == [({"month": of_month(now), "early": True},)]

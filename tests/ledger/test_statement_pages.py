"""Pages of statements and accounts are what the whole would be, wherever they are cut."""

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yibao.ledger.balance import Line, accounts, trial_balance
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, find, post, reverse
from yibao.ledger.statement import Posting, page, statement
from yibao.store.database import Database

POOL = "resident.pool_pay"
FIRST = date(2026, 3, 1)
PAYABLE = Account("institution_payable", POOL, "H1")
OTHERS = [
    Account("institution_payable", POOL, "H2"),
    Account("benefit_expense", POOL),
]
DAYS = st.integers(0, 9).map(lambda n: FIRST + timedelta(n))
MOVES = st.lists(
    st.tuples(DAYS, st.sampled_from(OTHERS), st.integers(1, 10**6), st.booleans()), max_size=12
)


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(moves=MOVES, limit=st.integers(1, 4), days=st.tuples(DAYS | st.none(), DAYS | st.none()))
def test_pages_of_a_statement_are_the_statement(
    database: Database,
    moves: list[tuple[date, Account, int, bool]],
    limit: int,
    days: tuple[date | None, date | None],
) -> None:
    first, last = days
    with database.transaction() as c:
        for day, other, fen, out in moves:
            pair = (PAYABLE, other) if out else (other, PAYABLE)
            post(c, Entry(day, "settlement", "s", "test", [Transfer(*pair, fen)] * 2))
    with database.transaction() as c:
        opening, whole = statement(c, PAYABLE, first, last)
        got: list[Posting] = []
        after, stands = None, opening
        while True:
            told, found = page(c, PAYABLE, limit, after=after, first=first, last=last)
            assert told == stands
            got += [posting for _, posting in found]
            if len(found) < limit:
                break
            after, stands = found[-1][0], found[-1][1].balance
        assert got == list(whole)


def test_pages_of_accounts_are_the_trial_balance_by_party(database: Database) -> None:
    with database.transaction() as c:
        for n, other in enumerate([*OTHERS, Account("bank", POOL), Account("cash_due")]):
            post(
                c, Entry(FIRST + timedelta(n), "x", "s", "test", [Transfer(other, PAYABLE, n + 1)])
            )
    with database.transaction() as c:
        got: list[Line] = []
        after = None
        while found := accounts(c, 2, after=after):
            got += found
            after = found[-1].account
        assert got == list(trial_balance(c, by_party=True))
        assert [line.account for line in accounts(c, 9, party="H1")] == [PAYABLE]
        (early,) = accounts(c, 9, party="H1", last=FIRST)
        assert (early.debits, early.credits) == (0, 1)


def test_an_entry_is_found_with_what_it_moved_and_what_took_it_back(database: Database) -> None:
    transfers = [Transfer(OTHERS[1], PAYABLE, 800), Transfer(OTHERS[1], OTHERS[0], 1)]
    with database.transaction() as c:
        number = post(c, Entry(FIRST, "settlement", "settlement:1", "test", transfers))
        back = reverse(c, number, on_day=FIRST, subject="settlement:2", actor="test")
    with database.transaction() as c:
        one, other = find(c, number), find(c, back)
        assert find(c, back + 1) is None
    assert one is not None
    assert other is not None
    assert (one.transfers, one.reversed_by, one.reverses) == (transfers, back, None)
    assert (other.reverses, other.reversed_by, other.kind) == (number, None, "reversal")
    assert [t.credit for t in other.transfers] == [OTHERS[1], OTHERS[1]]

"""The claims desk: each settlement is what the engine says, posted, remembered, taken back once."""

from datetime import date

import psycopg
import pytest
from desks import ask, office, register, status, tianjin

from yibao.agency.desk.correct import Corrected, correct
from yibao.agency.desk.model import Bill, DeskError, Invoice, Key, KeyUsed, Replayed, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.reverse import reverse
from yibao.agency.desk.settle import presettle, settle
from yibao.errors import ClaimError
from yibao.ledger.balance import balance, trial_balance
from yibao.ledger.chart import Account
from yibao.ledger.funds import PERSONAL, fund_of
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.store.database import Database

RETIRED = {"scheme": "employee", "category": "retired", "large_expense_paid": True}


@pytest.fixture
def desk(database: Database) -> Office:
    register(database, "P1", "P2", "P3", account=500_00)
    return office(status("P1"), status("P2", **RETIRED), status("P3"))


def settled(database: Database, desk: Office, *asked: object, **given: object) -> Settled:
    with database.transaction() as connection:
        found = settle(connection, desk, *asked, actor="test", **given)  # type: ignore[arg-type]
    assert isinstance(found, Settled)
    return found


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.transaction() as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def test_a_bill_is_settled_as_the_engine_says_and_posted(database: Database, desk: Office) -> None:
    found = settled(database, desk, ask("A1", 10_000_00)).settlement
    book = Book(tianjin(), Enrolment([status("P1")]))
    expected = book.settle(found.claim)
    assert (found.funds, found.cash_pay) == (expected.funds, expected.cash_pay)
    assert found.fund_pay > 0
    with database.transaction() as connection:
        for fund, fen in found.funds.items():
            payable = Account("institution_payable", fund_of(found.scheme, fund), "H3")
            assert balance(connection, payable) == -fen
        assert balance(connection, Account("cash_due")) == found.cash_pay
        assert sum(line.balance for line in trial_balance(connection)) == 0


def test_what_a_year_remembers_bears_on_the_next_bill(database: Database, desk: Office) -> None:
    first = settled(database, desk, ask("A1", 10_000_00)).settlement
    second = settled(database, desk, ask("A2", 10_000_00)).settlement
    book = Book(tianjin(), Enrolment([status("P1")]))
    assert [book.settle(s.claim).funds for s in (first, second)] == [first.funds, second.funds]
    assert first.funds != second.funds  # the second admission has a lower deductible


def test_the_next_year_opens_on_what_the_year_before_left(database: Database, desk: Office) -> None:
    days = [date(2022, 3, 1), date(2023, 3, 1), date(2024, 3, 1)]
    asked = [
        ask(f"A{n}", 400_00, visit="outpatient", institution_id="H1", admitted=d, discharged=d)
        for n, d in enumerate(days)
    ]
    found = [settled(database, desk, one).settlement for one in asked]
    book = Book(tianjin(), Enrolment([status("P1")]))
    assert [book.settle(s.claim).memory for s in found] == [s.memory for s in found]


def test_the_personal_account_pays_what_it_holds(database: Database, desk: Office) -> None:
    first = settled(database, desk, ask("A1", 10_000_00, "P2", from_account=300_00))
    second = settled(database, desk, ask("A2", 10_000_00, "P2", from_account=300_00))
    assert [s.settlement.account_pay for s in (first, second)] == [300_00, 200_00]
    assert second.account_balance == 0
    with database.transaction() as connection:
        assert balance(connection, Account("account_balance", PERSONAL, "P2")) == 0
        assert balance(connection, Account("institution_payable", PERSONAL, "H3")) == -500_00


def test_presettling_says_the_same_and_leaves_no_trace(database: Database, desk: Office) -> None:
    with database.transaction() as connection:
        before = presettle(connection, desk, ask("A1", 10_000_00))
    assert (
        rows(
            database,
            "SELECT FROM desk.settlement UNION ALL SELECT FROM ledger.entry "
            "WHERE kind <> 'account_credit' UNION ALL SELECT FROM ops.audit",
        )
        == []
    )
    after = settled(database, desk, ask("A1", 10_000_00))
    assert before.settlement.memory == after.settlement.memory


@pytest.mark.parametrize("account", [0, 500_00])
def test_what_is_taken_back_leaves_money_and_state_as_without_it(
    database: Database, desk: Office, account: int
) -> None:
    one = settled(database, desk, ask("A1", 10_000_00))
    kept = rows(database, "SELECT * FROM desk.person_year")
    two = settled(database, desk, ask("A2", 3_000_00, from_account=account))
    with database.transaction() as connection:
        taken = reverse(connection, desk, two.settlement_id, actor="test")
    assert not isinstance(taken, Replayed)
    assert taken.account_balance == 500_00
    assert rows(database, "SELECT * FROM desk.person_year") == kept
    with database.transaction() as connection:
        funds = [fund_of(one.settlement.scheme, fund) for fund in one.settlement.funds]
        owed = -sum(
            balance(connection, Account("institution_payable", fund, "H3"))
            for fund in (*funds, PERSONAL)
        )
        assert owed == one.settlement.fund_pay
        assert balance(connection, Account("account_balance", PERSONAL, "P1")) == -500_00


def test_a_settlement_is_taken_back_once(database: Database, desk: Office) -> None:
    one = settled(database, desk, ask("A1", 10_000_00))
    with database.transaction() as connection:
        reverse(connection, desk, one.settlement_id, actor="test")
    with pytest.raises(DeskError, match="a settlement that stands"), database.transaction() as c:
        reverse(c, desk, one.settlement_id, actor="test")
    for number in (0, one.settlement_id + 1):  # none; the reversal itself
        with pytest.raises(DeskError, match="a settlement"), database.transaction() as c:
            reverse(c, desk, number, actor="test")


def test_a_transfer_keeps_its_admission_until_the_last_of_its_claims_is_taken_back(
    database: Database, desk: Office
) -> None:
    one = settled(database, desk, ask("A1", 10_000_00, episode="E1"))
    settled(database, desk, ask("A2", 5_000_00, episode="E1", institution_id="H2"))
    admissions = "SELECT (values->>'admissions')::int FROM desk.person_year"
    assert rows(database, admissions) == [(1,)]
    with database.transaction() as connection:
        reverse(connection, desk, one.settlement_id, actor="test")
    assert rows(database, admissions) == [(1,)]
    with database.transaction() as connection:
        reverse(connection, desk, one.settlement_id + 1, actor="test")
    assert rows(database, admissions) == [(None,)]


def reply(found: Settled) -> tuple[int, str]:
    return 201, f"settled as {found.settlement_id}"


def test_the_same_key_gets_the_same_reply_and_settles_once(
    database: Database, desk: Office
) -> None:
    key = Key("H3", "k1", "00" * 32)
    with database.transaction() as connection:
        one = settle(connection, desk, ask("A1", 1_000_00), actor="t", key=key, tell=reply)
    assert isinstance(one, Settled)
    with database.transaction() as connection:
        two = settle(connection, desk, ask("A1", 1_000_00), actor="t", key=key, tell=reply)
    assert two == Replayed(201, f"settled as {one.settlement_id}")
    other = Key("H3", "k1", "11" * 32)
    for person in ("P1", "P2"):  # P2 shows that it does not depend on the person's lock
        with pytest.raises(KeyUsed), database.transaction() as connection:
            settle(connection, desk, ask("A2", 1, person), actor="t", key=other, tell=reply)
    assert rows(database, "SELECT count(*) FROM desk.settlement") == [(1,)]


def refused(database: Database, desk: Office, *asked: object) -> str:
    with pytest.raises((DeskError, ClaimError)) as told, database.transaction() as connection:
        settle(connection, desk, *asked, actor="test")  # type: ignore[arg-type]
    assert (
        rows(database, "SELECT FROM desk.settlement UNION ALL SELECT FROM desk.person_year") == []
    )
    return told.value.rule


def test_what_cannot_be_settled_is_refused_and_leaves_no_trace(
    database: Database, desk: Office
) -> None:
    tomorrow = date(2999, 1, 1)
    assert refused(database, desk, ask("A1", 1, "P9")) == "known_person"
    assert refused(database, desk, ask("A1", 1, institution_id="H9")) == "no_agreement"
    assert refused(database, desk, ask("A1", 1, discharged=tomorrow)) == "days"
    assert refused(database, desk, ask("A1", 1, discharged=date(2023, 2, 1))) == "days"
    assert refused(database, desk, ask("A1", 1, facts={"level": "1"})) == "asked_fact"
    assert refused(database, desk, ask("A1", 1, facts={"colour": "red"})) == "asked_fact"
    early = {"admitted": date(2014, 1, 1), "discharged": date(2014, 1, 2)}
    assert refused(database, desk, ask("A1", 1, **early)) == "insured on the day of service"


def test_a_number_of_an_institution_stands_for_one_settlement(
    database: Database, desk: Office
) -> None:
    settled(database, desk, ask("A1", 1_000_00))
    with pytest.raises(DeskError, match="has not used"), database.transaction() as connection:
        settle(connection, desk, ask("A1", 2_000_00, "P2"), actor="test")
    settled(database, desk, ask("A1", 2_000_00, institution_id="H2"))


def test_the_database_refuses_a_settlement_that_does_not_stand_in_the_ledger(
    database: Database, desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(row: object) -> list[object]:
        return []

    monkeypatch.setattr("yibao.agency.desk.settle.transfers_of", short)
    with (
        pytest.raises(psycopg.errors.IntegrityError, match="0 fen in the ledger"),
        database.transaction() as connection,
    ):
        settle(connection, desk, ask("A1", 1_000_00), actor="test")


def test_the_audit_log_says_who_settled_what(database: Database, desk: Office) -> None:
    one = settled(database, desk, ask("A1", 1_000_00))
    with database.transaction() as connection:
        reverse(connection, desk, one.settlement_id, actor="clerk")
    found = rows(database, "SELECT actor, action, detail->>'claim_no' FROM ops.audit ORDER BY 1")
    assert found == [("clerk", "reversal", "A1"), ("test", "settlement", "A1")]


# --- corrections ----------------------------------------------------------------------------------


def corrected(database: Database, desk: Office, number: int, *asked: object) -> Corrected:
    def tell(found: Corrected) -> tuple[int, str]:
        return 200, f"{found.taken.settlement_id} {found.settled.settlement_id}"

    with database.transaction() as connection:
        found = correct(
            connection,
            desk,
            number,
            *asked,  # type: ignore[arg-type]
            actor="test",
            key=Key("H3", "k", "00" * 32),
            tell=tell,
        )
    if isinstance(found, Replayed):
        raise AssertionError(found.reply)
    return found


def test_a_refund_of_a_part_is_the_bill_without_it(database: Database, desk: Office) -> None:
    one = settled(database, desk, ask("A1", 10_000_00))
    found = corrected(database, desk, one.settlement_id, ask("A1-1", 8_000_00))
    book = Book(tianjin(), Enrolment([status("P1")]))
    alone = book.settle(found.settled.settlement.claim)
    assert found.settled.settlement.memory == alone.memory
    with database.transaction() as connection:
        owed = -balance(connection, Account("institution_payable", "resident.pool_pay", "H3"))
    assert owed == alone.figure("pool_pay")
    with pytest.raises(AssertionError, match=f"{found.taken.settlement_id} "):
        corrected(database, desk, one.settlement_id, ask("A1-1", 8_000_00))


def test_a_bill_of_the_wrong_person_is_settled_for_the_right_one(
    database: Database, desk: Office
) -> None:
    one = settled(database, desk, ask("A1", 10_000_00))
    found = corrected(database, desk, one.settlement_id, ask("A1-1", 10_000_00, "P2"))
    assert found.settled.settlement.scheme == "employee"
    left = rows(database, "SELECT (values->'admissions')::int FROM desk.person_year ORDER BY 1")
    assert left == [(1,), (None,)]


def test_a_correction_that_cannot_be_settled_takes_nothing_back(
    database: Database, desk: Office
) -> None:
    one = settled(database, desk, ask("A1", 10_000_00))
    with pytest.raises(DeskError, match="has not used"):
        corrected(database, desk, one.settlement_id, ask("A1", 8_000_00))
    assert rows(database, "SELECT kind FROM desk.settlement") == [("settlement",)]


# --- bills that persons have paid -----------------------------------------------------------------

PAID = {"institution_id": "elsewhere", "facts": {"level": "3", "locality": "same_city"}}


def test_a_person_who_has_paid_is_paid_what_the_funds_owe(database: Database, desk: Office) -> None:
    invoices = (Invoice("0123", "1", 6_000_00), Invoice("0123", "2", 4_000_00))
    found = settled(database, desk, ask("M1", 10_000_00, invoices=invoices, **PAID)).settlement
    assert found.fund_pay > 0
    with database.transaction() as connection:
        funds = [fund_of(found.scheme, fund) for fund in found.funds]
        owed = [balance(connection, Account("person_payable", fund, "P1")) for fund in funds]
        assert -sum(owed) == found.fund_pay


def test_an_invoice_is_settled_once_unless_it_was_taken_back(
    database: Database, desk: Office
) -> None:
    invoice = (Invoice("0123", "1", 6_000_00),)
    one = settled(database, desk, ask("M1", 6_000_00, invoices=invoice, **PAID))
    with pytest.raises(DeskError, match="0123 1"), database.transaction() as connection:
        settle(connection, desk, ask("M2", 6_000_00, "P2", invoices=invoice, **PAID), actor="t")
    with database.transaction() as connection:
        reverse(connection, desk, one.settlement_id, actor="test")
    settled(database, desk, ask("M3", 6_000_00, invoices=invoice, **PAID))


def test_invoices_are_the_bill_and_nothing_else_has_paid_it(
    database: Database, desk: Office
) -> None:
    invoice = (Invoice("0123", "1", 5_999_99),)
    assert refused(database, desk, ask("M1", 6_000_00, invoices=invoice, **PAID)) == "invoiced"
    account = ask("M1", 5_999_99, invoices=invoice, from_account=1, **PAID)
    assert refused(database, desk, account) == "paid"


def test_the_parts_of_a_stay_settled_before_its_end_bear_one_deductible(
    database: Database, desk: Office
) -> None:
    """Mid-stay settlement: the parts are of one episode."""
    parts = [
        ask("A1", 6_000_00, discharged=date(2023, 3, 4), episode="S1"),
        ask("A2", 4_000_00, admitted=date(2023, 3, 5), episode="S1"),
    ]
    whole = settled(database, desk, ask("B1", 10_000_00, "P3")).settlement
    found = [settled(database, desk, part).settlement for part in parts]
    assert sum(s.fund_pay for s in found) == whole.fund_pay


def test_a_bill_of_nothing_is_settled(database: Database, desk: Office) -> None:
    assert settled(database, desk, ask("A1", 0, bill=Bill({}))).settlement.total == 0

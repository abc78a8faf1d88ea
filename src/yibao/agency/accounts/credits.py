"""What comes into personal accounts: a month's credit, a year's interest. Amounts are fen."""

from __future__ import annotations

from datetime import date

from yibao.agency.accounts.movements import (
    BANK,
    Movement,
    account_of,
    balance_on,
    before,
    holder_facts,
    move,
    take_back,
)
from yibao.agency.contributions.paid import paid
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.profile import on_day, person_facts
from yibao.agency.enrolment.refusal import Refusal
from yibao.errors import Refused
from yibao.ledger.chart import Account
from yibao.ledger.entries import Transfer
from yibao.ledger.funds import PERSONAL, fund_of
from yibao.settlement.coverage import month_of
from yibao.settlement.procedure import Office, Request
from yibao.store.database import Connection


def credit(
    connection: Connection, office: Office, person_id: str, month: date, *, on_day: date, actor: str
) -> Movement | None:
    """Credit what a month brings, and pass on what the rules send to the bank account.

    Return None when that month has been credited. Raises Refusal: not enrolled, or the month's
    contribution has not come; Refused where the rules know no account; PolicyError.
    """
    day = month.replace(day=1)
    period = f"{day:%Y-%m}"
    holder = locked(connection, person_id)
    if before(connection, person_id, "credit", period) is not None:
        return None
    request = _request(connection, person_id, day)
    credited, sent = _due(office, request)
    account, pool = account_of(person_id), fund_of(str(request.facts["scheme"]), "pool_pay")
    moves = [
        Transfer(Account("account_credit", pool), account, credited),
        Transfer(BANK, Account("bank", pool), credited),  # the money follows
        Transfer(account, BANK, sent),
    ]
    return move(
        connection,
        holder,
        "credit",
        period,
        on_day=on_day,
        transfers=[transfer for transfer in moves if transfer.fen],
        detail={"credited": credited, "sent_to_bank": sent},
        actor=actor,
    )


def _due(office: Office, request: Request) -> tuple[int, int]:
    """Return what a month brings, and what of it goes on to the bank account."""
    outcome = office.run(request)
    return outcome.figure("account_credit"), outcome.figure("account_transfer")


def renew(
    connection: Connection, office: Office, person_id: str, month: date, *, on_day: date, actor: str
) -> bool:
    """Credit a month anew that was credited and would bring something else by now; tell whether.

    It is taken back where its contribution does not stand as paid any more. Raises Refusal where
    the credit cannot be taken back (`movements.take_back`), PolicyError.
    """
    day = month.replace(day=1)
    holder = locked(connection, person_id)
    done = before(connection, person_id, "credit", f"{day:%Y-%m}")
    if done is None:
        return False
    try:
        due = _due(office, _request(connection, person_id, day))
    except Refused:
        due = None
    if due == (done.detail["credited"], done.detail["sent_to_bank"]):
        return False
    reason = "contribution changed"
    take_back(connection, holder, done, on_day=on_day, reason=reason, actor=actor)
    if due is not None:
        credit(connection, office, person_id, month, on_day=on_day, actor=actor)
    return True


def _request(connection: Connection, person_id: str, day: date) -> Request:
    profile = on_day(connection, locked(connection, person_id).person, day)
    facts = {**person_facts(profile), "contributor": profile.contributor}
    amounts = {}
    if profile.membership.pension is not None:
        amounts["pension"] = profile.membership.pension
    if profile.membership.category == "in_service":
        month = month_of(day)
        bills = [
            bill
            for bill in paid(connection, person_id)
            if (bill.scheme, bill.item) == (profile.membership.scheme, "basic")
            and bill.first <= month <= bill.last
        ]
        if not bills:
            raise Refusal(
                "month_paid",
                f"{day:%Y-%m} 的保险费没有到账，不记入",
                f"the contribution of {day:%Y-%m} has not come, so nothing is credited",
            )
        if "contribution_base" in bills[0].gives:
            amounts["credit_base"] = bills[0].gives["contribution_base"]
    return Request("account_credit", day, facts, amounts, profile.person.birth_date)


def interest(
    connection: Connection, office: Office, person_id: str, year: int, *, actor: str
) -> Movement | None:
    """Credit a year's interest on its last day, once it is past; None when that has happened.

    What was spent in the year is taken from what came in it, then from what was carried over: so
    carried is the least of both balances. Raises Refusal while the year lasts, PolicyError.
    """
    ends = past(connection, year)
    holder = locked(connection, person_id)
    if before(connection, person_id, "interest", str(year)) is not None:
        return None
    closing = balance_on(connection, person_id, ends)
    carried = min(closing, balance_on(connection, person_id, date(year - 1, 12, 31)))
    amounts = {"carried_balance": carried, "credited_balance": closing - carried}
    facts = holder_facts(connection, holder.person, ends)
    request = Request("account_interest", ends, facts, amounts, holder.person.birth_date)
    earned = office.run(request).figure("account_interest")
    expense = Account("interest_expense", PERSONAL)
    moves = [Transfer(expense, account_of(person_id), earned)]
    return move(
        connection,
        holder,
        "interest",
        str(year),
        on_day=ends,
        transfers=[transfer for transfer in moves if transfer.fen],
        detail=amounts,
        actor=actor,
    )


def past(connection: Connection, year: int) -> date:
    """Return the last day of a year; raises Refusal while it is not past in China."""
    ends = date(year, 12, 31)
    row = connection.execute("SELECT current_date").fetchone()  # the database's zone is China's
    assert row is not None
    if row[0] <= ends:
        raise Refusal(
            "year_past",
            f"{year} 年还没有结束，{ends} 过后才能计息",
            f"the year {year} is not over: its interest is credited after {ends}",
            column="year",
        )
    return ends

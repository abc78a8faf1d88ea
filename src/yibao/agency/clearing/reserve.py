"""The risk reserve of a fund: set aside of a year's income, drawn on when the fund falls short."""

from __future__ import annotations

from psycopg import errors as pg

from yibao.agency.clearing.model import Act, Rate, lock, log, move, numeric, refusal
from yibao.ledger.balance import balance
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.money import format_yuan, half_up
from yibao.store.database import Connection

INCOME = ("contribution_income", "subsidy_income", "interest_income")
"""What counts as a fund's income. Deductions only lower what was paid out."""


def set_aside(connection: Connection, fund: str, year: int, rate: Rate, act: Act) -> int:
    """Move a share of a year's income from the fund's balance to its reserve; return its fen.

    Raises ClearingError where the year is not over, had no income, or was done before.
    """
    lock(connection, "reserve", fund)
    if act.day.year <= year:
        raise refusal("year_over", f"{year} 年尚未结束", f"{year} is not over on {act.day}")
    row = connection.execute(
        "SELECT coalesce(-sum(fen), 0)::bigint FROM ledger.posting "
        "JOIN ledger.account USING (account_id) WHERE fund = %s AND head = ANY(%s) "
        "AND on_day >= make_date(%s, 1, 1) AND on_day < make_date(%s, 1, 1)",
        (fund, list(INCOME), year, year + 1),
    ).fetchone()
    income = int(row[0]) if row else 0
    if income <= 0:
        raise refusal(
            "income", f"基金 {fund} 在 {year} 年没有收入", f"{fund} had no income in {year}"
        )
    fen = half_up(income * rate.value.numerator, rate.value.denominator)
    transfers = move(Account("fund_balance", fund), Account("risk_reserve", fund), fen)
    subject = f"reserve:{fund}:{year}"
    entry = post(connection, Entry(act.day, "reserve_set_aside", subject, act.actor, transfers))
    try:
        connection.execute(
            "INSERT INTO clearing.reserve (fund, year, income, rate, cite, entry_id, actor) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (fund, year, income, numeric(rate.value), rate.cite, entry, act.actor),
        )
    except pg.UniqueViolation:
        raise refusal(
            "set_aside_once",
            f"基金 {fund} {year} 年已提取风险储备金",
            f"the reserve of {fund} for {year} has been set aside",
        ) from None
    log(connection, act.actor, "set_aside", subject, fen=fen)
    return fen


def draw(connection: Connection, fund: str, fen: int, reason: str, act: Act) -> int:
    """Move fen from a fund's reserve to its balance; return what the reserve still holds.

    Raises ClearingError for more than it holds, or for nothing.
    """
    lock(connection, "reserve", fund)
    reserve = Account("risk_reserve", fund)
    held = -balance(connection, reserve)
    if not 0 < fen <= held:
        raise refusal(
            "within_reserve",
            f"基金 {fund} 的风险储备金为 {format_yuan(held)}，不能动用 {format_yuan(fen)}",
            f"{format_yuan(fen)} yuan: above zero and at most the {format_yuan(held)} that the "
            f"reserve of {fund} holds",
        )
    back = Transfer(reserve, Account("fund_balance", fund), fen)
    subject = f"reserve:{fund}"
    post(connection, Entry(act.day, "reserve_drawn", subject, act.actor, [back]))
    log(connection, act.actor, "draw", subject, fen=fen, reason=reason)
    return held - fen

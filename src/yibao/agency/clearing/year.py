"""What spans a year with an institution: working capital ahead of it, deposits after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from psycopg import errors as pg

from yibao.agency.clearing.model import (
    GUEST,
    Act,
    Rate,
    lock,
    log,
    move,
    numeric,
    of_month,
    refusal,
)
from yibao.agency.clearing.pay import advanced_for, balances
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.ledger.funds import PERSONAL
from yibao.money import half_up
from yibao.store.database import Connection


def advance(
    connection: Connection,
    institution: str,
    year: int,
    act: Act,
    *,
    months: int,
    months_of: int = 12,
    cite: str,
) -> Mapping[str, int]:
    """Advance working capital for a year; return the fen of each fund.

    It is `months` months' average of what funds have settled in the year before, in which the
    institution was under agreement for `months_of` months. It is settled with the payment of
    December. Raises ClearingError where it was advanced, where nothing was settled, and where
    working capital of an earlier year is still out.
    """
    lock(connection, "institution", institution)
    if balances(connection, "working_capital", institution):
        raise refusal(
            "settled_before",
            f"{institution} 还有未清算的周转金",
            f"{institution} still holds working capital: settle it before any is advanced",
        )
    found = {
        fund: half_up(fen * months, months_of)
        for fund, fen in _settled(connection, institution, year - 1).items()
        if fen > 0
    }
    if not any(found.values()):
        raise refusal(
            "settled_in_year_before",
            f"{institution} 在 {year - 1} 年没有基金结算",
            f"the funds settled nothing with {institution} in {year - 1}",
        )
    transfers = [
        transfer
        for fund, fen in found.items()
        for transfer in move(
            Account("working_capital", fund, institution), Account("bank", fund), fen
        )
    ]
    subject = f"advance:{institution}:{year}"
    entry = post(connection, Entry(act.day, "advance", subject, act.actor, transfers))
    try:
        connection.execute(
            "INSERT INTO clearing.advance "
            "(institution_id, year, months, months_of, cite, entry_id, actor) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (institution, year, months, months_of, cite, entry, act.actor),
        )
    except pg.UniqueViolation:
        raise refusal(
            "advanced_once",
            f"{institution} {year} 年的周转金已预拨",
            f"working capital for {year} has been advanced to {institution}",
        ) from None
    log(connection, act.actor, "advance", subject, fen=found)
    return found


def _settled(connection: Connection, institution: str, year: int) -> Mapping[str, int]:
    rows = connection.execute(
        "SELECT fund, sum(fen)::bigint FROM clearing.owed "
        "WHERE institution_id = %s AND settled_on >= make_date(%s, 1, 1) "
        "  AND settled_on < make_date(%s, 1, 1) AND fund <> %s AND visit <> %s GROUP BY fund",
        (institution, year, year + 1, PERSONAL, GUEST),
    )
    return dict(rows.fetchall())


def repay(connection: Connection, institution: str, year: int, act: Act) -> Mapping[str, int]:
    """Book what the institution pays back of working capital after the year's last payment.

    Returns the fen of each fund. Raises ClearingError where nothing is left, or months of the year
    are still to be paid, since those come first.
    """
    lock(connection, "institution", institution)
    _require_cleared(connection, institution, year, act)
    left = balances(connection, "working_capital", institution)
    if not left or advanced_for(connection, institution) != year:
        raise refusal(
            "working_capital_left",
            f"{institution} 没有 {year} 年未清算的周转金",
            f"{institution} holds no working capital of {year}",
        )
    transfers = [
        Transfer(Account("bank", fund), Account("working_capital", fund, institution), fen)
        for fund, fen in left.items()
    ]
    subject = f"advance:{institution}:{year}"
    post(connection, Entry(act.day, "advance_repaid", subject, act.actor, transfers))
    log(connection, act.actor, "repay", subject, fen=left)
    return left


def release(
    connection: Connection, institution: str, year: int, rate: Rate, act: Act
) -> Mapping[str, tuple[int, int]]:
    """Return a year's deposits by the assessment: so much of each, the rest is kept.

    Returns what each fund returned and kept, in fen. Raises ClearingError where the year is not
    over or months of it are to be paid, where nothing was withheld, and where it was done before.
    """
    lock(connection, "institution", institution)
    _require_cleared(connection, institution, year, act)
    rows = connection.execute(
        "SELECT fund, sum(fen)::bigint FROM clearing.deposit "
        "JOIN clearing.application USING (application_id) "
        "WHERE institution_id = %s AND extract(year FROM month) = %s GROUP BY fund "
        "HAVING sum(fen) > 0",
        (institution, year),
    )
    found: dict[str, tuple[int, int]] = {}
    for fund, fen in rows:
        returned = half_up(fen * rate.value.numerator, rate.value.denominator)
        found[fund] = (returned, fen - returned)
    if not found:
        raise refusal(
            "withheld",
            f"{institution} {year} 年没有预留保证金",
            f"nothing was withheld of {institution} in {year}",
        )
    transfers = [
        transfer
        for fund, (returned, kept) in found.items()
        for credit, fen in (("bank", returned), ("deduction_income", kept))
        for transfer in move(
            Account("deposit_withheld", fund, institution), Account(credit, fund), fen
        )
    ]
    subject = f"deposit:{institution}:{year}"
    entry = post(connection, Entry(act.day, "deposit_released", subject, act.actor, transfers))
    try:
        connection.execute(
            "INSERT INTO clearing.release (institution_id, year, rate, reason, entry_id, actor) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (institution, year, numeric(rate.value), rate.cite, entry, act.actor),
        )
    except pg.UniqueViolation:
        raise refusal(
            "released_once",
            f"{institution} {year} 年的保证金已返还",
            f"the deposits of {institution} for {year} have been released",
        ) from None
    log(connection, act.actor, "release", subject, reason=rate.cite)
    return found


def _require_cleared(connection: Connection, institution: str, year: int, act: Act) -> None:
    """Raise ClearingError unless the year is over and everything of it has been paid."""
    last = date(year, 12, 31)
    if act.day <= last:
        raise refusal("year_over", f"{year} 年尚未结束", f"{year} is not over on {act.day}")
    row = connection.execute(
        "SELECT min(month) FROM clearing.application "
        "LEFT JOIN clearing.payment AS p USING (application_id) "
        "WHERE institution_id = %s AND month <= %s AND p.entry_id IS NULL",
        (institution, last),
    ).fetchone()
    if row and row[0]:
        raise refusal(
            "months_paid",
            f"{institution} {of_month(row[0])} 尚未拨付",
            f"{of_month(row[0])} of {institution} has not been paid",
        )
    row = connection.execute(
        "SELECT min(settled_on) FROM clearing.open_bill "
        "WHERE institution_id = %s AND settled_on <= %s",
        (institution, last),
    ).fetchone()
    if row and row[0]:
        raise refusal(
            "all_applied_for",
            f"{institution} {row[0]} 的结算尚未申报",
            f"{institution} has not applied for what was settled on {row[0]}",
        )

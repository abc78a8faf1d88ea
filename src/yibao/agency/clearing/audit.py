"""Audit an application: what is deducted and why, what is withheld as deposit; appeals.

A deposit is withheld of what is left of a line after deductions, at the rate in force on the last
day of the month. Nothing is withheld of personal accounts, which are persons' own money, nor of
what other regions pay for their guests.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from psycopg import errors as pg

from yibao.agency.clearing.model import (
    GUEST,
    Act,
    Application,
    Deduction,
    Deposit,
    DepositRate,
    Line,
    end_of,
    lock,
    log,
    numeric,
    of_month,
    refusal,
)
from yibao.agency.clearing.read import application, done_on
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.ledger.funds import PERSONAL
from yibao.money import format_yuan, half_up
from yibao.store.database import Connection


def audit(
    connection: Connection,
    institution: str,
    month: date,
    act: Act,
    *,
    deductions: Sequence[Deduction],
    rate: DepositRate,
) -> Application:
    """Deduct what the audit found and withhold the deposit; return the application.

    Raises ClearingError for an application that is not there or was audited, and for deductions
    that its lines do not bear; PolicyError where nothing says what rate applies.
    """
    lock(connection, "institution", institution)
    found = application(connection, institution, month)
    if found.state != "applied":
        day = done_on(connection, found, "audit")
        raise refusal(
            "audited_once",
            f"{institution} {of_month(month)} 已于 {day} 审核，未再次审核",
            f"the application of {institution} for {of_month(month)} was audited on {day}; it has "
            "not been audited again",
        )
    left = _left(connection, found, deductions)
    deposits = [
        _deposit(line, fen, rate, end_of(month))
        for line, fen in left.items()
        if fen > 0 and line.fund != PERSONAL and line.visit != GUEST
    ]
    entry = post(connection, _entry(found, deductions, deposits, act))
    number = found.application_id
    connection.execute(
        "INSERT INTO clearing.audit (application_id, entry_id, actor) VALUES (%s, %s, %s)",
        (number, entry, act.actor),
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO clearing.deduction "
            "(application_id, fund, visit, fen, reason, settlement_id) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            [(number, *one) for one in deductions],
        )
        cursor.executemany(
            "INSERT INTO clearing.deposit VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (number, d.fund, d.visit, d.base, numeric(d.rate.value), d.rate.cite, d.fen)
                for d in deposits
            ],
        )
    log(connection, act.actor, "audit", f"application:{number}", deductions=len(deductions))
    return application(connection, institution, month)


def _left(
    connection: Connection, found: Application, deductions: Sequence[Deduction]
) -> dict[Line, int]:
    """Return what deductions leave of each line."""
    lines = {(line.fund, line.visit): line for line in found.lines}
    left = {line: line.due for line in found.lines}
    for one in deductions:
        if one.fund == PERSONAL:
            raise refusal(
                "fund_money",
                "个人账户的钱属于个人，请在结算台冲正该笔费用",
                "money of a personal account is its owner's: take the bill back at the desk",
            )
        line = lines.get((one.fund, one.visit))
        if line is None:
            raise refusal(
                "line_there",
                f"申报中没有 {one.fund} {one.visit}",
                f"nothing of {one.fund} for {one.visit} has been applied for",
            )
        left[line] -= one.fen
        if one.fen <= 0 or left[line] < 0:
            raise refusal(
                "within_line",
                f"{one.fund} {one.visit} 扣款 {format_yuan(one.fen)} 应大于零且不超过所余 "
                f"{format_yuan(left[line] + one.fen)}",
                f"{format_yuan(one.fen)} yuan off {one.fund}, {one.visit}: above zero and at most "
                f"the {format_yuan(left[line] + one.fen)} that is left of it",
            )
    bills = [one.settlement_id for one in deductions if one.settlement_id is not None]
    held = connection.execute(
        "SELECT settlement_id FROM clearing.claim "
        "WHERE application_id = %s AND settlement_id = ANY(%s)",
        (found.application_id, bills),
    ).fetchall()
    strange = sorted({*bills} - {number for (number,) in held})
    if strange:
        raise refusal(
            "bill_there",
            f"结算 {strange[0]} 不在本次申报中",
            f"settlement {strange[0]} is not in this application",
        )
    return left


def _deposit(line: Line, base: int, rate: DepositRate, day: date) -> Deposit:
    found = rate(line.visit, day)
    fen = half_up(base * found.value.numerator, found.value.denominator)
    return Deposit(line.fund, line.visit, base, found, fen)


def _entry(
    found: Application, deductions: Sequence[Deduction], deposits: Sequence[Deposit], act: Act
) -> Entry:
    def applied(fund: str) -> Account:
        return Account("institution_applied", fund, found.institution_id)

    transfers = [
        *(
            Transfer(applied(d.fund), Account("deduction_income", d.fund), d.fen)
            for d in deductions
        ),
        *(
            Transfer(
                applied(d.fund), Account("deposit_withheld", d.fund, found.institution_id), d.fen
            )
            for d in deposits
            if d.fen
        ),
    ]
    subject = f"clearing:{found.institution_id}:{of_month(found.month)}"
    return Entry(act.day, "clearing_audited", subject, act.actor, transfers)


# --- appeals --------------------------------------------------------------------------------------


def appeal(connection: Connection, deduction: int, reason: str, act: Act) -> None:
    """Appeal against a deduction, once. It stands until it is decided."""
    try:
        connection.execute(
            "INSERT INTO clearing.appeal (deduction_id, reason, actor) VALUES (%s, %s, %s)",
            (deduction, reason, act.actor),
        )
    except pg.ForeignKeyViolation:
        raise refusal(
            "known_deduction", f"没有扣款 {deduction}", f"there is no deduction {deduction}"
        ) from None
    except pg.UniqueViolation:
        raise refusal(
            "appealed_once",
            f"扣款 {deduction} 已申诉",
            f"an appeal against deduction {deduction} has been made",
        ) from None
    log(connection, act.actor, "appeal", f"deduction:{deduction}", reason=reason)


def decide(
    connection: Connection, deduction: int, act: Act, *, upheld: bool, reason: str
) -> int | None:
    """Decide an appeal, once; return the entry that gives the deduction back, if it does.

    What is given back is due again and comes with the next application.
    """
    row = connection.execute(
        "SELECT institution_id, fund, fen FROM clearing.deduction "
        "JOIN clearing.application USING (application_id) "
        "JOIN clearing.appeal USING (deduction_id) "
        "WHERE deduction_id = %s",
        (deduction,),
    ).fetchone()
    if row is None:
        raise refusal(
            "known_appeal",
            f"扣款 {deduction} 没有申诉",
            f"there is no appeal against deduction {deduction}",
        )
    institution, fund, fen = row
    lock(connection, "institution", institution)
    back = Transfer(
        Account("deduction_income", fund), Account("institution_payable", fund, institution), fen
    )
    entry = None
    if not upheld:
        subject = f"deduction:{deduction}"
        entry = post(connection, Entry(act.day, "deduction_given_back", subject, act.actor, [back]))
    try:
        connection.execute(
            "INSERT INTO clearing.decision (deduction_id, upheld, reason, entry_id, actor) "
            "VALUES (%s, %s, %s, %s, %s)",
            (deduction, upheld, reason, entry, act.actor),
        )
    except pg.UniqueViolation:
        raise refusal(
            "decided_once",
            f"扣款 {deduction} 的申诉已有决定",
            f"the appeal against deduction {deduction} has been decided",
        ) from None
    log(connection, act.actor, "decide", f"deduction:{deduction}", upheld=upheld, reason=reason)
    return entry

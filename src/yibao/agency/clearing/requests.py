"""Institutions ask for a month's clearing, and may take that back until the agency has applied it.

What they ask for is held against the desk: nobody asks for other sums than were settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from psycopg import errors as pg

from yibao.agency.clearing.model import end_of, log, of_month, refusal
from yibao.agency.reconcile.totals import Totals, Wanted, totals
from yibao.money import format_yuan
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Asked:
    """What an institution asks for: the visits of a month, and the sums that it has of them.

    `month` is its first day; sums are fen, None where it does not say.
    """

    institution_id: str
    month: date
    visits: Sequence[str]
    rows: int | None = None
    total: int | None = None
    fund_pay: int | None = None
    account_pay: int | None = None
    cash_pay: int | None = None


def ask(connection: Connection, asked: Asked, *, actor: str) -> int:
    """Write down what an institution asks for; return its number.

    Raises ClearingError: the month was asked for or applied for before, nothing was settled, other
    sums.
    """
    _open(connection, asked.institution_id, asked.month)
    wanted = Wanted(asked.institution_id, asked.month, end_of(asked.month), asked.visits)
    found = totals(connection, wanted)
    _agrees(asked, found)
    try:
        with connection.transaction():
            row = connection.execute(
                "INSERT INTO clearing.request (institution_id, month, visits, settlements, "
                "refunds, total, fund_pay, account_pay, cash_pay, actor) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING request_id",
                (
                    *(asked.institution_id, asked.month, sorted(asked.visits)),
                    *(found.settlements, found.refunds, *found.money, actor),
                ),
            ).fetchone()
    except pg.UniqueViolation:
        raise refusal(
            "asked_for",
            f"{of_month(asked.month)} 的此类清算已申请",
            f"clearing of {of_month(asked.month)} has been asked for",
        ) from None
    assert row is not None
    log(connection, actor, "ask-clearing", f"request:{row[0]}", month=of_month(asked.month))
    return int(row[0])


def take_back(connection: Connection, institution_id: str, number: int, *, actor: str) -> None:
    """Take back what was asked for; raises ClearingError where there is no such request open."""
    row = connection.execute(
        "UPDATE clearing.request SET withdrawn_at = clock_timestamp() "
        "WHERE (request_id, institution_id) = (%s, %s) AND withdrawn_at IS NULL RETURNING month",
        (number, institution_id),
    ).fetchone()
    if row is None:
        raise refusal(
            "known_request",
            f"没有 {number} 号清算申请，或已撤销",
            f"there is no open request {number} for clearing",
        )
    _open(connection, institution_id, row[0])
    log(connection, actor, "take-back-clearing", f"request:{number}")


def _open(connection: Connection, institution_id: str, month: date) -> None:
    """Refuse a month that the agency has applied."""
    row = connection.execute(
        "SELECT max(month) FROM clearing.application WHERE institution_id = %s AND month >= %s",
        (institution_id, month),
    ).fetchone()
    if row is not None and row[0] is not None:
        raise refusal(
            "applied_for",
            f"{of_month(month)} 经办机构已受理清算",
            f"the agency has applied {of_month(row[0])} already",
        )


_TITLES = {
    "rows": "清算人次",
    "total": "医疗费总额",
    "fund_pay": "基金申报总额",
    "account_pay": "个人账户支出",
    "cash_pay": "现金支付金额",
}


def _agrees(asked: Asked, found: Totals) -> None:
    if not found.rows:
        raise refusal(
            "nothing_due",
            f"{of_month(asked.month)} 没有此类结算",
            f"nothing of the kind was settled in {of_month(asked.month)}",
        )
    ours = {"rows": found.settlements - found.refunds, **found.money._asdict()}
    wrong = [
        f"{zh}应为{_shown(name, ours[name])}，申请为{_shown(name, getattr(asked, name))}"
        for name, zh in _TITLES.items()
        if getattr(asked, name) not in {None, ours[name]}
    ]
    if wrong:
        raise refusal("sums", "；".join(wrong), f"the desk has other sums: {ours}")


def _shown(name: str, value: int) -> str:
    return str(value) if name == "rows" else format_yuan(value)

"""Clearing with other regions, where our insured were treated: money ahead, then month by month.

A region's month is told by its batch; what was paid ahead is taken off it first. The bill is the
fund's own: where documents say so its risk reserve bears it as far as it goes, then its surplus.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from psycopg import errors as pg

from yibao.agency.clearing.model import Act, lock, log, move, of_month, refusal
from yibao.agency.clearing.pay import balances
from yibao.ledger.balance import balance
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.store.database import Connection

ENTRY = "region_cleared"
"""The kind of the entries that book what was treated in other regions."""


class Cleared(NamedTuple):
    """How one fund's bill was met: from the reserve or the surplus, by money ahead or the bank."""

    due: int
    from_reserve: int
    from_surplus: int
    offset: int
    bank: int


def pay_ahead(connection: Connection, region: str, fund: str, fen: int, act: Act) -> None:
    """Pay a region ahead of its bills; raises ClearingError for nothing."""
    if fen <= 0:
        raise refusal("above_zero", "金额应大于零", "the amount must be above zero")
    lock(connection, "region", region)
    ahead = Transfer(Account("region_receivable", fund, region), Account("bank", fund), fen)
    subject = f"region:{region}"
    post(connection, Entry(act.day, "region_advance", subject, act.actor, [ahead]))
    log(connection, act.actor, "region_advance", subject, fund=fund, fen=fen)


def clear(
    connection: Connection,
    region: str,
    month: date,
    due: Mapping[str, int],
    act: Act,
    *,
    reserve_first: bool,
) -> Mapping[str, Cleared]:
    """Book and pay what a region's month came to, in fen by fund, once.

    `reserve_first`: the fund's risk reserve bears it until it is empty. Raises ClearingError for a
    month that was cleared, or for amounts that are not above zero.
    """
    if not due or min(due.values()) <= 0:
        raise refusal("above_zero", "各基金金额应大于零", "each fund's amount must be above zero")
    lock(connection, "region", region)
    ahead = balances(connection, "region_receivable", region)
    found: dict[str, Cleared] = {}
    for fund in sorted(due):
        reserve = 0
        if reserve_first:
            lock(connection, "reserve", fund)
            reserve = min(due[fund], -balance(connection, Account("risk_reserve", fund)))
        offset = min(due[fund], ahead.get(fund, 0))
        found[fund] = Cleared(due[fund], reserve, due[fund] - reserve, offset, due[fund] - offset)
    transfers = [t for fund, one in found.items() for t in _transfers(fund, region, one)]
    subject = f"region:{region}:{of_month(month)}"
    entry = post(connection, Entry(act.day, ENTRY, subject, act.actor, transfers))
    try:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO clearing.region_month "
                "(region, month, fund, due, from_reserve, entry_id, actor) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [
                    (region, month, fund, one.due, one.from_reserve, entry, act.actor)
                    for fund, one in found.items()
                ],
            )
    except pg.UniqueViolation:
        raise refusal(
            "cleared_once",
            f"与 {region} 的 {of_month(month)} 已清算",
            f"{of_month(month)} has been cleared with {region}",
        ) from None
    log(connection, act.actor, "region_clear", subject, due=dict(due))
    return found


def _transfers(fund: str, region: str, one: Cleared) -> list[Transfer]:
    payable = Account("region_payable", fund, region)
    return [
        *move(Account("benefit_expense", fund), payable, one.due),
        *move(Account("risk_reserve", fund), Account("fund_balance", fund), one.from_reserve),
        *move(payable, Account("region_receivable", fund, region), one.offset),
        *move(payable, Account("bank", fund), one.bank),
    ]


def take_back(connection: Connection, region: str, act: Act) -> Mapping[str, int]:
    """Book what a region returns of what it was paid ahead; return the fen of each fund.

    Raises ClearingError where it holds nothing.
    """
    lock(connection, "region", region)
    left = balances(connection, "region_receivable", region)
    if not left:
        raise refusal(
            "paid_ahead", f"{region} 没有预付金", f"{region} holds nothing that was paid ahead"
        )
    transfers = [
        Transfer(Account("bank", fund), Account("region_receivable", fund, region), fen)
        for fund, fen in left.items()
    ]
    subject = f"region:{region}"
    post(connection, Entry(act.day, "region_returned", subject, act.actor, transfers))
    log(connection, act.actor, "region_return", subject, fen=left)
    return left

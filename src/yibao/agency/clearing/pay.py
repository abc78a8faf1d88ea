"""Pay an audited application: first what the institution owes, then working capital, then the bank.

Each fund pays for itself. Who audited an application does not pay it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from yibao.agency.clearing.model import (
    Act,
    Application,
    Paid,
    lock,
    log,
    move,
    of_month,
    refusal,
)
from yibao.agency.clearing.read import application, done_on, net_by_fund
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.store.database import Connection

_LAST_MONTH = 12
"""The month whose payment settles the year's working capital."""


def pay(connection: Connection, institution: str, month: date, act: Act) -> Application:
    """Pay an application; return it.

    Where a fund's part is below zero, since more was taken back than settled, the institution owes
    it until a later payment. Raises ClearingError for an application that is not there, was not
    audited or was paid, and where the same person audited it.
    """
    lock(connection, "institution", institution)
    found = application(connection, institution, month)
    _check(connection, found, act)
    owing = balances(connection, "recoverable", institution)
    ahead = _working_capital(connection, institution, month)
    parts = {
        fund: part(
            net,
            owing=owing.get(fund, 0),
            ahead=ahead.get(fund, 0),
        )
        for fund, net in net_by_fund(found).items()
    }
    entry = post(connection, _entry(found, parts, act))
    connection.execute(
        "INSERT INTO clearing.payment (application_id, entry_id, actor) VALUES (%s, %s, %s)",
        (found.application_id, entry, act.actor),
    )
    bank = sum(one.bank for one in parts.values())
    log(connection, act.actor, "pay", f"application:{found.application_id}", bank=bank)
    return application(connection, institution, month)


def part(net: int, *, owing: int, ahead: int) -> Paid:
    """Return how one fund's net amount is settled; all in fen.

    owing  what the institution owes from earlier months
    ahead  working capital to be settled now
    """
    recovered = min(max(net, 0), owing)
    offset = min(max(net, 0) - recovered, ahead)
    return Paid(net, recovered, offset, max(net, 0) - recovered - offset)


def balances(connection: Connection, head: str, party: str) -> Mapping[str, int]:
    """Return the balances of a head's accounts of a party, by fund; debits are positive."""
    rows = connection.execute(
        "SELECT fund, sum(fen)::bigint FROM ledger.posting JOIN ledger.account USING (account_id) "
        "WHERE (head, party) = (%s, %s) GROUP BY fund",
        (head, party),
    )
    return {fund: fen for fund, fen in rows if fen}


def _working_capital(connection: Connection, institution: str, month: date) -> Mapping[str, int]:
    """Return what is to be settled with a month: all that is out, with the year's last month."""
    year = advanced_for(connection, institution)
    if month.month != _LAST_MONTH or year is None or month.year < year:
        return {}
    return balances(connection, "working_capital", institution)


def overdrawn(connection: Connection, funds: Iterable[str]) -> Mapping[str, int]:
    """Return of the funds whose bank account is below zero how many fen it holds."""
    held = balances(connection, "bank", "")
    return {fund: held[fund] for fund in funds if held.get(fund, 0) < 0}


def advanced_for(connection: Connection, institution: str) -> int | None:
    """Return the last year that working capital was advanced for."""
    row = connection.execute(
        "SELECT max(year) FROM clearing.advance WHERE institution_id = %s", (institution,)
    ).fetchone()
    return row[0] if row else None


def _check(connection: Connection, found: Application, act: Act) -> None:
    what = f"{found.institution_id} {of_month(found.month)}"
    if found.state == "paid":
        day = done_on(connection, found, "payment")
        raise refusal(
            "paid_once",
            f"{what} 已于 {day} 拨付，未再次拨付",
            f"{what} was paid on {day}; it has not been paid again",
        )
    row = connection.execute(
        "SELECT actor FROM clearing.audit WHERE application_id = %s", (found.application_id,)
    ).fetchone()
    if row is None:
        raise refusal("audited_first", f"{what} 尚未审核", f"{what} has not been audited")
    if row[0] == act.actor:
        raise refusal(
            "two_persons",
            f"{what} 由 {act.actor} 审核，须由他人拨付",
            f"{act.actor} has audited {what}: somebody else must pay it",
        )


def _entry(found: Application, parts: Mapping[str, Paid], act: Act) -> Entry:
    whose = found.institution_id
    transfers: list[Transfer] = []
    for fund, one in parts.items():
        applied = Account("institution_applied", fund, whose)
        owed = one.recovered if one.net >= 0 else one.net
        transfers += move(applied, Account("recoverable", fund, whose), owed)
        transfers += move(applied, Account("working_capital", fund, whose), one.offset)
        transfers += move(applied, Account("bank", fund), one.bank)
    subject = f"clearing:{whose}:{of_month(found.month)}"
    return Entry(act.day, "clearing_paid", subject, act.actor, transfers)

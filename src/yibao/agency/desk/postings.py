"""What a settlement moves: which fund owes the institution, what the account and the person pay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yibao.ledger.chart import Account
from yibao.ledger.entries import Transfer
from yibao.ledger.funds import HOSPITAL, PERSONAL, fund_of
from yibao.settlement.model import Settlement


def shares(settlement: Settlement) -> dict[str, Any]:
    """Return who pays how much of a settlement, in fen; together they are its total."""
    funds = {fund: fen for fund, fen in settlement.funds.items() if fen}
    hospital = funds.pop(HOSPITAL, 0)
    return {
        "funds": funds,
        "fund_pay": settlement.fund_pay - hospital,
        "hospital_pay": hospital,
        "account_pay": settlement.account_pay,
        "cash_pay": settlement.cash_pay,
    }


def transfers_of(row: Mapping[str, Any]) -> list[Transfer]:
    """Return the transfers of a row of desk.settlement; together they are its total.

    What pays nothing moves nothing.
    """
    person, institution = row["person_id"], row["institution_id"]
    account_pay, cash_pay = row["account_pay"], row["cash_pay"]
    owed = ("person_payable", person)
    if row["payee"] == "institution":
        owed = ("institution_payable", institution)
    found = [
        Transfer(Account("benefit_expense", fund), Account(owed[0], fund, owed[1]), fen)
        for payer, fen in row["funds"].items()
        for fund in [fund_of(row["scheme"], payer)]
    ]
    if account_pay:
        found.append(
            Transfer(
                Account("account_balance", PERSONAL, person),
                Account("institution_payable", PERSONAL, institution),
                account_pay,
            )
        )
    if row["hospital_pay"]:
        relief = Account("relief_borne", "", institution)
        found.append(Transfer(relief, Account("relief_given"), row["hospital_pay"]))
    if cash_pay:
        found.append(
            Transfer(Account("cash_due"), Account("cash_collected", "", institution), cash_pay)
        )
    return found

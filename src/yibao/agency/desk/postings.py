"""What a settlement moves: which fund owes the institution, what the account and the person pay."""

from __future__ import annotations

from yibao.ledger.chart import PERSONAL, Account
from yibao.ledger.entries import Transfer
from yibao.settlement.model import Settlement


def transfers_of(settlement: Settlement, institution: str) -> list[Transfer]:
    """Return the transfers of a settlement at an institution; together they are its total."""
    return transfers(
        {fund: fen for fund, fen in settlement.funds.items() if fen},
        settlement.account_pay,
        settlement.cash_pay,
        settlement.claim.person_id,
        institution,
    )


def transfers(
    funds: dict[str, int], account_pay: int, cash_pay: int, person: str, institution: str
) -> list[Transfer]:
    """Return what funds, account and cash move, in fen; nothing for what pays nothing."""
    found = [
        Transfer(
            Account("benefit_expense", fund), Account("institution_payable", fund, institution), fen
        )
        for fund, fen in funds.items()
    ]
    if account_pay:
        found.append(
            Transfer(
                Account("account_balance", PERSONAL, person),
                Account("institution_payable", PERSONAL, institution),
                account_pay,
            )
        )
    if cash_pay:
        found.append(
            Transfer(Account("cash_due"), Account("cash_collected", "", institution), cash_pay)
        )
    return found

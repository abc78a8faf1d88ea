"""The chart of accounts: the heads under which fen can stand.

An account is a head, the fund that it is of and the party whose it is. A fund is one of the
vocabulary's (pool_pay, serious_illness_pay …) or PERSONAL, the personal accounts. A debit increases
an asset, an expense or a memo that is due; a credit increases a liability, an income, a reserve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from yibao.text import Text

PERSONAL = "personal_account"
"""Stands as fund where money is that of personal accounts."""

Kind = Literal["asset", "liability", "equity", "income", "expense", "memo"]
Party = Literal["", "institution", "person", "payer", "region"]


@dataclass(frozen=True, slots=True)
class Head:
    """A head: what kind it is, whether its accounts are of a fund, whose they are."""

    kind: Kind
    title: Text
    party: Party = ""
    of_fund: bool = True


CHART: Mapping[str, Head] = {
    # assets
    "bank": Head("asset", Text("基金存款", "Bank")),
    "contributions_receivable": Head(
        "asset", Text("应收保险费", "Contributions receivable"), "payer"
    ),
    "subsidy_receivable": Head("asset", Text("应收财政补助", "Subsidies receivable"), "payer"),
    "working_capital": Head(
        "asset", Text("医疗费周转金", "Working capital advanced"), "institution"
    ),
    "recoverable": Head("asset", Text("应追回款", "Recoverable payments"), "institution"),
    "region_receivable": Head("asset", Text("应收异地清算款", "Due from other regions"), "region"),
    # liabilities
    "institution_payable": Head(
        "liability", Text("应付医疗机构款", "Payable to institutions"), "institution"
    ),
    "institution_applied": Head(
        "liability", Text("机构已申报待拨付款", "Applied for by institutions"), "institution"
    ),
    "deposit_withheld": Head(
        "liability", Text("预留质量保证金", "Deposits withheld"), "institution"
    ),
    "person_payable": Head("liability", Text("应付个人报销款", "Payable to persons"), "person"),
    "account_balance": Head("liability", Text("个人账户余额", "Personal account"), "person"),
    "account_frozen": Head(
        "liability", Text("冻结的个人账户", "Frozen personal account"), "person"
    ),
    "contributions_held": Head(
        "liability", Text("暂存保险费", "Contributions held for payers"), "payer"
    ),
    "region_payable": Head("liability", Text("应付异地清算款", "Due to other regions"), "region"),
    # equity
    "fund_balance": Head("equity", Text("基金结余", "Fund balance")),
    "risk_reserve": Head("equity", Text("风险调剂金", "Risk reserve")),
    # income
    "contribution_income": Head("income", Text("保险费收入", "Contributions")),
    "subsidy_income": Head("income", Text("财政补贴收入", "Subsidies")),
    "surcharge_income": Head("income", Text("滞纳金收入", "Surcharges for lateness")),
    "interest_income": Head("income", Text("利息收入", "Interest")),
    "deduction_income": Head("income", Text("审核扣款", "Deductions after audit")),
    "financing_income": Head("income", Text("其他基金转入筹资", "Financing by other funds")),
    # expenses
    "benefit_expense": Head("expense", Text("待遇支出", "Benefits")),
    "account_credit": Head("expense", Text("划入个人账户", "Credits to personal accounts")),
    "financing_expense": Head("expense", Text("为保障产品列支", "Financing of products")),
    "interest_expense": Head("expense", Text("个人账户计息", "Interest on personal accounts")),
    # what passes between persons and institutions, outside the fund
    "cash_due": Head("memo", Text("个人现金负担", "Patients' cash"), of_fund=False),
    "cash_collected": Head(
        "memo", Text("机构收取现金", "Cash collected by institutions"), "institution", of_fund=False
    ),
    "relief_borne": Head(
        "memo", Text("机构减免", "Borne by institutions"), "institution", of_fund=False
    ),
    "relief_given": Head("memo", Text("患者获减免", "Relief given to patients"), of_fund=False),
}


class Account(NamedTuple):
    """Where fen stand: a head of the chart, a fund or "", a party's id or ""."""

    head: str
    fund: str = ""
    party: str = ""


def check(account: Account) -> None:
    """Assert that an account is one of the chart: an unknown one is a defect of ours."""
    head = CHART[account.head]
    assert bool(account.fund) == head.of_fund, account
    assert bool(account.party) == bool(head.party), account

"""The ledger's funds: whose money is kept apart from whose.

The basic funds of employees and of residents are two funds by law, each booked for itself: what the
vocabulary calls `pool_pay` is `employee.pool_pay` or `resident.pool_pay` here. Others, such as
medical assistance, are one fund for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from yibao.policy.vocabulary import vocabulary
from yibao.text import Text

PERSONAL = "personal_account"
"""Stands as fund where money is that of personal accounts."""

HOSPITAL = "hospital_relief_pay"
"""What the institution bears itself (医疗机构减免): in the chain of payers, but no fund's money."""


def fund_of(scheme: str, payer: str) -> str:
    """Return the fund that pays where the vocabulary's `payer` does, for who is in a scheme.

    `ledger.fund_of` says the same in the database.
    """
    return f"{scheme}.{payer}" if vocabulary().funds[payer].of_scheme else payer


@cache
def funds() -> Mapping[str, Text]:
    """Return every fund with its title, those of one payer side by side; PERSONAL is the last."""
    words = vocabulary()
    schemes = words.attributes["scheme"].codes or {}
    found: dict[str, Text] = {}
    for payer, fund in words.funds.items():
        if fund.of_scheme:
            for scheme, title in schemes.items():
                found[fund_of(scheme, payer)] = _joined(title, fund.title)
        elif payer != HOSPITAL:
            found[payer] = fund.title
    return {**found, PERSONAL: Text("个人账户", "Personal accounts")}


def _joined(scheme: Text, fund: Text) -> Text:
    return Text(f"{scheme.zh}{fund.zh}", f"{fund.en} ({scheme.en})")

"""Settlement lists: an institution's summary of a settled bill, for paying it by case.

What a list says of money has to be what was settled: a list that differs is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import LIST, numbers
from yibao.money import format_yuan
from yibao.store.database import Connection
from yibao.store.vault import vault


@dataclass(frozen=True, slots=True)
class SettlementList:
    """A list of a settlement. Amounts are fen; None is what it does not tell.

    `says` is the rest: diagnoses, operations, items, under the teller's names.
    """

    institution_id: str
    settlement_id: int
    first: date
    last: date
    total: int | None = None
    funds: int | None = None
    account_pay: int | None = None
    cash_pay: int | None = None
    says: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


_TITLES = {
    "total": "各项费用合计",
    "funds": "基金支付合计",
    "account_pay": "个人账户支付",
    "cash_pay": "个人现金支付",
}


def send(connection: Connection, one: SettlementList, *, actor: str) -> int:
    """Keep a list, in place of one that was sent before; return its number.

    Raises Refusal: a settlement that is not the institution's or was taken back, other amounts or
    days than were settled.
    """
    row = connection.execute(
        """
        SELECT person_id, admitted, discharged, total, fund_pay, account_pay, cash_pay
        FROM desk.settlement AS s
        WHERE (settlement_id, institution_id, kind) = (%s, %s, 'settlement')
          AND NOT EXISTS (SELECT FROM desk.reversed AS r WHERE r.settlement_id = s.settlement_id)
        """,
        (one.settlement_id, one.institution_id),
    ).fetchone()
    if row is None:
        raise Refusal(
            "known_settlement",
            f"本机构没有 {one.settlement_id} 号有效结算",
            f"the institution has no settlement {one.settlement_id} that stands",
            column="settlement_id",
        )
    person_id, first, last, total, fund_pay, account_pay, cash_pay = row
    _agree(
        one, {"total": total, "funds": fund_pay, "account_pay": account_pay, "cash_pay": cash_pay}
    )
    if (one.first, one.last) != (first, last):
        raise Refusal(
            "days",
            f"结算起止日期应为 {first} 至 {last}",
            f"what was settled is from {first} to {last}",
            column="first",
        )
    (number,) = numbers(connection, LIST)
    connection.execute(
        "INSERT INTO desk.settlement_list (list_id, settlement_id, institution_id, says) "
        "OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s)",
        (
            *(number, one.settlement_id, one.institution_id),
            LIST.seal_told(vault(connection), number, one.says),
        ),
    )
    note(connection, actor, "send-list", f"settlement:{one.settlement_id}", person=person_id)
    return number


def _agree(one: SettlementList, settled: Mapping[str, int]) -> None:
    wrong = [
        f"{zh}应为{format_yuan(settled[name])}，清单为{format_yuan(getattr(one, name))}"
        for name, zh in _TITLES.items()
        if getattr(one, name) not in {None, settled[name]}
    ]
    if wrong:
        raise Refusal("sums", "；".join(wrong), f"settled were {settled}", column="total")

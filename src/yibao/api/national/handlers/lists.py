"""4101: the settlement list of a bill, held against what was settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from yibao.agency.settlement_lists import SettlementList, send
from yibao.api.national.exchange import Exchange, Handler, Output
from yibao.api.national.visiting import number
from yibao.interop.national.care import PAYERS
from yibao.interop.national.check import Row
from yibao.interop.national.rows import day, fen, text
from yibao.interop.national.values import written
from yibao.ledger.funds import HOSPITAL, PERSONAL

_NO_FUNDS = frozenset(
    {
        *(
            PAYERS[payer].code(scheme)
            for payer in (HOSPITAL, PERSONAL)
            for scheme in ("employee", "")
        ),
        *("310200", "310201", "390500", "999900", "999996"),
    }
)
"""Payers of a list that are no funds: the personal account, what the hospital bears or advances."""

_PERSONAL = frozenset(
    {
        *("psn_name", "certno", "curr_addr", "emp_name", "emp_addr", "emp_tel", "coner_name"),
        *("coner_addr", "coner_tel", "brdy"),
    }
)
"""Fields that are not kept: the register has the person."""


def _list(exchange: Exchange) -> Output:
    given = exchange.row("setlinfo")
    first, last = day(given, "setl_begn_date"), day(given, "setl_end_date")
    assert first is not None
    assert last is not None
    items, funds = exchange.rows("iteminfo"), exchange.rows("payinfo")
    asked = SettlementList(
        exchange.institution.institution_id,
        number(text(given, "setl_id")),
        first,
        last,
        total=sum(fen(row, "amt") for row in items) if items else None,
        funds=sum(
            fen(row, "fund_payamt") for row in funds if text(row, "fund_pay_type") not in _NO_FUNDS
        ),
        account_pay=fen(given, "acct_pay") if "acct_pay" in given else None,
        cash_pay=fen(given, "psn_cashpay") if "psn_cashpay" in given else None,
        says={node: list(map(_kept, rows)) for node, rows in _told(exchange)},
    )
    made = send(exchange.connection, asked, actor=exchange.actor)
    return {"data": {"setl_list_id": str(made)}}


def _told(exchange: Exchange) -> Iterable[tuple[str, Iterable[Row]]]:
    return exchange.input.rows.items()


def _kept(row: Row) -> Mapping[str, Any]:
    return {
        name: str(value) if isinstance(value, Decimal) else written(value)
        for name, value in row.items()
        if name not in _PERSONAL
    }


HANDLERS: Mapping[str, Handler] = {"4101": _list}

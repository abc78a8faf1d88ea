"""3501 to 3507: stock, bought and sold, one by one or in lists (those with an A).

A list is taken row by row: what cannot be is told with its reason, and the others are done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from yibao.agency.stock.movements import Kind, Movement, report, withdraw
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.api.national.saying import says
from yibao.api.national.visiting import number as our_number
from yibao.errors import YibaoError
from yibao.interop.national.check import Row
from yibao.interop.national.rows import day, number, text
from yibao.interop.national.rows import time as moment
from yibao.interop.national.values import written

_QUANTITY: Mapping[Kind, tuple[str, str]] = {
    "count": ("inv_cnt", "invdate"),
    "change": ("cnt", "inv_chg_time"),
    "purchase": ("purc_retn_cnt", "purc_retn_stoin_time"),
    "purchase_return": ("purc_retn_cnt", "purc_retn_stoin_time"),
    "sale": ("sel_retn_cnt", "sel_retn_time"),
    "sale_return": ("sel_retn_cnt", "sel_retn_time"),
}
"""Where each kind says how much, and when."""

_NUMBERS: Mapping[Kind, str] = {
    "purchase": "medins_prod_purc_no",
    "purchase_return": "medins_prod_purc_no",
    "sale": "medins_prod_sel_no",
    "sale_return": "medins_prod_sel_no",
}
"""What our number of a purchase or sale is called."""

_READ = frozenset(
    {
        *("med_list_codg", "fixmedins_hilist_id", "fixmedins_hilist_name", "fixmedins_bchno"),
        *("rx_flag", "manu_lotnum", "manu_date", "expy_end", "finl_trns_pric", "pric"),
        *("drugtracinfo", "drug_trac_codg", "setl_id", "psn_no", "psn_name", "certno"),
        *("prsc_dr_certno", "phar_certno", *_NUMBERS.values()),
        *(name for names in _QUANTITY.values() for name in names),
    }
)
"""Fields that stand in columns of their own, and those of persons, which are not kept."""


def _movement(exchange: Exchange, kind: Kind, row: Row) -> Movement:
    quantity, at = _QUANTITY[kind]
    when = day(row, at) if kind == "count" else moment(row, at)
    price = number(row, "pric" if kind == "change" else "finl_trns_pric")
    back = text(row, _NUMBERS[kind]) if kind.endswith("return") else ""
    settled = text(row, "setl_id")
    amount = number(row, quantity)
    assert when is not None
    assert amount is not None
    return Movement(
        kind,
        exchange.institution.institution_id,
        text(row, "fixmedins_bchno"),
        text(row, "med_list_codg"),
        text(row, "fixmedins_hilist_id"),
        text(row, "fixmedins_hilist_name"),
        amount,
        when if isinstance(when, datetime) else datetime.combine(when, time()),
        price=None if price is None else price * 100,
        lot=text(row, "manu_lotnum"),
        made_on=day(row, "manu_date"),
        expires_on=day(row, "expy_end"),
        prescription=text(row, "rx_flag") == "1",
        gives_back=our_number(back) if back else None,
        settlement_id=our_number(settled) if settled else None,
        person_id=text(row, "psn_no"),
        trace_codes=_trace_codes(row),
        says={name: _kept(value) for name, value in row.items() if name not in _READ},
    )


def _trace_codes(row: Row) -> Sequence[str]:
    """Return the codes of packages: in rows of their own, or one in the row itself."""
    rows: Any = row.get("drugtracinfo", ())
    told = [text(row, "drug_trac_codg")] if "drug_trac_codg" in row else []
    return [*told, *(text(one, "drug_trac_codg") for one in rows if "drug_trac_codg" in one)]


def _kept(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else written(value)


def _one(kind: Kind, node: str) -> Handler:
    def handler(exchange: Exchange) -> Output:
        asked = _movement(exchange, kind, exchange.row(node))
        report(exchange.connection, asked, actor=exchange.actor)
        return None

    return handler


Act = Callable[[Exchange, Row], str]
"""Does what a row of a list asks; returns our number of it, "" for none."""


def _reported(kind: Kind) -> Act:
    def act(exchange: Exchange, row: Row) -> str:
        return str(
            report(exchange.connection, _movement(exchange, kind, row), actor=exchange.actor)
        )

    return act


DONE, NOT_DONE = "1", "0"


def _each(act: Act, node: str, wrong: str, name: str = "") -> Handler:
    """Return the handler of a list: rows that are not done come back in `wrong`.

    Where that is the list itself all of them come back, those that are done with our number, which
    is called `name`.
    """

    def handler(exchange: Exchange) -> Output:
        told = []
        for row in exchange.rows(node):
            made, why = _tried(exchange, act, row)
            if why or wrong == node:
                told.append(_result(row, made, why, name))
        if not wrong:
            return _all_done(told)
        fields = exchange.transaction.output[wrong].fields
        return {wrong: [{n: v for n, v in one.items() if n in fields} for one in told]}

    return handler


def _all_done(told: Sequence[Mapping[str, Any]]) -> Output:
    """Refuse a list whose reply has no place for what is wrong with a row."""
    if told:
        raise Failed("；".join(str(one["msgRslt"]) for one in told))
    return None


def _tried(exchange: Exchange, act: Act, row: Row) -> tuple[str, str]:
    try:
        with exchange.connection.transaction():
            return act(exchange, row), ""
    except YibaoError as error:
        return "", "；".join(says(error))


def _result(row: Row, made: str, why: str, name: str) -> dict[str, Any]:
    return {
        **{n: v for n, v in row.items() if n != "drugtracinfo"},
        "retRslt": NOT_DONE if why else DONE,
        "msgRslt": why or None,
        **({name: made or None} if name else {}),
    }


_DATA: Mapping[str, Sequence[Kind]] = {
    "": ("count", "change", "purchase", "purchase_return", "sale", "sale_return"),
    "1": ("count",),
    "2": ("change",),
    "3": ("purchase", "purchase_return"),
    "4": ("sale", "sale_return"),
}
"""The kinds of movements that a type of stock data is of."""


def _withdrawn(exchange: Exchange, row: Row) -> str:
    kinds = _DATA.get(text(row, "inv_data_type"))
    if kinds is None:
        raise Failed("进销存数据类型(inv_data_type)：应为1盘存、2库存变更、3采购、4销售")
    own = exchange.institution.institution_id
    batch = text(row, "fixmedins_bchno")
    withdraw(exchange.connection, own, batch, kinds, actor=exchange.actor)
    return ""


def _delete(exchange: Exchange) -> Output:
    _withdrawn(exchange, exchange.row())
    return None


_purchases, _sales = "purcinfoDetail", "selinfoDetail"
HANDLERS: Mapping[str, Handler] = {
    "3501": _one("count", "invinfo"),
    "3501A": _each(_reported("count"), "invinfoDetail", ""),
    "3502": _one("change", "invinfo"),
    "3502A": _each(_reported("change"), "invinfoDetail", "invinfoErrDetail"),
    "3503": _one("purchase", "purcinfo"),
    "3503A": _each(_reported("purchase"), _purchases, _purchases, _NUMBERS["purchase"]),
    "3504": _one("purchase_return", "purcinfo"),
    "3504A": _each(_reported("purchase_return"), _purchases, "purcinfoErrDetail"),
    "3505": _one("sale", "selinfo"),
    "3505A": _each(_reported("sale"), _sales, _sales, _NUMBERS["sale"]),
    "3506": _one("sale_return", "selinfo"),
    "3506A": _each(_reported("sale_return"), _sales, "selinfoErrDetail"),
    "3507": _delete,
    "3507A": _each(_withdrawn, "goodDetail", "goodErrDetail"),
}

"""1304, 1312 and 1316 to 1319: catalogues asked about by pages.

The catalogues have no other code of an item than the national one, so its code in the medical
catalogue is its code in that of the insurance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.api.national.handlers.visits import told
from yibao.interop.national import coding
from yibao.interop.national.rows import day, number, text
from yibao.money import UNLIMITED
from yibao.registry import directory
from yibao.registry.directory import Page, Sought

MAX_PAGE = 1_000
"""Most rows of a page."""

NOT_REGISTERED = "未登记"


def _page(exchange: Exchange) -> Page:
    asked = (number(exchange.row(), name) or 0 for name in ("page_num", "page_size"))
    at, size = map(int, asked)
    if at < 1 or not 1 <= size <= MAX_PAGE:
        raise Failed(f"当前页数(page_num)从1起，本页数据量(page_size)为1至{MAX_PAGE}")
    return Page(at, size)


def _sought(exchange: Exchange, code: str = "hilist_code", name: str = "hilist_name") -> Sought:
    given = exchange.row()
    wanted = text(given, "list_type")
    kind = coding.item_kind(wanted) if wanted else None
    if wanted and kind is None:
        raise Failed(f"目录类别(list_type)：没有“{wanted}”")
    return Sought(
        day(given, "query_date") or exchange.today,
        day(given, "updt_time") or exchange.today,
        [kind] if kind else list(coding.ITEM_KINDS),
        text(given, code),
        text(given, name),
    )


def _items(tell: Callable[[Exchange, directory.Found], dict[str, Any] | None]) -> Handler:
    def handler(exchange: Exchange) -> Output:
        sought, page = _sought(exchange), _page(exchange)
        found = directory.items(exchange.connection, sought, page)
        told = (tell(exchange, one) for one in found)
        return {"data": [row for row in told if row is not None]}

    return handler


def _version(exchange: Exchange, one: directory.Found | directory.LocalCode) -> dict[str, Any]:
    """Return what every row of a query says of its version."""
    return {
        "insu_admdvs": exchange.division,
        "begndate": one.first,
        "vali_flag": "1",
        "rid": str(one.version_id),
        "updt_time": one.recorded_on,
    }


def _insured(exchange: Exchange, one: directory.Found) -> dict[str, Any]:
    return {
        **_version(exchange, one),
        "enddate": one.last,
        "hilist_code": one.code,
        "hilist_name": one.name,
        "med_chrgitm_type": coding.CHARGE_TYPES[one.kind],
        "chrgitm_lv": coding.ITEM_CLASSES[one.item_class],
        "lmt_used_flag": "1" if one.restricted else "0",
        "list_type": coding.ITEM_KINDS[one.kind],
        "med_use_flag": "1",
        "matn_used_flag": "0",
        "hilist_use_type": "1",
        "lmt_cpnd_type": "1",
        "crte_time": one.recorded_on,
    }


def _matched(exchange: Exchange, one: directory.Found) -> dict[str, Any]:
    return {
        **_version(exchange, one),
        "enddate": one.last,
        "med_list_codg": one.code,
        "hilist_code": one.code,
        "list_type": coding.ITEM_KINDS[one.kind],
        "crte_time": one.recorded_on,
    }


def _limit(exchange: Exchange, one: directory.Found) -> dict[str, Any] | None:
    """Return the most that the fund accepts for a unit; None where there is no such limit."""
    if one.standard is None or one.standard >= UNLIMITED:
        return None
    return {
        **_version(exchange, one),
        "enddate": one.last,
        "hilist_code": one.code,
        "hilist_lmtpric_type": "1",
        "overlmt_dspo_way": "1",
        "hilist_pric_uplmt_amt": coding.yuan(one.standard),
        "crte_time": one.recorded_on,
    }


def _first_self_pay(exchange: Exchange, one: directory.Found) -> dict[str, Any]:
    return {
        **_version(exchange, one),
        "enddate": one.last,
        "hilist_code": one.code,
        "selfpay_prop_psn_type": "99",
        "selfpay_prop_type": "10",
        "selfpay_prop": Decimal(one.first_self_pay),
        "crte_time": one.recorded_on,
    }


def _mapped(exchange: Exchange) -> Output:
    """Return what an institution has mapped; its own, whatever it asks."""
    sought = _sought(exchange, "med_list_codg", "")
    local = text(exchange.row(), "medins_list_codg")
    own = exchange.institution.institution_id
    connection = exchange.connection
    found = directory.local_codes(connection, own, sought, _page(exchange), local_code=local)
    return {
        "data": [
            told(
                exchange,
                "data",
                {
                    **_version(exchange, one),
                    "list_type": coding.ITEM_KINDS[one.kind],
                    "med_list_codg": one.code,
                    "hilist_code": one.code,
                    "fixmedins_code": own,
                    "medins_list_codg": one.local_code,
                    "enddate": one.last,
                    "crte_time": one.recorded_on,
                },
            )
            for one in found
        ]
    }


_NAMES = ("drug_genname", "drug_prodname", "reg_name")
_ASKS = frozenset({"med_list_codg", *_NAMES, "updt_time", "page_num", "page_size", "vali_flag"})
"""Fields by which drugs of ethnic traditions can be found: the register has no others."""


def _ethnic(exchange: Exchange) -> Output:
    """Return the drugs of ethnic traditions: those of the drug list that are tagged so."""
    given = exchange.row()
    fields = exchange.transaction.input["data"].fields
    for name in sorted(given.keys() - _ASKS):
        raise Failed(f"{fields[name].zh}({name})：目录没有登记此项，不能按它查询")
    names = {text(given, name) for name in _NAMES if name in given}
    if len(names) > 1:
        raise Failed("药品名称：目录只登记一个名称，各名称查询条件应相同")
    if text(given, "vali_flag") == "0":
        return {"data": []}
    sought = Sought(
        exchange.today,
        day(given, "updt_time") or exchange.today,
        ["drug"],
        text(given, "med_list_codg"),
        next(iter(names), ""),
        tag="ethnic",
    )
    found = directory.items(exchange.connection, sought, _page(exchange))
    return {"data": [_ethnic_drug(exchange, one) for one in found]}


def _ethnic_drug(exchange: Exchange, one: directory.Found) -> dict[str, Any]:
    """Return a drug; who wrote it down, the audit log knows and the register does not."""
    return {
        "med_list_codg": one.code,
        "drug_prodname": one.name,
        "drug_genname": one.name,
        "min_prcunt": one.unit or None,
        "begndate": one.first,
        "enddate": one.last,
        "vali_flag": "1",
        "rid": str(one.version_id),
        "ver": one.mark,
        "crte_time": one.recorded_on,
        "updt_time": one.recorded_on,
        "opt_time": one.recorded_on,
        **dict.fromkeys(("crter_id", "crter_name", "opter_id", "opter_name"), NOT_REGISTERED),
        **dict.fromkeys(("crte_optins_no", "optins_no"), exchange.division),
    }


HANDLERS: Mapping[str, Handler] = {
    "1304": _ethnic,
    "1312": _items(_insured),
    "1316": _items(_matched),
    "1317": _mapped,
    "1318": _items(_limit),
    "1319": _items(_first_self_pay),
}
READS = frozenset(HANDLERS)

"""1301 to 1319: catalogues as files of what has changed, and queries of them by pages.

The catalogues have no other code of an item than the national one, so its code in the medical
catalogue is its code in that of the insurance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from yibao.agency.files import ANYBODY, keep, named
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.interop.national import coding
from yibao.interop.national.rows import day, number, text
from yibao.interop.national.textfile import packed
from yibao.money import UNLIMITED
from yibao.registry import directory
from yibao.registry.directory import Page, Sought
from yibao.registry.registers import REGISTERS
from yibao.registry.release import changes, latest

MAX_PAGE = 1_000
"""Most rows of a page."""

# --- files ----------------------------------------------------------------------------------------

_VERSION = {
    "开始日期": "first",
    "结束日期": "last",
    "生效时间": "first",
    "失效时间": "last",
    "有效标志": "valid_flag",
    "唯一记录号": "version_id",
    "数据创建时间": "created",
    "数据更新时间": "updated",
    "版本号": "mark",
    "版本名称": "mark",
}
"""Columns of every file: what a row of a register says of its version."""

_FILES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "1301": (
        "drug",
        {
            "医疗目录编码": "code",
            "药品商品名": "name",
            "药品通用名": "name",
            "注册名称": "name",
            "最小计价单位": "unit",
            "限制使用范围": "restriction",
            "限制使用标志": "restricted",
            "批准文号": "approval_number",
            "国家医保药品目录甲乙类标识": "class",
        },
    ),
    "1302": (
        "herbal",
        {
            "医疗目录编码": "code",
            "单味药名称": "name",
            "药材名称": "name",
            "标准名称": "name",
            "国家医保支付政策": "class",
        },
    ),
    "1303": (
        "preparation",
        {
            "医疗目录编码": "code",
            "药品商品名": "name",
            "注册名称": "name",
            "最小计价单位": "unit",
            "批准文号": "approval_number",
            "限制使用范围": "restriction",
            "开始时间": "first",
            "结束时间": "last",
        },
    ),
    "1305": (
        "service",
        {
            "医疗目录编码": "code",
            "计价单位": "unit",
            "计价单位名称": "unit",
            "医疗服务项目名称": "name",
            "项目说明": "restriction",
        },
    ),
    "1306": (
        "consumable",
        {
            "医疗目录编码": "code",
            "耗材名称": "name",
            "医保通用名": "name",
            "包装单位": "unit",
            "限制使用标志": "restricted",
            "医保限用范围": "restriction",
        },
    ),
    "1307": ("diagnosis", {"诊断代码": "code", "诊断名称": "name"}),
    "1308": ("procedure", {"手术操作代码": "code", "手术操作名称": "name"}),
    "1309": (
        "disease",
        {"门慢门特病种目录代码": "code", "门慢门特病种名称": "name", "备注": "icd"},
    ),
}
"""The register of a file, and which of its columns say what; the others are not registered."""


def _file(exchange: Exchange) -> Output:
    """Keep a file of what has changed since the version that the asker has."""
    infno, since = exchange.transaction.infno, text(exchange.row(), "ver")
    if not (since.isascii() and since.isdigit()):
        raise Failed("版本号(ver)：应为本中心文件中最大的版本号，首次下载传0")
    register, says = _FILES[infno.removesuffix("A")]
    mark = latest(exchange.connection, REGISTERS[register])
    name = f"{infno}_{since}_{mark}.txt"
    kept = named(exchange.connection, ANYBODY, f"{name}.zip")
    if kept is None:
        rows = [
            _row(exchange.transaction.columns, says, row, exchange.today)
            for row in changes(exchange.connection, REGISTERS[register], since)
        ]
        content = packed(name, rows)
        kept = keep(exchange.connection, ANYBODY, f"{name}.zip", content, rows=len(rows))
    end = "dld_endtime" if infno == "1306A" else "dld_end_time"
    return {
        "file_qury_no": kept.number,
        "filename": kept.name,
        end: kept.until,
        "data_cnt": Decimal(kept.rows),
    }


def _row(
    columns: Sequence[str], says: Mapping[str, str], row: Mapping[str, Any], today: date
) -> list[Any]:
    known = {
        **row,
        "valid_flag": "0" if row["last"] is not None and row["last"] < today else "1",
        "created": f"{row['recorded_at']:%Y-%m-%d %H:%M:%S}",
        "updated": f"{row['changed']:%Y-%m-%d %H:%M:%S}",
        "restricted": "1" if row.get("restriction") else "0",
    }
    names = {**_VERSION, **says}
    return [known[names[column]] if column in names else None for column in columns]


# --- pages ----------------------------------------------------------------------------------------


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
            {
                **_version(exchange, one),
                "list_type": coding.ITEM_KINDS[one.kind],
                "med_list_codg": one.code,
                "hilist_code": one.code,
            }
            for one in found
        ]
    }


_QUERIES: Mapping[str, Handler] = {
    "1312": _items(_insured),
    "1316": _items(_matched),
    "1317": _mapped,
    "1318": _items(_limit),
    "1319": _items(_first_self_pay),
}
HANDLERS: Mapping[str, Handler] = {
    **dict.fromkeys((*_FILES, "1306A"), _file),
    **_QUERIES,
}
READS = frozenset(_QUERIES)

"""1301 to 1315 but 1304 and 1312: catalogues and classifications as files of what has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from yibao.agency.files import ANYBODY, keep, named
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.interop.national.rows import text
from yibao.interop.national.textfile import packed
from yibao.registry.registers import REGISTERS
from yibao.registry.release import changes, latest

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
    "1310": (
        "case_payment",
        {
            "按病种结算病种目录代码": "code",
            "按病种结算病种名称": "name",
            "限定手术操作代码": "procedure",
        },
    ),
    "1311": (
        "day_surgery",
        {
            "日间手术病种目录代码": "code",
            "日间手术病种名称": "name",
            "手术操作代码": "procedure",
        },
    ),
    "1313": (
        "morphology",
        {
            "形态学分类代码": "code",
            "形态学分类": "name",
            "肿瘤/细胞类型代码": "group_code",
            "肿瘤/细胞类型": "group_name",
        },
    ),
    "1314": (
        "tcm_disease",
        {
            "疾病分类代码": "code",
            "疾病分类名称": "name",
            "科别类目代码": "group_code",
            "科别类目名称": "group_name",
            "专科系统分类目代码": "subgroup_code",
            "专科系统分类目名称": "subgroup_name",
        },
    ),
    "1315": (
        "tcm_syndrome",
        {
            "证候分类代码": "code",
            "证候分类名称": "name",
            "证候类目代码": "group_code",
            "证候类目名称": "group_name",
            "证候属性代码": "subgroup_code",
            "证候属性": "subgroup_name",
        },
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


HANDLERS: Mapping[str, Handler] = dict.fromkeys((*_FILES, "1306A"), _file)

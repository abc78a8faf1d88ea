"""The status and the title of what is refused around a bill; what is not named here is 422."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.text import Text

RULES: Mapping[str, tuple[int, Text]] = {
    "one_application": (409, Text("已有未办结的申请", "an application is open")),
    "decided": (409, Text("已有决定", "it has been decided")),
    "number_used": (409, Text("处方号已用过", "the prescription's number has been used")),
    "audited": (409, Text("处方已审核", "the prescription has been audited")),
    "dispatched": (409, Text("订单此步不合", "the order is not at this step")),
    "received": (409, Text("订单已签收", "the order has been received")),
    "dispensed": (
        409,
        Text("处方已配药或正在配送", "the prescription has been filled or is on its way"),
    ),
    "one_a_year": (409, Text("该年度已签约", "the year has a contract")),
    "financed": (409, Text("该年度已列支", "the year has been paid for")),
    "later": (409, Text("该日或以后已有规定", "laid down from that day or a later one")),
    "known_limit": (404, Text("没有这个限额", "there is no such limit")),
    "centre": (422, Text("不是该病种的鉴定或复查中心", "no centre for this disease")),
    "registered": (422, Text("当日没有登记该病种", "the disease is not registered on that day")),
    "unknown_disease": (422, Text("当日没有该病种", "no such disease on that day")),
    "over_supply": (422, Text("超过处方天数上限", "more days than laid down")),
    "level_3_changes": (422, Text("超过变更次数", "more changes than laid down")),
    "primary_changes": (422, Text("超过变更次数", "more changes than laid down")),
}

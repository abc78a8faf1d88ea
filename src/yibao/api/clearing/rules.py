"""The status and the title of what clearing refuses; what is not named here is 422."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.text import Text

RULES: Mapping[str, tuple[int, Text]] = {
    "known_application": (404, Text("没有这份申报", "there is no such application")),
    "known_deduction": (404, Text("没有这笔扣款", "there is no such deduction")),
    "known_appeal": (404, Text("没有申诉", "there is no appeal against it")),
    "applied_for": (409, Text("已申报", "it has been applied for")),
    "audited_once": (409, Text("已审核", "it has been audited")),
    "audited_first": (409, Text("尚未审核", "it has not been audited")),
    "paid_once": (409, Text("已拨付", "it has been paid")),
    "appealed_once": (409, Text("已申诉", "an appeal has been made")),
    "decided_once": (409, Text("申诉已有决定", "the appeal has been decided")),
    "advanced_once": (409, Text("周转金已预拨", "it has been advanced")),
    "settled_before": (409, Text("还有未清算的周转金", "working capital is still out")),
    "released_once": (409, Text("保证金已返还", "it has been released")),
    "set_aside_once": (409, Text("已提取风险储备金", "it has been set aside")),
    "cleared_once": (409, Text("已清算", "it has been cleared")),
    "books_agree": (409, Text("总账与业务不符", "the books do not agree")),
    "two_persons": (422, Text("审核与拨付须为两人", "who audits does not pay")),
}

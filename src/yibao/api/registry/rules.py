"""The status and the title of what registers refuse; what is not named here is 422."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.text import Text

RULES: Mapping[str, tuple[int, Text]] = {
    "known_register": (404, Text("没有这个目录", "there is no such register")),
    "known_version": (404, Text("当日没有这个条目", "no such entry on that day")),
    "unknown_agreement": (404, Text("没有这份协议", "there is no such agreement")),
    "unknown_application": (404, Text("没有这份申请", "there is no such application")),
    "agreement_exists": (409, Text("协议编号已用过", "the agreement's number has been used")),
    "agreement_overlaps": (409, Text("这一时段已有协议", "another agreement is in force")),
    "application_exists": (409, Text("申请编号已用过", "the application's number has been used")),
    "not_the_latest": (409, Text("更晚的变更已生效", "a later act holds")),
    "cannot_suspend": (409, Text("协议已处于暂停", "it is suspended already")),
    "cannot_resume": (409, Text("协议没有暂停", "it is not suspended")),
    "assessed": (409, Text("已考核或评估", "it has been assessed")),
    "step_skipped": (409, Text("不能跳过步骤", "no step is skipped")),
    "step_before": (409, Text("早于上一步", "before the last step")),
    "waiting": (409, Text("名额已满，候补中", "on the waiting list")),
    "over": (409, Text("已办结", "it is over")),
    "rows": (422, Text("有行被退回，未写入任何行", "rows are wrong: none was written")),
}

"""The status and the title of what is refused of pairs and of gaps, where it needs one."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.text import Text

RULES: Mapping[str, tuple[int, Text]] = {
    "likeness": (422, Text("本服务未安装相似比对", "near ones cannot be looked for here")),
    "pair": (422, Text("不是一对记录", "no pair of records")),
    "key": (422, Text("记录的写法不合", "no key of a record")),
    "two_of_ours": (422, Text("不都是本地登记", "not both are registrations of ours")),
    "has_number": (422, Text("没有证件号码", "there is no identity number")),
    "known_gap": (422, Text("没有这个缺口", "there is no such gap")),
    "enrolled": (409, Text("已参保", "closed by cover")),
    "step_order": (409, Text("已有后来的记录", "a later step stands there")),
}

"""What the book itself says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from yibao.text import Text

_LABELS: Mapping[str, Text] = {
    # kinds of provisions
    "table": Text("参数", "Parameter"),
    "classification": Text("归类", "Classification"),
    "class_row": Text("归类中的一行", "Row of a classification"),
    "step": Text("步骤", "Step"),
    "layers": Text("支付层次", "Layers"),
    "constraint": Text("约束", "Constraint"),
    "limit": Text("上位限定", "Limit"),
    "limits": Text("上位限定", "Limits"),
    "extends": Text("延长效力", "Extends"),
    "activates": Text("启用", "Activates"),
    "repeals": Text("废止", "Repeals"),
    "waives": Text("经批准的例外", "Waives"),
    "not_encoded": Text("未编码", "Not encoded"),
    "case": Text("算例", "Worked case"),
    "clause": Text("条款清单", "Clause"),
    "term": Text("词语", "Term"),
    "state_value": Text("累计", "State"),
    "code": Text("代码", "Code"),
    "region": Text("地区", "Region"),
    # kinds and levels of documents
    "policy": Text("政策文件", "Policy document"),
    "draft": Text("征求意见稿", "Draft"),
    "figures": Text("基础参数", "Base figures"),
    "decision": Text("经办决定", "Operator's decision"),
    "national": Text("国家", "National"),
    "province": Text("省级", "Province"),
    "city": Text("市级", "City"),
    # what a provision is about
    "parameter": Text("参数", "Parameter"),
    "measure": Text("衡量", "Measure"),
    "only_for": Text("只就", "Only for"),
    "document": Text("文件", "Document"),
    "provisions": Text("涉及规定", "Provisions"),
    "whole_document": Text("全部规定", "the whole document"),
    "validity": Text("期间", "Validity"),
    "than_before": Text("它之前的数值", "the figure before it"),
    "must_above": Text("必须高于", "must be above"),
    "must_below": Text("必须低于", "must be below"),
    "must_at_least": Text("不得低于", "must be at least"),
    "must_at_most": Text("不得高于", "must be at most"),
    "must_one_of": Text("只能取", "must be one of"),
    "must_equal": Text("必须等于", "must equal"),
    "strength": Text("效力", "Strength"),
    "strength_must": Text("强制", "binding"),
    "strength_should": Text("指导", "a guideline"),
    # phases and operations of steps
    "phase_claim": Text("逐笔结算", "Claim"),
    "phase_year_end": Text("年末结转", "Year end"),
    "op_add": Text("相加", "add"),
    "op_subtract": Text("相减", "subtract"),
    "op_least": Text("取小", "least"),
    "op_greatest": Text("取大", "greatest"),
    "op_share": Text("按比例", "share"),
    "op_require": Text("要求", "require"),
    "op_times": Text("乘次数", "times"),
    "op_prorate": Text("按占比", "prorate"),
    "op_deductible": Text("起付", "deductible"),
    "op_cap": Text("封顶", "cap"),
    "op_bands": Text("分段", "bands"),
    "op_exclude": Text("不予支付", "exclude"),
    "op_accumulate": Text("累计", "accumulate"),
    "op_ordinal": Text("编号", "ordinal"),
    "op_at_most": Text("比较", "compare"),
    "op_keep": Text("按标志保留", "keep"),
    "op_set": Text("设定", "set"),
    "op_refuse": Text("不予办理", "refuse"),
    # scopes and units
    "year": Text("按自然年", "per calendar year"),
    "lifetime": Text("终身", "lifetime"),
    "episode": Text("按一次就医过程", "per episode"),
    "yuan": Text("金额（元）", "amount (yuan)"),
    "rate": Text("比例", "rate"),
    "count": Text("数目", "count"),
    # to whom an article is left
    "agency": Text("经办管理", "agency operations"),
    "registry": Text("登记与目录", "registry"),
    "macro": Text("宏观决策", "macro decision"),
    "overlay": Text("用户的覆盖文件", "an overlay of the user"),
    "payment": Text("付费管理", "provider payment"),
    "monitor": Text("智能监控", "monitoring"),
    "monitoring": Text("智能监控", "monitoring"),
    "public": Text("公共服务", "public service"),
    "interop": Text("接口与互通", "interoperation"),
    "account": Text("个人账户", "personal account"),
    "enrolment": Text("参保缴费", "enrolment"),
    "settlement": Text("待遇结算", "settlement"),
    "fund": Text("基金", "fund"),
    "procurement": Text("采购", "procurement"),
    # tiers of clauses
    "core": Text("核心（可计算）", "core (executable)"),
    "platform": Text("平台（流程）", "platform (workflow)"),
    "context": Text("背景（原则）", "context (principle)"),
    # cases
    "person": Text("参保人", "Person"),
    "claim": Text("各次相同", "Same in every claim"),
    "opening": Text("年初状态", "Opening state"),
    "known": Text("只看此日前公布的", "Published by"),
    "without": Text("不用这些文件", "Documents left out"),
    "overlays": Text("另加文件", "Overlays"),
    "accept_grade": Text("接受的最低可信度", "Worst grade accepted"),
    "date": Text("日期", "Date"),
    "admitted": Text("入院", "Admitted"),
    "episode_id": Text("就医过程", "Episode"),
    "account_available": Text("个账可用", "Account available"),
    "birth_date": Text("出生日期", "Date of birth"),
    "year_end": Text("年末结转", "Year end"),
    "reverses": Text("冲正", "Reverses"),
    "full_year": Text("全年参保", "Insured all year"),
    "insured_at_year_end": Text("年末仍参保", "Insured at year end"),
    "procedure": Text("办理事项", "Procedure"),
    "refused": Text("拒绝，缺或无：", "Refused for want of: "),
    # changes
    "no_rule": Text("无规定", "no rule"),
    "missing": Text("缺失", "missing"),
    "added": Text("新增", "added"),
    "removed": Text("取消", "removed"),
    "replaced": Text("替换", "replaced"),
    # what wins
    "outranked": Text("上位文件优先", "of lower authority"),
    "superseded": Text("被后来的规定取代", "superseded by the later rule"),
    # grades
    "grade_A": Text("文件本身", "the document itself"),
    "grade_B": Text("转述可靠，多处一致", "reliable account, several sources agree"),
    "grade_C": Text("非官方来源，可用但宜核对", "unofficial source, usable but to be checked"),
    "grade_D": Text(
        "推算或孤证，须明示同意才用", "derived or single source, used only with consent"
    ),
}


def of(key: str) -> Text:
    """Return a label; a key that has none stands for itself."""
    if key in _LABELS:
        return _LABELS[key]
    bare = key.removeprefix("op_").removeprefix("phase_").removeprefix("must_")
    return Text(bare, bare.replace("_", " "))


def known(key: str) -> bool:
    """Tell whether there is a label of that key."""
    return key in _LABELS


def period(first: date | None, last: date | None) -> Text:
    """Return a period to be read: ``2016-06-23 – 2021-06-22``."""
    if first is None and last is None:
        return Text("不限", "always")
    if first is None:
        return Text(f"至 {last}", f"until {last}")
    if last is None:
        return Text(f"自 {first}", f"from {first}")
    return Text(f"{first} — {last}", f"{first} – {last}")

"""Why a bill is refused, as an error of its row, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from yibao.agency.desk.model import DeskError
from yibao.agency.imports import told as told_of_rules
from yibao.errors import ClaimError, PolicyError
from yibao.interop.files.reasons import of_claim
from yibao.registry.find import REASONS
from yibao.text import Text

_ZH: Mapping[str, str] = {
    **{rule: text.zh for rule, text in REASONS.items()},
    "known_person": "未登记此人",
    "known_settlement": "没有这笔结算",
    "claim_no_used": "机构已将此单据号用于另一张单据",
    "key_used": "机构已将此单据号用于另一张单据",
    "reversed": "已冲正",
    "of_visit": "该笔由机构按就诊结算，由机构撤销后重新结算",
    "same_rules": "所载规则与结算时不同",
    "days": "就诊日期不能在今天以后",
    "asked_fact": "此项由登记或转诊得出，应为空",
    "required": "不能为空",
    "episode": "与转诊单的就医事件编号不同，可空",
    "invoiced": "发票合计与单据总额不同",
    "invoice_used": "发票已报销",
    "paid": "本人已支付的单据不再用个人账户支付",
    "lines": "明细为 1 到 10000 行",
    "mapped": "当日没有对照到国家目录",
}


def told(error: DeskError | PolicyError | ClaimError, day: date) -> tuple[str, str, Text]:
    """Return of an error the column that it is about or "", the rule that is broken, and why.

    `day` is the day of the bill.
    """
    if isinstance(error, DeskError):
        return of_desk(error)
    if isinstance(error, ClaimError):
        return error.column, *of_claim(error, day)
    return told_of_rules(error)


def of_desk(error: DeskError) -> tuple[str, str, Text]:
    """Return the same of what the desk refuses.

    A key that is used is the institution's number of the bill, for it comes from a file.
    """
    zh = error.zh or _ZH.get(error.rule, error.expected)
    if error.rule == "key_used":
        return "claim_no", "claim_no_used", Text(zh, "a number that stands for no other bill")
    return error.column, error.rule, Text(zh, error.expected)

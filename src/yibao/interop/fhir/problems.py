"""What is wrong with a resource: in which file, at which path, and why, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from yibao.interop.files.rows import shorten, visible
from yibao.interop.files.rules import RULES as FILE_RULES
from yibao.interop.files.rules import filled
from yibao.text import Text

RULES = MappingProxyType(
    {
        "json": Text("不是有效的 JSON：{why}", "this is not JSON: {why}"),
        "readable": FILE_RULES["readable"],
        "resource": Text(
            "应为 FHIR R4 资源：Bundle 或 {expected}",
            "a resource of FHIR R4 is needed: a Bundle, or one of {expected}",
        ),
        "fhir": Text("不符合 FHIR R4：{why}", "this is not as FHIR R4 has it: {why}"),
        "needed": Text("缺少：{what}", "missing: {what}"),
        "system": Text(
            "应恰有一个 {system} 的标识或代码，现有 {found} 个",
            "one of {system} is needed, there are {found}",
        ),
        "known_reference": Text(
            "引用的资源不在所给文件中，也没有 {system} 的标识",
            "the resource referred to is in none of the files, and it has no identifier of "
            "{system}",
        ),
        "unique": Text("与 {found} 重复", "there already: {found}"),
        "status": Text("应为 {expected}", "one of {expected} is needed"),
        "currency": Text("币种应为 CNY（人民币）", "the currency must be CNY"),
        "number": Text("金额和数量应为 JSON 数字", "a JSON number is needed"),
        "day": Text("应为完整的日期", "a whole day is needed, such as 2022-03-01"),
        "period": Text("早于起始日期 {start}", "this is before the start, {start}"),
        "instant": Text(
            "应为带时区的时刻", "a time with its zone is needed: 2022-03-01T09:30:00+08:00"
        ),
        "not_supported": Text("不支持：{what}", "not supported: {what}"),
        "net_agrees": Text(
            "数量×单价（四舍五入到分）为 {found} 元",
            "quantity times price, rounded to the fen, is {found} yuan",
        ),
        "adds_up": Text("各项之和为 {found} 元", "the parts come to {found} yuan"),
        "paid_by_person": Text(
            "本人垫付的单据须凭发票手工报销（yibao desk reimburse），不能由此导入",
            "a bill that the person has paid is settled against its paper invoices "
            "(yibao desk reimburse), not from here",
        ),
        "refund": Text(
            "负数金额只可用于 meta.tag 标明 {flow}|refund 的资源，且各项都不大于零",
            "amounts below zero are for resources whose meta.tag says {flow}|refund, and then none "
            "is above zero",
        ),
        "told_apart": Text(
            "与同一笔结算的 ExplanationOfBenefit 不一致（{found}）",
            "the ExplanationOfBenefit of the same settlement says otherwise ({found})",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `path` is from the resource at the top of the file."""

    file: Path
    path: str
    value: str
    rule: str
    message: Text

    def say(self, language: str) -> str:
        """Return the problem on one line, in "zh" or "en"."""
        found = f" = {shorten(self.value)!r}" if self.value else ""
        separator = "：" if language == "zh" else ": "
        told = visible(self.message.pick(language))
        return f"{visible(f'{self.file}: {self.path}')}{found}{separator}{told} [{self.rule}]"


def reason(rule: str, **facts: object) -> Text:
    """Return why something breaks a rule; a fact that is a `Text` differs by language."""
    return filled(RULES[rule], **facts)

"""What a piece of work told, as a page: a Chinese reader sees words where JSON has names and codes.

In English the names and codes are words already, and stand as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from yibao.interop.files.rows import visible

if TYPE_CHECKING:
    from rich.console import Console

    from yibao.cli.options import Language


def print_told(page: Console, told: Mapping[str, Any], language: Language) -> None:
    """Print named values, and lists of rows of such: of rows what says nothing is left out."""
    for name, value in told.items():
        title = _name(name, language)
        if isinstance(value, list) and all(isinstance(row, Mapping) for row in value):
            page.print(f"{title}:", style="bold")
            for row in value:
                said = {k: v for k, v in row.items() if v not in {"", None}}
                shown = ", ".join(
                    f"{_name(k, language)}={_value(k, v, language)}" for k, v in said.items()
                )
                page.print(f"  {visible(shown)}", soft_wrap=True)
        else:
            page.print(f"{title}: {visible(_value(name, value, language))}", soft_wrap=True)


def _name(name: str, language: Language) -> str:
    return name if language == "en" else _names().get(name, name)


def _value(name: str, value: Any, language: Language) -> str:
    if isinstance(value, list):
        between = ", " if language == "en" else "、"
        return between.join(_value(name, one, language) for one in value)
    if language == "en":
        return str(value)
    if value is None or isinstance(value, bool):
        return {None: "无", True: "是", False: "否"}[value]
    return _codes().get(name, {}).get(str(value), str(value))


@cache
def _names() -> Mapping[str, str]:
    """Return the Chinese name of each value, by what JSON calls it."""
    from yibao.policy.vocabulary import vocabulary

    known = vocabulary()
    attributes = {name: attribute.title.zh for name, attribute in known.attributes.items()}
    return MappingProxyType(attributes | _payers() | _NAMES)


@cache
def _codes() -> Mapping[str, Mapping[str, str]]:
    """Return the Chinese words of codes, by what JSON calls the value."""
    from yibao.agency.enrolment.files import IDENTITY_TYPES
    from yibao.agency.filing.files import CHOICES
    from yibao.agency.filing.remote import CATEGORIES
    from yibao.policy.vocabulary import vocabulary

    known = {
        name: {code: text.zh for code, text in attribute.codes.items()}
        for name, attribute in vocabulary().attributes.items()
        if attribute.codes
    }
    more = {
        "identity_type": {code: text.zh for code, text in IDENTITY_TYPES.items()},
        "category": known["category"] | {code: text.zh for code, text in CATEGORIES.items()},
        "kind": _KINDS | {code: text.zh for code, text in CHOICES.items()},
        "item": known["contribution_item"],
        "part": _payers(),
        "payer": {"finance": "财政"},
        "outcome": _OUTCOMES,
        "step": _STEPS,
    }
    return MappingProxyType(known | more)


@cache
def _payers() -> dict[str, str]:
    from yibao.policy.vocabulary import vocabulary

    procedures = vocabulary().procedures.values()
    return {name: text.zh for one in procedures for name, text in one.payers.items()}


_OUTCOMES = {
    "open": "未办结",
    "granted": "通过",
    "refused": "不通过",
    "withdrawn": "申请人撤回",
    "cancelled": "因误作废",
}
_STEPS = {"dispatched": "已发出", "received": "已签收", "cancelled": "已取消"}
_KINDS = {
    "drug": "药品",
    "service": "医疗服务项目",
    "consumable": "医用耗材",
    "preparation": "医疗机构制剂",
    "herbal": "中药饮片",
    "credit": "划入",
    "interest": "计息",
    "use": "使用",
    "withdrawal": "提取",
    "closing": "结清",
    "freeze": "冻结",
    "unfreeze": "解冻",
    "moved_in": "转入",
}
_NAMES = {
    "account": "个人账户",
    "account_balance": "个人账户余额",
    "amount": "金额",
    "application": "申请号",
    "applications": "申请",
    "approved": "审核通过",
    "assessment": "评估号",
    "assessments": "失能评估",
    "assessor": "评估机构和人员",
    "balance": "余额",
    "bill": "缴费单号",
    "bills": "缴费单",
    "birth_date": "出生日期",
    "cancelled": "已作废",
    "category": "类别",
    "choice": "选定号",
    "choices": "选定与签约",
    "chosen": "选定机构",
    "cite": "依据",
    "code": "代码",
    "computed": "等级由规则得出",
    "confirmed": "予以确认",
    "cover": "待遇期",
    "date": "申办日",
    "days": "天数",
    "decided": "结论日",
    "disabled": "已停用",
    "disease": "病种",
    "division": "行政区划",
    "employer_id": "单位编号",
    "employment": "用工",
    "ended_from": "终止自",
    "entry": "分录号",
    "episode": "住院过程",
    "expert": "专家",
    "experts": "抽取的专家",
    "family_doctors": "家庭医生签约",
    "fee": "签约费",
    "filed_at": "备案时刻",
    "former": "变更前信息",
    "from": "起日",
    "from_institution": "转出机构",
    "grade": "等级",
    "heads": "人数",
    "household_id": "家庭编号",
    "identity_number": "证件号码",
    "identity_type": "证件类型",
    "in": "收入",
    "in_place_of": "代替",
    "institution": "机构",
    "issued_at": "开具时刻",
    "item": "项目",
    "items": "处方项目",
    "kind": "类型",
    "limit": "限额",
    "limits": "限额",
    "long_term": "长期处方",
    "made": "已办理",
    "membership": "参保",
    "months": "月数",
    "months_paid": "已缴费月数",
    "name": "名称",
    "number": "机构处方号",
    "on": "日期",
    "order": "订单号",
    "out": "支出",
    "outcome": "结论",
    "part": "负担项目",
    "password": "口令",
    "payer": "缴纳方",
    "pays_every": "缴费周期（月）",
    "pension": "月养老金",
    "period": "所属期",
    "permit_until": "居住证有效期止",
    "person": "人员",
    "person_id": "人员编号",
    "phone": "电话",
    "practitioner": "医师",
    "prescription": "处方",
    "quantity": "数量",
    "received": "已到账",
    "referral": "转诊号",
    "referrals": "转诊",
    "registrations": "已登记病种",
    "remote": "异地就医备案",
    "seed": "随机种子",
    "severe": "重度失能",
    "roles": "角色",
    "sites": "定点数",
    "source": "来源",
    "status": "核实情况",
    "step": "步骤",
    "taken": "已配药或配送中",
    "title": "内容",
    "to": "止日",
    "to_institution": "转入机构",
    "until": "变更时间",
    "value": "值",
    "wage": "月缴费工资",
    "without_agreement": "没有协议的机构",
}

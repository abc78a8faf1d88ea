"""The files in which bills reach the desk: bills, their item lines, their paper invoices.

A bill is a row; lines and invoices stand in files of their own and name the bill by institution
and number. What a register knows of the institution or the person is not asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from yibao.errors import CodeError
from yibao.interop.files.columns import (
    DERIVED,
    Column,
    amount_column,
    attribute_column,
    claim_columns,
)
from yibao.policy.model import Region, Text
from yibao.policy.vocabulary import Attribute, vocabulary

ITEM_KINDS: Mapping[str, Text] = {
    "drug": Text("药品", "drug"),
    "service": Text("医疗服务项目", "service item"),
    "consumable": Text("医用耗材", "consumable"),
    "preparation": Text("医院制剂", "hospital preparation"),
    "herbal": Text("中药饮片", "herbal piece"),
}
"""The catalogues in which an item of a bill may stand."""

_INSTITUTION = Column("institution_id", "id", Text("医疗机构编号", "Institution"), longest=64)
_CLAIM_NO = Column(
    "claim_no",
    "id",
    Text("单据号", "The institution's number of the bill"),
    Text("一个机构的单据号只用一次", "used once by an institution"),
    longest=64,
)
_OF_PAPERS = Text("规则用到时填写", "where rules look at it")


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise CodeError("应为系统给出的编号", "a number that the system gave is needed")
    return int(text)


def _numbered(name: str, zh: str, en: str) -> Column:
    return Column(name, "id", Text(zh, en), absent="", form=_number)


def facts() -> Sequence[Attribute]:
    """Return the facts that a bill may bring; that it is referred is said by a referral."""
    known = {"visit", "referred", *DERIVED}
    return [a for a in vocabulary().of("claim") if a.kind != "number" and a.name not in known]


def bill_columns(region: Region) -> tuple[Column, ...]:
    """Return the columns of the bills: one row per bill."""
    own = {column.name: column for column in claim_columns(region)}
    return (
        _INSTITUTION,
        _CLAIM_NO,
        replace(own["person_id"], longest=64),
        *(own[name] for name in ("visit", "date", "admitted_on", "discharged_on")),
        *(
            own[name] if name == "total" else replace(amount_column(amount), absent="")
            for name, amount in vocabulary().amounts.items()
        ),
        *(
            replace(attribute_column(a, region), absent="", note=_OF_PAPERS, longest=64)
            for a in facts()
        ),
        replace(own["episode"], longest=64),
        _numbered("referral", "转诊单号", "Referral"),
        Column("practitioner_id", "id", Text("医师代码", "Practitioner"), absent="", longest=64),
        _numbered("prescription", "处方编号", "Prescription that is filled"),
        Column(
            "filled_at",
            "time",
            Text("配药时刻", "When it was filled"),
            Text("有处方编号时必填（当地时间）", "needed with a prescription (local time)"),
            absent="",
        ),
        Column(
            "from_account",
            "amount",
            Text("个人账户最多支付", "At most from the personal account"),
            absent="0.00",
        ),
    )


LINE_COLUMNS = (
    _INSTITUTION,
    _CLAIM_NO,
    Column("kind", "code", Text("目录类别", "Kind of item"), codes=ITEM_KINDS),
    Column(
        "code",
        "id",
        Text("国家代码", "National code"),
        Text("与院内代码至少填一个", "this or local_code"),
        absent="",
        longest=64,
    ),
    Column("local_code", "id", Text("院内代码", "Local code"), absent="", longest=64),
    Column("quantity", "decimal", Text("数量", "Quantity")),
    Column("price", "decimal", Text("单价（元）", "Price of one (yuan)")),
    Column(
        "served_on",
        "date",
        Text("服务日期", "Day of service"),
        Text("空为就诊当日", "empty: the day of a visit of one day"),
        absent="",
    ),
    Column("practitioner_id", "id", Text("医师代码", "Practitioner"), absent="", longest=64),
)
"""The columns of item lines: one row per line of a bill."""

INVOICE = r"^[0-9A-Za-z]{1,20}$"
"""A code or number of an invoice: there are 8, 10, 12 and 20 digits, and letters in old ones."""


def _invoice(text: str) -> str:
    if re.match(INVOICE, text) is None:
        raise CodeError(
            "应为 1 至 20 位半角数字或字母",
            "1 to 20 digits or letters of ASCII are needed, nothing else",
        )
    return text.upper()


INVOICE_COLUMNS = (
    _INSTITUTION,
    _CLAIM_NO,
    Column("invoice_code", "id", Text("发票代码", "Code of the invoice"), form=_invoice),
    Column("invoice_no", "id", Text("发票号码", "Number of the invoice"), form=_invoice),
    Column("amount", "amount", Text("发票金额", "Amount of the invoice")),
)
"""The columns of paper invoices: one row per invoice."""

REVERSAL_COLUMNS = (
    Column("settlement_id", "id", Text("结算编号", "Number of the settlement"), form=_number),
)
"""The columns of settlements to be taken back."""

FILES: Mapping[str, Callable[[Region], Sequence[Column]]] = {
    "bills": bill_columns,
    "lines": lambda _: LINE_COLUMNS,
    "invoices": lambda _: INVOICE_COLUMNS,
}
"""The files of a desk, by the names of their Excel sheets."""

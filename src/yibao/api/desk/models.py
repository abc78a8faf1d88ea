"""Requests and replies of the claims desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from yibao.api.desk.bill import Amounts, Facts
from yibao.api.desk.lines import LINE, Lines, LineTold
from yibao.api.fields import (
    Amount,
    Day,
    Instant,
    Name,
    NameOrNone,
    Number,
    Strict,
    Told,
    Words,
    Yuan,
)
from yibao.interop.files.bills import INVOICE
from yibao.policy.vocabulary import vocabulary

Visit = Annotated[
    str,
    Field(
        pattern=f"^({'|'.join(vocabulary().attributes['visit'].codes or ())})$",
        description="what kind of visit / 就医类别",
        examples=["inpatient"],
    ),
]

MAX_INVOICES = 500
"""Most invoices of one bill."""


_CARE: dict[str, Any] = {
    "institution_id": "H12010100001",
    "claim_no": "A-2023-000017",
    "person_id": "P-17",
    "visit": "inpatient",
    "admitted_on": "2023-03-01",
    "discharged_on": "2023-03-08",
}
_AMOUNTS: dict[str, Any] = {
    "total": "10000.00",
    "out_of_catalogue": "500.00",
    "in_scope": "9500.00",
}
_BILL = {**_CARE, "amounts": _AMOUNTS, "facts": {}, "episode": "", "from_account": "0.00"}
_OF_LINES = {**_CARE, "lines": [dict(LINE)]}
_INVOICE: dict[str, Any] = {"code": "1200223130", "number": "00017356", "amount": "10000.00"}


class Care(Strict):
    """What every bill says: of whom, where, when, for what, and what was served.

    It brings amounts, or the lines of which the catalogue makes them.
    """

    institution_id: Name
    claim_no: Name = Field(description="the institution's own number, used once / 单据号")
    person_id: Name
    visit: Visit
    admitted_on: Day
    discharged_on: Day
    amounts: Amounts | None = Field(None, description="this or `lines` / 与明细二选一")
    lines: Lines | None = Field(
        None,
        description="this or `amounts`; each is priced by the catalogue of its day, in care "
        "elsewhere that of the treating place / 费用明细",
    )
    facts: Facts = Field(default_factory=dict)
    episode: NameOrNone = Field(
        "", description="the same for the claims of one referral chain / 就医事件编号"
    )
    referral: Number | None = Field(
        None, description="number of the referral that brought the person here / 转诊单号"
    )
    practitioner_id: NameOrNone = Field("", description="who treated / 医师代码")

    @model_validator(mode="before")
    @classmethod
    def _few(cls, given: Any) -> Any:
        if isinstance(given, dict) and len(given) > MAX_FIELDS:
            raise PydanticCustomError("fields", f"expected at most {MAX_FIELDS} fields")
        return given

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.amounts is None) == (self.lines is None):
            raise PydanticCustomError("one_of", "expected either amounts or lines")
        return self


MAX_FIELDS = 50
"""Most fields of a bill, known or not, before they are looked at one by one."""


class Filled(Strict):
    """A prescription that is handed out over a counter."""

    number: Number = Field(description="our number of it / 处方流水号")
    at: Instant = Field(description="when it was handed out, on the bill's day / 配药时间")


class Received(Strict):
    """An order that is handed out at the door."""

    number: Number = Field(description="number of the order / 配送订单号")
    at: Instant = Field(description="when it was handed out, on the bill's day / 签收时间")
    signed_by: Annotated[
        str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\p{C}]+$")
    ] = Field(description="who signed for it / 签收人", examples=["王芳"])


class Bill(Care):
    """A bill of an institution for a person, to be settled."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BILL, _OF_LINES]})

    from_account: Amount = Field(
        0,
        description="the most that the personal account may pay / 个人账户最多支付",
        json_schema_extra={"default": "0.00"},
    )
    prescription: Filled | None = Field(
        None, description="what the bill's lines fill; who prescribed is who treated / 所配处方"
    )
    delivery: Received | None = Field(
        None, description="the order that the bill's lines fill / 所送订单"
    )

    @model_validator(mode="after")
    def _of_prescription(self) -> Self:
        if self.prescription is None and self.delivery is None:
            return self
        others = (self.prescription and self.delivery, self.referral, self.practitioner_id)
        if any(others):
            expected = (
                "expected a prescription or a delivery, and neither referral nor practitioner"
            )
            raise PydanticCustomError("handed_out", expected)
        return self


def _above_zero(fen: int) -> int:
    if not fen:
        raise PydanticCustomError("amount", "expected an amount above 0.00")
    return fen


InvoiceCode = Annotated[str, StringConstraints(pattern=INVOICE, to_upper=True)]


class Invoice(Strict):
    """A paper invoice that the person has paid."""

    code: InvoiceCode = Field(description="发票代码")
    number: InvoiceCode = Field(description="发票号码; leading zeros do not count / 前导零不计")
    amount: Annotated[Amount, AfterValidator(_above_zero)]


def _each_once(invoices: list[Invoice]) -> list[Invoice]:
    if len({(i.code, i.number) for i in invoices}) < len(invoices):
        raise PydanticCustomError("once", "expected each invoice once")
    return invoices


class Reimbursement(Care):
    """A bill that the person has paid, with its paper invoices, which add up to it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_CARE, "amounts": _AMOUNTS, "invoices": [_INVOICE]}]}
    )

    invoices: Annotated[
        list[Invoice], Field(min_length=1, max_length=MAX_INVOICES), AfterValidator(_each_once)
    ] = Field(description="each stands behind one settlement until that is taken back / 发票")


class Standing(Told):
    """How a bill divides: who pays what."""

    claim_no: str
    institution_id: str
    person_id: str
    scheme: str
    visit: str
    admitted_on: Day
    discharged_on: Day
    day: Day = Field(description="the day that chooses rules, status and year / 适用规则的日期")
    amounts: Mapping[str, Yuan]
    total: Yuan
    in_scope: Yuan
    funds: Mapping[str, Yuan] = Field(description="what each fund pays / 各基金支付")
    fund_pay: Yuan
    hospital_pay: Yuan = Field(description="borne by the institution / 医疗机构负担")
    account_pay: Yuan
    cash_pay: Yuan


class PreSettled(Standing):
    """What a bill would be settled as now; nothing was written."""

    account_balance: Yuan
    lines: Sequence[LineTold] = Field((), description="as they were priced / 分割后的明细")


class Settled(PreSettled):
    """A settlement as booked."""

    settlement_id: int
    settled_at: datetime


class TakenBack(Told):
    """A reversal as booked."""

    settlement_id: int = Field(description="the reversal's own number / 冲正单号")
    reverses: int
    account_balance: Yuan


class Corrected(Told):
    """A settlement taken back, and the one that stands in its place."""

    taken_back: TakenBack
    settled: Settled


class Booked(Standing):
    """A settlement or reversal as it stands in the books; a reversal has the amounts it takes."""

    settlement_id: int
    kind: Literal["settlement", "reversal"]
    reverses: int | None
    reversed_by: int | None = Field(description="null: it stands / 空：未冲正")
    settled_on: Day
    settled_at: datetime
    payee: Literal["institution", "person"]
    episode: str
    rules: str = Field(description="digest of the rules that settled it / 规则摘要")


class Page(Told):
    """Settlements by number; `next` is the cursor of the page after, null at the end."""

    settlements: Sequence[Booked]
    next: str | None


# --- explanations ---------------------------------------------------------------------------------


class Source(Told):
    """The provision behind a step or a figure."""

    document: str
    number: str
    cite: str
    grade: str
    source: str | None
    in_force_by: str | None
    from_: str | None = Field(alias="from")
    to: str | None


class Rejected(Told):
    """Another figure, and why it does not apply."""

    value: str
    why: Words
    source: Source


class Operand(Told):
    """A number that went into a step; a figure of a table has its source."""

    name: str
    title: Words
    value: str
    source: Source | None = None
    rejected: Sequence[Rejected] = ()


class Step(Told):
    """One step: what it did, with which numbers, to which result, under which article."""

    step: str
    layer: str | None
    says: Words
    formula: str
    before_rounding: str | None
    operands: Sequence[Operand]
    results: Mapping[str, str]
    source: Source
    changes: bool


class Cited(Told):
    """A document that a settlement rests on."""

    id: str
    number: str
    title: Words


class Explanation(Told):
    """Why a settlement is as it is: every step, from what was kept of it."""

    claim_id: str
    person_id: str
    scheme: str
    day: Day
    day_rule: Words
    bill: Mapping[str, str]
    steps: Sequence[Step]
    funds: Mapping[str, str]
    personal_pay: str
    account_pay: str
    cash_pay: str
    documents: Sequence[Cited]

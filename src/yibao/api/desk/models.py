"""Requests and replies of the claims desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from yibao.api.desk.bill import Amounts, Facts
from yibao.api.fields import MAX_INTEGER, Amount, Day, Name, NameOrNone, Strict, Told, Words, Yuan
from yibao.policy.vocabulary import vocabulary

Visit = Annotated[
    str,
    Field(
        pattern=f"^({'|'.join(vocabulary().attributes['visit'].codes or ())})$",
        description="what kind of visit / 就医类别",
        examples=["inpatient"],
    ),
]

_BILL: dict[str, Any] = {
    "institution_id": "H12010100001",
    "claim_no": "A-2023-000017",
    "person_id": "P-17",
    "visit": "inpatient",
    "admitted_on": "2023-03-01",
    "discharged_on": "2023-03-08",
    "amounts": {"total": "10000.00", "out_of_catalogue": "500.00", "in_scope": "9500.00"},
    "facts": {},
    "episode": "",
    "from_account": "0.00",
}


class Bill(Strict):
    """A bill of an institution for a person, to be settled."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BILL]})

    institution_id: Name
    claim_no: Name = Field(description="the institution's own number, used once / 单据号")
    person_id: Name
    visit: Visit
    admitted_on: Day
    discharged_on: Day
    amounts: Amounts
    facts: Facts = Field(default_factory=dict)
    episode: NameOrNone = Field(
        "", description="the same for the claims of one referral chain / 就医事件编号"
    )
    referral: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = Field(
        None, description="number of the referral that brought the person here / 转诊单号"
    )
    practitioner_id: NameOrNone = Field("", description="who treated / 医师代码")
    from_account: Amount = Field(
        0, description="the most that the personal account may pay / 个人账户最多支付"
    )


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


class Settled(Standing):
    """A settlement as booked."""

    settlement_id: int
    settled_at: datetime
    account_balance: Yuan


class TakenBack(Told):
    """A reversal as booked."""

    settlement_id: int = Field(description="the reversal's own number / 冲正单号")
    reverses: int
    account_balance: Yuan


class Booked(Standing):
    """A settlement or reversal as it stands in the books; a reversal has the amounts it takes."""

    settlement_id: int
    kind: Literal["settlement", "reversal"]
    reverses: int | None
    reversed_by: int | None = Field(description="null: it stands / 空：未冲正")
    settled_on: Day
    settled_at: datetime
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

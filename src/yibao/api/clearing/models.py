"""Requests and replies of clearing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from yibao.agency.clearing.model import visits
from yibao.api.fields import (
    Amount,
    Day,
    Fund,
    Month,
    Name,
    Rate,
    Said,
    Strict,
    Told,
    Yuan,
    either,
    example,
)

MAX_DEDUCTIONS = 2_000
"""Most deductions of one audit."""

Year = Annotated[int, Field(ge=2015, le=2100, examples=[2026])]
BookDay = Annotated[Day | None, Field(description="day of the books; else today / 记账日")]


# --- a month --------------------------------------------------------------------------------------


class NewApplication(Strict):
    """An institution applies for a month."""

    model_config = example(institution_id="H12010100001", month="2026-03")

    institution_id: Name
    month: Month
    day: BookDay = None
    early: bool = Field(False, description="closed before its last day is past / 提前申报")


class NewDeduction(Strict):
    """What an audit takes off a line, and why."""

    fund: Fund
    visit: str = Field(pattern=f"^({either(visits())})$", description="visit / 就医类别")
    amount: Amount
    reason: Said
    claim_no: Name | None = Field(None, description="of which bill / 单据号")


class LaidDown(Strict):
    """A rate, and where it is laid down."""

    rate: Rate
    cite: Said


class NewAudit(Strict):
    """What an audit found. Without `deposit` its rate is that of the region's documents."""

    model_config = example(
        deductions=[
            {
                "fund": "resident.pool_pay",
                "visit": "inpatient",
                "amount": "120.00",
                "reason": "charged twice",
                "claim_no": "A-2026-000017",
            }
        ],
        deposit={"rate": "5%", "cite": "agreement 2026, 12"},
    )

    deductions: list[NewDeduction] = Field(default_factory=list, max_length=MAX_DEDUCTIONS)
    deposit: LaidDown | None = None
    day: BookDay = None


class NewPayment(Strict):
    """A payment of an audited month, by somebody else than who audited it."""

    model_config = example(day="2026-04-20")

    day: BookDay = None


class ApplicationLine(Told):
    """What is due of a fund for a visit."""

    fund: str
    visit: str
    claims: int
    due: Yuan


class Deducted(Told):
    """What the audit took off."""

    deduction_id: int
    fund: str
    visit: str
    amount: Yuan
    reason: str
    settlement_id: int | None


class Withheld(Told):
    """What is withheld of a line as deposit."""

    fund: str
    visit: str
    base: Yuan
    rate: Rate
    cite: str
    amount: Yuan


class Paid(Told):
    """How one fund's part was settled."""

    net: Yuan
    recovered: Yuan = Field(description="what the institution owed / 抵应追回款")
    offset: Yuan = Field(description="against working capital / 抵周转金")
    bank: Yuan


class Application(Told):
    """An institution's month, and what it has come to."""

    application_id: int
    institution_id: str
    month: Month
    state: Literal["applied", "audited", "paid"]
    due: Yuan
    deducted: Yuan
    withheld: Yuan
    lines: Sequence[ApplicationLine]
    deductions: Sequence[Deducted]
    deposits: Sequence[Withheld]
    paid: Mapping[str, Paid]


class Applications(Told):
    """Applications by number; `next` is the cursor of the page after, null at the end."""

    applications: Sequence[Application]
    next: str | None


# --- appeals --------------------------------------------------------------------------------------


class NewAppeal(Strict):
    """Why a deduction is not right."""

    model_config = example(reason="the record shows both")

    reason: Said
    day: BookDay = None


class NewDecision(Strict):
    """Whether a deduction stands, and why."""

    model_config = example(upheld=False, reason="found in the record")

    upheld: bool
    reason: Said
    day: BookDay = None


class Contested(Deducted):
    """A deduction, with what became of an appeal against it."""

    application_id: int
    appeal: str | None
    upheld: bool | None
    decision: str | None


# --- a year, reserves, other regions --------------------------------------------------------------


class NewAdvance(Strict):
    """Working capital for a year; `months` with `cite`, or those of the region's documents."""

    model_config = example(institution_id="H12010100001", year=2026)

    institution_id: Name
    year: Year
    months: Annotated[int, Field(ge=1, le=12)] | None = None
    months_of: Annotated[int, Field(ge=1, le=12, description="under agreement the year before")] = (
        12
    )
    cite: Said | None = None
    day: BookDay = None

    @model_validator(mode="after")
    def _laid_down(self) -> Self:
        if (self.months is None) != (self.cite is None):
            raise PydanticCustomError("cite", "months and cite: expected both or none")
        return self


class NewRepayment(Strict):
    """What is left of a year's working capital comes back."""

    model_config = example(institution_id="H12010100001", year=2026)

    institution_id: Name
    year: Year
    day: BookDay = None


class NewRelease(Strict):
    """So much of a year's deposits is returned after the assessment."""

    model_config = example(
        institution_id="H12010100001", year=2026, rate="90%", reason="assessed at 90 points"
    )

    institution_id: Name
    year: Year
    rate: Rate
    reason: Said
    day: BookDay = None


class NewSetAside(LaidDown):
    """A share of a year's income to the risk reserve."""

    model_config = example(year=2026, rate="2%", cite="measures of 2020, 3")

    year: Year
    day: BookDay = None


class NewDraw(Strict):
    """Back from the reserve to the fund's balance."""

    model_config = example(amount="80000.00", reason="deficit of 2026")

    amount: Amount
    reason: Said
    day: BookDay = None


class NewRegionAdvance(Strict):
    """Money paid to a region ahead of its bills."""

    model_config = example(fund="resident.pool_pay", amount="1000000.00")

    fund: Fund
    amount: Amount
    day: BookDay = None


class NewRegionMonth(Strict):
    """What the bills of our insured in a region came to in a month, by fund."""

    model_config = example(
        month="2026-03", funds={"resident.pool_pay": "120000.00"}, reserve_first=True
    )

    month: Month
    funds: Annotated[dict[Fund, Amount], Field(min_length=1)]
    reserve_first: bool = False
    day: BookDay = None


class NewReturn(Strict):
    """What a region holds of money paid ahead comes back."""

    model_config = example(day="2026-12-31")

    day: BookDay = None


class ByFund(Told):
    """Yuan by fund."""

    funds: Mapping[str, Yuan]


class Released(Told):
    """What of a fund's deposits went back, and what was kept."""

    returned: Yuan
    kept: Yuan


class ReleasedByFund(Told):
    """Deposits by fund."""

    funds: Mapping[str, Released]


class Cleared(Told):
    """How one fund's bill was met: by reserve and surplus; by money ahead and the bank."""

    due: Yuan
    from_reserve: Yuan
    from_surplus: Yuan
    offset: Yuan
    bank: Yuan


class ClearedByFund(Told):
    """A region's month by fund."""

    funds: Mapping[str, Cleared]


class Standing(Told):
    """What stands between the agency and an institution or region, by head and fund."""

    party: str
    heads: Mapping[str, Mapping[str, Yuan]] = Field(
        description="credits, which are owed to it, are below zero / 贷方为负"
    )

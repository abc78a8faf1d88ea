"""What requests and replies about contributions hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from yibao.api.fields import (
    NAMES,
    Addressed,
    Amount,
    Day,
    Month,
    Name,
    NameOrNone,
    Strict,
    Told,
    Yuan,
    example,
)

MAX_BATCH = 200
"""Most receipts of one request, and most persons billed by one."""


Payer = Annotated[
    str,
    Field(
        min_length=1,
        max_length=80,
        pattern=NAMES,
        description="a person, an employer, household:ID, finance …  / 缴费人",
        examples=["U-1001"],
    ),
]
Reason = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\p{C}]*\S[^\p{C}]*$")]


class TakingBack(Strict):
    """On which day of the books something is taken back, and why."""

    model_config = example(on_day="2022-10-11", reason="entered twice")

    on_day: Day
    reason: Reason


# --- bills ----------------------------------------------------------------------------------------


class NewBills(Strict):
    """Which months to bill: of a person, of a payer's persons, or of everybody in a scheme."""

    model_config = example(
        scheme="employee",
        first_month="2022-09",
        last_month="2022-09",
        billed_on="2022-09-01",
        payer="U-1001",
    )

    scheme: Literal["employee", "resident"]
    first_month: Month
    last_month: Month
    billed_on: Day
    item: Literal["basic", "large_expense"] = "basic"
    person_id: NameOrNone = ""
    payer: Payer | None = Field(None, description="an employer or household:ID")
    cursor: Annotated[str | None, Field(max_length=40, pattern=r"^[0-9A-Za-z_-]+$")] = Field(
        None, description="`next` of the request before"
    )

    @model_validator(mode="after")
    def _months_of_somebody(self) -> Self:
        if (
            not self.first_month
            <= self.last_month
            < self.first_month.replace(year=self.first_month.year + 1)
        ):
            raise PydanticCustomError("months", "expected at most twelve months, in order")
        if self.person_id and (self.payer or self.cursor):
            raise PydanticCustomError("whom", "expected person_id, or payer and cursor")
        return self


class LeftOut(Told):
    """Somebody or something that was refused, by which rule and why."""

    what: str
    rule: str
    detail: str
    detail_zh: str


class Billed(Told):
    """The bills that were made; `unchanged` persons were billed before. `next` bills the rest."""

    bills: Sequence[int]
    unchanged: int
    failures: Sequence[LeftOut]
    next: str | None


class BillPart(Told):
    """What a payer owes of a bill and what has come of it."""

    name: str
    payer: str
    amount: Yuan
    received: Yuan


class ContributionBill(Told):
    """A bill; that of a surcharge is of no person."""

    bill_id: int
    person_id: str
    scheme: str
    item: str
    first: Day
    last: Day
    billed_on: Day
    taken_back: bool
    parts: Sequence[BillPart]


class ContributionBills(Told):
    """Bills by number; `next` is the cursor of what follows."""

    bills: Sequence[ContributionBill]
    next: str | None


class BillTakenBack(Told):
    """What was taken back; `bills` stand in its place, `persons` are whose cover followed."""

    bill_id: int
    bills: Sequence[int]


class GivenUp(TakingBack):
    """Why months of a bill are given back, and the day on which that came about."""

    model_config = example(
        on_day="2022-10-11", reason="told by the heirs", because="death", since="2022-09-20"
    )

    because: Literal["death", "elsewhere", "other_scheme"]
    since: Day


class Owed(Told):
    """A part of a bill that something is owed of."""

    bill_id: int
    person_id: str
    name: str
    payer: str
    item: str
    first: Day
    last: Day
    amount: Yuan
    received: Yuan
    owed: Yuan


class Arrears(Told):
    """What is owed, by number of the bill; `next` is the cursor of what follows."""

    parts: Sequence[Owed]
    next: str | None


class Surcharging(Strict):
    """Whose lateness to charge: what came by a day, from one employer or all."""

    model_config = example(until="2022-12-31", payer="U-1001")

    until: Day
    payer: Payer | None = None


class Surcharge(Told):
    """What an employer owes for a receipt that came late."""

    bill_id: int
    payer: str
    reference: str
    received_on: Day
    amount: Yuan
    rate: str
    cite: str


class Surcharges(Told):
    """The surcharges that are new."""

    surcharges: Sequence[Surcharge]


# --- receipts -------------------------------------------------------------------------------------


_RECEIPT = {
    "reference": "B-7781",
    "payer": "U-1001",
    "received_on": "2022-09-05",
    "amount": "625.00",
}


class NewReceipt(Strict):
    """Money that came; its reference, the bank's, makes it happen once."""

    model_config = example(**_RECEIPT)

    reference: Addressed
    payer: Payer
    received_on: Day
    amount: Annotated[Amount, Field(gt=0)]


class NewReceipts(Strict):
    """Receipts of one file of the bank; each is entered or refused by itself."""

    model_config = example(receipts=[_RECEIPT])

    receipts: Annotated[list[NewReceipt], Field(min_length=1, max_length=MAX_BATCH)]


class Entered(Told):
    """A receipt that stands; `persons` are whose bills it paid, none where it was there before."""

    reference: str
    new: bool
    persons: Sequence[str]


class EnteredBatch(Told):
    """What was entered and what was refused."""

    entered: Sequence[Entered]
    failures: Sequence[LeftOut]


class ReceiptStands(Told):
    """A receipt: what of it pays for bills, is held, was refunded."""

    reference: str
    payer: str
    received_on: Day
    amount: Yuan
    paying: Yuan
    held: Yuan
    refunded: Yuan
    taken_back_on: Day | None
    bills: Sequence[int]


class ReceiptTakenBack(Told):
    """A receipt that was taken back, and the persons whose cover followed."""

    reference: str
    persons: Sequence[str]


class NewRefund(TakingBack):
    """Money to be paid back; without an amount all that is held for the payer."""

    model_config = example(
        on_day="2022-10-11", reason="left the city", reference="R-17", payer="P-17"
    )

    reference: Name
    payer: Payer
    amount: Annotated[Amount, Field(gt=0)] | None = None


class Refunded(Told):
    """A refund that stands; `new` says whether by this request."""

    reference: str
    payer: str
    amount: Yuan
    new: bool


class Held(Told):
    """What is held for a payer and may be refunded."""

    payer: str
    amount: Yuan

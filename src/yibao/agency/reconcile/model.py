"""What two sides tell, and how they differ. Amounts are fen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from yibao.text import Text

Side = Literal["desk", "ledger", "institution"]
Flow = Literal["settle", "refund"]
Kind = Literal[
    "missing",
    "reversed_on_one_side",
    "duplicate",
    "wrong_person",
    "wrong_scheme",
    "wrong_day",
    "amount",
]

SIDES: Mapping[Side, Text] = {
    "desk": Text("医保中心", "desk"),
    "ledger": Text("总账", "ledger"),
    "institution": Text("医疗机构", "institution"),
}
FLOWS: Mapping[str, Text] = {
    "settle": Text("收费", "settlement"),
    "refund": Text("退费", "refund"),
}
KINDS: Mapping[Kind, Text] = {
    "missing": Text("单边缺失", "missing on one side"),
    "reversed_on_one_side": Text("单边冲正", "taken back on one side only"),
    "duplicate": Text("重复入账", "booked twice"),
    "wrong_person": Text("人员不符", "another person"),
    "wrong_scheme": Text("险种不符", "another scheme"),
    "wrong_day": Text("日期不符", "another day"),
    "amount": Text("金额不符", "another amount"),
}
COLUMNS = ("total", "fund_pay", "account_pay", "cash_pay")
TITLES: Mapping[str, Text] = {
    "total": Text("总额", "total"),
    "fund_pay": Text("基金支付", "funds"),
    "account_pay": Text("个人账户支付", "account"),
    "cash_pay": Text("现金支付", "cash"),
}


OTHER_TITLES: Mapping[str, Text] = {
    "person_id": Text("人员编号", "person"),
    "scheme": Text("险种", "scheme"),
    "day": Text("日期", "day"),
}


class Money(NamedTuple):
    """The four amounts that are reconciled."""

    total: int = 0
    fund_pay: int = 0
    account_pay: int = 0
    cash_pay: int = 0

    def signed(self, flow: Flow) -> Money:
        """Return what these amounts do to a sum: a refund lowers it."""
        return self if flow == "settle" else Money(*(-fen for fen in self))

    def less(self, other: Money) -> Money:
        """Return these amounts less others."""
        return Money(*(a - b for a, b in zip(self, other, strict=True)))


NOTHING = Money()


def total(amounts: Iterable[Money]) -> Money:
    """Return the sums of amounts."""
    return Money(*map(sum, zip(Money(), *amounts, strict=True)))


class Row(NamedTuple):
    """What one side tells of a settlement or refund; "" is what it does not tell.

    `place` is where it stands: a row of a file, a number of the desk, an entry of the ledger.
    """

    claim_no: str
    flow: Flow
    person_id: str
    scheme: str
    day: date
    money: Money
    place: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two sides.

    `told` are the values that differ, by column, ours and theirs; `effect` is what it makes our
    sums of the period larger than theirs by; `lacking` is the side where a row is missing.
    """

    kind: Kind
    claim_no: str
    flow: Flow
    ours: Row | None
    theirs: Row | None
    effect: Money = NOTHING
    lacking: Side | None = None
    told: tuple[tuple[str, str | int, str | int], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """The settlements or refunds of one scheme: how many each side has, and what ours are more."""

    scheme: str
    flow: Flow
    rows: tuple[int, int]
    gap: Money


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides of a period: their sums, by scheme and flow where they differ, and why."""

    sides: tuple[Side, Side]
    sums: tuple[Money, Money]
    rows: tuple[int, int]
    parts: Sequence[Part]
    differences: Sequence[Difference]

    @property
    def gap(self) -> Money:
        """What our sums are larger by; the effects of the differences add up to it."""
        return self.sums[0].less(self.sums[1])

"""What the desk is asked and what it answers. Amounts are fen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from yibao.errors import YibaoError
from yibao.policy.model import Value
from yibao.settlement.model import Settlement


class DeskError(YibaoError):
    """What the desk cannot do as it was asked; `rule` names why, `column` what it is about.

    `zh` says in Chinese what was expected, where that depends on more than the rule.
    """

    def __init__(self, rule: str, column: str, value: str, expected: str, zh: str = "") -> None:
        self.rule = rule
        self.column = column
        self.value = value
        self.expected = expected
        self.zh = zh
        super().__init__(f"{column} = {value!r}: {expected}")


class KeyUsed(DeskError):
    """An idempotency key that stands for another request."""


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key: whose, the key, and the SHA-256 of what is asked under it."""

    caller: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True, eq=False)
class Bill:
    """The amounts of a bill by the vocabulary's names, and the lines that they are the sums of.

    A line is a row of desk.line without its settlement.
    """

    amounts: Mapping[str, int]
    lines: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Invoice:
    """A paper invoice that a person has paid, in fen."""

    code: str
    number: str
    fen: int


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """A bill to be settled.

    `facts` are attributes of the claim that only the institution knows (outcome, disease, referred
    …); what the registers know is not asked. `from_account` is the most that may be taken from the
    personal account. `prescribed_by` is the institution whose prescription a pharmacy fills: that
    one is the person's chosen or contracted one, or is not. With `invoices` the person has paid the
    bill, and is paid what the funds owe (手工报销); the institution need not be of the register.
    """

    institution_id: str
    claim_no: str
    person_id: str
    visit: str
    admitted: date
    discharged: date
    bill: Bill
    facts: Mapping[str, Value] = field(default_factory=dict)
    episode: str = ""
    from_account: int = 0
    prescribed_by: str = ""
    invoices: tuple[Invoice, ...] = ()

    @property
    def payee(self) -> Literal["institution", "person"]:
        """Whom the funds pay."""
        return "person" if self.invoices else "institution"


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """A settlement as booked, or as it would be (`settlement_id` 0), of a bill as it was priced."""

    settlement_id: int
    settlement: Settlement
    account_balance: int
    bill: Bill


@dataclass(frozen=True, slots=True)
class Replayed:
    """The reply that an earlier request with the same key got, to the byte."""

    status: int
    reply: str

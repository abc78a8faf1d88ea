"""What clearing works with, and how it refuses. Amounts are fen, months their first day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from yibao.errors import Refused
from yibao.ledger.chart import Account
from yibao.ledger.entries import Transfer
from yibao.policy.vocabulary import vocabulary
from yibao.store.audit import audit
from yibao.store.database import Connection
from yibao.text import Text


class ClearingError(Refused):
    """What clearing does not do as it was asked; `name` is the rule that forbids it."""


def refusal(rule: str, zh: str, en: str) -> ClearingError:
    """Return the error of a rule, in both languages."""
    return ClearingError(rule, Text(zh, en))


GUEST = "guest"
"""What stands for the visit in the lines of guests, whom other regions pay for."""


def visits() -> Mapping[str, Text]:
    """Return what lines are of: the vocabulary's visits, and guests."""
    codes = vocabulary().attributes["visit"].codes or {}
    return {**codes, GUEST: Text("异地人员", "Guests of other regions")}


class Act(NamedTuple):
    """Who does something, and on which day of the books."""

    actor: str
    day: date


class Rate(NamedTuple):
    """A rate, exact, and where it is laid down."""

    value: Fraction
    cite: str


DepositRate = Callable[[str, date], Rate]
"""The rate at which a visit's bills have a deposit withheld, on a day. Raises PolicyError."""


class Line(NamedTuple):
    """What is due of a fund for a visit, by so many settlements and reversals."""

    fund: str
    visit: str
    claims: int
    due: int


class Deduction(NamedTuple):
    """What an audit takes off a line, and why; of which bill, where it is of one."""

    fund: str
    visit: str
    fen: int
    reason: str
    settlement_id: int | None = None


class Deposit(NamedTuple):
    """What is withheld of a line."""

    fund: str
    visit: str
    base: int
    rate: Rate
    fen: int


@dataclass(frozen=True, slots=True)
class Paid:
    """How one fund's part of an application was settled.

    `net` is what is due less deductions and deposit; where it is above zero it went to what the
    institution owed, to working capital and, for the rest, to its bank.
    """

    net: int
    recovered: int = 0
    offset: int = 0
    bank: int = 0


@dataclass(frozen=True, slots=True)
class Application:
    """An institution's month, and what it has come to."""

    application_id: int
    institution_id: str
    month: date
    state: str
    lines: tuple[Line, ...]
    deductions: tuple[tuple[int, Deduction], ...] = ()
    deposits: tuple[Deposit, ...] = ()
    paid: Mapping[str, Paid] = field(default_factory=dict)

    @property
    def due(self) -> int:
        """What was applied for."""
        return sum(line.due for line in self.lines)

    @property
    def deducted(self) -> int:
        """What the audit took off."""
        return sum(deduction.fen for _, deduction in self.deductions)

    @property
    def withheld(self) -> int:
        """What is withheld as deposit."""
        return sum(deposit.fen for deposit in self.deposits)


def end_of(month: date) -> date:
    """Return the last day of a month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def of_month(month: date) -> str:
    """Return a month as it is written, 2026-03."""
    return f"{month:%Y-%m}"


def numeric(rate: Fraction) -> Decimal:
    """Return a rate as the database holds it; raises ClearingError where that is not exact."""
    found = Decimal(rate.numerator) / rate.denominator
    if Fraction(found) != rate or not 0 <= rate <= 1:
        raise refusal(
            "rate",
            f"比例 {rate} 应为0%至100%之间的有限小数",
            f"the rate {rate} must be a finite decimal from 0% to 100%",
        )
    return found


def lock(connection: Connection, what: str, whose: str) -> None:
    """Let one at a time clear something of somebody, until the transaction ends."""
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{what}:{whose}",)
    )


def log(connection: Connection, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Write who did what to the audit log."""
    audit(connection, actor, action, subject, detail)


def move(debit: Account, credit: Account, fen: int) -> list[Transfer]:
    """Return the transfer of so many fen: the other way below zero, none at zero."""
    if fen == 0:
        return []
    return [Transfer(debit, credit, fen) if fen > 0 else Transfer(credit, debit, -fen)]

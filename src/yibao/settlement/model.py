"""What settlement takes and gives: persons' statuses, claims, settlements.

Amounts are fen, dates inclusive. `facts` are attribute values in the vocabulary's order, so that a
profile is a plain tuple.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from yibao.policy.model import Value
from yibao.policy.program import Program
from yibao.policy.vocabulary import vocabulary

Facts = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What holds of a person from `first` to `last` (None: until further notice)."""

    person_id: str
    first: date
    last: date | None
    birth_date: date
    facts: Facts
    chosen_institution: str = ""
    contracted_institution: str = ""

    def holds(self, day: date) -> bool:
        """Tell whether the status covers `day`."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: a visit, a purchase or a stay, with the amounts of its bill in fen."""

    claim_id: str
    person_id: str
    admitted: date
    discharged: date
    settled_at: datetime
    facts: Facts
    amounts: tuple[int, ...]
    episode: str = ""
    account_available: int = 0
    institution_id: str = ""


@dataclass(frozen=True, slots=True)
class Reversal:
    """Takes an earlier claim back."""

    claim_id: str
    reverses: str
    settled_at: datetime


@dataclass(slots=True, eq=False)
class Settlement:
    """One settled claim. `memory` holds every figure (see policy.program). Not to be changed."""

    claim: Claim
    day: date
    scheme: str
    program: Program
    memory: list[int]
    personal_pay: int
    account_pay: int

    @property
    def cash_pay(self) -> int:
        """What the person pays in cash, in fen."""
        return self.personal_pay - self.account_pay

    @property
    def total(self) -> int:
        """The whole bill, in fen."""
        return self.memory[0]

    def figure(self, name: str) -> int:
        """Return a figure by name: an amount, a fund's payment, any result, a state value after.

        A fund that no step could pay from pays nothing. Raises KeyError for a name that no step of
        this claim writes.
        """
        if name in _CLOSING:
            return int(getattr(self, name))
        slot = self.program.structure.final.get(name)
        if slot is None and name in vocabulary().funds:
            return 0
        return self.memory[self.program.structure.final[name]]

    @property
    def funds(self) -> Mapping[str, int]:
        """What each fund pays, in fen; funds that no step could pay from are left out."""
        return {name: self.memory[slot] for name, slot in self.program.structure.funds}

    @property
    def fund_pay(self) -> int:
        """What all funds pay together, in fen."""
        return self.memory[0] - self.personal_pay


_CLOSING = frozenset({"fund_pay", "personal_pay", "account_pay", "cash_pay"})


@dataclass(slots=True)
class YearState:
    """What one person's year in one scheme remembers, as the values of the region's state list.

    `values` has the year and lifetime values (episode values stay 0 there); `episodes` has the
    episode values of each episode; `owed` what claims that were taken back had added to the number
    of an admission which other claims still stand for.
    """

    values: list[int]
    episodes: dict[str, list[int]] = field(default_factory=dict)
    owed: dict[str, list[int]] = field(default_factory=dict)

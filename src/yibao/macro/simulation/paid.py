"""What everything in this package is computed from: claims, what was paid for them, and people.

Rows are the claims of a population; money is fen in int64. Nothing here knows how claims are
settled: `connect` makes these arrays from the columnar engine, `scalar` from the book.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from yibao.errors import CannotRead
from yibao.macro.simulation.exact import Flags, Int64
from yibao.text import Text

Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]

NOBODY = -1
"""Stands where a code would: a person without household, a claim without status."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Codes of an attribute and the values that they stand for, with titles."""

    codes: npt.NDArray[np.integer[Any]]
    values: Sequence[str]
    titles: Sequence[Text]


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """What holds of n claims (and reversals) under any rules.

    person  n: position in `People`
    year    n: calendar year that the claim belongs to
    scheme, visit, level: n each; of a reversal those of the claim that it takes back
    """

    person: Int32
    year: Int16
    scheme: Coded
    visit: Coded
    level: Coded

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, slots=True, eq=False)
class Paid:
    """Who pays for each of n claims under some rules, in fen.

    sign      n: 1 settled, -1 a reversal (its amounts are negative), 0 refused (its amounts are 0)
    total     n: the bill;  in_scope: its part within the catalogue
    personal  n: what no fund pays;  account: its part from the personal account
    funds     by fund of the vocabulary, n each; a fund that never pays may be left out
    """

    sign: Int8
    total: Int64
    in_scope: Int64
    personal: Int64
    account: Int64
    funds: Mapping[str, Int64]

    @property
    def fund(self) -> Int64:
        """What all funds pay together for each claim."""
        return self.total - self.personal

    def only(self, keep: Flags) -> Paid:
        """Return the same with everything zero where not kept."""
        return Paid(
            sign=np.where(keep, self.sign, 0).astype(np.int8),
            total=np.where(keep, self.total, 0),
            in_scope=np.where(keep, self.in_scope, 0),
            personal=np.where(keep, self.personal, 0),
            account=np.where(keep, self.account, 0),
            funds={name: np.where(keep, pays, 0) for name, pays in self.funds.items()},
        )


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """What is known of P persons.

    ids        P
    birth      P: day of birth, days since 1970-01-01
    codes      attributes of one value (scheme, category, contribution_tier, sex …)
    sets       attributes of several values (identities, chronic diseases): by code, who has it
    titles     titles of the codes of `sets`, by attribute
    household  P: number of the household, or None where the data do not know households
    income     P: fen a year and head, or None where the data do not know incomes
    decile     P: 1 … 10, or None
    """

    ids: Sequence[str]
    birth: Int32
    codes: Mapping[str, Coded]
    sets: Mapping[str, Mapping[str, Flags]]
    titles: Mapping[str, Mapping[str, Text]]
    household: Int64 | None = None
    income: Int64 | None = None
    decile: Int8 | None = None

    def __len__(self) -> int:
        return len(self.birth)


@dataclass(frozen=True)
class Units:
    """The person-years of a population: person p in year y is unit p x years + (y - first).

    Everybody counts in every year in which there are claims, whether or not they have any.
    """

    persons: int
    first: int
    years: int

    @property
    def size(self) -> int:
        """How many person-years there are."""
        return self.persons * self.years

    def of(self, claims: Claims) -> Int64:
        """Return the unit of each claim."""
        offset = claims.year.astype(np.int64) - self.first
        return claims.person.astype(np.int64) * self.years + offset

    @cached_property
    def person(self) -> Int64:
        """The person of each unit."""
        return np.repeat(np.arange(self.persons, dtype=np.int64), self.years)

    @cached_property
    def year(self) -> Int64:
        """The year of each unit."""
        return np.tile(np.arange(self.first, self.first + self.years, dtype=np.int64), self.persons)


def units(people: People, claims: Claims) -> Units:
    """Return the person-years that claims and people span; raises ValueError without claims."""
    if not len(claims):
        raise ValueError("there are no claims")
    first, last = int(claims.year.min()), int(claims.year.max())
    return Units(len(people), first, last - first + 1)


def common(base: Paid, reforms: Sequence[Paid]) -> tuple[Flags, Paid, list[Paid]]:
    """Return which claims all rules settle, and what is paid for those alone.

    A claim that one set of rules refuses has no counterpart, so a difference would not be one of
    payments; it is left out on both sides and counted by the caller.
    """
    keep = base.sign != 0
    for paid in reforms:
        keep = keep & (paid.sign != 0)
    if keep.all():
        return keep, base, list(reforms)
    return keep, base.only(keep), [paid.only(keep) for paid in reforms]


def of_years(claims: Claims, years: Sequence[int]) -> Flags:
    """Tell which claims belong to some years."""
    return np.isin(claims.year, np.asarray(years, np.int16))


def chosen(claims: Claims, keep: Flags) -> Claims:
    """Return some of the claims."""

    def part(coded: Coded) -> Coded:
        return replace(coded, codes=coded.codes[keep])

    return Claims(
        claims.person[keep],
        claims.year[keep],
        part(claims.scheme),
        part(claims.visit),
        part(claims.level),
    )


def check_years(asked: Sequence[int], there: Sequence[int]) -> None:
    """Raise CannotRead where there are no claims of a year that is asked for, or none at all."""
    lacking = sorted(set(asked) - set(there))
    if lacking or not there:
        told = ", ".join(map(str, lacking)) or "any year"
        has = ", ".join(map(str, there)) or "–"
        raise CannotRead(f"no claims of {told}; there are claims of {has} / 没有这些年份的费用")

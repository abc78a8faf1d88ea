"""Trying a setting: its rows, its settlement, its measures; each setting once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np

from yibao.macro.simulation.exact import Flags, Int64, by_key, ratio, totals_by
from yibao.macro.simulation.hardship import THRESHOLDS, above, households
from yibao.macro.simulation.paid import Paid, units
from yibao.macro.simulation.population import Population
from yibao.macro.simulation.rows import Chosen, choose, wrong
from yibao.macro.simulation.search.wishes import Asked, Range, Wishes, range_of
from yibao.policy import words
from yibao.policy.model import Number, Row, Unit

Setting = tuple[int, ...]
"""The number of the value that each parameter takes, in its range."""


class Added(NamedTuple):
    """What is added to a figure: fen, a count, or of a rate a Fraction (1/100 is a point)."""

    value: Number
    unit: Unit


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter with its rows and its legal values."""

    chosen: Chosen
    range: Range
    values: tuple[Number, ...]

    def rows(self, at: int) -> Iterator[tuple[Row, Number]]:
        """Yield the rows with the values that they take."""
        for row in self.chosen.rows:
            assert row.value is not None
            value = self.values[at]
            yield row, row.value + value if self.range.adds else value

    def told(self, at: int) -> str | Added:
        """Return a value that is set as a pack writes it, and one that is added as what it is."""
        value, unit = self.values[at], self.chosen.table.unit
        return Added(value, unit) if self.range.adds else words.figure(value, unit)


@dataclass(frozen=True, slots=True)
class Trial:
    """A setting that was settled: its measures, by how much it misses each target."""

    setting: Setting
    measures: Mapping[Asked, Fraction]
    misses: tuple[Fraction, ...]
    fund: int
    personal: int

    @property
    def meets(self) -> bool:
        """Tell whether it meets every target."""
        return not any(self.misses)


class Bench:
    """Tries settings on a population, each once.

    Raises NotGiven, MoneyError for parameters that do not fit the rules.
    """

    def __init__(self, population: Population, wishes: Wishes) -> None:
        self.population = population
        self.wishes = wishes
        self.axes = tuple(self._axis(n) for n in range(len(wishes.parameters)))
        self.tried: dict[Setting, Trial] = {}
        self._masks: dict[Asked, Flags | None] = {}
        asked = [*(target.asked for target in wishes.targets), *wishes.trade]
        self.asked = tuple(dict.fromkeys(asked))
        self._check()

    def _axis(self, n: int) -> Axis:
        parameter = self.wishes.parameters[n]
        region, years = self.population.policy.region, self.population.years
        chosen = choose(region, parameter.table, parameter.when, years)
        span = range_of(parameter, chosen.table.unit)
        axis = Axis(chosen, span, span.values())
        for at in (0, len(axis.values) - 1):
            for row, value in axis.rows(at):
                if value < 0 or (chosen.table.unit == "rate" and value > 1):
                    place = words.conditions(row.conditions)
                    raise wrong(
                        parameter.table,
                        f"{parameter.place}：{parameter.table}（{place}）会越出合法范围",
                        f"{parameter.place}: {parameter.table} ({place}) would become "
                        f"{words.figure(value, chosen.table.unit) if value >= 0 else 'negative'}, "
                        "which no rule can say",
                    )
        return axis

    def _check(self) -> None:
        met: dict[int, str] = {}
        for axis, parameter in zip(self.axes, self.wishes.parameters, strict=True):
            for row in axis.chosen.rows:
                if id(row) in met:
                    raise wrong(
                        parameter.table,
                        f"{parameter.place}与{met[id(row)]}改动同一行",
                        f"{parameter.place} moves a row that {met[id(row)]} moves too",
                    )
                met[id(row)] = parameter.place
        for asked in self.asked:
            self._masks[asked] = self._mask(asked)

    def _mask(self, asked: Asked) -> Flags | None:
        if not asked.of:
            return None
        claims = self.population.claims
        mask = np.ones(len(claims), bool)
        for name, codes in asked.of:
            coded = getattr(claims, name)
            lacking = [code for code in codes if code not in coded.values]
            if lacking:
                has = ", ".join(coded.values)
                told = ", ".join(lacking)
                raise wrong(
                    name, f"{name}没有{told}；有：{has}", f"{name} has no {told}; it has: {has}"
                )
            mask &= np.isin(coded.codes, [list(coded.values).index(code) for code in codes])
        if not mask.any():
            raise wrong(
                "of", f"{asked.title.zh}没有任何费用", f"{asked.title.en}: no claim is of it"
            )
        return mask

    @cached_property
    def base(self) -> Paid:
        """What is paid under the rules as they are."""
        return self.population.paid(self.population.policy)

    @cached_property
    def _span(self) -> tuple[Int64, int]:
        span = units(self.population.people, self.population.claims)
        return span.of(self.population.claims), span.size

    @cached_property
    def _personal(self) -> Int64:
        keys, size = self._span
        return by_key(keys, self.base.personal, size)

    def size(self) -> int:
        """Return how many settings there are."""
        found = 1
        for axis in self.axes:
            found *= len(axis.values)
        return found

    def trial(self, setting: Setting) -> Trial:
        """Return what a setting gives; settles it when it is new."""
        if setting not in self.tried:
            values = {
                id(row): (row, value)
                for axis, at in zip(self.axes, setting, strict=True)
                for row, value in axis.rows(at)
            }
            self.tried[setting] = self._measure(
                setting, self.population.paid_with(values, keep=False)
            )
        return self.tried[setting]

    def _measure(self, setting: Setting, paid: Paid) -> Trial:
        if ((paid.sign == 0) != (self.base.sign == 0)).any():
            raise wrong(
                "search", "某个取值使结算的费用笔数变了", "a setting changes which claims settle"
            )
        measures = {asked: self._value(asked, paid) for asked in self.asked}
        misses = tuple(t.misses(measures[t.asked]) for t in self.wishes.targets)
        fund, personal, _ = self._sums(paid, None)
        return Trial(setting, measures, misses, fund, personal)

    def _sums(self, paid: Paid, mask: Flags | None) -> tuple[int, int, int]:
        keys = np.zeros(len(paid.sign), np.int8) if mask is None else mask.astype(np.int8)
        at = 0 if mask is None else 1
        total, own = (totals_by(keys, v, at + 1)[at] for v in (paid.total, paid.personal))
        return total - own, own, total

    def _value(self, asked: Asked, paid: Paid) -> Fraction:
        if asked.measure in ("winners", "losers"):
            keys, size = self._span
            change = by_key(keys, paid.personal, size) - self._personal
            hit = change < 0 if asked.measure == "winners" else change > 0
            return Fraction(int(hit.sum()), size)
        if asked.measure == "catastrophic":
            return self._catastrophic(paid)
        mask = self._masks[asked]
        fund, own, total = self._sums(paid, mask)
        if asked.measure == "self_pay":
            share = ratio(own, total)
        else:
            base_fund, base_own, _ = self._sums(self.base, mask)
            if asked.measure == "fund_change":
                share = ratio(fund - base_fund, base_fund)
            else:
                share = ratio(own - base_own, base_own)
        if share is None:
            raise wrong(
                asked.measure, f"{asked.title.zh}：分母为零", f"{asked.title.en}: of nothing"
            )
        return share

    def _catastrophic(self, paid: Paid) -> Fraction:
        people, claims = self.population.people, self.population.claims
        homes = households(people)
        if homes is None:
            raise wrong("catastrophic", "人群没有收入数据", "the population has no incomes")
        span = units(people, claims)
        keys, size = self._span
        pays = homes.pay(span, by_key(keys, paid.personal, size))
        hit = above(pays, np.repeat(homes.income, span.years), THRESHOLDS[-1])
        return Fraction(int(hit.sum()), len(pays))


def told(axes: Sequence[Axis], setting: Setting) -> tuple[str | Added, ...]:
    """Return the values of a setting."""
    return tuple(axis.told(at) for axis, at in zip(axes, setting, strict=True))

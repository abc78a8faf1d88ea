"""A city in a notebook: change a figure, see the new totals at once.

    city = City.load("tianjin", "population")
    city.totals()
    lower = city.with_figure("outpatient_deductible", {"category": ["in_service"]}, "500.00")
    lower.totals()          # beside those of the rules
    lower.comparison()      # who wins, who loses, hardship, fairness

A `City` is never changed: `with_figure` returns another, which shares persons, claims and whatever
was worked out for them, so that only the claims are settled again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from pathlib import Path

from markupsafe import Markup, escape

from yibao.macro.simulation import costs as sums
from yibao.macro.simulation.comparison import Comparison, Options, compare
from yibao.macro.simulation.costs import Costs, CostsOf, by_code, together
from yibao.macro.simulation.exact import ratio
from yibao.macro.simulation.paid import Paid
from yibao.macro.simulation.population import Population
from yibao.macro.simulation.report import show
from yibao.macro.simulation.rows import Chosen, Conditions, Values, choose, value_of
from yibao.policy import words
from yibao.policy.model import Grade
from yibao.policy.policy import load_policy
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class Change:
    """One figure set to another value."""

    title: Text
    where: Text
    before: tuple[str, ...]
    after: str

    def __str__(self) -> str:
        return f"{self.title.en} ({self.where.en}): {' / '.join(self.before)} → {self.after}"


@dataclass(frozen=True, slots=True)
class Totals:
    """What all claims cost under a city's rules, in fen; `base` are those of the rules as they are.

    `refused` counts claims that are not settled; `seconds` is how long settling and adding took.
    """

    costs: Costs
    schemes: tuple[CostsOf, ...]
    refused: int
    seconds: float
    changes: tuple[Change, ...]
    base: Totals | None

    def __getitem__(self, name: str) -> int:
        return self.costs[name]

    def rows(self) -> list[tuple[Text, int, int | None]]:
        """Return each sum with its title and, where figures were changed, by how much it moved."""
        sides = [self.costs, *([self.base.costs] if self.base else [])]
        names = ("total", "in_scope", *sums.paying(sides), "fund", "personal", "account", "cash")
        return [
            (
                sums.title_of(name),
                self.costs[name],
                self.costs[name] - self.base.costs[name] if self.base else None,
            )
            for name in names
        ]

    def __str__(self) -> str:
        lines = [str(change) for change in self.changes]
        for title, fen, change in self.rows():
            more = "" if change is None else f"  {show.signed(show.yuan(change)):>20}"
            lines.append(f"{title.en:<36}{show.yuan(fen):>24}{more}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Show the totals as a table in a notebook."""
        return str(_as_html(self))


class City:
    """A population under rules of which some figures may be set otherwise."""

    def __init__(
        self,
        population: Population,
        *,
        values: Values | None = None,
        changes: tuple[Change, ...] = (),
        base: City | None = None,
    ) -> None:
        """Take a population; the rest is for `with_figure`."""
        self.population = population
        self.values: Values = values or {}
        self.changes = changes
        self.base = base

    @classmethod
    def load(
        cls,
        region: str | Path,
        folder: str | Path,
        *,
        accept: str = "C",
        overlays: Sequence[str | Path] = (),
        years: Sequence[int] | None = None,
    ) -> City:
        """Load a population folder under the rules of a region, for all its years or for some.

        Raises PackErrors, InputError, CannotRead; ValueError for years that are no whole numbers or
        a grade that is none.
        """
        if not _are_years(years):
            raise ValueError(f"years = {years!r}: expected a list of whole numbers, such as [2019]")
        if accept not in Grade.__members__:
            grades = ", ".join(sorted(Grade.__members__))
            raise ValueError(f"accept = {accept!r}: expected one of {grades}")
        from yibao.macro.simulation.connect import load_population

        policy = load_policy(region, accept=accept, overlays=[Path(path) for path in overlays])
        return cls(load_population(policy, Path(folder), years))

    @cached_property
    def paid(self) -> Paid:
        """Who pays for each claim."""
        if self.values:
            return self.population.paid_with(self.values)
        return self.population.paid(self.population.policy)

    def _for_a_moment(self) -> Paid:
        """Return who pays, in arrays that may be written over: what totals need is read at once."""
        if "paid" in self.__dict__ or not self.values:
            return self.paid
        return self.population.paid_with(self.values, keep=False)

    def figure(self, table: str, conditions: Conditions | None = None) -> tuple[str, ...]:
        """Return the values that a figure has now in the rows that conditions name.

        Raises NotGiven as `with_figure` does.
        """
        chosen = self._choose(table, conditions or {})
        return _values(chosen, self.values)

    def with_figure(self, table: str, conditions: Conditions | None, value: str) -> City:
        """Return the city with another value ("500.00", "65%", "3") in some rows of a table.

        The conditions must mean whole rows. Raises NotGiven for an unknown table, key or code, for
        conditions that cut a row, and for what is no value of the table's unit.
        """
        chosen = self._choose(table, conditions or {})
        number = value_of(value, chosen.table.unit)
        change = Change(
            chosen.table.title,
            chosen.where,
            _values(chosen, self.values),
            words.figure(number, chosen.table.unit),
        )
        return City(
            self.population,
            values={**self.values, **{id(row): (row, number) for row in chosen.rows}},
            changes=(*self.changes, change),
            base=self.base or self,
        )

    def _choose(self, table: str, conditions: Conditions) -> Chosen:
        return choose(self.population.policy.region, table, conditions, self.population.years)

    def totals(self) -> Totals:
        """Return what all claims cost, beside the rules as they are where figures were changed."""
        return self._totals

    @cached_property
    def _totals(self) -> Totals:
        base = self.base.totals() if self.base else None
        start = time.perf_counter()
        paid = self._for_a_moment()
        schemes = by_code(paid, self.population.claims.scheme)
        whole = together(schemes)
        return Totals(
            costs=whole,
            schemes=schemes,
            refused=int((paid.sign == 0).sum()),
            seconds=time.perf_counter() - start,
            changes=self.changes,
            base=base,
        )

    def comparison(self, options: Options | None = None) -> Comparison:
        """Return everything that the changed figures do: winners and losers, hardship, fairness."""
        base = self.base or self
        population = self.population
        return compare(population.claims, population.people, base.paid, self.paid, options)

    def __repr__(self) -> str:
        region = self.population.policy.region.name.en
        told = "; ".join(map(str, self.changes)) or "as the rules are"
        claims = len(self.population.claims)
        return (
            f"<City {region}: {len(self.population.people):,} persons, {claims:,} claims, {told}>"
        )


def _are_years(years: object) -> bool:
    if years is None:
        return True
    return isinstance(years, Iterable) and all(isinstance(year, Integral) for year in years)


def _values(chosen: Chosen, values: Values) -> tuple[str, ...]:
    unit = chosen.table.unit
    found = (values[id(row)][1] if id(row) in values else row.value for row in chosen.rows)
    return tuple(dict.fromkeys(words.figure(value, unit) for value in found if value is not None))


def _as_html(totals: Totals) -> Markup:
    """Return a small table with its own styles: notebooks have theirs."""
    right = Markup(' style="text-align:right;font-variant-numeric:tabular-nums"')
    head = Markup("<tr><th style='text-align:left'>元 / yuan</th><th{}>{}</th>{}</tr>").format(
        right,
        "方案 / changed" if totals.base else "现行 / rules",
        Markup("<th{}>增减 / change</th><th{}>%</th>").format(right, right) if totals.base else "",
    )
    body = Markup("")
    for title, fen, change in totals.rows():
        more = Markup("")
        if change is not None:
            share = ratio(change, fen - change)
            told = show.NONE if share is None else show.signed(show.percent(share, 3))
            colour = "#a8241b" if change > 0 else "#1d6b43" if change < 0 else "inherit"
            more = Markup("<td{}><span style='color:{}'>{}</span></td><td{}>{}</td>").format(
                right, colour, show.signed(show.yuan(change)), right, told
            )
        body += Markup("<tr><td style='text-align:left'>{}　<small>{}</small></td>").format(*title)
        body += Markup("<td{}>{}</td>{}</tr>").format(right, show.yuan(fen), more)
    said = Markup("<br>").join(escape(str(change)) for change in totals.changes)
    notes = f"{totals.costs.claims:,} claims, {totals.refused:,} refused, {totals.seconds:.2f} s"
    return Markup("<div>{}<table>{}{}</table><small>{}</small></div>").format(
        said, head, body, notes
    )

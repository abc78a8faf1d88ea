"""The rules in force on a day, composed from all documents of a region.

At each address (a table's row, a step, a classification) the higher authority wins, then the later
rule. What loses stays findable, so that an explanation can say why this version won.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

from yibao.errors import PolicyError
from yibao.policy import refusals
from yibao.policy.model import (
    Classification,
    ClassProvision,
    Condition,
    LayerOrder,
    Origin,
    Region,
    Row,
    Step,
    Table,
    Value,
)
from yibao.policy.vocabulary import vocabulary

Look = Callable[[str], Value]
"""Gives the value of an attribute."""

Reason = Literal["ended", "not_yet", "not_known", "never", "outranked", "superseded"]


@dataclass(frozen=True, slots=True)
class Rival:
    """A provision that would answer too but does not apply, and why."""

    row: Row
    reason: Reason


def origins(region: Region) -> Iterable[Origin]:
    """Yield the origin of every provision of a region."""
    for table in region.tables.values():
        for row in table.rows:
            yield row.origin
    for classification in region.classifications.values():
        for provision in classification.provisions:
            yield provision.origin
    for step in region.steps:
        yield step.origin
    for layers in region.layers:
        yield layers.origin


class Calendar:
    """The days on which a region's rules change. Between two of them one plan serves."""

    def __init__(self, region: Region) -> None:
        days = set()
        for origin in origins(region):
            if origin.first is not None:
                days.add(origin.first)
                if origin.last is not None:
                    days.add(origin.last + timedelta(days=1))
        self.days = sorted(days)

    def epoch(self, day: date) -> int:
        """Return the number of the period that `day` lies in; 0 is before all rules."""
        return bisect_right(self.days, day)

    def period(self, epoch: int) -> tuple[date | None, date | None]:
        """Return the first and the last day of a period, None where it is open."""
        first = self.days[epoch - 1] if epoch else None
        last = self.days[epoch] - timedelta(days=1) if epoch < len(self.days) else None
        return first, last


class Consolidation:
    """What is in force in a region on `day`, as far as was published by `known`."""

    def __init__(self, region: Region, day: date, known: date | None = None) -> None:
        self.region = region
        self.day = day
        self.known = known
        self._rows: dict[str, tuple[Row, ...]] = {}
        self._versions: dict[str, ClassProvision] = {}

    def _holds(self, origin: Origin) -> bool:
        return origin.in_force(self.day, self.known)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps in force, in order; of two with one id the higher and later."""
        best: dict[str, Step] = {}
        for step in self.region.steps:
            rival = best.get(step.id)
            if self._holds(step.origin) and (
                rival is None or step.origin.rank() > rival.origin.rank()
            ):
                best[step.id] = step
        return tuple(sorted(best.values(), key=lambda s: (s.order, s.id)))

    @cached_property
    def layers(self) -> LayerOrder | None:
        """The order of layers in force, with those that products put before it and after it.

        Several at one end stand as in the vocabulary, whichever product comes first.
        """
        held = [layers for layers in self.region.layers if self._holds(layers.origin)]
        held.sort(key=lambda layers: layers.origin.rank())
        base = next((one for one in reversed(held) if one.place == "order"), None)
        known = list(vocabulary().layers)
        first, last = (
            sorted({n for one in held if one.place == place for n in one.order}, key=known.index)
            for place in ("first", "last")
        )
        if not first and not last:
            return base
        base = base or LayerOrder((), held[0].origin)
        own = [name for name in base.order if name not in {*first, *last}]
        return replace(base, order=(*first, *own, *last))

    def rows(self, table: Table) -> tuple[Row, ...]:
        """Return the rows of a table in force, the winner of any two first."""
        rows = self._rows.get(table.name)
        if rows is None:
            held = [row for row in table.rows if self._holds(row.origin)]
            rows = tuple(sorted(held, key=lambda row: row.origin.rank(), reverse=True))
            self._rows[table.name] = rows
        return rows

    def row(self, table: Table, look: Look) -> Row | None:
        """Return the row that answers for these attributes."""
        return next((row for row in self.rows(table) if matches(row.conditions, look)), None)

    def provision(self, classification: Classification, day: date | None = None) -> ClassProvision:
        """Return the version of a classification in force; raises NoRule when there is none.

        Rows that go ahead stand before it, the winner of any two first. `day` is the claim's, for
        the words of the refusal.
        """
        found = self._versions.get(classification.name)
        if found is None:
            held = [p for p in classification.provisions if self._holds(p.origin)]
            held.sort(key=lambda p: p.origin.rank(), reverse=True)
            base = next((p for p in held if not p.ahead), None)
            if base is None:
                raise refusals.no_classification(classification, day or self.day)
            ahead = [row for p in held if p.ahead for row in p.rows]
            found = replace(base, rows=(*ahead, *base.rows)) if ahead else base
            self._versions[classification.name] = found
        return found

    def rivals(self, table: Table, look: Look, winner: Row) -> tuple[Rival, ...]:
        """Return every other row that matches these attributes, with the reason why it lost.

        A row whose conditions cannot be answered, because no classification in force covers the
        person or a fact is not given, does not match.
        """
        return tuple(
            Rival(row, self._reason(row.origin, winner.origin))
            for row in table.rows
            if row is not winner and _may_match(row, look)
        )

    def _reason(self, loser: Origin, winner: Origin) -> Reason:
        if loser.first is None:
            return "never"
        if self.known is not None and loser.known > self.known:
            return "not_known"
        if loser.first > self.day:
            return "not_yet"
        if loser.last is not None and loser.last < self.day:
            return "ended"
        if loser.document.authority < winner.document.authority:
            return "outranked"
        return "superseded"


def matches(conditions: Iterable[Condition], look: Look) -> bool:
    """Tell whether all conditions hold."""
    return all(condition.holds(look(condition.attribute)) for condition in conditions)


def _may_match(row: Row, look: Look) -> bool:
    try:
        return matches(row.conditions, look)
    except PolicyError:
        return False

"""What changed when: the days on which a region's rules change, and what each day brought."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from yibao.money import UNLIMITED, parse_yuan
from yibao.policy.compare import Basis, Difference, Figure, FigureChange, difference
from yibao.policy.consolidate import Calendar, Consolidation
from yibao.policy.model import Table
from yibao.policy_book import labels
from yibao.policy_book.history import axis_text
from yibao.policy_book.naming import ALWAYS, Naming, figure, join, same
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class Changed:
    """A figure before and after, for some keys of a table; `basis` is that of the newer."""

    key: Text
    before: Text
    after: Text
    basis: Basis | None


@dataclass(frozen=True, slots=True)
class ChangedTable:
    """A table with what changed in it."""

    name: str
    title: Text
    figures: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class ChangedRule:
    """A step or a classification that came, went or was replaced."""

    name: str
    title: Text
    href: str | None
    kind: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which rules change. On the first, everything is new; then only the counts count."""

    day: date
    first: bool
    tables: tuple[ChangedTable, ...]
    rules: tuple[ChangedRule, ...]

    @property
    def count(self) -> int:
        """How many figures and rules changed."""
        return sum(len(table.figures) for table in self.tables) + len(self.rules)


def days(naming: Naming, elsewhere: Collection[str] = ()) -> Iterator[Day]:
    """Yield the days on which a region's rules change, without those that change nothing.

    What documents of the regions `elsewhere` change is left out: it is told of those regions.
    """
    region = naming.region
    told = frozenset(d.id for d in region.documents if d.region not in elsewhere)
    first = True
    for day in Calendar(region).days:
        before = Consolidation(region, day - timedelta(days=1))
        changes = difference(before, Consolidation(region, day))
        tables = tuple(_tables(changes, naming, told))
        rules = tuple(_rules(changes, naming, told))
        if tables or rules:
            yield Day(day, first, tables, rules)
            first = False


def _tables(changes: Difference, naming: Naming, told: Collection[str]) -> Iterator[ChangedTable]:
    held: dict[str, list[FigureChange]] = {}
    for change in changes.figures:
        newer = change.after or change.before
        if newer is not None and newer.basis.document in told:
            held.setdefault(change.table, []).append(change)
    for name, found in held.items():
        table = naming.region.tables[name]
        yield ChangedTable(name, table.title, tuple(_changed(c, table, naming) for c in found))


def _changed(change: FigureChange, table: Table, naming: Naming) -> Changed:
    told = [
        join([naming.attribute(key), axis_text(table, key, change.key, naming)], "：", ": ")
        for key in change.key
    ]
    newer = change.after or change.before
    return Changed(
        key=join(told, "；", "; ") if told else ALWAYS,
        before=_value(change.before, table),
        after=_value(change.after, table),
        basis=newer.basis if newer else None,
    )


def _value(held: Figure | None, table: Table) -> Text:
    if held is None:
        return labels.of("no_rule")
    if held.value is None:
        return labels.of("missing")
    if table.unit != "yuan":
        return same(held.value)
    return figure(UNLIMITED if held.value == "unlimited" else parse_yuan(held.value), "yuan")


def _rules(changes: Difference, naming: Naming, told: Collection[str]) -> Iterator[ChangedRule]:
    classes = naming.region.classifications
    for change in (*changes.steps, *changes.classifications):
        basis = change.after or change.before
        assert basis is not None
        if basis.document not in told:
            continue
        known = classes.get(change.name)
        yield ChangedRule(
            name=change.name,
            title=known.title if known else basis.says,
            href=f"parameters.html#c-{change.name}" if known else None,
            kind=change.kind,
            basis=basis,
        )

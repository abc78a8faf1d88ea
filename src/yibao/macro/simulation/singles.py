"""The figures of a reform, one at a time: for what each of them costs alone.

Enters: the rules and a reform of them. Leaves: for each row that the reform sets a policy with this
row alone; and, where the rows do not meet, the values with which the reform's other rows do
nothing, so that the reform's programs serve and profiles need not be resolved again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from yibao.macro.simulation.reforms import Reform
from yibao.macro.simulation.rows import Values, value_of
from yibao.money import parse_rate, parse_yuan
from yibao.policy import words
from yibao.policy.amendment import key_words
from yibao.policy.compare import Difference, FigureChange, difference
from yibao.policy.consolidate import Calendar, Consolidation
from yibao.policy.model import Region, Row, Table
from yibao.policy.policy import Policy
from yibao.text import Text

Mark = tuple[date, str, str, str | None, str | None]
"""From a day on, at these keys of a table: this figure before, this one after."""


@dataclass(frozen=True, slots=True, eq=False)
class Single:
    """One figure of a reform alone: the policy with it, and by how much it changes.

    `step` is in fen, in percentage points, or a count; None where the row replaces figures by
    different amounts, so that there is no single "per yuan". `marks` are all its changes until the
    end of the years of interest; `matters` tells whether any is within them.
    """

    table: Table
    row: Row
    where: Text
    before: tuple[str, ...]
    after: str
    step: Fraction | None
    policy: Policy
    marks: frozenset[Mark]
    matters: bool


def singles(base: Policy, reform: Reform, years: Sequence[int]) -> list[Single]:
    """Return every figure that a reform sets in a table that the rules have, alone.

    A row of which nothing comes through by itself until the end of these years is left out.
    """
    folder = reform.folder.resolve()
    found = []
    for name, table in reform.policy.region.tables.items():
        for row in table.rows if name in base.region.tables else ():
            if row.origin.document.folder.resolve() == folder and row.value is not None:
                single = _single(base, table, row, years)
                if single is not None:
                    found.append(single)
    return found


def neutral(
    base: Policy, reform: Reform, found: Sequence[Single], years: Sequence[int]
) -> Values | None:
    """Return the values with which the reform's rows are those of the rules, where there are such.

    There are, where the reform changes nothing but figures, each of its rows replaces one value,
    and the changes that the rows make alone are together those of the reform: no row stands in
    another's way, also before the years of interest, which leaves its traces in them.
    """
    marks: set[Mark] = set()
    for day, changes in _differences(base.region, reform.policy.region, years):
        if changes.steps or changes.classifications or changes.layers:
            return None
        marks.update(_mark(day, change) for change in changes.figures)
    alone = [mark for single in found for mark in single.marks]
    if len(alone) != len(marks) or set(alone) != marks:
        return None
    values = {}
    for single in found:
        olds = {before for *_, before, _ in single.marks}
        if len(olds) != 1 or None in olds:
            return None
        (old,) = olds
        values[id(single.row)] = (single.row, value_of(str(old), single.table.unit))
    return values


def _single(base: Policy, table: Table, row: Row, years: Sequence[int]) -> Single | None:
    old = base.region.tables[table.name]
    alone = replace(table, rows=(*old.rows, row))
    region = replace(base.region, tables={**base.region.tables, table.name: alone})
    differences = _differences(base.region, region, years)
    dated = [(day, change) for day, found in differences for change in found.figures]
    if not dated:
        return None
    within = _within(dated, base.region, region, years)
    changes = within or [change for _, change in dated]
    steps = {_step(change, table) for change in changes}
    before = dict.fromkeys(_value(change) for change in changes)
    after = next(change.after.value for change in changes if change.after) or ""
    return Single(
        table=table,
        row=row,
        where=_where(region, table, changes),
        before=tuple(before),
        after=after,
        step=steps.pop() if len(steps) == 1 else None,
        policy=Policy(region, known=base.known, accept=base.accept),
        marks=frozenset(_mark(day, change) for day, change in dated),
        matters=bool(within),
    )


def _where(region: Region, table: Table, changes: Sequence[FigureChange]) -> Text:
    """Return the keys at which figures change, in words; each once."""
    told = dict.fromkeys(key_words(region, table, change.key) for change in changes)
    zh, en = "；".join(t.zh for t in told), "; ".join(t.en for t in told)
    return Text(zh or "全部情形", en or "every case")


def _differences(
    before: Region, after: Region, years: Sequence[int]
) -> Iterator[tuple[date, Difference]]:
    """Yield what differs from each day on which either's rules change, until the years end."""
    days = {*Calendar(before).days, *Calendar(after).days}
    for day in sorted(day for day in days if day.year <= max(years)):
        yield day, difference(Consolidation(before, day), Consolidation(after, day))


def _within(
    dated: Sequence[tuple[date, FigureChange]], before: Region, after: Region, years: Sequence[int]
) -> list[FigureChange]:
    """Return the changes that hold on some day of the years."""
    first = date(min(years), 1, 1)
    days = {*Calendar(before).days, *Calendar(after).days}
    begins = max((day for day in days if day <= first), default=first)
    return [change for day, change in dated if day >= begins]


def _mark(day: date, change: FigureChange) -> Mark:
    before, after = (f.value if f else None for f in (change.before, change.after))
    return day, change.table, words.box(change.key), before, after


def _value(change: FigureChange) -> str:
    return (change.before.value if change.before else None) or "—"


def _step(change: FigureChange, table: Table) -> Fraction | None:
    values = [figure.value if figure else None for figure in (change.before, change.after)]
    if None in values or "unlimited" in values:
        return None
    old, new = (str(value) for value in values)
    if table.unit == "yuan":
        return Fraction(parse_yuan(new) - parse_yuan(old))
    if table.unit == "rate":
        return (parse_rate(new) - parse_rate(old)) * 100
    return Fraction(int(new) - int(old))

"""Reforms: overlays on a region's rules, what they change in words, and their changed figures.

Enters: a region and folders of documents. Leaves: policies with the sentences of `policy diff`, and
for each figure that a reform sets a policy that changes this figure alone (for marginal costs).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path

from yibao.money import parse_rate, parse_yuan
from yibao.policy.amendment import GROUPS, Group, key_words, sentences
from yibao.policy.compare import FigureChange, difference
from yibao.policy.consolidate import Calendar, Consolidation
from yibao.policy.model import Document, Region, Row, Table
from yibao.policy.policy import Policy, load_policy
from yibao.text import Text

_PROCEDURES = frozenset({"contributions", "accounts"})
"""Groups of sentences that no claim depends on."""


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence of what a reform changes, and the days on which it does."""

    group: Text
    text: Text
    first: date
    last: date
    of_claims: bool


@dataclass(frozen=True, slots=True)
class Reform:
    """An overlay on the rules. `name` is the folder's, without the day."""

    name: str
    title: Text
    folder: Path
    policy: Policy
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Single:
    """One figure of a reform alone: the policy with it, and by how much it changes.

    `step` is in fen, in percentage points, or a count; None where the row replaces figures by
    different amounts, so that there is no single "per yuan".
    """

    table: Table
    where: Text
    before: tuple[str, ...]
    after: str
    step: Fraction | None
    policy: Policy


def load_reforms(
    base: Policy,
    region: str | Path,
    folders: Sequence[Path],
    years: Sequence[int],
    overlays: Sequence[Path] = (),
) -> list[Reform]:
    """Load each folder as an overlay on the rules of `base`; names stay distinct.

    Raises PackErrors for one that does not load or addresses nothing.
    """
    found: list[Reform] = []
    for folder in folders:
        policy = load_policy(
            region, known=base.known, accept=base.accept, overlays=[*overlays, folder]
        )
        document = _own(policy.region, folder)
        name = folder.resolve().name.partition("@")[0]
        if name in {reform.name for reform in found}:
            name = f"{name}-{len(found) + 1}"
        told = tuple(tell(base.region, policy.region, years))
        found.append(Reform(name, document.title, folder, policy, told))
    return found


def _own(region: Region, folder: Path) -> Document:
    place = folder.resolve()
    return next(d for d in region.documents if d.folder.resolve() == place)


def tell(before: Region, after: Region, years: Sequence[int]) -> Iterator[Told]:
    """Yield what changes in some years, each sentence once with the days on which it holds."""
    first, last = date(min(years), 1, 1), date(max(years), 12, 31)
    cuts = {first, *Calendar(before).days, *Calendar(after).days}
    days = sorted(day for day in cuts if first <= day <= last)
    found: dict[tuple[Group, Text], list[date]] = {}
    for day in days:
        old, new = Consolidation(before, day), Consolidation(after, day)
        for sentence in sentences(old, new, difference(old, new)):
            found.setdefault((sentence.group, sentence.text), []).append(day)
    ends = dict(zip(days, [*(day for day in days[1:]), None], strict=True))
    for (group, text), held in found.items():
        end = ends[held[-1]]
        until = last if end is None else date.fromordinal(end.toordinal() - 1)
        yield Told(GROUPS[group], text, held[0], until, group not in _PROCEDURES)


def singles(base: Policy, reform: Reform, years: Sequence[int]) -> Iterator[Single]:
    """Yield every figure that a reform sets in a table that the rules have, alone.

    A row of which nothing comes through by itself (a higher document wins) is left out.
    """
    folder = reform.folder.resolve()
    for name, table in reform.policy.region.tables.items():
        if name not in base.region.tables:
            continue
        for row in table.rows:
            if row.origin.document.folder.resolve() == folder and row.value is not None:
                single = _single(base, table, row, years)
                if single is not None:
                    yield single


def _single(base: Policy, table: Table, row: Row, years: Sequence[int]) -> Single | None:
    old = base.region.tables[table.name]
    alone = replace(table, rows=(*old.rows, row))
    region = replace(base.region, tables={**base.region.tables, table.name: alone})
    changes = list(_changes(base.region, region, years))
    steps = {_step(change, table) for change in changes}
    if not changes:
        return None
    before = dict.fromkeys(_value(change) for change in changes)
    after = next(change.after.value for change in changes if change.after) or ""
    return Single(
        table=table,
        where=_where(region, table, changes),
        before=tuple(before),
        after=after,
        step=steps.pop() if len(steps) == 1 else None,
        policy=Policy(region, known=base.known, accept=base.accept),
    )


def _where(region: Region, table: Table, changes: Sequence[FigureChange]) -> Text:
    """Return the keys at which figures change, in words; each once."""
    told = dict.fromkeys(key_words(region, table, change.key) for change in changes)
    zh, en = "；".join(t.zh for t in told), "; ".join(t.en for t in told)
    return Text(zh or "全部情形", en or "every case")


def _changes(before: Region, after: Region, years: Sequence[int]) -> Iterator[FigureChange]:
    first, last = date(min(years), 1, 1), date(max(years), 12, 31)
    cuts = {first, *Calendar(before).days, *Calendar(after).days}
    for day in sorted(day for day in cuts if first <= day <= last):
        yield from difference(Consolidation(before, day), Consolidation(after, day)).figures


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

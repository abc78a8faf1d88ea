"""Reforms: overlays on a region's rules, and what they change in words.

Enters: a region and folders of documents. Leaves: policies with the sentences of `policy diff`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from yibao.policy.amendment import GROUPS, Group, sentences
from yibao.policy.checking.todo import todo
from yibao.policy.compare import difference
from yibao.policy.consolidate import Calendar, Consolidation
from yibao.policy.model import Document, Region
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
    """An overlay on the rules. `name` is the folder's, without the day.

    `todo` are the places ("file:line") where its author has still to write something.
    """

    name: str
    title: Text
    folder: Path
    policy: Policy
    told: tuple[Told, ...]
    todo: tuple[str, ...] = ()


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
        left = tuple(_todo(policy.region, folder))
        found.append(Reform(name, document.title, folder, policy, told, left))
    return found


def _own(region: Region, folder: Path) -> Document:
    place = folder.resolve()
    return next(d for d in region.documents if d.folder.resolve() == place)


def _todo(region: Region, folder: Path) -> Iterator[str]:
    for finding in todo(region):
        if finding.file.resolve().is_relative_to(folder.resolve()):
            yield f"{finding.file.name}:{finding.line}"


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

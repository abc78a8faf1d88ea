"""Settle a whole stream of claims and reversals: items in order in, results as values out.

No files here. The order is that of (settled_at, claim_id), so that it does not matter how a year's
claims were divided among files. What cannot be settled is collected with its error and leaves no
trace in the book.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from yibao.errors import PackDefect, PackErrors, YibaoError
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.book import Book, Difference, Reversed
from yibao.settlement.model import Claim, Reversal, Settlement


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A claim or reversal, and whatever its reader needs to find it again."""

    what: Claim | Reversal
    source: object = None


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An item that was booked: a settlement, or a settlement taken back."""

    item: Item
    result: Settlement | Reversed

    @property
    def settlement(self) -> Settlement:
        """The settlement made or taken back."""
        return self.result if isinstance(self.result, Settlement) else self.result.settlement

    @property
    def sign(self) -> int:
        """1 for a settlement, -1 for its reversal."""
        return 1 if isinstance(self.result, Settlement) else -1


@dataclass(frozen=True, slots=True, eq=False)
class Rejection:
    """An item that could not be booked, and why."""

    item: Item
    error: YibaoError


@dataclass(slots=True)
class Batch:
    """All that came of a stream, in the order booked.

    `differences` are settlements that stand but would be otherwise now, after a reversal or after a
    claim that came late for a year already closed.
    """

    entries: list[Entry] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


def in_order(items: Iterable[Item]) -> list[Item]:
    """Return items in the order in which they are settled.

    Two items with one id and time come in the order of their content, so that which of them is
    refused does not depend on files.
    """
    ordered = sorted(items, key=_time)
    clash = [i for i, j in pairwise(ordered) if _time(i) == _time(j)]
    return sorted(ordered, key=lambda i: (*_time(i), _content(i.what))) if clash else ordered


def _time(item: Item) -> tuple[object, str]:
    return (item.what.settled_at, item.what.claim_id)


def _content(what: Claim | Reversal) -> tuple[object, ...]:
    if isinstance(what, Reversal):
        return (1, what.reverses)
    return (
        0,
        what.person_id,
        what.admitted,
        what.discharged,
        what.amounts,
        str(what.facts),
        what.episode,
        what.account_available,
        what.institution_id,
    )


def settle_all(book: Book, items: Iterable[Item]) -> Batch:
    """Book items, which must be in order.

    Raises PackDefect and PackErrors, after which nothing may be settled on; all other errors are
    collected.
    """
    batch = Batch()
    for item in items:
        try:
            result = _book(book, item, batch)
        except (PackDefect, PackErrors):
            raise
        except YibaoError as error:
            batch.rejections.append(Rejection(item, error))
        else:
            batch.entries.append(Entry(item, result))
    return batch


def _book(book: Book, item: Item, batch: Batch) -> Settlement | Reversed:
    if isinstance(item.what, Reversal):
        taken = book.reverse(item.what)
        batch.differences += taken.differences
        return taken
    settlement = book.settle(item.what)
    if item.what.settled_at.year > settlement.day.year:
        batch.differences += book.late_effects(settlement)
    return settlement


# --- totals -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over entries, reversals subtracted: counts, and fen by name."""

    settled: int
    reversed: int
    amounts: Mapping[str, int]


CLOSING = ("personal_pay", "account_pay", "cash_pay")
"""How the person pays what no fund does."""


def totals(entries: Iterable[Entry], scheme: str | None = None) -> Totals:
    """Return the sums of all entries, or of those of one scheme."""
    names = ("total", "in_scope", *vocabulary().funds, *CLOSING)
    sums: Counter[str] = Counter(dict.fromkeys(names, 0))
    counts = {1: 0, -1: 0}
    for entry in entries:
        settlement = entry.settlement
        if scheme is None or settlement.scheme == scheme:
            counts[entry.sign] += 1
            for name in names:
                sums[name] += entry.sign * settlement.figure(name)
    return Totals(counts[1], counts[-1], dict(sums))


def standing(entries: Iterable[Entry]) -> list[Settlement]:
    """Return the settlements that were not taken back."""
    entries = list(entries)
    gone = {e.settlement.claim.claim_id for e in entries if e.sign < 0}
    return [e.settlement for e in entries if e.sign > 0 and e.settlement.claim.claim_id not in gone]

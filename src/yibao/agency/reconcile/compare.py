"""Compare what two sides tell of a period, settlement by settlement.

A settlement is known by the institution's own number, and so is its refund. Ours has each once; of
rows that are there twice, the one that is most like ours is taken for it and the others are
duplicates. Every difference says by how much it makes the sums differ, and nothing else does: that
is asserted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from yibao.agency.reconcile.model import (
    COLUMNS,
    Comparison,
    Difference,
    Flow,
    Kind,
    Money,
    Part,
    Row,
    Side,
    total,
)

Key = tuple[str, Flow]

_OTHER: Mapping[str, Kind] = {
    "person_id": "wrong_person",
    "scheme": "wrong_scheme",
    "day": "wrong_day",
}
"""The class of a difference in a column that is not money."""


def compare(
    sides: tuple[Side, Side],
    ours: Sequence[Row],
    theirs: Sequence[Row],
    period: tuple[date, date],
) -> Comparison:
    """Compare the rows of two sides.

    Rows of other days may be among both, so that a wrong day is told from a missing row; they count
    only where the other side has them in the period.
    """
    mine = {(row.claim_no, row.flow): row for row in ours}
    assert len(mine) == len(ours), "the desk has a number once"
    told: dict[Key, list[Row]] = {}
    for row in theirs:
        told.setdefault((row.claim_no, row.flow), []).append(row)
    matching = _Matching(sides, mine, told, period)
    keys = sorted(mine.keys() | told.keys())
    differences = [found for key in keys for found in matching.differences(key)]
    sums = (
        total(matching.counted(row) for row in ours),
        total(matching.counted(row) for row in theirs),
    )
    counts = (sum(map(matching.within, ours)), sum(map(matching.within, theirs)))
    found = Comparison(sides, sums, counts, list(matching.parts(ours, theirs)), differences)
    assert total(d.effect for d in differences) == found.gap
    return found


class _Matching:
    def __init__(
        self,
        sides: tuple[Side, Side],
        mine: Mapping[Key, Row],
        told: Mapping[Key, Sequence[Row]],
        period: tuple[date, date],
    ) -> None:
        self.sides = sides
        self.mine = mine
        self.told = told
        self.first, self.last = period

    def within(self, row: Row) -> bool:
        """Tell whether a row is of the period."""
        return self.first <= row.day <= self.last

    def parts(self, ours: Sequence[Row], theirs: Sequence[Row]) -> Iterator[Part]:
        """Yield the parts that differ. A scheme that a row does not tell is that of ours."""
        held: dict[tuple[str, Flow], tuple[list[Money], list[Money]]] = {}
        for side, rows in enumerate((ours, theirs)):
            for row in filter(self.within, rows):
                mine = self.mine.get((row.claim_no, row.flow), row)
                part = held.setdefault((row.scheme or mine.scheme, row.flow), ([], []))
                part[side].append(self.counted(row))
        for (scheme, flow), (mine_, theirs_) in sorted(held.items()):
            gap = total(mine_).less(total(theirs_))
            if any(gap) or len(mine_) != len(theirs_):
                yield Part(scheme, flow, (len(mine_), len(theirs_)), gap)

    def counted(self, row: Row | None) -> Money:
        """Return what a row does to its side's sums of the period."""
        if row is None or not self.within(row):
            return Money()
        return row.money.signed(row.flow)

    def differences(self, key: Key) -> Iterator[Difference]:
        """Yield how the two sides differ about one settlement or refund."""
        mine, told = self.mine.get(key), list(self.told.get(key, ()))
        theirs = min(told, key=lambda row: self._unlike(mine, row)) if told else None
        if theirs is not None:
            told.remove(theirs)
        if any(row is not None and self.within(row) for row in (mine, theirs)):
            if mine is not None and theirs is not None:
                yield from self._pair(mine, theirs)
            else:
                yield self._alone(key, mine, theirs)
        for extra in filter(self.within, told):
            effect = Money().less(self.counted(extra))
            yield Difference("duplicate", *key, mine, extra, effect)

    def _unlike(self, mine: Row | None, row: Row) -> tuple[bool, int]:
        """Return how unlike ours a row is; where we have none, one of the period goes first."""
        if mine is None:
            return not self.within(row), 0
        return False, len(_told(mine, row))

    def _alone(self, key: Key, mine: Row | None, theirs: Row | None) -> Difference:
        """Return the difference of a row that only one side has."""
        claim_no, flow = key
        effect = self.counted(mine).less(self.counted(theirs))
        lacking = self.sides[1] if theirs is None else self.sides[0]
        settled = self.mine.get((claim_no, "settle"))
        if theirs is None:  # a settlement of an earlier day is known there, though not told again
            earlier = settled is None or not self.within(settled)
            known = earlier or (claim_no, "settle") in self.told
        else:
            known = settled is not None
        kind: Kind = "reversed_on_one_side" if flow == "refund" and known else "missing"
        return Difference(kind, claim_no, flow, mine, theirs, effect, lacking)

    def _pair(self, mine: Row, theirs: Row) -> Iterator[Difference]:
        """Yield the differences of a row that both sides have.

        Where only one of them is of the period, that is the whole effect on its sums.
        """
        key = (mine.claim_no, mine.flow)
        told = _told(mine, theirs)
        for column, kind in _OTHER.items():
            found = tuple(one for one in told if one[0] == column)
            if found:
                apart = column == "day" and self.within(mine) != self.within(theirs)
                effect = self.counted(mine).less(self.counted(theirs)) if apart else Money()
                yield Difference(kind, *key, mine, theirs, effect, None, found)
        amounts = tuple(one for one in told if one[0] in COLUMNS)
        if amounts:
            both = self.within(mine) and self.within(theirs)
            effect = self.counted(mine).less(self.counted(theirs)) if both else Money()
            yield Difference("amount", *key, mine, theirs, effect, None, amounts)


def _told(mine: Row, theirs: Row) -> tuple[tuple[str, str | int, str | int], ...]:
    """Return the values that differ, by column; what a side does not tell does not differ."""
    values: list[tuple[str, str | int, str | int]] = [
        ("person_id", mine.person_id, theirs.person_id),
        ("scheme", mine.scheme, theirs.scheme),
        ("day", mine.day.isoformat(), theirs.day.isoformat()),
        *zip(COLUMNS, mine.money, theirs.money, strict=True),
    ]
    return tuple((name, a, b) for name, a, b in values if a != b and "" not in {a, b})

"""From item lines to a bill: each line is looked up in the catalogue of its day and divided.

What the catalogue of the day does not have is outside it, with the reason on the line; a line that
cannot be read at all, or whose local code nobody has mapped, stops the bill with all that is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from yibao.agency.desk.model import Bill, DeskError
from yibao.errors import ClaimError, YibaoError
from yibao.money import MAX_CLAIM
from yibao.settlement.lines import ItemClass, ItemLine, Split, split

MAX_LINES = 10_000
"""Most lines of one bill: a long stay has some thousands."""

_TAGGED = {
    "tcm": "in_scope_tcm",
    "two_disease": "in_scope_two_disease",
    "special_examination": "special_examination",
    "imported_implant": "imported_implant",
}
"""The amount of the bill to which the in-scope amount of a tagged item counts too."""


Approval = Literal["", "none", "given", "refused"]
"""What an institution says of whether a line is within the restriction of its item: "", it says
nothing and all is left to the audit; `none`: it has not looked, so what is restricted is not paid;
`refused`: the fund shall not pay it, restricted or not."""


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A line as an institution sends it: price and quantity exact, in fen per unit and units."""

    kind: str
    code: str
    quantity: Fraction
    price: Fraction
    served_on: date
    local_code: str = ""
    practitioner_id: str = ""
    approval: Approval = ""


@dataclass(frozen=True, slots=True)
class Item:
    """What the catalogue says of an item on a day. `standard` is fen per unit, None: no limit.

    `code` is the national one, "" where the line has it; `reason` says why the fund does not pay,
    where that is for another reason than its class. `restricted`: it is paid for some uses only.
    """

    item_class: ItemClass
    first_self_pay: Fraction = Fraction(0)
    standard: Fraction | None = None
    tags: frozenset[str] = frozenset()
    code: str = ""
    reason: str = ""
    restricted: bool = False


Find = Callable[[AskedLine], Item]
"""Return the item of a line; raises DeskError for a line that nobody can tell, such as one of a
local code without a mapping."""


class BadLines(YibaoError):
    """Lines that cannot be settled: `problems` has the number of each, from 1, and its error."""

    def __init__(self, problems: Sequence[tuple[int, DeskError | ClaimError]]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"line {number}: {error}" for number, error in problems))


def bill_of(lines: Sequence[AskedLine], find: Find, *, first: date, last: date) -> Bill:
    """Return the bill of lines served from `first` to `last`; raises BadLines with all problems."""
    if not 1 <= len(lines) <= MAX_LINES:
        raise DeskError("lines", "lines", str(len(lines)), f"from 1 to {MAX_LINES} lines")
    problems: list[tuple[int, DeskError | ClaimError]] = []
    rows: list[Mapping[str, Any]] = []
    amounts: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        try:
            _check_day(line, first, last)
            row, own = _priced(line, find(line))
        except (DeskError, ClaimError) as error:
            problems.append((number, error))
        else:
            rows.append({"number": number, **row})
            amounts.update(own)
    if problems:
        raise BadLines(problems)
    if amounts["total"] > MAX_CLAIM:
        expected = f"lines of at most {MAX_CLAIM} fen together"
        raise ClaimError("lines", str(amounts["total"]), "max_amount", expected)
    return Bill(dict(amounts), rows)


def _check_day(line: AskedLine, first: date, last: date) -> None:
    if not first <= line.served_on <= last:
        expected = f"a day of the visit, {first} to {last}"
        zh = f"服务日期应在就诊期间 {first} 至 {last}"
        raise DeskError("served_on", "served_on", line.served_on.isoformat(), expected, zh)


def _priced(line: AskedLine, item: Item) -> tuple[Mapping[str, Any], Mapping[str, int]]:
    """Return a line's row, and what it adds to the amounts of the bill."""
    parts = split(
        ItemLine(line.price, line.quantity, item.item_class, item.first_self_pay, item.standard)
    )
    row = {
        "item_kind": line.kind,
        "code": item.code or line.code,
        "local_code": line.local_code,
        "item_class": item.item_class.value,
        "quantity": decimal(line.quantity),
        "price": decimal(line.price),
        "standard": None if item.standard is None else decimal(item.standard),
        "rate": decimal(item.first_self_pay),
        "total": parts.total,
        **_parts(parts),
        "served_on": line.served_on.isoformat(),
        "practitioner_id": line.practitioner_id,
        "reason": item.reason,
    }
    return row, _amounts(parts, item)


def _parts(parts: Split) -> dict[str, int]:
    names = ("out_of_catalogue", "over_limit", "first_self_pay", "in_scope")
    return {name: getattr(parts, name) for name in names}


def _amounts(parts: Split, item: Item) -> dict[str, int]:
    amounts = {"total": parts.total, **_parts(parts)}
    amounts |= {_TAGGED[tag]: parts.in_scope for tag in item.tags & _TAGGED.keys()}
    if item.item_class is ItemClass.B:
        amounts["class_b"] = parts.in_scope
    if "special_drug" in item.tags:
        amounts["special_drugs"] = parts.out_of_catalogue
    return amounts


def decimal(exact: Fraction) -> str:
    """Return a fraction that has finitely many decimals as such; others are a defect of ours."""
    scaled, places = exact, 0
    while scaled.denominator != 1:
        assert places < 12, exact
        scaled, places = scaled * 10, places + 1
    digits = str(scaled.numerator).rjust(places + 1, "0")
    return f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}".rstrip(".")

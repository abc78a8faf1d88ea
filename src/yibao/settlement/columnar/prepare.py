"""Find for each item the status of its day, the slot of its year, and the profile of its facts.

These functions are compiled by Numba. A profile is a number for (epoch of the calendar, facts of
the claim, facts of the person, ages as far as rules tell them apart); a table of open addressing
turns the packed key into the number, and new keys get the next one. Days are compared as packed
dates (year, month, day), so that completed years are a shift.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from yibao.settlement.columnar.bodies import BEGINS, SLOT_BITS
from yibao.settlement.columnar.data import DERIVE_CHOSEN, DERIVE_CONTRACTED, NONE
from yibao.settlement.columnar.jit import compiled

YEAR_BITS = 9
"""A packed date is year << 9 | month << 5 | day."""

FACT_BITS, AGE_BITS, EPOCH_BITS = 22, 4, 9
_PERSON = FACT_BITS
_AGE = 2 * FACT_BITS
_EPOCH = _AGE + 2 * AGE_BITS
_PHASE = _EPOCH + EPOCH_BITS


class Calendar(NamedTuple):
    """Days from `origin` on: their packed dates, and the epoch of each. Edges are of ages."""

    origin: int
    packed: Any
    epoch: Any
    edges: Any
    edges_new_year: Any


class Table(NamedTuple):
    """Open addressing: `keys` and `values` of a power of two; `fresh` keys in their new order."""

    keys: Any
    values: Any
    fresh: Any


def unpack(key: int) -> tuple[int, int, int, int, int, int]:
    """Return phase, epoch, the two bins of age, person and claim codes of a key."""
    facts, ages = (1 << FACT_BITS) - 1, (1 << AGE_BITS) - 1
    return (
        key >> _PHASE,
        key >> _EPOCH & (1 << EPOCH_BITS) - 1,
        key >> _AGE + AGE_BITS & ages,
        key >> _AGE & ages,
        key >> _PERSON & facts,
        key & facts,
    )


@compiled
def _pack(phase: int, epoch: int, age: int, new_year: int, person: int, claim: int) -> int:
    ages = (age << AGE_BITS | new_year) << _AGE
    return phase << _PHASE | epoch << _EPOCH | ages | person << _PERSON | claim


@compiled
def _bin(edges: Any, age: int) -> int:
    found = 0
    while found < len(edges) and edges[found] <= age:
        found += 1
    return found


@compiled
def _ages(calendar: Calendar, birth: int, day: int) -> tuple[int, int]:
    born = calendar.packed[birth - calendar.origin]
    on = calendar.packed[day - calendar.origin]
    new_year = on >> YEAR_BITS << YEAR_BITS | 1 << 5 | 1
    return (
        _bin(calendar.edges, on - born >> YEAR_BITS),
        _bin(calendar.edges_new_year, new_year - born >> YEAR_BITS),
    )


@compiled
def _number(table: Table, count: int, key: int) -> int:
    """Return the number of a key; `count` is that of a new one."""
    mask = len(table.keys) - 1
    at = (key * -7046029254386353131 >> 20) & mask
    while table.values[at] != NONE:
        if table.keys[at] == key:
            return int(table.values[at])
        at = at + 1 & mask
    table.keys[at] = key
    table.values[at] = count
    return count


@compiled
def fill(table: Table, keys: Any) -> None:
    """Enter keys with their positions as numbers into an empty table."""
    for number in range(len(keys)):
        _number(table, number, keys[number])


@compiled
def status_of(day: int, begin: int, end: int, first: Any, last: Any) -> int:
    """Return the row of the status that covers a day, or NONE."""
    for row in range(end - 1, begin - 1, -1):
        if first[row] <= day:
            return row if day <= last[row] else NONE
    return NONE


@compiled
def resolve(
    person: int, start: Any, day: Any, facts: Any, derive: Any, institution: Any, variants: Any,
    status: Any, scheme_of: Any, schemes: int, base: int, calendar: Calendar, table: Table,
    count: int, limit: int, slot: Any, profile: Any,
) -> tuple[int, int]:  # fmt: skip
    """Fill `slot` and `profile` of the items of persons from `person` on.

    Stops before a person when `count` profiles could come near `limit`. Returns the person and
    the count.
    """
    known = count
    while person < len(start) - 1:
        begin, end = start[person], start[person + 1]
        if count + end - begin > limit:
            break
        own, others = status.start[person], status.start[person + 1]
        for i in range(begin, end):
            slot[i] = profile[i] = NONE
            if facts[i] == NONE:
                continue
            row = status_of(day[i], own, others, status.first, status.last)
            if row == NONE:
                continue
            who = status.facts[row]
            year = calendar.packed[day[i] - calendar.origin] >> YEAR_BITS
            slot[i] = (year - base) * schemes + scheme_of[who]
            claim = facts[i]
            if derive[i]:
                bits = 0
                if derive[i] & DERIVE_CHOSEN and institution[i] == status.chosen[row]:
                    bits |= DERIVE_CHOSEN
                if derive[i] & DERIVE_CONTRACTED and institution[i] == status.contracted[row]:
                    bits |= DERIVE_CONTRACTED
                claim = variants[claim, bits]
            age, new_year = _ages(calendar, status.birth[row], day[i])
            epoch = calendar.epoch[day[i] - calendar.origin]
            key = _pack(0, epoch, age, new_year, who, claim)
            profile[i] = _number(table, count, key)
            if profile[i] == count:
                table.fresh[count - known] = key
                count += 1
        person += 1
    return person, count


@compiled
def resolve_year_ends(
    person: int, start: Any, slot: Any, schemes: int, status: Any, begins: Any, years: int,
    closing: int, new_year: Any, calendar: Calendar, table: Table, count: int, limit: int,
    year_end: Any,
) -> tuple[int, int]:  # fmt: skip
    """Fill the profile of the year ends before each person's last year; see `resolve`.

    `new_year[y]` is 1 January of the year y, counted from the first.
    """
    known = count
    while person < len(begins):
        if count + years > limit:
            break
        begin, end = status.start[person], status.start[person + 1]
        until = closing
        for i in range(start[person], start[person + 1]):
            until = max(until, slot[i] // schemes)
        for y in range(begins[person], until):
            first, last = new_year[y], new_year[y + 1] - 1
            row = _last_within(status, begin, end, first, last)
            if row == NONE:
                continue
            full = _full_year(status, begin, end, first, last)
            insured = status.first[row] <= last <= status.last[row]
            age, age_new_year = _ages(calendar, status.birth[row], last)
            epoch = calendar.epoch[last - calendar.origin]
            key = _pack(1, epoch, age, age_new_year, status.facts[row], full << 1 | insured)
            number = _number(table, count, key)
            year_end[person * years + y] = number
            if number == count:
                table.fresh[count - known] = key
                count += 1
        person += 1
    return person, count


@compiled
def _last_within(status: Any, begin: int, end: int, first: int, last: int) -> int:
    """Return the status on the last day of a year, or else the last one within the year."""
    for row in range(end - 1, begin - 1, -1):
        if status.first[row] <= last:
            return row if status.last[row] >= first else NONE
    return NONE


@compiled
def _full_year(status: Any, begin: int, end: int, first: int, last: int) -> int:
    """Tell (1 or 0) whether statuses cover a year without a gap."""
    day = first
    for row in range(begin, end):
        if status.first[row] <= day <= status.last[row]:
            if status.last[row] >= last:
                return 1
            day = status.last[row] + 1
    return 0


@compiled
def episode_rows(start: Any, slot: Any, episode: Any, row: Any) -> int:
    """Number the episodes within each person's slots; returns how many there are."""
    count = 0
    for p in range(len(start) - 1):
        for i in range(start[p], start[p + 1]):
            row[i] = NONE
            if episode[i] == NONE or slot[i] == NONE:
                continue
            for other in range(start[p], i):
                if episode[other] == episode[i] and slot[other] == slot[i]:
                    row[i] = row[other]
                    break
            if row[i] == NONE:
                row[i] = count
                count += 1
    return count


@compiled
def first_years(status: Any, calendar: Calendar, rules_begin: int, base: int, begins: Any) -> None:
    """Fill the first year that can matter to each person: none is remembered before rules."""
    for p in range(len(begins)):
        if status.start[p] == status.start[p + 1]:
            begins[p] = np.iinfo(np.int16).max
        else:
            day = max(status.first[status.start[p]], rules_begin)
            begins[p] = (calendar.packed[day - calendar.origin] >> YEAR_BITS) - base


@compiled
def mark_simple(
    start: Any, slot: Any, begins: Any, schemes: int, opening_start: Any, plain: Any
) -> None:
    """Give the claims of simple persons the places that tell so: see `bodies.BEGINS`."""
    for p in range(len(begins)):
        begin, end = start[p], start[p + 1]
        if begin == end or opening_start[p] != opening_start[p + 1]:
            continue
        simple = slot[begin] // schemes <= begins[p]
        for i in range(begin, end):
            simple &= plain[i] >= 0 and slot[i] == slot[begin]
        if simple:
            for i in range(begin, end):
                plain[i] &= (1 << SLOT_BITS) - 1
            plain[begin] |= BEGINS << SLOT_BITS


class Insured(NamedTuple):
    """Statuses as compiled functions take them: the fields of `data.Statuses`."""

    start: Any
    first: Any
    last: Any
    birth: Any
    facts: Any
    chosen: Any
    contracted: Any

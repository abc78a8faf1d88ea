"""How a person's years open and close, compiled by Numba: the year ends of `settlement.book`.

A year's opening values are worked out when its first claim comes, from the closing values of the
years before it, over all schemes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from yibao.settlement.columnar.data import NONE
from yibao.settlement.columnar.jit import (
    compiled,
    inlined,
    run_add_up,
    run_clear,
    run_move,
    run_year_end,
)
from yibao.settlement.columnar.shapes import Memory, Out, Rules, Years

KNOWN, GIVEN, USED = 1, 2, 4
FLAG_BITS = 3
"""Bits of a year's flags: its opening values are there; they were given; a claim was settled."""


@inlined
def combination(rules: Rules, state: Any, s: int, episodes: Any, e: int) -> int:
    """Return the number of the combination of state values that rules look at.

    A counter within an episode is the episode's own number, or else the next one.
    """
    number = 0
    for c in range(rules.counters.shape[0]):
        counter = np.uintp(c)
        count = state[np.uintp(s + rules.counters[counter, 0])]
        own = rules.counters[counter, 1]
        if own != NONE:
            within = episodes[np.uintp(e + own - rules.carried)]
            count = within if within else count + 1
        greatest = rules.counters[counter, 2]
        number = number * (greatest + 1) + min(count, greatest)
    return number


@inlined
def flags_of(p: int, y: int, memory: Memory) -> int:
    """Return the flags of a person's year."""
    held = memory.flags[np.uintp(y)]
    return held & (1 << FLAG_BITS) - 1 if held >> FLAG_BITS == p else 0


@inlined
def mark(p: int, y: int, memory: Memory, flags: int) -> None:
    """Set flags of a person's year."""
    memory.flags[np.uintp(y)] = p << FLAG_BITS | flags_of(p, y, memory) | flags


@inlined
def begin_person(p: int, years: Years, rules: Rules, memory: Memory) -> None:
    """Take the opening values that were given."""
    begin, end = years.opening_start[np.uintp(p)], years.opening_start[np.uintp(p + 1)]
    for row in range(begin, end):
        y = years.opening_year[row] - years.base
        if 0 <= y < years.span:
            mark(p, y, memory, KNOWN | GIVEN)
            for k in range(rules.carried):
                memory.opened[y * rules.carried + k] = years.opening_values[row, k]


@inlined
def clear_episode(rules: Rules, memory: Memory) -> None:
    """Make the row of claims without an episode say that nothing was settled."""
    for k in range(rules.episodic):
        memory.episodes[np.uintp(k)] = 0


@inlined
def close_year(p: int, y: int, years: Years, rules: Rules, memory: Memory) -> int:
    """Open the year after `y` from the closing values of `y` over all schemes."""
    size = rules.carried * 8
    opened_at, moves = memory.opened_at + y * size, rules.moves
    run_move(moves.copy_at, opened_at, memory.whole_at)
    for slot in range(y * years.schemes, (y + 1) * years.schemes):
        if memory.live[np.uintp(slot)] == p:
            run_add_up(moves.add_up_at, opened_at, memory.state_at + slot * size, memory.whole_at)
    answers = years.year_end[np.uintp(p * years.span + y)]
    if answers == NONE:
        run_move(moves.lapse_at, opened_at, opened_at + size)
        return NONE
    clear_episode(rules, memory)
    chosen = combination(rules, memory.whole, 0, memory.episodes, 0)
    answer = rules.answer[np.uintp(answers * rules.combinations + chosen)]
    run_at = rules.run_at[np.uintp(answer)]
    if run_at == 0:
        return int(answer)
    run_year_end(run_at, memory.whole_at, rules.given_at[np.uintp(answer)], opened_at + size)
    return NONE


@inlined
def open_year(p: int, y: int, years: Years, rules: Rules, memory: Memory) -> int:
    """Fill the opening values of a year: what closing the years before it leaves.

    Returns NONE, or the number of the answer that refuses.
    """
    begins = min(years.begins[np.uintp(p)], y)
    for given in range(begins, y + 1):
        if flags_of(p, given, memory) & GIVEN:
            begins = given
    known = y
    while known > begins and not flags_of(p, known, memory) & KNOWN:
        known -= 1
    if not flags_of(p, known, memory) & KNOWN:
        run_clear(rules.moves.clear_at, memory.opened_at + known * rules.carried * 8)
        mark(p, known, memory, KNOWN)
    for later in range(known + 1, y + 1):
        refusal = close_year(p, later - 1, years, rules, memory)
        if refusal != NONE:
            return refusal
        mark(p, later, memory, KNOWN)
    return NONE


@inlined
def enter(p: int, y: int, slot: int, years: Years, rules: Rules, memory: Memory) -> int:
    """Give a slot that is not in use its opening values; NONE, or the answer that refuses."""
    if not flags_of(p, y, memory) & KNOWN:
        refusal = open_year(p, y, years, rules, memory)
        if refusal != NONE:
            return refusal
    size = rules.carried * 8
    run_move(rules.moves.copy_at, memory.opened_at + y * size, memory.state_at + slot * size)
    return NONE


@inlined
def reopen(p: int, y: int, years: Years, memory: Memory) -> None:
    """Forget how the years after `y` were opened, as long as nothing was settled in them."""
    later = y + 1
    while later < years.span and flags_of(p, later, memory) == KNOWN:
        memory.flags[np.uintp(later)] = 0
        later += 1


@compiled
def close_person(p: int, years: Years, rules: Rules, memory: Memory, out: Out) -> None:
    """Write the values with which the person would enter the year after the last."""
    y = years.closing
    known = flags_of(p, y, memory) & KNOWN
    if not known and open_year(p, y, years, rules, memory) != NONE:
        return
    out.closed[p] = True
    for k in range(rules.carried):
        out.closing[p, k] = memory.opened[y * rules.carried + k]

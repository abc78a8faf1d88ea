"""Claims that are taken back, compiled by Numba: the state loses exactly what they had added."""

from __future__ import annotations

from typing import Any

from yibao.settlement.columnar.data import (
    ID_USED,
    NONE,
    NOT_SETTLED,
    REVERSED,
    SETTLED,
    TAKEN_BACK,
)
from yibao.settlement.columnar.jit import compiled
from yibao.settlement.columnar.shapes import Memory, Out, Rows, Rules, Years
from yibao.settlement.columnar.years import reopen


@compiled
def copy(source: Any, at: int, target: Any, to: int, count: int) -> None:
    """Copy numbers from one place to another."""
    for k in range(count):
        target[to + k] = source[at + k]


@compiled
def remember_before(s: int, e: int, rules: Rules, memory: Memory) -> None:
    """Keep the state as it is before a claim that may be taken back."""
    copy(memory.state, s, memory.before, 0, rules.carried)
    copy(memory.episodes, e, memory.before, rules.carried, rules.episodic)


@compiled
def remember_delta(own: int, s: int, e: int, rules: Rules, memory: Memory) -> None:
    """Keep what a claim added to each state value."""
    for k in range(rules.carried):
        memory.delta[own, k] = memory.state[s + k] - memory.before[k]
    for k in range(rules.episodic):
        memory.delta[own, rules.carried + k] = (
            memory.episodes[e + k] - memory.before[rules.carried + k]
        )


@compiled
def take_back(
    target: int, s: int, episode: int, numbers: int, rules: Rules, memory: Memory
) -> None:
    """Subtract from the state what a claim added.

    While another claim bears the same admission, the admission keeps its number; the last of them
    that is taken back takes the number too.
    """
    if episode and numbers:
        memory.standing[episode] -= 1
    shared = episode > 0 and memory.standing[episode] > 0
    e = episode * rules.episodic
    for k in range(rules.carried + rules.episodic):
        delta = memory.delta[target, k]
        owed = memory.owed[episode, k] if episode else 0
        if rules.numbering[k]:
            owed += delta
            delta = 0 if shared else owed
        if episode:
            memory.owed[episode, k] = owed if shared else 0
        if k < rules.carried:
            memory.state[s + k] -= delta
        elif episode:
            memory.episodes[e + k - rules.carried] -= delta


@compiled
def reverse(
    p: int, i: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> int:
    """Take a claim back: the state loses exactly what it had added; returns the code."""
    target = rows.reverses[i]
    if target < 0 or memory.settled_row[target] == NONE:
        return NOT_SETTLED
    if memory.reversed[target]:
        return TAKEN_BACK
    own = rows.own_id[i]
    if own != NONE:
        if memory.used[own]:
            return ID_USED
        memory.used[own] = 1
    memory.reversed[target] = 1
    row = memory.settled_row[target]
    answer = out.answer[row]
    slot = rows.slot[row]
    numbers = rules.numbers[answer]
    take_back(target, slot * rules.carried, rows.episode[row] + 1, numbers, rules, memory)
    reopen(p, years.year_of[slot], years, memory)
    out.claim[i] = row
    out.answer[i] = answer
    for w in range(out.figures.shape[0]):
        out.figures[w, i] = -out.figures[w, row]
    return REVERSED


@compiled
def touches(
    i: int, row: int, first: int, rows: Rows, years: Years, memory: Memory, out: Out
) -> bool:
    """Tell whether a claim settled by item `i` could be otherwise without (or with) claim `row`.

    These are the standing claims after it in its slot, and those of later years.
    """
    slot = rows.slot[row]
    for other in range(first, i):
        if other == row or out.code[other] != SETTLED or rows.reverses[other] != NONE:
            continue
        own = rows.own_id[other]
        if own != NONE and memory.settled_row[own] == other and memory.reversed[own]:
            continue
        same = rows.slot[other] == slot and other > row
        if same or years.year_of[rows.slot[other]] > years.year_of[slot]:
            return True
    return False

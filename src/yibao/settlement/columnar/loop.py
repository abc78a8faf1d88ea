"""The loop over persons: the book's semantics on arrays, compiled by Numba once and for all.

What a function does here is what `settlement.book` and `settlement.executor` do for one person; the
property tests hold the two to the same figures. Programs are not part of it: an answer has the
address of its program's machine code (`machine`), and the loop calls it; plain claims, nearly all,
are settled a run at a time by one function that has all programs written into it (`bodies`).
Indices are unsigned where every claim or person passes: a negative one would be counted from the
end of the array, and to ask whether it is takes time.

`shapes` says what it works on, `years` opens and closes years, `reversals` takes claims back.
"""

from __future__ import annotations

import numpy as np

from yibao.settlement.columnar.bodies import BEGINS, SLOT_BITS
from yibao.settlement.columnar.data import (
    ID_USED,
    NONE,
    NOT_INSURED,
    REVERSED,
    RULES_REFUSE,
    SETTLED,
    YEAR_END_REFUSES,
)
from yibao.settlement.columnar.jit import compiled, inlined, run_claim, run_plain
from yibao.settlement.columnar.reversals import (
    remember_before,
    remember_delta,
    reverse,
    touches,
)
from yibao.settlement.columnar.shapes import (
    ANSWERS,
    EPISODE,
    LATE,
    OWN_ID,
    REVERSES,
    SLOT,
    Memory,
    Out,
    Rows,
    Rules,
    Years,
)
from yibao.settlement.columnar.years import (
    USED,
    begin_person,
    clear_episode,
    close_person,
    combination,
    enter,
    mark,
    reopen,
)


@compiled
def leave_empty(i: int, out: Out) -> None:
    """Write zeros for an item that was refused."""
    for w in range(out.figures.shape[0]):
        out.figures[w, i] = 0


@inlined
def run(i: int, end: int, place: int, at: int, rows: Rows, rules: Rules, out: Out) -> int:
    """Settle plain claims of a place from row `i` on, with the state at an address.

    Returns twice the row after the last, and one more if any was settled.
    """
    return run_plain(
        rules.plain_at, i, end, place << SLOT_BITS, rows.plain_at, rows.amounts_at, at,
        rules.given_list_at, rules.held_at, out.figures_at, out.answer_at, out.code_at,
    )  # fmt: skip


@inlined
def settle_plain(
    p: int, i: int, end: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> int:
    """Settle plain claims of one slot from row `i` on; returns the row after the last.

    Opening values that later years were given for nothing are forgotten here once, not after each
    claim.
    """
    place = rows.plain[np.uintp(i)] >> SLOT_BITS
    slot = place - 1
    y = years.year_of[np.uintp(slot)]
    if memory.live[np.uintp(slot)] != p:
        refusal = enter(p, y, slot, years, rules, memory)
        if refusal != NONE:
            out.answer[np.uintp(i)] = refusal
            out.code[np.uintp(i)] = YEAR_END_REFUSES
            leave_empty(i, out)
            return i + 1
    reopen(p, y, years, memory)
    state_at = memory.state_at + slot * rules.carried * 8
    done = run(i, end, place, state_at, rows, rules, out)
    if done & 1:
        memory.live[np.uintp(slot)] = p
        mark(p, y, memory, USED)
    return done >> 1


@inlined
def settle_claim(
    p: int, i: int, other: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> int:
    """Settle the claim of row `i`, which is not plain; returns its code."""
    own = rows.others[np.uintp(other), OWN_ID]
    if own != NONE and memory.used[own]:
        return ID_USED
    slot = rows.others[np.uintp(other), SLOT]
    if slot == NONE:
        return NOT_INSURED
    y, s = years.year_of[np.uintp(slot)], slot * rules.carried
    if memory.live[np.uintp(slot)] != p:
        refusal = enter(p, y, slot, years, rules, memory)
        if refusal != NONE:
            out.answer[np.uintp(i)] = refusal
            return YEAR_END_REFUSES
    episode = rows.others[np.uintp(other), EPISODE] + 1
    e = episode * rules.episodic
    if episode == 0:
        clear_episode(rules, memory)
    chosen = combination(rules, memory.state, s, memory.episodes, e)
    answers = rows.others[np.uintp(other), ANSWERS]
    answer = np.uintp(rules.answer[np.uintp(answers * rules.combinations + chosen)])
    out.answer[np.uintp(i)] = answer
    if rules.run_at[answer] == 0:
        return RULES_REFUSE
    if own != NONE:
        remember_before(s, e, rules, memory)
    code = run_claim(
        rules.run_at[answer], i, rows.amounts_at, memory.state_at + s * 8,
        memory.episodes_at + e * 8, rules.given_at[answer], out.figures_at,
    )  # fmt: skip
    if code != SETTLED:
        return code
    memory.live[np.uintp(slot)] = p
    mark(p, y, memory, USED)
    if episode and rules.numbers[answer]:
        memory.standing[np.uintp(episode)] += 1
    if own != NONE:
        memory.used[own] = 1
        memory.settled_row[own] = i
        remember_delta(own, s, e, rules, memory)
    reopen(p, y, years, memory)
    return SETTLED


@inlined
def settle_item(
    p: int, i: int, begin: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> None:
    """Settle a claim or reversal that is not plain; mark persons whose later claims it touches."""
    other = -1 - rows.plain[np.uintp(i)]
    out.answer[np.uintp(i)] = NONE
    touched = NONE
    if rows.others[np.uintp(other), REVERSES] == NONE:
        code = settle_claim(p, i, other, rows, years, rules, memory, out)
        if code == SETTLED and rows.others[np.uintp(other), LATE]:
            touched = i
    else:
        code = reverse(p, i, rows, years, rules, memory, out)
        if code == REVERSED:
            touched = out.claim[i]
    out.code[np.uintp(i)] = code
    if code > REVERSED:
        leave_empty(i, out)
    elif touched != NONE and touches(i, touched, begin, rows, years, memory, out):
        out.replay[p] = True


@inlined
def settle_person(
    p: int, begin: int, end: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> None:
    """Settle the items of a person who is not simple."""
    begin_person(p, years, rules, memory)
    i = begin
    while i < end:
        if rows.plain[np.uintp(i)] >= 0:
            i = settle_plain(p, i, end, rows, years, rules, memory, out)
        else:
            settle_item(p, i, begin, rows, years, rules, memory, out)
            i += 1
    if years.closing != NONE and years.begins[np.uintp(p)] < years.closing:
        close_person(p, years, rules, memory, out)


@compiled
def settle_persons(
    first: int, last: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> int:
    """Settle the items of the persons from `first` up to `last`; returns NONE."""
    done, after = rows.start[np.uintp(first)], rows.start[np.uintp(last)]
    for p in range(first, last):
        person = np.uintp(p)
        begin, end = rows.start[person], rows.start[np.uintp(p + 1)]
        out.replay[person] = out.closed[person] = False
        if begin == done and begin < end and rows.plain[np.uintp(begin)] >> SLOT_BITS == BEGINS:
            done = run(begin, after, 0, memory.state_at, rows, rules, out) >> 1
        if begin == done and (begin < end or years.closing != NONE):
            settle_person(p, begin, end, rows, years, rules, memory, out)
            done = end
    return NONE

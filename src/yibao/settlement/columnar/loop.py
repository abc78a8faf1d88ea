"""The loop over persons: the book's semantics on arrays, compiled by Numba once and for all.

What a function does here is what `settlement.book` and `settlement.executor` do for one person; the
property tests hold the two to the same figures. Programs are not part of it: an answer has the
address of its program's machine code (`machine`), and the loop calls it.

A *slot* is a person's year in one scheme: year * schemes + scheme, years counted from `Years.base`.
Names in `_at` are addresses.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from yibao.settlement.columnar.data import (
    ID_USED,
    NONE,
    NOT_INSURED,
    NOT_SETTLED,
    REVERSED,
    RULES_REFUSE,
    SETTLED,
    TAKEN_BACK,
    YEAR_END_REFUSES,
)
from yibao.settlement.columnar.jit import compiled, inlined, run_claim, run_plain, run_year_end

KNOWN, GIVEN, USED = 1, 2, 4
"""Bits of a year's flags: its opening values are there; they were given; a claim was settled."""


class Rows(NamedTuple):
    """Items as `bucket` leaves them: see `data.Items`; `slot` is NONE where nobody is insured,
    `answers` the row of answers of the item's profile.

    `plain` marks claims that need nothing but their program: in time, of no episode, never taken
    back. `episode` is the number of an episode within one slot; `amounts_at` the address of a list
    of addresses: of each amount, and of the account's money.
    """

    start: Any
    plain: Any
    slot: Any
    answers: Any
    episode: Any
    own_id: Any
    reverses: Any
    settled_year: Any
    amounts_at: int


class Years(NamedTuple):
    """Years of the bucket: `span` of them from `base`, in `schemes` schemes.

    `begins` is the first year that can matter to a person, `year_end` the row of answers of each
    person's year end (NONE: no status in that year), `closing` the year to open at last, or NONE.
    """

    base: int
    span: int
    schemes: int
    begins: Any
    year_end: Any
    opening_start: Any
    opening_year: Any
    opening_values: Any
    closing: int


class Rules(NamedTuple):
    """What answers: `answer[row * combinations + combination]` is the number of an answer.

    `single` gives the answer of a row whose answers are all the same, else NONE. `run_at` is the
    address of an answer's program, 0 for a refusal, `plain_at` that of its program for plain
    claims; `given_at` that of its figures; `numbers` tells whether it numbers admissions, `stirs`
    whether it changes what the combination is made of. `counters` has a row for each state value
    that rules look at (see `bodies.Layout`), `carried` and `episodic` count them; `numbering`
    and `lifetime` are flags of theirs.
    """

    combinations: int
    answer: Any
    single: Any
    run_at: Any
    plain_at: Any
    given_at: Any
    numbers: Any
    stirs: Any
    counters: Any
    carried: int
    episodic: int
    numbering: Any
    lifetime: Any


class Memory(NamedTuple):
    """Working memory: state of one person's slots and openings, and what reversals need.

    `state` and `opened` are flat, one row of carried values a slot or year; `live` tells which
    slots are in use. `episodes` has a row for each episode, the first for claims without one;
    `standing` counts an episode's claims that bear its admission, `owed` what claims that were
    taken back had added to its number. By id: `used`, `settled_row`, `reversed`, and `delta`, what
    the claim added to each state value.
    """

    state: Any
    state_at: int
    live: Any
    flags: Any
    opened: Any
    opened_at: int
    whole: Any
    whole_at: int
    before: Any
    episodes: Any
    episodes_at: int
    standing: Any
    owed: Any
    used: Any
    settled_row: Any
    reversed: Any
    delta: Any


class Out(NamedTuple):
    """What is filled: see `data.Result`. `figures` has a row for each figure wanted,
    `figures_at` is the address of the list of the rows' addresses."""

    code: Any
    answer: Any
    claim: Any
    figures: Any
    figures_at: int
    replay: Any
    closing: Any
    closed: Any


# --- years ------------------------------------------------------------------------------------


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
def copy(source: Any, at: int, target: Any, to: int, count: int) -> None:
    """Copy numbers from one place to another.

    Indices here and in `settle_plain` are unsigned: a negative one would be counted from the end of
    the array, and to ask whether it is takes longer than the copying.
    """
    for k in range(count):
        target[np.uintp(to + k)] = source[np.uintp(at + k)]


@inlined
def zero(target: Any, to: int, count: int) -> None:
    """Write zeros."""
    for k in range(count):
        target[np.uintp(to + k)] = 0


@inlined
def begin_person(p: int, years: Years, rules: Rules, memory: Memory) -> None:
    """Forget the person before; take the opening values that were given."""
    zero(memory.live, 0, years.span * years.schemes)
    zero(memory.flags, 0, years.span)
    for row in range(years.opening_start[p], years.opening_start[p + 1]):
        y = years.opening_year[row] - years.base
        if 0 <= y < years.span:
            memory.flags[y] = KNOWN | GIVEN
            for k in range(rules.carried):
                memory.opened[y * rules.carried + k] = years.opening_values[row, k]


@inlined
def close_year(p: int, y: int, years: Years, rules: Rules, memory: Memory) -> int:
    """Open the year after `y` from the closing values of `y` over all schemes."""
    opened, o = memory.opened, y * rules.carried
    whole = memory.whole
    for k in range(rules.carried):
        start = opened[o + k]
        total = start
        for scheme in range(years.schemes):
            slot = y * years.schemes + scheme
            if memory.live[slot]:
                total += memory.state[slot * rules.carried + k] - start
        whole[k] = total
    answers = years.year_end[p * years.span + y]
    if answers == NONE:
        for k in range(rules.carried):
            opened[o + rules.carried + k] = opened[o + k] if rules.lifetime[k] else 0
        return NONE
    zero(memory.episodes, 0, rules.episodic)
    chosen = combination(rules, whole, 0, memory.episodes, 0)
    answer = rules.answer[answers * rules.combinations + chosen]
    if rules.run_at[answer] == 0:
        return int(answer)
    next_at = memory.opened_at + (o + rules.carried) * 8
    run_year_end(rules.run_at[answer], memory.whole_at, rules.given_at[answer], next_at)
    return NONE


@inlined
def open_year(p: int, y: int, years: Years, rules: Rules, memory: Memory) -> int:
    """Fill the opening values of a year: what closing the years before it leaves.

    Returns NONE, or the number of the answer that refuses.
    """
    flags = memory.flags
    begins = min(years.begins[p], y)
    for given in range(begins, y + 1):
        if flags[given] & GIVEN:
            begins = given
    known = y
    while known > begins and not flags[known] & KNOWN:
        known -= 1
    if not flags[known] & KNOWN:
        zero(memory.opened, known * rules.carried, rules.carried)
        flags[known] |= KNOWN
    for later in range(known + 1, y + 1):
        refusal = close_year(p, later - 1, years, rules, memory)
        if refusal != NONE:
            return refusal
        flags[later] |= KNOWN
    return NONE


@inlined
def reopen(y: int, years: Years, memory: Memory) -> None:
    """Forget how the years after `y` were opened, as long as nothing was settled in them."""
    later = y + 1
    while later < years.span and memory.flags[later] == KNOWN:
        memory.flags[later] = 0
        later += 1


# --- items ------------------------------------------------------------------------------------


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
def leave_empty(i: int, out: Out) -> None:
    """Write zeros for an item that was refused."""
    for w in range(out.figures.shape[0]):
        out.figures[w, i] = 0


@inlined
def enter(p: int, y: int, s: int, years: Years, rules: Rules, memory: Memory) -> int:
    """Give a slot that is not in use its opening values; NONE, or the answer that refuses."""
    if not memory.flags[y] & KNOWN:
        refusal = open_year(p, y, years, rules, memory)
        if refusal != NONE:
            return refusal
    copy(memory.opened, y * rules.carried, memory.state, s, rules.carried)
    return NONE


@inlined
def settle_plain(
    p: int, i: int, end: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> int:
    """Settle plain claims of one slot from row `i` on; returns the row after the last.

    Opening values that later years were given for nothing are forgotten here once, not after each
    claim.
    """
    slot = rows.slot[i]
    y, s = slot // years.schemes, slot * rules.carried
    if not memory.live[slot]:
        refusal = enter(p, y, s, years, rules, memory)
        if refusal != NONE:
            out.answer[i] = refusal
            out.code[i] = YEAR_END_REFUSES
            leave_empty(i, out)
            return i + 1
    if y + 1 < years.span:
        reopen(y, years, memory)
    zero(memory.episodes, 0, rules.episodic)
    state_at = memory.state_at + s * 8
    chosen, settled = NONE, 0
    while i < end:
        at = np.uintp(i)
        if not rows.plain[at] or rows.slot[at] != slot:
            break
        row = np.uintp(rows.answers[at])
        answer = rules.single[row]
        if answer == NONE:
            if chosen == NONE:
                chosen = combination(rules, memory.state, s, memory.episodes, 0)
            answer = rules.answer[np.int64(row) * rules.combinations + chosen]
        number = np.uintp(answer)
        run_at, code = rules.plain_at[number], RULES_REFUSE
        if run_at != 0:
            code = run_plain(
                run_at, i, rows.amounts_at, state_at, rules.given_at[number], out.figures_at
            )
            if rules.stirs[number]:
                chosen = NONE
        out.answer[at] = answer
        out.code[at] = code
        if code == SETTLED:
            settled = 1
        else:
            leave_empty(i, out)
        i += 1
    if settled:
        memory.live[slot] = 1
        memory.flags[y] |= USED
    return i


@compiled
def settle_claim(
    p: int, i: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> int:
    """Settle a claim; returns its code."""
    own = rows.own_id[i]
    if own != NONE and memory.used[own]:
        return ID_USED
    slot = rows.slot[i]
    if slot == NONE:
        return NOT_INSURED
    y, s = slot // years.schemes, slot * rules.carried
    if not memory.live[slot]:
        refusal = enter(p, y, s, years, rules, memory)
        if refusal != NONE:
            out.answer[i] = refusal
            return YEAR_END_REFUSES
    episode = rows.episode[i] + 1
    e = episode * rules.episodic
    if episode == 0:
        zero(memory.episodes, 0, rules.episodic)
    chosen = combination(rules, memory.state, s, memory.episodes, e)
    answer = rules.answer[rows.answers[i] * rules.combinations + chosen]
    out.answer[i] = answer
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
    memory.live[slot] = 1
    memory.flags[y] |= USED
    if episode and rules.numbers[answer]:
        memory.standing[episode] += 1
    if own != NONE:
        memory.used[own] = 1
        memory.settled_row[own] = i
        remember_delta(own, s, e, rules, memory)
    if y + 1 < years.span:
        reopen(y, years, memory)
    return SETTLED


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
def reverse(i: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out) -> int:
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
    reopen(slot // years.schemes, years, memory)
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
        if same or rows.slot[other] // years.schemes > slot // years.schemes:
            return True
    return False


@compiled
def close_person(p: int, years: Years, rules: Rules, memory: Memory, out: Out) -> None:
    """Write the values with which the person would enter the year after the last."""
    y = years.closing
    known = memory.flags[y] & KNOWN
    if not known and open_year(p, y, years, rules, memory) != NONE:
        return
    out.closed[p] = True
    for k in range(rules.carried):
        out.closing[p, k] = memory.opened[y * rules.carried + k]


@compiled
def settle_item(
    p: int, i: int, begin: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> None:
    """Settle a claim or reversal that is not plain; mark persons whose later claims it touches."""
    out.answer[i] = NONE
    touched = NONE
    if rows.reverses[i] == NONE:
        code = settle_claim(p, i, rows, years, rules, memory, out)
        if code == SETTLED and rows.settled_year[i] - years.base > rows.slot[i] // years.schemes:
            touched = i
    else:
        code = reverse(i, rows, years, rules, memory, out)
        if code == REVERSED:
            touched = out.claim[i]
    out.code[i] = code
    if code > REVERSED:
        leave_empty(i, out)
    elif touched != NONE and touches(i, touched, begin, rows, years, memory, out):
        out.replay[p] = True


@compiled
def settle_persons(
    first: int, last: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> int:
    """Settle the items of the persons from `first` up to `last`; returns NONE."""
    for p in range(first, last):
        begin, end = rows.start[p], rows.start[p + 1]
        out.replay[p] = out.closed[p] = False
        if begin == end and years.closing == NONE:
            continue
        begin_person(p, years, rules, memory)
        i = begin
        while i < end:
            if rows.plain[i]:
                i = settle_plain(p, i, end, rows, years, rules, memory, out)
            else:
                settle_item(p, i, begin, rows, years, rules, memory, out)
                i += 1
        if years.closing != NONE and years.begins[p] < years.closing:
            close_person(p, years, rules, memory, out)
    return NONE

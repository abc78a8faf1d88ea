"""The loop over persons: the book's semantics on arrays, compiled by Numba once and for all.

What a function does here is what `settlement.book` and `settlement.executor` do for one person; the
property tests hold the two to the same figures. Programs are not part of it: an answer has the
address of its program's machine code (`machine`), and the loop calls it; plain claims, nearly all,
are settled a run at a time by one function that has all programs written into it (`bodies`).
Indices are unsigned where every claim or person passes: a negative one would be counted from the
end of the array, and to ask whether it is takes time.

A *slot* is a person's year in one scheme: year * schemes + scheme, years counted from `Years.base`.
Names in `_at` are addresses.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from yibao.settlement.columnar.bodies import SLOT_BITS
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
from yibao.settlement.columnar.jit import (
    compiled,
    inlined,
    run_add_up,
    run_claim,
    run_clear,
    run_move,
    run_plain,
    run_year_end,
)

KNOWN, GIVEN, USED = 1, 2, 4
FLAG_BITS = 3
"""Bits of a year's flags: its opening values are there; they were given; a claim was settled."""

OWN_ID, REVERSES, SLOT, ANSWERS, EPISODE, LATE = range(6)
"""Columns of `Rows.others`. ANSWERS is the row of answers of the item's profile; LATE tells (1 or
0) whether the claim was settled after its year."""


class Rows(NamedTuple):
    """Items as `bucket` leaves them: see `data.Items`; `slot` is NONE where nobody is insured.

    `plain` has a number (see `bodies.SEVERAL`) for claims that need nothing but their program: in
    time, of no episode, never taken back. For the item that is row k of `others`, -1 - k stands
    there; the row has what is asked of the item all in one place (the columns are OWN_ID to LATE).
    `episode` is the number of an episode within one slot; `amounts_at` the address of a list of
    addresses: of each amount, and of the account's money.
    """

    start: Any
    plain: Any
    plain_at: int
    others: Any
    slot: Any
    episode: Any
    own_id: Any
    reverses: Any
    amounts_at: int


class Years(NamedTuple):
    """Years of the bucket: `span` of them from `base`, in `schemes` schemes.

    `begins` is the first year that can matter to a person, `year_end` the row of answers of each
    person's year end (NONE: no status in that year), `closing` the year to open at last, or NONE.
    `year_of` gives the year of each slot.
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
    year_of: Any


class Moves(NamedTuple):
    """Addresses of what moves carried values: see `bodies.move_bodies`."""

    copy_at: int
    clear_at: int
    add_up_at: int
    lapse_at: int


class Rules(NamedTuple):
    """What answers: `answer[row * combinations + combination]` is the number of an answer.

    `run_at` is the address of an answer's program, 0 for a refusal, `given_at` that of its
    `figures`; `numbers` tells whether it numbers admissions. `plain_at` is the address of what
    settles runs of plain claims, which have of an answer what `held` has in its place. `counters`
    has a row for each state value that rules look at (see `bodies.Layout`), `carried` and
    `episodic` count them; `numbering` and `lifetime` are flags of theirs.
    """

    combinations: int
    answer: Any
    held: Any
    held_at: int
    run_at: Any
    plain_at: int
    moves: Moves
    given_at: Any
    given_list_at: int
    figures: Any
    numbers: Any
    counters: Any
    carried: int
    episodic: int
    numbering: Any
    lifetime: Any


class Memory(NamedTuple):
    """Working memory: state of one person's slots and openings, and what reversals need.

    `state` and `opened` are flat, one row of carried values a slot or year. A slot is in use if
    `live` has the person there, so that nothing need be forgotten for the next person; likewise
    `flags` have the person before their FLAG_BITS. `episodes` has a row for each episode, the first
    for claims without one; `standing` counts an episode's claims that bear its admission, `owed`
    what claims that were taken back had added to its number. By id: `used`, `settled_row`,
    `reversed`, and `delta`, what the claim added to each state value.
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
    code_at: int
    answer: Any
    answer_at: int
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


@compiled
def copy(source: Any, at: int, target: Any, to: int, count: int) -> None:
    """Copy numbers from one place to another."""
    for k in range(count):
        target[to + k] = source[at + k]


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
def clear_episode(rules: Rules, memory: Memory) -> None:
    """Make the row of claims without an episode say that nothing was settled."""
    for k in range(rules.episodic):
        memory.episodes[np.uintp(k)] = 0


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
def reopen(p: int, y: int, years: Years, memory: Memory) -> None:
    """Forget how the years after `y` were opened, as long as nothing was settled in them."""
    later = y + 1
    while later < years.span and flags_of(p, later, memory) == KNOWN:
        memory.flags[np.uintp(later)] = 0
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
def settle_plain(
    p: int, i: int, end: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> int:
    """Settle plain claims of one slot from row `i` on; returns the row after the last.

    Opening values that later years were given for nothing are forgotten here once, not after each
    claim.
    """
    slot = rows.plain[np.uintp(i)] >> SLOT_BITS
    y = years.year_of[np.uintp(slot)]
    if memory.live[np.uintp(slot)] != p:
        refusal = enter(p, y, slot, years, rules, memory)
        if refusal != NONE:
            out.answer[np.uintp(i)] = refusal
            out.code[np.uintp(i)] = YEAR_END_REFUSES
            leave_empty(i, out)
            return i + 1
    reopen(p, y, years, memory)
    done = run_plain(
        rules.plain_at, i, end, slot << SLOT_BITS, rows.plain_at, rows.amounts_at,
        memory.state_at + slot * rules.carried * 8, rules.given_list_at, rules.held_at,
        out.figures_at, out.answer_at, out.code_at,
    )  # fmt: skip
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


@compiled
def settle_persons(
    first: int, last: int, rows: Rows, years: Years, rules: Rules, memory: Memory, out: Out
) -> int:
    """Settle the items of the persons from `first` up to `last`; returns NONE."""
    for p in range(first, last):
        person = np.uintp(p)
        begin, end = rows.start[person], rows.start[np.uintp(p + 1)]
        out.replay[person] = out.closed[person] = False
        if begin == end and years.closing == NONE:
            continue
        begin_person(p, years, rules, memory)
        i = begin
        while i < end:
            if rows.plain[np.uintp(i)] >= 0:
                i = settle_plain(p, i, end, rows, years, rules, memory, out)
            else:
                settle_item(p, i, begin, rows, years, rules, memory, out)
                i += 1
        if years.closing != NONE and years.begins[person] < years.closing:
            close_person(p, years, rules, memory, out)
    return NONE

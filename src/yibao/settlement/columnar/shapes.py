"""What the loop over persons works on: arrays, and addresses of arrays and of machine code.

Numba takes these as they are. Names in `_at` are addresses. A *slot* is a person's year in one
scheme: year * schemes + scheme, years counted from `Years.base`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
    `flags` have the person before their bits (see `years`). `episodes` has a row for each episode,
    the first for claims without one; `standing` counts an episode's claims that bear its admission,
    `owed` what claims that were taken back had added to its number. By id: `used`, `settled_row`,
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

"""The arrays that the columnar executor takes and gives.

Rows lie person by person. Money is fen in int64. Days are days since 1970-01-01, as in Arrow's
date32. A code is the position of a tuple of facts in the list that the engine keeps
(`Engine.claim_facts`, `Engine.person_facts`), so that facts are compared once and then are numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NONE = -1
"""No episode, no institution, an ordinary id: stands where a number would."""

UNKNOWN = -2
"""`Items.reverses` of a reversal whose claim is not among the items of the person."""

FOREVER = np.iinfo(np.int32).max
"""`Statuses.last` of a status that holds until further notice."""

DERIVE_CHOSEN, DERIVE_CONTRACTED = 1, 2
"""Bits of `Items.derive`: the flag follows from the institution and the status of the day."""


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """Claims and reversals, by person, then by (settled_at, claim_id). n rows, P persons.

    start             P+1: the items of person p are the rows start[p] up to start[p + 1]
    admitted          n: first day of the stay, or the day
    discharged        n: last day of the stay, or the day
    settled_year      n: year of the moment of settlement
    facts             n: code of the claim's facts; of a reversal NONE
    derive            n: which facts follow from the institution (bits DERIVE_*)
    institution       n: number of the institution, NONE where there is none
    amounts           one array of n for each amount of the vocabulary, in its order, in fen
    account_available n: in fen
    episode           n: the same number for the claims of one person's episode; NONE: no episode
    own_id            n: for an id that more than one row of the items has, or that a reversal
                      names, the number of that id (0, 1, …); NONE for all other rows
    reverses          n: of a reversal the number of the id that it takes back, or UNKNOWN;
                      of a claim NONE
    """

    start: Int64
    admitted: Int32
    discharged: Int32
    settled_year: Int16
    facts: Int32
    derive: Int8
    institution: Int32
    amounts: tuple[Int64, ...]
    account_available: Int64
    episode: Int32
    own_id: Int32
    reverses: Int32

    def __len__(self) -> int:
        return len(self.facts)

    @property
    def persons(self) -> int:
        """How many persons there are, those without items included."""
        return len(self.start) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Statuses:
    """Who is insured when, by person, then by first day; no two of a person overlap. m rows.

    start       P+1: the statuses of person p are the rows start[p] up to start[p + 1]
    first, last m: days inclusive; last is FOREVER where it is open
    birth       m: day of birth
    facts       m: code of the person's facts
    chosen      m: number of the chosen institution, or NONE
    contracted  m: number of the contracted institution, or NONE
    """

    start: Int64
    first: Int32
    last: Int32
    birth: Int32
    facts: Int32
    chosen: Int32
    contracted: Int32


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """State values with which persons enter years, by person, then year. k rows.

    start   P+1: the rows of person p
    year    k
    values  k × C, C being the carried state values of the region, in its order
    """

    start: Int64
    year: Int16
    values: Int64


SETTLED, REVERSED = 0, 1
NOT_INSURED, ID_USED, NOT_SETTLED, TAKEN_BACK = 2, 3, 4, 5
RULES_REFUSE, YEAR_END_REFUSES = 6, 7
OVERPAID, TOO_LARGE = 8, 9
"""`Result.code`. 0, 1: booked. 2 to 7: the item was refused and left no trace: the person is not
insured that day; the id was used before; the reversal names what was not settled, or what was taken
back before; the rules do not answer for the claim, or for the end of an earlier year. 8, 9: the
pack is wrong, and nothing of the run counts: the funds pay more than the bill, or an accumulator
grows too large."""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What became of each item, in the order of the items.

    code      n: SETTLED, REVERSED, or why not
    answer    n: of a settled claim the number of its program in `Engine.answers`; of a reversal
              that of the claim that it takes back; of a claim that the rules refuse the number of
              the refusal; else NONE
    scheme    n: position of the status' scheme in `Engine.schemes`; NONE where there is no status
    day       n: the day whose rules apply; of a reversal that of the claim that it takes back
    claim     n: of a reversal that was booked the row of the claim that it takes back; else
              it does not matter
    figures   by name, n in fen: what was wanted; a reversal has the claim's figures negated, an
              item that was refused zeros
    replay    P: a reversal or late claim of the person may have changed what later claims would get
    closing   P × C: the values with which the person would enter `closing_year`; zeros where they
              were not asked for, or where the year-end rules do not answer (see `closed`)
    closed    P: whether `closing` holds the person's values
    """

    code: Int8
    answer: Int32
    scheme: Int8
    day: Int32
    claim: Int64
    figures: Mapping[str, Int64]
    replay: Flags
    closing: Int64
    closed: Flags

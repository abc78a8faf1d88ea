"""The small benefit that every peer can express, its claims, and the exact reference.

In the order of time, for each claim of a person's year, in fen:

1. the person bears what is left of the yearly deductible;
2. the fund pays the rest at the rate of (level, category), rounded half up,
3. as far as the yearly cap of what it pays allows;
4. what remains is the burden; the burden of the year is laid on a scale of bands, and
   serious-illness insurance pays its slice, rounded half up once;
5. the person pays what is left.

Each sum of the year only grows, and each limit only clamps it. That is why peers without state
(cumulative sums, SQL windows, one period a claim) can express it at all: a reversal, a number of
the admission or a change of scheme within the year is beyond them, and so is not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Int8 = npt.NDArray[np.int8]

DEDUCTIBLE = 800_00
CAP = 20_000_00
BASE = 1000
RATES = ((755, 650, 555), (800, 725, 625))
"""Rate of (category, level) in thousandths."""
EDGES = (10_000_00, 30_000_00, 100_000_00)
BAND_RATES = (500, 600, 700)
"""Band b begins at EDGES[b], ends where the next begins, the last nowhere; in thousandths."""


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """Claims by person, in the order of time. n claims, P persons.

    start     P+1: the claims of person p are the rows start[p] up to start[p + 1]
    category  P: 0 in service, 1 retired
    level     n: 0, 1, 2
    amount    n: in-scope expense in fen
    """

    start: Int64
    category: Int8
    level: Int8
    amount: Int64

    def __len__(self) -> int:
        return len(self.amount)

    def first(self, persons: int) -> Claims:
        """Return the claims of the first persons."""
        end = self.start[persons]
        begin = self.start[: persons + 1]
        return Claims(begin, self.category[:persons], self.level[:end], self.amount[:end])


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What each claim comes to, n in fen."""

    pool: Int64
    serious: Int64
    personal: Int64

    def first(self, claims: int) -> Outcome:
        """Return what the first claims come to."""
        return Outcome(self.pool[:claims], self.serious[:claims], self.personal[:claims])


def make_claims(persons: int, per_person: int, seed: int) -> Claims:
    """Make claims: most small, some stays, few very large; a tenth of the persons on the edges."""
    random = np.random.default_rng(seed)
    n = persons * per_person
    yuan = np.exp(random.normal(np.log(260), 1.0, n))
    stay = random.random(n) < 0.04
    yuan = np.where(stay, np.exp(random.normal(np.log(9_000), 1.1, n)), yuan)
    amount = np.clip(np.rint(yuan * 100), 1, 600_000_00).astype(np.int64)
    start = np.arange(persons + 1, dtype=np.int64) * per_person
    category = (random.random(persons) < 0.3).astype(np.int8)
    level = random.choice(np.arange(3, dtype=np.int8), n, p=(0.4, 0.3, 0.3))
    claims = Claims(start, category, level, amount)
    edged = np.flatnonzero(random.random(persons) < 0.1)
    if per_person >= 4:
        _lay_on_edges(claims, edged, random)
    return claims


def _lay_on_edges(claims: Claims, persons: Int64, random: np.random.Generator) -> None:
    """Let the sums of these persons meet the deductible, the cap and the bands within a fen or two.

    The second claim ends around the deductible; the third is as large as the cap over a rate, so
    that payments end around it; the last takes the burden to an edge of the bands where the cap is
    used up.
    """

    def near() -> Int64:
        return random.integers(-2, 3, len(persons))

    begin = claims.start[persons]
    first = random.integers(10, DEDUCTIBLE - 10, len(persons))
    rates = np.array(RATES).reshape(-1)
    claims.amount[begin] = first
    claims.amount[begin + 1] = DEDUCTIBLE - first + near()
    claims.amount[begin + 2] = CAP * BASE // random.choice(rates, len(persons)) + near()
    last = claims.start[persons + 1] - 1
    before = claims.amount.copy()
    before[last] = 0
    done = settle_exactly(Claims(claims.start, claims.category, claims.level, before))
    burden = np.add.reduceat(before - done.pool, claims.start[:-1])[persons]
    edges = np.array((*EDGES, EDGES[-1] + 50_000_00))
    aim = edges[np.searchsorted(EDGES, burden, side="right")]
    claims.amount[last] = np.maximum(1, aim - burden + near())


def settle_exactly(claims: Claims) -> Outcome:
    """Settle with Python's integers: the reference, one readable loop."""
    pool, serious, personal = [], [], []
    amounts, levels = claims.amount.tolist(), claims.level.tolist()
    bounds = pairwise(claims.start.tolist())
    for (begin, end), category in zip(bounds, claims.category.tolist(), strict=True):
        rates = RATES[category]
        expense = paid = burden = 0
        for amount, level in zip(amounts[begin:end], levels[begin:end], strict=True):
            borne = min(amount, max(0, DEDUCTIBLE - expense))
            due = half_up((amount - borne) * rates[level])
            pay = min(due, CAP - paid)
            left = amount - pay
            more = half_up(on_scale(burden + left) - on_scale(burden))
            expense, paid, burden = expense + amount, paid + pay, burden + left
            pool.append(pay)
            serious.append(more)
            personal.append(left - more)
    return Outcome(*(np.array(column, np.int64) for column in (pool, serious, personal)))


def half_up(numerator: int) -> int:
    """Return numerator / BASE, rounded half up."""
    return (2 * numerator + BASE) // (2 * BASE)


def on_scale(burden: int) -> int:
    """Return what the bands pay of a burden from zero, in fen × BASE."""
    total = 0
    for edge, end, rate in zip(EDGES, (*EDGES[1:], None), BAND_RATES, strict=True):
        if burden > edge:
            total += ((burden if end is None else min(burden, end)) - edge) * rate
    return total


def wrong(outcome: Outcome, exact: Outcome) -> tuple[int, int]:
    """Return in how many claims a figure is wrong by a fen or more, and how wrong the total is.

    The second is in fen: what the funds pay in all, less what they should.
    """
    columns = ("pool", "serious", "personal")
    differs = [getattr(outcome, name) != getattr(exact, name) for name in columns]
    total = sum(int(getattr(outcome, n).sum() - getattr(exact, n).sum()) for n in columns[:2])
    return int(np.logical_or.reduce(differs).sum()), total

"""The small benefit by Numba (a loop) and by NumPy (segmented cumulative sums)."""

from __future__ import annotations

from collections.abc import Callable

import numba as nb
import numpy as np
import numpy.typing as npt

from peers.benefit import (
    BAND_RATES,
    BASE,
    CAP,
    DEDUCTIBLE,
    EDGES,
    RATES,
    Claims,
    Int64,
    Outcome,
)
from peers.clock import Run

# --- Numba ----------------------------------------------------------------------------------------

TABLE = np.array(RATES, np.int64)
EDGE_1, EDGE_2, EDGE_3 = EDGES
RATE_1, RATE_2, RATE_3 = BAND_RATES


@nb.njit(error_model="numpy")
def _half_up(numerator):
    # Unsigned: dividing by a constant is then one multiplication.
    return nb.int64((nb.uint64(2) * nb.uint64(numerator) + nb.uint64(BASE)) // nb.uint64(2 * BASE))


@nb.njit
def _on_scale(burden):
    return (
        max(0, min(burden, EDGE_2) - EDGE_1) * RATE_1
        + max(0, min(burden, EDGE_3) - EDGE_2) * RATE_2
        + max(0, burden - EDGE_3) * RATE_3
    )


@nb.njit(error_model="numpy")
def _settle(start, category, level, amounts, out):
    pool, serious, personal = out
    for p in range(len(category)):
        expense = paid = burden = scale = 0
        for i in range(start[p], start[p + 1]):
            amount = amounts[i]
            borne = min(amount, max(0, DEDUCTIBLE - expense))
            pay = min(_half_up((amount - borne) * TABLE[category[p], level[i]]), CAP - paid)
            left = amount - pay
            expense += amount
            paid += pay
            burden += left
            now = _on_scale(burden)
            more = _half_up(now - scale)
            scale = now
            pool[i] = pay
            serious[i] = more
            personal[i] = left - more


def prepare_numba(claims: Claims) -> Run:
    """Return the loop over these claims, compiled; output arrays are used again in each call."""
    out = Outcome(*(np.zeros(len(claims), np.int64) for _ in range(3)))

    def run() -> Outcome:
        columns = (claims.start, claims.category, claims.level, claims.amount)
        _settle(*columns, (out.pool, out.serious, out.personal))
        return out

    run()
    return run


# --- NumPy ----------------------------------------------------------------------------------------

Column = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Round = Callable[[Column], Column]


def prepare_numpy(claims: Claims) -> Run:
    """Return the segmented sums over these claims, in integers of fen."""

    def half_up(numerator: Column) -> Column:
        return (2 * numerator + BASE) // (2 * BASE)

    rates = np.array(RATES, np.int64)
    return lambda: Outcome(*_settle_columns(claims, claims.amount, 1, rates, half_up))


def prepare_floats(claims: Claims) -> Run:
    """Return the same in the way that is common: yuan and rates in float64, rounded to the fen."""

    def half_up(numerator: Column) -> Column:
        return np.floor(numerator / BASE * 100 + 0.5) / 100

    rates = np.array(RATES, np.float64)
    yuan = claims.amount / 100

    def run() -> Outcome:
        columns = _settle_columns(claims, yuan, 0.01, rates, half_up)
        return Outcome(*(np.rint(column * 100).astype(np.int64) for column in columns))

    return run


def _settle_columns(
    claims: Claims, amount: Column, unit: float, rates: Column, half_up: Round
) -> tuple[Column, Column, Column]:
    """Settle by clamped sums; `unit` is a fen in the unit of `amount`."""
    begin = claims.start[:-1]
    sizes = np.diff(claims.start)

    def summed(column: Column) -> Column:
        """Return the sums within the person, this claim included."""
        total = np.cumsum(column)
        return total - np.repeat(total[begin] - column[begin], sizes)

    expense = summed(amount)
    deductible, cap = DEDUCTIBLE * unit, CAP * unit
    borne = np.minimum(expense, deductible) - np.minimum(expense - amount, deductible)
    rate = rates[np.repeat(claims.category, sizes), claims.level]
    due = half_up((amount - borne) * rate)
    dues = summed(due)
    pool = np.minimum(dues, cap) - np.minimum(dues - due, cap)
    left = amount - pool
    burden = summed(left)
    edges = [edge * unit for edge in EDGES]
    scale = _scale_of(burden, edges) - _scale_of(burden - left, edges)
    serious = half_up(scale)
    return pool, serious, left - serious


def _scale_of(burden: Column, edges: list[float]) -> Column:
    """Return what the bands pay of a burden from zero, × BASE."""
    first, second, third = edges
    zero: Int64 = np.zeros(1, np.int64)
    return (
        np.maximum(zero, np.minimum(burden, second) - first) * RATE_1
        + np.maximum(zero, np.minimum(burden, third) - second) * RATE_2
        + np.maximum(zero, burden - third) * RATE_3
    )

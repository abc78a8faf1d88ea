"""Tianjin's claims of 2019 by hand in Numba: `tianjin.c` line by line."""

from __future__ import annotations

import numba as nb
import numpy as np

from peers.tianjin_loops import EPISODES, INPATIENT, NOT_PAYABLE, OUTPATIENT, SPECIAL, Fields

assert (NOT_PAYABLE, OUTPATIENT, SPECIAL, INPATIENT) == (0, 1, 2, 3)

KIND, DEDUCTIBLE, CEILING, RATE, RECIPIENT, AID_RATE, AID_LIMIT, RESIDENT = range(8)
LATER_DEDUCTIBLE, THIRD_DEDUCTIBLE, FIRST_BAND, SECOND_RATE = range(8, 12)
LARGE_CEILING, LARGE_RATE = 12, 13
SERIOUS_START, SERIOUS_EDGE_1, SERIOUS_EDGE_2, SERIOUS_EDGE_3 = range(14, 18)
SERIOUS_RATE_1, SERIOUS_RATE_2, SERIOUS_RATE_3 = range(18, 21)
AID_BAND, AID_TOP, AID_RATE_1, AID_RATE_2 = range(21, 25)
AGAIN_START, AGAIN_RATE, AGAIN_LIMIT = range(25, 28)
assert len(Fields._fields) == AGAIN_LIMIT + 1


@nb.njit
def within(of, limit, used):
    return min(of, max(0, limit - used))


@nb.njit
def overlap(start, end, low, high):
    return max(0, min(end, high) - max(start, low))


def make(base):
    """Return the loop for rates over `base`, compiled when it is first called."""
    half, whole = np.uint64(base), np.uint64(2 * base)

    @nb.njit(error_model="numpy")
    def half_up(n):
        # Unsigned: dividing by a constant is then one multiplication.
        return nb.int64((np.uint64(2) * np.uint64(n) + half) // whole)

    @nb.njit(error_model="numpy")
    def settle(starts, rows, columns, out):
        profile, total, in_scope, available, episode = columns
        episode_id = np.empty(EPISODES, np.int32)
        episode_number = np.empty(EPISODES, np.int64)
        episode_met = np.empty(EPISODES, np.int64)
        out_deductible, out_pool, out_large, out_serious, out_aid = out[:5]
        out_again, out_fund, out_personal, out_account, out_cash = out[5:]
        for p in range(len(starts) - 1):
            outpatient_expense = aid_paid = 0
            inpatient_expense = joint_met = admissions = serious_burden = 0
            aid_burden = again_burden = again_paid = 0
            known = 0
            for i in range(starts[p], starts[p + 1]):
                r = profile[i]
                of = in_scope[i]
                deductible = pool = large = serious = aid = again = 0
                kind = rows[r, KIND]
                if kind == OUTPATIENT:
                    start = outpatient_expense
                    deductible = within(of, rows[r, DEDUCTIBLE], start)
                    part = overlap(start, start + of, rows[r, DEDUCTIBLE], rows[r, CEILING])
                    pool = half_up(part * rows[r, RATE])
                    outpatient_expense += of
                    if rows[r, RECIPIENT]:
                        due = half_up((of - pool) * rows[r, AID_RATE])
                        aid = within(due, rows[r, AID_LIMIT], aid_paid)
                        aid_paid += aid
                elif kind != NOT_PAYABLE:
                    if kind == SPECIAL:
                        deductible = within(of, rows[r, DEDUCTIBLE], joint_met)
                        joint_met += deductible
                    else:
                        at = -1
                        if episode[i] >= 0:
                            at = 0
                            while at < known and episode_id[at] != episode[i]:
                                at += 1
                            if at == known:
                                episode_id[at] = episode[i]
                                episode_number[at] = 0
                                episode_met[at] = 0
                                known += 1
                        number = episode_number[at] if at >= 0 else 0
                        if number == 0:
                            number = admissions + 1
                        admissions = max(number, admissions)
                        if number == 1:
                            deductible = within(of, rows[r, DEDUCTIBLE], joint_met)
                            joint_met += deductible
                        else:
                            column = LATER_DEDUCTIBLE if number == 2 else THIRD_DEDUCTIBLE
                            met = episode_met[at] if at >= 0 else 0
                            deductible = within(of, rows[r, column], met)
                            if at >= 0:
                                episode_met[at] += deductible
                        if at >= 0:
                            episode_number[at] = number
                    start, end = inpatient_expense + deductible, inpatient_expense + of
                    ceiling, band = rows[r, CEILING], rows[r, FIRST_BAND]
                    pool = half_up(
                        overlap(start, end, 0, band) * rows[r, RATE]
                        + overlap(start, end, band, ceiling) * rows[r, SECOND_RATE]
                    )
                    above = overlap(start, end, ceiling, rows[r, LARGE_CEILING])
                    large = half_up(above * rows[r, LARGE_RATE])
                    inpatient_expense += of
                    burden = of - pool - large
                    if rows[r, RESIDENT]:
                        begin, till = serious_burden, serious_burden + burden
                        first, second = rows[r, SERIOUS_EDGE_1], rows[r, SERIOUS_EDGE_2]
                        serious = half_up(
                            overlap(begin, till, rows[r, SERIOUS_START], first)
                            * rows[r, SERIOUS_RATE_1]
                            + overlap(begin, till, first, second) * rows[r, SERIOUS_RATE_2]
                            + overlap(begin, till, second, rows[r, SERIOUS_EDGE_3])
                            * rows[r, SERIOUS_RATE_3]
                        )
                        serious_burden = till
                        burden -= serious
                    if rows[r, RECIPIENT]:
                        begin, till = aid_burden, aid_burden + burden
                        band, top = rows[r, AID_BAND], rows[r, AID_TOP]
                        aid = half_up(
                            overlap(begin, till, 0, band) * rows[r, AID_RATE_1]
                            + overlap(begin, till, band, top) * rows[r, AID_RATE_2]
                        )
                        aid_burden = till
                        burden -= aid
                        begin, till = again_burden, again_burden + burden
                        part = overlap(begin, till, rows[r, AGAIN_START], top)
                        due = half_up(part * rows[r, AGAIN_RATE])
                        again = within(due, rows[r, AGAIN_LIMIT], again_paid)
                        again_burden = till
                        again_paid += again
                fund = pool + large + serious + aid + again
                personal = total[i] - fund
                account = min(available[i], personal)
                out_deductible[i] = deductible
                out_pool[i] = pool
                out_large[i] = large
                out_serious[i] = serious
                out_aid[i] = aid
                out_again[i] = again
                out_fund[i] = fund
                out_personal[i] = personal
                out_account[i] = account
                out_cash[i] = personal - account

    return settle

/* Tianjin's claims of 2019 by hand: every layer, every column, one loop over persons.
   BASE is the denominator of the rates; a row holds the figures of a profile (see tianjin.py). */
#include <stdint.h>

enum { NOT_PAYABLE, OUTPATIENT, SPECIAL, INPATIENT };
enum { EPISODES = 64 };

typedef struct {
    /* The first eight, one cache line, are all that an outpatient claim needs. */
    int64_t kind, deductible, ceiling, rate, recipient, aid_rate, aid_limit, resident;
    int64_t later_deductible, third_deductible, first_band, second_rate;
    int64_t large_ceiling, large_rate;
    int64_t serious_start, serious_edge_1, serious_edge_2, serious_edge_3;
    int64_t serious_rate_1, serious_rate_2, serious_rate_3;
    int64_t aid_band, aid_top, aid_rate_1, aid_rate_2;
    int64_t again_start, again_rate, again_limit;
} row;

int64_t fields(void) { return sizeof(row) / sizeof(int64_t); }

static inline int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }
/* Unsigned: dividing by a constant is then one multiplication. */
static inline int64_t half_up(int64_t n) { return (2 * (uint64_t)n + BASE) / (2 * BASE); }
static inline int64_t within(int64_t of, int64_t limit, int64_t used)
{
    return min(of, max(0, limit - used));
}
static inline int64_t overlap(int64_t start, int64_t end, int64_t low, int64_t high)
{
    return max(0, min(end, high) - max(start, low));
}

void settle(int64_t persons, const int64_t *restrict starts, const row *restrict rows,
            const int32_t *restrict profile, const int64_t *restrict total,
            const int64_t *restrict in_scope, const int64_t *restrict available,
            const int32_t *restrict episode, int64_t *restrict out_deductible,
            int64_t *restrict out_pool, int64_t *restrict out_large,
            int64_t *restrict out_serious, int64_t *restrict out_aid,
            int64_t *restrict out_again, int64_t *restrict out_fund,
            int64_t *restrict out_personal, int64_t *restrict out_account,
            int64_t *restrict out_cash)
{
    for (int64_t p = 0; p < persons; p++) {
        int64_t outpatient_expense = 0, aid_paid = 0;
        int64_t inpatient_expense = 0, joint_met = 0, admissions = 0, serious_burden = 0;
        int64_t aid_burden = 0, again_burden = 0, again_paid = 0;
        int known = 0;
        int32_t episode_id[EPISODES];
        int64_t episode_number[EPISODES], episode_met[EPISODES];

        for (int64_t i = starts[p]; i < starts[p + 1]; i++) {
            const row *r = &rows[profile[i]];
            int64_t of = in_scope[i];
            int64_t deductible = 0, pool = 0, large = 0, serious = 0, aid = 0, again = 0;

            if (r->kind == OUTPATIENT) {
                int64_t start = outpatient_expense;
                deductible = within(of, r->deductible, start);
                pool = half_up(overlap(start, start + of, r->deductible, r->ceiling) * r->rate);
                outpatient_expense += of;
                if (r->recipient) {
                    aid = within(half_up((of - pool) * r->aid_rate), r->aid_limit, aid_paid);
                    aid_paid += aid;
                }
            } else if (r->kind != NOT_PAYABLE) {
                if (r->kind == SPECIAL) {
                    deductible = within(of, r->deductible, joint_met);
                    joint_met += deductible;
                } else {
                    int at = -1;
                    if (episode[i] >= 0) {
                        for (at = 0; at < known && episode_id[at] != episode[i]; at++) { }
                        if (at == known) {
                            episode_id[at] = episode[i];
                            episode_number[at] = episode_met[at] = 0;
                            known++;
                        }
                    }
                    int64_t own = at >= 0 ? episode_number[at] : 0;
                    int64_t number = own ? own : admissions + 1;
                    admissions = max(number, admissions);
                    if (number == 1) {
                        deductible = within(of, r->deductible, joint_met);
                        joint_met += deductible;
                    } else {
                        int64_t standard = number == 2 ? r->later_deductible : r->third_deductible;
                        int64_t met = at >= 0 ? episode_met[at] : 0;
                        deductible = within(of, standard, met);
                        if (at >= 0)
                            episode_met[at] += deductible;
                    }
                    if (at >= 0)
                        episode_number[at] = number;
                }
                int64_t start = inpatient_expense + deductible, end = inpatient_expense + of;
                pool = half_up(overlap(start, end, 0, r->first_band) * r->rate
                               + overlap(start, end, r->first_band, r->ceiling) * r->second_rate);
                large = half_up(overlap(start, end, r->ceiling, r->large_ceiling) * r->large_rate);
                inpatient_expense += of;
                int64_t burden = of - pool - large;
                if (r->resident) {
                    int64_t begin = serious_burden, till = serious_burden + burden;
                    serious = half_up(
                        overlap(begin, till, r->serious_start, r->serious_edge_1)
                            * r->serious_rate_1
                        + overlap(begin, till, r->serious_edge_1, r->serious_edge_2)
                            * r->serious_rate_2
                        + overlap(begin, till, r->serious_edge_2, r->serious_edge_3)
                            * r->serious_rate_3);
                    serious_burden = till;
                    burden -= serious;
                }
                if (r->recipient) {
                    int64_t begin = aid_burden, till = aid_burden + burden;
                    aid = half_up(overlap(begin, till, 0, r->aid_band) * r->aid_rate_1
                                  + overlap(begin, till, r->aid_band, r->aid_top) * r->aid_rate_2);
                    aid_burden = till;
                    burden -= aid;
                    begin = again_burden;
                    till = again_burden + burden;
                    int64_t due = half_up(
                        overlap(begin, till, r->again_start, r->aid_top) * r->again_rate);
                    again = within(due, r->again_limit, again_paid);
                    again_burden = till;
                    again_paid += again;
                }
            }
            int64_t fund = pool + large + serious + aid + again;
            int64_t personal = total[i] - fund;
            int64_t account = min(available[i], personal);
            out_deductible[i] = deductible;
            out_pool[i] = pool;
            out_large[i] = large;
            out_serious[i] = serious;
            out_aid[i] = aid;
            out_again[i] = again;
            out_fund[i] = fund;
            out_personal[i] = personal;
            out_account[i] = account;
            out_cash[i] = personal - account;
        }
    }
}

/* The small benefit, one straight loop; its figures come in as macros (see native.py). */
#include <stdint.h>

static inline int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }
/* Unsigned: dividing by a constant is then one multiplication. */
static inline int64_t half_up(int64_t n) { return (2 * (uint64_t)n + BASE) / (2 * BASE); }

static inline int64_t on_scale(int64_t burden)
{
    return max(0, min(burden, EDGE_2) - EDGE_1) * BAND_RATE_1
         + max(0, min(burden, EDGE_3) - EDGE_2) * BAND_RATE_2
         + max(0, burden - EDGE_3) * BAND_RATE_3;
}

void settle(int64_t persons, const int64_t *restrict start, const int8_t *restrict category,
            const int8_t *restrict level, const int64_t *restrict amounts,
            int64_t *restrict pool, int64_t *restrict serious, int64_t *restrict personal)
{
    static const int64_t rates[2][3] = RATES;
    for (int64_t p = 0; p < persons; p++) {
        const int64_t *rate = rates[category[p]];
        int64_t expense = 0, paid = 0, burden = 0, scale = 0;
        for (int64_t i = start[p]; i < start[p + 1]; i++) {
            int64_t amount = amounts[i];
            int64_t borne = min(amount, max(0, DEDUCTIBLE - expense));
            int64_t pay = min(half_up((amount - borne) * rate[level[i]]), CAP - paid);
            int64_t left = amount - pay;
            expense += amount;
            paid += pay;
            burden += left;
            int64_t now = on_scale(burden);
            int64_t more = half_up(now - scale);
            scale = now;
            pool[i] = pay;
            serious[i] = more;
            personal[i] = left - more;
        }
    }
}

/*
 * When the interrupts of a source are meant to arrive. Integers alone: the same numbers from every
 * compiler.
 *
 * Random numbers: SplitMix64, a generator a source. Gaps of a Poisson process are mean * -ln(u), ln
 * from a table of logarithms that squaring makes, with linear interpolation: off by less than 4
 * millionths of the mean.
 */
#include "engine/timed/state.h"

#define LN2_Q24 UINT64_C(11629080)
#define ONE_Q24 (UINT64_C(1) << 24)
#define ONE_Q31 (UINT64_C(1) << 31)

/* log2 of x / 2^31, 24 bits of fraction, digit by digit. *Pre:* 2^31 <= x < 2^32. */
static uint32_t log2_digits(uint64_t x)
{
    uint32_t digits = 0;
    for (unsigned i = 0; i < 24; i++) {
        x = (x * x) >> 31;
        digits <<= 1;
        if (x >= 2 * ONE_Q31) {
            x >>= 1;
            digits |= 1;
        }
    }
    return digits;
}

void timed_arrival_table(vtdpi_timed_cfg_t *cfg)
{
    for (uint64_t i = 0; i < VTDPI_LOG_TABLE; i++) {
        cfg->log_table[i] = log2_digits(ONE_Q31 + (i << 23));
    }
    cfg->log_table[VTDPI_LOG_TABLE] = (uint32_t)ONE_Q24;
}

static uint64_t random_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static uint64_t random_next(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    return random_mix(*state);
}

/* -ln(u / 2^64) with 24 bits of fraction. *Pre:* u != 0. */
static uint64_t minus_ln(const vtdpi_timed_cfg_t *cfg, uint64_t u)
{
    unsigned zeros = 63U - vtdpi_highest_bit(u);
    uint64_t x = zeros == 0 ? u : u << zeros; /* bit 63 set */
    uint64_t index = (x >> 55) & 0xFFU;
    uint64_t part = (x >> 31) & (ONE_Q24 - 1);
    uint64_t low = cfg->log_table[index];
    uint64_t high = cfg->log_table[index + 1];
    uint64_t fraction = low + (((high - low) * part) >> 24);
    uint64_t log2 = ((uint64_t)(zeros + 1) << 24) - fraction;
    return ((log2 * LN2_Q24) + (ONE_Q24 / 2)) >> 24;
}

static uint64_t poisson_gap(const vtdpi_timed_cfg_t *cfg, timed_source_t *g, uint64_t mean)
{
    uint64_t e = minus_ln(cfg, random_next(&g->random) | 1U);
    uint64_t gap = ((mean >> 24) * e) + (((mean & (ONE_Q24 - 1)) * e) >> 24);
    return gap == 0 ? 1 : gap;
}

/* Time of arrival number count, the first of all included. */
static uint64_t arrival_time(const vtdpi_timed_cfg_t *cfg, const vtdpi_arrivals_t *arrivals,
                             timed_source_t *g)
{
    uint64_t n = g->count;
    switch (arrivals->kind) {
    case VTDPI_ARRIVE_PERIODIC:
        return arrivals->offset_ps + (n * arrivals->period_ps);
    case VTDPI_ARRIVE_POISSON:
        return (n == 0 ? arrivals->offset_ps : g->next) + poisson_gap(cfg, g, arrivals->period_ps);
    case VTDPI_ARRIVE_BURST:
        return arrivals->offset_ps + ((n / arrivals->size) * arrivals->period_ps) +
               ((n % arrivals->size) * arrivals->gap_ps);
    case VTDPI_ARRIVE_LIST:
        return arrivals->offset_ps + arrivals->times_ps[n];
    case VTDPI_ARRIVE_NONE:
    default:
        return UINT64_MAX;
    }
}

static bool arrival_over(const vtdpi_arrivals_t *arrivals, uint64_t count)
{
    return arrivals->kind == VTDPI_ARRIVE_NONE ||
           (arrivals->count != 0 && count >= arrivals->count) ||
           (arrivals->kind == VTDPI_ARRIVE_LIST && count >= arrivals->times_count) ||
           (arrivals->kind == VTDPI_ARRIVE_BURST && arrivals->size == 0);
}

static void arrival_find(vtdpi_timed_t *t, uint32_t s)
{
    const vtdpi_arrivals_t *arrivals = &t->cfg->scenario->interrupts[s].arrivals;
    timed_source_t *g = &t->sources[s];
    g->over = arrival_over(arrivals, g->count) ? 1 : 0;
    if (g->over == 0) {
        g->next = arrival_time(t->cfg, arrivals, g);
        g->over = g->next >= t->cfg->scenario->duration_ps ? 1 : 0;
    }
}

void timed_arrival_start(vtdpi_timed_t *t, uint32_t s)
{
    timed_source_t *g = &t->sources[s];
    g->random = random_mix(t->cfg->scenario->seed + ((uint64_t)s << 32)) ^ random_mix(s + 1U);
    g->count = 0;
    arrival_find(t, s);
}

void timed_arrival_next(vtdpi_timed_t *t, uint32_t s)
{
    t->sources[s].count++;
    arrival_find(t, s);
}

/* Clocks: exact edges in picoseconds, never accumulated. */
#include "vtdpi/timed.h"

enum { HZ_STEP = 1000 };

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

void vtdpi_clock_make(vtdpi_clock_t *clock, uint64_t hz)
{
    VTDPI_ASSERT(hz >= UINT64_C(1000000) && hz % HZ_STEP == 0);
    uint64_t num = UINT64_C(1000000000);
    uint64_t den = hz / HZ_STEP;
    uint64_t common = greatest_common_divisor(num, den);
    clock->hz = hz;
    clock->num = num / common;
    clock->den = den / common;
}

/* edge = q * den + r: floor(edge * num / den) = q * num + floor(r * num / den), and r * num < 2^62 for every hz below 4 THz. */
uint64_t vtdpi_clock_edge(const vtdpi_clock_t *clock, uint64_t edge)
{
    uint64_t q = edge / clock->den;
    uint64_t r = edge % clock->den;
    return (q * clock->num) + ((r * clock->num) / clock->den);
}

/* floor(k * num / den) >= ps if and only if k >= ps * den / num. */
uint64_t vtdpi_clock_at_or_after(const vtdpi_clock_t *clock, uint64_t ps)
{
    uint64_t q = ps / clock->num;
    uint64_t r = ps % clock->num;
    return (q * clock->den) + (((r * clock->den) + clock->num - 1) / clock->num);
}

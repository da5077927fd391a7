/* Clocks: exact edges in picoseconds, never accumulated. */
#include "vtdpi/timed.h"

enum { HZ_STEP = 1000 };

/* A product of two words, where the compiler has such a type. */
__extension__ typedef unsigned __int128 wide_t;

/** Operands up to here divide exactly by multiplication; else the division is a division. */
#define CLOCK_EXACT (UINT64_C(1) << 52)

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
    /* floor(x * (floor(2^64 / den) + 1) / 2^64) = floor(x / den) while x * den < 2^64 */
    bool exact = clock->den > 1 && clock->den < 4096 && clock->num < CLOCK_EXACT / 4096;
    clock->inverse = exact ? (UINT64_MAX / clock->den) + 1 : 0;
    clock->near = exact ? CLOCK_EXACT / clock->num : 0;
}

static inline uint64_t divided(const vtdpi_clock_t *clock, uint64_t x)
{
    if (clock->inverse != 0 && x < CLOCK_EXACT) {
        return (uint64_t)(((wide_t)x * clock->inverse) >> 64);
    }
    return x / clock->den;
}

/* edge = q * den + r: floor(edge * num / den) = q * num + floor(r * num / den), and r * num < 2^62
 * for every hz below 4 THz. */
uint64_t vtdpi_clock_edge(const vtdpi_clock_t *clock, uint64_t edge)
{
    if (edge < clock->near) {
        return (uint64_t)(((wide_t)(edge * clock->num) * clock->inverse) >> 64);
    }
    uint64_t q = divided(clock, edge);
    uint64_t r = edge - (q * clock->den);
    return (q * clock->num) + divided(clock, r * clock->num);
}

/* floor(k * num / den) >= ps if and only if k >= ps * den / num. */
uint64_t vtdpi_clock_at_or_after(const vtdpi_clock_t *clock, uint64_t ps)
{
    uint64_t q = ps / clock->num;
    uint64_t r = ps % clock->num;
    return (q * clock->den) + (((r * clock->den) + clock->num - 1) / clock->num);
}

#include "stats/stats.h"

#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, WORD_BITS = 64 };

/** One pass of a radix sort by the digit at [shift]; false if that digit is the same everywhere and
 * nothing moved. */
static bool sort_pass(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
    size_t place[DIGITS] = {0};
    for (size_t i = 0; i < count; i++) {
        place[(from[i] >> shift) & (DIGITS - 1)]++;
    }
    if (place[(from[0] >> shift) & (DIGITS - 1)] == count) {
        return false;
    }
    size_t next = 0;
    for (unsigned d = 0; d < DIGITS; d++) {
        size_t here = place[d];
        place[d] = next;
        next += here;
    }
    for (size_t i = 0; i < count; i++) {
        to[place[(from[i] >> shift) & (DIGITS - 1)]++] = from[i];
    }
    return true;
}

void vtdpi_sort_u64(uint64_t *numbers, uint64_t *scratch, size_t count)
{
    uint64_t *from = numbers;
    uint64_t *to = scratch;
    for (unsigned shift = 0; count > 1 && shift < WORD_BITS; shift += DIGIT_BITS) {
        if (sort_pass(from, to, count, shift)) {
            uint64_t *swap = from;
            from = to;
            to = swap;
        }
    }
    if (from != numbers) {
        memcpy(numbers, from, count * sizeof *numbers);
    }
}

uint64_t vtdpi_nearest_rank(const uint64_t *sorted, size_t count, unsigned permille)
{
    VTDPI_ASSERT(count > 0 && permille <= 1000);
    size_t rank = count / 1000 * permille + (count % 1000 * permille + 999) / 1000;
    return sorted[rank > 0 ? rank - 1 : 0];
}

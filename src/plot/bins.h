/*
 * Bins of a histogram: eight to each power of two, so that a bin is at most an eighth of its lower
 * bound wide.
 */
#ifndef VTDPI_SRC_BINS_H
#define VTDPI_SRC_BINS_H

#include "vtdpi/base.h"

/** Bins of 64-bit numbers. */
enum { VTDPI_BINS_EIGHTHS = 8, VTDPI_BINS = (64 - 3 + 1) * VTDPI_BINS_EIGHTHS };

/** The bin of [value]. */
static inline unsigned vtdpi_bin_of(uint64_t value)
{
    if (value < VTDPI_BINS_EIGHTHS) {
        return (unsigned)value;
    }
    unsigned octave = vtdpi_highest_bit(value) - 3; /* value = 1xxx << octave and something */
    return (octave + 1) * VTDPI_BINS_EIGHTHS + (unsigned)((value >> octave) & 7U);
}

/** Smallest number of bin [bin]. */
static inline uint64_t vtdpi_bin_low(unsigned bin)
{
    if (bin < VTDPI_BINS_EIGHTHS) {
        return bin;
    }
    unsigned octave = bin / VTDPI_BINS_EIGHTHS - 1;
    return (uint64_t)(VTDPI_BINS_EIGHTHS + bin % VTDPI_BINS_EIGHTHS) << octave;
}

/** Largest number of bin [bin]. */
static inline uint64_t vtdpi_bin_high(unsigned bin)
{
    return bin + 1 < VTDPI_BINS ? vtdpi_bin_low(bin + 1) - 1 : UINT64_MAX;
}

#endif

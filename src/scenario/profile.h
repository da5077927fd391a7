/*
 * Timing profiles out of the timing section of a scenario or of a file of their own.
 */
#ifndef VTDPI_SRC_SCENARIO_PROFILE_H
#define VTDPI_SRC_SCENARIO_PROFILE_H

#include "scenario/decode.h"
#include "scenario/raw.h"

/** Files that may start from one another. */
enum { VTDPI_PROFILE_CHAIN_MAX = 5 };

/**
 * Makes a profile of [timing], which stands in [file], and of all that it starts from. Texts belong
 * to the arena of [reading]. Wrong things are added to its diagnostics.
 */
void vtdpi_profile_build(const vtdpi_reading_t *reading, const raw_timing_t *timing,
                         const char *file, vtdpi_profile_t *profile);

#endif

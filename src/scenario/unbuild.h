/*
 * From a vtdpi_scenario_t back to raw.h, so that it can be written by keys.def alone.
 */
#ifndef VTDPI_SRC_SCENARIO_UNBUILD_H
#define VTDPI_SRC_SCENARIO_UNBUILD_H

#include "scenario/arena.h"
#include "scenario/raw.h"

/** Fills [raw] from [scenario] with profile [profile]; arrays and texts come from [arena]. */
void vtdpi_unbuild(vtdpi_arena_t *arena, const vtdpi_scenario_t *scenario,
                   const vtdpi_profile_t *profile, raw_scenario_t *raw);

#endif

/*
 * Names of statistics, as far as reading a scenario needs them.
 */
#ifndef VTDPI_SRC_SCENARIO_STAT_NAMES_H
#define VTDPI_SRC_SCENARIO_STAT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/** Whether a run has a statistic [name]. */
bool vtdpi_stat_names_known(const char *name);

/** Name [index] for suggestions, or NULL past the last. */
const char *vtdpi_stat_names(size_t index);

#endif

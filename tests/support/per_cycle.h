/*
 * The engine without any skipping: a loop that looks at every edge of every clock, one after
 * another, and lets happen what is due on it. Slow on purpose: it is what the engine's heap and the
 * SystemC pump are compared with.
 */
#ifndef SUPPORT_PER_CYCLE_H
#define SUPPORT_PER_CYCLE_H

#include "vtdpi/timed.h"

/** Fires everything to the end. Returns the number of edges that it looked at; 0 if something was
 * due between two edges. */
uint64_t per_cycle_run(vtdpi_timed_t *t);

#endif

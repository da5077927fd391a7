/*
 * The nearest valid name to a misspelt one.
 */
#ifndef VTDPI_SRC_SCENARIO_NEAREST_H
#define VTDPI_SRC_SCENARIO_NEAREST_H

#include <stddef.h>

/** The best candidate so far; start with vtdpi_nearest_start. */
typedef struct {
    const char *wanted; /**< what was written */
    const char *best;   /**< nearest candidate, or NULL if none is near enough */
    size_t distance;    /**< its distance, or one more than what is near enough */
} vtdpi_nearest_t;

/** Starts a search for [wanted]: a candidate is near when about a third of its letters differ, or
 * 1 of a short one. */
vtdpi_nearest_t vtdpi_nearest_start(const char *wanted);

/** Offers [candidate]; the first of several equally near ones stays. */
void vtdpi_nearest_offer(vtdpi_nearest_t *search, const char *candidate);

/** Insertions, removals, replacements and swaps of neighbours that turn [a] into [b]; large for
 * names above 63 letters. */
size_t vtdpi_edit_distance(const char *a, const char *b);

#endif

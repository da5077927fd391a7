/*
 * The inside of statistics, for the files of this folder.
 */
#ifndef VTDPI_SRC_STATS_H
#define VTDPI_SRC_STATS_H

#include "vtdpi/profile.h"
#include "vtdpi/stats.h"

#include "stats/rows.h"

/** A growing array of picoseconds. */
typedef struct {
    uint64_t *ps;
    size_t count, room;
} vtdpi_series_ps_t;

struct vtdpi_stats {
    const vtdpi_scenario_t *scenario;
    const vtdpi_profile_t *profile; /**< profile of the run, NULL if there is none */
    vtdpi_profile_t *own_profile;   /**< the same, if it was made here */
    bool failed;                    /**< memory was exhausted */
    bool finished;
    vtdpi_series_ps_t latency, intended,
        guess;                /**< of delivered interrupts, in the order of records */
    vtdpi_series_ps_t sorted; /**< latency in ascending order */
    uint64_t fates[VTDPI_FATE_LOST + 1];
    uint64_t written, exits;
    uint64_t core_cyc[3];
    uint64_t latency_sum, intended_sum;
    uint64_t stage_sum[VTDPI_STAGE_COUNT]; /**< over delivered interrupts */
    vtdpi_totals_t totals;
    uint64_t milli[VTDPI_STAT_ROWS];
    bool defined[VTDPI_STAT_ROWS];
};

/** Sorts [count] numbers in ascending order; [scratch] has as many. */
void vtdpi_sort_u64(uint64_t *numbers, uint64_t *scratch, size_t count);

/** Number at nearest rank of [permille] in [count] ascending numbers. *Pre:* count > 0. */
uint64_t vtdpi_nearest_rank(const uint64_t *sorted, size_t count, unsigned permille);

/** a * b / c, rounded to nearest. *Pre:* c > 0; the result fits. */
uint64_t vtdpi_scale(uint64_t a, uint64_t b, uint64_t c);

/** Part [part] (VTDPI_STAT_PARTS: guest, root, exit, idle, halt) of the occupancy of a CPU.
 * *Units:* picoseconds. */
uint64_t vtdpi_occupancy_part(const vtdpi_occupancy_t *occupancy, unsigned part);

/** How well the worst of the figures behind [stage] is known: "measured" to "guess", "wait" for
 * waiting, "-" if unknown. */
const char *vtdpi_stage_status(const vtdpi_stats_t *stats, unsigned stage);

/** Number of errors that happened and that no expectation names; [nth] (may be NULL) takes the name
 * of number [index]. */
unsigned vtdpi_errors_unexpected(const vtdpi_stats_t *stats, unsigned index, const char **nth);

#endif

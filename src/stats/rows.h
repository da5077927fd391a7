/*
 * Every statistic that there can be, in one table: those of stats.def, then one an exit reason, a
 * stage, an event, and five a CPU.
 */
#ifndef VTDPI_SRC_STAT_ROWS_H
#define VTDPI_SRC_STAT_ROWS_H

#include "vtdpi/run.h"

/** Statistics of stats.def. */
typedef enum {

#define VTDPI_STAT(id, name, kind, unit, formula) VTDPI_STAT_##id,
#include "vtdpi/stats.def"
#undef VTDPI_STAT
    VTDPI_STAT_FIXED
} vtdpi_stat_id_t;

/** Exit reasons that have a name, in the order of vmexit.def. */
enum {

#define VTDPI_VMEXIT(number, NAME, name, kind, doc) VTDPI_STAT_EXIT_##NAME,
#include "vtdpi/vmexit.def"
#undef VTDPI_VMEXIT
    VTDPI_STAT_EXIT_ROWS
};

/** Parts of a CPU's time. */
enum { VTDPI_STAT_PARTS = 5 };

/** Where each family begins. */
enum {
    VTDPI_STAT_EXITS = VTDPI_STAT_FIXED,
    VTDPI_STAT_STAGES = VTDPI_STAT_EXITS + VTDPI_STAT_EXIT_ROWS,
    VTDPI_STAT_EVENTS = VTDPI_STAT_STAGES + VTDPI_STAGE_COUNT,
    VTDPI_STAT_CPUS = VTDPI_STAT_EVENTS + VTDPI_EV_COUNT,
    VTDPI_STAT_ROWS = VTDPI_STAT_CPUS + VTDPI_STAT_PARTS * VTDPI_CPU_MAX
};

/** A row. */
typedef struct {
    const char *name;
    const char *unit;
    const char *formula;
    bool integer;
} vtdpi_stat_row_t;

/** The rows, VTDPI_STAT_ROWS of them. */
extern const vtdpi_stat_row_t vtdpi_stat_rows[];

/** Exit reason of row VTDPI_STAT_EXITS + [index]. */
unsigned vtdpi_stat_exit_reason(unsigned index);

#endif

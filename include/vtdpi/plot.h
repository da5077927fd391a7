/*
 * Pictures: the data and the gnuplot script of each kind. Who wants a picture writes both beside
 * each other and calls gnuplot there; nothing here runs a program.
 */
#ifndef VTDPI_PLOT_H
#define VTDPI_PLOT_H

#include "vtdpi/base.h"
#include "vtdpi/run.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds of picture. */
typedef enum {
    VTDPI_PLOT_CDF,    /**< cumulative distribution of the latency */
    VTDPI_PLOT_STAGES, /**< mean latency by stage, a stacked bar for each run */
    VTDPI_PLOT_HIST,   /**< distribution of the latency in bins an eighth of an octave wide */
    VTDPI_PLOT_COUNT
} vtdpi_plot_t;

/** Most runs in one picture. */
enum { VTDPI_PLOT_RUNS = 8 };

/** One run in a picture. */
typedef struct {
    const char *title;                    /**< what the legend says; no quotes, no commas, unique */
    const uint64_t *latency_ps;           /**< latencies in ascending order */
    size_t count;                         /**< how many */
    uint64_t stage_ps[VTDPI_STAGE_COUNT]; /**< mean of each stage */
} vtdpi_plot_run_t;

/** Name of plot [kind] ("cdf", …), or NULL. */
VTDPI_API const char *vtdpi_plot_name(unsigned kind);

/** What plot [kind] shows, one line, or NULL. */
VTDPI_API const char *vtdpi_plot_doc(unsigned kind);

/**
 * Writes the data of plot [kind] of [count] runs as CSV.
 * *Pre:* count 1 to VTDPI_PLOT_RUNS. *Errors:* VTDPI_ERR_INTERNAL (writing, memory).
 */
VTDPI_API vtdpi_err_t vtdpi_plot_data_write(vtdpi_plot_t kind, const vtdpi_plot_run_t *runs,
                                            unsigned count, FILE *file);

/**
 * Writes the gnuplot script of the same plot, which reads file [data] and makes file [picture]: SVG
 * if its name ends in .svg, else PNG. *Pre:* as for the data. *Errors:* VTDPI_ERR_INTERNAL
 * (writing, memory).
 */
VTDPI_API vtdpi_err_t vtdpi_plot_script_write(vtdpi_plot_t kind, const vtdpi_plot_run_t *runs,
                                              unsigned count, const char *data, const char *picture,
                                              FILE *file);

#ifdef __cplusplus
}
#endif

#endif

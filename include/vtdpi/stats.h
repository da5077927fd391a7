/*
 * Statistics of a run: collected from its records and totals, by name, each with unit and formula;
 * the summary that people read; and the expectations of the scenario.
 *
 * Values are integers in thousandths of the unit, so that they are the same everywhere: 1 ns is
 * 1000, which is 1000 ps.
 */
#ifndef VTDPI_STATS_H
#define VTDPI_STATS_H

#include "vtdpi/base.h"
#include "vtdpi/run.h"
#include "vtdpi/scenario.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of the format of stats.json; it rises when a reader of the old one would fail. */
enum { VTDPI_STATS_VERSION = 1 };

/** A statistic. */
typedef struct {
    const char *name;    /**< stable name, "latency_ns.p50" */
    const char *unit;    /**< "ns", "cycles", "interrupts", … */
    const char *formula; /**< how it is computed, one line */
    uint64_t milli;      /**< value in thousandths of the unit; 0 unless defined */
    bool defined;        /**< false: a mean or percentile of nothing */
    bool integer;        /**< milli is a multiple of 1000 */
} vtdpi_stat_t;

/** Statistics that are being collected, or are finished. */
typedef struct vtdpi_stats vtdpi_stats_t;

/** Starts statistics of a run of [scenario], which must outlive them. *Errors:* VTDPI_ERR_INTERNAL
 * (out of memory). */
VTDPI_API vtdpi_err_t vtdpi_stats_create(const vtdpi_scenario_t *scenario, vtdpi_stats_t **out);

/** Frees [stats]; NULL is allowed. */
VTDPI_API void vtdpi_stats_free(vtdpi_stats_t *stats);

/** Takes in [record]. [stats] is a vtdpi_stats_t: the form that a listener wants. */
VTDPI_API void vtdpi_stats_add(void *stats, const vtdpi_interrupt_record_t *record);

/** Computes every statistic from what was added and from [totals]. *Errors:* VTDPI_ERR_INTERNAL
 * (out of memory, also earlier). */
VTDPI_API vtdpi_err_t vtdpi_stats_finish(vtdpi_stats_t *stats, const vtdpi_totals_t *totals);

/** How many names there are, those of CPUs that a platform may not have included. */
VTDPI_API unsigned vtdpi_stat_count(void);

/** Name of statistic number [index], or NULL past the last. */
VTDPI_API const char *vtdpi_stat_name(unsigned index);

/** Whether a statistic is called [name]. */
VTDPI_API bool vtdpi_stat_known(const char *name);

/** Statistic number [index] of finished [stats]. False past the last and for CPUs that the platform
 * does not have. */
VTDPI_API bool vtdpi_stats_at(const vtdpi_stats_t *stats, unsigned index, vtdpi_stat_t *out);

/** The statistic called [name] of finished [stats]. False if there is none. */
VTDPI_API bool vtdpi_stats_find(const vtdpi_stats_t *stats, const char *name, vtdpi_stat_t *out);

/** Latencies of delivered interrupts in ascending order. *Units:* picoseconds. *Pre:* finished. */
VTDPI_API const uint64_t *vtdpi_stats_latencies(const vtdpi_stats_t *stats, size_t *count);

/** Writes the value of [stat] as a decimal number, or "none", with its end zero; returns [text]. */
VTDPI_API const char *vtdpi_stat_text(const vtdpi_stat_t *stat, char text[32]);

/** Writes finished [stats] as a flat JSON map from name to {value, unit, formula}. *Errors:*
 * VTDPI_ERR_INTERNAL (writing). */
VTDPI_API vtdpi_err_t vtdpi_stats_write_json(const vtdpi_stats_t *stats, FILE *file);

/** Writes the summary of finished [stats] for people, at most 100 columns wide. *Errors:*
 * VTDPI_ERR_INTERNAL (writing). */
VTDPI_API vtdpi_err_t vtdpi_summary_write(const vtdpi_stats_t *stats, FILE *file);

/**
 * Whether expectation [index] of the scenario holds; [actual] (may be NULL) is what it looked at. A
 * statistic without a value meets no expectation. *Pre:* finished; index below the scenario's
 * expect_count.
 */
VTDPI_API bool vtdpi_stats_expect(const vtdpi_stats_t *stats, uint32_t index, vtdpi_stat_t *actual);

/**
 * Number of reasons why a run does not pass: failed expectations, monitors that fired, errors that
 * happened and were not expected. *Pre:* finished.
 */
VTDPI_API unsigned vtdpi_stats_failures(const vtdpi_stats_t *stats);

/** Writes one line for each expectation and each other failure; nothing when there is neither.
 * *Errors:* VTDPI_ERR_INTERNAL. */
VTDPI_API vtdpi_err_t vtdpi_verdict_write(const vtdpi_stats_t *stats, FILE *file);

/** Writes the reference page of all statistics, in Markdown. *Errors:* VTDPI_ERR_INTERNAL when
 * writing fails. */
VTDPI_API vtdpi_err_t vtdpi_stats_page_write(FILE *file);

#ifdef __cplusplus
}
#endif

#endif

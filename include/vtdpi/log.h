/*
 * The log as text: what happened in a run, written in one of three formats from the binary records.
 *
 * A log is a listener: give vtdpi_log_event and the log to vtdpi_run_simulate. Nothing here decides
 * anything; the same records give the same bytes. Every format begins by naming itself and its
 * version.
 */
#ifndef VTDPI_LOG_H
#define VTDPI_LOG_H

#include "vtdpi/base.h"
#include "vtdpi/run.h"
#include "vtdpi/scenario.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Formats of the log. */
typedef enum {
    VTDPI_LOG_TEXT,  /**< as ftrace prints: task-tid [cpu] flags time: event: text */
    VTDPI_LOG_CSV,   /**< one column an argument name, empty where an event does not have it */
    VTDPI_LOG_JSONL, /**< one JSON object a line */
} vtdpi_log_format_t;

/** Version of the formats; it rises when a reader of the old one would fail. */
enum { VTDPI_LOG_VERSION = 1 };

/** Words of a set of events. */
enum { VTDPI_LOG_EVENT_WORDS = ((int)VTDPI_EV_COUNT + 63) / 64 };

/** What to write and how. All zero: everything, as text. */
typedef struct {
    vtdpi_log_format_t format;              /**< format */
    uint64_t events[VTDPI_LOG_EVENT_WORDS]; /**< events to write, a bit each; empty: all */
    uint32_t id;                            /**< only records of this interrupt; 0: all */
} vtdpi_log_options_t;

/** A log that is being written. */
typedef struct vtdpi_log vtdpi_log_t;

/** A table of interrupts that is being written. */
typedef struct vtdpi_table vtdpi_table_t;

/**
 * Starts a log on [file], which stays the caller's. [scenario] gives the names of vCPUs and
 * interrupts and [run] those of actors, threads and lines; both must outlive the log, [run] may be
 * NULL (numbers are written then). *Errors:* VTDPI_ERR_INTERNAL (out of memory).
 */
VTDPI_API vtdpi_err_t vtdpi_log_open(const vtdpi_log_options_t *options, FILE *file,
                                     const vtdpi_scenario_t *scenario, const vtdpi_run_t *run,
                                     vtdpi_log_t **out);

/** Writes [event] if the filter lets it pass. [log] is a vtdpi_log_t: the form that a listener
 * wants. */
VTDPI_API void vtdpi_log_event(void *log, const vtdpi_event_t *event);

/** Ends and frees [log]; NULL is allowed. *Errors:* VTDPI_ERR_INTERNAL when any write failed. */
VTDPI_API vtdpi_err_t vtdpi_log_close(vtdpi_log_t *log);

/** The format called [name] (text, csv, jsonl), or meant by the suffix of file name [name] (.log
 * and .txt are text). */
VTDPI_API bool vtdpi_log_format(const char *name, vtdpi_log_format_t *out);

/** Adds the event called [name] to the filter. False if there is none of that name. */
VTDPI_API bool vtdpi_log_filter(vtdpi_log_options_t *options, const char *name);

/**
 * Starts a table of interrupts in CSV on [file]: one line an interrupt in the order in which fates
 * are known, one column a stage. *Errors:* VTDPI_ERR_INTERNAL (out of memory).
 */
VTDPI_API vtdpi_err_t vtdpi_table_open(FILE *file, const vtdpi_scenario_t *scenario,
                                       vtdpi_table_t **out);

/** Writes the line of [record]. [table] is a vtdpi_table_t: the form that a listener wants. */
VTDPI_API void vtdpi_table_add(void *table, const vtdpi_interrupt_record_t *record);

/** Ends and frees [table]; NULL is allowed. *Errors:* VTDPI_ERR_INTERNAL when any write failed. */
VTDPI_API vtdpi_err_t vtdpi_table_close(vtdpi_table_t *table);

/** Source of event number [event] ("iommu", "cpu", "kvm", …), or NULL. */
VTDPI_API const char *vtdpi_event_source(unsigned event);

/** What event number [event] means, one line, or NULL. */
VTDPI_API const char *vtdpi_event_doc(unsigned event);

/** Name of the exit reason [reason] as Linux prints it, or NULL. */
VTDPI_API const char *vtdpi_log_exit_name(unsigned reason);

/** Name of the interrupt fault reason [reason], lower case, or NULL. */
VTDPI_API const char *vtdpi_fault_name(unsigned reason);

/** Name of [fate] ("delivered", …), or NULL. */
VTDPI_API const char *vtdpi_fate_name(unsigned fate);

/** Name of monitor number [monitor], or NULL. */
VTDPI_API const char *vtdpi_monitor_name(unsigned monitor);

/** What monitor number [monitor] watches, one line, or NULL. */
VTDPI_API const char *vtdpi_monitor_doc(unsigned monitor);

/** Writes the reference page of all events, in Markdown. *Errors:* VTDPI_ERR_INTERNAL when writing
 * fails. */
VTDPI_API vtdpi_err_t vtdpi_events_page_write(FILE *file);

#ifdef __cplusplus
}
#endif

#endif

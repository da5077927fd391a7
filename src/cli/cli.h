/*
 * The command: what its verbs share.
 */
#ifndef VTDPI_CLI_H
#define VTDPI_CLI_H

#include "vtdpi/base.h"
#include "vtdpi/log.h"
#include "vtdpi/plot.h"
#include "vtdpi/run.h"
#include "vtdpi/scenario.h"
#include "vtdpi/scenario_io.h"
#include "vtdpi/stats.h"

#include <stdio.h>

/** Exit codes. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_INPUT = 2, CLI_INTERNAL = 3 };

/** Longest path that we build. */
enum { CLI_PATH = 4096 };

/** Verbs: [argv][0] is the verb. Each returns an exit code. */
int cli_run(int argc, char **argv);
int cli_compare(int argc, char **argv);
int cli_plot(int argc, char **argv);
int cli_conform(int argc, char **argv);
int cli_lint(int argc, char **argv);
int cli_decode(int argc, char **argv);
int cli_doc(int argc, char **argv);
int cli_list(int argc, char **argv);

/* --- messages (message.c) --- */

/** Prints "vtdpi: …" to standard error and returns CLI_INPUT. */
__attribute__((format(printf, 1, 2))) int cli_bad(const char *format, ...);

/** Prints "vtdpi: …" to standard error and returns CLI_INTERNAL. */
__attribute__((format(printf, 1, 2))) int cli_broken(const char *format, ...);

/** Exit code of a library error, which has been reported. */
int cli_code(vtdpi_err_t err);

/** File name without folders, trailing slashes and .yaml, as a title; what would upset a CSV
 * becomes '_'. */
void cli_title(const char *path, char *title, size_t size);

/** Whether [path] is a folder. */
bool cli_is_folder(const char *path);

/** Closes standard output; CLI_INTERNAL with a message if anything could not be written. */
int cli_stdout_close(void);

/* --- files that appear whole or not at all (output.c) --- */

/** A file that is being written under another name beside its own. */
typedef struct {
    FILE *file;           /**< NULL: not open */
    char path[CLI_PATH];  /**< its own name */
    char draft[CLI_PATH]; /**< the other name; "" where it is written in place (a pipe, a device) */
} cli_output_t;

/** Opens [path] for writing. Reports what goes wrong; an exit code. */
int cli_output_open(cli_output_t *output, const char *path);

/** Closes it and gives it its own name. Reports what goes wrong; an exit code. */
int cli_output_commit(cli_output_t *output);

/** Closes it and removes it. */
void cli_output_drop(cli_output_t *output);

/** Makes signals that end the program, and failed assertions, remove what is guarded. */
void cli_guard_start(void);

/** Removes [path] and, if it is a folder, what we write into one, when a signal ends the program.
 * At most 16 at a time. */
bool cli_guard(const char *path);

/** [path] needs no removal any more. */
void cli_unguard(const char *path);

/* --- a run folder (folder.c) --- */

/** A run folder that is being written beside its place. */
typedef struct {
    char path[CLI_PATH];  /**< its place */
    char draft[CLI_PATH]; /**< where it is made */
} cli_folder_t;

/** Starts a folder that will be [path]. Refuses one that exists, is not empty and is not ours. An
 * exit code. */
int cli_folder_start(cli_folder_t *folder, const char *path);

/** Opens file [name] in it, or NULL, reported. */
FILE *cli_folder_file(const cli_folder_t *folder, const char *name);

/** Puts it in its place. An exit code. */
int cli_folder_commit(cli_folder_t *folder);

/** Removes what there is of it. */
void cli_folder_drop(cli_folder_t *folder);

/** Removes the files that we write into a run folder, and the folder if it is empty then.
 * Async-signal-safe. */
bool cli_folder_remove(const char *path);

/* --- running (simulate.c) --- */

/** What to do with a run beside statistics. All zero: nothing. */
typedef struct {
    FILE *log;                   /**< log, or NULL */
    vtdpi_log_options_t options; /**< how */
    FILE *folder_log;            /**< second log, everything, JSON Lines; or NULL */
    FILE *table;                 /**< table of interrupts, or NULL */
} cli_sinks_t;

/** Reads scenario [path], printing diagnostics; an exit code. [seed] (may be NULL) replaces its
 * seed. */
int cli_scenario_read(const char *path, const uint64_t *seed, vtdpi_scenario_t **out);

/** Runs [scenario], called [path] in messages, into statistics; an exit code. */
int cli_simulate(const vtdpi_scenario_t *scenario, const char *path, const cli_sinks_t *sinks,
                 vtdpi_stats_t **out);

/* --- results to compare and to draw (result.c) --- */

/** One statistic of a result. */
typedef struct {
    char name[64];
    uint64_t milli;
    bool defined;
    bool integer;
} cli_value_t;

/** A run, from a scenario or from a run folder. */
typedef struct {
    char title[64];
    cli_value_t *values;
    size_t value_count;
    uint64_t *latency_ps; /**< ascending; only if asked for */
    size_t latency_count;
} cli_result_t;

/** Runs scenario [path] or reads run folder [path]; an exit code. */
int cli_result_read(const char *path, bool latencies, cli_result_t *result);

/** Frees what [result] holds. */
void cli_result_free(cli_result_t *result);

/** The statistic called [name], or NULL. */
const cli_value_t *cli_result_find(const cli_result_t *result, const char *name);

/** Makes the titles of [count] results different. */
void cli_results_distinguish(cli_result_t *results, unsigned count);

/* --- reading run folders (saved.c) --- */

/** Reads stats.json of run folder [path]; an exit code. */
int cli_saved_stats(const char *path, cli_result_t *result);

/** Reads the latencies from interrupts.csv of run folder [path], unsorted; an exit code. */
int cli_saved_latencies(const char *path, cli_result_t *result);

#endif

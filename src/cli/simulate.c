/* Reading a scenario and running it. */
#include "cli.h"

#include <unistd.h>

/** Who listens to a run. */
typedef struct {
    vtdpi_log_t *logs[2];
    vtdpi_table_t *table;
    vtdpi_stats_t *stats;
    const char *name;
    unsigned percent; /**< shown last */
} listeners_t;

static void on_event(void *user, const vtdpi_event_t *event)
{
    listeners_t *listeners = user;
    for (int i = 0; i < 2; i++) {
        if (listeners->logs[i] != NULL) {
            vtdpi_log_event(listeners->logs[i], event);
        }
    }
}

static void on_interrupt(void *user, const vtdpi_interrupt_record_t *record)
{
    listeners_t *listeners = user;
    vtdpi_stats_add(listeners->stats, record);
    if (listeners->table != NULL) {
        vtdpi_table_add(listeners->table, record);
    }
}

static void on_progress(void *user, uint64_t now_ps, uint64_t end_ps)
{
    listeners_t *listeners = user;
    unsigned percent = end_ps >= 100 ? (unsigned)(now_ps / (end_ps / 100)) : 100;
    percent = percent > 100 ? 100 : percent;
    if (percent != listeners->percent) {
        listeners->percent = percent;
        (void)fprintf(stderr, "\r%s: %3u %%", listeners->name, percent);
    }
}

int cli_scenario_read(const char *path, const uint64_t *seed, vtdpi_scenario_t **out)
{
    *out = NULL;
    vtdpi_diags_t *diags = vtdpi_diags_new();
    if (diags == NULL) {
        return cli_broken("out of memory");
    }
    vtdpi_err_t err = vtdpi_scenario_read_file(path, diags, out);
    for (size_t i = 0; i < vtdpi_diags_count(diags); i++) {
        (void)vtdpi_diag_write(vtdpi_diags_at(diags, i), stderr);
        (void)fputc('\n', stderr);
    }
    if (err != VTDPI_OK && vtdpi_diags_count(diags) == 0) {
        (void)cli_broken("%s could not be read", path);
    }
    vtdpi_diags_free(diags);
    if (err == VTDPI_OK && seed != NULL) {
        (*out)->seed = *seed;
    }
    return cli_code(err);
}

static vtdpi_err_t listeners_open(listeners_t *listeners, const vtdpi_scenario_t *scenario,
                                  const vtdpi_run_t *run, const cli_sinks_t *sinks)
{
    const vtdpi_log_options_t everything = {.format = VTDPI_LOG_JSONL};
    vtdpi_err_t err = vtdpi_stats_create(scenario, &listeners->stats);
    if (err == VTDPI_OK && sinks->log != NULL) {
        err = vtdpi_log_open(&sinks->options, sinks->log, scenario, run, &listeners->logs[0]);
    }
    if (err == VTDPI_OK && sinks->folder_log != NULL) {
        err = vtdpi_log_open(&everything, sinks->folder_log, scenario, run, &listeners->logs[1]);
    }
    if (err == VTDPI_OK && sinks->table != NULL) {
        err = vtdpi_table_open(sinks->table, scenario, &listeners->table);
    }
    return err;
}

/** Closes what listens but for the statistics. */
static vtdpi_err_t listeners_close(listeners_t *listeners)
{
    vtdpi_err_t first = vtdpi_log_close(listeners->logs[0]);
    vtdpi_err_t second = vtdpi_log_close(listeners->logs[1]);
    vtdpi_err_t third = vtdpi_table_close(listeners->table);
    return first != VTDPI_OK ? first : second != VTDPI_OK ? second : third;
}

static vtdpi_err_t simulate(vtdpi_run_t *run, const vtdpi_scenario_t *scenario,
                            listeners_t *listeners, const cli_sinks_t *sinks)
{
    bool terminal = isatty(STDERR_FILENO) != 0;
    static vtdpi_totals_t totals; /* large: not on the stack */
    vtdpi_err_t err = listeners_open(listeners, scenario, run, sinks);
    if (err == VTDPI_OK) {
        const vtdpi_listener_t listener = {
            .user = listeners,
            .event = sinks->log != NULL || sinks->folder_log != NULL ? on_event : NULL,
            .interrupt = on_interrupt,
            .progress = terminal ? on_progress : NULL,
        };
        err = vtdpi_run_simulate(run, &listener, &totals);
    }
    if (listeners->percent != 0) {
        (void)fprintf(stderr, "\r\033[K");
    }
    vtdpi_err_t closed = listeners_close(listeners);
    err = err != VTDPI_OK ? err : closed;
    return err != VTDPI_OK ? err : vtdpi_stats_finish(listeners->stats, &totals);
}

int cli_simulate(const vtdpi_scenario_t *scenario, const char *path, const cli_sinks_t *sinks,
                 vtdpi_stats_t **out)
{
    char why[512] = "";
    vtdpi_run_t *run;
    *out = NULL;
    vtdpi_err_t err = vtdpi_run_create(scenario, &run, why, sizeof why);
    if (err != VTDPI_OK) {
        (void)fprintf(stderr, "%s: %s\n", path, why[0] != '\0' ? why : "cannot be run");
        return cli_code(err);
    }
    listeners_t listeners = {.name = path};
    err = simulate(run, scenario, &listeners, sinks);
    vtdpi_run_free(run);
    if (err != VTDPI_OK) {
        vtdpi_stats_free(listeners.stats);
        (void)cli_broken("%s: the run failed: out of memory, or an output could not be written",
                         path);
        return CLI_INTERNAL;
    }
    *out = listeners.stats;
    return CLI_OK;
}

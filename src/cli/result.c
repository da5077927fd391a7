/* Results to compare and to draw: from a scenario, which is run, or from a run folder. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

static int order(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

static int result_take(const vtdpi_stats_t *stats, bool latencies, cli_result_t *result)
{
    vtdpi_stat_t stat;
    result->values = calloc(vtdpi_stat_count(), sizeof *result->values);
    if (result->values == NULL) {
        return cli_broken("out of memory");
    }
    for (unsigned i = 0; vtdpi_stats_at(stats, i, &stat); i++) {
        cli_value_t *value = &result->values[result->value_count++];
        (void)snprintf(value->name, sizeof value->name, "%s", stat.name);
        value->milli = stat.milli;
        value->defined = stat.defined;
        value->integer = stat.integer;
    }
    if (!latencies) {
        return CLI_OK;
    }
    const uint64_t *ps = vtdpi_stats_latencies(stats, &result->latency_count);
    result->latency_ps = malloc((result->latency_count + 1) * sizeof *ps);
    if (result->latency_ps == NULL) {
        return cli_broken("out of memory");
    }
    memcpy(result->latency_ps, ps, result->latency_count * sizeof *ps);
    return CLI_OK;
}

static int result_run(const char *path, bool latencies, cli_result_t *result)
{
    const cli_sinks_t none = {0};
    vtdpi_scenario_t *scenario;
    vtdpi_stats_t *stats;
    int code = cli_scenario_read(path, NULL, &scenario);
    if (code != CLI_OK) {
        return code;
    }
    code = cli_simulate(scenario, path, &none, &stats);
    if (code == CLI_OK) {
        code = result_take(stats, latencies, result);
        vtdpi_stats_free(stats);
    }
    vtdpi_scenario_free(scenario);
    return code;
}

int cli_result_read(const char *path, bool latencies, cli_result_t *result)
{
    memset(result, 0, sizeof *result);
    cli_title(path, result->title, sizeof result->title);
    int code = CLI_OK;
    if (!cli_is_folder(path)) {
        code = result_run(path, latencies, result);
    } else {
        code = cli_saved_stats(path, result);
        if (code == CLI_OK && latencies) {
            code = cli_saved_latencies(path, result);
        }
        if (result->latency_count > 0) {
            qsort(result->latency_ps, result->latency_count, sizeof result->latency_ps[0], order);
        }
    }
    if (code != CLI_OK) {
        cli_result_free(result);
    }
    return code;
}

void cli_result_free(cli_result_t *result)
{
    free(result->values);
    free(result->latency_ps);
    result->values = NULL;
    result->latency_ps = NULL;
}

const cli_value_t *cli_result_find(const cli_result_t *result, const char *name)
{
    for (size_t i = 0; i < result->value_count; i++) {
        if (strcmp(result->values[i].name, name) == 0) {
            return &result->values[i];
        }
    }
    return NULL;
}

void cli_results_distinguish(cli_result_t *results, unsigned count)
{
    for (unsigned i = count;
         i-- > 1;) { /* from the last one: those before it still have their own titles */
        unsigned same = 0;
        for (unsigned j = 0; j < i; j++) {
            same += strcmp(results[j].title, results[i].title) == 0;
        }
        size_t length = strlen(results[i].title);
        if (same > 0 && length + 6 < sizeof results[i].title) {
            (void)snprintf(results[i].title + length, sizeof results[i].title - length, "#%u",
                           same + 1);
        }
    }
}

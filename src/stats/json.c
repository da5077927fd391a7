/* Statistics as JSON and as a reference page; the value of one as text. */
#include "log/out.h"
#include "log/put.h"
#include "stats/stats.h"

const char *vtdpi_stat_text(const vtdpi_stat_t *stat, char text[32])
{
    char *end = !stat->defined  ? vtdpi_put_text(text, "none")
                : stat->integer ? vtdpi_put_u64(text, stat->milli / 1000)
                                : vtdpi_put_milli(text, stat->milli);
    *end = '\0';
    return text;
}

static void json_text(vtdpi_out_t *out, const char *name, const char *value, const char *formula)
{
    vtdpi_out_printf(out, "  \"%s\": {\"value\": ", name);
    vtdpi_out_json(out, value != NULL ? value : "");
    vtdpi_out_printf(out, ", \"unit\": \"text\", \"formula\": \"%s\"},\n", formula);
}

/** What the file is and what run it is of. */
static void json_head(vtdpi_out_t *out, const vtdpi_scenario_t *scenario)
{
    char format[32];
    (void)snprintf(format, sizeof format, "vtdpi-stats %d", VTDPI_STATS_VERSION);
    json_text(out, "format", format, "name and version of the format of this file");
    json_text(out, "run.scenario", scenario->name, "name of the scenario");
    json_text(out, "run.protocol", scenario->hypervisor.protocol, "hypervisor protocol");
    json_text(out, "run.timing", scenario->timing, "timing profile that the scenario starts from");
    json_text(out, "run.version", VTDPI_VERSION, "version of vtdpi that ran it");
    vtdpi_out_printf(out,
                     "  \"run.seed\": {\"value\": %llu, \"unit\": \"seed\", \"formula\": "
                     "\"seed of every random choice\"}",
                     (unsigned long long)scenario->seed);
}

vtdpi_err_t vtdpi_stats_write_json(const vtdpi_stats_t *stats, FILE *file)
{
    vtdpi_out_t out;
    if (vtdpi_out_open(&out, file) != VTDPI_OK) {
        return VTDPI_ERR_INTERNAL;
    }
    vtdpi_out_text(&out, "{\n");
    json_head(&out, stats->scenario);
    vtdpi_stat_t stat;
    for (unsigned i = 0; vtdpi_stats_at(stats, i, &stat); i++) {
        char value[32];
        vtdpi_out_printf(&out,
                         ",\n  \"%s\": {\"value\": %s, \"unit\": \"%s\", \"formula\": ", stat.name,
                         stat.defined ? vtdpi_stat_text(&stat, value) : "null", stat.unit);
        vtdpi_out_json(&out, stat.formula);
        vtdpi_out_text(&out, "}");
    }
    vtdpi_out_text(&out, "\n}\n");
    return vtdpi_out_close(&out);
}

static void page_rows(vtdpi_out_t *out, unsigned first, unsigned last)
{
    vtdpi_out_text(out, "| name | unit | formula |\n| --- | --- | --- |\n");
    for (unsigned i = first; i < last; i++) {
        vtdpi_out_printf(out, "| `%s` | %s | %s |\n", vtdpi_stat_rows[i].name,
                         vtdpi_stat_rows[i].unit, vtdpi_stat_rows[i].formula);
    }
}

vtdpi_err_t vtdpi_stats_page_write(FILE *file)
{
    vtdpi_out_t out;
    if (vtdpi_out_open(&out, file) != VTDPI_OK) {
        return VTDPI_ERR_INTERNAL;
    }
    vtdpi_out_text(
        &out,
        "# Statistics\n\n"
        "Made by `vtdpi doc stats` from `include/vtdpi/stats.def`, `vmexit.def`, `stages.def` and "
        "`events.def`. These are the "
        "names in\n`stats.json`, in `vtdpi compare` and in the `expect:` block of a scenario. A "
        "mean or a percentile of "
        "nothing has no value:\n`null` in `stats.json`, and no expectation about it holds.\n\n"
        "*Latency* runs from the moment at which the device's write fires to the first instruction "
        "of the guest handler's "
        "body, both\nincluded. `latency_intended_ns` starts at the *intended* arrival instead, "
        "where the device was held "
        "back.\n\n");
    page_rows(&out, 0, VTDPI_STAT_FIXED);
    vtdpi_out_text(&out, "\n## Cycles of each CPU\n\nOne set a CPU; here those of CPU 0.\n\n");
    page_rows(&out, VTDPI_STAT_CPUS, VTDPI_STAT_CPUS + VTDPI_STAT_PARTS);
    vtdpi_out_text(&out,
                   "\n## Latency by stage\n\nThe stages of an interrupt add up to its latency, "
                   "exactly; so do these means to `latency_ns.mean`, but for rounding.\n\n");
    page_rows(&out, VTDPI_STAT_STAGES, VTDPI_STAT_EVENTS);
    vtdpi_out_text(&out, "\n## VM exits by reason\n\n");
    page_rows(&out, VTDPI_STAT_EXITS, VTDPI_STAT_STAGES);
    vtdpi_out_text(&out, "\n## Events\n\n");
    page_rows(&out, VTDPI_STAT_EVENTS, VTDPI_STAT_CPUS);
    return vtdpi_out_close(&out);
}

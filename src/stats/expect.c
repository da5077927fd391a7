/* Expectations, errors and monitors: does a run pass, and if not, why. */
#include "vtdpi/log.h"

#include "log/out.h"
#include "stats/stats.h"

#include <string.h>

/** An error that a scenario can expect, with its event. */
typedef struct {
    const char *name;
    unsigned event;
} error_row_t;

static const error_row_t error_rows[] = {
#define VTDPI_RUN_ERROR(name, doc) {#name, VTDPI_EV_##name},
#include "scenario/errors.def"
#undef VTDPI_RUN_ERROR
};

enum { ERROR_ROWS = sizeof error_rows / sizeof error_rows[0] };

/** The count of error [name] as a statistic. */
static bool error_find(const vtdpi_stats_t *stats, const char *name, vtdpi_stat_t *actual)
{
    for (unsigned i = 0; i < ERROR_ROWS; i++) {
        if (strcmp(error_rows[i].name, name) == 0) {
            return vtdpi_stats_at(stats, VTDPI_STAT_EVENTS + error_rows[i].event, actual);
        }
    }
    return false;
}

static bool compare(double actual, vtdpi_cmp_t cmp, double value)
{
    switch (cmp) {
    case VTDPI_CMP_EQ:
        return actual == value;
    case VTDPI_CMP_NE:
        return actual != value;
    case VTDPI_CMP_LT:
        return actual < value;
    case VTDPI_CMP_LE:
        return actual <= value;
    case VTDPI_CMP_GT:
        return actual > value;
    case VTDPI_CMP_GE:
        return actual >= value;
    case VTDPI_CMP_ERROR:
        return actual > 0;
    }
    return false;
}

bool vtdpi_stats_expect(const vtdpi_stats_t *stats, uint32_t index, vtdpi_stat_t *actual)
{
    VTDPI_ASSERT(stats->finished && index < stats->scenario->expect_count);
    const vtdpi_expect_t *expect = &stats->scenario->expects[index];
    vtdpi_stat_t stat = {.name = expect->name, .unit = "", .formula = ""};
    bool found = expect->cmp == VTDPI_CMP_ERROR ? error_find(stats, expect->name, &stat)
                                                : vtdpi_stats_find(stats, expect->name, &stat);
    if (actual != NULL) {
        *actual = stat;
    }
    /* The quotient is the double nearest to the decimal, as a decimal in a file becomes one: 2.3
     * equals 2.300. */
    return found && stat.defined &&
           compare((double)stat.milli / 1000.0, expect->cmp, expect->value);
}

static bool error_is_expected(const vtdpi_stats_t *stats, const char *name)
{
    for (uint32_t i = 0; i < stats->scenario->expect_count; i++) {
        const vtdpi_expect_t *expect = &stats->scenario->expects[i];
        if (expect->cmp == VTDPI_CMP_ERROR && strcmp(expect->name, name) == 0) {
            return true;
        }
    }
    return false;
}

unsigned vtdpi_errors_unexpected(const vtdpi_stats_t *stats, unsigned index, const char **nth)
{
    unsigned count = 0;
    for (unsigned i = 0; i < ERROR_ROWS; i++) {
        if (stats->totals.event_count[error_rows[i].event] == 0 ||
            error_is_expected(stats, error_rows[i].name)) {
            continue;
        }
        if (nth != NULL && count == index) {
            *nth = error_rows[i].name;
        }
        count++;
    }
    return count;
}

unsigned vtdpi_stats_failures(const vtdpi_stats_t *stats)
{
    unsigned failures = vtdpi_errors_unexpected(stats, 0, NULL) +
                        (unsigned)__builtin_popcountll(stats->totals.fired_monitors);
    for (uint32_t i = 0; i < stats->scenario->expect_count; i++) {
        failures += !vtdpi_stats_expect(stats, i, NULL);
    }
    return failures;
}

/** A number of a scenario: as an integer if it is one. */
static void value_write(vtdpi_out_t *out, double value)
{
    const double exact = 9007199254740992.0; /* 2^53 */
    if (value > -exact && value < exact && (double)(int64_t)value == value) {
        vtdpi_out_printf(out, "%lld", (long long)value);
    } else {
        vtdpi_out_printf(out, "%.15g", value);
    }
}

static void expect_write(vtdpi_out_t *out, const vtdpi_stats_t *stats, uint32_t index)
{
    static const char *const signs[] = {"=", "!=", "<", "<=", ">", ">="};
    const vtdpi_expect_t *expect = &stats->scenario->expects[index];
    vtdpi_stat_t actual;
    char text[32];
    bool ok = vtdpi_stats_expect(stats, index, &actual);
    bool error = expect->cmp == VTDPI_CMP_ERROR;
    vtdpi_out_printf(out, "  %-8s%s%s", ok ? "ok" : "FAILED", error ? "error " : "", expect->name);
    if (!error) {
        vtdpi_out_printf(out, " %s ", signs[expect->cmp]);
        value_write(out, expect->value);
        vtdpi_out_printf(out, ": actual %s%s%s", vtdpi_stat_text(&actual, text),
                         actual.defined ? " " : " (no interrupt was delivered)",
                         actual.defined ? actual.unit : "");
    } else {
        vtdpi_out_printf(out, ": happened %s times", vtdpi_stat_text(&actual, text));
    }
    if (!ok && expect->line != 0) {
        vtdpi_out_printf(out, " (line %u)", (unsigned)expect->line);
    }
    vtdpi_out_text(out, "\n");
}

static void monitors_write(vtdpi_out_t *out, uint64_t fired)
{
    for (unsigned m = 0; m < VTDPI_MONITOR_COUNT; m++) {
        if (((fired >> m) & 1U) != 0) {
            vtdpi_out_printf(out, "  FAILED  monitor %s fired: it says that %s\n",
                             vtdpi_monitor_name(m), vtdpi_monitor_doc(m));
        }
    }
}

vtdpi_err_t vtdpi_verdict_write(const vtdpi_stats_t *stats, FILE *file)
{
    vtdpi_out_t out;
    if (vtdpi_out_open(&out, file) != VTDPI_OK) {
        return VTDPI_ERR_INTERNAL;
    }
    const char *name = "";
    for (uint32_t i = 0; i < stats->scenario->expect_count; i++) {
        expect_write(&out, stats, i);
    }
    for (unsigned i = 0; i < vtdpi_errors_unexpected(stats, i, &name); i++) {
        vtdpi_out_printf(&out, "  FAILED  error %s happened, and the scenario does not expect it\n",
                         name);
    }
    monitors_write(&out, stats->totals.fired_monitors);
    return vtdpi_out_close(&out);
}

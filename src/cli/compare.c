/* vtdpi compare */
#include "cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 16, NAME_WIDTH = 30, VALUE_WIDTH = 18, RATIO_WIDTH = 8 };

/** Rows that are always there; "" is an empty line; a name ending in '*' stands for those of that
 * family that happened. */
static const char *const rows[] = {
    "interrupts.written",
    "interrupts.delivered",
    "interrupts.coalesced",
    "interrupts.lost",
    "",
    "exits.total",
    "exits.*",
    "exits_per_interrupt",
    "notifications.sent",
    "notifications.suppressed_on",
    "notifications.suppressed_sn",
    "wakeups",
    "",
    "latency_ns.min",
    "latency_ns.p50",
    "latency_ns.p90",
    "latency_ns.p99",
    "latency_ns.p999",
    "latency_ns.max",
    "latency_ns.mean",
    "guess_share.p50",
    "",
    "stage_ns.*",
    "",
    "cycles_per_interrupt.guest",
    "cycles_per_interrupt.root",
    "cycles_per_interrupt.exit",
    "",
    "host_vectors.used",
    "irte.updates",
    "irte.invalidations",
    "pid.locked_ops",
    "context_switches",
    "migrations",
};

static void value_print(const cli_value_t *value)
{
    char text[32] = "-";
    if (value != NULL) {
        const vtdpi_stat_t stat = {
            .milli = value->milli, .defined = value->defined, .integer = value->integer};
        (void)vtdpi_stat_text(&stat, text);
    }
    (void)printf("%*s", VALUE_WIDTH, text);
}

/** value / first, rounded to hundredths. */
static void ratio_print(const cli_value_t *value, const cli_value_t *first)
{
    char text[40] = "-";
    if (value != NULL && first != NULL && value->defined && first->defined && first->milli != 0) {
        uint64_t whole = value->milli / first->milli;
        uint64_t rest = value->milli % first->milli;
        /* Rest below first: the quotient in hundredths, with both shifted down where the product
         * would not fit. */
        uint64_t unit = first->milli;
        while (unit > UINT64_MAX / 256) {
            unit >>= 1;
            rest >>= 1;
        }
        uint64_t hundredths = whole * 100 + (rest * 100 + unit / 2) / unit;
        (void)snprintf(text, sizeof text, "x%llu.%02u", (unsigned long long)(hundredths / 100),
                       (unsigned)(hundredths % 100));
    }
    (void)printf("%*s", RATIO_WIDTH, text);
}

static void row_print(const cli_result_t *results, unsigned count, const char *name)
{
    const cli_value_t *first = cli_result_find(&results[0], name);
    (void)printf("%-*s", NAME_WIDTH, name);
    for (unsigned i = 0; i < count; i++) {
        const cli_value_t *value = cli_result_find(&results[i], name);
        value_print(value);
        if (i > 0) {
            ratio_print(value, first);
        }
    }
    (void)putchar('\n');
}

static bool any_happened(const cli_result_t *results, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        const cli_value_t *value = cli_result_find(&results[i], name);
        if (value != NULL && value->milli != 0) {
            return true;
        }
    }
    return false;
}

static void family_print(const cli_result_t *results, unsigned count, const char *pattern)
{
    size_t prefix = strlen(pattern) - 1;
    const char *name;
    for (unsigned i = 0; (name = vtdpi_stat_name(i)) != NULL; i++) {
        if (strncmp(name, pattern, prefix) == 0 && strcmp(name, "exits.total") != 0 &&
            any_happened(results, count, name)) {
            row_print(results, count, name);
        }
    }
}

static void table_print(const cli_result_t *results, unsigned count)
{
    (void)printf("%-*s", NAME_WIDTH, "");
    for (unsigned i = 0; i < count; i++) {
        int width = i > 0 ? VALUE_WIDTH + RATIO_WIDTH : VALUE_WIDTH;
        (void)printf("%*.*s", width, width - 1, results[i].title);
    }
    (void)putchar('\n');
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i][0] == '\0') {
            (void)putchar('\n');
        } else if (rows[i][strlen(rows[i]) - 1] == '*') {
            family_print(results, count, rows[i]);
        } else {
            row_print(results, count, rows[i]);
        }
    }
}

int cli_compare(int argc, char **argv)
{
    static const struct option options[] = {{NULL, 0, NULL, 0}};
    static cli_result_t results[INPUTS]; /* large: not on the stack */
    if (getopt_long(argc, argv, "", options, NULL) != -1) {
        return CLI_INPUT;
    }
    unsigned count = (unsigned)(argc - optind);
    if (count < 2 || count > INPUTS) {
        return cli_bad("compare wants 2 to %d scenario files or run folders (vtdpi compare --help)",
                       INPUTS);
    }
    int code = CLI_OK;
    unsigned done = 0;
    for (; done < count && code == CLI_OK; done++) {
        code = cli_result_read(argv[optind + (int)done], false, &results[done]);
    }
    if (code == CLI_OK) {
        cli_results_distinguish(results, count);
        table_print(results, count);
    }
    for (unsigned i = 0; i < done; i++) {
        cli_result_free(&results[i]);
    }
    return code;
}

/* vtdpi lint, doc and list */
#include "vtdpi/conform.h"

#include "cli.h"

#include <getopt.h>
#include <string.h>

static int lint_one(const char *path, bool quiet)
{
    char why[512] = "";
    vtdpi_scenario_t *scenario;
    vtdpi_run_t *run = NULL;
    int code = cli_scenario_read(path, NULL, &scenario);
    if (code != CLI_OK) {
        return code;
    }
    vtdpi_err_t err = vtdpi_run_create(scenario, &run, why, sizeof why);
    if (err != VTDPI_OK) {
        (void)fprintf(stderr, "%s: %s\n", path, why[0] != '\0' ? why : "cannot be run");
    } else if (!quiet) {
        (void)printf("%s: ok\n", path);
    }
    vtdpi_run_free(run);
    vtdpi_scenario_free(scenario);
    return cli_code(err);
}

int cli_lint(int argc, char **argv)
{
    static const struct option options[] = {{"quiet", no_argument, NULL, 'q'}, {NULL, 0, NULL, 0}};
    bool quiet = false;
    int option, worst = CLI_OK;
    while ((option = getopt_long(argc, argv, "q", options, NULL)) != -1) {
        if (option != 'q') {
            return CLI_INPUT;
        }
        quiet = true;
    }
    if (optind == argc) {
        return cli_bad("lint wants a scenario file (vtdpi lint --help)");
    }
    for (int i = optind; i < argc; i++) {
        int code = lint_one(argv[i], quiet);
        worst = code > worst ? code : worst;
    }
    return worst;
}

/** A page that is made from a table. */
typedef struct {
    const char *name;
    vtdpi_err_t (*write)(FILE *file);
} page_t;

int cli_doc(int argc, char **argv)
{
    static const page_t pages[] = {
        {"stats", vtdpi_stats_page_write},       {"events", vtdpi_events_page_write},
        {"keys", vtdpi_reference_write},         {"schema", vtdpi_schema_write},
        {"profiles", vtdpi_profiles_page_write},
    };
    if (argc != 2) {
        return cli_bad("doc wants one of: stats, events, keys, schema, profiles");
    }
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (strcmp(argv[1], pages[i].name) == 0) {
            return pages[i].write(stdout) == VTDPI_OK ? CLI_OK
                                                      : cli_broken("the page could not be written");
        }
    }
    return cli_bad("no page is called \"%s\": stats, events, keys, schema or profiles", argv[1]);
}

static void list_protocols(void)
{
#define VTDPI_PROTOCOL(name, posting, ipiv, doc) (void)printf("%-40s %s\n", #name, doc);
#define VTDPI_VARIANT(protocol, name, bit, doc)                                                    \
    (void)printf("%-40s %s\n", #protocol ": " #name, doc);
#include "vtdpi/hypervisor.def"
#undef VTDPI_PROTOCOL
#undef VTDPI_VARIANT
}

static void list_profiles(void)
{
    const char *name;
    for (size_t i = 0; (name = vtdpi_profile_builtin_name(i)) != NULL; i++) {
        vtdpi_profile_t *profile;
        if (vtdpi_profile_builtin(name, &profile) == VTDPI_OK) {
            (void)printf("%-24s %s\n", name,
                         profile->description != NULL ? profile->description : "");
            vtdpi_profile_free(profile);
        }
    }
}

static void list_events(void)
{
    for (unsigned i = 0; i < VTDPI_EV_COUNT; i++) {
        (void)printf("%-30s %-7s %s\n", vtdpi_event_name(i), vtdpi_event_source(i),
                     vtdpi_event_doc(i));
    }
}

/** The names of statistics; of those of each CPU, the ones of CPU 0. */
static void list_stats(void)
{
    for (unsigned i = 0; i < vtdpi_stat_count(); i++) {
        const char *name = vtdpi_stat_name(i);
        bool other_cpu = strncmp(name, "cycles.cpu", 10) == 0 && strncmp(name + 10, "0.", 2) != 0;
        if (!other_cpu) {
            (void)printf("%s\n", name);
        }
    }
}

/** The groups of recorded vectors. */
static void list_groups(void)
{
    const char *name;
    for (unsigned i = 0; (name = vtdpi_conform_group_name(i)) != NULL; i++) {
        (void)printf("%-26s %s\n", name, vtdpi_conform_group_doc(i));
    }
}

int cli_list(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } lists[] = {
        {"protocols", list_protocols}, {"profiles", list_profiles}, {"events", list_events},
        {"stats", list_stats},         {"groups", list_groups},
    };

    if (argc != 2) {
        return cli_bad("list wants one of: protocols, profiles, events, stats, groups");
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (strcmp(argv[1], lists[i].name) == 0) {
            lists[i].print();
            return CLI_OK;
        }
    }
    return cli_bad("there is no list of \"%s\": protocols, profiles, events, stats or groups",
                   argv[1]);
}

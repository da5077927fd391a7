/* vtdpi run */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { SUMMARY_VERSION = 1, HOST_VERSION = 1, SECOND_NS = 1000000000 };

/** What the arguments ask for. */
typedef struct {
    const char *log;    /**< --log, or NULL */
    const char *folder; /**< -o, or NULL */
    bool has_format;    /**< --log-format was given */
    bool quiet;         /**< --quiet */
    bool has_seed;      /**< --seed was given */
    uint64_t seed;
    vtdpi_log_options_t options;
} run_args_t;

static bool number_read(const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    *out = strtoull(text, &end, 0);
    return *end == '\0' && errno == 0;
}

static int filter_read(vtdpi_log_options_t *options, const char *list)
{
    char name[64];
    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        (void)snprintf(name, sizeof name, "%.*s", length < sizeof name ? (int)length : 63, list);
        if (!vtdpi_log_filter(options, name)) {
            return cli_bad("--log-filter: no event is called \"%s\" (vtdpi list events)", name);
        }
        list += length + (list[length] == ',');
    }
    return CLI_OK;
}

static int seed_read(run_args_t *args, const char *text)
{
    args->has_seed = true;
    return number_read(text, &args->seed)
               ? CLI_OK
               : cli_bad("--seed wants a number from 0 to 18446744073709551615, not \"%s\"", text);
}

static int id_read(run_args_t *args, const char *text)
{
    uint64_t id;
    if (!number_read(text, &id) || id == 0 || id > UINT32_MAX) {
        return cli_bad("--log-irq wants the id of an interrupt, 1 and up, not \"%s\"", text);
    }
    args->options.id = (uint32_t)id;
    return CLI_OK;
}

static int format_read(run_args_t *args, const char *text)
{
    args->has_format = true;
    return vtdpi_log_format(text, &args->options.format)
               ? CLI_OK
               : cli_bad("--log-format wants text, csv or jsonl, not \"%s\"", text);
}

static int option_take(run_args_t *args, int option)
{
    switch (option) {
    case 'l':
        args->log = optarg;
        return CLI_OK;
    case 'f':
        return format_read(args, optarg);
    case 'e':
        return filter_read(&args->options, optarg);
    case 'i':
        return id_read(args, optarg);
    case 'o':
        args->folder = optarg;
        return CLI_OK;
    case 's':
        return seed_read(args, optarg);
    case 'q':
        args->quiet = true;
        return CLI_OK;
    default:
        return CLI_INPUT; /* getopt has said why */
    }
}

static int args_check(run_args_t *args, int files)
{
    if (files == 0) {
        return cli_bad("run wants a scenario file (vtdpi run --help)");
    }
    if (args->log == NULL) {
        return CLI_OK;
    }
    if (files > 1) {
        return cli_bad("--log goes with one scenario; -o keeps a log of each of several");
    }
    bool to_stdout = strcmp(args->log, "-") == 0;
    if (!args->has_format && !to_stdout && !vtdpi_log_format(args->log, &args->options.format)) {
        return cli_bad("the suffix of \"%s\" tells no format: .log, .txt, .csv or .jsonl, or give "
                       "--log-format",
                       args->log);
    }
    return CLI_OK;
}

static int args_read(run_args_t *args, int argc, char **argv)
{
    static const struct option options[] = {
        {"log", required_argument, NULL, 'l'},
        {"log-format", required_argument, NULL, 'f'},
        {"log-filter", required_argument, NULL, 'e'},
        {"log-irq", required_argument, NULL, 'i'},
        {"output", required_argument, NULL, 'o'},
        {"seed", required_argument, NULL, 's'},
        {"quiet", no_argument, NULL, 'q'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "o:q", options, NULL)) != -1) {
        int code = option_take(args, option);
        if (code != CLI_OK) {
            return code;
        }
    }
    return args_check(args, argc - optind);
}

/** What is open during a run. */
typedef struct {
    cli_folder_t folder;
    bool has_folder;
    cli_output_t log;
    cli_sinks_t sinks;
    uint64_t started_ns;
} job_t;

static uint64_t wall_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/** Closes a file of the run folder. */
static int file_close(FILE *file, const char *name)
{
    bool failed = ferror(file) != 0;
    failed = fclose(file) != 0 || failed;
    return failed ? cli_broken("%s could not be written", name) : CLI_OK;
}

static void job_drop(job_t *job)
{
    if (job->sinks.folder_log != NULL) {
        (void)fclose(job->sinks.folder_log);
    }
    if (job->sinks.table != NULL) {
        (void)fclose(job->sinks.table);
    }
    cli_output_drop(&job->log);
    if (job->has_folder) {
        cli_folder_drop(&job->folder);
    }
}

static int job_open(job_t *job, const run_args_t *args, const char *folder)
{
    job->started_ns = wall_ns();
    job->sinks.options = args->options;
    if (args->log != NULL && strcmp(args->log, "-") == 0) {
        job->sinks.log = stdout;
    } else if (args->log != NULL) {
        int code = cli_output_open(&job->log, args->log);
        if (code != CLI_OK) {
            return code;
        }
        job->sinks.log = job->log.file;
    }
    if (folder == NULL) {
        return CLI_OK;
    }
    int code = cli_folder_start(&job->folder, folder);
    if (code != CLI_OK) {
        return code;
    }
    job->has_folder = true;
    job->sinks.folder_log = cli_folder_file(&job->folder, "events.jsonl");
    job->sinks.table = cli_folder_file(&job->folder, "interrupts.csv");
    return job->sinks.folder_log != NULL && job->sinks.table != NULL ? CLI_OK : CLI_INTERNAL;
}

static vtdpi_err_t host_write(uint64_t started_ns, FILE *file)
{
    struct rusage usage;
    memset(&usage, 0, sizeof usage);
    (void)getrusage(RUSAGE_SELF, &usage);
    int count =
        fprintf(file,
                "{\n  \"format\": \"vtdpi-host %d\",\n  \"wall_ns\": %llu,\n"
                "  \"peak_memory_kib\": %ld\n}\n",
                HOST_VERSION, (unsigned long long)(wall_ns() - started_ns), usage.ru_maxrss);
    return count > 0 ? VTDPI_OK : VTDPI_ERR_INTERNAL;
}

/** Writes file [which] of the run folder. */
static vtdpi_err_t folder_part_write(const job_t *job, const vtdpi_scenario_t *scenario,
                                     const vtdpi_stats_t *stats, int which, FILE *file)
{
    switch (which) {
    case 0:
        return vtdpi_scenario_write_yaml(scenario, file);
    case 1:
        return vtdpi_stats_write_json(stats, file);
    case 2:
        (void)fprintf(file, "# vtdpi-summary %d\n", SUMMARY_VERSION);
        return vtdpi_summary_write(stats, file);
    default:
        return host_write(job->started_ns, file);
    }
}

static int folder_fill(const job_t *job, const vtdpi_scenario_t *scenario,
                       const vtdpi_stats_t *stats)
{
    static const char *const names[] = {"config.yaml", "stats.json", "summary.txt", "host.json"};
    for (int i = 0; i < 4; i++) {
        FILE *file = cli_folder_file(&job->folder, names[i]);
        if (file == NULL) {
            return CLI_INTERNAL;
        }
        vtdpi_err_t err = folder_part_write(job, scenario, stats, i, file);
        int code = file_close(file, names[i]);
        if (err != VTDPI_OK || code != CLI_OK) {
            return code != CLI_OK ? code : cli_broken("%s could not be written", names[i]);
        }
    }
    return CLI_OK;
}

/** Puts everything in place. */
static int job_commit(job_t *job, const vtdpi_scenario_t *scenario, const vtdpi_stats_t *stats)
{
    int code = CLI_OK;
    if (job->has_folder) {
        code = file_close(job->sinks.folder_log, "events.jsonl");
        job->sinks.folder_log = NULL;
        int second = file_close(job->sinks.table, "interrupts.csv");
        job->sinks.table = NULL;
        code = code != CLI_OK     ? code
               : second != CLI_OK ? second
                                  : folder_fill(job, scenario, stats);
    }
    if (code == CLI_OK && job->log.file != NULL) {
        code = cli_output_commit(&job->log);
    }
    if (code == CLI_OK && job->has_folder) {
        job->has_folder = false;
        code = cli_folder_commit(&job->folder);
    }
    return code;
}

/** What a reader sees, and whether the run passes. */
static int job_tell(const run_args_t *args, const char *path, const vtdpi_stats_t *stats)
{
    bool to_stdout = args->log != NULL && strcmp(args->log, "-") == 0;
    FILE *out = to_stdout ? stderr : stdout;
    unsigned failures = vtdpi_stats_failures(stats);
    vtdpi_err_t err = VTDPI_OK;
    if (!args->quiet) {
        err = vtdpi_summary_write(stats, out);
    } else if (failures > 0) {
        (void)fprintf(out, "%s\n", path);
        err = vtdpi_verdict_write(stats, out);
    }
    if (err != VTDPI_OK) {
        return cli_broken("the summary could not be written");
    }
    return failures > 0 ? CLI_FAILED : CLI_OK;
}

static int scenario_run(const run_args_t *args, const char *path, const char *folder)
{
    vtdpi_scenario_t *scenario;
    vtdpi_stats_t *stats = NULL;
    static job_t job; /* large: not on the stack */
    memset(&job, 0, sizeof job);
    int code = cli_scenario_read(path, args->has_seed ? &args->seed : NULL, &scenario);
    if (code != CLI_OK) {
        return code;
    }
    code = job_open(&job, args, folder);
    if (code == CLI_OK) {
        code = cli_simulate(scenario, path, &job.sinks, &stats);
    }
    if (code == CLI_OK) {
        code = job_commit(&job, scenario, stats);
    }
    if (code == CLI_OK) {
        code = job_tell(args, path, stats);
    } else {
        job_drop(&job);
    }
    vtdpi_stats_free(stats);
    vtdpi_scenario_free(scenario);
    return code;
}

int cli_run(int argc, char **argv)
{
    run_args_t args = {0};
    int worst = args_read(&args, argc, argv);
    if (worst != CLI_OK) {
        return worst;
    }
    bool several = argc - optind > 1;
    for (int i = optind; i < argc; i++) {
        char folder[CLI_PATH], title[256];
        cli_title(argv[i], title, sizeof title);
        (void)snprintf(folder, sizeof folder, "%s%s%s", args.folder != NULL ? args.folder : "",
                       several ? "/" : "", several ? title : "");
        if (several && !args.quiet) {
            (void)printf("%s== %s\n", i > optind ? "\n" : "", argv[i]);
        }
        int code = scenario_run(&args, argv[i], args.folder != NULL ? folder : NULL);
        worst = code > worst ? code : worst;
    }
    return worst;
}

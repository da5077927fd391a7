/* vtdpi plot */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_FOUND = 127 };

/** Names of the files of a plot. */
typedef struct {
    char folder[CLI_PATH];  /**< where they are */
    char picture[CLI_PATH]; /**< without folder */
    char data[CLI_PATH];    /**< without folder */
    char script[CLI_PATH];  /**< without folder */
} plot_files_t;

/** Splits the name of the picture and makes the others from it. */
static int files_name(plot_files_t *files, const char *picture)
{
    const char *slash = strrchr(picture, '/');
    const char *name = slash != NULL ? slash + 1 : picture;
    const char *dot = strrchr(name, '.');
    if (dot == NULL || dot == name || (strcmp(dot, ".png") != 0 && strcmp(dot, ".svg") != 0)) {
        return cli_bad("-o wants a file name that ends in .png or .svg, not \"%s\"", picture);
    }
    if (strlen(picture) + 8 > CLI_PATH) {
        return cli_bad("the name of the picture is too long");
    }
    int stem = (int)(dot - name);
    int above = (int)(name - picture);
    (void)snprintf(files->folder, CLI_PATH, "%.*s", above > 0 ? above : 1,
                   above > 0 ? picture : ".");
    (void)snprintf(files->picture, CLI_PATH, "%s", name);
    (void)snprintf(files->data, CLI_PATH, "%.*s.csv", stem, name);
    (void)snprintf(files->script, CLI_PATH, "%.*s.gp", stem, name);
    return CLI_OK;
}

static int file_open(cli_output_t *output, const plot_files_t *files, const char *name)
{
    char path[CLI_PATH];
    int length = snprintf(path, sizeof path, "%s/%s", files->folder, name);
    return length >= 0 && length < CLI_PATH ? cli_output_open(output, path)
                                            : cli_bad("the name of the picture is too long");
}

static int file_end(cli_output_t *output, vtdpi_err_t err)
{
    if (err != VTDPI_OK) {
        cli_output_drop(output);
        return cli_broken("%s could not be written", output->path);
    }
    return cli_output_commit(output);
}

static int files_write(const plot_files_t *files, vtdpi_plot_t kind, const vtdpi_plot_run_t *runs,
                       unsigned count)
{
    cli_output_t output = {0};
    int code = file_open(&output, files, files->data);
    if (code == CLI_OK) {
        code = file_end(&output, vtdpi_plot_data_write(kind, runs, count, output.file));
    }
    if (code == CLI_OK) {
        code = file_open(&output, files, files->script);
    }
    if (code == CLI_OK) {
        code = file_end(&output, vtdpi_plot_script_write(kind, runs, count, files->data,
                                                         files->picture, output.file));
    }
    return code;
}

/** The child: gnuplot, in the folder of the files. */
static void gnuplot_become(const plot_files_t *files)
{
    if (chdir(files->folder) == 0) {
        (void)execlp("gnuplot", "gnuplot", files->script, (char *)NULL);
    }
    _exit(errno == ENOENT ? NOT_FOUND : 1);
}

static int gnuplot_run(const plot_files_t *files)
{
    int status;
    (void)fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        return cli_broken("gnuplot could not be started: %s", strerror(errno));
    }
    if (child == 0) {
        gnuplot_become(files);
    }
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return cli_broken("gnuplot was lost: %s", strerror(errno));
        }
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return CLI_OK;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND) {
        return cli_bad("gnuplot is not installed (Debian: apt-get install gnuplot-nox); script and "
                       "data are kept: "
                       "%s/%s, %s/%s",
                       files->folder, files->script, files->folder, files->data);
    }
    return cli_broken("gnuplot failed; its script is %s/%s", files->folder, files->script);
}

static void run_take(vtdpi_plot_run_t *run, const cli_result_t *result)
{
    char name[80];
    *run = (vtdpi_plot_run_t){
        .title = result->title, .latency_ps = result->latency_ps, .count = result->latency_count};
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        (void)snprintf(name, sizeof name, "stage_ns.%s", vtdpi_stage_name(stage));
        const cli_value_t *value = cli_result_find(result, name);
        run->stage_ps[stage] = value != NULL ? value->milli : 0;
    }
}

static int plot_make(vtdpi_plot_t kind, char **inputs, unsigned count, const plot_files_t *files)
{
    static cli_result_t results[VTDPI_PLOT_RUNS]; /* large: not on the stack */
    vtdpi_plot_run_t runs[VTDPI_PLOT_RUNS];
    int code = CLI_OK;
    unsigned done = 0;
    for (; done < count && code == CLI_OK; done++) {
        code = cli_result_read(inputs[done], true, &results[done]);
        if (code == CLI_OK && results[done].latency_count == 0) {
            code =
                cli_bad("%s: no interrupt was delivered: there is nothing to draw", inputs[done]);
        }
    }
    if (code == CLI_OK) {
        cli_results_distinguish(results, count);
        for (unsigned i = 0; i < count; i++) {
            run_take(&runs[i], &results[i]);
        }
        code = files_write(files, kind, runs, count);
    }
    for (unsigned i = 0; i < done; i++) {
        cli_result_free(&results[i]);
    }
    return code == CLI_OK ? gnuplot_run(files) : code;
}

static bool kind_find(const char *name, vtdpi_plot_t *kind)
{
    for (unsigned i = 0; i < VTDPI_PLOT_COUNT; i++) {
        if (strcmp(name, vtdpi_plot_name(i)) == 0) {
            *kind = (vtdpi_plot_t)i;
            return true;
        }
    }
    return false;
}

int cli_plot(int argc, char **argv)
{
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    static plot_files_t files; /* large: not on the stack */
    const char *picture = NULL;
    vtdpi_plot_t kind = VTDPI_PLOT_CDF;
    int option;
    while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        if (option != 'o') {
            return CLI_INPUT;
        }
        picture = optarg;
    }
    int count = argc - optind - 1;
    if (count < 1 || count > VTDPI_PLOT_RUNS || picture == NULL) {
        return cli_bad(
            "plot wants a kind, 1 to %d scenario files or run folders, and -o FILE.png or "
            "FILE.svg (vtdpi plot --help)",
            (int)VTDPI_PLOT_RUNS);
    }
    if (!kind_find(argv[optind], &kind)) {
        return cli_bad("no plot is called \"%s\": cdf, stages or hist", argv[optind]);
    }
    int code = files_name(&files, picture);
    return code == CLI_OK ? plot_make(kind, argv + optind + 1, (unsigned)count, &files) : code;
}

/* vtdpi conform */
#include "cli.h"
#include "conform_tally.h"

#include <fnmatch.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** How long nobody is told, and how often somebody is then. *Units:* seconds, vectors. */
enum { PATIENCE_S = 2, PROGRESS_EVERY = 256 };

bool tally_wants(const tally_t *tally, const vtdpi_conform_difference_t *d)
{
    return tally->all || (!d->suspect && d->clause == NULL);
}

const char *tally_group(unsigned group)
{
    const char *name = vtdpi_conform_group_name(group);
    return name != NULL ? name : "(no known group)";
}

unsigned tally_passed(const tally_t *tally)
{
    return tally->total - tally->sum[VTDPI_CONFORM_DIFFERING] - tally->sum[VTDPI_CONFORM_SKIPPED];
}

/** Counts [text]; the last row counts all for which there is no room. */
static void text_count(tally_texts_t *texts, const char *text)
{
    unsigned i = 0;
    while (i < texts->count && strcmp(texts->row[i].text, text) != 0 && i < TALLY_TEXTS - 1) {
        i++;
    }
    tally_text_t *row = &texts->row[i];
    if (i == texts->count) {
        texts->count++;
        (void)snprintf(row->text, sizeof row->text, "%s", i < TALLY_TEXTS - 1 ? text : "others");
    }
    row->count++;
}

/** Whether [result], which has been counted, is to be shown. */
static bool shows(const tally_t *tally, const vtdpi_conform_result_t *result)
{
    bool explained = result->verdict == VTDPI_CONFORM_EXCEPTED ||
                     result->verdict == VTDPI_CONFORM_SUSPECT_DIFFERING;
    bool differs = result->verdict == VTDPI_CONFORM_DIFFERING;
    return tally->all ? differs || explained
                      : differs && tally->sum[VTDPI_CONFORM_DIFFERING] <= TALLY_SHOWN;
}

static void take(void *context, const vtdpi_conform_result_t *result)
{
    tally_t *tally = context;
    tally->count[result->group][result->verdict]++;
    tally->sum[result->verdict]++;
    tally->total++;
    tally->says[result->says]++;
    if (result->verdict == VTDPI_CONFORM_EXCEPTED) {
        text_count(&tally->clauses, result->clause);
    }
    if (result->verdict == VTDPI_CONFORM_SKIPPED) {
        text_count(&tally->skips, result->why);
    }
    if (shows(tally, result)) {
        tally->format->vector(tally, result);
    }
    if (tally->terminal && tally->total % PROGRESS_EVERY == 0 &&
        time(NULL) - tally->started >= PATIENCE_S) {
        (void)fprintf(stderr, "\r%u vectors ", tally->total);
    }
}

static int file_replay(tally_t *tally, const char *path, const char *groups)
{
    vtdpi_diags_t *diags = vtdpi_diags_new();
    if (diags == NULL) {
        return cli_broken("out of memory");
    }
    vtdpi_err_t err = vtdpi_conform_file(path, groups, take, tally, diags);
    (void)fflush(stdout);
    for (size_t i = 0; i < vtdpi_diags_count(diags); i++) {
        (void)vtdpi_diag_write(vtdpi_diags_at(diags, i), stderr);
        (void)fputc('\n', stderr);
    }
    vtdpi_diags_free(diags);
    return err == VTDPI_ERR_INTERNAL ? cli_broken("%s: out of memory", path) : cli_code(err);
}

static bool group_exists(const char *pattern)
{
    const char *name;
    for (unsigned i = 0; (name = vtdpi_conform_group_name(i)) != NULL; i++) {
        if (fnmatch(pattern, name, 0) == 0) {
            return true;
        }
    }
    return false;
}

static int files_replay(tally_t *tally, char **paths, int count, const char *groups)
{
    int worst = CLI_OK;
    tally->terminal = isatty(STDERR_FILENO) != 0;
    tally->started = time(NULL);
    for (int i = 0; i < count; i++) {
        int code = file_replay(tally, paths[i], groups);
        worst = code > worst ? code : worst;
    }
    if (tally->terminal && time(NULL) - tally->started >= PATIENCE_S) {
        (void)fprintf(stderr, "\r%*s\r", (int)sizeof "4294967295 vectors ", "");
    }
    if (tally->total == 0) {
        return worst != CLI_OK ? worst
                               : cli_bad("no vector of these files is in group \"%s\"", groups);
    }
    tally->format->report(tally);
    if (worst == CLI_OK && tally->sum[VTDPI_CONFORM_SKIPPED] == tally->total) {
        return cli_bad("no vector of these files is of a known group (vtdpi list groups)");
    }
    return worst == CLI_OK && tally->sum[VTDPI_CONFORM_DIFFERING] > 0 ? CLI_FAILED : worst;
}

static const tally_format_t *format_find(const char *name)
{
    static const tally_format_t *const formats[] = {&tally_as_text, &tally_as_json};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i]->name, name) == 0) {
            return formats[i];
        }
    }
    return NULL;
}

int cli_conform(int argc, char **argv)
{
    static const struct option options[] = {{"all", no_argument, NULL, 'a'},
                                            {"format", required_argument, NULL, 'f'},
                                            {"group", required_argument, NULL, 'g'},
                                            {NULL, 0, NULL, 0}};
    static tally_t tally = {.format = &tally_as_text}; /* large: not on the stack */
    const char *groups = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "af:g:", options, NULL)) != -1) {
        switch (option) {
        case 'a':
            tally.all = true;
            break;
        case 'f':
            tally.format = format_find(optarg);
            break;
        case 'g':
            groups = optarg;
            break;
        default:
            return CLI_INPUT;
        }
    }
    if (optind == argc || tally.format == NULL) {
        return optind == argc ? cli_bad("conform wants a file of vectors (vtdpi conform --help)")
                              : cli_bad("the format of conform is text or json");
    }
    if (groups != NULL && !group_exists(groups)) {
        return cli_bad("no group matches \"%s\" (vtdpi list groups)", groups);
    }
    tally.groups = vtdpi_conform_group_count();
    tally.count = calloc(tally.groups + 1, sizeof *tally.count);
    int code = tally.count != NULL ? files_replay(&tally, argv + optind, argc - optind, groups)
                                   : cli_broken("out of memory");
    free(tally.count);
    return code;
}

/* vtdpi conform */
#include "vtdpi/conform.h"

#include "cli.h"

#include <fnmatch.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    CLAUSES = 64,       /**< clauses that are counted apart */
    SHOWN = 20,         /**< differing vectors that are shown without --all */
    REASON_BYTES = 400, /**< of a reason that is shown */
    PATIENCE_S = 2,     /**< before progress is shown */
    PROGRESS_EVERY = 256
};

/** A clause that excepted something. */
typedef struct {
    const char *text;
    unsigned count;
} clause_t;

/** Why vectors were skipped. */
typedef struct {
    char text[80];
    unsigned count;
} skip_t;

enum { SKIPS = 16 };

/** What has been counted. The last row is of vectors of no known group. */
typedef struct {
    unsigned (*count)[VTDPI_CONFORM_VERDICTS]; /**< [groups + 1] */
    unsigned groups;
    unsigned says[3]; /**< suspect vectors, by vtdpi_conform_says_t */
    clause_t clauses[CLAUSES];
    unsigned clause_count;
    skip_t skips[SKIPS];
    unsigned skip_count;
    unsigned shown; /**< differing vectors shown */
    unsigned total; /**< results */
    bool all;
    bool terminal; /**< progress can be shown */
    time_t started;
} tally_t;

static void clause_count(tally_t *tally, const char *text)
{
    for (unsigned i = 0; i < tally->clause_count; i++) {
        if (tally->clauses[i].text == text) {
            tally->clauses[i].count++;
            return;
        }
    }
    if (tally->clause_count < CLAUSES) {
        tally->clauses[tally->clause_count++] = (clause_t){.text = text, .count = 1};
    }
}

static void skip_count(tally_t *tally, const char *text)
{
    for (unsigned i = 0; i < tally->skip_count; i++) {
        if (strcmp(tally->skips[i].text, text) == 0) {
            tally->skips[i].count++;
            return;
        }
    }
    if (tally->skip_count < SKIPS) {
        skip_t *skip = &tally->skips[tally->skip_count++];
        (void)snprintf(skip->text, sizeof skip->text, "%s", text);
        skip->count = 1;
    }
}

/** Prints the differences of a vector; those that are explained only with --all. */
static void differences_print(const tally_t *tally, const vtdpi_conform_result_t *result)
{
    const char *group = vtdpi_conform_group_name(result->group);
    (void)printf("%s:%u: %s (%s) %s\n", result->file, result->line, result->id,
                 group != NULL ? group : "unknown", vtdpi_conform_verdict_name(result->verdict));
    for (unsigned i = 0; i < result->difference_count; i++) {
        const vtdpi_conform_difference_t *d = &result->differences[i];
        const char *mark = d->suspect ? "suspect " : d->clause != NULL ? "excepted " : "";
        if (mark[0] != '\0' && !tally->all) {
            continue;
        }
        if (d->step >= 0) {
            (void)printf("  %sstep %d, %s:\n", mark, d->step, d->field);
        } else {
            (void)printf("  %s%s:\n", mark, d->field);
        }
        (void)printf("    expected %s\n    actual   %s\n", d->expected, d->actual);
        if (d->clause != NULL) {
            (void)printf("    clause   %s\n", d->clause);
        }
    }
    if (result->differences_left_out > 0) {
        (void)printf("  and %u more\n", result->differences_left_out);
    }
    if (result->why != NULL) {
        (void)printf("  the vector says: %.*s\n", REASON_BYTES, result->why);
    }
    (void)printf("\n");
}

/** Whether the differences of [result] are to be printed; counts those that are not. */
static bool wanted(tally_t *tally, const vtdpi_conform_result_t *result)
{
    bool explained = result->verdict == VTDPI_CONFORM_EXCEPTED ||
                     result->verdict == VTDPI_CONFORM_SUSPECT_DIFFERING;
    if (tally->all && explained) {
        return true;
    }
    return result->verdict == VTDPI_CONFORM_DIFFERING && (tally->all || tally->shown++ < SHOWN);
}

static void progress(tally_t *tally)
{
    if (tally->terminal && tally->total % PROGRESS_EVERY == 0 &&
        time(NULL) - tally->started >= PATIENCE_S) {
        (void)fprintf(stderr, "\r%u vectors ", tally->total);
    }
}

static void take(void *context, const vtdpi_conform_result_t *result)
{
    tally_t *tally = context;
    tally->count[result->group][result->verdict]++;
    tally->total++;
    tally->says[result->says]++;
    if (result->verdict == VTDPI_CONFORM_EXCEPTED && result->clause != NULL) {
        clause_count(tally, result->clause);
    }
    if (result->verdict == VTDPI_CONFORM_SKIPPED) {
        skip_count(tally, result->why);
    }
    if (wanted(tally, result)) {
        differences_print(tally, result);
    }
    progress(tally);
}

/* --- the report --- */

static void row_print(const char *name, const unsigned count[VTDPI_CONFORM_VERDICTS])
{
    (void)printf("%-26s", name);
    for (unsigned i = 0; i < VTDPI_CONFORM_VERDICTS; i++) {
        (void)printf(" %*u", (int)strlen(vtdpi_conform_verdict_name(i)), count[i]);
    }
    (void)printf("\n");
}

static void table_print(const tally_t *tally, unsigned sum[VTDPI_CONFORM_VERDICTS])
{
    (void)printf("%-26s", "group");
    for (unsigned i = 0; i < VTDPI_CONFORM_VERDICTS; i++) {
        (void)printf(" %s", vtdpi_conform_verdict_name(i));
    }
    (void)printf("\n");
    for (unsigned g = 0; g <= tally->groups; g++) {
        unsigned all = 0;
        for (unsigned i = 0; i < VTDPI_CONFORM_VERDICTS; i++) {
            sum[i] += tally->count[g][i];
            all += tally->count[g][i];
        }
        if (all > 0) {
            row_print(g < tally->groups ? vtdpi_conform_group_name(g) : "(no known group)",
                      tally->count[g]);
        }
    }
    row_print("total", sum);
}

/** Prints the report; whether everything passed. */
static int report(const tally_t *tally)
{
    unsigned sum[VTDPI_CONFORM_VERDICTS] = {0};
    table_print(tally, sum);
    if (tally->says[VTDPI_CONFORM_SAYS_SAME] + tally->says[VTDPI_CONFORM_SAYS_OTHER] > 0) {
        (void)printf("\nOf the suspect vectors that state the specification's value, the model has "
                     "it in %u, another in %u.\n",
                     tally->says[VTDPI_CONFORM_SAYS_SAME], tally->says[VTDPI_CONFORM_SAYS_OTHER]);
    }
    if (tally->clause_count > 0) {
        (void)printf("\nExcepted by\n");
    }
    for (unsigned i = 0; i < tally->clause_count; i++) {
        (void)printf("  %6u  %s\n", tally->clauses[i].count, tally->clauses[i].text);
    }
    if (tally->skip_count > 0) {
        (void)printf("\nSkipped\n");
    }
    for (unsigned i = 0; i < tally->skip_count; i++) {
        (void)printf("  %6u  %s\n", tally->skips[i].count, tally->skips[i].text);
    }
    unsigned failed = sum[VTDPI_CONFORM_DIFFERING];
    unsigned skipped = sum[VTDPI_CONFORM_SKIPPED];
    if (failed > SHOWN && !tally->all) {
        (void)printf("\n%u differing vectors are not shown (--all shows them)\n", failed - SHOWN);
    }
    (void)printf("\n%u passed, %u failed, %u skipped\n", tally->total - failed - skipped, failed,
                 skipped);
    return failed > 0 ? CLI_FAILED : CLI_OK;
}

/* --- files --- */

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
    int code = report(tally);
    return code > worst ? code : worst;
}

int cli_conform(int argc, char **argv)
{
    static const struct option options[] = {{"all", no_argument, NULL, 'a'},
                                            {"group", required_argument, NULL, 'g'},
                                            {NULL, 0, NULL, 0}};
    static tally_t tally; /* large: not on the stack */
    const char *groups = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "ag:", options, NULL)) != -1) {
        if (option == 'a') {
            tally.all = true;
        } else if (option == 'g') {
            groups = optarg;
        } else {
            return CLI_INPUT;
        }
    }
    if (optind == argc) {
        return cli_bad("conform wants a file of vectors (vtdpi conform --help)");
    }
    if (groups != NULL && !group_exists(groups)) {
        return cli_bad("no group matches \"%s\" (vtdpi list groups)", groups);
    }
    tally.groups = vtdpi_conform_group_count();
    tally.count = calloc(tally.groups + 1, sizeof *tally.count);
    if (tally.count == NULL) {
        return cli_broken("out of memory");
    }
    tally.terminal = isatty(STDERR_FILENO) != 0;
    tally.started = time(NULL);
    int code = files_replay(&tally, argv + optind, argc - optind, groups);
    free(tally.count);
    return code;
}

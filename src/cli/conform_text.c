/* vtdpi conform for people: differences in full, a table of groups, the closing line. */
#include "conform_tally.h"

#include <stdio.h>
#include <string.h>

enum { REASON_BYTES = 400, NAME_WIDTH = 26 };

static void difference_print(const vtdpi_conform_difference_t *d)
{
    const char *mark = d->suspect ? "suspect " : d->clause != NULL ? "excepted " : "";
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

static void vector_print(const tally_t *tally, const vtdpi_conform_result_t *result)
{
    (void)printf("%s:%u: %s (%s) %s\n", result->file, result->line, result->id,
                 tally_group(result->group), vtdpi_conform_verdict_name(result->verdict));
    for (unsigned i = 0; i < result->difference_count; i++) {
        if (tally_wants(tally, &result->differences[i])) {
            difference_print(&result->differences[i]);
        }
    }
    if (result->differences_left_out > 0) {
        (void)printf("  and %u more\n", result->differences_left_out);
    }
    if (result->verdict == VTDPI_CONFORM_EXCEPTED && result->difference_count == 0) {
        (void)printf("  as recorded under: %s\n", result->clause);
    }
    if (result->why != NULL) {
        (void)printf("  the vector says: %.*s\n", REASON_BYTES, result->why);
    }
    (void)printf("\n");
}

static void row_print(const char *name, const unsigned count[VTDPI_CONFORM_VERDICTS])
{
    (void)printf("%-*s", NAME_WIDTH, name);
    for (unsigned i = 0; i < VTDPI_CONFORM_VERDICTS; i++) {
        (void)printf(" %*u", (int)strlen(vtdpi_conform_verdict_name(i)), count[i]);
    }
    (void)printf("\n");
}

static void table_print(const tally_t *tally)
{
    (void)printf("%-*s", NAME_WIDTH, "group");
    for (unsigned i = 0; i < VTDPI_CONFORM_VERDICTS; i++) {
        (void)printf(" %s", vtdpi_conform_verdict_name(i));
    }
    (void)printf("\n");
    for (unsigned g = 0; g <= tally->groups; g++) {
        unsigned all = 0;
        for (unsigned i = 0; i < VTDPI_CONFORM_VERDICTS; i++) {
            all += tally->count[g][i];
        }
        if (all > 0) {
            row_print(tally_group(g), tally->count[g]);
        }
    }
    row_print("total", tally->sum);
}

static void texts_print(const char *title, const tally_texts_t *texts)
{
    if (texts->count > 0) {
        (void)printf("\n%s\n", title);
    }
    for (unsigned i = 0; i < texts->count; i++) {
        (void)printf("  %6u  %s\n", texts->row[i].count, texts->row[i].text);
    }
}

static void report_print(const tally_t *tally)
{
    unsigned same = tally->says[VTDPI_CONFORM_SAYS_SAME];
    unsigned other = tally->says[VTDPI_CONFORM_SAYS_OTHER];
    unsigned failed = tally->sum[VTDPI_CONFORM_DIFFERING];
    table_print(tally);
    if (same + other > 0) {
        (void)printf("\nOf the suspect vectors that state the specification's value, the model has "
                     "it in %u, another in %u.\n",
                     same, other);
    }
    texts_print("Excepted by", &tally->clauses);
    texts_print("Skipped", &tally->skips);
    if (failed > TALLY_SHOWN && !tally->all) {
        (void)printf("\n%u differing vectors are not shown (--all shows them)\n",
                     failed - TALLY_SHOWN);
    }
    (void)printf("\n%u passed, %u failed, %u skipped\n", tally_passed(tally), failed,
                 tally->sum[VTDPI_CONFORM_SKIPPED]);
}

const tally_format_t tally_as_text = {"text", vector_print, report_print};

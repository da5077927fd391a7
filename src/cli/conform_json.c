/* vtdpi conform for programs: JSON Lines, one object a vector that is shown, one at the end. */
#include "conform_tally.h"

#include <stdio.h>

/** [text] as a JSON string; NULL as null. Its bytes are UTF-8. */
static void text_print(const char *text)
{
    if (text == NULL) {
        (void)fputs("null", stdout);
        return;
    }
    (void)putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            (void)printf("\\%c", *text);
        } else if ((unsigned char)*text < ' ') {
            (void)printf("\\u%04x", (unsigned)(unsigned char)*text);
        } else {
            (void)putchar(*text);
        }
    }
    (void)putchar('"');
}

/** A further member of an object. */
static void member_print(const char *key, const char *text)
{
    (void)printf(",\"%s\":", key);
    text_print(text);
}

static void vector_print(const tally_t *tally, const vtdpi_conform_result_t *result)
{
    bool first = true;
    (void)printf("{\"type\":\"vector\",\"line\":%u", result->line);
    member_print("file", result->file);
    member_print("id", result->id);
    member_print("group", tally_group(result->group));
    member_print("verdict", vtdpi_conform_verdict_name(result->verdict));
    member_print("why", result->why);
    (void)printf(",\"differences\":[");
    for (unsigned i = 0; i < result->difference_count; i++) {
        const vtdpi_conform_difference_t *d = &result->differences[i];
        if (!tally_wants(tally, d)) {
            continue;
        }
        (void)printf("%s{\"step\":%d,\"suspect\":%s", first ? "" : ",", d->step,
                     d->suspect ? "true" : "false");
        member_print("field", d->field);
        member_print("expected", d->expected);
        member_print("actual", d->actual);
        member_print("clause", d->clause);
        (void)putchar('}');
        first = false;
    }
    (void)printf("],\"left_out\":%u}\n", result->differences_left_out);
}

static void counts_print(const unsigned count[VTDPI_CONFORM_VERDICTS])
{
    for (unsigned i = 0; i < VTDPI_CONFORM_VERDICTS; i++) {
        (void)printf("%s\"%s\":%u", i > 0 ? "," : "", vtdpi_conform_verdict_name(i), count[i]);
    }
}

static void texts_print(const char *key, const tally_texts_t *texts)
{
    (void)printf(",\"%s\":[", key);
    for (unsigned i = 0; i < texts->count; i++) {
        (void)printf("%s{\"vectors\":%u", i > 0 ? "," : "", texts->row[i].count);
        member_print("text", texts->row[i].text);
        (void)putchar('}');
    }
    (void)putchar(']');
}

static void report_print(const tally_t *tally)
{
    (void)printf("{\"type\":\"report\",\"passed\":%u,\"failed\":%u,\"skipped\":%u,\"total\":{",
                 tally_passed(tally), tally->sum[VTDPI_CONFORM_DIFFERING],
                 tally->sum[VTDPI_CONFORM_SKIPPED]);
    counts_print(tally->sum);
    (void)printf("},\"groups\":{");
    for (unsigned g = 0; g <= tally->groups; g++) {
        (void)printf("%s\"%s\":{", g > 0 ? "," : "", tally_group(g));
        counts_print(tally->count[g]);
        (void)putchar('}');
    }
    (void)printf("},\"suspect_as_specified\":%u,\"suspect_otherwise\":%u",
                 tally->says[VTDPI_CONFORM_SAYS_SAME], tally->says[VTDPI_CONFORM_SAYS_OTHER]);
    texts_print("excepted_by", &tally->clauses);
    texts_print("skipped_by", &tally->skips);
    (void)printf("}\n");
}

const tally_format_t tally_as_json = {"json", vector_print, report_print};

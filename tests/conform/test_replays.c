/* What the replays look at beside the values that change with each step: stored vectors with one
 * text replaced. */
#include "vtdpi/conform.h"

#include "cmocka_all.h"
#include "vectors.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 1 << 16, MESSAGE_BYTES = 256 };

/** What came out of a vector. */
typedef struct {
    unsigned results;
    int step;            /**< of the first difference */
    char field[32];      /**< of the first difference, "" where there is none */
    char expected[1024]; /**< recorded */
    char actual[1024];
    char message[MESSAGE_BYTES]; /**< why it is malformed, or "" */
} outcome_t;

static void take(void *context, const vtdpi_conform_result_t *r)
{
    outcome_t *o = context;
    o->results++;
    if (r->difference_count > 0) {
        o->step = r->differences[0].step;
        (void)snprintf(o->field, sizeof o->field, "%s", r->differences[0].field);
        (void)snprintf(o->expected, sizeof o->expected, "%s", r->differences[0].expected);
        (void)snprintf(o->actual, sizeof o->actual, "%s", r->differences[0].actual);
    }
}

static outcome_t replay(const char *text)
{
    outcome_t o = {0};
    vtdpi_diags_t *diags = vtdpi_diags_new();
    assert_non_null(diags);
    (void)vtdpi_conform_text(text, strlen(text), "vector", take, &o, diags);
    if (vtdpi_diags_count(diags) > 0) {
        (void)snprintf(o.message, sizeof o.message, "%s", vtdpi_diags_at(diags, 0)->message);
    }
    vtdpi_diags_free(diags);
    return o;
}

/** The first vector of [path] that has [mark] and [from] and does not differ, with [to] for the
 * first [from] after [mark]. */
static outcome_t replaced(const char *path, const char *mark, const char *from, const char *to)
{
    static char text[TEXT_BYTES];
    vectors_t vectors;
    outcome_t o = {0};
    vectors_read(&vectors, path);
    for (size_t i = 0; i < vectors.count; i++) {
        const char *line = vectors.line[i];
        const char *marked = strstr(line, mark);
        const char *at = marked != NULL ? strstr(marked, from) : NULL;
        if (at == NULL || strlen(line) >= TEXT_BYTES / 2 || replay(line).field[0] != '\0') {
            continue;
        }
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - line), line, to,
                       at + strlen(from));
        o = replay(text);
        vectors_free(&vectors);
        return o;
    }
    fail_msg("no vector has %s and %s", mark, from);
    return o;
}

/* What a vector begins with has to be what the replay begins with. */
static void test_replay_beginning__of_another_kind__is_malformed(void **state)
{
    (void)state;

    static const struct {
        const char *path, *mark, *from, *to, *message;
    } rows[] = {
        {VECTORS_APIC, "\"family\":\"F1\"", "\"mode\":\"guest\"", "\"mode\":\"host\"",
         "mode: expected one of guest"},
        {VECTORS_APIC, "\"family\":\"F2\"", "\"mode\":\"host\"", "\"mode\":\"guest\"",
         "mode: expected one of host"},
        {VECTORS_APIC, "\"family\":\"F2\"", "\"pending\":0", "\"pending\":1",
         "pending: expected a whole number of 0 to 0"},
        {VECTORS_APIC, "\"kind\":\"virtual_uinv\"", "\"mode\":\"guest\"", "\"mode\":\"host\"",
         "mode: expected one of guest"},
        {VECTORS_REMAPPING, "\"modes\"", "\"table_entries\":", "\"table_entries\":1",
         "table_entries: expected"},
        {VECTORS_REMAPPING, "\"modes\"", "\"addr\":\"0xfee", "\"addr\":\"0xfef",
         "steps[0].addr: expected"},
        {VECTORS_REMAPPING, "\"seq_qi_recover\"", "\"offset\":\"0x30\"", "\"offset\":\"0x34\"",
         ".offset: expected a multiple of 16"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        outcome_t o = replaced(rows[i].path, rows[i].mark, rows[i].from, rows[i].to);
        if (o.results != 0 || strstr(o.message, rows[i].message) == NULL) {
            fail_msg("%s for %s: %u results, %s", rows[i].to, rows[i].from, o.results, o.message);
        }
    }
}

/* A value that each step records may not be left out. */
static void test_replay_recorded__left_out__is_malformed(void **state)
{
    (void)state;

    static const struct {
        const char *mark, *from, *to, *message;
    } rows[] = {
        {"\"expect\"", "\"fsts\":", "\"x\":", "expect[0].fsts: expected"},
        {"\"expect\"", "\"fault\":", "\"x\":", "expect[0].fault: expected"},
        {"\"expect\"", "\"blocked\":", "\"x\":", "expect[0].blocked: expected"},
        {"\"expect\"", "\"iqh\":", "\"x\":", ".iqh: expected"},
        {"\"expect\"", "\"iqt\":", "\"x\":", ".iqt: expected"},
        {"\"seq_event\"", "\"fectl\":", "\"x\":", ".fectl: expected"},
        {"\"seq_event\"", "\"ics\":", "\"x\":", ".ics: expected"},
        {"\"seq_event\"", "\"iectl\":", "\"x\":", ".iectl: expected"},
        {"\"expect\"", "\"mem\":{\"0x2100008\":", "\"mem\":{\"0x2100040\":", ".mem: expected"},
        {"\"expect\"", "\"mem\":", "\"x\":", ".mem: expected"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        outcome_t o = replaced(VECTORS_REMAPPING, rows[i].mark, rows[i].from, rows[i].to);
        if (o.results != 0 || strstr(o.message, rows[i].message) == NULL) {
            fail_msg("without %s: %u results, %s", rows[i].from, o.results, o.message);
        }
    }
}

/* What follows from the rest of a vector is compared with the model's, and so are texts. */
static void test_replay_derived__another_value__differs(void **state)
{
    (void)state;

    static const struct {
        const char *mark, *from, *to, *field;
        int step;
    } rows[] = {
        {"\"family\":\"F3\"", "\"ppr\":0,", "\"ppr\":1,", "ppr", -1},
        {"\"kind\":\"recognize\"", "\"pending\":0,", "\"pending\":1,", "pending", -1},
        {"\"mode\":\"xapic-flat\"", "\"dfr\":\"ffffffff\"", "\"dfr\":\"fffffffe\"", "dfr", -1},
        {"\"mode\":\"xapic-cluster\"", "\"dfr\":\"0fffffff\"", "\"dfr\":\"1fffffff\"", "dfr", -1},
        {"\"kind\":\"virtual_uinv\"", "\"st\":{\"mode\":\"guest\"", "\"st\":{\"mode\":\"host\"",
         "mode", 0},
        {"\"kind\":\"virtual_uinv\"",
         "\"act\":\"active\",\"lapic_irr\":[],\"lapic_isr\":[]},\"ust\"",
         "\"act\":\"hlt\",\"lapic_irr\":[],\"lapic_isr\":[]},\"ust\"", "act", 0},
        {"\"family\":\"F2\"", "\"st\":{\"mode\":\"guest\"", "\"st\":{\"mode\":\"host\"", "mode", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        outcome_t o = replaced(VECTORS_APIC, rows[i].mark, rows[i].from, rows[i].to);
        if (strcmp(o.field, rows[i].field) != 0 || o.step != rows[i].step) {
            fail_msg("%s for %s: step %d, field %s, %s", rows[i].to, rows[i].from, o.step, o.field,
                     o.message);
        }
    }
}

/* Messages of another number, and a record where there is none, are told as a whole. */
static void test_replay_lists__of_another_length__are_told(void **state)
{
    (void)state;
    outcome_t o = replaced(VECTORS_REMAPPING, "\"ire_off_plain\"", "\"delivered\":[{",
                           "\"delivered\":[],\"x\":[{");
    assert_string_equal(o.field, "delivered");
    assert_string_equal(o.expected, "[]");
    assert_non_null(strstr(o.actual, "[{\"vector\":"));
    o = replaced(VECTORS_REMAPPING, "\"modes\"", "\"events\":[]",
                 "\"events\":[{\"vector\":33,\"dest\":\"0x00000001\"}]");
    assert_string_equal(o.field, "events");
    assert_string_equal(o.expected, "[{\"vector\":33,\"dest\":\"0x00000001\"}]");
    assert_string_equal(o.actual, "[]");
    o = replaced(VECTORS_REMAPPING, "\"svt0\"", "\"fault\":null",
                 "\"fault\":{\"reason\":\"0x22\"}");
    assert_string_equal(o.field, "fault");
    assert_string_equal(o.expected, "{\"reason\":\"0x22\"}");
    assert_string_equal(o.actual, "null");
    o = replaced(VECTORS_REMAPPING, "\"table_unreachable\"", "\"fault\":{",
                 "\"fault\":null,\"x\":{");
    assert_string_equal(o.field, "fault");
    assert_string_equal(o.expected, "null");
    assert_non_null(strstr(o.actual, "{\"reason\":\"0x23\",\"sid\":\"0x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay_beginning__of_another_kind__is_malformed),
        cmocka_unit_test(test_replay_recorded__left_out__is_malformed),
        cmocka_unit_test(test_replay_derived__another_value__differs),
        cmocka_unit_test(test_replay_lists__of_another_length__are_told),
    };
    return cmocka_run_group_tests_name("conform_replays", tests, NULL, NULL);
}

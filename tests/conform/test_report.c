/* A vector's report: comparisons, what is suspect, rows of the tables. */
#include "cmocka_all.h"
#include "conform/exceptions.h"
#include "conform/out.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    json_t *vector;
    conform_out_t out;
} fixture_t;

static int setup(void **state)
{
    *state = calloc(1, sizeof(fixture_t));
    return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    json_decref(((fixture_t *)*state)->vector);
    free(*state);
    return 0;
}

static void take(fixture_t *f, const char *text)
{
    json_decref(f->vector);
    f->vector = json_loads(text, 0, NULL);
    assert_non_null(f->vector);
    conform_out_take(&f->out, f->vector, "no such group");
    conform_suspect_read(&f->out);
    conform_out_start(&f->out, 0);
}

static void assert_difference(const fixture_t *f, unsigned i, const char *field,
                              const char *expected, const char *actual)
{
    assert_true(i < f->out.count);
    assert_string_equal(f->out.difference[i].field, field);
    assert_string_equal(f->out.difference[i].expected, expected);
    assert_string_equal(f->out.difference[i].actual, actual);
}

/* What is equal leaves no trace; what differs is written as the vector writes it. */
static void test_report_same__texts_of_differences(void **state)
{
    fixture_t *f = *state;
    const uint64_t none[VTDPI_VECTOR_WORDS] = {0}, some[VTDPI_VECTOR_WORDS] = {8, 0, 0, 1};
    take(f, "{\"e\": [{\"ev\": \"pi\", \"n\": 1}]}");
    conform_out_t *out = &f->out;
    assert_true(conform_same(out, 0, "a", 7, 7));
    assert_true(conform_same_hex(out, 0, "b", 7, 7, 8));
    assert_true(conform_same_set(out, 0, "c", some, some));
    assert_true(conform_same_text(out, 0, "d", "hlt", "hlt"));
    assert_true(conform_same_json(out, 0, "e", json_object_get(f->vector, "e"),
                                  json_loads("[{\"n\": 1, \"ev\": \"pi\"}]", 0, NULL)));
    assert_int_equal(out->count, 0);
    assert_false(conform_same(out, 2, "a", 7, 12));
    assert_false(conform_same_hex(out, 2, "b", 7, 12, 8));
    assert_false(conform_same_set(out, 2, "c", none, some));
    assert_false(conform_same_vectors(out, 2, "l", none, some));
    assert_false(conform_same_text(out, 2, "d", "hlt", "active"));
    assert_false(conform_same_json(out, 2, "e", json_object_get(f->vector, "e"), json_array()));
    assert_int_equal(out->unexplained, 6);
    assert_int_equal(out->difference[0].step, 2);
    assert_difference(f, 0, "a", "7", "12");
    assert_difference(f, 1, "b", "00000007", "0000000c");
    assert_difference(f, 2, "c", "0000000000000000000000000000000000000000000000000000000000000000",
                      "0000000000000001000000000000000000000000000000000000000000000008");
    assert_difference(f, 3, "l", "[]", "[3,192]");
    assert_difference(f, 4, "d", "hlt", "active");
    assert_difference(f, 5, "e", "[{\"ev\":\"pi\",\"n\":1}]", "[]");
}

/* Differences beyond the room are counted; long texts are cut, and never break a terminal. */
static void test_report_room__counted_and_cut(void **state)
{
    fixture_t *f = *state;
    char text[CONFORM_VALUE_BYTES + 2];
    take(f, "{}");
    memset(text, 'x', sizeof text);
    text[1] = '\033';
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < VTDPI_CONFORM_DIFFERENCES + 3; i++) {
        conform_differs(&f->out, i, "field", text, "y\n");
    }
    assert_int_equal(f->out.count, VTDPI_CONFORM_DIFFERENCES);
    assert_int_equal(f->out.left_out, 3);
    assert_int_equal(f->out.unexplained, VTDPI_CONFORM_DIFFERENCES + 3);
    assert_int_equal(strlen(f->out.difference[0].expected), CONFORM_VALUE_BYTES - 1);
    assert_memory_equal(f->out.difference[0].expected, "x?xx", 4);
    assert_non_null(strstr(f->out.difference[0].expected, "x..."));
    assert_string_equal(f->out.difference[0].actual, "y?");
}

/* All 256 vectors as a list do not fit: the list is cut and closed. */
static void test_report_vectors__all(void **state)
{
    fixture_t *f = *state;
    const uint64_t none[VTDPI_VECTOR_WORDS] = {0};
    const uint64_t all[VTDPI_VECTOR_WORDS] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    take(f, "{}");
    assert_false(conform_same_vectors(&f->out, 0, "l", all, none));
    size_t length = strlen(f->out.difference[0].expected);
    assert_true(length < CONFORM_VALUE_BYTES);
    assert_int_equal(f->out.difference[0].expected[length - 1], ']');
}

/* Suspect with kinds: one step for all; differences before it stay unexplained. */
static void test_report_suspect_kinds__from_step(void **state)
{
    fixture_t *f = *state;
    take(f,
         "{\"suspect\": \"a: x || b: y\", \"suspect_kinds\": [\"stale-cache\", \"svt-reserved\"], "
         "\"suspect_from_step\": 2}");
    assert_false(conform_malformed(&f->out));
    assert_int_equal(conform_suspect(&f->out)->from_step, 2);
    assert_int_equal(conform_suspect(&f->out)->count, 2);
    assert_true(conform_suspect_of(&f->out, "svt-reserved"));
    assert_false(conform_suspect_of(&f->out, "sv"));
    conform_differs(&f->out, 2, "fsts", "0", "2");
    assert_int_equal(f->out.unexplained, 0);
    assert_int_equal(f->out.suspected, 1);
    assert_true(f->out.difference[0].suspect);
    conform_differs(&f->out, 1, "fsts", "0", "2");
    assert_int_equal(f->out.unexplained, 1);
    assert_int_equal(f->out.first_step, 1);
    assert_false(f->out.difference[1].suspect);
}

/* Suspect with codes: the first of several steps, and the value of the specification there. */
static void test_report_suspect_codes__says(void **state)
{
    fixture_t *f = *state;
    static const char text[] =
        "{\"suspect\": \"R4-if0: x | R2-rvi: y\", \"suspect_at\": [3, 5], \"sdm_says\": "
        "[{\"field\": \"ev\", \"value\": [{\"ev\": \"pi\", \"n\": 1}]}, "
        "{\"field\": \"rvi\", \"value\": 4}]}";
    take(f, text);
    assert_int_equal(conform_suspect(&f->out)->from_step, 3);
    assert_true(conform_suspect_of(&f->out, "R4"));
    assert_string_equal(conform_suspect(&f->out)->because[1].kind, "R2-rvi");
    assert_int_equal(f->out.says, VTDPI_CONFORM_SAYS_OTHER);
    conform_differs(&f->out, 4, "ev", "[]", "[{\"n\":1,\"ev\":\"pi\"}]");
    assert_int_equal(f->out.says, VTDPI_CONFORM_SAYS_OTHER);
    conform_differs(&f->out, 3, "ev", "[]", "[{\"n\":1,\"ev\":\"pi\"}]");
    assert_int_equal(f->out.says, VTDPI_CONFORM_SAYS_SAME);
    take(f,
         "{\"suspect\": \"R12-tmr: x\", \"suspect_at\": [0], \"sdm_says\": [{\"field\": \"tmr\", "
         "\"value\": \"08\"}]}");
    assert_false(conform_suspect_of(&f->out, "R1"));
    conform_differs(&f->out, 0, "tmr", "00", "08");
    assert_int_equal(f->out.says, VTDPI_CONFORM_SAYS_SAME);
}

/* A suspect vector that names no step is suspect as a whole. */
static void test_report_suspect_without_step__all(void **state)
{
    fixture_t *f = *state;
    take(f, "{\"suspect\": \"R17-vuinv: x\"}");
    assert_int_equal(conform_suspect(&f->out)->from_step, CONFORM_EVERY_STEP);
    conform_differs(&f->out, CONFORM_EVERY_STEP, "accepted", "[0]", "[1]");
    conform_differs(&f->out, 0, "st", "0", "1");
    assert_int_equal(f->out.unexplained, 0);
    assert_int_equal(f->out.says, VTDPI_CONFORM_SAYS_NOTHING);
    take(f, "{}");
    assert_int_equal(conform_suspect(&f->out)->from_step, INT_MAX);
    conform_differs(&f->out, CONFORM_EVERY_STEP, "accepted", "[0]", "[1]");
    assert_int_equal(f->out.unexplained, 1);
}

/* One reason more than there is room for. */
static const char nine_kinds[] =
    "{\"suspect\": \"a\", \"suspect_from_step\": 0, \"suspect_kinds\": "
    "[\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\"]}";

/* Suspect information of the wrong kind is malformed. */
static void test_report_suspect__malformed(void **state)
{
    fixture_t *f = *state;
    static const char *const wrong[] = {
        "{\"suspect\": 1}",
        "{\"suspect\": \"a\", \"suspect_kinds\": \"a\", \"suspect_from_step\": 0}",
        "{\"suspect\": \"a\", \"suspect_kinds\": [1], \"suspect_from_step\": 0}",
        "{\"suspect\": \"a\", \"suspect_kinds\": [\"a\"]}",
        "{\"suspect\": \"a\", \"suspect_kinds\": [\"a\"], \"suspect_from_step\": -1}",
        nine_kinds,
        "{\"suspect\": \"a | b | c | d | e | f | g | h | i\"}",
        "{\"suspect\": \"a\", \"suspect_at\": [\"0\"]}",
        "{\"suspect\": \"a | b\", \"suspect_at\": [0]}",
        "{\"suspect\": \"a\", \"suspect_at\": 0}",
        "{\"suspect\": \"a\", \"sdm_says\": {}}",
        "{\"suspect\": \"a\", \"sdm_says\": [1]}",
        "{\"suspect\": \"a\", \"sdm_says\": [{\"field\": \"ev\"}]}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        take(f, wrong[i]);
        if (!conform_malformed(&f->out)) {
            fail_msg("taken: %s", wrong[i]);
        }
    }
}

/* A replay asks for a setting that is on in it. */
static void test_report_setting__a_bit(void **state)
{
    fixture_t *f = *state;
    take(f, "{}");
    assert_false(conform_setting(&f->out, CONFORM_FAULT_COLLAPSE));
    conform_out_start(&f->out, CONFORM_FAULT_COLLAPSE | CONFORM_QUEUE_WAITS);
    assert_true(conform_setting(&f->out, CONFORM_FAULT_COLLAPSE));
    assert_false(conform_setting(&f->out, CONFORM_RESERVED_FIRST));
    assert_true(conform_setting(&f->out, CONFORM_QUEUE_WAITS));
}

static bool group_matches(const char *pattern)
{
    const char *name;
    for (unsigned i = 0; (name = vtdpi_conform_group_name(i)) != NULL; i++) {
        if (fnmatch(pattern, name, 0) == 0) {
            return true;
        }
    }
    return false;
}

/* Each exception is of a group that exists, and its clause names a manual and a section. */
static void test_report_exceptions__rows(void **state)
{
    (void)state;

    static const struct {
        const char *groups, *fields, *clause;
        unsigned settings;
    } rows[] = {

#define CONFORM_EXCEPTION(groups, condition, fields, settings, clause)                             \
    {groups, fields, clause, settings},
#include "conform/exceptions.def"
#undef CONFORM_EXCEPTION
        {"*", "*", "VT-d, none: none", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool manual =
            strncmp(rows[i].clause, "VT-d", 4) == 0 || strncmp(rows[i].clause, "SDM", 3) == 0;
        if (!group_matches(rows[i].groups) || rows[i].fields[0] == '\0' || !manual ||
            strchr(rows[i].clause, ':') == NULL) {
            fail_msg("row %zu: %s, %s", i, rows[i].groups, rows[i].clause);
        }
    }
    assert_true(conform_always(NULL, 0));
}

/* Names of groups are different, and each has a line of what it shows; verdicts have names. */
static void test_report_names__groups_and_verdicts(void **state)
{
    (void)state;
    unsigned count = vtdpi_conform_group_count();
    for (unsigned i = 0; i < count; i++) {
        assert_true(strlen(vtdpi_conform_group_doc(i)) > 10);
        for (unsigned k = 0; k < i; k++) {
            assert_string_not_equal(vtdpi_conform_group_name(i), vtdpi_conform_group_name(k));
        }
    }
    assert_null(vtdpi_conform_group_name(count));
    assert_null(vtdpi_conform_group_doc(count));
    assert_string_equal(vtdpi_conform_verdict_name(VTDPI_CONFORM_SKIPPED), "skipped");
    assert_null(vtdpi_conform_verdict_name(VTDPI_CONFORM_VERDICTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_report_same__texts_of_differences, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_room__counted_and_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_vectors__all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_suspect_kinds__from_step, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_suspect_codes__says, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_suspect_without_step__all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_suspect__malformed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_setting__a_bit, setup, teardown),
        cmocka_unit_test(test_report_exceptions__rows),
        cmocka_unit_test(test_report_names__groups_and_verdicts),
    };
    return cmocka_run_group_tests_name("conform_report", tests, NULL, NULL);
}

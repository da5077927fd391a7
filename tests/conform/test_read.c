/* Readers of a vector's values: what is right is read, anything else makes the vector malformed. */
#include "cmocka_all.h"
#include "conform/out.h"

#include <stdlib.h>
#include <string.h>

/** A vector in the hands of a replay. */
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

/** Takes {"k": [value]}; no [value]: {}. */
static const json_t *take(fixture_t *f, const char *value)
{
    json_decref(f->vector);
    f->vector = json_object();
    if (value != NULL) {
        json_t *decoded = json_loads(value, JSON_DECODE_ANY, NULL);
        assert_non_null(decoded);
        assert_int_equal(json_object_set_new(f->vector, "k", decoded), 0);
    }
    conform_out_take(&f->out, f->vector, "a group");
    conform_out_start(&f->out, 0);
    return f->vector;
}

static void assert_good(const fixture_t *f)
{
    if (conform_malformed(&f->out)) {
        fail_msg("malformed: %s", f->out.message);
    }
}

static void assert_refused(const fixture_t *f, const char *message)
{
    assert_true(conform_malformed(&f->out));
    assert_string_equal(f->out.message, message);
}

/* A number is whole, not negative, and at most what the reader allows. */
static void test_read_number__bounds(void **state)
{
    fixture_t *f = *state;
    static const char *const wrong[] = {
        "-1", "256", "1.0", "\"1\"", "null", "true", "[1]", "{}", "9223372036854775807"};
    assert_int_equal(conform_number(&f->out, take(f, "0"), "k", 255), 0);
    assert_int_equal(conform_number(&f->out, take(f, "255"), "k", 255), 255);
    assert_good(f);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(conform_number(&f->out, take(f, wrong[i]), "k", 255), 0);
        assert_refused(f, "k: expected a whole number of 0 to 255");
    }
    assert_int_equal(conform_number(&f->out, take(f, NULL), "k", 1), 0);
    assert_refused(f, "k: expected a whole number of 0 to 1");
}

/* A flag is 0, 1, false or true. */
static void test_read_flag__four_values(void **state)
{
    fixture_t *f = *state;
    static const char *const wrong[] = {"2", "-1", "1.0", "\"true\"", "null"};
    assert_true(conform_flag(&f->out, take(f, "1"), "k"));
    assert_true(conform_flag(&f->out, take(f, "true"), "k"));
    assert_good(f);
    assert_false(conform_flag(&f->out, take(f, "0"), "k"));
    assert_false(conform_flag(&f->out, take(f, "false"), "k"));
    assert_good(f);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(conform_flag(&f->out, take(f, wrong[i]), "k"));
        assert_refused(f, "k: expected 0, 1, true or false");
    }
}

/* A hexadecimal text may have 0x in front; its value, not its length, has to fit. */
static void test_read_hex__prefix_and_width(void **state)
{
    fixture_t *f = *state;
    static const char *const wrong[] = {
        "\"\"",   "\"0x\"", "\"100\"",   "\"0xfg\"", "\"-1\"",
        "\" 1\"", "12",     "\"0x0x1\"", "null",     "\"00000000000000001\""};
    assert_int_equal(conform_hex(&f->out, take(f, "\"0xfF\""), "k", 8), 0xff);
    assert_int_equal(conform_hex(&f->out, take(f, "\"00a0\""), "k", 8), 0xa0);
    assert_good(f);
    assert_true(conform_hex(&f->out, take(f, "\"ffffffffffffffff\""), "k", 64) == UINT64_MAX);
    assert_good(f);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(conform_hex(&f->out, take(f, wrong[i]), "k", 8), 0);
        assert_refused(f, "k: expected a hexadecimal text of at most 8 bits");
    }
}

/* A set is 64 digits, most significant first: the last digit holds vectors 0 to 3. */
static void test_read_set__vector_is_bit(void **state)
{
    fixture_t *f = *state;
    uint64_t set[VTDPI_VECTOR_WORDS] = {1, 1, 1, 1};
    conform_set(&f->out,
                take(f, "\"8000000000000000000000000000000000000000000000010000000000000002\""),
                "k", set);
    assert_good(f);
    assert_true(vtdpi_set_has(set, 255) && vtdpi_set_has(set, 64) && vtdpi_set_has(set, 1));
    assert_true(set[0] == 2 && set[1] == 1 && set[2] == 0 && set[3] == UINT64_C(1) << 63);
    static const char *const wrong[] = {
        "\"\"",
        "12",
        "null",
        "\"800000000000000000000000000000000000000000000001000000000000002\"",
        "\"g000000000000000000000000000000000000000000000010000000000000002\"",
        "\"80000000000000000000000000000000000000000000000100000000000000020\""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        conform_set(&f->out, take(f, wrong[i]), "k", set);
        assert_refused(f, "k: expected 64 hexadecimal digits");
        assert_true((set[0] | set[1] | set[2] | set[3]) == 0);
    }
}

/* Vectors are a list of different numbers below 256. */
static void test_read_vectors__different_and_in_range(void **state)
{
    fixture_t *f = *state;
    uint64_t set[VTDPI_VECTOR_WORDS];
    conform_vectors(&f->out, take(f, "[255, 3]"), "k", set);
    assert_good(f);
    assert_true(set[0] == 8 && set[3] == UINT64_C(1) << 63);
    conform_vectors(&f->out, take(f, "[3, 3]"), "k", set);
    assert_refused(f, "k: expected different vectors");
    conform_vectors(&f->out, take(f, "[256]"), "k", set);
    assert_refused(f, "k: expected a whole number of 0 to 255");
    conform_vectors(&f->out, take(f, "{}"), "k", set);
    assert_refused(f, "k: expected a list");
}

/* Texts, lists, objects and choices. */
static void test_read_other_kinds(void **state)
{
    fixture_t *f = *state;
    static const char *const names[] = {"edge", "level"};
    assert_string_equal(conform_text(&f->out, take(f, "\"A\""), "k"), "A");
    assert_non_null(conform_list_of(&f->out, take(f, "[1, 2]"), "k", 2));
    assert_non_null(conform_object(&f->out, take(f, "{}"), "k"));
    assert_int_equal(conform_choice(&f->out, take(f, "\"level\""), "k", names, 2), 1);
    assert_good(f);
    assert_string_equal(conform_text(&f->out, take(f, "1"), "k"), "");
    assert_refused(f, "k: expected a text");
    assert_null(conform_list_of(&f->out, take(f, "[1, 2, 3]"), "k", 2));
    assert_refused(f, "k: expected a list of length 2");
    assert_null(conform_object(&f->out, take(f, "[]"), "k"));
    assert_refused(f, "k: expected an object");
    assert_int_equal(conform_choice(&f->out, take(f, "\"both\""), "k", names, 2), 0);
    assert_refused(f, "k: expected one of edge, level");
    assert_false(conform_has(take(f, "null"), "k"));
    assert_false(conform_has(take(f, NULL), "k"));
    assert_true(conform_has(take(f, "0"), "k"));
}

/* A message says where: the element of a list that the replay is at. The first message counts. */
static void test_read_message__place_and_first(void **state)
{
    fixture_t *f = *state;
    (void)take(f, "{}");
    conform_at(&f->out, "steps", 3);
    (void)conform_number(&f->out, json_object_get(f->vector, "k"), "vector", 255);
    (void)conform_text(&f->out, f->vector, "k");
    assert_refused(f, "steps[3].vector: expected a whole number of 0 to 255");
}

/* A reader takes a container that an earlier reader did not find. */
static void test_read_nothing__malformed(void **state)
{
    fixture_t *f = *state;
    uint64_t set[VTDPI_VECTOR_WORDS];
    (void)take(f, NULL);
    const json_t *none = conform_object(&f->out, f->vector, "k");
    assert_null(none);
    assert_int_equal(conform_hex(&f->out, none, "a", 64), 0);
    conform_set(&f->out, none, "b", set);
    assert_null(conform_list(&f->out, none, "c"));
    assert_false(conform_has(none, "d"));
    assert_refused(f, "k: expected an object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read_number__bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_flag__four_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_hex__prefix_and_width, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_set__vector_is_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_vectors__different_and_in_range, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_other_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_message__place_and_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_nothing__malformed, setup, teardown),
    };
    return cmocka_run_group_tests_name("conform_read", tests, NULL, NULL);
}

/* The limits of a file, on both sides where the last allowed is cheap: nothing grows without bound.
 */
#include "scenario/node.h"
#include "scenario/resolve.h"
#include "scenario/scenario_cases.h"

#include <inttypes.h>

#define VMS "vms: [{name: guest, vcpus: [{}]}]\n"

/* A text that is put together in memory. */
typedef struct {
    FILE *out;
    char *text;
    size_t length;
} text_t;

static text_t *text_start(void)
{
    text_t *text = calloc(1, sizeof *text);
    assert_non_null(text);
    text->out = open_memstream(&text->text, &text->length);
    assert_non_null(text->out);
    return text;
}

/* Reads the text and compares the first diagnostic; NULL: must be accepted. */
static void text_expect(text_t *text, const char *expected)
{
    assert_int_equal(fclose(text->out), 0);
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_scenario_t *scenario = NULL;
    vtdpi_err_t err =
        vtdpi_scenario_read_text(text->text, text->length, "f.yaml", diags, &scenario);
    char printed[CASE_TEXT] = "";
    if (vtdpi_diags_count(diags) > 0) {
        case_print(vtdpi_diags_at(diags, 0), printed);
    }
    assert_string_equal(printed, expected == NULL ? "" : expected);
    assert_int_equal(err, expected == NULL ? VTDPI_OK : VTDPI_ERR_INPUT);
    vtdpi_scenario_free(scenario);
    vtdpi_diags_free(diags);
    free(text->text);
    free(text);
}

static void repeat(FILE *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        (void)fputs(text, out);
    }
}

static text_t *comment_file(size_t size)
{
    text_t *text = text_start();
    (void)fputs(VMS "#", text->out);
    repeat(text->out, "x", size - strlen(VMS "#"));
    return text;
}

static void test_scenario__file_of_16_mib__last_size_and_first_beyond(void **state)
{
    (void)state;
    text_expect(comment_file(VTDPI_YAML_BYTES_MAX), NULL);
    text_expect(comment_file(VTDPI_YAML_BYTES_MAX + 1),
                "f.yaml: too large (expected at most 16 MiB)");
}

static text_t *nested_repeats(size_t lists)
{
    text_t *text = text_start();
    (void)fputs("vms: [{name: guest, vcpus: [{program: ", text->out);
    repeat(text->out, "[{repeat: {times: 2, steps: ", lists);
    (void)fputs("[{cli: }]", text->out);
    repeat(text->out, "}}]", lists);
    (void)fputs("}]}]\n", text->out);
    return text;
}

/* A repeat takes three levels; a program begins on the sixth. */
static void test_scenario__nested_repeats__five_and_six(void **state)
{
    (void)state;
    text_expect(nested_repeats(5), NULL);
    text_expect(nested_repeats(6), "f.yaml:1:208: nested too deeply (expected at most 24 levels)");
}

static void test_scenario__deep_nesting__refused_at_the_25th_level(void **state)
{
    text_t *text = text_start();
    (void)state;
    (void)fputs("a: ", text->out);
    repeat(text->out, "[", 100000);
    text_expect(text, "f.yaml:1:27: nested too deeply (expected at most 24 levels)");
}

/* Ten aliases of ten aliases of …: small on disk, vast when expanded. */
static void test_scenario__billion_laughs__refused_before_it_grows(void **state)
{
    text_t *text = text_start();
    (void)state;
    (void)fputs("a: &a0 [x, x, x, x, x, x, x, x, x, x]\n", text->out);
    for (int i = 1; i < 10; i++) {
        (void)fprintf(text->out, "b%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++) {
            (void)fprintf(text->out, "%s*a%d", k == 0 ? "" : ", ", i - 1);
        }
        (void)fputs("]\n", text->out);
    }
    text_expect(text, "f.yaml:6:45: too many values (expected at most 1000000, aliases expanded)");
}

static text_t *alias_file(size_t count)
{
    text_t *text = text_start();
    (void)fputs("vms: [{name: guest, vcpus: [{program: [{repeat: {times: 2, steps: [&s {cli: }",
                text->out);
    repeat(text->out, ", *s", count / 2 - 1);
    (void)fputs("]}}, *s, {repeat: {times: 2, steps: [*s", text->out);
    repeat(text->out, ", *s", count - count / 2 - 1);
    (void)fputs("]}}]}]}]\n", text->out);
    return text;
}

static void test_scenario__aliases__thousand_and_one_more(void **state)
{
    (void)state;
    text_expect(alias_file(1000), NULL);
    text_expect(alias_file(1001), "f.yaml:1:4111: too many aliases (expected at most 1000)");
}

static void test_scenario__anchors__more_than_a_thousand__refused(void **state)
{
    text_t *text = text_start();
    (void)state;
    (void)fputs("a: [&a x", text->out);
    repeat(text->out, ", &a x", 1000);
    (void)fputs("]\n", text->out);
    text_expect(text, "f.yaml:1:6005: too many anchors (expected at most 1000)");
}

static void test_scenario__keys_of_one_map__more_than_256__refused(void **state)
{
    text_t *text = text_start();
    (void)state;
    for (int i = 0; i < 257; i++) {
        (void)fprintf(text->out, "k%d: 1\n", i);
    }
    text_expect(text, "f.yaml:257:1: too many keys in one map (expected at most 256)");
}

static void test_scenario__merged_keys__more_than_256__refused(void **state)
{
    text_t *text = text_start();
    (void)state;
    for (int map = 0; map < 2; map++) {
        (void)fprintf(text->out, "m%d: &m%d {", map, map);
        for (int i = 0; i < 200; i++) {
            (void)fprintf(text->out, "k%d_%d: 1, ", map, i);
        }
        (void)fputs("}\n", text->out);
    }
    (void)fputs("x: {<<: [*m0, *m1]}\n", text->out);
    text_expect(text, "f.yaml:3:4: too many keys in one map (expected at most 256)");
}

static void test_scenario__interrupts__more_than_4096__refused(void **state)
{
    text_t *text = text_start();
    (void)state;
    (void)fputs(VMS "devices:\n", text->out);
    for (int i = 0; i < 18; i++) {
        (void)fprintf(text->out,
                      "  - {name: d%d, requester: \"%02x:00.0\", interrupts: [{vector: 16, vcpu: "
                      "guest/0, count: 240}]}\n",
                      i, (unsigned)i);
    }
    text_expect(text, "f.yaml:20:12: too many interrupts (expected at most 4096 in a scenario)");
}

static text_t *step_file(const char *extra)
{
    text_t *text = text_start();
    (void)fputs("vms:\n  - name: guest\n    vcpus:\n      - program:\n", text->out);
    (void)fputs("          - &r {repeat: {times: 1, steps: [", text->out);
    repeat(text->out, "{cli: }, ", 1023);
    (void)fputs("]}}\n", text->out);
    repeat(text->out, "          - *r\n", 15);
    (void)fputs(extra, text->out);
    return text;
}

/* 16 times 1024 steps, each repeat counted too. */
static void test_scenario__steps_of_a_program__16384_and_one_more(void **state)
{
    (void)state;
    text_expect(step_file(""), NULL);
    text_expect(step_file("          - {cli: }\n"),
                "f.yaml:5:11: vms[].vcpus[].program: too many steps (expected at most 16384)");
}

static void test_scenario__more_than_100_errors__the_last_says_so(void **state)
{
    text_t *text = text_start();
    (void)state;
    (void)fputs(VMS, text->out);
    for (int i = 0; i < 150; i++) {
        (void)fprintf(text->out, "k%d: 1\n", i);
    }
    assert_int_equal(fclose(text->out), 0);
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_scenario_t *scenario = NULL;
    assert_int_equal(vtdpi_scenario_read_text(text->text, text->length, "f.yaml", diags, &scenario),
                     VTDPI_ERR_INPUT);
    assert_int_equal(vtdpi_diags_count(diags), VTDPI_DIAGS_MAX);
    assert_string_equal(vtdpi_diags_at(diags, VTDPI_DIAGS_MAX - 1)->message,
                        "too many errors; the rest is left out");
    vtdpi_diags_free(diags);
    free(text->text);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenario__file_of_16_mib__last_size_and_first_beyond),
        cmocka_unit_test(test_scenario__nested_repeats__five_and_six),
        cmocka_unit_test(test_scenario__deep_nesting__refused_at_the_25th_level),
        cmocka_unit_test(test_scenario__billion_laughs__refused_before_it_grows),
        cmocka_unit_test(test_scenario__aliases__thousand_and_one_more),
        cmocka_unit_test(test_scenario__anchors__more_than_a_thousand__refused),
        cmocka_unit_test(test_scenario__keys_of_one_map__more_than_256__refused),
        cmocka_unit_test(test_scenario__merged_keys__more_than_256__refused),
        cmocka_unit_test(test_scenario__interrupts__more_than_4096__refused),
        cmocka_unit_test(test_scenario__steps_of_a_program__16384_and_one_more),
        cmocka_unit_test(test_scenario__more_than_100_errors__the_last_says_so),
    };
    return cmocka_run_group_tests_name("scenario.limits", tests, NULL, NULL);
}

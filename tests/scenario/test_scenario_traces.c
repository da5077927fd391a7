/* Files that a scenario names: arrival traces (one time a line, ns, ascending) beside it, and the
 * scenario itself. */
#include "scenario/scenario_cases.h"
#include "scenario/trace.h"

#include <unistd.h>

enum { PATH_TEXT = 200, PS = 1000 };

static char folder[] = "/tmp/vtdpi-traces-XXXXXX";

static int folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int folder_remove(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void path_of(const char *name, char path[PATH_TEXT])
{
    (void)snprintf(path, PATH_TEXT, "%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
    char path[PATH_TEXT];
    path_of(name, path);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void take(const char *name)
{
    char path[PATH_TEXT];
    path_of(name, path);
    assert_int_equal(unlink(path), 0);
}

/* Reads a scenario with [arrivals] that stands in the folder. */
static vtdpi_scenario_t *read_beside(const char *arrivals, vtdpi_diags_t *diags)
{
    char text[CASE_TEXT];
    char path[PATH_TEXT];
    vtdpi_scenario_t *scenario = NULL;
    path_of("s.yaml", path);
    (void)snprintf(text, sizeof text,
                   "vms: [{name: g, vcpus: [{}]}]\ndevices:\n  - name: d\n    requester: "
                   "\"00:01.0\"\n    interrupts:\n"
                   "      - {vector: 0x41, vcpu: g/0, arrivals: {trace: {%s}}}\n",
                   arrivals);
    (void)vtdpi_scenario_read_text(text, strlen(text), path, diags, &scenario);
    return scenario;
}

static void accepted(const char *arrivals, const uint64_t *times_ns, size_t count)
{
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_scenario_t *scenario = read_beside(arrivals, diags);
    assert_int_equal(vtdpi_diags_count(diags), 0);
    assert_non_null(scenario);
    const vtdpi_arrivals_t *read = &scenario->interrupts[0].arrivals;
    assert_int_equal(read->kind, VTDPI_ARRIVE_LIST);
    assert_int_equal(read->times_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(read->times_ps[i], times_ns[i] * PS);
    }
    assert_string_equal(read->trace_file, "t.txt");
    vtdpi_scenario_free(scenario);
    vtdpi_diags_free(diags);
}

static void refused(const char *arrivals, const char *expected)
{
    vtdpi_diags_t *diags = vtdpi_diags_new();
    char text[CASE_TEXT] = "";
    assert_null(read_beside(arrivals, diags));
    assert_int_equal(vtdpi_diags_count(diags), 1);
    case_print(vtdpi_diags_at(diags, 0), text);
    assert_true(strncmp(text, folder, strlen(folder)) == 0);
    if (!case_matches(text + strlen(folder) + 1, expected)) {
        assert_string_equal(text + strlen(folder) + 1, expected);
    }
    vtdpi_diags_free(diags);
}

static void test_trace__comments_empty_lines_and_returns__are_skipped(void **state)
{
    static const uint64_t times[] = {0, 91964, 161081, 161081};
    (void)state;
    put("t.txt", "# recorded\n0\n\n91964\r\n161081\n161081");
    accepted("file: t.txt", times, 4);
    accepted("file: t.txt, limit: 2", times, 2);
    accepted("file: t.txt, limit: 9", times, 4);
    take("t.txt");
}

static void test_trace__wrong_line__is_named_with_file_and_line(void **state)
{
    (void)state;
    put("t.txt", "1\n2\nthree\n");
    refused("file: t.txt",
            "t.txt:3:1: \"three\" is no time (expected nanoseconds, ascending, one a line)");
    put("t.txt", "1\n\n5\n4\n");
    refused("file: t.txt", "t.txt:4:1: \"4\" is before the line in front of it (expected "
                           "nanoseconds, ascending, one a line)");
    put("t.txt", "1000000000000\n1000000000001\n");
    refused("file: t.txt", "t.txt:2:1: \"1000000000001\" is beyond 1000s (expected nanoseconds, "
                           "ascending, one a line)");
    take("t.txt");
}

static void test_trace__after_the_limit__is_not_looked_at(void **state)
{
    static const uint64_t times[] = {1, 2};
    (void)state;
    put("t.txt", "1\n2\nthree\n");
    accepted("file: t.txt, limit: 2", times, 2);
    take("t.txt");
}

/* An effective configuration has the times themselves and does not need the file. */
static void test_trace__times_given__file_is_not_opened(void **state)
{
    static const uint64_t times[] = {5, 6};
    (void)state;
    accepted("file: t.txt, times: [5ns, 6ns]", times, 2);
}

static void many_lines(size_t count)
{
    char path[PATH_TEXT];
    path_of("t.txt", path);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (size_t i = 0; i < count; i++) {
        (void)fputs("7\n", out);
    }
    assert_int_equal(fclose(out), 0);
}

static void test_trace__length__last_allowed_and_first_beyond(void **state)
{
    (void)state;
    many_lines(VTDPI_TRACE_TIMES_MAX);
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_scenario_t *scenario = read_beside("file: t.txt", diags);
    assert_non_null(scenario);
    assert_int_equal(scenario->interrupts[0].arrivals.times_count, VTDPI_TRACE_TIMES_MAX);
    vtdpi_scenario_free(scenario);
    vtdpi_diags_free(diags);
    many_lines(VTDPI_TRACE_TIMES_MAX + 1);
    refused("file: t.txt", "s.yaml:6:60: arrivals.trace.file: \"*/t.txt\" has more than 500000 "
                           "times (expected a \"limit\")");
    take("t.txt");
}

static void test_scenario_file__not_there__says_why(void **state)
{
    char path[PATH_TEXT];
    char text[CASE_TEXT] = "";
    vtdpi_scenario_t *scenario = NULL;
    (void)state;
    path_of("nowhere.yaml", path);
    vtdpi_diags_t *diags = vtdpi_diags_new();
    assert_int_equal(vtdpi_scenario_read_file(path, diags, &scenario), VTDPI_ERR_INPUT);
    assert_int_equal(vtdpi_scenario_read_file(folder, diags, &scenario), VTDPI_ERR_INPUT);
    assert_null(scenario);
    assert_int_equal(vtdpi_diags_count(diags), 2);
    case_print(vtdpi_diags_at(diags, 0), text);
    assert_true(case_matches(text, "*: not a regular file"));
    case_print(vtdpi_diags_at(diags, 1), text);
    assert_true(case_matches(text, "*/nowhere.yaml: no such file"));
    vtdpi_diags_free(diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace__comments_empty_lines_and_returns__are_skipped),
        cmocka_unit_test(test_trace__wrong_line__is_named_with_file_and_line),
        cmocka_unit_test(test_trace__after_the_limit__is_not_looked_at),
        cmocka_unit_test(test_trace__times_given__file_is_not_opened),
        cmocka_unit_test(test_trace__length__last_allowed_and_first_beyond),
        cmocka_unit_test(test_scenario_file__not_there__says_why),
    };
    return cmocka_run_group_tests_name("scenario.traces", tests, folder_make, folder_remove);
}

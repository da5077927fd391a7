/*
 * Tables of wrong files: each case is a text and the diagnostics that it must give, with exact
 * positions, in order.
 */
#ifndef VTDPI_TESTS_SCENARIO_CASES_H
#define VTDPI_TESTS_SCENARIO_CASES_H

#include "vtdpi/scenario_io.h"

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
/* clang-format on */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CASE_DIAGS_MAX = 4, CASES_MAX = 128, CASE_TEXT = 2048 };

/** A wrong file. */
typedef struct {
    const char *name;                 /**< test_scenario__SITUATION__refused */
    const char *text;                 /**< the file */
    const char *diag[CASE_DIAGS_MAX]; /**< what vtdpi_diag_write prints for each, in order */
} case_t;

/** What vtdpi_diag_write prints, in [text]. */
static inline void case_print(const vtdpi_diag_t *diag, char text[CASE_TEXT])
{
    FILE *out = fmemopen(text, CASE_TEXT, "w");
    assert_non_null(out);
    assert_int_equal(vtdpi_diag_write(diag, out), VTDPI_OK);
    assert_int_equal(fclose(out), 0);
}

/** Whether [text] is [pattern], where one * stands for a list that grows with a table. */
static inline bool case_matches(const char *text, const char *pattern)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL) {
        return strcmp(text, pattern) == 0;
    }
    size_t head = (size_t)(star - pattern);
    size_t tail = strlen(star + 1);
    size_t length = strlen(text);
    return length > head + tail && strncmp(text, pattern, head) == 0 &&
           strcmp(text + length - tail, star + 1) == 0;
}

/** Compares all diagnostics with those of the case. */
static inline void case_compare(const vtdpi_diags_t *diags,
                                const char *const expected[CASE_DIAGS_MAX])
{
    size_t count = 0;
    while (count < CASE_DIAGS_MAX && expected[count] != NULL) {
        count++;
    }
    for (size_t i = 0; i < vtdpi_diags_count(diags); i++) {
        char text[CASE_TEXT] = "";
        case_print(vtdpi_diags_at(diags, i), text);
        if (i >= count || !case_matches(text, expected[i])) {
            assert_string_equal(text, i < count ? expected[i] : "(nothing more)");
        }
    }
    assert_int_equal(vtdpi_diags_count(diags), count);
}

/** Reads the text of a case, which must be refused with its diagnostics. */
static inline void case_run(void **state)
{
    const case_t *wrong = *state;
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_scenario_t *scenario = NULL;
    assert_non_null(diags);
    assert_int_equal(
        vtdpi_scenario_read_text(wrong->text, strlen(wrong->text), "f.yaml", diags, &scenario),
        VTDPI_ERR_INPUT);
    assert_null(scenario);
    case_compare(diags, wrong->diag);
    vtdpi_diags_free(diags);
}

/** Runs all [count] cases as tests of one group. */
static inline int cases_run(const char *group, case_t *cases, size_t count)
{
    struct CMUnitTest tests[CASES_MAX];
    assert_true(count <= CASES_MAX);
    for (size_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){
            .name = cases[i].name, .test_func = case_run, .initial_state = &cases[i]};
    }
    return _cmocka_run_group_tests(group, tests, count, NULL, NULL);
}

#endif

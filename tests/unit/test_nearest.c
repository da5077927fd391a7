/* The nearest name: a suggestion for a misspelt name, and none where the guess would be wild. */
#include "scenario/nearest.h"

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* clang-format on */

static const char *nearest(const char *wanted)
{
    static const char *const names[] = {"duration", "drain_limit", "seed",      "vms",
                                        "kvm",      "kvm_5_17",    "skylake_sp"};
    vtdpi_nearest_t search = vtdpi_nearest_start(wanted);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        vtdpi_nearest_offer(&search, names[i]);
    }
    return search.best;
}

/* Insertion, removal, replacement and a swap of neighbours count 1 each. */
static void test_nearest__edit_distance__counts_four_kinds_of_slip(void **state)
{
    (void)state;
    assert_int_equal(vtdpi_edit_distance("", ""), 0);
    assert_int_equal(vtdpi_edit_distance("", "abc"), 3);
    assert_int_equal(vtdpi_edit_distance("abc", ""), 3);
    assert_int_equal(vtdpi_edit_distance("vector", "vectr"), 1);
    assert_int_equal(vtdpi_edit_distance("vectr", "vector"), 1);
    assert_int_equal(vtdpi_edit_distance("vextor", "vector"), 1);
    assert_int_equal(vtdpi_edit_distance("vcetor", "vector"), 1);
    assert_int_equal(vtdpi_edit_distance("kitten", "sitting"), 3);
}

static void test_nearest__slip__finds_the_name(void **state)
{
    (void)state;
    assert_string_equal(nearest("duraton"), "duration");
    assert_string_equal(nearest("drian_limit"), "drain_limit");
    assert_string_equal(nearest("sead"), "seed");
    assert_string_equal(nearest("kvm_5_71"), "kvm_5_17");
}

/* The start of a name is near, whatever is left out. */
static void test_nearest__start_of_a_name__finds_it(void **state)
{
    (void)state;
    assert_string_equal(nearest("skylake"), "skylake_sp");
    assert_null(nearest("sk"));
}

/* At most about a third of the letters (3 of 8), and 1 of a short name. */
static void test_nearest__far_name__finds_nothing(void **state)
{
    (void)state;
    assert_null(nearest("zzzz"));
    assert_null(nearest("xyz"));
    assert_null(nearest(""));
    assert_string_equal(nearest("vmz"), "vms");
    assert_string_equal(nearest("abcation"), "duration");
    assert_null(nearest("abcdtion"));
}

/* Names above 63 letters are not compared, on both sides of the limit. */
static void test_nearest__length__63_and_64(void **state)
{
    char a[65] = {0};
    char b[65] = {0};
    (void)state;
    for (size_t i = 0; i < 63; i++) {
        a[i] = b[i] = 'x';
    }
    b[62] = 'y';
    assert_int_equal(vtdpi_edit_distance(a, b), 1);
    a[63] = 'x';
    assert_int_equal(vtdpi_edit_distance(a, b), 64 + 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest__edit_distance__counts_four_kinds_of_slip),
        cmocka_unit_test(test_nearest__slip__finds_the_name),
        cmocka_unit_test(test_nearest__start_of_a_name__finds_it),
        cmocka_unit_test(test_nearest__far_name__finds_nothing),
        cmocka_unit_test(test_nearest__length__63_and_64),
    };
    return cmocka_run_group_tests_name("unit.nearest", tests, NULL, NULL);
}

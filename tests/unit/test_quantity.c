/* Numbers with units are exact, and a number without a unit is none (the scenario reference,
 * "Times"). */
#include "scenario/quantity.h"

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* clang-format on */

typedef struct {
    const char *text;
    vtdpi_quantity_kind_t kind;
    vtdpi_quantity_result_t result;
    uint64_t value;
    bool cycles;
} row_t;

static void check(const row_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        vtdpi_quantity_t quantity;
        assert_int_equal(vtdpi_quantity_parse(rows[i].text, rows[i].kind, &quantity),
                         rows[i].result);
        if (rows[i].result == VTDPI_QUANTITY_OK) {
            assert_int_equal(quantity.value, rows[i].value);
            assert_int_equal(quantity.cycles, rows[i].cycles);
        }
    }
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

/* Each unit is a power of ten over the base unit. */
static void test_quantity__each_unit__exact_in_base_units(void **state)
{
    static const row_t rows[] = {
        {"7ps", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_OK, 7, false},
        {"7ns", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_OK, 7000, false},
        {"7us", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_OK, 7000000, false},
        {"7ms", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_OK, 7000000000, false},
        {"7s", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_OK, 7000000000000, false},
        {"1200cyc", VTDPI_QUANTITY_SPAN, VTDPI_QUANTITY_OK, 1200, true},
        {"1200ns", VTDPI_QUANTITY_SPAN, VTDPI_QUANTITY_OK, 1200000, false},
        {"5Hz", VTDPI_QUANTITY_FREQUENCY, VTDPI_QUANTITY_OK, 5, false},
        {"5kHz", VTDPI_QUANTITY_FREQUENCY, VTDPI_QUANTITY_OK, 5000, false},
        {"5MHz", VTDPI_QUANTITY_FREQUENCY, VTDPI_QUANTITY_OK, 5000000, false},
        {"5GHz", VTDPI_QUANTITY_FREQUENCY, VTDPI_QUANTITY_OK, 5000000000, false},
    };
    (void)state;
    CHECK(rows);
}

/* Fractions are decimal, never rounded; a space before the unit is allowed. */
static void test_quantity__fraction__exact_or_refused(void **state)
{
    static const row_t rows[] = {
        {"2.3GHz", VTDPI_QUANTITY_FREQUENCY, VTDPI_QUANTITY_OK, 2300000000, false},
        {"0.1ns", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_OK, 100, false},
        {"1.500 us", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_OK, 1500000, false},
        {"0.001ns", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_OK, 1, false},
        {"0.0001ns", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_TOO_FINE, 0, false},
        {"0.5cyc", VTDPI_QUANTITY_SPAN, VTDPI_QUANTITY_TOO_FINE, 0, false},
        {"1.0cyc", VTDPI_QUANTITY_SPAN, VTDPI_QUANTITY_OK, 1, true},
    };
    (void)state;
    CHECK(rows);
}

/* What is no quantity says why. */
static void test_quantity__malformed__refused_with_the_reason(void **state)
{
    static const row_t rows[] = {
        {"", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_NOT_A_NUMBER, 0, false},
        {"us", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_NOT_A_NUMBER, 0, false},
        {"-1us", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_NOT_A_NUMBER, 0, false},
        {".5us", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_NOT_A_NUMBER, 0, false},
        {"10", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_NO_UNIT, 0, false},
        {"0", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_NO_UNIT, 0, false},
        {"10 ", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_NO_UNIT, 0, false},
        {"10cyc", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_WRONG_UNIT, 0, false},
        {"10us.", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_WRONG_UNIT, 0, false},
        {"1.us", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_WRONG_UNIT, 0, false},
        {"1e3us", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_WRONG_UNIT, 0, false},
        {"10Mhz", VTDPI_QUANTITY_FREQUENCY, VTDPI_QUANTITY_WRONG_UNIT, 0, false},
    };
    (void)state;
    CHECK(rows);
}

/* The limit of 64 bits, on both sides. */
static void test_quantity__limit_of_64_bits__last_value_and_first_beyond(void **state)
{
    static const row_t rows[] = {
        {"18446744073709551615ps", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_OK, UINT64_MAX, false},
        {"18446744073709551616ps", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_TOO_LARGE, 0, false},
        {"18446744s", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_OK, UINT64_C(18446744000000000000),
         false},
        {"18446745s", VTDPI_QUANTITY_TIME, VTDPI_QUANTITY_TOO_LARGE, 0, false},
    };
    (void)state;
    CHECK(rows);
}

/* What is written is read back as the same number, in the largest unit that keeps it whole. */
static void test_quantity__written__largest_whole_unit_and_reads_back(void **state)
{
    static const struct {
        vtdpi_quantity_kind_t kind;
        vtdpi_quantity_t quantity;
        const char *text;
    } rows[] = {
        {VTDPI_QUANTITY_TIME, {.value = 0}, "0ps"},
        {VTDPI_QUANTITY_TIME, {.value = 1001}, "1001ps"},
        {VTDPI_QUANTITY_TIME, {.value = 20000000}, "20us"},
        {VTDPI_QUANTITY_TIME, {.value = UINT64_C(3000000000000000)}, "3000s"},
        {VTDPI_QUANTITY_SPAN, {.value = 3000, .cycles = true}, "3000cyc"},
        {VTDPI_QUANTITY_SPAN, {.value = UINT64_C(5000000000000000)}, "5000s"},
        {VTDPI_QUANTITY_FREQUENCY, {.value = 2300000000}, "2300MHz"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[VTDPI_QUANTITY_TEXT];
        vtdpi_quantity_t back;
        vtdpi_quantity_format(rows[i].kind, rows[i].quantity, text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(vtdpi_quantity_parse(text, rows[i].kind, &back), VTDPI_QUANTITY_OK);
        assert_int_equal(back.value, rows[i].quantity.value);
        assert_int_equal(back.cycles, rows[i].quantity.cycles);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantity__each_unit__exact_in_base_units),
        cmocka_unit_test(test_quantity__fraction__exact_or_refused),
        cmocka_unit_test(test_quantity__malformed__refused_with_the_reason),
        cmocka_unit_test(test_quantity__limit_of_64_bits__last_value_and_first_beyond),
        cmocka_unit_test(test_quantity__written__largest_whole_unit_and_reads_back),
    };
    return cmocka_run_group_tests_name("unit.quantity", tests, NULL, NULL);
}

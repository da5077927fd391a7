/* Clock domains: edge k lies at floor(k * 10^12 / f) ps, never accumulated (design contract 12). */
#include "vtdpi/timed.h"

#include "cmocka_all.h"

__extension__ typedef unsigned __int128 wide_t;

static const uint64_t frequencies[] = {2100000000, 2300000000, 1800000000, 2000000000, 1000000,
                                       2394230000, 3333333000, 999999000,  5000000000};

enum { FREQUENCIES = (int)(sizeof frequencies / sizeof frequencies[0]) };

static uint64_t exact(uint64_t k, uint64_t hz)
{
    return (uint64_t)((wide_t)k * UINT64_C(1000000000000) / hz);
}

/* A few edges near 0, near a day, and strewn between. */
static uint64_t sample(unsigned i)
{
    return i < 5000 ? i : (uint64_t)i * i * 40503U;
}

static void test_clock__any_edge__is_the_exact_quotient(void **state)
{
    (void)state;
    for (unsigned f = 0; f < FREQUENCIES; f++) {
        vtdpi_clock_t clock;
        vtdpi_clock_make(&clock, frequencies[f]);
        for (unsigned i = 0; i < 20000; i++) {
            uint64_t k = sample(i);
            assert_int_equal(vtdpi_clock_edge(&clock, k), exact(k, frequencies[f]));
        }
    }
}

/* At a time t the edge found is the first at or after t: it is, and the one before is not. */
static void test_clock__any_time__finds_the_first_edge_not_before(void **state)
{
    (void)state;
    for (unsigned f = 0; f < FREQUENCIES; f++) {
        vtdpi_clock_t clock;
        vtdpi_clock_make(&clock, frequencies[f]);
        for (unsigned i = 0; i < 20000; i++) {
            uint64_t ps = sample(i) + (i % 7);
            uint64_t k = vtdpi_clock_at_or_after(&clock, ps);
            assert_true(exact(k, frequencies[f]) >= ps);
            assert_true(k == 0 || exact(k - 1, frequencies[f]) < ps);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock__any_edge__is_the_exact_quotient),
        cmocka_unit_test(test_clock__any_time__finds_the_first_edge_not_before),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}

/* Order and bins: what percentiles and histograms stand on. */
#include "vtdpi/plot.h"

#include "plot/bins.h"
#include "specimen.h"
#include "stats/stats.h"

/** A small generator (splitmix64); the seed is fixed. */
static uint64_t next(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int order(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* The radix sort gives what qsort gives, for numbers of every width and for every small count. */
static void test_sort__random_numbers__as_qsort(void **state)
{
    (void)state;

    enum { MOST = 3000 };

    static uint64_t ours[MOST], theirs[MOST], scratch[MOST];
    uint64_t seed = 1;
    for (unsigned width = 1; width <= 64; width += 7) {
        for (size_t count = 0; count <= MOST; count = count < 5 ? count + 1 : count * 7) {
            for (size_t i = 0; i < count; i++) {
                ours[i] = theirs[i] = next(&seed) & vtdpi_mask(width);
            }
            vtdpi_sort_u64(ours, scratch, count);
            qsort(theirs, count, sizeof theirs[0], order);
            if (count > 0) {
                assert_memory_equal(ours, theirs, count * sizeof ours[0]);
            }
        }
    }
}

/* Nearest rank, by its definition: the smallest member with at least p of all members not above it.
 */
static void test_nearest_rank__every_count__by_definition(void **state)
{
    (void)state;
    static const unsigned permille[] = {1, 500, 900, 990, 999, 1000};

    enum { MOST = 1203 };

    static uint64_t numbers[MOST];
    for (size_t i = 0; i < MOST; i++) {
        numbers[i] = i / 3; /* with repetitions */
    }
    for (size_t count = 1; count <= MOST; count++) {
        for (size_t p = 0; p < sizeof permille / sizeof permille[0]; p++) {
            uint64_t value = vtdpi_nearest_rank(numbers, count, permille[p]);
            size_t below = 0, upto = 0;
            for (size_t i = 0; i < count; i++) {
                below += numbers[i] < value;
                upto += numbers[i] <= value;
            }
            assert_true(upto * 1000 >= permille[p] * count);
            assert_true(below * 1000 < permille[p] * count);
        }
    }
}

/* Bins follow one another without gap, each at most an eighth of its lower bound wide. */
static void test_bins__all__adjoin_and_are_narrow(void **state)
{
    (void)state;
    for (unsigned bin = 0; bin < VTDPI_BINS; bin++) {
        uint64_t low = vtdpi_bin_low(bin), high = vtdpi_bin_high(bin);
        assert_true(low <= high);
        assert_int_equal(vtdpi_bin_of(low), bin);
        assert_int_equal(vtdpi_bin_of(high), bin);
        assert_true(low < 8 || high - low + 1 <= low / 8);
        assert_true(bin + 1 == VTDPI_BINS ? high == UINT64_MAX
                                          : vtdpi_bin_low(bin + 1) == high + 1);
    }
}

/** Data of a plot of two runs. */
static char *data_of(vtdpi_plot_t kind)
{
    static const uint64_t first[] = {8000, 8001, 8001, 16000};
    static const uint64_t second[] = {7000};
    vtdpi_plot_run_t runs[] = {{.title = "a", .latency_ps = first, .count = 4},
                               {.title = "b", .latency_ps = second, .count = 1}};
    vtdpi_capture_t capture;
    runs[0].stage_ps[VTDPI_STAGE_msi] = 90000;
    runs[0].stage_ps[VTDPI_STAGE_irte] = 1000;
    runs[0].stage_ps[VTDPI_STAGE_hv] = 9000;
    runs[1].stage_ps[VTDPI_STAGE_irte] = 1000;
    runs[1].stage_ps[VTDPI_STAGE_msi] = 99000;
    vtdpi_capture_start(&capture);
    assert_int_equal(vtdpi_plot_data_write(kind, runs, 2, capture.file), VTDPI_OK);
    vtdpi_capture_end(&capture);
    return capture.text;
}

/* The fraction of a latency counts every interrupt that was not later; a line begins at 0. */
static void test_plot_cdf__fraction_not_later(void **state)
{
    (void)state;
    char *text = data_of(VTDPI_PLOT_CDF);
    assert_string_equal(text, "# vtdpi-plot-cdf csv 1\nrun,latency_ns,fraction\n"
                              "a,8.000,0.250000\na,8.001,0.750000\na,16.000,1.000000\n"
                              "b,7.000,1.000000\n");
    free(text);
}

/* A histogram counts each interrupt once. */
static void test_plot_hist__each_interrupt_once(void **state)
{
    (void)state;
    char *text = data_of(VTDPI_PLOT_HIST);
    assert_string_equal(text, "# vtdpi-plot-hist csv 1\nrun,low_ns,high_ns,count,percent\n"
                              "a,7.680,8.192,3,75.000000\na,15.360,16.384,1,25.000000\n"
                              "b,6.656,7.168,1,100.000000\n");
    free(text);
}

/* A stage below a fiftieth of every bar is part of "other"; a bar adds up to its latency. */
static void test_plot_stages__small_ones_together(void **state)
{
    (void)state;
    char *text = data_of(VTDPI_PLOT_STAGES);
    assert_string_equal(text, "# vtdpi-plot-stages csv 1\nrun,msi,hv,other\n"
                              "a,90.000,9.000,1.000\nb,99.000,0.000,1.000\n");
    free(text);
}

/* The script reads the data and makes the picture under the names that it was given. */
static void test_plot_script__names_and_range(void **state)
{
    (void)state;
    static const uint64_t latency[] = {700000, 2300000};
    const vtdpi_plot_run_t run = {.title = "it's", .latency_ps = latency, .count = 2};
    for (unsigned kind = 0; kind < VTDPI_PLOT_COUNT; kind++) {
        vtdpi_capture_t capture;
        vtdpi_capture_start(&capture);
        assert_int_equal(
            vtdpi_plot_script_write((vtdpi_plot_t)kind, &run, 1, "x.csv", "x.svg", capture.file),
            VTDPI_OK);
        vtdpi_capture_end(&capture);
        assert_non_null(strstr(capture.text, "data = 'x.csv'\npicture = 'x.svg'\n"));
        assert_non_null(strstr(capture.text, "titles[1] = ['it''s']\n"));
        assert_non_null(strstr(capture.text, "xmin = 500\nxmax = 5000\n"));
        assert_non_null(strstr(capture.text, "set terminal svg "));
        assert_non_null(strstr(capture.text, "plot for "));
        vtdpi_capture_free(&capture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sort__random_numbers__as_qsort),
        cmocka_unit_test(test_nearest_rank__every_count__by_definition),
        cmocka_unit_test(test_bins__all__adjoin_and_are_narrow),
        cmocka_unit_test(test_plot_cdf__fraction_not_later),
        cmocka_unit_test(test_plot_hist__each_interrupt_once),
        cmocka_unit_test(test_plot_stages__small_ones_together),
        cmocka_unit_test(test_plot_script__names_and_range),
    };
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}

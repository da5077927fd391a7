/* The summary: what a reader of perf kvm stat expects to see, within 100 columns. */
#include "vtdpi/stats.h"

#include "log/rows.h"
#include "specimen.h"
#include "stats/stats.h"

static vtdpi_specimen_t specimen;
static vtdpi_totals_t totals;

static void start(void)
{
    vtdpi_specimen_make(&specimen);
    memset(&totals, 0, sizeof totals);
    totals.core_hz = 2000000000;
    totals.cpus = 1;
    totals.drained = true;
}

/** The summary after [count] interrupts of [latency_ps]. */
static char *summary(unsigned count, uint64_t latency_ps)
{
    vtdpi_stats_t *stats;
    vtdpi_capture_t capture;
    assert_int_equal(vtdpi_stats_create(&specimen.scenario, &stats), VTDPI_OK);
    for (unsigned i = 0; i < count; i++) {
        vtdpi_interrupt_record_t record = vtdpi_specimen_record(1, latency_ps);
        vtdpi_stats_add(stats, &record);
    }
    assert_int_equal(vtdpi_stats_finish(stats, &totals), VTDPI_OK);
    vtdpi_capture_start(&capture);
    assert_int_equal(vtdpi_summary_write(stats, capture.file), VTDPI_OK);
    vtdpi_capture_end(&capture);
    vtdpi_stats_free(stats);
    return capture.text;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("not in the summary: %s\n%s", part, text);
    }
}

/* perf kvm stat: VM-EXIT, Samples, Samples%, Time%, Min Time, Max Time, Avg time; most samples
 * first; a total line. */
static void test_summary__exits__as_perf_kvm_stat(void **state)
{
    (void)state;
    start();
    totals.exits[12] = (vtdpi_exit_stat_t){1, 3000000, 3000000, 3000000};
    totals.exits[1] = (vtdpi_exit_stat_t){3, 9000000, 1000000, 5555555};
    char *text = summary(1, 1000);
    assert_has(
        text,
        "Analyze events for all VMs, all VCPUs:\n\n"
        "             VM-EXIT    Samples  Samples%     Time%    Min Time    Max Time    Avg time\n"
        "  EXTERNAL_INTERRUPT          3    75.00%    75.00%      1.00us      5.56us      3.00us\n"
        "                 HLT          1    25.00%    25.00%      3.00us      3.00us      3.00us\n"
        "\nTotal Samples:4, Total events handled time:12.00us.\n");
    free(text);
}

/* Without an exit the table is one line, not an empty table. */
static void test_summary__no_exit__says_none(void **state)
{
    (void)state;
    start();
    char *text = summary(1, 1000);
    assert_has(text, "\nVM exits: none\n");
    free(text);
}

/* Every number at its largest, every stage in use: no line is wider than 100 columns. */
static void test_summary__large_numbers__fit_100_columns(void **state)
{
    (void)state;
    start();
    totals.exits[1] = (vtdpi_exit_stat_t){1000000000, UINT64_C(1) << 60, 1, UINT64_C(1) << 50};
    totals.operations = UINT64_C(1) << 50;
    totals.cycles = UINT64_C(1) << 50;
    totals.end_ps = UINT64_C(1) << 60;
    totals.occupancy[0].guest_ps = UINT64_C(1) << 60;
    vtdpi_stats_t *stats;
    vtdpi_capture_t capture;
    assert_int_equal(vtdpi_stats_create(&specimen.scenario, &stats), VTDPI_OK);
    vtdpi_interrupt_record_t record = vtdpi_specimen_record(1, 999999999999);
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        record.stage_ps[stage] = 99999999999;
    }
    vtdpi_stats_add(stats, &record);
    assert_int_equal(vtdpi_stats_finish(stats, &totals), VTDPI_OK);
    vtdpi_capture_start(&capture);
    assert_int_equal(vtdpi_summary_write(stats, capture.file), VTDPI_OK);
    vtdpi_capture_end(&capture);
    for (char *line = capture.text; *line != '\0'; line = strchr(line, '\n') + 1) {
        if (strcspn(line, "\n") > 100) {
            fail_msg("too wide: %.*s", (int)strcspn(line, "\n"), line);
        }
    }
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        char row[40];
        (void)snprintf(row, sizeof row, "\n  %-14s", vtdpi_stage_name(stage));
        assert_has(capture.text, row);
    }
    vtdpi_capture_free(&capture);
    vtdpi_stats_free(stats);
}

/* Each expectation has a line; a failed one says what was expected, what was found, and where it
 * stands. */
static void test_summary__expectations__ok_and_failed(void **state)
{
    (void)state;
    start();
    vtdpi_specimen_expect(&specimen, "interrupts.lost", VTDPI_CMP_EQ, 0);
    vtdpi_specimen_expect(&specimen, "latency_ns.p99", VTDPI_CMP_LT, 2.5);
    char *text = summary(2, 3120);
    assert_has(text, "\nExpectations\n"
                     "  ok      interrupts.lost = 0: actual 0 interrupts\n"
                     "  FAILED  latency_ns.p99 < 2.5: actual 3.120 ns (line 11)\n");
    free(text);
    text = summary(0, 0);
    assert_has(
        text,
        "  FAILED  latency_ns.p99 < 2.5: actual none (no interrupt was delivered) (line 11)\n");
    free(text);
}

/* A monitor and an error are failures with a line of their own, with or without expect. */
static void test_summary__monitor_and_error__named(void **state)
{
    (void)state;
    start();
    totals.fired_monitors = UINT64_C(1) << VTDPI_MONITOR_s4;
    totals.event_count[VTDPI_EV_host_vectors_exhausted] = 3;
    char *text = summary(1, 1000);
    assert_has(
        text,
        "  FAILED  error host_vectors_exhausted happened, and the scenario does not expect it\n");
    assert_has(
        text,
        "  FAILED  monitor s4 fired: it says that a vCPU is on one wake list at most, and once\n");
    free(text);
    start();
    vtdpi_specimen_expect(&specimen, "host_vectors_exhausted", VTDPI_CMP_ERROR, 0);
    totals.event_count[VTDPI_EV_host_vectors_exhausted] = 3;
    text = summary(1, 1000);
    assert_has(text, "  ok      error host_vectors_exhausted: happened 3 times\n");
    free(text);
}

/* A stage is known as well as the worst of the figures that can be in it; waiting is known by
 * nothing. */
static void test_stage_status__worst_figure(void **state)
{
    (void)state;
    start();
    vtdpi_stats_t *stats;
    assert_int_equal(vtdpi_stats_create(&specimen.scenario, &stats), VTDPI_OK);
    assert_string_equal(vtdpi_stage_status(stats, VTDPI_STAGE_pid_update), "measured");
    specimen.profile.value[VTDPI_T_pid_rmw_own].status = VTDPI_STATUS_GUESS;
    specimen.profile.value[VTDPI_T_pid_rmw_llc].status = VTDPI_STATUS_DERIVED;
    assert_string_equal(vtdpi_stage_status(stats, VTDPI_STAGE_pid_update), "guess");
    assert_string_equal(vtdpi_stage_status(stats, VTDPI_STAGE_wait_line), "wait");
    /* The way of a device inside the root complex does not matter to one outside. */
    specimen.profile.value[VTDPI_T_pcie_msi_oneway_rciep].status = VTDPI_STATUS_GUESS;
    assert_string_equal(vtdpi_stage_status(stats, VTDPI_STAGE_msi), "measured");
    specimen.devices[0].integrated = true;
    assert_string_equal(vtdpi_stage_status(stats, VTDPI_STAGE_msi), "guess");
    specimen.profile.value[VTDPI_T_ipi_send_xapic].status = VTDPI_STATUS_GUESS;
    assert_string_equal(vtdpi_stage_status(stats, VTDPI_STAGE_ipi), "measured");
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        assert_string_not_equal(vtdpi_stage_status(stats, stage), "-");
    }
    vtdpi_stats_free(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary__exits__as_perf_kvm_stat),
        cmocka_unit_test(test_summary__no_exit__says_none),
        cmocka_unit_test(test_summary__large_numbers__fit_100_columns),
        cmocka_unit_test(test_summary__expectations__ok_and_failed),
        cmocka_unit_test(test_summary__monitor_and_error__named),
        cmocka_unit_test(test_stage_status__worst_figure),
    };
    return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}

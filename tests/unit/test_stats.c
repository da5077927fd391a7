/* Statistics: values by name, percentiles by nearest rank, nothing from nothing, expectations. */
#include "vtdpi/log.h"
#include "vtdpi/stats.h"

#include "specimen.h"
#include "stats/stats.h"

#include <ctype.h>

static vtdpi_specimen_t specimen;
static vtdpi_totals_t totals;

static void start(void)
{
    vtdpi_specimen_make(&specimen);
    memset(&totals, 0, sizeof totals);
    totals.core_hz = 2000000000;
    totals.cpus = 2;
}

static vtdpi_stats_t *stats_new(void)
{
    vtdpi_stats_t *stats;
    assert_int_equal(vtdpi_stats_create(&specimen.scenario, &stats), VTDPI_OK);
    return stats;
}

static void add(vtdpi_stats_t *stats, uint64_t latency_ps, uint64_t guess_ps)
{
    vtdpi_interrupt_record_t record = vtdpi_specimen_record(1, latency_ps);
    record.guess_ps = guess_ps;
    vtdpi_stats_add(stats, &record);
}

static void finish(vtdpi_stats_t *stats)
{
    assert_int_equal(vtdpi_stats_finish(stats, &totals), VTDPI_OK);
}

static void assert_value(const vtdpi_stats_t *stats, const char *name, const char *value)
{
    vtdpi_stat_t stat;
    char text[32];
    assert_true(vtdpi_stats_find(stats, name, &stat));
    assert_string_equal(vtdpi_stat_text(&stat, text), value);
}

/* Nearest rank: the smallest value such that at least p of all are not above it. 1000 values: p50
 * is number 500. */
static void test_stats__thousand_latencies__nearest_rank(void **state)
{
    (void)state;
    start();
    vtdpi_stats_t *stats = stats_new();
    for (uint64_t i = 0; i < 1000; i++) {
        add(stats, ((i * 379) % 1000 + 1) * 1000,
            0); /* 1 ns to 1000 ns, shuffled: 379 and 1000 share no factor */
    }
    finish(stats);
    assert_value(stats, "latency_ns.min", "1.000");
    assert_value(stats, "latency_ns.p50", "500.000");
    assert_value(stats, "latency_ns.p90", "900.000");
    assert_value(stats, "latency_ns.p99", "990.000");
    assert_value(stats, "latency_ns.p999", "999.000");
    assert_value(stats, "latency_ns.max", "1000.000");
    assert_value(stats, "latency_ns.mean", "500.500");
    assert_value(stats, "latency_intended_ns.p50", "505.000");
    assert_value(stats, "latency_intended_ns.mean", "505.500");
    assert_value(stats, "stage_ns.msi", "500.500");
    assert_value(stats, "stage_ns.irte", "0.000");
    vtdpi_stats_free(stats);
}

/* Of one value every percentile is that value; of three, p50 is the second and p90 the third. */
static void test_stats__few_latencies__nearest_rank(void **state)
{
    (void)state;
    start();
    vtdpi_stats_t *stats = stats_new();
    add(stats, 3001, 0);
    finish(stats);
    assert_value(stats, "latency_ns.min", "3.001");
    assert_value(stats, "latency_ns.p50", "3.001");
    assert_value(stats, "latency_ns.p999", "3.001");
    vtdpi_stats_free(stats);
    stats = stats_new();
    add(stats, 9000, 0);
    add(stats, 1000, 0);
    add(stats, 4000, 0);
    finish(stats);
    assert_value(stats, "latency_ns.p50", "4.000");
    assert_value(stats, "latency_ns.p90", "9.000");
    size_t count;
    const uint64_t *sorted = vtdpi_stats_latencies(stats, &count);
    assert_int_equal(count, 3);
    assert_true(sorted[0] == 1000 && sorted[1] == 4000 && sorted[2] == 9000);
    vtdpi_stats_free(stats);
}

/* Means and percentiles of nothing have no value; counts are 0. */
static void test_stats__nothing_delivered__no_value(void **state)
{
    (void)state;
    start();
    vtdpi_stats_t *stats = stats_new();
    finish(stats);
    assert_value(stats, "latency_ns.p50", "none");
    assert_value(stats, "guess_share.p50", "none");
    assert_value(stats, "stage_ns.msi", "none");
    assert_value(stats, "exits_per_interrupt", "none");
    assert_value(stats, "interrupts.delivered", "0");
    assert_value(stats, "exits.hlt", "0");
    vtdpi_stats_free(stats);
}

/* written = delivered + coalesced + blocked + lost + pending; only delivered ones have a latency.
 */
static void test_stats__one_of_each_fate__counted_once(void **state)
{
    (void)state;
    static const char *const names[] = {"interrupts.pending", "interrupts.delivered",
                                        "interrupts.coalesced", "interrupts.blocked",
                                        "interrupts.lost"};
    start();
    vtdpi_stats_t *stats = stats_new();
    for (unsigned fate = 0; fate <= VTDPI_FATE_LOST; fate++) {
        for (unsigned i = 0; i <= fate; i++) {
            vtdpi_interrupt_record_t record = vtdpi_specimen_record(1, 7000);
            record.fate = (uint8_t)fate;
            record.exits = 2;
            record.core_cyc[1] = 10;
            vtdpi_stats_add(stats, &record);
        }
    }
    finish(stats);
    for (unsigned fate = 0; fate <= VTDPI_FATE_LOST; fate++) {
        char expected[2] = {(char)('1' + (int)fate), '\0'};
        assert_value(stats, names[fate], expected);
    }
    assert_value(stats, "interrupts.written", "15");
    assert_value(stats, "exits_per_interrupt", "2.000");
    assert_value(stats, "cycles_per_interrupt.root", "10.000");
    size_t count;
    (void)vtdpi_stats_latencies(stats, &count);
    assert_int_equal(count, 2);
    vtdpi_stats_free(stats);
}

/* The guess share is that of the interrupts whose latency is the median, whatever the order of
 * records. */
static void test_stats__guesses__share_of_the_median(void **state)
{
    (void)state;
    start();
    vtdpi_stats_t *stats = stats_new();
    add(stats, 8000, 2000);
    add(stats, 1000, 1000);
    add(stats, 8000, 4000);
    add(stats, 9000, 9000);
    finish(stats);
    assert_value(stats, "latency_ns.p50", "8.000");
    assert_value(stats, "guess_share.p50", "37.500");
    vtdpi_stats_free(stats);
}

/* Totals reach their names; ps become cycles of the core clock (2 GHz: 2 cycles a ns). */
static void test_stats__totals__by_name(void **state)
{
    (void)state;
    start();
    totals.event_count[VTDPI_EV_notification_sent] = 11;
    totals.event_count[VTDPI_EV_notification_suppressed_on] = 12;
    totals.event_count[VTDPI_EV_notification_suppressed_sn] = 13;
    totals.event_count[VTDPI_EV_kvm_vcpu_wakeup] = 14;
    totals.event_count[VTDPI_EV_kvm_pi_irte_update] = 15;
    totals.event_count[VTDPI_EV_iec_invalidated] = 16;
    totals.notifications_urgent = 17;
    totals.notifications_spurious = 18;
    totals.notifications_misdirected = 19;
    totals.host_vectors_used = 20;
    totals.locked_ops_pid = 21;
    totals.exits[1].samples = 22;
    totals.exits[12].samples = 23;
    totals.occupancy[0].guest_ps = 1000000;
    totals.occupancy[1].guest_ps = 500000;
    totals.occupancy[1].halt_ps = 250;
    totals.preemptions = 24;
    totals.cycles = 25;
    totals.operations = 26;
    totals.end_ps = 1234567;
    vtdpi_stats_t *stats = stats_new();
    finish(stats);
    assert_value(stats, "notifications.sent", "11");
    assert_value(stats, "notifications.suppressed_on", "12");
    assert_value(stats, "notifications.suppressed_sn", "13");
    assert_value(stats, "wakeups", "14");
    assert_value(stats, "irte.updates", "15");
    assert_value(stats, "irte.invalidations", "16");
    assert_value(stats, "notifications.urgent", "17");
    assert_value(stats, "notifications.spurious", "18");
    assert_value(stats, "notifications.misdirected", "19");
    assert_value(stats, "host_vectors.used", "20");
    assert_value(stats, "pid.locked_ops", "21");
    assert_value(stats, "exits.external_interrupt", "22");
    assert_value(stats, "exits.hlt", "23");
    assert_value(stats, "exits.total", "45");
    assert_value(stats, "cycles.cpu0.guest", "2000");
    assert_value(stats, "cycles.cpu1.guest", "1000");
    assert_value(stats, "cycles.guest", "3000");
    assert_value(stats, "cycles.cpu1.halt", "1");
    assert_value(stats, "preemptions", "24");
    assert_value(stats, "sim.cycles", "25");
    assert_value(stats, "sim.operations", "26");
    assert_value(stats, "sim.time_ns", "1234.567");
    assert_value(stats, "events.notification_sent", "11");
    vtdpi_stat_t stat;
    assert_false(vtdpi_stats_find(stats, "cycles.cpu2.guest", &stat));
    assert_true(vtdpi_stat_known("cycles.cpu2.guest"));
    vtdpi_stats_free(stats);
}

/* Names are what scripts hold on to: unique, lower case, known; every exit reason, stage and event
 * has one. */
static void test_stats__names__unique_and_complete(void **state)
{
    (void)state;
    unsigned count = vtdpi_stat_count();
    for (unsigned i = 0; i < count; i++) {
        const char *name = vtdpi_stat_name(i);
        assert_true(vtdpi_stat_known(name));
        for (const char *c = name; *c != '\0'; c++) {
            assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '.' ||
                        *c == '_');
        }
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(name, vtdpi_stat_name(j));
        }
    }
    assert_null(vtdpi_stat_name(count));
    assert_false(vtdpi_stat_known("latency_ns.p51"));
    char name[80];
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        (void)snprintf(name, sizeof name, "stage_ns.%s", vtdpi_stage_name(stage));
        assert_true(vtdpi_stat_known(name));
    }
    for (unsigned event = 0; event < VTDPI_EV_COUNT; event++) {
        (void)snprintf(name, sizeof name, "events.%s", vtdpi_event_name(event));
        assert_true(vtdpi_stat_known(name));
    }
    for (unsigned reason = 0; reason < VTDPI_EXIT_REASONS; reason++) {
        const char *kvm = vtdpi_log_exit_name(reason);
        if (kvm != NULL) {
            (void)snprintf(name, sizeof name, "exits.%s", kvm);
            for (char *c = name; *c != '\0'; c++) {
                *c = (char)tolower((unsigned char)*c);
            }
            assert_true(vtdpi_stat_known(name));
        }
    }
}

/* stats.json: one entry a name, each with value, unit and formula; the format names itself; null
 * for no value. */
static void test_stats_json__flat_map(void **state)
{
    (void)state;
    start();
    vtdpi_stats_t *stats = stats_new();
    finish(stats);
    vtdpi_capture_t capture;
    vtdpi_capture_start(&capture);
    assert_int_equal(vtdpi_stats_write_json(stats, capture.file), VTDPI_OK);
    vtdpi_capture_end(&capture);
    assert_memory_equal(capture.text, "{\n  \"format\": {\"value\": \"vtdpi-stats 1\", ", 41);
    assert_non_null(
        strstr(capture.text, "\"run.scenario\": {\"value\": \"a \\\"small\\\" scenario\","));
    assert_non_null(
        strstr(capture.text, "\n  \"latency_ns.p50\": {\"value\": null, \"unit\": \"ns\", "));
    assert_non_null(
        strstr(capture.text, "\n  \"exits.hlt\": {\"value\": 0, \"unit\": \"exits\", "));
    vtdpi_stat_t stat;
    char entry[80];
    for (unsigned i = 0; vtdpi_stats_at(stats, i, &stat); i++) {
        (void)snprintf(entry, sizeof entry, "\n  \"%s\": {\"value\": ", stat.name);
        assert_non_null(strstr(capture.text, entry));
    }
    vtdpi_capture_free(&capture);
    vtdpi_stats_free(stats);
}

/* Every comparison, on both sides of its border; a decimal of the file equals the decimal of the
 * statistic. */
static void test_expect__comparisons__hold_or_fail(void **state)
{
    (void)state;

    static const struct {
        vtdpi_cmp_t cmp;
        double value;
        bool ok;
    } cases[] = {
        {VTDPI_CMP_EQ, 2.3, true},   {VTDPI_CMP_EQ, 2.301, false}, {VTDPI_CMP_NE, 2.3, false},
        {VTDPI_CMP_NE, 2.301, true}, {VTDPI_CMP_LT, 2.3, false},   {VTDPI_CMP_LT, 2.301, true},
        {VTDPI_CMP_LE, 2.3, true},   {VTDPI_CMP_LE, 2.299, false}, {VTDPI_CMP_GT, 2.3, false},
        {VTDPI_CMP_GT, 2.299, true}, {VTDPI_CMP_GE, 2.3, true},    {VTDPI_CMP_GE, 2.301, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start();
        vtdpi_specimen_expect(&specimen, "latency_ns.p50", cases[i].cmp, cases[i].value);
        vtdpi_stats_t *stats = stats_new();
        add(stats, 2300, 0);
        finish(stats);
        vtdpi_stat_t actual;
        assert_int_equal(vtdpi_stats_expect(stats, 0, &actual), cases[i].ok);
        assert_int_equal(actual.milli, 2300);
        assert_int_equal(vtdpi_stats_failures(stats), !cases[i].ok);
        vtdpi_stats_free(stats);
    }
}

/* A latency of nothing meets no expectation, not even "not equal". */
static void test_expect__no_value__fails(void **state)
{
    (void)state;
    start();
    vtdpi_specimen_expect(&specimen, "latency_ns.p50", VTDPI_CMP_LT, 1e9);
    vtdpi_specimen_expect(&specimen, "latency_ns.p50", VTDPI_CMP_NE, 1);
    vtdpi_stats_t *stats = stats_new();
    finish(stats);
    assert_false(vtdpi_stats_expect(stats, 0, NULL));
    assert_false(vtdpi_stats_expect(stats, 1, NULL));
    assert_int_equal(vtdpi_stats_failures(stats), 2);
    vtdpi_stats_free(stats);
}

/* An error that happens is a failure unless the scenario expects it; one that is expected has to
 * happen. */
static void test_expect__error__expected_or_not(void **state)
{
    (void)state;
    for (unsigned happens = 0; happens < 2; happens++) {
        for (unsigned expected = 0; expected < 2; expected++) {
            start();
            totals.event_count[VTDPI_EV_host_vectors_exhausted] = happens;
            if (expected != 0) {
                vtdpi_specimen_expect(&specimen, "host_vectors_exhausted", VTDPI_CMP_ERROR, 0);
            }
            vtdpi_stats_t *stats = stats_new();
            finish(stats);
            assert_int_equal(vtdpi_stats_failures(stats), happens != expected);
            vtdpi_stats_free(stats);
        }
    }
}

/* Each monitor that fired is a failure of its own. */
static void test_failures__monitors__one_each(void **state)
{
    (void)state;
    start();
    totals.fired_monitors = (UINT64_C(1) << VTDPI_MONITOR_lost) | (UINT64_C(1) << VTDPI_MONITOR_s4);
    vtdpi_stats_t *stats = stats_new();
    finish(stats);
    assert_int_equal(vtdpi_stats_failures(stats), 2);
    assert_value(stats, "monitors.fired", "2");
    vtdpi_stats_free(stats);
}

/* The reference page has every fixed name with its formula. */
static void test_stats_page__every_fixed_name(void **state)
{
    (void)state;
    vtdpi_capture_t capture;
    vtdpi_capture_start(&capture);
    assert_int_equal(vtdpi_stats_page_write(capture.file), VTDPI_OK);
    vtdpi_capture_end(&capture);
    char row[80];
    for (unsigned i = 0; i < VTDPI_STAT_CPUS; i++) {
        (void)snprintf(row, sizeof row, "\n| `%s` | ", vtdpi_stat_name(i));
        assert_non_null(strstr(capture.text, row));
    }
    vtdpi_capture_free(&capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stats__thousand_latencies__nearest_rank),
        cmocka_unit_test(test_stats__few_latencies__nearest_rank),
        cmocka_unit_test(test_stats__nothing_delivered__no_value),
        cmocka_unit_test(test_stats__one_of_each_fate__counted_once),
        cmocka_unit_test(test_stats__guesses__share_of_the_median),
        cmocka_unit_test(test_stats__totals__by_name),
        cmocka_unit_test(test_stats__names__unique_and_complete),
        cmocka_unit_test(test_stats_json__flat_map),
        cmocka_unit_test(test_expect__comparisons__hold_or_fail),
        cmocka_unit_test(test_expect__no_value__fails),
        cmocka_unit_test(test_expect__error__expected_or_not),
        cmocka_unit_test(test_failures__monitors__one_each),
        cmocka_unit_test(test_stats_page__every_fixed_name),
    };
    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}

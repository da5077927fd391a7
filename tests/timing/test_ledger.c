/* Where time goes: stages add up, occupancy adds up, every written interrupt has one fate. */
#include "cmocka_all.h"
#include "scene.h"

#include <stdlib.h>
#include <string.h>

#define US UINT64_C(1000000)

static void run_scene(const scene_t *scene, sink_t *sink, vtdpi_totals_t *totals)
{
    vtdpi_run_t *run = NULL;
    char why[200] = "";
    sink_init(sink);
    vtdpi_listener_t listener = sink_listener(sink);
    if (vtdpi_run_create(&scene->s, &run, why, sizeof why) != VTDPI_OK) {
        fail_msg("%s", why);
    }
    assert_int_equal(vtdpi_run_plain(run, &listener, totals), VTDPI_OK);
    vtdpi_run_free(run);
}

static uint64_t stages_sum(const vtdpi_interrupt_record_t *r)
{
    uint64_t sum = 0;
    for (unsigned s = 0; s < VTDPI_STAGE_COUNT; s++) {
        sum += r->stage_ps[s];
    }
    return sum;
}

static uint64_t occupancy_sum(const vtdpi_occupancy_t *o)
{
    return o->guest_ps + o->root_ps + o->exit_ps + o->idle_ps + o->halt_ps;
}

/* Issue of the project: every interrupt's latency is the exact sum of its named stages, waiting
 * included. */
static void test_ledger__every_small_scenario__stages_and_occupancy_add_up(void **state)
{
    (void)state;
    scene_t scene;
    const char *name = NULL;
    for (unsigned n = 0; scene_small(&scene, n, &name); n++) {
        sink_t sink;
        vtdpi_totals_t totals;
        run_scene(&scene, &sink, &totals);
        assert_true(sink.records > 0);
        for (size_t i = 0; i < sink.records; i++) {
            const vtdpi_interrupt_record_t *r = &sink.record[i];
            assert_int_equal(stages_sum(r), r->done_ps - r->written_ps);
            assert_true(r->guess_ps <= stages_sum(r));
            assert_true(r->intended_ps <= r->written_ps);
        }
        for (uint32_t c = 0; c < totals.cpus; c++) {
            assert_int_equal(occupancy_sum(&totals.occupancy[c]), totals.end_ps);
        }
        sink_free(&sink);
    }
}

/* Words of the design: written = delivered + coalesced + blocked + lost + pending; each id once. */
static void test_ledger__every_small_scenario__each_interrupt_has_one_fate(void **state)
{
    (void)state;
    scene_t scene;
    const char *name = NULL;
    for (unsigned n = 0; scene_small(&scene, n, &name); n++) {
        sink_t sink;
        vtdpi_totals_t totals;
        run_scene(&scene, &sink, &totals);
        size_t written =
            sink_count(&sink, VTDPI_EV_msi_written) + sink_count(&sink, VTDPI_EV_irq_raised);
        assert_int_equal(sink.records, written);
        uint64_t ids = 0;
        for (size_t i = 0; i < sink.records; i++) {
            assert_in_range(sink.record[i].id, 1, written);
            ids += sink.record[i].id;
        }
        assert_int_equal(ids, written * (written + 1) / 2);
        assert_true(totals.drained && !totals.limit);
        sink_free(&sink);
    }
}

/* A guest that never opens its interrupts: the drain is cut off, and what waits in its virtual IRR
 * is pending, not lost. */
static void test_ledger__guest_with_interrupts_off__pending_at_the_drain_limit(void **state)
{
    (void)state;
    scene_t scene;
    sink_t sink;
    vtdpi_totals_t totals;
    scene_init(&scene, "kvm", 1);
    uint32_t v = scene_vcpu(&scene, 0, true, 10 * US, false);
    scene.step[v][0].kind = VTDPI_STEP_CLI;
    scene.step[v][1].kind = VTDPI_STEP_COMPUTE;
    scene.step[v][1].span.ps = 10 * US;
    scene.vcpu[v].program_count = 2;
    scene_interrupt(&scene, v, 0x41, 20 * US, 20 * US)->arrivals.count = 1;
    run_scene(&scene, &sink, &totals);
    assert_true(totals.limit && !totals.drained);
    assert_int_equal(sink.records, 1);
    assert_int_equal(sink.record[0].fate, VTDPI_FATE_PENDING);
    assert_int_equal(sink.record[0].done_ps, scene.s.duration_ps + scene.s.drain_limit_ps);
    assert_int_equal(stages_sum(&sink.record[0]),
                     sink.record[0].done_ps - sink.record[0].written_ps);
    sink_free(&sink);
}

/* Two requesters post to one descriptor at once: the second waits for the line, and the log says
 * for how long. */
static void test_ledger__two_devices_one_descriptor__second_waits_for_the_line(void **state)
{
    (void)state;
    scene_t scene;
    sink_t sink;
    vtdpi_totals_t totals;
    scene_init(&scene, "kvm", 1);
    uint32_t v = scene_vcpu(&scene, 0, true, 100 * US, false);
    scene.device[1].name = "disk";
    scene.device[1].requester_id = 0x20;
    scene.device[1].msix = true;
    scene.s.device_count = 2;
    scene_interrupt(&scene, v, 0x41, 20 * US, 50 * US);
    scene_interrupt(&scene, v, 0x51, 20 * US, 50 * US)->device = 1;
    run_scene(&scene, &sink, &totals);
    const vtdpi_event_t *wait = sink_first(&sink, VTDPI_EV_line_wait);
    assert_non_null(wait);
    assert_true(wait->a[1] > 0);
    uint64_t waited = 0;
    for (size_t i = 0; i < sink.records; i++) {
        waited +=
            sink.record[i].id == wait->id ? sink.record[i].stage_ps[VTDPI_STAGE_wait_line] : 0;
    }
    assert_true(waited >= wait->a[1]);
    sink_free(&sink);
}

/* Arrivals: a list keeps its times, a burst its gaps, and a held-back write tells how late it is.
 */
static void test_ledger__burst_beyond_the_unit__held_back_and_told(void **state)
{
    (void)state;
    scene_t scene;
    sink_t sink;
    vtdpi_totals_t totals;
    scene_init(&scene, "kvm", 1);
    scene.s.platform.iommu_requests = 2;
    uint32_t v = scene_vcpu(&scene, 0, true, 100 * US, false);
    vtdpi_interrupt_cfg_t *cfg = scene_interrupt(&scene, v, 0x41, 20 * US, 200 * US);
    cfg->arrivals.kind = VTDPI_ARRIVE_BURST;
    cfg->arrivals.size = 6;
    cfg->arrivals.gap_ps = 1000;
    cfg->arrivals.count = 6;
    run_scene(&scene, &sink, &totals);
    assert_int_equal(sink.records, 6);
    bool late = false;
    for (size_t i = 0; i < sink.records; i++) {
        const vtdpi_interrupt_record_t *r = &sink.record[i];
        assert_int_equal(r->intended_ps, (20 * US) + ((r->id - 1) * UINT64_C(1000)));
        late = late || r->written_ps > r->intended_ps + 100000;
    }
    assert_true(late);
    for (size_t i = 0, n = 0; i < sink.events; i++) {
        if (sink.event[i].event == VTDPI_EV_msi_written) {
            assert_int_equal(sink.event[i].a[3],
                             sink.event[i].ps - ((20 * US) + (n++ * UINT64_C(1000))));
        }
    }
    sink_free(&sink);
}

/* A Poisson process: mean and variance of the gaps are those of an exponential distribution
 * (deviation of 20000 samples: 0.7 %). */
static void test_ledger__poisson__mean_and_spread_of_an_exponential(void **state)
{
    (void)state;
    scene_t scene;
    sink_t sink;
    vtdpi_totals_t totals;
    scene_init(&scene, "kvm", 1);
    scene.s.duration_ps = 200000 * US;
    uint32_t v = scene_vcpu(&scene, 0, true, 100 * US, false);
    vtdpi_interrupt_cfg_t *cfg = scene_interrupt(&scene, v, 0x41, 0, 10 * US);
    cfg->arrivals.kind = VTDPI_ARRIVE_POISSON;
    run_scene(&scene, &sink, &totals);
    double sum = 0;
    double squares = 0;
    uint64_t *times = calloc(sink.records + 1, sizeof *times);
    assert_non_null(times);
    for (size_t i = 0; i < sink.records; i++) {
        times[sink.record[i].id] = sink.record[i].intended_ps;
    }
    for (size_t i = 0; i < sink.records; i++) {
        double gap = (double)(times[i + 1] - times[i]) / (double)(10 * US);
        sum += gap;
        squares += gap * gap;
    }
    double n = (double)sink.records;
    assert_true(n > 19000 && n < 21000);
    assert_true(sum / n > 0.97 && sum / n < 1.03);
    assert_true(squares / n > 1.88 && squares / n < 2.12); /* second moment of an exponential: 2 */
    free(times);
    sink_free(&sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ledger__every_small_scenario__stages_and_occupancy_add_up),
        cmocka_unit_test(test_ledger__every_small_scenario__each_interrupt_has_one_fate),
        cmocka_unit_test(test_ledger__guest_with_interrupts_off__pending_at_the_drain_limit),
        cmocka_unit_test(test_ledger__two_devices_one_descriptor__second_waits_for_the_line),
        cmocka_unit_test(test_ledger__burst_beyond_the_unit__held_back_and_told),
        cmocka_unit_test(test_ledger__poisson__mean_and_spread_of_an_exponential),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}

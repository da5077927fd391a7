/*
 * What each operation costs: one posted interrupt, step by step, and one parameter at a time a
 * cycle longer. Figures are those of the profile, read from it, not repeated here.
 */
#include "vtdpi/scenario_io.h"
#include "vtdpi/timed.h"

#include "cmocka_all.h"
#include "scene.h"

#include <string.h>

#define US UINT64_C(1000000)

typedef struct {
    scene_t scene;
    vtdpi_profile_t *profile;
    vtdpi_clock_t core, uncore;
    sink_t sink;
    vtdpi_totals_t totals;
} bed_t;

static void bed_open(bed_t *bed, const char *protocol)
{
    memset(bed, 0, sizeof *bed);
    scene_init(&bed->scene, protocol, 1);
    uint32_t v = scene_vcpu(&bed->scene, 0, true, 200 * US, false);
    scene_interrupt(&bed->scene, v, 0x41, 10 * US, 20 * US);
    bed->scene.s.duration_ps = 60 * US;
    assert_int_equal(vtdpi_profile_builtin("skylake_sp", &bed->profile), VTDPI_OK);
    bed->scene.s.profile = bed->profile;
}

static void bed_run(bed_t *bed)
{
    vtdpi_run_t *run = NULL;
    sink_free(&bed->sink);
    vtdpi_listener_t listener = sink_listener(&bed->sink);
    vtdpi_clock_make(&bed->core, bed->profile->hz[VTDPI_DOMAIN_CORE]);
    vtdpi_clock_make(&bed->uncore, bed->profile->hz[VTDPI_DOMAIN_UNCORE]);
    assert_int_equal(vtdpi_run_create(&bed->scene.s, &run, NULL, 0), VTDPI_OK);
    assert_int_equal(vtdpi_run_plain(run, &listener, &bed->totals), VTDPI_OK);
    vtdpi_run_free(run);
}

static void bed_close(bed_t *bed)
{
    sink_free(&bed->sink);
    vtdpi_profile_free(bed->profile);
}

/* Number [which] (from 0) of the events of one kind. */
static uint64_t nth(const bed_t *bed, unsigned event, unsigned which)
{
    for (size_t i = 0; i < bed->sink.events; i++) {
        if (bed->sink.event[i].event == event && which-- == 0) {
            return bed->sink.event[i].ps;
        }
    }
    fail_msg("%s did not happen", vtdpi_event_name(event));
    return 0;
}

static uint64_t cycles_of(const bed_t *bed, vtdpi_timing_param_t param, const vtdpi_clock_t *clock)
{
    const vtdpi_timing_t *value = &bed->profile->value[param];
    uint64_t ps = value->ps != 0 ? value->ps : vtdpi_clock_edge(&bed->core, value->cyc);
    uint64_t cycles =
        value->ps == 0 && clock == &bed->core ? value->cyc : vtdpi_clock_at_or_after(clock, ps);
    return cycles == 0 ? 1 : cycles;
}

/* [event] happened on the edge [cycles] after the one at or after [from], and on no edge before. */
static void assert_first_at(const bed_t *bed, uint64_t at, const vtdpi_clock_t *clock,
                            uint64_t from, uint64_t cycles)
{
    uint64_t edge = vtdpi_clock_at_or_after(clock, from) + cycles;
    assert_int_equal(at, vtdpi_clock_edge(clock, edge));
    assert_true(at > vtdpi_clock_edge(clock, edge - 1));
    (void)bed;
}

/* timing 7, rule 1: msi_oneway + irte + pid_rmw + message + accept + recognise, each exact. The
 * second interrupt: everything is warm. */
static void test_costs__posted_and_warm__each_step_on_its_edge(void **state)
{
    (void)state;
    bed_t b;
    bed_open(&b, "kvm");
    bed_run(&b);
    const vtdpi_clock_t *u = &b.uncore;
    uint64_t written = nth(&b, VTDPI_EV_msi_written, 1);
    assert_int_equal(written, vtdpi_clock_edge(u, vtdpi_clock_at_or_after(u, 30 * US)));
    uint64_t fetched = nth(&b, VTDPI_EV_irte_fetched, 1);
    assert_first_at(&b, fetched, u, written,
                    cycles_of(&b, VTDPI_T_pcie_msi_oneway_ext, u) +
                        cycles_of(&b, VTDPI_T_irte_cache_hit, u));
    uint64_t posted = nth(&b, VTDPI_EV_posted, 1);
    assert_first_at(&b, posted, u, fetched, cycles_of(&b, VTDPI_T_pid_rmw_core_modified, u));
    uint64_t accepted = nth(&b, VTDPI_EV_irr_set, 1);
    assert_first_at(&b, accepted, u, posted,
                    1 + cycles_of(&b, VTDPI_T_notify_msg, u) +
                        cycles_of(&b, VTDPI_T_lapic_accept, u));
    uint64_t recognised = nth(&b, VTDPI_EV_recognised_nonroot, 1);
    assert_first_at(&b, recognised, &b.core, accepted,
                    cycles_of(&b, VTDPI_T_recognise_flush, &b.core));
    assert_first_at(&b, nth(&b, VTDPI_EV_on_cleared, 1), &b.core, recognised,
                    cycles_of(&b, VTDPI_T_pid_pull_to_core, &b.core) +
                        cycles_of(&b, VTDPI_T_locked_rmw, &b.core));
    uint64_t delivered = nth(&b, VTDPI_EV_virtual_interrupt_delivered, 1);
    assert_first_at(&b, delivered, &b.core, nth(&b, VTDPI_EV_virtual_interrupt_recognised, 1),
                    cycles_of(&b, VTDPI_T_vid_deliver, &b.core));
    assert_first_at(&b, nth(&b, VTDPI_EV_handler_entered, 1), &b.core, delivered,
                    cycles_of(&b, VTDPI_T_guest_irq_entry, &b.core) +
                        cycles_of(&b, VTDPI_T_guest_instr, &b.core));
    bed_close(&b);
}

static const vtdpi_timing_param_t on_the_way[] = {
    VTDPI_T_recognise_flush, VTDPI_T_pid_pull_to_core, VTDPI_T_vid_deliver,
    VTDPI_T_guest_irq_entry, VTDPI_T_guest_instr,
};

/* One cycle more in a parameter on the way is one or (guest_instr, used twice) two cycles more of
 * latency. */
static void test_costs__parameter_one_cycle_longer__latency_moves_by_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof on_the_way / sizeof on_the_way[0]; i++) {
        bed_t b;
        bed_open(&b, "kvm");
        bed_run(&b);
        uint64_t before = vtdpi_clock_at_or_after(&b.core, nth(&b, VTDPI_EV_handler_entered, 1));
        vtdpi_timing_t *value = &b.profile->value[on_the_way[i]];
        value->cyc = cycles_of(&b, on_the_way[i], &b.core) + 1;
        value->ps = 0;
        bed_run(&b);
        uint64_t after = vtdpi_clock_at_or_after(&b.core, nth(&b, VTDPI_EV_handler_entered, 1));
        uint64_t uses = on_the_way[i] == VTDPI_T_guest_instr ? 2 : 1;
        assert_int_equal(after - before, uses);
        bed_close(&b);
    }
}

/* An interrupted computation is spent later, whole: with interrupts or without, the guest's program
 * computes as long. */
static void test_costs__computation_cut_by_interrupts__rest_is_spent_later(void **state)
{
    (void)state;
    bed_t b;
    uint64_t first[2];
    for (unsigned with = 0; with < 2; with++) {
        bed_open(&b, "kvm");
        b.scene.step[0][0].span.ps = 40 * US;
        b.scene.step[0][1].kind = VTDPI_STEP_VMCALL;
        b.scene.vcpu[0].program_count = 2;
        b.scene.s.interrupt_count = with;
        b.scene.interrupt[0].arrivals.count = 1;
        bed_run(&b);
        first[with] = nth(&b, VTDPI_EV_kvm_exit, 0);
        uint64_t spent = 0;
        if (with == 1) { /* from recognition (and the flush before) to the guest's IRET */
            uint64_t flush = cycles_of(&b, VTDPI_T_recognise_flush, &b.core);
            uint64_t begin =
                vtdpi_clock_at_or_after(&b.core, nth(&b, VTDPI_EV_recognised_nonroot, 0)) - flush;
            uint64_t end = vtdpi_clock_at_or_after(&b.core, nth(&b, VTDPI_EV_virtual_eoi, 0)) +
                           cycles_of(&b, VTDPI_T_iret_same_cpl, &b.core);
            spent = end - begin;
            assert_int_equal(vtdpi_clock_at_or_after(&b.core, first[1]) -
                                 vtdpi_clock_at_or_after(&b.core, first[0]),
                             spent);
        }
        bed_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_costs__posted_and_warm__each_step_on_its_edge),
        cmocka_unit_test(test_costs__parameter_one_cycle_longer__latency_moves_by_it),
        cmocka_unit_test(test_costs__computation_cut_by_interrupts__rest_is_spent_later),
    };
    return cmocka_run_group_tests_name("costs", tests, NULL, NULL);
}

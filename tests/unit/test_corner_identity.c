/* Corners of what is told about interrupts: whom a notification was for, and what becomes of an
 * interrupt whose device goes back to the host. */
#include "vtdpi/run.h"
#include "vtdpi/scenario_io.h"

#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    uint64_t fate[8];
    uint64_t other_ps, drain_ps; /* summed over all */
    uint64_t named;              /* software postings that name an interrupt */
} fates_t;

static void count_fate(void *user, const vtdpi_interrupt_record_t *record)
{
    fates_t *fates = user;
    fates->fate[record->fate]++;
    fates->other_ps += record->stage_ps[VTDPI_STAGE_wait_other];
    fates->drain_ps += record->stage_ps[VTDPI_STAGE_wait_drain];
}

static void count_named(void *user, const vtdpi_event_t *event)
{
    fates_t *fates = user;
    fates->named += event->event == VTDPI_EV_kvm_apicv_accept_irq && event->id != 0;
}

static void run_text(const char *text, fates_t *fates, vtdpi_totals_t *totals)
{
    char why[200];
    vtdpi_scenario_t *scenario = NULL;
    vtdpi_run_t *run = NULL;
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_listener_t listener = {.user = fates, .event = count_named, .interrupt = count_fate};
    memset(fates, 0, sizeof *fates);
    assert_int_equal(vtdpi_scenario_read_text(text, strlen(text), "corner", diags, &scenario),
                     VTDPI_OK);
    assert_int_equal(vtdpi_run_create(scenario, &run, why, sizeof why), VTDPI_OK);
    assert_int_equal(vtdpi_run_plain(run, &listener, totals), VTDPI_OK);
    vtdpi_run_free(run);
    vtdpi_scenario_free(scenario);
    vtdpi_diags_free(diags);
}

/* VT-d, "Interrupt-Posting Hardware Operation": URG is notified although SN = 1, to the CPU that
 * NDST names, whoever runs there. hypervisors.md 11, S7: misdirected ones are counted.
 * @shows sdm.posted.current-vmcs */
static void test_pi_processed__urgent_finds_another_vcpu__counts_as_misdirected(void **state)
{
    static const char text[] = "duration: 5ms\n"
                               "platform: {cpus: 1}\n"
                               "hypervisor: {protocol: kvm, timeslice: 100us}\n"
                               "vms:\n"
                               "  - {name: guest, vcpus: [{program: [{compute: 50us}]}]}\n"
                               "  - {name: other, vcpus: [{program: [{compute: 50us}]}]}\n"
                               "devices:\n"
                               "  - name: nic\n"
                               "    requester: \"00:03.0\"\n"
                               "    interrupts:\n"
                               "      - {vector: 0x41, vcpu: guest/0, urgent: true, arrivals: "
                               "{periodic: {period: 30us}}}\n";
    fates_t fates;
    vtdpi_totals_t totals;
    (void)state;
    run_text(text, &fates, &totals);
    assert_true(totals.notifications_urgent > 10);
    assert_true(totals.notifications_misdirected > 10);
    assert_true(totals.notifications_misdirected <= totals.notifications_urgent);
    assert_int_equal(totals.notifications_spurious, 0);
}

/* One vCPU with its own device: nobody else's notification can come. */
static void test_pi_processed__own_notifications_only__none_misdirected(void **state)
{
    static const char text[] =
        "duration: 1ms\n"
        "platform: {cpus: 1}\n"
        "hypervisor: {protocol: kvm}\n"
        "vms: [{name: guest, vcpus: [{program: [{compute: 50us}]}]}]\n"
        "devices:\n"
        "  - name: nic\n"
        "    requester: \"00:03.0\"\n"
        "    interrupts: [{vector: 0x41, vcpu: guest/0, arrivals: {periodic: {period: 30us}}}]\n";
    fates_t fates;
    vtdpi_totals_t totals;
    (void)state;
    run_text(text, &fates, &totals);
    assert_true(totals.event_count[VTDPI_EV_pi_processed] > 10);
    assert_int_equal(totals.notifications_misdirected, 0);
}

/* hypervisors.md 7, detach: an interrupt that the host has received and not yet handed on when its
 * device goes back is destroyed with the route: lost, and never pending for ever. */
static void detach_everywhere(const char *protocol)
{
    for (unsigned ns = 50000; ns < 56000; ns += 70) {
        char text[900];
        fates_t fates;
        vtdpi_totals_t totals;
        (void)snprintf(
            text, sizeof text,
            "duration: 80us\n"
            "platform: {cpus: 3}\n"
            "hypervisor: {protocol: %s}\n"
            "vms: [{name: guest, vcpus: [{affinity: [0], program: [{compute: 50us}]}]}]\n"
            "devices:\n"
            "  - name: nic\n"
            "    requester: \"00:03.0\"\n"
            "    interrupts: [{vector: 0x41, vcpu: guest/0, host_cpu: 1, arrivals: "
            "{periodic: {period: 5us}}}]\n"
            "events: [{at: %uns, detach: nic/0}]\n",
            protocol, ns);
        run_text(text, &fates, &totals);
        assert_true(totals.drained);
        assert_int_equal(fates.fate[VTDPI_FATE_PENDING], 0);
        assert_true(fates.fate[VTDPI_FATE_LOST] <= 2);
    }
}

static void test_detach__host_has_the_interrupt__lost_and_not_pending_xen(void **state)
{
    (void)state;
    detach_everywhere("cpu_posted_xen");
}

static void test_detach__host_has_the_interrupt__lost_and_not_pending_kvm(void **state)
{
    (void)state;
    detach_everywhere("cpu_posted_kvm");
}

static void test_detach__host_has_the_interrupt__lost_and_not_pending_injected(void **state)
{
    (void)state;
    detach_everywhere("injected");
}

/* stages.def: waiting for room in the store buffer is waiting for its drain, not for nothing. */
static void test_stage__store_buffer_full__wait_drain(void **state)
{
    static const char text[] =
        "duration: 2ms\n"
        "platform: {cpus: 2, store_buffer: 1}\n"
        "hypervisor: {protocol: kvm_5_17}\n"
        "vms: [{name: guest, vcpus: [{program: [{compute: 20us}, {hlt: }]}]}]\n"
        "devices:\n"
        "  - name: nic\n"
        "    requester: \"00:03.0\"\n"
        "    interrupts: [{vector: 0x41, vcpu: guest/0, arrivals: {periodic: {period: 31us}}}]\n"
        "events: [{at: 100us, every: 50us, times: 30, migrate: guest/0}]\n";
    fates_t fates;
    vtdpi_totals_t totals;
    (void)state;
    run_text(text, &fates, &totals);
    assert_true(fates.drain_ps > 0);
    assert_int_equal(fates.other_ps, 0);
}

/* design.md, "The log": a record names the interrupt that it serves; posting a guest's IPI serves
 * none, whatever else waits at the sender. */
static void test_accept__ipi_of_a_guest__names_no_interrupt(void **state)
{
    static const char text[] =
        "duration: 1ms\n"
        "platform: {cpus: 2}\n"
        "hypervisor: {protocol: kvm}\n"
        "vms:\n"
        "  - name: guest\n"
        "    vcpus:\n"
        "      - {affinity: [0], program: [{cli: }, {compute: 3us}, {send_ipi: {vcpu: guest/1, "
        "vector: 0x50}}, {compute: 3us}, {sti: }, {compute: 3us}]}\n"
        "      - {affinity: [1], program: [{compute: 5us}]}\n"
        "devices:\n"
        "  - name: nic\n"
        "    requester: \"00:03.0\"\n"
        "    interrupts: [{vector: 0x41, vcpu: guest/0, arrivals: {periodic: {period: 7us}}}]\n";
    fates_t fates;
    vtdpi_totals_t totals;
    (void)state;
    run_text(text, &fates, &totals);
    assert_true(totals.event_count[VTDPI_EV_kvm_apicv_accept_irq] > 10);
    assert_int_equal(fates.named, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pi_processed__urgent_finds_another_vcpu__counts_as_misdirected),
        cmocka_unit_test(test_pi_processed__own_notifications_only__none_misdirected),
        cmocka_unit_test(test_detach__host_has_the_interrupt__lost_and_not_pending_xen),
        cmocka_unit_test(test_detach__host_has_the_interrupt__lost_and_not_pending_kvm),
        cmocka_unit_test(test_detach__host_has_the_interrupt__lost_and_not_pending_injected),
        cmocka_unit_test(test_accept__ipi_of_a_guest__names_no_interrupt),
        cmocka_unit_test(test_stage__store_buffer_full__wait_drain),
    };
    return cmocka_run_group_tests_name("corner_identity", tests, NULL, NULL);
}

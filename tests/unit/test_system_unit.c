/*
 * The remapping unit as an actor: requests, order, descriptor updates, messages.
 *
 * Rules: VT-d, "Interrupt-Posting Hardware Operation", "Ordering Requirements"; SDM 3A,
 * "Determining IPI Destination".
 */
#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x41, OTHER = 0x9D };

static hand_t h;

static uint32_t request(uint32_t r)
{
    return h.sys.actor.request + r;
}

static uint32_t source(uint32_t s)
{
    return h.sys.actor.source + s;
}

/* One vCPU on CPU 0, a second CPU, two devices: sources 0 and 1 of the first, 2 of the second. */
static void open_unit(const char *protocol, uint32_t requests)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, protocol, 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    h.scene.device[1] = (vtdpi_device_cfg_t){.name = "disk", .requester_id = 0x20, .msix = true};
    h.scene.s.device_count = 2;
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    scene_interrupt(&h.scene, 0, OTHER, 0, 1000000);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000)->device = 1;
    h.scene.s.platform.iommu_requests = requests;
    h.scene.s.platform.iommu_cache = 4;
    hand_build(&h, strcmp(protocol, "kvm") == 0);
    hand_start(&h);
}

static uint64_t pir(unsigned vector)
{
    return (*hand_word(&h, h.p.vcpus[0].pid, vector >> 6) >> (vector & 63U)) & 1U;
}

static void set_control(vtdpi_pid_ctl_t ctl)
{
    *hand_word(&h, h.p.vcpus[0].pid, VTDPI_PID_CTL_WORD) = vtdpi_pid_ctl_make(ctl);
}

/* Descriptor update: PIR and ON change in one operation, and the line is one access.
 * @shows vtd.post.atomic, vtd.post.visible-first, vtd.remap.entry-read */
static void test_system_unit__post__pir_and_on_in_one_operation(void **state)
{
    (void)state;
    open_unit("kvm", 4);
    hand_fire(&h, source(0), 0);
    assert_non_null(hand_saw(&h, VTDPI_EV_msi_written));
    hand_fire(&h, request(0), 0);
    assert_int_equal(h.sys.requests[0].phase, VTDPI_RQ_FETCH);
    hand_fire(&h, request(0), 0);
    assert_int_equal(h.sys.requests[0].phase, VTDPI_RQ_POST);
    assert_int_equal(pir(VECTOR), 0);
    assert_false(hand_control(&h, 0).on);
    uint64_t locked = h.sys.pid_locked;
    hand_fire(&h, request(0), 0);
    assert_int_equal(pir(VECTOR), 1);
    assert_true(hand_control(&h, 0).on);
    assert_int_equal(h.sys.pid_locked, locked + 1);
    assert_int_equal(h.sys.moved_line, h.p.vcpus[0].pid);
    assert_int_equal(hand_in_flight(&h),
                     0); /* the update is visible before the notification is sent */
    hand_fire(&h, request(0), 0);
    assert_int_equal(hand_in_flight(&h), 1);
    assert_int_equal(h.sys.requests[0].phase, VTDPI_RQ_FREE);
    hand_close(&h);
}

/* The table of ON, SN, URG: whether a post sets ON and notifies.
 * @shows vtd.post.notify, vtd.post.coalesced, vtd.post.suppressed, vtd.post.urgent */
static void test_system_unit__post__on_sn_urg_decide_about_the_notification(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        bool on = (i & 4U) != 0;
        bool sn = (i & 2U) != 0;
        bool urg = (i & 1U) != 0;
        bool notify = !on && (urg || !sn);
        open_unit("kvm", 4);
        set_control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .on = on, .sn = sn});
        hand_fire(&h, source(0), 0);
        hand_fire(&h, request(0), 0);
        hand_fire(&h, request(0), 0);
        h.sys.requests[0].urg = urg;
        hand_fire(&h, request(0), 0);
        assert_int_equal(hand_control(&h, 0).on, on || notify);
        assert_int_equal(pir(VECTOR), 1);
        assert_int_equal(h.sys.requests[0].phase, notify ? VTDPI_RQ_SEND : VTDPI_RQ_FREE);
        const vtdpi_event_t *sent = hand_saw(&h, VTDPI_EV_notification_sent);
        assert_int_equal(sent != NULL, notify);
        assert_true(sent == NULL || sent->a[3] == (urg && sn));
        assert_int_equal(hand_saw(&h, VTDPI_EV_notification_suppressed_on) != NULL, on);
        assert_int_equal(hand_saw(&h, VTDPI_EV_notification_suppressed_sn) != NULL,
                         !on && sn && !urg);
        hand_close(&h);
    }
}

/* NV and NDST are those of the atomic update; software that changes them later changes nothing.
 * @shows vtd.post.sampled */
static void test_system_unit__notification__nv_and_ndst_as_sampled_by_the_post(void **state)
{
    (void)state;
    open_unit("kvm", 4);
    hand_fire(&h, source(0), 0);
    hand_fire(&h, request(0), 0);
    hand_fire(&h, request(0), 0);
    set_control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_WNV, .ndst = 1});
    hand_fire(&h, request(0), 0);
    set_control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .ndst = 0, .on = true});
    hand_fire(&h, request(0), 0);
    uint32_t m = hand_message(&h, VTDPI_HV_WNV);
    assert_true(m < VTDPI_MESSAGES_MAX);
    assert_int_equal(h.sys.messages[m].msg.dest, 1);
    hand_fire(&h, h.sys.actor.message + m, 0);
    assert_true(vtdpi_set_has(h.sys.cpus[1].apic.irr, VTDPI_HV_WNV));
    assert_false(vtdpi_set_has(h.sys.cpus[0].apic.irr, VTDPI_HV_ANV));
    hand_close(&h);
}

/* Requests of one requester have effect in their order; those of another pass.
 * @shows vtd.order.requester */
static void test_system_unit__two_requesters__own_order_kept_others_pass(void **state)
{
    (void)state;
    open_unit("kvm", 4);
    hand_fire(&h, source(0), 0);
    hand_fire(&h, source(1), 0);
    hand_fire(&h, source(2), 0);
    for (uint32_t r = 0; r < 3; r++) { /* decoding and reading may overlap */
        hand_fire(&h, request(2 - r), 0);
        hand_fire(&h, request(2 - r), 0);
        assert_int_equal(h.sys.requests[2 - r].phase, VTDPI_RQ_POST);
    }
    assert_int_equal(vtdpi_enabled(&h.sys, request(1)), 0);
    hand_fire(&h, request(2), 0);
    assert_int_equal(vtdpi_enabled(&h.sys, request(1)), 0);
    hand_fire(&h, request(0), 0);
    assert_int_equal(pir(OTHER), 0);
    assert_int_equal(vtdpi_enabled(&h.sys, request(1)), 1); /* the older one is done: ON was set */
    hand_fire(&h, request(1), 0);
    assert_int_equal(pir(OTHER), 1);
    assert_int_equal(h.sys.requests[2].phase, VTDPI_RQ_SEND);
    hand_close(&h);
}

/* The notification of an earlier request is part of it: a later one of the requester waits for it.
 * @shows vtd.order.notification */
static void test_system_unit__notification_not_sent_yet__younger_request_waits(void **state)
{
    (void)state;
    open_unit("kvm", 4);
    hand_fire(&h, source(0), 0);
    hand_fire(&h, source(1), 0);
    for (uint32_t r = 0; r < 2; r++) {
        hand_fire(&h, request(r), 0);
        hand_fire(&h, request(r), 0);
    }
    hand_fire(&h, request(0), 0);
    assert_int_equal(vtdpi_enabled(&h.sys, request(1)), 0);
    hand_fire(&h, request(0), 0);
    assert_int_equal(vtdpi_enabled(&h.sys, request(1)), 1);
    hand_close(&h);
}

/* No free request: devices are held back, and hear of it when one is free. */
static void test_system_unit__requests_full__devices_held_back(void **state)
{
    (void)state;
    open_unit("kvm", 1);
    assert_int_equal(vtdpi_enabled(&h.sys, source(2)), 1);
    hand_fire(&h, source(0), 0);
    assert_int_equal(vtdpi_enabled(&h.sys, source(0)), 0);
    assert_int_equal(vtdpi_enabled(&h.sys, source(2)), 0);
    set_control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .on = true});
    hand_fire(&h, request(0), 0);
    hand_fire(&h, request(0), 0);
    hand_fire(&h, request(0), 0);
    assert_int_equal(vtdpi_enabled(&h.sys, source(2)), 1);
    bool told = false;
    for (uint32_t i = 0; i < h.sys.touched_count; i++) {
        told = told || h.sys.touched[i] == source(2);
    }
    assert_true(told);
    hand_close(&h);
}

/* A cached entry makes the read unnecessary.
 * @shows vtd.iec.stale */
static void test_system_unit__entry_cached__no_fetch(void **state)
{
    (void)state;
    open_unit("kvm", 4);
    for (unsigned round = 0; round < 2; round++) {
        hand_fire(&h, source(0), 0);
        hand_fire(&h, request(0), 0);
        assert_int_equal(h.sys.requests[0].phase, round == 0 ? VTDPI_RQ_FETCH : VTDPI_RQ_POST);
        while (h.sys.requests[0].phase != VTDPI_RQ_FREE) {
            hand_fire(&h, request(0), 0);
        }
    }
    hand_close(&h);
}

/* A descriptor with a reserved bit set is left alone; a request for one that is not memory too.
 * @shows vtd.remap.blocked, vtd.post.reserved, vtd.post.access-error */
static void test_system_unit__bad_descriptor__blocked_and_line_unmodified(void **state)
{
    (void)state;
    open_unit("kvm", 4);
    *hand_word(&h, h.p.vcpus[0].pid, 7) = 1;
    hand_fire(&h, source(0), 0);
    hand_fire(&h, request(0), 0);
    hand_fire(&h, request(0), 0);
    hand_fire(&h, request(0), 0);
    const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_blocked);
    assert_non_null(e);
    assert_int_equal(e->a[0], VTDPI_FAULT_PID_RESERVED);
    assert_int_equal(pir(VECTOR), 0);
    assert_int_equal(h.sys.sealed_count, 1);
    assert_int_equal(h.sys.sealed[0].fate, VTDPI_FATE_BLOCKED);
    hand_fire(&h, source(0), 0);
    hand_fire(&h, request(0), 0);
    h.sys.requests[0].pid_paddr = UINT64_C(0x7000000);
    hand_fire(&h, request(0), 0);
    assert_int_equal(hand_saw(&h, VTDPI_EV_blocked)->a[0], VTDPI_FAULT_PID_ACCESS);
    hand_close(&h);
}

/* A remapped interrupt: message to the CPU that the entry names, accepted there.
 * @shows vtd.irte.message */
static void test_system_unit__remapped__accepted_by_the_named_lapic(void **state)
{
    (void)state;
    open_unit("injected", 4);
    hand_fire(&h, source(0), 0);
    hand_fire(&h, request(0), 0);
    hand_fire(&h, request(0), 0);
    assert_int_equal(h.sys.requests[0].phase, VTDPI_RQ_SEND);
    hand_fire(&h, request(0), 0);
    const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_remapped);
    assert_non_null(e);
    uint8_t vector = h.sys.sources[0].host_vector;
    assert_int_equal(e->a[1], vector);
    uint32_t m = hand_message(&h, vector);
    hand_fire(&h, h.sys.actor.message + m, 0);
    assert_true(vtdpi_set_has(h.sys.cpus[h.sys.sources[0].host_cpu].apic.irr, vector));
    assert_non_null(hand_saw(&h, VTDPI_EV_irr_set));
    hand_close(&h);
}

/* A message that no APIC takes is gone: a remapped interrupt with it, a posted one waits in PIR.
 * @shows sdm.message.absent */
static void test_system_unit__absent_destination__message_dropped(void **state)
{
    (void)state;
    open_unit("injected", 4);
    hand_fire(&h, source(0), 0);
    hand_fire(&h, request(0), 0);
    hand_fire(&h, request(0), 0);
    h.sys.requests[0].msg.dest = 77;
    hand_fire(&h, request(0), 0);
    hand_fire(&h, h.sys.actor.message, 0);
    assert_non_null(hand_saw(&h, VTDPI_EV_message_dropped));
    assert_int_equal(h.sys.sealed_count, 1);
    assert_int_equal(h.sys.sealed[0].fate, VTDPI_FATE_LOST);
    hand_close(&h);
    open_unit("kvm", 4);
    set_control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .ndst = 77});
    hand_fire(&h, source(0), 0);
    for (unsigned i = 0; i < 4; i++) {
        hand_fire(&h, request(0), 0);
    }
    hand_fire(&h, h.sys.actor.message, 0);
    assert_non_null(hand_saw(&h, VTDPI_EV_message_dropped));
    assert_int_equal(h.sys.sealed_count, 0);
    assert_int_equal(pir(VECTOR), 1);
    assert_int_equal(h.sys.live[0].place, VTDPI_AT_VCPU);
    hand_close(&h);
}

/* No room for another message: whoever would send waits, and nothing is lost. */
static void test_system_unit__messages_full__senders_wait(void **state)
{
    (void)state;
    open_unit("kvm", 4);
    vtdpi_op_t ops[1] = {
        vtdpi_op_ab(vtdpi_op_make(VTDPI_OP_IPI, VTDPI_STAGE_ipi, 0), VTDPI_HV_KICK, 1)};
    hand_script(0, ops, 1);
    hand_to(&h, 0, VTDPI_OP_IPI);
    hand_fire(&h, source(0), 0);
    for (unsigned i = 0; i < 3; i++) {
        hand_fire(&h, request(0), 0);
    }
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        h.sys.messages[m].used = 1;
        h.sys.messages[m].vcpu = VTDPI_NOBODY;
        h.sys.messages[m].msg.vector = VTDPI_HV_KICK;
        h.sys.messages[m].msg.wide = 1;
    }
    assert_int_equal(vtdpi_enabled(&h.sys, request(0)), 0);
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 0);
    hand_fire(&h, h.sys.actor.message + 9, 0);
    assert_int_equal(vtdpi_enabled(&h.sys, request(0)), 1);
    hand_fire(&h, request(0), 0);
    assert_int_equal(h.sys.messages[9].msg.vector, VTDPI_HV_ANV);
    assert_int_equal(vtdpi_enabled(&h.sys, request(0)), 0);
    hand_close(&h);
}

static bool resched_offered(uint32_t cpu)
{
    return vtdpi_set_has(h.sys.cpus[cpu].apic.irr, VTDPI_HV_RESCHED);
}

/* A wake-up from outside that finds no room arrives all the same: nobody would repeat it. */
static void test_system_unit__messages_full__outside_wake_up_arrives(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, true);
    h.scene.vmm[0].name = "qemu";
    h.scene.vmm[0].start_cpu = 1;
    h.scene.s.vmm_count = 1;
    scene_interrupt(&h.scene, 0, 0x55, 0, 1000000)->emulated = true;
    scene_event(&h.scene, VTDPI_EVENT_PREEMPT, 0);
    hand_build(&h, false);
    hand_start(&h);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
    hand_to(&h, 1, VTDPI_OP_HLT);
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        h.sys.messages[m].used = 1;
    }
    assert_false(resched_offered(0) || resched_offered(1));
    hand_fire(&h, source(0), 0);
    assert_true(resched_offered(1));
    hand_fire(&h, h.sys.actor.outside, 0);
    assert_true(resched_offered(0));
    assert_int_equal(h.sys.threads[h.p.vcpus[0].thread].yield, 1);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_unit__post__pir_and_on_in_one_operation),
        cmocka_unit_test(test_system_unit__post__on_sn_urg_decide_about_the_notification),
        cmocka_unit_test(test_system_unit__notification__nv_and_ndst_as_sampled_by_the_post),
        cmocka_unit_test(test_system_unit__two_requesters__own_order_kept_others_pass),
        cmocka_unit_test(test_system_unit__notification_not_sent_yet__younger_request_waits),
        cmocka_unit_test(test_system_unit__requests_full__devices_held_back),
        cmocka_unit_test(test_system_unit__entry_cached__no_fetch),
        cmocka_unit_test(test_system_unit__bad_descriptor__blocked_and_line_unmodified),
        cmocka_unit_test(test_system_unit__remapped__accepted_by_the_named_lapic),
        cmocka_unit_test(test_system_unit__absent_destination__message_dropped),
        cmocka_unit_test(test_system_unit__messages_full__senders_wait),
        cmocka_unit_test(test_system_unit__messages_full__outside_wake_up_arrives),
    };
    return cmocka_run_group_tests_name("system_unit", tests, NULL, NULL);
}

/*
 * Xen's hooks one by one: device assignment, block, put, load, delivery, and what each variant of a
 * step leaves out or does in another order.
 *
 * Rules: hypervisors.md, section 3; races.md, RC-03, RC-06, B5, B6, B10.
 */
#include "script_test.h"

enum { VECTOR = 0x41, IPI = 0x93, RUNNING_LOW = 16, NODE_ON_LIST_LOW = 32, PAUSED = 1 };

enum { SOFTIRQ_SCHEDULE = 1, SOFTIRQ_KICK = 4 };

/* Variants of xen, by their bits in hypervisor.def. */
enum { NO_SOFTIRQ = 1 << 0, NV_FIRST = 1 << 1, NO_CHECK = 1 << 2 };

/* VTDPI_VW_BYPASS: switch-to is kept, block is not published yet. */
#define KEPT   (UINT64_C(1) << 32)
#define EARLY  (UINT64_C(1) << 33)
#define MARKER UINT32_MAX

static hand_t h;
static vtdpi_protocol_t mixed;
static vtdpi_op_t script[4];
static script_trace_t trace;

/* vCPUs 0 and 1 of two VMs on CPUs 0 and 1; the thread of vCPU 0 does [count] of [script]. */
static void open_xen(uint32_t variant, unsigned count)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "xen", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_vcpu(&h.scene, 1, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    script_build(&h, "xen", &mixed);
    h.p.variant = variant;
    hand_script(0, script, count);
    hand_script(1, NULL, 0);
    hand_start(&h);
    script_begin(&h, 0, 0);
}

static uint64_t *vw(uint32_t v, unsigned word)
{
    return hand_word(&h, h.p.vcpus[v].state, word);
}

static uint32_t pid(uint32_t v)
{
    return h.p.vcpus[v].pid;
}

static vtdpi_op_t call(unsigned func, uint64_t a, uint64_t b)
{
    return vtdpi_op_call(func, a, b, 0);
}

static void control(uint32_t v, vtdpi_pid_ctl_t ctl)
{
    *hand_word(&h, pid(v), VTDPI_PID_CTL_WORD) = vtdpi_pid_ctl_make(ctl);
}

static vtdpi_op_t pause_op(void)
{
    return vtdpi_op_make(VTDPI_OP_FENCE, VTDPI_STAGE_hv, 0);
}

/* First device of a VM: NDST of a vCPU that never ran as a target names its processor before the
 * block hook is published; of later devices only the number grows. */
static void test_hypervisor_xen__attach__ndst_then_block_hook(void **state)
{
    (void)state;
    for (uint64_t before = 0; before < 2; before++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_hook_attach, 1, 0);
        open_xen(0, 2);
        *vw(1, VTDPI_VW_BYPASS) = before;
        *vw(1, VTDPI_VW_RUNNING) = 0; /* its thread never ran: it is where it starts */
        control(1, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .ndst = MARKER});
        script_run(&h, 0, &trace);
        assert_int_equal(*vw(1, VTDPI_VW_BYPASS), before + 1);
        assert_int_equal(hand_control(&h, 1).ndst, before == 0 ? 1 : MARKER);
        assert_int_equal(script_count(&trace, VTDPI_OP_CAS64), before == 0);
        assert_int_equal(hand_control(&h, 0).ndst, 0); /* of another VM */
        hand_close(&h);
    }
}

/* The swap is of 32 bits in hardware: a change of the other half is no reason to give up; a
 * switch-to that came first is fresher and stays. */
static void test_hypervisor_xen__fill_ndst__other_half_changes_or_ndst_is_fresher(void **state)
{
    (void)state;
    for (unsigned fresher = 0; fresher < 2; fresher++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_xen_fill_ndst, 1, 0);
        open_xen(0, 2);
        *vw(1, VTDPI_VW_RUNNING) = UINT64_C(2) << RUNNING_LOW;
        control(1, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .ndst = MARKER});
        hand_to(&h, 0, VTDPI_OP_CAS64);
        control(1, (vtdpi_pid_ctl_t){
                       .nv = VTDPI_HV_ANV, .ndst = fresher != 0 ? 5 : MARKER, .on = true});
        script_run(&h, 0, &trace);
        assert_int_equal(script_count(&trace, VTDPI_OP_CAS64), fresher != 0 ? 1 : 2);
        assert_int_equal(hand_control(&h, 1).ndst, fresher != 0 ? 5 : 1);
        assert_true(hand_control(&h, 1).on);
        hand_close(&h);
    }
}

/* While the first device is being attached the block hook is not there yet: HLT leaves NV alone.
 */
static void test_hypervisor_xen__block__hook_by_the_state_of_the_assignment(void **state)
{
    (void)state;
    static const uint64_t hooks[4] = {0, 1, 1 | EARLY, KEPT};
    for (unsigned i = 0; i < 4; i++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_xen_block, 0, 0);
        open_xen(0, 2);
        control(0, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV});
        *vw(0, VTDPI_VW_BYPASS) = hooks[i];
        script_run(&h, 0, &trace);
        bool listed = hooks[i] == 1;
        assert_int_equal(hand_control(&h, 0).nv, listed ? VTDPI_HV_WNV : VTDPI_HV_ANV);
        assert_int_equal((*vw(0, VTDPI_VW_NODE) >> NODE_ON_LIST_LOW) & 1U, listed);
        assert_int_equal(*vw(0, VTDPI_VW_BLOCKED), 1);
        assert_int_equal(*hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_SOFTIRQ), SOFTIRQ_SCHEDULE);
        hand_close(&h);
    }
}

/* Block: on the list before NV (B5), and a look for events behind both (B6, B10): what is found
 * ends it. The variants have another order, and no look. */
static void test_hypervisor_xen__block__list_then_nv_then_look(void **state)
{
    (void)state;
    static const uint32_t variants[3] = {0, NV_FIRST, NO_CHECK};
    for (unsigned i = 0; i < 3; i++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_xen_block, 0, 0);
        open_xen(variants[i], 2);
        control(0, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .on = true});
        vtdpi_set_add(hand_word(&h, pid(0), 0), VECTOR);
        script_run(&h, 0, &trace);
        int node = script_find(&trace, VTDPI_OP_STORE, h.p.vcpus[0].state, VTDPI_VW_NODE, 0);
        int nv = script_find(&trace, VTDPI_OP_STORE, pid(0), VTDPI_PID_CTL_WORD, 0);
        assert_true(node >= 0 && nv >= 0);
        assert_int_equal(nv < node, variants[i] == NV_FIRST);
        bool looked = variants[i] != NO_CHECK;
        assert_int_equal(*vw(0, VTDPI_VW_BLOCKED), !looked);
        assert_int_equal(h.sys.threads[h.p.vcpus[0].thread].blocking, !looked);
        assert_int_equal(*hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_SOFTIRQ),
                         looked ? 0 : SOFTIRQ_SCHEDULE);
        hand_close(&h);
    }
}

/* Switch-to writes NDST and clears SN while the hook is there, or kept behind the last detach. */
static void test_hypervisor_xen__load__with_its_hook(void **state)
{
    (void)state;
    static const uint64_t hooks[3] = {0, 1, KEPT};
    for (unsigned i = 0; i < 3; i++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_hook_load, 0, 0);
        open_xen(0, 2);
        *vw(0, VTDPI_VW_BYPASS) = hooks[i];
        control(0, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .ndst = 1, .sn = true});
        script_run(&h, 0, &trace);
        assert_int_equal(hand_control(&h, 0).ndst, i == 0 ? 1 : 0);
        assert_int_equal(hand_control(&h, 0).sn, i == 0);
        hand_close(&h);
    }
}

/* Switch-from: SN unless the vCPU is blocked, and only while a device is there. */
static void test_hypervisor_xen__put__sn_unless_blocked(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        static const uint64_t hooks[3] = {0, 1, KEPT};
        uint64_t blocked = i & 1U;
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_hook_put, 0, 0);
        open_xen(0, 2);
        *vw(0, VTDPI_VW_BYPASS) = hooks[i / 2];
        *vw(0, VTDPI_VW_BLOCKED) = blocked;
        script_run(&h, 0, &trace);
        assert_int_equal(hand_control(&h, 0).sn, hooks[i / 2] == 1 && blocked == 0);
        assert_int_equal(*vw(0, VTDPI_VW_RUNNING) & UINT16_MAX, 0);
        hand_close(&h);
    }
}

/* The notification handler raises the kick softirq, so that the way to the guest passes another
 * sync (RC-06); the variant only acknowledges. */
static void test_hypervisor_xen__notification__kick_softirq(void **state)
{
    (void)state;
    for (unsigned without = 0; without < 2; without++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_hook_notify, 0, 0);
        open_xen(without != 0 ? NO_SOFTIRQ : 0, 2);
        script_run(&h, 0, &trace);
        assert_int_equal(*hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_SOFTIRQ),
                         without != 0 ? 0 : SOFTIRQ_KICK);
        hand_close(&h);
    }
}

/* A kick softirq is done by passing through. */
static void test_hypervisor_xen__kick_softirq__done_by_itself(void **state)
{
    (void)state;
    script[0] = pause_op();
    script[1] = call(VTDPI_FN_xen_softirq, 0, 0);
    open_xen(0, 2);
    *hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_SOFTIRQ) = SOFTIRQ_KICK;
    script_run(&h, 0, &trace);
    assert_int_equal(*hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_SOFTIRQ), 0);
    assert_int_equal(script_count(&trace, VTDPI_OP_PICK), 0);
    hand_close(&h);
}

/* VM entry takes the vCPU off its list, unless the wake-up handler was faster: then there is
 * nothing to unlink under the lock. */
static void test_hypervisor_xen__cleanup__handler_was_faster(void **state)
{
    (void)state;
    for (unsigned faster = 0; faster < 2; faster++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_xen_cleanup, 0, 0);
        open_xen(0, 2);
        control(0, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_WNV});
        *vw(0, VTDPI_VW_NODE) = UINT64_C(1) << NODE_ON_LIST_LOW;
        *vw(0, VTDPI_VW_LISTLOCK) = 1;
        *hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_LIST) = 1U | (1U << 16);
        hand_to(&h, 0, VTDPI_OP_LOCK);
        if (faster != 0) {
            *vw(0, VTDPI_VW_LISTLOCK) = 0;
            *vw(0, VTDPI_VW_NODE) = 0;
            *hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_LIST) = 0;
        }
        script_run(&h, 0, &trace);
        assert_int_equal(script_seen(&trace, VTDPI_EV_list_removed) != NULL, faster == 0);
        assert_int_equal(hand_control(&h, 0).nv, VTDPI_HV_ANV);
        assert_int_equal(*hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_LIST), 0);
        assert_int_equal(*hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_LOCK), 0);
        hand_close(&h);
    }
}

/* A paused vCPU looks at its pause count again after it said that it is about to sleep: an unpause
 * in between is not missed. */
static void test_hypervisor_xen__sleep__unpaused_in_between(void **state)
{
    (void)state;
    script[0] = pause_op();
    script[1] = call(VTDPI_FN_xen_sleep, 0, 0);
    open_xen(0, 2);
    *vw(0, VTDPI_VW_REQUESTS) = PAUSED;
    hand_to(&h, 0, VTDPI_OP_PREPARE);
    hand_step(&h, 0);
    *vw(0, VTDPI_VW_REQUESTS) = 0;
    script_run(&h, 0, &trace);
    assert_int_equal(script_count(&trace, VTDPI_OP_CANCEL), 1);
    assert_int_equal(script_count(&trace, VTDPI_OP_PICK), 0);
    assert_int_equal(h.sys.threads[h.p.vcpus[0].thread].state, VTDPI_TS_RUNNING);
    hand_close(&h);
}

/* Pausing a vCPU that does not run sends nothing and waits for nobody. */
static void test_hypervisor_xen__pause__ipi_only_to_a_running_vcpu(void **state)
{
    (void)state;
    script[0] = pause_op();
    script[1] = call(VTDPI_FN_xen_pause, 1, 0);
    open_xen(0, 2);
    *vw(1, VTDPI_VW_RUNNING) = UINT64_C(2) << RUNNING_LOW;
    script_run(&h, 0, &trace);
    assert_int_equal(*vw(1, VTDPI_VW_REQUESTS), PAUSED);
    assert_int_equal(hand_in_flight(&h), 0);
    hand_close(&h);
    open_xen(0, 2);
    *vw(1, VTDPI_VW_RUNNING) = 2 | (UINT64_C(2) << RUNNING_LOW);
    hand_to(&h, 0, VTDPI_OP_AWAIT);
    assert_true(hand_message(&h, VTDPI_HV_RESCHED) < VTDPI_MESSAGES_MAX);
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 0);
    *vw(1, VTDPI_VW_RUNNING) = UINT64_C(2) << RUNNING_LOW;
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 1);
    hand_close(&h);
}

/* Unpausing wakes the vCPU unless it is blocked. */
static void test_hypervisor_xen__unpause__wakes_unless_blocked(void **state)
{
    (void)state;
    for (uint64_t blocked = 0; blocked < 2; blocked++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_xen_unpause, 1, 0);
        open_xen(0, 2);
        *vw(1, VTDPI_VW_REQUESTS) = PAUSED;
        *vw(1, VTDPI_VW_BLOCKED) = blocked;
        script_run(&h, 0, &trace);
        assert_int_equal(*vw(1, VTDPI_VW_REQUESTS), 0);
        assert_int_equal(script_count(&trace, VTDPI_OP_WAKE), blocked == 0);
        hand_close(&h);
    }
}

/* The last device leaves: paused, hooks down to switch-to, off its list, unpaused; of one among
 * several only the number falls. */
static void test_hypervisor_xen__detach__last_device_takes_the_hooks_down(void **state)
{
    (void)state;
    for (uint64_t before = 1; before < 3; before++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_hook_detach, 1, 0);
        open_xen(0, 2);
        *vw(1, VTDPI_VW_BYPASS) = before;
        *vw(1, VTDPI_VW_RUNNING) = UINT64_C(2) << RUNNING_LOW;
        control(1, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_WNV, .ndst = 1});
        script_run(&h, 0, &trace);
        assert_int_equal(*vw(1, VTDPI_VW_BYPASS), before == 1 ? KEPT : 1);
        assert_int_equal(hand_control(&h, 1).nv, before == 1 ? VTDPI_HV_ANV : VTDPI_HV_WNV);
        assert_int_equal(*vw(1, VTDPI_VW_REQUESTS), 0);
        hand_close(&h);
    }
}

/* Delivery in software: SN or ON: the generic kick; neither: ON by compare-and-swap, and ANV to a
 * vCPU that runs elsewhere. A failed swap looks again. */
static void test_hypervisor_xen__deliver__by_the_snapshot_of_control(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_hook_deliver, 1, IPI);
        open_xen(0, 2);
        *vw(1, VTDPI_VW_RUNNING) = 2 | (UINT64_C(2) << RUNNING_LOW);
        control(1, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .ndst = 1, .sn = i == 1});
        if (i == 2) {
            hand_to(&h, 0, VTDPI_OP_CAS64);
            control(1, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_WNV, .ndst = 1});
        }
        script_run(&h, 0, &trace);
        assert_true(vtdpi_set_has(hand_word(&h, pid(1), 0), IPI));
        assert_int_equal(hand_control(&h, 1).on, i != 1);
        assert_int_equal(hand_message(&h, VTDPI_HV_ANV) < VTDPI_MESSAGES_MAX, i != 1);
        assert_int_equal(hand_message(&h, VTDPI_HV_KICK) < VTDPI_MESSAGES_MAX, i == 1);
        assert_int_equal(script_count(&trace, VTDPI_OP_CAS64), i == 1 ? 0 : i == 2 ? 2 : 1);
        hand_close(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hypervisor_xen__attach__ndst_then_block_hook),
        cmocka_unit_test(test_hypervisor_xen__fill_ndst__other_half_changes_or_ndst_is_fresher),
        cmocka_unit_test(test_hypervisor_xen__block__hook_by_the_state_of_the_assignment),
        cmocka_unit_test(test_hypervisor_xen__block__list_then_nv_then_look),
        cmocka_unit_test(test_hypervisor_xen__load__with_its_hook),
        cmocka_unit_test(test_hypervisor_xen__put__sn_unless_blocked),
        cmocka_unit_test(test_hypervisor_xen__notification__kick_softirq),
        cmocka_unit_test(test_hypervisor_xen__kick_softirq__done_by_itself),
        cmocka_unit_test(test_hypervisor_xen__cleanup__handler_was_faster),
        cmocka_unit_test(test_hypervisor_xen__sleep__unpaused_in_between),
        cmocka_unit_test(test_hypervisor_xen__pause__ipi_only_to_a_running_vcpu),
        cmocka_unit_test(test_hypervisor_xen__unpause__wakes_unless_blocked),
        cmocka_unit_test(test_hypervisor_xen__detach__last_device_takes_the_hooks_down),
        cmocka_unit_test(test_hypervisor_xen__deliver__by_the_snapshot_of_control),
    };
    return cmocka_run_group_tests_name("hypervisor_xen", tests, NULL, NULL);
}

/*
 * KVM's hooks one by one: load, put, block, attach, kick, and what each variant of a step leaves
 * out or does in another order.
 *
 * Rules: hypervisors.md, section 5, "Load", "Put", "Block", "Software delivery", "Device attached";
 * races.md, RC-01, RC-10, B2, B5, B6.
 */
#include "script_test.h"

enum { VECTOR = 0x41, IPI = 0x93, MODE_IN_GUEST = 1, MODE_EXITING = 2 };

enum { REQUEST_EVENT = 1, REQUEST_UNBLOCK = 2, RUNNING_LOW = 16, NODE_ON_LIST_LOW = 32 };

/* Variants of kvm, by their bits in hypervisor.def. */
enum {
    NO_SCAN = 1 << 0,
    SCAN_FIRST = 1 << 1,
    NO_SELF_IPI = 1 << 2,
    NV_FIRST = 1 << 3,
    FETCH_TWICE = 1 << 4
};

static hand_t h;
static vtdpi_protocol_t mixed;
static vtdpi_op_t script[4];
static script_trace_t trace;

/* vCPUs 0 and 1 of two VMs on CPUs 0 and 1; the thread of vCPU 0 does [count] of [script]. */
static void open_kvm(const char *protocol, uint32_t variant, unsigned count)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, protocol, 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_vcpu(&h.scene, 1, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    script_build(&h, protocol, &mixed);
    h.p.variant = variant;
    hand_script(0, script, count);
    hand_script(1, NULL, 0);
    hand_start(&h);
    script_begin(&h, 0, 0);
}

static uint32_t state_line(uint32_t v)
{
    return h.p.vcpus[v].state;
}

static uint32_t pid(void)
{
    return h.p.vcpus[0].pid;
}

static vtdpi_op_t call(unsigned func, uint64_t a, uint64_t b)
{
    return vtdpi_op_call(func, a, b, 0);
}

static void control(vtdpi_pid_ctl_t ctl)
{
    *hand_word(&h, pid(), VTDPI_PID_CTL_WORD) = vtdpi_pid_ctl_make(ctl);
}

/* A step that changes nothing, so that a state can be set up before the call behind it begins. */
static vtdpi_op_t pause_op(void)
{
    return vtdpi_op_make(VTDPI_OP_FENCE, VTDPI_STAGE_hv, 0);
}

/* Load after a put that set SN: NDST and NV right, SN clear, and PIR looked through behind that, so
 * that what was posted meanwhile has ON (RC-01). The variants leave the look out, or have it first.
 */
static void test_hypervisor_kvm__load__scan_behind_sn(void **state)
{
    (void)state;
    static const uint32_t variants[3] = {0, NO_SCAN, SCAN_FIRST};
    for (unsigned i = 0; i < 3; i++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_kvm_pi_load, 0, 0);
        open_kvm("kvm", variants[i], 2);
        control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .ndst = 1, .sn = true});
        vtdpi_set_add(hand_word(&h, pid(), 0), VECTOR);
        h.sys.threads[h.p.vcpus[0].thread].last_cpu = 1;
        script_run(&h, 0, &trace);
        int swap = script_find(&trace, VTDPI_OP_CAS64, pid(), VTDPI_PID_CTL_WORD, 0);
        int scan = script_find(&trace, VTDPI_OP_LOAD, pid(), VECTOR >> 6, 0);
        assert_true(swap >= 0);
        assert_int_equal(scan >= 0, variants[i] != NO_SCAN);
        assert_true(scan < 0 || (scan < swap) == (variants[i] == SCAN_FIRST));
        assert_false(hand_control(&h, 0).sn);
        assert_int_equal(hand_control(&h, 0).ndst, 0);
        assert_int_equal(hand_control(&h, 0).on, variants[i] != NO_SCAN);
        hand_close(&h);
    }
}

/* The same CPU, and not on a list: SN alone is cleared, and if it was clear nothing is looked at.
 */
static void test_hypervisor_kvm__load_on_the_same_cpu__fast_path(void **state)
{
    (void)state;
    for (unsigned sn = 0; sn < 2; sn++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_kvm_pi_load, 0, 0);
        open_kvm("kvm", 0, 2);
        control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .sn = sn != 0});
        vtdpi_set_add(hand_word(&h, pid(), 0), VECTOR);
        script_run(&h, 0, &trace);
        assert_int_equal(script_count(&trace, VTDPI_OP_CAS64), 0);
        assert_int_equal(script_count(&trace, VTDPI_OP_BTR), 1);
        assert_int_equal(hand_control(&h, 0).on, sn != 0);
        assert_false(hand_control(&h, 0).sn);
        hand_close(&h);
    }
}

/* One snapshot for the compare-exchange: a post in between makes it fail and start over from the
 * fresh value. Two fetches compare one value and write another: ON is lost (RC-10). */
static void test_hypervisor_kvm__swap__one_snapshot_or_two(void **state)
{
    (void)state;
    for (unsigned twice = 0; twice < 2; twice++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_kvm_swap_control, 1, 0);
        open_kvm("kvm", twice != 0 ? FETCH_TWICE : 0, 2);
        control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_WNV, .ndst = 1});
        hand_step(&h, 0);
        hand_step(&h, 0); /* the first load */
        control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_WNV, .ndst = 1, .on = true});
        script_run(&h, 0, &trace);
        assert_int_equal(script_count(&trace, VTDPI_OP_CAS64), twice != 0 ? 1 : 2);
        assert_int_equal(hand_control(&h, 0).on, twice == 0);
        assert_int_equal(hand_control(&h, 0).nv, VTDPI_HV_ANV);
        assert_int_equal(hand_control(&h, 0).ndst, 0);
        hand_close(&h);
    }
}

/* Two fetches again, failing once: the second round compares a fresh value too. */
static void test_hypervisor_kvm__swap_twice_fetched__fails_and_starts_over(void **state)
{
    (void)state;
    script[0] = pause_op();
    script[1] = call(VTDPI_FN_kvm_swap_control, 0, 0);
    open_kvm("kvm", FETCH_TWICE, 2);
    control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV});
    hand_to(&h, 0, VTDPI_OP_CAS64);
    control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .on = true});
    script_run(&h, 0, &trace);
    assert_int_equal(script_count(&trace, VTDPI_OP_CAS64), 2);
    assert_int_equal(hand_control(&h, 0).nv, VTDPI_HV_WNV);
    assert_true(hand_control(&h, 0).on);
    hand_close(&h);
}

/* Block: on the list before NV names the wake-up vector (B5), then ON is looked at (B6). */
static void test_hypervisor_kvm__wakeup_on__list_then_nv_then_on(void **state)
{
    (void)state;
    static const uint32_t variants[3] = {0, NV_FIRST, NO_SELF_IPI};
    for (unsigned i = 0; i < 6; i++) {
        bool on = i >= 3;
        uint32_t variant = variants[i % 3];
        script[0] = pause_op();
        script[1] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
        script[2] = call(VTDPI_FN_kvm_wakeup_on, 0, 0);
        open_kvm("kvm", variant, 3);
        control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .on = on});
        script_run(&h, 0, &trace);
        int node = script_find(&trace, VTDPI_OP_STORE, state_line(0), VTDPI_VW_NODE, 0);
        int swap = script_find(&trace, VTDPI_OP_CAS64, pid(), VTDPI_PID_CTL_WORD, 0);
        assert_true(node >= 0 && swap >= 0);
        assert_int_equal(swap < node, variant == NV_FIRST);
        assert_int_equal(hand_control(&h, 0).nv, VTDPI_HV_WNV);
        assert_int_equal(hand_message(&h, VTDPI_HV_WNV) < VTDPI_MESSAGES_MAX,
                         on && variant != NO_SELF_IPI);
        hand_close(&h);
    }
}

/* Put: a vCPU that blocks and takes interrupts enters the list; every other one sets SN. */
static void test_hypervisor_kvm__put__list_or_sn(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        bool blocking = (i & 1U) != 0;
        bool takes = (i & 2U) != 0;
        uint64_t preempted = (i >> 2) & 1U;
        bool new = (i & 8U) != 0;
        script[0] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
        script[1] = pause_op();
        script[2] = call(VTDPI_FN_hook_put, preempted, 0);
        open_kvm(new ? "kvm" : "kvm_5_17", 0, 3);
        h.sys.threads[h.p.vcpus[0].thread].blocking = blocking;
        h.sys.vcpus[0].guest_if = takes;
        script_run(&h, 0, &trace);
        bool waits = blocking && takes && (!new || preempted == 0);
        bool sn = new ? !waits : preempted != 0;
        assert_int_equal(hand_control(&h, 0).nv, waits ? VTDPI_HV_WNV : VTDPI_HV_ANV);
        assert_int_equal(hand_control(&h, 0).sn, sn);
        assert_int_equal(*hand_word(&h, state_line(0), VTDPI_VW_NODE) >> NODE_ON_LIST_LOW & 1U,
                         waits);
        hand_close(&h);
    }
}

/* The first device of a VM: each of its vCPUs is asked to leave the block loop, those of other VMs
 * are not; another device changes the count alone. */
static void test_hypervisor_kvm__attach__first_device_asks_to_unblock(void **state)
{
    (void)state;
    for (uint64_t before = 0; before < 2; before++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_hook_attach, 0, 0);
        open_kvm("kvm", 0, 2);
        *hand_word(&h, state_line(0), VTDPI_VW_BYPASS) = before;
        script_run(&h, 0, &trace);
        assert_int_equal(*hand_word(&h, state_line(0), VTDPI_VW_BYPASS), before + 1);
        assert_int_equal(*hand_word(&h, state_line(0), VTDPI_VW_REQUESTS),
                         before == 0 ? REQUEST_UNBLOCK : 0);
        assert_int_equal(*hand_word(&h, state_line(1), VTDPI_VW_REQUESTS), 0);
        hand_close(&h);
    }
}

/* A kick moves IN_GUEST to EXITING and sends one IPI to the CPU where the vCPU is; none to oneself,
 * to nobody, or to one that is not in its guest. */
static void test_hypervisor_kvm__kick__one_ipi_if_in_the_guest(void **state)
{
    (void)state;
    for (uint64_t cpu = 0; cpu < 3; cpu++) {
        for (uint64_t mode = 0; mode < 2; mode++) {
            script[0] = pause_op();
            script[1] = call(VTDPI_FN_kvm_kick, 1, 0);
            open_kvm("kvm", 0, 2);
            *hand_word(&h, state_line(1), VTDPI_VW_MODE) = mode;
            *hand_word(&h, state_line(1), VTDPI_VW_RUNNING) = cpu << RUNNING_LOW;
            script_run(&h, 0, &trace);
            bool sent = hand_message(&h, VTDPI_HV_KICK) < VTDPI_MESSAGES_MAX;
            assert_int_equal(sent, mode == MODE_IN_GUEST && cpu == 2);
            assert_int_equal(*hand_word(&h, state_line(1), VTDPI_VW_MODE),
                             mode == MODE_IN_GUEST ? MODE_EXITING : 0);
            hand_close(&h);
        }
    }
}

/* A posting in software tells the target by ANV only where it is in its guest on a CPU, and never
 * itself. */
static void test_hypervisor_kvm__deliver__anv_to_a_cpu_in_the_guest(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        uint32_t target = i & 1U;
        uint64_t mode = (i >> 1) & 1U;
        uint64_t cpu = (i >> 2) != 0 ? 2 : 0;
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_hook_deliver, target, IPI);
        open_kvm("kvm", 0, 2);
        *hand_word(&h, state_line(target), VTDPI_VW_MODE) = mode;
        *hand_word(&h, state_line(target), VTDPI_VW_RUNNING) = cpu << RUNNING_LOW;
        script_run(&h, 0, &trace);
        assert_true(vtdpi_set_has(hand_word(&h, h.p.vcpus[target].pid, 0), IPI));
        assert_true(hand_control(&h, target).on);
        assert_int_equal(hand_message(&h, VTDPI_HV_ANV) < VTDPI_MESSAGES_MAX,
                         target == 1 && mode == MODE_IN_GUEST && cpu != 0);
        hand_close(&h);
    }
}

/* Requests: each is taken back; with APIC virtualization an event needs nothing more. */
static void test_hypervisor_kvm__requests__taken_back(void **state)
{
    (void)state;
    for (uint64_t set = 0; set < 4; set++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_kvm_requests, 0, 0);
        open_kvm("kvm", 0, 2);
        *hand_word(&h, state_line(0), VTDPI_VW_REQUESTS) = set;
        script_run(&h, 0, &trace);
        assert_int_equal(*hand_word(&h, state_line(0), VTDPI_VW_REQUESTS), 0);
        assert_int_equal(script_count(&trace, VTDPI_OP_BTR), (set & 1U) + (set >> 1));
        assert_int_equal(script_count(&trace, VTDPI_OP_VMWRITE), 0);
        hand_close(&h);
    }
}

/* The last look before VM entry: a request, a kick that moved the mode, or the scheduler send the
 * thread back. */
static void test_hypervisor_kvm__enter__not_with_something_to_do(void **state)
{
    (void)state;
    for (unsigned why = 0; why < 4; why++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_kvm_enter, 0, 0);
        open_kvm("kvm", 0, 2);
        hand_to(&h, 0, VTDPI_OP_FENCE); /* the script's own */
        hand_step(&h, 0);
        hand_to(&h, 0, VTDPI_OP_FENCE); /* behind the store of the mode */
        hand_step(&h, 0);
        if (why == 1) {
            *hand_word(&h, state_line(0), VTDPI_VW_REQUESTS) = REQUEST_EVENT;
        } else if (why == 2) {
            *hand_word(&h, state_line(0), VTDPI_VW_MODE) = MODE_EXITING;
        } else if (why == 3) {
            h.sys.cpus[0].need_resched = 1;
        }
        bool entered = false;
        while (hand_next(&h, 0) != VTDPI_OP_CHOOSE && !entered) {
            entered = hand_next(&h, 0) == VTDPI_OP_VMENTER;
            hand_step(&h, 0);
        }
        assert_int_equal(entered, why == 0);
        assert_true(entered || (hand_result(&h, 0, 1) & UINT32_MAX) == VTDPI_NOBODY);
        hand_close(&h);
    }
}

/* Halt-polling looks until its time is over; where time stands still, as in an exploration, one
 * look stands for all. */
static void test_hypervisor_kvm__halt_polling__one_look_where_time_stands_still(void **state)
{
    (void)state;
    for (uint64_t step = 0; step < 2; step++) {
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_kvm_block, 0, 0);
        open_kvm("kvm", 0, 2);
        h.p.halt_poll_ps = 3;
        unsigned looks = 0;
        while (hand_next(&h, 0) != VTDPI_OP_PREPARE) {
            bool clock = hand_next(&h, 0) == VTDPI_OP_CLOCK;
            hand_step(&h, 0);
            looks += clock;
            h.sys.now_ps += clock ? step : 0;
        }
        assert_int_equal(looks - 1, step == 0 ? 1 : 3);
        hand_close(&h);
    }
}

/* A vCPU that need not sleep: an interrupt that it could take, unless its flag is clear. */
static void test_hypervisor_kvm__pending__above_ppr_and_if(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        bool takes = (i & 1U) != 0;
        bool above = (i & 2U) != 0;
        bool posted = (i & 4U) != 0;
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_hook_pending, 0, 0);
        open_kvm("kvm", 0, 2);
        h.sys.vcpus[0].guest_if = takes;
        h.sys.vcpus[0].vmcs.intr_status = posted ? 0x20 : VECTOR;
        h.sys.vcpus[0].vapic.rvi = posted ? 0x20 : VECTOR;
        if (posted) {
            vtdpi_set_add(hand_word(&h, pid(), 0), VECTOR);
            control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .on = true});
        }
        *hand_word(&h, h.p.vcpus[0].vapic[VTDPI_VL_PRIORITY], 0) = above ? 0x30 : 0x40;
        script_run(&h, 0, &trace);
        assert_int_equal(hand_result(&h, 0, 1), takes && above);
        assert_int_equal(h.sys.vcpus[0].vapic.rvi, VECTOR);
        hand_close(&h);
    }
}

/* A software timer is set with interrupts off; they are as they were behind it. */
static void test_hypervisor_kvm__timer__flag_as_it_was(void **state)
{
    (void)state;
    for (uint8_t on = 0; on < 2; on++) {
        script[0] = vtdpi_op_make(on != 0 ? VTDPI_OP_STI : VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
        script[1] = call(VTDPI_FN_timer_soft, 5000, 0);
        open_kvm("kvm", 0, 2);
        script_run(&h, 0, &trace);
        assert_int_equal(h.sys.cpus[0].host_if, on);
        assert_int_equal(h.sys.vcpus[0].soft_ps, 5000);
        assert_int_equal(script_count(&trace, VTDPI_OP_APIC_TIMER), 1);
        assert_int_equal(script_count(&trace, VTDPI_OP_CLI), 1);
        hand_close(&h);
    }
}

/* The scheduler called with interrupts off leaves them off. */
static void test_hypervisor_kvm__schedule_with_interrupts_off__off_behind_it(void **state)
{
    (void)state;
    script[0] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
    script[1] = call(VTDPI_FN_schedule, 1, 0);
    open_kvm("kvm", 0, 2);
    script_run(&h, 0, &trace);
    assert_int_equal(h.sys.cpus[0].host_if, 0);
    assert_int_equal(script_count(&trace, VTDPI_OP_STI), 0);
    assert_int_equal(script_count(&trace, VTDPI_OP_PICK), 1);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hypervisor_kvm__load__scan_behind_sn),
        cmocka_unit_test(test_hypervisor_kvm__load_on_the_same_cpu__fast_path),
        cmocka_unit_test(test_hypervisor_kvm__swap__one_snapshot_or_two),
        cmocka_unit_test(test_hypervisor_kvm__swap_twice_fetched__fails_and_starts_over),
        cmocka_unit_test(test_hypervisor_kvm__wakeup_on__list_then_nv_then_on),
        cmocka_unit_test(test_hypervisor_kvm__put__list_or_sn),
        cmocka_unit_test(test_hypervisor_kvm__attach__first_device_asks_to_unblock),
        cmocka_unit_test(test_hypervisor_kvm__kick__one_ipi_if_in_the_guest),
        cmocka_unit_test(test_hypervisor_kvm__deliver__anv_to_a_cpu_in_the_guest),
        cmocka_unit_test(test_hypervisor_kvm__requests__taken_back),
        cmocka_unit_test(test_hypervisor_kvm__enter__not_with_something_to_do),
        cmocka_unit_test(test_hypervisor_kvm__halt_polling__one_look_where_time_stands_still),
        cmocka_unit_test(test_hypervisor_kvm__pending__above_ppr_and_if),
        cmocka_unit_test(test_hypervisor_kvm__timer__flag_as_it_was),
        cmocka_unit_test(test_hypervisor_kvm__schedule_with_interrupts_off__off_behind_it),
    };
    return cmocka_run_group_tests_name("hypervisor_kvm", tests, NULL, NULL);
}

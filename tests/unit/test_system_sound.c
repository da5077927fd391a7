/*
 * What the checks of a state find: states that no step leads to, and invariants of protocols that a
 * state at rest violates.
 *
 * Rules: design, "The contract between actors and engines", 11; hypervisors.md, section 11.
 */
#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x41, NO_CPU = 9, NODE_ON_LIST_LOW = 32 };

static hand_t h;

/* Two vCPUs on two CPUs, each with an interrupt of its own; the threads do nothing. */
static void open_state(const char *protocol)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, protocol, 2);
    scene_vcpu(&h.scene, 0, true, 1000000, true);
    scene_vcpu(&h.scene, 1, true, 1000000, true);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    scene_interrupt(&h.scene, 1, VECTOR, 0, 1000000);
    hand_build(&h, strcmp(protocol, "kvm") == 0);
    hand_script(0, NULL, 0);
    hand_script(1, NULL, 0);
    hand_start(&h);
}

static vtdpi_thread_t *thread_of(uint32_t v)
{
    return &h.sys.threads[h.p.vcpus[v].thread];
}

/* One change to a sound state; the state has to be found unsound, and sound again without it. */
#define EXPECT_UNSOUND(place, wrong)                                                               \
    do {                                                                                           \
        assert_true(vtdpi_system_check(&h.sys));                                                   \
        const __typeof__(place) hold_ = (place);                                                   \
        (place) = (wrong);                                                                         \
        assert_false(vtdpi_system_check(&h.sys));                                                  \
        (place) = hold_;                                                                           \
        assert_true(vtdpi_system_check(&h.sys));                                                   \
    } while (0)

/* A CPU: its thread is on it, its store buffer is as long as the platform says, a guest is there in
 * non-root operation only. */
static void test_system_sound__cpu__each_broken_member_is_found(void **state)
{
    (void)state;
    open_state("kvm");
    hand_to(&h, 0, VTDPI_OP_CHOOSE);
    EXPECT_UNSOUND(h.sys.cpus[0].store_count, VTDPI_STORE_BUFFER_MAX + 1);
    EXPECT_UNSOUND(h.sys.cpus[1].apic.mode, 77);
    EXPECT_UNSOUND(h.sys.cpus[0].vcpu, 0);
    EXPECT_UNSOUND(h.sys.cpus[0].mode, VTDPI_MODE_NONROOT);
    EXPECT_UNSOUND(h.sys.cpus[0].thread, h.sys.cpus[1].thread);
    EXPECT_UNSOUND(h.sys.cpus[0].thread, h.p.thread_count);
    EXPECT_UNSOUND(thread_of(0)->on_cpu, 0);
    hand_close(&h);
}

/* A thread: at least one frame, not more than there is room for, a CPU that exists; one that runs
 * has a CPU. */
static void test_system_sound__thread__each_broken_member_is_found(void **state)
{
    (void)state;
    open_state("kvm");
    EXPECT_UNSOUND(thread_of(1)->depth, 0);
    EXPECT_UNSOUND(thread_of(1)->depth, VTDPI_THREAD_DEPTH + 1);
    EXPECT_UNSOUND(thread_of(1)->cpu, NO_CPU);
    EXPECT_UNSOUND(thread_of(1)->state, VTDPI_TS_SLEEPING);
    EXPECT_UNSOUND(thread_of(1)->state, VTDPI_TS_RUNNING);
    hand_close(&h);
}

/* A thread that PICK named runs before the switch has put it on its CPU. */
static void test_system_sound__picked_thread__runs_before_the_switch(void **state)
{
    (void)state;
    open_state("kvm");
    hand_to(&h, 0, VTDPI_OP_SWITCH);
    assert_int_equal(thread_of(0)->state, VTDPI_TS_RUNNING);
    assert_int_equal(thread_of(0)->on_cpu, 0);
    EXPECT_UNSOUND(h.sys.cpus[0].next, 0);
    hand_close(&h);
}

/* The remapping unit: a queue head with a reserved bit. */
static void test_system_sound__unit__reserved_bit_is_found(void **state)
{
    (void)state;
    open_state("kvm");
    EXPECT_UNSOUND(h.sys.iommu[0].arch.reg[VTDPI_REG_IQH], 1);
    hand_close(&h);
}

static void control(uint32_t v, vtdpi_pid_ctl_t ctl)
{
    *hand_word(&h, h.p.vcpus[v].pid, VTDPI_PID_CTL_WORD) = vtdpi_pid_ctl_make(ctl);
}

static bool violated(vtdpi_monitor_t monitor)
{
    return ((vtdpi_system_violated(&h.sys) >> (unsigned)monitor) & 1U) != 0;
}

/* S1: a bit in PIR with SN = 0 needs ON. Each word of PIR counts. */
static void test_system_sound__s1__bit_without_on_or_sn(void **state)
{
    (void)state;
    open_state("kvm");
    for (unsigned word = 0; word < 4; word++) {
        *hand_word(&h, h.p.vcpus[1].pid, word) = 1;
        control(1, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV});
        assert_true(violated(VTDPI_MONITOR_s1));
        control(1, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .sn = true});
        assert_false(violated(VTDPI_MONITOR_s1));
        control(1, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .on = true});
        assert_false(violated(VTDPI_MONITOR_s1));
        *hand_word(&h, h.p.vcpus[1].pid, word) = 0;
        control(1, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV});
        assert_false(violated(VTDPI_MONITOR_s1));
    }
    hand_close(&h);
}

/* vCPU 0 sleeps, is on the list of CPU 0 and has the wake-up vector. */
static void asleep(void)
{
    open_state("kvm");
    thread_of(0)->state = VTDPI_TS_BLOCKED;
    *hand_word(&h, h.p.vcpus[0].state, VTDPI_VW_NODE) = UINT64_C(1) << NODE_ON_LIST_LOW;
    *hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_LIST) = 1U | (1U << 16);
    control(0, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_WNV});
    assert_int_equal(vtdpi_system_violated(&h.sys), 0);
}

/* S3: it wants WNV, SN = 0 and a place on a list, of a vCPU that sleeps, would take an interrupt
 * and can be posted to. */
static void test_system_sound__s3__sleeper_that_nobody_can_wake(void **state)
{
    (void)state;
    asleep();
    control(0, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV});
    assert_true(violated(VTDPI_MONITOR_s3));
    control(0, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_WNV, .sn = true});
    assert_true(violated(VTDPI_MONITOR_s3));
    thread_of(0)->on_cpu = 1; /* not off its CPU yet: in the middle of put */
    assert_false(violated(VTDPI_MONITOR_s3));
    thread_of(0)->on_cpu = 0;
    h.sys.vcpus[0].guest_if = 0;
    assert_false(violated(VTDPI_MONITOR_s3));
    h.sys.vcpus[0].guest_if = 1;
    h.sys.sources[0].attached = 0;
    assert_false(violated(VTDPI_MONITOR_s3));
    hand_close(&h);
    asleep();
    *hand_word(&h, h.p.vcpus[0].state, VTDPI_VW_NODE) = 0;
    *hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_LIST) = 0;
    assert_true(violated(VTDPI_MONITOR_s3));
    hand_close(&h);
}

/* An emulated device posts to nobody: a vCPU that has no other may sleep as it likes. */
static void test_system_sound__s3__emulated_device_does_not_count(void **state)
{
    (void)state;
    asleep();
    control(0, (vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV});
    assert_true(violated(VTDPI_MONITOR_s3));
    h.source[0].vmm_thread = 0;
    assert_false(violated(VTDPI_MONITOR_s3));
    hand_close(&h);
}

/* S4: on a list without saying so, saying so without being there, and a list that has no end. */
static void test_system_sound__s4__lists_and_nodes_disagree(void **state)
{
    (void)state;
    asleep();
    *hand_word(&h, h.p.vcpus[1].state, VTDPI_VW_NODE) = UINT64_C(1) << NODE_ON_LIST_LOW;
    assert_true(violated(VTDPI_MONITOR_s4));
    *hand_word(&h, h.p.vcpus[1].state, VTDPI_VW_NODE) = 0;
    *hand_word(&h, h.p.cpu_lines[1], VTDPI_CW_LIST) = 2U | (2U << 16);
    assert_true(violated(VTDPI_MONITOR_s4));
    *hand_word(&h, h.p.cpu_lines[1], VTDPI_CW_LIST) = 0;
    assert_false(violated(VTDPI_MONITOR_s4));
    *hand_word(&h, h.p.vcpus[0].state, VTDPI_VW_NODE) |= 1; /* its own successor */
    assert_true(violated(VTDPI_MONITOR_s4));
    hand_close(&h);
}

/* S2 at VM entry: NV, SN, NDST and the lists, one wrong at a time. */
static void test_system_sound__s2__entry_with_a_wrong_descriptor(void **state)
{
    (void)state;
    static vtdpi_op_t ops[2];
    ops[0] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
    ops[1] = vtdpi_op_make(VTDPI_OP_VMENTER, VTDPI_STAGE_vmentry, 0);
    const vtdpi_pid_ctl_t ctl[5] = {{.nv = VTDPI_HV_ANV},
                                    {.nv = VTDPI_HV_WNV},
                                    {.nv = VTDPI_HV_ANV, .sn = true},
                                    {.nv = VTDPI_HV_ANV, .ndst = 1},
                                    {.nv = VTDPI_HV_ANV}};
    for (unsigned i = 0; i < 5; i++) {
        open_state("kvm");
        vtdpi_protocol_t watched = *h.p.protocol;
        watched.monitors = UINT32_C(1) << VTDPI_MONITOR_s2;
        h.p.protocol = &watched;
        hand_script(0, ops, 2);
        hand_to(&h, 0, VTDPI_OP_VMENTER);
        control(0, ctl[i]);
        *hand_word(&h, h.p.vcpus[0].state, VTDPI_VW_NODE) = (uint64_t)(i == 4) << NODE_ON_LIST_LOW;
        hand_step(&h, 0);
        const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_monitor_fired);
        assert_int_equal(e != NULL, i > 0);
        assert_true(e == NULL || (e->a[0] == VTDPI_MONITOR_s2 && e->a[1] == 0));
        hand_close(&h);
    }
}

/* At rest: nothing in flight, no store waits, and every CPU is halted or in a guest. */
static void test_system_sound__at_rest__nothing_under_way(void **state)
{
    (void)state;
    open_state("kvm");
    assert_false(vtdpi_system_at_rest(&h.sys)); /* host code */
    h.sys.threads[h.sys.cpus[0].thread].frame[0].op.kind = VTDPI_OP_HLT;
    assert_false(vtdpi_system_at_rest(&h.sys));
    h.sys.threads[h.sys.cpus[1].thread].frame[0].op.kind = VTDPI_OP_HLT;
    for (uint32_t c = 0; c < 2; c++) {
        vtdpi_thread_t *th = &h.sys.threads[h.sys.cpus[c].thread];
        th->frame[th->depth - 1].op.kind = VTDPI_OP_HLT;
    }
    assert_true(vtdpi_system_at_rest(&h.sys));
    h.sys.messages[3].used = 1;
    assert_false(vtdpi_system_at_rest(&h.sys));
    h.sys.messages[3].used = 0;
    h.sys.requests[0].phase = VTDPI_RQ_SEND;
    assert_false(vtdpi_system_at_rest(&h.sys));
    h.sys.requests[0].phase = VTDPI_RQ_FREE;
    h.sys.cpus[1].store_count = 1;
    assert_false(vtdpi_system_at_rest(&h.sys));
    hand_close(&h);
}

/* Who fires need not listen: the state goes the same way. */
static void test_system_sound__fire_without_listener__same_state(void **state)
{
    (void)state;
    open_state("kvm");
    uint64_t hash[2];
    for (unsigned i = 0; i < 2; i++) {
        hand_start(&h);
        uint32_t told = 0;
        vtdpi_fire(&h.sys, h.sys.actor.source, 0, i == 0 ? &h.obs : NULL);
        while (h.sys.requests[0].phase != VTDPI_RQ_FREE) {
            told += h.obs.count;
            h.obs.count = 0;
            vtdpi_fire(&h.sys, h.sys.actor.request, 0, i == 0 ? &h.obs : NULL);
        }
        assert_int_equal(told > 2, i == 0);
        hash[i] = vtdpi_system_hash(&h.sys);
    }
    assert_int_equal(hash[0], hash[1]);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_sound__cpu__each_broken_member_is_found),
        cmocka_unit_test(test_system_sound__thread__each_broken_member_is_found),
        cmocka_unit_test(test_system_sound__picked_thread__runs_before_the_switch),
        cmocka_unit_test(test_system_sound__unit__reserved_bit_is_found),
        cmocka_unit_test(test_system_sound__s1__bit_without_on_or_sn),
        cmocka_unit_test(test_system_sound__s2__entry_with_a_wrong_descriptor),
        cmocka_unit_test(test_system_sound__s3__sleeper_that_nobody_can_wake),
        cmocka_unit_test(test_system_sound__s3__emulated_device_does_not_count),
        cmocka_unit_test(test_system_sound__s4__lists_and_nodes_disagree),
        cmocka_unit_test(test_system_sound__at_rest__nothing_under_way),
        cmocka_unit_test(test_system_sound__fire_without_listener__same_state),
    };
    return cmocka_run_group_tests_name("system_sound", tests, NULL, NULL);
}

/*
 * Threads by hand: interrupts between two operations, preemption in the middle of a block path,
 * check-then-sleep against a wake-up.
 *
 * Rules: design, "The contract between actors and engines", 3 and 4; hypervisors.md, "Block".
 */
#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { WORD = 7, SCRIPT_MAX = 8 };

static hand_t h;
static vtdpi_op_t script[SCRIPT_MAX];

static vtdpi_op_t plain(vtdpi_op_kind_t kind, uint64_t a)
{
    return vtdpi_op_ab(vtdpi_op_make(kind, VTDPI_STAGE_hv, 0), a, 0);
}

static vtdpi_op_t call_schedule(void)
{
    return vtdpi_op_call(VTDPI_FN_schedule, 0, 0, 0);
}

/* Two CPUs; vCPU 0 on CPU 0, vCPU 1 on CPU [other]. */
static void open_threads(uint32_t other, unsigned count)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_vcpu(&h.scene, other, true, 1000000, false);
    scene_event(&h.scene, VTDPI_EVENT_WAKE, 0)->vcpu = 0;
    scene_event(&h.scene, VTDPI_EVENT_PREEMPT, 0)->vcpu = 0;
    hand_build(&h, true);
    hand_script(0, script, count);
    hand_script(1, NULL, 0);
    hand_start(&h);
}

static vtdpi_thread_t *thread_of(uint32_t vcpu)
{
    return &h.sys.threads[h.p.vcpus[vcpu].thread];
}

static bool runs(uint32_t vcpu, uint32_t cpu)
{
    return h.sys.cpus[cpu].thread == h.p.vcpus[vcpu].thread && h.sys.cpus[cpu].irq_depth == 0;
}

static void outside(uint32_t event)
{
    hand_fire(&h, h.sys.actor.outside + event, 0);
}

/* Lets [cpu] take whatever interrupt it is offered, to the end of its handler and what follows. */
static void take_interrupt(uint32_t cpu)
{
    hand_messages(&h);
    assert_true(hand_event(&h, cpu));
    hand_fire(&h, cpu, 0);
    assert_int_equal(h.sys.cpus[cpu].irq_depth > 0, 1);
    while (h.sys.cpus[cpu].irq_depth > 0) {
        hand_step(&h, cpu);
    }
}

/* An interrupt comes between two operations: the second stays as it was, unperformed, and follows.
 */
static void test_system_sched__interrupt_between_operations__second_left_unperformed(void **state)
{
    (void)state;
    script[0] = plain(VTDPI_OP_CLOCK, 0);
    open_threads(1, 2);
    script[1] = vtdpi_op_memory(VTDPI_OP_ADD, VTDPI_STAGE_hv, h.p.vcpus[0].state, WORD);
    script[1].a = 1;
    hand_to(&h, 0, VTDPI_OP_ADD);
    vtdpi_frame_t before = thread_of(0)->frame[1];
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_KICK);
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 2); /* the interrupt, or the operation first */
    take_interrupt(0);
    assert_int_equal(*hand_word(&h, h.p.vcpus[0].state, WORD), 0);
    assert_memory_equal(&before, &thread_of(0)->frame[1], sizeof before);
    hand_step(&h, 0);
    assert_int_equal(*hand_word(&h, h.p.vcpus[0].state, WORD), 1);
    hand_close(&h);
}

/* With interrupts off nothing is recognised; STI opens the boundary behind it. */
static void test_system_sched__interrupts_off__not_recognised(void **state)
{
    (void)state;
    script[0] = plain(VTDPI_OP_CLI, 0);
    script[1] = plain(VTDPI_OP_CLOCK, 0);
    script[2] = plain(VTDPI_OP_STI, 0);
    open_threads(1, 3);
    hand_to(&h, 0, VTDPI_OP_CLOCK);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_KICK);
    assert_false(hand_event(&h, 0));
    hand_step(&h, 0);
    assert_false(hand_event(&h, 0));
    hand_step(&h, 0);
    assert_true(hand_event(&h, 0));
    hand_close(&h);
}

/* Delivery of an interrupt waits for the store buffer: SDM 3A, serialising events drain it.
 * @shows sdm.store-buffer.drained */
static void test_system_sched__stores_buffered__interrupt_waits_for_the_drain(void **state)
{
    (void)state;
    open_threads(1, 1);
    script[0] = vtdpi_op_memory(VTDPI_OP_STORE, VTDPI_STAGE_hv, h.p.vcpus[0].state, WORD);
    script[0].b = 1;
    hand_to(&h, 0, VTDPI_OP_STORE);
    hand_step(&h, 0);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_KICK);
    assert_false(hand_event(&h, 0));
    hand_drain(&h, 0);
    assert_true(hand_event(&h, 0));
    hand_close(&h);
}

/* HLT waits for an interrupt, and the thread goes on behind it. */
static void test_system_sched__host_halt__ends_with_an_interrupt(void **state)
{
    (void)state;
    script[0] = plain(VTDPI_OP_CLI, 0);
    script[1] = plain(VTDPI_OP_HLT, 0);
    script[2] = plain(VTDPI_OP_CLOCK, 0);
    open_threads(1, 3);
    hand_to(&h, 0, VTDPI_OP_HLT);
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 0);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_KICK);
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 1);
    take_interrupt(0);
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_CLOCK);
    assert_int_equal(h.sys.cpus[0].host_if, 1);
    hand_close(&h);
}

static void block_script(void)
{
    script[0] = plain(VTDPI_OP_PREPARE, 0);
    script[1] = plain(VTDPI_OP_CLOCK, 0); /* where it would look at its wake conditions */
    script[2] = call_schedule();
    script[3] = plain(VTDPI_OP_CHOOSE, 0);
}

/* PREPARE, PICK, then WAKE: the sleeper is queued again and comes back. */
static void test_system_sched__wake_after_pick__thread_runs_again(void **state)
{
    (void)state;
    block_script();
    open_threads(1, 3);
    hand_to(&h, 0, VTDPI_OP_PREPARE);
    hand_to(&h, 0, VTDPI_OP_PICK);
    hand_step(&h, 0);
    assert_int_equal(thread_of(0)->state, VTDPI_TS_BLOCKED);
    outside(0);
    assert_int_equal(thread_of(0)->state, VTDPI_TS_RUNNABLE);
    assert_int_equal(hand_in_flight(&h), 1);
    hand_to(&h, 0, VTDPI_OP_SWITCH);
    hand_step(&h, 0);
    assert_false(runs(0, 0));
    for (unsigned i = 0; i < 200 && !runs(0, 0); i++) {
        hand_messages(&h);
        if (hand_event(&h, 0)) {
            hand_fire(&h, 0, 0);
        } else {
            hand_step(&h, 0);
        }
    }
    assert_true(runs(0, 0));
    hand_close(&h);
}

/* WAKE between PREPARE and PICK: the sleep does not begin. */
static void test_system_sched__wake_between_prepare_and_pick__thread_never_sleeps(void **state)
{
    (void)state;
    block_script();
    open_threads(1, 3);
    hand_to(&h, 0, VTDPI_OP_CLOCK);
    assert_int_equal(thread_of(0)->state, VTDPI_TS_SLEEPING);
    outside(0);
    assert_int_equal(thread_of(0)->state, VTDPI_TS_RUNNING);
    hand_to(&h, 0, VTDPI_OP_PICK);
    hand_step(&h, 0);
    assert_int_equal(thread_of(0)->state, VTDPI_TS_RUNNING);
    assert_int_equal(h.sys.cpus[0].next, h.p.vcpus[0].thread);
    hand_to(&h, 0, VTDPI_OP_CHOOSE);
    assert_true(runs(0, 0));
    hand_close(&h);
}

/* WAKE before PREPARE is forgotten: the check in between has to find the condition. */
static void test_system_sched__wake_before_prepare__thread_sleeps(void **state)
{
    (void)state;
    block_script();
    open_threads(1, 3);
    hand_to(&h, 0, VTDPI_OP_PREPARE);
    outside(0);
    hand_to(&h, 0, VTDPI_OP_SWITCH);
    hand_step(&h, 0);
    assert_int_equal(thread_of(0)->state, VTDPI_TS_BLOCKED);
    assert_false(runs(0, 0));
    hand_close(&h);
}

/* Preempted between PREPARE and its check: it goes on in the middle, still about to sleep. */
static void test_system_sched__preempted_in_the_block_path__resumes_in_the_middle(void **state)
{
    (void)state;
    block_script();
    open_threads(0, 3);
    while (!runs(0, 0) || thread_of(0)->state != VTDPI_TS_SLEEPING) {
        hand_step(&h, 0);
    }
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_CLOCK);
    outside(1);
    take_interrupt(0);
    hand_to(&h, 0, VTDPI_OP_SWITCH);
    assert_int_equal(thread_of(0)->state, VTDPI_TS_RUNNABLE);
    assert_int_equal(thread_of(0)->preempted, 1);
    assert_int_equal(thread_of(0)->declared, 1);
    hand_step(&h, 0);
    assert_true(runs(1, 0));
    hand_to(&h, 0, VTDPI_OP_CHOOSE);
    h.sys.cpus[0].need_resched = 1;
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_RESCHED);
    take_interrupt(0);
    hand_to(&h, 0, VTDPI_OP_SWITCH);
    hand_step(&h, 0);
    assert_true(runs(0, 0));
    assert_int_equal(thread_of(0)->state, VTDPI_TS_SLEEPING);
    hand_to(&h, 0, VTDPI_OP_CLOCK);
    assert_int_equal(thread_of(0)->frame[1].pc, 2); /* the operation it was about to do */
    hand_close(&h);
}

/* Woken while it waits, preempted, in a queue: the declaration to sleep is taken back. */
static void test_system_sched__woken_while_preempted__declaration_gone(void **state)
{
    (void)state;
    block_script();
    open_threads(0, 3);
    while (!runs(0, 0) || thread_of(0)->state != VTDPI_TS_SLEEPING) {
        hand_step(&h, 0);
    }
    outside(1);
    take_interrupt(0);
    hand_to(&h, 0, VTDPI_OP_SWITCH);
    hand_step(&h, 0);
    assert_int_equal(thread_of(0)->declared, 1);
    outside(0);
    assert_int_equal(thread_of(0)->declared, 0);
    assert_int_equal(thread_of(0)->state, VTDPI_TS_RUNNABLE);
    hand_close(&h);
}

/* Preemption with nobody else to run: the idle thread in between, then the same thread again. */
static void test_system_sched__preempted_alone__idle_then_again(void **state)
{
    (void)state;
    script[0] = plain(VTDPI_OP_CLOCK, 0);
    open_threads(1, 1);
    hand_to(&h, 0, VTDPI_OP_CHOOSE);
    outside(1);
    take_interrupt(0);
    hand_to(&h, 0, VTDPI_OP_SWITCH);
    hand_step(&h, 0);
    assert_int_equal(h.sys.cpus[0].thread, 0);
    for (unsigned i = 0; i < 100 && !runs(0, 0); i++) {
        hand_step(&h, 0);
    }
    assert_true(runs(0, 0));
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_sched__interrupt_between_operations__second_left_unperformed),
        cmocka_unit_test(test_system_sched__interrupts_off__not_recognised),
        cmocka_unit_test(test_system_sched__stores_buffered__interrupt_waits_for_the_drain),
        cmocka_unit_test(test_system_sched__host_halt__ends_with_an_interrupt),
        cmocka_unit_test(test_system_sched__wake_after_pick__thread_runs_again),
        cmocka_unit_test(test_system_sched__wake_between_prepare_and_pick__thread_never_sleeps),
        cmocka_unit_test(test_system_sched__wake_before_prepare__thread_sleeps),
        cmocka_unit_test(test_system_sched__preempted_in_the_block_path__resumes_in_the_middle),
        cmocka_unit_test(test_system_sched__woken_while_preempted__declaration_gone),
        cmocka_unit_test(test_system_sched__preempted_alone__idle_then_again),
    };
    return cmocka_run_group_tests_name("system_sched", tests, NULL, NULL);
}

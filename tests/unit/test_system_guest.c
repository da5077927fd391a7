/*
 * Non-root operation by hand: posted-interrupt processing step by step, recognition, delivery,
 * flags.
 *
 * Rules: SDM 3C, "Posted-Interrupt Processing", "Virtual-Interrupt Delivery"; SDM 3A, blocking by
 * STI.
 */
#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x41, HIGHER = 0xE3, PROCESSING = 10 };

static hand_t h;

static const vtdpi_op_t *entry_script(void)
{
    static vtdpi_op_t ops[4];
    ops[0] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
    ops[1] = vtdpi_op_make(VTDPI_OP_VMENTER, VTDPI_STAGE_vmentry, 0);
    ops[2] = vtdpi_op_make(VTDPI_OP_EOI, VTDPI_STAGE_hv, 0);
    ops[3] = vtdpi_op_make(VTDPI_OP_STI, VTDPI_STAGE_hv, 0);
    return ops;
}

/* A vCPU on CPU 0 with two interrupts whose thread enters the guest once; [steps] is the guest's
 * program. */
static void open_guest(const vtdpi_step_t *steps, unsigned count)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    scene_interrupt(&h.scene, 0, HIGHER, 0, 1000000);
    if (count > 0) {
        memcpy(h.scene.step[0], steps, count * sizeof *steps);
        h.scene.vcpu[0].program_count = count;
    }
    hand_build(&h, true);
    hand_script(0, entry_script(), 4);
    hand_start(&h);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
    hand_step(&h, 0);
    while (h.sys.cpus[0].ucode.func != VTDPI_FN_none) {
        hand_step(&h, 0);
    }
    assert_int_equal(h.sys.cpus[0].mode, VTDPI_MODE_NONROOT);
}

/* An interrupt of source [s], posted; its notification, if any, is left in flight. */
static bool post(uint32_t s)
{
    hand_fire(&h, h.sys.actor.source + s, 0);
    while (h.sys.requests[0].phase != VTDPI_RQ_FREE) {
        hand_fire(&h, h.sys.actor.request, 0);
    }
    return hand_message(&h, VTDPI_HV_ANV) < VTDPI_MESSAGES_MAX;
}

static bool set_has(vtdpi_vapic_line_t low, unsigned vector)
{
    unsigned offset = (vector >> 5) & 3U;
    uint32_t line = h.p.vcpus[0].vapic[(unsigned)low + (vector >> 7)];
    return ((*hand_word(&h, line, offset * 2) >> (vector & 31U)) & 1U) != 0;
}

static bool pir(unsigned vector)
{
    return vtdpi_set_has(hand_word(&h, h.p.vcpus[0].pid, 0), vector);
}

static const vtdpi_vapic_t *vapic(void)
{
    return &h.sys.vcpus[0].vapic;
}

/* Each step of the manual is one operation, in the manual's order, and does what it says and no
 * more.
 * @shows sdm.posted.vector, sdm.posted.acknowledge, sdm.posted.clear-on, sdm.posted.eoi,
 * sdm.posted.take, sdm.posted.rvi, sdm.posted.evaluate, sdm.deliver, sdm.idt.interrupt-gate */
static void test_system_guest__notification__processing_step_by_step(void **state)
{
    (void)state;
    open_guest(NULL, 0);
    assert_true(post(0));
    hand_messages(&h);
    assert_true(hand_event(&h, 0));
    hand_fire(&h, 0, 0); /* 1. acknowledged */
    assert_int_equal(hand_saw(&h, VTDPI_EV_recognised_nonroot)->a[2], 1);
    assert_true(vtdpi_set_has(h.sys.cpus[0].apic.isr, VTDPI_HV_ANV));
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_BTR);
    assert_true(hand_control(&h, 0).on);
    hand_step(&h, 0); /* 3. ON := 0 */
    assert_false(hand_control(&h, 0).on);
    assert_int_equal(hand_control(&h, 0).nv, VTDPI_HV_ANV);
    assert_true(pir(VECTOR));
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_EOI);
    hand_step(&h, 0); /* 4. EOI */
    assert_false(vtdpi_set_has(h.sys.cpus[0].apic.isr, VTDPI_HV_ANV));
    hand_step(&h, 0); /* 5. word 0 of PIR is empty */
    hand_step(&h, 0);
    assert_false(pir(VECTOR)); /* taken */
    assert_false(set_has(VTDPI_VL_VIRR_LOW, VECTOR));
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_VIRR_OR);
    hand_step(&h, 0);
    assert_true(set_has(VTDPI_VL_VIRR_LOW, VECTOR));
    assert_int_equal(vapic()->rvi, 0);
    hand_to(&h, 0, VTDPI_OP_EVALUATE);
    hand_step(&h, 0); /* 6., 7. */
    assert_int_equal(vapic()->rvi, VECTOR);
    assert_int_equal(vapic()->recognised, 1);
    assert_int_equal(h.sys.cpus[0].ucode.func, VTDPI_FN_none);
    assert_true(hand_event(&h, 0));
    hand_fire(&h, 0, 0); /* virtual-interrupt delivery */
    assert_true(set_has(VTDPI_VL_VISR_LOW, VECTOR));
    assert_false(set_has(VTDPI_VL_VIRR_LOW, VECTOR));
    assert_int_equal(vapic()->svi, VECTOR);
    assert_int_equal(h.sys.vcpus[0].guest_if, 0);
    assert_int_equal(h.sys.cpus[0].mode, VTDPI_MODE_NONROOT); /* no VM exit */
    hand_to(&h, 0, VTDPI_OP_GUEST_FIRST);
    hand_step(&h, 0);
    assert_int_equal(h.sys.sealed[0].fate, VTDPI_FATE_DELIVERED);
    hand_to(&h, 0, VTDPI_OP_GUEST_IRET);
    assert_false(set_has(VTDPI_VL_VISR_LOW, VECTOR));
    hand_step(&h, 0);
    assert_int_equal(h.sys.vcpus[0].guest_if, 1);
    hand_close(&h);
}

/* A post after ON was cleared notifies again, though its bit is still taken by this processing.
 * @shows sdm.posted.on-before-pir, sdm.posted.rvi */
static void
test_system_guest__post_between_on_and_pir__second_notification_finds_nothing(void **state)
{
    (void)state;
    open_guest(NULL, 0);
    assert_true(post(0));
    hand_messages(&h);
    hand_fire(&h, 0, 0);
    hand_step(&h, 0);
    assert_true(post(1));
    hand_to(&h, 0, VTDPI_OP_EVALUATE);
    hand_step(&h, 0);
    assert_int_equal(vapic()->rvi, HIGHER);
    assert_false(pir(VECTOR) || pir(HIGHER));
    assert_true(hand_control(&h, 0).on);
    hand_messages(&h);
    hand_fire(&h, 0, 0); /* the virtual interrupt comes first */
    assert_int_equal(vapic()->svi, HIGHER);
    hand_fire(&h, 0, 0);
    hand_to(&h, 0, VTDPI_OP_EVALUATE);
    hand_step(&h, 0);
    assert_int_equal(hand_saw(&h, VTDPI_EV_pi_processed)->a[1], 0); /* spurious: not an error */
    assert_int_equal(vapic()->rvi, VECTOR);
    assert_false(hand_control(&h, 0).on);
    hand_close(&h);
}

/* Wherever in processing another post lands: afterwards its bit is in VIRR, or it waits and was
 * notified.
 * @shows sdm.posted.on-before-pir */
static void test_system_guest__post_at_any_step__never_left_without_notification(void **state)
{
    (void)state;
    unsigned waiting = 0;
    for (unsigned at = 0; at < PROCESSING; at++) {
        open_guest(NULL, 0);
        assert_true(post(0));
        hand_messages(&h);
        hand_fire(&h, 0, 0);
        for (unsigned i = 0; i < at && h.sys.cpus[0].ucode.func != VTDPI_FN_none; i++) {
            hand_step(&h, 0);
        }
        bool notified = post(1);
        while (h.sys.cpus[0].ucode.func != VTDPI_FN_none) {
            hand_step(&h, 0);
        }
        assert_true(set_has(VTDPI_VL_VIRR_LOW, VECTOR));
        assert_true(set_has(VTDPI_VL_VIRR_LOW, HIGHER) || (pir(HIGHER) && notified));
        assert_int_equal(notified, at > 0); /* ON was still set before step 3 */
        waiting += pir(HIGHER);
        hand_close(&h);
    }
    assert_true(waiting > 0 && waiting < PROCESSING); /* both happened */
}

/* Another vector, a host's interrupt: VM exit with the vector, nothing of the descriptor touched.
 * @shows sdm.posted.vector, sdm.exit.host-if */
static void test_system_guest__other_vector__exit_with_its_number(void **state)
{
    (void)state;
    open_guest(NULL, 0);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_RESCHED);
    hand_fire(&h, 0, 0);
    assert_int_equal(hand_saw(&h, VTDPI_EV_recognised_nonroot)->a[2], 0);
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_VMEXIT);
    hand_step(&h, 0);
    const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_kvm_exit);
    assert_int_equal(e->a[1], VTDPI_EXIT_EXTERNAL_INTERRUPT);
    assert_int_equal(e->a[3] & 0xFFU, VTDPI_HV_RESCHED);
    assert_int_equal(h.sys.cpus[0].mode, VTDPI_MODE_ROOT);
    assert_int_equal(h.sys.cpus[0].host_if, 0);
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_EOI); /* the thread goes on behind its VM entry */
    hand_close(&h);
}

/* A guest with IF = 0 is not delivered to; the processing itself does not ask for IF.
 * @shows sdm.sti.one-instruction */
static void test_system_guest__if_clear__processed_but_not_delivered(void **state)
{
    (void)state;
    const vtdpi_step_t steps[3] = {{.kind = VTDPI_STEP_CLI},
                                   {.kind = VTDPI_STEP_COMPUTE, .span = {.cyc = 10}},
                                   {.kind = VTDPI_STEP_STI}};
    open_guest(steps, 3);
    hand_to(&h, 0, VTDPI_OP_SPEND);
    assert_true(post(0));
    hand_messages(&h);
    hand_fire(&h, 0, 0);
    hand_to(&h, 0, VTDPI_OP_EVALUATE);
    hand_step(&h, 0);
    assert_int_equal(vapic()->recognised, 1);
    assert_false(hand_event(&h, 0));
    hand_step(&h, 0);
    hand_step(&h, 0);                /* STI */
    assert_false(hand_event(&h, 0)); /* blocking by STI: one instruction */
    hand_step(&h, 0);
    assert_int_equal(h.sys.vcpus[0].guest_if, 0); /* that was CLI */
    hand_close(&h);
}

/* SDM 3A: STI blocks until the end of the next instruction, not until the end of what the guest
 * computes.
 * @shows sdm.sti.next-instruction, sdm.sti.one-instruction */
static void test_system_guest__sti_then_compute__interrupted_in_the_computation(void **state)
{
    (void)state;
    const vtdpi_step_t steps[4] = {{.kind = VTDPI_STEP_CLI},
                                   {.kind = VTDPI_STEP_COMPUTE, .span = {.cyc = 10}},
                                   {.kind = VTDPI_STEP_STI},
                                   {.kind = VTDPI_STEP_COMPUTE, .span = {.cyc = 100000}}};
    open_guest(steps, 4);
    hand_to(&h, 0, VTDPI_OP_SPEND);
    assert_true(post(0));
    hand_messages(&h);
    hand_fire(&h, 0, 0);
    hand_to(&h, 0, VTDPI_OP_EVALUATE);
    hand_step(&h, 0);
    hand_to(&h, 0, VTDPI_OP_GUEST_IF);
    hand_step(&h, 0);
    assert_false(hand_event(&h, 0));
    hand_step(&h, 0); /* the first instruction behind STI */
    assert_true(hand_event(&h, 0));
    vtdpi_alt_t alt;
    vtdpi_pending(&h.sys, 0, 1, &alt);
    assert_int_equal(alt.op.kind, VTDPI_OP_SPEND);
    assert_int_equal(alt.op.b, 100000);
    hand_close(&h);
}

/* HLT exits here: the hypervisor's thread goes on with the reason.
 * @shows sdm.hlt.exiting */
static void test_system_guest__hlt__exits(void **state)
{
    (void)state;
    const vtdpi_step_t steps[1] = {{.kind = VTDPI_STEP_HLT}};
    open_guest(steps, 1);
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_GUEST_HLT);
    hand_step(&h, 0);
    hand_step(&h, 0);
    assert_int_equal(hand_saw(&h, VTDPI_EV_kvm_exit)->a[1], VTDPI_EXIT_HLT);
    assert_int_equal(hand_result(&h, 0, 1), VTDPI_EXIT_HLT);
    hand_close(&h);
}

/* Without "HLT exiting" the CPU halts in the guest; a notification is processed and wakes it by its
 * delivery.
 * @shows sdm.posted.hlt, sdm.hlt.exiting */
static void test_system_guest__halted_in_the_guest__delivery_wakes(void **state)
{
    (void)state;
    const vtdpi_step_t steps[1] = {{.kind = VTDPI_STEP_HLT}};
    open_guest(steps, 1);
    h.sys.vcpus[0].controls &= ~vtdpi_ctl_one(VTDPI_CTL_HLT_EXITING);
    assert_false(vtdpi_ctl_hlt_exiting(h.sys.vcpus[0].controls));
    hand_step(&h, 0);
    assert_int_equal(h.sys.vcpus[0].halted, 1);
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 0);
    assert_true(post(0));
    hand_messages(&h);
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 1);
    hand_fire(&h, 0, 0);
    hand_to(&h, 0, VTDPI_OP_EVALUATE);
    hand_step(&h, 0);
    assert_int_equal(h.sys.vcpus[0].halted, 1);
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 1); /* nothing but the delivery */
    hand_fire(&h, 0, 0);
    assert_int_equal(h.sys.vcpus[0].halted, 0);
    assert_true(h.sys.vcpus[0].depth == 2);
    hand_close(&h);
}

/* A spurious processing (PIR empty) leaves a halted CPU halted.
 * @shows sdm.posted.hlt */
static void
test_system_guest__halted_in_the_guest__spurious_notification_does_not_wake(void **state)
{
    (void)state;
    const vtdpi_step_t steps[1] = {{.kind = VTDPI_STEP_HLT}};
    open_guest(steps, 1);
    h.sys.vcpus[0].controls &= ~vtdpi_ctl_one(VTDPI_CTL_HLT_EXITING);
    hand_step(&h, 0);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_ANV);
    hand_fire(&h, 0, 0);
    hand_to(&h, 0, VTDPI_OP_EVALUATE);
    hand_step(&h, 0);
    assert_int_equal(h.sys.vcpus[0].halted, 1);
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 0);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_guest__notification__processing_step_by_step),
        cmocka_unit_test(
            test_system_guest__post_between_on_and_pir__second_notification_finds_nothing),
        cmocka_unit_test(test_system_guest__post_at_any_step__never_left_without_notification),
        cmocka_unit_test(test_system_guest__other_vector__exit_with_its_number),
        cmocka_unit_test(test_system_guest__if_clear__processed_but_not_delivered),
        cmocka_unit_test(test_system_guest__sti_then_compute__interrupted_in_the_computation),
        cmocka_unit_test(test_system_guest__hlt__exits),
        cmocka_unit_test(test_system_guest__halted_in_the_guest__delivery_wakes),
        cmocka_unit_test(
            test_system_guest__halted_in_the_guest__spurious_notification_does_not_wake),
    };
    return cmocka_run_group_tests_name("system_guest", tests, NULL, NULL);
}

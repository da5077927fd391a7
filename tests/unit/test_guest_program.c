/*
 * Guest programs: order of steps, loops in loops, and how long a handler runs.
 *
 * Rules: docs/scenario-reference.md, "program", "repeat", "handlers"; SDM 3A, "Operation of IRET".
 */
#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x41, OTHER = 0x51 };

static hand_t h;

static const vtdpi_op_t *entry_script(void)
{
    static vtdpi_op_t ops[2];
    ops[0] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
    ops[1] = vtdpi_op_make(VTDPI_OP_VMENTER, VTDPI_STAGE_vmentry, 0);
    return ops;
}

/* A vCPU on CPU 0 that runs [count] steps of [steps], in the guest at its first one. */
static void open_guest(const vtdpi_step_t *steps, unsigned count)
{
    memset(&h, 0, sizeof h);
    assert_true(count <= SCENE_STEPS);
    scene_init(&h.scene, "kvm", 1);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    scene_interrupt(&h.scene, 0, OTHER, 0, 1000000);
    memcpy(h.scene.step[0], steps, count * sizeof *steps);
    h.scene.vcpu[0].program_count = count;
}

static void enter(void)
{
    hand_build(&h, true);
    hand_script(0, entry_script(), 2);
    hand_start(&h);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
    hand_step(&h, 0);
    while (h.sys.cpus[0].ucode.func != VTDPI_FN_none) {
        hand_step(&h, 0);
    }
    assert_int_equal(h.sys.cpus[0].mode, VTDPI_MODE_NONROOT);
}

static vtdpi_step_t compute(uint64_t cyc)
{
    return (vtdpi_step_t){.kind = VTDPI_STEP_COMPUTE, .span = {.cyc = cyc}};
}

static vtdpi_step_t repeat(uint32_t times, uint32_t body)
{
    return (vtdpi_step_t){.kind = VTDPI_STEP_REPEAT, .times = times, .body = body};
}

/* Lengths of the next [count] computations that the guest does. */
static void expect_trace(unsigned count, const uint64_t *want)
{
    for (unsigned i = 0; i < count; i++) {
        vtdpi_alt_t alt;
        vtdpi_pending(&h.sys, 0, 0, &alt);
        assert_int_equal(alt.op.kind, VTDPI_OP_SPEND);
        assert_int_equal(alt.op.b, want[i]);
        hand_step(&h, 0);
    }
}

/* Steps come one after another, and after the last the first. */
static void test_guest_program__no_loop__round_and_round(void **state)
{
    (void)state;
    const vtdpi_step_t steps[3] = {compute(1), compute(2), compute(3)};
    const uint64_t want[7] = {1, 2, 3, 1, 2, 3, 1};
    open_guest(steps, 3);
    enter();
    expect_trace(7, want);
    hand_close(&h);
}

/* A body runs as often as its repeat says, then the steps behind it; so each time round. */
static void test_guest_program__repeat__body_as_often_as_it_says(void **state)
{
    (void)state;
    const vtdpi_step_t steps[4] = {compute(1), repeat(3, 1), compute(2), compute(3)};
    const uint64_t want[12] = {1, 2, 2, 2, 3, 1, 2, 2, 2, 3, 1, 2};
    open_guest(steps, 4);
    enter();
    expect_trace(12, want);
    hand_close(&h);
}

/* Loops in loops, ending at the same step, once and several times. */
static void test_guest_program__nested_repeat__inner_starts_afresh(void **state)
{
    (void)state;
    const vtdpi_step_t steps[4] = {repeat(2, 3), compute(1), repeat(2, 1), compute(2)};
    const uint64_t want[9] = {1, 2, 2, 1, 2, 2, 1, 2, 2};
    open_guest(steps, 4);
    enter();
    expect_trace(9, want);
    hand_close(&h);
}

/* A loop around the whole program is the program. */
static void test_guest_program__repeat_of_everything__no_step_between_rounds(void **state)
{
    (void)state;
    const vtdpi_step_t steps[3] = {repeat(2, 2), compute(1), compute(2)};
    const uint64_t want[8] = {1, 2, 1, 2, 1, 2, 1, 2};
    open_guest(steps, 3);
    enter();
    expect_trace(8, want);
    hand_close(&h);
}

/* Loops leave no trace: after a round the frame is as it was before. */
static void test_guest_program__after_a_round__frame_as_before(void **state)
{
    (void)state;
    const vtdpi_step_t steps[3] = {compute(1), repeat(2, 1), compute(2)};
    const uint64_t want[3] = {1, 2, 2};
    open_guest(steps, 3);
    enter();
    expect_trace(3, want); /* now at the first step again, by way of the end */
    vtdpi_frame_t once = h.sys.vcpus[0].frame[0];
    expect_trace(3, want);
    assert_memory_equal(&once, &h.sys.vcpus[0].frame[0], sizeof once);
    hand_close(&h);
}

/* Vector [vector] is delivered to the guest and its handler runs to the body; its length. */
static uint64_t handler_length(uint8_t vector)
{
    h.sys.vcpus[0].vapic.rvi = vector;
    h.sys.vcpus[0].vapic.recognised = 1;
    uint32_t line = h.p.vcpus[0].vapic[VTDPI_VL_VIRR_LOW + (vector >> 7)];
    *hand_word(&h, line, ((vector >> 5) & 3U) * 2) |= UINT64_C(1) << (vector & 31U);
    assert_true(hand_event(&h, 0));
    hand_fire(&h, 0, 0);
    assert_int_equal(h.sys.vcpus[0].guest_if, 0);
    hand_to(&h, 0, VTDPI_OP_GUEST_FIRST);
    hand_step(&h, 0);
    assert_int_equal(hand_saw(&h, VTDPI_EV_handler_entered)->a[1], vector);
    vtdpi_alt_t alt;
    vtdpi_pending(&h.sys, 0, 0, &alt);
    assert_int_equal(alt.op.kind, VTDPI_OP_SPEND);
    hand_to(&h, 0, VTDPI_OP_GUEST_IRET);
    hand_step(&h, 0);
    assert_int_equal(h.sys.vcpus[0].guest_if, 1);
    return alt.op.b;
}

/* A vector with a handler of its own runs as long as that, every other one as long as the vCPU's.
 *
 * @shows sdm.idt.interrupt-gate
 */
static void test_guest_program__handlers__own_length_or_the_common_one(void **state)
{
    (void)state;
    const vtdpi_step_t steps[1] = {compute(100)};
    static const vtdpi_handler_t handlers[2] = {{.vector = OTHER, .length = {.cyc = 77}},
                                                {.vector = VECTOR, .length = {.cyc = 99}}};
    for (unsigned ghost = 0; ghost < 2; ghost++) {
        open_guest(steps, 1);
        h.scene.vcpu[0].handlers = handlers;
        h.scene.vcpu[0].handler_count = 2;
        h.scene.vcpu[0].handler.cyc = 500;
        enter();
        h.p.ghost = ghost != 0; /* without identities nobody is looked up, and all else is equal */
        assert_int_equal(handler_length(VECTOR), 99);
        assert_int_equal(handler_length(OTHER), 77);
        assert_int_equal(handler_length(0x61), 500);
        hand_close(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest_program__no_loop__round_and_round),
        cmocka_unit_test(test_guest_program__repeat__body_as_often_as_it_says),
        cmocka_unit_test(test_guest_program__nested_repeat__inner_starts_afresh),
        cmocka_unit_test(test_guest_program__repeat_of_everything__no_step_between_rounds),
        cmocka_unit_test(test_guest_program__after_a_round__frame_as_before),
        cmocka_unit_test(test_guest_program__handlers__own_length_or_the_common_one),
    };
    return cmocka_run_group_tests_name("guest_program", tests, NULL, NULL);
}

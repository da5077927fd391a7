/*
 * Timers and NMIs by hand: the VMX-preemption timer, the local APIC's timer, the host's software
 * timers, NMIs in the guest and in the host.
 *
 * Rules: SDM 3C, "VMX-Preemption Timer", "Exceptions and Interrupts"; SDM 3A, "APIC Timer",
 * "Handling Multiple NMIs".
 */
#include "vtdpi/lapic_access.h"

#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { NMI = 2, PREEMPTION_VALUE = 0x482E, PIN_CONTROLS = 0x4000, NMI_INFO = (int)0x80000202 };

static hand_t h;
static vtdpi_op_t script[8];

static vtdpi_op_t host(vtdpi_op_kind_t kind, uint64_t a, uint64_t b)
{
    return vtdpi_op_ab(vtdpi_op_make(kind, VTDPI_STAGE_hv, 0), a, b);
}

/* Two vCPUs, each alone on its CPU, whose threads run scripts; interrupts of the host are on. */
static void open_hosts(unsigned count)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_vcpu(&h.scene, 1, true, 1000000, false);
    hand_build(&h, true);
    hand_script(0, script, count);
    hand_script(1, NULL, 0);
    hand_start(&h);
}

/* CPU 0 in the guest, with the VMX-preemption timer at [value]. */
static void open_guest(uint64_t value)
{
    script[0] = host(VTDPI_OP_CLI, 0, 0);
    script[1] = host(VTDPI_OP_VMWRITE, PREEMPTION_VALUE, value);
    script[2] = host(VTDPI_OP_VMENTER, 0, 0);
    script[3] = host(VTDPI_OP_IRET, 0, 0);
    open_hosts(4);
    vtdpi_vcpu_t *guest = &h.sys.vcpus[0];
    vtdpi_vmcs_set_control(&guest->vmcs, VTDPI_CTL_PREEMPTION_TIMER, true);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
    hand_step(&h, 0);
    while (h.sys.cpus[0].ucode.func != VTDPI_FN_none) {
        hand_step(&h, 0);
    }
    assert_int_equal(h.sys.cpus[0].mode, VTDPI_MODE_NONROOT);
}

static uint32_t timer(unsigned slot)
{
    return h.sys.actor.timer + slot;
}

/* The exit that CPU 0 is about to make, from the recognised event on. */
static const vtdpi_event_t *take_exit(void)
{
    assert_true(hand_event(&h, 0));
    hand_fire(&h, 0, 0);
    hand_to(&h, 0, VTDPI_OP_VMEXIT);
    hand_step(&h, 0);
    return hand_saw(&h, VTDPI_EV_kvm_exit);
}

/* @shows sdm.preemption-timer.start */
static void test_system_timer__preemption_value_0__exit_before_the_first_instruction(void **state)
{
    (void)state;
    open_guest(0);
    assert_int_equal(vtdpi_enabled(&h.sys, timer(VTDPI_SLOT_PREEMPTION)), 0);
    const vtdpi_event_t *e = take_exit();
    assert_int_equal(e->a[1], VTDPI_EXIT_PREEMPTION_TIMER);
    assert_int_equal(e->a[2], 0);
    assert_int_equal(e->a[3], 0);
    assert_int_equal(h.sys.cpus[0].preemption, 0);
    hand_close(&h);
}

/* 1000 counts are 32000 cycles of the TSC: 15.238 us at 2.1 GHz.
 * @shows sdm.preemption-timer.start */
static void test_system_timer__preemption_value__counts_down_in_the_guest_alone(void **state)
{
    (void)state;
    open_guest(1000);
    assert_int_equal(h.p.tsc_khz, 2100000);
    assert_int_equal(vtdpi_enabled(&h.sys, timer(VTDPI_SLOT_PREEMPTION)), 1);
    assert_false(hand_event(&h, 0));
    hand_fire(&h, timer(VTDPI_SLOT_PREEMPTION), 0);
    assert_int_equal(hand_saw(&h, VTDPI_EV_timer_expired)->a[0], VTDPI_SLOT_PREEMPTION);
    assert_int_equal(take_exit()->a[1], VTDPI_EXIT_PREEMPTION_TIMER);
    hand_close(&h);
}

/* What the entry armed is a length of time: value times 2^5 cycles. */
static void test_system_timer__preemption_value__in_cycles_of_the_tsc(void **state)
{
    (void)state;
    script[0] = host(VTDPI_OP_CLI, 0, 0);
    script[1] = host(VTDPI_OP_VMWRITE, PREEMPTION_VALUE, 1000);
    script[2] = host(VTDPI_OP_VMENTER, 0, 0);
    open_hosts(3);
    vtdpi_vmcs_set_control(&h.sys.vcpus[0].vmcs, VTDPI_CTL_PREEMPTION_TIMER, true);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
    hand_step(&h, 0);
    assert_int_equal(h.sys.arm, VTDPI_SLOT_PREEMPTION);
    assert_int_equal(h.sys.arm_ps, UINT64_C(15238095));
    hand_close(&h);
}

/* Another exit stops the timer; it does not fire into root operation. */
static void test_system_timer__another_exit__stops_it(void **state)
{
    (void)state;
    open_guest(1000);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_RESCHED);
    assert_int_equal(take_exit()->a[1], VTDPI_EXIT_EXTERNAL_INTERRUPT);
    assert_int_equal(vtdpi_enabled(&h.sys, timer(VTDPI_SLOT_PREEMPTION)), 0);
    hand_close(&h);
}

/* Without the control the value is not looked at. */
static void test_system_timer__control_off__no_countdown(void **state)
{
    (void)state;
    script[0] = host(VTDPI_OP_CLI, 0, 0);
    script[1] = host(VTDPI_OP_VMENTER, 0, 0);
    open_hosts(2);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
    hand_step(&h, 0);
    assert_int_equal(vtdpi_enabled(&h.sys, timer(VTDPI_SLOT_PREEMPTION)), 0);
    assert_int_equal(h.sys.cpus[0].preemption, 0);
    hand_close(&h);
}

static void nmi(uint32_t cpu)
{
    h.sys.cpus[cpu].apic.core |= VTDPI_LAPIC_CORE_NMI;
}

/* The preemption timer comes before an NMI, which then is taken in root operation.
 * @shows sdm.nmi-exit.blocked */
static void test_system_timer__nmi_in_the_guest__exit_0_and_blocked_until_iret(void **state)
{
    (void)state;
    open_guest(1000);
    nmi(0);
    const vtdpi_event_t *e = take_exit();
    assert_int_equal(e->a[1], VTDPI_EXIT_EXCEPTION_NMI);
    assert_int_equal(e->a[3], (uint32_t)NMI_INFO);
    assert_int_equal(h.sys.cpus[0].apic.core, 0);
    assert_int_equal(h.sys.cpus[0].nmi_blocked, 1);
    nmi(0); /* a second one waits */
    assert_false(hand_event(&h, 0));
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_IRET);
    hand_step(&h, 0);
    assert_int_equal(h.sys.cpus[0].nmi_blocked, 0);
    assert_true(hand_event(&h, 0));
    hand_close(&h);
}

static void test_system_timer__preemption_timer_and_nmi__the_timer_first(void **state)
{
    (void)state;
    open_guest(0);
    nmi(0);
    assert_int_equal(take_exit()->a[1], VTDPI_EXIT_PREEMPTION_TIMER);
    hand_fire(&h, 0, 0); /* the NMI, in root operation */
    assert_int_equal(hand_saw(&h, VTDPI_EV_recognised_root)->a[0], NMI);
    hand_close(&h);
}

/* RFLAGS.IF does not hold an NMI, and it is as before afterwards: nothing is scheduled there. */
static void test_system_timer__nmi_with_interrupts_off__off_again_behind_it(void **state)
{
    (void)state;
    script[0] = host(VTDPI_OP_CLI, 0, 0);
    script[1] = host(VTDPI_OP_FENCE, 0, 0);
    open_hosts(2);
    hand_to(&h, 0, VTDPI_OP_FENCE);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_RESCHED);
    assert_false(hand_event(&h, 0));
    nmi(0);
    hand_fire(&h, 0, 0);
    assert_int_equal(h.sys.cpus[0].irq_depth, 1);
    nmi(0); /* not into its own handler */
    assert_false(hand_event(&h, 0));
    h.sys.cpus[0].apic.core = 0;
    hand_to(&h, 0, VTDPI_OP_IRET);
    hand_step(&h, 0);
    assert_int_equal(h.sys.cpus[0].irq_depth, 0);
    assert_int_equal(h.sys.cpus[0].host_if, 0);
    assert_int_equal(h.sys.cpus[0].nmi_blocked, 0);
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_FENCE);
    hand_close(&h);
}

/* A halted CPU wakes up. */
static void test_system_timer__nmi_to_an_idle_cpu__wakes_it(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    hand_build(&h, true);
    hand_script(0, NULL, 0);
    hand_start(&h);
    hand_to(&h, 1, VTDPI_OP_HLT);
    nmi(1);
    hand_fire(&h, 1, 0);
    hand_to(&h, 1, VTDPI_OP_IRET);
    hand_step(&h, 1);
    assert_int_equal(h.sys.cpus[1].host_if, 1);
    hand_to(&h, 1, VTDPI_OP_HLT);
    hand_close(&h);
}

/* A deadline of the TSC: armed, expired, interrupt of the LVT entry; then it is 0 again. */
static void test_system_timer__tsc_deadline__lvt_timer_at_its_time(void **state)
{
    (void)state;
    script[0] = host(VTDPI_OP_CLI, 0, 0);
    script[1] = host(VTDPI_OP_APIC_TIMER, 1 + 5000000, 0);
    script[2] = host(VTDPI_OP_FENCE, 0, 0);
    open_hosts(3);
    hand_to(&h, 0, VTDPI_OP_APIC_TIMER);
    hand_step(&h, 0);
    assert_int_equal(h.sys.arm, VTDPI_SLOT_TIMER);
    assert_int_equal(h.sys.arm_ps, 5000000);
    assert_int_equal(h.sys.cpus[0].apic.deadline_armed, 1);
    hand_fire(&h, timer(VTDPI_SLOT_TIMER), 0);
    assert_int_equal(h.sys.cpus[0].apic.deadline_armed, 0);
    assert_true(vtdpi_set_has(h.sys.cpus[0].apic.irr, VTDPI_HV_TIMER));
    assert_int_equal(vtdpi_enabled(&h.sys, timer(VTDPI_SLOT_TIMER)), 0);
    hand_close(&h);
}

/* One-shot: 5.01 us are 126 periods of the 25 MHz crystal, rounded up; a write of 0 stops it. */
static void test_system_timer__one_shot__whole_periods_of_the_crystal(void **state)
{
    (void)state;
    script[0] = host(VTDPI_OP_CLI, 0, 0);
    script[1] = host(VTDPI_OP_APIC_TIMER, 1 + 5010000, 0);
    script[2] = host(VTDPI_OP_APIC_TIMER, 0, 0);
    script[3] = host(VTDPI_OP_FENCE, 0, 0);
    for (unsigned x2apic = 0; x2apic < 2; x2apic++) {
        memset(&h, 0, sizeof h);
        scene_init(&h.scene, "kvm", 1);
        scene_vcpu(&h.scene, 0, true, 1000000, false);
        h.scene.s.platform.x2apic = x2apic != 0;
        h.scene.s.platform.timer_one_shot = true;
        hand_build(&h, true);
        hand_script(0, script, 4);
        hand_start(&h);
        hand_to(&h, 0, VTDPI_OP_APIC_TIMER);
        hand_step(&h, 0);
        assert_int_equal(h.sys.arm_ps, 126 * 40000);
        assert_int_equal(h.sys.cpus[0].apic.timer_initial, 126);
        assert_int_equal(h.sys.cpus[0].apic.timer_armed, 1);
        hand_step(&h, 0);
        assert_int_equal(vtdpi_enabled(&h.sys, timer(VTDPI_SLOT_TIMER)), 0);
        assert_int_equal(h.sys.cpus[0].apic.timer_armed, 0);
        hand_close(&h);
    }
}

/* The queue of a CPU: the earliest first, each when its time has come; what the APIC timer is then
 * set to. A cancel from another CPU leaves that one's APIC timer alone. */
static void test_system_timer__software_timers__a_queue_for_each_cpu(void **state)
{
    (void)state;
    static const vtdpi_op_t ops[] = {
        {.kind = VTDPI_OP_TIMER_SET, .note = VTDPI_NO_NOTE, .a = 0, .b = 9000},
        {.kind = VTDPI_OP_TIMER_SET, .note = VTDPI_NO_NOTE, .a = 1, .b = 7000},
        {.kind = VTDPI_OP_TIMER_TAKE, .note = VTDPI_NO_NOTE},
        {.kind = VTDPI_OP_TIMER_TAKE, .note = VTDPI_NO_NOTE},
        {.kind = VTDPI_OP_TIMER_SET, .note = VTDPI_NO_NOTE, .a = 0, .b = 0},
        {.kind = VTDPI_OP_TIMER_TAKE, .note = VTDPI_NO_NOTE},
    };
    memcpy(script, ops, sizeof ops);
    open_hosts(6);
    hand_to(&h, 0, VTDPI_OP_TIMER_SET);
    h.sys.now_ps = 1000;
    hand_step(&h, 0);
    assert_int_equal(hand_result(&h, 0, 0), 1 + 8000);
    hand_step(&h, 0);
    assert_int_equal(hand_result(&h, 0, 1), 1 + 6000);
    h.sys.now_ps = 6999;
    hand_step(&h, 0);
    assert_int_equal(hand_result(&h, 0, 2), VTDPI_NOBODY);
    h.sys.now_ps = 7000;
    hand_step(&h, 0);
    assert_int_equal(hand_result(&h, 0, 3), 1);
    assert_int_equal(h.sys.vcpus[1].soft_ps, 0);
    hand_step(&h, 0);
    assert_int_equal(hand_result(&h, 0, 4), 0); /* none is left: the APIC timer is disarmed */
    hand_step(&h, 0);
    assert_int_equal(hand_result(&h, 0, 5), VTDPI_NOBODY);
    hand_close(&h);
    script[0] = ops[0];
    open_hosts(1);
    hand_to(&h, 0, VTDPI_OP_TIMER_SET);
    h.sys.vcpus[0].soft_ps = 4000;
    h.sys.vcpus[0].soft_cpu = 1;
    script[0].b = 0;
    h.sys.threads[h.p.vcpus[0].thread].frame[1].op.b = 0;
    hand_step(&h, 0);
    assert_int_equal(hand_result(&h, 0, 0), UINT64_MAX);
    assert_int_equal(h.sys.vcpus[0].soft_ps, 0);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_timer__preemption_value_0__exit_before_the_first_instruction),
        cmocka_unit_test(test_system_timer__preemption_value__counts_down_in_the_guest_alone),
        cmocka_unit_test(test_system_timer__preemption_value__in_cycles_of_the_tsc),
        cmocka_unit_test(test_system_timer__another_exit__stops_it),
        cmocka_unit_test(test_system_timer__control_off__no_countdown),
        cmocka_unit_test(test_system_timer__nmi_in_the_guest__exit_0_and_blocked_until_iret),
        cmocka_unit_test(test_system_timer__preemption_timer_and_nmi__the_timer_first),
        cmocka_unit_test(test_system_timer__nmi_with_interrupts_off__off_again_behind_it),
        cmocka_unit_test(test_system_timer__nmi_to_an_idle_cpu__wakes_it),
        cmocka_unit_test(test_system_timer__tsc_deadline__lvt_timer_at_its_time),
        cmocka_unit_test(test_system_timer__one_shot__whole_periods_of_the_crystal),
        cmocka_unit_test(test_system_timer__software_timers__a_queue_for_each_cpu),
    };
    return cmocka_run_group_tests_name("system timer", tests, NULL, NULL);
}

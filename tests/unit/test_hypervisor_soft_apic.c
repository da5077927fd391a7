/*
 * The software local APIC: what a VM entry injects, when it asks for the window or for a TPR
 * threshold, and EOI.
 *
 * Rules: hypervisors.md, section 7a; SDM 3A, "Task and Processor Priorities".
 */
#include "vtdpi/vmx.h"

#include "script_test.h"

enum { VECTOR = 0x41, LOW = 0x35, HIGHER = 0xE3, ISR = 4, REQUEST_EVENT = 1 };

enum { INFO_VALID_LOW = 31 };

static hand_t h;
static vtdpi_protocol_t mixed;
static vtdpi_op_t script[1];
static script_trace_t trace;

/* vCPU 0 of a hypervisor without APIC virtualization, whose thread is about to do [op]. */
static void open_apic(vtdpi_op_t op)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "injected", 1);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    script_build(&h, "injected", &mixed);
    script[0] = op;
    hand_script(0, script, 1);
    hand_start(&h);
}

static uint64_t *soft(unsigned first, unsigned vector)
{
    return hand_word(&h, h.p.vcpus[0].soft, first + (vector >> 6));
}

static void add(unsigned first, unsigned vector)
{
    *soft(first, vector) |= UINT64_C(1) << (vector & 63U);
}

static bool has(unsigned first, unsigned vector)
{
    return ((*soft(first, vector) >> (vector & 63U)) & 1U) != 0;
}

static void run(void)
{
    script_begin(&h, 0, 0);
    script_run(&h, 0, &trace);
}

static const vtdpi_vmcs_t *vmcs(void)
{
    return &h.sys.vcpus[0].vmcs;
}

static vtdpi_op_t inject(void)
{
    return vtdpi_op_call(VTDPI_FN_soft_inject, 0, 0, 0);
}

/* The highest vector above PPR moves from IRR to ISR and is injected. */
static void test_hypervisor_soft_apic__above_ppr__injected(void **state)
{
    (void)state;
    open_apic(inject());
    add(0, VECTOR);
    add(0, HIGHER);
    run();
    assert_int_equal(vmcs()->entry_intr_info, HIGHER | (UINT32_C(1) << INFO_VALID_LOW));
    assert_false(has(0, HIGHER));
    assert_true(has(ISR, HIGHER));
    assert_true(has(0, VECTOR));
    assert_int_equal(script_saw(&trace, VTDPI_EV_kvm_inj_virq)->a[1], HIGHER);
    hand_close(&h);
}

/* A vector in service, or TPR, holds back what is not of a higher class: it stays in IRR. */
static void test_hypervisor_soft_apic__not_above_ppr__waits(void **state)
{
    (void)state;
    for (unsigned by_tpr = 0; by_tpr < 2; by_tpr++) {
        open_apic(inject());
        add(0, VECTOR);
        if (by_tpr != 0) {
            h.sys.vcpus[0].soft_tpr = 0x4F;
        } else {
            add(ISR, 0x4A);
        }
        run();
        assert_int_equal(vmcs()->entry_intr_info, 0);
        assert_true(has(0, VECTOR));
        assert_int_equal(script_count(&trace, VTDPI_OP_VMWRITE), 0);
        hand_close(&h);
    }
}

/* A guest that cannot take it now, for its flag, for STI or for an event that waits already: the
 * hypervisor asks for the window instead, and the vector stays in IRR. */
static void test_hypervisor_soft_apic__guest_blocks__window_asked_for(void **state)
{
    (void)state;
    for (unsigned why = 0; why < 3; why++) {
        open_apic(inject());
        add(0, VECTOR);
        h.sys.vcpus[0].guest_if = why != 0;
        h.sys.vcpus[0].sti_shadow = why == 1;
        h.sys.vcpus[0].vmcs.entry_intr_info = why == 2 ? UINT32_C(1) << INFO_VALID_LOW : 0;
        run();
        assert_true(vtdpi_ctl_interrupt_window_exiting(h.sys.vcpus[0].controls));
        assert_true(has(0, VECTOR));
        assert_false(has(ISR, VECTOR));
        assert_null(script_seen(&trace, VTDPI_EV_kvm_inj_virq));
        hand_close(&h);
    }
}

/* With a TPR shadow the guest's TPR is in its page, and the threshold is the class that it has to
 * fall below before the highest request counts; 0 while that counts anyway, or nothing waits. */
static void test_hypervisor_soft_apic__tpr_shadow__threshold_of_the_highest_request(void **state)
{
    (void)state;

    static const struct {
        uint8_t irr, tpr, before, threshold;
        bool injected;
    } rows[] = {
        {VECTOR, 0x50, 0, 4, false}, {VECTOR, 0x40, 0, 4, false}, {VECTOR, 0x3F, 0, 0, true},
        {0, 0x50, 0, 0, false},      {0, 0x50, 4, 0, false},      {VECTOR, 0x10, 7, 0, true},
        {VECTOR, 0x45, 4, 4, false},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_apic(inject());
        if (rows[i].irr != 0) {
            add(0, rows[i].irr);
        }
        h.sys.vcpus[0].vmcs.controls[VTDPI_VMCS_PROC] |= UINT64_C(1) << 21; /* use TPR shadow */
        assert_true(vtdpi_ctl_tpr_shadow(vtdpi_vmcs_controls(vmcs())));
        h.sys.vcpus[0].vmcs.tpr_threshold = rows[i].before;
        h.sys.vcpus[0].soft_tpr = 0xF0; /* not the one that counts */
        *hand_word(&h, h.p.vcpus[0].vapic[VTDPI_VL_PRIORITY], 0) = rows[i].tpr;
        run();
        assert_int_equal(vmcs()->tpr_threshold, rows[i].threshold);
        assert_int_equal(script_seen(&trace, VTDPI_EV_kvm_inj_virq) != NULL, rows[i].injected);
        unsigned writes = (rows[i].injected ? 1U : 0U) + (rows[i].before != rows[i].threshold);
        assert_int_equal(script_count(&trace, VTDPI_OP_VMWRITE), writes);
        hand_close(&h);
    }
}

/* A blocked vCPU has something to wake for if a vector gets past PPR and the guest takes
 * interrupts. */
static void test_hypervisor_soft_apic__pending__above_ppr_and_if(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        bool on = (i & 1U) != 0;
        bool waits = (i & 2U) != 0;
        open_apic(vtdpi_op_call(VTDPI_FN_hook_pending, 0, 0, 0));
        h.sys.vcpus[0].guest_if = on;
        if (waits) {
            add(0, VECTOR);
        }
        run();
        assert_int_equal(hand_result(&h, 0, 0), on && waits);
        hand_close(&h);
    }
}

/* EOI retires the highest bit of ISR and asks for another look; with nothing in service it only
 * asks. */
static void test_hypervisor_soft_apic__eoi__highest_in_service_retired(void **state)
{
    (void)state;
    for (unsigned served = 0; served < 3; served++) {
        open_apic(vtdpi_op_call(VTDPI_FN_soft_eoi, 0, 0, 0));
        if (served > 0) {
            add(ISR, LOW);
        }
        if (served > 1) {
            add(ISR, HIGHER);
        }
        run();
        assert_false(has(ISR, HIGHER));
        assert_int_equal(has(ISR, LOW), served > 1);
        const vtdpi_event_t *e = script_seen(&trace, VTDPI_EV_kvm_eoi);
        assert_int_equal(e != NULL, served > 0);
        assert_true(e == NULL || e->a[1] == (served > 1 ? HIGHER : LOW));
        assert_true((*hand_word(&h, h.p.vcpus[0].state, VTDPI_VW_REQUESTS) & REQUEST_EVENT) != 0);
        hand_close(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hypervisor_soft_apic__above_ppr__injected),
        cmocka_unit_test(test_hypervisor_soft_apic__not_above_ppr__waits),
        cmocka_unit_test(test_hypervisor_soft_apic__guest_blocks__window_asked_for),
        cmocka_unit_test(test_hypervisor_soft_apic__tpr_shadow__threshold_of_the_highest_request),
        cmocka_unit_test(test_hypervisor_soft_apic__pending__above_ppr_and_if),
        cmocka_unit_test(test_hypervisor_soft_apic__eoi__highest_in_service_retired),
    };
    return cmocka_run_group_tests_name("hypervisor_soft_apic", tests, NULL, NULL);
}

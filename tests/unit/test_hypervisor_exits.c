/*
 * Handling of VM exits, reason by reason, and of host interrupts that nobody waits for.
 *
 * Rules: hypervisors.md, sections 5, 7 and 7a; SDM 3C, "APIC-Access VM Exits", "EOI-Induced VM
 * Exits".
 */
#include "vtdpi/vmx.h"

#include "script_test.h"

enum { VECTOR = 0x41, IPI = 0x93, QUALIFICATION = 0x52, REQUEST_EVENT = 1 };

/* Registers of the local APIC: offset in the page, MSR. */
enum { SVR = 0x0F0, TPR = 0x080, ICR = 0x300, MSR_ICR = 0x830, MSR_SELF = 0x83F };

/* ICR: destination by mode, the self shorthand. */
enum { X2APIC_DEST_LOW = 32, XAPIC_DEST_LOW = 56, SHORTHAND_SELF = 1 << 18 };

static hand_t h;
static vtdpi_protocol_t mixed;
static vtdpi_op_t script[2];
static script_trace_t trace;

/* vCPUs 0 and 1 are two VMs, each with virtual APIC ID 0. Calls [func] with [a] and [b] in vCPU 0's
 * thread, its last exit having left [reg] and [value]. */
static void call(const char *protocol, bool x2apic, vtdpi_op_t op, uint64_t reg, uint64_t value)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, protocol, 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_vcpu(&h.scene, 1, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    h.scene.s.platform.x2apic = x2apic;
    script_build(&h, protocol, &mixed);
    script[0] = op;
    hand_script(0, script, 1);
    hand_script(1, NULL, 0);
    hand_start(&h);
    h.sys.vcpus[0].exit_reg[0] = reg;
    h.sys.vcpus[0].exit_reg[1] = value;
    script_begin(&h, 0, 0);
    script_run(&h, 0, &trace);
}

static vtdpi_op_t handler(unsigned reason)
{
    return vtdpi_op_call(VTDPI_FN_exit_handler, reason, QUALIFICATION, 0);
}

static bool event_requested(void)
{
    return (*hand_word(&h, h.p.vcpus[0].state, VTDPI_VW_REQUESTS) & REQUEST_EVENT) != 0;
}

static int posted(uint32_t v)
{
    return vtdpi_set_highest(hand_word(&h, h.p.vcpus[v].pid, 0));
}

/* TPR fell below the threshold: the next way to the guest looks for an interrupt again. */
static void test_hypervisor_exits__tpr_below_threshold__event_requested(void **state)
{
    (void)state;
    call("injected", false, handler(VTDPI_EXIT_TPR_BELOW_THRESHOLD), TPR, 0);
    assert_true(event_requested());
    assert_int_equal(script_count(&trace, VTDPI_OP_BTS), 1);
    hand_close(&h);
}

/* The window opened: the control is taken back and an event asked for. */
static void test_hypervisor_exits__interrupt_window__control_taken_back(void **state)
{
    (void)state;
    call("injected", false, handler(VTDPI_EXIT_INTERRUPT_WINDOW), 0, 0);
    assert_true(event_requested());
    assert_int_equal(script_count(&trace, VTDPI_OP_VMWRITE), 1);
    assert_false(vtdpi_ctl_interrupt_window_exiting(h.sys.vcpus[0].controls));
    hand_close(&h);
}

/* EOI-induced: told with the vector of the qualification; an edge interrupt needs no more. */
static void test_hypervisor_exits__eoi_induced__told_by_its_vector(void **state)
{
    (void)state;
    call("kvm", true, handler(VTDPI_EXIT_EOI_INDUCED), 0, 0);
    const vtdpi_event_t *e = script_saw(&trace, VTDPI_EV_kvm_eoi);
    assert_non_null(e);
    assert_int_equal(e->a[0], 0);
    assert_int_equal(e->a[1], QUALIFICATION);
    assert_false(event_requested());
    hand_close(&h);
}

/* A register that means nothing to interrupts: the write is skipped, nothing changes. */
static void test_hypervisor_exits__other_register__nothing_to_do(void **state)
{
    (void)state;
    call("kvm", false, handler(VTDPI_EXIT_APIC_WRITE), SVR, 0x1FF);
    assert_false(event_requested());
    assert_int_equal(posted(0), -1);
    assert_int_equal(trace.ops, 1);
    assert_int_equal(trace.op[0].kind, VTDPI_OP_SPEND);
    hand_close(&h);
}

/* A reason that a model of interrupts has nothing to do for. */
static void test_hypervisor_exits__other_reason__returns_at_once(void **state)
{
    (void)state;
    call("kvm", false, handler(VTDPI_EXIT_VMCALL), 0, 0);
    assert_int_equal(trace.ops, 0);
    hand_close(&h);
}

/* Exit 56 of an IPI that the CPU could not post itself names an MSR in x2APIC mode, an offset in
 * xAPIC mode: the same register. */
static void test_hypervisor_exits__icr_write__by_msr_or_offset(void **state)
{
    (void)state;
    call("kvm", true, handler(VTDPI_EXIT_APIC_WRITE), MSR_ICR, IPI);
    assert_int_equal(posted(0), IPI);
    hand_close(&h);
    call("kvm", false, handler(VTDPI_EXIT_APIC_WRITE), ICR, IPI);
    assert_int_equal(posted(0), IPI);
    hand_close(&h);
    call("kvm", true, handler(VTDPI_EXIT_MSR_WRITE), MSR_ICR, IPI);
    assert_int_equal(posted(0), IPI);
    hand_close(&h);
}

/* SELF IPI goes to the vCPU itself, with its low byte as the vector. */
static void test_hypervisor_exits__self_ipi__to_itself(void **state)
{
    (void)state;
    call("kvm", true, handler(VTDPI_EXIT_MSR_WRITE), MSR_SELF, IPI | 0xF00);
    assert_int_equal(posted(0), IPI);
    hand_close(&h);
}

/* A destination is a virtual APIC ID of the sender's own VM; one that nobody there has gets
 * nothing. */
static void test_hypervisor_exits__ipi_destination__own_vm_alone(void **state)
{
    (void)state;
    for (unsigned x2apic = 0; x2apic < 2; x2apic++) {
        unsigned low = x2apic != 0 ? X2APIC_DEST_LOW : XAPIC_DEST_LOW;
        for (uint64_t dest = 0; dest < 2; dest++) {
            call("kvm", x2apic != 0,
                 vtdpi_op_call(VTDPI_FN_guest_sends_ipi, IPI | (dest << low), 0, 0), 0, 0);
            assert_int_equal(posted(0), dest == 0 ? IPI : -1);
            assert_int_equal(posted(1), -1);
            assert_int_equal(trace.ops > 0, dest == 0);
            hand_close(&h);
        }
        call("kvm", x2apic != 0,
             vtdpi_op_call(VTDPI_FN_guest_sends_ipi, IPI | SHORTHAND_SELF | (UINT64_C(1) << low), 0,
                           0),
             0, 0);
        assert_int_equal(posted(0), IPI); /* the shorthand counts, not the destination */
        hand_close(&h);
    }
}

/* A vector of the device range that no source has: acknowledged by EOI, and that is all. */
static void test_hypervisor_exits__host_vector_of_nobody__eoi_alone(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 1);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    script_build(&h, "kvm", &mixed);
    script[0] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
    script[1] = vtdpi_op_call(VTDPI_FN_irq_call, VTDPI_HV_FIRST_DEVICE + 5, 0, 0);
    hand_script(0, script, 2);
    hand_start(&h);
    script_begin(&h, 0, 0);
    vtdpi_set_add(h.sys.cpus[0].apic.isr, VTDPI_HV_FIRST_DEVICE + 5);
    script_run(&h, 0, &trace);
    assert_int_equal(script_count(&trace, VTDPI_OP_ROUTE_OF), 1);
    assert_int_equal(script_count(&trace, VTDPI_OP_EOI), 1);
    assert_int_equal(script_saw(&trace, VTDPI_EV_host_irq)->a[1], VTDPI_NOBODY);
    assert_null(script_seen(&trace, VTDPI_EV_kvm_apicv_accept_irq));
    assert_int_equal(vtdpi_set_highest(h.sys.cpus[0].apic.isr), -1);
    hand_close(&h);
}

/* A spurious interrupt set no bit in ISR: its frame neither handles anything nor owes an EOI. */
static void test_hypervisor_exits__spurious_vector__no_handler_no_eoi(void **state)
{
    (void)state;
    call("kvm", true, vtdpi_op_call(VTDPI_FN_irq, VTDPI_HV_SPURIOUS, VTDPI_NOBODY, 1), 0, 0);
    assert_int_equal(script_count(&trace, VTDPI_OP_EOI), 0);
    assert_int_equal(script_count(&trace, VTDPI_OP_IRET), 1);
    assert_int_equal(script_saw(&trace, VTDPI_EV_host_irq)->a[0], VTDPI_HV_SPURIOUS);
    hand_close(&h);
}

/* A device interrupt of a source without a vCPU, or not bound to it, is the host's own business. */
static void test_hypervisor_exits__device_of_nobody__dropped(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        memset(&h, 0, sizeof h);
        scene_init(&h.scene, "cpu_posted_kvm", 1);
        scene_vcpu(&h.scene, 0, true, 1000000, false);
        scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
        script_build(&h, "cpu_posted_kvm", &mixed);
        script[0] = vtdpi_op_call(VTDPI_FN_device_irq, 0, 0, 0);
        hand_script(0, script, 1);
        hand_start(&h);
        h.sys.sources[0].attached = i != 1;
        h.sys.sources[0].vcpu = i == 2 ? VTDPI_NOBODY : 0;
        script_begin(&h, 0, 0);
        script_run(&h, 0, &trace);
        assert_int_equal(posted(0), i == 0 ? VECTOR : -1);
        assert_int_equal(trace.ops > 1, i == 0);
        hand_close(&h);
    }
}

/* Xen keeps waiting interrupts of 256 sources in words of the CPU; a source beyond them is
 * delivered at once, in the interrupt. */
static void test_hypervisor_exits__xen_source_beyond_the_set__delivered_at_once(void **state)
{
    (void)state;

    enum { SOURCES = 257, LAST = SOURCES - 1 };

    static vtdpi_source_fixed_t many[SOURCES];
    for (uint64_t s = LAST - 1; s <= LAST; s++) {
        memset(&h, 0, sizeof h);
        scene_init(&h.scene, "cpu_posted_xen", 1);
        scene_vcpu(&h.scene, 0, true, 1000000, false);
        scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
        script_build(&h, "cpu_posted_xen", &mixed);
        for (unsigned i = 0; i < SOURCES; i++) {
            many[i] = h.source[0];
        }
        h.p.sources = many;
        h.p.source_count = SOURCES;
        script[0] = vtdpi_op_call(VTDPI_FN_device_irq, s, 0, 0);
        hand_script(0, script, 1);
        hand_start(&h);
        script_begin(&h, 0, 0);
        script_run(&h, 0, &trace);
        assert_int_equal(posted(0), s == LAST ? VECTOR : -1);
        assert_int_equal(*hand_word(&h, h.p.cpu_lines[0], 7) >> 63, s != LAST);
        hand_close(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hypervisor_exits__tpr_below_threshold__event_requested),
        cmocka_unit_test(test_hypervisor_exits__interrupt_window__control_taken_back),
        cmocka_unit_test(test_hypervisor_exits__eoi_induced__told_by_its_vector),
        cmocka_unit_test(test_hypervisor_exits__other_register__nothing_to_do),
        cmocka_unit_test(test_hypervisor_exits__other_reason__returns_at_once),
        cmocka_unit_test(test_hypervisor_exits__icr_write__by_msr_or_offset),
        cmocka_unit_test(test_hypervisor_exits__self_ipi__to_itself),
        cmocka_unit_test(test_hypervisor_exits__ipi_destination__own_vm_alone),
        cmocka_unit_test(test_hypervisor_exits__host_vector_of_nobody__eoi_alone),
        cmocka_unit_test(test_hypervisor_exits__spurious_vector__no_handler_no_eoi),
        cmocka_unit_test(test_hypervisor_exits__device_of_nobody__dropped),
        cmocka_unit_test(test_hypervisor_exits__xen_source_beyond_the_set__delivered_at_once),
    };
    return cmocka_run_group_tests_name("hypervisor_exits", tests, NULL, NULL);
}

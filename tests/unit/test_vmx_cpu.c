/*
 * The rules put together: a logical processor that enters a guest, takes interrupts there and
 * exits, boundary by boundary.
 */
#include "conform/vmx_cpu.h"
#include "vtd_test.h"

enum { PINV = 0xF2 };

/* A guest with posted interrupts, in the VMCS; the host is running. */
static vmx_cpu_t posted_cpu(bool guest_if, vtdpi_activity_t activity)
{
    vmx_cpu_t cpu;
    vmx_cpu_init(&cpu);
    vtdpi_vmcs_set_control(&cpu.vmcs, VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY, true);
    vtdpi_vmcs_set_control(&cpu.vmcs, VTDPI_CTL_PROCESS_POSTED_INTERRUPTS, true);
    vtdpi_vmcs_set_control(&cpu.vmcs, VTDPI_CTL_VIRTUALIZE_X2APIC_MODE, true);
    cpu.vmcs.pinv = PINV;
    cpu.vmcs.activity = (uint32_t)activity;
    VTDPI_PUT(RFLAGS, IF, &cpu.vmcs.rflags, guest_if);
    cpu.pid[VTDPI_PID_CTL_WORD] = (uint64_t)PINV << VTDPI_PID_NV_LOW;
    return cpu;
}

static void post(vmx_cpu_t *cpu, uint8_t vector)
{
    uint64_t vectors[VTDPI_VECTOR_WORDS] = {0};
    vtdpi_set_add(vectors, vector);
    vmx_cpu_post(cpu, vectors);
}

/* One boundary, at which exactly [kind] happens. */
static void assert_next(vmx_cpu_t *cpu, vmx_cpu_event_kind_t kind, uint32_t number)
{
    vmx_cpu_begin(cpu);
    vmx_cpu_boundary(cpu);
    assert_int_equal(cpu->event_count, 1);
    assert_int_equal(cpu->events[0].kind, kind);
    assert_int_equal(cpu->events[0].number, number);
}

static void assert_nothing_next(vmx_cpu_t *cpu)
{
    vmx_cpu_begin(cpu);
    vmx_cpu_boundary(cpu);
    assert_int_equal(cpu->event_count, 0);
}

/* SDM 3C, "Posted-Interrupt Processing": in HLT with IF = 1 a posted interrupt wakes the guest;
 * with IF = 0, or below VPPR, it is processed and the guest is back in HLT.
 * @shows sdm.posted.hlt, sdm.boundary.wakes, sdm.posted.vector */
static void test_vmx_cpu__posted_in_hlt__wakes_if_deliverable(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        bool guest_if = (i & 1) != 0, above = (i & 2) != 0;
        vmx_cpu_t cpu = posted_cpu(guest_if, VTDPI_ACTIVITY_HLT);
        cpu.vtpr = above ? 0x30 : 0x50;
        vmx_cpu_enter(&cpu);
        assert_next(&cpu, VMX_CPU_ASLEEP, 0);
        post(&cpu, 0x51);
        assert_next(&cpu, VMX_CPU_PROCESSED, 0);
        assert_int_equal(cpu.vapic.rvi, 0x51);
        assert_int_equal(cpu.vapic.recognised, above);
        if (guest_if && above) {
            assert_next(&cpu, VMX_CPU_DELIVERED, 0x51);
            assert_int_equal(cpu.activity, VTDPI_ACTIVITY_ACTIVE);
        } else {
            assert_next(&cpu, VMX_CPU_ASLEEP, 0);
        }
    }
}

/* SDM 3C, "Event Blocking": shutdown and wait-for-SIPI leave the notification in the IRR; MWAIT
 * ends with it.
 * @shows sdm.boundary.wakes, sdm.boundary.wait-for-sipi, sdm.posted.mwait */
static void test_vmx_cpu__posted_in_other_states__waits_or_ends_mwait(void **state)
{
    (void)state;
    for (uint32_t activity = VTDPI_ACTIVITY_SHUTDOWN; activity <= VTDPI_ACTIVITY_WAIT_FOR_SIPI;
         activity++) {
        vmx_cpu_t cpu = posted_cpu(true, (vtdpi_activity_t)activity);
        vmx_cpu_enter(&cpu);
        post(&cpu, 0x51);
        assert_nothing_next(&cpu);
        assert_true(vtdpi_set_has(cpu.lapic.irr, PINV));
        assert_true(vtdpi_set_has(cpu.pid, 0x51));
    }
    vmx_cpu_t cpu = posted_cpu(false, VTDPI_ACTIVITY_ACTIVE);
    vmx_cpu_enter(&cpu);
    cpu.activity = VTDPI_ACTIVITY_MWAIT;
    post(&cpu, 0x51);
    assert_next(&cpu, VMX_CPU_PROCESSED, 0);
    assert_int_equal(cpu.activity, VTDPI_ACTIVITY_ACTIVE);
}

/* SDM 3C, "Interrupt-Window Exiting and Virtual-Interrupt Delivery": a notification that was
 * pending before the entry is processed at the guest's first boundary, after the virtual interrupt
 * that the entry recognised; the entry itself does not read the descriptor.
 * @shows sdm.entry.evaluate, sdm.boundary.window-or-virtual, sdm.boundary.external */
static void test_vmx_cpu__notification_at_entry__comes_after_the_virtual_interrupt(void **state)
{
    (void)state;
    vmx_cpu_t cpu = posted_cpu(true, VTDPI_ACTIVITY_ACTIVE);
    post(&cpu, 0x61);
    cpu.vmcs.intr_status = 0x0041;
    vtdpi_set_add(cpu.virr, 0x41);
    vmx_cpu_begin(&cpu);
    vmx_cpu_enter(&cpu);
    assert_int_equal(cpu.event_count, 0);
    assert_int_equal(cpu.vapic.rvi, 0x41);
    assert_true(vtdpi_set_has(cpu.pid, 0x61));
    assert_next(&cpu, VMX_CPU_DELIVERED, 0x41);
    assert_next(&cpu, VMX_CPU_PROCESSED, 0);
    assert_int_equal(cpu.vapic.recognised, 1);
    assert_nothing_next(&cpu);
    vmx_cpu_sti(&cpu);
    assert_nothing_next(&cpu);
    assert_next(&cpu, VMX_CPU_DELIVERED, 0x61);
}

/* SDM 3C, "Posted-Interrupt Processing": a notification that finds PIR empty clears ON and leaves
 * RVI; SN, NV and NDST neither matter nor change.
 * @shows sdm.posted.rvi, sdm.posted.clear-on, sdm.posted.take */
static void test_vmx_cpu__stale_notification__changes_on_alone(void **state)
{
    (void)state;
    vmx_cpu_t cpu = posted_cpu(false, VTDPI_ACTIVITY_ACTIVE);
    uint64_t others = UINT64_C(0xFFFFFFFFFFFFFFFE);
    cpu.pid[VTDPI_PID_CTL_WORD] = others | VTDPI_PID_ON;
    cpu.pid[5] = 7;
    cpu.vmcs.intr_status = 0x0035;
    vtdpi_set_add(cpu.virr, 0x35);
    vmx_cpu_enter(&cpu);
    vmx_cpu_interrupt(&cpu, PINV);
    assert_next(&cpu, VMX_CPU_PROCESSED, 0);
    assert_int_equal(cpu.vapic.rvi, 0x35);
    assert_true(cpu.pid[VTDPI_PID_CTL_WORD] == others);
    assert_int_equal(cpu.pid[5], 7);
    assert_int_equal(vtdpi_set_highest(cpu.lapic.isr), -1);
    cpu.pid[1] = 2;
    vmx_cpu_interrupt(&cpu, PINV);
    assert_next(&cpu, VMX_CPU_PROCESSED, 0);
    assert_int_equal(cpu.vapic.rvi, 0x41);
}

/* SDM 3C, "Posted-Interrupt Processing"; SDM 3A, "Task and Processor Priorities": another vector
 * exits and stays in service; until the host ends it, or lowers its TPR, a notification of no
 * higher class waits.
 * @shows sdm.posted.vector, sdm.exit.external-info, sdm.exit.record */
static void test_vmx_cpu__other_vector__exits_and_holds_the_notification(void **state)
{
    (void)state;
    vmx_cpu_t cpu = posted_cpu(false, VTDPI_ACTIVITY_HLT);
    vmx_cpu_enter(&cpu);
    vmx_cpu_interrupt(&cpu, 0xF8);
    assert_next(&cpu, VMX_CPU_EXITED, VTDPI_EXIT_EXTERNAL_INTERRUPT);
    assert_true(cpu.vmcs.exit_intr_info == 0x800000F8);
    assert_int_equal(cpu.vmcs.activity, VTDPI_ACTIVITY_HLT);
    assert_true(vtdpi_set_has(cpu.lapic.isr, 0xF8));
    vmx_cpu_enter(&cpu);
    post(&cpu, 0x51);
    assert_next(&cpu, VMX_CPU_ASLEEP, 0);
    vmx_cpu_host_eoi(&cpu);
    cpu.lapic.tpr = 0xF0;
    assert_next(&cpu, VMX_CPU_ASLEEP, 0);
    cpu.lapic.tpr = 0xEF;
    assert_next(&cpu, VMX_CPU_PROCESSED, 0);
}

/* SDM 3C, "EOI Virtualization": exit 45 comes instead of an evaluation; the next entry evaluates.
 * @shows sdm.eoi.exit, sdm.qual.eoi, sdm.exit.recognition-ends, sdm.entry.evaluate */
static void test_vmx_cpu__eoi_exit__leaves_the_evaluation_to_the_next_entry(void **state)
{
    (void)state;
    vmx_cpu_t cpu = posted_cpu(false, VTDPI_ACTIVITY_ACTIVE);
    cpu.vmcs.intr_status = 0x6151;
    vtdpi_set_add(cpu.virr, 0x51);
    vtdpi_set_add(cpu.visr, 0x61);
    vtdpi_set_add(cpu.vmcs.eoi_exit, 0x61);
    vmx_cpu_enter(&cpu);
    assert_int_equal(cpu.vapic.recognised, 0);
    vmx_cpu_begin(&cpu);
    vmx_cpu_wrmsr(&cpu, 0x80B, 0);
    assert_int_equal(cpu.vmcs.exit_reason, VTDPI_EXIT_EOI_INDUCED);
    assert_int_equal(cpu.vmcs.exit_qualification, 0x61);
    assert_int_equal(cpu.vmcs.intr_status, 0x0051);
    assert_int_equal(cpu.vapic.recognised, 0);
    vmx_cpu_enter(&cpu);
    assert_int_equal(cpu.vapic.recognised, 1);
}

/* SDM 3C, "Event Blocking": whether STI and MOV SS hold a notification is the implementation's;
 * they end with the next instruction.
 * @shows sdm.boundary.external-blocking, sdm.boundary.window */
static void test_vmx_cpu__sti_and_mov_ss__hold_for_one_instruction(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        vmx_cpu_t cpu = posted_cpu(false, VTDPI_ACTIVITY_ACTIVE);
        cpu.hold_external = (i & 1) != 0;
        vmx_cpu_enter(&cpu);
        post(&cpu, 0x51);
        if ((i & 2) != 0) {
            vmx_cpu_sti(&cpu);
        } else {
            vmx_cpu_mov_ss(&cpu);
        }
        if (cpu.hold_external) {
            assert_nothing_next(&cpu);
        }
        assert_next(&cpu, VMX_CPU_PROCESSED, 0);
        assert_int_equal(cpu.interruptibility, 0);
    }
}

/* SDM 3C, "VM-Execution Control Fields", "VM Exits Induced by the TPR Threshold": without delivery
 * a threshold above VTPR refuses an entry, or with "virtualize APIC accesses" exits right after it.
 * @shows sdm.entry.vmfail, sdm.entry.tpr-exit, sdm.entry.threshold-above-vtpr,
 * sdm.boundary.tpr-exit */
static void test_vmx_cpu__threshold_above_vtpr__refuses_or_exits(void **state)
{
    (void)state;
    for (unsigned accesses = 0; accesses < 2; accesses++) {
        vmx_cpu_t cpu;
        vmx_cpu_init(&cpu);
        vtdpi_vmcs_set_control(&cpu.vmcs, VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES, accesses != 0);
        cpu.vmcs.tpr_threshold = 3;
        vmx_cpu_enter(&cpu);
        assert_int_equal(cpu.event_count, 1);
        assert_int_equal(cpu.events[0].kind, accesses != 0 ? VMX_CPU_EXITED : VMX_CPU_REFUSED);
        assert_int_equal(cpu.events[0].number, accesses != 0 ? 43 : 7);
        assert_false(cpu.guest);
        cpu.vtpr = 0x30;
        vmx_cpu_begin(&cpu);
        vmx_cpu_enter(&cpu);
        assert_int_equal(cpu.event_count, 0);
        vmx_cpu_cr8(&cpu, 2);
        assert_int_equal(cpu.events[0].number, 43);
    }
}

/* SDM 3C, "Checks on Guest Non-Register State": a guest state that is refused is exit 33.
 * @shows sdm.entry.failed, sdm.entry.blocking-needs-active */
static void test_vmx_cpu__bad_guest_state__is_exit_33(void **state)
{
    (void)state;

    static const uint32_t blocking[] = {VTDPI_BLOCK_STI, VTDPI_BLOCK_MOV_SS};

    for (size_t i = 0; i < sizeof blocking / sizeof blocking[0]; i++) {
        vmx_cpu_t cpu = posted_cpu(true, VTDPI_ACTIVITY_HLT);
        cpu.vmcs.interruptibility = blocking[i];
        vmx_cpu_enter(&cpu);
        assert_false(cpu.guest);
        assert_true(cpu.vmcs.exit_reason == 0x80000021);
        assert_int_equal(cpu.events[0].number, 33);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vmx_cpu__posted_in_hlt__wakes_if_deliverable),
        cmocka_unit_test(test_vmx_cpu__posted_in_other_states__waits_or_ends_mwait),
        cmocka_unit_test(test_vmx_cpu__notification_at_entry__comes_after_the_virtual_interrupt),
        cmocka_unit_test(test_vmx_cpu__stale_notification__changes_on_alone),
        cmocka_unit_test(test_vmx_cpu__other_vector__exits_and_holds_the_notification),
        cmocka_unit_test(test_vmx_cpu__eoi_exit__leaves_the_evaluation_to_the_next_entry),
        cmocka_unit_test(test_vmx_cpu__sti_and_mov_ss__hold_for_one_instruction),
        cmocka_unit_test(test_vmx_cpu__threshold_above_vtpr__refuses_or_exits),
        cmocka_unit_test(test_vmx_cpu__bad_guest_state__is_exit_33),
    };
    return cmocka_run_group_tests_name("vmx_cpu", tests, NULL, NULL);
}

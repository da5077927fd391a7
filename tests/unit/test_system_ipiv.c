/*
 * IPI virtualization by hand: each access of the manual is one operation, in the manual's order.
 * Model switches reach the units.
 *
 * Rules: SDM 3C, "IPI Virtualization"; hardware, sections 10.8 and 15.
 */
#include "vtdpi/lapic_access.h"

#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x50, ENTRY_TEXT = 2 };

static hand_t h;

/* vCPU 0 of a VM of two runs on CPU 0, its thread in the guest, about to send [vector]. */
static void open_sender(bool x2apic, uint8_t vector)
{
    static vtdpi_op_t ops[2];
    ops[0] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
    ops[1] = vtdpi_op_make(VTDPI_OP_VMENTER, VTDPI_STAGE_vmentry, 0);
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_vcpu(&h.scene, 1, true, 1000000, false);
    h.scene.vm[0].vcpu_count = 2;
    h.scene.s.vm_count = 1;
    h.scene.vcpu[1].vm = 0;
    h.scene.vcpu[1].number = 1;
    h.scene.step[0][0] = (vtdpi_step_t){.kind = VTDPI_STEP_SEND_IPI, .value = vector, .target = 1};
    h.scene.s.platform.x2apic = x2apic;
    h.scene.s.hypervisor.ipi_virtualization = true;
    hand_build(&h, true);
    hand_script(0, ops, ENTRY_TEXT);
    hand_script(1, NULL, 0);
    hand_start(&h);
    vtdpi_pid_ctl_t target = {.nv = VTDPI_HV_ANV, .ndst = vtdpi_pid_ndst_encode(1, x2apic)};
    *hand_word(&h, h.p.vcpus[1].pid, VTDPI_PID_CTL_WORD) = vtdpi_pid_ctl_make(target);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
    hand_step(&h, 0);
    while (h.sys.cpus[0].ucode.func != VTDPI_FN_none) {
        hand_step(&h, 0);
    }
    hand_to(&h, 0, VTDPI_OP_GUEST_ICR);
    hand_step(&h, 0);
}

static bool pir(void)
{
    return vtdpi_set_has(hand_word(&h, h.p.vcpus[1].pid, 0), VECTOR);
}

/* The entry, PIR, ON, the notification: four operations; the sender stays in the guest.
 * @shows sdm.ipiv.request, sdm.ipiv.notify, sdm.ipiv.notification, sdm.ipiv.table */
static void test_system_ipiv__send__pointer_pir_on_notification(void **state)
{
    (void)state;
    for (unsigned x2apic = 0; x2apic < 2; x2apic++) {
        open_sender(x2apic != 0, VECTOR);
        assert_int_equal(hand_next(&h, 0), VTDPI_OP_LOAD);
        hand_step(&h, 0);
        assert_false(pir());
        assert_int_equal(hand_next(&h, 0), VTDPI_OP_BTS);
        hand_step(&h, 0);
        assert_true(pir());
        assert_int_equal(hand_saw(&h, VTDPI_EV_ipi_posted)->a[0], 1);
        assert_false(hand_control(&h, 1).on);
        assert_int_equal(hand_next(&h, 0), VTDPI_OP_NOTIFY);
        hand_step(&h, 0);
        assert_true(hand_control(&h, 1).on);
        assert_int_equal(hand_next(&h, 0), x2apic != 0 ? VTDPI_OP_IPI : VTDPI_OP_IPI_MMIO);
        assert_int_equal(hand_in_flight(&h), 0);
        hand_step(&h, 0);
        uint32_t m = hand_message(&h, VTDPI_HV_ANV);
        assert_true(m < VTDPI_MESSAGES_MAX);
        assert_int_equal(h.sys.messages[m].msg.dest, 1);
        assert_int_equal(h.sys.cpus[0].mode, VTDPI_MODE_NONROOT);
        assert_int_equal(h.sys.cpus[0].ucode.func, VTDPI_FN_none);
        hand_close(&h);
    }
}

/* ON or SN set when the control word is reached, and not before: no notification.
 * @shows sdm.ipiv.notify */
static void test_system_ipiv__on_or_sn_between_the_accesses__no_notification(void **state)
{
    (void)state;
    for (unsigned sn = 0; sn < 2; sn++) {
        open_sender(true, VECTOR);
        hand_to(&h, 0, VTDPI_OP_NOTIFY);
        *hand_word(&h, h.p.vcpus[1].pid, VTDPI_PID_CTL_WORD) |= sn ? VTDPI_PID_SN : VTDPI_PID_ON;
        hand_step(&h, 0);
        assert_int_equal(hand_control(&h, 1).on, sn == 0);
        assert_null(hand_saw(&h, VTDPI_EV_ipi_on_set));
        assert_int_equal(h.sys.cpus[0].ucode.func, VTDPI_FN_none);
        assert_true(pir());
        assert_int_equal(hand_in_flight(&h), 0);
        hand_close(&h);
    }
}

static void expect_exit(void)
{
    hand_to(&h, 0, VTDPI_OP_VMEXIT);
    hand_step(&h, 0);
    const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_kvm_exit);
    assert_int_equal(e->a[1], VTDPI_EXIT_APIC_WRITE);
    assert_int_equal(e->a[2], 0x300);
    assert_int_equal(h.sys.vcpus[0].exit_reg[1] & 0xFFU, VECTOR);
    assert_false(pir());
}

/* @shows sdm.ipiv.limits, sdm.ipiv.pointer */
static void test_system_ipiv__target_that_is_not_in_the_table__apic_write_exit(void **state)
{
    (void)state;
    open_sender(true, VECTOR);
    *hand_word(&h, h.p.vcpus[0].pids, 1) &= ~UINT64_C(1); /* not valid */
    expect_exit();
    hand_close(&h);
    open_sender(true, VECTOR);
    *hand_word(&h, h.p.vcpus[0].pids, 1) |= UINT64_C(1) << 46; /* beyond the physical width */
    expect_exit();
    hand_close(&h);
}

/* The table of a VM has an entry by virtual APIC ID; each VM its own. */
static void test_system_ipiv__tables__one_a_vm(void **state)
{
    (void)state;
    open_sender(true, VECTOR);
    for (unsigned v = 0; v < 2; v++) {
        uint64_t paddr = h.p.lines[h.p.vcpus[v].pid].paddr;
        assert_int_equal(*hand_word(&h, h.p.vcpus[v].pids, v), paddr | 1U);
        assert_int_equal(h.sys.vcpus[v].vmcs.last_pid_index, 1);
    }
    hand_close(&h);
}

/* Switch pir_order: an exploration may take the words of PIR in any order; the highest vector is
 * found whatever the order. */
static void test_system_ipiv__pir_order_any__every_order_one_result(void **state)
{
    (void)state;
    static vtdpi_op_t ops[2];
    ops[0] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
    ops[1] = vtdpi_op_make(VTDPI_OP_VMENTER, VTDPI_STAGE_vmentry, 0);
    for (unsigned first = 0; first < 4; first++) {
        memset(&h, 0, sizeof h);
        scene_init(&h.scene, "kvm", 1);
        scene_vcpu(&h.scene, 0, true, 1000000, false);
        h.scene.s.platform.switches.pir_order = 1;
        hand_build(&h, true);
        h.p.explore = true;
        hand_script(0, ops, ENTRY_TEXT);
        hand_start(&h);
        hand_to(&h, 0, VTDPI_OP_VMENTER);
        hand_step(&h, 0);
        while (h.sys.cpus[0].ucode.func != VTDPI_FN_none) {
            hand_step(&h, 0);
        }
        vtdpi_set_add(hand_word(&h, h.p.vcpus[0].pid, 0), 0x41);
        vtdpi_set_add(hand_word(&h, h.p.vcpus[0].pid, 0), 0xC3);
        vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_ANV);
        hand_fire(&h, 0, 0);
        hand_to(&h, 0, VTDPI_OP_CHOOSE);
        assert_int_equal(vtdpi_enabled(&h.sys, 0), 4);
        hand_fire(&h, 0, first);
        assert_int_equal(hand_next(&h, 0), VTDPI_OP_XCHG);
        assert_int_equal(h.sys.cpus[0].ucode.op.word, first);
        hand_to(&h, 0, VTDPI_OP_CHOOSE);
        assert_int_equal(vtdpi_enabled(&h.sys, 0), 3);
        hand_fire(&h, 0, 2); /* the highest of those left */
        assert_int_equal(h.sys.cpus[0].ucode.op.word, first == 3 ? 2 : 3);
        for (unsigned left = 2; left > 0; left--) {
            hand_to(&h, 0, VTDPI_OP_CHOOSE);
            assert_int_equal(vtdpi_enabled(&h.sys, 0), left);
            hand_fire(&h, 0, 0);
        }
        hand_to(&h, 0, VTDPI_OP_EVALUATE);
        hand_step(&h, 0);
        assert_int_equal(h.sys.vcpus[0].vapic.rvi, 0xC3);
        hand_close(&h);
    }
}

/* Switches of the units arrive where the rules look at them. */
static void test_system_ipiv__switches__reach_unit_and_local_apics(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 1);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    vtdpi_switches_t *s = &h.scene.s.platform.switches;
    hand_build(&h, true);
    hand_script(0, NULL, 0);
    hand_start(&h);
    assert_true(h.p.iommu.pid_ndst_check && h.p.iommu.dlm_check);
    assert_false(h.p.iommu.index_wrap16 || h.p.iommu.fault_collapse);
    assert_int_equal(h.p.iommu.svt3_code, VTDPI_SVT3_26H);
    assert_int_equal(h.p.iommu.irte_check_order, VTDPI_CHECK_SOURCE_FIRST);
    assert_int_equal(h.sys.cpus[0].apic.switches, 0);
    hand_close(&h);
    *s = (vtdpi_switches_t){.index_wrap16 = 1,
                            .svt3_code = 1,
                            .irte_check_order = 1,
                            .fault_collapse = 1,
                            .ppr_equal = 1,
                            .init_deassert = 1,
                            .ipi_illegal_vector = 1,
                            .lvt_illegal_at_write = 1};
    h.block = NULL;
    hand_build(&h, true);
    hand_start(&h);
    assert_false(h.p.iommu.pid_ndst_check || h.p.iommu.dlm_check);
    assert_true(h.p.iommu.index_wrap16 && h.p.iommu.fault_collapse);
    assert_int_equal(h.p.iommu.svt3_code, VTDPI_SVT3_24H);
    assert_int_equal(h.p.iommu.irte_check_order, VTDPI_CHECK_RESERVED_FIRST);
    assert_int_equal(h.sys.cpus[0].apic.switches,
                     VTDPI_LAPIC_PPR_EQUAL_ZERO | VTDPI_LAPIC_INIT_DEASSERT |
                         VTDPI_LAPIC_SEND_ILLEGAL | VTDPI_LAPIC_LVT_EAGER);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_ipiv__send__pointer_pir_on_notification),
        cmocka_unit_test(test_system_ipiv__on_or_sn_between_the_accesses__no_notification),
        cmocka_unit_test(test_system_ipiv__target_that_is_not_in_the_table__apic_write_exit),
        cmocka_unit_test(test_system_ipiv__tables__one_a_vm),
        cmocka_unit_test(test_system_ipiv__pir_order_any__every_order_one_result),
        cmocka_unit_test(test_system_ipiv__switches__reach_unit_and_local_apics),
    };
    return cmocka_run_group_tests_name("system ipiv", tests, NULL, NULL);
}

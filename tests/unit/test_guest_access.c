/*
 * Guest accesses to its local APIC as the system performs them: virtualized, or by VM exit, in
 * xAPIC and x2APIC mode.
 *
 * Rules: SDM 3C, "Virtualizing Memory-Mapped APIC Accesses", "Virtualizing MSR-Based APIC
 * Accesses", "EOI Virtualization", "TPR Virtualization".
 */
#include "vtdpi/vapic.h"

#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x41, SERVED = 0x62, MSR_TPR = 0x808, OFFSET_TPR = 0x080, OFFSET_INITIAL = 0x380 };

enum { MSR_ICR = 0x830, OFFSET_ICR = 0x300 };

/* Word of the line of priorities that VPPR, 0A0h, is in. */
enum { VPPR_WORD = 4 };

/* Exit 44: a linear write, bits 15:12. */
enum { LINEAR_WRITE = 1 << 12 };

static hand_t h;
static vtdpi_op_t script[4];

/* In the guest, at the only step [step]; [x2apic] is the mode of the platform. */
static void open_guest(const char *protocol, bool x2apic, vtdpi_step_t step)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, protocol, 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    h.scene.s.platform.x2apic = x2apic;
    h.scene.step[0][0] = step;
    h.scene.vcpu[0].timer_one_shot = true;
    hand_build(&h, true);
    script[0] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
    script[1] = vtdpi_op_make(VTDPI_OP_VMENTER, VTDPI_STAGE_vmentry, 0);
    hand_script(0, script, 2);
    hand_start(&h);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
}

static void whole(void)
{
    hand_step(&h, 0);
    while (h.sys.cpus[0].ucode.func != VTDPI_FN_none) {
        hand_step(&h, 0);
    }
}

/* The guest was left for [reason] with [qualification], its registers being [reg] and [value]. */
static void expect_exit(unsigned reason, uint64_t qualification, uint64_t reg, uint64_t value)
{
    const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_kvm_exit);
    assert_non_null(e);
    assert_int_equal(e->a[1], reason);
    assert_int_equal(e->a[2], qualification);
    assert_int_equal(h.sys.vcpus[0].exit_reg[0], reg);
    assert_int_equal(h.sys.vcpus[0].exit_reg[1], value);
    assert_int_equal(h.sys.cpus[0].mode, VTDPI_MODE_ROOT);
}

static uint64_t *page(vtdpi_vapic_line_t line, unsigned word)
{
    return hand_word(&h, h.p.vcpus[0].vapic[line], word);
}

static void controls_without(vtdpi_ctl_t ctl)
{
    h.sys.vcpus[0].controls &= ~vtdpi_ctl_one(ctl);
}

static vtdpi_step_t write_tpr(uint32_t value)
{
    return (vtdpi_step_t){.kind = VTDPI_STEP_WRITE_TPR, .value = value};
}

/* EOI virtualization: the bit leaves VISR; if the EOI-exit bitmap has the vector the CPU exits with
 * it.
 *
 * @shows sdm.eoi.exit
 */
static void test_guest_access__eoi__exits_if_the_bitmap_has_the_vector(void **state)
{
    (void)state;
    for (unsigned x2apic = 0; x2apic < 2; x2apic++) {
        for (unsigned exits = 0; exits < 2; exits++) {
            open_guest("kvm", x2apic != 0, write_tpr(0));
            whole();
            h.sys.vcpus[0].vapic.svi = SERVED;
            *page(VTDPI_VL_VISR_LOW, 6) = UINT64_C(1) << (SERVED & 31U);
            if (exits != 0) {
                vtdpi_set_add(h.sys.vcpus[0].vmcs.eoi_exit, SERVED);
            }
            h.sys.vcpus[0].frame[0].op = vtdpi_op_make(VTDPI_OP_GUEST_EOI, VTDPI_STAGE_guest, 0);
            hand_step(&h, 0);
            assert_int_equal(hand_saw(&h, VTDPI_EV_virtual_eoi)->a[2], exits);
            assert_int_equal(*page(VTDPI_VL_VISR_LOW, 6), 0);
            assert_int_equal(h.sys.vcpus[0].vapic.svi, 0);
            assert_int_equal(h.sys.cpus[0].ucode.func != VTDPI_FN_none, exits);
            if (exits != 0) {
                hand_step(&h, 0);
                expect_exit(VTDPI_EXIT_EOI_INDUCED, SERVED, 0, SERVED);
            }
            hand_close(&h);
        }
    }
}

/* TPR virtualization without virtual-interrupt delivery: exit 43 if TPR falls below the threshold,
 * the write being done; at it or above nothing.
 *
 * @shows sdm.tpr.threshold
 */
static void test_guest_access__tpr_shadow__exit_below_threshold(void **state)
{
    (void)state;
    for (uint32_t tpr = 0x30; tpr <= 0x50; tpr += 0x10) {
        open_guest("kvm", false, write_tpr(tpr));
        whole();
        controls_without(VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY);
        h.sys.vcpus[0].vmcs.tpr_threshold = 4;
        whole();
        assert_int_equal(*page(VTDPI_VL_PRIORITY, 0), tpr);
        if (tpr < 0x40) {
            expect_exit(VTDPI_EXIT_TPR_BELOW_THRESHOLD, 0, OFFSET_TPR, tpr);
        } else {
            assert_int_equal(h.sys.cpus[0].mode, VTDPI_MODE_NONROOT);
        }
        hand_close(&h);
    }
}

/* The guest of a hypervisor without APIC virtualization: WRMSR exits in x2APIC mode, and in xAPIC
 * mode the access to the page, by its offset.
 *
 * @shows sdm.access.no-shadow, sdm.wrmsr.others
 */
static void test_guest_access__no_virtualization__exit_by_mode(void **state)
{
    (void)state;
    for (unsigned x2apic = 0; x2apic < 2; x2apic++) {
        open_guest("injected", x2apic != 0, write_tpr(0x20));
        whole();
        whole();
        if (x2apic != 0) {
            expect_exit(VTDPI_EXIT_MSR_WRITE, 0, MSR_TPR, 0x20);
        } else {
            expect_exit(VTDPI_EXIT_APIC_ACCESS, OFFSET_TPR | LINEAR_WRITE, OFFSET_TPR, 0x20);
        }
        hand_close(&h);
    }
}

/* Initial count: with APIC-register virtualization the write is done and exits after it (56);
 * without it the access exits (44) and the page stays as it is.
 *
 * @shows sdm.write.registers
 */
static void test_guest_access__initial_count__exit_after_or_instead_of_the_write(void **state)
{
    (void)state;
    const vtdpi_step_t step = {.kind = VTDPI_STEP_ARM_TIMER, .span = {.ps = 5000}};
    for (unsigned registers = 0; registers < 2; registers++) {
        open_guest("kvm", false, step);
        whole();
        if (registers == 0) {
            controls_without(VTDPI_CTL_APIC_REGISTER_VIRTUALIZATION);
        }
        whole();
        if (registers != 0) {
            expect_exit(VTDPI_EXIT_APIC_WRITE, OFFSET_INITIAL, OFFSET_INITIAL, 5000);
        } else {
            expect_exit(VTDPI_EXIT_APIC_ACCESS, OFFSET_INITIAL | LINEAR_WRITE, OFFSET_INITIAL,
                        5000);
        }
        hand_close(&h);
    }
}

/* In x2APIC mode WRMSR of the initial count goes to the hypervisor: only TPR, EOI, self-IPI and,
 * with IPI virtualization, ICR are virtualized.
 *
 * @shows sdm.wrmsr.others
 */
static void test_guest_access__initial_count_by_msr__exits(void **state)
{
    (void)state;
    const vtdpi_step_t step = {.kind = VTDPI_STEP_ARM_TIMER, .span = {.ps = 5000}};
    open_guest("kvm", true, step);
    whole();
    whole();
    expect_exit(VTDPI_EXIT_MSR_WRITE, 0, 0x838, 5000);
    hand_close(&h);
}

/* Blocking by STI comes from STI that changes IF, and from no other.
 *
 * @shows sdm.sti.one-instruction
 */
static void test_guest_access__sti_with_if_set__no_shadow(void **state)
{
    (void)state;
    const vtdpi_step_t sti = {.kind = VTDPI_STEP_STI};
    for (uint8_t was = 0; was < 2; was++) {
        open_guest("kvm", true, sti);
        whole();
        h.sys.vcpus[0].guest_if = was;
        hand_step(&h, 0);
        assert_int_equal(h.sys.vcpus[0].sti_shadow, was == 0);
        assert_int_equal(h.sys.vcpus[0].guest_if, 1);
        hand_close(&h);
    }
}

/* VM entry: with virtual-interrupt delivery PPR is virtualized, without it is not touched.
 *
 * @shows sdm.ppr
 */
static void test_guest_access__entry__ppr_virtualization_with_delivery_only(void **state)
{
    (void)state;
    for (unsigned apicv = 0; apicv < 2; apicv++) {
        open_guest(apicv != 0 ? "kvm" : "injected", true, write_tpr(0));
        *page(VTDPI_VL_PRIORITY, 0) = 0x35;
        bool ppr = false;
        hand_step(&h, 0);
        while (h.sys.cpus[0].ucode.func != VTDPI_FN_none) {
            ppr = ppr || hand_next(&h, 0) == VTDPI_OP_PPR_VIRT;
            hand_step(&h, 0);
        }
        assert_int_equal(ppr, vtdpi_ctl_virtual_interrupt_delivery(h.sys.vcpus[0].controls));
        assert_int_equal(*page(VTDPI_VL_PRIORITY, VPPR_WORD), ppr ? 0x35 : 0);
        hand_close(&h);
    }
}

/* In xAPIC mode without "virtualize APIC accesses" the page is memory that the hypervisor does not
 * map: the access leaves the guest all the same, by its offset.
 *
 * @shows sdm.access.page
 */
static void test_guest_access__page_not_virtualized__access_exits(void **state)
{
    (void)state;
    open_guest("kvm", false, write_tpr(0x20));
    whole();
    controls_without(VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES);
    whole();
    expect_exit(VTDPI_EXIT_APIC_ACCESS, OFFSET_TPR | LINEAR_WRITE, OFFSET_TPR, 0x20);
    assert_int_equal(*page(VTDPI_VL_PRIORITY, 0), 0);
    hand_close(&h);
}

/* Without "acknowledge interrupt on exit" an external interrupt exits and stays in the IRR: there
 * is no interruption information.
 *
 * @shows sdm.boundary.acknowledge
 */
static void test_guest_access__no_acknowledge_on_exit__interrupt_stays_in_irr(void **state)
{
    (void)state;
    open_guest("injected", true, write_tpr(0x20));
    whole();
    controls_without(VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_RESCHED);
    assert_true(hand_event(&h, 0));
    hand_fire(&h, 0, 0);
    assert_null(hand_saw(&h, VTDPI_EV_recognised_nonroot));
    hand_step(&h, 0);
    const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_kvm_exit);
    assert_non_null(e);
    assert_int_equal(e->a[1], VTDPI_EXIT_EXTERNAL_INTERRUPT);
    assert_int_equal(e->a[3], 0);
    assert_true(vtdpi_set_has(h.sys.cpus[0].apic.irr, VTDPI_HV_RESCHED));
    assert_int_equal(vtdpi_set_highest(h.sys.cpus[0].apic.isr), -1);
    hand_close(&h);
}

/* IPI virtualization of a vector below 16: the CPU does not post it, it exits behind the
 * instruction (56), with VICR written.
 *
 * @shows sdm.ipiv.limits
 */
static void test_guest_access__ipi_of_an_illegal_vector__exit_behind_it(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    h.scene.s.hypervisor.ipi_virtualization = true;
    h.scene.step[0][0] = (vtdpi_step_t){.kind = VTDPI_STEP_SEND_IPI, .value = VECTOR};
    hand_build(&h, true);
    script[0] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
    script[1] = vtdpi_op_make(VTDPI_OP_VMENTER, VTDPI_STAGE_vmentry, 0);
    hand_script(0, script, 2);
    hand_start(&h);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
    whole();
    h.sys.vcpus[0].frame[0].op.a = 0xF;
    whole();
    expect_exit(VTDPI_EXIT_APIC_WRITE, OFFSET_ICR, MSR_ICR, 0xF);
    assert_int_equal(*page(VTDPI_VL_ICR, 0), 0xF);
    assert_int_equal(vtdpi_set_highest(hand_word(&h, h.p.vcpus[0].pid, 0)), -1);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest_access__eoi__exits_if_the_bitmap_has_the_vector),
        cmocka_unit_test(test_guest_access__tpr_shadow__exit_below_threshold),
        cmocka_unit_test(test_guest_access__no_virtualization__exit_by_mode),
        cmocka_unit_test(test_guest_access__initial_count__exit_after_or_instead_of_the_write),
        cmocka_unit_test(test_guest_access__initial_count_by_msr__exits),
        cmocka_unit_test(test_guest_access__sti_with_if_set__no_shadow),
        cmocka_unit_test(test_guest_access__entry__ppr_virtualization_with_delivery_only),
        cmocka_unit_test(test_guest_access__page_not_virtualized__access_exits),
        cmocka_unit_test(test_guest_access__no_acknowledge_on_exit__interrupt_stays_in_irr),
        cmocka_unit_test(test_guest_access__ipi_of_an_illegal_vector__exit_behind_it),
    };
    return cmocka_run_group_tests_name("guest_access", tests, NULL, NULL);
}

/*
 * VM entry, VM exit and notifications by hand: what of the descriptor, of RVI and SVI and of the
 * virtual IRR changes where, and what does not.
 *
 * Rules: SDM 3C, "Posted-Interrupt Processing", "VM Entries", "VM Exits", "Evaluation of Pending
 * Virtual Interrupts".
 */
#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x41, HIGHER = 0xE3, INJECTED = 0x31, INTR_STATUS = 0x0810, INTR_INFO = 0x4016 };

/* Entry interruption information: valid, type external interrupt. */
enum { INFO_VALID_LOW = 31 };

static hand_t h;
static vtdpi_op_t script[8];

/* One vCPU on CPU 0 with two interrupts; its thread runs [count] operations of [script]. */
static void open_thread(unsigned count)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    scene_interrupt(&h.scene, 0, HIGHER, 0, 1000000);
    hand_build(&h, true);
    hand_script(0, script, count);
    hand_start(&h);
}

static vtdpi_op_t plain(vtdpi_op_kind_t kind)
{
    return vtdpi_op_make(kind, VTDPI_STAGE_hv, 0);
}

static vtdpi_op_t vmwrite(uint64_t field, uint64_t value)
{
    return vtdpi_op_ab(plain(VTDPI_OP_VMWRITE), field, value);
}

/* CLI, then the guest interrupt status [rvi], [svi], then VM entry, which is not done yet. */
static void open_entry(uint8_t rvi, uint8_t svi)
{
    script[0] = plain(VTDPI_OP_CLI);
    script[1] = vmwrite(INTR_STATUS, rvi | ((unsigned)svi << 8));
    script[2] = plain(VTDPI_OP_VMENTER);
    script[3] = plain(VTDPI_OP_VMENTER);
    open_thread(4);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
}

/* The operation that begins a piece of microcode, and the rest of it. */
static void whole(void)
{
    hand_step(&h, 0);
    while (h.sys.cpus[0].ucode.func != VTDPI_FN_none) {
        hand_step(&h, 0);
    }
}

/* Recognition of an event at CPU 0, and what microcode does about it. */
static void recognise(void)
{
    assert_true(hand_event(&h, 0));
    hand_fire(&h, 0, 0);
    while (h.sys.cpus[0].ucode.func != VTDPI_FN_none) {
        hand_step(&h, 0);
    }
}

/* An interrupt of source [s], posted and, if it notifies, accepted by the local APIC. */
static void post(uint32_t s)
{
    hand_fire(&h, h.sys.actor.source + s, 0);
    while (h.sys.requests[0].phase != VTDPI_RQ_FREE) {
        hand_fire(&h, h.sys.actor.request, 0);
    }
    hand_messages(&h);
}

static uint64_t *slot(vtdpi_vapic_line_t low, unsigned vector)
{
    uint32_t line = h.p.vcpus[0].vapic[(unsigned)low + (vector >> 7)];
    return hand_word(&h, line, ((vector >> 5) & 3U) * 2);
}

static bool set_has(vtdpi_vapic_line_t low, unsigned vector)
{
    return ((*slot(low, vector) >> (vector & 31U)) & 1U) != 0;
}

static void set_add(vtdpi_vapic_line_t low, unsigned vector)
{
    *slot(low, vector) |= UINT64_C(1) << (vector & 31U);
}

static bool pir(unsigned vector)
{
    return vtdpi_set_has(hand_word(&h, h.p.vcpus[0].pid, 0), vector);
}

static void set_control(vtdpi_pid_ctl_t ctl)
{
    *hand_word(&h, h.p.vcpus[0].pid, VTDPI_PID_CTL_WORD) = vtdpi_pid_ctl_make(ctl);
}

static const vtdpi_vapic_t *vapic(void)
{
    return &h.sys.vcpus[0].vapic;
}

/* SDM 3C, "Posted-Interrupt Processing": it is a matter of non-root operation. In root operation
 * the vector goes through the host's IDT, ON stays, and the host owes an EOI.
 * @shows sdm.posted.root-mode */
static void test_system_nonroot__notification_in_root_mode__descriptor_untouched(void **state)
{
    (void)state;
    script[0] = plain(VTDPI_OP_STI);
    open_thread(1);
    hand_to(&h, 0, VTDPI_OP_STI);
    hand_step(&h, 0);
    post(0);
    assert_true(hand_event(&h, 0));
    hand_fire(&h, 0, 0);
    assert_int_equal(hand_saw(&h, VTDPI_EV_recognised_root)->a[0], VTDPI_HV_ANV);
    assert_true(vtdpi_set_has(h.sys.cpus[0].apic.isr, VTDPI_HV_ANV));
    assert_true(hand_control(&h, 0).on);
    assert_true(pir(VECTOR));
    assert_int_equal(h.sys.cpus[0].ucode.func, VTDPI_FN_none);
    hand_close(&h);
}

/* With RFLAGS.IF = 0 in root operation it stays in the IRR; after VM entry it is processed.
 * @shows sdm.posted.root-mode */
static void test_system_nonroot__notification_with_interrupts_off__processed_in_guest(void **state)
{
    (void)state;
    open_entry(0, 0);
    post(0);
    assert_false(hand_event(&h, 0));
    assert_true(vtdpi_set_has(h.sys.cpus[0].apic.irr, VTDPI_HV_ANV));
    whole();
    assert_true(hand_control(&h, 0).on);
    recognise();
    assert_false(hand_control(&h, 0).on);
    assert_true(set_has(VTDPI_VL_VIRR_LOW, VECTOR));
    assert_int_equal(vapic()->rvi, VECTOR);
    hand_close(&h);
}

/* SDM 3C, "VM Entries": VM entry does not read the descriptor. What waits in PIR without a
 * notification stays there.
 * @shows sdm.entry.evaluate */
static void test_system_nonroot__pir_not_empty__vm_entry_leaves_it(void **state)
{
    (void)state;
    open_entry(0, 0);
    set_control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .on = true});
    post(0);
    whole();
    assert_int_equal(h.sys.cpus[0].mode, VTDPI_MODE_NONROOT);
    assert_true(pir(VECTOR));
    assert_true(hand_control(&h, 0).on);
    assert_false(set_has(VTDPI_VL_VIRR_LOW, VECTOR));
    assert_int_equal(vapic()->rvi, 0);
    assert_false(hand_event(&h, 0));
    hand_close(&h);
}

/* SDM 3C, "VM Entries": RVI and SVI of the guest interrupt status, PPR virtualization, evaluation.
 * @shows sdm.entry.evaluate */
static void test_system_nonroot__rvi_above_vppr__recognised_at_vm_entry(void **state)
{
    (void)state;
    open_entry(VECTOR, INJECTED);
    set_add(VTDPI_VL_VIRR_LOW, VECTOR);
    set_add(VTDPI_VL_VISR_LOW, INJECTED);
    whole();
    assert_int_equal(*hand_word(&h, h.p.vcpus[0].vapic[VTDPI_VL_PRIORITY], 4) & 0xFFU, 0x30);
    assert_int_equal(vapic()->recognised, 1);
    recognise();
    assert_int_equal(vapic()->svi, VECTOR);
    assert_int_equal(vapic()->rvi, 0);
    assert_false(set_has(VTDPI_VL_VIRR_LOW, VECTOR));
    assert_true(set_has(VTDPI_VL_VISR_LOW, VECTOR) && set_has(VTDPI_VL_VISR_LOW, INJECTED));
    hand_close(&h);
}

/* The same with RVI in the class of SVI: nothing is recognised.
 * @shows sdm.entry.evaluate */
static void test_system_nonroot__rvi_in_class_of_svi__not_recognised_at_vm_entry(void **state)
{
    (void)state;
    open_entry(VECTOR, VECTOR - 1);
    set_add(VTDPI_VL_VIRR_LOW, VECTOR);
    whole();
    assert_int_equal(vapic()->recognised, 0);
    assert_false(hand_event(&h, 0));
    hand_close(&h);
}

/* SDM 3C, "Event Injection": the injected event is delivered before what is pending, and touches
 * none of RVI, SVI, VIRR and VISR. The information is no longer valid after the next exit.
 * @shows sdm.entry.injection-first, sdm.entry.injection-alone */
static void test_system_nonroot__injected_event__first_and_without_the_virtual_apic(void **state)
{
    (void)state;
    script[0] = plain(VTDPI_OP_CLI);
    script[1] = vmwrite(INTR_STATUS, VECTOR);
    script[2] = vmwrite(INTR_INFO, (UINT64_C(1) << INFO_VALID_LOW) | INJECTED);
    script[3] = plain(VTDPI_OP_VMENTER);
    script[4] = plain(VTDPI_OP_VMENTER);
    open_thread(5);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
    set_add(VTDPI_VL_VIRR_LOW, VECTOR);
    vtdpi_vapic_t before = *vapic();
    whole();
    const vtdpi_vcpu_t *guest = &h.sys.vcpus[0];
    assert_int_equal(guest->depth, 2);
    assert_int_equal(guest->frame[1].x[0], INJECTED);
    assert_int_equal(guest->guest_if, 0);
    assert_int_equal(vapic()->rvi, before.rvi);
    assert_int_equal(vapic()->svi, before.svi);
    assert_true(set_has(VTDPI_VL_VIRR_LOW, VECTOR));
    assert_false(set_has(VTDPI_VL_VISR_LOW, INJECTED));
    assert_int_equal(vapic()->recognised, 1);
    assert_false(hand_event(&h, 0)); /* IF = 0: it waits for the guest's IRET */
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_RESCHED);
    recognise();
    assert_int_equal(guest->vmcs.entry_intr_info >> INFO_VALID_LOW, 0);
    hand_close(&h);
}

/* SDM 3C, "VM Exits": RVI and SVI are saved; recognition does not survive, and the next VM entry
 * evaluates anew.
 * @shows sdm.exit.recognition-ends */
static void test_system_nonroot__exit_with_virtual_interrupt_pending__evaluated_anew(void **state)
{
    (void)state;
    open_entry(VECTOR, 0);
    set_add(VTDPI_VL_VIRR_LOW, VECTOR);
    h.sys.vcpus[0].guest_if = 0;
    whole();
    assert_int_equal(vapic()->recognised, 1);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_RESCHED);
    recognise();
    assert_int_equal(h.sys.cpus[0].mode, VTDPI_MODE_ROOT);
    assert_int_equal(vapic()->recognised, 0);
    assert_int_equal(h.sys.vcpus[0].vmcs.intr_status, VECTOR);
    assert_true(set_has(VTDPI_VL_VIRR_LOW, VECTOR));
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_VMENTER);
    whole();
    assert_int_equal(vapic()->recognised, 1);
    hand_close(&h);
}

/* SDM 3C, "Posted-Interrupt Processing": a vector that is not the notification vector exits. It
 * stays in service for the host, and what waits in the descriptor goes on waiting.
 * @shows sdm.posted.vector, sdm.posted.other-vector */
static void test_system_nonroot__other_vector__in_service_and_descriptor_untouched(void **state)
{
    (void)state;
    open_entry(0, 0);
    whole();
    set_control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .on = true});
    post(0);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_RESCHED);
    recognise();
    assert_int_equal(h.sys.cpus[0].mode, VTDPI_MODE_ROOT);
    assert_int_equal(hand_saw(&h, VTDPI_EV_kvm_exit)->a[1], VTDPI_EXIT_EXTERNAL_INTERRUPT);
    assert_true(vtdpi_set_has(h.sys.cpus[0].apic.isr, VTDPI_HV_RESCHED));
    assert_true(hand_control(&h, 0).on);
    assert_true(pir(VECTOR));
    assert_false(set_has(VTDPI_VL_VIRR_LOW, VECTOR));
    hand_close(&h);
}

/* SDM 3C, "Posted-Interrupt Processing": the CPU looks at PIR and ON alone. SN, NV, NDST and the
 * bits that VT-d reserves make no difference and stay as they are.
 * @shows sdm.posted.clear-on */
static void test_system_nonroot__rest_of_the_descriptor__takes_no_part(void **state)
{
    (void)state;
    open_entry(0, 0);
    whole();
    const uint64_t rest = UINT64_C(0x00ABCDEF5A770FFE);
    *hand_word(&h, h.p.vcpus[0].pid, VTDPI_PID_CTL_WORD) = rest | VTDPI_PID_ON;
    for (unsigned w = VTDPI_PID_CTL_WORD + 1; w < VTDPI_LINE_WORDS; w++) {
        *hand_word(&h, h.p.vcpus[0].pid, w) = UINT64_MAX;
    }
    vtdpi_set_add(hand_word(&h, h.p.vcpus[0].pid, 0), VECTOR);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_ANV);
    recognise();
    assert_true(set_has(VTDPI_VL_VIRR_LOW, VECTOR));
    assert_true(*hand_word(&h, h.p.vcpus[0].pid, VTDPI_PID_CTL_WORD) == rest);
    for (unsigned w = VTDPI_PID_CTL_WORD + 1; w < VTDPI_LINE_WORDS; w++) {
        assert_true(*hand_word(&h, h.p.vcpus[0].pid, w) == UINT64_MAX);
    }
    hand_close(&h);
}

/* SDM 3C, "Posted-Interrupt Processing": nothing interrupts it, not even a vector of the highest
 * class, which is taken at the boundary behind it, after the virtual interrupt.
 * @shows sdm.posted.uninterruptible */
static void test_system_nonroot__interrupt_during_processing__waits_for_its_end(void **state)
{
    (void)state;
    open_entry(0, 0);
    whole();
    post(0);
    hand_fire(&h, 0, 0);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_RESCHED);
    unsigned steps = 0;
    unsigned offered = 0; /* steps at which the other vector is free to go */
    for (; h.sys.cpus[0].ucode.func != VTDPI_FN_none; steps++) {
        offered += vtdpi_lapic_offer(&h.sys.cpus[0].apic) == VTDPI_HV_RESCHED;
        assert_int_equal(vtdpi_enabled(&h.sys, 0), 1);
        assert_false(hand_event(&h, 0));
        hand_step(&h, 0);
    }
    assert_int_equal(steps, 8);   /* ON, EOI, four words, one of them merged, evaluation */
    assert_int_equal(offered, 6); /* those behind the EOI: ANV is of the same class */
    hand_fire(&h, 0, 0);
    assert_int_equal(hand_saw(&h, VTDPI_EV_virtual_interrupt_delivered)->a[1], VECTOR);
    hand_fire(&h, 0, 0);
    assert_int_equal(hand_saw(&h, VTDPI_EV_recognised_nonroot)->a[1], VTDPI_HV_RESCHED);
    hand_close(&h);
}

/* The four words of PIR are taken in ascending order, each in one exchange; RVI becomes the highest
 * bit of all.
 * @shows sdm.posted.pir-order, sdm.posted.take, sdm.posted.rvi */
static void test_system_nonroot__four_words_of_pir__taken_in_ascending_order(void **state)
{
    (void)state;
    static const uint8_t vector[VTDPI_VECTOR_WORDS] = {0x21, 0x61, 0xA1, 0xE1};
    open_entry(0, 0);
    whole();
    for (unsigned w = 0; w < VTDPI_VECTOR_WORDS; w++) {
        vtdpi_set_add(hand_word(&h, h.p.vcpus[0].pid, 0), vector[w]);
    }
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_ANV);
    hand_fire(&h, 0, 0);
    for (unsigned w = 0; w < VTDPI_VECTOR_WORDS; w++) {
        hand_to(&h, 0, VTDPI_OP_XCHG);
        hand_step(&h, 0);
        for (unsigned i = 0; i < VTDPI_VECTOR_WORDS; i++) {
            assert_int_equal(pir(vector[i]), i > w);
        }
    }
    hand_to(&h, 0, VTDPI_OP_EVALUATE);
    assert_int_equal(vapic()->rvi, 0);
    hand_step(&h, 0);
    assert_int_equal(vapic()->rvi, vector[VTDPI_VECTOR_WORDS - 1]);
    hand_close(&h);
}

/* Two notifications before the acknowledge are one bit of the IRR and one processing.
 * @shows sdm.posted.acknowledge */
static void test_system_nonroot__two_notifications__one_processing(void **state)
{
    (void)state;
    open_entry(0, 0);
    post(0);
    set_control((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV});
    post(1);
    whole();
    recognise();
    assert_false(vtdpi_set_has(h.sys.cpus[0].apic.irr, VTDPI_HV_ANV));
    assert_true(set_has(VTDPI_VL_VIRR_LOW, VECTOR) && set_has(VTDPI_VL_VIRR_LOW, HIGHER));
    assert_int_equal(vapic()->rvi, HIGHER);
    hand_close(&h);
}

/* SDM 3C, "Evaluation of Pending Virtual Interrupts": a bit of VIRR that appears without one of its
 * causes is not recognised; a processing, though it finds nothing, evaluates RVI.
 * @shows sdm.evaluate.causes, sdm.posted.evaluate */
static void test_system_nonroot__virr_poked__recognised_with_the_next_evaluation(void **state)
{
    (void)state;
    open_entry(0, 0);
    whole();
    set_add(VTDPI_VL_VIRR_LOW, VECTOR);
    h.sys.vcpus[0].vapic.rvi = VECTOR;
    assert_int_equal(vapic()->recognised, 0);
    assert_false(hand_event(&h, 0));
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_ANV);
    recognise();
    assert_int_equal(vapic()->rvi, VECTOR);
    assert_int_equal(vapic()->recognised, 1);
    hand_close(&h);
}

/* Class 0: a posted vector below 16 reaches VIRR and RVI and is never above VPPR's class.
 * @shows sdm.evaluate.class-0 */
static void test_system_nonroot__vector_of_class_0__never_recognised(void **state)
{
    (void)state;
    open_entry(0, 0);
    whole();
    vtdpi_set_add(hand_word(&h, h.p.vcpus[0].pid, 0), 0xF);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_ANV);
    recognise();
    assert_true(set_has(VTDPI_VL_VIRR_LOW, 0xF));
    assert_int_equal(vapic()->rvi, 0xF);
    assert_int_equal(vapic()->recognised, 0);
    assert_false(hand_event(&h, 0));
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_nonroot__notification_in_root_mode__descriptor_untouched),
        cmocka_unit_test(test_system_nonroot__notification_with_interrupts_off__processed_in_guest),
        cmocka_unit_test(test_system_nonroot__pir_not_empty__vm_entry_leaves_it),
        cmocka_unit_test(test_system_nonroot__rvi_above_vppr__recognised_at_vm_entry),
        cmocka_unit_test(test_system_nonroot__rvi_in_class_of_svi__not_recognised_at_vm_entry),
        cmocka_unit_test(test_system_nonroot__injected_event__first_and_without_the_virtual_apic),
        cmocka_unit_test(test_system_nonroot__exit_with_virtual_interrupt_pending__evaluated_anew),
        cmocka_unit_test(test_system_nonroot__other_vector__in_service_and_descriptor_untouched),
        cmocka_unit_test(test_system_nonroot__rest_of_the_descriptor__takes_no_part),
        cmocka_unit_test(test_system_nonroot__interrupt_during_processing__waits_for_its_end),
        cmocka_unit_test(test_system_nonroot__four_words_of_pir__taken_in_ascending_order),
        cmocka_unit_test(test_system_nonroot__two_notifications__one_processing),
        cmocka_unit_test(test_system_nonroot__virr_poked__recognised_with_the_next_evaluation),
        cmocka_unit_test(test_system_nonroot__vector_of_class_0__never_recognised),
    };
    return cmocka_run_group_tests_name("system_nonroot", tests, NULL, NULL);
}

/*
 * Local APIC: local events, level-triggered pins, global disabling, errors of several kinds.
 */
#include "apic_test.h"

enum { LINT0 = 0x350, LINT1 = 0x360 };

/* Writes the LVT entry at [offset] of the page as the mode has it. */
static void put_lvt(vtdpi_lapic_t *apic, uint32_t offset, uint32_t value)
{
    vtdpi_lapic_access_t got = apic->mode == VTDPI_LAPIC_X2APIC
                                   ? vtdpi_lapic_wrmsr(apic, 0x800 + offset / 16, value)
                                   : vtdpi_lapic_mmio_write(apic, offset, value);
    assert_int_equal(got.ok, 1);
}

/* SDM 3A, "Local Vector Table": each delivery mode of a LINT entry; the trigger mode counts for
 * fixed only.
 * @shows sdm.lapic.lvt.deliver, sdm.lapic.lvt.level, sdm.lapic.lvt.reserved-mode,
 * sdm.lapic.accept.core, sdm.lapic.accept.reserved */
static void test_lapic_events__each_delivery_mode__of_a_pin(void **state)
{
    (void)state;

    static const struct {
        uint8_t result;
        uint8_t core;
    } rows[8] = {
        {VTDPI_LAPIC_SET, 0},
        {VTDPI_LAPIC_IGNORED, 0},
        {VTDPI_LAPIC_TO_CORE, VTDPI_LAPIC_CORE_SMI},
        {VTDPI_LAPIC_IGNORED, 0},
        {VTDPI_LAPIC_TO_CORE, VTDPI_LAPIC_CORE_NMI},
        {VTDPI_LAPIC_TO_CORE, VTDPI_LAPIC_CORE_INIT},
        {VTDPI_LAPIC_IGNORED, 0},
        {VTDPI_LAPIC_TO_CORE, VTDPI_LAPIC_CORE_EXTINT},
    };

    for (uint32_t level = 0; level < 2; level++) {
        for (uint32_t mode = 0; mode < 8; mode++) {
            vtdpi_lapic_t apic = enabled_lapic(0);
            uint32_t entry = level << 15 | mode << 8 | 0x71;
            (void)vtdpi_lapic_mmio_write(&apic, LINT0, entry);
            assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_LINT0),
                             rows[mode].result);
            assert_int_equal(apic.core, rows[mode].core);
            bool held = level != 0 && mode == VTDPI_DLM_FIXED;
            assert_int_equal(vtdpi_set_has(apic.tmr, 0x71), held);
            assert_int_equal(vtdpi_lapic_mmio_read(&apic, LINT0).value,
                             entry | (held ? 0x4000U : 0));
            assert_true(vtdpi_lapic_check(&apic));
        }
    }
}

/* SDM 3A, "Local Vector Table": while remote IRR is 1 a level-triggered pin requests nothing; the
 * EOI of its vector, not of another, ends that. Both pins alike.
 * @shows sdm.lapic.lvt.remote-irr, sdm.lapic.lvt.remote-irr-holds, sdm.lapic.eoi.remote-irr,
 * sdm.lapic.lvt.lint1-level */
static void test_lapic_events__level_pin__is_held_until_its_eoi(void **state)
{
    (void)state;

    static const struct {
        vtdpi_lapic_lvt_t lvt;
        uint32_t offset;
    } pins[] = {{VTDPI_LAPIC_LVT_LINT0, LINT0}, {VTDPI_LAPIC_LVT_LINT1, LINT1}};

    for (unsigned i = 0; i < 2; i++) {
        vtdpi_lapic_t apic = enabled_lapic(0);
        (void)vtdpi_lapic_mmio_write(&apic, pins[i].offset, 0x8071);
        assert_int_equal(vtdpi_lapic_lvt_event(&apic, pins[i].lvt), VTDPI_LAPIC_SET);
        assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0x71);
        assert_int_equal(vtdpi_lapic_lvt_event(&apic, pins[i].lvt), VTDPI_LAPIC_IGNORED);
        assert_int_equal(vtdpi_lapic_offer(&apic), -1);
        (void)fixed(&apic, 0x82, true);
        assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0x82);
        assert_int_equal(vtdpi_lapic_eoi(&apic).vector, 0x82);
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, pins[i].offset).value, 0xC071);
        assert_int_equal(vtdpi_lapic_eoi(&apic).vector, 0x71);
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, pins[i].offset).value, 0x8071);
        assert_int_equal(vtdpi_lapic_lvt_event(&apic, pins[i].lvt), VTDPI_LAPIC_SET);
    }
}

/* SDM 3A, "Local Vector Table": remote IRR is reset by the EOI, also where an edge-triggered
 * interrupt of the same vector was accepted meanwhile and TMR is 0: that EOI is not broadcast, and
 * the pin requests again.
 * @shows sdm.lapic.eoi.remote-irr, sdm.lapic.eoi.broadcast, sdm.lapic.accept.tmr */
static void test_lapic_events__edge_of_a_pins_vector__does_not_hold_the_pin(void **state)
{
    (void)state;
    for (unsigned in_service = 0; in_service < 2; in_service++) {
        vtdpi_lapic_t apic = enabled_lapic(0);
        (void)vtdpi_lapic_mmio_write(&apic, LINT0, 0x8041);
        assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_LINT0), VTDPI_LAPIC_SET);
        if (in_service != 0) {
            assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0x41);
        }
        assert_int_equal(fixed(&apic, 0x41, false),
                         in_service != 0 ? VTDPI_LAPIC_SET : VTDPI_LAPIC_MERGED);
        if (in_service == 0) {
            assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0x41);
        }
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, LINT0).value, 0xC041);
        vtdpi_lapic_eoi_t eoi = vtdpi_lapic_eoi(&apic);
        assert_int_equal(eoi.vector, 0x41);
        assert_int_equal(eoi.broadcast, 0);
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, LINT0).value, 0x8041);
        assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_LINT0),
                         in_service != 0 ? VTDPI_LAPIC_MERGED : VTDPI_LAPIC_SET);
        assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0x41);
        assert_int_equal(vtdpi_lapic_eoi(&apic).broadcast, 1);
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, LINT0).value, 0x8041);
    }
}

/* SDM 3A, "Local Vector Table": a write that gives a held pin another vector, edge triggering or
 * another delivery mode resets remote IRR, in either form of the write; one that changes polarity
 * or mask keeps it. The interrupt that was accepted stays, and the pin requests again.
 * @shows sdm.lapic.lvt.remote-irr-write, sdm.lapic.lvt.write, sdm.lapic.lvt.remote-irr-holds */
static void test_lapic_events__rewritten_entry__never_holds_its_pin_for_good(void **state)
{
    (void)state;

    static const struct {
        uint32_t entry;
        uint32_t read;
        uint8_t next; /* event, once the entry is unmasked */
    } rows[] = {
        {0x08041, 0x0C041, VTDPI_LAPIC_IGNORED}, {0x0A041, 0x0E041, VTDPI_LAPIC_IGNORED},
        {0x18041, 0x1C041, VTDPI_LAPIC_IGNORED}, {0x08042, 0x08042, VTDPI_LAPIC_SET},
        {0x0C042, 0x08042, VTDPI_LAPIC_SET},     {0x18042, 0x18042, VTDPI_LAPIC_SET},
        {0x00041, 0x00041, VTDPI_LAPIC_MERGED},  {0x08441, 0x08441, VTDPI_LAPIC_TO_CORE},
        {0x08005, 0x08005, VTDPI_LAPIC_ILLEGAL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned x2apic = 0; x2apic < 2; x2apic++) {
            for (unsigned pin = 0; pin < 2; pin++) {
                vtdpi_lapic_t apic = x2apic != 0 ? enabled_x2apic(0) : enabled_lapic(0);
                uint32_t offset = pin != 0 ? LINT1 : LINT0;
                vtdpi_lapic_lvt_t lvt = pin != 0 ? VTDPI_LAPIC_LVT_LINT1 : VTDPI_LAPIC_LVT_LINT0;
                put_lvt(&apic, offset, 0x8041);
                assert_int_equal(vtdpi_lapic_lvt_event(&apic, lvt), VTDPI_LAPIC_SET);
                put_lvt(&apic, offset, rows[i].entry);
                assert_int_equal(apic.lvt[lvt], rows[i].read);
                assert_true(vtdpi_lapic_check(&apic));
                put_lvt(&apic, offset, rows[i].entry & ~UINT32_C(0x10000));
                assert_int_equal(vtdpi_lapic_lvt_event(&apic, lvt), rows[i].next);
                assert_true(vtdpi_set_has(apic.irr, 0x41));
                while (vtdpi_lapic_acknowledge(&apic).spurious == 0) {
                    (void)vtdpi_lapic_eoi(&apic);
                }
                assert_int_equal(apic.lvt[lvt], rows[i].entry & ~UINT32_C(0x14000));
            }
        }
    }
}

/* SDM 3A, "Valid Interrupt Vectors": a level-triggered pin with an illegal vector is an error and
 * has no remote IRR.
 * @shows sdm.lapic.lvt.remote-irr, sdm.lapic.lvt.illegal-vector, sdm.lapic.accept.illegal */
static void test_lapic_events__illegal_vector_of_a_pin__sets_no_remote_irr(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, LINT0, 0x8005);
    assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_LINT0), VTDPI_LAPIC_ILLEGAL);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, LINT0).value, 0x8005);
    assert_int_equal(apic.esr_pending, VTDPI_LAPIC_ESR_RECEIVE_VECTOR);
}

/* SDM 3A, "Local Vector Table": an LVT write at once is no error for a vector below 16 that is not
 * used, with the switch too; the fixed one is.
 * @shows sdm.lapic.lvt.illegal-vector */
static void test_lapic_events__eager_check__is_of_fixed_entries(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    apic.switches = VTDPI_LAPIC_LVT_EAGER;
    (void)vtdpi_lapic_mmio_write(&apic, LINT1, 0x0400);
    (void)vtdpi_lapic_mmio_write(&apic, LINT0, 0x0010);
    assert_int_equal(apic.esr_pending, 0);
    (void)vtdpi_lapic_mmio_write(&apic, LINT0, 0x1000F);
    assert_int_equal(apic.esr_pending, VTDPI_LAPIC_ESR_RECEIVE_VECTOR);
}

/* SDM 3A, "x2APIC State Transitions", "Enabling or Disabling the Local APIC": leaving for disabled
 * keeps no register; events, messages and the deadline do nothing there; what the core had stays.
 * @shows sdm.lapic.mode.disable, sdm.lapic.disabled.global, sdm.lapic.mmio.mode,
 * sdm.lapic.lvt.mask */
static void test_lapic_events__globally_disabled__does_nothing(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_x2apic(3);
    vtdpi_intr_msg_t nmi = {.dest = 3, .delivery_mode = VTDPI_DLM_NMI, .wide = 1};
    (void)vtdpi_lapic_wrmsr(&apic, 0x832, 0x400EC);
    (void)vtdpi_lapic_wrmsr(&apic, 0x6E0, 9);
    (void)vtdpi_lapic_accept(&apic, &nmi);
    (void)fixed(&apic, 0x41, false);
    assert_int_equal(vtdpi_lapic_wrmsr(&apic, 0x1B, 0xFEE00000).effect, VTDPI_LAPIC_DO_MODE);
    assert_true(vtdpi_lapic_check(&apic));
    assert_int_equal(apic.core, VTDPI_LAPIC_CORE_NMI);
    assert_int_equal(vtdpi_lapic_offer(&apic), -1);
    assert_int_equal(apic.deadline_armed, 0);
    assert_int_equal(vtdpi_lapic_accept(&apic, &nmi), VTDPI_LAPIC_IGNORED);
    assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_LINT0), VTDPI_LAPIC_IGNORED);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x080).ok, 0);
    assert_int_equal(vtdpi_lapic_mmio_write(&apic, 0x080, 0x20).ok, 0);
    assert_int_equal(vtdpi_lapic_rdmsr(&apic, 0x808).gp, 1);
    (void)vtdpi_lapic_wrmsr(&apic, 0x6E0, 9);
    assert_int_equal(apic.deadline_armed, 0);
    assert_int_equal(vtdpi_lapic_wrmsr(&apic, 0x1B, 0xFEE00800).ok, 1);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x0F0).value, 0xFF);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x020).value, 0x03000000);
}

/* SDM 3A, "Error Handling": an error of another kind raises LVT error although ESR was not written.
 * @shows sdm.lapic.esr.kinds, sdm.lapic.esr.lvt, sdm.lapic.mmio.illegal */
static void test_lapic_events__another_kind_of_error__raises_again(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x370, 0xE1);
    (void)fixed(&apic, 3, false);
    assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0xE1);
    (void)vtdpi_lapic_eoi(&apic);
    (void)vtdpi_lapic_mmio_write(&apic, 0x000, 1);
    assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0xE1);
    (void)vtdpi_lapic_mmio_write(&apic, 0x280, 0);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x280).value, 0xC0);
}

/* SDM 3A, "The Local APIC Block Diagram": outside the low 4 bytes of a slot a read gives 0, a write
 * does nothing, and neither is an error.
 * @shows sdm.lapic.mmio.slot, sdm.lapic.mmio.write-only */
static void test_lapic_events__beside_a_register__nothing_is_there(void **state)
{
    (void)state;
    for (uint32_t byte = 1; byte < 16; byte++) {
        vtdpi_lapic_t apic = enabled_lapic(9);
        vtdpi_lapic_t before = apic;
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x020 + byte).value, 0);
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x000 + byte).ok, 1);
        assert_int_equal(vtdpi_lapic_mmio_write(&apic, 0x080 + byte, 0x40).effect,
                         VTDPI_LAPIC_DO_NONE);
        assert_memory_equal(&apic, &before, sizeof apic);
    }
}

/* SDM 3A, "Logical Destination Mode": a DFR model that is neither flat nor cluster matches the
 * broadcast alone.
 * @shows sdm.lapic.match.model */
static void test_lapic_events__other_dfr_models__match_the_broadcast_alone(void **state)
{
    (void)state;
    for (uint32_t model = 0; model < 16; model++) {
        vtdpi_lapic_t apic = enabled_lapic(0);
        (void)vtdpi_lapic_mmio_write(&apic, 0x0D0, 0x11000000);
        (void)vtdpi_lapic_mmio_write(&apic, 0x0E0, model << 28);
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x0E0).value, model << 28 | 0x0FFFFFFF);
        vtdpi_intr_msg_t msg = {.dest = 0x11, .dest_mode = 1};
        assert_int_equal(vtdpi_lapic_matches(&apic, &msg), model == 0 || model == 15);
        msg.dest = 0xFF;
        assert_true(vtdpi_lapic_matches(&apic, &msg));
    }
}

/* SDM 3A, "Lowest Priority Delivery Mode": each candidate can be the lowest, wherever it stands.
 * @shows sdm.lapic.lowest, sdm.lapic.lowest-policy */
static void test_lapic_events__lowest_tpr__wherever_it_stands(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 4; at++) {
        vtdpi_lapic_candidate_t set[4];
        memset(set, 0, sizeof set);
        for (unsigned i = 0; i < 4; i++) {
            set[i].id = i;
            set[i].tpr = i == at ? 0x1F : 0x20;
        }
        assert_int_equal(vtdpi_lapic_lowest(set, 4, 0x41, VTDPI_LOWEST_TPR), at);
        set[at].tpr = 0x21;
        assert_int_equal(vtdpi_lapic_lowest(set, 4, 0x41, VTDPI_LOWEST_TPR), at == 0 ? 1 : 0);
    }
}

/* Invariants are seen to break.
 * @shows sdm.lapic.timer.mode-change, sdm.lapic.timer.initial */
static void test_lapic_events__check__finds_broken_state(void **state)
{
    (void)state;
    vtdpi_lapic_t bad = enabled_lapic(0);
    bad.timer_armed = 1;
    assert_false(vtdpi_lapic_check(&bad));
    bad.timer_initial = 1;
    assert_true(vtdpi_lapic_check(&bad));
    bad.lvt[VTDPI_LAPIC_LVT_TIMER] |= 0x40000;
    assert_false(vtdpi_lapic_check(&bad));
    bad = enabled_lapic(0);
    bad.deadline_armed = 1;
    assert_false(vtdpi_lapic_check(&bad));
    bad = enabled_lapic(0);
    bad.lvt[VTDPI_LAPIC_LVT_LINT0] = 0xC041; /* no EOI of it will come */
    assert_false(vtdpi_lapic_check(&bad));
    vtdpi_set_add(bad.isr, 0x41);
    assert_true(vtdpi_lapic_check(&bad));
    bad.lvt[VTDPI_LAPIC_LVT_LINT0] = 0x4041; /* edge */
    assert_false(vtdpi_lapic_check(&bad));
    bad.lvt[VTDPI_LAPIC_LVT_LINT0] = 0xC441; /* NMI */
    assert_false(vtdpi_lapic_check(&bad));
    bad = enabled_lapic(0);
    bad.dfr = 0xF0000000;
    assert_false(vtdpi_lapic_check(&bad));
    bad = enabled_lapic(0);
    bad.ldr = 1;
    assert_false(vtdpi_lapic_check(&bad));
    bad = enabled_lapic(0);
    bad.mode = VTDPI_LAPIC_DISABLED;
    assert_true(vtdpi_lapic_check(&bad));
    vtdpi_set_add(bad.isr, 0x41);
    assert_false(vtdpi_lapic_check(&bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lapic_events__each_delivery_mode__of_a_pin),
        cmocka_unit_test(test_lapic_events__level_pin__is_held_until_its_eoi),
        cmocka_unit_test(test_lapic_events__edge_of_a_pins_vector__does_not_hold_the_pin),
        cmocka_unit_test(test_lapic_events__rewritten_entry__never_holds_its_pin_for_good),
        cmocka_unit_test(test_lapic_events__illegal_vector_of_a_pin__sets_no_remote_irr),
        cmocka_unit_test(test_lapic_events__eager_check__is_of_fixed_entries),
        cmocka_unit_test(test_lapic_events__globally_disabled__does_nothing),
        cmocka_unit_test(test_lapic_events__another_kind_of_error__raises_again),
        cmocka_unit_test(test_lapic_events__beside_a_register__nothing_is_there),
        cmocka_unit_test(test_lapic_events__other_dfr_models__match_the_broadcast_alone),
        cmocka_unit_test(test_lapic_events__lowest_tpr__wherever_it_stands),
        cmocka_unit_test(test_lapic_events__check__finds_broken_state),
    };
    return cmocka_run_group_tests_name("lapic_events", tests, NULL, NULL);
}

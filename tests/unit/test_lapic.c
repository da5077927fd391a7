/*
 * Local APIC: reset, acceptance, priority, acknowledge, EOI, destinations.
 */
#include "apic_test.h"

/* SDM 3A, "Local APIC State After Power-Up or Reset": masked LVT, SVR FFh, DFR all 1s, the rest 0.
 * @shows sdm.lapic.reset, sdm.lapic.id, sdm.lapic.mmio.read, sdm.lapic.base */
static void test_lapic__power_up__has_the_manuals_values(void **state)
{
    (void)state;
    vtdpi_lapic_t apic;
    vtdpi_lapic_init(&apic, 0x25, true, 0);
    assert_true(vtdpi_lapic_check(&apic));
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x020).value, 0x25000000);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x030).value, 0x01060015);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x080).value, 0);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x0D0).value, 0);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x0E0).value, 0xFFFFFFFF);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x0F0).value, 0xFF);
    for (uint32_t offset = 0x320; offset <= 0x370; offset += 16) {
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, offset).value, 0x10000);
    }
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x2F0).value, 0x10000);
    assert_true(vtdpi_lapic_rdmsr(&apic, 0x1B).value == 0xFEE00900);
}

/* SDM 3A, "Local APIC State After an INIT Reset": as power-up, but mode, ID and base stay.
 * @shows sdm.lapic.init, sdm.lapic.init-core, sdm.lapic.ldr-x2apic, sdm.lapic.reset */
static void test_lapic__init__keeps_mode_id_and_base(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_x2apic(0x123);
    (void)fixed(&apic, 0x40, false);
    apic.core = VTDPI_LAPIC_CORE_INIT;
    vtdpi_lapic_reset(&apic, VTDPI_LAPIC_RESET_INIT);
    assert_int_equal(apic.mode, VTDPI_LAPIC_X2APIC);
    assert_int_equal(apic.id, 0x123);
    assert_int_equal(vtdpi_lapic_ldr(&apic), 0x00120008);
    assert_int_equal(apic.svr, 0xFF);
    assert_int_equal(apic.core, 0);
    assert_int_equal(vtdpi_lapic_offer(&apic), -1);
    vtdpi_lapic_reset(&apic, VTDPI_LAPIC_RESET_POWER_UP);
    assert_int_equal(apic.mode, VTDPI_LAPIC_XAPIC);
}

/* SDM 3A, "Valid Interrupt Vectors": below 16 is a receive error and never in IRR; every other
 * vector is taken.
 * @shows sdm.lapic.accept.illegal, sdm.lapic.accept.irr, sdm.lapic.offer */
static void test_lapic__each_vector__is_accepted_from_16_on(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        vtdpi_lapic_t apic = enabled_lapic(0);
        vtdpi_lapic_accept_t got = fixed(&apic, (uint8_t)v, false);
        assert_int_equal(got, v < 16 ? VTDPI_LAPIC_ILLEGAL : VTDPI_LAPIC_SET);
        assert_int_equal(vtdpi_lapic_offer(&apic), v < 16 ? -1 : (int)v);
        assert_int_equal(apic.esr_pending, v < 16 ? VTDPI_LAPIC_ESR_RECEIVE_VECTOR : 0);
        assert_true(vtdpi_lapic_check(&apic));
    }
}

/* SDM 3A, "Interrupt Acceptance for Fixed Interrupts": one in IRR beside one in ISR; a third
 * merges; TMR follows the latest.
 * @shows sdm.lapic.accept.irr, sdm.lapic.accept.tmr, sdm.lapic.acknowledge */
static void test_lapic__same_vector_again__merges_in_irr(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    assert_int_equal(fixed(&apic, 0x41, true), VTDPI_LAPIC_SET);
    assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0x41);
    assert_int_equal(fixed(&apic, 0x41, true), VTDPI_LAPIC_SET);
    assert_true(vtdpi_set_has(apic.tmr, 0x41));
    assert_int_equal(fixed(&apic, 0x41, false), VTDPI_LAPIC_MERGED);
    assert_false(vtdpi_set_has(apic.tmr, 0x41));
    assert_true(vtdpi_set_has(apic.irr, 0x41));
    assert_true(vtdpi_set_has(apic.isr, 0x41));
}

/* SDM 3A, "Local APIC State After It Has Been Software Disabled": fixed is refused, INIT, NMI, SMI
 * and SIPI are not; what is in IRR may still be delivered.
 * @shows sdm.lapic.accept.disabled, sdm.lapic.accept.core, sdm.lapic.accept.core-disabled,
 * sdm.lapic.accept.sipi, sdm.lapic.accept.extint, sdm.lapic.accept.reserved,
 * sdm.lapic.offer.disabled */
static void test_lapic__software_disabled__takes_core_messages_only(void **state)
{
    (void)state;

    static const struct {
        uint8_t mode;
        uint8_t result;
        uint8_t core;
    } rows[] = {
        {VTDPI_DLM_FIXED, VTDPI_LAPIC_IGNORED, 0},
        {VTDPI_DLM_LOWEST, VTDPI_LAPIC_IGNORED, 0},
        {VTDPI_DLM_SMI, VTDPI_LAPIC_TO_CORE, VTDPI_LAPIC_CORE_SMI},
        {3, VTDPI_LAPIC_IGNORED, 0},
        {VTDPI_DLM_NMI, VTDPI_LAPIC_TO_CORE, VTDPI_LAPIC_CORE_NMI},
        {VTDPI_DLM_INIT, VTDPI_LAPIC_TO_CORE, VTDPI_LAPIC_CORE_INIT},
        {VTDPI_DLM_STARTUP, VTDPI_LAPIC_TO_CORE, VTDPI_LAPIC_CORE_SIPI},
        {VTDPI_DLM_EXTINT, VTDPI_LAPIC_IGNORED, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_lapic_t apic = enabled_lapic(0);
        (void)fixed(&apic, 0x50, false);
        (void)vtdpi_lapic_mmio_write(&apic, 0x0F0, 0xFF);
        vtdpi_intr_msg_t msg = {.vector = 0x9A, .delivery_mode = rows[i].mode};
        assert_int_equal(vtdpi_lapic_accept(&apic, &msg), rows[i].result);
        assert_int_equal(apic.core, rows[i].core);
        assert_int_equal(vtdpi_lapic_offer(&apic), 0x50);
        assert_int_equal(apic.sipi_vector, rows[i].mode == VTDPI_DLM_STARTUP ? 0x9A : 0);
    }
    vtdpi_lapic_t apic = enabled_lapic(0);
    vtdpi_intr_msg_t extint = {.delivery_mode = VTDPI_DLM_EXTINT};
    assert_int_equal(vtdpi_lapic_accept(&apic, &extint), VTDPI_LAPIC_TO_CORE);
    assert_int_equal(apic.core, VTDPI_LAPIC_CORE_EXTINT);
}

/* SDM 3A, "Local APIC State After It Has Been Software Disabled": mask bits are forced to 1 and
 * cannot be cleared.
 * @shows sdm.lapic.svr.mask */
static void test_lapic__software_disabled__lvt_stays_masked(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x320, 0x000000EC);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x320).value, 0xEC);
    (void)vtdpi_lapic_mmio_write(&apic, 0x0F0, 0xFF);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x320).value, 0x100EC);
    (void)vtdpi_lapic_mmio_write(&apic, 0x320, 0x000000EC);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x320).value, 0x100EC);
    assert_true(vtdpi_lapic_check(&apic));
}

/* SDM 3A, "Task and Processor Priorities": PPR is the larger class of TPR and ISRV; at equality
 * TPR's low nibble (choice).
 * @shows sdm.lapic.ppr, sdm.lapic.ppr-equal */
static void test_lapic__ppr__takes_the_larger_class(void **state)
{
    (void)state;

    static const struct {
        uint8_t tpr;
        uint8_t isrv; /* 0: none */
        uint8_t ppr;
        uint8_t ppr_switch;
    } rows[] = {
        {0x00, 0x00, 0x00, 0x00}, {0x05, 0x00, 0x05, 0x00}, {0x25, 0x00, 0x25, 0x25},
        {0x25, 0x31, 0x30, 0x30}, {0x45, 0x31, 0x45, 0x45}, {0x35, 0x31, 0x35, 0x30},
        {0xFF, 0xFE, 0xFF, 0xF0}, {0x00, 0x10, 0x10, 0x10},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_lapic_t apic = enabled_lapic(0);
        apic.tpr = rows[i].tpr;
        if (rows[i].isrv != 0) {
            vtdpi_set_add(apic.isr, rows[i].isrv);
        }
        assert_int_equal(vtdpi_lapic_ppr(&apic), rows[i].ppr);
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x0A0).value, rows[i].ppr);
        apic.switches = VTDPI_LAPIC_PPR_EQUAL_ZERO;
        assert_int_equal(vtdpi_lapic_ppr(&apic), rows[i].ppr_switch);
    }
}

/* SDM 3A, "Task and Processor Priorities": offered iff IRRV[7:4] is above PPR[7:4]. All classes
 * against each other.
 * @shows sdm.lapic.offer, sdm.lapic.cr8 */
static void test_lapic__offer__only_above_the_class_of_ppr(void **state)
{
    (void)state;
    for (unsigned irr = 1; irr < 16; irr++) {
        for (unsigned tpr = 0; tpr < 16; tpr++) {
            for (unsigned isr = 0; isr < 16; isr++) {
                vtdpi_lapic_t apic = enabled_lapic(0);
                (void)fixed(&apic, (uint8_t)(irr << 4 | 1), false);
                vtdpi_lapic_write_cr8(&apic, (uint8_t)tpr);
                if (isr != 0) {
                    vtdpi_set_add(apic.isr, isr << 4 | 0xF);
                }
                unsigned ppr = vtdpi_lapic_ppr(&apic) >> 4;
                assert_int_equal(vtdpi_lapic_offer(&apic) >= 0, irr > ppr);
            }
        }
    }
}

/* SDM 3A, "Interaction of Task Priorities between CR8 and APIC": each value of CR8 over each of
 * TPR, whose low nibble becomes 0.
 * @shows sdm.lapic.cr8 */
static void test_lapic__cr8__is_the_class_of_tpr(void **state)
{
    (void)state;
    for (unsigned tpr = 0; tpr < 256; tpr++) {
        for (unsigned cr8 = 0; cr8 < 16; cr8++) {
            vtdpi_lapic_t apic = enabled_lapic(0);
            (void)vtdpi_lapic_mmio_write(&apic, 0x080, tpr);
            assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x080).value, tpr);
            vtdpi_lapic_write_cr8(&apic, (uint8_t)cr8);
            assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x080).value, cr8 << 4);
            assert_int_equal(vtdpi_lapic_ppr(&apic), cr8 << 4);
        }
    }
}

/* SDM 3A, "Spurious Interrupt": TPR raised between offer and acknowledge gives SVR's vector and
 * sets no ISR bit.
 * @shows sdm.lapic.spurious, sdm.lapic.cr8, sdm.lapic.acknowledge */
static void test_lapic__tpr_raised_before_acknowledge__is_spurious(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x0F0, 0x1EF);
    (void)fixed(&apic, 0x41, false);
    assert_int_equal(vtdpi_lapic_mmio_write(&apic, 0x080, 0x40).effect, VTDPI_LAPIC_DO_TPR);
    vtdpi_lapic_ack_t ack = vtdpi_lapic_acknowledge(&apic);
    assert_int_equal(ack.vector, 0xEF);
    assert_int_equal(ack.spurious, 1);
    assert_int_equal(vtdpi_set_highest(apic.isr), -1);
    assert_int_equal(vtdpi_lapic_eoi(&apic).vector, -1);
    vtdpi_lapic_write_cr8(&apic, 3);
    assert_int_equal(apic.tpr, 0x30);
    assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0x41);
}

/* SDM 3A, "Spurious Interrupt": a real interrupt with the spurious vector sets ISR and needs its
 * EOI.
 * @shows sdm.lapic.eoi.spurious-vector */
static void test_lapic__real_interrupt_with_spurious_vector__is_in_service(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)fixed(&apic, 0xFF, false);
    vtdpi_lapic_ack_t ack = vtdpi_lapic_acknowledge(&apic);
    assert_int_equal(ack.vector, 0xFF);
    assert_int_equal(ack.spurious, 0);
    assert_int_equal(vtdpi_lapic_eoi(&apic).vector, 0xFF);
}

/* SDM 3A, "Signaling Interrupt Servicing Completion": nested vectors end highest first; the next is
 * offered then.
 * @shows sdm.lapic.eoi.dismiss, sdm.lapic.offer, sdm.lapic.acknowledge */
static void test_lapic__nested__eoi_ends_the_highest(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)fixed(&apic, 0x31, false);
    assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0x31);
    (void)fixed(&apic, 0x3F, false);
    assert_int_equal(vtdpi_lapic_offer(&apic), -1);
    (void)fixed(&apic, 0x81, false);
    assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0x81);
    vtdpi_lapic_access_t eoi = vtdpi_lapic_mmio_write(&apic, 0x0B0, 0);
    assert_int_equal(eoi.effect, VTDPI_LAPIC_DO_EOI);
    assert_int_equal(eoi.eoi.vector, 0x81);
    assert_int_equal(vtdpi_lapic_offer(&apic), -1);
    assert_int_equal(vtdpi_lapic_eoi(&apic).vector, 0x31);
    assert_int_equal(vtdpi_lapic_offer(&apic), 0x3F);
}

/* SDM 3A, "Signaling Interrupt Servicing Completion": a level-triggered vector is broadcast, TMR
 * sampled at the EOI, unless SVR bit 12 suppresses it.
 * @shows sdm.lapic.eoi.broadcast, sdm.lapic.eoi.suppress, sdm.lapic.accept.tmr */
static void test_lapic__level_eoi__is_broadcast_unless_suppressed(void **state)
{
    (void)state;
    for (unsigned suppress = 0; suppress < 2; suppress++) {
        for (unsigned late_edge = 0; late_edge < 2; late_edge++) {
            vtdpi_lapic_t apic = enabled_lapic(0);
            (void)vtdpi_lapic_mmio_write(&apic, 0x0F0, 0x1FF | suppress << 12);
            (void)fixed(&apic, 0x61, true);
            (void)vtdpi_lapic_acknowledge(&apic);
            if (late_edge != 0) {
                (void)fixed(&apic, 0x61, false);
            }
            vtdpi_lapic_eoi_t eoi = vtdpi_lapic_eoi(&apic);
            assert_int_equal(eoi.vector, 0x61);
            assert_int_equal(eoi.broadcast, suppress == 0 && late_edge == 0);
        }
    }
}

/* SDM 3A, "Determining IPI Destination": each row of the table of destinations.
 * @shows sdm.lapic.match.broadcast, sdm.lapic.match.broadcast-narrow, sdm.lapic.match.physical,
 * sdm.lapic.match.x2apic, sdm.lapic.match.flat, sdm.lapic.match.cluster, sdm.lapic.match.model,
 * sdm.lapic.disabled.global */
static void test_lapic__destination__matches_by_mode(void **state)
{
    (void)state;

    static const struct {
        uint32_t id;
        uint32_t dest;
        uint8_t x2apic;
        uint8_t flat;
        uint8_t ldr;
        uint8_t logical;
        uint8_t wide;
        uint8_t matches;
    } rows[] = {
        {5, 5, 0, 1, 0, 0, 0, 1},
        {5, 6, 0, 1, 0, 0, 0, 0},
        {5, 0xFF, 0, 1, 0, 0, 0, 1},
        {5, 0xFFFFFFFF, 0, 1, 0, 0, 1, 1},
        {5, 0x105, 0, 1, 0, 0, 1, 0},
        {5, 5, 0, 1, 0, 0, 1, 1},
        {0x105, 0x105, 1, 1, 0, 0, 1, 1},
        {0x105, 5, 1, 1, 0, 0, 1, 0},
        {0x105, 0xFF, 1, 1, 0, 0, 1, 0},
        {0xFF, 0xFF, 1, 1, 0, 0, 1, 1},
        {0x105, 0xFFFFFFFF, 1, 1, 0, 0, 1, 1},
        {0x105, 0xFF, 1, 1, 0, 0, 0, 1},
        {5, 0x06, 0, 1, 0x02, 1, 0, 1},
        {5, 0x05, 0, 1, 0x02, 1, 0, 0},
        {5, 0xFF, 0, 1, 0x00, 1, 0, 1},
        {5, 0x23, 0, 0, 0x22, 1, 0, 1},
        {5, 0x21, 0, 0, 0x22, 1, 0, 0},
        {5, 0x33, 0, 0, 0x22, 1, 0, 0},
        {5, 0xFF, 0, 0, 0x22, 1, 0, 1},
        {5, 0x100, 0, 1, 0xFF, 1, 1, 0},
        {5, 0x06, 0, 1, 0x02, 1, 1, 1},
        {5, 0x106, 0, 1, 0x02, 1, 1, 0},
        {5, 0x80000006, 0, 1, 0x02, 1, 1, 0},
        {5, 0xFF, 0, 1, 0x02, 1, 1, 1},
        {5, 0xFF, 0, 1, 0x00, 1, 1, 0},
        {5, 0x1FF, 0, 1, 0xFF, 1, 1, 0},
        {5, 0x23, 0, 0, 0x22, 1, 1, 1},
        {5, 0x123, 0, 0, 0x22, 1, 1, 0},
        {0x25, 0x00020020, 1, 1, 0, 1, 1, 1},
        {0x25, 0x00020030, 1, 1, 0, 1, 1, 1},
        {0x25, 0x00020010, 1, 1, 0, 1, 1, 0},
        {0x25, 0x00030020, 1, 1, 0, 1, 1, 0},
        {0x25, 0xFFFFFFFF, 1, 1, 0, 1, 1, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_lapic_t apic =
            rows[i].x2apic != 0 ? enabled_x2apic(rows[i].id) : enabled_lapic(rows[i].id);
        (void)vtdpi_lapic_mmio_write(&apic, 0x0D0, (uint32_t)rows[i].ldr << 24);
        (void)vtdpi_lapic_mmio_write(&apic, 0x0E0, rows[i].flat != 0 ? 0xFFFFFFFF : 0x0FFFFFFF);
        vtdpi_intr_msg_t msg = {
            .dest = rows[i].dest, .dest_mode = rows[i].logical, .wide = rows[i].wide};
        assert_int_equal(vtdpi_lapic_matches(&apic, &msg), rows[i].matches);
        (void)vtdpi_lapic_wrmsr(&apic, 0x1B, 0xFEE00000);
        assert_false(vtdpi_lapic_matches(&apic, &msg));
        assert_int_equal(vtdpi_lapic_accept(&apic, &msg), VTDPI_LAPIC_IGNORED);
    }
}

/* SDM 3A, "Lowest Priority Delivery Mode": the three policies.
 * @shows sdm.lapic.lowest, sdm.lapic.lowest-policy */
static void test_lapic__lowest_priority__follows_the_policy(void **state)
{
    (void)state;
    static const vtdpi_lapic_candidate_t set[] = {
        {4, 0x20, {0}}, {3, 0x10, {0}}, {2, 0x10, {0}}, {1, 0x30, {0}}};
    assert_int_equal(vtdpi_lapic_lowest(set, 4, 0x41, VTDPI_LOWEST_TPR), 2);
    assert_int_equal(vtdpi_lapic_lowest(set, 4, 0x41, VTDPI_LOWEST_VECTOR), 1);
    assert_int_equal(vtdpi_lapic_lowest(set, 3, 0x41, VTDPI_LOWEST_VECTOR), 2);
    assert_int_equal(vtdpi_lapic_lowest(set, 4, 0x41, VTDPI_LOWEST_FIRST), 0);
}

/* Invariants are seen to break. */
static void test_lapic__check__finds_broken_state(void **state)
{
    (void)state;
    vtdpi_lapic_t good = enabled_lapic(0);
    vtdpi_lapic_t bad = good;
    vtdpi_set_add(bad.irr, 15);
    assert_false(vtdpi_lapic_check(&bad));
    bad = good;
    bad.svr = 0xFF;
    bad.lvt[VTDPI_LAPIC_LVT_TIMER] = 0;
    assert_false(vtdpi_lapic_check(&bad));
    bad = good;
    bad.base |= 1;
    assert_false(vtdpi_lapic_check(&bad));
    bad = good;
    bad.mode = 3;
    assert_false(vtdpi_lapic_check(&bad));
    bad = good;
    bad.pad_[2] = 1;
    assert_false(vtdpi_lapic_check(&bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lapic__power_up__has_the_manuals_values),
        cmocka_unit_test(test_lapic__init__keeps_mode_id_and_base),
        cmocka_unit_test(test_lapic__each_vector__is_accepted_from_16_on),
        cmocka_unit_test(test_lapic__same_vector_again__merges_in_irr),
        cmocka_unit_test(test_lapic__software_disabled__takes_core_messages_only),
        cmocka_unit_test(test_lapic__software_disabled__lvt_stays_masked),
        cmocka_unit_test(test_lapic__ppr__takes_the_larger_class),
        cmocka_unit_test(test_lapic__offer__only_above_the_class_of_ppr),
        cmocka_unit_test(test_lapic__cr8__is_the_class_of_tpr),
        cmocka_unit_test(test_lapic__tpr_raised_before_acknowledge__is_spurious),
        cmocka_unit_test(test_lapic__real_interrupt_with_spurious_vector__is_in_service),
        cmocka_unit_test(test_lapic__nested__eoi_ends_the_highest),
        cmocka_unit_test(test_lapic__level_eoi__is_broadcast_unless_suppressed),
        cmocka_unit_test(test_lapic__destination__matches_by_mode),
        cmocka_unit_test(test_lapic__lowest_priority__follows_the_policy),
        cmocka_unit_test(test_lapic__check__finds_broken_state),
    };
    return cmocka_run_group_tests_name("lapic", tests, NULL, NULL);
}

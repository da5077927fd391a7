/*
 * Local APIC: what the interrupt command register sends, and what it refuses.
 */
#include "apic_test.h"

/* SDM 3A, "Interrupt Command Register (ICR)": destination in 63:56 (xAPIC) or 63:32 (x2APIC); sent
 * as edge, assert.
 * @shows sdm.lapic.icr.destination, sdm.lapic.icr.edge */
static void test_lapic_ipi__icr__becomes_a_message(void **state)
{
    (void)state;
    uint64_t icr = UINT64_C(0x1234567800000000) | 0x8000 | 0x0800 | 0x41;
    vtdpi_lapic_icr_t x = vtdpi_lapic_icr_decode(icr, false, 0);
    assert_int_equal(x.send, 1);
    assert_int_equal(x.msg.dest, 0x12);
    assert_int_equal(x.msg.wide, 0);
    assert_int_equal(x.msg.vector, 0x41);
    assert_int_equal(x.msg.dest_mode, 1);
    assert_int_equal(x.msg.trigger_mode, 0);
    assert_int_equal(x.msg.level, 1);
    assert_int_equal(x.shorthand, VTDPI_SHORTHAND_NONE);
    x = vtdpi_lapic_icr_decode(icr, true, 0);
    assert_int_equal(x.msg.dest, 0x12345678);
    assert_int_equal(x.msg.wide, 1);
}

/* SDM 3A, "Valid Combinations ... Interrupt Command Register": each delivery mode with each
 * shorthand, in both modes.
 * @shows sdm.lapic.icr.shorthand, sdm.lapic.icr.not-legal, sdm.lapic.icr.redirectable */
static void test_lapic_ipi__each_mode_and_shorthand__is_legal_by_the_table(void **state)
{
    (void)state;
    /* columns: fixed, lowest, SMI, reserved, NMI, INIT, start-up, reserved */
    static const char *const legal[4] = {"11101110", "10000000", "10000000", "11101110"};
    for (unsigned shorthand = 0; shorthand < 4; shorthand++) {
        for (unsigned mode = 0; mode < 8; mode++) {
            uint64_t icr = 0x4000 | (uint64_t)shorthand << 18 | mode << 8 | 0x41;
            bool ok = legal[shorthand][mode] == '1';
            vtdpi_lapic_icr_t x = vtdpi_lapic_icr_decode(icr, false, 0);
            assert_int_equal(x.send, ok);
            assert_int_equal(x.esr, 0);
            assert_int_equal(x.shorthand, shorthand);
            x = vtdpi_lapic_icr_decode(icr, true, 0);
            bool redirectable = ok && mode == VTDPI_DLM_LOWEST;
            assert_int_equal(x.send, ok && !redirectable);
            assert_int_equal(x.esr, redirectable ? VTDPI_LAPIC_ESR_REDIRECTABLE : 0);
        }
    }
}

/* SDM 3A, "Interrupt Command Register (ICR)": INIT level de-assert is not supported, it sends
 * nothing unless the switch says so.
 * @shows sdm.lapic.icr.init-deassert */
static void test_lapic_ipi__init_deassert__is_dropped(void **state)
{
    (void)state;
    assert_int_equal(vtdpi_lapic_icr_decode(0xC500, false, 0).send, 1);
    assert_int_equal(vtdpi_lapic_icr_decode(0x4500, false, 0).send, 1);
    assert_int_equal(vtdpi_lapic_icr_decode(0x0500, false, 0).send, 1);
    assert_int_equal(vtdpi_lapic_icr_decode(0x8500, false, 0).send, 0);
    assert_int_equal(vtdpi_lapic_icr_decode(0x8500, false, VTDPI_LAPIC_INIT_DEASSERT).send, 1);
}

/* SDM 3A, "Error Handling": a vector below 16 is a send error, to oneself also a receive error;
 * NMI's vector does not count.
 * @shows sdm.lapic.icr.illegal-vector, sdm.lapic.icr.illegal-self, sdm.lapic.icr.illegal-others */
static void test_lapic_ipi__illegal_vector__is_an_error_of_the_sender(void **state)
{
    (void)state;
    for (uint64_t v = 0; v < 32; v++) {
        bool bad = v < 16;
        vtdpi_lapic_icr_t other = vtdpi_lapic_icr_decode(v, false, 0);
        assert_int_equal(other.send, !bad);
        assert_int_equal(other.esr, bad ? 0x20 : 0);
        vtdpi_lapic_icr_t self =
            vtdpi_lapic_icr_decode(0x40000 | v, false, VTDPI_LAPIC_SEND_ILLEGAL);
        assert_int_equal(self.send, !bad);
        assert_int_equal(self.esr, bad ? 0x60 : 0);
        other = vtdpi_lapic_icr_decode(v, false, VTDPI_LAPIC_SEND_ILLEGAL);
        assert_int_equal(other.send, 1);
        assert_int_equal(other.esr, bad ? 0x20 : 0);
        assert_int_equal(vtdpi_lapic_icr_decode(0x400 | v, false, 0).esr, 0);
        assert_int_equal(vtdpi_lapic_icr_decode(0x400 | v, false, 0).send, 1);
    }
}

/* SDM 3A, "Interrupt Command Register (ICR)": in xAPIC mode the write of the low half sends, that
 * of the high half does not.
 * @shows sdm.lapic.icr.xapic */
static void test_lapic_ipi__xapic__low_half_sends(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    assert_int_equal(vtdpi_lapic_mmio_write(&apic, 0x310, 0x05FFFFFF).effect, VTDPI_LAPIC_DO_NONE);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x310).value, 0x05000000);
    vtdpi_lapic_access_t got = vtdpi_lapic_mmio_write(&apic, 0x300, 0x000C10F2);
    assert_int_equal(got.effect, VTDPI_LAPIC_DO_SEND_IPI);
    assert_int_equal(got.shorthand, VTDPI_SHORTHAND_OTHERS);
    assert_int_equal(got.msg.dest, 5);
    assert_int_equal(got.msg.vector, 0xF2);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x300).value, 0x000C00F2);
    assert_int_equal(vtdpi_set_highest(apic.irr), -1);
}

/* SDM 3A, "ICR Operation in x2APIC Mode": one WRMSR sends, to 32 bits of destination; bit 12 is
 * ignored, not reserved.
 * @shows sdm.lapic.icr.x2apic, sdm.lapic.icr.destination, sdm.lapic.msr.status,
 * sdm.lapic.msr.reserved */
static void test_lapic_ipi__x2apic__one_write_sends(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_x2apic(0);
    vtdpi_lapic_access_t got = vtdpi_lapic_wrmsr(&apic, 0x830, UINT64_C(0x0000010500001441));
    assert_int_equal(got.ok, 1);
    assert_int_equal(got.effect, VTDPI_LAPIC_DO_SEND_IPI);
    assert_int_equal(got.msg.dest, 0x105);
    assert_int_equal(got.msg.wide, 1);
    assert_int_equal(got.msg.delivery_mode, VTDPI_DLM_NMI);
    assert_true(vtdpi_lapic_rdmsr(&apic, 0x830).value == UINT64_C(0x0000010500000441));
    assert_int_equal(vtdpi_lapic_wrmsr(&apic, 0x830, 0x41 | 1U << 13).gp, 1);
}

/* SDM 3A, "SELF IPI Register": on completion of the WRMSR the bit is in IRR, as an edge.
 * @shows sdm.lapic.self-ipi, sdm.lapic.icr.illegal-self */
static void test_lapic_ipi__self_ipi_msr__is_in_irr_at_once(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_x2apic(3);
    vtdpi_set_add(apic.tmr, 0x41);
    vtdpi_lapic_access_t got = vtdpi_lapic_wrmsr(&apic, 0x83F, 0x41);
    assert_int_equal(got.effect, VTDPI_LAPIC_DO_SELF_IPI);
    assert_int_equal(got.msg.vector, 0x41);
    assert_int_equal(vtdpi_lapic_offer(&apic), 0x41);
    assert_false(vtdpi_set_has(apic.tmr, 0x41));
    got = vtdpi_lapic_wrmsr(&apic, 0x83F, 0x0F);
    assert_int_equal(got.ok, 1);
    assert_int_equal(got.effect, VTDPI_LAPIC_DO_NONE);
    assert_int_equal(apic.esr_pending, 0x60);
}

/* SDM 3A, "Local APIC State After It Has Been Software Disabled": IPIs may still be sent.
 * @shows sdm.lapic.icr.disabled */
static void test_lapic_ipi__software_disabled__still_sends(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x0F0, 0xFF);
    assert_int_equal(vtdpi_lapic_mmio_write(&apic, 0x300, 0x41).effect, VTDPI_LAPIC_DO_SEND_IPI);
}

/* SDM 3A, "Error Handling": a refused IPI is noted and sends nothing.
 * @shows sdm.lapic.icr.illegal-vector, sdm.lapic.esr.write */
static void test_lapic_ipi__refused__is_noted_in_esr(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    vtdpi_lapic_access_t got = vtdpi_lapic_mmio_write(&apic, 0x300, 0x0F);
    assert_int_equal(got.ok, 1);
    assert_int_equal(got.effect, VTDPI_LAPIC_DO_NONE);
    (void)vtdpi_lapic_mmio_write(&apic, 0x280, 0);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x280).value, 0x20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lapic_ipi__icr__becomes_a_message),
        cmocka_unit_test(test_lapic_ipi__each_mode_and_shorthand__is_legal_by_the_table),
        cmocka_unit_test(test_lapic_ipi__init_deassert__is_dropped),
        cmocka_unit_test(test_lapic_ipi__illegal_vector__is_an_error_of_the_sender),
        cmocka_unit_test(test_lapic_ipi__xapic__low_half_sends),
        cmocka_unit_test(test_lapic_ipi__x2apic__one_write_sends),
        cmocka_unit_test(test_lapic_ipi__self_ipi_msr__is_in_irr_at_once),
        cmocka_unit_test(test_lapic_ipi__software_disabled__still_sends),
        cmocka_unit_test(test_lapic_ipi__refused__is_noted_in_esr),
    };
    return cmocka_run_group_tests_name("lapic_ipi", tests, NULL, NULL);
}

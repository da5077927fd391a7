/*
 * IPI virtualization: the form of ICR, the target, the PID-pointer table, the two locked accesses,
 * the notification.
 */
#include "vtdpi/pid.h"

#include "vapic_test.h"

/* SDM 3C, "IPI Virtualization": a plain IPI is of the form, with any vector and either level; each
 * other bit of the low half that is set takes it away.
 * @shows sdm.ipiv.form */
static void test_ipiv__form__is_a_plain_fixed_physical_ipi(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        uint32_t icr = 0x41 ^ UINT32_C(1) << bit;
        assert_int_equal(vtdpi_vapic_ipi_form(icr), bit < 8 || bit == 14);
    }
    assert_true(vtdpi_vapic_ipi_form(0));
    assert_false(vtdpi_vapic_ipi_form(0x000C0041));
}

/* SDM 3C, "IPI Virtualization": MMIO needs a store to 300h, an MSR write needs "virtualize x2APIC
 * mode"; a self-IPI goes to self-IPI virtualization if that is on, and exits if it is not.
 * @shows sdm.emulate.icr, sdm.wrmsr.icr, sdm.write.ipi */
static void test_ipiv__trigger__is_a_store_to_icr_or_wrmsr(void **state)
{
    (void)state;
    vtdpi_vapic_access_t store = vtdpi_vapic_mmio(controls("ATI"), 1, 0x300, 4, true);
    assert_int_equal(store.action, VTDPI_VAPIC_STORE);
    vtdpi_vapic_access_t ipi = vtdpi_vapic_write_emulation(controls("ATI"), 0x300, 0x41);
    assert_int_equal(ipi.action, VTDPI_VAPIC_IPI);
    assert_int_equal(ipi.vector, 0x41);
    ipi = vtdpi_vapic_write_emulation(controls("ATI"), 0x300, 0x40041);
    assert_int_equal(ipi.action, VTDPI_VAPIC_EXIT_WRITE);
    assert_int_equal(ipi.qualification, 0x300);
    ipi = vtdpi_vapic_write_emulation(controls("ATVI"), 0x300, 0x40041);
    assert_int_equal(ipi.action, VTDPI_VAPIC_SELF_IPI);
    ipi = vtdpi_vapic_wrmsr(controls("TXI"), 0x830, UINT64_C(0x300000041));
    assert_int_equal(ipi.action, VTDPI_VAPIC_IPI);
    assert_int_equal(ipi.offset, 0x300);
    ipi = vtdpi_vapic_wrmsr(controls("TXVI"), 0x830, UINT64_C(0x300040041));
    assert_int_equal(ipi.action, VTDPI_VAPIC_EXIT_WRITE);
    ipi = vtdpi_vapic_wrmsr(controls("TI"), 0x830, 0x41);
    assert_int_equal(ipi.action, VTDPI_VAPIC_PHYSICAL);
}

/* SDM 3C, "IPI Virtualization": reserved bits of WRMSR 830h are #GP, and only those.
 * @shows sdm.wrmsr.icr */
static void test_ipiv__reserved_bits_of_wrmsr__are_gp(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        bool reserved = bit == 13 || bit == 16 || bit == 17 || (bit >= 20 && bit < 32);
        vtdpi_vapic_access_t got = vtdpi_vapic_wrmsr(controls("TXI"), 0x830, UINT64_C(1) << bit);
        assert_int_equal(got.action == VTDPI_VAPIC_GP, reserved);
    }
}

/* SDM 3C, "IPI Virtualization": VICR_HI[31:24] is the target of an MMIO write, EDX that of WRMSR
 * 830h.
 * @shows sdm.ipiv.target */
static void test_ipiv__target__is_by_mode(void **state)
{
    (void)state;
    assert_int_equal(vtdpi_vapic_ipi_target(UINT64_C(0x0500000000000041), false), 5);
    assert_int_equal(vtdpi_vapic_ipi_target(UINT64_C(0xFF00000000000041), false), 255);
    assert_int_equal(vtdpi_vapic_ipi_target(UINT64_C(0x0000000500000041), false), 0);
    assert_true(vtdpi_vapic_ipi_target(UINT64_C(0x8000010500000041), true) == 0x80000105);
}

/* SDM 3C, "IPI Virtualization": vectors from 16 on, targets up to the last index.
 * @shows sdm.ipiv.limits */
static void test_ipiv__vector_and_target__have_limits(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        assert_int_equal(vtdpi_vapic_ipi_allowed((uint8_t)v, 0, 0), v >= 16);
    }
    assert_true(vtdpi_vapic_ipi_allowed(16, 3, 3));
    assert_false(vtdpi_vapic_ipi_allowed(16, 4, 3));
    assert_true(vtdpi_vapic_ipi_allowed(255, 0xFFFF, 0xFFFF));
    assert_false(vtdpi_vapic_ipi_allowed(255, 0x10000, 0xFFFF));
    assert_false(vtdpi_vapic_ipi_allowed(255, UINT32_MAX, 0xFFFF));
}

/* SDM 3C, "IPI Virtualization": 8 bytes an entry; valid is bit 0, 5:1 and what lies beyond the
 * physical width are reserved.
 * @shows sdm.ipiv.table, sdm.ipiv.pointer */
static void test_ipiv__pointer__is_valid_without_reserved_bits(void **state)
{
    (void)state;
    assert_true(vtdpi_vapic_ipi_pointer_addr(0x5008, 0) == 0x5008);
    assert_true(vtdpi_vapic_ipi_pointer_addr(0x5008, 3) == 0x5020);
    assert_true(vtdpi_vapic_ipi_pointer_addr(0, 0xFFFF) == 0x7FFF8);
    assert_true(vtdpi_vapic_ipi_pointer_addr(8, UINT32_MAX) == UINT64_C(0x800000000));
    vtdpi_vapic_pointer_t good = vtdpi_vapic_ipi_entry(UINT64_C(0x1234567841), 46);
    assert_int_equal(good.valid, 1);
    assert_true(good.pid_addr == UINT64_C(0x1234567840));
    assert_int_equal(vtdpi_vapic_ipi_entry(UINT64_C(0x1234567840), 46).valid, 0);
    for (unsigned bit = 1; bit < 64; bit++) {
        uint64_t entry = UINT64_C(1) | UINT64_C(1) << bit;
        vtdpi_vapic_pointer_t got = vtdpi_vapic_ipi_entry(entry, 46);
        assert_int_equal(got.valid, bit >= 6 && bit < 46);
        assert_int_equal(vtdpi_vapic_ipi_entry(entry, 64).valid, bit >= 6);
    }
}

/* SDM 3C, "IPI Virtualization": the first locked access sets the vector's bit of PIR and nothing
 * else, for every vector, also one that is set already.
 * @shows sdm.ipiv.request */
static void test_ipiv__request__sets_one_bit_of_pir(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        uint64_t line[VTDPI_LINE_WORDS] = {0};
        line[4] = 0x0000000500F20000;
        line[7] = 9;
        vtdpi_vapic_ipi_request(line, (uint8_t)v);
        vtdpi_vapic_ipi_request(line, (uint8_t)v);
        for (unsigned w = 0; w < 4; w++) {
            assert_true(line[w] == (w == v / 64 ? UINT64_C(1) << v % 64 : 0));
        }
        assert_true(line[4] == 0x0000000500F20000 && line[7] == 9);
    }
}

/* SDM 3C, "IPI Virtualization": the second locked access notifies iff ON = 0 and SN = 0; there is
 * no urgency, and reserved bits are neither looked at nor changed.
 * @shows sdm.ipiv.notify, sdm.ipiv.no-reserved-check */
static void test_ipiv__notify__needs_on_0_and_sn_0(void **state)
{
    (void)state;
    for (unsigned onsn = 0; onsn < 4; onsn++) {
        uint64_t control = UINT64_C(0x8003010500F20000) | 0xFF00FFFC | onsn;
        uint64_t before = control;
        vtdpi_vapic_notify_t got = vtdpi_vapic_ipi_notify(&control);
        assert_int_equal(got.send, onsn == 0);
        assert_true(control == (before | (onsn == 0 ? VTDPI_PID_ON : 0)));
        assert_int_equal(got.nv, 0xF2);
        assert_int_equal(got.ndst, 0x80030105);
    }
}

/* SDM 3C, "IPI Virtualization": between the two accesses another agent may post; of two senders one
 * notifies.
 * @shows sdm.ipiv.request, sdm.ipiv.notify */
static void test_ipiv__two_senders__send_one_notification(void **state)
{
    (void)state;
    uint64_t line[VTDPI_LINE_WORDS] = {0};
    line[VTDPI_PID_CTL_WORD] = 0x0000000500F20000;
    vtdpi_vapic_ipi_request(line, 0x41);
    vtdpi_vapic_ipi_request(line, 0x51);
    assert_int_equal(vtdpi_vapic_ipi_notify(&line[VTDPI_PID_CTL_WORD]).send, 1);
    assert_int_equal(vtdpi_vapic_ipi_notify(&line[VTDPI_PID_CTL_WORD]).send, 0);
    assert_true(vtdpi_set_has(line, 0x41) && vtdpi_set_has(line, 0x51));
}

/* SDM 3C, "IPI Virtualization": the notification in ICR's form: NDST[15:8] in 63:56, or NDST in
 * 63:32.
 * @shows sdm.ipiv.notification */
static void test_ipiv__notification__is_an_ordinary_ipi(void **state)
{
    (void)state;
    vtdpi_vapic_notify_t notify = {.ndst = 0x00000500, .nv = 0xF2, .send = 1};
    assert_true(vtdpi_vapic_ipi_icr(notify, false) == UINT64_C(0x05000000000000F2));
    notify.ndst = 0x10000105;
    assert_true(vtdpi_vapic_ipi_icr(notify, true) == UINT64_C(0x10000105000000F2));
    assert_true(vtdpi_vapic_ipi_form((uint32_t)vtdpi_vapic_ipi_icr(notify, true)));
}

/* SDM 3C, "IPI Virtualization": SENDUIPI's notification in a guest with the TPR shadow, in both
 * forms, with and without IPI virtualization; without the shadow it is the physical APIC's.
 * @shows sdm.ipiv.senduipi */
static void test_ipiv__senduipi__writes_vicr(void **state)
{
    (void)state;
    vtdpi_vapic_senduipi_t got = vtdpi_vapic_senduipi(controls("TA"), 0xEC, 0xFF00);
    assert_int_equal(got.access.action, VTDPI_VAPIC_EXIT_WRITE);
    assert_int_equal(got.access.qualification, 0x300);
    assert_true(got.icr == UINT64_C(0xFF000000000000EC));
    assert_int_equal(got.wide, 0);
    assert_int_equal(got.target, 0xFF);
    got = vtdpi_vapic_senduipi(controls("TXI"), 0xEC, 0x10002);
    assert_int_equal(got.access.action, VTDPI_VAPIC_IPI);
    assert_int_equal(got.access.vector, 0xEC);
    assert_true(got.icr == UINT64_C(0x00010002000000EC));
    assert_int_equal(got.wide, 1);
    assert_int_equal(got.target, 0x10002);
    got = vtdpi_vapic_senduipi(0, 0xEC, 0x500);
    assert_int_equal(got.access.action, VTDPI_VAPIC_PHYSICAL);
    assert_true(got.icr == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipiv__form__is_a_plain_fixed_physical_ipi),
        cmocka_unit_test(test_ipiv__trigger__is_a_store_to_icr_or_wrmsr),
        cmocka_unit_test(test_ipiv__reserved_bits_of_wrmsr__are_gp),
        cmocka_unit_test(test_ipiv__target__is_by_mode),
        cmocka_unit_test(test_ipiv__vector_and_target__have_limits),
        cmocka_unit_test(test_ipiv__pointer__is_valid_without_reserved_bits),
        cmocka_unit_test(test_ipiv__request__sets_one_bit_of_pir),
        cmocka_unit_test(test_ipiv__notify__needs_on_0_and_sn_0),
        cmocka_unit_test(test_ipiv__two_senders__send_one_notification),
        cmocka_unit_test(test_ipiv__notification__is_an_ordinary_ipi),
        cmocka_unit_test(test_ipiv__senduipi__writes_vicr),
    };
    return cmocka_run_group_tests_name("ipiv", tests, NULL, NULL);
}

/*
 * Interrupt remapping table entries: building, reading, reserved bits, source validation.
 */
#include "vtdpi/irte.h"

#include "vtd_test.h"

/* VT-d, "Interrupt Remapping Table Entry (IRTE) for Posted Interrupts": worked value.
 *
 * @shows vtd.irte.posted-layout, vtd.irte.pid-address
 */
static void test_irte__posted__has_the_worked_value(void **state)
{
    (void)state;
    vtdpi_irte_posted_t f = {.pid_paddr = UINT64_C(0x1234567840),
                             .sid = 0x18,
                             .vv = 0x41,
                             .svt = VTDPI_SVT_SID,
                             .p = true};
    uint64_t w[VTDPI_IRTE_WORDS];
    vtdpi_irte_posted_make(&f, w);
    assert_true(w[0] == UINT64_C(0x3456784000418001) && w[1] == UINT64_C(0x0000001200040018));
    assert_true(vtdpi_irte_pid_paddr(w) == UINT64_C(0x1234567840));
}

/* VT-d, "Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts": worked values, x2APIC and
 * xAPIC.
 *
 * @shows vtd.irte.remapped-layout, vtd.irte.xapic-destination
 */
static void test_irte__remapped__has_the_worked_values(void **state)
{
    (void)state;
    vtdpi_irte_remapped_t f = {
        .dst = 0x105, .sid = 0x18, .v = 0x31, .svt = VTDPI_SVT_SID, .p = true, .rh = true};
    uint64_t w[VTDPI_IRTE_WORDS];
    vtdpi_irte_remapped_make(&f, true, w);
    assert_true(w[0] == UINT64_C(0x0000010500310009) && w[1] == 0x40018);
    f.dst = 5;
    vtdpi_irte_remapped_make(&f, false, w);
    assert_true(w[0] == UINT64_C(0x0000050000310009) && w[1] == 0x40018);
}

/* VT-d, as above: reading gives back each field of both formats.
 *
 * @shows vtd.irte.remapped-layout, vtd.irte.posted-layout
 */
static void test_irte__fields__round_trip(void **state)
{
    (void)state;
    uint64_t w[VTDPI_IRTE_WORDS];
    vtdpi_irte_remapped_t r = {.dst = 0xFE,
                               .sid = 0xBEEF,
                               .v = 0xA5,
                               .dlm = 5,
                               .avail = 9,
                               .sq = 2,
                               .svt = 1,
                               .p = true,
                               .fpd = true,
                               .dm = true,
                               .rh = true,
                               .tm = true};
    for (unsigned eime = 0; eime < 2; eime++) {
        vtdpi_irte_remapped_make(&r, eime != 0, w);
        vtdpi_irte_remapped_t got = vtdpi_irte_remapped_read(w, eime != 0);
        assert_memory_equal(&got, &r, sizeof got);
        r.dst = 0xFEDCBA98U;
    }
    vtdpi_irte_posted_t p = {.pid_paddr = UINT64_C(0xFEDCBA98765432C0),
                             .sid = 0xBEEF,
                             .vv = 0xA5,
                             .avail = 6,
                             .sq = 3,
                             .svt = 2,
                             .p = true,
                             .fpd = true,
                             .urg = true};
    vtdpi_irte_posted_make(&p, w);
    vtdpi_irte_posted_t got = vtdpi_irte_posted_read(w);
    assert_memory_equal(&got, &p, sizeof got);
}

/* VT-d, "Interrupt Remapping Hardware Operation": the message takes DST, DM, RH, DLM, TM, V from
 * the entry; its level is always asserted.
 *
 * @shows vtd.irte.message, vtd.irte.xapic-destination
 */
static void test_irte__message__comes_from_the_entry(void **state)
{
    (void)state;
    vtdpi_irte_remapped_t f = {
        .dst = 0x12345, .v = 0x31, .dlm = VTDPI_DLM_NMI, .dm = true, .tm = true};
    uint64_t w[VTDPI_IRTE_WORDS];
    vtdpi_irte_remapped_make(&f, true, w);
    vtdpi_intr_msg_t want = {.dest = 0x12345,
                             .vector = 0x31,
                             .delivery_mode = VTDPI_DLM_NMI,
                             .dest_mode = 1,
                             .trigger_mode = 1,
                             .level = 1,
                             .wide = 1};
    vtdpi_intr_msg_t got = vtdpi_irte_message(w, true);
    assert_memory_equal(&got, &want, sizeof got);
    w[0] = UINT64_C(0x0000A50000310001);
    got = vtdpi_irte_message(w, false);
    assert_int_equal(got.dest, 0xA5);
    assert_int_equal(got.wide, 0);
}

/* VT-d, both IRTE sections: each bit alone, against masks typed in by hand.
 *
 * @shows vtd.irte.remapped-reserved, vtd.irte.xapic-reserved, vtd.irte.posted-reserved
 */
static void test_irte__each_bit_alone__is_reserved_or_not(void **state)
{
    (void)state;
    const uint64_t im0[2] = {UINT64_C(0x00000000FF007000), UINT64_C(0xFFFFFFFFFFF00000)};
    const uint64_t xapic = UINT64_C(0xFFFF00FF00000000);
    const uint64_t im1[2] = {UINT64_C(0x0000003FFF0030FC), UINT64_C(0x00000000FFF00000)};
    for (unsigned bit = 0; bit < 128; bit++) {
        uint64_t w[2] = {0, 0};
        w[bit / 64] = UINT64_C(1) << (bit % 64);
        bool is_im = bit == 15;
        bool wide_ok = is_im || (w[bit / 64] & im0[bit / 64]) == 0;
        bool narrow_ok = wide_ok && (bit > 63 || (w[0] & xapic) == 0);
        assert_int_equal(vtdpi_irte_reserved_ok(w, true, true, true), wide_ok);
        assert_int_equal(vtdpi_irte_reserved_ok(w, false, true, true), narrow_ok);
        w[0] |= UINT64_C(1) << 15;
        assert_int_equal(vtdpi_irte_reserved_ok(w, false, true, true),
                         is_im || (w[bit / 64] & im1[bit / 64]) == 0);
    }
}

/* VT-d, "Interrupt Remapping Table Entry (IRTE) for Posted Interrupts": on hardware without CAP.PI,
 * IM is reserved.
 *
 * @shows vtd.irte.im-without-pi
 */
static void test_irte__im_without_posting__is_reserved(void **state)
{
    (void)state;
    const uint64_t w[2] = {UINT64_C(1) << 15, 0};
    assert_true(vtdpi_irte_reserved_ok(w, true, true, true));
    assert_false(vtdpi_irte_reserved_ok(w, true, false, true));
}

/* VT-d, "Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts", field DLM: 011b and 110b
 * are reserved, by a switch.
 *
 * @shows vtd.irte.dlm
 */
static void test_irte__reserved_delivery_modes__fail_the_check_when_it_is_on(void **state)
{
    (void)state;
    for (uint64_t dlm = 0; dlm < 8; dlm++) {
        const uint64_t w[2] = {dlm << 5, 0};
        assert_int_equal(vtdpi_irte_reserved_ok(w, true, true, true), dlm != 3 && dlm != 6);
        assert_true(vtdpi_irte_reserved_ok(w, true, true, false));
    }
}

static vtdpi_source_check_t source(unsigned svt, unsigned sq, uint16_t sid, uint16_t rid)
{
    const uint64_t w[2] = {1, (uint64_t)svt << 18 | (uint64_t)sq << 16 | sid};
    return vtdpi_irte_source(w, rid);
}

/* VT-d, field SQ: 00 compares all bits, 01 ignores function bit 2, 10 bits 2:1, 11 bits 2:0. Each
 * function against each.
 *
 * @shows vtd.irte.sq, vtd.irte.svt
 */
static void test_irte__source_qualifier__ignores_function_bits(void **state)
{
    (void)state;
    static const unsigned ignored[] = {0, 4, 6, 7};
    for (unsigned i = 0; i < 4 * 64; i++) {
        unsigned sq = i / 64, a = i / 8 % 8, b = i % 8;
        bool same = ((a ^ b) & ~ignored[sq] & 7U) == 0;
        assert_int_equal(source(VTDPI_SVT_SID, sq, (uint16_t)(0x1A20 | a), (uint16_t)(0x1A20 | b)),
                         same ? VTDPI_SOURCE_VALID : VTDPI_SOURCE_MISMATCH);
    }
    for (unsigned bit = 3; bit < 16; bit++) {
        assert_int_equal(source(VTDPI_SVT_SID, 3, 0x1A20, (uint16_t)(0x1A20 ^ 1U << bit)),
                         VTDPI_SOURCE_MISMATCH);
    }
}

/* VT-d, field SVT: 00 validates nothing; 11 is reserved.
 *
 * @shows vtd.irte.svt
 */
static void test_irte__source_types_none_and_reserved__pass_and_fail(void **state)
{
    (void)state;
    assert_int_equal(source(VTDPI_SVT_NONE, 0, 0x1234, 0x4321), VTDPI_SOURCE_VALID);
    assert_int_equal(source(3, 0, 0x1234, 0x1234), VTDPI_SOURCE_RESERVED_TYPE);
}

/* VT-d, field SVT = 10: the requester's bus lies between SID[15:8] and SID[7:0], both included; SQ
 * takes no part.
 *
 * @shows vtd.irte.svt-bus, vtd.irte.bus-order
 */
static void test_irte__bus_range__first_bus_is_the_high_byte(void **state)
{
    (void)state;
    for (unsigned bus = 0; bus < 256; bus++) {
        vtdpi_source_check_t want =
            bus >= 0x10 && bus <= 0x20 ? VTDPI_SOURCE_VALID : VTDPI_SOURCE_MISMATCH;
        assert_int_equal(source(VTDPI_SVT_BUS, bus % 4, 0x1020, (uint16_t)(bus << 8 | 0xFF)), want);
        assert_int_equal(source(VTDPI_SVT_BUS, 0, 0x2010, (uint16_t)(bus << 8)),
                         VTDPI_SOURCE_MISMATCH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_irte__posted__has_the_worked_value),
        cmocka_unit_test(test_irte__remapped__has_the_worked_values),
        cmocka_unit_test(test_irte__fields__round_trip),
        cmocka_unit_test(test_irte__message__comes_from_the_entry),
        cmocka_unit_test(test_irte__each_bit_alone__is_reserved_or_not),
        cmocka_unit_test(test_irte__im_without_posting__is_reserved),
        cmocka_unit_test(test_irte__reserved_delivery_modes__fail_the_check_when_it_is_on),
        cmocka_unit_test(test_irte__source_qualifier__ignores_function_bits),
        cmocka_unit_test(test_irte__source_types_none_and_reserved__pass_and_fail),
        cmocka_unit_test(test_irte__bus_range__first_bus_is_the_high_byte),
    };
    return cmocka_run_group_tests_name("irte", tests, NULL, NULL);
}

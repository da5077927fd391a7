/*
 * Interrupt requests in both formats and the IOAPIC's redirection entries.
 */
#include "vtdpi/msi.h"

#include "vtd_test.h"

static vtdpi_msi_request_t decode(uint64_t addr, uint32_t data)
{
    return vtdpi_msi_decode((vtdpi_msi_t){.addr = addr, .data = data});
}

/* VT-d, "Interrupt Requests in Remappable Format": worked addresses.
 *
 * @shows vtd.request.handle
 */
static void test_msi__addresses__have_the_worked_values(void **state)
{
    (void)state;
    assert_true(vtdpi_msi_address(0x1234, true) == 0xFEE24698);
    assert_true(vtdpi_msi_address(0x1234, false) == 0xFEE24690);
    assert_true(vtdpi_msi_address(0x8001, true) == 0xFEE0003C);
}

/* VT-d, "Interrupt Requests in Remappable Format": every handle survives the way through an
 * address.
 *
 * @shows vtd.request.handle
 */
static void test_msi__each_handle__round_trips(void **state)
{
    (void)state;
    for (uint32_t index = 0; index <= UINT16_MAX; index++) {
        vtdpi_msi_request_t r = decode(vtdpi_msi_address((uint16_t)index, index % 2 != 0), 0);
        assert_int_equal(r.index, index);
        assert_int_equal(r.handle, index);
        assert_int_equal(r.shv, index % 2);
        assert_true(r.is_interrupt && r.remappable && r.reserved_ok);
    }
}

/* VT-d, "Interrupt Requests in Remappable Format": four legal encodings of one index.
 *
 * @shows vtd.request.index
 */
static void test_msi__four_encodings__give_one_index(void **state)
{
    (void)state;
    assert_int_equal(decode(vtdpi_msi_address(0x1234, false), 0x77).index, 0x1234);
    assert_int_equal(decode(vtdpi_msi_address(0x1234, true), 0).index, 0x1234);
    assert_int_equal(decode(vtdpi_msi_address(0, true), 0x1234).index, 0x1234);
    assert_int_equal(decode(vtdpi_msi_address(0x1230, true), 4).index, 0x1234);
}

/* VT-d, "Interrupt Requests in Remappable Format": a plain sum, which may need 17 bits.
 *
 * @shows vtd.request.index
 */
static void test_msi__handle_and_subhandle_at_their_greatest__sum_is_not_wrapped(void **state)
{
    (void)state;
    vtdpi_msi_request_t r = decode(vtdpi_msi_address(0xFFFF, true), 0xFFFF);
    assert_int_equal(r.index, 0x1FFFE);
    assert_int_equal(r.subhandle, 0xFFFF);
}

/* VT-d, "Interrupt Requests in Remappable Format": data[31:16] must be 0 with SHV = 1 and is
 * ignored with SHV = 0; address bits 1:0 are ignored.
 *
 * @shows vtd.request.data
 */
static void test_msi__high_data__is_reserved_only_with_shv(void **state)
{
    (void)state;
    for (unsigned bit = 16; bit < 32; bit++) {
        uint32_t data = UINT32_C(1) << bit;
        assert_false(decode(vtdpi_msi_address(1, true), data).reserved_ok);
        assert_true(decode(vtdpi_msi_address(1, false), data).reserved_ok);
    }
    assert_true(decode(vtdpi_msi_address(1, true) | 3, 0).reserved_ok);
}

/* VT-d, "Interrupt Requests": a request lies in FEEx_xxxxh, with nothing above bit 31.
 *
 * @shows vtd.request.range
 */
static void test_msi__other_addresses__are_no_interrupts(void **state)
{
    (void)state;
    assert_true(decode(0xFEE00000, 0).is_interrupt);
    assert_true(decode(0xFEEFFFFF, 0).is_interrupt);
    assert_false(decode(0xFEDFFFFF, 0).is_interrupt);
    assert_false(decode(0xFEF00000, 0).is_interrupt);
    assert_false(decode(UINT64_C(0x1FEE00000), 0).is_interrupt);
}

/* VT-d, "Interrupt Requests in Intel 64 Compatibility Format": each field at its place.
 *
 * @shows vtd.request.compat-fields
 */
static void test_msi__compatibility_request__has_its_fields(void **state)
{
    (void)state;
    vtdpi_intr_msg_t want = {.dest = 0xA5,
                             .vector = 0x31,
                             .delivery_mode = VTDPI_DLM_LOWEST,
                             .dest_mode = 1,
                             .trigger_mode = 1,
                             .level = 1,
                             .rh = 1};
    vtdpi_msi_t msi = vtdpi_msi_compat_make(want);
    assert_true(msi.addr == 0xFEEA500C && msi.data == 0xC131);
    vtdpi_intr_msg_t got = vtdpi_msi_compat_decode(msi);
    assert_memory_equal(&got, &want, sizeof got);
    assert_false(vtdpi_msi_decode(msi).remappable);
}

/* VT-d, "Interrupt Requests in Intel 64 Compatibility Format": reserved bits of address and data
 * change nothing.
 *
 * @shows vtd.request.compat-ignored, vtd.request.compat-level
 */
static void test_msi__compatibility_reserved_bits__are_ignored(void **state)
{
    (void)state;
    vtdpi_msi_t plain = {.addr = 0xFEE05000, .data = 0x0041};
    vtdpi_msi_t noisy = {.addr = 0xFEE05FE3, .data = 0xFFFF3841};
    vtdpi_intr_msg_t a = vtdpi_msi_compat_decode(plain);
    vtdpi_intr_msg_t b = vtdpi_msi_compat_decode(noisy);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(a.dest, 5);
    assert_int_equal(a.level, 0);
}

/* VT-d, "Programming of Interrupt Remapping in IOxAPICs": worked entries.
 *
 * @shows vtd.ioapic.remappable
 */
static void test_msi__redirection_entries__have_the_worked_values(void **state)
{
    (void)state;
    assert_true(vtdpi_msi_rte_make(0x1234, false, 0x31) == UINT64_C(0x2469000000000031));
    assert_true(vtdpi_msi_rte_make(0x8001, true, 0x31) == UINT64_C(0x0003000000008831));
}

/* VT-d, "Programming of Interrupt Remapping in IOxAPICs": RTE[63:48] lands in address bits 19:4 and
 * RTE[11] in bit 2, so the request names the entry's index with SHV = 0.
 *
 * @shows vtd.ioapic.request
 */
static void test_msi__request_of_remappable_entry__names_its_index(void **state)
{
    (void)state;
    static const uint16_t index[] = {0, 1, 0x1234, 0x7FFF, 0x8001, 0xFFFF};
    for (unsigned i = 0; i < sizeof index / sizeof index[0]; i++) {
        vtdpi_msi_request_t r =
            vtdpi_msi_decode(vtdpi_msi_rte_request(vtdpi_msi_rte_make(index[i], true, 0x31)));
        assert_true(r.is_interrupt && r.remappable && !r.shv);
        assert_int_equal(r.index, index[i]);
    }
}

/* SDM 3A, "Message Address Register Format": a plain entry's request carries its destination, modes
 * and vector.
 *
 * @shows vtd.ioapic.request, vtd.ioapic.level
 */
static void test_msi__request_of_plain_entry__carries_its_fields(void **state)
{
    (void)state;
    vtdpi_msi_t msi = vtdpi_msi_rte_request(UINT64_C(0x0500000000008931));
    vtdpi_intr_msg_t msg = vtdpi_msi_compat_decode(msi);
    assert_true(msi.addr == 0xFEE0500C);
    assert_int_equal(msg.dest, 5);
    assert_int_equal(msg.vector, 0x31);
    assert_int_equal(msg.delivery_mode, VTDPI_DLM_LOWEST);
    assert_int_equal(msg.dest_mode, 1);
    assert_int_equal(msg.rh, 1);
    assert_int_equal(msg.trigger_mode, 1);
    assert_int_equal(msg.level, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_msi__addresses__have_the_worked_values),
        cmocka_unit_test(test_msi__each_handle__round_trips),
        cmocka_unit_test(test_msi__four_encodings__give_one_index),
        cmocka_unit_test(test_msi__handle_and_subhandle_at_their_greatest__sum_is_not_wrapped),
        cmocka_unit_test(test_msi__high_data__is_reserved_only_with_shv),
        cmocka_unit_test(test_msi__other_addresses__are_no_interrupts),
        cmocka_unit_test(test_msi__compatibility_request__has_its_fields),
        cmocka_unit_test(test_msi__compatibility_reserved_bits__are_ignored),
        cmocka_unit_test(test_msi__redirection_entries__have_the_worked_values),
        cmocka_unit_test(test_msi__request_of_remappable_entry__names_its_index),
        cmocka_unit_test(test_msi__request_of_plain_entry__carries_its_fields),
    };
    return cmocka_run_group_tests_name("msi", tests, NULL, NULL);
}

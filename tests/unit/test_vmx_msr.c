/*
 * MSRs in VMX operation: the bitmap, and the areas that entry and exit switch.
 */
#include "vtdpi/vmx.h"

#include "vtd_test.h"

/* Whether RDMSR and WRMSR of [msr] exit, as bits 0 and 1, under "use MSR bitmaps". */
static unsigned exits(const uint8_t *bitmap, uint32_t msr)
{
    vtdpi_ctls_t set = vtdpi_ctl_one(VTDPI_CTL_MSR_BITMAPS);
    return (vtdpi_vmx_msr_exits(set, bitmap, msr, false) ? 1U : 0U) |
           (vtdpi_vmx_msr_exits(set, bitmap, msr, true) ? 2U : 0U);
}

/* SDM 3C, "MSR-Bitmap Address": read bitmaps at 0 and 400h, write bitmaps at 800h and C00h; one bit
 * stands for one MSR and direction.
 * @shows sdm.msr.bitmap */
static void test_vmx_msr__bitmap__has_four_parts(void **state)
{
    (void)state;

    static const struct {
        uint32_t msr;
        uint32_t byte;
        uint8_t bit;
        uint8_t exits;
    } rows[] = {
        {0x00000000, 0x000, 0, 1}, {0x00001FFF, 0x3FF, 7, 1}, {0xC0000000, 0x400, 0, 1},
        {0xC0001FFF, 0x7FF, 7, 1}, {0x00000000, 0x800, 0, 2}, {0x00000830, 0x906, 0, 2},
        {0x0000083F, 0x907, 7, 2}, {0x00000808, 0x101, 0, 1}, {0xC0000081, 0xC10, 1, 2},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bitmap[VTDPI_MSR_BITMAP_BYTES] = {0};
        assert_int_equal(exits(bitmap, rows[i].msr), 0);
        bitmap[rows[i].byte] = (uint8_t)(1U << rows[i].bit);
        assert_int_equal(exits(bitmap, rows[i].msr), rows[i].exits);
        memset(bitmap, 0xFF, sizeof bitmap);
        bitmap[rows[i].byte] = (uint8_t) ~(1U << rows[i].bit);
        assert_int_equal(exits(bitmap, rows[i].msr), 3 - rows[i].exits);
    }
}

/* SDM 3C, "MSR-Bitmap Address": an MSR outside both ranges always exits, and every MSR does without
 * the control.
 * @shows sdm.msr.bitmap */
static void test_vmx_msr__outside_the_ranges__always_exits(void **state)
{
    (void)state;
    uint8_t bitmap[VTDPI_MSR_BITMAP_BYTES] = {0};
    static const uint32_t outside[] = {0x2000, 0x40000000, 0xBFFFFFFF, 0xC0002000, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_int_equal(exits(bitmap, outside[i]), 3);
    }
    assert_true(vtdpi_vmx_msr_exits(0, bitmap, 0x808, false));
    assert_true(vtdpi_vmx_msr_exits(0, bitmap, 0x808, true));
}

/* SDM 3A, "VM-Exit Controls for MSRs and VM-Entry Controls for MSRs": 800h to 8FFh may not be
 * named.
 * @shows sdm.msr.area */
static void test_vmx_msr__areas__exclude_the_x2apic(void **state)
{
    (void)state;
    for (uint32_t msr = 0x7F0; msr <= 0x1000; msr++) {
        assert_int_equal(vtdpi_vmx_msr_area_ok(msr), msr < 0x800 || msr > 0x8FF);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vmx_msr__bitmap__has_four_parts),
        cmocka_unit_test(test_vmx_msr__outside_the_ranges__always_exits),
        cmocka_unit_test(test_vmx_msr__areas__exclude_the_x2apic),
    };
    return cmocka_run_group_tests_name("vmx_msr", tests, NULL, NULL);
}

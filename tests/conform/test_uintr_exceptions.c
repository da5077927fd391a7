/* The exceptions of user interrupts: where they hold and where they do not. */
#include "vtdpi/conform.h"

#include "cmocka_all.h"
#include "vectors.h"

#include <stdio.h>
#include <string.h>

/* Eight CPUs, some of which have accepted a notification. */
#define VECTOR                                                                                     \
    "{\"id\": \"low\", \"family\": \"F5\", \"kind\": \"senduipi\", \"cr4_uintr\": 1, \"x2apic\": " \
    "%s, "                                                                                         \
    "\"tt_enable\": 1, \"uittsz\": 0, \"index\": \"0000000000000000\", \"cpl\": 3, "               \
    "\"uitte_lo\": \"0000000000000501\", \"uitte_upidaddr_low6\": 0, "                             \
    "\"upid_lo\": \"%08x00ec0000\", \"upid_pir\": \"0000000000000000\", "                          \
    "\"apic_ids\": [0, 1, 2, 3, 4, 5, 6, 7], "                                                     \
    "\"out\": {\"fault\": null, \"upid_lo\": \"%08x00ec0001\", \"upid_pir\": "                     \
    "\"0000000000000020\", "                                                                       \
    "\"notify\": {\"vector\": 236, \"icr_lo\": \"000000ec\", \"icr_hi\": \"%08x\", "               \
    "\"accepted\": [%s]}}}\n"

#define ALL "0, 1, 2, 3, 4, 5, 6, 7"

static vtdpi_conform_verdict_t verdict(const char *x2apic, unsigned ndst, const char *accepted)
{
    char text[1024];
    unsigned icr_hi = *x2apic != '0' ? ndst : (ndst >> 8 & 0xFFU) << 24;
    int length = snprintf(text, sizeof text, VECTOR, x2apic, ndst, ndst, icr_hi, accepted);
    assert_in_range(length, 1, sizeof text - 1);
    return vectors_verdict(text);
}

/* SDM 3A, "Determining IPI Destination": FFFFFFFFh alone is the broadcast of 32-bit destinations.
 * A recorded broadcast to another destination that ends in FFh is excepted, and no other receivers
 * are. */
static void test_uintr_exception__low_byte_ff_in_x2apic_mode__is_excepted(void **state)
{
    (void)state;
    assert_int_equal(verdict("1", 0x000012FF, ALL), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(verdict("true", 0x000000FF, ALL), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(verdict("1", 0x000012FF, ""), VTDPI_CONFORM_AGREED);
    assert_int_equal(verdict("1", 0x000012FF, "0, 1, 2, 3, 4, 5, 6"), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(verdict("1", 0xFFFFFFFF, ALL), VTDPI_CONFORM_AGREED);
    assert_int_equal(verdict("1", 0xFFFFFFFF, "0, 1"), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(verdict("1", 0x000012FE, ALL), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(verdict("0", 0x0000FFFF, ALL), VTDPI_CONFORM_AGREED);
    assert_int_equal(verdict("0", 0x0000FFFF, "0, 1"), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(verdict("0", 0x000003FF, ALL), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(verdict("0", 0x000003FF, "3"), VTDPI_CONFORM_AGREED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uintr_exception__low_byte_ff_in_x2apic_mode__is_excepted),
    };
    return cmocka_run_group_tests_name("uintr_exceptions", tests, NULL, NULL);
}

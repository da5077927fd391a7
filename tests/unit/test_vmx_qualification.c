/*
 * Exit qualifications: composed by the rules, taken apart by the layouts of vmcs.def.
 */
#include "vtdpi/vmx.h"

#include "vtd_test.h"

/* SDM 3C, "Basic VM-Exit Information": values of the manual's layouts, worked out by hand.
 * @shows sdm.qual.apic-access, sdm.qual.eoi, sdm.qual.apic-write, sdm.qual.sipi, sdm.qual.mwait,
 * sdm.qual.cr, sdm.qual.ept */
static void test_vmx_qualification__each_exit__has_its_worked_value(void **state)
{
    (void)state;
    assert_int_equal(vtdpi_qual_apic_access(0x300, 1), 0x1300);
    assert_int_equal(vtdpi_qual_apic_access(0xFFF, 15), 0xFFFF);
    assert_int_equal(vtdpi_qual_eoi(0xF1), 0xF1);
    assert_int_equal(vtdpi_qual_apic_write(0x3F0), 0x3F0);
    assert_int_equal(vtdpi_qual_sipi(0x9A), 0x9A);
    assert_int_equal(vtdpi_qual_mwait(true), 1);
    assert_int_equal(vtdpi_qual_mwait(false), 0);
    assert_int_equal(vtdpi_qual_cr(8, 1, 15), 0xF18);
    assert_int_equal(vtdpi_qual_cr(3, 0, 0), 3);
    vtdpi_ept_violation_t walk = {.access = 1, .linear_valid = 1};
    assert_int_equal(vtdpi_qual_ept(walk), 0x81);
    vtdpi_ept_violation_t write = {
        .access = 2, .allowed = 5, .linear_valid = 1, .translated = 1, .nmi_unblocking = 1};
    assert_int_equal(vtdpi_qual_ept(write), 0x11AA);
}

/* What the rules compose, the layouts take apart again: each field of an EPT violation and of an
 * APIC access; an APIC write tells all 12 bits of its offset.
 * @shows sdm.qual.ept, sdm.qual.apic-access, sdm.qual.apic-write */
static void test_vmx_qualification__layouts__read_what_was_composed(void **state)
{
    (void)state;
    for (unsigned access = 0; access < 8; access++) {
        for (unsigned allowed = 0; allowed < 8; allowed++) {
            uint64_t q = vtdpi_qual_ept(
                (vtdpi_ept_violation_t){.access = (uint8_t)access, .allowed = (uint8_t)allowed});
            assert_int_equal(VTDPI_GET(QUAL_EPT, READ, &q), access & 1);
            assert_int_equal(VTDPI_GET(QUAL_EPT, WRITE, &q), access >> 1 & 1);
            assert_int_equal(VTDPI_GET(QUAL_EPT, FETCH, &q), access >> 2);
            assert_int_equal(VTDPI_GET(QUAL_EPT, READABLE, &q), allowed & 1);
            assert_int_equal(VTDPI_GET(QUAL_EPT, WRITABLE, &q), allowed >> 1 & 1);
            assert_int_equal(VTDPI_GET(QUAL_EPT, EXECUTABLE, &q), allowed >> 2);
            assert_int_equal(VTDPI_GET(QUAL_EPT, LINEAR_VALID, &q), 0);
        }
    }
    assert_int_equal(vtdpi_qual_ept((vtdpi_ept_violation_t){.linear_valid = 1}), 0x80);
    assert_int_equal(vtdpi_qual_ept((vtdpi_ept_violation_t){.translated = 1}), 0x100);
    assert_int_equal(vtdpi_qual_ept((vtdpi_ept_violation_t){.nmi_unblocking = 1}), 0x1000);
    for (uint16_t offset = 0; offset < 0x1000; offset++) {
        uint64_t q = vtdpi_qual_apic_access(offset, offset & 15U);
        assert_int_equal(VTDPI_GET(QUAL_APIC_ACCESS, OFFSET, &q), offset);
        assert_int_equal(VTDPI_GET(QUAL_APIC_ACCESS, TYPE, &q), offset & 15);
        assert_int_equal(VTDPI_GET(QUAL_APIC_ACCESS, ASYNC, &q), 0);
        assert_int_equal(vtdpi_qual_apic_write(offset), offset);
    }
}

/* SDM 3C, "Basic VM-Exit Information": which layout the qualification of each reason has; all
 * others have none.
 * @shows sdm.qual.exception */
static void test_vmx_qualification__each_reason__has_its_layout(void **state)
{
    (void)state;

    static const struct {
        unsigned reason;
        const char *layout;
    } rows[] = {{4, "QUAL_SIPI"},         {28, "QUAL_CR"},     {36, "QUAL_MWAIT"},
                {44, "QUAL_APIC_ACCESS"}, {45, "QUAL_EOI"},    {48, "QUAL_EPT"},
                {56, "QUAL_APIC_WRITE"},  {58, "QUAL_INVPCID"}};

    size_t known = 0;
    for (unsigned reason = 1; reason < 128; reason++) {
        const char *layout = vtdpi_qual_layout(reason, UINT32_MAX);
        bool listed = known < sizeof rows / sizeof rows[0] && rows[known].reason == reason;
        assert_int_equal(layout != NULL, listed);
        if (listed) {
            assert_string_equal(layout, rows[known++].layout);
        }
    }
    assert_int_equal(known, sizeof rows / sizeof rows[0]);
    assert_string_equal(vtdpi_qual_layout(0, 0x80000B0E), "QUAL_PAGE_FAULT");
    assert_string_equal(vtdpi_qual_layout(0, 0x80000301), "QUAL_DEBUG");
    assert_string_equal(vtdpi_qual_layout(0, 0x80000501), "QUAL_DEBUG");
    assert_null(vtdpi_qual_layout(0, 0x00000B0E));
    assert_null(vtdpi_qual_layout(0, 0x80000202));
    assert_null(vtdpi_qual_layout(0, 0x80000B0D));
    assert_null(vtdpi_qual_layout(0, 0x8000060E));
    assert_null(vtdpi_qual_layout(0, 0x80000601));
    assert_null(vtdpi_qual_layout(0, 0x00000301));
}

/* Each named value fits in its field, has a text, and is named once. */
static void test_vmx_qualification__named_values__fit_their_fields(void **state)
{
    (void)state;
    uint32_t types = 0, accesses = 0, moves = 0;
    uint64_t base = 0;
#define VTDPI_FIELD_VALUE(S, F, value, doc)                                                        \
    {                                                                                              \
        uint64_t word = 0;                                                                         \
        VTDPI_PUT(S, F, &word, value);                                                             \
        assert_int_equal(VTDPI_GET(S, F, &word), value);                                           \
        assert_non_null(strchr(doc, ';'));                                                         \
        uint32_t *seen = strcmp(#S, "INTR_INFO") == 0 ? &types                                     \
                         : strcmp(#S, "QUAL_CR") == 0 ? &moves                                     \
                                                      : &accesses;                                 \
        assert_int_equal(*seen >> (value)&1U, 0);                                                  \
        *seen |= UINT32_C(1) << (value);                                                           \
        base |= word;                                                                              \
    }
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_FIELD_VALUE
    assert_int_equal(types, 0xFD);
    assert_int_equal(moves, 0xF);
    assert_int_equal(accesses, 0x840F);
    assert_int_equal(base, 0x7 << 8 | 0xF << 12 | 0x3 << 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vmx_qualification__each_exit__has_its_worked_value),
        cmocka_unit_test(test_vmx_qualification__layouts__read_what_was_composed),
        cmocka_unit_test(test_vmx_qualification__each_reason__has_its_layout),
        cmocka_unit_test(test_vmx_qualification__named_values__fit_their_fields),
    };
    return cmocka_run_group_tests_name("vmx_qualification", tests, NULL, NULL);
}

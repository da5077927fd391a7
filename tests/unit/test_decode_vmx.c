/*
 * Decoding of interruption information and exit qualifications.
 */
#include "vtdpi/vmx.h"

#include "decode_test.h"

#include <stdio.h>

/** The remark on the hardware that has [part], or NULL. */
static const char *note_find(const char *part)
{
    for (unsigned i = 0; i < decoded.hardware_count; i++) {
        if (strstr(decoded.hardware[i], part) != NULL) {
            return decoded.hardware[i];
        }
    }
    return NULL;
}

/* SDM 3C, "Information for VM Exits Due to Vectored Events": worked value. */
static void test_decode_intr_info__acknowledged_vector(void **state)
{
    (void)state;
    uint64_t w = 0x800000F1;
    decode(VTDPI_DECODE_INTR_INFO, &w, 1);
    assert_row("INTR_INFO", "VECTOR", 0xF1);
    assert_row("INTR_INFO", "TYPE", 0);
    assert_row("INTR_INFO", "VALID", 1);
    assert_hardware("external interrupt, vector F1h");
    assert_hardware("legal in the entry field");
    assert_right();
    w = 0xF1;
    decode(VTDPI_DECODE_INTR_INFO, &w, 1);
    assert_hardware("not valid");
    assert_right();
}

/* SDM 3C, "VM-Entry Control Fields": what VM entry does not take. */
static void test_decode_intr_info__illegal_for_entry__is_remarked(void **state)
{
    (void)state;
    static const uint64_t words[] = {
        0x800001F1, /* type 1 */
        0x80000203, /* an NMI whose vector is not 2 */
        0x80000320, /* exception 32 */
        0x800008F1, /* an external interrupt with an error code */
        0x80001202, /* bit 12, of exits only */
        0x80000701, /* other event 1 */
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        decode(VTDPI_DECODE_INTR_INFO, &words[i], 1);
        assert_hardware("illegal in the entry field");
        assert_wrong("as an entry field: the entry interruption information");
    }
    const uint64_t undefined = 0x80004202;
    decode(VTDPI_DECODE_INTR_INFO, &undefined, 1);
    assert_wrong("reserved bits 30:14 are 1h");
}

/* SDM 3C, "Exit Qualification for APIC-Access VM Exits", "APIC-Write VM Exits", "EOI
 * Virtualization", "Exit Qualification for EPT Violations". */
static void test_decode_exit_qual__fields_by_reason(void **state)
{
    (void)state;
    const uint64_t access[] = {44, 0x1300};
    const uint64_t write[] = {56, 0x300};
    const uint64_t eoi[] = {45, 0x41};
    const uint64_t ept[] = {48, 0x182};
    decode(VTDPI_DECODE_EXIT_QUAL, access, 2);
    assert_row("QUAL_APIC_ACCESS", "OFFSET", 0x300);
    assert_row("QUAL_APIC_ACCESS", "TYPE", 1);
    assert_hardware("exit 44 APIC_ACCESS");
    assert_hardware("offset 300h is register ICR_LO");
    assert_right();
    decode(VTDPI_DECODE_EXIT_QUAL, write, 2);
    assert_row("QUAL_APIC_WRITE", "OFFSET", 0x300);
    assert_hardware("offset 300h is register ICR_LO");
    decode(VTDPI_DECODE_EXIT_QUAL, eoi, 2);
    assert_row("QUAL_EOI", "VECTOR", 0x41);
    assert_hardware("ended virtual vector 41h");
    decode(VTDPI_DECODE_EXIT_QUAL, ept, 2);
    assert_row("QUAL_EPT", "WRITE", 1);
    assert_row("QUAL_EPT", "READ", 0);
    assert_right();
}

/* SDM 3C, "Exit Qualification for Debug Exceptions", "Exception or NMI": what exit 0 qualifies
 * depends on the interruption information. */
static void test_decode_exit_qual__exception__by_interruption_information(void **state)
{
    (void)state;
    const uint64_t page_fault[] = {0, UINT64_C(0xFFFF888012345678), 0x80000B0E};
    const uint64_t debug[] = {0, 0x4001, 0x80000301};
    const uint64_t unknown[] = {0, 0x4001};
    decode(VTDPI_DECODE_EXIT_QUAL, page_fault, 3);
    assert_row("INTR_INFO", "VECTOR", 14);
    assert_row("QUAL_PAGE_FAULT", "ADDRESS", page_fault[1]);
    decode(VTDPI_DECODE_EXIT_QUAL, debug, 3);
    assert_row("QUAL_DEBUG", "B3_0", 1);
    assert_row("QUAL_DEBUG", "BS", 1);
    assert_right();
    decode(VTDPI_DECODE_EXIT_QUAL, unknown, 2);
    assert_hardware("depends on the interruption information");
}

/* Every reason of vmexit.def is known by its number; its structure is the models'. */
static void test_decode_exit_qual__each_reason__is_known(void **state)
{
    (void)state;
    static const uint64_t reasons[] = {
#define VTDPI_VMEXIT(number, NAME, name, kind, doc) (number),
#include "vtdpi/vmexit.def"
#undef VTDPI_VMEXIT
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        const uint64_t w[] = {reasons[i], 0};
        const char *structure = vtdpi_qual_layout((unsigned)reasons[i], 0);
        decode(VTDPI_DECODE_EXIT_QUAL, w, 2);
        assert_row("EXIT_REASON", "BASIC", reasons[i]);
        assert_hardware(vtdpi_exit_name((unsigned)reasons[i]));
        assert_right();
        if (structure != NULL) {
            assert_string_equal(decoded.rows[decoded.row_count - 1].structure, structure);
        }
    }
}

/* SDM 3C, "Basic VM-Exit Information": the exits whose qualification is 0 show the word, and it is
 * wrong if it is not 0. */
static void test_decode_exit_qual__no_fields__is_0(void **state)
{
    (void)state;

    static const struct {
        uint64_t reason;
        uint64_t info; /* 0: none */
    } exits[] = {
        {0, 0x80000202}, /* an NMI */
        {0, 0x80000B0D}, /* #GP */
        {1, 0},          {2, 0},  {3, 0},  {7, 0},  {8, 0},  {10, 0}, {12, 0}, {18, 0},
        {31, 0},         {32, 0}, {37, 0}, {43, 0}, {49, 0}, {52, 0}, {55, 0},
    };

    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++) {
        uint64_t w[] = {exits[i].reason, 5, exits[i].info};
        unsigned count = exits[i].info != 0 ? 3 : 2;
        char says[64];
        decode(VTDPI_DECODE_EXIT_QUAL, w, count);
        assert_row("", "EXIT_QUALIFICATION", 5);
        (void)snprintf(says, sizeof says, "the qualification of exit %u is 5h, not 0",
                       (unsigned)exits[i].reason);
        assert_wrong(says);
        assert_int_equal(decoded.wrong_count, 1);
        w[1] = 0;
        decode(VTDPI_DECODE_EXIT_QUAL, w, count);
        assert_row("", "EXIT_QUALIFICATION", 0);
        assert_hardware("this exit has no qualification: the word is 0");
        assert_right();
    }
}

/* A qualification whose form is not known here is shown as a word, and is not judged. */
static void test_decode_exit_qual__unknown_form__is_shown(void **state)
{
    (void)state;
    const uint64_t task_switch[] = {9, 0x18};
    const uint64_t exception[] = {0, 0x18};
    const uint64_t invalid[] = {0, 0x18, 0x0E};
    decode(VTDPI_DECODE_EXIT_QUAL, task_switch, 2);
    assert_row("", "EXIT_QUALIFICATION", 0x18);
    assert_hardware("the models have no fields for this qualification");
    assert_right();
    decode(VTDPI_DECODE_EXIT_QUAL, exception, 2);
    assert_row("", "EXIT_QUALIFICATION", 0x18);
    assert_hardware("depends on the interruption information");
    assert_right();
    decode(VTDPI_DECODE_EXIT_QUAL, invalid, 3);
    assert_row("", "EXIT_QUALIFICATION", 0x18);
    assert_hardware("depends on the interruption information");
    assert_right();
}

/* SDM 3C, "Exit Qualification for APIC-Access VM Exits", rule sdm.qual.apic-access: the offset is
 * undefined for guest-physical accesses. */
static void test_decode_exit_qual__guest_physical_access__has_no_offset(void **state)
{
    (void)state;
    static const uint64_t words[] = {0xA0B0, 0xA000, 0xF000, 0xF0B0, 0x1F000};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const uint64_t w[] = {44, words[i]};
        decode(VTDPI_DECODE_EXIT_QUAL, w, 2);
        assert_hardware("the offset is undefined: the access is guest-physical");
        assert_null(note_find("register"));
        assert_right();
    }
}

/* SDM 3C, "Exit Qualification for EPT Violations", "Exit Qualification for Debug Exceptions": bits
 * that CPUs with later features set are not reserved; those beyond them are. */
static void test_decode_exit_qual__later_features__are_not_wrong(void **state)
{
    (void)state;
    static const unsigned later[] = {6, 9, 10, 11, 13, 14, 15, 16};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        const uint64_t w[] = {48, UINT64_C(0x182) | UINT64_C(1) << later[i]};
        decode(VTDPI_DECODE_EXIT_QUAL, w, 2);
        const vtdpi_decode_row_t *row = &decoded.rows[decoded.row_count - 1];
        assert_string_equal(row->structure, "QUAL_EPT_LATER");
        assert_int_equal(row->low, later[i]);
        assert_non_null(strstr(row->meaning, "defined by later features: "));
        assert_right();
    }
    const uint64_t none[] = {48, 0x182};
    const uint64_t bus_lock[] = {0, 0x0800, 0x80000301};
    const uint64_t debug[] = {0, 0x0400, 0x80000301};
    const uint64_t beyond[] = {48, 0x20182};
    decode(VTDPI_DECODE_EXIT_QUAL, none, 2);
    assert_string_equal(decoded.rows[decoded.row_count - 1].structure, "QUAL_EPT");
    decode(VTDPI_DECODE_EXIT_QUAL, bus_lock, 3);
    assert_row("QUAL_DEBUG_LATER", "BUS_LOCK", 1);
    assert_right();
    decode(VTDPI_DECODE_EXIT_QUAL, debug, 3);
    assert_wrong("reserved bits 10:4 of the qualification are 40h");
    decode(VTDPI_DECODE_EXIT_QUAL, beyond, 2);
    assert_wrong("reserved bits 63:17 of the qualification are 1h");
}

/* What is no reason and no access type; bits that no field has. */
static void test_decode_exit_qual__wrong__is_remarked(void **state)
{
    (void)state;
    const uint64_t unknown[] = {99, 0};
    const uint64_t undefined[] = {45, 0x10041};
    const uint64_t type[] = {44, 0x4300};
    const uint64_t nowhere[] = {44, 0x1FF0};
    const uint64_t failed[] = {0x80000021, 0};
    decode(VTDPI_DECODE_EXIT_QUAL, unknown, 2);
    assert_wrong("exit reason 99 is not one");
    decode(VTDPI_DECODE_EXIT_QUAL, undefined, 2);
    assert_wrong("of the qualification");
    decode(VTDPI_DECODE_EXIT_QUAL, type, 2);
    assert_wrong("access type 4 is reserved");
    assert_null(note_find("register"));
    decode(VTDPI_DECODE_EXIT_QUAL, nowhere, 2);
    assert_hardware("no APIC register is at offset FF0h");
    decode(VTDPI_DECODE_EXIT_QUAL, failed, 2);
    assert_hardware("VM entry failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_intr_info__acknowledged_vector),
        cmocka_unit_test(test_decode_intr_info__illegal_for_entry__is_remarked),
        cmocka_unit_test(test_decode_exit_qual__fields_by_reason),
        cmocka_unit_test(test_decode_exit_qual__exception__by_interruption_information),
        cmocka_unit_test(test_decode_exit_qual__each_reason__is_known),
        cmocka_unit_test(test_decode_exit_qual__no_fields__is_0),
        cmocka_unit_test(test_decode_exit_qual__unknown_form__is_shown),
        cmocka_unit_test(test_decode_exit_qual__guest_physical_access__has_no_offset),
        cmocka_unit_test(test_decode_exit_qual__later_features__are_not_wrong),
        cmocka_unit_test(test_decode_exit_qual__wrong__is_remarked),
    };
    return cmocka_run_group_tests_name("decode_vmx", tests, NULL, NULL);
}

/*
 * Decoding of table entries, descriptors, requests, registers and queue commands: fields, what the
 * hardware does, what is wrong.
 */
#include "decode_test.h"

#include <stdio.h>

/* VT-d, "Interrupt Remapping Table Entry (IRTE) for Posted Interrupts": worked value. */
static void test_decode_irte__posted__posts_to_its_descriptor(void **state)
{
    (void)state;
    const uint64_t w[] = {UINT64_C(0x3456784000418001), UINT64_C(0x0000001200040018)};
    decode(VTDPI_DECODE_IRTE, w, 2);
    assert_row("IRTE", "P", 1);
    assert_row("IRTE", "IM", 1);
    assert_row("IRTE", "VV", 0x41);
    assert_row("IRTE", "PDAL", 0x34567840 >> 6);
    assert_row("IRTE", "PDAH", 0x12);
    assert_row("IRTE", "SID", 0x18);
    assert_row("IRTE", "SVT", 1);
    assert_null(row_find("IRTE", "V"));
    assert_null(row_find("IRTE", "DST"));
    assert_hardware("a request of 00:03.0");
    assert_hardware("posts virtual vector 41h to the descriptor at 1234567840h");
    assert_hardware("not urgent");
    assert_right();
}

/* VT-d, "Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts": worked values, x2APIC and
 * xAPIC. */
static void test_decode_irte__remapped__sends_its_message(void **state)
{
    (void)state;
    const uint64_t wide[] = {UINT64_C(0x0000010500310009), UINT64_C(0x0000000000040018)};
    const uint64_t narrow[] = {UINT64_C(0x0000050000310009), UINT64_C(0x0000000000040018)};
    vtdpi_decode_options_t options = vtdpi_decode_options_default();
    decode(VTDPI_DECODE_IRTE, wide, 2);
    assert_row("IRTE", "V", 0x31);
    assert_row("IRTE", "RH", 1);
    assert_row("IRTE", "DST", 0x105);
    assert_null(row_find("IRTE", "VV"));
    assert_hardware("vector 31h, fixed, edge, to physical APIC ID 00000105h (x2APIC)");
    assert_right();
    options.eime = false;
    decode_with(VTDPI_DECODE_IRTE, narrow, 2, &options);
    assert_row("IRTE", "DST8", 5);
    assert_null(row_find("IRTE", "DST"));
    assert_hardware("to physical APIC ID 05h (xAPIC)");
    assert_right();
    decode_with(VTDPI_DECODE_IRTE, wide, 2, &options);
    assert_row("IRTE_RSVD_XAPIC", "B39_32", 5);
    assert_wrong("reserved bits 39:32 are 5h");
    assert_wrong("24h irte_reserved");
}

/* VT-d, "Interrupt Remapping Fault Conditions": each fault that an entry can raise, by name, and
 * whether it is recorded. */
static void test_decode_irte__each_fault__is_named(void **state)
{
    (void)state;

    static const struct {
        uint64_t w[2];
        const char *says;
        bool recorded;
    } cases[] = {
        {{0, 0}, "22h irte_not_present", true},
        {{2, 0}, "22h irte_not_present", false},
        {{0x1001, 0}, "24h irte_reserved", true},
        {{0x8005, 0}, "24h irte_reserved", true},
        {{0x310001, UINT64_C(1) << 20}, "24h irte_reserved", true},
        {{0x310001, 0xC0018}, "26h source_invalid", true},
        {{0x8001, UINT64_C(0x8000000000000000)}, "27h pid_access", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        decode(VTDPI_DECODE_IRTE, cases[i].w, 2);
        assert_hardware(cases[i].says);
        assert_wrong(cases[i].says);
        assert_hardware(cases[i].recorded ? "is recorded" : "is not recorded");
    }
}

/* The capabilities and the requester decide: CAP.PI, the host address width, source validation by
 * SID and by bus range. */
static void test_decode_irte__options__change_the_outcome(void **state)
{
    (void)state;
    const uint64_t posted[] = {UINT64_C(0x3456784000418001), UINT64_C(0x0000001200040018)};
    const uint64_t buses[] = {0x310001, 0x80507};
    vtdpi_decode_options_t options = vtdpi_decode_options_default();
    options.unit.pi = false;
    decode_with(VTDPI_DECODE_IRTE, posted, 2, &options);
    assert_wrong("24h irte_reserved");
    options = vtdpi_decode_options_default();
    options.unit.haw = 36;
    decode_with(VTDPI_DECODE_IRTE, posted, 2, &options);
    assert_wrong("27h pid_access");
    options = vtdpi_decode_options_default();
    options.has_requester = true;
    options.requester = 0x19;
    decode_with(VTDPI_DECODE_IRTE, posted, 2, &options);
    assert_hardware("a request of 00:03.1");
    assert_wrong("26h source_invalid");
    options.requester = 0x0618;
    decode_with(VTDPI_DECODE_IRTE, buses, 2, &options);
    assert_hardware("buses 05 to 07");
    assert_hardware("sends vector 31h");
    options.requester = 0x0818;
    decode_with(VTDPI_DECODE_IRTE, buses, 2, &options);
    assert_wrong("26h source_invalid");
}

/* Rules vtd.irte.im-without-pi, vtd.irte.remapped-reserved, vtd.irte.xapic-reserved: a unit without
 * CAP.PI knows the remapped format alone. Each reserved bit that is set is named. */
static void test_decode_irte__no_posting__names_the_reserved_bits(void **state)
{
    (void)state;
    const uint64_t posted[] = {UINT64_C(0x3456784000418001), UINT64_C(0x0000001200040018)};
    const uint64_t low[] = {0x418001, 0x40018};
    vtdpi_decode_options_t options = vtdpi_decode_options_default();
    options.unit.pi = false;
    decode_with(VTDPI_DECODE_IRTE, posted, 2, &options);
    assert_row("IRTE", "IM", 1);
    assert_row("IRTE", "V", 0x41);
    assert_row("IRTE", "DST", 0x34567840);
    assert_row("IRTE_RSVD_IM0", "B127_84", 0x12000);
    assert_null(row_find("IRTE", "VV"));
    assert_null(row_find("IRTE", "PDAH"));
    assert_wrong("reserved bits 127:84 are 12000h");
    assert_wrong("IM = 1 is reserved: the unit has no CAP.PI");
    assert_wrong("24h irte_reserved");
    assert_int_equal(decoded.wrong_count, 3);
    decode_with(VTDPI_DECODE_IRTE, low, 2, &options);
    assert_wrong("IM = 1 is reserved: the unit has no CAP.PI");
    assert_wrong("24h irte_reserved");
    assert_int_equal(decoded.wrong_count, 2);
    options.eime = options.unit.eim = false;
    decode_with(VTDPI_DECODE_IRTE, posted, 2, &options);
    assert_row("IRTE", "DST8", 0x78);
    assert_wrong("reserved bits 39:32 are 40h");
    assert_wrong("reserved bits 63:48 are 3456h");
    assert_wrong("IM = 1 is reserved");
    decode(VTDPI_DECODE_IRTE, posted, 2);
    assert_right();
}

/* Rules vtd.irte.dlm and vtd.remap.svt-reserved: the reserved encoding behind a fault is named, as
 * is the delivery mode that a unit takes without the check. */
static void test_decode_irte__reserved_encodings__are_named(void **state)
{
    (void)state;
    const uint64_t modes[] = {3, 6};
    const uint64_t source[] = {0x310001, 0xC0018};
    vtdpi_decode_options_t options = vtdpi_decode_options_default();
    options.unit.dlm_check = false;
    for (size_t i = 0; i < 2; i++) {
        const uint64_t w[] = {0x310001 | modes[i] << 5, 0};
        char says[64];
        (void)snprintf(says, sizeof says, "delivery mode %u is a reserved encoding",
                       (unsigned)modes[i]);
        decode(VTDPI_DECODE_IRTE, w, 2);
        assert_wrong(says);
        assert_wrong("24h irte_reserved");
        assert_int_equal(decoded.wrong_count, 2);
        decode_with(VTDPI_DECODE_IRTE, w, 2, &options);
        assert_wrong(says);
        assert_int_equal(decoded.wrong_count, 1);
    }
    decode(VTDPI_DECODE_IRTE, source, 2);
    assert_wrong("SVT = 3 is a reserved encoding");
    assert_wrong("26h source_invalid");
}

/* What hardware takes and software does not mean: a vector below 10h, an empty bus range. */
static void test_decode_irte__legal_but_useless__is_remarked(void **state)
{
    (void)state;
    const uint64_t low[] = {0x0F0001, 0};
    const uint64_t empty[] = {0x310001, 0x80705};
    decode(VTDPI_DECODE_IRTE, low, 2);
    assert_hardware("any requester");
    assert_wrong("vector 0Fh is below 10h");
    decode(VTDPI_DECODE_IRTE, empty, 2);
    assert_wrong("the bus range is empty");
}

/* VT-d, "Posted Interrupt Descriptor (PID)": worked control words; "Interrupt-Posting Hardware
 * Operation": when a post notifies. */
static void test_decode_pid__control_word__tells_whether_a_post_notifies(void **state)
{
    (void)state;
    uint64_t w[8] = {0, 2, 0, UINT64_C(0xC000000000000000), UINT64_C(0x0000010500F20001)};
    vtdpi_decode_options_t options = vtdpi_decode_options_default();
    decode(VTDPI_DECODE_PID, w, 8);
    assert_row("PID", "ON", 1);
    assert_row("PID", "NV", 0xF2);
    assert_row("PID", "NDST", 0x105);
    assert_null(row_find("PID", "NDST8"));
    assert_hardware("pending: 41h FE-FFh");
    assert_hardware("a post that is not urgent does not notify: ON = 1");
    assert_right();
    w[4] = UINT64_C(0x0000010500F20002);
    decode(VTDPI_DECODE_PID, w, 8);
    assert_hardware("a post that is not urgent does not notify: SN = 1");
    assert_hardware("an urgent post notifies");
    w[4] = UINT64_C(0x0000050000F20000);
    options.eime = false;
    decode_with(VTDPI_DECODE_PID, w, 8, &options);
    assert_row("PID", "NDST8", 5);
    assert_hardware("a post that is not urgent notifies: ON becomes 1, vector F2h, fixed, edge, to "
                    "physical APIC ID 05h");
    assert_right();
}

/* VT-d, "Interrupt-Posting Hardware Operation": a reserved bit is 28h, and nothing is posted. */
static void test_decode_pid__reserved_bits__are_28h(void **state)
{
    (void)state;
    uint64_t w[8] = {0};
    decode(VTDPI_DECODE_PID, w, 8);
    assert_hardware("pending: none");
    assert_wrong("vector 00h is below 10h");
    w[4] = 0xF20004;
    w[7] = 1;
    decode(VTDPI_DECODE_PID, w, 8);
    assert_hardware("28h pid_reserved");
    assert_wrong("reserved bits 271:258 are 1h");
    assert_wrong("reserved bits 511:448 are 1h");
    assert_wrong("28h pid_reserved");
}

/* More ranges of pending vectors than a remark holds: it is cut, not overrun. */
static void test_decode_pid__every_other_vector__list_is_cut(void **state)
{
    (void)state;
    const uint64_t odd = UINT64_C(0xAAAAAAAAAAAAAAAA);
    const uint64_t w[8] = {odd, odd, odd, odd, 0xF20000};
    decode(VTDPI_DECODE_PID, w, 8);
    assert_hardware("pending: 01h 03h 05h");
    assert_hardware("…");
}

/* VT-d, "Interrupt Requests in Remappable Format": worked values. */
static void test_decode_msi__remappable__has_the_index(void **state)
{
    (void)state;

    static const struct {
        uint64_t w[2];
        const char *says;
    } cases[] = {
        {{0xFEE24698, 0}, "reads entry 1234h (4660) of the table, at offset 12340h"},
        {{0xFEE24690, 0}, "reads entry 1234h"},
        {{0xFEE0003C, 0}, "reads entry 8001h"},
        {{0xFEE0003C, 0x10}, "reads entry 8011h"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        decode(VTDPI_DECODE_MSI, cases[i].w, 2);
        assert_row("MSI", "FORMAT", 1);
        assert_hardware(cases[i].says);
        assert_right();
    }
    assert_row("MSI_R", "SUBHANDLE", 0x10);
}

/* VT-d, "Interrupt Remapping Fault Conditions": 20h for data 31:16 with SHV, 21h above FFFFh. */
static void test_decode_msi__remappable_and_wrong__has_the_fault(void **state)
{
    (void)state;
    const uint64_t reserved[] = {0xFEE24698, 0x10000};
    const uint64_t beyond[] = {0xFEEFFFFC, 0xFFFF};
    decode(VTDPI_DECODE_MSI, reserved, 2);
    assert_hardware("20h request_reserved");
    assert_wrong("reserved bits 31:16 of the data are 1h");
    decode(VTDPI_DECODE_MSI, beyond, 2);
    assert_hardware("21h index_beyond_table");
    assert_wrong("index 1FFFEh is beyond");
}

/* VT-d, "Interrupt Requests in Intel 64 Compatibility Format": passes or is blocked by IRES, CFIS
 * and EIME. */
static void test_decode_msi__compatibility__depends_on_the_unit(void **state)
{
    (void)state;
    const uint64_t w[] = {0xFEE0100C, 0x4141};
    vtdpi_decode_options_t options = vtdpi_decode_options_default();
    decode(VTDPI_DECODE_MSI, w, 2);
    assert_row("MSI_C", "DEST", 1);
    assert_row("MSI_C", "VECTOR", 0x41);
    assert_row("MSI_C", "DLM", 1);
    assert_hardware("CFIS = 0): blocked, fault 25h compatibility_blocked");
    assert_hardware("CFIS = 1 (EIME = 1): blocked");
    assert_hardware("remapping off (IRES = 0): sends vector 41h, lowest priority, edge, to logical "
                    "APIC ID 01h");
    assert_right();
    options.eime = false;
    decode_with(VTDPI_DECODE_MSI, w, 2, &options);
    assert_hardware("CFIS = 1 (EIME = 0): sends vector 41h");
}

/* An address outside FEEx_xxxxh is no request. */
static void test_decode_msi__ordinary_write__is_none(void **state)
{
    (void)state;
    const uint64_t w[] = {0xFED00000, 0x41};
    decode(VTDPI_DECODE_MSI, w, 2);
    assert_hardware("an ordinary memory write");
    assert_wrong("not FEEx_xxxxh");
}

/* VT-d, "Fault Recording Registers": worked value, and every reason of fault.def by its name. */
static void test_decode_frcd__each_reason__is_named(void **state)
{
    (void)state;

    static const struct {
        uint64_t code;
        const char *name;
        int logged;
    } faults[] = {

#define VTDPI_FAULT_ROW(code, NAME, name, qualified, logged, doc) {(code), #name, (logged)},
#include "vtdpi/fault.def"
#undef VTDPI_FAULT_ROW
    };
    uint64_t w[] = {UINT64_C(0x1234000000000000), UINT64_C(0x8000002200000018)};
    decode(VTDPI_DECODE_FRCD, w, 2);
    assert_row("FRCD", "INDEX", 0x1234);
    assert_row("FRCD", "FR", 0x22);
    assert_hardware("22h irte_not_present");
    assert_hardware("requester 00:03.0");
    assert_hardware("interrupt index 1234h");
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        w[1] = UINT64_C(0x80000000000000F9) | faults[i].code << 32;
        decode(VTDPI_DECODE_FRCD, w, 2);
        assert_hardware(faults[i].name);
        assert_hardware("requester 00:1f.1");
        assert_int_equal(decoded.hardware_count, faults[i].logged != 0 ? 4 : 3);
    }
    w[1] = UINT64_C(0x8000000500000018);
    decode(VTDPI_DECODE_FRCD, w, 2);
    assert_hardware("of DMA remapping");
    w[1] = UINT64_C(0x0000002200000018);
    decode(VTDPI_DECODE_FRCD, w, 2);
    assert_hardware("holds no record");
}

/* VT-d, "Fault Recording Registers": 20h to 29h are interrupt reasons, of which the models never
 * generate 29h; the reasons below and above are of DMA remapping. */
static void test_decode_frcd__reasons__interrupts_are_20h_to_29h(void **state)
{
    (void)state;
    static const uint64_t dma[] = {0x05, 0x1F, 0x2A, 0xFF};
    uint64_t w[] = {0, UINT64_C(0x8000002900000018)};
    decode(VTDPI_DECODE_FRCD, w, 2);
    assert_hardware("fault 29h, an interrupt reason that the models never generate");
    assert_int_equal(decoded.hardware_count, 2);
    assert_right();
    for (size_t i = 0; i < sizeof dma / sizeof dma[0]; i++) {
        w[0] = UINT64_C(0x123456789000);
        w[1] = UINT64_C(0xF0ABCDE0F0000018) & ~(UINT64_C(0xFF) << 32);
        w[1] |= dma[i] << 32;
        decode(VTDPI_DECODE_FRCD, w, 2);
        assert_hardware("no interrupt fault");
        assert_hardware("reasons other than 20h to 29h are of DMA remapping");
        assert_right();
    }
}

/* VT-d, "Fault Recording Registers": in the record of an interrupt fault the fields of DMA are 0.
 * Rule vtd.fault.index: 20h and 25h have no index and record 0. */
static void test_decode_frcd__interrupt_record__fields_of_dma_are_0(void **state)
{
    (void)state;

    static const struct {
        uint64_t w[2];
        const char *says;
    } cases[] = {
        {{0x1000, 0}, "FI[47:12] is 1h"},
        {{UINT64_C(0xFFFFFFFFF000), 0}, "FI[47:12] is FFFFFFFFFh"},
        {{0, UINT64_C(1) << 28}, "T2 is 1h"},
        {{0, UINT64_C(1) << 29}, "PRIV is 1h"},
        {{0, UINT64_C(1) << 30}, "EXE is 1h"},
        {{0, UINT64_C(1) << 31}, "PP is 1h"},
        {{0, UINT64_C(0xABCDE) << 40}, "PV is ABCDEh"},
        {{0, UINT64_C(2) << 60}, "AT is 2h"},
        {{0, UINT64_C(1) << 62}, "T1 is 1h"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (uint64_t code = 0x20; code <= 0x29; code++) {
            const uint64_t w[] = {cases[i].w[0],
                                  cases[i].w[1] | UINT64_C(0x8000000000000018) | code << 32};
            decode(VTDPI_DECODE_FRCD, w, 2);
            assert_wrong(cases[i].says);
            assert_int_equal(decoded.wrong_count, 1);
        }
    }
    const uint64_t all[] = {UINT64_C(0x1234000000001000), UINT64_C(0xD0000022F0000018)};
    decode(VTDPI_DECODE_FRCD, all, 2);
    assert_int_equal(decoded.wrong_count, 7);
    for (uint64_t code = 0x20; code <= 0x28; code++) {
        const uint64_t w[] = {UINT64_C(0x1234000000000000),
                              UINT64_C(0x8000000000000018) | code << 32};
        decode(VTDPI_DECODE_FRCD, w, 2);
        if (code == 0x20 || code == 0x25) {
            assert_wrong("the index is 1234h");
        } else {
            assert_right();
        }
    }
}

/* VT-d, "Interrupt Remapping Table Address Register": size, alignment, EIME, reserved bits. Rule
 * vtd.regs.eim-absent: without ECAP.EIM destinations are 8-bit whatever EIME is. */
static void test_decode_irta__size_and_alignment(void **state)
{
    (void)state;
    uint64_t w = UINT64_C(0x10090080F);
    vtdpi_decode_options_t options = vtdpi_decode_options_default();
    decode(VTDPI_DECODE_IRTA, &w, 1);
    assert_hardware("table of 65536 entries (1048576 bytes) at 100900000h");
    assert_hardware("32-bit (x2APIC)");
    assert_right();
    options.unit.eim = false;
    decode_with(VTDPI_DECODE_IRTA, &w, 1, &options);
    assert_wrong("EIME is reserved: the unit has no ECAP.EIM and stays in xAPIC mode");
    assert_hardware("destinations are 8-bit (xAPIC) APIC IDs");
    w = UINT64_C(0x10090000F);
    decode_with(VTDPI_DECODE_IRTA, &w, 1, &options);
    assert_hardware("destinations are 8-bit (xAPIC) APIC IDs");
    assert_right();
    w = 0x1010;
    decode(VTDPI_DECODE_IRTA, &w, 1);
    assert_hardware("table of 2 entries (32 bytes) at 1000h");
    assert_wrong("reserved bits 10:4 are 1h");
    w = UINT64_C(0x800000000000100F);
    decode(VTDPI_DECODE_IRTA, &w, 1);
    assert_wrong("host address width 46");
    assert_wrong("not aligned to the table's size");
}

/* VT-d, "Interrupt Entry Cache Invalidate Descriptor": worked value; global; 256 bits. */
static void test_decode_iqd__entry_cache__covers_its_indexes(void **state)
{
    (void)state;
    const uint64_t some[] = {UINT64_C(0x0000004010000014), 0};
    const uint64_t off[] = {UINT64_C(0x0000004110000014), 0};
    const uint64_t all[] = {4, 0, 0, 0};
    decode(VTDPI_DECODE_IQD, some, 2);
    assert_row("IQD_IEC", "IM", 2);
    assert_row("IQD_IEC", "IIDX", 0x40);
    assert_hardware("drops entries 40h to 43h (4)");
    assert_right();
    decode(VTDPI_DECODE_IQD, off, 2);
    assert_hardware("drops entries 40h to 43h (4)");
    assert_wrong("IIDX has bits below the index mask");
    decode(VTDPI_DECODE_IQD, all, 4);
    assert_hardware("drops every entry");
    assert_right();
}

/* VT-d, "Invalidation Wait Descriptor": worked value, event, fence. */
static void test_decode_iqd__wait__says_what_it_does(void **state)
{
    (void)state;
    uint64_t w[] = {UINT64_C(0x0000000200000025), 0x1234};
    decode(VTDPI_DECODE_IQD, w, 2);
    assert_row("IQD_WAIT", "DATA", 2);
    assert_hardware("writes 2h (32 bits) to 1234h");
    assert_right();
    w[0] = 0x15;
    decode(VTDPI_DECODE_IQD, w, 2);
    assert_hardware("sets ICS.IWC");
    w[0] = 0x45;
    decode(VTDPI_DECODE_IQD, w, 2);
    assert_hardware("a fence only");
}

/* VT-d, "Invalidation Queue Error Record Register": code 3 for the type, 4 for reserved fields;
 * types of DMA do nothing here. */
static void test_decode_iqd__wrong__stops_the_queue(void **state)
{
    (void)state;
    uint64_t w[] = {0xE0F, 0, 0, 0};
    decode(VTDPI_DECODE_IQD, w, 2);
    assert_hardware("IQERCD.IQEI = 3 (invalid descriptor type)");
    assert_wrong("type 127");
    w[0] = 0x1004;
    decode(VTDPI_DECODE_IQD, w, 2);
    assert_hardware("IQERCD.IQEI = 4 (reserved field)");
    assert_wrong("reserved bits 26:12 are 1h");
    w[0] = UINT64_C(0xF8000014);
    decode(VTDPI_DECODE_IQD, w, 2);
    assert_hardware("IQERCD.IQEI = 4 (reserved field)");
    assert_wrong("index mask 31 is above ECAP.MHMV, 15");
    w[0] = 5;
    w[3] = 8;
    decode(VTDPI_DECODE_IQD, w, 4);
    assert_hardware("IQERCD.IQEI = 4 (reserved field)");
    assert_wrong("reserved bits 255:192 are 8h");
    w[0] = 2;
    decode(VTDPI_DECODE_IQD, w, 4);
    assert_hardware("concerns DMA remapping only");
    assert_right();
}

/* Counts and widths that a kind has not, and a unit that cannot be, are refused. */
static void test_decode__wrong_input__is_refused(void **state)
{
    (void)state;
    const uint64_t w[8] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    vtdpi_decode_options_t options = vtdpi_decode_options_default();
    for (unsigned kind = 0; kind < VTDPI_DECODE_COUNT; kind++) {
        unsigned most = vtdpi_decode_most(kind);
        assert_int_equal(vtdpi_decode_find(vtdpi_decode_name(kind)), kind);
        assert_int_equal(vtdpi_decode_words(kind, w, 0, &options, &decoded), VTDPI_ERR_INPUT);
        assert_int_equal(vtdpi_decode_words(kind, w, most + 1, &options, &decoded),
                         VTDPI_ERR_INPUT);
        assert_int_equal(decoded.row_count, 0);
    }
    assert_int_equal(vtdpi_decode_find("bogus"), VTDPI_DECODE_COUNT);
    assert_int_equal(vtdpi_decode_words(VTDPI_DECODE_IQD, w, 3, &options, &decoded),
                     VTDPI_ERR_INPUT);
    assert_int_equal(vtdpi_decode_words(VTDPI_DECODE_MSI, w, 2, &options, &decoded),
                     VTDPI_ERR_INPUT);
    options.unit.haw = 8;
    assert_int_equal(vtdpi_decode_words(VTDPI_DECODE_IRTE, w, 2, &options, &decoded),
                     VTDPI_ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_irte__posted__posts_to_its_descriptor),
        cmocka_unit_test(test_decode_irte__remapped__sends_its_message),
        cmocka_unit_test(test_decode_irte__each_fault__is_named),
        cmocka_unit_test(test_decode_irte__options__change_the_outcome),
        cmocka_unit_test(test_decode_irte__no_posting__names_the_reserved_bits),
        cmocka_unit_test(test_decode_irte__reserved_encodings__are_named),
        cmocka_unit_test(test_decode_irte__legal_but_useless__is_remarked),
        cmocka_unit_test(test_decode_pid__control_word__tells_whether_a_post_notifies),
        cmocka_unit_test(test_decode_pid__reserved_bits__are_28h),
        cmocka_unit_test(test_decode_pid__every_other_vector__list_is_cut),
        cmocka_unit_test(test_decode_msi__remappable__has_the_index),
        cmocka_unit_test(test_decode_msi__remappable_and_wrong__has_the_fault),
        cmocka_unit_test(test_decode_msi__compatibility__depends_on_the_unit),
        cmocka_unit_test(test_decode_msi__ordinary_write__is_none),
        cmocka_unit_test(test_decode_frcd__each_reason__is_named),
        cmocka_unit_test(test_decode_frcd__reasons__interrupts_are_20h_to_29h),
        cmocka_unit_test(test_decode_frcd__interrupt_record__fields_of_dma_are_0),
        cmocka_unit_test(test_decode_irta__size_and_alignment),
        cmocka_unit_test(test_decode_iqd__entry_cache__covers_its_indexes),
        cmocka_unit_test(test_decode_iqd__wait__says_what_it_does),
        cmocka_unit_test(test_decode_iqd__wrong__stops_the_queue),
        cmocka_unit_test(test_decode__wrong_input__is_refused),
    };
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}

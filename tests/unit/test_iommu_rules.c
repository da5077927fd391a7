/*
 * The remapping algorithm, step by step, with its fault reasons in specification order.
 */
#include "iommu_fixture.h"

/** A present entry with SID 0018h, and one with reserved bit 12 set beside it. */
#define ENTRY_LO     UINT64_C(0x0000010500310009)
#define ENTRY_HI     UINT64_C(0x0000000000040018)
#define RESERVED_BIT UINT64_C(0x1000)
#define POSTED_LO    UINT64_C(0x3456784000418001)
#define POSTED_HI    UINT64_C(0x0000001200040018)

enum { RID = 0x18, OTHER_RID = 0x19, INDEX = 0x12 };

static vtdpi_irte_outcome_t check(const fixture_t *x, uint64_t lo, uint64_t hi, uint16_t rid)
{
    const uint64_t irte[VTDPI_IRTE_WORDS] = {lo, hi};
    return vtdpi_iommu_check_irte(&x->unit, &x->cfg, irte, INDEX, rid);
}

static void assert_blocked(vtdpi_irte_outcome_t got, uint8_t code, bool record)
{
    assert_int_equal(got.kind, VTDPI_IRTE_BLOCKED);
    assert_int_equal(got.fault.code, code);
    assert_int_equal(got.fault.record, record);
    assert_int_equal(got.fault.index, INDEX);
}

static void assert_refused(vtdpi_admit_t got, uint8_t code, uint32_t index)
{
    assert_int_equal(got.kind, VTDPI_ADMIT_BLOCKED);
    assert_int_equal(got.fault.code, code);
    assert_int_equal(got.fault.index, index);
    assert_int_equal(got.fault.sid, RID);
    assert_true(got.fault.record);
}

/* VT-d, "Interrupt Remapping Hardware Operation": with IRES = 0 every request is forwarded
 * unchanged, a remappable-looking one too, whatever CFIS and EIME.
 *
 * @shows vtd.remap.off
 */
static void test_iommu_rules__remapping_off__forwards_everything(void **state)
{
    (void)state;
    fixture_t x = fresh_with(vtdpi_iommu_cfg_default());
    vtdpi_admit_t a = admit(&x, vtdpi_msi_address(0xFFFF, true), 0xFFFF4031, RID);
    assert_int_equal(a.kind, VTDPI_ADMIT_FORWARD);
    assert_int_equal(a.msg.dest, 0xFF);
    assert_int_equal(a.msg.vector, 0x31);
    assert_int_equal(a.msg.wide, 0);
}

/* VT-d, "Interrupt Requests": a write elsewhere is none of ours.
 *
 * @shows vtd.request.range
 */
static void test_iommu_rules__write_elsewhere__is_not_an_interrupt(void **state)
{
    (void)state;
    fixture_t x = remapping(15, true);
    assert_int_equal(admit(&x, 0x1000, 0, RID).kind, VTDPI_ADMIT_NOT_INTERRUPT);
    assert_int_equal(admit(&x, UINT64_C(0x1FEE00010), 0, RID).kind, VTDPI_ADMIT_NOT_INTERRUPT);
}

/* VT-d, "Interrupt Remapping Hardware Operation": compatibility format passes only with EIME = 0
 * and CFIS = 1; else 25h, which logs no index.
 *
 * @shows vtd.remap.compatibility
 */
static void
test_iommu_rules__compatibility_format__passes_only_with_cfi_and_without_eime(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        bool eime = (i & 1) != 0;
        bool cfi = (i & 2) != 0;
        fixture_t x = remapping(3, eime);
        command(&x, cfi ? GCMD_CFI : 0, 0);
        vtdpi_admit_t a = admit(&x, 0xFEE05000, 0x31, RID);
        if (cfi && !eime) {
            assert_int_equal(a.kind, VTDPI_ADMIT_FORWARD);
            assert_int_equal(a.msg.dest, 5);
        } else {
            assert_refused(a, 0x25, 0);
        }
    }
}

/* VT-d, "Interrupt Remapping Hardware Operation": reserved data with SHV = 1 is 20h, before the
 * index is looked at; with SHV = 0 data is ignored.
 *
 * @shows vtd.remap.request-reserved, vtd.request.data
 */
static void test_iommu_rules__reserved_request_data__is_20h_before_the_index(void **state)
{
    (void)state;
    fixture_t x = remapping(0, true);
    assert_refused(admit(&x, vtdpi_msi_address(0xFF, true), 0x10000, RID), 0x20, 0);
    assert_refused(admit(&x, vtdpi_msi_address(0xFF, false), 0x10000, RID), 0x21, 0xFF);
    assert_int_equal(admit(&x, vtdpi_msi_address(1, false), 0xFFFFFFFF, RID).index, 1);
}

/* VT-d, "Interrupt Remapping Table Address Register", field S: the last index of each table size
 * passes, the next is 21h.
 *
 * @shows vtd.remap.index-bound
 */
static void test_iommu_rules__index_at_each_table_size__is_bounded(void **state)
{
    (void)state;
    for (unsigned s = 0; s < 16; s++) {
        fixture_t x = remapping(s, true);
        uint32_t entries = UINT32_C(2) << s;
        uint16_t half = (uint16_t)(entries / 2);
        vtdpi_admit_t last = admit(&x, vtdpi_msi_address(half, true), half - 1U, RID);
        assert_int_equal(last.kind, VTDPI_ADMIT_LOOKUP);
        assert_int_equal(last.index, entries - 1);
        assert_refused(admit(&x, vtdpi_msi_address(half, true), half, RID), 0x21, entries & 0xFFFF);
    }
}

/* VT-d, "Interrupt Requests in Remappable Format": handle and subhandle make a plain sum; by a
 * switch it wraps at 16 bits.
 *
 * @shows vtd.remap.index-wrap, vtd.fault.index
 */
static void test_iommu_rules__index_past_16_bits__is_21h_or_wraps(void **state)
{
    (void)state;
    fixture_t x = remapping(15, true);
    assert_refused(admit(&x, vtdpi_msi_address(0xFFFF, true), 3, RID), 0x21, 2);
    x.cfg.index_wrap16 = true;
    vtdpi_admit_t a = admit(&x, vtdpi_msi_address(0xFFFF, true), 3, RID);
    assert_int_equal(a.kind, VTDPI_ADMIT_LOOKUP);
    assert_int_equal(a.index, 2);
}

/* VT-d, "Interrupt Remapping Table Address Register": entry i lies at base + 16 i; nothing is read
 * above the host address width, which only a table can reach that is not aligned to its size.
 *
 * @shows vtd.remap.entry-read, vtd.remap.entry-above-haw
 */
static void test_iommu_rules__entry_address__stays_below_the_address_width(void **state)
{
    (void)state;
    fixture_t x = remapping(15, true);
    uint64_t paddr = 0;
    assert_true(vtdpi_iommu_irte_address(&x.unit, &x.cfg, 0x1234, &paddr));
    assert_true(paddr == TABLE_BASE + 0x12340);
    poke(&x, VTDPI_REG_IRTA, (UINT64_C(1) << x.cfg.haw) - 0x1000 + 15);
    command(&x, GCMD_SIRTP, 0);
    assert_true(vtdpi_iommu_irte_address(&x.unit, &x.cfg, 0xFF, &paddr));
    assert_false(vtdpi_iommu_irte_address(&x.unit, &x.cfg, 0x100, &paddr));
    x.cfg.haw = 64;
    poke(&x, VTDPI_REG_IRTA, UINT64_C(0xFFFFFFFFFFFFF00F));
    command(&x, GCMD_SIRTP, 0);
    assert_true(vtdpi_iommu_irte_address(&x.unit, &x.cfg, 0xFF, &paddr));
    assert_false(vtdpi_iommu_irte_address(&x.unit, &x.cfg, 0x100, &paddr));
}

/* VT-d, "Interrupt Remapping Hardware Operation": a good entry with IM = 0 sends its message,
 * 32-bit destination in x2APIC mode.
 *
 * @shows vtd.remap.formats, vtd.irte.message
 */
static void test_iommu_rules__good_remapped_entry__sends_its_message(void **state)
{
    (void)state;
    fixture_t x = remapping(15, true);
    vtdpi_irte_outcome_t got = check(&x, ENTRY_LO, ENTRY_HI, RID);
    vtdpi_intr_msg_t want = {.dest = 0x105, .vector = 0x31, .level = 1, .rh = 1, .wide = 1};
    assert_int_equal(got.kind, VTDPI_IRTE_REMAPPED);
    assert_memory_equal(&got.msg, &want, sizeof want);
}

/* VT-d, "Interrupt-Posting Hardware Operation": a good entry with IM = 1 names a descriptor, a
 * vector and URG.
 *
 * @shows vtd.remap.formats
 */
static void test_iommu_rules__good_posted_entry__names_its_descriptor(void **state)
{
    (void)state;
    fixture_t x = remapping(15, true);
    vtdpi_irte_outcome_t got = check(&x, POSTED_LO, POSTED_HI, RID);
    assert_int_equal(got.kind, VTDPI_IRTE_POSTED);
    assert_true(got.pid_paddr == UINT64_C(0x1234567840));
    assert_int_equal(got.vv, 0x41);
    assert_false(got.urg);
    assert_true(got.fault.record);
    got = check(&x, POSTED_LO | 0x4002, POSTED_HI, RID);
    assert_true(got.urg && !got.fault.record);
    assert_int_equal(got.fault.sid, RID);
    assert_int_equal(got.fault.index, INDEX);
}

/* VT-d, "Interrupt Remapping Hardware Operation": not present (22h) comes before source (26h),
 * source before reserved bits (24h). FPD withholds the record of each, P = 0 included.
 *
 * @shows vtd.remap.not-present, vtd.remap.source, vtd.remap.entry-reserved, vtd.remap.check-order,
 * vtd.fault.fpd
 */
static void test_iommu_rules__several_faults__first_in_specification_order(void **state)
{
    (void)state;
    fixture_t x = remapping(15, true);
    uint64_t bad = ENTRY_LO | RESERVED_BIT;
    for (unsigned fpd = 0; fpd < 2; fpd++) {
        uint64_t f = fpd != 0 ? 2 : 0;
        assert_blocked(check(&x, (bad & ~UINT64_C(1)) | f, ENTRY_HI, OTHER_RID), 0x22, fpd == 0);
        assert_blocked(check(&x, bad | f, ENTRY_HI, OTHER_RID), 0x26, fpd == 0);
        assert_blocked(check(&x, bad | f, ENTRY_HI, RID), 0x24, fpd == 0);
    }
}

/* *Choice:* switch irte_check_order lets the reserved bits win over the source, as two emulators
 * have it.
 *
 * @shows vtd.remap.check-order
 */
static void test_iommu_rules__reserved_first__gives_24h_for_a_doubly_wrong_entry(void **state)
{
    (void)state;
    fixture_t x = remapping(15, true);
    x.cfg.irte_check_order = VTDPI_CHECK_RESERVED_FIRST;
    assert_blocked(check(&x, ENTRY_LO | RESERVED_BIT, ENTRY_HI, OTHER_RID), 0x24, true);
    assert_blocked(check(&x, ENTRY_LO, ENTRY_HI, OTHER_RID), 0x26, true);
}

/* *Choice:* SVT = 11 is 26h, or by a switch 24h.
 *
 * @shows vtd.remap.svt-reserved
 */
static void test_iommu_rules__reserved_svt__is_26h_or_24h(void **state)
{
    (void)state;
    fixture_t x = remapping(15, true);
    assert_blocked(check(&x, ENTRY_LO, ENTRY_HI | 0xC0000, RID), 0x26, true);
    x.cfg.svt3_code = VTDPI_SVT3_24H;
    assert_blocked(check(&x, ENTRY_LO, ENTRY_HI | 0xC0000, RID), 0x24, true);
    assert_blocked(check(&x, ENTRY_LO, ENTRY_HI, OTHER_RID), 0x26, true);
}

/* VT-d, "Interrupt Remapping Table Entry (IRTE) for Posted Interrupts": without CAP.PI, IM = 1 is
 * 24h.
 *
 * @shows vtd.irte.im-without-pi, vtd.remap.entry-reserved
 */
static void test_iommu_rules__posted_entry_without_posting__is_24h(void **state)
{
    (void)state;
    fixture_t x = remapping(15, true);
    x.cfg.pi = false;
    assert_blocked(check(&x, POSTED_LO, POSTED_HI, RID), 0x24, true);
}

/* VT-d, "Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts": in xAPIC mode DST outside
 * bits 47:40 is reserved; the latched EIME decides.
 *
 * @shows vtd.irte.xapic-reserved, vtd.remap.entry-reserved
 */
static void test_iommu_rules__wide_destination_in_xapic_mode__is_24h(void **state)
{
    (void)state;
    fixture_t x = remapping(15, false);
    assert_blocked(check(&x, ENTRY_LO, ENTRY_HI, RID), 0x24, true);
    vtdpi_irte_outcome_t got = check(&x, UINT64_C(0x0000050000310009), ENTRY_HI, RID);
    assert_int_equal(got.kind, VTDPI_IRTE_REMAPPED);
    assert_int_equal(got.msg.dest, 5);
    assert_int_equal(got.msg.wide, 0);
}

/* *Choice:* a descriptor address at or above the host address width is an access error, 27h.
 *
 * @shows vtd.post.above-haw
 */
static void test_iommu_rules__descriptor_above_the_address_width__is_27h(void **state)
{
    (void)state;
    fixture_t x = remapping(15, true);
    uint64_t hi = (UINT64_C(1) << x.cfg.haw) & ~UINT64_C(0xFFFFFFFF);
    assert_blocked(check(&x, POSTED_LO, hi | 0x40018, RID), 0x27, true);
    assert_blocked(check(&x, POSTED_LO | 2, hi | 0x40018, RID), 0x27, false);
    assert_int_equal(check(&x, POSTED_LO, (hi >> 1) | 0x40018, RID).kind, VTDPI_IRTE_POSTED);
}

/* VT-d, "Interrupt-Posting Hardware Operation": reserved bits of the descriptor, with NDST by the
 * latched EIME and a switch.
 *
 * @shows vtd.post.reserved, vtd.pid.ndst-reserved
 */
static void test_iommu_rules__descriptor_check__follows_eime_and_the_switch(void **state)
{
    (void)state;
    const uint64_t clean[VTDPI_LINE_WORDS] = {[4] = UINT64_C(0x0000050000F20003)};
    const uint64_t wide[VTDPI_LINE_WORDS] = {[4] = UINT64_C(0x0000000500F20000)};
    const uint64_t dirty[VTDPI_LINE_WORDS] = {[7] = 1};
    fixture_t x = remapping(15, false);
    assert_true(vtdpi_iommu_check_pid(&x.unit, &x.cfg, clean));
    assert_false(vtdpi_iommu_check_pid(&x.unit, &x.cfg, wide));
    assert_false(vtdpi_iommu_check_pid(&x.unit, &x.cfg, dirty));
    x.cfg.pid_ndst_check = false;
    assert_true(vtdpi_iommu_check_pid(&x.unit, &x.cfg, wide));
    x = remapping(15, true);
    assert_true(vtdpi_iommu_check_pid(&x.unit, &x.cfg, wide));
}

/* VT-d, "Interrupt-Posting Hardware Operation": the notification is physical, fixed, edge,
 * asserted, without redirection.
 *
 * @shows vtd.post.notification
 */
static void test_iommu_rules__notification__is_physical_fixed_edge(void **state)
{
    (void)state;
    for (unsigned eime = 0; eime < 2; eime++) {
        fixture_t x = remapping(15, eime != 0);
        vtdpi_pid_post_t post = {
            .ndst = vtdpi_pid_ndst_encode(0x55, eime != 0), .nv = 0xF2, .notify = true};
        vtdpi_intr_msg_t want = {.dest = 0x55, .vector = 0xF2, .level = 1, .wide = (uint8_t)eime};
        vtdpi_intr_msg_t got = vtdpi_iommu_notification(&x.unit, &post);
        assert_memory_equal(&got, &want, sizeof got);
    }
}

/** What the manual says of each fault reason, typed in by hand. */
static const struct {
    uint8_t code;
    bool qualified, indexed;
} fault_rows[] = {{0x20, 0, 0}, {0x21, 0, 1}, {0x22, 1, 1}, {0x23, 0, 1}, {0x24, 1, 1},
                  {0x25, 0, 0}, {0x26, 1, 1}, {0x27, 1, 1}, {0x28, 1, 1}};

/* VT-d, "Interrupt Remapping Fault Conditions": which reasons FPD withholds, and which log the
 * index. Every row of the table has a case here.
 *
 * @shows vtd.fault.reasons, vtd.fault.unqualified, vtd.fault.fpd, vtd.fault.index
 */
static void test_iommu_rules__each_fault_reason__is_qualified_and_indexed_as_listed(void **state)
{
    (void)state;
    size_t rows = 0;
#define VTDPI_FAULT_ROW(code, NAME, name, qualified, logged, doc) rows++;
#include "vtdpi/fault.def"
#undef VTDPI_FAULT_ROW
    assert_int_equal(rows, sizeof fault_rows / sizeof fault_rows[0]);
    for (size_t i = 0; i < rows; i++) {
        uint8_t code = fault_rows[i].code;
        assert_int_equal(vtdpi_fault_qualified(code), fault_rows[i].qualified);
        vtdpi_fault_t f = vtdpi_iommu_fault(code, RID, 0x10005, true);
        assert_int_equal(f.record, !fault_rows[i].qualified);
        assert_int_equal(f.index, fault_rows[i].indexed ? 5 : 0);
        assert_true(vtdpi_iommu_fault(code, RID, 5, false).record);
    }
    assert_false(vtdpi_fault_qualified(VTDPI_FAULT_NONE));
}

/* VT-d, "Global Command Register": enabled without a table, the unit has two entries at address 0
 * (*Choice*).
 *
 * @shows vtd.regs.ire-without-table
 */
static void test_iommu_rules__enabled_without_a_table__has_two_entries_at_zero(void **state)
{
    (void)state;
    fixture_t x = fresh_with(vtdpi_iommu_cfg_default());
    assert_true((command(&x, GCMD_IRE, 0).effects & VTDPI_EFFECT_MISUSE) != 0);
    uint64_t paddr = 1;
    assert_int_equal(admit(&x, vtdpi_msi_address(1, false), 0, RID).kind, VTDPI_ADMIT_LOOKUP);
    assert_refused(admit(&x, vtdpi_msi_address(2, false), 0, RID), 0x21, 2);
    assert_true(vtdpi_iommu_irte_address(&x.unit, &x.cfg, 0, &paddr) && paddr == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iommu_rules__remapping_off__forwards_everything),
        cmocka_unit_test(test_iommu_rules__write_elsewhere__is_not_an_interrupt),
        cmocka_unit_test(
            test_iommu_rules__compatibility_format__passes_only_with_cfi_and_without_eime),
        cmocka_unit_test(test_iommu_rules__reserved_request_data__is_20h_before_the_index),
        cmocka_unit_test(test_iommu_rules__index_at_each_table_size__is_bounded),
        cmocka_unit_test(test_iommu_rules__index_past_16_bits__is_21h_or_wraps),
        cmocka_unit_test(test_iommu_rules__entry_address__stays_below_the_address_width),
        cmocka_unit_test(test_iommu_rules__good_remapped_entry__sends_its_message),
        cmocka_unit_test(test_iommu_rules__good_posted_entry__names_its_descriptor),
        cmocka_unit_test(test_iommu_rules__several_faults__first_in_specification_order),
        cmocka_unit_test(test_iommu_rules__reserved_first__gives_24h_for_a_doubly_wrong_entry),
        cmocka_unit_test(test_iommu_rules__reserved_svt__is_26h_or_24h),
        cmocka_unit_test(test_iommu_rules__posted_entry_without_posting__is_24h),
        cmocka_unit_test(test_iommu_rules__wide_destination_in_xapic_mode__is_24h),
        cmocka_unit_test(test_iommu_rules__descriptor_above_the_address_width__is_27h),
        cmocka_unit_test(test_iommu_rules__descriptor_check__follows_eime_and_the_switch),
        cmocka_unit_test(test_iommu_rules__notification__is_physical_fixed_edge),
        cmocka_unit_test(test_iommu_rules__each_fault_reason__is_qualified_and_indexed_as_listed),
        cmocka_unit_test(test_iommu_rules__enabled_without_a_table__has_two_entries_at_zero),
    };
    return cmocka_run_group_tests_name("iommu_rules", tests, NULL, NULL);
}

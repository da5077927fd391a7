/*
 * What goes wrong when software, tables or descriptors are not as they should be: the unit's part.
 */
#include "unit/iommu_bench.h"

/** A present entry for vector 31h to APIC 105h, for any requester; a posted one for descriptor 0.
 */
#define ENTRY UINT64_C(0x0000010500310009)

enum { RID = 0x18, VV = 0x41, NV = 0xF2, NDST = 0x105, INDEX = 5, IEC_GLOBAL = 4 };

static bench_t b;

static uint64_t posted_low(unsigned n, bool urg)
{
    uint64_t pid = bench_at(BENCH_PIDS + (n * VTDPI_LINE_BYTES));
    return pid << 32 | (uint64_t)VV << 16 | (urg ? 0xC001U : 0x8001U);
}

static bench_result_t request(void)
{
    return bench_request(&b, vtdpi_msi_address(INDEX, false), 0, RID);
}

static uint64_t reason(void)
{
    return VTDPI_GET(FRCD, FR, b.x.unit.arch.frcd[0]);
}

static void open_posted(vtdpi_pid_ctl_t ctl)
{
    bench_open(&b, vtdpi_iommu_cfg_default(), 7, true);
    bench_entry(&b, INDEX, posted_low(0, false), 0);
    bench_pid(&b, 0)[VTDPI_PID_CTL_WORD] = vtdpi_pid_ctl_make(ctl);
}

/* VT-d, "Interrupt Entry Cache": an entry that is changed in memory stays as it was cached until
 * an invalidation covers it.
 *
 * @shows vtd.iec.stale, vtd.iec.global, vtd.iec.selective */
static void test_iommu_hazards__entry_changed_without_invalidation__stays_stale(void **state)
{
    (void)state;
    bench_open(&b, vtdpi_iommu_cfg_default(), 7, true);
    bench_entry(&b, INDEX, ENTRY, 0);
    assert_int_equal(request().msg.vector, 0x31);
    bench_entry(&b, INDEX, ENTRY ^ 0x630000, 0);
    bench_result_t stale = request();
    assert_true(stale.hit && stale.msg.vector == 0x31);
    bench_submit(&b, IEC_GLOBAL | 0x10 | (uint64_t)(INDEX + 1) << 32, 0);
    assert_int_equal(request().msg.vector, 0x31);
    bench_submit(&b, IEC_GLOBAL | 0x10 | (uint64_t)INDEX << 32, 0);
    bench_result_t fresh = request();
    assert_true(!fresh.hit && fresh.msg.vector == 0x52);
    bench_entry(&b, INDEX, 0, 0);
    assert_int_equal(request().end, BENCH_SENT);
    bench_submit(&b, IEC_GLOBAL, 0);
    assert_int_equal(request().end, BENCH_BLOCKED);
    assert_int_equal(reason(), 0x22);
}

/* VT-d, "Caching Mode": an entry that was not present, or faulty, needs no invalidation when it is
 * made good; with CAP.CM = 1 it does.
 *
 * @shows vtd.iec.not-present */
static void test_iommu_hazards__faulty_entry_repaired__needs_invalidation_only_with_cm(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
        cfg.cm = i % 2 != 0;
        bench_open(&b, cfg, 7, true);
        bench_entry(&b, INDEX, i < 2 ? 0 : ENTRY | 0x1000, 0);
        assert_int_equal(request().end, BENCH_BLOCKED);
        bench_entry(&b, INDEX, ENTRY, 0);
        assert_int_equal(request().end, cfg.cm ? BENCH_BLOCKED : BENCH_SENT);
        bench_submit(&b, IEC_GLOBAL, 0);
        assert_int_equal(request().end, BENCH_SENT);
    }
}

/* VT-d, "Interrupt Remapping Hardware Operation": the unit reads all 128 bits in one access, so an
 * entry that software writes in halves is used with one half new between the two writes: here the
 * descriptor's address is put together from two entries.
 *
 * @shows vtd.remap.entry-read */
static void test_iommu_hazards__entry_written_in_halves__is_seen_torn(void **state)
{
    (void)state;
    bench_open(&b, vtdpi_iommu_cfg_default(), 7, true);
    bench_entry(&b, INDEX, ENTRY, 0);
    uint64_t *entry = &b.ram[2 * INDEX];
    assert_int_equal(request().end, BENCH_SENT);
    bench_submit(&b, IEC_GLOBAL, 0);
    /* The new entry posts to a descriptor above 4 GiB: PDAH is 1. */
    entry[0] = posted_low(0, false);
    bench_result_t torn = request();
    assert_int_equal(torn.end, BENCH_POSTED);
    assert_true(bench_pid(&b, 0)[VV / 64] == UINT64_C(1) << (VV % 64));
    entry[1] = UINT64_C(1) << 32;
    /* Without an invalidation the torn entry goes on. */
    assert_int_equal(request().end, BENCH_POSTED);
    bench_submit(&b, IEC_GLOBAL, 0);
    assert_int_equal(request().end, BENCH_BLOCKED);
    assert_int_equal(reason(), 0x27);
}

/* VT-d, "Interrupt Remapping Hardware Operation": a table where no memory answers is 23h, whatever
 * FPD may have been meant; one that reaches the host address width is 21h, and nothing is read.
 *
 * @shows vtd.remap.entry-error, vtd.remap.entry-above-haw */
static void test_iommu_hazards__table_beyond_memory__is_23h_or_21h(void **state)
{
    (void)state;
    bench_open(&b, vtdpi_iommu_cfg_default(), 15, true);
    bench_result_t r = bench_request(&b, vtdpi_msi_address(0x1000, false), 0, RID);
    assert_true(r.end == BENCH_BLOCKED && r.record.recorded);
    assert_int_equal(reason(), 0x23);
    assert_int_equal(VTDPI_GET(FRCD, INDEX, b.x.unit.arch.frcd[0]), 0x1000);
    bench_open(&b, vtdpi_iommu_cfg_default(), 15, true);
    poke(&b.x, VTDPI_REG_IRTA, ((UINT64_C(1) << b.x.cfg.haw) - 0x1000) | 0x80F);
    command(&b.x, (uint32_t)GCMD_SIRTP, 0);
    r = bench_request(&b, vtdpi_msi_address(0x1000, false), 0, RID);
    assert_true(r.end == BENCH_BLOCKED && r.record.recorded);
    assert_int_equal(reason(), 0x21);
}

/** Repairs what fault [code] complains of. */
static void repair(uint8_t code, uint64_t *addr, uint32_t *data)
{
    uint64_t *entry = &b.ram[2 * INDEX];
    switch (code) {
    case 0x25: /* in remappable format */
        *addr = vtdpi_msi_address(0x7000, true);
        break;
    case 0x20: /* data[31:16] */
        *data = 0;
        break;
    case 0x21: /* a table of the greatest size */
        poke(&b.x, VTDPI_REG_IRTA, TABLE_BASE | 0x80F);
        command(&b.x, (uint32_t)GCMD_SIRTP, 0);
        break;
    case 0x23: /* an index in memory */
        *addr = vtdpi_msi_address(INDEX, true);
        break;
    case 0x22: /* P */
        entry[0] |= 1;
        break;
    case 0x26: /* SID */
        entry[1] ^= 1;
        break;
    case 0x24: /* reserved bit */
        entry[0] ^= 4;
        break;
    case 0x27: /* PDAH */
        entry[1] &= UINT32_MAX;
        break;
    default: /* 28h: reserved bit of the descriptor */
        bench_pid(&b, 0)[5] = 0;
        break;
    }
}

/* VT-d, "Interrupt Remapping Fault Conditions": a request with which everything is wrong, repaired
 * one thing at a time, shows the reasons in the order of the manual, each recorded but where FPD
 * withholds it; at last it is posted.
 *
 * @shows vtd.fault.reasons, vtd.fault.fpd, vtd.fault.unqualified, vtd.remap.compatibility,
 * vtd.remap.request-reserved, vtd.remap.index-bound, vtd.remap.entry-error, vtd.remap.not-present,
 * vtd.remap.source, vtd.remap.entry-reserved, vtd.post.access-error, vtd.post.reserved
 */
static void test_iommu_hazards__everything_wrong__faults_in_the_manuals_order(void **state)
{
    (void)state;

    static const struct {
        uint8_t code;
        bool qualified;
    } order[] = {{0x25, false}, {0x20, false}, {0x21, false}, {0x23, false}, {0x22, true},
                 {0x26, true},  {0x24, true},  {0x27, true},  {0x28, true}};

    for (unsigned fpd = 0; fpd < 2; fpd++) {
        bench_open(&b, vtdpi_iommu_cfg_default(), 7, true);
        bench_entry(&b, INDEX, (posted_low(0, false) ^ 5) | (fpd != 0 ? 2U : 0U),
                    UINT64_C(0x100040000) | (RID ^ 1));
        bench_pid(&b, 0)[5] = 1;
        uint64_t addr = 0xFEE00008;
        uint32_t data = 0x10000;
        for (unsigned i = 0; i < sizeof order / sizeof order[0]; i++) {
            bench_result_t r = bench_request(&b, addr, data, RID);
            assert_int_equal(r.end, BENCH_BLOCKED);
            assert_int_equal(r.fault.code, order[i].code);
            bool recorded = fpd == 0 || !order[i].qualified;
            assert_int_equal(r.record.recorded, recorded);
            assert_int_equal(peek(&b.x, VTDPI_REG_FSTS) & 2, recorded ? 2 : 0);
            assert_true(!recorded || reason() == order[i].code);
            (void)bench_write(&b, VTDPI_FRCD_OFFSET + 8, 8, UINT64_C(1) << 63);
            repair(order[i].code, &addr, &data);
            bench_submit(&b, IEC_GLOBAL, 0);
        }
        assert_int_equal(bench_request(&b, addr, data, RID).end, BENCH_POSTED);
        assert_true(bench_pid(&b, 0)[VV / 64] == UINT64_C(1) << (VV % 64));
    }
}

/* VT-d, "Interrupt-Posting Hardware Operation": a descriptor where no memory answers is 27h, which
 * FPD withholds; the request is blocked either way.
 *
 * @shows vtd.post.access-error, vtd.fault.fpd */
static void test_iommu_hazards__descriptor_that_does_not_answer__is_27h(void **state)
{
    (void)state;
    for (unsigned fpd = 0; fpd < 2; fpd++) {
        bench_open(&b, vtdpi_iommu_cfg_default(), 7, true);
        bench_entry(&b, INDEX, (posted_low(0, false) & UINT32_MAX) | (fpd != 0 ? 2U : 0U), 0);
        bench_result_t r = request();
        assert_int_equal(r.end, BENCH_BLOCKED);
        assert_int_equal(r.fault.code, 0x27);
        assert_int_equal(r.record.recorded, fpd == 0);
        assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), fpd == 0 ? 2 : 0);
    }
}

/* VT-d, "Interrupt-Posting Hardware Operation": a reserved bit in the descriptor is 28h, which FPD
 * withholds, and the line stays as it was.
 *
 * @shows vtd.post.reserved, vtd.fault.fpd */
static void test_iommu_hazards__descriptor_with_reserved_bit__is_28h_and_stays(void **state)
{
    (void)state;
    for (unsigned fpd = 0; fpd < 2; fpd++) {
        open_posted((vtdpi_pid_ctl_t){.ndst = NDST, .nv = NV});
        b.ram[2 * INDEX] |= fpd != 0 ? 2U : 0U;
        bench_pid(&b, 0)[6] = 1;
        uint64_t before[VTDPI_LINE_WORDS];
        memcpy(before, bench_pid(&b, 0), sizeof before);
        bench_result_t r = request();
        assert_int_equal(r.end, BENCH_BLOCKED);
        assert_int_equal(r.fault.code, 0x28);
        assert_int_equal(r.record.recorded, fpd == 0);
        assert_memory_equal(before, bench_pid(&b, 0), sizeof before);
    }
}

/* VT-d, "Interrupt-Posting Hardware Operation": the unit knows no CPUs: the notification goes to
 * the ID that NDST holds, and ON stays 1, so that nothing further is sent until software clears
 * it.
 *
 * @shows vtd.post.notification, vtd.post.coalesced */
static void test_iommu_hazards__ndst_of_an_absent_cpu__is_notified_once(void **state)
{
    (void)state;
    open_posted((vtdpi_pid_ctl_t){.ndst = 0xFFFF, .nv = NV});
    bench_result_t r = request();
    assert_true(r.end == BENCH_POSTED && r.notified);
    assert_int_equal(r.msg.dest, 0xFFFF);
    for (unsigned i = 0; i < 3; i++) {
        r = request();
        assert_true(r.end == BENCH_POSTED && !r.notified);
    }
    bench_pid(&b, 0)[VTDPI_PID_CTL_WORD] &= ~VTDPI_PID_ON;
    assert_true(request().notified);
}

/* VT-d, "Interrupt-Posting Hardware Operation": an NV below 16 is sent as it stands; what it does
 * at its APIC is the APIC's business, and ON stays 1.
 *
 * @shows vtd.post.low-vectors */
static void test_iommu_hazards__nv_below_16__is_sent_and_on_stays(void **state)
{
    (void)state;
    for (unsigned nv = 0; nv < 16; nv++) {
        open_posted((vtdpi_pid_ctl_t){.ndst = NDST, .nv = (uint8_t)nv});
        bench_result_t r = request();
        assert_true(r.notified && r.msg.vector == nv);
        assert_int_equal(r.msg.delivery_mode, VTDPI_DLM_FIXED);
        assert_true(vtdpi_pid_ctl_read(bench_pid(&b, 0)[VTDPI_PID_CTL_WORD]).on);
        assert_false(request().notified);
    }
}

/* VT-d, "Interrupt-Posting Hardware Operation": NV and NDST count from the next post on; no
 * invalidation is needed, for the descriptor is not cached.
 *
 * @shows vtd.post.sampled */
static void test_iommu_hazards__descriptor_changed__counts_at_once(void **state)
{
    (void)state;
    open_posted((vtdpi_pid_ctl_t){.ndst = NDST, .nv = NV});
    bench_result_t old = request();
    bench_pid(&b, 0)[VTDPI_PID_CTL_WORD] =
        vtdpi_pid_ctl_make((vtdpi_pid_ctl_t){.ndst = 7, .nv = 0xF1});
    bench_result_t moved = request();
    assert_true(moved.hit && moved.notified);
    assert_true(moved.msg.dest == 7 && moved.msg.vector == 0xF1);
    assert_true(old.msg.dest == NDST && old.msg.vector == NV);
}

/* VT-d, "Interrupt-Posting Hardware Operation": SN holds the notification back and leaves ON at 0;
 * clearing SN sends nothing of itself; URG goes past SN.
 *
 * @shows vtd.post.suppressed, vtd.post.urgent */
static void test_iommu_hazards__sn_cleared__makes_up_for_nothing(void **state)
{
    (void)state;
    open_posted((vtdpi_pid_ctl_t){.ndst = NDST, .nv = NV, .sn = true});
    assert_false(request().notified);
    uint64_t *control = &bench_pid(&b, 0)[VTDPI_PID_CTL_WORD];
    assert_false(vtdpi_pid_ctl_read(*control).on);
    *control &= ~VTDPI_PID_SN;
    assert_true(bench_pid(&b, 0)[VV / 64] != 0);
    assert_true(request().notified);
    open_posted((vtdpi_pid_ctl_t){.ndst = NDST, .nv = NV, .sn = true});
    bench_entry(&b, INDEX, posted_low(0, true), 0);
    assert_true(request().notified);
}

/* VT-d, "Global Command Register", SIRTP: until software invalidates, entries of the old table are
 * used; with CAP.ESIRTPS = 1 the command has done it.
 *
 * @shows vtd.iec.sirtp */
static void test_iommu_hazards__new_table_without_invalidation__old_entries_go_on(void **state)
{
    (void)state;
    for (unsigned esirtps = 0; esirtps < 2; esirtps++) {
        vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
        cfg.esirtps = esirtps != 0;
        bench_open(&b, cfg, 7, true);
        bench_entry(&b, INDEX, ENTRY, 0);
        bench_entry(&b, 0x100 + INDEX, ENTRY ^ 0x630000, 0);
        assert_int_equal(request().msg.vector, 0x31);
        poke(&b.x, VTDPI_REG_IRTA, bench_at(0x1000) | 0x807);
        uint64_t levels = peek(&b.x, VTDPI_REG_GSTS) & UINT64_C(0x96800000);
        (void)bench_write(&b, 0x18, 4, levels | GCMD_SIRTP);
        assert_int_equal(request().msg.vector, esirtps != 0 ? 0x52 : 0x31);
        bench_submit(&b, IEC_GLOBAL, 0);
        assert_int_equal(request().msg.vector, 0x52);
    }
}

/* VT-d, "Primary Fault Logging": PFO that software leaves set hides every later condition.
 *
 * @shows vtd.fault.hidden */
static void test_iommu_hazards__overflow_left_set__hides_what_follows(void **state)
{
    (void)state;
    bench_open(&b, vtdpi_iommu_cfg_default(), 7, true);
    poke(&b.x, VTDPI_REG_FECTL, 0);
    (void)request();
    (void)request();
    assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), 3);
    assert_int_equal(b.events, 1);
    (void)bench_write(&b, VTDPI_FRCD_OFFSET + 8, 8, UINT64_C(1) << 63);
    assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), 1);
    (void)request();
    bench_submit(&b, 0, 0);
    assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), 0x11);
    assert_int_equal(b.events, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iommu_hazards__entry_changed_without_invalidation__stays_stale),
        cmocka_unit_test(
            test_iommu_hazards__faulty_entry_repaired__needs_invalidation_only_with_cm),
        cmocka_unit_test(test_iommu_hazards__entry_written_in_halves__is_seen_torn),
        cmocka_unit_test(test_iommu_hazards__table_beyond_memory__is_23h_or_21h),
        cmocka_unit_test(test_iommu_hazards__everything_wrong__faults_in_the_manuals_order),
        cmocka_unit_test(test_iommu_hazards__descriptor_that_does_not_answer__is_27h),
        cmocka_unit_test(test_iommu_hazards__descriptor_with_reserved_bit__is_28h_and_stays),
        cmocka_unit_test(test_iommu_hazards__ndst_of_an_absent_cpu__is_notified_once),
        cmocka_unit_test(test_iommu_hazards__nv_below_16__is_sent_and_on_stays),
        cmocka_unit_test(test_iommu_hazards__descriptor_changed__counts_at_once),
        cmocka_unit_test(test_iommu_hazards__sn_cleared__makes_up_for_nothing),
        cmocka_unit_test(test_iommu_hazards__new_table_without_invalidation__old_entries_go_on),
        cmocka_unit_test(test_iommu_hazards__overflow_left_set__hides_what_follows),
    };
    return cmocka_run_group_tests_name("iommu_hazards", tests, NULL, NULL);
}

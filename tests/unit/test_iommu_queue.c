/*
 * The invalidation queue: descriptors, head and tail, errors, wait completion.
 */
#include "iommu_fixture.h"

static fixture_t queue_with(unsigned qs, bool wide)
{
    fixture_t x = fresh_with(vtdpi_iommu_cfg_default());
    poke(&x, VTDPI_REG_IQA, QUEUE_BASE | (wide ? 0x800U : 0U) | qs);
    command(&x, GCMD_QIE, 0);
    return x;
}

static vtdpi_queue_next_t next(const fixture_t *x)
{
    return vtdpi_iommu_queue_next(&x->unit, &x->cfg);
}

static vtdpi_iqd_t narrow(uint64_t lo, uint64_t hi)
{
    const uint64_t w[2] = {lo, hi};
    return vtdpi_iqd_decode(w, false, 15);
}

static void assert_invalid(vtdpi_iqd_t d, uint8_t error)
{
    assert_int_equal(d.kind, VTDPI_IQD_INVALID);
    assert_int_equal(d.error, error);
}

/* VT-d, "Interrupt Entry Cache Invalidate Descriptor": worked value.
 *
 * @shows vtd.queue.iec-layout, vtd.iec.selective, vtd.iec.global
 */
static void test_iommu_queue__iec_descriptor__has_the_worked_value(void **state)
{
    (void)state;
    vtdpi_iqd_t d = narrow(UINT64_C(0x0000004010000014), 0);
    assert_int_equal(d.kind, VTDPI_IQD_IEC);
    assert_true(d.g);
    assert_int_equal(d.iidx, 0x40);
    assert_int_equal(d.im, 2);
    fixture_t x = queue_with(0, false);
    const uint64_t irte[2] = {1, 0};
    for (uint32_t i = 0x3F; i <= 0x44; i++) {
        vtdpi_iec_insert(&x.unit, x.iec, &x.cfg, i, irte);
    }
    vtdpi_iommu_queue_iec(x.iec, &x.cfg, &d);
    uint64_t out[2];
    for (uint32_t i = 0x3F; i <= 0x44; i++) {
        assert_int_equal(vtdpi_iec_lookup(x.iec, &x.cfg, i, out), i < 0x40 || i > 0x43);
    }
    d = narrow(4, 0);
    vtdpi_iommu_queue_iec(x.iec, &x.cfg, &d);
    assert_false(vtdpi_iec_lookup(x.iec, &x.cfg, 0x3F, out));
}

/* VT-d, "Invalidation Wait Descriptor": worked value; each flag.
 *
 * @shows vtd.queue.wait-layout, vtd.queue.fence
 */
static void test_iommu_queue__wait_descriptor__has_the_worked_value(void **state)
{
    (void)state;
    vtdpi_iqd_t d = narrow(UINT64_C(0x0000000200000025), UINT64_C(0x123456789ABCDEF0));
    assert_int_equal(d.kind, VTDPI_IQD_WAIT);
    assert_true(d.sw && !d.intr && !d.fn);
    assert_int_equal(d.status_data, 2);
    assert_true(d.status_paddr == UINT64_C(0x123456789ABCDEF0));
    d = narrow(0x15, 0);
    assert_true(d.intr && !d.sw && !d.fn);
    d = narrow(0x45, 0);
    assert_true(d.fn && !d.intr && !d.sw);
    assert_true(narrow(0x75, 0).kind == VTDPI_IQD_WAIT);
}

/* VT-d, both descriptors: each reserved bit alone is error 4; bits 11:9 belong to the type,
 * error 3. Masks typed by hand.
 *
 * @shows vtd.queue.iec-layout, vtd.queue.wait-layout, vtd.queue.types, vtd.queue.page-drain
 */
static void test_iommu_queue__each_descriptor_bit_alone__is_reserved_or_not(void **state)
{
    (void)state;
    const uint64_t iec[2] = {UINT64_C(0xFFFF000007FFF1E0), UINT64_MAX};
    const uint64_t wait[2] = {UINT64_C(0x00000000FFFFF100), 3};
    for (unsigned bit = 4; bit < 128; bit++) {
        bool is_type = bit >= 9 && bit <= 11;
        uint64_t w[2] = {0, 0};
        w[bit / 64] = UINT64_C(1) << (bit % 64);
        for (unsigned type = 4; type <= 5; type++) {
            vtdpi_iqd_t d = narrow(w[0] | type, w[1]);
            bool reserved = (w[bit / 64] & (type == 4 ? iec : wait)[bit / 64]) != 0;
            if (is_type) {
                assert_invalid(d, 3);
            } else if (reserved) {
                assert_invalid(d, 4);
            } else {
                assert_int_equal(d.kind, type == 4 ? VTDPI_IQD_IEC : VTDPI_IQD_WAIT);
            }
        }
    }
}

/* VT-d, "Invalidation Queue Interface": the types; those of DMA do nothing, those that need a PASID
 * do not exist here.
 *
 * @shows vtd.queue.types, vtd.queue.dma-types
 */
static void test_iommu_queue__each_type__is_known_or_error_3(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 128; type++) {
        uint64_t w = (type & 15U) | (uint64_t)(type >> 4U) << 9U;
        vtdpi_iqd_t d = narrow(w, 0);
        assert_int_equal(d.type, type);
        if (type == 4 || type == 5) {
            assert_int_equal(d.kind, type == 4 ? VTDPI_IQD_IEC : VTDPI_IQD_WAIT);
        } else if (type >= 1 && type <= 3) {
            assert_int_equal(d.kind, VTDPI_IQD_DMA);
        } else {
            assert_invalid(d, VTDPI_IQEI_TYPE);
        }
    }
}

/* VT-d, "Extended Capability Register", MHMV: a greater index mask is a reserved field (*Choice*);
 * global ignores it.
 *
 * @shows vtd.queue.mhmv
 */
static void test_iommu_queue__index_mask__is_bounded_by_mhmv(void **state)
{
    (void)state;
    const uint64_t ok[2] = {UINT64_C(0x14) | 3U << 27U, 0};
    const uint64_t bad[2] = {UINT64_C(0x14) | 4U << 27U, 0};
    const uint64_t global[2] = {UINT64_C(0x04) | 4U << 27U, 0};
    assert_int_equal(vtdpi_iqd_decode(ok, false, 3).im, 3);
    assert_invalid(vtdpi_iqd_decode(bad, false, 3), VTDPI_IQEI_RESERVED);
    assert_int_equal(vtdpi_iqd_decode(global, false, 3).kind, VTDPI_IQD_IEC);
}

/* VT-d, "Invalidation Queue Interface": the upper half of a 256-bit descriptor is reserved.
 *
 * @shows vtd.queue.wide-reserved
 */
static void test_iommu_queue__wide_descriptor__upper_half_is_reserved(void **state)
{
    (void)state;
    for (unsigned word = 2; word < 4; word++) {
        uint64_t w[4] = {5, 0, 0, 0};
        assert_int_equal(vtdpi_iqd_decode(w, true, 15).kind, VTDPI_IQD_WAIT);
        w[word] = 1;
        assert_invalid(vtdpi_iqd_decode(w, true, 15), VTDPI_IQEI_RESERVED);
        w[0] = 4;
        assert_invalid(vtdpi_iqd_decode(w, true, 15), VTDPI_IQEI_RESERVED);
        assert_int_equal(vtdpi_iqd_decode(w, false, 15).kind, VTDPI_IQD_IEC);
    }
}

/* VT-d, "Queued Invalidation Interface": head runs to the tail in steps of a descriptor and wraps
 * at the queue's size.
 *
 * @shows vtd.queue.runs, vtd.queue.head, vtd.queue.size, vtd.queue.width
 */
static void test_iommu_queue__head__wraps_at_each_queue_size(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        bool wide = i % 2 != 0;
        uint32_t bytes = wide ? 32 : 16;
        uint32_t size = UINT32_C(4096) << (i / 2);
        fixture_t x = queue_with(i / 2, wide);
        assert_int_equal(next(&x).kind, VTDPI_QUEUE_IDLE);
        poke(&x, VTDPI_REG_IQT, size - bytes);
        for (uint32_t at = 0; at < size - bytes; at += bytes) {
            vtdpi_queue_next_t n = next(&x);
            assert_int_equal(n.kind, VTDPI_QUEUE_FETCH);
            assert_int_equal(n.bytes, bytes);
            assert_true(n.paddr == QUEUE_BASE + at);
            vtdpi_iommu_queue_advance(&x.unit);
        }
        assert_int_equal(next(&x).kind, VTDPI_QUEUE_IDLE);
        poke(&x, VTDPI_REG_IQT, 0);
        assert_int_equal(next(&x).kind, VTDPI_QUEUE_FETCH);
        vtdpi_iommu_queue_advance(&x.unit);
        assert_int_equal(peek(&x, VTDPI_REG_IQH), 0);
        assert_int_equal(next(&x).kind, VTDPI_QUEUE_IDLE);
    }
}

/* VT-d, "Invalidation Queue Tail Register": a tail outside the ring is error 1, a misaligned one
 * error 6.
 *
 * @shows vtd.queue.tail-error
 */
static void test_iommu_queue__bad_tail__is_an_error(void **state)
{
    (void)state;
    fixture_t x = queue_with(0, false);
    poke(&x, VTDPI_REG_IQT, 4096);
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_ERROR);
    assert_int_equal(next(&x).error, VTDPI_IQEI_TAIL_INVALID);
    x = queue_with(0, true);
    poke(&x, VTDPI_REG_IQT, 0x10);
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_ERROR);
    assert_int_equal(next(&x).error, VTDPI_IQEI_TAIL_MISALIGNED);
}

/* VT-d, "Queued Invalidation Interface": a queue above the host address width cannot be fetched,
 * error 2.
 *
 * @shows vtd.queue.fetch-error
 */
static void test_iommu_queue__queue_above_the_address_width__is_a_fetch_error(void **state)
{
    (void)state;
    fixture_t x = queue_with(0, false);
    poke(&x, VTDPI_REG_IQA, UINT64_C(1) << x.cfg.haw);
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_IDLE);
    poke(&x, VTDPI_REG_IQT, 0x10);
    assert_int_equal(next(&x).error, VTDPI_IQEI_FETCH);
    poke(&x, VTDPI_REG_IQT, 0x1000);
    assert_int_equal(next(&x).error, VTDPI_IQEI_TAIL_INVALID);
}

/* VT-d, "Queued Invalidation Interface": with 64 address bits a queue cannot wrap to address 0.
 *
 * @shows vtd.queue.fetch-error
 */
static void test_iommu_queue__queue_past_the_last_address__is_a_fetch_error(void **state)
{
    (void)state;
    fixture_t x = queue_with(0, false);
    x.cfg.haw = 64;
    poke(&x, VTDPI_REG_IQA, UINT64_C(0xFFFFFFFFFFFFF001));
    poke(&x, VTDPI_REG_IQT, 0x1010);
    for (unsigned i = 0; i < 0x100; i++) {
        assert_int_equal(next(&x).kind, VTDPI_QUEUE_FETCH);
        vtdpi_iommu_queue_advance(&x.unit);
    }
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_ERROR);
    assert_int_equal(next(&x).error, VTDPI_IQEI_FETCH);
}

/* VT-d, "Invalidation Queue Error Record Register": 256-bit descriptors on a unit without them are
 * error 5, before the tail is looked at.
 *
 * @shows vtd.queue.width-error
 */
static void test_iommu_queue__width_that_the_unit_has_not__is_error_5(void **state)
{
    (void)state;
    fixture_t x = queue_with(0, true);
    x.cfg.wide_queue = false;
    poke(&x, VTDPI_REG_IQT, 0x10);
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_ERROR);
    assert_int_equal(next(&x).error, VTDPI_IQEI_WIDTH);
    poke(&x, VTDPI_REG_IQA, QUEUE_BASE);
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_FETCH);
}

/* VT-d, "Invalidation Queue Head Register": bit 4 reads 0 with 256-bit descriptors, and they are
 * fetched from there.
 *
 * @shows vtd.regs.iqh-wide
 */
static void test_iommu_queue__head_in_the_middle_of_a_wide_descriptor__reads_aligned(void **state)
{
    (void)state;
    fixture_t x = queue_with(0, false);
    poke(&x, VTDPI_REG_IQT, 0x40);
    for (unsigned i = 0; i < 3; i++) {
        vtdpi_iommu_queue_advance(&x.unit);
    }
    assert_int_equal(peek(&x, VTDPI_REG_IQH), 0x30);
    poke(&x, VTDPI_REG_IQA, QUEUE_BASE | 0x800);
    assert_int_equal(peek(&x, VTDPI_REG_IQH), 0x20);
    assert_true(next(&x).paddr == QUEUE_BASE + 0x20);
    vtdpi_iommu_queue_advance(&x.unit);
    assert_int_equal(peek(&x, VTDPI_REG_IQH), 0x40);
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_IDLE);
}

/* VT-d, "Fault Status Register", ITE: it stops the queue as IQE does, and clearing it lets the
 * queue go on. No device answers too late here, so the bit is set by hand.
 *
 * @shows vtd.queue.runs
 */
static void test_iommu_queue__time_out_error__stops_the_queue_too(void **state)
{
    (void)state;
    fixture_t x = queue_with(0, false);
    poke(&x, VTDPI_REG_IQT, 0x10);
    x.unit.arch.reg[VTDPI_REG_FSTS] |= 0x40;
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_IDLE);
    assert_int_equal(poke(&x, VTDPI_REG_FSTS, 0x40).effects, VTDPI_EFFECT_QUEUE);
    assert_int_equal(peek(&x, VTDPI_REG_FSTS), 0);
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_FETCH);
}

/* VT-d, "Fault Status Register", IQE: the queue stops with its head where it was, says why, and
 * goes on when software clears IQE.
 *
 * @shows vtd.queue.error, vtd.queue.resume
 */
static void test_iommu_queue__error__stops_until_iqe_is_cleared(void **state)
{
    (void)state;
    fixture_t x = queue_with(0, false);
    poke(&x, VTDPI_REG_IQT, 0x20);
    vtdpi_iommu_queue_advance(&x.unit);
    vtdpi_iommu_event_t e = vtdpi_iommu_queue_error(&x.unit, &x.cfg, VTDPI_IQEI_TYPE);
    assert_false(e.send);
    assert_int_equal(peek(&x, VTDPI_REG_FSTS), 0x10);
    assert_int_equal(peek(&x, VTDPI_REG_IQERCD), 3);
    assert_true(peek(&x, VTDPI_REG_FECTL) == 0xC0000000);
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_IDLE);
    assert_int_equal(peek(&x, VTDPI_REG_IQH), 0x10);
    assert_int_equal(poke(&x, VTDPI_REG_FSTS, 0x10).effects, VTDPI_EFFECT_QUEUE);
    assert_true(peek(&x, VTDPI_REG_FECTL) == 0x80000000);
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_FETCH);
    assert_true(next(&x).paddr == QUEUE_BASE + 0x10);
}

/* VT-d, "Fault Event Control Register": IQE raises the event; while any status bit is set a further
 * one is no new condition.
 *
 * @shows vtd.queue.error-event, vtd.fault.hidden
 */
static void test_iommu_queue__error__raises_the_fault_event_once(void **state)
{
    (void)state;
    fixture_t x = queue_with(0, false);
    poke(&x, VTDPI_REG_FEADDR, 0xFEE01000);
    poke(&x, VTDPI_REG_FEDATA, 0x51);
    poke(&x, VTDPI_REG_FECTL, 0);
    vtdpi_iommu_event_t e = vtdpi_iommu_queue_error(&x.unit, &x.cfg, VTDPI_IQEI_TYPE);
    assert_true(e.send && e.msg.vector == 0x51 && e.msg.dest == 1);
    assert_false(vtdpi_iommu_queue_error(&x.unit, &x.cfg, VTDPI_IQEI_TYPE).send);
    assert_int_equal(peek(&x, VTDPI_REG_FECTL), 0);
}

/* VT-d, "Global Command Register", QIE: clearing it stops the queue and resets the head.
 *
 * @shows vtd.queue.disabled, vtd.queue.runs, vtd.queue.tail
 */
static void test_iommu_queue__disabled__stops_and_resets_the_head(void **state)
{
    (void)state;
    fixture_t x = queue_with(0, false);
    assert_int_equal(poke(&x, VTDPI_REG_IQT, 0x20).effects, VTDPI_EFFECT_QUEUE);
    vtdpi_iommu_queue_advance(&x.unit);
    command(&x, 0, GCMD_QIE);
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_IDLE);
    assert_int_equal(peek(&x, VTDPI_REG_IQH), 0);
    assert_int_equal(peek(&x, VTDPI_REG_GSTS), 0);
    assert_int_equal(command(&x, GCMD_QIE, 0).effects, VTDPI_EFFECT_QUEUE);
    assert_int_equal(next(&x).kind, VTDPI_QUEUE_FETCH);
}

/* VT-d, "Invalidation Event Control Register": a wait with IF sets IWC and sends; with IWC set
 * already nothing new arises; a wait without IF does neither.
 *
 * @shows vtd.queue.wait-event, vtd.queue.wait-event-once
 */
static void test_iommu_queue__wait_with_if__raises_the_event_once(void **state)
{
    (void)state;
    fixture_t x = queue_with(0, false);
    poke(&x, VTDPI_REG_IEADDR, 0xFEE02000);
    poke(&x, VTDPI_REG_IEDATA, 0x52);
    poke(&x, VTDPI_REG_IECTL, 0);
    vtdpi_iqd_t quiet = narrow(0x25, 0);
    vtdpi_iqd_t loud = narrow(0x35, 0);
    assert_false(vtdpi_iommu_wait_complete(&x.unit, &quiet).send);
    assert_int_equal(peek(&x, VTDPI_REG_ICS), 0);
    vtdpi_iommu_event_t e = vtdpi_iommu_wait_complete(&x.unit, &loud);
    assert_true(e.send && e.msg.vector == 0x52 && e.msg.dest == 2);
    assert_int_equal(peek(&x, VTDPI_REG_ICS), 1);
    assert_false(vtdpi_iommu_wait_complete(&x.unit, &loud).send);
    poke(&x, VTDPI_REG_ICS, 1);
    assert_true(vtdpi_iommu_wait_complete(&x.unit, &loud).send);
}

/* VT-d, "Invalidation Event Control Register": masked it stays pending, goes when unmasked, and is
 * dropped when software clears IWC first.
 *
 * @shows vtd.event.invalidation-serviced, vtd.event.mask, vtd.event.unmask
 */
static void test_iommu_queue__masked_event__is_pending_until_unmasked_or_cleared(void **state)
{
    (void)state;
    fixture_t x = queue_with(0, false);
    vtdpi_iqd_t loud = narrow(0x15, 0);
    assert_false(vtdpi_iommu_wait_complete(&x.unit, &loud).send);
    assert_true(peek(&x, VTDPI_REG_IECTL) == 0xC0000000);
    assert_true(poke(&x, VTDPI_REG_IECTL, 0).event.send);
    assert_int_equal(peek(&x, VTDPI_REG_IECTL), 0);
    poke(&x, VTDPI_REG_ICS, 1);
    poke(&x, VTDPI_REG_IECTL, 0x80000000);
    vtdpi_iommu_wait_complete(&x.unit, &loud);
    poke(&x, VTDPI_REG_ICS, 1);
    assert_true(peek(&x, VTDPI_REG_IECTL) == 0x80000000);
    assert_false(poke(&x, VTDPI_REG_IECTL, 0).event.send);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iommu_queue__iec_descriptor__has_the_worked_value),
        cmocka_unit_test(test_iommu_queue__wait_descriptor__has_the_worked_value),
        cmocka_unit_test(test_iommu_queue__each_descriptor_bit_alone__is_reserved_or_not),
        cmocka_unit_test(test_iommu_queue__each_type__is_known_or_error_3),
        cmocka_unit_test(test_iommu_queue__index_mask__is_bounded_by_mhmv),
        cmocka_unit_test(test_iommu_queue__wide_descriptor__upper_half_is_reserved),
        cmocka_unit_test(test_iommu_queue__head__wraps_at_each_queue_size),
        cmocka_unit_test(test_iommu_queue__bad_tail__is_an_error),
        cmocka_unit_test(test_iommu_queue__queue_above_the_address_width__is_a_fetch_error),
        cmocka_unit_test(test_iommu_queue__queue_past_the_last_address__is_a_fetch_error),
        cmocka_unit_test(test_iommu_queue__width_that_the_unit_has_not__is_error_5),
        cmocka_unit_test(test_iommu_queue__head_in_the_middle_of_a_wide_descriptor__reads_aligned),
        cmocka_unit_test(test_iommu_queue__time_out_error__stops_the_queue_too),
        cmocka_unit_test(test_iommu_queue__error__stops_until_iqe_is_cleared),
        cmocka_unit_test(test_iommu_queue__error__raises_the_fault_event_once),
        cmocka_unit_test(test_iommu_queue__disabled__stops_and_resets_the_head),
        cmocka_unit_test(test_iommu_queue__wait_with_if__raises_the_event_once),
        cmocka_unit_test(test_iommu_queue__masked_event__is_pending_until_unmasked_or_cleared),
    };
    return cmocka_run_group_tests_name("iommu_queue", tests, NULL, NULL);
}

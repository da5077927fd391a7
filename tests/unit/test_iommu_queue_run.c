/*
 * The invalidation queue as its owner runs it: batches in memory, status words, errors and repairs.
 */
#include "unit/iommu_bench.h"

enum { IEC_GLOBAL = 0x04, WAIT = 0x05, WAIT_IF = 0x15, WAIT_SW = 0x25, WAIT_BOTH = 0x35, RID = 1 };

static bench_t b;

static void open_queue(void)
{
    bench_open(&b, vtdpi_iommu_cfg_default(), 7, true);
    poke(&b.x, VTDPI_REG_IEADDR, 0xFEE02000);
    poke(&b.x, VTDPI_REG_IEDATA, 0x52);
    poke(&b.x, VTDPI_REG_IECTL, 0);
}

/** Puts 128 bits at [offset] of the queue. */
static void put(uint32_t offset, uint64_t lo, uint64_t hi)
{
    uint64_t *word = bench_place(&b, BENCH_QUEUE + offset);
    word[0] = lo;
    word[1] = hi;
}

static void run_to(uint64_t tail)
{
    (void)bench_write(&b, vtdpi_reg_offset(VTDPI_REG_IQT), 8, tail);
}

static uint64_t status(unsigned n)
{
    return *bench_place(&b, BENCH_STATUS + (n * 8));
}

static uint64_t wait_word(uint32_t data)
{
    return (uint64_t)data << 32 | WAIT_SW;
}

/* VT-d, "Queued Invalidation Interface": a batch is executed in order up to the tail; each wait
 * with SW stores its data as a dword, the upper half of a word too.
 *
 * @shows vtd.queue.runs, vtd.queue.head, vtd.queue.wait-layout
 */
static void test_iommu_queue_run__batch__is_executed_to_the_tail(void **state)
{
    (void)state;
    open_queue();
    put(0x00, IEC_GLOBAL, 0);
    put(0x10, wait_word(0x11111111), bench_at(BENCH_STATUS));
    put(0x20, wait_word(0x22222222), bench_at(BENCH_STATUS + 4));
    put(0x30, wait_word(0x33333333), bench_at(BENCH_STATUS + 8));
    run_to(0x30);
    assert_true(status(0) == UINT64_C(0x2222222211111111));
    assert_int_equal(status(1), 0);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQH), 0x30);
    run_to(0x40);
    assert_int_equal(status(1), 0x33333333);
    assert_int_equal(b.events, 0);
}

/* VT-d, "Invalidation Wait Descriptor": IF and SW may be set together: the status is stored, IWC is
 * set, and the event is sent; a second one sends nothing while IWC is 1.
 *
 * @shows vtd.queue.wait-event, vtd.queue.wait-event-once
 */
static void test_iommu_queue_run__wait_with_status_and_event__does_both(void **state)
{
    (void)state;
    open_queue();
    bench_submit(&b, wait_word(7) | WAIT_BOTH, bench_at(BENCH_STATUS));
    assert_int_equal(status(0), 7);
    assert_int_equal(peek(&b.x, VTDPI_REG_ICS), 1);
    assert_int_equal(b.events, 1);
    assert_int_equal(b.event[0].vector, 0x52);
    bench_submit(&b, wait_word(8) | WAIT_BOTH, bench_at(BENCH_STATUS));
    assert_int_equal(status(0), 8);
    assert_int_equal(b.events, 1);
    (void)bench_write(&b, 0x9C, 4, 1);
    bench_submit(&b, WAIT_IF, 0);
    assert_int_equal(b.events, 2);
}

/* VT-d, "Invalidation Wait Descriptor": with neither IF nor SW it is a fence: nothing is stored or
 * sent, and the queue goes on. FN and PD change nothing.
 *
 * @shows vtd.queue.fence, vtd.queue.page-drain
 */
static void test_iommu_queue_run__wait_with_no_flags__is_a_fence(void **state)
{
    (void)state;
    static const uint32_t flags[] = {0, 0x40, 0x80, 0xC0};
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        open_queue();
        put(0x00, wait_word(9) - WAIT_SW + WAIT + flags[i], bench_at(BENCH_STATUS));
        put(0x10, wait_word(1), bench_at(BENCH_STATUS + 8));
        run_to(0x20);
        assert_int_equal(status(0), 0);
        assert_int_equal(status(1), 1);
        assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), 0);
        assert_int_equal(b.events, 0);
    }
}

/* VT-d, "Queued Invalidation Interface": an error stops the batch at its descriptor; remapping goes
 * on meanwhile; repaired, with IQE cleared, the rest is executed without a new tail.
 *
 * @shows vtd.queue.error, vtd.queue.resume
 */
static void test_iommu_queue_run__error_in_a_batch__is_repaired(void **state)
{
    (void)state;
    open_queue();
    put(0x00, wait_word(1), bench_at(BENCH_STATUS));
    put(0x10, wait_word(2) | 0x100, bench_at(BENCH_STATUS + 8));
    put(0x20, wait_word(3), bench_at(BENCH_STATUS + 16));
    run_to(0x30);
    assert_int_equal(status(0), 1);
    assert_int_equal(status(1) | status(2), 0);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQH), 0x10);
    assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), 0x10);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQERCD), VTDPI_IQEI_RESERVED);
    bench_entry(&b, 0, UINT64_C(0x0000010500310009), 0);
    assert_int_equal(bench_request(&b, vtdpi_msi_address(0, false), 0, RID).end, BENCH_SENT);
    run_to(0x30);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQH), 0x10);
    put(0x10, wait_word(2), bench_at(BENCH_STATUS + 8));
    (void)bench_write(&b, 0x34, 4, 0x10);
    assert_true(status(1) == 2 && status(2) == 3);
    assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), 0);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQH), 0x30);
}

/* VT-d, "Queued Invalidation Interface": a descriptor that is not repaired is an error again as
 * soon as IQE is cleared, and a new condition of the fault event.
 *
 * @shows vtd.queue.resume, vtd.queue.error-event
 */
static void test_iommu_queue_run__error_not_repaired__comes_again(void **state)
{
    (void)state;
    open_queue();
    poke(&b.x, VTDPI_REG_FECTL, 0);
    bench_submit(&b, 0, 0);
    assert_int_equal(b.events, 1);
    (void)bench_write(&b, 0x34, 4, 0x10);
    assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), 0x10);
    assert_int_equal(b.events, 2);
}

/* VT-d, "Queued Invalidation Interface": with the queue switched off nothing is fetched, an error
 * is kept, and on it begins at 0 again.
 *
 * @shows vtd.queue.disabled
 */
static void test_iommu_queue_run__switched_off_and_on__begins_at_0(void **state)
{
    (void)state;
    open_queue();
    bench_submit(&b, 0, 0);
    command(&b.x, 0, (uint32_t)GCMD_QIE);
    assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), 0x10);
    put(0x00, wait_word(4), bench_at(BENCH_STATUS));
    (void)bench_write(&b, 0x34, 4, 0x10);
    assert_int_equal(status(0), 0);
    uint64_t levels = peek(&b.x, VTDPI_REG_GSTS) & UINT64_C(0x96800000);
    (void)bench_write(&b, 0x18, 4, levels | (uint32_t)GCMD_QIE);
    assert_int_equal(status(0), 4);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQH), 0x10);
}

/* VT-d, "Invalidation Queue Error Record Register": a queue where no memory answers is IQEI 2.
 *
 * @shows vtd.queue.fetch-error
 */
static void test_iommu_queue_run__no_memory__is_a_fetch_error(void **state)
{
    (void)state;
    open_queue();
    poke(&b.x, VTDPI_REG_IQA, bench_at(BENCH_BYTES));
    run_to(0x10);
    assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), 0x10);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQERCD), VTDPI_IQEI_FETCH);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQH), 0);
}

/* VT-d, "Invalidation Queue Tail Register": errors of the tail and of the width keep the queue
 * stopped until software mends them.
 *
 * @shows vtd.queue.tail-error, vtd.queue.width-error
 */
static void test_iommu_queue_run__bad_setting__is_recorded_with_its_code(void **state)
{
    (void)state;
    open_queue();
    run_to(0x1000);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQERCD), VTDPI_IQEI_TAIL_INVALID);
    poke(&b.x, VTDPI_REG_IQT, 0);
    (void)bench_write(&b, 0x34, 4, 0x10);
    assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), 0);
    poke(&b.x, VTDPI_REG_IQA, bench_at(BENCH_QUEUE) | 0x800);
    run_to(0x10);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQERCD), VTDPI_IQEI_TAIL_MISALIGNED);
    b.x.cfg.wide_queue = false;
    (void)bench_write(&b, 0x34, 4, 0x10);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQERCD), VTDPI_IQEI_WIDTH);
}

/* VT-d, "Invalidation Queue Address Register": descriptors of 256 bits, round the ring.
 *
 * @shows vtd.queue.width, vtd.queue.wide-reserved
 */
static void test_iommu_queue_run__wide_descriptors__are_executed_round_the_ring(void **state)
{
    (void)state;
    open_queue();
    poke(&b.x, VTDPI_REG_IQA, bench_at(BENCH_QUEUE) | 0x800);
    for (uint32_t n = 0; n < 300; n++) {
        uint32_t at = n % 128 * 32;
        put(at, wait_word(n), bench_at(BENCH_STATUS));
        run_to((at + 32) % 4096);
        assert_int_equal(status(0), n);
        assert_int_equal(peek(&b.x, VTDPI_REG_IQH), (at + 32) % 4096);
    }
    uint32_t at = 300 % 128 * 32;
    put(at, wait_word(1), bench_at(BENCH_STATUS));
    put(at + 16, 0, 1);
    run_to(at + 32);
    assert_int_equal(peek(&b.x, VTDPI_REG_IQERCD), VTDPI_IQEI_RESERVED);
    assert_int_equal(status(0), 299);
}

/* VT-d, "Invalidation Wait Descriptor": a status address where no memory answers stores nothing;
 * the wait completes all the same. */
static void test_iommu_queue_run__status_address_without_memory__completes(void **state)
{
    (void)state;
    open_queue();
    bench_submit(&b, wait_word(1) | WAIT_BOTH, 0x1000);
    assert_int_equal(peek(&b.x, VTDPI_REG_FSTS), 0);
    assert_int_equal(b.events, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iommu_queue_run__batch__is_executed_to_the_tail),
        cmocka_unit_test(test_iommu_queue_run__wait_with_status_and_event__does_both),
        cmocka_unit_test(test_iommu_queue_run__wait_with_no_flags__is_a_fence),
        cmocka_unit_test(test_iommu_queue_run__error_in_a_batch__is_repaired),
        cmocka_unit_test(test_iommu_queue_run__error_not_repaired__comes_again),
        cmocka_unit_test(test_iommu_queue_run__switched_off_and_on__begins_at_0),
        cmocka_unit_test(test_iommu_queue_run__no_memory__is_a_fetch_error),
        cmocka_unit_test(test_iommu_queue_run__bad_setting__is_recorded_with_its_code),
        cmocka_unit_test(test_iommu_queue_run__wide_descriptors__are_executed_round_the_ring),
        cmocka_unit_test(test_iommu_queue_run__status_address_without_memory__completes),
    };
    return cmocka_run_group_tests_name("iommu_queue_run", tests, NULL, NULL);
}

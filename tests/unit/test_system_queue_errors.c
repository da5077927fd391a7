/*
 * The invalidation queue where things go wrong or have nothing to do: errors and their event as a
 * message, no room for a message, fences, status words in no memory.
 *
 * Rules: VT-d, "Queued Invalidation Interface", "Invalidation Queue Error Record Register", "Fault
 * Event Control Register", "Invalidation Wait Descriptor".
 */
#include "vtdpi/iommu_unit.h"

#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x41, NEW_VECTOR = 0x51, EVENT_VECTOR = 0x61, DONE_VECTOR = 0x71, STATUS = 0xC0DE };

/* First words of descriptors: context-cache invalidation (DMA only), global IEC, waits. */
enum { DMA_ONLY = 1, IEC_GLOBAL = 4, FENCE = 5, WAIT_INTERRUPT = 5 | 16, WAIT_STATUS = 5 | 32 };

/* GCMD and IRTA bits that the tests set. */
enum { GCMD_SIRTP = 1 << 24, GCMD_IRE = 1 << 25, GCMD_QIE = 1 << 26 };

enum { LINE_WORDS_MAX = 4096 };

#define EVENT_ADDRESS UINT64_C(0xFEE01000) /* APIC ID 1 */
#define NO_MEMORY     UINT64_C(0x7000000)

static hand_t h;

static uint32_t queue(void)
{
    return h.sys.actor.queue;
}

static void put(vtdpi_reg_t reg, uint64_t value)
{
    (void)vtdpi_iommu_write(h.sys.iommu, &h.p.iommu, vtdpi_reg_offset(reg), 4, value);
}

/* A unit with a queue, whose events go to CPU 1; nobody fires anything but what the test says. */
static void open_queue(const char *protocol)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, protocol, 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    scene_event(&h.scene, VTDPI_EVENT_WRITE_MSI, 1000000)->vector = NEW_VECTOR;
    h.scene.s.platform.iommu_cache = 4;
    hand_build(&h, strcmp(protocol, "kvm") == 0);
    hand_start(&h);
    put(VTDPI_REG_FEDATA, EVENT_VECTOR);
    put(VTDPI_REG_FEADDR, EVENT_ADDRESS);
    put(VTDPI_REG_FECTL, 0);
    put(VTDPI_REG_IEDATA, DONE_VECTOR);
    put(VTDPI_REG_IEADDR, EVENT_ADDRESS);
    put(VTDPI_REG_IECTL, 0);
}

static void submit(uint64_t low, uint64_t high)
{
    *hand_word(&h, h.p.queue_line, 0) = low;
    *hand_word(&h, h.p.queue_line, 1) = high;
    put(VTDPI_REG_IQT, 16);
}

static void queue_fire(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        hand_fire(&h, queue(), 0);
    }
}

/* The queue stopped with [error], and its event is the only message in flight. */
static void expect_error(uint8_t error)
{
    const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_queue_error);
    assert_non_null(e);
    assert_int_equal(e->a[0], error);
    assert_int_equal(hand_in_flight(&h), 1);
    uint32_t m = hand_message(&h, EVENT_VECTOR);
    assert_true(m < VTDPI_MESSAGES_MAX);
    assert_int_equal(h.sys.messages[m].vcpu, VTDPI_NOBODY);
    hand_fire(&h, h.sys.actor.message + m, 0);
    assert_true(vtdpi_set_has(h.sys.cpus[1].apic.irr, EVENT_VECTOR));
    assert_int_equal(vtdpi_enabled(&h.sys, queue()), 0);
}

/* A tail beyond the queue: IQEI 1, and the fault event.
 *
 * @shows vtd.queue.tail-error, vtd.queue.error-event
 */
static void test_system_queue_errors__tail_beyond_queue__error_event(void **state)
{
    (void)state;
    open_queue("kvm");
    put(VTDPI_REG_IQT, 1 << 16);
    queue_fire(1);
    expect_error(VTDPI_IQEI_TAIL_INVALID);
    hand_close(&h);
}

/* A queue in memory that does not answer: IQEI 2.
 *
 * @shows vtd.queue.fetch-error
 */
static void test_system_queue_errors__queue_in_no_memory__fetch_error(void **state)
{
    (void)state;
    open_queue("kvm");
    put(VTDPI_REG_IQT, 16);
    h.sys.iommu[0].arch.reg[VTDPI_REG_IQA] = NO_MEMORY & ~UINT64_C(0xFFF);
    queue_fire(1);
    expect_error(VTDPI_IQEI_FETCH);
    hand_close(&h);
}

/* An unknown type: IQEI 3 with the event.
 *
 * @shows vtd.queue.error, vtd.queue.error-event
 */
static void test_system_queue_errors__unknown_type__error_event(void **state)
{
    (void)state;
    open_queue("kvm");
    submit(15, 0);
    queue_fire(1);
    expect_error(VTDPI_IQEI_TYPE);
    hand_close(&h);
}

/* Each step of the queue may end in an event: it waits for room among the messages, and goes on
 * when there is some.
 *
 * @shows vtd.queue.error-event, vtd.queue.message-room
 */
static void test_system_queue_errors__messages_full__queue_waits(void **state)
{
    (void)state;
    open_queue("kvm");
    submit(15, 0);
    assert_int_equal(vtdpi_enabled(&h.sys, queue()), 1);
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        h.sys.messages[m].used = 1;
        h.sys.messages[m].vcpu = VTDPI_NOBODY;
        h.sys.messages[m].msg.vector = VTDPI_HV_KICK;
        h.sys.messages[m].msg.wide = 1;
    }
    assert_int_equal(vtdpi_enabled(&h.sys, queue()), 0);
    hand_fire(&h, h.sys.actor.message + 5, 0);
    assert_int_equal(vtdpi_enabled(&h.sys, queue()), 1);
    queue_fire(1);
    assert_int_equal(h.sys.messages[5].msg.vector, EVENT_VECTOR);
    hand_close(&h);
}

/* Invalidations of DMA translations are taken and do nothing to the entry cache.
 *
 * @shows vtd.queue.dma-types
 */
static void test_system_queue_errors__dma_descriptor__nothing_happens(void **state)
{
    (void)state;
    open_queue("kvm");
    hand_fire(&h, h.sys.actor.source, 0);
    hand_fire(&h, h.sys.actor.request, 0);
    hand_fire(&h, h.sys.actor.request, 0); /* the entry is cached */
    submit(DMA_ONLY | (1U << 4), 0);
    queue_fire(2);
    assert_null(hand_saw(&h, VTDPI_EV_iec_invalidated));
    assert_null(hand_saw(&h, VTDPI_EV_wait_completed));
    assert_int_equal(h.sys.iec[0].valid, 1);
    assert_int_equal(h.sys.requests[0].old, 0);
    assert_int_equal(vtdpi_enabled(&h.sys, queue()), 0);
    hand_close(&h);
}

/* A wait with neither status nor interrupt completes without either.
 *
 * @shows vtd.queue.fence
 */
static void test_system_queue_errors__fence__completes_silently(void **state)
{
    (void)state;
    open_queue("kvm");
    submit(FENCE, 0);
    queue_fire(2);
    assert_non_null(hand_saw(&h, VTDPI_EV_wait_completed));
    assert_int_equal(hand_in_flight(&h), 0);
    assert_int_equal(vtdpi_iommu_peek(h.sys.iommu, &h.p.iommu, VTDPI_REG_ICS), 0);
    hand_close(&h);
}

/* A wait with IF raises the invalidation event, once.
 *
 * @shows vtd.queue.wait-event, vtd.queue.wait-event-once
 */
static void test_system_queue_errors__wait_with_interrupt__event_once(void **state)
{
    (void)state;
    open_queue("kvm");
    submit(WAIT_INTERRUPT, 0);
    queue_fire(2);
    uint32_t m = hand_message(&h, DONE_VECTOR);
    assert_true(m < VTDPI_MESSAGES_MAX);
    hand_fire(&h, h.sys.actor.message + m, 0);
    assert_true(vtdpi_set_has(h.sys.cpus[1].apic.irr, DONE_VECTOR));
    *hand_word(&h, h.p.queue_line, 2) = WAIT_INTERRUPT;
    *hand_word(&h, h.p.queue_line, 3) = 0;
    put(VTDPI_REG_IQT, 32);
    queue_fire(2);
    assert_non_null(hand_saw(&h, VTDPI_EV_wait_completed));
    assert_int_equal(hand_in_flight(&h), 0); /* software has not cleared IWC */
    hand_close(&h);
}

/* A status word in no memory: the write goes nowhere, the wait completes, no line changes.
 * @shows vtd.queue.status-nowhere */
static void test_system_queue_errors__status_in_no_memory__completes(void **state)
{
    (void)state;
    open_queue("kvm");
    submit(WAIT_STATUS | ((uint64_t)STATUS << 32), NO_MEMORY);
    queue_fire(2);
    static uint64_t before[LINE_WORDS_MAX];
    size_t words = VTDPI_LINE_WORDS * (size_t)h.p.line_count;
    assert_true(words <= LINE_WORDS_MAX);
    memcpy(before, h.sys.lines, words * sizeof before[0]);
    queue_fire(1);
    assert_non_null(hand_saw(&h, VTDPI_EV_wait_completed));
    assert_int_equal(h.sys.moved_line, VTDPI_NO_LINE);
    assert_memory_equal(before, h.sys.lines, words * sizeof before[0]);
    hand_close(&h);
}

/* A posted interrupt has updated its descriptor and sent its notification: a wait does not wait for
 * the notification to be accepted, nor for a software IPI.
 *
 * @shows vtd.drain.requests
 */
static void test_system_queue_errors__notification_in_flight__not_waited_for(void **state)
{
    (void)state;
    open_queue("kvm");
    hand_fire(&h, h.sys.actor.source, 0);
    while (h.sys.requests[0].phase != VTDPI_RQ_FREE) {
        hand_fire(&h, h.sys.actor.request, 0);
    }
    assert_int_equal(hand_in_flight(&h), 1);
    h.sys.messages[7].used = 1; /* an IPI */
    h.sys.messages[7].vcpu = VTDPI_NOBODY;
    submit(IEC_GLOBAL, 0);
    queue_fire(2);
    assert_int_equal(h.sys.messages[0].old, 1);
    assert_int_equal(h.sys.messages[7].old, 0);
    *hand_word(&h, h.p.queue_line, 2) = FENCE;
    *hand_word(&h, h.p.queue_line, 3) = 0;
    put(VTDPI_REG_IQT, 32);
    queue_fire(2);
    assert_non_null(hand_saw(&h, VTDPI_EV_wait_completed));
    hand_close(&h);
}

/* Set Interrupt Remap Table Pointer drops the cached entries, where the unit says that it does so
 * (CAP.ESIRTPS); elsewhere they stay.
 *
 * @shows vtd.iec.sirtp
 */
static void test_system_queue_errors__sirtp_by_software__drops_the_cache_or_not(void **state)
{
    (void)state;
    for (unsigned drops = 0; drops < 2; drops++) {
        open_queue("kvm");
        h.p.iommu.esirtps = drops != 0;
        vtdpi_op_t op = vtdpi_op_make(VTDPI_OP_MMIO_WRITE, VTDPI_STAGE_irte_update, 0);
        op.a = vtdpi_reg_offset(VTDPI_REG_GCMD);
        op.b = GCMD_QIE | GCMD_IRE | GCMD_SIRTP;
        vtdpi_op_t read = vtdpi_op_make(VTDPI_OP_MMIO_READ, VTDPI_STAGE_irte_update, 0);
        read.a = vtdpi_reg_offset(VTDPI_REG_GSTS);
        vtdpi_op_t wide = read;
        wide.a = vtdpi_reg_offset(VTDPI_REG_IRTA);
        const vtdpi_op_t ops[3] = {op, read, wide};
        hand_script(0, ops, 3);
        hand_to(&h, 0, VTDPI_OP_MMIO_WRITE);
        hand_fire(&h, h.sys.actor.source, 0);
        hand_fire(&h, h.sys.actor.request, 0);
        hand_fire(&h, h.sys.actor.request, 0);
        assert_int_equal(h.sys.iec[0].valid, 1);
        hand_step(&h, 0);
        assert_int_equal(h.sys.iec[0].valid, drops == 0);
        hand_step(&h, 0);
        assert_int_equal(hand_result(&h, 0, 1) & GCMD_IRE, GCMD_IRE);
        hand_step(&h, 0);
        assert_int_equal(hand_result(&h, 0, 2) & ~UINT64_C(0xFFF), vtdpi_irta(&h.p, 0));
        hand_close(&h);
    }
}

/* A wait waits for what is old of its own unit: an old request and an old message of another unit
 * do not hold it.
 *
 * @shows vtd.drain.requests, vtd.drain.accepted
 */
static void test_system_queue_errors__old_at_another_unit__not_waited_for(void **state)
{
    (void)state;
    for (unsigned own = 0; own < 2; own++) {
        memset(&h, 0, sizeof h);
        scene_init(&h.scene, "kvm", 1);
        scene_vcpu(&h.scene, 0, true, 1000000, false);
        scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
        scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000)->device = 1;
        h.scene.device[1] =
            (vtdpi_device_cfg_t){.name = "disk", .requester_id = 0x4000, .msix = true, .unit = 1};
        h.scene.s.device_count = 2;
        h.scene.s.platform.iommu_units = 2;
        h.scene.s.hypervisor.irq_follows_vcpu = true; /* there is a queue */
        hand_build(&h, true);
        hand_script(0, NULL, 0);
        hand_start(&h);
        hand_fire(&h, h.sys.actor.source + 1 - own, 0);
        h.sys.requests[0].old = 1;
        submit(FENCE, 0);
        queue_fire(1);
        assert_int_equal(vtdpi_enabled(&h.sys, queue()), own == 0);
        h.sys.requests[0].old = 0;
        h.sys.messages[2].used = 1;
        h.sys.messages[2].vcpu = VTDPI_NOBODY;
        h.sys.messages[2].old = 1;
        h.sys.messages[2].from_unit = (uint8_t)(2 - own);
        assert_int_equal(vtdpi_enabled(&h.sys, queue()), own == 0);
        hand_close(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_queue_errors__tail_beyond_queue__error_event),
        cmocka_unit_test(test_system_queue_errors__queue_in_no_memory__fetch_error),
        cmocka_unit_test(test_system_queue_errors__unknown_type__error_event),
        cmocka_unit_test(test_system_queue_errors__messages_full__queue_waits),
        cmocka_unit_test(test_system_queue_errors__dma_descriptor__nothing_happens),
        cmocka_unit_test(test_system_queue_errors__fence__completes_silently),
        cmocka_unit_test(test_system_queue_errors__wait_with_interrupt__event_once),
        cmocka_unit_test(test_system_queue_errors__status_in_no_memory__completes),
        cmocka_unit_test(test_system_queue_errors__notification_in_flight__not_waited_for),
        cmocka_unit_test(test_system_queue_errors__sirtp_by_software__drops_the_cache_or_not),
        cmocka_unit_test(test_system_queue_errors__old_at_another_unit__not_waited_for),
    };
    return cmocka_run_group_tests_name("system_queue_errors", tests, NULL, NULL);
}

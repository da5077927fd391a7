/*
 * The invalidation queue as an actor: stale entries, and what a completed wait guarantees.
 *
 * Rules: VT-d, "Queued Invalidation Interface", "Interrupt Draining".
 */
#include "vtdpi/iommu_unit.h"

#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x41, NEW_VECTOR = 0x51, STATUS = 0xC0DE };

enum { IEC_GLOBAL = 4, IEC_INDEX = 4 | 16, WAIT_SW = 5 | 32, WAIT_IF = 16, WAIT_ONLY = 5 };

/* The unit's own event: vector, and the address of CPU 0. */
enum { EVENT = 0x52 };

static const uint64_t event_addr = 0xFEE00000;

static hand_t h;

static uint32_t request(uint32_t r)
{
    return h.sys.actor.request + r;
}

/* A unit with a queue: the guest's MSI may be rewritten, so that the builder declares one. */
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
    assert_true(h.p.queue_count >= 4);
}

/* Puts descriptors in the ring from its start and moves the tail. */
static void submit(unsigned count, const uint64_t desc[][2])
{
    for (unsigned i = 0; i < count; i++) {
        *hand_word(&h, h.p.queue_line + (i / 4), (i % 4) * 2) = desc[i][0];
        *hand_word(&h, h.p.queue_line + (i / 4), ((i % 4) * 2) + 1) = desc[i][1];
    }
    vtdpi_iommu_write(h.sys.iommu, &h.p.iommu, vtdpi_reg_offset(VTDPI_REG_IQT), 8, count * 16U);
}

static uint64_t status_paddr(void)
{
    return h.p.lines[h.p.cpu_lines[0]].paddr + (8U * VTDPI_CW_STATUS);
}

static uint64_t status(void)
{
    return *hand_word(&h, h.p.cpu_lines[0], VTDPI_CW_STATUS);
}

/* One request up to phase [phase]. */
static void run_request(uint32_t r, unsigned phase)
{
    while (h.sys.requests[r].phase != phase) {
        hand_fire(&h, request(r), 0);
    }
}

static void one_interrupt(void)
{
    hand_fire(&h, h.sys.actor.source, 0);
    run_request(0, VTDPI_RQ_FREE);
    hand_messages(&h);
}

static void queue_fire(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        hand_fire(&h, h.sys.actor.queue, 0);
    }
}

static void rewrite_entry(void)
{
    uint32_t irte = h.p.sources[0].irte;
    uint64_t *low = hand_word(&h, h.p.irte_line + (irte / 4), (irte % 4) * 2);
    *low = vtdpi_with_bits(*low, 16, 8, NEW_VECTOR);
}

static bool pir(unsigned vector)
{
    return vtdpi_set_has(hand_word(&h, h.p.vcpus[0].pid, 0), vector);
}

/* A changed entry is not seen while the old one is cached; after its invalidation it is.
 * @shows vtd.iec.stale, vtd.iec.selective, vtd.drain.no-stale */
static void test_system_queue__entry_rewritten__stale_until_invalidated(void **state)
{
    (void)state;
    open_queue("kvm");
    one_interrupt();
    rewrite_entry();
    memset(hand_word(&h, h.p.vcpus[0].pid, 0), 0, 32);
    one_interrupt();
    assert_true(pir(VECTOR));
    assert_false(pir(NEW_VECTOR));
    const uint64_t iec[1][2] = {{IEC_INDEX | ((uint64_t)h.p.sources[0].irte << 32), 0}};
    submit(1, iec);
    queue_fire(2);
    const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_iec_invalidated);
    assert_non_null(e);
    assert_int_equal(e->a[0], 0);
    assert_int_equal(e->a[3], 1);
    one_interrupt();
    assert_true(pir(NEW_VECTOR));
    hand_close(&h);
}

/* Without snooping the unit reads memory behind the caches: what was not flushed is not seen.
 * @shows vtd.irte.snoop */
static void test_system_queue__unit_does_not_snoop__entry_seen_after_clflush(void **state)
{
    (void)state;
    open_queue("kvm");
    h.p.iommu.coherent = false;
    h.p.iommu.iec_entries = 0;
    uint32_t irte = h.p.sources[0].irte;
    vtdpi_op_t ops[1] = {
        vtdpi_op_memory(VTDPI_OP_CLFLUSH, VTDPI_STAGE_irte_update, h.p.irte_line + (irte / 4), 0)};
    hand_script(0, ops, 1);
    hand_start(&h);
    rewrite_entry();
    one_interrupt();
    assert_true(pir(VECTOR));
    assert_false(pir(NEW_VECTOR));
    hand_to(&h, 0, VTDPI_OP_CLFLUSH);
    hand_step(&h, 0);
    one_interrupt();
    assert_true(pir(NEW_VECTOR));
    hand_close(&h);
}

/* A wait completes when no request older than an executed invalidation is left, not before.
 * @shows vtd.drain.requests */
static void test_system_queue__old_posted_request__wait_until_it_is_sent(void **state)
{
    (void)state;
    open_queue("kvm");
    hand_fire(&h, h.sys.actor.source, 0);
    run_request(0, VTDPI_RQ_POST);
    const uint64_t desc[2][2] = {{IEC_GLOBAL, 0},
                                 {WAIT_SW | ((uint64_t)STATUS << 32), status_paddr()}};
    submit(2, desc);
    queue_fire(3);
    hand_fire(&h, h.sys.actor.source, 0); /* younger than the invalidation: nobody waits for it */
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.queue), 0);
    run_request(0, VTDPI_RQ_SEND);
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.queue), 0);
    hand_fire(&h, request(0), 0);
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.queue), 1); /* notification sent is enough */
    assert_int_equal(hand_in_flight(&h), 1);
    queue_fire(1);
    assert_int_equal(status(), 0);
    queue_fire(1);
    assert_int_equal(status(), STATUS);
    assert_non_null(hand_saw(&h, VTDPI_EV_wait_completed));
    assert_int_not_equal(h.sys.requests[1].phase, VTDPI_RQ_FREE);
    hand_close(&h);
}

/* A remapped interrupt counts until a local APIC has accepted it.
 * @shows vtd.drain.accepted */
static void test_system_queue__old_remapped_message__wait_until_accepted(void **state)
{
    (void)state;
    open_queue("injected");
    hand_fire(&h, h.sys.actor.source, 0);
    run_request(0, VTDPI_RQ_FREE);
    const uint64_t desc[2][2] = {{IEC_GLOBAL, 0},
                                 {WAIT_SW | ((uint64_t)STATUS << 32), status_paddr()}};
    submit(2, desc);
    queue_fire(3);
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.queue), 0);
    hand_messages(&h);
    queue_fire(2);
    assert_int_equal(status(), STATUS);
    hand_close(&h);
}

/* Nothing is old before an invalidation was executed: a wait alone completes at once.
 * @shows vtd.drain.requests */
static void test_system_queue__wait_without_invalidation__completes_at_once(void **state)
{
    (void)state;
    open_queue("kvm");
    hand_fire(&h, h.sys.actor.source, 0);
    run_request(0, VTDPI_RQ_POST);
    const uint64_t desc[2][2] = {{WAIT_ONLY, 0},
                                 {WAIT_SW | ((uint64_t)STATUS << 32), status_paddr() + 4}};
    submit(2, desc);
    queue_fire(2);
    assert_non_null(hand_saw(&h, VTDPI_EV_wait_completed));
    queue_fire(3);
    assert_int_equal(status() >> 32, STATUS);
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.queue), 0);
    hand_close(&h);
}

/* VT-d, "Invalidation Wait Descriptor": status and event of one descriptor. When the event's
 * message is on its way the status is in memory, and neither is earlier.
 * @shows vtd.queue.wait-event */
static void test_system_queue__status_and_event__status_is_written_first(void **state)
{
    (void)state;
    open_queue("kvm");
    vtdpi_iommu_write(h.sys.iommu, &h.p.iommu, vtdpi_reg_offset(VTDPI_REG_IEDATA), 4, EVENT);
    vtdpi_iommu_write(h.sys.iommu, &h.p.iommu, vtdpi_reg_offset(VTDPI_REG_IEADDR), 4, event_addr);
    vtdpi_iommu_write(h.sys.iommu, &h.p.iommu, vtdpi_reg_offset(VTDPI_REG_IECTL), 4, 0);
    const uint64_t desc[1][2] = {{WAIT_SW | WAIT_IF | ((uint64_t)STATUS << 32), status_paddr()}};
    submit(1, desc);
    queue_fire(2);
    assert_int_equal(status(), 0);
    assert_int_equal(hand_in_flight(&h), 0);
    queue_fire(1);
    assert_int_equal(status(), STATUS);
    assert_true(hand_message(&h, EVENT) < VTDPI_MESSAGES_MAX);
    hand_close(&h);
}

/* A descriptor of an unknown type stops the queue with the head on it.
 * @shows vtd.queue.error, vtd.queue.types */
static void test_system_queue__invalid_descriptor__error_and_stop(void **state)
{
    (void)state;
    open_queue("kvm");
    const uint64_t desc[2][2] = {{15, 0}, {IEC_GLOBAL, 0}};
    submit(2, desc);
    queue_fire(1);
    const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_queue_error);
    assert_non_null(e);
    assert_int_equal(e->a[0], VTDPI_IQEI_TYPE);
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.queue), 0);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_queue__entry_rewritten__stale_until_invalidated),
        cmocka_unit_test(test_system_queue__unit_does_not_snoop__entry_seen_after_clflush),
        cmocka_unit_test(test_system_queue__old_posted_request__wait_until_it_is_sent),
        cmocka_unit_test(test_system_queue__old_remapped_message__wait_until_accepted),
        cmocka_unit_test(test_system_queue__wait_without_invalidation__completes_at_once),
        cmocka_unit_test(test_system_queue__status_and_event__status_is_written_first),
        cmocka_unit_test(test_system_queue__invalid_descriptor__error_and_stop),
    };
    return cmocka_run_group_tests_name("system_queue", tests, NULL, NULL);
}

/*
 * Several remapping units: each has its table, its entry cache, its queue and its requests; what
 * they share is the descriptor that they post to.
 *
 * Rules: VT-d, "Interrupt Remapping Table", "Queued Invalidation Interface", "Interrupt Draining".
 */
#include "vtdpi/iommu_unit.h"
#include "vtdpi/irte.h"

#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { IQT = 0x88, WAIT_LOW = 0x25, IEC_GLOBAL = 4, SLOT = 16 };

static hand_t h;

/* A device at each of two units, both interrupts for vCPU 0; [shares] requests each. */
static void open_units(uint32_t shares)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 1);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, 0x41, 0, 1000000);
    scene_interrupt(&h.scene, 0, 0x51, 0, 1000000)->device = 1;
    h.scene.device[1] =
        (vtdpi_device_cfg_t){.name = "disk", .requester_id = 0x4000, .msix = true, .unit = 1};
    h.scene.s.device_count = 2;
    h.scene.s.platform.iommu_units = 2;
    h.scene.s.platform.iommu_requests = shares;
    h.scene.s.hypervisor.irq_follows_vcpu = true; /* there is a queue */
    hand_build(&h, true);
    hand_script(0, NULL, 0);
    hand_start(&h);
}

static void post(uint32_t s)
{
    hand_fire(&h, h.sys.actor.source + s, 0);
    while (h.sys.requests[0].phase != VTDPI_RQ_FREE) {
        hand_fire(&h, h.sys.actor.request, 0);
    }
}

static unsigned cached(uint32_t unit)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < h.p.iommu.iec_entries; i++) {
        n += h.sys.iec[(unit * h.p.iommu.iec_entries) + i].valid;
    }
    return n;
}

/* A global invalidation and a wait stand in the queue of [unit]. */
static void submit(uint32_t unit)
{
    uint32_t line = h.p.queue_line + (unit * vtdpi_queue_lines(&h.p));
    *hand_word(&h, line, 0) = IEC_GLOBAL;
    *hand_word(&h, line, 2) = WAIT_LOW;
    *hand_word(&h, line, 3) = h.p.lines[h.p.cpu_lines[0]].paddr + (8U * VTDPI_CW_STATUS);
    (void)vtdpi_iommu_write(&h.sys.iommu[unit], &h.p.iommu, IQT, 8, 2 * SLOT);
}

/* The table of a unit holds the entries of its devices and no others. */
static void test_system_units__tables__each_its_own(void **state)
{
    (void)state;
    open_units(2);
    for (uint32_t unit = 0; unit < 2; unit++) {
        for (uint32_t s = 0; s < 2; s++) {
            uint32_t irte = h.p.sources[s].irte;
            uint32_t line = h.p.irte_line + (unit * vtdpi_irte_lines(&h.p)) + (irte / 4);
            uint64_t low = *hand_word(&h, line, (irte % 4) * 2);
            assert_int_equal(low & 1U, s == unit); /* present */
        }
        assert_int_equal(h.sys.iommu[unit].arch.irta_base, vtdpi_irta(&h.p, unit));
    }
    assert_true(vtdpi_irta(&h.p, 0) != vtdpi_irta(&h.p, 1));
    hand_close(&h);
}

/* Both post to one descriptor: the second finds ON set. */
static void test_system_units__both_post__one_notification(void **state)
{
    (void)state;
    open_units(2);
    *hand_word(&h, h.p.vcpus[0].pid, VTDPI_PID_CTL_WORD) &= ~VTDPI_PID_SN;
    post(0);
    assert_int_equal(hand_in_flight(&h), 1);
    assert_true(hand_control(&h, 0).on);
    post(1);
    assert_int_equal(hand_in_flight(&h), 1);
    assert_true(vtdpi_set_has(hand_word(&h, h.p.vcpus[0].pid, 0), 0x41));
    assert_true(vtdpi_set_has(hand_word(&h, h.p.vcpus[0].pid, 0), 0x51));
    assert_int_equal(cached(0), 1);
    assert_int_equal(cached(1), 1);
    hand_close(&h);
}

/* An invalidation drops what its own unit has, and its wait does not wait for the other's requests.
 */
static void test_system_units__invalidation_and_wait__of_one_unit(void **state)
{
    (void)state;
    open_units(2);
    post(0);
    post(1);
    hand_fire(&h, h.sys.actor.source + 1, 0); /* a request at unit 1 is under way */
    submit(0);
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.queue), 1);
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.queue + 1), 0);
    for (unsigned i = 0; vtdpi_enabled(&h.sys, h.sys.actor.queue) > 0; i++) {
        assert_true(i < 6);
        hand_fire(&h, h.sys.actor.queue, 0);
    }
    assert_int_equal(cached(0), 0);
    assert_int_equal(cached(1), 1);
    assert_int_equal(h.sys.requests[0].old, 0);
    assert_non_null(hand_saw(&h, VTDPI_EV_wait_completed));
    hand_close(&h);
}

/* The wait of the unit whose request is under way does wait for it. */
static void test_system_units__wait__for_requests_of_its_unit(void **state)
{
    (void)state;
    open_units(2);
    hand_fire(&h, h.sys.actor.source + 1, 0);
    submit(1);
    for (unsigned i = 0; vtdpi_enabled(&h.sys, h.sys.actor.queue + 1) > 0; i++) {
        assert_true(i < 4);
        hand_fire(&h, h.sys.actor.queue + 1, 0);
    }
    assert_int_equal(h.sys.requests[0].old, 1);
    assert_int_equal(h.sys.queue[1].phase, 1); /* the wait was fetched and stands */
    while (h.sys.requests[0].phase != VTDPI_RQ_FREE) {
        hand_fire(&h, h.sys.actor.request, 0);
    }
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.queue + 1), 1);
    hand_close(&h);
}

/* requests_in_flight is a unit's own: one that is full does not hold the other's devices back. */
static void test_system_units__requests__each_unit_its_share(void **state)
{
    (void)state;
    open_units(1);
    assert_int_equal(h.p.request_count, 2);
    hand_fire(&h, h.sys.actor.source, 0);
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.source), 0);
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.source + 1), 1);
    hand_fire(&h, h.sys.actor.source + 1, 0);
    assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.source + 1), 0);
    hand_close(&h);
}

/* A fault is recorded where it happens. */
static void test_system_units__fault__recorded_by_its_unit(void **state)
{
    (void)state;
    open_units(2);
    h.sys.sources[1].msi.addr = vtdpi_msi_address(0x7000, false); /* beyond the table */
    hand_fire(&h, h.sys.actor.source + 1, 0);
    hand_fire(&h, h.sys.actor.request, 0);
    assert_int_equal(hand_saw(&h, VTDPI_EV_blocked)->a[0], VTDPI_FAULT_INDEX_BEYOND_TABLE);
    assert_int_equal(h.sys.iommu[0].arch.frcd[0][1] >> 63, 0);
    assert_int_equal(h.sys.iommu[1].arch.frcd[0][1] >> 63, 1);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_units__tables__each_its_own),
        cmocka_unit_test(test_system_units__both_post__one_notification),
        cmocka_unit_test(test_system_units__invalidation_and_wait__of_one_unit),
        cmocka_unit_test(test_system_units__wait__for_requests_of_its_unit),
        cmocka_unit_test(test_system_units__requests__each_unit_its_share),
        cmocka_unit_test(test_system_units__fault__recorded_by_its_unit),
    };
    return cmocka_run_group_tests_name("system units", tests, NULL, NULL);
}

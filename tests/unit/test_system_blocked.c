/*
 * Requests that the remapping unit blocks or lets pass unread, and the fault events that it sends
 * as messages.
 *
 * Rules: VT-d, "Interrupt Remapping Hardware Operation", "Interrupt Remapping Fault Conditions",
 * "Fault Event Control Register", "Caching Mode".
 */
#include "vtdpi/iommu_unit.h"

#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x41, EVENT_VECTOR = 0x61, COMPAT_VECTOR = 0x77 };

/* GCMD with the bits that stay set, and CFI. */
enum { GCMD_IRE = 1 << 25, GCMD_CFI = 1 << 23 };

/* Base of interrupt addresses; the destination of the compatibility format stands at bit 12. */
#define INTERRUPT_BASE UINT64_C(0xFEE00000)
#define ORDINARY_WRITE UINT64_C(0x12345000)
#define FOREIGN_MEMORY UINT64_C(0x7000000)

enum { COMPAT_DEST_LOW = 12, BEYOND_TABLE = 0x7FF0 };

/* A table begins on a page; S of one with 65536 entries. */
enum { PAGE_OFFSET = 0xFFF, LARGEST_TABLE = 15 };

static hand_t h;

static uint32_t source(void)
{
    return h.sys.actor.source;
}

/* One vCPU and one source; [x2apic] is the mode of the platform. The fault event goes to CPU 1. */
static void open_unit(const char *protocol, bool x2apic, bool ghost)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, protocol, 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    h.scene.s.platform.x2apic = x2apic;
    h.scene.s.platform.iommu_cache = 4;
    hand_build(&h, strcmp(protocol, "kvm") == 0);
    h.p.ghost = ghost;
    hand_start(&h);
}

static void put(vtdpi_reg_t reg, uint64_t value)
{
    (void)vtdpi_iommu_write(h.sys.iommu, &h.p.iommu, vtdpi_reg_offset(reg), 4, value);
}

/* The fault event is unmasked: EVENT_VECTOR to CPU 1. */
static void arm_event(void)
{
    put(VTDPI_REG_FEDATA, EVENT_VECTOR);
    put(VTDPI_REG_FEADDR, INTERRUPT_BASE | (1U << COMPAT_DEST_LOW));
    put(VTDPI_REG_FECTL, 0);
}

static uint64_t *entry(unsigned word)
{
    uint32_t irte = h.p.sources[0].irte;
    return hand_word(&h, h.p.irte_line + (irte / 4), ((irte % 4) * 2) + word);
}

/* The source writes its MSI; its request is fired until it is done. */
static void run(void)
{
    hand_fire(&h, source(), 0);
    while (h.sys.requests[0].phase != VTDPI_RQ_FREE) {
        hand_fire(&h, h.sys.actor.request, 0);
    }
}

/* The last request was blocked for [code], and its interrupt is sealed with that reason. */
static void expect_blocked(uint8_t code)
{
    const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_blocked);
    assert_non_null(e);
    assert_int_equal(e->a[0], code);
    assert_int_equal(e->a[2], h.p.sources[0].requester);
    assert_int_equal(h.sys.sealed_count, 1);
    assert_int_equal(h.sys.sealed[0].fate, VTDPI_FATE_BLOCKED);
    assert_int_equal(h.sys.sealed[0].reason, code);
    assert_int_equal(vtdpi_set_highest(hand_word(&h, h.p.vcpus[0].pid, 0)), -1);
}

/* In x2APIC mode nothing passes in compatibility format: 25h, and the unit says so by its event.
 *
 * @shows vtd.remap.compatibility, vtd.event.message, vtd.remap.blocked
 */
static void test_system_blocked__compatibility_format__blocked_with_event(void **state)
{
    (void)state;
    open_unit("kvm", true, true);
    arm_event();
    h.sys.sources[0].msi.addr = INTERRUPT_BASE;
    run();
    expect_blocked(VTDPI_FAULT_COMPATIBILITY_BLOCKED);
    assert_int_equal(hand_saw(&h, VTDPI_EV_blocked)->a[3], 1); /* recorded */
    uint32_t m = hand_message(&h, EVENT_VECTOR);
    assert_true(m < VTDPI_MESSAGES_MAX);
    hand_fire(&h, h.sys.actor.message + m, 0);
    assert_true(vtdpi_set_has(h.sys.cpus[1].apic.irr, EVENT_VECTOR));
    run(); /* the first record is pending: no new condition */
    assert_int_equal(hand_in_flight(&h), 0);
    hand_close(&h);
}

/* With EIME = 0 and CFIS = 1 it passes as it is: the vector that the device wrote.
 *
 * @shows vtd.remap.compatibility
 */
static void test_system_blocked__compatibility_format_allowed__forwarded(void **state)
{
    (void)state;
    open_unit("kvm", false, true);
    put(VTDPI_REG_GCMD, GCMD_IRE | GCMD_CFI);
    h.sys.sources[0].msi.addr = INTERRUPT_BASE | (1U << COMPAT_DEST_LOW);
    h.sys.sources[0].msi.data = COMPAT_VECTOR;
    hand_fire(&h, source(), 0);
    hand_fire(&h, h.sys.actor.request, 0);
    assert_int_equal(h.sys.requests[0].phase, VTDPI_RQ_SEND);
    hand_fire(&h, h.sys.actor.request, 0);
    uint32_t m = hand_message(&h, COMPAT_VECTOR);
    assert_true(m < VTDPI_MESSAGES_MAX);
    assert_int_equal(h.sys.messages[m].msg.dest, 1);
    hand_fire(&h, h.sys.actor.message + m, 0);
    assert_true(vtdpi_set_has(h.sys.cpus[1].apic.irr, COMPAT_VECTOR));
    hand_close(&h);
}

/* An index of 2^(S+1) or more: 21h at the door, before memory is read.
 *
 * @shows vtd.remap.index-bound
 */
static void test_system_blocked__index_beyond_table__blocked_without_fetch(void **state)
{
    (void)state;
    open_unit("kvm", true, true);
    h.sys.sources[0].msi.addr = vtdpi_msi_address(BEYOND_TABLE, false);
    hand_fire(&h, source(), 0);
    hand_fire(&h, h.sys.actor.request, 0);
    expect_blocked(VTDPI_FAULT_INDEX_BEYOND_TABLE);
    assert_int_equal(h.sys.moved_line, VTDPI_NO_LINE);
    hand_close(&h);
}

/* A table at the end of the address space: the entry's address lies beyond it, 21h, nothing read.
 *
 * @shows vtd.remap.entry-above-haw
 */
static void test_system_blocked__entry_above_address_width__blocked(void **state)
{
    (void)state;
    open_unit("kvm", true, true);
    hand_fire(&h, source(), 0);
    hand_fire(&h, h.sys.actor.request, 0);
    assert_int_equal(h.sys.requests[0].phase, VTDPI_RQ_FETCH);
    h.sys.iommu[0].arch.irta_base = UINT64_C(1) << h.p.iommu.haw;
    vtdpi_alt_t alt;
    vtdpi_pending(&h.sys, h.sys.actor.request, 0, &alt);
    assert_int_equal(alt.op.kind, VTDPI_OP_FETCH);
    assert_int_equal(alt.op.line, VTDPI_NO_LINE);
    h.obs.count = 0;
    vtdpi_fire(&h.sys, h.sys.actor.request, 0, &h.obs);
    expect_blocked(VTDPI_FAULT_INDEX_BEYOND_TABLE);
    hand_close(&h);
}

/* Memory that does not answer: 23h.
 *
 * @shows vtd.remap.entry-error, vtd.remap.blocked
 */
static void test_system_blocked__table_in_no_memory__blocked(void **state)
{
    (void)state;
    open_unit("kvm", true, true);
    h.sys.iommu[0].arch.irta_base = FOREIGN_MEMORY;
    run();
    expect_blocked(VTDPI_FAULT_IRTE_ACCESS);
    hand_close(&h);
}

/* P = 0 is 22h; without caching mode the entry is not kept, so that making it present is enough.
 *
 * @shows vtd.remap.not-present, vtd.iec.not-present
 */
static void test_system_blocked__entry_not_present__blocked_and_not_cached(void **state)
{
    (void)state;
    open_unit("kvm", true, true);
    uint64_t low = *entry(0);
    *entry(0) = low & ~UINT64_C(1);
    run();
    expect_blocked(VTDPI_FAULT_IRTE_NOT_PRESENT);
    *entry(0) = low;
    run();
    assert_null(hand_saw(&h, VTDPI_EV_blocked));
    assert_true(vtdpi_set_has(hand_word(&h, h.p.vcpus[0].pid, 0), VECTOR));
    hand_close(&h);
}

/* With caching mode the refused entry is cached: it stays refused until it is invalidated. */
static void test_system_blocked__caching_mode__refused_entry_is_cached(void **state)
{
    (void)state;
    open_unit("kvm", true, true);
    h.p.iommu.cm = true;
    uint64_t low = *entry(0);
    *entry(0) = low & ~UINT64_C(1);
    run();
    *entry(0) = low;
    hand_fire(&h, source(), 0);
    hand_fire(&h, h.sys.actor.request, 0);
    expect_blocked(VTDPI_FAULT_IRTE_NOT_PRESENT); /* from the cache, at the door */
    hand_close(&h);
}

/* A write elsewhere is no interrupt: nobody is told, and no fault is recorded. */
static void test_system_blocked__ordinary_write__no_interrupt_no_fault(void **state)
{
    (void)state;
    for (unsigned ghost = 0; ghost < 2; ghost++) {
        open_unit("kvm", true, ghost != 0);
        h.sys.sources[0].msi.addr = ORDINARY_WRITE;
        run();
        assert_null(hand_saw(&h, VTDPI_EV_blocked));
        assert_int_equal(hand_in_flight(&h), 0);
        assert_int_equal(vtdpi_iommu_peek(h.sys.iommu, &h.p.iommu, VTDPI_REG_FSTS), 0);
        assert_int_equal(h.sys.sealed_count, ghost);
        assert_true(ghost == 0 || h.sys.sealed[0].fate == VTDPI_FATE_BLOCKED);
        hand_close(&h);
    }
}

/* A descriptor address that names other memory: the post goes there, the monitor says so, and the
 * interrupt is lost. */
static void test_system_blocked__descriptor_in_foreign_line__s6_and_lost(void **state)
{
    (void)state;
    for (unsigned ghost = 0; ghost < 2; ghost++) {
        open_unit("kvm", true, ghost != 0);
        vtdpi_protocol_t watched = *h.p.protocol;
        watched.monitors = UINT32_C(1) << VTDPI_MONITOR_s6;
        h.p.protocol = &watched;
        hand_fire(&h, source(), 0);
        hand_fire(&h, h.sys.actor.request, 0);
        hand_fire(&h, h.sys.actor.request, 0);
        h.sys.requests[0].pid_paddr = h.p.lines[h.p.cpu_lines[1]].paddr;
        hand_fire(&h, h.sys.actor.request, 0);
        const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_monitor_fired);
        assert_non_null(e);
        assert_int_equal(e->a[0], VTDPI_MONITOR_s6);
        assert_int_equal(h.sys.monitors, UINT64_C(1) << VTDPI_MONITOR_s6);
        assert_true(vtdpi_set_has(hand_word(&h, h.p.cpu_lines[1], 0), VECTOR));
        assert_int_equal(h.sys.sealed_count, ghost);
        assert_true(ghost == 0 || h.sys.sealed[0].fate == VTDPI_FATE_LOST);
        hand_close(&h);
    }
}

/* Blocked without identities: the fault is told, and there is nobody to seal. */
static void test_system_blocked__no_identities__fault_alone(void **state)
{
    (void)state;
    open_unit("kvm", true, false);
    h.sys.sources[0].msi.addr = INTERRUPT_BASE;
    run();
    assert_int_equal(hand_saw(&h, VTDPI_EV_blocked)->a[0], VTDPI_FAULT_COMPATIBILITY_BLOCKED);
    assert_int_equal(h.sys.sealed_count, 0);
    hand_close(&h);
}

/* An exploration gives a device a number of arrivals; each write spends one, and none is left. */
static void test_system_blocked__budget__device_stops_when_it_is_spent(void **state)
{
    (void)state;
    open_unit("kvm", true, true);
    h.sys.sources[0].budget = 2;
    run();
    assert_int_equal(h.sys.sources[0].budget, 1);
    run();
    assert_int_equal(vtdpi_enabled(&h.sys, source()), 0);
    h.sys.sources[0].budget = UINT32_MAX;
    run();
    assert_int_equal(h.sys.sources[0].budget, UINT32_MAX);
    h.sys.sources[0].enabled = 0;
    assert_int_equal(vtdpi_enabled(&h.sys, source()), 0);
    hand_close(&h);
}

/* A unit that does not snoop reads what was flushed of the declared tables; a table elsewhere is
 * read as memory has it.
 *
 * @shows vtd.irte.snoop
 */
static void test_system_blocked__no_snooping__table_in_other_memory(void **state)
{
    (void)state;
    open_unit("kvm", true, true);
    h.p.iommu.coherent = false;
    uint32_t line = h.p.cpu_lines[1];
    uint64_t paddr = h.p.lines[line].paddr;
    h.sys.iommu[0].arch.irta_base = paddr & ~(uint64_t)PAGE_OFFSET;
    h.sys.iommu[0].arch.irta_s = LARGEST_TABLE;
    uint16_t index = (uint16_t)((paddr & PAGE_OFFSET) / VTDPI_IRTE_BYTES);
    h.sys.sources[0].msi = (vtdpi_msi_t){.addr = vtdpi_msi_address(index, false)};
    memcpy(hand_word(&h, line, 0), entry(0), VTDPI_IRTE_BYTES);
    *entry(0) = 0; /* the declared table is not looked at */
    run();
    assert_null(hand_saw(&h, VTDPI_EV_blocked));
    assert_true(vtdpi_set_has(hand_word(&h, h.p.vcpus[0].pid, 0), VECTOR));
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_blocked__compatibility_format__blocked_with_event),
        cmocka_unit_test(test_system_blocked__compatibility_format_allowed__forwarded),
        cmocka_unit_test(test_system_blocked__index_beyond_table__blocked_without_fetch),
        cmocka_unit_test(test_system_blocked__entry_above_address_width__blocked),
        cmocka_unit_test(test_system_blocked__table_in_no_memory__blocked),
        cmocka_unit_test(test_system_blocked__entry_not_present__blocked_and_not_cached),
        cmocka_unit_test(test_system_blocked__caching_mode__refused_entry_is_cached),
        cmocka_unit_test(test_system_blocked__ordinary_write__no_interrupt_no_fault),
        cmocka_unit_test(test_system_blocked__descriptor_in_foreign_line__s6_and_lost),
        cmocka_unit_test(test_system_blocked__no_identities__fault_alone),
        cmocka_unit_test(test_system_blocked__budget__device_stops_when_it_is_spent),
        cmocka_unit_test(test_system_blocked__no_snooping__table_in_other_memory),
    };
    return cmocka_run_group_tests_name("system_blocked", tests, NULL, NULL);
}

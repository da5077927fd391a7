/*
 * Host operations at their limits, identities left out, and what an exploration offers.
 *
 * Rules: design, "The contract between actors and engines"; docs/scenario-reference.md,
 * "host_vectors", "affinity".
 */
#include "vtdpi/iommu_unit.h"

#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x41, ROUTE_VECTOR_LOW = 32, ROUTE_ATTACHED_LOW = 40, NO_ENTRY = 0x7000 };

static hand_t h;

/* A vCPU on CPU 0 whose thread runs [ops]; two sources of it. */
static void open_host(const char *protocol, const vtdpi_op_t *ops, unsigned count)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, protocol, 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    scene_interrupt(&h.scene, 0, VECTOR + 1, 0, 1000000);
    hand_build(&h, true);
    hand_script(0, ops, count);
}

static vtdpi_op_t plain(vtdpi_op_kind_t kind, uint64_t a)
{
    return vtdpi_op_ab(vtdpi_op_make(kind, VTDPI_STAGE_hv, 0), a, 0);
}

static vtdpi_op_t route(uint64_t source, uint64_t cpu)
{
    vtdpi_op_t op = plain(VTDPI_OP_ROUTE, source);
    op.b = ((uint64_t)VECTOR << ROUTE_VECTOR_LOW) | (UINT64_C(1) << ROUTE_ATTACHED_LOW);
    op.c = cpu;
    return op;
}

/* A fault event that FECTL.IM held back is sent when software clears the mask. */
static void test_system_host__fault_event_unmasked__sent(void **state)
{
    (void)state;
    vtdpi_op_t ops[1] = {plain(VTDPI_OP_MMIO_WRITE, vtdpi_reg_offset(VTDPI_REG_FECTL))};
    open_host("kvm", ops, 1);
    hand_start(&h);
    h.sys.sources[0].msi.addr = vtdpi_msi_address(NO_ENTRY, false);
    hand_fire(&h, h.sys.actor.source, 0);
    hand_fire(&h, h.sys.actor.request, 0);
    assert_non_null(hand_saw(&h, VTDPI_EV_blocked));
    assert_int_equal(hand_in_flight(&h), 0); /* masked, pending */
    hand_to(&h, 0, VTDPI_OP_MMIO_WRITE);
    hand_step(&h, 0);
    assert_int_equal(hand_in_flight(&h), 1);
    assert_int_equal(h.sys.messages[0].from_unit, 1);
    hand_close(&h);
}

/* The pool of a CPU holds as many vectors as the platform says; the next one who asks gets none,
 * is told so, and keeps what it has. */
static void test_system_host__vectors_of_a_cpu__exhausted(void **state)
{
    (void)state;
    const vtdpi_op_t ops[3] = {route(0, 1), route(1, 1), route(1, 0)};
    open_host("kvm", ops, 3);
    h.p.host_vectors = 1;
    hand_start(&h);
    hand_to(&h, 0, VTDPI_OP_ROUTE);
    hand_step(&h, 0);
    assert_int_equal(hand_saw(&h, VTDPI_EV_host_vector_allocated)->a[2], VTDPI_HV_FIRST_DEVICE);
    assert_int_equal(hand_result(&h, 0, 0), 1);
    hand_step(&h, 0);
    const vtdpi_event_t *e = hand_saw(&h, VTDPI_EV_host_vectors_exhausted);
    assert_non_null(e);
    assert_int_equal(e->a[0], 1);
    assert_int_equal(e->a[1], 1);
    assert_int_equal(hand_result(&h, 0, 1), 0);
    assert_int_equal(h.sys.sources[1].host_vector, 0);
    hand_step(&h, 0); /* a vector counts for one CPU alone */
    assert_int_equal(hand_result(&h, 0, 2), 1);
    assert_int_equal(h.sys.sources[1].host_vector, VTDPI_HV_FIRST_DEVICE);
    assert_int_equal(h.sys.sources[1].host_cpu, 0);
    hand_close(&h);
}

/* Vector 0 is nobody's, though sources without a host vector have 0. */
static void test_system_host__vector_0__nobody(void **state)
{
    (void)state;
    const vtdpi_op_t ops[2] = {plain(VTDPI_OP_ROUTE_OF, 0), plain(VTDPI_OP_ROUTE_OF, VECTOR)};
    open_host("kvm", ops, 2);
    hand_start(&h);
    assert_int_equal(h.sys.sources[0].host_vector, 0);
    hand_to(&h, 0, VTDPI_OP_ROUTE_OF);
    hand_step(&h, 0);
    assert_int_equal(hand_result(&h, 0, 0), VTDPI_NOBODY);
    hand_step(&h, 0);
    assert_int_equal(hand_result(&h, 0, 1), VTDPI_NOBODY);
    hand_close(&h);
}

/* A choice is as many alternatives as it has; the one fired is its result. */
static void test_system_host__choice__result_is_the_alternative(void **state)
{
    (void)state;
    const vtdpi_op_t ops[1] = {plain(VTDPI_OP_CHOOSE, 3)};
    for (uint32_t alt = 0; alt < 3; alt++) {
        open_host("kvm", ops, 1);
        hand_start(&h);
        hand_to(&h, 0, VTDPI_OP_CHOOSE);
        assert_int_equal(vtdpi_enabled(&h.sys, 0), 3);
        hand_fire(&h, 0, alt);
        assert_int_equal(hand_result(&h, 0, 0), alt);
        hand_close(&h);
    }
}

/* A compare-and-exchange of 16 bytes needs both words right. */
static void test_system_host__exchange_of_16_bytes__both_halves_count(void **state)
{
    (void)state;
    for (unsigned wrong = 0; wrong < 3; wrong++) {
        vtdpi_op_t op = vtdpi_op_memory(VTDPI_OP_CAS128, VTDPI_STAGE_irte_update, 0, 2);
        op.a = wrong == 1 ? 99 : 11;
        op.b = wrong == 2 ? 99 : 12;
        op.c = 21;
        op.d = 22;
        open_host("kvm", &op, 1);
        op.line = h.p.irte_line;
        hand_start(&h);
        hand_to(&h, 0, VTDPI_OP_CAS128);
        *hand_word(&h, h.p.irte_line, 2) = 11;
        *hand_word(&h, h.p.irte_line, 3) = 12;
        hand_step(&h, 0);
        assert_int_equal(hand_result(&h, 0, 0), 11);
        assert_int_equal(*hand_word(&h, h.p.irte_line, 2), wrong == 0 ? 21 : 11);
        assert_int_equal(*hand_word(&h, h.p.irte_line, 3), wrong == 0 ? 22 : 12);
        hand_close(&h);
    }
}

/* Replacement may drop any cached entry: an exploration has an alternative for each, a timed run
 * none. */
static void test_system_host__exploration__each_cached_entry_may_go(void **state)
{
    (void)state;
    for (uint32_t alt = 0; alt < 2; alt++) {
        open_host("kvm", NULL, 0);
        h.p.explore = true;
        hand_start(&h);
        for (uint32_t s = 0; s < 2; s++) {
            hand_fire(&h, h.sys.actor.source + s, 0);
            while (h.sys.requests[0].phase != VTDPI_RQ_FREE) {
                hand_fire(&h, h.sys.actor.request, 0);
            }
        }
        assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.evict), 2);
        h.p.explore = false;
        assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.evict), 0);
        h.p.explore = true;
        hand_fire(&h, h.sys.actor.evict, alt);
        assert_int_equal(h.sys.iec[alt].valid, 0);
        assert_int_equal(h.sys.iec[1 - alt].valid, 1);
        assert_int_equal(vtdpi_enabled(&h.sys, h.sys.actor.evict), 1);
        hand_close(&h);
    }
}

/* An interrupt on its whole way from the device to a handler under [protocol], with or without
 * identities; returns the hash of what is left. */
static uint64_t whole_way(const char *protocol, bool ghost)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, protocol, 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    hand_build(&h, false);
    h.p.ghost = ghost;
    hand_start(&h);
    hand_to(&h, 0, VTDPI_OP_VMENTER);
    hand_fire(&h, h.sys.actor.source, 0);
    while (h.sys.requests[0].phase != VTDPI_RQ_FREE) {
        hand_fire(&h, h.sys.actor.request, 0);
    }
    hand_messages(&h);
    const vtdpi_event_t *entered = NULL;
    for (unsigned i = 0; entered == NULL; i++) {
        assert_true(i < 400);
        if (vtdpi_enabled(&h.sys, 0) == 0) {
            hand_drain(&h, 0);
        }
        hand_fire(&h, 0, 0);
        entered = hand_saw(&h, VTDPI_EV_handler_entered);
    }
    assert_int_equal(entered->a[1], VECTOR);
    assert_int_equal(entered->id != 0, ghost);
    assert_int_equal(h.sys.sealed_count, ghost);
    uint64_t hash = vtdpi_system_hash(&h.sys);
    hand_close(&h);
    return hash;
}

/* Identities are no part of behaviour: posted, posted by software or injected, the way is the same
 * without them. */
static void test_system_host__no_identities__same_way(void **state)
{
    (void)state;
    static const char *const protocols[4] = {"kvm", "cpu_posted_kvm", "cpu_posted_xen", "injected"};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(whole_way(protocols[i], false), whole_way(protocols[i], true));
    }
}

/* What is in flight is put in the same order with and without identities. */
static void test_system_host__no_identities__same_canonical_order(void **state)
{
    (void)state;
    static vtdpi_message_t messages[2][VTDPI_MESSAGES_MAX];
    static vtdpi_request_t requests[2][VTDPI_REQUESTS_MAX];
    for (unsigned ghost = 0; ghost < 2; ghost++) {
        open_host("kvm", NULL, 0);
        h.p.ghost = ghost != 0;
        hand_start(&h);
        hand_fire(&h, h.sys.actor.source, 0);
        hand_fire(&h, h.sys.actor.source + 1, 0);
        for (uint32_t m = 1; m < 4; m++) {
            h.sys.messages[m].used = 1;
            h.sys.messages[m].vcpu = VTDPI_NOBODY;
            h.sys.messages[m].msg.vector = (uint8_t)(0x80 + m);
        }
        vtdpi_system_canonicalise(&h.sys);
        memcpy(messages[ghost], h.sys.messages, sizeof messages[0]);
        memcpy(requests[ghost], h.sys.requests, sizeof requests[0]);
        assert_int_equal(h.sys.messages[0].msg.vector, 0x83); /* greatest first, empty ones last */
        assert_int_equal(h.sys.messages[3].used, 0);
        hand_close(&h);
    }
    assert_memory_equal(messages[0], messages[1], sizeof messages[0]);
    assert_memory_equal(requests[0], requests[1], sizeof requests[0]);
}

/* The scheduler's tick runs while another thread waits for the CPU and there is a time slice. */
static void test_system_host__tick__only_with_a_time_slice(void **state)
{
    (void)state;
    for (unsigned others = 0; others < 2; others++) {
        for (uint64_t slice = 0; slice < 2; slice++) {
            memset(&h, 0, sizeof h);
            scene_init(&h.scene, "kvm", 2);
            scene_vcpu(&h.scene, 0, true, 1000000, false);
            scene_vcpu(&h.scene, others != 0 ? 0 : 1, true, 1000000, false);
            scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
            hand_build(&h, true);
            h.p.timeslice_ps = slice;
            hand_script(0, NULL, 0);
            hand_script(1, NULL, 0);
            hand_start(&h);
            hand_to(&h, 0, VTDPI_OP_CHOOSE);
            bool tick = vtdpi_enabled(&h.sys, h.sys.actor.timer + VTDPI_SLOT_TICK) > 0;
            assert_int_equal(tick, others != 0 && slice != 0);
            hand_close(&h);
        }
    }
}

/* "Migrate to the next CPU" goes on to the next that the thread's affinity allows, and stays where
 * it is if no other is allowed. */
static void test_system_host__migrate_to_the_next__by_affinity(void **state)
{
    (void)state;
    for (unsigned other = 0; other < 2; other++) {
        memset(&h, 0, sizeof h);
        scene_init(&h.scene, "kvm", 3);
        scene_vcpu(&h.scene, 0, true, 1000000, false);
        scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
        scene_event(&h.scene, VTDPI_EVENT_MIGRATE, 0)->cpu = UINT32_MAX;
        if (other != 0) {
            vtdpi_set_add(h.scene.vcpu[0].affinity, 2);
        }
        hand_build(&h, true);
        hand_script(0, NULL, 0);
        hand_start(&h);
        hand_fire(&h, h.sys.actor.outside, 0);
        const vtdpi_thread_t *th = &h.sys.threads[h.p.vcpus[0].thread];
        assert_int_equal(th->cpu, other != 0 ? 2 : 0);
        hand_close(&h);
    }
}

/* A thread that no CPU is allowed to (a state that no scenario makes) stays where it was: moved,
 * and woken. */
static void test_system_host__no_cpu_allowed__stays_where_it_was(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 1, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    scene_event(&h.scene, VTDPI_EVENT_MIGRATE, 0)->cpu = UINT32_MAX;
    scene_event(&h.scene, VTDPI_EVENT_WAKE, 0);
    hand_build(&h, true);
    hand_script(0, NULL, 0);
    vtdpi_thread_fixed_t threads[4];
    assert_true(h.p.thread_count <= 4);
    memcpy(threads, h.p.threads, h.p.thread_count * sizeof threads[0]);
    memset(threads[h.p.vcpus[0].thread].affinity, 0, sizeof threads[0].affinity);
    h.p.threads = threads;
    hand_start(&h);
    vtdpi_thread_t *th = &h.sys.threads[h.p.vcpus[0].thread];
    hand_fire(&h, h.sys.actor.outside, 0);
    assert_int_equal(th->cpu, 1);
    memset(th->affinity, 0, sizeof th->affinity);
    th->state = VTDPI_TS_BLOCKED;
    hand_fire(&h, h.sys.actor.outside + 1, 0);
    assert_int_equal(th->state, VTDPI_TS_RUNNABLE);
    assert_int_equal(th->cpu, 1);
    hand_close(&h);
}

/* Where an event can be recognised it is alternative 0, and those of a choice come behind it. */
static void test_system_host__choice_with_an_event__alternatives_behind_it(void **state)
{
    (void)state;
    const vtdpi_op_t ops[1] = {plain(VTDPI_OP_CHOOSE, 3)};
    open_host("kvm", ops, 1);
    hand_start(&h);
    hand_to(&h, 0, VTDPI_OP_CHOOSE);
    vtdpi_set_add(h.sys.cpus[0].apic.irr, VTDPI_HV_RESCHED);
    assert_true(hand_event(&h, 0));
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 4);
    hand_fire(&h, 0, 3);
    assert_int_equal(hand_result(&h, 0, 0), 2);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_host__fault_event_unmasked__sent),
        cmocka_unit_test(test_system_host__vectors_of_a_cpu__exhausted),
        cmocka_unit_test(test_system_host__vector_0__nobody),
        cmocka_unit_test(test_system_host__choice__result_is_the_alternative),
        cmocka_unit_test(test_system_host__exchange_of_16_bytes__both_halves_count),
        cmocka_unit_test(test_system_host__exploration__each_cached_entry_may_go),
        cmocka_unit_test(test_system_host__no_identities__same_way),
        cmocka_unit_test(test_system_host__no_identities__same_canonical_order),
        cmocka_unit_test(test_system_host__tick__only_with_a_time_slice),
        cmocka_unit_test(test_system_host__migrate_to_the_next__by_affinity),
        cmocka_unit_test(test_system_host__no_cpu_allowed__stays_where_it_was),
        cmocka_unit_test(test_system_host__choice_with_an_event__alternatives_behind_it),
    };
    return cmocka_run_group_tests_name("system_host", tests, NULL, NULL);
}

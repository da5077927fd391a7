/*
 * x86-TSO: store buffers, locked operations, fences. Litmus tests are explored in every order.
 *
 * Rule: SDM 3A, "Memory Ordering": a load may be reordered with older stores to other locations and
 * with nothing else; locked operations and fences order.
 */
#include "cmocka_all.h"
#include "hand.h"

#include <stdlib.h>
#include <string.h>

enum { ONE = 1, SET_MAX = 4096, DEPTH_MAX = 64 };

#define ALL (~UINT64_C(0))

/* Word 7 of a vCPU's hypervisor line belongs to nobody. */
enum { WORD = 7 };

static hand_t h;

static void two_cpus(void)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_vcpu(&h.scene, 1, true, 1000000, false);
    h.scene.s.platform.store_buffer = 2;
    hand_build(&h, true);
}

static vtdpi_op_t at(vtdpi_op_kind_t kind, uint32_t vcpu, uint64_t a, uint64_t b)
{
    return vtdpi_op_ab(vtdpi_op_memory(kind, VTDPI_STAGE_hv, h.p.vcpus[vcpu].state, WORD), a, b);
}

static vtdpi_op_t fence(void)
{
    return vtdpi_op_make(VTDPI_OP_FENCE, VTDPI_STAGE_hv, 0);
}

/* Brings the threads of both CPUs to the first operation of their scripts. */
static void to_scripts(void)
{
    hand_start(&h);
    for (uint32_t c = 0; c < 2; c++) {
        while (h.sys.threads[h.p.vcpus[c].thread].depth < 2) {
            hand_step(&h, c);
        }
        hand_drain(&h, c);
    }
}

/* Every order of two CPUs and their store buffers. */
typedef struct {
    uint64_t seen[SET_MAX];
    uint8_t *saved[DEPTH_MAX];
    uint32_t seen_count;
    uint32_t results; /**< set of outcomes: bit 2 * (result of CPU 0) + (result of CPU 1) */
    unsigned which[2];
} orders_t;

static orders_t orders;

static bool is_new(uint64_t hash)
{
    for (uint32_t i = 0; i < orders.seen_count; i++) {
        if (orders.seen[i] == hash) {
            return false;
        }
    }
    assert_true(orders.seen_count < SET_MAX);
    orders.seen[orders.seen_count++] = hash;
    return true;
}

static void outcome(void)
{
    uint64_t r0 = hand_result(&h, 0, orders.which[0]);
    uint64_t r1 = hand_result(&h, 1, orders.which[1]);
    assert_true(r0 <= 1 && r1 <= 1);
    orders.results |= 1U << (2 * r0 + r1);
}

static void visit(unsigned depth)
{
    assert_true(depth < DEPTH_MAX);
    const uint32_t actor[4] = {0, 1, h.sys.actor.drain, h.sys.actor.drain + 1};
    uint8_t *saved = malloc(h.sys.size);
    assert_non_null(saved);
    memcpy(saved, h.sys.block, h.sys.size);
    bool moved = false;
    for (unsigned i = 0; i < 4; i++) {
        if (vtdpi_enabled(&h.sys, actor[i]) == 0) {
            continue;
        }
        moved = true;
        hand_fire(&h, actor[i], 0);
        if (is_new(vtdpi_system_hash(&h.sys))) {
            visit(depth + 1);
        }
        memcpy(h.sys.block, saved, h.sys.size);
    }
    free(saved);
    if (!moved) {
        outcome();
    }
}

/* Outcomes of two scripts; which[c] is the load of CPU c that counts. */
static uint32_t explore_scripts(const vtdpi_op_t *a, unsigned na, const vtdpi_op_t *b, unsigned nb,
                                unsigned which0, unsigned which1)
{
    memset(&orders, 0, sizeof orders);
    orders.which[0] = which0;
    orders.which[1] = which1;
    hand_script(0, a, na);
    hand_script(1, b, nb);
    to_scripts();
    visit(0);
    hand_close(&h);
    return orders.results;
}

enum { OUT_00 = 1 << 0, OUT_01 = 1 << 1, OUT_10 = 1 << 2, OUT_11 = 1 << 3 };

/* SB, SDM 3A example 8-3: both loads may see the old values.
 * @shows sdm.memory.store-load */
static void test_system_memory__store_then_load__both_may_read_old_values(void **state)
{
    (void)state;
    two_cpus();
    vtdpi_op_t a[2] = {at(VTDPI_OP_STORE, 0, ONE, ALL), at(VTDPI_OP_LOAD, 1, 0, 0)};
    vtdpi_op_t b[2] = {at(VTDPI_OP_STORE, 1, ONE, ALL), at(VTDPI_OP_LOAD, 0, 0, 0)};
    assert_int_equal(explore_scripts(a, 2, b, 2, 1, 1), OUT_00 | OUT_01 | OUT_10 | OUT_11);
}

/* SB with MFENCE between store and load: never both old.
 * @shows sdm.memory.locked-drains */
static void test_system_memory__store_fence_load__never_both_old(void **state)
{
    (void)state;
    two_cpus();
    vtdpi_op_t a[3] = {at(VTDPI_OP_STORE, 0, ONE, ALL), fence(), at(VTDPI_OP_LOAD, 1, 0, 0)};
    vtdpi_op_t b[3] = {at(VTDPI_OP_STORE, 1, ONE, ALL), fence(), at(VTDPI_OP_LOAD, 0, 0, 0)};
    assert_int_equal(explore_scripts(a, 3, b, 3, 2, 2), OUT_01 | OUT_10 | OUT_11);
}

/* SDM 3A: a locked store orders like a fence; one CPU without it brings the outcome back.
 * @shows sdm.memory.locked-drains */
static void test_system_memory__locked_store__orders_on_its_own_cpu_only(void **state)
{
    (void)state;
    two_cpus();
    vtdpi_op_t a[2] = {at(VTDPI_OP_XCHG, 0, ONE, 0), at(VTDPI_OP_LOAD, 1, 0, 0)};
    vtdpi_op_t b[2] = {at(VTDPI_OP_BTS, 1, ONE, 0), at(VTDPI_OP_LOAD, 0, 0, 0)};
    assert_int_equal(explore_scripts(a, 2, b, 2, 1, 1), OUT_01 | OUT_10 | OUT_11);
    two_cpus();
    vtdpi_op_t plain[2] = {at(VTDPI_OP_STORE, 1, ONE, ALL), at(VTDPI_OP_LOAD, 0, 0, 0)};
    a[0].line = h.p.vcpus[0].state;
    assert_int_equal(explore_scripts(a, 2, plain, 2, 1, 1), OUT_00 | OUT_01 | OUT_10 | OUT_11);
}

/* MP, SDM 3A example 8-1: stores become visible in program order, loads are not reordered.
 * @shows sdm.memory.stores-in-order */
static void test_system_memory__message_passing__flag_without_data_never_seen(void **state)
{
    (void)state;
    two_cpus();
    vtdpi_op_t a[3] = {at(VTDPI_OP_STORE, 0, ONE, ALL), at(VTDPI_OP_STORE, 1, ONE, ALL),
                       at(VTDPI_OP_LOAD, 0, 0, 0)};
    vtdpi_op_t b[2] = {at(VTDPI_OP_LOAD, 1, 0, 0), at(VTDPI_OP_LOAD, 0, 0, 0)};
    assert_int_equal(explore_scripts(a, 3, b, 2, 2, 1), OUT_10 | OUT_11);
    two_cpus();
    vtdpi_op_t c[2] = {at(VTDPI_OP_AWAIT, 1, ONE, ONE), at(VTDPI_OP_LOAD, 0, 0, 0)};
    assert_int_equal(explore_scripts(a, 3, c, 2, 2, 1), OUT_11);
}

/* SDM 3A example 8-5: a load sees its own CPU's store before it is visible to others.
 * @shows sdm.memory.forwarding */
static void test_system_memory__load_after_own_store__forwarded_before_visible(void **state)
{
    (void)state;
    two_cpus();
    vtdpi_op_t a[3] = {at(VTDPI_OP_STORE, 0, 0xAB00, 0xFF00), at(VTDPI_OP_STORE, 0, 0xCD, 0xFF),
                       at(VTDPI_OP_LOAD, 0, 0, 0)};
    vtdpi_op_t b[1] = {at(VTDPI_OP_LOAD, 0, 0, 0)};
    hand_script(0, a, 3);
    hand_script(1, b, 1);
    to_scripts();
    *hand_word(&h, h.p.vcpus[0].state, WORD) = UINT64_C(0x77000000000000EE);
    hand_fire(&h, 0, 0);
    hand_fire(&h, 0, 0);
    hand_fire(&h, 0, 0);
    hand_fire(&h, 1, 0);
    assert_int_equal(hand_result(&h, 0, 2), UINT64_C(0x770000000000ABCD));
    assert_int_equal(hand_result(&h, 1, 0), UINT64_C(0x77000000000000EE));
    hand_fire(&h, h.sys.actor.drain, 0);
    assert_int_equal(*hand_word(&h, h.p.vcpus[0].state, WORD), UINT64_C(0x770000000000ABEE));
    assert_int_equal(h.sys.moved_line, h.p.vcpus[0].state);
    hand_close(&h);
}

/* Each ordered operation waits for the store buffer, each other does not; the list is op.def's.
 * @shows sdm.memory.locked-drains */
static void test_system_memory__ordered_operation__not_enabled_until_drained(void **state)
{
    (void)state;
    static const uint8_t ordered[] = {VTDPI_OP_FENCE,     VTDPI_OP_BTS,    VTDPI_OP_BTR,
                                      VTDPI_OP_XCHG,      VTDPI_OP_ADD,    VTDPI_OP_CAS64,
                                      VTDPI_OP_CLFLUSH,   VTDPI_OP_CAS128, VTDPI_OP_LOCK,
                                      VTDPI_OP_MMIO_READ, VTDPI_OP_PREPARE};
    static const uint8_t free_of_order[] = {VTDPI_OP_LOAD, VTDPI_OP_STORE, VTDPI_OP_IPI,
                                            VTDPI_OP_CLI,  VTDPI_OP_SPEND, VTDPI_OP_CLOCK};
    for (unsigned i = 0; i < sizeof ordered + sizeof free_of_order; i++) {
        bool wait = i < sizeof ordered;
        unsigned kind = wait ? ordered[i] : free_of_order[i - sizeof ordered];
        two_cpus();
        vtdpi_op_t a[2] = {at(VTDPI_OP_STORE, 0, ONE, ALL), at((vtdpi_op_kind_t)kind, 1, 0, 0)};
        a[1].word = 0;
        a[1].a = kind == VTDPI_OP_IPI ? VTDPI_HV_KICK : 0;
        hand_script(0, a, 2);
        hand_script(1, NULL, 0);
        to_scripts();
        hand_fire(&h, 0, 0);
        assert_int_equal(vtdpi_enabled(&h.sys, 0), wait ? 0 : 1);
        hand_drain(&h, 0);
        assert_int_equal(vtdpi_enabled(&h.sys, 0), 1);
        hand_fire(&h, 0, 0);
        hand_close(&h);
    }
}

/* A full store buffer holds the next store back. */
static void test_system_memory__store_buffer_full__store_waits(void **state)
{
    (void)state;
    two_cpus();
    vtdpi_op_t a[4] = {at(VTDPI_OP_STORE, 0, 1, ALL), at(VTDPI_OP_STORE, 0, 2, ALL),
                       at(VTDPI_OP_STORE, 0, 3, ALL), at(VTDPI_OP_UNLOCK, 0, 0, 0)};
    hand_script(0, a, 4);
    hand_script(1, NULL, 0);
    to_scripts();
    hand_fire(&h, 0, 0);
    hand_fire(&h, 0, 0);
    assert_int_equal(vtdpi_enabled(&h.sys, 0), 0);
    hand_fire(&h, h.sys.actor.drain, 0);
    assert_int_equal(*hand_word(&h, h.p.vcpus[0].state, WORD), 1);
    hand_fire(&h, 0, 0);
    hand_drain(&h, 0);
    assert_int_equal(*hand_word(&h, h.p.vcpus[0].state, WORD), 3);
    hand_fire(&h, 0, 0);
    assert_int_equal(*hand_word(&h, h.p.vcpus[0].state, WORD), 3);
    hand_drain(&h, 0);
    assert_int_equal(*hand_word(&h, h.p.vcpus[0].state, WORD), 0);
    hand_close(&h);
}

/* The locked operations, each with its old word and its new one.
 * @shows sdm.memory.locked */
static void test_system_memory__locked_operations__old_value_and_new_word(void **state)
{
    (void)state;

    static const struct {
        vtdpi_op_kind_t kind;
        uint64_t a, b, word, after;
    } row[] = {{VTDPI_OP_BTS, 0x30, 0, 0x11, 0x31}, {VTDPI_OP_BTR, 0x30, 0, 0x31, 0x01},
               {VTDPI_OP_XCHG, 9, 0, 5, 9},         {VTDPI_OP_ADD, ALL, 0, 5, 4},
               {VTDPI_OP_CAS64, 5, 9, 5, 9},        {VTDPI_OP_CAS64, 6, 9, 5, 5}};

    for (unsigned i = 0; i < sizeof row / sizeof row[0]; i++) {
        two_cpus();
        vtdpi_op_t a[1] = {at(row[i].kind, 0, row[i].a, row[i].b)};
        hand_script(0, a, 1);
        hand_script(1, NULL, 0);
        to_scripts();
        *hand_word(&h, h.p.vcpus[0].state, WORD) = row[i].word;
        hand_fire(&h, 0, 0);
        assert_int_equal(hand_result(&h, 0, 0), row[i].word);
        assert_int_equal(*hand_word(&h, h.p.vcpus[0].state, WORD), row[i].after);
        hand_close(&h);
    }
}

/* A taken lock holds the second CPU until the unlocking store is visible, and no longer. */
static void test_system_memory__lock_taken__other_waits_until_unlock_drains(void **state)
{
    (void)state;
    two_cpus();
    vtdpi_op_t a[2] = {at(VTDPI_OP_LOCK, 0, 0, 0), at(VTDPI_OP_UNLOCK, 0, 0, 0)};
    vtdpi_op_t b[1] = {at(VTDPI_OP_LOCK, 0, 0, 0)};
    hand_script(0, a, 2);
    hand_script(1, b, 1);
    to_scripts();
    hand_fire(&h, 0, 0);
    assert_int_equal(vtdpi_enabled(&h.sys, 1), 0);
    hand_fire(&h, 0, 0);
    assert_int_equal(vtdpi_enabled(&h.sys, 1), 0);
    hand_fire(&h, h.sys.actor.drain, 0);
    assert_int_equal(vtdpi_enabled(&h.sys, 1), 1);
    bool told = false;
    for (uint32_t i = 0; i < h.sys.touched_count; i++) {
        told = told || h.sys.touched[i] == 1;
    }
    assert_true(told); /* an engine that waits for CPU 1 hears of it */
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_memory__store_then_load__both_may_read_old_values),
        cmocka_unit_test(test_system_memory__store_fence_load__never_both_old),
        cmocka_unit_test(test_system_memory__locked_store__orders_on_its_own_cpu_only),
        cmocka_unit_test(test_system_memory__message_passing__flag_without_data_never_seen),
        cmocka_unit_test(test_system_memory__load_after_own_store__forwarded_before_visible),
        cmocka_unit_test(test_system_memory__ordered_operation__not_enabled_until_drained),
        cmocka_unit_test(test_system_memory__store_buffer_full__store_waits),
        cmocka_unit_test(test_system_memory__locked_operations__old_value_and_new_word),
        cmocka_unit_test(test_system_memory__lock_taken__other_waits_until_unlock_drains),
    };
    return cmocka_run_group_tests_name("system_memory", tests, NULL, NULL);
}

/*
 * The block of state: snapshots, hashes, what is in flight as a set, and that every step of whole
 * scenarios leaves a sound state.
 *
 * Rules: design, "The contract between actors and engines", 7, 10 and 11.
 */
#include "cmocka_all.h"
#include "hand.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS = 3000 };

static hand_t h;

static void open_state(void)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_vcpu(&h.scene, 1, true, 1000000, false);
    h.scene.device[1] = (vtdpi_device_cfg_t){.name = "disk", .requester_id = 0x20, .msix = true};
    h.scene.s.device_count = 2;
    scene_interrupt(&h.scene, 0, 0x41, 0, 1000000);
    scene_interrupt(&h.scene, 1, 0x51, 0, 1000000)->device = 1;
    hand_build(&h, true);
    hand_script(0, NULL, 0);
    hand_script(1, NULL, 0);
    hand_start(&h);
}

/* Fires actor after actor, always the first that can move beginning at a place that moves on. */
static bool wander(hand_t *x, uint64_t *seed)
{
    *seed = (*seed * UINT64_C(6364136223846793005)) + UINT64_C(1442695040888963407);
    uint32_t first = (uint32_t)(*seed >> 33) % x->sys.actor.count;
    for (uint32_t i = 0; i < x->sys.actor.count; i++) {
        uint32_t a = (first + i) % x->sys.actor.count;
        uint32_t n = vtdpi_enabled(&x->sys, a);
        if (n > 0) {
            hand_fire(x, a, (uint32_t)(*seed >> 20) % n);
            return true;
        }
    }
    return false;
}

/* memcpy is a snapshot: the copy hashes equal, goes the same way, and the way is bound to nothing
 * else. */
static void test_system_state__copied_block__equal_hash_and_same_future(void **state)
{
    (void)state;
    open_state();
    uint64_t seed = 3;
    for (unsigned i = 0; i < 200; i++) {
        assert_true(wander(&h, &seed));
    }
    static hand_t copy;
    copy = h;
    copy.block = NULL;
    hand_start(&copy);
    memcpy(copy.sys.block, h.sys.block, h.sys.size);
    assert_int_equal(vtdpi_system_hash(&h.sys), vtdpi_system_hash(&copy.sys));
    uint64_t other = seed;
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(wander(&h, &seed), wander(&copy, &other));
        assert_memory_equal(h.sys.block, copy.sys.block, h.sys.size);
    }
    free(copy.block);
    hand_close(&h);
}

/* Which slots messages and requests lie in does not count; canonical order makes equal states equal
 * bytes. */
static void test_system_state__other_slots__same_hash_and_same_canonical_bytes(void **state)
{
    (void)state;
    open_state();
    static uint8_t way[2][1 << 16];
    uint64_t hash[2];
    uint8_t *start = malloc(h.sys.size);
    assert_non_null(start);
    memcpy(start, h.sys.block, h.sys.size);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(h.sys.block, start, h.sys.size);
        hand_fire(&h, h.sys.actor.source + i, 0);
        hand_fire(&h, h.sys.actor.source + 1 - i, 0);
        for (unsigned step = 0; step < 4; step++) { /* one message in flight, one request */
            hand_fire(&h, h.sys.actor.request + i, 0);
        }
        hand_fire(&h, h.sys.actor.source, 0);
        hash[i] = vtdpi_system_hash(&h.sys);
        vtdpi_system_canonicalise(&h.sys);
        assert_int_equal(vtdpi_system_hash(&h.sys), hash[i]);
        assert_true(h.sys.hashed <= sizeof way[0]);
        memcpy(way[i], h.sys.block, h.sys.hashed);
    }
    assert_int_equal(hash[0], hash[1]);
    assert_memory_equal(way[0], way[1], h.sys.hashed);
    free(start);
    hand_close(&h);
}

/* Canonical order takes identities along: the same interrupt is delivered from its new slot. */
static void test_system_state__canonicalised__identities_follow_their_slots(void **state)
{
    (void)state;
    open_state();
    hand_fire(&h, h.sys.actor.source, 0);
    hand_fire(&h, h.sys.actor.source + 1, 0);
    uint32_t source[2];
    vtdpi_system_canonicalise(&h.sys);
    for (unsigned r = 0; r < 2; r++) {
        const vtdpi_live_t *live = &h.sys.live[h.sys.ghost_request[r] - 1];
        source[r] = live->source;
        assert_int_equal(live->where, r);
        assert_int_equal(h.sys.requests[r].source, live->source);
    }
    assert_int_not_equal(source[0], source[1]);
    hand_close(&h);
}

/* Identity is not behaviour: with and without it, a system goes through the same states. */
static void test_system_state__without_identities__same_hashes(void **state)
{
    (void)state;
    open_state();
    static hand_t bare;
    memset(&bare, 0, sizeof bare);
    bare.p = h.p;
    bare.p.ghost = false;
    hand_start(&bare);
    uint64_t seed = 11;
    uint64_t other = seed;
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(wander(&h, &seed), wander(&bare, &other));
        assert_int_equal(vtdpi_system_hash(&h.sys), vtdpi_system_hash(&bare.sys));
    }
    free(bare.block);
    hand_close(&h);
}

/* Any operation changes the hash or nothing at all; random walks through the built-in protocols
 * keep the state sound (hand_fire checks). */
static void test_system_state__random_walks__state_stays_sound(void **state)
{
    (void)state;
    const char *name = NULL;
    static hand_t walk;
    for (unsigned n = 0;; n++) {
        memset(&walk, 0, sizeof walk);
        if (!scene_small(&walk.scene, n, &name)) {
            break;
        }
        hand_build(&walk, false);
        hand_start(&walk);
        uint64_t seed = n + 1;
        unsigned steps = 0;
        while (steps < STEPS && wander(&walk, &seed)) {
            steps++;
        }
        assert_int_equal(steps, STEPS);
        hand_close(&walk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_state__copied_block__equal_hash_and_same_future),
        cmocka_unit_test(test_system_state__other_slots__same_hash_and_same_canonical_bytes),
        cmocka_unit_test(test_system_state__canonicalised__identities_follow_their_slots),
        cmocka_unit_test(test_system_state__without_identities__same_hashes),
        cmocka_unit_test(test_system_state__random_walks__state_stays_sound),
    };
    return cmocka_run_group_tests_name("system_state", tests, NULL, NULL);
}

/* Copying two blocks copies a run: state is plain data and nothing of it lies elsewhere. */
#include "cmocka_all.h"
#include "rig.h"
#include "scene.h"

#include <stdlib.h>
#include <string.h>

enum { FAR_ENOUGH = 100000000 };

static void middle_of(unsigned n, uint64_t operations, sink_t *lead, rig_t **rig,
                      vtdpi_listener_t *listener, scene_t *scene)
{
    const char *name = NULL;
    assert_true(scene_small(scene, n, &name));
    sink_init(lead);
    *listener = sink_listener(lead);
    *rig = rig_new(&scene->s, listener);
    assert_non_null(*rig);
    assert_int_equal(rig_fire(*rig, operations), operations);
}

/* style 3.3: memcpy is a snapshot. Copied in the middle of a run, both copies go on to the same
 * log. */
static void test_snapshot__copied_in_the_middle__both_copies_give_the_same_log(void **state)
{
    (void)state;
    static scene_t scene;
    const char *name = NULL;
    for (unsigned n = 0; scene_small(&scene, n, &name); n++) {
        for (uint64_t at = 61; at < 400; at += 113) {
            sink_t lead, left, right;
            rig_t *rig = NULL;
            vtdpi_listener_t first;
            middle_of(n, at, &lead, &rig, &first, &scene);
            sink_init(&left);
            sink_init(&right);
            vtdpi_listener_t to_left = sink_listener(&left);
            vtdpi_listener_t to_right = sink_listener(&right);
            rig_t *copy = rig_copy(rig, &to_right);
            assert_non_null(copy);
            rig->timed.listener = &to_left;
            uint64_t a = rig_fire(rig, FAR_ENOUGH);
            uint64_t b = rig_fire(copy, FAR_ENOUGH);
            assert_int_equal(a, b);
            assert_true(left.events > 0);
            assert_true(sink_equal(&left, &right));
            rig_free(copy);
            rig_free(rig);
            sink_free(&lead);
            sink_free(&left);
            sink_free(&right);
        }
    }
}

/* A copy equals its original byte for byte and hashes equal; after one operation it does not. */
static void test_snapshot__copy__equal_bytes_and_hash_until_one_moves(void **state)
{
    (void)state;
    static scene_t scene;
    sink_t lead;
    rig_t *rig = NULL;
    vtdpi_listener_t listener;
    middle_of(0, 100, &lead, &rig, &listener, &scene);
    rig_t *copy = rig_copy(rig, NULL);
    assert_non_null(copy);
    assert_memory_equal(rig->system_block, copy->system_block, rig->system.size);
    assert_memory_equal(rig->timed_block, copy->timed_block, rig->timed.size);
    assert_int_equal(vtdpi_system_hash(&rig->system), vtdpi_system_hash(&copy->system));
    uint64_t before = vtdpi_system_hash(&rig->system);
    assert_int_equal(rig_fire(copy, 1), 1);
    assert_int_equal(vtdpi_system_hash(&rig->system), before);
    assert_int_not_equal(memcmp(rig->timed_block, copy->timed_block, rig->timed.size), 0);
    rig_free(copy);
    rig_free(rig);
    sink_free(&lead);
}

/* A state that was made by any number of operations has the hash by parts that it has as a whole.
 */
static void test_snapshot__hash_by_parts__equals_the_hash_of_the_whole(void **state)
{
    (void)state;
    static scene_t scene;
    const char *name = NULL;
    for (unsigned n = 0; scene_small(&scene, n, &name); n++) {
        rig_t *rig = rig_new(&scene.s, NULL);
        assert_non_null(rig);
        uint32_t parts = vtdpi_system_parts(&rig->system);
        uint64_t *part = calloc(parts, sizeof *part);
        uint8_t *before = malloc(rig->system.size);
        assert_non_null(part);
        assert_non_null(before);
        uint64_t whole = vtdpi_system_hash(&rig->system);
        assert_int_equal(vtdpi_system_rehash(&rig->system, NULL, part), whole);
        unsigned moved = 0;
        for (unsigned i = 0; i < 400; i++) {
            memcpy(before, rig->system_block, rig->system.size);
            if (rig_fire(rig, 1 + (i % 3)) == 0) {
                break;
            }
            uint64_t next = vtdpi_system_hash(&rig->system);
            assert_int_equal(vtdpi_system_rehash(&rig->system, before, part), next);
            moved += next != whole;
            whole = next;
        }
        assert_true(moved > 100);
        free(before);
        free(part);
        rig_free(rig);
    }
}

/* Two platforms live in one process, driven in turns, without meeting. */
static void test_snapshot__two_platforms_in_turns__each_as_if_alone(void **state)
{
    (void)state;
    static scene_t scene[2];
    const char *name = NULL;
    sink_t alone[2], turns[2];
    rig_t *rig[2];
    vtdpi_listener_t listener[2];
    const unsigned which[2] = {0, 5};
    for (unsigned i = 0; i < 2; i++) {
        assert_true(scene_small(&scene[i], which[i], &name));
        sink_init(&alone[i]);
        sink_init(&turns[i]);
        vtdpi_listener_t l = sink_listener(&alone[i]);
        rig_t *r = rig_new(&scene[i].s, &l);
        assert_non_null(r);
        assert_true(rig_fire(r, FAR_ENOUGH) > 0);
        rig_free(r);
        listener[i] = sink_listener(&turns[i]);
        rig[i] = rig_new(&scene[i].s, &listener[i]);
        assert_non_null(rig[i]);
    }
    while (rig_fire(rig[0], 3) + rig_fire(rig[1], 2) > 0) {
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_true(alone[i].events > 0);
        assert_true(sink_equal(&alone[i], &turns[i]));
        rig_free(rig[i]);
        sink_free(&alone[i]);
        sink_free(&turns[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snapshot__copied_in_the_middle__both_copies_give_the_same_log),
        cmocka_unit_test(test_snapshot__copy__equal_bytes_and_hash_until_one_moves),
        cmocka_unit_test(test_snapshot__hash_by_parts__equals_the_hash_of_the_whole),
        cmocka_unit_test(test_snapshot__two_platforms_in_turns__each_as_if_alone),
    };
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}

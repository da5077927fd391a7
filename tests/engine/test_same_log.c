/*
 * One scenario, three ways to drive it: SystemC, a plain loop over due times, and a loop that looks
 * at every clock edge. Each gives the same log, byte for byte: the kernel decides nothing, and
 * skipping idle time changes nothing.
 */
#include "cmocka_all.h"
#include "per_cycle.h"
#include "rig.h"
#include "scene.h"

#include <stdio.h>
#include <string.h>

typedef vtdpi_err_t (*drive_t)(vtdpi_run_t *, const vtdpi_listener_t *, vtdpi_totals_t *);

static void drive(const scene_t *scene, drive_t how, sink_t *sink, vtdpi_totals_t *totals)
{
    char why[200] = "";
    vtdpi_run_t *run = NULL;
    sink_init(sink);
    memset(totals, 0, sizeof *totals);
    vtdpi_listener_t listener = sink_listener(sink);
    if (vtdpi_run_create(&scene->s, &run, why, sizeof why) != VTDPI_OK) {
        fail_msg("%s", why);
    }
    assert_int_equal(how(run, &listener, totals), VTDPI_OK);
    vtdpi_run_free(run);
}

static void drive_per_cycle(const scene_t *scene, sink_t *sink, vtdpi_totals_t *totals)
{
    sink_init(sink);
    memset(totals, 0, sizeof *totals);
    vtdpi_listener_t listener = sink_listener(sink);
    rig_t *rig = rig_new(&scene->s, &listener);
    assert_non_null(rig);
    assert_true(per_cycle_run(&rig->timed) > 0);
    vtdpi_timed_finish(&rig->timed, totals);
    rig_free(rig);
}

static void compare(const char *name, const char *what, const sink_t *a, const sink_t *b)
{
    if (!sink_equal(a, b)) {
        fail_msg("%s: plain loop and %s differ (%zu and %zu events)", name, what, a->events,
                 b->events);
    }
}

/* style 3.10: a test runs small scenarios with a loop that ticks every cycle and compares the logs
 * byte by byte. */
static void test_engine__every_small_scenario__one_log_from_all_loops(void **state)
{
    (void)state;
    scene_t scene;
    const char *name = NULL;
    unsigned count = 0;
    for (; scene_small(&scene, count, &name); count++) {
        scene.s.duration_ps = UINT64_C(100000000); /* every edge takes its time */
        sink_t plain, kernel, cycle;
        vtdpi_totals_t a, b, c;
        drive(&scene, vtdpi_run_plain, &plain, &a);
        drive(&scene, vtdpi_run_simulate, &kernel, &b);
        drive_per_cycle(&scene, &cycle, &c);
        assert_true(plain.events > 20 && plain.records > 0);
        compare(name, "SystemC", &plain, &kernel);
        compare(name, "per-cycle loop", &plain, &cycle);
        assert_memory_equal(&a, &b, sizeof a);
        assert_memory_equal(&a, &c, sizeof a);
        sink_free(&plain);
        sink_free(&kernel);
        sink_free(&cycle);
    }
    assert_true(count >= 10);
}

/* design contract 15: sc_start may be called again; runs in one process go one after another. */
static void test_engine__systemc_twice_on_one_run__same_log(void **state)
{
    (void)state;
    scene_t scene;
    const char *name = NULL;
    sink_t first, second;
    vtdpi_totals_t totals;
    vtdpi_run_t *run = NULL;
    assert_true(scene_small(&scene, 0, &name));
    assert_int_equal(vtdpi_run_create(&scene.s, &run, NULL, 0), VTDPI_OK);
    sink_init(&first);
    sink_init(&second);
    vtdpi_listener_t listener = sink_listener(&first);
    assert_int_equal(vtdpi_run_simulate(run, &listener, &totals), VTDPI_OK);
    listener = sink_listener(&second);
    assert_int_equal(vtdpi_run_simulate(run, &listener, &totals), VTDPI_OK);
    assert_true(sink_equal(&first, &second));
    vtdpi_run_free(run);
    sink_free(&first);
    sink_free(&second);
}

/* Another seed is another run where chance plays a part. */
static void test_engine__another_seed__another_log(void **state)
{
    (void)state;
    scene_t scene;
    const char *name = NULL;
    sink_t first, second;
    vtdpi_totals_t totals;
    assert_true(scene_small(&scene, 5, &name));
    drive(&scene, vtdpi_run_plain, &first, &totals);
    scene.s.seed++;
    drive(&scene, vtdpi_run_plain, &second, &totals);
    assert_false(sink_equal(&first, &second));
    sink_free(&first);
    sink_free(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_engine__every_small_scenario__one_log_from_all_loops),
        cmocka_unit_test(test_engine__systemc_twice_on_one_run__same_log),
        cmocka_unit_test(test_engine__another_seed__another_log),
    };
    return cmocka_run_group_tests_name("same log", tests, NULL, NULL);
}

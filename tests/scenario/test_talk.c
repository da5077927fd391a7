/*
 * Every scenario of the repository, run as it stands: it passes its expectations, every interrupt's
 * stages add up to its latency exactly, and every interrupt has exactly one fate.
 *
 * Rules: design, "One idea", cycle-accurate; design, "Words".
 */
#include "vtdpi/scenario_io.h"
#include "vtdpi/stats.h"

#include "cmocka_all.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_MAX_BYTES = 512, FATES = VTDPI_FATE_LOST + 1 };

/* What a run told, checked as it comes. */
typedef struct {
    vtdpi_stats_t *stats;
    uint64_t written, written_events, last_id;
    uint64_t fate[FATES];
} tally_t;

static unsigned scenarios_run;

static void check_record(const vtdpi_interrupt_record_t *r)
{
    uint64_t sum = 0;
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        sum += r->stage_ps[stage];
    }
    assert_true(r->done_ps >= r->written_ps);
    assert_true(r->written_ps >= r->intended_ps);
    assert_int_equal(sum, r->done_ps - r->written_ps);
    assert_true(r->guess_ps <= sum);
}

static void on_interrupt(void *user, const vtdpi_interrupt_record_t *r)
{
    tally_t *tally = user;
    check_record(r);
    assert_true(r->fate < FATES);
    assert_true(r->fate != VTDPI_FATE_COALESCED || r->carrier != r->id);
    tally->fate[r->fate]++;
    tally->written++;
    tally->last_id = r->id > tally->last_id ? r->id : tally->last_id;
    vtdpi_stats_add(tally->stats, r);
}

static void on_event(void *user, const vtdpi_event_t *e)
{
    tally_t *tally = user;
    if (e->event == VTDPI_EV_msi_written || e->event == VTDPI_EV_irq_raised) {
        tally->written_events++;
    }
}

static uint64_t value_of(const vtdpi_stats_t *stats, const char *name)
{
    vtdpi_stat_t s;
    assert_true(vtdpi_stats_find(stats, name, &s));
    assert_true(s.defined);
    return s.milli / 1000;
}

static void check_fates(const tally_t *t)
{
    uint64_t written = value_of(t->stats, "interrupts.written");
    uint64_t sum = 0;
    for (unsigned fate = 0; fate < FATES; fate++) {
        sum += t->fate[fate];
    }
    assert_int_equal(written, sum);
    assert_int_equal(written, t->written);
    assert_int_equal(written, t->last_id);        /* ids from 1, none twice, none missing */
    assert_int_equal(written, t->written_events); /* as many as the log has seen written */
    assert_int_equal(t->fate[VTDPI_FATE_DELIVERED], value_of(t->stats, "interrupts.delivered"));
    assert_int_equal(t->fate[VTDPI_FATE_COALESCED], value_of(t->stats, "interrupts.coalesced"));
    assert_int_equal(t->fate[VTDPI_FATE_BLOCKED], value_of(t->stats, "interrupts.blocked"));
    assert_int_equal(t->fate[VTDPI_FATE_LOST], value_of(t->stats, "interrupts.lost"));
}

static void run_scenario(const char *path, const vtdpi_scenario_t *s)
{
    char why[200] = "";
    vtdpi_run_t *run = NULL;
    vtdpi_totals_t totals;
    tally_t tally;
    memset(&tally, 0, sizeof tally);
    assert_int_equal(vtdpi_stats_create(s, &tally.stats), VTDPI_OK);
    vtdpi_listener_t listener = {&tally, on_event, on_interrupt, NULL};
    if (vtdpi_run_create(s, &run, why, sizeof why) != VTDPI_OK) {
        fail_msg("%s: %s", path, why);
    }
    assert_int_equal(vtdpi_run_plain(run, &listener, &totals), VTDPI_OK);
    assert_int_equal(vtdpi_stats_finish(tally.stats, &totals), VTDPI_OK);
    if (vtdpi_stats_failures(tally.stats) != 0) {
        vtdpi_verdict_write(tally.stats, stderr);
        fail_msg("%s does not pass", path);
    }
    check_fates(&tally);
    vtdpi_stats_free(tally.stats);
    vtdpi_run_free(run);
}

static void read_and_run(const char *path)
{
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_scenario_t *s = NULL;
    assert_non_null(diags);
    if (vtdpi_scenario_read_file(path, diags, &s) != VTDPI_OK) {
        for (size_t i = 0; i < vtdpi_diags_count(diags); i++) {
            print_error("%s:%u: %s\n", path, vtdpi_diags_at(diags, i)->line,
                        vtdpi_diags_at(diags, i)->message);
        }
        fail_msg("%s cannot be read", path);
    }
    print_message("%s\n", path);
    run_scenario(path, s);
    scenarios_run++;
    vtdpi_scenario_free(s);
    vtdpi_diags_free(diags);
}

static bool ends_in_yaml(const char *name)
{
    size_t length = strlen(name);
    return length > 5 && strcmp(name + length - 5, ".yaml") == 0;
}

/* Timing profiles are YAML files too, but no scenarios. */
static void walk(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char path[PATH_MAX_BYTES];
        int length = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        assert_in_range(length, 1, sizeof path - 1);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        if (S_ISDIR(st.st_mode) && e->d_name[0] != '.' && strcmp(e->d_name, "profiles") != 0) {
            walk(path);
        } else if (S_ISREG(st.st_mode) && ends_in_yaml(e->d_name)) {
            read_and_run(path);
        }
    }
    closedir(dir);
}

/* Every file that the folder holds, also those that come later. */
static void test_talk__every_scenario__passes_and_adds_up(void **state)
{
    (void)state;
    walk("scenarios");
    assert_true(scenarios_run >= 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_talk__every_scenario__passes_and_adds_up),
    };
    return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}

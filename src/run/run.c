/* Running a scenario: builds everything that a run needs, drives the engine, and hands out totals.
 */
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_ALIGN = 64, HZ_PER_KHZ = 1000 };

static vtdpi_err_t refuse(vtdpi_err_t err, char *why, size_t why_size, const char *text)
{
    if (why != NULL && why_size > 0) {
        (void)snprintf(why, why_size, "%s", text);
    }
    return err;
}

static void *block_new(size_t size)
{
    return aligned_alloc(BLOCK_ALIGN, (size + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN);
}

/* The profile that the scenario means. */
static vtdpi_err_t run_profile(vtdpi_run_t *run, const vtdpi_profile_t **out, char *why,
                               size_t why_size)
{
    *out = run->scenario->profile;
    if (*out != NULL) {
        return VTDPI_OK;
    }
    vtdpi_err_t err = vtdpi_profile_builtin(run->scenario->timing, &run->builtin);
    if (err != VTDPI_OK) {
        return refuse(err, why, why_size, "no built-in timing profile has the name in timing");
    }
    *out = run->builtin;
    return VTDPI_OK;
}

static bool clocks_ok(const vtdpi_profile_t *profile)
{
    for (unsigned d = 0; d < VTDPI_DOMAIN_COUNT; d++) {
        uint64_t hz = profile->hz[d];
        if (hz < UINT64_C(1000000) || hz > UINT64_C(1000000000000) || hz % 1000 != 0) {
            return false;
        }
    }
    return true;
}

static bool run_allocate(vtdpi_run_t *run)
{
    const vtdpi_platform_t *p = vtdpi_build_platform(run->build);
    run->system_block = block_new(vtdpi_system_size(p));
    run->timed_block = block_new(vtdpi_timed_size(p));
    return run->system_block != NULL && run->timed_block != NULL && run_names(run);
}

static vtdpi_err_t run_prepare(vtdpi_run_t *run, char *why, size_t why_size)
{
    const vtdpi_profile_t *profile = NULL;
    vtdpi_err_t err = run_profile(run, &profile, why, why_size);
    if (err != VTDPI_OK) {
        return err;
    }
    if (!clocks_ok(profile)) {
        return refuse(
            VTDPI_ERR_INPUT, why, why_size,
            "a clock of the timing profile is not a multiple of 1 kHz from 1 MHz to 1 THz");
    }
    err = vtdpi_build_create(run->scenario, &run->build, why, why_size);
    if (err != VTDPI_OK) {
        return err;
    }
    run->cfg = calloc(1, sizeof *run->cfg);
    run->system = calloc(1, sizeof *run->system);
    run->timed = calloc(1, sizeof *run->timed);
    if (run->cfg == NULL || run->system == NULL || run->timed == NULL || !run_allocate(run)) {
        return refuse(VTDPI_ERR_INTERNAL, why, why_size, "out of memory");
    }
    vtdpi_platform_t *p = vtdpi_build_platform(run->build);
    p->tsc_khz = (uint32_t)(profile->hz[VTDPI_DOMAIN_CORE] / HZ_PER_KHZ);
    vtdpi_timed_configure(run->cfg, p, run->scenario, profile);
    vtdpi_system_bind(run->system, p, run->system_block);
    vtdpi_timed_bind(run->timed, run->system, run->cfg, run->timed_block);
    return VTDPI_OK;
}

vtdpi_err_t vtdpi_run_create(const vtdpi_scenario_t *scenario, vtdpi_run_t **out, char *why,
                             size_t why_size)
{
    *out = NULL;
    vtdpi_run_t *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return refuse(VTDPI_ERR_INTERNAL, why, why_size, "out of memory");
    }
    run->scenario = scenario;
    vtdpi_err_t err = run_prepare(run, why, why_size);
    if (err != VTDPI_OK) {
        vtdpi_run_free(run);
        return err;
    }
    *out = run;
    return VTDPI_OK;
}

void vtdpi_run_free(vtdpi_run_t *run)
{
    if (run == NULL) {
        return;
    }
    free(run->line_names);
    free(run->actor_names);
    free(run->thread_names);
    free(run->timed_block);
    free(run->system_block);
    free(run->timed);
    free(run->system);
    free(run->cfg);
    vtdpi_build_free(run->build);
    vtdpi_profile_free(run->builtin);
    free(run);
}

static void run_start(vtdpi_run_t *run, const vtdpi_listener_t *listener)
{
    /* counters of the handle begin anew with each run */
    vtdpi_system_bind(run->system, vtdpi_build_platform(run->build), run->system_block);
    vtdpi_timed_bind(run->timed, run->system, run->cfg, run->timed_block);
    vtdpi_system_init(run->system);
    run->timed->listener = listener;
    vtdpi_timed_start(run->timed);
}

vtdpi_err_t vtdpi_run_simulate(vtdpi_run_t *run, const vtdpi_listener_t *listener,
                               vtdpi_totals_t *totals)
{
    run_start(run, listener);
    vtdpi_err_t err = vtdpi_timed_pump(run->timed);
    if (err == VTDPI_OK) {
        vtdpi_timed_finish(run->timed, totals);
    }
    return err;
}

vtdpi_err_t vtdpi_run_plain(vtdpi_run_t *run, const vtdpi_listener_t *listener,
                            vtdpi_totals_t *totals)
{
    uint32_t actor = 0;
    uint64_t ps = 0;
    run_start(run, listener);
    while (vtdpi_timed_next(run->timed, &actor, &ps)) {
        (void)vtdpi_timed_run(run->timed, UINT64_MAX);
    }
    vtdpi_timed_finish(run->timed, totals);
    return VTDPI_OK;
}

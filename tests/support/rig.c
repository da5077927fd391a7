#include "rig.h"

#include "vtdpi/scenario_io.h"

#include <stdlib.h>

static void *block_new(size_t size)
{
    return aligned_alloc(64, (size + 63) / 64 * 64);
}

static bool rig_bind(rig_t *rig, const vtdpi_timed_cfg_t *cfg)
{
    rig->system_block = block_new(vtdpi_system_size(cfg->p));
    rig->timed_block = block_new(vtdpi_timed_size(cfg->p));
    if (rig->system_block == NULL || rig->timed_block == NULL) {
        return false;
    }
    vtdpi_system_bind(&rig->system, cfg->p, rig->system_block);
    vtdpi_timed_bind(&rig->timed, &rig->system, cfg, rig->timed_block);
    return true;
}

rig_t *rig_new(const vtdpi_scenario_t *scenario, const vtdpi_listener_t *listener)
{
    rig_t *rig = calloc(1, sizeof *rig);
    if (rig == NULL || vtdpi_build_create(scenario, &rig->build, NULL, 0) != VTDPI_OK ||
        vtdpi_profile_builtin(scenario->timing, &rig->profile) != VTDPI_OK) {
        rig_free(rig);
        return NULL;
    }
    vtdpi_timed_configure(&rig->cfg, vtdpi_build_platform(rig->build), scenario, rig->profile);
    if (!rig_bind(rig, &rig->cfg)) {
        rig_free(rig);
        return NULL;
    }
    vtdpi_system_init(&rig->system);
    rig->timed.listener = listener;
    vtdpi_timed_start(&rig->timed);
    return rig;
}

rig_t *rig_copy(const rig_t *from, const vtdpi_listener_t *listener)
{
    rig_t *rig = calloc(1, sizeof *rig);
    if (rig == NULL || !rig_bind(rig, from->timed.cfg)) {
        rig_free(rig);
        return NULL;
    }
    rig->timed.listener = listener;
    vtdpi_timed_copy(&rig->timed, &from->timed);
    return rig;
}

void rig_free(rig_t *rig)
{
    if (rig == NULL) {
        return;
    }
    vtdpi_build_free(rig->build);
    vtdpi_profile_free(rig->profile);
    free(rig->system_block);
    free(rig->timed_block);
    free(rig);
}

uint64_t rig_fire(rig_t *rig, uint64_t count)
{
    uint64_t fired = 0;
    uint32_t actor = 0;
    uint64_t ps = 0;
    while (fired < count && vtdpi_timed_next(&rig->timed, &actor, &ps)) {
        vtdpi_timed_fire(&rig->timed, actor);
        fired++;
    }
    return fired;
}

/* An engine to be driven by hand: platform, system and timed engine of a scenario, without
 * vtdpi_run. */
#ifndef SUPPORT_RIG_H
#define SUPPORT_RIG_H

#include "vtdpi/build.h"
#include "vtdpi/timed.h"

typedef struct {
    vtdpi_build_t *build;
    vtdpi_profile_t *profile;
    vtdpi_timed_cfg_t cfg;
    vtdpi_system_t system;
    vtdpi_timed_t timed;
    void *system_block;
    void *timed_block;
} rig_t;

/** A started engine for [scenario], telling [listener]; NULL when anything fails. */
rig_t *rig_new(const vtdpi_scenario_t *scenario, const vtdpi_listener_t *listener);

/** Another engine in the same state, with blocks of its own, telling [listener]. It borrows
 * platform and tables of [from]. */
rig_t *rig_copy(const rig_t *from, const vtdpi_listener_t *listener);

void rig_free(rig_t *rig);

/** Fires at most [count] operations; returns how many there were. */
uint64_t rig_fire(rig_t *rig, uint64_t count);

#endif

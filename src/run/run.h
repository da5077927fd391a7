/* A run: a built platform with the memory that its state takes. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "vtdpi/build.h"
#include "vtdpi/profile.h"
#include "vtdpi/run.h"
#include "vtdpi/scenario_io.h"
#include "vtdpi/timed.h"

enum { VTDPI_RUN_NAME = 96 };

struct vtdpi_run {
    const vtdpi_scenario_t *scenario;
    vtdpi_build_t *build;
    vtdpi_profile_t *builtin; /**< the profile, if the scenario only names it */
    vtdpi_timed_cfg_t *cfg;
    vtdpi_system_t *system;
    vtdpi_timed_t *timed;
    void *system_block;
    void *timed_block;
    char (*line_names)[VTDPI_RUN_NAME];
    char (*actor_names)[VTDPI_RUN_NAME];
    char (*thread_names)[VTDPI_RUN_NAME];
};

/** Makes the names of everything; false: out of memory. */
bool run_names(vtdpi_run_t *run);

#endif

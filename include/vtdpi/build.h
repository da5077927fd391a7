/*
 * From a scenario to a platform: which memory lines exist and where, which controls each VMCS has,
 * which threads run where, which remapping entry and host vector each interrupt source gets.
 *
 * A program that wants a platform of its own makes a scenario in C (vtdpi_scenario_default, then
 * its arrays) and builds it.
 */
#ifndef VTDPI_BUILD_H
#define VTDPI_BUILD_H

#include "vtdpi/base.h"
#include "vtdpi/platform.h"
#include "vtdpi/scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A platform with the arrays that it points to. */
typedef struct vtdpi_build vtdpi_build_t;

/**
 * Builds the platform of [scenario], which must outlive it. [why] (may be NULL) tells what is
 * wrong. *Errors:* VTDPI_ERR_INPUT (the scenario asks for what no platform has), VTDPI_ERR_INTERNAL
 * (out of memory). [out] is NULL then.
 */
VTDPI_API vtdpi_err_t vtdpi_build_create(const vtdpi_scenario_t *scenario, vtdpi_build_t **out,
                                         char *why, size_t why_size);

/** Frees [build]; NULL is allowed. */
VTDPI_API void vtdpi_build_free(vtdpi_build_t *build);

/** The platform of [build]; valid until it is freed. */
VTDPI_API vtdpi_platform_t *vtdpi_build_platform(vtdpi_build_t *build);

#ifdef __cplusplus
}
#endif

#endif

/*
 * Timing profiles: what each step costs, how well that is known, and where the figure comes from.
 */
#ifndef VTDPI_PROFILE_H
#define VTDPI_PROFILE_H

#include "vtdpi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

VTDPI_NOT_STATE_BEGIN

/** Parameters of a profile, one row each in timing.def. */
typedef enum {

#define VTDPI_TIMING(name, domain, doc) VTDPI_T_##name,
#include "vtdpi/timing.def"
#undef VTDPI_TIMING
    VTDPI_T_COUNT
} vtdpi_timing_param_t;

/** Clock domains. */
typedef enum { VTDPI_DOMAIN_CORE, VTDPI_DOMAIN_UNCORE, VTDPI_DOMAIN_COUNT } vtdpi_domain_t;

/** How well a value is known. The order is from best to worst. */
typedef enum {
    VTDPI_STATUS_MEASURED,
    VTDPI_STATUS_DERIVED,
    VTDPI_STATUS_FROM_MEMORY,
    VTDPI_STATUS_GUESS,
    VTDPI_STATUS_COUNT
} vtdpi_status_t;

/** One value: either picoseconds or cycles of the core domain, as the source has it. */
typedef struct {
    uint64_t ps;
    uint64_t cyc;
    vtdpi_status_t status;
    const char *source; /**< where the figure is from; "" only for a guess */
} vtdpi_timing_t;

/** A profile. */
typedef struct vtdpi_profile {
    const char *name;
    const char *description;
    uint64_t hz[VTDPI_DOMAIN_COUNT]; /**< clock of each domain; a multiple of 1 kHz */
    vtdpi_timing_t value[VTDPI_T_COUNT];
} vtdpi_profile_t;

VTDPI_NOT_STATE_END

#ifdef __cplusplus
}
#endif

#endif

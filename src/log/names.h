/*
 * Names of what a record has only numbers for, looked up once and kept as text that fits any
 * format.
 */
#ifndef VTDPI_SRC_NAMES_H
#define VTDPI_SRC_NAMES_H

#include "vtdpi/run.h"

/** Kinds of thing with a name. */
typedef enum {
    VTDPI_NAME_ACTOR,
    VTDPI_NAME_THREAD,
    VTDPI_NAME_LINE,
    VTDPI_NAME_VCPU,
    VTDPI_NAME_IRQ,
    VTDPI_NAME_KINDS
} vtdpi_name_kind_t;

/** Longest name that is kept whole. *Units:* bytes. */
enum { VTDPI_NAME_MAX = 120 };

/** A name without quotes, backslashes, commas and control characters. */
typedef struct {
    char *text;
    uint32_t length;
} vtdpi_name_t;

/** The names known so far. */
typedef struct {
    const vtdpi_scenario_t *scenario;
    const vtdpi_run_t *run; /**< may be NULL */
    vtdpi_name_t *names[VTDPI_NAME_KINDS];
    uint32_t count[VTDPI_NAME_KINDS];
} vtdpi_names_t;

/** Starts with no name known. */
void vtdpi_names_init(vtdpi_names_t *names, const vtdpi_scenario_t *scenario,
                      const vtdpi_run_t *run);

/** Frees what was kept. */
void vtdpi_names_free(vtdpi_names_t *names);

/** Looks up the names of [kind] up to [index]. False when memory is exhausted or [index] is beyond
 * reason. */
bool vtdpi_names_extend(vtdpi_names_t *names, vtdpi_name_kind_t kind, uint32_t index);

/** The name of number [index] of [kind]; "?" if it cannot be had. */
static inline vtdpi_name_t vtdpi_names_get(vtdpi_names_t *names, vtdpi_name_kind_t kind,
                                           uint64_t index)
{
    static char unknown[] = "?";
    static char engine[] = "engine"; /* records that no actor made */
    if (kind == VTDPI_NAME_ACTOR && index == UINT16_MAX) {
        return (vtdpi_name_t){engine, sizeof engine - 1};
    }
    if (index >= names->count[kind] &&
        (index > UINT32_MAX || !vtdpi_names_extend(names, kind, (uint32_t)index))) {
        return (vtdpi_name_t){unknown, 1};
    }
    return names->names[kind][index];
}

#endif

/*
 * Adding to a list of diagnostics.
 */
#ifndef VTDPI_SRC_SCENARIO_DIAG_H
#define VTDPI_SRC_SCENARIO_DIAG_H

#include "vtdpi/scenario_io.h"

/** Diagnostics that one list holds before it says that there are more. */
enum { VTDPI_DIAGS_MAX = 100 };

/** Where a diagnostic points. */
typedef struct {
    const char *file;
    uint32_t line;
    uint32_t column;
} vtdpi_position_t;

/** Adds a diagnostic at [place], with [suggestion] (or NULL); texts are copied. The list stays
 * sorted, without doubles. */
__attribute__((format(printf, 4, 5))) void vtdpi_diags_add(vtdpi_diags_t *diags,
                                                           vtdpi_position_t place,
                                                           const char *suggestion,
                                                           const char *format, ...);

/** How many were added since the start, those that were doubles or too many included. */
size_t vtdpi_diags_total(const vtdpi_diags_t *diags);

/** Whether an allocation of the list failed. */
bool vtdpi_diags_failed(const vtdpi_diags_t *diags);

#endif

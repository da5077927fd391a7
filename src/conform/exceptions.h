/*
 * Declares the conditions that exceptions.def names.
 */
#ifndef VTDPI_SRC_CONFORM_EXCEPTIONS_H
#define VTDPI_SRC_CONFORM_EXCEPTIONS_H

#include "conform/conform_internal.h"

/** No condition: true. */
bool conform_always(const json_t *vector, int step);

#define CONFORM_EXCEPTION(groups, condition, fields, settings, clause)                             \
    bool condition(const json_t *vector, int step);
#include "conform/exceptions.def"
#undef CONFORM_EXCEPTION

#endif

/*
 * The tables of the log as data: events with their arguments, and the names that values stand for.
 */
#ifndef VTDPI_SRC_ROWS_H
#define VTDPI_SRC_ROWS_H

#include "vtdpi/run.h"

/** Arguments of an event. */
enum { VTDPI_ARGUMENTS = 4 };

/** Types of argument, as events.def explains them. */
typedef enum {
    VTDPI_ARG_NONE,
    VTDPI_ARG_DEC,
    VTDPI_ARG_HEX,
    VTDPI_ARG_VECTOR,
    VTDPI_ARG_CPU,
    VTDPI_ARG_VCPU,
    VTDPI_ARG_THREAD,
    VTDPI_ARG_IRQ,
    VTDPI_ARG_EXIT,
    VTDPI_ARG_FAULT,
    VTDPI_ARG_BOOL,
    VTDPI_ARG_CONTROL,
    VTDPI_ARG_PS,
    VTDPI_ARG_LINE,
    VTDPI_ARG_OUTSIDE,
    VTDPI_ARG_MONITOR,
    VTDPI_ARG_CYC,
    VTDPI_ARG_COUNT
} vtdpi_arg_type_t;

/** An argument: its name (NULL: there is none) and type. */
typedef struct {
    const char *name;
    vtdpi_arg_type_t type;
} vtdpi_arg_t;

/** A row of events.def. */
typedef struct {
    const char *name;
    const char *source;
    vtdpi_arg_t arguments[VTDPI_ARGUMENTS];
    const char *doc;
} vtdpi_event_row_t;

/** The rows, VTDPI_EV_COUNT of them. */
extern const vtdpi_event_row_t vtdpi_event_rows[];

/** A row of stages.def. */
typedef struct {
    const char *name;
    bool wait; /**< waiting, not work */
    const char *doc;
} vtdpi_stage_row_t;

/** The rows, VTDPI_STAGE_COUNT of them. */
extern const vtdpi_stage_row_t vtdpi_stage_rows[];

/** Name of outside event [kind] as scenarios spell it, or NULL. */
const char *vtdpi_outside_name(unsigned kind);

/** How the value of [type] is written, for the reference page. */
const char *vtdpi_arg_type_doc(vtdpi_arg_type_t type);

/** What the column or key of an argument of [type] is called behind the argument's name: its unit,
 * or "". */
const char *vtdpi_arg_suffix(vtdpi_arg_type_t type);

/** Whether the argument's value can be "nobody". */
static inline bool vtdpi_arg_is_who(vtdpi_arg_type_t type)
{
    return (type >= VTDPI_ARG_CPU && type <= VTDPI_ARG_IRQ) || type == VTDPI_ARG_LINE;
}

#endif

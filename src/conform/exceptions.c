/* The table of exceptions, and which row a difference falls under. */
#include "conform/exceptions.h"

#include "conform/out.h"

#include <fnmatch.h>

/** A row of exceptions.def. */
typedef struct {
    const char *groups;
    conform_condition_t *condition;
    const char *fields;
    unsigned settings;
    const char *clause;
} exception_t;

#define CONFORM_EXCEPTION(groups, condition, fields, settings, clause)                             \
    {groups, condition, fields, settings, clause},

/* The last row is empty. */
static const exception_t exceptions[] = {
#include "conform/exceptions.def"
    {"", conform_always, "", 0, NULL},
};
#undef CONFORM_EXCEPTION

bool conform_always(const json_t *vector, int step)
{
    (void)vector;
    (void)step;
    return true;
}

static bool row_matches(const exception_t *row, const conform_out_t *out, int step,
                        const char *field)
{
    return fnmatch(row->groups, out->group, 0) == 0 && fnmatch(row->fields, field, 0) == 0 &&
           row->condition(out->vector, step);
}

const char *conform_excepted(const conform_out_t *out, int step, const char *field)
{
    for (const exception_t *row = exceptions; row->clause != NULL; row++) {
        if (row->settings == 0 && row_matches(row, out, step, field)) {
            return row->clause;
        }
    }
    return NULL;
}

const char *conform_resettable(const conform_out_t *out, unsigned settings, unsigned *row,
                               unsigned *added)
{
    while (exceptions[*row].clause != NULL) {
        const exception_t *next = &exceptions[(*row)++];
        if ((next->settings & ~settings) != 0 &&
            row_matches(next, out, out->first_step, out->first_field)) {
            *added = next->settings;
            return next->clause;
        }
    }
    return NULL;
}

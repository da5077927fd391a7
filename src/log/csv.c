/* The log as CSV: a comment with the format's version, a header line, then one line a record. */
#include "log/put.h"
#include "log/writer.h"

/** Number of the column that argument [name] with [suffix] has among the first [count] columns, or
 * count. */
static uint32_t column_find(const char *const *names, const char *const *suffixes, uint32_t count,
                            const char *name, const char *suffix)
{
    for (uint32_t c = 0; c < count; c++) {
        if (names[c] != NULL && strcmp(names[c], name) == 0 && strcmp(suffixes[c], suffix) == 0) {
            return c;
        }
    }
    return count;
}

/** Argument [i] of an event into the row of columns, commas up to it included. */
static char *put_columns(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    const vtdpi_event_row_t *row = &vtdpi_event_rows[event->event];
    uint8_t at[256] = {0};
    for (int i = 0; i < VTDPI_ARGUMENTS && row->arguments[i].name != NULL; i++) {
        at[log->column[event->event][i]] = (uint8_t)(i + 1);
    }
    for (uint32_t c = 0; c < log->columns; c++) {
        *p++ = ',';
        if (at[c] == 0) {
            continue;
        }
        vtdpi_arg_type_t type = row->arguments[at[c] - 1].type;
        uint64_t value = event->a[at[c] - 1];
        if (!vtdpi_log_nobody(type, value)) {
            p = vtdpi_log_value(log, p, type, value);
        }
    }
    return p;
}

static void csv_write(vtdpi_log_t *log, const vtdpi_event_t *event)
{
    char *p = vtdpi_out_reserve(&log->out, VTDPI_RECORD_MAX);
    p = vtdpi_put_u64(p, event->ps);
    *p++ = ',';
    p = vtdpi_put_milli(p, event->ps);
    *p++ = ',';
    p = vtdpi_put_u64(p, event->cyc);
    p = vtdpi_put_piece(p, &log->head[event->event]);
    p = vtdpi_put_name(p, vtdpi_names_get(&log->names, VTDPI_NAME_ACTOR, event->actor));
    *p++ = ',';
    if (event->cpu != UINT16_MAX) {
        p = vtdpi_put_small(p, event->cpu);
    }
    *p++ = ',';
    p = vtdpi_put_u64(p, event->id);
    p = put_columns(log, p, event);
    *p++ = '\n';
    vtdpi_out_advance(&log->out, p);
}

void vtdpi_log_csv_start(vtdpi_log_t *log)
{
    const char *names[256] = {NULL};
    const char *suffixes[256] = {NULL};
    log->write = csv_write;
    for (unsigned e = 0; e < VTDPI_EV_COUNT; e++) {
        const vtdpi_event_row_t *row = &vtdpi_event_rows[e];
        vtdpi_piece_make(&log->head[e], ",%s,", row->name);
        for (int i = 0; i < VTDPI_ARGUMENTS && row->arguments[i].name != NULL; i++) {
            const char *suffix = vtdpi_arg_suffix(row->arguments[i].type);
            uint32_t c = column_find(names, suffixes, log->columns, row->arguments[i].name, suffix);
            VTDPI_ASSERT(c < sizeof names / sizeof names[0]);
            names[c] = row->arguments[i].name;
            suffixes[c] = suffix;
            log->columns += c == log->columns;
            log->column[e][i] = (uint16_t)c;
        }
    }
    vtdpi_out_printf(&log->out, "# vtdpi-log csv %d\nps,ns,cyc,event,actor,cpu,id",
                     VTDPI_LOG_VERSION);
    for (uint32_t c = 0; c < log->columns; c++) {
        vtdpi_out_printf(&log->out, ",%s%s", names[c], suffixes[c]);
    }
    vtdpi_out_text(&log->out, "\n");
}

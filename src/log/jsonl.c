/* The log as JSON Lines: a header, then one object a record. */
#include "log/put.h"
#include "log/writer.h"

#define LIT(p, text) vtdpi_put_bytes((p), text, sizeof(text) - 1)

/** Whether JSON wants the value in quotes. */
static bool type_is_quoted(vtdpi_arg_type_t type)
{
    return type != VTDPI_ARG_DEC && type != VTDPI_ARG_CPU && type != VTDPI_ARG_BOOL &&
           type != VTDPI_ARG_PS && type != VTDPI_ARG_CYC;
}

/** Time in ps and, with the same digits and a point in them, in ns. */
static char *put_time(char *p, uint64_t ps)
{
    p = LIT(p, "{\"ps\":");
    const char *digits = p;
    p = vtdpi_put_u64(p, ps);
    size_t count = (size_t)(p - digits);
    p = LIT(p, ",\"ns\":");
    if (count <= 3) {
        return vtdpi_put_milli(p, ps);
    }
    memcpy(p, digits, count - 3);
    p += count - 3;
    *p++ = '.';
    memcpy(p, digits + count - 3, 3);
    return p + 3;
}

static char *put_argument(vtdpi_log_t *log, char *p, vtdpi_arg_type_t type, uint64_t value)
{
    if (vtdpi_log_nobody(type, value)) {
        return LIT(p, "null");
    }
    if (!type_is_quoted(type)) {
        return vtdpi_log_value(log, p, type, value);
    }
    *p++ = '"';
    p = vtdpi_log_value(log, p, type, value);
    *p++ = '"';
    return p;
}

static void jsonl_write(vtdpi_log_t *log, const vtdpi_event_t *event)
{
    const vtdpi_event_row_t *row = &vtdpi_event_rows[event->event];
    char *p = vtdpi_out_reserve(&log->out, VTDPI_RECORD_MAX);
    p = put_time(p, event->ps);
    p = LIT(p, ",\"cyc\":");
    p = vtdpi_put_u64(p, event->cyc);
    p = vtdpi_put_piece(p, &log->head[event->event]);
    p = vtdpi_put_name(p, vtdpi_names_get(&log->names, VTDPI_NAME_ACTOR, event->actor));
    p = LIT(p, "\",\"cpu\":");
    p = event->cpu == UINT16_MAX ? LIT(p, "null") : vtdpi_put_small(p, event->cpu);
    p = LIT(p, ",\"id\":");
    p = vtdpi_put_u64(p, event->id);
    for (int i = 0; i < VTDPI_ARGUMENTS && row->arguments[i].name != NULL; i++) {
        p = vtdpi_put_piece(p, &log->key[event->event][i]);
        p = put_argument(log, p, row->arguments[i].type, event->a[i]);
    }
    p = LIT(p, "}\n");
    vtdpi_out_advance(&log->out, p);
}

void vtdpi_log_jsonl_start(vtdpi_log_t *log)
{
    log->write = jsonl_write;
    for (unsigned e = 0; e < VTDPI_EV_COUNT; e++) {
        const vtdpi_event_row_t *row = &vtdpi_event_rows[e];
        vtdpi_piece_make(&log->head[e], ",\"event\":\"%s\",\"actor\":\"", row->name);
        for (int i = 0; i < VTDPI_ARGUMENTS && row->arguments[i].name != NULL; i++) {
            vtdpi_piece_make(&log->key[e][i], ",\"%s%s\":", row->arguments[i].name,
                             vtdpi_arg_suffix(row->arguments[i].type));
        }
    }
    vtdpi_out_printf(&log->out,
                     "{\"format\":\"vtdpi-log\",\"version\":%d,\"scenario\":", VTDPI_LOG_VERSION);
    const vtdpi_scenario_t *scenario = log->names.scenario;
    vtdpi_out_json(&log->out, scenario->name != NULL ? scenario->name : "");
    vtdpi_out_printf(&log->out, ",\"seed\":%llu}\n", (unsigned long long)scenario->seed);
}

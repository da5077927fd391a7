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

static inline char *memo_put(char *p, const vtdpi_memo_t *memo)
{
    memcpy(p, memo->text, sizeof memo->text);
    return p + memo->length;
}

/** Keeps the text from [p] to [end] for [value], if it is short enough. */
static char *memo_keep(vtdpi_memo_t *memo, uint64_t value, const char *p, char *end)
{
    size_t length = (size_t)(end - p);
    if (length <= sizeof memo->text) {
        memcpy(memo->text, p, length);
        memo->value = value;
        memo->length = length;
    }
    return end;
}

static inline bool memo_holds(const vtdpi_memo_t *memo, uint64_t value)
{
    return memo->value == value && memo->length != 0;
}

/** Where [value] is kept in a table. */
static inline vtdpi_memo_t *memo_of(vtdpi_memo_t *table, uint64_t value)
{
    const uint64_t golden = 0x9e3779b97f4a7c15U;
    return &table[(value * golden) >> 62];
}

VTDPI_STATIC_ASSERT(VTDPI_MEMO_WAYS == 4, "the two highest bits of a product choose one of four");

/** [piece], of [count] bytes, and [high], which changes rarely. */
static inline char *put_high(vtdpi_memo_t *memo, char *p, const char *piece, size_t count,
                             uint64_t high)
{
    if (memo_holds(memo, high)) {
        return memo_put(p, memo);
    }
    char *end = vtdpi_put_u64(vtdpi_put_bytes(p, piece, count), high);
    return memo_keep(memo, high, p, end);
}

#define HIGH(memo, p, text, high) put_high((memo), (p), text, sizeof(text) - 1, (high))

/** Time in ps and in ns. */
static inline char *put_time(vtdpi_log_t *log, char *p, uint64_t ps)
{
    uint64_t high = ps / VTDPI_PUT_8;
    uint32_t low = (uint32_t)(ps % VTDPI_PUT_8);
    if (high == 0) {
        p = vtdpi_put_u64(LIT(p, "{\"ps\":"), ps);
        return vtdpi_put_milli(LIT(p, ",\"ns\":"), ps);
    }
    p = vtdpi_put_8(HIGH(&log->time[0], p, "{\"ps\":", high), low);
    return vtdpi_put_8_milli(HIGH(&log->time[1], p, ",\"ns\":", high), low);
}

/** Time in cycles. */
static inline char *put_cycles(vtdpi_log_t *log, char *p, uint64_t cyc)
{
    uint64_t high = cyc / VTDPI_PUT_8;
    if (high == 0) {
        return vtdpi_put_u64(LIT(p, ",\"cyc\":"), cyc);
    }
    p = HIGH(&log->time[2], p, ",\"cyc\":", high);
    return vtdpi_put_8(p, (uint32_t)(cyc % VTDPI_PUT_8));
}

__attribute__((noinline)) static char *who_make(vtdpi_log_t *log, vtdpi_memo_t *memo, char *p,
                                                const vtdpi_event_t *event)
{
    char *end = vtdpi_put_name(p, vtdpi_names_get(&log->names, VTDPI_NAME_ACTOR, event->actor));
    end = LIT(end, "\",\"cpu\":");
    end = event->cpu == UINT16_MAX ? LIT(end, "null") : vtdpi_put_small(end, event->cpu);
    end = LIT(end, ",\"id\":");
    return memo_keep(memo, ((uint64_t)event->actor << 16) | event->cpu, p, end);
}

/** The actor behind the opening quote, the CPU, and the key of the number. */
static inline char *put_who(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    uint64_t value = ((uint64_t)event->actor << 16) | event->cpu;
    vtdpi_memo_t *memo = &log->who[event->actor % VTDPI_MEMO_ACTORS];
    return memo_holds(memo, value) ? memo_put(p, memo) : who_make(log, memo, p, event);
}

static inline char *put_id(vtdpi_log_t *log, char *p, uint32_t id)
{
    vtdpi_memo_t *memo = memo_of(log->of, id);
    return memo_holds(memo, id) ? memo_put(p, memo) : memo_keep(memo, id, p, vtdpi_put_u64(p, id));
}

static char *value_make(vtdpi_log_t *log, char *p, vtdpi_arg_type_t type, uint64_t value)
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

__attribute__((noinline)) static char *argument_make(vtdpi_log_t *log, vtdpi_memo_t *memo, char *p,
                                                     const vtdpi_event_t *event, unsigned i)
{
    vtdpi_arg_type_t type = vtdpi_event_rows[event->event].arguments[i].type;
    char *value = vtdpi_put_piece(p, &log->key[event->event][i]);
    return memo_keep(memo, event->a[i], p, value_make(log, value, type, event->a[i]));
}

/** Argument [i] with its key. */
static inline char *put_argument(vtdpi_log_t *log, char *p, const vtdpi_event_t *event, unsigned i)
{
    vtdpi_memo_t *memo = memo_of(log->argument[event->event][i], event->a[i]);
    return memo_holds(memo, event->a[i]) ? memo_put(p, memo)
                                         : argument_make(log, memo, p, event, i);
}

static void jsonl_write(vtdpi_log_t *log, const vtdpi_event_t *event)
{
    char *p = vtdpi_out_reserve(&log->out, VTDPI_RECORD_MAX);
    p = put_time(log, p, event->ps);
    p = put_cycles(log, p, event->cyc);
    p = vtdpi_put_piece(p, &log->head[event->event]);
    p = put_who(log, p, event);
    p = put_id(log, p, event->id);
    for (unsigned i = 0; i < log->arguments[event->event]; i++) {
        p = put_argument(log, p, event, i);
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
            log->arguments[e] = (uint8_t)(i + 1);
        }
    }
    vtdpi_out_printf(&log->out,
                     "{\"format\":\"vtdpi-log\",\"version\":%d,\"scenario\":", VTDPI_LOG_VERSION);
    const vtdpi_scenario_t *scenario = log->names.scenario;
    vtdpi_out_json(&log->out, scenario->name != NULL ? scenario->name : "");
    vtdpi_out_printf(&log->out, ",\"seed\":%llu}\n", (unsigned long long)scenario->seed);
}

#include "vtdpi/log.h"

#include "vtdpi/pid.h"

#include "log/put.h"
#include "log/writer.h"

#include <stdarg.h>
#include <stdlib.h>

void vtdpi_piece_make(vtdpi_piece_t *piece, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(piece->text, sizeof piece->text, format, arguments);
    va_end(arguments);
    VTDPI_ASSERT(length >= 0 && (size_t)length < sizeof piece->text);
    piece->length = (uint32_t)length;
}

static char *value_control(char *p, uint64_t word)
{
    vtdpi_pid_ctl_t ctl = vtdpi_pid_ctl_read(word);
    p = vtdpi_put_bytes(p, ctl.on ? "ON=1" : "ON=0", 4);
    p = vtdpi_put_bytes(p, ctl.sn ? " SN=1 NV=" : " SN=0 NV=", 9);
    p = vtdpi_put_hex(p, ctl.nv, 2);
    p = vtdpi_put_bytes(p, " NDST=", 6);
    return vtdpi_put_hex(p, ctl.ndst, 1);
}

static char *value_named(char *p, const char *name, uint64_t number)
{
    return name != NULL ? vtdpi_put_text(p, name) : vtdpi_put_u64(p, number);
}

static char *value_of_table(char *p, vtdpi_arg_type_t type, uint64_t value)
{
    unsigned number = value <= UINT16_MAX ? (unsigned)value : UINT16_MAX;
    const char *name = type == VTDPI_ARG_EXIT      ? vtdpi_log_exit_name(number & 0xFFFFU)
                       : type == VTDPI_ARG_FAULT   ? vtdpi_fault_name(number)
                       : type == VTDPI_ARG_OUTSIDE ? vtdpi_outside_name(number)
                                                   : vtdpi_monitor_name(number);
    return value_named(p, name, value);
}

char *vtdpi_log_value(vtdpi_log_t *log, char *p, vtdpi_arg_type_t type, uint64_t value)
{
    switch (type) {
    case VTDPI_ARG_DEC:
    case VTDPI_ARG_CPU:
    case VTDPI_ARG_CYC:
        return vtdpi_put_u64(p, value);
    case VTDPI_ARG_HEX:
        return vtdpi_put_hex(p, value, 1);
    case VTDPI_ARG_VECTOR:
        return vtdpi_put_hex(p, value, 2);
    case VTDPI_ARG_VCPU:
        return vtdpi_put_name(p, vtdpi_names_get(&log->names, VTDPI_NAME_VCPU, value));
    case VTDPI_ARG_THREAD:
        return vtdpi_put_name(p, vtdpi_names_get(&log->names, VTDPI_NAME_THREAD, value));
    case VTDPI_ARG_IRQ:
        return vtdpi_put_name(p, vtdpi_names_get(&log->names, VTDPI_NAME_IRQ, value));
    case VTDPI_ARG_LINE:
        return vtdpi_put_name(p, vtdpi_names_get(&log->names, VTDPI_NAME_LINE, value));
    case VTDPI_ARG_BOOL:
        return value != 0 ? vtdpi_put_bytes(p, "true", 4) : vtdpi_put_bytes(p, "false", 5);
    case VTDPI_ARG_CONTROL:
        return value_control(p, value);
    case VTDPI_ARG_PS:
        return vtdpi_put_milli(p, value);
    case VTDPI_ARG_EXIT:
    case VTDPI_ARG_FAULT:
    case VTDPI_ARG_OUTSIDE:
    case VTDPI_ARG_MONITOR:
        return value_of_table(p, type, value);
    case VTDPI_ARG_NONE:
    case VTDPI_ARG_COUNT:
        break;
    }
    return p;
}

/** The filter as a full set: an empty one means all. */
static void log_filter_take(vtdpi_log_t *log, const vtdpi_log_options_t *options)
{
    uint64_t any = 0;
    for (int i = 0; i < VTDPI_LOG_EVENT_WORDS; i++) {
        any |= options->events[i];
    }
    for (int i = 0; i < VTDPI_LOG_EVENT_WORDS; i++) {
        log->events[i] = any != 0 ? options->events[i] : ~UINT64_C(0);
    }
    log->id = options->id;
}

vtdpi_err_t vtdpi_log_open(const vtdpi_log_options_t *options, FILE *file,
                           const vtdpi_scenario_t *scenario, const vtdpi_run_t *run,
                           vtdpi_log_t **out)
{
    *out = NULL;
    vtdpi_log_t *log = calloc(1, sizeof *log);
    if (log == NULL || vtdpi_out_open(&log->out, file) != VTDPI_OK) {
        free(log);
        return VTDPI_ERR_INTERNAL;
    }
    vtdpi_names_init(&log->names, scenario, run);
    log_filter_take(log, options);
    switch (options->format) {
    case VTDPI_LOG_CSV:
        vtdpi_log_csv_start(log);
        break;
    case VTDPI_LOG_JSONL:
        vtdpi_log_jsonl_start(log);
        break;
    case VTDPI_LOG_TEXT:
    default:
        vtdpi_log_text_start(log);
        break;
    }
    *out = log;
    return VTDPI_OK;
}

void vtdpi_log_event(void *log, const vtdpi_event_t *event)
{
    vtdpi_log_t *self = log;
    unsigned number = event->event;
    if (number >= VTDPI_EV_COUNT || ((self->events[number / 64] >> (number % 64)) & 1U) == 0 ||
        (self->id != 0 && self->id != event->id)) {
        return;
    }
    self->write(self, event);
}

vtdpi_err_t vtdpi_log_close(vtdpi_log_t *log)
{
    if (log == NULL) {
        return VTDPI_OK;
    }
    vtdpi_err_t err = vtdpi_out_close(&log->out);
    vtdpi_names_free(&log->names);
    free(log);
    return err;
}

bool vtdpi_log_format(const char *name, vtdpi_log_format_t *out)
{
    static const struct {
        const char *name;
        vtdpi_log_format_t format;
    } formats[] = {
        {"text", VTDPI_LOG_TEXT}, {"txt", VTDPI_LOG_TEXT},    {"log", VTDPI_LOG_TEXT},
        {"csv", VTDPI_LOG_CSV},   {"jsonl", VTDPI_LOG_JSONL},
    };

    const char *dot = strrchr(name, '.');
    const char *word = dot != NULL ? dot + 1 : name;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(word, formats[i].name) == 0) {
            *out = formats[i].format;
            return true;
        }
    }
    return false;
}

bool vtdpi_log_filter(vtdpi_log_options_t *options, const char *name)
{
    for (unsigned i = 0; i < VTDPI_EV_COUNT; i++) {
        if (strcmp(vtdpi_event_rows[i].name, name) == 0) {
            options->events[i / 64] |= UINT64_C(1) << (i % 64);
            return true;
        }
    }
    return false;
}

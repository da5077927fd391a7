#include "scenario/trace.h"

#include "scenario/file.h"

#include <inttypes.h>
#include <string.h>

enum { TRACE_SHOWN = 40, PS_PER_NS = 1000, TRACE_BASE = 10 };

/* 1000 s in ns, as for every time. */
static const uint64_t trace_ns_max = UINT64_C(1000000000000);

typedef struct {
    const vtdpi_reading_t *reading;
    const char *path;
    uint32_t line;
    uint64_t *times;
    uint32_t count;
    uint32_t room;
} trace_t;

static bool trace_wrong(const trace_t *trace, const char *text, size_t length, const char *what)
{
    int shown = (int)(length < TRACE_SHOWN ? length : (size_t)TRACE_SHOWN);
    vtdpi_position_t place = {.file = trace->path, .line = trace->line, .column = 1};
    vtdpi_diags_add(trace->reading->diags, place, NULL,
                    "\"%.*s\" %s (expected nanoseconds, ascending, one a line)", shown, text, what);
    return false;
}

static bool trace_line(trace_t *trace, const char *text, size_t length)
{
    uint64_t ns = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return trace_wrong(trace, text, length, "is no time");
        }
        ns = ns * TRACE_BASE + (uint64_t)(text[i] - '0');
        if (ns > trace_ns_max) {
            return trace_wrong(trace, text, length, "is beyond 1000s");
        }
    }
    if (trace->count > 0 && ns * PS_PER_NS < trace->times[trace->count - 1]) {
        return trace_wrong(trace, text, length, "is before the line in front of it");
    }
    trace->times[trace->count++] = ns * PS_PER_NS;
    return true;
}

static size_t line_length(const char *text, size_t left)
{
    const char *end = memchr(text, '\n', left);
    return end == NULL ? left : (size_t)(end - text);
}

static size_t without_return(const char *text, size_t length)
{
    return length > 0 && text[length - 1] == '\r' ? length - 1 : length;
}

static uint32_t count_lines(const char *text, size_t length)
{
    uint32_t lines = 1;
    for (size_t i = 0; i < length; i++) {
        lines += text[i] == '\n' ? 1 : 0;
    }
    return lines;
}

static void trace_lines(trace_t *trace, const char *text, size_t length)
{
    for (size_t at = 0; at < length && trace->count < trace->room;) {
        size_t line = line_length(text + at, length - at);
        size_t used = without_return(text + at, line);
        trace->line++;
        if (used > 0 && text[at] != '#' && !trace_line(trace, text + at, used)) {
            return;
        }
        at += line + 1;
    }
}

void vtdpi_trace_read(const vtdpi_reading_t *reading, vtdpi_position_t place, const char *path,
                      uint64_t limit, raw_list_t *times)
{
    const char *why = "";
    size_t length = 0;
    vtdpi_arena_t whole = {0};
    const char *text = vtdpi_file_read(&whole, path, VTDPI_TRACE_BYTES_MAX, &length, &why);
    if (text == NULL) {
        vtdpi_diags_add(reading->diags, place, NULL, "arrivals.trace.file: \"%s\": %s", path, why);
        vtdpi_arena_release(&whole);
        return;
    }
    trace_t trace = {.reading = reading, .path = path, .room = count_lines(text, length)};
    if (limit != 0 && limit < trace.room) {
        trace.room = (uint32_t)limit;
    }
    if (trace.room > VTDPI_TRACE_TIMES_MAX + 1) { /* the last line may be empty */
        vtdpi_diags_add(reading->diags, place, NULL,
                        "arrivals.trace.file: \"%s\" has more than %d times (expected a \"limit\")",
                        path, VTDPI_TRACE_TIMES_MAX);
        trace.room = 0;
    }
    trace.times = vtdpi_arena_alloc(reading->arena, trace.room, sizeof *trace.times);
    if (trace.times != NULL) {
        trace_lines(&trace, text, length);
    }
    *times = (raw_list_t){.items = trace.times, .count = trace.count};
    vtdpi_arena_release(&whole);
}

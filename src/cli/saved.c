/* Reading what an earlier run wrote into its folder. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 8192, STATS_LIMIT = 4096 };

/** A file of a run folder, line by line. */
typedef struct {
    FILE *file;
    char name[CLI_PATH];
    unsigned number; /**< of the line */
    char line[LINE_BYTES];
} reader_t;

static int reader_open(reader_t *reader, const char *folder, const char *name)
{
    int length = snprintf(reader->name, sizeof reader->name, "%s/%s", folder, name);
    if (length < 0 || length >= CLI_PATH) {
        return cli_bad("%s: the name is too long", folder);
    }
    reader->number = 0;
    reader->file = fopen(reader->name, "r");
    return reader->file != NULL ? CLI_OK
                                : cli_bad("%s: %s (expected a run folder, made by vtdpi run -o)",
                                          reader->name, strerror(errno));
}

static bool reader_next(reader_t *reader)
{
    reader->number++;
    return fgets(reader->line, LINE_BYTES, reader->file) != NULL;
}

static int reader_bad(const reader_t *reader, const char *expected)
{
    return cli_bad("%s:%u:1: expected %s", reader->name, reader->number, expected);
}

/** Reads a decimal number with at most three decimals, as thousandths, up to [end]. */
static bool milli_read(const char *text, char end, uint64_t *out)
{
    uint64_t whole = 0, part = 0, weight = 100;
    if (*text < '0' || *text > '9') {
        return false;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        if (whole > UINT64_MAX / 10000) {
            return false;
        }
        whole = whole * 10 + (uint64_t)(*text - '0');
    }
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9'; text++) {
            part += weight * (uint64_t)(*text - '0');
            weight /= 10;
        }
    }
    *out = whole * 1000 + part;
    return *text == end;
}

/** Reads a line of stats.json. A text value is passed over: [value]->name is "" then. */
static bool entry_read(const char *line, cli_value_t *value)
{
    static const char middle[] = "\": {\"value\": ";
    value->name[0] = '\0';
    if (strncmp(line, "  \"", 3) != 0) {
        return false;
    }
    const char *name = line + 3;
    size_t length = strcspn(name, "\"");
    const char *text = name + length + sizeof middle - 1;
    if (length >= sizeof value->name || strncmp(name + length, middle, sizeof middle - 1) != 0) {
        return false;
    }
    if (*text == '"') {
        return true;
    }
    value->defined = strncmp(text, "null,", 5) != 0;
    value->integer = memchr(text, '.', strcspn(text, ",")) == NULL && value->defined;
    value->milli = 0;
    if (value->defined && !milli_read(text, ',', &value->milli)) {
        return false;
    }
    memcpy(value->name, name, length);
    value->name[length] = '\0';
    return true;
}

static int stats_read(reader_t *reader, cli_result_t *result)
{
    char format[80];
    (void)snprintf(format, sizeof format, "  \"format\": {\"value\": \"vtdpi-stats %d\"",
                   VTDPI_STATS_VERSION);
    if (!reader_next(reader) || strcmp(reader->line, "{\n") != 0 || !reader_next(reader) ||
        strncmp(reader->line, format, strlen(format)) != 0) {
        return reader_bad(reader, "the format vtdpi-stats 1");
    }
    while (reader_next(reader) && strcmp(reader->line, "}\n") != 0) {
        cli_value_t value;
        if (result->value_count == STATS_LIMIT || !entry_read(reader->line, &value)) {
            return reader_bad(reader, "\"name\": {\"value\": number, …}");
        }
        if (value.name[0] != '\0') {
            result->values[result->value_count++] = value;
        }
    }
    return CLI_OK;
}

int cli_saved_stats(const char *path, cli_result_t *result)
{
    reader_t reader;
    int code = reader_open(&reader, path, "stats.json");
    if (code != CLI_OK) {
        return code;
    }
    result->values = calloc(STATS_LIMIT, sizeof *result->values);
    code = result->values != NULL ? stats_read(&reader, result) : cli_broken("out of memory");
    (void)fclose(reader.file);
    return code;
}

/** Number of the column called [name] in the header [line], or -1. */
static int column_find(const char *line, const char *name)
{
    int column = 0;
    size_t length = strlen(name);
    for (const char *c = line; *c != '\0'; column++) {
        size_t here = strcspn(c, ",\n");
        if (here == length && memcmp(c, name, length) == 0) {
            return column;
        }
        c += here + (c[here] == ',');
        if (*c == '\n') {
            break;
        }
    }
    return -1;
}

static const char *column_of(const char *line, int column)
{
    for (; column > 0; column--) {
        line += strcspn(line, ",\n");
        line += *line == ',';
    }
    return line;
}

static bool latency_add(cli_result_t *result, uint64_t ps)
{
    size_t count = result->latency_count;
    if ((count & (count - 1)) == 0) { /* room is the next power of two */
        size_t room = count != 0 ? 2 * count : 1;
        uint64_t *grown = realloc(result->latency_ps, room * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        result->latency_ps = grown;
    }
    result->latency_ps[result->latency_count++] = ps;
    return true;
}

static int latencies_read(reader_t *reader, cli_result_t *result)
{
    if (!reader_next(reader) || strcmp(reader->line, "# vtdpi-interrupts csv 1\n") != 0) {
        return reader_bad(reader, "# vtdpi-interrupts csv 1");
    }
    int column = reader_next(reader) ? column_find(reader->line, "latency_ns") : -1;
    if (column < 0) {
        return reader_bad(reader, "a header with the column latency_ns");
    }
    while (reader_next(reader)) {
        const char *text = column_of(reader->line, column);
        uint64_t ps;
        if (*text == ',') {
            continue;
        }
        if (!milli_read(text, ',', &ps)) {
            return reader_bad(reader, "a latency in ns");
        }
        if (!latency_add(result, ps)) {
            return cli_broken("out of memory");
        }
    }
    return CLI_OK;
}

int cli_saved_latencies(const char *path, cli_result_t *result)
{
    reader_t reader;
    int code = reader_open(&reader, path, "interrupts.csv");
    if (code != CLI_OK) {
        return code;
    }
    code = latencies_read(&reader, result);
    (void)fclose(reader.file);
    return code;
}

/* The effective configuration as YAML: every key of keys.def that applies, in its order. */
#include "vtdpi/scenario_io.h"

#include "scenario/keys.h"
#include "scenario/quantity.h"
#include "scenario/unbuild.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WRITE_DEPTH_MAX = 128, INDENT = 2, TIMES_A_LINE = 10, DOUBLE_TEXT = 40, VECTOR_FIRST = 16 };

/* A map that is being written: its next key, or the next item of the list that its key holds. */
typedef struct {
    section_id_t section;
    const unsigned char *base;
    uint32_t key;
    uint32_t item;
    int indent;
    bool dash; /* the next line starts an item of a list */
    bool in_list;
} write_frame_t;

typedef struct {
    FILE *out;
    write_frame_t frame[WRITE_DEPTH_MAX];
    size_t depth;
} writer_t;

/* --- scalars --- */

static uint64_t load(const key_row_t *row, const void *field)
{
    uint8_t byte = 0;
    uint32_t word = 0;
    uint64_t value = 0;
    if (row->size == sizeof byte) {
        memcpy(&byte, field, sizeof byte);
        return byte;
    }
    if (row->size == sizeof word) {
        memcpy(&word, field, sizeof word);
        return word;
    }
    memcpy(&value, field, sizeof value);
    return value;
}

/* Whether YAML reads [text] back as this text without quotes. */
static bool is_plain(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-/.";
    static const char *const words[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    if (text[0] == '\0' || strchr(first, text[0]) == NULL || text[strspn(text, letters)] != '\0') {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0) {
            return false;
        }
    }
    return true;
}

static void write_text(FILE *out, const char *text)
{
    if (is_plain(text)) {
        (void)fputs(text, out);
        return;
    }
    (void)fputc('"', out);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            (void)fputc('\\', out);
        }
        (void)fputc((unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c, out);
    }
    (void)fputc('"', out);
}

static void write_word(FILE *out, const key_row_t *row, const void *field)
{
    raw_word_t word = {0};
    if (row->size == sizeof word) {
        memcpy(&word, field, sizeof word);
    } else {
        memcpy(&word.text, field, sizeof word.text);
    }
    write_text(out, word.text == NULL ? "" : word.text);
}

static void write_quantity(FILE *out, vtdpi_quantity_kind_t kind, uint64_t value, bool cycles)
{
    char text[VTDPI_QUANTITY_TEXT];
    vtdpi_quantity_format(kind, (vtdpi_quantity_t){.value = value, .cycles = cycles}, text);
    (void)fputs(text, out);
}

static void write_span(FILE *out, const void *field)
{
    vtdpi_span_t span;
    memcpy(&span, field, sizeof span);
    write_quantity(out, VTDPI_QUANTITY_SPAN, span.cyc != 0 ? span.cyc : span.ps, span.cyc != 0);
}

static void write_uint(FILE *out, const key_row_t *row, const void *field)
{
    bool vector = row->min == VECTOR_FIRST;
    (void)fprintf(out, vector ? "0x%02" PRIx64 : "%" PRIu64, load(row, field));
}

static void write_cpuset(FILE *out, const void *field)
{
    uint64_t set[VTDPI_VECTOR_WORDS];
    const char *comma = "";
    memcpy(set, field, sizeof set);
    (void)fputc('[', out);
    for (unsigned cpu = 0; cpu < VTDPI_VECTORS; cpu++) {
        if (vtdpi_set_has(set, cpu)) {
            (void)fprintf(out, "%s%u", comma, cpu);
            comma = ", ";
        }
    }
    (void)fputc(']', out);
}

static void write_requester(FILE *out, const void *field)
{
    uint16_t id = 0;
    memcpy(&id, field, sizeof id);
    (void)fprintf(out, "\"%02x:%02x.%x\"", (unsigned)vtdpi_bits(id, 8, 8),
                  (unsigned)vtdpi_bits(id, 3, 5), (unsigned)vtdpi_bits(id, 0, 3));
}

static void write_names(FILE *out, const void *field)
{
    raw_list_t list;
    memcpy(&list, field, sizeof list);
    const raw_word_t *words = list.items;
    (void)fputc('[', out);
    for (uint32_t i = 0; i < list.count; i++) {
        (void)fprintf(out, "%s%s", i == 0 ? "" : ", ", words[i].text);
    }
    (void)fputc(']', out);
}

static void write_times(FILE *out, const void *field, int indent)
{
    raw_list_t list;
    memcpy(&list, field, sizeof list);
    const uint64_t *times = list.items;
    (void)fputc('[', out);
    for (uint32_t i = 0; i < list.count; i++) {
        if (i > 0) {
            (void)fputs(i % TIMES_A_LINE == 0 ? ",\n" : ", ", out);
        }
        if (i > 0 && i % TIMES_A_LINE == 0) {
            (void)fprintf(out, "%*s", indent + INDENT, "");
        }
        write_quantity(out, VTDPI_QUANTITY_TIME, times[i], false);
    }
    (void)fputc(']', out);
}

static void write_scalar(FILE *out, const key_row_t *row, const void *field, int indent)
{
    switch (row->type) {
    case TYPE_BOOL:
        (void)fputs(load(row, field) != 0 ? "true" : "false", out);
        break;
    case TYPE_UINT:
        write_uint(out, row, field);
        break;
    case TYPE_CPU:
        if (load(row, field) == UINT32_MAX) {
            (void)fputs("next", out);
        } else {
            write_uint(out, row, field);
        }
        break;
    case TYPE_NAME_OF:
        (void)fputs(vtdpi_name((names_t)row->argument, (uint32_t)load(row, field)), out);
        break;
    case TYPE_TIME:
        write_quantity(out, VTDPI_QUANTITY_TIME, load(row, field), false);
        break;
    case TYPE_CLOCK:
    case TYPE_RATE:
        write_quantity(out, VTDPI_QUANTITY_FREQUENCY, load(row, field), false);
        break;
    case TYPE_SPAN:
        write_span(out, field);
        break;
    case TYPE_CPUSET:
        write_cpuset(out, field);
        break;
    case TYPE_REQUESTER:
        write_requester(out, field);
        break;
    case TYPE_NAMES:
        write_names(out, field);
        break;
    case TYPE_TIMES:
        write_times(out, field, indent);
        break;
    case TYPE_TEXT:
    case TYPE_NAME:
    case TYPE_VCPU:
    case TYPE_INTERRUPT:
        write_word(out, row, field);
        break;
    case TYPE_NOTHING:
    case TYPE_MAP:
    case TYPE_LIST:
    case TYPE_VALUES:
    case TYPE_EXPECTS:
    case TYPE_COUNT:
        break;
    }
}

/* --- special lists --- */

static void write_values(FILE *out, const raw_value_t *values, int indent)
{
    (void)fputc('\n', out);
    for (uint32_t i = 0; i < VTDPI_T_COUNT; i++) {
        (void)fprintf(out, "%*s%s: {value: ", indent + INDENT, "", vtdpi_name(NAMES_TIMING, i));
        write_span(out, &values[i].value);
        (void)fprintf(out, ", status: %s, source: ", vtdpi_name(NAMES_STATUS, values[i].status));
        write_text(out, values[i].source == NULL ? "" : values[i].source);
        (void)fputs("}\n", out);
    }
}

/* The shortest decimal that reads back as the same number. */
static void write_double(FILE *out, double value)
{
    enum { DIGITS_FIRST = 15, DIGITS_LAST = 17 };

    char text[DOUBLE_TEXT];
    for (int digits = DIGITS_FIRST; digits <= DIGITS_LAST; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    (void)fputs(text, out);
}

static void write_expects(FILE *out, const raw_list_t *list, int indent)
{
    static const char *const operators[] = {"==", "!=", "<", "<=", ">", ">="};
    const vtdpi_expect_t *expects = list->items;
    (void)fputs(list->count == 0 ? " []\n" : "\n", out);
    for (uint32_t i = 0; i < list->count; i++) {
        (void)fprintf(out, "%*s- ", indent + INDENT, "");
        if (expects[i].cmp == VTDPI_CMP_ERROR) {
            (void)fprintf(out, "error: %s\n", expects[i].name);
            continue;
        }
        (void)fprintf(out, "%s: \"%s ", expects[i].name, operators[expects[i].cmp]);
        write_double(out, expects[i].value);
        (void)fputs("\"\n", out);
    }
}

/* --- maps --- */

static bool is_written(const write_frame_t *frame, const key_row_t *row)
{
    raw_head_t head;
    VTDPI_ASSERT(frame->base != NULL);
    memcpy(&head, frame->base, sizeof head);
    bool present = (head.present >> (row - vtdpi_section(frame->section).keys) & 1U) != 0;
    if (row->role != ROLE_PLAIN && row->kind != head.kind) {
        return false;
    }
    return row->role == ROLE_CHOICE || !vtdpi_key_is_optional(row) || present;
}

static void push(writer_t *writer, section_id_t section, const unsigned char *base, int indent,
                 bool dash)
{
    VTDPI_ASSERT(writer->depth < WRITE_DEPTH_MAX);
    writer->frame[writer->depth++] =
        (write_frame_t){.section = section, .base = base, .indent = indent, .dash = dash};
}

static void write_key(writer_t *writer, write_frame_t *frame, const key_row_t *row)
{
    int spaces = frame->dash ? frame->indent - INDENT : frame->indent;
    (void)fprintf(writer->out, "%*s%s%s:", spaces, "", frame->dash ? "- " : "", row->name);
    frame->dash = false;
}

static void write_list(writer_t *writer, write_frame_t *frame, const raw_list_t *list)
{
    (void)fputs(list->count == 0 ? " []\n" : "\n", writer->out);
    frame->in_list = list->count > 0;
    frame->item = 0;
}

/* Writes one key; what it contains is left to a frame of its own. */
static void write_pair(writer_t *writer, write_frame_t *frame, const key_row_t *row)
{
    const unsigned char *field = frame->base + row->offset;
    raw_list_t list = {0};
    write_key(writer, frame, row);
    switch (row->type) {
    case TYPE_MAP:
        (void)fputc('\n', writer->out);
        push(writer, (section_id_t)row->argument, field, frame->indent + INDENT, false);
        return;
    case TYPE_LIST:
        memcpy(&list, field, sizeof list);
        write_list(writer, frame, &list);
        return;
    case TYPE_EXPECTS:
        memcpy(&list, field, sizeof list);
        write_expects(writer->out, &list, frame->indent);
        return;
    case TYPE_VALUES:
        write_values(writer->out, (const raw_value_t *)(const void *)field, frame->indent);
        return;
    case TYPE_NOTHING:
        (void)fputc('\n', writer->out);
        return;
    case TYPE_TEXT:
    case TYPE_NAME:
    case TYPE_BOOL:
    case TYPE_UINT:
    case TYPE_NAME_OF:
    case TYPE_TIME:
    case TYPE_SPAN:
    case TYPE_CLOCK:
    case TYPE_RATE:
    case TYPE_CPUSET:
    case TYPE_CPU:
    case TYPE_VCPU:
    case TYPE_INTERRUPT:
    case TYPE_REQUESTER:
    case TYPE_NAMES:
    case TYPE_TIMES:
    case TYPE_COUNT:
        break;
    }
    (void)fputc(' ', writer->out);
    write_scalar(writer->out, row, field, frame->indent);
    (void)fputc('\n', writer->out);
}

static void write_item(writer_t *writer, write_frame_t *frame, const key_row_t *row)
{
    raw_list_t list;
    memcpy(&list, frame->base + row->offset, sizeof list);
    size_t size = vtdpi_section((section_id_t)row->argument).size;
    if (frame->item == list.count) {
        frame->in_list = false;
        frame->key++;
        return;
    }
    const unsigned char *item = (const unsigned char *)list.items + frame->item++ * size;
    push(writer, (section_id_t)row->argument, item, frame->indent + 2 * INDENT, true);
}

static void write_all(writer_t *writer, const raw_scenario_t *raw)
{
    push(writer, SECTION_scenario, (const unsigned char *)raw, 0, false);
    while (writer->depth > 0) {
        write_frame_t *frame = &writer->frame[writer->depth - 1];
        section_t section = vtdpi_section(frame->section);
        if (frame->key == section.count) {
            writer->depth--;
            continue;
        }
        const key_row_t *row = &section.keys[frame->key];
        if (frame->in_list) {
            write_item(writer, frame, row);
            continue;
        }
        if (is_written(frame, row)) {
            write_pair(writer, frame, row);
        }
        if (!frame->in_list) {
            frame->key++;
        }
    }
}

static vtdpi_err_t write_scenario(const vtdpi_scenario_t *scenario, const vtdpi_profile_t *profile,
                                  FILE *out)
{
    vtdpi_arena_t arena = {0};
    raw_scenario_t *raw = vtdpi_arena_alloc(&arena, 1, sizeof *raw);
    writer_t *writer = vtdpi_arena_alloc(&arena, 1, sizeof *writer);
    if (raw != NULL && writer != NULL) {
        vtdpi_unbuild(&arena, scenario, profile, raw);
    }
    bool failed = arena.failed;
    if (raw != NULL && writer != NULL && !failed) {
        writer->out = out;
        (void)fputs("# vtdpi scenario, format 1: the effective configuration\n", out);
        write_all(writer, raw);
        failed = ferror(out) != 0;
    }
    vtdpi_arena_release(&arena);
    return failed ? VTDPI_ERR_INTERNAL : VTDPI_OK;
}

vtdpi_err_t vtdpi_scenario_write_yaml(const vtdpi_scenario_t *scenario, FILE *out)
{
    vtdpi_profile_t *owned = NULL;
    const vtdpi_profile_t *profile = scenario->profile;
    if (vtdpi_name_index(NAMES_PROTOCOL, scenario->hypervisor.protocol) == UINT32_MAX) {
        return VTDPI_ERR_INPUT;
    }
    if (profile == NULL) {
        vtdpi_err_t err = vtdpi_profile_builtin(scenario->timing, &owned);
        if (err != VTDPI_OK) {
            return err;
        }
        profile = owned;
    }
    vtdpi_err_t err = write_scenario(scenario, profile, out);
    vtdpi_profile_free(owned);
    return err;
}

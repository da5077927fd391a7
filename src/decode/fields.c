/* Rows of fields, from the layout tables. */
#include "decode/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

VTDPI_NOT_STATE_BEGIN

/** A row of a layout table. */
typedef struct {
    const char *structure;
    const char *name;
    const char *doc;
    unsigned word;
    unsigned low;
    unsigned width;
} field_t;

/** A value that has a text. */
typedef struct {
    const char *structure;
    const char *name;
    const char *doc;
    uint64_t value;
} value_t;

VTDPI_NOT_STATE_END

static const field_t fields[] = {
#define VTDPI_FIELD(S, F, word, low, width, doc) {#S, #F, (doc), (word), (low), (width)},
#include "vtdpi/layout/all.def"

#include "decode/later.def"
#undef VTDPI_FIELD
};

static const value_t values[] = {
#define VTDPI_FIELD_VALUE(S, F, value, doc) {#S, #F, (doc), (value)},
#include "vtdpi/layout/vmcs.def"

#include "decode/values.def"
#undef VTDPI_FIELD_VALUE
};

enum { FIELDS = sizeof fields / sizeof fields[0], VALUES = sizeof values / sizeof values[0] };

char *decode_phrase(const char *doc, char *text)
{
    const char *end = strrchr(doc, ';');
    int length = end != NULL ? (int)(end - doc) : (int)strlen(doc);
    (void)snprintf(text, VTDPI_DECODE_TEXT, "%.*s", length, doc);
    return text;
}

const char *decode_value_text(const char *structure, const char *name, uint64_t value)
{
    for (size_t i = 0; i < VALUES; i++) {
        if (values[i].value == value && strcmp(values[i].structure, structure) == 0 &&
            strcmp(values[i].name, name) == 0) {
            return values[i].doc;
        }
    }
    return NULL;
}

static void note_add(char notes[][VTDPI_DECODE_TEXT], unsigned *count, const char *text)
{
    if (*count < VTDPI_DECODE_NOTES) {
        (void)snprintf(notes[*count], VTDPI_DECODE_TEXT, "%s", text);
        (*count)++;
    }
}

void decode_hardware(decode_t *d, const char *format, ...)
{
    char text[VTDPI_DECODE_TEXT];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    note_add(d->out->hardware, &d->out->hardware_count, text);
}

void vtdpi_decode_remark(vtdpi_decode_t *d, const char *format, ...)
{
    char text[VTDPI_DECODE_TEXT];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    note_add(d->wrong, &d->wrong_count, text);
}

/** Whether the condition that begins [doc] ("IM = 0, EIME = 1: …") holds; *rest is what follows. */
static bool condition_holds(const decode_t *d, const char *structure, const char *doc,
                            const char **rest)
{
    *rest = doc;
    if (strncmp(structure, "IRTE", 4) != 0 || strncmp(doc, "IM = ", 5) != 0) {
        return true;
    }
    const char *colon = strchr(doc, ':');
    const char *eime = strstr(doc, "EIME = ");
    *rest = colon != NULL ? colon + 2 : doc;
    if ((doc[5] == '1') != d->posted) {
        return false;
    }
    return eime == NULL || colon == NULL || eime > colon ||
           (eime[strlen("EIME = ")] == '1') == d->options->eime;
}

static bool is_reserved(const field_t *field)
{
    return strstr(field->structure, "_RSVD") != NULL || strncmp(field->name, "RSVD", 4) == 0;
}

/** Whether [field] is one of later.def. */
static bool is_later(const field_t *field)
{
    return strstr(field->structure, "_LATER") != NULL;
}

/** What the word of [field] is called, if it is a value of its own. */
static const char *part_of(const decode_t *d, const field_t *field)
{
    return field->word < 2 ? d->part[field->word] : NULL;
}

static void row_add(decode_t *d, const field_t *field, uint64_t value, const char *doc)
{
    vtdpi_decode_t *out = d->out;
    if (out->row_count == VTDPI_DECODE_ROWS) {
        return;
    }
    vtdpi_decode_row_t *row = &out->rows[out->row_count++];
    *row = (vtdpi_decode_row_t){.value = value,
                                .structure = field->structure,
                                .name = field->name,
                                .part = part_of(d, field),
                                .word = field->word,
                                .low = field->low,
                                .width = field->width};
    char phrase[VTDPI_DECODE_TEXT];
    char said[VTDPI_DECODE_TEXT];
    bool mode = strcmp(field->name, "DLM") == 0; /* encoded alike wherever it stands */
    const char *text = decode_value_text(mode ? "IRTE" : field->structure, field->name, value);
    (void)snprintf(row->meaning, sizeof row->meaning, "%s%.112s%s%.112s",
                   is_later(field) ? "defined by later features: " : "", decode_phrase(doc, phrase),
                   text != NULL ? ": " : "", text != NULL ? decode_phrase(text, said) : "");
}

static void bits_wrong(decode_t *d, const field_t *field, uint64_t value)
{
    const char *part = part_of(d, field);
    unsigned low = field->low + (part != NULL ? 0 : 64 * field->word);
    unsigned high = low + field->width - 1;
    const char *of = part != NULL ? " of the " : "";
    part = part != NULL ? part : "";
    if (low == high) {
        vtdpi_decode_remark(d->out, "reserved bit %u%s%s is 1", low, of, part);
    } else {
        vtdpi_decode_remark(d->out, "reserved bits %u:%u%s%s are %llXh, not 0", high, low, of, part,
                            (unsigned long long)value);
    }
}

static void field_add(decode_t *d, const field_t *field)
{
    const char *doc;
    if (field->word >= d->count || !condition_holds(d, field->structure, field->doc, &doc)) {
        return;
    }
    uint64_t value = vtdpi_bits(d->words[field->word], field->low, field->width);
    d->covered[field->word] |= vtdpi_with_bits(0, field->low, field->width, UINT64_MAX);
    bool reserved = is_reserved(field);
    if (value != 0 || !(reserved || is_later(field))) {
        row_add(d, field, value, doc);
    }
    if (value != 0 && reserved) {
        bits_wrong(d, field, value);
    }
}

void decode_fields(decode_t *d, const char *structure)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (strcmp(fields[i].structure, structure) == 0) {
            field_add(d, &fields[i]);
        }
    }
}

void decode_field(decode_t *d, const char *structure, const char *name)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (strcmp(fields[i].structure, structure) == 0 && strcmp(fields[i].name, name) == 0) {
            field_add(d, &fields[i]);
        }
    }
}

void decode_whole(decode_t *d, const char *name, const char *doc)
{
    field_t whole = {"", name, "", 0, 0, 64};
    row_add(d, &whole, d->words[0], doc);
}

void decode_rest(decode_t *d)
{
    for (unsigned word = 0; word < d->count; word++) {
        unsigned low = 0;
        while (low < 64) {
            unsigned width = 0;
            while (low + width < 64 && ((d->covered[word] >> (low + width)) & 1) == 0) {
                width++;
            }
            uint64_t value = width > 0 ? vtdpi_bits(d->words[word], low, width) : 0;
            if (value != 0) {
                field_t rest = {"", "-", "", word, low, width};
                row_add(d, &rest, value, "reserved, 0;");
                bits_wrong(d, &rest, value);
            }
            low += width > 0 ? width : 1;
        }
    }
}
